# SPDX-License-Identifier: LGPL-2.1-or-later

"""What build-aux/hunt does with programs that end well, badly, late and not at all.

    test-hunt.py HUNT
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

HUNT = sys.argv[1]


class TestHunt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / 'log'

    def hunt(self, script, *options):
        """Runs a shell script under the hunt. Returns what that has said, and its status."""
        program = self.folder / 'program'
        program.write_text(f'#!/bin/sh\nfolder={self.folder}\n{script}\n')
        program.chmod(0o755)
        return self.run_hunt(str(program), '--log', str(self.log), *options)

    def run_hunt(self, *arguments):
        process = subprocess.run([HUNT, *arguments], capture_output=True, text=True, check=False)
        return process.stdout + process.stderr, process.returncode

    def read(self, pattern):
        return '\n'.join(path.read_text() for path in sorted(self.log.glob(pattern)))

    def assert_all_have_ended(self, text):
        """Nothing is left of the processes whose backtraces were taken."""
        for pid in re.findall(r'^(\d+), child of', text, re.MULTILINE):
            self.assertFalse(pathlib.Path('/proc', pid).exists() and
                             pathlib.Path('/proc', pid, 'cmdline').read_text() != '')


class TestRuns(TestHunt):
    def setUp(self):
        super().setUp()
        if shutil.which('gdb') is None:
            self.skipTest('there is no gdb')

    def test_good_runs_leave_nothing(self):
        said, status = self.hunt('echo >> $folder/runs', '--runs', '3', '--load', '1', '--stop')
        self.assertEqual(status, 0, said)
        self.assertIn('3 runs: 0 found', said)
        self.assertEqual((self.folder / 'runs').read_text(), '\n' * 3)
        self.assertEqual(list(self.log.iterdir()), [])

    def test_failed_run_keeps_its_output(self):
        said, status = self.hunt('echo what went wrong; exit 3', '--runs', '2')
        self.assertEqual(status, 1, said)
        self.assertIn('run 1: failed with status 3', said)
        self.assertEqual(self.read('run-1/output'), 'what went wrong\n')
        self.assertFalse((self.log / 'run-2').exists())

    def test_keeps_going(self):
        said, status = self.hunt('exit 3', '--runs', '2', '--keep-going')
        self.assertEqual(status, 1, said)
        self.assertIn('2 runs: 2 found', said)

    def test_arguments_reach_the_program(self):
        said, status = self.hunt('test "$*" = "-p /a b"', '--runs', '1', '--', '-p', '/a b')
        self.assertEqual(status, 0, said)

    def test_hang_shows_every_process(self):
        said, status = self.hunt('sleep 1000 & wait', '--runs', '1', '--limit', '0.5')
        self.assertEqual(status, 1, said)
        self.assertIn('run 1: hung', said)
        for pattern in 'run-1/late-*', 'run-1/hung-*':
            stacks = self.read(pattern)
            self.assertIn('sleep 1000', stacks)
            self.assertIn('/program', stacks)
            self.assertGreaterEqual(len(re.findall('^#0 ', stacks, re.MULTILINE)), 2)
        self.assert_all_have_ended(stacks)

    def test_slow_run_is_no_hang(self):
        said, status = self.hunt('until ls $folder/log/run-1/late-*; do :; done', '--runs', '1', '--limit', '2')
        self.assertEqual(status, 1, said)
        self.assertIn('run 1: slow', said)
        self.assertEqual(self.read('run-1/hung-*'), '')


class TestErrors(TestHunt):
    def assert_refused(self, message, *arguments):
        said, status = self.run_hunt(*arguments)
        self.assertEqual(status, 2, said)
        self.assertIn(message, said)

    def test_help(self):
        said, status = self.run_hunt('--help')
        self.assertEqual(status, 0)
        self.assertIn('--minutes', said)

    def test_wrong_use(self):
        self.assert_refused('TEST')
        self.assert_refused('--runs', 'thing', '--runs', '0')
        self.assert_refused('not allowed with', 'thing', '--runs', '1', '--minutes', '1')
        self.assert_refused('--load', 'thing', '--load', '-1')

    @unittest.skipIf(shutil.which('gdb') is None, 'there is no gdb')
    def test_no_build(self):
        self.assert_refused('There is no build in', 'thing', '--build', str(self.folder))


if __name__ == '__main__':
    tap.main('__main__')
