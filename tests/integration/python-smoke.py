# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a Python program gets from introspection alone, with no code written for Python.

Run by `meson test`, which points GI_TYPELIB_PATH and LD_LIBRARY_PATH at the build; SMOKE_FUNCTIONS is a module with
native functions to submit by name.
"""

import os
import sys
import threading
import unittest

import gi

gi.require_version('Cf', '1')

# Were the override for Python installed, it would be loaded.
sys.modules['gi.overrides.Cf'] = None

from gi.repository import Cf, Gio, GLib, GObject  # noqa: E402

FOR_EVER = -1
NATIVE = os.environ['SMOKE_FUNCTIONS']


def iterate_until(condition):
    context = GLib.MainContext.default()
    while not condition():
        context.iteration(True)


class HereExecutor(Cf.Executor):
    """Runs what it is given at once and remembers it."""

    def __init__(self):
        super().__init__()
        self.executed = []

    def do_execute(self, future):
        self.executed.append(future)
        future.run()


class Names(unittest.TestCase):
    def test_types(self):
        self.assertTrue(issubclass(Cf.ThreadPoolExecutor, Cf.Executor))
        self.assertTrue(issubclass(Cf.InlineExecutor, Cf.Executor))
        self.assertTrue(issubclass(Cf.MainContextExecutor, Cf.Executor))
        self.assertTrue(issubclass(Cf.Future, Gio.AsyncResult))
        self.assertEqual([Cf.FutureState.PENDING, Cf.FutureState.RUNNING, Cf.FutureState.CANCELLED,
                          Cf.FutureState.FINISHED], [0, 1, 2, 3])
        self.assertEqual(Cf.ReturnWhen.FIRST_COMPLETED, 1)
        self.assertEqual(Cf.CancelFlags.COOPERATE, 1)

    def test_error_domain(self):
        self.assertEqual(GLib.quark_to_string(Cf.error_quark()), 'cf-error-quark')


class Promises(unittest.TestCase):
    def test_value(self):
        future = Cf.Future.new()
        self.assertEqual(future.get_state(), Cf.FutureState.PENDING)
        self.assertTrue(future.set_running_or_notify_cancel())
        self.assertTrue(future.is_running())
        self.assertTrue(future.set_value(0.5))
        self.assertTrue(future.is_done())
        self.assertEqual(future.await_double(), 0.5)
        self.assertRegex(future.to_string(), r'^<CfFuture at 0x[0-9a-f]+ state=finished returned gdouble>$')

    def test_variant(self):
        future = Cf.Future.new()
        future.set_variant(GLib.Variant('(is)', (4, 'four')))
        self.assertEqual(future.await_variant().unpack(), (4, 'four'))

    def test_error(self):
        future = Cf.Future.new()
        failure = GLib.Error.new_literal(Gio.io_error_quark(), 'gone', Gio.IOErrorEnum.NOT_FOUND)
        future.set_error(failure)
        with self.assertRaises(GLib.Error) as caught:
            future.await_int64()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
        self.assertEqual(caught.exception.message, 'gone')

    def test_settling_twice(self):
        future = Cf.Future.new()
        future.set_value(1)
        with self.assertRaises(GLib.Error) as caught:
            future.set_value(2)
        self.assertTrue(caught.exception.matches(Cf.error_quark(), Cf.Error.INVALID_STATE))

    def test_cancelling(self):
        future = Cf.Future.new()
        self.assertTrue(future.cancel())
        self.assertFalse(future.set_running_or_notify_cancel())
        with self.assertRaises(GLib.Error) as caught:
            future.await_variant()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    def test_attached_data(self):
        future = Cf.Future.new()
        future.arg = 5
        self.assertEqual(future.arg, 5)


class Callbacks(unittest.TestCase):
    def test_on_main_loop(self):
        seen = []
        future = Cf.Future.new()
        future.add_done_callback(lambda done, *data: seen.append((done, threading.get_ident(), data)), 'data')
        threading.Thread(target=future.set_value, args=(3,)).start()
        iterate_until(lambda: seen)
        self.assertEqual(seen, [(future, threading.get_ident(), ('data',))])

    def test_waiting_without_blocking(self):
        seen = []
        future = Cf.Future.new()
        future.wait_async(FOR_EVER, None, lambda source, result: seen.append(source.wait_finish(result)))
        future.set_value('now')
        iterate_until(lambda: seen)
        self.assertEqual(seen, [True])

    def test_notifications(self):
        seen = []
        future = Cf.Future.new()
        future.connect('notify::state', lambda source, pspec: seen.append(source.props.state))
        future.set_value(1)
        iterate_until(lambda: Cf.FutureState.FINISHED in seen)


class Pools(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor.new(2)
        self.addCleanup(self.pool.shutdown, Cf.ShutdownFlags.WAIT)

    def test_python_function_in_a_thread(self):
        def halve(future, number):
            ran.append((future.is_running(), threading.get_ident() != main_thread))
            return True, number / 2

        ran = []
        main_thread = threading.get_ident()
        future = self.pool.submit_local(halve, 5)
        self.assertEqual(future.await_double(), 2.5)
        self.assertEqual(future.await_value(), (True, 2.5))
        self.assertEqual(ran, [(True, True)])

    def test_python_function_that_returns_what_has_to_be_freed(self):
        self.assertEqual(self.pool.submit_local(lambda future: (True, 'hello')).await_string(), 'hello')

    def test_portable_python_function(self):
        def add(future, arguments):
            return GLib.Variant('i', sum(arguments.unpack()))

        future = self.pool.submit(add, GLib.Variant('(iii)', (1, 2, 3)))
        self.assertEqual(future.await_int64(), 6)

    def test_python_function_that_fails(self):
        def fail(future):
            raise GLib.Error.new_literal(Gio.io_error_quark(), 'no such luck', Gio.IOErrorEnum.FAILED)

        future = self.pool.submit_local(fail)
        with self.assertRaises(GLib.Error) as caught:
            future.await_value()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.FAILED))

    def test_native_function_by_name(self):
        future = self.pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5))
        self.assertEqual(future.await_variant().unpack(), 2.5)
        self.assertEqual(future.get_progress(), 0.5)
        self.assertEqual(future.dup_message(), 'halving')

    def test_map(self):
        results = self.pool.map_by_name(NATIVE + ':smoke_halve', GLib.Variant('ai', [5, 4, 3]), 0, 0)
        halves = []
        while True:
            more, result = results.next()
            if not more:
                break
            halves.append(result.unpack())
        self.assertEqual(halves, [2.5, 2.0, 1.5])

    def test_sets(self):
        futures = [Cf.Future.new() for _ in range(3)]
        iterator = Cf.as_completed(futures, FOR_EVER)
        for number in (2, 0, 1):
            futures[number].set_value(number)
        self.assertEqual([iterator.next() for _ in range(4)], [futures[2], futures[0], futures[1], None])

        holds, done, not_done = Cf.wait(futures + [Cf.Future.new()], Cf.ReturnWhen.FIRST_COMPLETED, FOR_EVER, None)
        self.assertTrue(holds)
        self.assertEqual(set(done), set(futures))
        self.assertEqual(len(not_done), 1)

    def test_task(self):
        task = Cf.Task.new_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 8))
        task.set_priority(-5)
        self.assertEqual(task.props.priority, -5)
        self.assertEqual(self.pool.submit_task(task).await_double(), 4.0)


class Subclasses(unittest.TestCase):
    def test_execute(self):
        executor = HereExecutor()
        future = executor.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 3))
        self.assertEqual(executor.executed, [future])
        self.assertEqual(future.await_double(), 1.5)

    def test_shutdown(self):
        executor = HereExecutor()
        executor.shutdown(Cf.ShutdownFlags.WAIT)
        future = executor.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 3))
        with self.assertRaises(GLib.Error) as caught:
            future.await_double()
        self.assertTrue(caught.exception.matches(Cf.error_quark(), Cf.Error.SHUT_DOWN))
        self.assertEqual(executor.executed, [])


if __name__ == '__main__':
    unittest.main()
