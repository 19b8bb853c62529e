# SPDX-License-Identifier: LGPL-2.1-or-later

"""Done-callbacks: C decides when and where to call them, and knows them by numbers.

The functions stay in Python, where the garbage collector sees them, as an attribute of their future. Only this file
uses that attribute:

    add():  (fn, user_data) → future._callbacks[number]             number → future, weakly → _futures
            C: call _call(future, number) when the future is done

PyGObject would create a closure of C for each callback, which is slower, hides reference cycles from the garbage
collector, and leaks 112 bytes before PyGObject 3.44.2.
"""

import itertools
import logging
import threading
import weakref

from gi.module import get_introspection_module
from gi.repository import GLib

from .library import Address, DoneCallback, address_of, observe, observe_here, wait_for_set
from .waiting import this_thread

Cf = get_introspection_module('Cf')

# The logger of concurrent.futures.
logger = logging.getLogger('concurrent.futures')

# The context of callbacks where neither they nor the future's pool have one.
_default_context = ...

_numbers = itertools.count(1)
_futures = weakref.WeakValueDictionary()


class WithCallbacks:
    """A base of futures."""

    _callbacks = ()             # {number: (fn, user_data)}, without those that were called
    _callback_context = ...     # that of the pool, for callbacks that have none


def check_context(context):
    """Raises TypeError if this is no context for callbacks."""
    if context is not None and context is not ... and not isinstance(context, GLib.MainContext):
        raise TypeError(f'context must be a GLib.MainContext or None, not {type(context).__name__}')


def set_default_callback_context(context=...):
    """Says where callbacks are called of which nothing else is known, in the whole program.

    With None they are called as in concurrent.futures, in the thread that completes the future or at once: that is what
    libraries expect which wait for their own callbacks. With ... they are called by the main loop of the thread that adds
    them, as they are to begin with. The callback_context of a pool, and the context of a callback, override it.
    """
    global _default_context
    check_context(context)
    _default_context = context


def set_context_of(future, context):
    """Sets the context for those callbacks of a future that have none. Returns the future."""
    if context is not ...:
        future._callback_context = context
    return future


def context_for(future):
    """Returns the context for those callbacks of a future that have none."""
    return _default_context if future._callback_context is ... else future._callback_context


def has_callbacks(future):
    """Returns whether a future has callbacks that were not called yet."""
    return bool(future._callbacks)


def add(future, fn, user_data, context):
    """Calls a function when a future is done.

    The context is a GLib.MainContext, ... for that of this thread, or None for the thread that completes the future.
    """
    check_context(context)
    number = next(_numbers)
    vars(future).setdefault('_callbacks', {})[number] = fn, user_data
    _futures[number] = future
    if context is ...:
        observe_here(address_of(future), _call, number, None)
    else:
        # PyGObject has no other way to get the address of a boxed value.
        observe(address_of(future), hash(context) if context is not None else None, _call, number, None)


@DoneCallback
def _call(address, number):
    if this_thread.wakeup is not None:
        this_thread.workers.resume()
    future = _futures.pop(number)
    fn, user_data = future._callbacks.pop(number)
    try:
        fn(future, *user_data)
    except SystemExit as exit:
        # In the main thread sys.exit() in a callback ends the program, as in other callbacks of PyGObject.
        if threading.current_thread() is threading.main_thread():
            _end_program(exit)
        complain(future)
    except BaseException:
        complain(future)


def _end_program(exit):
    """Raises SystemExit in a function that PyGObject calls: it then ends the program."""
    def fail(future):
        raise exit

    Cf.InlineExecutor().submit_local(fail)


def complain(future):
    """Logs the exception that a callback has raised."""
    logger.exception('exception calling callback for %r', future)


def futures_with_callbacks():
    """Returns the futures of all pools that have callbacks that were not called yet."""
    futures = (reference() for reference in _futures.valuerefs())
    return {future for future in futures if future is not None}


def deliver(futures):
    """Runs the callbacks that are due in the main context of this thread, in the order in which they became due."""
    addresses = (Address * len(futures))(*map(address_of, futures))
    wait_for_set(addresses, len(addresses), Cf.ReturnWhen.ALL_COMPLETED, 0, None, None, None, None)
