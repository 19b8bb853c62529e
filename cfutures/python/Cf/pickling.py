# SPDX-License-Identifier: LGPL-2.1-or-later

"""Pickles, as they travel to worker processes and back.

A copy of this file is installed beside the program for workers (cfutures/worker/cfutures-worker.py), so that both sides
mean the same by it; so it uses nothing of the override.

A call is (function, args, kwargs). What has become of it is a pickled result, which is `bytes`, or a failure, which is
a tuple: the pickled exception, what it says, and its traceback.
"""

import importlib
import pickle
import types

# Both sides are the same Python.
PROTOCOL = pickle.HIGHEST_PROTOCOL

ADVICE = ('. cloudpickle, were it installed, could send functions and classes that are not found by their name in a '
          'module')


def dump(value):
    """Pickles a value, by cloudpickle if nothing else can."""
    try:
        return pickle.dumps(value, PROTOCOL)
    except Exception as exception:
        return _dump_by_cloudpickle(value, exception)


def dump_of_no_file(value):
    """Pickles a value of a program that workers cannot import: they do not find by name what is in its __main__."""
    try:
        pickled = pickle.dumps(value, PROTOCOL)
        if b'__main__' in pickled:
            _ProgramFinder(_Nowhere(), PROTOCOL).dump(value)
        return pickled
    except Exception as exception:
        return _dump_by_cloudpickle(value, exception)


def load_failure(pickled, traceback):
    """Returns the exception that a call has raised, with the traceback in the worker as its cause."""
    exception = pickle.loads(pickled)
    exception.__cause__ = RemoteTraceback(traceback)
    return exception


class RemoteTraceback(Exception):
    """What an exception that comes from another process has as its cause: the traceback there, as text."""

    def __str__(self):
        return f'\n"""\n{self.args[0]}"""'


def _dump_by_cloudpickle(value, exception):
    """Tries what cloudpickle can do about an exception of pickle's."""
    try:
        cloudpickle = importlib.import_module('cloudpickle')
    except ImportError:
        if type(exception) in (AttributeError, TypeError, pickle.PicklingError):
            exception.args = (str(exception) + ADVICE,)
        raise exception from None
    return cloudpickle.dumps(value, PROTOCOL)


class _Nowhere:
    def write(self, data):
        return len(data)


class _ProgramFinder(pickle.Pickler):
    """Raises PicklingError for what is to be found in __main__."""

    def reducer_override(self, value):
        if isinstance(value, (type, types.FunctionType)) and value.__module__ == '__main__':
            raise pickle.PicklingError(f"Can't pickle {value!r}: the program is no file that a worker could import")
        return NotImplemented
