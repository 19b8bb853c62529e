# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a call takes, returns or raises lives as long as somebody has it, and no longer."""

import gc
import subprocess
import sys
import threading
import unittest
import weakref

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

import tap  # noqa: E402


class Thing:
    pass


class ThingError(Exception):
    pass


def identity(thing):
    return thing


def fail(thing):
    raise ThingError(thing)


class WithoutTheCollector(unittest.TestCase):
    """There is nothing for the garbage collector to do."""

    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)

    def settle(self):
        """Waits until the workers have let go of the calls that they have made."""
        barrier = threading.Barrier(2)
        for future in [self.pool.submit(barrier.wait) for _ in range(2)]:
            future.result()

    def test_result(self):
        thing = Thing()
        future = self.pool.submit(identity, thing)
        self.assertIs(future.result(), thing)
        self.settle()
        self.assertEqual(sys.getrefcount(thing), 3)
        del future
        self.assertEqual(sys.getrefcount(thing), 2)

    def test_result_that_is_taken_often(self):
        thing = Thing()
        future = self.pool.submit(identity, thing)
        for _ in range(100):
            future.result()
        self.settle()
        self.assertEqual(sys.getrefcount(thing), 3)

    def test_arguments_are_gone_when_the_call_is(self):
        thing = Thing()
        reference = weakref.ref(thing)
        future = self.pool.submit(id, thing)
        future.result()
        del thing
        self.settle()
        self.assertIsNone(reference())

    def test_exception(self):
        thing = Thing()
        reference = weakref.ref(thing)
        future = self.pool.submit(fail, thing)
        self.assertIsInstance(future.exception(), ThingError)
        self.settle()
        del thing
        self.assertIsNotNone(reference())
        del future
        self.assertIsNone(reference())

    def test_exception_that_was_raised(self):
        future = self.pool.submit(fail, Thing())
        reference = weakref.ref(future.exception().args[0])
        try:
            future.result()
        except ThingError:
            pass
        self.settle()
        del future
        self.assertIsNone(reference())

    def test_exception_of_a_promise(self):
        future = Cf.Future()
        future.set_exception(ThingError())
        reference = weakref.ref(future.exception())
        self.assertRaises(ThingError, future.result)
        del future
        self.assertIsNone(reference())

    def test_cancelled_call(self):
        release = threading.Event()
        self.addCleanup(release.set)
        for _ in range(2):
            self.pool.submit(release.wait)
        thing = Thing()
        reference = weakref.ref(thing)
        future = self.pool.submit(identity, thing)
        self.assertTrue(future.cancel())
        del thing
        self.assertIsNone(reference())

    def test_callback(self):
        thing = Thing()
        reference = weakref.ref(thing)
        future = Cf.Future()
        future.add_done_callback(lambda future, thing=thing: None, context=None)
        del thing
        self.assertIsNotNone(reference())
        future.set_result(1)
        self.assertIsNone(reference())

    def test_callback_of_a_promise_that_is_dropped(self):
        for context in (None, GLib.MainContext.default()):
            thing = Thing()
            reference = weakref.ref(thing)
            future = Cf.Future()
            future.add_done_callback(lambda future, thing=thing: None, context=context)
            del thing, future
            self.assertIsNone(reference())

    def test_map(self):
        for thing in self.pool.map(lambda number: Thing(), range(20)):
            reference = weakref.ref(thing)
            del thing
            self.settle()
            self.assertIsNone(reference())

    def test_map_keeps_no_pool(self):
        pool = Cf.ThreadPoolExecutor(1)
        reference = weakref.ref(pool)
        results = pool.map(abs, range(3))
        del pool
        self.assertIsNone(reference())
        self.assertEqual(list(results), [0, 1, 2])

    def test_as_completed(self):
        futures = [self.pool.submit(abs, number) for number in range(20)]
        for future in Cf.as_completed(futures):
            futures.remove(future)
            self.settle()
            reference = weakref.ref(future)
            del future
            self.assertIsNone(reference())

    def test_as_completed_that_is_given_up(self):
        pending = Cf.Future()
        iterator = Cf.as_completed([pending])
        with self.assertRaises(TimeoutError):
            next(Cf.as_completed([pending], timeout=0))
        iterator.close()
        reference = weakref.ref(pending)
        del pending
        self.assertIsNone(reference())

    def test_pool_that_is_dropped(self):
        pool = Cf.ThreadPoolExecutor(1)
        pool.submit(abs, 1).result()
        reference = weakref.ref(pool)
        del pool
        self.assertIsNone(reference())

    def test_other_executors(self):
        for executor in (Cf.InlineExecutor(), Cf.MainContextExecutor()):
            thing = Thing()
            future = executor.submit(identity, thing)
            future.result()
            # The main context has it in its queue, although it was made while the thread waited.
            while GLib.MainContext.default().iteration(False):
                pass
            self.assertEqual(sys.getrefcount(thing), 3)
            del future
            self.assertEqual(sys.getrefcount(thing), 2)

    def test_result_outlives_what_python_has_of_the_future(self):
        thing = Thing()
        futures = [self.pool.submit(identity, thing)]
        seen = []
        futures[0].add_done_callback(lambda future: seen.append(future.result()))
        futures.clear()
        while not seen:
            GLib.MainContext.default().iteration(True)
        self.assertEqual(seen, [thing])


class OfPromises(unittest.TestCase):
    def test_that_are_dropped_as_they_come(self):
        """as_completed() has let go of what it has given, and asks C no more about it."""
        program = """
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf
futures = [Cf.Future() for _ in range(8)]
for future in futures[:7]:
    future.set_result(1)
try:
    for future in Cf.as_completed(futures, 0):
        futures.remove(future)
        del future
except TimeoutError:
    print('over')
"""
        process = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=60)
        self.assertEqual((process.stdout, process.stderr), ('over\n', ''))


class WithTheCollector(unittest.TestCase):
    def test_result_that_leads_to_its_future(self):
        thing = Thing()
        thing.future = Cf.Future()
        thing.future.set_result(thing)
        reference = weakref.ref(thing)
        del thing
        gc.collect()
        self.assertIsNone(reference())

    def test_callback_that_leads_to_its_future(self):
        for context in (None, GLib.MainContext.default()):
            future = Cf.Future()
            future.add_done_callback(lambda unused, future=future: None, context=context)
            reference = weakref.ref(future)
            del future
            gc.collect()
            self.assertIsNone(reference())

    def test_nothing_piles_up(self):
        def count():
            for _ in range(3):
                gc.collect()
            return len(gc.get_objects())

        with Cf.ThreadPoolExecutor(1) as pool:
            pool.submit(abs, 1).result()
            n_before = count()
            for number in range(1000):
                pool.submit(abs, number).result()
                pool.submit(fail, number).exception()
            self.assertLess(count() - n_before, 100)


if __name__ == '__main__':
    tap.main('__main__')
