# SPDX-License-Identifier: LGPL-2.1-or-later

"""CFutures for Python: the interface of `concurrent.futures`, on the objects of the C library.

    from gi.repository import Cf as futures

A future is a `CfFuture`. The C library owns its state: whether it can be cancelled, the threads that wait for it, its
callbacks. The outcome of a Python function stays in Python, as an attribute of the future: it is not copied, and the
garbage collector sees it. Every executor runs Python functions as a `CfLocalFunc`. The thread pool has a faster way: a
queue in Python, and threads that serve it.

The time of both, relative to concurrent.futures, with Python 3.11 on two processors (tests/benchmarks/bench-python.py
measures it):

                                               submitted in bulk, then read      one after the other
    each call a CfLocalFunc of its own                     3 – 4                          1
    a queue, and workers that serve it                  0.40 – 0.48                  0.34 – 0.45

The files form floors, each using only those below it:

    thread_pool, process_pool
    workers, executors, sets, remote_futures
    tasks, threads
    futures
    callbacks, counts, errors
    waiting
    worker_launcher
    internals, library, overriding, pickling, properties, values
"""

from concurrent.futures import (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, BrokenExecutor, CancelledError,
                                InvalidStateError)
from concurrent.futures.process import BrokenProcessPool
from concurrent.futures.thread import BrokenThreadPool

from .callbacks import set_default_callback_context
from .errors import error_is_cancelled
from .executors import Executor
from .futures import Future, current_future
from .process_pool import ProcessPoolExecutor
from .sets import DoneAndNotDoneFutures, as_completed, wait
from .tasks import Task
from .thread_pool import ThreadPoolExecutor
from .worker_launcher import WorkerLauncher

__all__ = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION', 'BrokenExecutor', 'BrokenProcessPool',
           'BrokenThreadPool', 'CancelledError', 'DoneAndNotDoneFutures', 'Executor', 'Future', 'InvalidStateError',
           'ProcessPoolExecutor', 'Task', 'ThreadPoolExecutor', 'TimeoutError', 'WorkerLauncher', 'as_completed',
           'current_future', 'error_is_cancelled', 'set_default_callback_context', 'wait']

# Python's own, as a name of this module.
TimeoutError = TimeoutError
