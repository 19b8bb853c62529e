# SPDX-License-Identifier: LGPL-2.1-or-later

"""What programs read of the pools of concurrent.futures, though it is private there.

    pool._max_workers, pool._threads, pool._processes, pool._work_queue.qsize(), pool._shutdown

All of it is read when it is asked for. A class that is derived from a pool may have attributes of these names.
"""

import contextlib
import os
import signal


class Internal:
    """An attribute that is computed. It does not keep programs from setting one of its name."""

    def __init__(self, compute):
        self._compute = compute

    def __get__(self, gobject, owner=None):
        return self if gobject is None else self._compute(gobject)


class WorkQueue:
    """The calls of a pool that have not begun."""

    def __init__(self, pool):
        self._pool = pool

    def qsize(self):
        return self._pool.get_n_pending()

    def empty(self):
        return self.qsize() == 0


class WorkerProcess:
    """A worker process of a pool."""

    def __init__(self, pool, pid):
        self._pool = pool
        self.pid = self.ident = pid
        self.name = f'SpawnProcess-{pid}'

    def is_alive(self):
        return self.pid in self._pool.get_worker_pids()

    def terminate(self):
        self._send(signal.SIGTERM)

    def kill(self):
        self._send(signal.SIGKILL)

    def _send(self, number):
        # Another process may have the identifier of one that has ended.
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def processes_of(pool):
    """Returns the worker processes by their identifiers."""
    return {pid: WorkerProcess(pool, pid) for pid in pool.get_worker_pids()}
