#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures concurrent.futures.ProcessPoolExecutor. bench-process-pool starts it for each row of its table:

    bench-process-pool.py MEASUREMENT COUNT WORKERS

and reads the number that it prints, in the unit that is beside the heading in the table.
"""

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

WARM_UP = 200
CHUNK_SIZE = 100
ECHO_SIZE = 64 * 1024 * 1024
SLEEP_SECONDS = 0.001

# The slides'
CPU_ITEMS = range(1, 11)
CPU_WORKERS = 5


def echo(value):
    return value


def count(n):
    i = 0
    for i in range(n):
        i = i + 1
    return i


class WarmPool(ProcessPoolExecutor):
    def __enter__(self):
        for future in [self.submit(echo, number) for number in range(WARM_UP)]:
            future.result()
        return self


def elapsed_ns(function):
    start = time.perf_counter_ns()
    function()
    return time.perf_counter_ns() - start


def measure_round_trip(n, workers):
    with WarmPool(workers) as pool:
        return elapsed_ns(lambda: [pool.submit(echo, number).result() for number in range(n)]) / n


def measure_asleep(n, workers):
    total = 0
    with WarmPool(workers) as pool:
        for number in range(n):
            time.sleep(SLEEP_SECONDS)
            total += elapsed_ns(lambda: pool.submit(echo, number).result())
    return total / n


def measure_bulk(n, workers):
    def run():
        for future in [pool.submit(echo, number) for number in range(n)]:
            future.result()

    with WarmPool(workers) as pool:
        return elapsed_ns(run) / n


def measure_chunks(n, workers):
    with WarmPool(workers) as pool:
        return elapsed_ns(lambda: list(pool.map(echo, range(n), chunksize=CHUNK_SIZE))) / n


def measure_echo(n, workers):
    data = b'\1' * ECHO_SIZE
    with WarmPool(1) as pool:
        return elapsed_ns(lambda: [len(pool.submit(echo, data).result()) for _ in range(n)]) / n / 1000


def measure_start(n, method):
    total = 0
    for _ in range(n):
        start = time.perf_counter_ns()
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            pool.submit(echo, 1).result()
            total += time.perf_counter_ns() - start
    return total / n / 1000


def measure_start_fork(n, workers):
    return measure_start(n, 'fork')


def measure_start_spawn(n, workers):
    return measure_start(n, 'spawn')


def measure_cpu_sequential(n, workers):
    return elapsed_ns(lambda: [count(n) for _ in CPU_ITEMS]) / 1e6


def measure_cpu_processes(n, workers):
    def run():
        with ProcessPoolExecutor(CPU_WORKERS) as pool:
            for _ in CPU_ITEMS:
                pool.submit(count, n)

    return elapsed_ns(run) / 1e6


def main():
    name, n, workers = sys.argv[1:]
    measure = globals()['measure_' + name.replace('-', '_')]
    print(measure(int(n), int(workers)))


if __name__ == '__main__':
    main()
