# SPDX-License-Identifier: LGPL-2.1-or-later

"""What becomes of Python's exceptions in C, and of errors of C in Python."""

from concurrent.futures import BrokenExecutor
from concurrent.futures.process import BrokenProcessPool

from gi.module import get_introspection_module
from gi.repository import GLib

from .library import free_error, new_error, quark, settle_with_error

Cf = get_introspection_module('Cf')

PYTHON_EXCEPTION = quark(b'python-exception')


def fail(address, exception):
    """Settles a future as failed. C sees a GLib.Error as it is, and other exceptions by their name and text."""
    if isinstance(exception, GLib.Error):
        domain, code, message = quark(exception.domain.encode()), exception.code, exception.message
    else:
        domain, code, message = PYTHON_EXCEPTION, 0, describe(exception)

    error = new_error(domain, code, message.encode(errors='backslashreplace'))
    settle_with_error(address, error, None)
    free_error(error)


def describe(exception):
    name = type(exception).__name__
    try:
        text = str(exception)
    except Exception:
        return name
    return f'{name}: {text}' if text else name


def exception_of(error, is_of_process):
    """Returns what concurrent.futures raises in the place of a GLib.Error, or that itself."""
    if error.domain == GLib.quark_to_string(Cf.error_quark()):
        if error.code == Cf.Error.TIMED_OUT:
            return TimeoutError(error.message)
        if error.code == Cf.Error.SHUT_DOWN:
            return RuntimeError(error.message)
        if error.code == Cf.Error.BROKEN_EXECUTOR:
            return (BrokenProcessPool if is_of_process else BrokenExecutor)(error.message)
        if error.code == Cf.Error.WORKER_DIED:
            return BrokenProcessPool(error.message)
    return error
