# SPDX-License-Identifier: LGPL-2.1-or-later

"""Puts CFutures in the place of concurrent.futures, for CPython's tests, once it is imported.

Done-callbacks are called by Python's rule. Beyond the public interface there is what the tests write to a future to put
it into a state, and what they read of a pool.
"""

import concurrent
import concurrent.futures
import concurrent.futures.process
import functools
import sys
import types

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

PENDING = 'PENDING'
RUNNING = 'RUNNING'
CANCELLED = 'CANCELLED'
CANCELLED_AND_NOTIFIED = 'CANCELLED_AND_NOTIFIED'
FINISHED = 'FINISHED'

Cf.Future.add_done_callback = functools.partialmethod(Cf.Future.add_done_callback, context=None)


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
            # Look at it, lest it be logged: the tests do not.
            self.exception()

    def _set_result(self, result):
        if self._state == FINISHED and not self.done():
            self.set_result(result)

    _exception = property(fset=_set_exception)
    _result = property(fset=_set_result)


class Thread:
    """A thread of a pool, which can be joined."""

    def __init__(self, service):
        self._service = service

    def join(self):
        self._service.result()


class ThreadPoolExecutor(Cf.ThreadPoolExecutor):
    @property
    def _threads(self):
        return [Thread(service) for service in self._workers._services]

    @property
    def _max_workers(self):
        return self.get_max_workers()

    @property
    def _broken(self):
        return self._workers._is_broken


def take_the_place_of_concurrent_futures():
    base = types.ModuleType('concurrent.futures._base')
    futures = types.ModuleType('concurrent.futures')
    for name in ('ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION', 'BrokenExecutor', 'CancelledError', 'Executor',
                 'InvalidStateError', 'ProcessPoolExecutor', 'TimeoutError', 'as_completed', 'wait'):
        setattr(futures, name, getattr(Cf, name))
        setattr(base, name, getattr(Cf, name))
    for name in ('PENDING', 'RUNNING', 'CANCELLED', 'CANCELLED_AND_NOTIFIED', 'FINISHED', 'Future'):
        setattr(base, name, globals()[name])
    futures.Future = Future
    futures.ThreadPoolExecutor = ThreadPoolExecutor
    futures._base = base

    sys.modules['concurrent.futures'] = futures
    sys.modules['concurrent.futures._base'] = base
    concurrent.futures = futures


take_the_place_of_concurrent_futures()
