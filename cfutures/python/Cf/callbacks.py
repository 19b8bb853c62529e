# SPDX-License-Identifier: LGPL-2.1-or-later

"""Done-callbacks: C knows when and where to call them, and knows them by numbers.

The functions stay in Python, with their futures, where the garbage collector sees them:

    add():  (fn, user_data) → future._callbacks[number]             number → future, weakly → _futures
            C: what to call (_call, number) when the future is done

PyGObject would make a closure of C for each callback. That takes longer, hides a cycle from the collector, and until
PyGObject 3.44.2 leaves 112 bytes behind.
"""

import itertools
import logging
import threading
import weakref

from gi.module import get_introspection_module
from gi.repository import GLib

from .library import Address, DoneCallback, observe, observe_here, wait_for_set
from .waiting import here

Cf = get_introspection_module('Cf')

# Where concurrent.futures complains.
logger = logging.getLogger('concurrent.futures')

_numbers = itertools.count(1)
_futures = weakref.WeakValueDictionary()


def add(future, fn, user_data, context):
    """Has a function called when a future is done: in a GLib.MainContext, with None in whatever thread completes it,
    with ... in the calling thread's own main context."""
    if context is not None and context is not ... and not isinstance(context, GLib.MainContext):
        raise TypeError(f'context must be a GLib.MainContext or None, not {type(context).__name__}')

    number = next(_numbers)
    vars(future).setdefault('_callbacks', {})[number] = fn, user_data
    _futures[number] = future
    if context is ...:
        observe_here(hash(future), _call, number, None)
    else:
        observe(hash(future), hash(context) if context is not None else None, _call, number, None)


@DoneCallback
def _call(address, number):
    if here.summons is not None:
        here.workers.come_back()
    future = _futures.pop(number)
    fn, user_data = future._callbacks.pop(number)
    try:
        fn(future, *user_data)
    except SystemExit as exit:
        # sys.exit() in a callback ends the program, as with all of GLib, but not from any thread.
        if threading.current_thread() is threading.main_thread():
            _end_program(exit)
        complain(future)
    except BaseException:
        complain(future)


def _end_program(exit):
    """Raises an exception where PyGObject calls a function, which it takes for the end of the program."""
    def fail(future):
        raise exit

    Cf.InlineExecutor().submit_local(fail)


def complain(future):
    """Logs what a callback has raised."""
    logger.exception('exception calling callback for %r', future)


def futures_with_callbacks():
    """Returns the futures, of all pools, that have callbacks which have not been called yet."""
    futures = (reference() for reference in _futures.valuerefs())
    return {future for future in futures if future is not None}


def deliver(futures):
    """Runs the callbacks that are due in this thread's own main context, in the order in which the futures were done.

    To ask for one after the other would run them in the order of asking.
    """
    addresses = (Address * len(futures))(*map(hash, futures))
    wait_for_set(addresses, len(addresses), Cf.ReturnWhen.ALL_COMPLETED, 0, None, None, None, None)
