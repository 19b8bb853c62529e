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
import os
import threading
import weakref
from concurrent.futures import InvalidStateError
from concurrent.futures.thread import BrokenThreadPool

from .futures import Future, logger
from .library import get_idle_timeout, is_done, settle, settle_unlocked, wait_for
from .waiting import here


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
            if service != here.service:
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
            is_done(hash(future))

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
                settle(hash(self._summons.pop()), None, None)
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
            settle(hash(self._summons.pop()), None, None)

    def _serve(self, service, name):
        """What a thread of the pool does."""
        threading.current_thread().name = name
        here.workers = self
        here.service = service
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
                future.set_exception(BrokenThreadPool(*self._refusal.args))

    def _serve_queue(self):
        """Makes calls until there are none, or another worker is to make them."""
        queue = self._queue
        while self._n_active <= self._max_active:
            try:
                future = queue.popleft()
            except IndexError:
                return
            future._run(settle if queue else settle_unlocked)
            here.future = future = None

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
        timeout = get_idle_timeout(hash(executor)) if executor is not None else -1
        del executor
        if wait_for(hash(summons), timeout, None, None):
            return True

        with self._lock:
            if summons not in self._summons:
                return True
            self._summons.remove(summons)
            return False


atexit.register(Workers.close_all)
os.register_at_fork(after_in_child=Workers._all.clear)
