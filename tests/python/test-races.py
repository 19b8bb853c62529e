# SPDX-License-Identifier: LGPL-2.1-or-later

"""A pool of threads that is used by many threads at once, between whose steps Python changes from one to the other."""

import itertools
import random
import sys
import threading
import time
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

import tap  # noqa: E402

LONG = 60
N_THREADS = 4
N_ROUNDS = 200
N_CALLS = 100


def in_threads(function):
    """Calls a function in several threads at once, with the number of each, and returns what they return."""
    def run(number):
        barrier.wait(LONG)
        try:
            results[number] = function(number)
        except BaseException as exception:
            results[number] = exception

    results = {}
    barrier = threading.Barrier(N_THREADS)
    threads = [threading.Thread(target=run, args=(number,)) for number in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results.values():
        if isinstance(result, BaseException):
            raise result
    return [results[number] for number in range(N_THREADS)]


class Races(unittest.TestCase):
    def setUp(self):
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)

    def test_submitting_and_cancelling(self):
        """Each call is made or cancelled, and is counted as such."""
        def work(number):
            mine = []
            for _ in range(N_CALLS):
                mine.append(pool.submit(made.append, number))
                if random.random() < 0.3:
                    random.choice(mine).cancel()
            return mine

        for _ in range(N_ROUNDS):
            made = []
            with Cf.ThreadPoolExecutor(2) as pool:
                futures = list(itertools.chain(*in_threads(work)))
            n_cancelled = sum(future.cancelled() for future in futures)
            self.assertEqual(len(made), len(futures) - n_cancelled)
            self.assertTrue(all(future.done() for future in futures))
            self.assertEqual((pool.get_n_pending(), pool.get_n_running(), pool.get_n_completed()), (0, 0, len(made)))

    def test_cancelling_one_call_from_everywhere(self):
        for _ in range(N_ROUNDS):
            made = []
            with Cf.ThreadPoolExecutor(2) as pool:
                futures = [pool.submit(made.append, number) for number in range(N_CALLS)]
                answers = in_threads(lambda number: [future.cancel() for future in futures])
            for number, future in enumerate(futures):
                self.assertEqual(future.cancelled(), number not in made)
                # Who is told that the call is cancelled can rely on it.
                self.assertTrue(future.cancelled() or not any(answer[number] for answer in answers))
            self.assertEqual(pool.get_n_completed(), len(made))

    def test_submitting_and_shutting_down(self):
        """What was taken is made, or cancelled where that was asked for; what comes too late is refused."""
        def work(number):
            mine = []
            try:
                for n_submitted in range(N_CALLS):
                    if number == 0 and n_submitted == n_before_the_end:
                        pool.shutdown(wait, cancel_futures=cancel_futures)
                    mine.append(pool.submit(abs, -n_submitted))
            except RuntimeError:
                pass
            return mine

        for wait, cancel_futures in itertools.product((True, False), repeat=2):
            for _ in range(N_ROUNDS):
                n_before_the_end = random.randrange(N_CALLS)
                pool = Cf.ThreadPoolExecutor(2)
                futures = list(itertools.chain(*in_threads(work)))
                for future in futures:
                    if cancel_futures and future.cancelled():
                        continue
                    if future.exception(LONG) is not None:
                        self.assertRegex(str(future.exception()), '^cannot schedule new futures after shutdown$')
                pool.shutdown()

    def test_waiting_for_one_another(self):
        """The workers, and threads from outside, wait for calls of the same pool in every way there is."""
        def work(depth):
            inner = [pool.submit(work, depth - 1) for _ in range(2)] if depth > 0 else []
            way = random.randrange(4)
            if way == 0:
                return 1 + sum(future.result() for future in inner)
            if way == 1:
                return 1 + sum(future.result(LONG) for future in inner)
            if way == 2:
                return 1 + sum(future.result() for future in Cf.as_completed(inner))
            return 1 + sum(future.result() for future in Cf.wait(inner).done)

        for n_workers in (1, 2, 3):
            with Cf.ThreadPoolExecutor(n_workers) as pool:
                for _ in range(N_ROUNDS):
                    self.assertEqual(in_threads(lambda number: work(4)), [31] * N_THREADS)
            self.assertEqual(pool.get_n_completed(), N_ROUNDS * N_THREADS * 30)

    def test_calls_that_come_one_by_one(self):
        """A worker that is about to wait is roused, or finds the call."""
        def work(number):
            for n in range(5 * N_CALLS):
                self.assertEqual(pool.submit(abs, -n).result(LONG), n)

        for n_workers in (1, 2, 4):
            with Cf.ThreadPoolExecutor(n_workers) as pool:
                in_threads(work)
            self.assertEqual(pool.get_n_completed(), N_THREADS * 5 * N_CALLS)

    def test_threads_that_go_home_early(self):
        def work(number):
            for n in range(N_CALLS):
                self.assertEqual(pool.submit(abs, -n).result(LONG), n)
                time.sleep(random.random() * 1e-4)

        with Cf.ThreadPoolExecutor(3) as pool:
            pool.set_idle_timeout(20e-6)
            in_threads(work)
        self.assertEqual(pool.get_n_completed(), N_THREADS * N_CALLS)

    def test_callbacks(self):
        """Each is called once, on the main loop or at once, whenever it is added."""
        def work(number):
            for n in range(N_CALLS):
                future = pool.submit(abs, -n)
                future.add_done_callback(lambda future: at_once.append(future), context=None)
                future.add_done_callback(lambda future: on_the_loop.append(future), context=context)

        context = GLib.MainContext.default()
        for _ in range(N_ROUNDS // 4):
            at_once, on_the_loop = [], []
            with Cf.ThreadPoolExecutor(2) as pool:
                in_threads(work)
                while len(on_the_loop) < N_THREADS * N_CALLS:
                    context.iteration(True)
            self.assertEqual(len(set(map(hash, at_once))), N_THREADS * N_CALLS)
            self.assertEqual(len(set(map(hash, on_the_loop))), N_THREADS * N_CALLS)
            self.assertEqual(len(at_once), N_THREADS * N_CALLS)

    def test_promises_that_everybody_keeps(self):
        def work(number):
            n_kept = 0
            for promise in promises:
                try:
                    promise.set_result(number)
                    n_kept += 1
                except Cf.InvalidStateError:
                    pass
            return n_kept

        for _ in range(N_ROUNDS):
            promises = [Cf.Future() for _ in range(N_CALLS)]
            self.assertEqual(sum(in_threads(work)), N_CALLS)
            for promise in promises:
                self.assertIn(promise.result(), range(N_THREADS))


if __name__ == '__main__':
    tap.main('__main__')
