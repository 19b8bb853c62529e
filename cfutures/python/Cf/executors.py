# SPDX-License-Identifier: LGPL-2.1-or-later

"""What all executors have in common: submit(), map() and shutdown(), by the functions of C."""

import collections
import concurrent.futures
import ctypes
import itertools
import weakref

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

from .callbacks import set_context_of
from .futures import Future, give_up, run_local_call
from .library import Address, drain_within, read_address, unref_array
from .overriding import Meta, override
from .properties import with_attributes
from .tasks import with_arguments
from .values import to_arguments
from .waiting import block, countdown

Cf = get_introspection_module('Cf')

# The most workers that a pool of C takes.
_MAX_WORKERS = 32767


def shutdown_flags(wait, cancel_futures):
    """Returns the flags of C for the arguments of shutdown()."""
    flags = Cf.ShutdownFlags.DEFAULT
    if wait:
        flags |= Cf.ShutdownFlags.WAIT
    if cancel_futures:
        flags |= Cf.ShutdownFlags.CANCEL_PENDING
    return flags


@with_attributes
@override
class Executor(Cf.Executor, concurrent.futures.Executor, metaclass=Meta):
    """What all executors have in common.

    A subclass overrides submit(), as with concurrent.futures, or do_execute(future), which has to call future.run()
    at some time, in some thread.
    """

    def submit(self, fn, /, *args, **kwargs):
        """Submits fn(*args, **kwargs), and returns its future."""
        if self.is_shut_down():
            raise RuntimeError('cannot schedule new futures after shutdown')
        return self.submit_local(run_local_call, fn, args, kwargs)

    def submit_by_name(self, function, *args):
        """Submits a function of another language by its name, such as 'libfoo.so:count', and returns its future.

        The page “Values across languages” of the manual describes how arguments and results are converted. A single
        argument is passed as it is, several as a tuple, and None alone as no argument.
        """
        try:
            return super().submit_by_name(function, to_arguments(args))
        except GLib.Error as error:
            return failed_future(error)

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Calls a function for each item, or each tuple of items, and iterates over the results, in their order.

        All calls are submitted at once. With a buffersize only that many are, and another for each result that is
        taken. The iterator raises what a call has raised, and TimeoutError if a result is not there within `timeout`
        seconds of the call of map(). Only process pools use the chunksize.
        """
        return _map(self, lambda executor, args: executor.submit(fn, *args), iterables, timeout, buffersize)

    def map_by_name(self, function, *iterables, timeout=None, buffersize=None):
        """Does as map() with the name of a function, as for submit_by_name()."""
        return _map(self, lambda executor, args: executor.submit_by_name(function, *args), iterables, timeout,
                    buffersize)

    def map_task(self, task, *iterables, timeout=None, buffersize=None):
        """Does as map() with the function and the options of a task. The arguments of the task are not used."""
        return _map(self, lambda executor, args: executor.submit_task(with_arguments(task, args)), iterables, timeout,
                    buffersize)

    def map_generator(self, *args):
        """Raises TypeError: map() and its siblings take generators."""
        raise TypeError('map(), map_by_name() and map_task() take generators')

    def submit_async(self, task, *args):
        """Raises TypeError: submit_task() returns a future, which a coroutine awaits and which takes callbacks."""
        raise TypeError('submit_task() returns a future, which has add_done_callback() and can be awaited')

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Shuts the executor down: waits for its calls, and cancels those that have not begun if that is asked for."""
        super().shutdown(shutdown_flags(wait, cancel_futures))

    def describe(self):
        """Returns a dictionary that tells who runs which call, for how long, and what waits. For people who debug.

        Its keys are those of Cf.Executor.describe() of C, which the manual describes.
        """
        return super().describe().unpack()

    def drain(self, cancellable=None):
        """Waits until all calls that were submitted so far are over, and returns True; the executor takes further ones.

        Raises the error of the cancellable if that is cancelled meanwhile.
        """
        if not isinstance(cancellable, (Gio.Cancellable, type(None))):
            raise TypeError('cancellable must be a Gio.Cancellable or None')
        address = read_address(self)
        cancellable_address = read_address(cancellable) if cancellable is not None else None
        unfinished = Address()

        def wait_usec(usec):
            is_over = drain_within(address, ctypes.byref(unfinished), usec, cancellable_address, None)
            return is_over or not unfinished and self._raise_from_drain(cancellable)

        try:
            block(wait_usec, None)
        finally:
            if unfinished:
                unref_array(unfinished)
        return True

    def _raise_from_drain(self, cancellable):
        """Raises what drain() of C says, to which nothing has changed."""
        try:
            return super().drain(cancellable)
        except GLib.Error as error:
            if error.matches(Cf.error_quark(), Cf.Error.INVALID_STATE):
                raise RuntimeError(error.message) from None
            raise


class WithCallbackContext:
    """A base of pools: where the callbacks of their futures are called.

    It is `...` for the default, None for Python's own rule, or a GLib.MainContext.
    """

    _callback_context = ...

    def submit_by_name(self, function, *args):
        """Submits a function of another language by its name, as Executor.submit_by_name() does."""
        return set_context_of(super().submit_by_name(function, *args), self._callback_context)


# There is nothing else to override.
with_attributes(Cf.MainContextExecutor)


def check_arguments(max_workers, initializer):
    """Checks arguments of all pools. Returns the number of workers for C, 0 for the default."""
    if max_workers is not None and max_workers <= 0:
        raise ValueError('max_workers must be greater than 0')
    if initializer is not None and not callable(initializer):
        raise TypeError('initializer must be a callable')
    return min(max_workers or 0, _MAX_WORKERS)


def failed_future(exception):
    """Returns the future of a call that could not be submitted."""
    future = Future()
    future.set_exception(exception)
    return future


def _map(executor, submit, iterables, timeout, buffersize):
    if buffersize is not None and not isinstance(buffersize, int):
        raise TypeError('buffersize must be an integer or None')
    if buffersize is not None and buffersize < 1:
        raise ValueError('buffersize must be None or > 0')

    remaining = countdown(timeout)
    items = zip(*iterables)
    futures = collections.deque(submit(executor, args) for args in itertools.islice(items, buffersize))
    # The iterator does not keep the pool alive.
    executor = weakref.ref(executor)

    def submit_next():
        if (pool := executor()) is not None:
            futures.extend(submit(pool, args) for args in itertools.islice(items, 1))

    def result_iterator():
        try:
            while futures:
                if buffersize is not None:
                    submit_next()
                yield _result_or_cancel(futures.popleft(), remaining())
        finally:
            for future in futures:
                give_up(future)

    return result_iterator()


def _result_or_cancel(future, timeout):
    try:
        return future.result(timeout)
    finally:
        give_up(future)
        del future
