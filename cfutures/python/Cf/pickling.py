# SPDX-License-Identifier: LGPL-2.1-or-later

"""Pickles, as they travel to worker processes and back."""

import pickle
from concurrent.futures.process import BrokenProcessPool

from gi.repository import GLib


class RemoteTraceback(Exception):
    """What an exception that comes from another process has as its cause: the traceback there, as text."""

    def __str__(self):
        return f'\n"""\n{self.args[0]}"""'


def unpickle(pickled):
    """Reads what a worker says has become of a call."""
    try:
        has_succeeded, outcome = pickle.loads(pickled)
    except BaseException as exception:
        failure = BrokenProcessPool('What a worker has sent cannot be read')
        failure.__cause__ = exception
        return None, failure
    if has_succeeded:
        return outcome, None

    exception, text = outcome
    exception.__cause__ = RemoteTraceback(text)
    return None, exception


def to_bytes_variant(data):
    return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(data), True)
