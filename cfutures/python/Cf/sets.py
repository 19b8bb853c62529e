# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sets of futures: wait() and as_completed(), also for futures of concurrent.futures' own."""

import collections
import concurrent.futures
import contextlib
import itertools
import operator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION

from gi.module import get_introspection_module

from . import callbacks
from .futures import Future
from .library import Address, DoneCallback, is_done, observe, settle, wait_for, wait_for_set
from .waiting import SIGNAL_INTERVAL, block, countdown, here

Cf = get_introspection_module('Cf')

DoneAndNotDoneFutures = collections.namedtuple('DoneAndNotDoneFutures', 'done not_done')


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    """Waits for futures, at most so many seconds.

    Returns two sets, `done` and `not_done`. `return_when` says what to wait for: all of them, with FIRST_COMPLETED
    one of them, with FIRST_EXCEPTION one that has failed, or all.
    """
    futures = set(fs)
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
    """Tells whether there are futures of concurrent.futures' own, which to C are none."""
    types = set(map(type, futures))
    for kind in types:
        if not issubclass(kind, AnyFuture):
            raise TypeError(f'{kind.__name__!r} object is not a future')
    return not all(issubclass(kind, Future) for kind in types)


def _mirror(future):
    """Returns a future that is done when one of concurrent.futures' own is, for C to wait for."""
    if isinstance(future, Future):
        return future

    mirror = Future()

    def settle(future):
        if future.cancelled():
            mirror.cancel()
        else:
            mirror.set_exception(future.exception())
            # Seen, lest it be logged: it is the other one's to be looked at.
            mirror.exception()

    future.add_done_callback(settle)
    return mirror


def _wait_for_all(futures, timeout):
    if _have_callbacks(futures):
        _wait_for_set(futures, timeout, Cf.ReturnWhen.ALL_COMPLETED)
        return

    remaining = countdown(timeout)
    for future in futures:
        if not future._is_finished and not is_done(hash(future)):
            future._block(remaining())


def _have_callbacks(futures):
    return any(map(operator.attrgetter('_callbacks'), futures))


def _wait_for_set(futures, timeout, return_when):
    """Waits for futures as C does, which runs their callbacks in the order in which they were done."""
    # To begin a wait takes time in proportion to the number of futures.
    interval = SIGNAL_INTERVAL + len(futures) * 20e-6
    addresses = (Address * len(futures))(*map(hash, futures))
    workers = here.workers
    with workers.waiting() if workers is not None else contextlib.nullcontext():
        block(lambda usec: wait_for_set(addresses, len(addresses), return_when, usec, None, None, None, None), timeout,
              interval)


def _wait_for_failed(futures, timeout):
    # To C, what comes pickled from another process is a result in any case.
    pending = {hash(future): future for future in futures}
    try:
        for address in _completions_of(pending, timeout):
            future = pending.pop(address)
            if not future.cancelled() and future._get_outcome()[1] is not None:
                break
    finally:
        if _have_callbacks(futures):
            callbacks.deliver(futures)


class Completions:
    """Hears of futures that are done, in the order in which they are. It knows them by their addresses."""

    _all = {}
    _keys = itertools.count(1)

    def __init__(self):
        self._key = next(self._keys)
        self._done = collections.deque()
        self._foreign = {}                      # whose calls may be due in this thread's own main context
        self._summons = None                    # what the thread waits for that takes them out
        self._all[self._key] = self

    def add(self, future):
        if future._is_finished:
            self._done.append(hash(future))
            return
        if future._workers is None:
            self._foreign[hash(future)] = True
        observe(hash(future), None, _tell_completions, self._key, None)

    def take(self, timeout):
        """Waits for the next future and returns its address."""
        while not self._done and self._foreign:
            # To wait for such a call, however briefly, is to make it.
            address = next(iter(self._foreign))
            del self._foreign[address]
            wait_for(address, 1, None, None)

        while not self._done:
            summons = self._summons = Future()
            if self._done:
                break
            summons._block(timeout)

        # Whoever gets the future may drop it: its address is used no more.
        address = self._done.popleft()
        self._foreign.pop(address, None)
        return address

    def close(self):
        del self._all[self._key]

    @classmethod
    def tell(cls, address, key):
        self = cls._all.get(key)
        if self is None:
            return
        self._done.append(address)
        summons, self._summons = self._summons, None
        if summons is not None:
            settle(hash(summons), None, None)


_tell_completions = DoneCallback(Completions.tell)


def _completions_of(futures, timeout):
    """Iterates over the addresses of futures in the order in which they are done. They are taken out as they come."""
    remaining = countdown(timeout)
    n_futures = len(futures)
    completions = Completions()
    try:
        for address in list(futures):
            completions.add(futures[address])
        while futures:
            try:
                yield completions.take(remaining())
            except TimeoutError:
                raise TimeoutError(f'{len(futures)} (of {n_futures}) futures unfinished') from None
    finally:
        completions.close()


def as_completed(fs, timeout=None):
    """Iterates over futures in the order in which they are done, each once.

    Raises TimeoutError if that takes longer than so many seconds in all.
    """
    fs = dict.fromkeys(fs)
    if _has_foreign(fs):
        originals = {_mirror(future): future for future in fs}
        del fs
        for mirror in as_completed(list(originals), timeout):
            yield originals.pop(mirror)
        return

    futures = {hash(future): future for future in fs}
    del fs
    for address in _completions_of(futures, timeout):
        if futures[address]._callbacks:
            is_done(address)
        yield futures.pop(address)
