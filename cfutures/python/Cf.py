# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Python sees of CFutures: the names and the manners of `concurrent.futures`, on the objects of the C library.

    from gi.repository import Cf as futures

A future is a `CfFuture`, and its state is the C library's alone: whether it can still be cancelled, who waits for it,
which callbacks are due and where. The outcome of a Python function stays in Python, as an attribute of the future:
nothing is copied, and the garbage collector sees through it. Every executor takes Python functions as a `CfLocalFunc`.
The thread pool has a shorter way:

    submit():  future → [queue of the pool's _Workers] → _serve(): a call that a thread of the pool is in for as long
                                                         as there is work; it runs one future after the other
    result():  done? — no → cf_future_wait(): spins, then sleeps, without the interpreter lock

A worker that finds the queue empty waits for a future of its own, its *summons*, which submit() settles. To the C pool
a thread that waits is one that does not work, so native calls of the same pool get their turn meanwhile.

The way is shorter because of the interpreter lock. PyGObject lets go of it around each C function. If another thread
wants it that costs 32 µs, otherwise 0.2 µs. So the few functions that every call goes through and that return at once
are called by ctypes, with the lock held, for 0.2 µs in any case. What was measured, in µs a call, with Python 3.11 on
two processors (tests/benchmarks/bench-python.py measures it again):

                                                       20,000 submitted, then read      one after the other
    concurrent.futures                                            7.0 – 9.0                       25
    each call a CfLocalFunc of its own                             28                           23 – 27
    a queue, and workers that serve it                            3.5 – 4.3                       13

The process pool is the C library's, with the Python workers that come with it. It sends them pickled calls, by a
function that they have for this, and reads pickled outcomes.
"""

import atexit
import collections
import concurrent.futures
import concurrent.futures.thread
import contextlib
import ctypes
import functools
import itertools
import logging
import math
import os
import pickle
import sys
import threading
import time
import weakref
from concurrent.futures import (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, BrokenExecutor, CancelledError,
                                InvalidStateError)
from concurrent.futures.process import BrokenProcessPool
from concurrent.futures.thread import BrokenThreadPool

from gi.repository import GLib

from ..module import get_introspection_module
from ..overrides import override

Cf = get_introspection_module('Cf')

__all__ = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION', 'BrokenExecutor',
           'BrokenProcessPool', 'BrokenThreadPool', 'CancelledError', 'DoneAndNotDoneFutures', 'InvalidStateError',
           'TimeoutError', 'as_completed', 'wait']

# Python's own, by a name that the namespace can be given.
TimeoutError = TimeoutError

# Where concurrent.futures complains.
_logger = logging.getLogger('concurrent.futures')

_STATES = ('PENDING', 'RUNNING', 'CANCELLED', 'FINISHED')
PENDING, RUNNING, CANCELLED, FINISHED = range(4)

# Python handles a signal when a function of C returns: so often the main thread does, while it waits.
_SIGNAL_INTERVAL = 0.05

# How deep a worker makes calls within calls, of the thousand frames that Python allows for.
_MAX_DEPTH = 40


# C functions that are called with the interpreter lock held, and those that block, without it. They take a future by
# its address, which is its hash.

_locked = ctypes.PyDLL('libcfutures-1.so.0')
_unlocked = ctypes.CDLL('libcfutures-1.so.0')
_Address = ctypes.c_void_p
_DoneCallback = ctypes.PYFUNCTYPE(None, _Address, ctypes.c_size_t)


def _declare(name, result, *arguments, library=_locked):
    function = library[name]
    function.restype = result
    function.argtypes = arguments
    return function


_get_state = _declare('cf_future_get_state', ctypes.c_int, _Address)
_look = _declare('cf_future_wait', ctypes.c_int, _Address, ctypes.c_int64, _Address, _Address)
_wait = _declare('cf_future_wait', ctypes.c_int, _Address, ctypes.c_int64, _Address, _Address, library=_unlocked)
_wait_for_set = _declare('cf_wait', ctypes.c_int, ctypes.POINTER(_Address), ctypes.c_size_t, ctypes.c_int,
                         ctypes.c_int64, _Address, _Address, _Address, _Address, library=_unlocked)
_claim = _declare('cf_future_set_running_or_notify_cancel', ctypes.c_int, _Address)
_settle = _declare('cf_future_set_variant', ctypes.c_int, _Address, _Address, _Address)
_settle_with_error = _declare('cf_future_set_error', ctypes.c_int, _Address, _Address, _Address)
_look_at_error = _declare('cf_future_get_error', _Address, _Address)
_observe = _declare('cf_future_add_done_callback_full', None,
                    _Address, _Address, _DoneCallback, ctypes.c_size_t, _Address)
_get_idle_timeout = _declare('cf_thread_pool_executor_get_idle_timeout', ctypes.c_int64, _Address)
_quark = _declare('g_quark_from_string', ctypes.c_uint32, ctypes.c_char_p)
_new_error = _declare('g_error_new_literal', _Address, ctypes.c_uint32, ctypes.c_int, ctypes.c_char_p)
_free_error = _declare('g_error_free', None, _Address)


def _is_done(address):
    """Tells whether a future is done; if so, its callbacks that are due in this thread's own context run."""
    return _look(address, 0, None, None)


_PYTHON_EXCEPTION = _quark(b'python-exception')


def _fail(address, exception):
    """Settles a future as failed. C sees a GLib.Error as it is, and other exceptions by their name and text."""
    if isinstance(exception, GLib.Error):
        domain, code, message = _quark(exception.domain.encode()), exception.code, exception.message
    else:
        domain, code, message = _PYTHON_EXCEPTION, 0, _describe(exception)

    error = _new_error(domain, code, message.encode(errors='backslashreplace'))
    _settle_with_error(address, error, None)
    _free_error(error)


def _describe(exception):
    name = type(exception).__name__
    try:
        text = str(exception)
    except Exception:
        return name
    return f'{name}: {text}' if text else name


def _exception_of(error, is_of_process):
    """Returns what concurrent.futures raises in the place of a GLib.Error, or that itself."""
    if error.domain == GLib.quark_to_string(Cf.error_quark()):
        if error.code == Cf.Error.TIMED_OUT:
            return TimeoutError(error.message)
        if error.code == Cf.Error.SHUT_DOWN:
            return RuntimeError(error.message)
        if error.code == Cf.Error.BROKEN_EXECUTOR:
            return (BrokenProcessPool if is_of_process else BrokenExecutor)(error.message)
        if error.code == Cf.Error.WORKER_DIED:
            return BrokenProcessPool(error.message)
    return error


# Waiting.

class _Here(threading.local):
    """What a thread is, if it belongs to a pool."""

    workers = None      # the _Workers that it is one of
    service = None      # the future of its call of _serve()
    depth = 0           # of the calls that it makes within calls


_here = _Here()


def _countdown(timeout):
    """Returns a function that tells how many of the seconds are left: None if there is no limit."""
    if timeout is None:
        return lambda: None

    end = time.monotonic() + timeout
    return lambda: end - time.monotonic()


def _block(wait_usec, timeout, interval=_SIGNAL_INTERVAL):
    """Calls a function of C until it returns that the wait is over, or raises TimeoutError.

    Now and then it comes back to Python, so that Ctrl-C ends the wait. It gets to its first wait quickly: whoever else
    runs Python needs the interpreter lock, and if it has to sleep for that as well the round trip takes 50 µs, not 13.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        if wait_usec(math.ceil(max(0, min(left, interval)) * 1e6)):
            return
        # Not a number is not more either.
        if not left > interval:
            raise TimeoutError()


# Futures.

def _make_call(future, function, args, kwargs):
    """Calls a function in the place of a future that runs, and settles that."""
    try:
        outcome = function(*args, **kwargs), None
    except BaseException as exception:
        outcome = None, exception
    future._finish(outcome)
    # The traceback of an exception holds on to this frame and its callers, and the future to the exception.
    del future, function, args, kwargs, outcome


class _Final:
    """A base of classes whose GType is final: a class derived from them in Python is one in Python only."""

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        cls.__gtype__ = cls.__gtype__


@override
class Future(_Final, Cf.Future, concurrent.futures.Future):
    """The result of a call that may not have been made yet, or a promise if it was made by hand.

    One that a pool of threads is to make has the attribute `_workers`, and until it begins `_call` (function, args,
    kwargs): whoever takes that away is the one to make the call. All have an `_outcome` (result, exception) once it is
    known to Python.
    """

    _workers = None
    _outcome = None
    _is_pickled = False         # comes from a worker process
    _has_callbacks = False      # ones that belong to a main context

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if cls.__hash__ is not Future.__hash__:
            raise TypeError('A class of futures cannot have a hash of its own: it is the address in C')

    def __repr__(self):
        state = _get_state(hash(self))
        text = f'<{type(self).__name__} at {id(self):#x} state={_STATES[state].lower()}'
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
        is_cancelled = super().cancel()
        if is_cancelled:
            vars(self).pop('_call', None)
        return is_cancelled

    def cancelled(self):
        """Tells whether the call was cancelled."""
        return _get_state(hash(self)) == CANCELLED

    def running(self):
        """Tells whether the call has begun and has not ended."""
        return _get_state(hash(self)) == RUNNING

    def done(self):
        """Tells whether the call has ended or was cancelled."""
        return _get_state(hash(self)) >= CANCELLED

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
        if context is None or _is_part_of_asyncio(fn):
            super().add_done_callback_full(None, _logging(fn), *user_data)
        elif loop is not None:
            fn = functools.partial(loop.call_soon_threadsafe, _logging(fn))
            super().add_done_callback_full(None, _logging(fn), *user_data)
        else:
            self._has_callbacks = True
            if self._workers is not None:
                fn = self._workers.observe(self, fn)
            if context is ...:
                super().add_done_callback(_logging(fn), *user_data)
            else:
                super().add_done_callback_full(context, _logging(fn), *user_data)

    def set_running_or_notify_cancel(self):
        """Says that the work behind a promise begins; returns False if that was cancelled and should not be done."""
        state = self._begin()
        if state in (RUNNING, FINISHED):
            _logger.critical('Future %s in unexpected state: %s', id(self), _STATES[state])
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
            raise InvalidStateError(f'{_STATES[_get_state(hash(self))]}: {self!r}')

    def _begin(self):
        """Makes a promise run if it is pending; returns the state that it was in."""
        with _beginning:
            state = _get_state(hash(self))
            if state == PENDING:
                vars(self).pop('_call', None)
                if not _claim(hash(self)):
                    return CANCELLED
            return state

    def _run(self):
        """Makes the call that is in the queue of a pool, unless somebody else does."""
        call = vars(self).pop('_call', None)
        if call is not None and _claim(hash(self)):
            _make_call(self, *call)
        del self, call

    def _finish(self, outcome):
        """Settles a future that runs; returns whether nobody else did."""
        if vars(self).setdefault('_outcome', outcome) is not outcome:
            return False

        if outcome[1] is None:
            _settle(hash(self), None, None)
        else:
            _fail(hash(self), outcome[1])
        return True

    def _wait_for_outcome(self, timeout):
        if _get_state(hash(self)) < CANCELLED:
            self._block(timeout)
        elif self._has_callbacks:
            _is_done(hash(self))

        outcome = self._outcome or self._get_outcome()
        if outcome[1] is not None:
            _look_at_error(hash(self))
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
            return None, _exception_of(error, self._is_pickled)
        except TypeError:
            # So PyGObject takes a GValue without a type: there is no result.
            return None, None
        if self._is_pickled:
            return _unpickle(value.get_data_as_bytes().get_data())
        return value.unpack() if isinstance(value, GLib.Variant) else value, None

    def _block(self, timeout):
        """Blocks until the future is done.

        In a worker of its pool, a call that has not begun is made here and now if it can be waited for however long it
        takes; otherwise another worker takes the place of this one.
        """
        workers = _here.workers
        if workers is None:
            _block(lambda usec: _wait(hash(self), usec, None, None), timeout)
            return

        if timeout is None and self._workers is workers and _here.depth < _MAX_DEPTH:
            _here.depth += 1
            try:
                self._run()
            finally:
                _here.depth -= 1

        if not _is_done(hash(self)):
            with workers.waiting():
                _block(lambda usec: _wait(hash(self), usec, None, None), timeout)

    # What asyncio (since Python 3.14), and concurrent.futures' own wait() and as_completed() look at.

    def _get_snapshot(self):
        state = _get_state(hash(self))
        return state >= CANCELLED, state == CANCELLED, *(self._get_outcome() if state == FINISHED else (None, None))

    @property
    def _state(self):
        state = _get_state(hash(self))
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
            made = _Notifier()
            notifier = vars(self).setdefault('_notifier', made)
            if notifier is made:
                self.add_done_callback(notifier.tell, context=None)
        return notifier


# C takes it amiss if a future is claimed that is not pending.
_beginning = threading.RLock()


def _logging(fn):
    """Returns a callback for C that calls a function and logs what that raises."""
    def call(future, *user_data):
        try:
            fn(future, *user_data)
        except BaseException as exception:
            # sys.exit() in a callback ends the program, as with all of GLib, but not from any thread.
            if not isinstance(exception, Exception) and threading.current_thread() is threading.main_thread():
                raise
            _logger.exception('exception calling callback for %r', future)

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


class _Notifier:
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


# Sets of futures.

DoneAndNotDoneFutures = collections.namedtuple('DoneAndNotDoneFutures', 'done not_done')


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    """Waits for futures, at most so many seconds.

    Returns two sets, `done` and `not_done`. `return_when` says what to wait for: all of them, with FIRST_COMPLETED
    one of them, with FIRST_EXCEPTION one that has failed, or all.
    """
    futures = set(fs)
    if _has_foreign(futures):
        originals = {_mirror(future): future for future in futures}
        sets = wait(originals, timeout, return_when)
        return DoneAndNotDoneFutures(*({originals[mirror] for mirror in mirrors} for mirrors in sets))

    with contextlib.suppress(TimeoutError):
        if return_when in (ALL_COMPLETED, Cf.ReturnWhen.ALL_COMPLETED):
            _wait_for_all(futures, timeout)
        elif return_when in (FIRST_COMPLETED, Cf.ReturnWhen.FIRST_COMPLETED):
            _wait_for_first(futures, timeout)
        elif return_when in (FIRST_EXCEPTION, Cf.ReturnWhen.FIRST_EXCEPTION):
            _wait_for_failed(futures, timeout)
        else:
            raise ValueError(f'Invalid return condition: {return_when!r}')

    done = {future for future in futures if future.done()}
    return DoneAndNotDoneFutures(done, futures - done)


_AnyFuture = concurrent.futures.Future


def _has_foreign(futures):
    """Tells whether there are futures of concurrent.futures' own, which to C are none."""
    types = set(map(type, futures))
    for kind in types:
        if not issubclass(kind, _AnyFuture):
            raise TypeError(f'{kind.__name__!r} object is not a future')
    return not all(issubclass(kind, Future) for kind in types)


def _mirror(future):
    """Returns a future that is done when one of concurrent.futures' own is, for C to wait for."""
    if isinstance(future, Future):
        return future

    mirror = Future()

    def settle(future):
        if future.cancelled():
            mirror.cancel()
        else:
            mirror.set_exception(future.exception())
            # Seen, lest it be logged: it is the other one's to be looked at.
            mirror.exception()

    future.add_done_callback(settle)
    return mirror


def _wait_for_all(futures, timeout):
    remaining = _countdown(timeout)
    for future in futures:
        if not _is_done(hash(future)):
            future._block(remaining())


def _wait_for_first(futures, timeout):
    # To begin a wait takes time in proportion to the number of futures.
    interval = _SIGNAL_INTERVAL + len(futures) * 20e-6
    addresses = (_Address * len(futures))(*map(hash, futures))
    workers = _here.workers
    with workers.waiting() if workers is not None else contextlib.nullcontext():
        _block(lambda usec: _wait_for_set(addresses, len(addresses), Cf.ReturnWhen.FIRST_COMPLETED, usec,
                                          None, None, None, None), timeout, interval)


def _wait_for_failed(futures, timeout):
    # To C, what comes pickled from another process is a result in any case.
    for future in as_completed(futures, timeout):
        if not future.cancelled() and future._get_outcome()[1] is not None:
            return


class _Completions:
    """Hears of futures that are done, in the order in which they are. It knows them by their addresses."""

    _all = {}
    _keys = itertools.count(1)

    def __init__(self):
        self._key = next(self._keys)
        self._done = collections.deque()
        self._foreign = {}                      # whose calls may be due in this thread's own main context
        self._summons = None                    # what the thread waits for that takes them out
        self._all[self._key] = self

    def add(self, future):
        if future._workers is None:
            self._foreign[hash(future)] = True
        _observe(hash(future), None, _tell_completions, self._key, None)

    def take(self, timeout):
        """Waits for the next future and returns its address."""
        while not self._done and self._foreign:
            # To wait for such a call, however briefly, is to make it.
            address = next(iter(self._foreign))
            del self._foreign[address]
            _wait(address, 1, None, None)

        while not self._done:
            summons = self._summons = Future()
            if self._done:
                break
            summons._block(timeout)

        # Whoever gets the future may drop it: its address is used no more.
        address = self._done.popleft()
        self._foreign.pop(address, None)
        return address

    def close(self):
        del self._all[self._key]

    @classmethod
    def tell(cls, address, key):
        self = cls._all.get(key)
        if self is None:
            return
        self._done.append(address)
        summons, self._summons = self._summons, None
        if summons is not None:
            _settle(hash(summons), None, None)


_tell_completions = _DoneCallback(_Completions.tell)


def as_completed(fs, timeout=None):
    """Iterates over futures in the order in which they are done, each once.

    Raises TimeoutError if that takes longer than so many seconds in all.
    """
    remaining = _countdown(timeout)
    fs = dict.fromkeys(fs)
    if _has_foreign(fs):
        originals = {_mirror(future): future for future in fs}
        del fs
        for mirror in as_completed(list(originals), timeout):
            yield originals.pop(mirror)
        return

    futures = {hash(future): future for future in fs}
    del fs
    n_futures = len(futures)
    completions = _Completions()
    try:
        for address in list(futures):
            completions.add(futures[address])
        while futures:
            try:
                address = completions.take(remaining())
            except TimeoutError:
                raise TimeoutError(f'{len(futures)} (of {n_futures}) futures unfinished') from None
            _is_done(address)
            yield futures.pop(address)
    finally:
        completions.close()


# Executors.

@override
class Executor(Cf.Executor, concurrent.futures.Executor):
    """What all executors have in common.

    An executor of one's own overrides submit(), as with concurrent.futures, or do_execute(future), which sees to it
    that future.run() is called somewhere, some time.
    """

    def submit(self, fn, /, *args, **kwargs):
        """Has fn(*args, **kwargs) called, and returns its future."""
        if self.is_shut_down():
            raise RuntimeError('cannot schedule new futures after shutdown')
        return self.submit_local(_make_local_call, fn, args, kwargs)

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Calls a function for each item, or each tuple of items, and iterates over the results, in their order.

        The calls are submitted at once; with a buffersize only so many, and one more for each result that is taken.
        The iterator raises what a call has raised, and TimeoutError if a result is not there so many seconds after
        map() was called. A chunksize is for pools of processes.
        """
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError('buffersize must be an integer or None')
        if buffersize is not None and buffersize < 1:
            raise ValueError('buffersize must be None or > 0')

        remaining = _countdown(timeout)
        items = zip(*iterables)
        futures = collections.deque(self.submit(fn, *args) for args in itertools.islice(items, buffersize))
        # An iterator that is kept does not keep a pool that is dropped.
        executor = weakref.ref(self)

        def submit_next():
            if (pool := executor()) is not None:
                futures.extend(pool.submit(fn, *args) for args in itertools.islice(items, 1))

        def result_iterator():
            try:
                while futures:
                    if buffersize is not None:
                        submit_next()
                    yield _result_or_cancel(futures.popleft(), remaining())
            finally:
                for future in futures:
                    future.cancel()

        return result_iterator()

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more calls; waits for those submitted, or cancels those that have not begun."""
        super().shutdown(wait, cancel_futures)


def _make_local_call(future, function, args, kwargs):
    """Makes a call for an executor of C, which is content with what it finds settled."""
    _make_call(future, function, args, kwargs)
    return True, None


def _result_or_cancel(future, timeout):
    try:
        return future.result(timeout)
    finally:
        future.cancel()
        del future


class _Workers:
    """The threads of a pool that make its Python calls, and the queue of those.

    Any thread may append to the queue or take from it, and look at `_n_active`; all else is done under the lock. A
    worker is *active* unless it waits, for its summons or for a future. No wake-up is lost: a submitter appends, then
    looks whether there is room for one more active worker; a worker counts itself out, then looks at the queue.
    """

    _all = weakref.WeakSet()
    _refusal = None         # what submit() raises

    def __init__(self, executor, thread_name_prefix, initializer=None, initargs=()):
        self._executor = weakref.ref(executor)
        self._max_active = executor.get_max_workers()
        self._thread_name_prefix = thread_name_prefix
        self._initializer = initializer
        self._initargs = initargs
        self._queue = collections.deque()
        self._lock = threading.RLock()      # the garbage collector may close a pool anywhere
        self._n_active = 0
        self._n_started = 0
        self._summons = []          # of those who wait for work; whoever came last is the first to go
        self._services = []         # the futures of the threads' calls of _serve()
        self._observed = {}         # the futures with callbacks that a main context is to call, in their order
        self._is_closed = False
        self._is_broken = False
        self._all.add(self)
        weakref.finalize(executor, self.close).atexit = False

    # For the executor.

    def submit(self, future):
        """Has the call of a future made."""
        if self._refusal is not None:
            raise type(self._refusal)(*self._refusal.args)

        self._queue.append(future)
        if self._n_active < self._max_active:
            self._rouse()

    def close(self, reason='cannot schedule new futures after shutdown'):
        """Lets the workers go home when the queue is empty."""
        with self._lock:
            self._is_closed = True
            self._refusal = self._refusal or RuntimeError(reason)
            self._summon_all()

    def cancel_queue(self):
        for future in self._take_all():
            future.cancel()

    def join(self):
        """Waits until all workers have gone home, but for this one."""
        for service in self._services:
            if service != _here.service:
                service._block(None)

    def observe(self, future, fn):
        """Remembers that a future has a callback until that is called; returns what to call in its place."""
        def call(future, *user_data):
            self._observed.pop(future, None)
            fn(future, *user_data)

        self._observed[future] = True
        return call

    def deliver(self):
        """Runs the callbacks of the pool's futures that are due in this thread's own context."""
        for future in list(self._observed):
            _is_done(hash(future))

    @classmethod
    def close_all(cls):
        """Waits for all that was ever submitted: what becomes of it when the interpreter is gone is nobody's wish."""
        reason = 'cannot schedule new futures after interpreter shutdown'
        cls._refusal = RuntimeError(reason)
        everybody = list(cls._all)
        for workers in everybody:
            workers.close(reason)
        for workers in everybody:
            workers.join()

    # For workers.

    @contextlib.contextmanager
    def waiting(self):
        """Lets another worker take the place of this one, which is about to wait."""
        with self._lock:
            self._n_active -= 1
        self._rouse()
        try:
            yield
        finally:
            with self._lock:
                self._n_active += 1

    def _take_all(self):
        with contextlib.suppress(IndexError):
            while True:
                yield self._queue.popleft()

    def _rouse(self):
        """Makes one more worker active, if there is something to do and room for it."""
        if self._is_broken:
            self._fail_queue()
            return

        with self._lock:
            if not self._queue or self._n_active >= self._max_active:
                return
            self._n_active += 1
            if self._summons:
                _settle(hash(self._summons.pop()), None, None)
            else:
                self._start()

    def _start(self):
        """Starts a worker that is counted already. With the lock held."""
        executor = self._executor()
        name = f'{self._thread_name_prefix}_{self._n_started}'
        service = executor.submit_local(self._serve, name) if executor is not None else None
        if service is None or (service.done() and service.exception() is not None):
            self._n_active -= 1
            if service is not None and self._n_active == 0:
                self._break(f'No thread could be started: {service.exception()}')
            return

        self._n_started += 1
        self._services = [other for other in self._services if not other.done()] + [service]

    def _summon_all(self):
        """With the lock held."""
        self._n_active += len(self._summons)
        while self._summons:
            _settle(hash(self._summons.pop()), None, None)

    def _serve(self, service, name):
        """What a thread of the pool does."""
        threading.current_thread().name = name
        _here.workers = self
        _here.service = service
        if self._initialize():
            self._serve_queue()
            while self._wait_for_work():
                self._serve_queue()
        return True, None

    def _initialize(self):
        if self._initializer is None:
            return True
        try:
            self._initializer(*self._initargs)
            return True
        except BaseException:
            _logger.critical('Exception in initializer:', exc_info=True)

        with self._lock:
            self._n_active -= 1
            self._break('A thread initializer failed, the thread pool is not usable anymore')
        return False

    def _break(self, reason):
        """Sends everybody home. With the lock held."""
        self._is_broken = True
        self._refusal = BrokenThreadPool(reason)
        self._summon_all()
        self._fail_queue()

    def _fail_queue(self):
        for future in self._take_all():
            with contextlib.suppress(InvalidStateError):
                future.set_exception(BrokenThreadPool(*self._refusal.args))

    def _serve_queue(self):
        """Makes calls until there are none, or another worker is to make them."""
        take = self._queue.popleft
        while self._n_active <= self._max_active:
            try:
                future = take()
            except IndexError:
                return
            future._run()
            del future

    def _wait_for_work(self):
        """Waits until there are calls to be made; returns False if the worker is to go home."""
        summons = Future()
        with self._lock:
            self._n_active -= 1
            if self._queue and self._n_active < self._max_active:
                self._n_active += 1
                return True
            if self._is_broken or (self._is_closed and not self._queue):
                # Those who had to wait because too many were active have no more work either.
                self._summon_all()
                return False
            self._summons.append(summons)

        return self._wait_for(summons)

    def _wait_for(self, summons):
        """Returns False if the pool's idle timeout is over before somebody needs this worker."""
        executor = self._executor()
        timeout = _get_idle_timeout(hash(executor)) if executor is not None else -1
        del executor
        if _wait(hash(summons), timeout, None, None):
            return True

        with self._lock:
            if summons not in self._summons:
                return True
            self._summons.remove(summons)
            return False


atexit.register(_Workers.close_all)
os.register_at_fork(after_in_child=_Workers._all.clear)


@override
class ThreadPoolExecutor(_Final, Cf.ThreadPoolExecutor, concurrent.futures.ThreadPoolExecutor):
    """An executor that makes calls in a pool of threads.

    A call may wait for other calls of its own pool, and does not lock up.
    """

    _counter = itertools.count()

    def __init__(self, max_workers=None, thread_name_prefix='', initializer=None, initargs=()):
        """Makes a pool of at most so many threads, by default four more than there are processors, up to 32.

        Each thread calls initializer(*initargs) first. If that raises, the pool is broken, and raises
        BrokenThreadPool.
        """
        if max_workers is not None and max_workers <= 0:
            raise ValueError('max_workers must be greater than 0')
        if initializer is not None and not callable(initializer):
            raise TypeError('initializer must be a callable')

        prefix = thread_name_prefix or f'ThreadPoolExecutor-{next(self._counter)}'
        Cf.ThreadPoolExecutor.__init__(self, max_workers=min(max_workers or 0, _MAX_WORKERS), thread_name_prefix=prefix)
        self._workers = _Workers(self, prefix, initializer, initargs)

    def submit(self, fn, /, *args, **kwargs):
        """Has fn(*args, **kwargs) called by a thread of the pool, and returns its future."""
        try:
            workers = self._workers
        except AttributeError:
            workers = self._get_workers()
        future = Future()
        future._workers = workers
        future._call = (fn, args, kwargs)
        workers.submit(future)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more calls; waits for those submitted, or cancels those that have not begun."""
        workers = self._get_workers()
        workers.close()
        if cancel_futures:
            workers.cancel_queue()
        if wait:
            workers.join()
        Cf.Executor.shutdown(self, wait and _here.workers is not workers, cancel_futures)
        if wait:
            workers.deliver()

    def shutdown_async(self, cancel_futures, cancellable=None, callback=None, *user_data):
        """Takes no more calls, and has a callback called on the main loop when those submitted have ended."""
        workers = self._get_workers()
        workers.close()
        if cancel_futures:
            workers.cancel_queue()
        super().shutdown_async(cancel_futures, cancellable, callback, *user_data)

    def _get_workers(self):
        """Returns the workers, which a pool lacks that was made by C, or by new()."""
        if '_workers' not in vars(self):
            vars(self).setdefault('_workers', _Workers(self, self.get_thread_name_prefix()))
        return self._workers


# The most that a pool of C can have.
_MAX_WORKERS = 32767


class RemoteTraceback(Exception):
    """What an exception that comes from another process has as its cause: the traceback there, as text."""

    def __str__(self):
        return f'\n"""\n{self.args[0]}"""'


def _unpickle(pickled):
    """Reads what a worker says has become of a call."""
    try:
        has_succeeded, outcome = pickle.loads(pickled)
    except BaseException as exception:
        failure = BrokenProcessPool('What a worker has sent cannot be read')
        failure.__cause__ = exception
        return None, failure
    if has_succeeded:
        return outcome, None

    exception, text = outcome
    exception.__cause__ = RemoteTraceback(text)
    return None, exception


def _call_each(function, calls):
    """What a worker makes of a chunk."""
    return [function(*args) for args in calls]


def _items_of(chunks):
    """Iterates over what is in lists, and keeps none of it."""
    for chunk in chunks:
        chunk.reverse()
        while chunk:
            yield chunk.pop()


def _to_bytes_variant(data):
    return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(data), True)


@override
class ProcessPoolExecutor(_Final, Cf.ProcessPoolExecutor, concurrent.futures.ProcessPoolExecutor):
    """An executor that makes calls in a pool of Python processes.

    Functions, arguments and results are pickled. A worker imports the program as __main__, so only what is below
    `if __name__ == '__main__':` is the program's alone. If a worker dies only the call that it was making fails, with
    BrokenProcessPool; the pool goes on.
    """

    _pools = weakref.WeakSet()
    _home = None                # the process with pools

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), *, max_tasks_per_child=None):
        """Makes a pool of at most so many processes, by default as many as there are processors to use.

        Each process calls initializer(*initargs) first, and makes at most max_tasks_per_child calls. There is one way
        to start a process, whatever mp_context says.
        """
        if max_workers is not None and max_workers <= 0:
            raise ValueError('max_workers must be greater than 0')
        if initializer is not None and not callable(initializer):
            raise TypeError('initializer must be a callable')
        if max_tasks_per_child is not None and not isinstance(max_tasks_per_child, int):
            raise TypeError('max_tasks_per_child must be an integer')
        if max_tasks_per_child is not None and max_tasks_per_child <= 0:
            raise ValueError('max_tasks_per_child must be >= 1')
        self._stay_at_home()

        Cf.ProcessPoolExecutor.__init__(self, max_workers=min(max_workers or 0, _MAX_WORKERS))
        self.set_worker_kind(Cf.WorkerKind.PYTHON)
        self.set_max_tasks_per_worker(max_tasks_per_child or 0)
        self._prepare_workers(initializer, initargs)
        self._pools.add(self)

    def submit(self, fn, /, *args, **kwargs):
        """Has fn(*args, **kwargs) called by a process of the pool, and returns its future."""
        if self.is_shut_down():
            raise RuntimeError('cannot schedule new futures after shutdown')
        try:
            pickled = pickle.dumps((fn, args, kwargs))
        except Exception as exception:
            future = Future()
            future.set_exception(exception)
            return future

        future = self.submit_name(':pickle', GLib.Variant.new_tuple(_to_bytes_variant(pickled)))
        future._is_pickled = True
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Does as map() of all executors. With a chunksize, so many calls are sent to a process as one."""
        if chunksize < 1:
            raise ValueError('chunksize must be >= 1.')

        calls = zip(*iterables)
        chunks = iter(lambda: list(itertools.islice(calls, chunksize)), [])
        results = super().map(_call_each, itertools.repeat(fn), chunks, timeout=timeout, buffersize=buffersize)
        return _items_of(results)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more calls; waits for those submitted, or cancels those that have not begun."""
        Cf.Executor.shutdown(self, wait, cancel_futures)

    @classmethod
    def _stay_at_home(cls):
        """Raises RuntimeError after a fork: GLib's thread that hears of processes that end has stayed behind."""
        home = ProcessPoolExecutor._home = ProcessPoolExecutor._home or os.getpid()
        if home != os.getpid():
            raise RuntimeError('A process that was forked from one with process pools cannot have any')

    def _prepare_workers(self, initializer, initargs):
        main = sys.modules['__main__']
        # A program that comes by standard input is no file.
        script = os.path.abspath(getattr(main, '__file__', None) or '')
        self.set_initializer_name(':prepare', GLib.Variant.new_tuple(
            GLib.Variant('s', script if os.path.isfile(script) else ''),
            GLib.Variant('s', main.__package__ or ''),
            GLib.Variant('as', [os.path.abspath(path) for path in sys.path]),
            GLib.Variant('as', sys.argv),
            _to_bytes_variant(pickle.dumps((initializer, initargs, {})) if initializer is not None else b''),
        ))

    @classmethod
    def _close_all(cls):
        for pool in list(cls._pools):
            pool.shutdown()


atexit.register(ProcessPoolExecutor._close_all)
os.register_at_fork(after_in_child=ProcessPoolExecutor._pools.clear)
