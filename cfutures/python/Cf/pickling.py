# SPDX-License-Identifier: LGPL-2.1-or-later

"""The pickles that are sent to worker processes and back.

A copy of this file is installed beside the program for workers (cfutures/worker/cfutures-worker.py), which uses it too.
So it must not use the rest of the override.

A call is (function, args, kwargs). Its outcome is either the pickled result, as `bytes`, or a failure, as a tuple: the
pickled exception, its text, and its traceback.
"""

import collections
import copyreg
import importlib
import io
import pickle
import sys
import types
from multiprocessing.reduction import ForkingPickler

# Both sides run the same Python.
PROTOCOL = pickle.HIGHEST_PROTOCOL

ADVICE = '. To send functions and classes that cannot be found by name in a module, install cloudpickle'


def dump(value):
    """Pickles a value, with cloudpickle if pickle cannot."""
    try:
        return _dump(value)
    except Exception as exception:
        return _dump_by_cloudpickle(value, exception)


def dump_of_no_file(value):
    """Pickles a value of a program that workers cannot import, so that names in its __main__ do not exist there."""
    try:
        pickled = _dump(value)
        if b'__main__' in pickled:
            _ProgramFinder(_Nowhere(), PROTOCOL).dump(value)
        return pickled
    except Exception as exception:
        return _dump_by_cloudpickle(value, exception)


def load_failure(pickled, traceback):
    """Returns the exception of a call, with its traceback in the worker as the cause."""
    exception = pickle.loads(pickled)
    exception.__cause__ = RemoteTraceback(traceback)
    return exception


class RemoteTraceback(Exception):
    """The cause of an exception from another process: the traceback there, as text."""

    def __str__(self):
        return f'\n"""\n{self.args[0]}"""'


# What multiprocessing, and libraries for it, know to send to another process: sockets, and the ends of pipes. To pickle
# these is to hand over a descriptor. For pickle itself the end of a pipe is an object with a number.
_REDUCERS = ForkingPickler._extra_reducers


def _dump(value):
    file = io.BytesIO()
    pickler = pickle.Pickler(file, PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | _REDUCERS
    pickler.dump(value)
    return file.getvalue()


def _dump_by_cloudpickle(value, exception):
    """Pickles a value with cloudpickle, or raises the exception of pickle."""
    try:
        cloudpickle = importlib.import_module('cloudpickle')
    except ImportError:
        if type(exception) in (AttributeError, TypeError, pickle.PicklingError):
            exception.args = (str(exception) + ADVICE,)
        raise exception from None

    class Pickler(cloudpickle.Pickler):
        dispatch_table = collections.ChainMap({io.TextIOWrapper: _reduce_file}, cloudpickle.Pickler.dispatch_table,
                                              _REDUCERS)

    file = io.BytesIO()
    Pickler(file, PROTOCOL).dump(value)
    return file.getvalue()


def _reduce_file(file):
    """Refuses a file as pickle does, unless each process has it: cloudpickle makes a StringIO of its text."""
    for name in 'stdout', 'stderr':
        if file is getattr(sys, name):
            return getattr, (sys, name)
    return file.__reduce_ex__(PROTOCOL)


class _Nowhere:
    def write(self, data):
        return len(data)


class _ProgramFinder(pickle.Pickler):
    """Raises PicklingError for functions and classes of __main__."""

    def reducer_override(self, value):
        if isinstance(value, (type, types.FunctionType)) and value.__module__ == '__main__':
            raise pickle.PicklingError(f"Can't pickle {value!r}: workers cannot import a program without a file")
        return NotImplemented
