# SPDX-License-Identifier: LGPL-2.1-or-later

"""The thread pool, as concurrent.futures has it and beyond."""

import concurrent.futures
import ctypes
import os
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, Gio, GLib, GObject  # noqa: E402

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

    def test_names_in_calls_of_tasks(self):
        with Cf.ThreadPoolExecutor(1, 'special') as pool:
            names = {pool.submit_task(Cf.Task(lambda: threading.current_thread().name)).result(LONG) for _ in range(3)}
        self.assertRegex('|'.join(names), r'^special_\d+$')

    def submit_in_every_way(self, pool, function):
        """Submits to the queue of Python's calls, and to that of C."""
        return pool.submit(function), pool.submit_task(Cf.Task(function))

    def test_are_traced_and_profiled(self):
        def called():
            pass

        for set_hook in threading.settrace, threading.setprofile:
            with self.subTest(set_hook):
                seen = []
                set_hook(lambda frame, event, argument: seen.append(frame.f_code) if event == 'call' else None)
                self.addCleanup(set_hook, None)
                with Cf.ThreadPoolExecutor(1) as pool:
                    for future in self.submit_in_every_way(pool, called):
                        future.result(LONG)
                set_hook(None)
                with Cf.ThreadPoolExecutor(1) as pool:
                    for future in self.submit_in_every_way(pool, called):
                        future.result(LONG)
                self.assertEqual(seen.count(called.__code__), 2)

    def test_start_threads_that_are_no_daemons(self):
        def is_daemon():
            return threading.current_thread().daemon or threading.Thread().daemon

        with Cf.ThreadPoolExecutor(1) as pool:
            for future in self.submit_in_every_way(pool, is_daemon):
                self.assertFalse(future.result(LONG))

    def test_started_by_a_call_are_waited_for(self):
        self.assertEqual(run_program(IMPORT + """
import threading, time

def later():
    time.sleep(0.2)
    print('done')

with futures.ThreadPoolExecutor(1) as pool:
    pool.submit(lambda: threading.Thread(target=later).start()).result()
"""), 'done\n')

    def test_can_be_joined(self):
        def join_itself():
            try:
                threading.current_thread().join()
            except RuntimeError as error:
                return str(error)

        with Cf.ThreadPoolExecutor(1) as pool:
            thread = pool.submit(threading.current_thread).result(LONG)
            self.assertTrue(thread.is_alive())
            thread.join(0.001)
            self.assertTrue(thread.is_alive())
            self.assertEqual(pool.submit(join_itself).result(LONG), 'cannot join current thread')
        thread.join()
        self.assertFalse(thread.is_alive())

    def test_have_stacks_of_the_size_that_threading_is_told(self):
        def get_stack_size():
            libc = ctypes.CDLL(None)
            attributes = ctypes.create_string_buffer(256)
            size = ctypes.c_size_t()
            libc.pthread_getattr_np(ctypes.c_void_p(threading.get_ident()), attributes)
            libc.pthread_attr_getstacksize(attributes, ctypes.byref(size))
            libc.pthread_attr_destroy(attributes)
            return size.value

        threading.stack_size(48 << 20)
        self.addCleanup(threading.stack_size, 0)
        with Cf.ThreadPoolExecutor(2) as pool:
            self.assertEqual({pool.submit(get_stack_size).result(LONG) for _ in range(4)}, {48 << 20})
            self.assertEqual(pool.submit(lambda: pool.submit(get_stack_size).result(LONG)).result(LONG), 48 << 20)
            self.assertFalse(pool.submit(lambda: threading.Thread().daemon).result(LONG))
        with Cf.ThreadPoolExecutor(1) as pool:
            task = Cf.Task(get_stack_size, priority=GLib.PRIORITY_LOW)
            self.assertEqual(pool.submit_task(task).result(LONG), 48 << 20)
            self.assertEqual(pool.submit(lambda: pool.submit_task(task).result(LONG)).result(LONG), 48 << 20)
            self.assertEqual(pool.submit_task(Cf.Task(lambda: pool.submit_task(task).result(LONG))).result(LONG),
                             48 << 20)

    def test_have_names_and_stacks_of_their_own(self):
        def name():
            with open(f'/proc/self/task/{threading.get_native_id()}/comm') as file:
                return file.read()

        threading.stack_size(48 << 20)
        self.addCleanup(threading.stack_size, 0)
        with Cf.ThreadPoolExecutor(1, 'special') as pool:
            for future in self.submit_in_every_way(pool, name):
                self.assertRegex(future.result(LONG), '^special')

    def test_with_stacks_of_another_size_end_with_the_program(self):
        self.assertEqual(run_program(IMPORT + """
import threading, time

threading.stack_size(48 << 20)
pool = futures.ThreadPoolExecutor(1)
pool.submit(lambda: time.sleep(0.2) or print('done'))
"""), 'done\n')

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

    def test_end_after_idle_timeout(self):
        def is_alive(ident):
            return ident in sys._current_frames()

        with Cf.ThreadPoolExecutor(1) as pool:
            pool.set_idle_timeout(0.001)
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


class Forks(unittest.TestCase):
    def test_pools_are_those_of_the_parent(self):
        printed = run_program(IMPORT + """
import os, threading, warnings

# Python 3.12 warns of forks in programs with threads.
warnings.simplefilter('ignore')
begun = threading.Event()
release = threading.Event()
pool = futures.ThreadPoolExecutor(1)
running = pool.submit(lambda: begun.set() or release.wait())
pending = pool.submit(abs, -1)
# A thread that is about to start, or to make a call, may hold a lock of GLib's, which the child would find locked.
begun.wait()
pid = os.fork()
if pid == 0:
    try:
        with pool:
            pool.submit(abs, -2)
    except RuntimeError as error:
        print(error)
    with futures.ThreadPoolExecutor(1) as own:
        print(own.submit(abs, -3).result(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
release.set()
print(pending.result(), pool.submit(abs, -4).result())
""")
        self.assertEqual(printed, 'the pool belongs to the process that this one was forked from: create another one\n'
                         '3\n1 4\n')

    def test_child_waits_for_no_call_of_its_parent(self):
        printed = run_program(IMPORT + """
import asyncio, concurrent.futures, os, threading, warnings

warnings.simplefilter('ignore')
begun = threading.Event()
release = threading.Event()
pool = futures.ThreadPoolExecutor(1)
running = pool.submit(lambda: begun.set() or release.wait())
pending = pool.submit(abs, -1)

def try_to(wait):
    try:
        wait()
    except futures.BrokenExecutor as error:
        return 'forked' in str(error)

async def wait_for(future):
    await future

begun.wait()
pid = os.fork()
if pid == 0:
    for future in running, pending:
        print(try_to(future.result), try_to(lambda: future.exception(3600)), try_to(future.wait),
              try_to(future.wait_async), try_to(lambda: asyncio.run(wait_for(future))), future.done())
    both = [running, pending]
    print(try_to(lambda: futures.wait(both)), try_to(lambda: futures.wait(both, None, futures.FIRST_COMPLETED)),
          try_to(lambda: list(futures.as_completed(both))), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
release.set()
print(pending.result())
""")
        self.assertEqual(printed, 'True True True True True False\n' * 2 + 'True True True\n1\n')

    def test_child_has_timeouts(self):
        printed = run_program(IMPORT + """
import os, threading, warnings

warnings.simplefilter('ignore')
begun = threading.Event()
release = threading.Event()

def submit(pool, begun, release, timeout):
    return pool.submit_task(futures.Task(lambda: begun.set() or release.wait(), timeout=timeout))

# The thread of the timers is there.
pool = futures.ThreadPoolExecutor(1)
late = submit(pool, begun, release, 3600)
begun.wait()
pid = os.fork()
if pid == 0:
    release = threading.Event()
    with futures.ThreadPoolExecutor(1) as own:
        try:
            submit(own, threading.Event(), release, 0.001).result()
        except TimeoutError:
            print('late')
        waiting = own.submit(release.wait)
        try:
            waiting.result(0.001)
        except TimeoutError:
            print('patient')
        release.set()
        print(waiting.result(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
release.set()
print(late.result())
""")
        self.assertEqual(printed, 'late\npatient\nTrue\nTrue\n')


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


class Refusals(unittest.TestCase):
    def test_thread_that_cannot_be_started(self):
        """The call fails, as nobody else is there to make it, but the pool is not broken."""
        refused = Cf.Future()
        refused.set_exception(RuntimeError('no more threads'))
        with Cf.ThreadPoolExecutor(1) as pool:
            with mock.patch.object(Cf.ThreadPoolExecutor, 'submit_local', lambda *args: refused):
                for _ in range(2):
                    exception = pool.submit(abs, -1).exception(LONG)
                    self.assertEqual((type(exception), str(exception)),
                                     (RuntimeError, 'Could not start a thread: no more threads'))
            self.assertEqual(pool.submit(abs, -1).result(LONG), 1)


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

    def test_odd_ones_do_not_end_the_pool(self):
        class BadText(Exception):
            def __str__(self):
                sys.exit(3)

        class BadMeta(type):
            def __getattribute__(cls, name):
                return sys.exit(3) if name == '__name__' else super().__getattribute__(name)

        class BadClass(Exception, metaclass=BadMeta):
            pass

        def fail():
            raise exception

        for exception in BadText(), BadClass(), GLib.Error(5), GLib.Error('text', None), GLib.Error('text', '\udcff'):
            for executor in self.pool, Cf.InlineExecutor():
                with self.subTest(type(exception)):
                    self.assertIs(executor.submit(fail).exception(LONG), exception)

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

    def test_waiting_in_as_many_calls_as_may(self):
        """There are threads again for the calls that waited for one, and for later calls."""
        with Cf.ThreadPoolExecutor(2) as pool:
            pool.set_max_substitutes(3)
            for _ in range(3):
                promise = Cf.Future()
                futures = [pool.submit(promise.result) for _ in range(20)]
                while pool.get_n_running() < 5:
                    time.sleep(0.001)
                promise.set_result(1)
                self.assertEqual([future.result(LONG) for future in futures], [1] * 20)
                self.assertEqual(pool.submit(pow, 2, 3).result(LONG), 8)

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
            native = pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5))
            self.assertEqual(native.result(LONG), 2.5)

    def test_native_call_within_a_call(self):
        def task():
            return pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result()

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
        self.pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result()
        self.check(0, 0, 1)
        self.pool.submit(abs, -1).result()
        self.check(0, 0, 2)
        self.block()
        native = self.pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5))
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
        self.pool.set_idle_timeout(0.001)
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
        self.pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result()
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


class Drain(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    def drain_on_main_loop(self, during=lambda: None, cancellable=None):
        results = []
        self.pool.drain_async(cancellable, lambda pool, result: results.append(result))
        during()
        while not results:
            GLib.MainContext.default().iteration(True)
        return self.pool.drain_finish(results[0])

    def test_waits_and_takes_further_calls(self):
        for number in range(3):
            futures = [self.pool.submit(time.sleep, 0.001) for _ in range(20)]
            futures.append(self.pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)))
            futures.append(self.pool.submit_task(Cf.Task(abs, -1)))
            futures[number].cancel()
            self.assertTrue(self.pool.drain())
            self.assertTrue(all(future.done() for future in futures))
            self.assertEqual(futures[-2].result(), 2.5)

    def test_waits_for_what_is_running(self):
        release = threading.Event()
        begun = threading.Event()
        running = self.pool.submit(lambda: begun.set() or release.wait(LONG))
        begun.wait()
        threading.Timer(0.01, release.set).start()
        self.assertTrue(self.pool.drain())
        self.assertTrue(running.done())

    def test_waits_for_no_later_call(self):
        releases = [threading.Event(), threading.Event()]
        begun = threading.Event()
        first = self.pool.submit(lambda: begun.set() or releases[0].wait(LONG))
        begun.wait()

        def during():
            during.later = [self.pool.submit(releases[1].wait, LONG),
                            self.pool.submit_task(Cf.Task(releases[1].wait, LONG))]
            releases[0].set()

        self.assertTrue(self.drain_on_main_loop(during))
        self.assertTrue(first.done())
        self.assertFalse(any(future.done() for future in during.later))
        releases[1].set()
        self.assertTrue(self.drain_on_main_loop())
        self.assertTrue(all(future.done() for future in during.later))

    def test_cancelled(self):
        release = threading.Event()
        begun = threading.Event()
        cancellable = Gio.Cancellable()
        running = self.pool.submit(lambda: begun.set() or release.wait(LONG))
        begun.wait()
        with self.assertRaises(GLib.Error) as caught:
            self.drain_on_main_loop(cancellable.cancel, cancellable)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        with self.assertRaises(GLib.Error):
            self.pool.drain(cancellable)
        self.assertFalse(running.done())
        release.set()
        self.assertTrue(running.result(LONG))

    def test_within_a_call(self):
        executor = Cf.MainContextExecutor()
        for pool, drain in (self.pool, self.pool.drain), (executor, executor.drain):
            with self.assertRaises(RuntimeError):
                pool.submit(drain).result(LONG)

    def test_wrong_cancellable(self):
        for executor in self.pool, Cf.MainContextExecutor():
            with self.assertRaisesRegex(TypeError, '^cancellable must be a Gio.Cancellable or None$'):
                executor.drain(5)

    def test_delivers_callbacks(self):
        seen = []
        for number in range(5):
            self.pool.submit(abs, number).add_done_callback(lambda future: seen.append(future.result()))
        self.pool.drain()
        self.assertEqual(sorted(seen), [0, 1, 2, 3, 4])

    def test_while_others_submit(self):
        def submit_and_drain():
            for _ in range(50):
                futures = [self.pool.submit(self.pool.submit, abs, -1) for _ in range(10)]
                self.pool.drain()
                self.assertTrue(all(future.done() for future in futures))

        drainers = [concurrent.futures.ThreadPoolExecutor(1) for _ in range(3)]
        for future in [drainer.submit(submit_and_drain) for drainer in drainers]:
            future.result(LONG)
        for drainer in drainers:
            drainer.shutdown()

    def test_other_executors(self):
        with Cf.ProcessPoolExecutor(1) as pool:
            future = pool.submit(abs, -1)
            self.assertTrue(pool.drain())
            self.assertTrue(future.done())
        executor = Cf.MainContextExecutor()
        future = executor.submit(abs, -1)
        self.assertTrue(executor.drain())
        self.assertTrue(future.done())


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
        pool.shutdown_async(Cf.ShutdownFlags.DEFAULT, None,
                            lambda pool, result: seen.append(pool.shutdown_finish(result)))
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

    def test_waiting_with_a_lock_that_other_calls_want(self):
        ways = {
            'result': lambda future: future.result(),
            'result(timeout)': lambda future: future.result(LONG),
            'exception(timeout)': lambda future: future.exception(LONG),
            'wait': lambda future: Cf.wait([future]),
            'wait(timeout)': lambda future: Cf.wait([future], timeout=LONG, return_when=Cf.FIRST_COMPLETED),
            'as_completed': lambda future: list(Cf.as_completed([future])),
            'as_completed(timeout)': lambda future: list(Cf.as_completed([future], timeout=LONG)),
        }
        for name, wait in ways.items():
            with self.subTest(name), Cf.ThreadPoolExecutor(4) as pool:
                mutex = threading.Lock()

                def call():
                    with mutex:
                        futures = [pool.submit(abs, -1), pool.submit(abs, -2)]
                        for future in futures:
                            wait(future)
                        return all(future.done() for future in futures)

                futures = [pool.submit(call) for _ in range(40)]
                self.assertEqual([future.result(LONG / 4) for future in futures], [True] * 40)
                self.assertTrue(pool.drain())
                self.assertEqual((pool.n_pending, pool.n_running), (0, 0))

    def test_tasks_at_the_end_of_the_program(self):
        for ending in ('', 'pool.shutdown(wait=False)', 'del pool'):
            with self.subTest(ending):
                self.assertEqual(run_program(IMPORT + """
import sys
import time
def work():
    time.sleep(0.1)
    sys.stdout.write("done\\n")
pool = futures.ThreadPoolExecutor(1)
pool.submit_task(futures.Task(work))
pool.submit_task(futures.Task(work))
""" + ending), 'done\n' * 2)

    def test_callbacks_at_the_end_of_the_program(self):
        """As in Python, they run before the program ends."""
        program = IMPORT + """
import time
pool = futures.ThreadPoolExecutor(2)
for i in range(3):
    pool.submit(time.sleep, 0.1).add_done_callback(lambda future: print(future.result()))
"""
        self.assertEqual(run_program(program), 'None\n' * 3)
        self.assertEqual(run_program(program + 'del pool'), 'None\n' * 3)

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


class Describing(unittest.TestCase):
    def test_pools_of_a_parent(self):
        self.assertEqual(run_program(IMPORT + """
import os, warnings

warnings.simplefilter('ignore')
pools = futures.Executor.get_default(), futures.ThreadPoolExecutor(1)
for pool in pools:
    pool.submit(abs, -1).result()
child = os.fork()
if child == 0:
    for pool in pools:
        print(pool.describe()['state'], flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""), 'left-behind\n' * 2)

    def test_python_calls(self):
        begun, go_on = threading.Event(), threading.Event()

        def load():
            Cf.current_future().report_progress(0.5, 'halfway')
            begun.set()
            go_on.wait(LONG)

        with Cf.ThreadPoolExecutor(1, 'special') as pool:
            pool.submit(load)
            begun.wait(LONG)
            pool.submit(abs, -1)
            description = pool.describe()
            go_on.set()

        worker, = description['workers']
        self.assertEqual((worker['name'], worker['state']), ('special_0', 'running'))
        running, = worker['calls']
        self.assertRegex(running['function'], r'\.load$')
        self.assertEqual([running[key] for key in ('state', 'progress', 'message')], ['running', 0.5, 'halfway'])
        self.assertGreaterEqual(running['age'], 0)
        waiting, = description['waiting']
        self.assertEqual((waiting['state'], waiting['function']), ('pending', 'abs'))
        self.assertEqual((description['n-running'], description['n-pending']), (1, 1))

    def test_nested_calls(self):
        begun, go_on = threading.Event(), threading.Event()

        def inner():
            begun.set()
            go_on.wait(LONG)

        def outer(pool):
            pool.submit(inner).result()

        with Cf.ThreadPoolExecutor(1) as pool:
            pool.submit(outer, pool)
            begun.wait(LONG)
            worker, = pool.describe()['workers']
            go_on.set()
        self.assertEqual([call['function'].rpartition('.')[2] for call in worker['calls']], ['inner', 'outer'])

    def test_tasks(self):
        begun, go_on = threading.Event(), threading.Event()

        def load():
            begun.set()
            go_on.wait(LONG)

        task = Cf.Task(load)
        task.set_name('load')
        with Cf.ThreadPoolExecutor(1) as pool:
            pool.submit_task(task)
            begun.wait(LONG)
            worker, = pool.describe()['workers']
            go_on.set()
        self.assertEqual([call.get('name') for call in worker['calls']], ['load'])

    def test_idle(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            pool.submit(abs, -1).result()
            for worker in pool.describe()['workers']:
                self.assertEqual(worker['calls'], [])


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
