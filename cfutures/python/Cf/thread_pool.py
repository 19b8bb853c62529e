# SPDX-License-Identifier: LGPL-2.1-or-later

"""The pool of threads: the C library's, whose threads serve a queue of Python calls."""

import concurrent.futures
import itertools

from gi.module import get_introspection_module

from .counts import tell_counts
from .executors import check_arguments
from .futures import Future
from .overriding import Final, override
from .waiting import here
from .workers import Workers

Cf = get_introspection_module('Cf')


@override
class ThreadPoolExecutor(Final, Cf.ThreadPoolExecutor, concurrent.futures.ThreadPoolExecutor):
    """An executor that makes calls in a pool of threads.

    A call may wait for other calls of its own pool, and does not lock up.
    """

    _counter = itertools.count()

    def __init__(self, max_workers=None, thread_name_prefix='', initializer=None, initargs=()):
        """Makes a pool of at most so many threads, by default four more than there are processors, up to 32.

        Each thread calls initializer(*initargs) first. If that raises, the pool is broken, and raises
        BrokenThreadPool.
        """
        n_workers = check_arguments(max_workers, initializer)

        prefix = thread_name_prefix or f'ThreadPoolExecutor-{next(self._counter)}'
        Cf.ThreadPoolExecutor.__init__(self, max_workers=n_workers, thread_name_prefix=prefix)
        self._begin(Workers(self, prefix, initializer, initargs))

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
        Cf.Executor.shutdown(self, wait and here.workers is not workers, cancel_futures)
        if cancel_futures:
            workers.give_up_cancelled()
        if wait:
            workers.deliver()

    def shutdown_async(self, cancel_futures, cancellable=None, callback=None, *user_data):
        """Takes no more calls, and has a callback called on the main loop when those submitted have ended."""
        workers = self._get_workers()
        workers.close()
        if cancel_futures:
            workers.cancel_queue()
        super().shutdown_async(cancel_futures, cancellable, callback, *user_data)
        if cancel_futures:
            workers.give_up_cancelled()

    def _get_workers(self):
        """Returns the workers, which a pool lacks that was made by C, or by new()."""
        if '_workers' not in vars(self):
            self._begin(Workers(self, self.get_thread_name_prefix()))
        return self._workers

    def _begin(self, workers):
        """Gives the pool its workers, unless it has been given some."""
        if vars(self).setdefault('_workers', workers) is workers:
            tell_counts(self, workers.counts)
