# SPDX-License-Identifier: LGPL-2.1-or-later

"""What all executors have in common, and executors of one's own."""

import abc
import collections.abc
import concurrent.futures
import itertools
import os
import subprocess
import sys
import threading
import time
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, Gio, GLib  # noqa: E402

import tap  # noqa: E402

LONG = 60


class HereExecutor(Cf.Executor):
    """Runs what it is given at once: an executor in the manner of GObject."""

    def do_execute(self, future):
        future.run()


class LaterExecutor(Cf.Executor):
    """Runs what it is given when it is told to: an executor in the manner of concurrent.futures."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def submit(self, fn, /, *args, **kwargs):
        future = Cf.Future()
        self.calls.append((future, fn, args, kwargs))
        return future

    def run(self):
        for future, fn, args, kwargs in self.calls:
            if future.set_running_or_notify_cancel():
                future.set_result(fn(*args, **kwargs))


class TellingExecutor(HereExecutor):
    """Tells more of itself than others."""

    def do_add_description(self, description):
        Cf.Executor.do_add_description(self, description)
        description.insert_value('mood', GLib.Variant('s', 'good'))


def fail(exception):
    raise exception


class Describing(unittest.TestCase):
    def test_others(self):
        for executor in Cf.InlineExecutor(), HereExecutor():
            with self.subTest(executor):
                description = executor.submit(executor.describe).result()
                self.assertEqual(description['state'], 'open')
                self.assertEqual([call['state'] for worker in description['workers'] for call in worker['calls']],
                                 ['running'])

    def test_overridden(self):
        self.assertEqual(TellingExecutor().describe()['mood'], 'good')


class All(unittest.TestCase):
    def make_executors(self):
        for executor in (Cf.ThreadPoolExecutor(2), Cf.InlineExecutor(), Cf.MainContextExecutor(), HereExecutor()):
            with self.subTest(executor):
                yield executor
                executor.shutdown()

    def test_are_executors_of_python(self):
        for executor in self.make_executors():
            self.assertIsInstance(executor, Cf.Executor)
            self.assertIsInstance(executor, concurrent.futures.Executor)
            self.assertIsInstance(executor.submit(abs, -1), concurrent.futures.Future)

    def test_submit(self):
        for executor in self.make_executors():
            self.assertEqual(executor.submit(pow, 7, exp=2).result(LONG), 49)

    def test_any_object(self):
        for executor in self.make_executors():
            result = object()
            self.assertIs(executor.submit(lambda x: x, result).result(LONG), result)

    def test_exception(self):
        for executor in self.make_executors():
            exception = ValueError('x')
            future = executor.submit(fail, exception)
            self.assertIs(future.exception(LONG), exception)
            with self.assertRaises(ValueError):
                future.result()

    def test_map(self):
        for executor in self.make_executors():
            self.assertEqual(list(executor.map(pow, [1, 2, 3], [2, 2])), [1, 4])

    def test_with_block(self):
        for executor in self.make_executors():
            with executor as same:
                self.assertIs(same, executor)
                future = executor.submit(abs, -1)
            self.assertTrue(future.done())
            with self.assertRaisesRegex(RuntimeError, '^cannot schedule new futures after shutdown$'):
                executor.submit(abs, -1)


class CurrentFuture(unittest.TestCase):
    def test_is_that_of_the_call(self):
        for executor in (Cf.ThreadPoolExecutor(2), Cf.InlineExecutor(), Cf.MainContextExecutor(), HereExecutor()):
            with self.subTest(executor):
                future = executor.submit(Cf.current_future)
                self.assertIs(future.result(), future)
                executor.shutdown()

    def test_outside_of_calls(self):
        Cf.InlineExecutor().submit(abs, 1).result()
        self.assertIsNone(Cf.current_future())

    def test_of_calls_within_calls(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            def outer():
                inner = pool.submit(Cf.current_future)
                self.assertIs(inner.result(), inner)
                return Cf.current_future()

            future = pool.submit(outer)
            self.assertIs(future.result(), future)

            inline = Cf.InlineExecutor()
            future = pool.submit(lambda: (inline.submit(Cf.current_future).result(), Cf.current_future()))
            inner, outer = future.result()
            self.assertIs(outer, future)
            self.assertIsNot(inner, future)

    def test_reports_progress(self):
        context = GLib.MainContext.default()
        reports = []
        begin, end = threading.Event(), threading.Event()

        def work():
            begin.wait(LONG)
            Cf.current_future().report_progress(0.5, 'halfway')
            end.wait(LONG)

        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            future.connect('notify::progress', lambda future, pspec: reports.append(future.props.message))
            begin.set()
            while not reports:
                context.iteration(True)
            end.set()
        self.assertEqual(reports, ['halfway'])

    def test_sees_that_it_is_not_wanted(self):
        begun, given_up = threading.Event(), threading.Event()

        def work():
            cancellable = Cf.current_future().get_cancellable()
            cancellable.connect(given_up.set)
            begun.set()
            return given_up.wait(LONG)

        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            self.assertTrue(begun.wait(LONG))
            self.assertFalse(future.cancel_full(Cf.CancelFlags.COOPERATE))
            self.assertTrue(future.result())

    def test_call_gives_up(self):
        for error in Cf.CancelledError(), GLib.Error.new_literal(Gio.io_error_quark(), '', Gio.IOErrorEnum.CANCELLED):
            begun, asked = threading.Event(), threading.Event()

            def work():
                begun.set()
                asked.wait(LONG)
                raise error

            with self.subTest(error=error), Cf.ThreadPoolExecutor(1) as pool:
                future = pool.submit(work)
                self.assertTrue(begun.wait(LONG))
                self.assertFalse(future.cancel_full(Cf.CancelFlags.COOPERATE))
                asked.set()
                self.assertRaises(Cf.CancelledError, future.result)
                self.assertTrue(future.cancelled())
                self.assertFalse(future.cancel())

    def test_call_that_was_not_asked_to_give_up_has_failed(self):
        def work():
            raise Cf.CancelledError

        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            self.assertIsInstance(future.exception(), Cf.CancelledError)
            self.assertFalse(future.cancelled())


class MainContexts(unittest.TestCase):
    def test_worker_asks_the_main_thread(self):
        seen = []
        main = Cf.MainContextExecutor()
        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(lambda: main.submit(threading.get_ident).result(LONG))
            future.add_done_callback(lambda future: seen.append(future.result()))
            while not seen:
                GLib.MainContext.default().iteration(True)
        self.assertEqual(seen, [threading.get_ident()])

    def test_worker_asks_while_the_main_thread_waits(self):
        main = Cf.MainContextExecutor()

        def ask():
            return [main.submit(threading.get_ident).result() for _ in range(3)]

        for wait in (lambda pool, future: future.result(), lambda pool, future: future.result(LONG),
                     lambda pool, future: Cf.wait([future]), lambda pool, future: list(Cf.as_completed([future])),
                     lambda pool, future: pool.drain(), lambda pool, future: pool.shutdown()):
            with Cf.ThreadPoolExecutor(1) as pool:
                future = pool.submit(ask)
                wait(pool, future)
                self.assertTrue(future.done())
                self.assertEqual(set(future.result()), {threading.get_ident()})


MAPS_THAT_FAIL = """
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf

if __name__ == '__main__':
    for executor in Cf.ThreadPoolExecutor(2), Cf.ProcessPoolExecutor(2), Cf.InlineExecutor():
        with executor:
            results = executor.map(int, ['1'] + ['x'] * 100)
            print(next(results))
            try:
                next(results)
            except ValueError as error:
                print(error)
"""


class Maps(unittest.TestCase):
    def test_says_nothing_of_results_that_nobody_can_look_at(self):
        process = subprocess.run([sys.executable, '-'], input=MAPS_THAT_FAIL, capture_output=True, text=True, timeout=LONG)
        self.assertEqual(process.stderr, '')
        self.assertEqual(process.stdout, "1\ninvalid literal for int() with base 10: 'x'\n" * 3)

    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    def test_submits_at_once(self):
        seen = []
        self.pool.map(seen.append, range(3))
        self.pool.shutdown()
        self.assertCountEqual(seen, range(3))

    def test_raises_in_its_place(self):
        results = self.pool.map(lambda n: 6 // n, [3, 2, 0, 1])
        self.assertEqual([next(results), next(results)], [2, 3])
        self.assertRaises(ZeroDivisionError, next, results)
        self.assertRaises(StopIteration, next, results)

    def test_timeout(self):
        release = threading.Event()
        results = self.pool.map(lambda event: event and event.wait(), [None, release], timeout=0.1)
        self.assertIsNone(next(results))
        self.assertRaises(TimeoutError, next, results)
        release.set()

    def test_endless_input(self):
        taken = []
        results = self.pool.map(id, map(taken.append, itertools.count()), buffersize=3)
        self.assertEqual(len(taken), 3)
        results.close()

        squares = self.pool.map(pow, itertools.count(), itertools.repeat(2), buffersize=3)
        self.assertEqual(list(itertools.islice(squares, 100)), [n * n for n in range(100)])

    def test_one_more_for_each_result(self):
        taken = []
        results = self.pool.map(lambda n: n, (taken.append(n) or n for n in range(6)), buffersize=2)
        for n in range(6):
            self.assertEqual(next(results), n)
            self.assertEqual(len(taken), min(6, n + 3))

    def test_buffer_size(self):
        for size in (0, -1):
            with self.assertRaisesRegex(ValueError, '^buffersize must be None or > 0$'):
                self.pool.map(abs, [1], buffersize=size)
        with self.assertRaisesRegex(TypeError, '^buffersize must be an integer or None$'):
            self.pool.map(abs, [1], buffersize=1.5)

    def test_given_up_cancels(self):
        release = threading.Event()
        seen = []
        results = self.pool.map(lambda n: release.wait() and seen.append(n), range(100))
        threading.Timer(0.05, release.set).start()
        next(results)
        results.close()
        self.pool.shutdown()
        self.assertLessEqual(len(seen), 100)

    def test_chunk_size_changes_nothing(self):
        self.assertEqual(list(self.pool.map(abs, [-1, -2, -3], chunksize=2)), [1, 2, 3])

    def test_is_a_generator(self):
        self.assertRegex(repr(self.pool.map(abs, [])), '^<generator object .*result_iterator at 0x')


class AbstractClasses(unittest.TestCase):
    """Executors derive from classes of the module abc."""

    def test_pools(self):
        class Pool(abc.ABC, Cf.ThreadPoolExecutor):
            @abc.abstractmethod
            def double(self, number):
                pass

        class Doubling(Pool):
            def double(self, number):
                return self.submit(int.__mul__, number, 2)

        with self.assertRaisesRegex(TypeError, "^Can't instantiate abstract class Pool .*double"):
            Pool(1)
        with Doubling(1) as pool:
            self.assertIsInstance(pool, Pool)
            self.assertEqual(pool.double(4).result(), 8)

    def test_executors_of_ones_own(self):
        class Here(collections.abc.Sized, Cf.Executor):
            def do_execute(self, future):
                future.run()

            def __len__(self):
                return 5

        self.assertEqual(len(Here()), 5)
        self.assertEqual(Here().submit(abs, -1).result(), 1)


class Internals(unittest.TestCase):
    """What programs read of concurrent.futures, though it is private there."""

    def test_of_threads(self):
        release = threading.Event()
        pool = Cf.ThreadPoolExecutor(1)
        self.assertEqual((pool._max_workers, pool._shutdown, pool._threads), (1, False, set()))
        thread = pool.submit(threading.current_thread).result()
        self.assertEqual(pool._threads, {thread})

        running = pool.submit(release.wait)
        while not running.running():
            time.sleep(0.001)
        pool.submit(abs, -1)
        self.assertEqual((pool._work_queue.qsize(), pool._work_queue.empty()), (1, False))
        release.set()
        pool.shutdown()
        self.assertEqual((pool._work_queue.qsize(), pool._shutdown, pool._threads), (0, True, set()))

    def test_of_processes(self):
        pool = Cf.ProcessPoolExecutor(2)
        self.assertEqual((pool._max_workers, pool._shutdown, pool._processes), (2, False, {}))
        pid = pool.submit(os.getpid).result()
        process = pool._processes[pid]
        self.assertEqual((process.pid, process.is_alive(), pool._work_queue.qsize()), (pid, True, 0))
        process.kill()
        while process.is_alive():
            time.sleep(0.001)
        process.terminate()
        pool.shutdown()
        self.assertEqual((pool._shutdown, pool._processes), (True, {}))

    def test_may_have_the_names_of_ones_own(self):
        class Pool(Cf.ThreadPoolExecutor):
            def __init__(self):
                super().__init__(1)
                self._threads = 'mine'

        self.assertEqual(Pool()._threads, 'mine')

    def test_of_promises(self):
        promise = Cf.Future()
        states = [promise._state]
        promise.set_running_or_notify_cancel()
        states.append(promise._state)
        promise.set_result(5)
        self.assertEqual([*states, promise._state], ['PENDING', 'RUNNING', 'FINISHED'])


class Default(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.Executor.get_default()

    def test_is_one_pool_for_the_process(self):
        self.assertIsInstance(self.pool, Cf.ThreadPoolExecutor)
        self.assertIs(Cf.Executor.get_default(), self.pool)

    def test_makes_calls(self):
        self.assertEqual(self.pool.submit(pow, 2, 5).result(), 32)
        self.assertEqual(list(self.pool.map(abs, [-1, -2])), [1, 2])

    def test_cannot_be_shut_down(self):
        with self.assertRaisesRegex(RuntimeError, '^cannot shut down the default executor$'):
            self.pool.shutdown()
        self.assertEqual(self.pool.submit(abs, -1).result(), 1)

    def test_cannot_be_shut_down_asynchronously(self):
        results = []
        self.pool.shutdown_async(Cf.ShutdownFlags.DEFAULT, None, lambda _, result: results.append(result))
        while not results:
            GLib.MainContext.default().iteration(True)
        with self.assertRaises(GLib.Error) as caught:
            self.pool.shutdown_finish(results[0])
        self.assertTrue(caught.exception.matches(Cf.error_quark(), Cf.Error.INVALID_STATE))
        self.assertEqual(self.pool.submit(abs, -1).result(), 1)


class OfOnesOwn(unittest.TestCase):
    def test_submit(self):
        executor = LaterExecutor()
        results = executor.map(abs, [-1, -2])
        executor.run()
        self.assertEqual(list(results), [1, 2])

    def test_counts(self):
        executor = HereExecutor()
        executor.submit(abs, -1)
        self.assertEqual(executor.get_n_completed(), 1)


if __name__ == '__main__':
    tap.main('__main__')
