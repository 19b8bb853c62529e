# SPDX-License-Identifier: LGPL-2.1-or-later

"""The threads of a pool that run calls of Python, as the module threading sees them.

Most are of C. Such a thread is entered before its first call of Python and left after the last one. It is traced and
profiled like a thread of Python, and has a threading.Thread that can be joined.
"""

import contextlib
import ctypes
import sys
import threading

from .futures import block_on
from .library import get_thread_dictionary


class PoolThread(threading._DummyThread):
    """Stands for a thread of C that runs calls of Python until a future is done."""

    def __init__(self, future):
        super().__init__()
        # The threads that a call starts inherit this: the program waits for them when it ends.
        self._daemonic = False
        self._future = future

    def is_alive(self):
        return not self._future.done()

    def join(self, timeout=None):
        if self is threading.current_thread():
            raise RuntimeError('cannot join current thread')
        with contextlib.suppress(TimeoutError):
            block_on(self._future, timeout)


class DaemonThread(threading.Thread):
    """A thread of Python that does not hold up the end of the program, while those that it starts do."""

    def __init__(self, **keywords):
        super().__init__(daemon=True, **keywords)

    def run(self):
        self._daemonic = False
        super().run()


def get_stack_size():
    """Returns how large the stacks of new threads are, or 0 for the default."""
    # Without an argument this also sets the size, to the default.
    size = threading.stack_size()
    if size != 0:
        threading.stack_size(size)
    return size


def enter_thread(future):
    """Makes this thread one of Python until a future is done, if it is one of C."""
    known = threading._active.get(threading.get_ident())
    if known is None or isinstance(known, threading._DummyThread):
        PoolThread(future)
        # From the next function on that is called.
        sys.setprofile(threading.getprofile())
        sys.settrace(threading.gettrace())


def leave_thread():
    """Drops what Python keeps for this thread, which was started by C.

    Its threading.Thread is found by the identifier of the thread. The next thread may have the same identifier, and
    would get that object. Thread-local data may have a GObject in it: before Python 3.12.4 the interpreter crashes when
    it drops that, because PyGObject takes the interpreter lock a second time (CPython issue 119585).
    """
    if isinstance(threading.current_thread(), threading._DummyThread):
        threading._active.pop(threading.get_ident(), None)
    thread_local = get_thread_dictionary()
    if thread_local is not None:
        ctypes.cast(thread_local, ctypes.py_object).value.clear()
