# SPDX-License-Identifier: LGPL-2.1-or-later

"""Ctrl-C ends what blocks the main thread; and what blocks it lets other threads run."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402, F401

from gi.overrides.Cf.waiting import SIGNAL_INTERVAL, block  # noqa: E402

import tap  # noqa: E402

LONG = 10
VERY_LONG = 60

# Who was started in the background ignores it, and so would the programs below.
signal.signal(signal.SIGINT, signal.default_int_handler)

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
begin = time.monotonic()
try:
    threading.Thread(target=interrupt, daemon=True).start()
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

    def test_drain(self):
        self.check('pool.drain()')

    def test_drain_of_another_executor(self):
        self.check("""
    class Postponing(Cf.Executor):
        def do_execute(self, future):
            pass
    executor = Postponing()
    executor.submit(print)
    executor.drain()
""")

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


class Threads(unittest.TestCase):
    def test_only_the_main_thread_looks_for_signals(self):
        waits = []

        def wait_usec(usec):
            waits.append(usec)
            return True

        block(wait_usec, None)
        thread = threading.Thread(target=block, args=[wait_usec, None])
        thread.start()
        thread.join()
        self.assertEqual(waits, [SIGNAL_INTERVAL * 1e6, 3600 * 1e6])


PROCESSES = '''
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf
import os
import signal
import time

class Pool(Cf.ProcessPoolExecutor):
    def _wait_for_end(self, *args):
        say(self)
        super()._wait_for_end(*args)

has_said = False

def say(pool):
    # That two calls have begun, and in which processes.
    global has_said
    while not has_said and pool.get_n_running() < 2:
        time.sleep(0.001)
    if not has_said:
        has_said = True
        print(*pool.get_worker_pids(), flush=True)

pool = Pool(2, {options})
futures = [pool.submit(time.sleep, 1000) for _ in range(20)]
try:
    {statement}
except KeyboardInterrupt:
    print('interrupted')
finally:
    {end}
'''


def is_alive(pid):
    try:
        return ') Z ' not in pathlib.Path(f'/proc/{pid}/stat').read_text()
    except FileNotFoundError:
        return False


class Processes(unittest.TestCase):
    """Ctrl-C in a terminal goes to the program and to its workers."""

    def check(self, statement, end='pass', interrupt=os.killpg, expected='interrupted\n', status=0, options=''):
        """Runs a program, interrupts it when its workers work, and returns what it writes on standard error."""
        program = PROCESSES.format(statement=statement, end=end, options=options)
        with subprocess.Popen([sys.executable, '-c', program], text=True, start_new_session=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                pids = [int(pid) for pid in process.stdout.readline().split()]
                self.assertEqual(len(pids), 2)
                interrupt(process.pid, signal.SIGINT)
                output, errors = process.communicate(timeout=VERY_LONG)
            finally:
                process.kill()
        self.assertEqual((output, process.returncode), (expected, status), errors)
        while any(map(is_alive, pids)):
            time.sleep(0.01)
        return errors

    def test_shutdown(self):
        self.check('pool.shutdown()')

    def test_shutdown_that_was_begun_before(self):
        self.check('pool.shutdown(wait=False); pool.shutdown()')

    def test_drain(self):
        self.check('say(pool); pool.drain()', end='pool.terminate_workers()')

    def test_with_block(self):
        self.check("""
    with pool:
        say(pool)
        time.sleep(1000)
""")

    def test_end_of_a_with_block(self):
        self.check("""
    with pool:
        pass
""")

    def test_map_in_a_with_block(self):
        self.check("""
    with pool:
        results = pool.map(time.sleep, [1000] * 20)
        say(pool)
        list(results)
""")

    def test_signal_for_the_program_alone(self):
        self.check('pool.shutdown()', interrupt=os.kill)

    def test_what_becomes_of_the_calls(self):
        """Those that were running failed, the others are cancelled. A worker may begin one more in between."""
        end = """
    futures = [future for future in futures if not future.cancelled()]
    print(2 <= len(futures) <= 4, *{isinstance(future.exception(), (KeyboardInterrupt, Cf.BrokenProcessPool))
                                    for future in futures})
"""
        self.check('pool.shutdown()', end, expected='interrupted\nTrue True\n')

    def test_end_of_the_program(self):
        self.assertIn('KeyboardInterrupt', self.check('pass', expected=''))

    def test_interrupt_that_ends_the_program(self):
        self.check('say(pool); time.sleep(1000)', 'raise KeyboardInterrupt', status=-signal.SIGINT)

    def test_workers_that_ignore_it(self):
        self.check('pool.shutdown()', options='initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)')

    def test_result(self):
        """The pool goes on, as a program may that goes on."""
        self.check('say(pool); futures[0].result()', 'pool.kill_workers()')

    def test_handler_that_raises_nothing(self):
        self.check("signal.signal(signal.SIGINT, lambda *unused: pool.kill_workers()); pool.shutdown()", expected='')


if __name__ == '__main__':
    tap.main('__main__')
