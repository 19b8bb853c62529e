# SPDX-License-Identifier: LGPL-2.1-or-later

"""Done-callbacks: on the main loop, by Python's own rule, and on the way out of a blocking call."""

import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import weakref

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

import tap  # noqa: E402

LONG = 60


def iterate_until(condition, context=None):
    context = context or GLib.MainContext.default()
    while not condition():
        context.iteration(True)


class OnTheMainLoop(unittest.TestCase):
    def setUp(self):
        self.future = Cf.Future()
        self.seen = []

    def on_done(self, future):
        self.seen.append((future, threading.get_ident()))

    def test_of_the_thread_that_added_it(self):
        self.future.add_done_callback(self.on_done)
        thread = threading.Thread(target=self.future.set_result, args=(1,))
        thread.start()
        thread.join()
        self.assertEqual(self.seen, [])
        iterate_until(lambda: self.seen)
        self.assertEqual(self.seen, [(self.future, threading.get_ident())])

    def test_not_at_once(self):
        self.future.set_result(1)
        self.future.add_done_callback(self.on_done)
        self.assertEqual(self.seen, [])
        iterate_until(lambda: self.seen)

    def test_before_the_blocking_call_returns(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(abs, -1)
            future.add_done_callback(self.on_done)
            self.assertEqual(future.result(), 1)
            self.assertEqual(self.seen, [(future, threading.get_ident())])

    def test_before_a_call_that_need_not_block_returns(self):
        self.future.add_done_callback(self.on_done)
        self.future.set_result(1)
        self.assertEqual(self.seen, [])
        self.future.exception()
        self.assertEqual(len(self.seen), 1)

    def test_before_waiting_for_a_set_returns(self):
        self.future.add_done_callback(self.on_done)
        self.future.set_result(1)
        Cf.wait([self.future])
        self.assertEqual(len(self.seen), 1)

    def test_before_an_iterator_yields(self):
        self.future.add_done_callback(self.on_done)
        self.future.set_result(1)
        next(Cf.as_completed([self.future]))
        self.assertEqual(len(self.seen), 1)

    def complete_in_another_order(self):
        """Returns some futures that are done, whose callbacks are to come in the order 3, 0, 2, 1, 4."""
        futures = [Cf.Future() for _ in range(5)]
        for number, future in enumerate(futures):
            future.add_done_callback(lambda future, number=number: self.seen.append(number))
        for number in (3, 0, 2, 1, 4):
            futures[number].set_result(number)
        return futures

    def test_in_the_order_of_completion(self):
        for return_when in (Cf.ALL_COMPLETED, Cf.FIRST_COMPLETED, Cf.FIRST_EXCEPTION):
            with self.subTest(return_when):
                self.seen.clear()
                Cf.wait(self.complete_in_another_order(), return_when=return_when)
                self.assertEqual(self.seen, [3, 0, 2, 1, 4])

    def test_in_the_order_of_completion_though_the_time_is_over(self):
        pending = Cf.Future()
        Cf.wait([pending, *self.complete_in_another_order()], timeout=0)
        self.assertEqual(self.seen, [3, 0, 2, 1, 4])

    def test_in_the_order_of_completion_before_shutdown_returns(self):
        barriers = [threading.Barrier(2) for _ in range(3)]
        with Cf.ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(barrier.wait, LONG) for barrier in barriers]
            for number, future in enumerate(futures):
                future.add_done_callback(lambda future, number=number: self.seen.append(number))
                future.add_done_callback(lambda future, number=number: self.seen.append(number))
            for number in (2, 0, 1):
                barriers[number].wait(LONG)
                while not futures[number].done():
                    time.sleep(0.0001)
            self.assertEqual(self.seen, [])
        self.assertEqual(self.seen, [2, 2, 0, 0, 1, 1])

    def test_of_a_call_before_another_callback_shuts_its_pool_down(self):
        pool = Cf.ThreadPoolExecutor(1)
        future = pool.submit(abs, -1)
        future.add_done_callback(lambda future: pool.shutdown() or self.seen.append(1))
        future.add_done_callback(lambda future: self.seen.append(2))
        iterate_until(lambda: 1 in self.seen)
        self.assertEqual(self.seen, [2, 1])

    def test_lets_go_of_a_call_when_the_context_goes(self):
        context = GLib.MainContext.new()
        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(abs, -1)
            future.add_done_callback(self.on_done, context=context)
            future.result()
            reference = weakref.ref(future)
            del future, context
            # The worker lets go of a call when it has settled it.
            pool.submit(abs, -1).result()
            self.assertIsNone(reference())

    def test_of_a_thread_with_a_context_of_its_own(self):
        def run():
            context.push_thread_default()
            self.future.add_done_callback(self.on_done)
            self.future.set_result(1)
            iterate_until(lambda: self.seen, context)
            idents.append(threading.get_ident())
            context.pop_thread_default()

        idents = []
        context = GLib.MainContext.new()
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.assertEqual(self.seen, [(self.future, idents[0])])

    def test_of_a_given_context(self):
        context = GLib.MainContext.new()
        self.future.add_done_callback(self.on_done, context=context)
        self.future.set_result(1)
        while GLib.MainContext.default().iteration(False):
            pass
        self.assertEqual(self.seen, [])
        iterate_until(lambda: self.seen, context)

    def test_cancelled(self):
        self.future.add_done_callback(self.on_done)
        self.future.cancel()
        iterate_until(lambda: self.seen)

    def test_in_the_order_in_which_they_were_added(self):
        for number in range(5):
            self.future.add_done_callback(lambda future, number=number: self.seen.append(number))
        self.future.set_result(1)
        iterate_until(lambda: len(self.seen) == 5)
        self.assertEqual(self.seen, list(range(5)))

    def test_that_raises_is_logged(self):
        def fail(future):
            raise ValueError('no')

        self.future.add_done_callback(fail)
        self.future.add_done_callback(self.on_done)
        self.future.set_result(1)
        with self.assertLogs('concurrent.futures', 'ERROR') as logged:
            iterate_until(lambda: self.seen)
        self.assertIn('exception calling callback for <Future at ', logged.output[0])
        self.assertIn('ValueError: no', logged.output[0])

    def test_takes_data(self):
        self.future.add_done_callback(lambda *arguments: self.seen.append(arguments), 1, None)
        self.future.set_result(1)
        self.future.result()
        self.assertEqual(self.seen, [(self.future, 1, None)])

    def test_finds_attributes(self):
        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(abs, -1)
            future.arg = 5
            future.add_done_callback(lambda future: self.seen.append((future.arg, future.result())))
            del future
            iterate_until(lambda: self.seen)
        self.assertEqual(self.seen, [(5, 1)])


    def test_of_what_is_no_context(self):
        with self.assertRaisesRegex(TypeError, '^context must be a GLib.MainContext or None, not int$'):
            self.future.add_done_callback(self.on_done, context=5)


class EndOfTheProgram(unittest.TestCase):
    """A callback on the main thread that calls sys.exit() ends the program, wherever it is called from."""

    def check(self, statement, context='...'):
        program = f"""
import sys
import tempfile
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf, GLib
future = Cf.Future()
future.add_done_callback(lambda future: sys.exit(3), context={context})
{statement}
print('not here')
"""
        process = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=LONG)
        self.assertEqual((process.returncode, process.stdout, process.stderr), (3, '', ''))

    def test_from_the_main_loop(self):
        self.check('future.set_result(1); GLib.MainLoop().run()')

    def test_from_a_blocking_call(self):
        self.check('future.set_result(1); future.result()')

    def test_at_once(self):
        self.check('future.set_result(1)', 'None')


class ByPythonsRule(unittest.TestCase):
    def setUp(self):
        self.future = Cf.Future()
        self.idents = []

    def on_done(self, future):
        self.idents.append(threading.get_ident())

    def test_at_once(self):
        self.future.set_result(1)
        self.future.add_done_callback(self.on_done, context=None)
        self.assertEqual(self.idents, [threading.get_ident()])

    def test_in_the_completing_thread(self):
        self.future.add_done_callback(self.on_done, context=None)
        thread = threading.Thread(target=self.future.set_result, args=(1,))
        thread.start()
        thread.join()
        self.assertEqual(self.idents, [thread.ident])

    def test_in_the_cancelling_thread(self):
        self.future.add_done_callback(self.on_done, context=None)
        self.future.cancel()
        self.assertEqual(self.idents, [threading.get_ident()])

    def test_in_a_worker(self):
        release = threading.Event()
        with Cf.ThreadPoolExecutor(1) as pool:
            future = pool.submit(lambda: release.wait() and threading.get_ident())
            future.add_done_callback(self.on_done, context=None)
            release.set()
        self.assertEqual(self.idents, [future.result()])

    def test_that_raises_is_logged(self):
        def fail(future):
            raise ValueError('no')

        self.future.add_done_callback(fail, context=None)
        self.future.add_done_callback(self.on_done, context=None)
        with self.assertLogs('concurrent.futures', 'ERROR'):
            self.future.set_result(1)
        self.assertEqual(len(self.idents), 1)

    def test_may_wait_for_another_promise(self):
        other = Cf.Future()
        thread = threading.Thread(target=lambda: other.set_result(2))
        self.future.add_done_callback(lambda future: thread.start(), context=None)
        self.future.add_done_callback(lambda future: self.idents.append(other.result(60)), context=None)
        self.future.set_result(1)
        thread.join()
        self.assertEqual(self.idents, [2])

    def test_exit_elsewhere_than_in_the_main_thread(self):
        """It does not end the program."""
        self.future.add_done_callback(lambda future: sys.exit(3), context=None)
        with self.assertLogs('concurrent.futures', 'ERROR') as logs:
            thread = threading.Thread(target=self.future.set_result, args=(1,))
            thread.start()
            thread.join()
        self.assertIn('SystemExit: 3', logs.output[0])


def answer_to_release(pool):
    """Does as libraries do: blocks on what a callback gives back. The call ends after the callback was added."""
    released = threading.Semaphore(0)
    idents = []

    def release(future):
        idents.append(threading.get_ident())
        released.release()

    with tempfile.TemporaryDirectory() as folder:
        gate = pathlib.Path(folder, 'gate')
        os.mkfifo(gate)
        for _ in range(3):
            future = pool.submit(pathlib.Path.read_bytes, gate)
            future.add_done_callback(release)
            gate.write_bytes(b'open')
            if not released.acquire(timeout=LONG):
                raise TimeoutError('the callback did not come')
    return idents


class WhereThePoolSays(unittest.TestCase):
    """The callback_context of pools, and the default of the program."""

    def pools(self, **kwargs):
        for pool_class in Cf.ThreadPoolExecutor, Cf.ProcessPoolExecutor:
            with self.subTest(pool_class.__name__), pool_class(1, **kwargs) as pool:
                yield pool

    def test_in_any_thread(self):
        for pool in self.pools(callback_context=None):
            self.assertNotIn(threading.get_ident(), answer_to_release(pool))

    def test_at_once_if_it_is_done(self):
        for pool in self.pools(callback_context=None):
            for future in (pool.submit(pow, 2, 3), pool.submit_task(Cf.Task(pow, 2, 3)),
                           pool.submit_by_name('nowhere.so:nothing')):
                future.exception(LONG)
                seen = []
                future.add_done_callback(seen.append)
                self.assertEqual(seen, [future])

    def test_in_a_context(self):
        context = GLib.MainContext()
        for pool in self.pools(callback_context=context):
            seen = []
            future = pool.submit(pow, 2, 3)
            future.add_done_callback(seen.append)
            iterate_until(lambda: seen, context)
            self.assertEqual(seen, [future])

    def test_a_callback_has_its_own(self):
        for pool in self.pools(callback_context=None):
            context = GLib.MainContext()
            seen = []
            future = pool.submit(pow, 2, 3)
            future.exception(LONG)
            future.add_done_callback(seen.append, context=context)
            self.assertEqual(seen, [])
            iterate_until(lambda: seen, context)

    def test_what_fails_before_it_is_submitted(self):
        with Cf.ProcessPoolExecutor(1, callback_context=None) as pool:
            seen = []
            pool.submit(threading.Lock()).add_done_callback(seen.append)
            self.assertEqual(len(seen), 1)
            self.assertIsNotNone(seen[0].exception())

    def test_default_of_the_program(self):
        self.addCleanup(Cf.set_default_callback_context)
        Cf.set_default_callback_context(None)
        for pool in self.pools():
            self.assertNotIn(threading.get_ident(), answer_to_release(pool))

        seen = []
        promise = Cf.Future()
        promise.add_done_callback(seen.append)
        promise.set_result(1)
        self.assertEqual(seen, [promise])

        Cf.set_default_callback_context()
        promise.add_done_callback(seen.append)
        self.assertEqual(len(seen), 1)
        iterate_until(lambda: len(seen) == 2)

    def test_asyncio_runs_nothing_of_it(self):
        async def wait():
            with Cf.ThreadPoolExecutor(1, callback_context=None) as pool:
                return answer_to_release(pool), await asyncio.wrap_future(pool.submit(pow, 2, 3))

        idents, result = asyncio.run(wait())
        self.assertNotIn(threading.get_ident(), idents)
        self.assertEqual(result, 8)

    def test_wrong_contexts_are_refused(self):
        for make in Cf.ThreadPoolExecutor, Cf.ProcessPoolExecutor:
            with self.assertRaisesRegex(TypeError, 'context must be a GLib.MainContext or None, not str'):
                make(1, callback_context='main')
        with self.assertRaisesRegex(TypeError, 'context must be a GLib.MainContext or None, not bool'):
            Cf.set_default_callback_context(True)


class Properties(unittest.TestCase):
    def test_state_is_notified(self):
        seen = []
        future = Cf.Future()
        future.connect('notify::state', lambda future, pspec: seen.append(future.props.state))
        threading.Thread(target=future.set_result, args=(1,)).start()
        iterate_until(lambda: Cf.FutureState.FINISHED in seen)


if __name__ == '__main__':
    tap.main('__main__')
