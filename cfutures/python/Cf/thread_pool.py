# SPDX-License-Identifier: LGPL-2.1-or-later

"""The thread pool: that of the C library, whose threads serve a queue of Python calls."""

import concurrent.futures
import itertools

from gi.module import get_introspection_module

from .callbacks import check_context, set_context_of
from .counts import provide_counts
from .executors import WithCallbackContext, check_arguments, shutdown_flags
from .futures import block_on, new_call
from .internals import Internal, WorkQueue
from .overriding import Final, override
from .properties import in_seconds, with_attributes
from .tasks import call_of, with_local_function
from .waiting import this_thread
from .workers import Workers

Cf = get_introspection_module('Cf')


@with_attributes
@in_seconds('idle_timeout')
@override
class ThreadPoolExecutor(Final, WithCallbackContext, Cf.ThreadPoolExecutor, concurrent.futures.ThreadPoolExecutor):
    """An executor that runs calls in a pool of threads.

    A call may wait for other calls of its pool without a deadlock.
    """

    _counter = itertools.count()
    _max_workers = Internal(Cf.ThreadPoolExecutor.get_max_workers)
    _shutdown = Internal(Cf.Executor.is_shut_down)
    _threads = Internal(lambda self: self._get_workers().list_threads())
    _work_queue = Internal(WorkQueue)

    def __init__(self, max_workers=None, thread_name_prefix='', initializer=None, initargs=(), *, callback_context=...):
        """Creates a pool of at most max_workers threads, by default four more than there are processors, up to 32.

        Each thread first calls initializer(*initargs). If that raises an exception, the pool is broken, and all calls
        fail with BrokenThreadPool.

        The callback_context says where the callbacks of its futures are called, as the context of add_done_callback().
        """
        check_context(callback_context)
        n_workers = check_arguments(max_workers, initializer)

        prefix = thread_name_prefix or f'ThreadPoolExecutor-{next(self._counter)}'
        Cf.ThreadPoolExecutor.__init__(self, max_workers=n_workers, thread_name_prefix=prefix)
        self._callback_context = callback_context
        self._begin(Workers(self, prefix, initializer, initargs))

    def submit(self, fn, /, *args, **kwargs):
        """Submits fn(*args, **kwargs) to a thread of the pool, and returns its future."""
        try:
            workers = self._workers
        except AttributeError:
            workers = self._get_workers()
        future = new_call(workers, fn, args, kwargs)
        if self._callback_context is not ...:
            set_context_of(future, self._callback_context)
        workers.submit(future)
        return future

    def submit_task(self, task):
        """Submits the call of a task to a thread of the pool, and returns its future."""
        function, args = call_of(task)
        workers = self._get_workers()
        workers.choose_stack_size()
        if isinstance(function, str):
            return workers.keep(set_context_of(super().submit_task(task), self._callback_context))
        workers.check_open()
        future = super().submit_task(with_local_function(task, workers.run_local_call, function, args))
        return workers.keep(set_context_of(future, self._callback_context))

    def submit_by_name(self, function, *args):
        """Submits a function of another language by its name, as Executor.submit_by_name() does."""
        workers = self._get_workers()
        workers.choose_stack_size()
        return workers.keep(super().submit_by_name(function, *args))

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Shuts the pool down: waits for its calls, and cancels those that have not begun if that is asked for."""
        if self is Cf.Executor.get_default():
            raise RuntimeError('cannot shut down the default executor')
        workers = self._get_workers()
        workers.close()
        if cancel_futures:
            workers.cancel_queue()
        if wait:
            workers.join()
        Cf.Executor.shutdown(self, shutdown_flags(wait and this_thread.workers is not workers, cancel_futures))
        if cancel_futures:
            workers.subtract_cancelled()
        if wait:
            workers.deliver()

    def shutdown_async(self, flags, cancellable=None, callback=None, *user_data):
        """Shuts the pool down, and calls a callback on the main loop when its calls have ended."""
        if self is Cf.Executor.get_default():
            super().shutdown_async(flags, cancellable, callback, *user_data)     # refuses
            return
        workers = self._get_workers()
        cancel_futures = bool(flags & Cf.ShutdownFlags.CANCEL_PENDING)
        workers.close()
        if cancel_futures:
            workers.cancel_queue()
        super().shutdown_async(flags, cancellable, callback, *user_data)
        if cancel_futures:
            workers.subtract_cancelled()

    def describe(self):
        """Returns a dictionary that tells who runs which call, for how long, and what waits. For people who debug."""
        return self._get_workers().describe(super().describe())

    def drain(self, cancellable=None):
        """Waits until all calls that were submitted so far are over, and returns True; the pool takes further ones.

        Raises RuntimeError in a call of the pool, and what a Gio.Cancellable raises if that is cancelled meanwhile.
        """
        workers = self._get_workers()
        if this_thread.workers is workers:
            raise RuntimeError('a call cannot wait until its own pool is drained')
        futures = workers.list_unfinished()
        super().drain(cancellable)
        for future in futures:
            block_on(future, None, cancellable)
        workers.deliver()
        return True

    def drain_async(self, cancellable=None, callback=None, *user_data):
        """Has a callback called on the main loop when all calls that were submitted so far are over."""
        futures = self._get_workers().list_unfinished()
        drain_native_calls = super().drain_async

        def wait_for_next(pool, result):
            while futures:
                if futures[-1].done():
                    futures.pop()
                elif cancellable is not None and cancellable.is_cancelled():
                    drain_native_calls(cancellable, callback, *user_data)     # fails at once
                    return
                else:
                    futures[-1].wait_async(None, cancellable, lambda *_: wait_for_next(pool, result))
                    return
            if callback is not None:
                callback(pool, result, *user_data)

        drain_native_calls(cancellable, wait_for_next)

    def _get_workers(self):
        """Returns the workers. A pool that was created by C, or by new(), gets them this_thread."""
        if '_workers' not in vars(self):
            self._begin(Workers(self, self.get_thread_name_prefix()))
        return self._workers

    def _begin(self, workers):
        """Sets the workers of the pool, unless it has some."""
        if vars(self).setdefault('_workers', workers) is workers:
            provide_counts(self, workers.counts)
