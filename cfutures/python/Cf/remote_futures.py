# SPDX-License-Identifier: LGPL-2.1-or-later

"""The futures of calls in Python's worker processes."""

import pickle
from concurrent.futures.process import BrokenProcessPool

from gi.repository import GLib

from .errors import PYTHON_EXCEPTION, exception_of
from .futures import FINISHED, Future
from .library import (address_of, claim, free_error, get_child, get_state, get_string, get_type_string, get_variant,
                      get_error, new_error, new_future, settle_with_error, unref_object, unref_variant)
from .pickling import load_failure
from .values import from_variant


class RemoteFuture(Future):
    """The future of a call whose outcome is pickled (see pickling.py). It is unpickled when it is first read.

    For C the call has always succeeded, even if the function has raised an exception.
    """

    @classmethod
    def adopt(cls, future):
        """Converts a future that C has returned."""
        future.__class__ = cls
        # An attribute makes PyGObject keep this object for as long as C refers to the future.
        future._was_read = False
        return future

    def __del__(self):
        if not self._was_read and get_state(address_of(self)) == FINISHED:
            _log_failure(address_of(self))

    def _give_up(self):
        super()._give_up()
        self._was_read = True

    def _wait_for_outcome(self, timeout):
        outcome = super()._wait_for_outcome(timeout)
        self._was_read = True
        return outcome

    def _read_outcome(self):
        self._kept = ()
        try:
            variant = self.await_variant()
        except GLib.Error as error:
            return None, exception_of(error, True)

        try:
            outcome = from_variant(variant)
            if isinstance(outcome, tuple):
                pickled, _, traceback = outcome
                return None, load_failure(pickled, traceback)
            return pickle.loads(outcome), None
        except BaseException as exception:
            failure = BrokenProcessPool('The outcome of the call cannot be unpickled')
            failure.__cause__ = exception
            return None, failure


def _log_failure(address):
    """Has C log a failure that was never read, as it does for its own.

    This may run when the interpreter ends, after PyGObject has gone. So it uses ctypes.
    """
    error = get_error(address)
    if error is not None:
        _log(error)
        return

    outcome = get_variant(address, None)
    if outcome is None:
        return
    if get_type_string(outcome) == b'(ayss)':
        text = get_child(outcome, 1)
        error = new_error(PYTHON_EXCEPTION, 0, get_string(text, None))
        _log(error)
        free_error(error)
        unref_variant(text)
    unref_variant(outcome)


def _log(error):
    """Fails a promise and drops it, which makes C log the error."""
    promise = new_future()
    claim(promise)
    settle_with_error(promise, error, None)
    unref_object(promise)


# Users see the name of the public class.
RemoteFuture.__name__ = Future.__name__
