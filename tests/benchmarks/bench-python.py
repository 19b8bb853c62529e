#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures what Python sees of the pools beside concurrent.futures, on the same work, in one run.

    bench-python.py [--only threads|processes] [--repeat N] [--calls N] [--workers N]

Prints a table for threads and one for processes, as README.md tells.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import statistics
import threading
import time

CHUNK_SIZE = 100
LARGE = 16 * 1024 * 1024
N_LARGE = 5

# Processes make fewer calls than threads, one of so many.
PROCESS_PART = 5


def task(argument):
    return argument


def fail(number):
    raise ValueError(number)


# Each takes a pool and how many calls to make, and returns how many it has made.

def in_bulk(futures, pool, n_calls):
    """Submits them all, then takes the results."""
    for future in [pool.submit(task, number) for number in range(n_calls)]:
        future.result()
    return n_calls


def round_trip(futures, pool, n_calls):
    """Takes the result of each before it submits the next."""
    for number in range(n_calls):
        pool.submit(task, number).result()
    return n_calls


def mapped(futures, pool, n_calls):
    """Takes the results of map()."""
    for _ in pool.map(task, range(n_calls)):
        pass
    return n_calls


def in_chunks(futures, pool, n_calls):
    """Takes the results of a map() that sends a hundred items at a time."""
    for _ in pool.map(task, range(n_calls), chunksize=CHUNK_SIZE):
        pass
    return n_calls


def as_completed(futures, pool, n_calls):
    """Submits them all, then takes them in the order in which they are done."""
    for future in futures.as_completed([pool.submit(task, number) for number in range(n_calls)]):
        future.result()
    return n_calls


def waited_for(futures, pool, n_calls):
    """Submits them all, then waits for all."""
    futures.wait([pool.submit(task, number) for number in range(n_calls)])
    return n_calls


def failing(futures, pool, n_calls):
    """Submits calls that raise, then looks at what they have raised."""
    for future in [pool.submit(fail, number) for number in range(n_calls)]:
        future.exception()
    return n_calls


def large(futures, pool, n_calls):
    """Sends 16 MiB there and back, a few times."""
    data = bytes(range(256)) * (LARGE // 256)
    for _ in range(N_LARGE):
        assert len(pool.submit(task, data).result()) == LARGE
    return N_LARGE


THREAD_MEASURES = [in_bulk, round_trip, mapped, as_completed, waited_for, failing]
PROCESS_MEASURES = [in_bulk, round_trip, in_chunks, as_completed, failing, large]


def whereabouts():
    """Takes a while, so that no worker gets to it twice before another has begun."""
    time.sleep(0.01)
    return os.getpid(), threading.get_ident()


def warm_up(pool, n_workers):
    """Comes back when every worker has made a call."""
    while len({future.result() for future in [pool.submit(whereabouts) for _ in range(2 * n_workers)]}) < n_workers:
        pass


def measure(function, futures, make_pool, n_workers, n_calls):
    """Returns the microseconds of a call in a pool all of whose workers are there."""
    with make_pool() as pool:
        warm_up(pool, n_workers)
        function(futures, pool, 20)
        begin = time.perf_counter()
        n_made = function(futures, pool, n_calls)
        return (time.perf_counter() - begin) * 1e6 / n_made


def first_result(futures, make_pool):
    """Returns the microseconds from nothing to the first result of a new pool."""
    begin = time.perf_counter()
    with make_pool() as pool:
        pool.submit(task, 1).result()
        return (time.perf_counter() - begin) * 1e6


def print_table(title, n_repetitions, kinds, measures):
    """Measures and prints. A kind of pool is (module, function that makes one), and the last one is CFutures'.

    The repetitions go round the whole list, so that a disturbance hits all alike.
    """
    times = {(measure_name, kind): [] for measure_name in measures for kind in kinds}
    for _ in range(n_repetitions):
        for (measure_name, kind), of_one in times.items():
            of_one.append(measures[measure_name](*kinds[kind]))

    *others, cfutures = kinds
    print(f'{title:14}' + ''.join(f'{kind:>10}' for kind in kinds) + ''.join(f'{"/ " + other:>10}' for other in others))
    for measure_name in measures:
        medians = {kind: statistics.median(times[measure_name, kind]) for kind in kinds}
        print(f'{measure_name.replace("_", " "):14}' + ''.join(f'{medians[kind]:10.1f}' for kind in kinds)
              + ''.join(f'{medians[cfutures] / medians[other]:10.3f}' for other in others), flush=True)
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--only', choices=['threads', 'processes'], help='leave out the other table')
    parser.add_argument('--repeat', type=int, default=9, help='how often to measure each (%(default)s)')
    parser.add_argument('--calls', type=int, default=10000, help='how many calls of threads (%(default)s)')
    parser.add_argument('--workers', type=int, default=2, help='how many threads or processes (%(default)s)')
    options = parser.parse_args()

    # A process that Python spawns imports this program, and is not to pay for what it does not use.
    import gi
    gi.require_version('Cf', '1')
    from gi.repository import Cf

    def pools_of(futures, name, **arguments):
        return futures, lambda: getattr(futures, name)(options.workers, **arguments)

    def measures_of(functions, n_calls):
        return {function.__name__: lambda futures, make_pool, function=function:
                measure(function, futures, make_pool, options.workers, n_calls) for function in functions}

    if options.only != 'processes':
        print_table('threads, µs', options.repeat, {
            'Python': pools_of(concurrent.futures, 'ThreadPoolExecutor'),
            'CFutures': pools_of(Cf, 'ThreadPoolExecutor'),
        }, measures_of(THREAD_MEASURES, options.calls))
    if options.only != 'threads':
        print_table('processes, µs', options.repeat, {
            **{method: pools_of(concurrent.futures, 'ProcessPoolExecutor',
                                mp_context=multiprocessing.get_context(method)) for method in ('fork', 'spawn')},
            'CFutures': pools_of(Cf, 'ProcessPoolExecutor'),
        }, {**measures_of(PROCESS_MEASURES, options.calls // PROCESS_PART), 'first_result': first_result})


if __name__ == '__main__':
    main()
