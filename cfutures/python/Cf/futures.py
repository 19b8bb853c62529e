# SPDX-License-Identifier: LGPL-2.1-or-later

"""Futures: their public methods, and how they are settled.

The functions at the end are for executors and sets. Only this file uses the underscored attributes of a future, except
for `_callbacks`, which belongs to callbacks.py, and `_address`, which belongs to library.py.
"""

import concurrent.futures
import functools
import numbers
import os
import sys
import threading
from concurrent.futures import BrokenExecutor, CancelledError, InvalidStateError

from gi.module import get_introspection_module
from gi.repository import GLib

from . import callbacks
from .errors import exception_of, fail
from .library import (WithAddress, address_of, claim, get_state, ignore_error, is_done, get_error, read_address,
                      settle, wait_for)
from .overriding import Final, override
from .properties import to_usec, with_attributes
from .values import from_variant
from .waiting import block, countdown, this_thread

Cf = get_introspection_module('Cf')

LEFT_BEHIND = 'the pool belongs to the process that this one was forked from: create another one'

STATES = ('PENDING', 'RUNNING', 'CANCELLED', 'FINISHED')
PENDING, RUNNING, CANCELLED, FINISHED = range(4)

# Claiming a future that is not pending is a critical warning of C.
_beginning = threading.RLock()

# Whether this process was forked from one that has used futures.
_is_forked = False


def _note_fork():
    global _is_forked
    _is_forked = True


os.register_at_fork(after_in_child=_note_fork)


def outcome_of(function, args, kwargs):
    """Calls a function. Returns its result and its exception, one of which is None."""
    try:
        return function(*args, **kwargs), None
    except BaseException as exception:
        return None, exception
    finally:
        # The exception refers to this frame by its traceback, and the future to the exception.
        del function, args, kwargs


@with_attributes
@override
class Future(Final, WithAddress, callbacks.WithCallbacks, Cf.Future, concurrent.futures.Future):
    """The result of a call that may not have run yet. One that a program creates is a promise."""

    _workers = None             # the Workers that run the call, for a call of Python in a thread pool
    _call: tuple                # (function, args, kwargs); the thread that removes it runs the call
    _outcome = None             # (result, exception), once Python knows it
    _is_finished = False        # saves asking C
    _is_local = False           # C may have dropped an outcome that Python knows, and cancelled the call
    _kept = ()                  # what a call in another process needs until its outcome was read

    def __repr__(self):
        state = get_state(address_of(self))
        text = f'<{type(self).__name__} at {id(self):#x} state={STATES[state].lower()}'
        if state != FINISHED:
            return text + '>'

        result, exception = self._get_outcome()
        if exception is not None:
            return f'{text} raised {type(exception).__name__}>'
        return f'{text} returned {type(result).__name__}>'

    def __await__(self):
        """Waits in a coroutine of asyncio."""
        import asyncio
        check_left_behind([self])
        return asyncio.wrap_future(self).__await__()

    def cancel(self):
        """Cancels the call if it has not begun. Returns whether it will never run."""
        if self._is_finished:
            return False
        return self._have_cancelled(super().cancel())

    def cancel_full(self, flags):
        """Does as cancel(), and with a call that runs what the flags say."""
        return self._have_cancelled(super().cancel_full(flags))

    def _give_up(self):
        self.cancel()
        ignore_error(address_of(self))

    def cancelled(self):
        """Returns whether the call was cancelled."""
        return get_state(address_of(self)) == CANCELLED

    def running(self):
        """Returns whether the call has begun and has not ended."""
        return get_state(address_of(self)) == RUNNING

    def done(self):
        """Returns whether the call has ended or was cancelled."""
        return self._is_finished or get_state(address_of(self)) >= CANCELLED

    def result(self, timeout=None):
        """Waits for the call, at most `timeout` seconds, and returns its result or raises its exception.

        Raises CancelledError if it was cancelled, and TimeoutError after the timeout.
        """
        result, exception = self._wait_for_outcome(timeout)
        if exception is None:
            return result
        try:
            raise exception
        finally:
            del self, exception

    def exception(self, timeout=None):
        """Waits for the call, at most `timeout` seconds, and returns its exception, or None."""
        return self._wait_for_outcome(timeout)[1]

    def wait(self, timeout=None, cancellable=None):
        """Waits until the call has ended or was cancelled, at most `timeout` seconds, and returns True.

        Raises TimeoutError after the timeout, and GLib.Error (Gio.IOErrorEnum.CANCELLED) if the cancellable is
        cancelled.
        """
        block_on(self, timeout, cancellable)
        return True

    def wait_async(self, timeout=None, cancellable=None, callback=None, *user_data):
        """Calls callback(future, result, *user_data) on the main loop when the call has ended or was cancelled.

        The callback calls wait_finish(), which raises as wait() does.
        """
        check_left_behind([self])
        return super().wait_async(to_usec('timeout', timeout), cancellable, callback, *user_data)

    def wait_finish(self, result):
        """Returns True, or raises as wait() does."""
        try:
            return super().wait_finish(result)
        except GLib.Error as error:
            raise exception_of(error, False) from None

    def add_done_callback(self, fn, *user_data, context=...):
        """Calls fn(future, *user_data) when the future is done.

        By default the main loop of this thread calls it: that of asyncio if it runs, otherwise that of the
        thread-default main context. If this thread blocks on the future, the callback runs before that returns. With
        a GLib.MainContext it is called there. With None it is called as in concurrent.futures: at once if the future
        is done, otherwise in the thread that completes or cancels it.

        The callback_context of the future's pool, and set_default_callback_context(), change the default.
        """
        if context is ...:
            context = callbacks.context_for(self)
        loop = _get_asyncio_loop() if context is ... else None
        if _is_part_of_asyncio(fn):
            callbacks.add(self, fn, user_data, None)
        elif loop is not None:
            callbacks.add(self, functools.partial(loop.call_soon_threadsafe, _logging_errors(fn)), user_data, None)
        else:
            callbacks.add(self, fn, user_data, context)

    def set_running_or_notify_cancel(self):
        """Marks a promise as running. Returns False if it was cancelled."""
        state = self._begin()
        if state in (RUNNING, FINISHED):
            callbacks.logger.critical('Future %s in unexpected state: %s', id(self), STATES[state])
            raise RuntimeError('Future in unexpected state')
        return state == PENDING

    @classmethod
    def new_for_int64(cls, result):
        """Creates a future with a whole number as its result."""
        return Cf.Future.new_for_int64(_whole(result))

    @classmethod
    def new_for_uint64(cls, result):
        """Creates a future with a whole number as its result."""
        return Cf.Future.new_for_uint64(_whole(result))

    @classmethod
    def new_for_string(cls, result):
        """Creates a future with a text as its result. Raises ValueError if that has a NUL character."""
        return Cf.Future.new_for_string(_without_nul(result))

    def set_int64(self, result):
        """Sets the result of a promise to a whole number. Raises ValueError if it is none."""
        return super().set_int64(_whole(result))

    def set_uint64(self, result):
        """Sets the result of a promise to a whole number. Raises ValueError if it is none."""
        return super().set_uint64(_whole(result))

    def set_string(self, result):
        """Sets the result of a promise to a text. Raises ValueError if that has a NUL character."""
        return super().set_string(_without_nul(result))

    def set_result(self, result):
        """Sets the result of a promise. Raises InvalidStateError if it is done."""
        self._keep_promise(result, None)

    def set_exception(self, exception):
        """Sets the exception of a promise. Raises InvalidStateError if it is done."""
        self._keep_promise(None, exception)

    def _keep_promise(self, result, exception):
        if self._begin() not in (PENDING, RUNNING) or not finish(self, (result, exception)):
            raise InvalidStateError(f'{STATES[get_state(address_of(self))]}: {self!r}')

    def _begin(self):
        """Marks a promise as running if it is pending. Returns its state before that."""
        with _beginning:
            state = get_state(address_of(self))
            if state == PENDING:
                withdraw(self)
                if not claim(address_of(self)):
                    return CANCELLED
            return state

    def _check_left_behind(self):
        if self._workers is not None and self._workers.are_left_behind:
            raise BrokenExecutor(LEFT_BEHIND)
        try:
            super().wait(0, None)
        except GLib.Error as error:
            if error.matches(Cf.error_quark(), Cf.Error.BROKEN_EXECUTOR):
                raise exception_of(error, False) from None

    def _have_cancelled(self, is_cancelled):
        if is_cancelled:
            withdraw(self)
            self._kept = ()
        return is_cancelled

    def _wait_for_outcome(self, timeout):
        if not self._is_finished and get_state(address_of(self)) < CANCELLED:
            block_on(self, timeout)
        elif callbacks.has_callbacks(self):
            is_done(address_of(self))

        outcome = self._outcome or self._get_outcome()
        if outcome[1] is not None or self._is_local:
            if self.cancelled():
                raise CancelledError()
            if outcome[1] is not None:
                get_error(address_of(self))
        return outcome

    def _get_outcome(self):
        """Returns the result and the exception of a future that is done, or raises CancelledError."""
        if self.cancelled():
            raise CancelledError()
        return self._outcome or vars(self).setdefault('_outcome', self._read_outcome())

    def _read_outcome(self):
        """Converts the outcome of a call that ran in another process, or was not one of Python."""
        self._kept = ()
        try:
            unused, value = self.await_value()
        except GLib.Error as error:
            return None, exception_of(error, False)
        except TypeError:
            # PyGObject cannot convert a GValue without a type: there is no result.
            return None, None
        return from_variant(value) if isinstance(value, GLib.Variant) else value, None

    # Used by asyncio (since Python 3.14), and by wait() and as_completed() of concurrent.futures.

    def _get_snapshot(self):
        state = get_state(address_of(self))
        return state >= CANCELLED, state == CANCELLED, *(self._get_outcome() if state == FINISHED else (None, None))

    @property
    def _state(self):
        state = get_state(address_of(self))
        if state < CANCELLED:
            return STATES[state]
        if not self._get_notifier().has_notified:
            return 'RUNNING'
        return 'CANCELLED_AND_NOTIFIED' if state == CANCELLED else 'FINISHED'

    @property
    def _condition(self):
        return self._get_notifier().lock

    @property
    def _waiters(self):
        return self._get_notifier().waiters

    def _get_notifier(self):
        notifier = vars(self).get('_notifier')
        if notifier is None:
            made = Notifier()
            notifier = vars(self).setdefault('_notifier', made)
            if notifier is made:
                self.add_done_callback(notifier.notify, context=None)
        return notifier


def _whole(number):
    """Returns a number that PyGObject does not cut."""
    if isinstance(number, numbers.Number) and number % 1 != 0:
        raise ValueError(f'the result must be a whole number, not {number!r}')
    return number


def _without_nul(text):
    """Returns a text that PyGObject does not cut."""
    if isinstance(text, str) and '\0' in text:
        raise ValueError(f'the result cannot have a NUL character, where C ends it: {text!r}')
    return text


def _logging_errors(fn):
    """Returns a function that logs exceptions as concurrent.futures does, and not as asyncio does."""
    def call(future, *user_data):
        try:
            fn(future, *user_data)
        except Exception:
            callbacks.complain(future)

    return call


def _get_asyncio_loop():
    """Returns the event loop of asyncio that runs in this thread, or None."""
    asyncio = sys.modules.get('asyncio')
    try:
        return asyncio.get_running_loop() if asyncio is not None else None
    except RuntimeError:
        return None


def _is_part_of_asyncio(fn):
    """Returns whether this is a callback of asyncio.wrap_future(), which may be called in any thread."""
    return getattr(fn, '__module__', None) == 'asyncio.futures'


class Notifier:
    """Notifies wait() and as_completed() of concurrent.futures that a future is done."""

    def __init__(self):
        self.lock = threading.RLock()
        self.waiters = []
        self.has_notified = False

    def notify(self, future):
        with self.lock:
            self.has_notified = True
            for waiter in self.waiters:
                if future.cancelled():
                    waiter.add_cancelled(future)
                elif future._get_outcome()[1] is not None:
                    waiter.add_exception(future)
                else:
                    waiter.add_result(future)


def current_future():
    """Returns the future of the call that this thread runs, or None.

    A submitted function uses it to report its progress, and to find out whether it was cancelled:

        futures.current_future().report_progress(0.5, 'halfway')
    """
    worker = sys.modules.get('cfutures_worker')
    return this_thread.future if worker is None else worker.current_call()


# For executors and sets. These take no lock: they run in the thread that has taken the call from its future.


def new_call(workers, function, args, kwargs):
    """Returns the future of a call for workers to run."""
    future = Future()
    future._workers = workers
    future._call = function, args, kwargs
    return future


def keep(future, *things):
    """Keeps things until the outcome of a call in another process is read, or its future is dropped."""
    future._kept = things


def workers_of(future):
    """Returns the workers that run the call of a future, or None for other executors."""
    return future._workers


def call_in_queue(future):
    """Returns (function, args, kwargs) of a future, which stays there, or None if a thread has taken it."""
    return future.__dict__.get('_call')


def take_call(future):
    """Removes (function, args, kwargs) from a future, to run that call. Returns None if another thread has done so."""
    return future.__dict__.pop('_call', None)


def withdraw(future):
    """Does as take_call() for a future that stays in the queue of its workers."""
    call = take_call(future)
    if call is not None:
        future._workers.counts.add_withdrawn(1)
    return call


def finish(future, outcome, settle=settle):
    """Settles a future that runs with (result, exception). Returns False if it was settled before."""
    if future.__dict__.setdefault('_outcome', outcome) is not outcome:
        return False

    if outcome[1] is None:
        is_settled = settle(address_of(future), None, None)
    else:
        is_settled = fail(address_of(future), outcome[1])
    if is_settled:
        future._is_finished = True
    else:
        del future._outcome
    return bool(is_settled)


def run_local_call(future, function, args, kwargs):
    """Runs a call for an executor of C, as a CfLocalFunc. It settles the future itself."""
    outer, this_thread.future = this_thread.future, future
    try:
        outcome = outcome_of(function, args, kwargs)
        # It may have timed out, or have returned on cancel.
        if get_state(address_of(future)) == RUNNING:
            future._is_local = True
            if finish(future, outcome) and get_state(address_of(future)) == CANCELLED:
                del future._outcome
    finally:
        this_thread.future = outer
        del future, outer, function, args, kwargs, outcome
    return True, None


def has_failed(future):
    """Returns whether a call that has ended has raised an exception, which does not count as reading it."""
    return not future.cancelled() and future._get_outcome()[1] is not None


def give_up(future):
    """Cancels a future that nobody can look at, whatever comes of it."""
    if isinstance(future, Future):
        future._give_up()
    else:
        future.cancel()     # of an executor that has a submit() of its own


def check_left_behind(futures):
    """Raises BrokenExecutor in a forked process if the call of a future is left to a pool of the parent."""
    if _is_forked:
        for future in futures:
            if isinstance(future, Future) and not future.done():
                future._check_left_behind()


def block_on(future, timeout, cancellable=None):
    """Blocks until a future is done. Raises TimeoutError, or the error of the cancellable.

    A worker that waits for a call of its own pool, which has not begun, without a timeout, runs it. Otherwise another
    worker takes the place of this one while it waits, and makes that call first.
    """
    check_left_behind([future])
    address = address_of(future)
    if cancellable is None:
        def wait_usec(usec):
            return wait_for(address, usec, None, None)
    else:
        def wait_usec(usec):
            return wait_for(address, usec, read_address(cancellable), None) or cancellable.set_error_if_cancelled()

    workers = this_thread.workers
    if workers is None:
        block(wait_usec, timeout)
        return

    if timeout is None and cancellable is None and future._workers is workers:
        workers.run_nested_call(future)
    if not is_done(address):
        workers.hurry([future])
        with workers.waiting():
            block(wait_usec, timeout)


def block_on_all(futures, timeout):
    """Blocks until all futures are done. Raises TimeoutError."""
    remaining = countdown(timeout)
    for future in futures:
        if not future._is_finished and not is_done(address_of(future)):
            block_on(future, remaining())
