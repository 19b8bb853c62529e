# SPDX-License-Identifier: LGPL-2.1-or-later

"""Blocking in C, from which a thread returns to Python now and then, and what is known of this thread."""

import math
import threading
import time

# Python handles a signal when a function of C returns, in the main thread: this is the longest that one blocks there, in
# seconds.
SIGNAL_INTERVAL = 0.05

# And in all other threads.
_LONG_INTERVAL = 3600


class ThisThread(threading.local):
    """The state of a thread that runs calls of a pool."""

    workers = None      # the Workers that it belongs to
    service = None      # the future of its call of _serve()
    tally = None        # its Tally
    wakeup = None       # the future that it will park on, while it settles its last call
    depth = 0           # of nested calls
    future = None       # of the call that it runs


this_thread = ThisThread()


def countdown(timeout):
    """Returns a function that returns how many seconds are left: None if there is no timeout."""
    if timeout is None:
        return lambda: None

    end = time.monotonic() + timeout
    return lambda: end - time.monotonic()


def block(wait_usec, timeout, interval=SIGNAL_INTERVAL):
    """Calls a function of C, which waits, until it returns true. Raises TimeoutError.

    It returns to Python now and then, so that Ctrl-C ends the wait. It does little before it first waits: the thread
    that runs the call needs the interpreter lock, and if that thread has to sleep for the lock, a round trip takes
    50 µs instead of 13.
    """
    if threading.get_ident() != threading.main_thread().ident:
        interval = _LONG_INTERVAL
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        if wait_usec(math.ceil(max(0, min(left, interval)) * 1e6)):
            return
        # NaN is no timeout.
        if not left > interval:
            raise TimeoutError()
