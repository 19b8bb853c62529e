# SPDX-License-Identifier: LGPL-2.1-or-later

"""The functions of C that are called through ctypes: those that every call uses, which have to be fast, and those that
block.

They take the address of a future. PyGObject releases the interpreter lock (GIL) around each function of C. That costs
32 µs if another thread waits for it, otherwise 0.2 µs. So functions that return at once are called with the lock held,
which always costs 0.2 µs. The exception is hand_over(), which settles the last future before a worker parks: the thread
that waits for the future finds the lock free.
"""

import ctypes
import operator

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
poll = _declare('cf_future_wait', ctypes.c_int, Address, ctypes.c_int64, Address, Address)
wait_for = _declare('cf_future_wait', ctypes.c_int, Address, ctypes.c_int64, Address, Address, library=_unlocked)
wait_for_set = _declare('cf_wait', ctypes.c_int, ctypes.POINTER(Address), ctypes.c_size_t, ctypes.c_int,
                        ctypes.c_int64, Address, Address, Address, Address, library=_unlocked)
new_future = _declare('cf_future_new', Address)
claim = _declare('cf_future_set_running_or_notify_cancel', ctypes.c_int, Address)
get_age = _declare('cf_future_get_age', ctypes.c_int64, Address)
ignore_error = _declare('cf_future_ignore_error', None, Address)
exempt = _declare('cf_future_exempt', None, Address)
settle = _declare('cf_future_set_variant', ctypes.c_int, Address, Address, Address)
_hand_over = _declare('cf_future_hand_over', ctypes.c_int, Address, ctypes.c_int64, library=_unlocked)
settle_with_error = _declare('cf_future_set_error', ctypes.c_int, Address, Address, Address)
get_error = _declare('cf_future_get_error', Address, Address)
get_variant = _declare('cf_future_await_variant', Address, Address, Address)
observe = _declare('cf_future_add_done_callback_full', None,
                   Address, Address, DoneCallback, ctypes.c_size_t, Address)
observe_here = _declare('cf_future_add_done_callback', None, Address, DoneCallback, ctypes.c_size_t, Address)
set_counts_func = _declare('cf_executor_set_counts_func', None, Address, CountsFunc, Address, Address)
notify_counts = _declare('cf_executor_notify_counts', ctypes.c_int, Address)
drain_within = _declare('cf_executor_drain_within', ctypes.c_int,
                        Address, ctypes.POINTER(Address), ctypes.c_int64, Address, Address, library=_unlocked)
await_closed = _declare('cf_process_pool_executor_await_closed', ctypes.c_int, ctypes.c_int64, library=_unlocked)
await_end = _declare('cf_process_pool_executor_await_end', ctypes.c_int, Address, ctypes.c_int64, library=_unlocked)
set_stack_size = _declare('cf_thread_pool_executor_set_stack_size', None, Address, ctypes.c_size_t, library=_unlocked)
unref_array = _declare('g_ptr_array_unref', None, Address)
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
_get_pointer = _declare('PyCapsule_GetPointer', Address, ctypes.py_object, ctypes.c_char_p, library=ctypes.pythonapi)


def read_address(gobject):
    """Returns the address of a GObject, which PyGObject has in a capsule."""
    return _get_pointer(gobject.__gpointer__, None)


class _Address:
    """Reads the address when it is first needed: an attribute is read twenty times as fast as a capsule."""

    def __get__(self, gobject, owner=None):
        return self if gobject is None else vars(gobject).setdefault('_address', read_address(gobject))


class WithAddress:
    """A base of classes whose objects keep their address at hand."""

    _address = _Address()


address_of = operator.attrgetter('_address')


# In this time a thread that has waited for a result takes it, submits another call, and waits again.
_SPIN_USEC = 10


def hand_over(address, variant, error):
    """Does as settle(), and releases the interpreter lock for the thread that waits for the future."""
    return _hand_over(address, _SPIN_USEC)


def is_done(address):
    """Returns whether a future is done. If so, runs its callbacks that are due in the main context of this thread."""
    return poll(address, 0, None, None)
