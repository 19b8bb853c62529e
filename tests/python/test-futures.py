# SPDX-License-Identifier: LGPL-2.1-or-later

"""Futures as such: promises, states, outcomes."""

import asyncio
import concurrent.futures
import fractions
import math
import os
import threading
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, Gio, GLib  # noqa: E402

import tap  # noqa: E402

NATIVE = os.environ['SMOKE_FUNCTIONS']


class Strange(Exception):
    def __str__(self):
        raise ValueError('no text')


class Promises(unittest.TestCase):
    def setUp(self):
        self.future = Cf.Future()

    def test_result_is_the_same_object(self):
        result = object()
        self.future.set_result(result)
        self.assertIs(self.future.result(), result)
        self.assertIsNone(self.future.exception())

    def test_exception_is_the_same_object(self):
        exception = ValueError('x')
        self.future.set_exception(exception)
        self.assertIs(self.future.exception(), exception)
        with self.assertRaises(ValueError) as caught:
            self.future.result()
        self.assertIs(caught.exception, exception)

    def test_states(self):
        self.assertEqual((self.future.running(), self.future.done(), self.future.cancelled()), (False, False, False))
        self.assertTrue(self.future.set_running_or_notify_cancel())
        self.assertEqual((self.future.running(), self.future.done(), self.future.cancelled()), (True, False, False))
        self.future.set_result(None)
        self.assertEqual((self.future.running(), self.future.done(), self.future.cancelled()), (False, True, False))

    def test_state_is_the_c_library_s(self):
        self.future.set_running_or_notify_cancel()
        self.assertEqual(self.future.props.state, Cf.FutureState.RUNNING)
        self.future.set_result(1)
        self.assertEqual(self.future.props.state, Cf.FutureState.FINISHED)

    def test_cancelled(self):
        self.assertTrue(self.future.cancel())
        self.assertTrue(self.future.cancel())
        self.assertEqual((self.future.running(), self.future.done(), self.future.cancelled()), (False, True, True))
        self.assertFalse(self.future.set_running_or_notify_cancel())
        with self.assertRaises(concurrent.futures.CancelledError):
            self.future.result()
        with self.assertRaises(Cf.CancelledError):
            self.future.exception()

    def test_running_is_not_cancelled(self):
        self.future.set_running_or_notify_cancel()
        self.assertFalse(self.future.cancel())
        self.future.set_result(1)
        self.assertFalse(self.future.cancel())

    def test_running_twice(self):
        self.future.set_running_or_notify_cancel()
        with self.assertLogs('concurrent.futures', 'CRITICAL'), self.assertRaises(RuntimeError):
            self.future.set_running_or_notify_cancel()

    def test_settling_twice(self):
        self.future.set_result(1)
        with self.assertRaisesRegex(Cf.InvalidStateError,
                                    '^FINISHED: <Future at 0x[0-9a-f]+ state=finished returned int>$'):
            self.future.set_result(2)
        with self.assertRaises(concurrent.futures.InvalidStateError):
            self.future.set_exception(ValueError())
        self.assertEqual(self.future.result(), 1)

    def test_settling_what_is_cancelled(self):
        self.future.cancel()
        with self.assertRaisesRegex(Cf.InvalidStateError, '^CANCELLED: '):
            self.future.set_result(1)
        self.assertTrue(self.future.cancelled())

    def test_exactly_one_settler_wins(self):
        def settle(number):
            barrier.wait()
            try:
                self.future.set_result(number)
            except Cf.InvalidStateError:
                return
            winners.append(number)

        winners = []
        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=settle, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(winners, [self.future.result()])

    def test_waiting(self):
        timer = threading.Timer(0.1, self.future.set_result, ('late',))
        timer.start()
        self.assertEqual(self.future.result(timeout=60), 'late')
        timer.join()

    def test_timeouts(self):
        for timeout in (0, -1, 0.01):
            with self.assertRaises(TimeoutError):
                self.future.result(timeout=timeout)
            with self.assertRaises(concurrent.futures.TimeoutError):
                self.future.exception(timeout)

    def test_representations(self):
        at = r'^<Future at 0x[0-9a-f]+ state='
        self.assertRegex(repr(self.future), at + 'pending>$')
        self.future.set_running_or_notify_cancel()
        self.assertRegex(repr(self.future), at + 'running>$')
        self.future.set_result(0.5)
        self.assertRegex(repr(self.future), at + 'finished returned float>$')

        failed = Cf.Future()
        failed.set_exception(KeyError('x'))
        self.assertRegex(repr(failed), at + 'finished raised KeyError>$')
        failed.exception()

        cancelled = Cf.Future()
        cancelled.cancel()
        self.assertRegex(repr(cancelled), at + 'cancelled>$')

    def test_attributes(self):
        self.future.arg = 5
        self.assertEqual(self.future.arg, 5)


class Kinds(unittest.TestCase):
    def test_is_a_future_of_python(self):
        self.assertIsInstance(Cf.Future(), concurrent.futures.Future)
        self.assertIsInstance(Cf.Future.new(), concurrent.futures.Future)
        self.assertIs(type(Cf.Future.new()), Cf.Future)

    def test_can_be_derived_from(self):
        class Named(Cf.Future):
            def __init__(self, name):
                super().__init__()
                self.name = name

        future = Named('one')
        future.set_result(1)
        self.assertEqual((future.name, future.result()), ('one', 1))
        self.assertRegex(repr(future), '^<Named at ')


class Derived(unittest.TestCase):
    def test_with_more_attributes(self):
        class NamedFuture(Cf.Future):
            def __init__(self, name):
                super().__init__()
                self.name = name

        future = NamedFuture('x')
        future.set_result(future.name)
        self.assertEqual(future.result(), 'x')

    def test_with_a_hash_of_its_own(self):
        class EqualFuture(Cf.Future):
            def __init__(self, number):
                super().__init__()
                self.number = number

            def __hash__(self):
                return self.number

            def __eq__(self, other):
                return self is other

        futures = [EqualFuture(1), EqualFuture(1)]
        for future in futures:
            future.add_done_callback(lambda future: None)
            future.set_result(future.number)
        self.assertEqual(len(Cf.wait(futures).done), 2)
        self.assertEqual([future.result() for future in Cf.as_completed(futures)], [1, 1])


class OutcomesOfC(unittest.TestCase):
    """What is settled by C is read by Python, and the other way round."""

    def setUp(self):
        self.future = Cf.Future()

    def test_value(self):
        self.future.set_value(0.5)
        self.assertEqual(self.future.result(), 0.5)

    def test_variant(self):
        self.future.set_variant(GLib.Variant('(ias)', (1, ['a', 'b'])))
        self.assertEqual(self.future.result(), (1, ['a', 'b']))

    def test_numbers_and_texts(self):
        for kind, result in ('int64', -2**63), ('int64', 2.0), ('uint64', 2**64 - 1), ('string', 'ä'), ('string', ''):
            with self.subTest(kind, result=result):
                self.assertTrue(getattr(promise := Cf.Future(), f'set_{kind}')(result))
                self.assertEqual(promise.result(), result)
                self.assertEqual(getattr(Cf.Future, f'new_for_{kind}')(result).result(), result)
        self.assertTrue(self.future.set_string(None))
        self.assertIsNone(self.future.result())

    def test_what_would_be_cut_is_refused(self):
        numbers = 1.5, math.nan, math.inf, fractions.Fraction(3, 2)
        cases = [(kind, number, 'whole number, not ') for kind in ('int64', 'uint64') for number in numbers]
        for kind, result, reason in [*cases, ('string', 'a\0b', r"NUL character.*'a\\x00b'")]:
            with self.subTest(kind, result=result):
                for function in getattr(self.future, f'set_{kind}'), getattr(Cf.Future, f'new_for_{kind}'):
                    self.assertRaisesRegex(ValueError, reason, function, result)
        self.assertFalse(self.future.done())
        for result in '5', None:
            self.assertRaises(TypeError, self.future.set_int64, result)

    def test_nothing(self):
        self.future.set_variant(None)
        self.assertIsNone(self.future.result())

    def test_error(self):
        self.future.set_error(GLib.Error.new_literal(Gio.io_error_quark(), 'gone', Gio.IOErrorEnum.NOT_FOUND))
        with self.assertRaises(GLib.Error) as caught:
            self.future.result()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
        self.assertIs(self.future.exception(), self.future.exception())

    def test_errors_of_the_library(self):
        for domain, code, exception in ((Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, TimeoutError),
                                        (Cf.error_quark(), Cf.Error.SHUT_DOWN, RuntimeError),
                                        (Cf.error_quark(), Cf.Error.BROKEN_EXECUTOR, Cf.BrokenExecutor)):
            with self.subTest(exception):
                future = Cf.Future()
                future.set_error(GLib.Error.new_literal(domain, 'why', code))
                with self.assertRaisesRegex(exception, 'why'):
                    future.result()

    def test_exceptions_as_c_sees_them(self):
        self.future.set_exception(ValueError('no\u2028\udc80 such'))
        with self.assertRaises(GLib.Error) as caught:
            self.future.await_double()
        self.assertEqual(caught.exception.domain, 'python-exception')
        self.assertTrue(caught.exception.message.startswith('ValueError: no\u2028'))

    def test_name_priority_and_error(self):
        self.assertEqual((self.future.props.name, self.future.props.priority, self.future.props.error), (None, 0, None))
        self.future.set_error(GLib.Error.new_literal(Gio.io_error_quark(), 'gone', Gio.IOErrorEnum.NOT_FOUND))
        self.assertEqual(self.future.props.error.message, 'gone')

    def test_settled(self):
        self.assertEqual(Cf.Future.new_for_int64(-5).result(), -5)
        self.assertEqual(Cf.Future.new_for_string('five').result(), 'five')
        self.assertIs(Cf.Future.new_for_boolean(True).result(), True)
        self.assertIsInstance(Cf.Future.new_for_double(0.5), Cf.Future)
        error = GLib.Error.new_literal(Gio.io_error_quark(), 'gone', Gio.IOErrorEnum.NOT_FOUND)
        self.assertTrue(Cf.Future.new_for_error(error).exception().matches(Gio.io_error_quark(),
                                                                          Gio.IOErrorEnum.NOT_FOUND))

    def test_cancelled_errors_as_c_sees_them(self):
        for error in concurrent.futures.CancelledError(), asyncio.CancelledError():
            future = Cf.Future()
            future.set_exception(error)
            self.assertIs(future.exception(), error)
            self.assertTrue(Cf.error_is_cancelled(error))
            with self.assertRaises(GLib.Error) as caught:
                future.await_value()
            self.assertTrue(Cf.error_is_cancelled(caught.exception))
        self.assertFalse(Cf.error_is_cancelled(ValueError()))
        self.assertFalse(Cf.error_is_cancelled(None))

    def test_exceptions_without_text_as_c_sees_them(self):
        self.future.set_exception(Strange())
        with self.assertRaises(GLib.Error) as caught:
            self.future.await_double()
        self.assertEqual(caught.exception.message, 'Strange')

    def test_errors_as_c_sees_them(self):
        self.future.set_exception(GLib.Error.new_literal(Gio.io_error_quark(), 'full', Gio.IOErrorEnum.NO_SPACE))
        with self.assertRaises(GLib.Error) as caught:
            self.future.await_double()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NO_SPACE))

    def test_native_function(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertEqual(pool.submit_by_name(NATIVE + ':smoke_halve', GLib.Variant('i', 5)).result(), 2.5)
            with self.assertRaises(GLib.Error):
                pool.submit_by_name(NATIVE + ':smoke_fail', None).result()


if __name__ == '__main__':
    tap.main('__main__')
