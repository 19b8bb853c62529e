# SPDX-License-Identifier: LGPL-2.1-or-later

"""The threads of a pool that make its Python calls, and the queue of those.

    submit():  future → [queue of the pool's Workers] → _serve(): a call that a thread of the pool is in for as long
                                                        as there is work; it runs one future after the other

A worker that finds the queue empty waits for a future of its own, its *summons*, which submit() settles. To the C pool
a thread that waits is one that does not work, so native calls of the same pool get their turn meanwhile.
"""

import atexit
import collections
import contextlib
import ctypes
import os
import threading
import weakref
from concurrent.futures import InvalidStateError
from concurrent.futures.thread import BrokenThreadPool

from . import callbacks
from .callbacks import logger
from .counts import Counts
from .futures import CANCELLED, FINISHED, PENDING, RUNNING, Future, outcome_of
from .library import claim, get_idle_timeout, get_state, get_thread_dictionary, hand_over, settle, wait_for
from .waiting import here

# How deep a worker makes calls within calls, of the thousand frames that Python allows for.
MAX_DEPTH = 40

# Every how many calls a worker looks whether anybody has begun to listen to the counts.
LOOK_INTERVAL = 64


class Workers:
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
        self.counts = Counts(executor, self._lock, self._queue, self._count_services)
        self._n_active = 0
        self._n_started = 0
        self._summons = []          # of those who wait for work; whoever came last is the first to go
        self._services = []         # the futures of the threads' calls of _serve()
        self._n_services_gone = 0   # of which there were more
        self._threads = []          # of Python's own, that have been started since the pool was shut down
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
        if self.counts.is_watched:
            self.counts.notify()

    def close(self, reason='cannot schedule new futures after shutdown'):
        """Lets the workers go home when the queue is empty."""
        with self._lock:
            self._is_closed = True
            self._refusal = self._refusal or RuntimeError(reason)
            self._summon_all()

    def cancel_queue(self):
        for future in self._take_all():
            future.cancel()
        self.counts.notify()

    def give_up_cancelled(self):
        """Counts those out who were to work, but whose thread had not begun when the pool of C was told to cancel."""
        with self._lock:
            states = [get_state(hash(service)) for service in self._services]
            self._n_active -= states.count(CANCELLED)
            self._services = [service for service, state in zip(self._services, states) if state != CANCELLED]
        self._rouse()

    def join(self):
        """Waits until all workers have gone home, but for this one."""
        for service in self._services:
            if service != here.service:
                service._block(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def deliver(self):
        """Runs the callbacks of the pool's futures that are due in this thread's own context."""
        callbacks.deliver([future for future in callbacks.futures_with_callbacks() if future._workers is self])

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

    def make_call_within_call(self, future):
        """Makes a call that this worker is about to wait for, if it has not begun, and has not too many callers."""
        if here.depth >= MAX_DEPTH:
            return

        call = future._withdraw()
        if call is None:
            return

        outer = here.future
        here.depth += 1
        outcome = self._make_call(future, call, here.tally)
        if outcome is not None:
            future._finish(outcome)
        here.depth -= 1
        here.future = outer
        del future, call, outer, outcome

    def come_back(self):
        """Has this worker, which waits for work already, run a callback, however long that may take."""
        summons, here.summons = here.summons, None
        with self._lock:
            if summons in self._summons:
                self._summons.remove(summons)
                self._n_active += 1
        # Somebody may rely on it by now.
        self._rouse()

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
        """Takes all futures from the queue; yields those whose calls were to be made."""
        with contextlib.suppress(IndexError):
            while True:
                future = self._queue.popleft()
                if self._take_call(future) is not None:
                    yield future

    def _take_call(self, future):
        """Returns what a future from the queue is to call, or None if somebody has taken that away."""
        call = future.__dict__.pop('_call', None)
        if call is None:
            self.counts.miss(-1)
        return call

    def _count_services(self):
        states = [get_state(hash(service)) for service in self._services]
        return states.count(PENDING), states.count(RUNNING), self._n_services_gone + states.count(FINISHED)

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
                settle(hash(self._summons.pop()), None, None)
            else:
                self._start()

    def _start(self):
        """Starts a worker that is counted already. With the lock held."""
        executor = self._executor()
        name = f'{self._thread_name_prefix}_{self._n_started}'
        service = executor.submit_local(self._serve, name) if executor is not None else None
        has_ended = service is not None and get_state(hash(service)) == FINISHED
        failure = service.exception() if has_ended else None
        if service is not None and failure is None:
            states = [get_state(hash(other)) for other in self._services]
            self._n_services_gone += states.count(FINISHED)
            self._services = [other for other, state in zip(self._services, states) if state < CANCELLED] + [service]
            self._n_started += 1
        elif self._is_closed and self._has_workers():
            self._start_thread(name)
        else:
            self._do_without(failure)

    def _has_workers(self):
        return (any(get_state(hash(service)) < CANCELLED for service in self._services) or
                any(thread.is_alive() for thread in self._threads))

    def _start_thread(self, name):
        """Starts a worker in a thread of Python's own: a pool of C that is shut down starts no more.

        But those who are at work may wait for calls that are still in the queue.
        """
        thread = threading.Thread(target=self._serve, args=(None, name), name=name)
        try:
            thread.start()
        except RuntimeError as error:
            self._do_without(error)
        else:
            self._threads.append(thread)
            self._n_started += 1

    def _do_without(self, failure):
        """Gives up a worker that could not be started, and the queue if it was the only one to work."""
        self._n_active -= 1
        if self._n_active > 0:
            return
        if self._is_closed:
            # Whoever has submitted something was overtaken by the shutdown.
            self._fail_queue()
        else:
            self._break(f'No thread could be started: {failure}')

    def _summon_all(self):
        """With the lock held."""
        self._n_active += len(self._summons)
        while self._summons:
            settle(hash(self._summons.pop()), None, None)

    def _serve(self, service, name):
        """What a thread of the pool does."""
        threading.current_thread().name = name
        here.workers = self
        here.service = service
        here.tally = tally = self.counts.open_tally()
        if self._initialize():
            while self._wait_for_work(self._serve_queue()):
                pass
        self.counts.close_tally(tally)
        _leave_thread()
        return True, None

    def _initialize(self):
        if self._initializer is None:
            return True
        try:
            self._initializer(*self._initargs)
            return True
        except BaseException:
            logger.critical('Exception in initializer:', exc_info=True)

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
                future.set_exception(type(self._refusal)(*self._refusal.args))
        self.counts.notify()

    def _serve_queue(self):
        """Makes calls until there are none, or another worker is to make them.

        Returns the summons of this worker if it has one already, otherwise None.
        """
        queue = self._queue
        tally = here.tally
        summons = None
        while summons is None and self._n_active <= self._max_active:
            try:
                future = queue.popleft()
            except IndexError:
                break
            call = self._take_call(future)
            outcome = self._make_call(future, call, tally) if call is not None else None
            if outcome is not None:
                if queue:
                    future._finish(outcome)
                else:
                    summons = self._finish_last(future, outcome)
            here.future = future = call = outcome = None
        return summons

    def _make_call(self, future, call, tally):
        """Makes a call that was taken from the queue, and returns its outcome, or None if its future is cancelled."""
        if not claim(hash(future)):
            return None

        here.future = future
        tally.n_begun += 1
        if self.counts.is_watched or tally.n_begun % LOOK_INTERVAL == 0:
            self.counts.notify()
        outcome = outcome_of(*call)
        tally.n_ended += 1
        del future, call
        try:
            return outcome
        finally:
            # An exception holds on to this frame too.
            del outcome

    def _finish_last(self, future, outcome):
        """Settles a future when there is nothing else to do.

        Whoever has waited for it, and submits the next call, finds the interpreter lock free, and this worker waiting
        for its summons, or about to. Otherwise another thread would be started, for calls that come one by one.
        """
        here.summons = self._announce()
        future._finish(outcome, hand_over)
        summons, here.summons = here.summons, None
        return summons

    def _announce(self):
        """Enters this worker among those who wait for work; returns its summons, or None if it is not to wait."""
        summons = Future()
        with self._lock:
            self._n_active -= 1
            if self._queue or self._is_closed or self._is_broken:
                self._n_active += 1
                return None
            self._summons.append(summons)
        return summons

    def _wait_for_work(self, summons):
        """Waits until there are calls to be made; returns False if the worker is to go home."""
        self.counts.notify()
        if summons is None:
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
        timeout = get_idle_timeout(hash(executor)) if executor is not None else -1
        del executor
        if wait_for(hash(summons), timeout, None, None):
            return True

        with self._lock:
            if summons not in self._summons:
                return True
            self._summons.remove(summons)
            return False


def _leave_thread():
    """Drops what Python keeps for this thread.

    Python's object for one that C has started is found by its identifier, which the next one may get, and so
    the name. What is thread-local may be a GObject: until Python 3.12.4 the interpreter crashed if it was left to it to
    drop that, because PyGObject takes the interpreter lock, for the second time (CPython's issue 119585).
    """
    if isinstance(threading.current_thread(), threading._DummyThread):
        threading._active.pop(threading.get_ident(), None)
    thread_local = get_thread_dictionary()
    if thread_local is not None:
        ctypes.cast(thread_local, ctypes.py_object).value.clear()


atexit.register(Workers.close_all)
os.register_at_fork(after_in_child=Workers._all.clear)
