# SPDX-License-Identifier: LGPL-2.1-or-later

"""Futures and executors in programs of asyncio."""

import asyncio
import threading
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

import tap  # noqa: E402

LONG = 60


def fail():
    raise ValueError('no')


class Asyncio(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.pool = Cf.ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    async def test_await(self):
        self.assertEqual(await self.pool.submit(abs, -1), 1)

    async def test_await_what_is_done(self):
        future = Cf.Future()
        future.set_result(1)
        self.assertEqual(await future, 1)

    async def test_await_what_fails(self):
        with self.assertRaisesRegex(ValueError, 'no'):
            await self.pool.submit(fail)

    async def test_await_what_is_cancelled(self):
        future = Cf.Future()
        future.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await future

    async def test_cancelling_the_waiter(self):
        future = Cf.Future()
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(future), 0.01)
        self.assertTrue(future.cancelled())

    async def test_gather(self):
        futures = [asyncio.wrap_future(self.pool.submit(abs, -number)) for number in range(100)]
        self.assertEqual(await asyncio.gather(*futures), list(range(100)))

    async def test_run_in_executor(self):
        loop = asyncio.get_running_loop()
        self.assertNotEqual(await loop.run_in_executor(self.pool, threading.get_ident), threading.get_ident())
        self.assertEqual(await loop.run_in_executor(Cf.InlineExecutor(), threading.get_ident), threading.get_ident())

    async def test_default_executor(self):
        asyncio.get_running_loop().set_default_executor(Cf.ThreadPoolExecutor(1, 'of-asyncio'))
        name = await asyncio.to_thread(lambda: threading.current_thread().name)
        self.assertEqual(name, 'of-asyncio_0')

    async def test_callbacks_arrive_on_the_loop(self):
        seen = asyncio.get_running_loop().create_future()
        self.pool.submit(abs, -1).add_done_callback(lambda future: seen.set_result(threading.get_ident()))
        self.assertEqual(await asyncio.wait_for(seen, LONG), threading.get_ident())

    async def test_callbacks_that_raise_are_logged(self):
        with self.assertLogs('concurrent.futures', 'ERROR'):
            self.pool.submit(abs, -1).add_done_callback(lambda future: fail())
            self.pool.shutdown()
            await asyncio.sleep(0)

    async def test_snapshots(self):
        future = Cf.Future()
        self.assertEqual(future._get_snapshot(), (False, False, None, None))
        future.set_result(1)
        self.assertEqual(future._get_snapshot(), (True, False, 1, None))


class OutsideTheLoop(unittest.TestCase):
    def test_run_in_executor(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        with Cf.ThreadPoolExecutor(1) as pool:
            self.assertEqual(loop.run_until_complete(loop.run_in_executor(pool, abs, -1)), 1)


if __name__ == '__main__':
    tap.main('__main__')
