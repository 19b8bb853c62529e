#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures what Python sees of the thread pool beside concurrent.futures, on the same work, in one run.

    bench-python.py [--repeat N] [--calls N] [--workers N]

Prints a table: medians over the repetitions, in microseconds a call, and their ratio; the aim is one half. The
repetitions go round the whole list, so that a disturbance hits both alike. Only ratios carry over to other machines.
"""

import argparse
import concurrent.futures
import statistics
import time

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402


def task(number):
    return number


def fail(number):
    raise ValueError(number)


def in_bulk(futures, pool, n_calls):
    """Submits them all, then takes the results."""
    for future in [pool.submit(task, number) for number in range(n_calls)]:
        future.result()


def round_trip(futures, pool, n_calls):
    """Takes the result of each before it submits the next."""
    for number in range(n_calls):
        pool.submit(task, number).result()


def mapped(futures, pool, n_calls):
    """Takes the results of map()."""
    for _ in pool.map(task, range(n_calls)):
        pass


def as_completed(futures, pool, n_calls):
    """Submits them all, then takes them in the order in which they are done."""
    for future in futures.as_completed([pool.submit(task, number) for number in range(n_calls)]):
        future.result()


def waited_for(futures, pool, n_calls):
    """Submits them all, then waits for all."""
    futures.wait([pool.submit(task, number) for number in range(n_calls)])


def failing(futures, pool, n_calls):
    """Submits calls that raise, then looks at what they have raised."""
    for future in [pool.submit(fail, number) for number in range(n_calls)]:
        future.exception()


MEASURES = [in_bulk, round_trip, mapped, as_completed, waited_for, failing]


def measure(function, futures, n_workers, n_calls):
    with futures.ThreadPoolExecutor(n_workers) as pool:
        function(futures, pool, n_workers * 10)
        begin = time.perf_counter()
        function(futures, pool, n_calls)
        return (time.perf_counter() - begin) * 1e6 / n_calls


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--repeat', type=int, default=9, help='how often to measure each (%(default)s)')
    parser.add_argument('--calls', type=int, default=10000, help='how many calls (%(default)s)')
    parser.add_argument('--workers', type=int, default=2, help='how many threads (%(default)s)')
    options = parser.parse_args()

    times = {(function, futures): [] for function in MEASURES for futures in (concurrent.futures, Cf)}
    for _ in range(options.repeat):
        for (function, futures), of_one in times.items():
            of_one.append(measure(function, futures, options.workers, options.calls))

    print(f'{"µs a call":14}{"Python":>10}{"CFutures":>10}{"ratio":>8}')
    for function in MEASURES:
        python, cfutures = (statistics.median(times[function, futures]) for futures in (concurrent.futures, Cf))
        print(f'{function.__name__.replace("_", " "):14}{python:10.1f}{cfutures:10.1f}{cfutures / python:8.2f}')


if __name__ == '__main__':
    main()
