# SPDX-License-Identifier: LGPL-2.1-or-later

"""What surroundings-program.c is in C, in Python: a program that makes calls, and says of each what came of it.

    surroundings-program.py threads|processes [FILE]

It prints to the file if there is one, which it opens for each line alone.
"""

import os
import sys

import gi

gi.require_version('Cf', '1')
from gi.repository import Cf, GLib  # noqa: E402

N_CALLS = 200
LARGE_SIZE = 1 << 20


def twice(number):
    return 2 * number


def filled(size):
    return bytes(size)


def fail():
    raise ValueError('no such luck')


def say(name, text):
    line = f'{name}: {text}'.replace('\n', '|') if text is not None else name
    if len(sys.argv) > 2:
        with open(sys.argv[2], 'a', encoding='utf-8') as output:
            print(line, file=output)
    else:
        print(line, flush=True)


def say_result(name, future, read=lambda result: result):
    exception = future.exception()
    say(name, read(future.result()) if exception is None else f'failed: {type(exception).__name__} {exception}')


def make_many_calls(pool):
    futures = [pool.submit(twice, number) for number in range(N_CALLS)]
    failures = [future.exception() for future in futures if future.exception() is not None]
    n_right = sum(future.exception() is None and future.result() == 2 * number for number, future in enumerate(futures))
    say('calls', n_right if not failures else f'{n_right}, and {len(failures)} failed: {failures[0]}')


def have_callback(pool):
    done = []
    future = pool.submit(twice, 21)
    future.add_done_callback(done.append)
    while not done:
        GLib.MainContext.default().iteration(True)
    say_result('callback', future)


def look_for_children():
    try:
        say('children', os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) or 'some are left')
    except ChildProcessError:
        say('children', 'none')


def new_pool():
    if sys.argv[1] == 'threads':
        return Cf.ThreadPoolExecutor(2)
    # Some surroundings let no worker start: they are not waited for that long.
    return Cf.ProcessPoolExecutor(2, launcher=Cf.WorkerLauncher(start_timeout=2))


def main():
    with new_pool() as pool:
        say_result('call', pool.submit(twice, 21))
        make_many_calls(pool)
        say_result('send', pool.submit(len, bytes(LARGE_SIZE)))
        say_result('receive', pool.submit(filled, LARGE_SIZE), len)
        say_result('error', pool.submit(fail))
        have_callback(pool)
    say('shutdown', 'done')
    look_for_children()
    say('end', None)


if __name__ == '__main__':
    main()
