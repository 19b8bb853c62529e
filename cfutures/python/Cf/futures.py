# SPDX-License-Identifier: LGPL-2.1-or-later

"""Futures: what may be asked of them, how they are settled, and where their callbacks go."""

import concurrent.futures
import functools
import sys
import threading
from concurrent.futures import CancelledError, InvalidStateError

from gi.module import get_introspection_module
from gi.repository import GLib

from . import callbacks
from .errors import exception_of, fail
from .library import claim, get_state, is_done, look_at_error, settle, wait_for
from .overriding import Final, override
from .values import from_variant
from .waiting import block, here

Cf = get_introspection_module('Cf')

STATES = ('PENDING', 'RUNNING', 'CANCELLED', 'FINISHED')
PENDING, RUNNING, CANCELLED, FINISHED = range(4)

# C takes it amiss if a future is claimed that is not pending.
_beginning = threading.RLock()


def outcome_of(function, args, kwargs):
    """Calls a function; returns what it returns, and what it raises."""
    try:
        return function(*args, **kwargs), None
    except BaseException as exception:
        return None, exception
    finally:
        # The traceback of an exception holds on to this frame and its callers, and a future to the exception.
        del function, args, kwargs


@override
class Future(Final, Cf.Future, concurrent.futures.Future):
    """The result of a call that may not have been made yet, or a promise if it was made by hand.

    One that a pool of threads is to make has the attribute `_workers`, and until it begins `_call` (function, args,
    kwargs): whoever takes that away is the one to make the call. All have an `_outcome` (result, exception) once it is
    known to Python.
    """

    _workers = None
    _outcome = None
    _is_finished = False        # if so, C need not be asked
    _callbacks = ()             # those that have not been called yet

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if cls.__hash__ is not Future.__hash__:
            raise TypeError('A class of futures cannot have a hash of its own: it is the address in C')

    def __repr__(self):
        state = get_state(hash(self))
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
        return asyncio.wrap_future(self).__await__()

    def cancel(self):
        """Cancels the call if it has not begun; returns whether it will never be made."""
        if self._is_finished:
            return False
        return self._have_cancelled(super().cancel())

    def cancel_full(self, flags):
        """Cancels the call if it has not begun, and if it runs does what the flags allow; returns as cancel() does."""
        return self._have_cancelled(super().cancel_full(flags))

    def cancelled(self):
        """Tells whether the call was cancelled."""
        return get_state(hash(self)) == CANCELLED

    def running(self):
        """Tells whether the call has begun and has not ended."""
        return get_state(hash(self)) == RUNNING

    def done(self):
        """Tells whether the call has ended or was cancelled."""
        return self._is_finished or get_state(hash(self)) >= CANCELLED

    def result(self, timeout=None):
        """Waits for the call, at most so many seconds, and returns what it returned or raises what it raised.

        Raises CancelledError if it was cancelled, and TimeoutError if it takes longer.
        """
        result, exception = self._wait_for_outcome(timeout)
        if exception is None:
            return result
        try:
            raise exception
        finally:
            del self, exception

    def exception(self, timeout=None):
        """Waits for the call, at most so many seconds, and returns what it raised, or None."""
        return self._wait_for_outcome(timeout)[1]

    def add_done_callback(self, fn, *user_data, context=...):
        """Has fn(future, *user_data) called when the future is done.

        By default it is called by the main loop of this thread: asyncio's if that runs, otherwise GLib's, that is, in
        its default main context. If the thread blocks on the future the call comes before that returns. With another
        GLib.MainContext it is called there. With None it is called at once if the future is done, otherwise in the
        thread that completes or cancels it, as concurrent.futures does.
        """
        loop = _get_asyncio_loop() if context is ... else None
        if _is_part_of_asyncio(fn):
            callbacks.add(self, fn, user_data, None)
        elif loop is not None:
            callbacks.add(self, functools.partial(loop.call_soon_threadsafe, _logging_errors(fn)), user_data, None)
        else:
            callbacks.add(self, fn, user_data, context)

    def set_running_or_notify_cancel(self):
        """Says that the work behind a promise begins; returns False if that was cancelled and should not be done."""
        state = self._begin()
        if state in (RUNNING, FINISHED):
            callbacks.logger.critical('Future %s in unexpected state: %s', id(self), STATES[state])
            raise RuntimeError('Future in unexpected state')
        return state == PENDING

    def set_result(self, result):
        """Finishes a promise; raises InvalidStateError if it is done already."""
        self._keep_promise(result, None)

    def set_exception(self, exception):
        """Finishes a promise as failed; raises InvalidStateError if it is done already."""
        self._keep_promise(None, exception)

    def _keep_promise(self, result, exception):
        if self._begin() not in (PENDING, RUNNING) or not self._finish((result, exception)):
            raise InvalidStateError(f'{STATES[get_state(hash(self))]}: {self!r}')

    def _begin(self):
        """Makes a promise run if it is pending; returns the state that it was in."""
        with _beginning:
            state = get_state(hash(self))
            if state == PENDING:
                self._withdraw()
                if not claim(hash(self)):
                    return CANCELLED
            return state

    def _have_cancelled(self, is_cancelled):
        if is_cancelled:
            self._withdraw()
        return is_cancelled

    def _withdraw(self):
        """Takes the call away from the workers, if they still have it in their queue; returns that."""
        call = self.__dict__.pop('_call', None)
        if call is not None:
            self._workers.counts.miss(1)
        return call

    def _finish(self, outcome, settle=settle):
        """Settles a future that runs; returns whether nobody else did."""
        if self.__dict__.setdefault('_outcome', outcome) is not outcome:
            return False

        if outcome[1] is None:
            settle(hash(self), None, None)
        else:
            fail(hash(self), outcome[1])
        self._is_finished = True
        return True

    def _wait_for_outcome(self, timeout):
        if not self._is_finished and get_state(hash(self)) < CANCELLED:
            self._block(timeout)
        elif self._callbacks:
            is_done(hash(self))

        outcome = self._outcome or self._get_outcome()
        if outcome[1] is not None:
            look_at_error(hash(self))
        return outcome

    def _get_outcome(self):
        """Returns the result and the exception of a future that is done, or raises CancelledError."""
        if self.cancelled():
            raise CancelledError()
        return self._outcome or vars(self).setdefault('_outcome', self._read_outcome())

    def _read_outcome(self):
        """Translates the outcome of a call that was not made in this process, or not by Python."""
        try:
            unused, value = self.get_value()
        except GLib.Error as error:
            return None, exception_of(error, False)
        except TypeError:
            # So PyGObject takes a GValue without a type: there is no result.
            return None, None
        return from_variant(value) if isinstance(value, GLib.Variant) else value, None

    def _block(self, timeout):
        """Blocks until the future is done.

        In a worker of its pool, a call that has not begun is made here and now if it can be waited for however long it
        takes; otherwise another worker takes the place of this one.
        """
        workers = here.workers
        if workers is None:
            block(lambda usec: wait_for(hash(self), usec, None, None), timeout)
            return

        if timeout is None and self._workers is workers:
            workers.make_call_within_call(self)
        if not is_done(hash(self)):
            with workers.waiting():
                block(lambda usec: wait_for(hash(self), usec, None, None), timeout)

    # What asyncio (since Python 3.14), and concurrent.futures' own wait() and as_completed() look at.

    def _get_snapshot(self):
        state = get_state(hash(self))
        return state >= CANCELLED, state == CANCELLED, *(self._get_outcome() if state == FINISHED else (None, None))

    @property
    def _state(self):
        state = get_state(hash(self))
        if state < CANCELLED or not self._get_notifier().has_told:
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
                self.add_done_callback(notifier.tell, context=None)
        return notifier


def _logging_errors(fn):
    """Returns a function that asyncio may call, which does not know what it is part of."""
    def call(future, *user_data):
        try:
            fn(future, *user_data)
        except Exception:
            callbacks.complain(future)

    return call


def _get_asyncio_loop():
    """Returns the loop of asyncio that runs in this thread, if any."""
    asyncio = sys.modules.get('asyncio')
    try:
        return asyncio.get_running_loop() if asyncio is not None else None
    except RuntimeError:
        return None


def _is_part_of_asyncio(fn):
    """Tells whether it is a callback of asyncio.wrap_future(), which finds its way to its loop by itself."""
    return getattr(fn, '__module__', None) == 'asyncio.futures'


class Notifier:
    """Tells those who wait by concurrent.futures' own wait() or as_completed() that a future is done."""

    def __init__(self):
        self.lock = threading.RLock()
        self.waiters = []
        self.has_told = False

    def tell(self, future):
        with self.lock:
            self.has_told = True
            for waiter in self.waiters:
                if future.cancelled():
                    waiter.add_cancelled(future)
                elif future._get_outcome()[1] is not None:
                    waiter.add_exception(future)
                else:
                    waiter.add_result(future)


def current_future():
    """Returns the future of the call that this thread makes, or None if it makes none.

    A function that was submitted uses it to report its progress, and to see by its cancellable whether its result is
    still wanted:

        futures.current_future().report_progress(0.5, 'halfway')
    """
    worker = sys.modules.get('cfutures_worker')
    return here.future if worker is None else worker.current_call()
