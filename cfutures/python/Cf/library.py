# SPDX-License-Identifier: LGPL-2.1-or-later

"""The functions of C that are called through ctypes: those of every call, which have to be quick, and those that block.

They take a future by its address, which is its hash. PyGObject lets go of the interpreter lock around each function of
C. If another thread wants it that costs 32 µs, otherwise 0.2 µs. So the functions that return at once are called with
the lock held, for 0.2 µs in any case. The exception is the last call for the time being: whoever waits for it finds
the lock free, and has some time to take it.
"""

import ctypes

_locked = ctypes.PyDLL('libcfutures-1.so.0')
_unlocked = ctypes.CDLL('libcfutures-1.so.0')
Address = ctypes.c_void_p
DoneCallback = ctypes.PYFUNCTYPE(None, Address, ctypes.c_size_t)
Count = ctypes.POINTER(ctypes.c_uint64)
CountsFunc = ctypes.PYFUNCTYPE(None, Address, Count, Count, Count, Address)


def _declare(name, result, *arguments, library=_locked):
    function = library[name]
    function.restype = result
    function.argtypes = arguments
    return function


get_state = _declare('cf_future_get_state', ctypes.c_int, Address)
look = _declare('cf_future_wait', ctypes.c_int, Address, ctypes.c_int64, Address, Address)
wait_for = _declare('cf_future_wait', ctypes.c_int, Address, ctypes.c_int64, Address, Address, library=_unlocked)
wait_for_set = _declare('cf_wait', ctypes.c_int, ctypes.POINTER(Address), ctypes.c_size_t, ctypes.c_int,
                        ctypes.c_int64, Address, Address, Address, Address, library=_unlocked)
new_future = _declare('cf_future_new', Address)
claim = _declare('cf_future_set_running_or_notify_cancel', ctypes.c_int, Address)
settle = _declare('cf_future_set_variant', ctypes.c_int, Address, Address, Address)
_hand_over = _declare('cf_future_hand_over', ctypes.c_int, Address, ctypes.c_int64, library=_unlocked)
settle_with_error = _declare('cf_future_set_error', ctypes.c_int, Address, Address, Address)
look_at_error = _declare('cf_future_get_error', Address, Address)
get_variant = _declare('cf_future_get_variant', Address, Address, Address)
observe = _declare('cf_future_add_done_callback_full', None,
                   Address, Address, DoneCallback, ctypes.c_size_t, Address)
observe_here = _declare('cf_future_add_done_callback', None, Address, DoneCallback, ctypes.c_size_t, Address)
set_counts_func = _declare('cf_executor_set_counts_func', None, Address, CountsFunc, Address, Address)
notify_counts = _declare('cf_executor_notify_counts', ctypes.c_int, Address)
get_idle_timeout = _declare('cf_thread_pool_executor_get_idle_timeout', ctypes.c_int64, Address)
quark = _declare('g_quark_from_string', ctypes.c_uint32, ctypes.c_char_p)
new_error = _declare('g_error_new_literal', Address, ctypes.c_uint32, ctypes.c_int, ctypes.c_char_p)
free_error = _declare('g_error_free', None, Address)
get_type_string = _declare('g_variant_get_type_string', ctypes.c_char_p, Address)
get_child = _declare('g_variant_get_child_value', Address, Address, ctypes.c_size_t)
get_string = _declare('g_variant_get_string', ctypes.c_char_p, Address, Address)
unref_variant = _declare('g_variant_unref', None, Address)
unref_object = _declare('g_object_unref', None, Address)
get_thread_dictionary = _declare('PyThreadState_GetDict', Address, library=ctypes.pythonapi)


# In this time somebody who has waited for a result takes it, submits another call, and waits again.
_LINGER_USEC = 10


def hand_over(address, variant, error):
    """Does as settle(), and leaves the interpreter lock to whoever waits for the future."""
    return _hand_over(address, _LINGER_USEC)


def is_done(address):
    """Tells whether a future is done; if so, its callbacks that are due in this thread's own context run."""
    return look(address, 0, None, None)
