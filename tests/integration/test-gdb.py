# SPDX-License-Identifier: LGPL-2.1-or-later

"""How gdb prints futures and executors.

    test-gdb.py GDB DEBUGGED-PROGRAM FOLDER-OF-PRINTERS
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

GDB, PROGRAM, FOLDER = sys.argv[1:]
LONG = 100


def debug(*commands, argument=''):
    """Returns what gdb prints for some commands, at the breakpoint in the call."""
    script = ['set confirm off', 'set width 0', 'set charset UTF-8', 'set debuginfod enabled off',
              'set breakpoint pending on', 'break stop_here', f'run {argument} < /dev/null > /dev/null',
              *commands, 'kill']
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, 'commands')
        path.write_text('\n'.join(script))
        process = subprocess.run([GDB, '-nx', '-batch', '-iex', f'add-auto-load-safe-path {FOLDER}',
                                  '-x', str(path), PROGRAM],
                                 capture_output=True, text=True, timeout=LONG)
    return process.stdout, process.stderr


class Printers(unittest.TestCase):
    def test_future_and_executor(self):
        printed, messages = debug('print *stopped_future', 'print *stopped_executor')
        self.assertIn('$1 = CfFuture “load”, running, 25 %: a quarter = {priority = 0}', printed, messages)
        self.assertRegex(printed, r'\$2 = CfThreadPoolExecutor “cf-pool”, at most 1 at a time = \{'
                                  r'\[0\] = thread \d+ “cf-pool-1”, running = \{'
                                  r'\[0\] = "?CfFuture “load”, running, 25 %: a quarter"?\}\}')

    def test_processes_and_a_future_that_is_done(self):
        printed, messages = debug('print *stopped_future', 'print *stopped_executor', argument='processes')
        self.assertIn('$1 = CfFuture finished', printed, messages)
        self.assertRegex(printed, r'\$2 = CfProcessPoolExecutor, at most 1 at a time = \{\[0\] = process \d+, ready\}')

    def test_are_loaded_with_the_library(self):
        printed, messages = debug('info auto-load python-scripts libcfutures')
        self.assertRegex(printed, r'Yes\s+\S*libcfutures-1\.so\.0-gdb\.py', messages)


if __name__ == '__main__':
    tap.main('__main__')
