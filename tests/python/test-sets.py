# SPDX-License-Identifier: LGPL-2.1-or-later

"""wait() and as_completed(), and those of concurrent.futures itself."""

import concurrent.futures
import threading
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

import tap  # noqa: E402

LONG = 60


def make_done(result=None):
    future = Cf.Future()
    future.set_result(result)
    return future


def make_failed():
    future = Cf.Future()
    future.set_exception(ValueError())
    future.exception()
    return future


def make_cancelled():
    future = Cf.Future()
    future.cancel()
    return future


class InOnesOwnContext(unittest.TestCase):
    """To wait for calls that nobody but the waiting thread can make is to make them."""

    def setUp(self):
        executor = Cf.MainContextExecutor()
        self.futures = [executor.submit(abs, -number) for number in range(3)]

    def test_result(self):
        self.assertEqual([future.result(LONG) for future in self.futures], [0, 1, 2])

    def test_wait(self):
        for return_when in (Cf.FIRST_COMPLETED, Cf.FIRST_EXCEPTION, Cf.ALL_COMPLETED):
            self.assertTrue(Cf.wait(self.futures, LONG, return_when).done)

    def test_as_completed(self):
        self.assertEqual(sum(future.result() for future in Cf.as_completed(self.futures, LONG)), 3)


class Waits(unittest.TestCase):
    functions = [Cf.wait, concurrent.futures.wait]

    def check(self, futures, n_done, **keywords):
        for wait in self.functions:
            with self.subTest(wait):
                done, not_done = result = wait(futures, **keywords)
                self.assertEqual(type(result).__name__, 'DoneAndNotDoneFutures')
                self.assertEqual((result.done, result.not_done), (done, not_done))
                self.assertEqual((len(done), len(not_done)), (n_done, len(set(futures)) - n_done))
                self.assertEqual(done | not_done, set(futures))

    def test_all_done(self):
        self.check([make_done(), make_failed(), make_cancelled()], 3)

    def test_none(self):
        self.check([], 0)
        self.check([], 0, return_when=Cf.FIRST_COMPLETED)

    def test_same_future_twice(self):
        future = make_done()
        self.check([future, future], 1)

    def test_first_completed(self):
        self.check([Cf.Future(), make_done()], 1, return_when=Cf.FIRST_COMPLETED)

    def test_first_exception(self):
        self.check([Cf.Future(), make_failed()], 1, return_when=Cf.FIRST_EXCEPTION)
        self.check([make_done(), make_done()], 2, return_when=Cf.FIRST_EXCEPTION)

    def test_timeout(self):
        for return_when in (Cf.ALL_COMPLETED, Cf.FIRST_EXCEPTION):
            self.check([Cf.Future(), make_done()], 1, timeout=0.01, return_when=return_when)

    def test_any_iterable(self):
        for wait in self.functions:
            self.assertEqual(len(wait(make_done() for _ in range(3)).done), 3)

    def test_unknown_condition(self):
        for wait in self.functions:
            with self.assertRaisesRegex(ValueError, "^Invalid return condition: 'X'$"):
                wait([Cf.Future()], return_when='X')

    def test_condition_of_c(self):
        self.assertEqual(len(Cf.wait([Cf.Future(), make_done()], None, Cf.ReturnWhen.FIRST_COMPLETED).done), 1)

    def test_what_is_being_made(self):
        for wait in self.functions:
            with self.subTest(wait), Cf.ThreadPoolExecutor(2) as pool:
                release = threading.Event()
                futures = [pool.submit(release.wait, LONG), pool.submit(abs, -1), pool.submit(int, 'x')]
                self.assertEqual(wait(futures, return_when=Cf.FIRST_EXCEPTION).not_done, {futures[0]})
                threading.Timer(0.05, release.set).start()
                self.assertEqual(wait(futures, LONG).not_done, set())
                futures[2].exception()


class Iterators(unittest.TestCase):
    functions = [Cf.as_completed, concurrent.futures.as_completed]

    def test_in_the_order_of_completion(self):
        for as_completed in self.functions:
            with self.subTest(as_completed):
                futures = [Cf.Future() for _ in range(4)]
                iterator = as_completed(futures, LONG)
                futures[2].set_result(2)
                self.assertIs(next(iterator), futures[2])
                futures[0].set_result(0)
                self.assertIs(next(iterator), futures[0])
                futures[3].cancel()
                self.assertIs(next(iterator), futures[3])
                futures[1].set_exception(ValueError())
                self.assertIs(next(iterator), futures[1])
                self.assertRaises(StopIteration, next, iterator)
                futures[1].exception()

    def test_same_future_twice(self):
        for as_completed in self.functions:
            future = make_done()
            self.assertEqual(list(as_completed([future, future])), [future])

    def test_timeout(self):
        for as_completed in self.functions:
            future = make_done()
            iterator = as_completed([future, Cf.Future()], timeout=0.01)
            self.assertIs(next(iterator), future)
            with self.assertRaisesRegex(TimeoutError, r'^1 \(of 2\) futures unfinished$'):
                next(iterator)

    def test_many(self):
        for as_completed in self.functions:
            with self.subTest(as_completed), Cf.ThreadPoolExecutor(2) as pool:
                futures = [pool.submit(abs, -number) for number in range(2000)]
                self.assertEqual(sum(future.result() for future in as_completed(futures)), sum(range(2000)))

    def test_none(self):
        for as_completed in self.functions:
            self.assertEqual(list(as_completed([])), [])


class WithOthers(unittest.TestCase):
    """Sets with futures of concurrent.futures, and with what is no future."""

    def setUp(self):
        self.futures = [Cf.Future(), concurrent.futures.Future()]

    def settle(self):
        for future in self.futures:
            future.set_result(1)

    def settle_elsewhere(self):
        thread = threading.Thread(target=self.settle)
        thread.start()
        self.addCleanup(thread.join)

    def test_wait(self):
        self.settle_elsewhere()
        done, not_done = Cf.wait(self.futures, LONG)
        self.assertEqual((done, not_done), (set(self.futures), set()))

    def test_wait_for_the_first(self):
        self.futures[1].set_result(1)
        for condition in (Cf.FIRST_COMPLETED, Cf.ReturnWhen.FIRST_COMPLETED):
            self.assertEqual(Cf.wait(self.futures, LONG, condition).done, {self.futures[1]})

    def test_wait_in_a_worker(self):
        """Another worker takes the place of the one that waits."""
        with Cf.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(Cf.wait, self.futures, LONG)
            pool.submit(self.settle)
            self.assertEqual(len(waiting.result().done), 2)

    def test_as_completed(self):
        self.settle_elsewhere()
        self.assertEqual(set(Cf.as_completed(self.futures, LONG)), set(self.futures))

    def test_as_completed_in_a_worker(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: list(Cf.as_completed(self.futures, LONG)))
            pool.submit(self.settle)
            self.assertEqual(len(waiting.result()), 2)

    def test_as_completed_with_a_limit(self):
        self.assertRaises(TimeoutError, list, Cf.as_completed(self.futures, 0))

    def test_what_is_no_future(self):
        for what in (1, None, object()):
            self.assertRaises(TypeError, Cf.wait, [Cf.Future(), what])
            self.assertRaises(TypeError, list, Cf.as_completed([Cf.Future(), what]))


class Limits(unittest.TestCase):
    def test_that_is_over(self):
        future = Cf.Future()
        for timeout in (0, -1, -0.0, float('-inf'), float('nan')):
            with self.subTest(timeout):
                self.assertRaises(TimeoutError, future.result, timeout)
                self.assertRaises(TimeoutError, list, Cf.as_completed([future], timeout))
                for condition in (Cf.ALL_COMPLETED, Cf.FIRST_COMPLETED, Cf.FIRST_EXCEPTION):
                    self.assertEqual(Cf.wait([future], timeout, condition).done, set())

    def test_without_end(self):
        future = Cf.Future()
        thread = threading.Timer(0.01, future.set_result, [1])
        thread.start()
        self.assertEqual(future.result(float('inf')), 1)
        thread.join()

    def test_that_is_none(self):
        self.assertRaises(TypeError, Cf.Future().result, '1')


if __name__ == '__main__':
    tap.main('__main__')
