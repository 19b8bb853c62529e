# SPDX-License-Identifier: LGPL-2.1-or-later

"""A million calls in a pool of threads, made in every way that there is, leave nothing behind.

A round is some thousand calls of all kinds. It is repeated, and what the process holds after a fifth of the rounds is
compared with what it holds after all.
"""

import gc
import os
import threading
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

import tap  # noqa: E402

N_CALLS = 1_000_000
N_CALLS_IN_A_ROUND = 10_000
N_WORKERS = 2

# What the allocator, and other libraries, may take or give back between two looks.
MAX_GROWTH = 1 << 20
MAX_OBJECTS = 100


def identity(thing):
    return thing


def fail(thing):
    raise ValueError(thing)


def in_bulk(pool, n_calls):
    for future in [pool.submit(identity, object()) for _ in range(n_calls)]:
        future.result()


def one_by_one(pool, n_calls):
    for _ in range(n_calls):
        pool.submit(identity, object()).result()


def failing(pool, n_calls):
    for future in [pool.submit(fail, object()) for _ in range(n_calls)]:
        future.exception()


def cancelled(pool, n_calls):
    release = threading.Event()
    blockers = [pool.submit(release.wait) for _ in range(N_WORKERS)]
    for future in [pool.submit(identity, object()) for _ in range(n_calls - N_WORKERS)]:
        future.cancel()
    release.set()
    Cf.wait(blockers)


def with_callbacks(pool, n_calls):
    n_called = 0

    def on_done(future):
        nonlocal n_called
        future.result()
        n_called += 1

    for _ in range(n_calls):
        pool.submit(identity, object()).add_done_callback(on_done)
    while n_called < n_calls:
        GLib.MainContext.default().iteration(True)


def with_callbacks_at_once(pool, n_calls):
    futures = [pool.submit(identity, object()) for _ in range(n_calls)]
    for future in futures:
        future.add_done_callback(identity, context=None)
    Cf.wait(futures)


def mapped(pool, n_calls):
    for _ in pool.map(identity, map(str, range(n_calls // 2))):
        pass
    for _ in pool.map(identity, map(str, range(n_calls - n_calls // 2)), buffersize=100):
        pass


def as_completed(pool, n_calls):
    for future in Cf.as_completed([pool.submit(identity, object()) for _ in range(n_calls)]):
        future.result()


def within_calls(pool, n_calls):
    def outer(n_inner):
        return [future.result() for future in [pool.submit(identity, object()) for _ in range(n_inner)]]

    for future in [pool.submit(outer, 9) for _ in range(n_calls // 10)]:
        future.result()


def in_pools_that_are_dropped(pool, n_calls):
    futures = []
    for _ in range(n_calls // 50):
        pool = Cf.ThreadPoolExecutor(N_WORKERS)
        futures += [pool.submit(identity, object()) for _ in range(50)]
        pool.get_n_completed()
    del pool
    for future in futures:
        future.result()


# How many calls in a round are made in which way.
SHARES = {
    in_bulk: 3500,
    one_by_one: 500,
    failing: 1000,
    cancelled: 500,
    with_callbacks: 1000,
    with_callbacks_at_once: 500,
    mapped: 1000,
    as_completed: 1000,
    within_calls: 500,
    in_pools_that_are_dropped: 500,
}


def resident_size():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def collect():
    for _ in range(3):
        gc.collect()


class Leaks(unittest.TestCase):
    def look(self, pool):
        """Returns how much memory is resident and how many objects there are, once nobody is at work."""
        while len(os.listdir('/proc/self/task')) > self.n_threads + N_WORKERS:
            os.sched_yield()
        collect()
        return resident_size(), len(gc.get_objects())

    @unittest.skipUnless(os.path.exists('/proc/self/statm'), 'the memory of a process is looked up in /proc')
    def test_a_million_calls(self):
        self.assertEqual(sum(SHARES.values()), N_CALLS_IN_A_ROUND)
        n_rounds = N_CALLS // N_CALLS_IN_A_ROUND
        looks = []
        self.n_threads = len(os.listdir('/proc/self/task'))
        with Cf.ThreadPoolExecutor(N_WORKERS) as pool:
            for n_made in range(1, n_rounds + 1):
                for make_calls, n_calls in SHARES.items():
                    make_calls(pool, n_calls)
                if n_made in (n_rounds // 5, n_rounds):
                    looks.append(self.look(pool))

        (size_before, objects_before), (size, objects) = looks
        self.assertLess(size - size_before, MAX_GROWTH)
        self.assertLess(objects - objects_before, MAX_OBJECTS)


if __name__ == '__main__':
    tap.main('__main__')
