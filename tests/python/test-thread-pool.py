# SPDX-License-Identifier: LGPL-2.1-or-later

"""The thread pool, as concurrent.futures has it and beyond."""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib, GObject  # noqa: E402

import tap  # noqa: E402

NATIVE = os.environ['SMOKE_FUNCTIONS']
LONG = 60

# How a program begins.
IMPORT = """
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures
"""


def run_program(program):
    """Returns what a program prints."""
    process = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=LONG)
    return process.stdout + process.stderr


class Arguments(unittest.TestCase):
    def test_max_workers(self):
        for number in (0, -1):
            with self.assertRaisesRegex(ValueError, '^max_workers must be greater than 0$'):
                Cf.ThreadPoolExecutor(number)
        with Cf.ThreadPoolExecutor() as pool:
            self.assertEqual(pool.get_max_workers(), min(32, len(os.sched_getaffinity(0)) + 4))
        with Cf.ThreadPoolExecutor(10 ** 9) as pool:
            self.assertEqual(pool.submit(abs, -1).result(), 1)

    def test_initializer(self):
        with self.assertRaisesRegex(TypeError, '^initializer must be a callable$'):
            Cf.ThreadPoolExecutor(initializer=5)

    def test_keywords_for_the_function(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(lambda *args, **kwargs: (args, kwargs), 1, self=2, fn=3, context=4)
            self.assertEqual(future.result(), ((1,), {'self': 2, 'fn': 3, 'context': 4}))
            with self.assertRaises(TypeError):
                pool.submit(fn=abs)

    def test_is_a_pool_of_python(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertIsInstance(pool, concurrent.futures.Executor)
            self.assertIsInstance(pool, concurrent.futures.ThreadPoolExecutor)


class Threads(unittest.TestCase):
    def test_names(self):
        with Cf.ThreadPoolExecutor(1, 'special') as pool:
            self.assertEqual(pool.submit(lambda: threading.current_thread().name).result(), 'special_0')
        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertRegex(pool.submit(lambda: threading.current_thread().name).result(),
                             r'^ThreadPoolExecutor-\d+_0$')

    def test_are_forgotten_when_they_have_gone_home(self):
        with Cf.ThreadPoolExecutor(2, 'forgotten') as pool:
            barrier = threading.Barrier(2)
            for future in [pool.submit(barrier.wait, LONG) for _ in range(2)]:
                future.result()
            self.assertLessEqual({'forgotten_0', 'forgotten_1'}, {thread.name for thread in threading.enumerate()})
        self.assertNotIn('forgotten', ' '.join(thread.name for thread in threading.enumerate()))

    def test_initializer_and_thread_local_data(self):
        def prepare(*values):
            local.values = values

        local = threading.local()
        with Cf.ThreadPoolExecutor(2, initializer=prepare, initargs=(1, 2)) as pool:
            for _ in range(3):
                futures = [pool.submit(lambda: local.values) for _ in range(10)]
                self.assertEqual({future.result() for future in futures}, {(1, 2)})

    def test_go_home_with_a_thread_local_object_of_c(self):
        self.assertEqual(run_program(IMPORT + """
import threading
from gi.repository import Gio
local = threading.local()
def prepare():
    local.cancellable = Gio.Cancellable()
for _ in range(3):
    with futures.ThreadPoolExecutor(2, initializer=prepare) as pool:
        print(list(pool.map(abs, range(3))))
"""), '[0, 1, 2]\n' * 3)

    def test_as_many_as_allowed(self):
        with Cf.ThreadPoolExecutor(3) as pool:
            barrier = threading.Barrier(3)
            futures = [pool.submit(barrier.wait, LONG) for _ in range(3)]
            self.assertEqual({future.result() for future in futures}, {0, 1, 2})

    def test_no_more_than_allowed(self):
        def task():
            nonlocal n_most
            running.append(True)
            n_most = max(n_most, len(running))
            time.sleep(0.001)
            running.pop()

        n_most = 0
        running = []
        with Cf.ThreadPoolExecutor(2) as pool:
            for _ in range(100):
                pool.submit(task)
        self.assertLessEqual(n_most, 2)

    def test_are_used_again_for_calls_that_come_one_by_one(self):
        with Cf.ThreadPoolExecutor(4) as pool:
            idents = {pool.submit(threading.get_ident).result() for _ in range(300)}
        self.assertEqual(len(idents), 1)

    def test_that_run_a_callback_are_not_relied_on(self):
        for _ in range(100):
            with Cf.ThreadPoolExecutor(2) as pool:
                release, goes_on = threading.Event(), threading.Event()
                first = pool.submit(release.wait, LONG)
                first.add_done_callback(lambda future: seen.append(goes_on.wait(LONG)), context=None)
                seen = []
                release.set()
                first.result()
                self.assertIsNone(pool.submit(goes_on.set).result(LONG))
            self.assertEqual(seen, [True])

    def test_begin_in_order(self):
        begun = []
        with Cf.ThreadPoolExecutor(1) as pool:
            for number in range(1000):
                pool.submit(begun.append, number)
        self.assertEqual(begun, list(range(1000)))

    def test_go_home_after_idle_timeout(self):
        def is_alive(ident):
            return ident in sys._current_frames()

        with Cf.ThreadPoolExecutor(1) as pool:
            pool.set_idle_timeout(1000)
            ident = pool.submit(threading.get_ident).result()
            while is_alive(ident):
                time.sleep(0.001)
            self.assertEqual(pool.submit(abs, -1).result(), 1)

    def test_submitted_by_many(self):
        def submit_many():
            futures.extend([pool.submit(abs, -number) for number in range(1000)])

        futures = []
        with Cf.ThreadPoolExecutor(4) as pool:
            threads = [threading.Thread(target=submit_many) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(sum(future.result() for future in futures), 4 * sum(range(1000)))


class BrokenPools(unittest.TestCase):
    def test_initializer_that_fails(self):
        def fail():
            may_fail.wait()
            raise ValueError('no')

        may_fail = threading.Event()
        with self.assertLogs('concurrent.futures', 'CRITICAL') as logged:
            pool = Cf.ThreadPoolExecutor(1, initializer=fail)
            futures = [pool.submit(abs, 1) for _ in range(3)]
            may_fail.set()
            for future in futures:
                with self.assertRaises(concurrent.futures.thread.BrokenThreadPool):
                    future.result(LONG)
            with self.assertRaisesRegex(Cf.BrokenThreadPool, 'A thread initializer failed'):
                pool.submit(abs, 1)
            pool.shutdown()
        self.assertIn('ValueError: no', logged.output[0])
        with self.assertRaises(Cf.BrokenExecutor):
            pool.submit(abs, 1)


class Exceptions(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def test_is_the_same_object(self):
        def fail():
            raise exception

        exception = ValueError('x')
        future = self.pool.submit(fail)
        with self.assertRaises(ValueError) as caught:
            future.result()
        self.assertIs(caught.exception, exception)
        self.assertIs(future.exception(), exception)

    def test_that_end_a_program_do_not_end_the_pool(self):
        for exception in (KeyboardInterrupt, SystemExit, GeneratorExit):
            def fail():
                raise exception()

            self.assertIsInstance(self.pool.submit(fail).exception(), exception)
        self.assertEqual(self.pool.submit(abs, -1).result(), 1)

    def test_nobody_looked_at(self):
        printed = run_program(IMPORT + 'futures.ThreadPoolExecutor(1).submit(int, "x")')
        self.assertIn('A call failed and nobody looked at its error: ValueError: invalid literal', printed)

    def test_somebody_looked_at(self):
        printed = run_program(IMPORT + 'futures.ThreadPoolExecutor(1).submit(int, "x").exception()')
        self.assertEqual(printed, '')


class Nesting(unittest.TestCase):
    def test_waiting_for_calls_of_the_same_pool(self):
        def nest(depth):
            return pool.submit(nest, depth - 1).result() + 1 if depth > 0 else 0

        for max_workers in (1, 2):
            with Cf.ThreadPoolExecutor(max_workers) as pool:
                self.assertEqual(pool.submit(nest, 1000).result(LONG), 1000)

    def test_waiting_with_a_limit(self):
        def nest(depth):
            return pool.submit(nest, depth - 1).result(LONG) + 1 if depth > 0 else 0

        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertEqual(pool.submit(nest, 50).result(LONG), 50)

    def test_waiting_for_calls_of_a_pool_that_is_shut_down(self):
        def outer():
            begun.set()
            is_shut_down.wait(LONG)
            return inner.result(LONG)

        def nest(depth):
            if depth == 100:
                begun.set()
                is_shut_down.wait(LONG)
            return futures[depth - 1].result() + 1 if depth > 0 else 0

        for task in (outer, lambda: nest(100)):
            begun, is_shut_down = threading.Event(), threading.Event()
            pool = Cf.ThreadPoolExecutor(1)
            future = pool.submit(task)
            self.assertTrue(begun.wait(LONG))
            inner = pool.submit(lambda: 100)
            futures = [pool.submit(nest, depth) for depth in range(100)]
            pool.shutdown(wait=False)
            is_shut_down.set()
            self.assertEqual(future.result(LONG), 100)
            pool.shutdown()
            self.assertEqual(futures[-1].result(), 99)
            self.assertEqual((pool.get_n_pending(), pool.get_n_running(), pool.get_n_completed()), (0, 0, 102))

    def test_mapping(self):
        def fibonacci(n):
            return n if n < 2 else sum(pool.map(fibonacci, (n - 1, n - 2)))

        with Cf.ThreadPoolExecutor(2) as pool:
            self.assertEqual(pool.submit(fibonacci, 10).result(LONG), 55)

    def test_sets(self):
        def first(fs):
            return Cf.wait(fs, return_when=Cf.FIRST_COMPLETED).done.pop().result()

        def task(function):
            return function([pool.submit(abs, -1), pool.submit(abs, -1)])

        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertEqual(pool.submit(task, first).result(LONG), 1)
            self.assertEqual(pool.submit(task, lambda fs: sum(f.result() for f in Cf.as_completed(fs))).result(LONG), 2)
            self.assertEqual(pool.submit(task, lambda fs: len(Cf.wait(fs).done)).result(LONG), 2)

    def test_native_calls_get_their_turn(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertEqual(pool.submit(abs, -1).result(), 1)
            native = pool.submit_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5))
            self.assertEqual(native.result(LONG), 2.5)

    def test_native_call_within_a_call(self):
        def task():
            return pool.submit_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result()

        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertEqual(pool.submit(task).result(LONG), 2.5)


class Cancelling(unittest.TestCase):
    def test_pending(self):
        release = threading.Event()
        with Cf.ThreadPoolExecutor(1) as pool:
            blocker = pool.submit(release.wait, LONG)
            pending = pool.submit(self.fail)
            self.assertTrue(pending.cancel())
            release.set()
            self.assertTrue(blocker.result())
            self.assertTrue(pending.cancelled())

    def test_by_c(self):
        release = threading.Event()
        with Cf.ThreadPoolExecutor(1) as pool:
            pool.submit(release.wait, LONG)
            pending = pool.submit(self.fail)
            self.assertTrue(pending.cancel_full(Cf.CancelFlags.COOPERATE))
            release.set()
        self.assertTrue(pending.cancelled())

    def test_races_with_beginning(self):
        with Cf.ThreadPoolExecutor(2) as pool:
            ran = []
            futures = [pool.submit(ran.append, number) for number in range(2000)]
            cancelled = [future for future in futures if future.cancel()]
        self.assertEqual(len(ran) + len(cancelled), 2000)


class Label(GObject.Object):
    """Something like a widget, to bind to."""

    number = GObject.Property(type=GObject.TYPE_UINT64)


class Counts(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)
        self.release = threading.Event()
        self.addCleanup(self.release.set)

    def block(self):
        """Has the only thread make a call until it is released."""
        begun = threading.Event()
        future = self.pool.submit(lambda: begun.set() or self.release.wait(LONG))
        self.assertTrue(begun.wait(LONG))
        return future

    def check(self, n_pending, n_running, n_completed):
        expected = n_pending, n_running, n_completed
        pool = self.pool
        self.assertEqual((pool.get_n_pending(), pool.get_n_running(), pool.get_n_completed()), expected)
        self.assertEqual((pool.props.n_pending, pool.props.n_running, pool.props.n_completed), expected)

    def iterate_until(self, condition):
        while not condition():
            GLib.MainContext.default().iteration(True)

    def test_of_calls(self):
        self.check(0, 0, 0)
        self.block()
        futures = [self.pool.submit(abs, -1) for _ in range(9)]
        self.check(9, 1, 0)
        self.release.set()
        futures[-1].result()
        self.check(0, 0, 10)
        self.pool.shutdown()
        self.check(0, 0, 10)

    def test_of_calls_that_fail(self):
        self.assertIsInstance(self.pool.submit(int, 'x').exception(), ValueError)
        self.check(0, 0, 1)

    def test_of_native_calls(self):
        self.pool.submit_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result()
        self.check(0, 0, 1)
        self.pool.submit(abs, -1).result()
        self.check(0, 0, 2)
        self.block()
        native = self.pool.submit_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5))
        self.pool.submit(abs, -1)
        self.check(2, 1, 2)
        self.release.set()
        native.result()
        self.pool.shutdown()
        self.check(0, 0, 5)

    def test_of_calls_that_are_cancelled(self):
        self.block()
        futures = [self.pool.submit(self.fail) for _ in range(9)]
        self.assertTrue(futures[3].cancel())
        self.assertTrue(futures[3].cancel())
        self.assertTrue(futures[4].cancel_full(Cf.CancelFlags.COOPERATE))
        self.check(7, 1, 0)
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.check(0, 1, 0)
        self.release.set()
        self.pool.shutdown()
        self.check(0, 0, 1)

    def test_of_calls_within_calls(self):
        def outer():
            inner = [self.pool.submit(abs, -1) for _ in range(3)]
            inner[1].result()
            counts.append((self.pool.get_n_pending(), self.pool.get_n_running(), self.pool.get_n_completed()))

        counts = []
        self.pool.submit(outer).result()
        self.pool.shutdown()
        self.assertEqual(counts, [(2, 1, 1)])
        self.check(0, 0, 4)

    def test_of_calls_that_wait(self):
        promise = Cf.Future()
        future = self.pool.submit(promise.result)
        # Another thread takes its place.
        self.pool.submit(abs, -1).result()
        self.check(0, 1, 1)
        promise.set_result(1)
        future.result()
        self.check(0, 0, 2)

    def test_stay_when_threads_go_home(self):
        self.pool.set_idle_timeout(1000)
        for n_calls in range(1, 4):
            ident = self.pool.submit(threading.get_ident).result()
            while ident in sys._current_frames():
                time.sleep(0.001)
            self.check(0, 0, n_calls)

    def test_of_a_pool_that_breaks(self):
        def fail():
            self.release.wait(LONG)
            raise ValueError('no')

        self.pool = Cf.ThreadPoolExecutor(1, initializer=fail)
        futures = [self.pool.submit(abs, 1) for _ in range(3)]
        self.check(3, 0, 0)
        with self.assertLogs('concurrent.futures', 'CRITICAL'):
            self.release.set()
            for future in futures:
                self.assertIsInstance(future.exception(LONG), Cf.BrokenThreadPool)
            self.pool.shutdown()
        self.check(0, 0, 0)

    def test_of_a_pool_of_c(self):
        self.pool = Cf.ThreadPoolExecutor.new(1)
        self.check(0, 0, 0)
        self.pool.submit_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result()
        self.pool.submit(abs, -1).result()
        self.check(0, 0, 2)

    def test_can_be_bound_to(self):
        pending, completed = Label(), Label()
        self.pool.bind_property('n-pending', pending, 'number', GObject.BindingFlags.SYNC_CREATE)
        self.pool.bind_property('n-completed', completed, 'number', GObject.BindingFlags.SYNC_CREATE)
        self.block()
        futures = [self.pool.submit(abs, -1) for _ in range(200)]
        self.iterate_until(lambda: pending.number == 200)
        self.assertTrue(futures[0].cancel())
        self.iterate_until(lambda: pending.number == 199)
        self.release.set()
        self.iterate_until(lambda: pending.number == 0 and completed.number == 200)

    def test_are_notified_while_there_is_somebody_to_hear(self):
        notified = []
        handler = self.pool.connect('notify::n-completed', lambda pool, pspec: notified.append(pool.props.n_completed))
        futures = [self.pool.submit(abs, -1) for _ in range(1000)]
        self.iterate_until(lambda: 1000 in notified)
        self.assertEqual(notified, sorted(notified))

        self.pool.disconnect(handler)
        del notified[:]
        futures.append(self.pool.submit(abs, -1))
        futures[-1].result()
        self.pool.shutdown()
        while GLib.MainContext.default().iteration(False):
            pass
        self.assertEqual(notified, [])

    def test_that_nobody_has_read_are_notified(self):
        notified = []
        self.pool.submit(abs, -1).result()
        self.pool.connect('notify::n-completed', lambda pool, pspec: notified.append(pool.props.n_completed))
        self.pool.submit(abs, -1)
        self.iterate_until(lambda: 2 in notified)

    def test_read_everywhere_at_once(self):
        """No number is ever one that it cannot have been."""
        def read():
            while not self.release.is_set():
                pending.add(self.pool.get_n_pending())
                running.add(self.pool.get_n_running())
                completed.append(self.pool.get_n_completed())

        pending, running, completed = set(), set(), []
        self.pool = Cf.ThreadPoolExecutor(2)
        reader = threading.Thread(target=read)
        reader.start()
        futures = [self.pool.submit(abs, -1) for _ in range(2000)]
        cancelled = [future for future in futures[::10] if future.cancel()]
        Cf.wait(futures)
        self.release.set()
        reader.join()
        self.assertLessEqual(max(pending), 2000)
        self.assertLessEqual(running, {0, 1, 2})
        self.assertEqual(completed, sorted(completed))
        self.check(0, 0, 2000 - len(cancelled))


class Shutdown(unittest.TestCase):
    def test_waits(self):
        pool = Cf.ThreadPoolExecutor(2)
        futures = [pool.submit(time.sleep, 0.01) for _ in range(20)]
        pool.shutdown()
        self.assertTrue(all(future.done() for future in futures))

    def test_refuses_calls(self):
        pool = Cf.ThreadPoolExecutor(2)
        pool.shutdown()
        pool.shutdown()
        with self.assertRaisesRegex(RuntimeError, '^cannot schedule new futures after shutdown$'):
            pool.submit(abs, 1)
        with self.assertRaises(RuntimeError):
            pool.map(abs, [1])

    def test_does_not_wait(self):
        release = threading.Event()
        pool = Cf.ThreadPoolExecutor(1)
        futures = [pool.submit(release.wait, LONG), pool.submit(abs, -1)]
        pool.shutdown(wait=False)
        self.assertFalse(futures[1].done())
        release.set()
        self.assertEqual(futures[1].result(LONG), 1)

    def test_cancels(self):
        release = threading.Event()
        begun = threading.Event()
        pool = Cf.ThreadPoolExecutor(1)
        first = pool.submit(lambda: begun.set() or release.wait(LONG))
        begun.wait()
        others = [pool.submit(self.fail) for _ in range(20)]
        threading.Timer(0.05, release.set).start()
        pool.shutdown(cancel_futures=True)
        self.assertTrue(first.result())
        self.assertTrue(all(future.cancelled() for future in others))

    def test_without_blocking(self):
        seen = []
        pool = Cf.ThreadPoolExecutor(1)
        future = pool.submit(time.sleep, 0.01)
        pool.shutdown_async(False, None, lambda pool, result: seen.append(pool.shutdown_finish(result)))
        while not seen:
            GLib.MainContext.default().iteration(True)
        self.assertEqual(seen, [True])
        self.assertTrue(future.done())

    def test_by_c(self):
        pool = Cf.ThreadPoolExecutor(1)
        super(Cf.ThreadPoolExecutor, pool).shutdown(False)
        with self.assertRaises((RuntimeError, Cf.BrokenThreadPool)):
            pool.submit(abs, -1).result(LONG)

    def test_within_a_call(self):
        pool = Cf.ThreadPoolExecutor(1)
        self.assertIsNone(pool.submit(pool.shutdown).result(LONG))
        pool.shutdown()

    def test_delivers_callbacks(self):
        seen = []
        with Cf.ThreadPoolExecutor(1) as pool:
            for number in range(5):
                pool.submit(abs, -number).add_done_callback(lambda future: seen.append(future.result()))
        self.assertEqual(seen, list(range(5)))

    def test_dropped_pool(self):
        futures = [Cf.ThreadPoolExecutor(1).submit(time.sleep, 0.01) for _ in range(10)]
        for future in futures:
            self.assertIsNone(future.result(LONG))

    def test_end_of_the_program(self):
        for ending in ('', 'pool.shutdown(wait=False)', 'del pool'):
            with self.subTest(ending):
                self.assertEqual(run_program(IMPORT + """
import sys
import time
def task():
    time.sleep(0.1)
    sys.stdout.write("done\\n")
pool = futures.ThreadPoolExecutor(2)
for i in range(3):
    pool.submit(task)
""" + ending), 'done\n' * 3)

    def test_after_the_end_of_the_program(self):
        printed = run_program("""
import atexit
@atexit.register
def at_the_very_end():
    futures.ThreadPoolExecutor(1).submit(abs, 1)
""" + IMPORT)
        self.assertIn('RuntimeError: cannot schedule new futures after interpreter shutdown', printed)

    def test_at_the_end_of_the_program(self):
        printed = run_program("""
import atexit
@atexit.register
def at_the_very_end():
    pool.submit(abs, 1)
""" + IMPORT + 'pool = futures.ThreadPoolExecutor(1)')
        self.assertIn('RuntimeError: cannot schedule new futures after interpreter shutdown', printed)

    def test_forked_program_ends(self):
        self.assertEqual(run_program(IMPORT + """
import os
pool = futures.ThreadPoolExecutor(1)
pool.submit(abs, 1).result()
child = os.fork()
if child:
    print(os.waitpid(child, 0)[1])
"""), '0\n')


class PoolsOfOthers(unittest.TestCase):
    def test_made_by_c(self):
        pool = Cf.ThreadPoolExecutor.new(1)
        self.assertEqual(pool.submit(abs, -1).result(), 1)
        pool.shutdown()

    def test_derived(self):
        class Pool(Cf.ThreadPoolExecutor):
            def submit(self, fn, /, *args, **kwargs):
                return super().submit(fn, *args, **kwargs)

        with Pool(1) as pool:
            self.assertEqual(list(pool.map(abs, [-1, -2])), [1, 2])


if __name__ == '__main__':
    tap.main('__main__')
