# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Python sees of CFutures: the names and the manners of `concurrent.futures`, on the objects of the C library.

    from gi.repository import Cf as futures

A future is a `CfFuture`, and its state is the C library's alone: whether it can still be cancelled, who waits for it,
which callbacks are due and where. The outcome of a Python function stays in Python, as an attribute of the future:
nothing is copied, and the garbage collector sees through it. Every executor takes Python functions as a `CfLocalFunc`.
The thread pool has a shorter way: a queue in Python, and threads that serve it.

What that is worth, in parts of the time that concurrent.futures takes, with Python 3.11 on two processors
(tests/benchmarks/bench-python.py measures it again):

                                               submitted in bulk, then read      one after the other
    each call a CfLocalFunc of its own                     3 – 4                          1
    a queue, and workers that serve it                  0.40 – 0.48                  0.34 – 0.45

The files form floors, each using only those below it:

    thread_pool, process_pool
    workers, executors, sets, remote_futures, tasks
    futures
    callbacks, counts, errors
    waiting
    library, overriding, pickling, values
"""

from concurrent.futures import (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, BrokenExecutor, CancelledError,
                                InvalidStateError)
from concurrent.futures.process import BrokenProcessPool
from concurrent.futures.thread import BrokenThreadPool

from .executors import Executor
from .futures import Future, current_future
from .process_pool import ProcessPoolExecutor
from .sets import DoneAndNotDoneFutures, as_completed, wait
from .tasks import Task
from .thread_pool import ThreadPoolExecutor

__all__ = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION', 'BrokenExecutor', 'BrokenProcessPool',
           'BrokenThreadPool', 'CancelledError', 'DoneAndNotDoneFutures', 'Executor', 'Future', 'InvalidStateError',
           'ProcessPoolExecutor', 'Task', 'ThreadPoolExecutor', 'TimeoutError', 'as_completed', 'current_future',
           'wait']

# Python's own, by a name that the namespace can be given.
TimeoutError = TimeoutError
