# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks: calls with options."""

import functools
import os
import tempfile
import threading
import time
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, Gio, GLib, GObject  # noqa: E402

import tap  # noqa: E402

LONG = 60
NATIVE = os.environ['SMOKE_FUNCTIONS']
OPTIONS = {'name': 'page 17', 'priority': GLib.PRIORITY_LOW, 'timeout': 1.5, 'cancellable': Gio.Cancellable(),
           'context': GLib.MainContext(), 'check_cancellable': Cf.CancellableCheck.ALWAYS, 'return_on_cancel': True}

prepared = threading.local()


def pass_gates(begun, go_on):
    open(begun, 'w').close()
    open(go_on).close()


def fail():
    raise ValueError('failed')


class Tasks(unittest.TestCase):
    def test_have_options(self):
        task = Cf.Task(abs, -1, **OPTIONS)
        for name, value in OPTIONS.items():
            with self.subTest(name):
                self.assertEqual(getattr(task, name), value)
                self.assertEqual(getattr(task, f'get_{name}')(), value)

    def test_have_none_by_default(self):
        task = Cf.Task(abs, -1)
        self.assertEqual([getattr(task, name) for name in OPTIONS],
                         [None, GLib.PRIORITY_DEFAULT, None, None, None, Cf.CancellableCheck.DEFAULT, False])

    def test_check_like_booleans(self):
        self.assertEqual(Cf.Task(abs, -1, check_cancellable=True).check_cancellable, Cf.CancellableCheck.ALWAYS)
        self.assertEqual(Cf.Task(abs, -1, check_cancellable=False).check_cancellable, Cf.CancellableCheck.NEVER)

    def test_have_a_source(self):
        task, source = Cf.Task(abs, -1), GObject.Object()
        self.assertIsNone(task.source_object)
        task.source_object = source
        self.assertIs(task.get_source_object(), source)

    def test_take_options_later(self):
        task = Cf.Task.new_by_name('statistics:mean', [1, 2])
        for name, value in OPTIONS.items():
            with self.subTest(name):
                setattr(task, name, value)
                self.assertEqual(getattr(task, name), value)

    def test_of_nonsense(self):
        self.assertRaisesRegex(TypeError, 'neither a callable nor the name', Cf.Task, 5)
        self.assertRaises(TypeError, Cf.Task)
        self.assertRaises(TypeError, Cf.Task, abs, no_option=5)

    def test_of_a_class_of_ones_own(self):
        class Page(Cf.Task):
            pass

        task = Page(abs, -1, name='page')
        self.assertIsInstance(task, Page)
        self.assertEqual(Cf.InlineExecutor().submit_task(task).result(), 1)


class Submitted:
    """Tasks that an executor takes."""

    def setUp(self):
        self.executor = self.make_executor()
        self.addCleanup(self.executor.shutdown)

    def test_function(self):
        task = Cf.Task(functools.partial(pow, 7, exp=2), **OPTIONS)
        for _ in range(2):
            future = self.executor.submit_task(task)
            self.assertEqual(future.result(LONG), 49)
            self.assertEqual((future.name, future.priority), (task.name, task.priority))

    def test_function_by_name(self):
        self.assertEqual(self.executor.submit_task(Cf.Task(self.name_of_a_function, 1.0)).result(LONG),
                         self.result_of_the_function)

    def test_failure(self):
        exception = self.executor.submit_task(Cf.Task(fail)).exception(LONG)
        self.assertEqual(repr(exception), "ValueError('failed')")

    def test_cancelled_by_a_cancellable(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        future = self.executor.submit_task(Cf.Task(fail, cancellable=cancellable))
        self.assertTrue(future.cancelled())
        self.assertRaises(Cf.CancelledError, future.result)

    def test_map(self):
        task = Cf.Task(pow, **OPTIONS)
        results = self.executor.map_task(task, range(4), [2] * 4, timeout=LONG, buffersize=2)
        self.assertEqual(list(results), [0, 1, 4, 9])


class InThreads(Submitted, unittest.TestCase):
    name_of_a_function = f'{NATIVE}:smoke_print'
    result_of_the_function = '1.0'

    def make_executor(self):
        return Cf.ThreadPoolExecutor(2)

    def test_timeout(self):
        release = threading.Event()
        future = self.executor.submit_task(Cf.Task(release.wait, LONG, timeout=0.01))
        self.assertRaises(TimeoutError, future.result, LONG)
        release.set()
        self.executor.shutdown()
        self.assertRaises(TimeoutError, future.result)

    def run_while_cancelled(self, **options):
        begun, release, cancellable = threading.Event(), threading.Event(), Gio.Cancellable()

        def run():
            begun.set()
            release.wait(LONG)
            return 5

        future = self.executor.submit_task(Cf.Task(run, cancellable=cancellable, **options))
        begun.wait(LONG)
        cancellable.cancel()
        return future, release

    def test_cancelled_while_it_runs(self):
        future, release = self.run_while_cancelled()
        release.set()
        self.assertEqual(future.result(LONG), 5)

    def test_check_cancellable(self):
        future, release = self.run_while_cancelled(check_cancellable=True)
        self.assertFalse(future.done())
        release.set()
        self.assertRaises(Cf.CancelledError, future.result, LONG)
        self.executor.shutdown()
        self.assertTrue(future.cancelled())
        self.assertRaises(Cf.CancelledError, future.exception)

    def test_return_on_cancel(self):
        future, release = self.run_while_cancelled(return_on_cancel=True)
        self.assertTrue(future.cancelled())
        self.assertFalse(future.cancel())
        self.assertRaises(Cf.CancelledError, future.result)
        release.set()
        self.executor.shutdown()
        self.assertRaises(Cf.CancelledError, future.result)

    def test_priority(self):
        begun, release = [], threading.Event()
        pool = Cf.ThreadPoolExecutor(1)
        pool.submit_task(Cf.Task(release.wait, LONG))
        for priority in (GLib.PRIORITY_LOW, GLib.PRIORITY_DEFAULT, GLib.PRIORITY_HIGH):
            pool.submit_task(Cf.Task(begun.append, priority, priority=priority))
        release.set()
        pool.shutdown()
        self.assertEqual(begun, [GLib.PRIORITY_HIGH, GLib.PRIORITY_DEFAULT, GLib.PRIORITY_LOW])

    def test_initializer(self):
        def initialize():
            prepared.value = 5

        with Cf.ThreadPoolExecutor(1, initializer=initialize) as pool:
            for _ in range(2):
                self.assertEqual(pool.submit_task(Cf.Task(lambda: prepared.value)).result(LONG), 5)
                self.assertEqual(pool.submit(lambda: prepared.value).result(LONG), 5)

    def test_initializer_that_fails(self):
        with Cf.ThreadPoolExecutor(1, initializer=fail) as pool, self.assertLogs('concurrent.futures', 'CRITICAL'):
            self.assertRaises(Cf.BrokenThreadPool, pool.submit_task(Cf.Task(abs, -1)).result, LONG)
            self.assertRaises(Cf.BrokenThreadPool, pool.submit_task, Cf.Task(abs, -1))
            self.assertRaises(Cf.BrokenThreadPool, pool.submit, abs, -1)

    def test_current_future(self):
        future = self.executor.submit_task(Cf.Task(Cf.current_future))
        self.assertIs(future.result(LONG), future)

    def test_after_shutdown(self):
        self.executor.shutdown()
        self.assertRaises(RuntimeError, self.executor.submit_task, Cf.Task(abs, -1))


class InTheMainThread(Submitted, unittest.TestCase):
    name_of_a_function = f'{NATIVE}:smoke_print'
    result_of_the_function = '1.0'

    def make_executor(self):
        return Cf.InlineExecutor()


class InProcesses(Submitted, unittest.TestCase):
    name_of_a_function = 'builtins:repr'
    result_of_the_function = '1.0'

    def make_executor(self):
        return Cf.ProcessPoolExecutor(2)

    def run_while_cancelled(self, **options):
        cancellable = Gio.Cancellable()
        with tempfile.TemporaryDirectory() as directory:
            gates = [os.path.join(directory, name) for name in ('begun', 'go-on')]
            for gate in gates:
                os.mkfifo(gate)
            future = self.executor.submit_task(Cf.Task(pass_gates, *gates, cancellable=cancellable, **options))
            open(gates[0]).close()
            cancellable.cancel()
            was_cancelled = future.cancelled()
            open(gates[1], 'w').close()
            self.executor.submit(abs, -1).result(LONG)
        return future, was_cancelled

    def test_check_cancellable(self):
        future, was_cancelled = self.run_while_cancelled(check_cancellable=True)
        self.assertFalse(was_cancelled)
        self.assertRaises(Cf.CancelledError, future.result, LONG)

    def test_return_on_cancel(self):
        future, was_cancelled = self.run_while_cancelled(return_on_cancel=True)
        self.assertTrue(was_cancelled)
        self.assertRaises(Cf.CancelledError, future.result)

    def test_what_cannot_be_pickled(self):
        self.assertRaises(TypeError, self.executor.submit_task(Cf.Task(threading.Event().wait)).result, LONG)

    def test_timeout(self):
        self.assertRaises(TimeoutError, self.executor.submit_task(Cf.Task(time.sleep, LONG, timeout=0.01)).result, LONG)

    def test_after_shutdown(self):
        self.executor.shutdown()
        self.assertRaises(RuntimeError, self.executor.submit_task, Cf.Task(abs, -1))


if __name__ == '__main__':
    tap.main('__main__')
