# SPDX-License-Identifier: LGPL-2.1-or-later

"""The conversion of exceptions to a GError, and back."""

from concurrent.futures import BrokenExecutor
from concurrent.futures.process import BrokenProcessPool

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

from .library import free_error, new_error, quark, settle_with_error
from .values import is_cancelled

Cf = get_introspection_module('Cf')

PYTHON_EXCEPTION = quark(b'python-exception')
IO_ERROR = Gio.io_error_quark()


def error_is_cancelled(error):
    """Returns whether an exception, or None, is what a cancelled call raises."""
    return Cf.error_is_cancelled(error) if isinstance(error, GLib.Error) else is_cancelled(error)


def fail(address, exception):
    """Settles a future as failed. Returns False if it was settled before.

    A GLib.Error is passed to C as it is, another exception as its name and text.
    """
    try:
        domain, code, message = _parts_of(exception)
        error = new_error(domain, code, message.encode(errors='backslashreplace'))
    except BaseException:
        # An attribute has raised this, or is not what C has. The call ends all the same.
        error = new_error(PYTHON_EXCEPTION, 0, type.__repr__(type(exception)).encode(errors='backslashreplace'))
    is_settled = settle_with_error(address, error, None)
    free_error(error)
    return is_settled


def _parts_of(exception):
    """Returns domain, code and message for C."""
    if isinstance(exception, GLib.Error):
        return quark(exception.domain.encode()), exception.code, exception.message
    if is_cancelled(exception):
        return IO_ERROR, Gio.IOErrorEnum.CANCELLED, _describe(exception)
    return PYTHON_EXCEPTION, 0, _describe(exception)


def _describe(exception):
    name = type(exception).__name__
    try:
        text = str(exception)
    except BaseException:
        return name
    return f'{name}: {text}' if text else name


def exception_of(error, is_of_process):
    """Returns the exception of concurrent.futures for a GLib.Error, or that error if there is none."""
    if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT):
        return TimeoutError(error.message)
    if error.domain == GLib.quark_to_string(Cf.error_quark()):
        if error.code == Cf.Error.SHUT_DOWN:
            return RuntimeError(error.message)
        if error.code == Cf.Error.BROKEN_EXECUTOR:
            return (BrokenProcessPool if is_of_process else BrokenExecutor)(error.message)
        if error.code == Cf.Error.WORKER_DIED:
            return BrokenProcessPool(error.message)
    return error
