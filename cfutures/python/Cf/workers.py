# SPDX-License-Identifier: LGPL-2.1-or-later

"""The threads of a pool that run its Python calls, and the queue of these calls.

    submit():  future → [queue of the pool's Workers] → _serve(): one long call of the C pool, in which a thread runs
                                                        one Python call after the other

A worker that is about to wait for calls that have not begun *hurries* them: other calls may wait for a lock that it
holds, and nobody knows of that. They are made first, by one worker more than may be active, if need be.

A worker that finds the queue empty *parks*: it waits for a future of its own, its wake-up, which submit() settles. The
C pool starts another thread for one that waits, so native calls of the same pool run meanwhile. When it has as many
threads as it may, and some are those of parked workers, these end: they leave their threads to the services that C could
not begin, which count as active, so that nobody would wake a worker.
"""

import atexit
import collections
import contextlib
import os
import threading
import weakref
from concurrent.futures import InvalidStateError
from concurrent.futures.thread import BrokenThreadPool

from . import callbacks
from .callbacks import logger
from .counts import Counts
from .description import with_python_calls
from .futures import (CANCELLED, FINISHED, LEFT_BEHIND, PENDING, RUNNING, Future, block_on, finish, run_local_call,
                      outcome_of, take_call, withdraw, workers_of)
from .library import (address_of, claim, exempt, get_idle_timeout, get_state, hand_over, read_address, set_stack_size,
                      settle, wait_for)
from .threads import DaemonThread, enter_thread, get_stack_size, leave_thread
from .waiting import this_thread

# How deep a worker nests calls. Python allows for a thousand frames.
MAX_DEPTH = 40

# After this many calls a worker checks whether the counts are watched.
LOOK_INTERVAL = 64

# C has begun a service after this time, in µs, unless all threads that it may have are taken.
SERVICE_BEGINS_USEC = 10_000


class Workers:
    """The threads of a pool that run its Python calls, and the queue of these calls.

    Any thread may append to the queue or take from it, likewise with what was hurried, and read `_n_active`. All else
    needs the lock. A worker is *active* unless it is parked or waits for a future. No wake-up is lost: a submitter
    appends to the queue, then checks whether one more worker may be active; a worker decrements `_n_active`, then checks
    the queue and what was hurried.
    """

    _all = weakref.WeakSet()
    _refusal = None         # what submit() raises

    def __init__(self, executor, thread_name_prefix, initializer=None, initargs=()):
        self._executor = weakref.ref(executor)
        self._pid = os.getpid()
        self._max_active = executor.get_max_workers()
        self._thread_name_prefix = thread_name_prefix
        self._initializer = initializer
        self._initargs = initargs
        self._queue = collections.deque()
        self._lock = threading.RLock()      # recursive: the garbage collector may close a pool anywhere
        self.counts = Counts(executor, self._lock, self._queue, self._count_services)
        self._hurried = collections.deque()     # futures that are to be run first, and are in the queue as well
        self._n_active = 0
        self._n_started = 0
        self._wakeups = []          # of parked workers; the last one that parked is woken first
        self._services = []         # the futures of the calls of _serve() in the C pool
        self._n_services_ended = 0  # how many were removed from that list
        self._n_to_begin = 0        # how many C has not begun
        self._native = set()        # the futures of calls that the C pool makes by itself, until they are done
        self._drains = {}           # by the promise of a drain: the tallies of the workers that it waits for
        self._threads = []          # threads of Python, see _start_thread()
        self._stack_size = 0        # of the threads that C starts, or 0 for the default
        self._serving = set()       # the threading.Thread of each worker that has begun
        self._is_closed = False
        self._is_broken = False
        self._all.add(self)
        weakref.finalize(executor, self.close).atexit = False

    # For the executor.

    @property
    def are_left_behind(self):
        """Whether this process was forked from the one that has their threads."""
        return self._pid != os.getpid()

    def check_open(self):
        """Raises the exception of submit() if the pool is shut down or broken."""
        if self._refusal is not None:
            raise type(self._refusal)(*self._refusal.args)

    def submit(self, future):
        """Appends the call of a future to the queue."""
        if self._refusal is not None:
            self.check_open()

        self._queue.append(future)
        if self._n_active < self._max_active:
            self._wake_one()
        if self.counts.is_watched:
            self.counts.notify()

    def choose_stack_size(self):
        """Has C start further threads with the stacks that threading.stack_size() asks for."""
        executor = self._executor()
        stack_size = get_stack_size()
        if stack_size != self._stack_size and executor is not None and not self._is_closed:
            set_stack_size(read_address(executor), stack_size)
            self._stack_size = stack_size

    def keep(self, future):
        """Has the program wait for a call that the C pool makes by itself before it ends. Returns its future."""
        self._native.add(future)
        callbacks.add(future, self._native.discard, (), None)
        return future

    def close(self, reason='cannot schedule new futures after shutdown'):
        """Refuses more calls, and lets the workers end when the queue is empty."""
        with self._lock:
            self._is_closed = True
            self._refusal = self._refusal or RuntimeError(reason)
            self._wake_all()

    def cancel_queue(self):
        for future in self._take_all():
            future.cancel()
        self.counts.notify()

    def subtract_cancelled(self):
        """Subtracts the workers whose services were pending when the C pool cancelled its pending calls."""
        with self._lock:
            states = [get_state(address_of(service)) for service in self._services]
            self._n_active -= states.count(CANCELLED)
            self._n_to_begin -= states.count(CANCELLED)
            self._services = [service for service, state in zip(self._services, states) if state != CANCELLED]
        self._wake_one()

    def join(self):
        """Waits until all workers have ended, except for this thread."""
        for service in self._services:
            if service != this_thread.service:
                block_on(service, None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def list_threads(self):
        """Returns the set of the threads that serve the queue."""
        return self._serving.copy()

    def describe(self, description):
        """Returns a description of C with the calls of Python in it, unless they are left to a parent process."""
        if description['state'] == 'left-behind':
            return description
        n_pending, unused, unused = self._count_services()
        return with_python_calls(description, self.list_threads(), Workers._run_call.__code__, self._queue.copy(),
                                 n_pending)

    def list_unfinished(self):
        """Returns futures that are all done once the calls are over that were submitted so far.

        A call is in the queue, or a worker has taken it. A worker is busy before it takes its first call, and looks for
        drains whenever it has no call. This drain is entered first, so that every busy worker finds it.
        """
        promise = Future()
        with self._lock:
            self._drains[promise] = set()
            futures = list(self._queue.copy())
            self._drains[promise] = self.counts.busy_tallies()
            self._settle_drains()
        return [*futures, promise]

    def deliver(self):
        """Runs the callbacks of the pool's futures that are due in the main context of this thread."""
        callbacks.deliver([future for future in callbacks.futures_with_callbacks() if workers_of(future) is self])

    @classmethod
    def close_all(cls):
        """Waits for all calls of all pools, which cannot run after the interpreter has ended. Runs their callbacks."""
        reason = 'cannot schedule new futures after interpreter shutdown'
        cls._refusal = RuntimeError(reason)
        pools = list(cls._all)
        for workers in pools:
            workers.close(reason)
        for workers in pools:
            workers.join()
            for future in list(workers._native):
                block_on(future, None)
        for workers in pools:
            workers.deliver()

    @classmethod
    def leave_all_to_parent(cls):
        """Refuses calls of all pools in a forked process, which has none of their threads."""
        for workers in cls._all:
            workers._leave_to_parent()
        cls._all.clear()

    def _leave_to_parent(self):
        # Another thread may have held it.
        self._lock._at_fork_reinit()
        self._refusal = RuntimeError(LEFT_BEHIND)
        self._is_closed = True
        # To drop these takes locks of GLib, which another thread may have held.
        self._of_parent = self._services, self._threads, self._wakeups
        self._services, self._threads, self._wakeups = [], [], []

    def run_local_call(self, future, function, args):
        """Runs a call of the C pool. Python sees a new thread in each such call, except within another call."""
        if this_thread.workers is self or this_thread.future is not None:
            return run_local_call(future, function, args, {})

        enter_thread(future)
        threading.current_thread().name = f'{self._thread_name_prefix}_{threading.get_native_id()}'
        try:
            if self._prepare_thread():
                return run_local_call(future, function, args, {})
            finish(future, (None, type(self._refusal)(*self._refusal.args)))
            return True, None
        finally:
            leave_thread()

    # For workers.

    def run_nested_call(self, future):
        """Runs a call that this worker is about to wait for, if it has not begun and the stack is not too deep."""
        if this_thread.depth >= MAX_DEPTH:
            return

        call = withdraw(future)
        if call is None:
            return

        outer = this_thread.future
        this_thread.depth += 1
        outcome = self._run_call(future, call, this_thread.tally)
        if outcome is not None:
            finish(future, outcome)
        this_thread.depth -= 1
        this_thread.future = outer
        del future, call, outer, outcome

    def hurry(self, futures):
        """Has the calls made first that this worker is about to wait for."""
        self._hurried.extend(future for future in futures
                             if workers_of(future) is self and get_state(address_of(future)) == PENDING)

    def _take_hurried(self):
        """Takes the next call that was hurried and that nobody has taken. Returns its future and the call, or two None."""
        with contextlib.suppress(IndexError):
            while True:
                future = self._hurried.popleft()
                call = withdraw(future)
                if call is not None:
                    return future, call
        return None, None

    def resume(self):
        """Makes a worker active again that counts as parked, because it runs a callback, which may take long."""
        wakeup, this_thread.wakeup = this_thread.wakeup, None
        with self._lock:
            if wakeup in self._wakeups:
                self._wakeups.remove(wakeup)
                self._n_active += 1
        # A submitter may have woken this worker meanwhile, instead of another one.
        self._wake_one()

    @contextlib.contextmanager
    def waiting(self):
        """Lets another worker take the place of this one while it waits."""
        with self._lock:
            self._n_active -= 1
        self._wake_one()
        try:
            yield
        finally:
            with self._lock:
                self._n_active += 1

    def _take_all(self):
        """Takes all futures from the queue. Yields those whose calls have not been taken."""
        with contextlib.suppress(IndexError):
            while True:
                future = self._queue.popleft()
                if take_call(future) is not None:
                    yield future
                else:
                    self.counts.add_withdrawn(-1)

    def _count_services(self):
        states = [get_state(address_of(service)) for service in self._services]
        return states.count(PENDING), states.count(RUNNING), self._n_services_ended + states.count(FINISHED)

    def _wake_one(self):
        """Wakes or starts one more worker, if there is a call for it."""
        if self._is_broken:
            self._fail_queue()
            return

        with self._lock:
            if not self._queue or (self._n_active >= self._max_active and not self._hurried):
                return
            self._n_active += 1
            if self._wakeups:
                settle(address_of(self._wakeups.pop()), None, None)
            else:
                self._start()

    def _start(self):
        """Starts a worker that already counts as active. Needs the lock."""
        name = f'{self._thread_name_prefix}_{self._n_started}'
        executor = self._executor()
        if self._n_active > self._max_active:
            self._start_extra_thread(executor, name)
            return

        self.choose_stack_size()
        service = executor.submit_local(self._serve, name) if executor is not None else None
        has_ended = service is not None and get_state(address_of(service)) == FINISHED
        failure = service.exception() if has_ended else None
        if service is not None and failure is None:
            states = [get_state(address_of(other)) for other in self._services]
            self._n_services_ended += states.count(FINISHED)
            self._services = [other for other, state in zip(self._services, states) if state < CANCELLED] + [service]
            self._n_started += 1
            self._n_to_begin += 1
        elif self._is_closed and self._has_workers():
            self._start_thread(name)
        else:
            self._fail_start(failure)

    def _has_workers(self):
        return (any(get_state(address_of(service)) < CANCELLED for service in self._services) or
                any(thread.is_alive() for thread in self._threads))

    def _start_extra_thread(self, executor, name):
        """Starts a worker for what was hurried, unless there are as many as may stand in for others."""
        if executor is None or sum(thread.is_alive() for thread in self._threads) < executor.get_max_substitutes():
            self._start_thread(name)
        else:
            self._n_active -= 1

    def _start_thread(self, name):
        """Starts a worker in a thread of Python, where C starts none.

        It does not after its shutdown, when the active workers may wait for calls in the queue, and while as many of its
        threads as may are active, though they may all be blocked on something that C does not see.
        """
        thread = DaemonThread(target=self._serve, args=(None, name), name=name)
        try:
            thread.start()
        except RuntimeError as error:
            self._fail_start(error)
        else:
            self._threads = [other for other in self._threads if other.is_alive()] + [thread]
            self._n_started += 1

    def _fail_start(self, failure):
        """Subtracts a worker that could not be started, and fails the calls in the queue if there is no other.

        The next call tries again, unless the pool is closed: then these were submitted during the shutdown.
        """
        self._n_active -= 1
        if self._n_active == 0:
            self._fail_queue(None if self._is_closed else RuntimeError(f'Could not start a thread: {failure}'))

    def _wake_all(self):
        """Needs the lock."""
        self._n_active += len(self._wakeups)
        while self._wakeups:
            settle(address_of(self._wakeups.pop()), None, None)

    def _serve(self, service, name):
        """Runs in a thread of the pool, for as long as this serves the queue."""
        if service is not None:
            with self._lock:
                self._n_to_begin -= 1
            enter_thread(service)
        thread = threading.current_thread()
        thread.name = name
        self._serving.add(thread)
        this_thread.workers = self
        this_thread.service = service
        this_thread.tally = tally = self.counts.open_tally()
        if service is not None:
            exempt(address_of(service))
        if self._initialize():
            while self._wait_for_work(self._serve_queue()):
                pass
        self.counts.close_tally(tally)
        self._serving.discard(thread)
        leave_thread()
        return True, None

    def _leave_drains(self, tally):
        """Tells all drains that a worker has no call."""
        with self._lock:
            for tallies in self._drains.values():
                tallies.discard(tally)
            self._settle_drains()

    def _settle_drains(self):
        """With the lock held."""
        for promise in [promise for promise, tallies in self._drains.items() if not tallies]:
            del self._drains[promise]
            settle(address_of(promise), None, None)

    def _initialize(self):
        if self._prepare_thread():
            return True
        with self._lock:
            self._n_active -= 1
        return False

    def _prepare_thread(self):
        """Calls the initializer in this thread. If that raises an exception, breaks the pool and returns False."""
        try:
            if self._initializer is not None:
                self._initializer(*self._initargs)
            return True
        except BaseException:
            logger.critical('Exception in initializer:', exc_info=True)

        with self._lock:
            self._break('A thread initializer failed, the thread pool is not usable anymore')
        return False

    def _break(self, reason):
        """Fails all calls, and lets the workers end. Needs the lock."""
        self._is_broken = True
        self._refusal = BrokenThreadPool(reason)
        self._wake_all()
        self._fail_queue()

    def _fail_queue(self, exception=None):
        exception = exception or self._refusal
        for future in self._take_all():
            with contextlib.suppress(InvalidStateError):
                future.set_exception(type(exception)(*exception.args))
        self.counts.notify()

    def _serve_queue(self):
        """Runs calls until the queue is empty, or too many workers are active and nothing was hurried.

        Returns the wake-up of this worker if it already counts as parked, otherwise None.
        """
        queue = self._queue
        tally = this_thread.tally
        wakeup = None
        tally.is_busy = True
        while wakeup is None and (self._hurried or self._n_active <= self._max_active):
            if self._drains:
                self._leave_drains(tally)
            if self._hurried:
                future, call = self._take_hurried()
                if call is None:
                    continue
            else:
                try:
                    future = queue.popleft()
                except IndexError:
                    break
                call = take_call(future)
                if call is None:
                    self.counts.add_withdrawn(-1)
                    continue
            outcome = self._run_call(future, call, tally)
            if outcome is not None:
                if queue:
                    finish(future, outcome)
                else:
                    wakeup = self._finish_last(future, outcome)
            this_thread.future = future = call = outcome = None
        tally.is_busy = False
        if self._drains:
            self._leave_drains(tally)
        return wakeup

    def _run_call(self, future, call, tally):
        """Runs a call that was taken from the queue. Returns its outcome, or None if its future was cancelled."""
        if not claim(address_of(future)):
            return None

        this_thread.future = future
        tally.n_begun += 1
        if self.counts.is_watched or tally.n_begun % LOOK_INTERVAL == 0:
            self.counts.notify()
        outcome = outcome_of(*call)
        tally.n_ended += 1
        del future, call
        try:
            return outcome
        finally:
            # The exception refers to this frame too.
            del outcome

    def _finish_last(self, future, outcome):
        """Settles a future when the queue is empty. Returns the wake-up of this worker, as _serve_queue() does.

        This worker counts as parked before it settles the future: the thread that has waited for it may submit the next
        call at once, and would start another worker otherwise.
        """
        this_thread.wakeup = self._enter_as_parked()
        finish(future, outcome, hand_over)
        wakeup, this_thread.wakeup = this_thread.wakeup, None
        return wakeup

    def _enter_as_parked(self):
        """Counts this worker as parked. Returns its wake-up, or None if it should not park."""
        wakeup = Future()
        with self._lock:
            self._n_active -= 1
            if self._queue or self._hurried or self._is_closed or self._is_broken:
                self._n_active += 1
                return None
            self._wakeups.append(wakeup)
        return wakeup

    def _wait_for_work(self, wakeup):
        """Parks until there are calls. Returns False if the worker should end."""
        self.counts.notify()
        if wakeup is None:
            wakeup = Future()
            with self._lock:
                self._n_active -= 1
                if self._hurried or (self._queue and self._n_active < self._max_active):
                    self._n_active += 1
                    return True
                if self._is_broken or (self._is_closed and not self._queue):
                    # The workers that parked because too many were active should end as well.
                    self._wake_all()
                    return False
                self._wakeups.append(wakeup)

        return self._park(wakeup)

    def _park(self, wakeup):
        """Waits for the wake-up of this worker. Returns False after the idle timeout, or if C needs its thread."""
        if self._n_to_begin > 0:
            if wait_for(address_of(wakeup), SERVICE_BEGINS_USEC, None, None):
                return True
            if self._n_to_begin > 0:
                return not self._leave(wakeup)

        executor = self._executor()
        timeout = get_idle_timeout(read_address(executor)) if executor is not None else -1
        del executor
        return wait_for(address_of(wakeup), timeout, None, None) or not self._leave(wakeup)

    def _leave(self, wakeup):
        """Has this worker no longer count as parked. Returns False if it was woken meanwhile."""
        with self._lock:
            is_parked = wakeup in self._wakeups
            if is_parked:
                self._wakeups.remove(wakeup)
        return is_parked


atexit.register(Workers.close_all)
os.register_at_fork(after_in_child=Workers.leave_all_to_parent)
