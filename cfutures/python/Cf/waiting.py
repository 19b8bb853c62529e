# SPDX-License-Identifier: LGPL-2.1-or-later

"""Waiting: which thread waits, and how it comes back to Python while it does."""

import math
import threading
import time

# Python handles a signal when a function of C returns: so often the main thread does, while it waits.
SIGNAL_INTERVAL = 0.05


class Here(threading.local):
    """What a thread is, if it belongs to a pool."""

    workers = None      # the Workers that it is one of
    service = None      # the future of its call of _serve()
    tally = None        # its Tally
    summons = None      # what it will wait for, if it has settled its last call before it has done so
    depth = 0           # of the calls that it makes within calls
    future = None       # of the call that it makes


here = Here()


def countdown(timeout):
    """Returns a function that tells how many of the seconds are left: None if there is no limit."""
    if timeout is None:
        return lambda: None

    end = time.monotonic() + timeout
    return lambda: end - time.monotonic()


def block(wait_usec, timeout, interval=SIGNAL_INTERVAL):
    """Calls a function of C until it returns that the wait is over, or raises TimeoutError.

    Now and then it comes back to Python, so that Ctrl-C ends the wait. It gets to its first wait quickly: whoever else
    runs Python needs the interpreter lock, and if it has to sleep for that as well the round trip takes 50 µs, not 13.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        if wait_usec(math.ceil(max(0, min(left, interval)) * 1e6)):
            return
        # Not a number is not more either.
        if not left > interval:
            raise TimeoutError()
