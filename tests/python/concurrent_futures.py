# SPDX-License-Identifier: LGPL-2.1-or-later

"""Puts CFutures in the place of concurrent.futures, for CPython's tests, once it is imported.

Done-callbacks are called by Python's rule. Beyond the public interface there is what the tests write to a future to put
it into a state, and what they read of a pool: its threads, its processes, how many there may be.
"""

import concurrent
import concurrent.futures
import concurrent.futures.process
import concurrent.futures.thread
import functools
import multiprocessing
import os
import sys
import threading
import time
import types
import weakref

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

from gi.overrides.Cf.pickling import RemoteTraceback  # noqa: E402
from gi.overrides.Cf.waiting import this_thread  # noqa: E402

PENDING = 'PENDING'
RUNNING = 'RUNNING'
CANCELLED = 'CANCELLED'
CANCELLED_AND_NOTIFIED = 'CANCELLED_AND_NOTIFIED'
FINISHED = 'FINISHED'

# How often to look for what nothing tells of.
INTERVAL = 0.001

Cf.set_default_callback_context(None)
RemoteTraceback.tb = property(lambda self: self.args[0])


class Future(Cf.Future):
    """A future whose state can be written: _state, then _exception, then _result."""

    _written_state = PENDING

    @property
    def _state(self):
        if self.cancelled() and self._written_state == PENDING:
            return CANCELLED
        return self._written_state

    @_state.setter
    def _state(self, state):
        self._written_state = state
        if state == RUNNING:
            self.set_running_or_notify_cancel()
        elif state in (CANCELLED, CANCELLED_AND_NOTIFIED):
            self.cancel()

    def _set_exception(self, exception):
        if exception is not None:
            self.set_exception(exception)
            # Look at it, so that it is not logged: the tests do not.
            self.exception()

    def _set_result(self, result):
        if self._state == FINISHED and not self.done():
            self.set_result(result)

    _exception = property(fset=_set_exception)
    _result = property(fset=_set_result)

    @functools.cached_property
    def _condition(self):
        return threading.Condition()


def wait(fs, timeout=None, return_when=Cf.ALL_COMPLETED):
    """Waits as concurrent.futures does, to which a future that is cancelled is not done before a worker has seen it."""
    futures = {Cf.Future() if isinstance(future, Future) and future._state == CANCELLED else future: future
               for future in fs}
    sets = Cf.wait(futures, timeout, return_when)
    return Cf.DoneAndNotDoneFutures(*({futures[future] for future in of_one_kind} for of_one_kind in sets))


class BeginsAtOnce:
    """A pool some of whose calls have begun when others are cancelled.

    In concurrent.futures submit() waits for the start of a thread; here calls may be cancelled before there is one.
    """

    def shutdown(self, wait=True, *, cancel_futures=False):
        while cancel_futures and self.get_n_pending() > 0 and self.get_n_running() + self.get_n_completed() == 0:
            time.sleep(INTERVAL)
        super().shutdown(wait, cancel_futures=cancel_futures)


class Thread:
    """A thread of a pool."""

    def __init__(self, service, names):
        self._service = service
        self._names = names

    @property
    def name(self):
        """What it called itself: known when it has begun, so this is for threads that end."""
        self.join()
        return self._names[self._service]

    def join(self):
        self._service.result()


class ThreadPoolExecutor(BeginsAtOnce, Cf.ThreadPoolExecutor):
    def __init__(self, max_workers=None, thread_name_prefix='', initializer=None, initargs=()):
        names = self._names = {}

        def initialize(*args):
            names[this_thread.service] = threading.current_thread().name
            if initializer is not None:
                initializer(*args)

        super().__init__(max_workers, thread_name_prefix, initialize, initargs)

    @property
    def _threads(self):
        return [Thread(service, self._names) for service in self._workers._services]

    @property
    def _max_workers(self):
        return self.get_max_workers()

    @property
    def _broken(self):
        return self._workers._is_broken


class Process:
    """A process of a pool."""

    def __init__(self, pid):
        self._pid = pid

    def is_alive(self):
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def join(self):
        while self.is_alive():
            time.sleep(INTERVAL)


class Processes:
    """The processes of a pool by their identifiers, those too that come later. It does not hold on to the pool."""

    def __init__(self, pool):
        self._pool = weakref.ref(pool)
        self._known = {}

    def _look(self):
        if (pool := self._pool()) is not None:
            self._known = {pid: Process(pid) for pid in pool.get_worker_pids()} or self._known
        return self._known

    def __len__(self):
        return len(self._look())

    def values(self):
        return self._look().values()


class ManagerThread:
    """What stands for the thread that concurrent.futures has for a pool of processes: it ends when they have."""

    def __init__(self, pool):
        self._pool = weakref.ref(pool)
        self._processes = pool._processes

    def join(self):
        if (pool := self._pool()) is not None:
            pool.shutdown()
        for process in self._processes.values():
            process.join()


class CallQueue:
    """What stands for the queue that concurrent.futures has a thread for: here there is none."""

    def join_thread(self):
        pass


class ProcessPoolExecutor(BeginsAtOnce, Cf.ProcessPoolExecutor):
    _mp_context = multiprocessing.get_context('spawn')
    _call_queue = CallQueue()

    @functools.cached_property
    def _processes(self):
        return Processes(self)

    @property
    def _executor_manager_thread(self):
        return ManagerThread(self)

    @property
    def _max_workers(self):
        return self.get_max_workers()


def take_the_place_of_concurrent_futures():
    real = concurrent.futures
    process = types.ModuleType('concurrent.futures.process')
    process.__dict__.update(vars(real.process), _RemoteTraceback=RemoteTraceback)

    base = types.ModuleType('concurrent.futures._base')
    futures = types.ModuleType('concurrent.futures')
    # What is there besides, such as pools of interpreters, stays as it is: the tests' modules look for all of it.
    futures.__path__ = real.__path__
    for name in real.__all__:
        setattr(futures, name, getattr(real, name))
    for module in futures, base:
        for name in ('ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION', 'BrokenExecutor', 'CancelledError',
                     'Executor', 'InvalidStateError', 'TimeoutError', 'as_completed'):
            setattr(module, name, getattr(Cf, name))
        module.Future = Future
        module.wait = wait
    for name in ('PENDING', 'RUNNING', 'CANCELLED', 'CANCELLED_AND_NOTIFIED', 'FINISHED'):
        setattr(base, name, globals()[name])
    futures.ThreadPoolExecutor = ThreadPoolExecutor
    futures.ProcessPoolExecutor = ProcessPoolExecutor
    futures._base = base
    futures.process = process
    futures.thread = real.thread

    sys.modules['concurrent.futures'] = futures
    sys.modules['concurrent.futures._base'] = base
    sys.modules['concurrent.futures.process'] = process
    concurrent.futures = futures


take_the_place_of_concurrent_futures()
