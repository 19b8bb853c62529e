# SPDX-License-Identifier: LGPL-2.1-or-later

"""What all executors have in common: submit(), map() and shutdown(), by the functions of C."""

import collections
import concurrent.futures
import itertools
import weakref

from gi.module import get_introspection_module
from gi.repository import GLib

from .futures import Future, outcome_of
from .overriding import override
from .values import to_arguments
from .waiting import countdown, here

Cf = get_introspection_module('Cf')

# The most that a pool of C can have.
_MAX_WORKERS = 32767


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

    def submit_name(self, function, *args):
        """Has a function of another language called by its name, such as 'libfoo.so:count', and returns its future.

        What becomes of the arguments and of the result is in the documentation, under “Values across languages”.
        One argument is passed as it is, several as a tuple, and None alone is none.
        """
        try:
            return super().submit_name(function, to_arguments(args))
        except GLib.Error as error:
            return failed_future(error)

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Calls a function for each item, or each tuple of items, and iterates over the results, in their order.

        The calls are submitted at once; with a buffersize only so many, and one more for each result that is taken.
        The iterator raises what a call has raised, and TimeoutError if a result is not there so many seconds after
        map() was called. A chunksize is for pools of processes.
        """
        return _map(self, lambda executor, args: executor.submit(fn, *args), iterables, timeout, buffersize)

    def map_name(self, function, *iterables, timeout=None, buffersize=None):
        """Does as map() with a function that is called by its name, as by submit_name()."""
        return _map(self, lambda executor, args: executor.submit_name(function, *args), iterables, timeout, buffersize)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more calls; waits for those submitted, or cancels those that have not begun."""
        super().shutdown(wait, cancel_futures)


def check_arguments(max_workers, initializer):
    """Checks what all pools take; returns how many workers to tell C, which takes 0 for a number of its own choice."""
    if max_workers is not None and max_workers <= 0:
        raise ValueError('max_workers must be greater than 0')
    if initializer is not None and not callable(initializer):
        raise TypeError('initializer must be a callable')
    return min(max_workers or 0, _MAX_WORKERS)


def failed_future(exception):
    """Returns the future of a call that cannot even be submitted."""
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
    # An iterator that is kept does not keep a pool that is dropped.
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
                future.cancel()

    return result_iterator()


def _make_local_call(future, function, args, kwargs):
    """Makes a call for an executor of C, which is content with what it finds settled."""
    outer, here.future = here.future, future
    try:
        future._finish(outcome_of(function, args, kwargs))
    finally:
        here.future = outer
        del future, outer, function, args, kwargs
    return True, None


def _result_or_cancel(future, timeout):
    try:
        return future.result(timeout)
    finally:
        future.cancel()
        del future
