# SPDX-License-Identifier: LGPL-2.1-or-later

"""How many calls of a pool of threads wait, run, and have ended.

The C pool counts its own calls: native ones, and the *services*, in which its threads make the calls of Python. When
somebody asks, the services are taken away here, and the calls of Python are added:

    the Tally of each worker ─────────────────┐
    the queue, less the futures in it whose   ├→ Counts.of_all() → C: getters, properties
        calls somebody has taken away         │
    C's own counts, less the services ────────┘

Those who listen are told by C, once in an iteration of the main loop, that they may ask. C hears of each change only
while somebody listens, or has asked since one last looked.
"""

import weakref

from gi.module import get_introspection_module

from .library import CountsFunc, notify_counts, set_counts_func

Cf = get_introspection_module('Cf')


class Tally:
    """How many calls a worker has begun, and ended. The worker alone writes to it."""

    __slots__ = 'n_begun', 'n_ended'

    def __init__(self):
        self.n_begun = 0
        self.n_ended = 0


class Counts:
    """The counts of a pool, with the lock and the queue of its workers.

    `count_services` tells how many services wait, run, and have ended. With the lock held no more of them come.
    """

    def __init__(self, executor, lock, queue, count_services):
        self._executor = weakref.ref(executor)
        self._lock = lock
        self._queue = queue
        self._count_services = count_services
        self._tallies = []
        self._n_ended = 0           # in the tallies that were closed
        self._n_missing = 0         # in the queue, but their calls are not
        self._n_asked = 0           # how often somebody has asked for the counts
        self.is_watched = False     # somebody listens, or has asked since one last looked

    def open_tally(self):
        tally = Tally()
        with self._lock:
            self._tallies.append(tally)
        return tally

    def close_tally(self, tally):
        with self._lock:
            self._tallies.remove(tally)
            self._n_ended += tally.n_ended

    def miss(self, n_calls):
        """Hears that the calls of so many more futures in the queue were taken away, or of fewer."""
        with self._lock:
            self._n_missing += n_calls
        if self.is_watched:
            self.notify()

    def notify(self):
        """Has the counts notified, and finds out whether anybody listens."""
        n_asked = self._n_asked
        executor = self._executor()
        is_watched = executor is not None and bool(notify_counts(hash(executor)))
        # Who has asked since may have begun to listen just after that.
        if is_watched or n_asked == self._n_asked:
            self.is_watched = is_watched

    def of_all(self):
        """Tells how many calls wait, run, and have ended. Each number is right at some moment meanwhile."""
        with self._lock:
            self._n_asked += 1
            self.is_watched = True
            n_pending, n_running, n_completed = self._of_native_calls()
            n_pending += max(0, len(self._queue) - self._n_missing)
            n_completed += self._n_ended
            for tally in self._tallies:
                n_ended, n_begun = tally.n_ended, tally.n_begun
                n_running += n_begun - n_ended
                n_completed += n_ended
            return n_pending, n_running, n_completed

    def _of_native_calls(self):
        executor = self._executor()
        before, services = None, self._count_services()
        while before != services:
            before = services
            counts = Cf.ThreadPoolExecutor.do_get_counts(executor)
            services = self._count_services()
        return [max(0, n_all - n_services) for n_all, n_services in zip(counts, services)]


# By the addresses of their pools.
_counts = weakref.WeakValueDictionary()


@CountsFunc
def _tell(address, n_pending, n_running, n_completed, unused):
    n_pending[0], n_running[0], n_completed[0] = _counts[address].of_all()


def tell_counts(executor, counts):
    """Has C ask for the counts of an executor here."""
    _counts[hash(executor)] = counts
    set_counts_func(hash(executor), _tell, None, None)
