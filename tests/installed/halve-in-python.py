# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has a Python function called in threads and in processes, as with concurrent.futures, and prints the results."""

import os

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf


def halve(number):
    return os.getpid(), number / 2


if __name__ == '__main__':
    results = []
    with Cf.ThreadPoolExecutor(max_workers=2) as threads, Cf.ProcessPoolExecutor(max_workers=2) as processes:
        for executor in threads, processes:
            (first, four), (second, one) = executor.map(halve, [8, 2])
            assert (first == os.getpid()) == (second == os.getpid()) == (executor is threads)
            results.append(executor.submit(halve, four if executor is threads else one).result(timeout=60)[1])
    print(results)
