# SPDX-License-Identifier: LGPL-2.1-or-later

"""The process pool, as concurrent.futures has it."""

import concurrent.futures
import concurrent.futures.process
import os
import signal
import sys
import time
import traceback
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

import tap  # noqa: E402

LONG = 60

prepared = None


def prepare(*values):
    global prepared
    prepared = values


def get_prepared():
    return prepared


def fail(*args):
    raise KeyError(*args)


class Unreadable(Exception):
    def __init__(self, first, second):
        super().__init__(first)


def fail_unreadably():
    raise Unreadable(1, 2)


class UnreadableResult:
    def __reduce__(self):
        return sys.exit, (3,)


def make_unreadable():
    return UnreadableResult()


def capture(*args, **kwargs):
    return args, kwargs


class Pools(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.ProcessPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    def test_kind(self):
        self.assertIsInstance(self.pool, Cf.Executor)
        self.assertIsInstance(self.pool, concurrent.futures.ProcessPoolExecutor)
        self.assertIsInstance(self.pool.submit(abs, -1), concurrent.futures.Future)

    def test_another_process(self):
        self.assertNotEqual(self.pool.submit(os.getpid).result(LONG), os.getpid())

    def test_arguments(self):
        self.assertEqual(self.pool.submit(capture, 1, [None], fn='x', self={2}).result(LONG),
                         ((1, [None]), {'fn': 'x', 'self': {2}}))

    def test_large_values(self):
        data = bytes(range(256)) * 40000
        self.assertEqual(self.pool.submit(bytes.upper, data).result(LONG), data.upper())

    def test_exception(self):
        future = self.pool.submit(fail, 'x')
        with self.assertRaises(KeyError) as caught:
            future.result(LONG)
        self.assertEqual(caught.exception.args, ('x',))
        self.assertIs(future.exception(), caught.exception)
        self.assertIn('raise KeyError(*args)', ''.join(traceback.format_exception(caught.exception)))
        self.assertRegex(repr(future), 'state=finished raised KeyError>$')

    def test_exception_that_cannot_be_read(self):
        self.assertIn('Unreadable', str(self.pool.submit(fail_unreadably).exception(LONG)))

    def test_what_cannot_be_pickled(self):
        self.assertIsNotNone(self.pool.submit(lambda: None).exception(LONG))
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_callback(self):
        seen = []
        future = self.pool.submit(abs, -1)
        future.add_done_callback(lambda future: seen.append(future.result()))
        future.result(LONG)
        self.assertEqual(seen, [1])

    def test_sets(self):
        futures = [self.pool.submit(abs, -number) for number in range(20)]
        self.assertEqual(sum(future.result() for future in Cf.as_completed(futures, LONG)), sum(range(20)))
        self.assertEqual(Cf.wait(futures, LONG).not_done, set())

    def test_first_exception(self):
        release = self.pool.submit(time.sleep, 1)
        failing = self.pool.submit(fail)
        self.assertEqual(Cf.wait([release, failing], LONG, Cf.FIRST_EXCEPTION).done, {failing})

    def test_result_that_cannot_be_read(self):
        exception = self.pool.submit(make_unreadable).exception(LONG)
        self.assertIsInstance(exception, Cf.BrokenProcessPool)
        self.assertIsInstance(exception.__cause__, SystemExit)

    def test_map(self):
        for chunksize in (1, 3, 50):
            results = self.pool.map(pow, range(40), range(40), chunksize=chunksize, timeout=LONG)
            self.assertEqual(list(results), [n ** n for n in range(40)])
        with self.assertRaises(ValueError):
            self.pool.map(abs, [1], chunksize=0)

    def test_map_that_fails(self):
        results = self.pool.map(divmod, [1, 1, 1], [2, 0, 1])
        self.assertEqual(next(results), (0, 1))
        self.assertRaises(ZeroDivisionError, next, results)

    def test_worker_that_dies(self):
        with self.assertRaises(concurrent.futures.process.BrokenProcessPool):
            self.pool.submit(os._exit, 3).result(LONG)
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_interrupted_call(self):
        self.assertIsInstance(self.pool.submit(signal.raise_signal, signal.SIGINT).exception(LONG), KeyboardInterrupt)

    def test_killing_the_workers(self):
        self.pool.submit(abs, -1).result(LONG)
        future = self.pool.submit(time.sleep, LONG)
        while not future.running():
            time.sleep(0.001)
        self.pool.kill_workers()
        self.assertIsInstance(future.exception(LONG), Cf.BrokenProcessPool)
        with self.assertRaises(RuntimeError):
            self.pool.submit(abs, -1)


class Arguments(unittest.TestCase):
    def test_wrong(self):
        for number in (0, -1):
            with self.assertRaisesRegex(ValueError, '^max_workers must be greater than 0$'):
                Cf.ProcessPoolExecutor(number)
        with self.assertRaises(TypeError):
            Cf.ProcessPoolExecutor(initializer=1)
        with self.assertRaises(TypeError):
            Cf.ProcessPoolExecutor(max_tasks_per_child=1.5)
        with self.assertRaises(ValueError):
            Cf.ProcessPoolExecutor(max_tasks_per_child=0)

    def test_initializer(self):
        with Cf.ProcessPoolExecutor(1, initializer=prepare, initargs=(1, 2)) as pool:
            self.assertEqual(pool.submit(get_prepared).result(LONG), (1, 2))

    def test_initializer_that_fails(self):
        with Cf.ProcessPoolExecutor(1, initializer=fail) as pool:
            self.assertIsInstance(pool.submit(abs, -1).exception(LONG), Cf.BrokenExecutor)

    def test_max_tasks_per_child(self):
        with Cf.ProcessPoolExecutor(1, max_tasks_per_child=1) as pool:
            self.assertEqual(len({pool.submit(os.getpid).result(LONG) for _ in range(3)}), 3)

    def test_made_by_c(self):
        pool = Cf.ProcessPoolExecutor.new(1)
        pool.set_worker_kind(Cf.WorkerKind.PYTHON)
        self.assertEqual(pool.submit_name('math:sqrt', GLib.Variant('(d)', (4,))).result(LONG), 2)
        self.assertEqual(pool.submit(abs, -1).result(LONG), 1)
        pool.shutdown()


class Shutdown(unittest.TestCase):
    def test_waits(self):
        with Cf.ProcessPoolExecutor(2) as pool:
            futures = [pool.submit(abs, -number) for number in range(10)]
        self.assertTrue(all(future.done() for future in futures))
        with self.assertRaisesRegex(RuntimeError, '^cannot schedule new futures after shutdown$'):
            pool.submit(abs, -1)


if __name__ == '__main__':
    tap.main('__main__')
