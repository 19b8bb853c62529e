# SPDX-License-Identifier: LGPL-2.1-or-later

"""The futures of calls that Python's worker processes make."""

import pickle
from concurrent.futures.process import BrokenProcessPool

from gi.repository import GLib

from .errors import PYTHON_EXCEPTION, exception_of
from .futures import FINISHED, Future
from .library import (claim, free_error, get_child, get_state, get_string, get_type_string, get_variant, look_at_error,
                      new_error, new_future, settle_with_error, unref_object, unref_variant)
from .pickling import load_failure
from .values import from_variant


class RemoteFuture(Future):
    """The future of a call whose outcome comes pickled (see pickling.py). It is read when somebody looks at it.

    To C it is a success in any case, also when the call has failed.
    """

    @classmethod
    def adopt(cls, future):
        """Makes one of a future that C has returned."""
        future.__class__ = cls
        # What has an attribute stays the object that it is for as long as C knows it.
        future._is_looked_at = False
        return future

    def __del__(self):
        if not self._is_looked_at and get_state(hash(self)) == FINISHED:
            _log_failure(hash(self))

    def _wait_for_outcome(self, timeout):
        outcome = super()._wait_for_outcome(timeout)
        self._is_looked_at = True
        return outcome

    def _read_outcome(self):
        try:
            variant = self.get_variant()
        except GLib.Error as error:
            return None, exception_of(error, True)

        try:
            outcome = from_variant(variant)
            if isinstance(outcome, tuple):
                pickled, _, traceback = outcome
                return None, load_failure(pickled, traceback)
            return pickle.loads(outcome), None
        except BaseException as exception:
            failure = BrokenProcessPool('What a worker has sent cannot be read')
            failure.__cause__ = exception
            return None, failure


def _log_failure(address):
    """Has C say of a failure that nobody looked at it, as it does of those that it takes for failures.

    When the interpreter is about to end there is no PyGObject any more, but still what goes through ctypes.
    """
    error = look_at_error(address)
    if error is not None:
        _leave(error)
        return

    outcome = get_variant(address, None)
    if outcome is None:
        return
    if get_type_string(outcome) == b'(ayss)':
        text = get_child(outcome, 1)
        error = new_error(PYTHON_EXCEPTION, 0, get_string(text, None))
        _leave(error)
        free_error(error)
        unref_variant(text)
    unref_variant(outcome)


def _leave(error):
    """Fails a promise that nobody will look at."""
    promise = new_future()
    claim(promise)
    settle_with_error(promise, error, None)
    unref_object(promise)


# It is to its users what every future is.
RemoteFuture.__name__ = Future.__name__
