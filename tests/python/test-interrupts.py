# SPDX-License-Identifier: LGPL-2.1-or-later

"""Ctrl-C ends what blocks the main thread; and what blocks it lets other threads run."""

import signal
import subprocess
import sys
import unittest

import tap

LONG = 10

PROGRAM = '''
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf
import os
import signal
import threading
import time

def interrupt():
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)

release = threading.Event()
pool = Cf.ThreadPoolExecutor(1)
future = pool.submit(release.wait)
threading.Thread(target=interrupt, daemon=True).start()
begin = time.monotonic()
try:
    {statement}
except KeyboardInterrupt:
    print('interrupted', time.monotonic() - begin < 10)
finally:
    release.set()
'''


class Interrupts(unittest.TestCase):
    def check(self, statement):
        process = subprocess.run([sys.executable, '-c', PROGRAM.format(statement=statement)],
                                 capture_output=True, text=True, timeout=LONG)
        self.assertEqual((process.stdout, process.stderr), ('interrupted True\n', ''))

    def test_result(self):
        self.check('future.result()')

    def test_result_with_a_limit(self):
        self.check('future.result(timeout=60)')

    def test_exception(self):
        self.check('future.exception()')

    def test_wait_for_all(self):
        self.check('Cf.wait([future, Cf.Future()])')

    def test_wait_for_first(self):
        self.check('Cf.wait([future, Cf.Future()], return_when=Cf.FIRST_COMPLETED)')

    def test_as_completed(self):
        self.check('list(Cf.as_completed([future, Cf.Future()]))')

    def test_map(self):
        self.check('list(pool.map(time.sleep, [0, 0]))')

    def test_shutdown(self):
        self.check('pool.shutdown()')

    def test_with_block(self):
        self.check('exec("with pool: pass")')

    def test_end_of_the_program(self):
        """Once interrupted the program ends, although a call does not."""
        program = PROGRAM.format(statement='pass').replace('release.set()', 'pass')
        with subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as process:
            try:
                self.assertIn(b'KeyboardInterrupt', process.communicate(timeout=LONG)[1])
            finally:
                process.send_signal(signal.SIGKILL)


if __name__ == '__main__':
    tap.main('__main__')
