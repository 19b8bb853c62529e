# SPDX-License-Identifier: LGPL-2.1-or-later

"""A program whose types mypy is to find right. It is not run."""

from typing import Any

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf as futures  # noqa: E402
from typing_extensions import assert_type  # noqa: E402


def halve(number: int) -> float:
    return number / 2


def on_done(future: futures.Future[float]) -> None:
    assert_type(future.result(), float)


async def main() -> None:
    with futures.ThreadPoolExecutor(max_workers=2, thread_name_prefix='typed') as pool:
        future = pool.submit(halve, 5)
        assert_type(future, futures.Future[float])
        assert_type(future.result(timeout=3), float)
        assert_type(await future, float)
        future.add_done_callback(on_done)
        future.add_done_callback(on_done, context=None)

        done, not_done = futures.wait([future], return_when=futures.FIRST_COMPLETED)
        assert_type(done, set[futures.Future[float]])
        for completed in futures.as_completed(not_done, timeout=1.5):
            assert_type(completed, futures.Future[float])
        for result in pool.map(halve, range(10), buffersize=3):
            assert_type(result, float)

        assert_type(pool.submit_by_name('statistics:mean', None), futures.Future[Any])

        task = futures.Task(halve, 5, name='half', priority=-5, timeout=1.5)
        assert_type(task.timeout, float | None)
        assert_type(pool.submit_task(task), futures.Future[Any])
        assert_type(pool.idle_timeout, float | None)
        assert_type(pool.n_pending, int)

    assert_type(future.wait(1.5), bool)
    assert_type(future.name, str | None)
    assert_type(futures.Future.new_for_int64(5), futures.Future[int])
    promise: futures.Future[str] = futures.Future()
    promise.set_result('kept')
    pool.submit(halve, 'five')  # type: ignore[arg-type]
    future.wait('long')  # type: ignore[arg-type]
    future.name = 'half'  # type: ignore[misc]
    futures.Task(5)  # type: ignore[arg-type]
