#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs Python functions for process pools.

A function is named MODULE:QUALNAME, where MODULE is what `import` takes or the path of a .py file. A tuple of
arguments is its positional arguments, any other value its only one. What becomes of which values is in
docs/values-across-languages.md.

A function may ask for the future of its call, to report its progress or to see whether it was cancelled:

    from cfutures_worker import current_call      # a module that there is in workers only

    current_call().report_progress(0.5, 'halfway')

Two names are for the Python binding: `:prepare` and `:pickle`, which are `prepare` and `call_pickled` below.
"""

import contextlib
import importlib
import importlib.util
import multiprocessing.process
import operator
import os
import pickle
import signal
import sys
import traceback
import types
from pathlib import Path

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402


def load_file(path):
    if not Path(path).is_file():
        raise ModuleNotFoundError(name=path)

    specification = importlib.util.spec_from_file_location(path, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[path] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[path]
        raise
    return module


def load_beside(name):
    """Loads what the override has as well. It is beside this file, as not every program has the override."""
    return load_file(str(Path(__file__).with_name(name)))


pickling = load_beside('cfutures_pickling.py')
values = load_beside('cfutures_values.py')

current = None


def current_call():
    """Returns the future of the call that is being made."""
    return current


def to_text(text):
    """Returns what C can take for text."""
    return text.replace('\0', '\\0').encode(errors='backslashreplace').decode()


def failure(code, message):
    return GLib.Error.new_literal(Cf.error_quark(), to_text(message), code)


# Functions.


def load(module):
    if module in sys.modules:
        return sys.modules[module]
    if module.endswith('.py'):
        return load_file(module)
    return importlib.import_module(module)


def resolve(name):
    if name in RESERVED:
        return RESERVED[name]

    module, _, qualname = name.rpartition(':')
    if not (module and qualname):
        raise failure(Cf.Error.NO_SUCH_FUNCTION,
                      f'“{name}” is no name of a Python function, which is MODULE:QUALNAME')
    try:
        function = operator.attrgetter(qualname)(load(module))
    except ModuleNotFoundError as error:
        # It may be one that the module imports that is missing.
        if not f'{module}.'.startswith(f'{error.name}.'):
            raise
        raise failure(Cf.Error.NO_SUCH_FUNCTION, f'There is no Python module “{error.name}”') from None
    except AttributeError:
        raise failure(Cf.Error.NO_SUCH_FUNCTION, f'The Python module “{module}” has no “{qualname}”') from None
    if not callable(function):
        raise failure(Cf.Error.NO_SUCH_FUNCTION, f'“{name}” is no function but a {type(function).__qualname__}')
    return function


def call(function, *args, **kwargs):
    result = function(*args, **kwargs)
    if isinstance(result, types.CoroutineType):
        import asyncio
        return asyncio.run(result)
    return result


# What the Python binding calls.


@contextlib.contextmanager
def no_process_pools():
    """While the program is imported, a pool that it has start workers would import it again, and so on for ever."""
    def refuse(*args, **kwargs):
        raise RuntimeError("The program starts a process pool when it is imported, as its workers do. "
                           "What only the program itself is to do belongs below “if __name__ == '__main__':”")

    pool = Cf.ProcessPoolExecutor
    methods = [name for name in dir(pool) if name.startswith(('submit', 'map'))]
    own_methods = {name: method for name, method in vars(pool).items() if name in methods}
    for name in methods:
        setattr(pool, name, refuse)
    try:
        yield
    finally:
        for name in methods:
            delattr(pool, name)
        for name, method in own_methods.items():
            setattr(pool, name, method)


def import_program(path, package):
    """Has `__main__` mean the program, which is run under the name that multiprocessing gives it too."""
    module = types.ModuleType('__mp_main__')
    module.__file__ = path
    module.__package__ = package
    sys.modules['__main__'] = sys.modules['__mp_main__'] = module
    with no_process_pools():
        exec(compile(Path(path).read_bytes(), path, 'exec'), vars(module))


def prepare(script='', package='', search_path=(), arguments=(), initializer=b'', key=b''):
    """Makes the worker like its program: `:prepare`, an initializer of pools.

    What the program's `__main__` was run from, and its `__package__` if that was `python3 -m`; its `sys.path` and
    `sys.argv`; what to call then, pickled as for `call_pickled`; and the key by which the objects of a
    multiprocessing.Manager know who may use them. Each may be left out.
    """
    if key:
        multiprocessing.process.current_process().authkey = key
    if search_path:
        sys.path[:] = map(os.fsdecode, search_path)
    if arguments:
        sys.argv[:] = map(os.fsdecode, arguments)
    if script:
        import_program(os.fsdecode(script), package)
    if initializer:
        function, args, kwargs = pickle.loads(initializer)
        call(function, *args, **kwargs)


def pack_failure(exception):
    # Some exceptions can be pickled but not read again, for their class has a constructor of its own.
    with contextlib.suppress(Exception):
        pickled = pickling.dump(exception)
        pickle.loads(pickled)
        return pickled, to_text(summarize(exception)), to_text(describe(exception))
    raise exception


def call_pickled(pickled):
    """Makes a call that comes pickled, `:pickle`. What it returns is told in pickling.py.

    An exception that cannot be pickled is raised.
    """
    try:
        function, args, kwargs = pickle.loads(pickled)
        return pickling.dump(call(function, *args, **kwargs))
    except BaseException as exception:
        return pack_failure(exception)


RESERVED = {':prepare': prepare, ':pickle': call_pickled}


# Calls.


def describe(exception):
    """Returns what Python prints of an exception, without what is the worker's own."""
    frames = exception.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return ''.join(traceback.format_exception(exception.with_traceback(frames)))


def summarize(exception):
    return ''.join(traceback.format_exception_only(exception)).rstrip()


def to_error(exception):
    if isinstance(exception, GLib.Error):
        return exception
    summary = summarize(exception)
    details = describe(exception)
    message = summary if details.rstrip() == summary else f'{summary}\n\n{details}'
    return failure(Cf.Error.REMOTE, message.rstrip())


def handle(future):
    global current
    try:
        try:
            current = future
            result = call(resolve(future.dup_function()), *values.arguments_of(future.dup_arguments()))
            variant = None if result is None else values.to_variant(result)
        finally:
            current = None
            # So that what the call has printed comes before what its submitter prints about the result.
            sys.stdout.flush()
    except BaseException as exception:  # also those that would end a program: it is the pool that ends the worker
        future.set_error(to_error(exception))
    else:
        future.set_variant(variant)


def on_interrupt(signal_number, frame):
    """Interrupts a call. Between calls there is nothing to interrupt: the program gets the signal too."""
    if current is not None:
        raise KeyboardInterrupt


def main():
    try:
        worker = Cf.Worker.new(sys.argv[-1])
    except GLib.Error as error:
        sys.exit(error.message)

    # To Python's functions __main__ is their program, if anything.
    sys.modules['cfutures_worker'] = sys.modules['__main__']
    sys.modules['__main__'] = types.ModuleType('__main__')
    if not getattr(sys.flags, 'safe_path', False):
        sys.path[0] = ''  # modules are found in the working directory, as by `python3 -m`
    signal.signal(signal.SIGINT, on_interrupt)
    while (future := worker.next()) is not None:
        handle(future)


if __name__ == '__main__':
    main()
