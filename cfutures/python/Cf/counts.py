# SPDX-License-Identifier: LGPL-2.1-or-later

"""How many calls of a thread pool are pending, run, and have ended.

The C pool counts its own calls: native ones, and the *services*, long calls in which its threads run the calls of
Python. The counts of a pool are those of C, without the services, and with the calls of Python:

    the Tally of each worker ─────────────────┐
    the queue, less the futures in it whose   ├→ Counts.of_all() → C: getters, properties
        calls were withdrawn                  │
    C's own counts, less the services ────────┘

C notifies the properties, at most once in an iteration of the main loop. Changes are reported to C only while the
properties are watched: they have handlers, or were read since the last report.
"""

import weakref

from gi.module import get_introspection_module

from .library import CountsFunc, notify_counts, read_address, set_counts_func

Cf = get_introspection_module('Cf')


class Tally:
    """How many calls a worker has begun, and ended, and whether it may have one. Only that worker writes to it."""

    __slots__ = 'n_begun', 'n_ended', 'is_busy'

    def __init__(self):
        self.n_begun = 0
        self.n_ended = 0
        self.is_busy = False


class Counts:
    """The counts of a pool, with the lock and the queue of its workers.

    `count_services` returns how many services are pending, run, and have ended. None is started while the lock is held.
    """

    def __init__(self, executor, lock, queue, count_services):
        self._executor = weakref.ref(executor)
        self._lock = lock
        self._queue = queue
        self._count_services = count_services
        self._tallies = []
        self._n_ended = 0           # calls of workers that have ended
        self._n_withdrawn = 0       # futures in the queue whose calls were taken away
        self._n_asked = 0           # how often the counts were read
        self.is_watched = False     # there are handlers, or the counts were read since the last report

    def open_tally(self):
        tally = Tally()
        with self._lock:
            self._tallies.append(tally)
        return tally

    def close_tally(self, tally):
        with self._lock:
            self._tallies.remove(tally)
            self._n_ended += tally.n_ended

    def busy_tallies(self):
        with self._lock:
            return {tally for tally in self._tallies if tally.is_busy}

    def add_withdrawn(self, n_calls):
        """Counts futures in the queue whose calls were taken away; less than 0 as they leave the queue."""
        with self._lock:
            self._n_withdrawn += n_calls
        if self.is_watched:
            self.notify()

    def notify(self):
        """Has C notify the properties, and finds out whether they have handlers."""
        n_asked = self._n_asked
        executor = self._executor()
        is_watched = executor is not None and bool(notify_counts(read_address(executor)))
        # A handler may have been connected after the counts were read meanwhile.
        if is_watched or n_asked == self._n_asked:
            self.is_watched = is_watched

    def of_all(self):
        """Returns how many calls are pending, run, and have ended. The three may be from different moments."""
        with self._lock:
            self._n_asked += 1
            self.is_watched = True
            n_pending, n_running, n_completed = self._of_native_calls()
            n_pending += max(0, len(self._queue) - self._n_withdrawn)
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


# {address of a pool: its counts}
_counts = weakref.WeakValueDictionary()


@CountsFunc
def _read_counts(address, n_pending, n_running, n_completed, unused):
    n_pending[0], n_running[0], n_completed[0] = _counts[address].of_all()


def provide_counts(executor, counts):
    """Has C get the counts of an executor from this_thread."""
    address = read_address(executor)
    _counts[address] = counts
    set_counts_func(address, _read_counts, None, None)
