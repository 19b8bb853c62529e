# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: calls in a pool of two processes."""

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures
import os


def task(n):
    return (n, os.getpid())


if __name__ == '__main__':
    ex = futures.ProcessPoolExecutor(max_workers=2)
    results = ex.map(task, range(5, 0, -1))
    for n, pid in results:
        print("run task %s in process %s" % (n, pid))
