# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sets of futures: wait() and as_completed(), also for futures of concurrent.futures."""

import collections
import concurrent.futures
import contextlib
import itertools
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION

from gi.module import get_introspection_module

from . import callbacks
from .futures import Future, block_on, block_on_all, check_left_behind, has_failed, workers_of
from .library import Address, DoneCallback, address_of, is_done, observe, settle, wait_for, wait_for_set
from .waiting import SIGNAL_INTERVAL, block, countdown, this_thread

Cf = get_introspection_module('Cf')

DoneAndNotDoneFutures = collections.namedtuple('DoneAndNotDoneFutures', 'done not_done')


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    """Waits for futures, at most `timeout` seconds, and returns two sets, `done` and `not_done`.

    `return_when` is ALL_COMPLETED; FIRST_COMPLETED, to wait for one of them; or FIRST_EXCEPTION, to wait for one that
    fails, or for all.
    """
    futures = set(fs)
    check_left_behind(futures)
    if _has_foreign(futures):
        originals = {_mirror(future): future for future in futures}
        sets = wait(originals, timeout, return_when)
        return DoneAndNotDoneFutures(*({originals[mirror] for mirror in mirrors} for mirrors in sets))

    with contextlib.suppress(TimeoutError):
        if return_when in (ALL_COMPLETED, Cf.ReturnWhen.ALL_COMPLETED):
            _wait_for_all(futures, timeout)
        elif return_when in (FIRST_COMPLETED, Cf.ReturnWhen.FIRST_COMPLETED):
            _wait_for_set(futures, timeout, Cf.ReturnWhen.FIRST_COMPLETED)
        elif return_when in (FIRST_EXCEPTION, Cf.ReturnWhen.FIRST_EXCEPTION):
            _wait_for_failed(futures, timeout)
        else:
            raise ValueError(f'Invalid return condition: {return_when!r}')

    done = {future for future in futures if future.done()}
    return DoneAndNotDoneFutures(done, futures - done)


AnyFuture = concurrent.futures.Future


def _has_foreign(futures):
    """Returns whether some futures are those of concurrent.futures, which C does not know."""
    types = set(map(type, futures))
    for kind in types:
        if not issubclass(kind, AnyFuture):
            raise TypeError(f'{kind.__name__!r} object is not a future')
    return not all(issubclass(kind, Future) for kind in types)


def _mirror(future):
    """Returns a future of C that is done when one of concurrent.futures is."""
    if isinstance(future, Future):
        return future

    mirror = Future()

    def settle(future):
        if future.cancelled():
            mirror.cancel()
        else:
            mirror.set_exception(future.exception())
            # Read, so that it is not logged: users read the original.
            mirror.exception()

    future.add_done_callback(settle)
    return mirror


def _wait_for_all(futures, timeout):
    if any(map(callbacks.has_callbacks, futures)):
        _wait_for_set(futures, timeout, Cf.ReturnWhen.ALL_COMPLETED)
    else:
        block_on_all(futures, timeout)


def _wait_for_set(futures, timeout, return_when):
    """Waits in C, which runs the callbacks in the order in which the futures are done."""
    # Starting to wait takes time for each future.
    interval = SIGNAL_INTERVAL + len(futures) * 20e-6
    addresses = (Address * len(futures))(*map(address_of, futures))
    workers = this_thread.workers
    if workers is not None:
        workers.hurry(futures)
    with workers.waiting() if workers is not None else contextlib.nullcontext():
        block(lambda usec: wait_for_set(addresses, len(addresses), return_when, usec, None, None, None, None), timeout,
              interval)


def _wait_for_failed(futures, timeout):
    # C does not know whether a call in another process has failed: its outcome is pickled.
    pending = {address_of(future): future for future in futures}
    try:
        for address in _completions_of(pending, timeout):
            if has_failed(pending.pop(address)):
                break
    finally:
        if any(map(callbacks.has_callbacks, futures)):
            callbacks.deliver(futures)


class Completions:
    """The addresses of futures that are done, in that order."""

    _all = {}
    _keys = itertools.count(1)

    def __init__(self):
        self._key = next(self._keys)
        self._done = collections.deque()
        self._foreign = {}                      # futures whose calls may run in this thread's main context
        self._wakeup = None                     # a future that is settled when one is done
        self._all[self._key] = self

    def add(self, future):
        address = address_of(future)
        if future.done():
            self._done.append(address)
            return
        if workers_of(future) is None:
            self._foreign[address] = True
        observe(address, None, _on_done, self._key, None)

    def take(self, timeout):
        """Waits for the next future and returns its address."""
        while not self._done and self._foreign:
            # Waiting for such a call, even briefly, runs it.
            address = next(iter(self._foreign))
            del self._foreign[address]
            wait_for(address, 1, None, None)

        while not self._done:
            wakeup = self._wakeup = Future()
            if self._done:
                break
            block_on(wakeup, timeout)

        # The caller may drop the future: its address is not used after this.
        address = self._done.popleft()
        self._foreign.pop(address, None)
        return address

    def close(self):
        del self._all[self._key]

    @classmethod
    def on_done(cls, address, key):
        self = cls._all.get(key)
        if self is None:
            return
        self._done.append(address)
        wakeup, self._wakeup = self._wakeup, None
        if wakeup is not None:
            settle(address_of(wakeup), None, None)


_on_done = DoneCallback(Completions.on_done)


def _completions_of(futures, timeout):
    """Iterates over the addresses of futures in the order in which they are done. The caller removes each."""
    remaining = countdown(timeout)
    n_futures = len(futures)
    completions = Completions()
    try:
        for address in list(futures):
            completions.add(futures[address])
        if this_thread.workers is not None:
            this_thread.workers.hurry(futures.values())
        while futures:
            try:
                yield completions.take(remaining())
            except TimeoutError:
                raise TimeoutError(f'{len(futures)} (of {n_futures}) futures unfinished') from None
    finally:
        completions.close()


def as_completed(fs, timeout=None):
    """Iterates over futures in the order in which they are done, each once.

    Raises TimeoutError if that takes longer than `timeout` seconds in all.
    """
    fs = dict.fromkeys(fs)
    check_left_behind(fs)
    if _has_foreign(fs):
        originals = {_mirror(future): future for future in fs}
        del fs
        for mirror in as_completed(list(originals), timeout):
            yield originals.pop(mirror)
        return

    futures = {address_of(future): future for future in fs}
    del fs
    for address in _completions_of(futures, timeout):
        if callbacks.has_callbacks(futures[address]):
            is_done(address)
        yield futures.pop(address)
