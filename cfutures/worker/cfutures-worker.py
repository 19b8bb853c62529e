#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs Python functions for process pools.

A function is named MODULE:QUALNAME, where MODULE is what `import` takes or the path of a .py file. The items of a tuple
are its positional arguments, any other value is its only argument. How values are converted is described in
docs/values-across-languages.md.

A function may ask for the future of its call, to report its progress or to see whether it was cancelled:

    from cfutures_worker import current_call      # a module that exists only in workers

    current_call().report_progress(0.5, 'halfway')

Two names are for the Python binding: `:prepare` and `:pickle`, which are `prepare` and `call_pickled` below.
"""

import contextlib
import importlib
import importlib.util
import marshal
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
    """Loads a copy of a file of the override. Workers need not have the override in their path."""
    return load_file(str(Path(__file__).with_name(name)))


pickling = load_beside('cfutures_pickling.py')
values = load_beside('cfutures_values.py')

LENGTH_OF_PYC_HEADER = 16

IO_ERROR = GLib.quark_from_string('g-io-error-quark')
IO_ERROR_CANCELLED = 19

current = None


def current_call():
    """Returns the future of the call that is running."""
    return current


def to_text(text):
    """Returns text without what C cannot represent."""
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
                      f'“{name}” is not the name of a Python function: expected MODULE:QUALNAME')
    try:
        function = operator.attrgetter(qualname)(load(module))
    except ModuleNotFoundError as error:
        # The missing module may be one that this module imports.
        if not f'{module}.'.startswith(f'{error.name}.'):
            raise
        raise failure(Cf.Error.NO_SUCH_FUNCTION, f'There is no Python module “{error.name}”') from None
    except AttributeError:
        raise failure(Cf.Error.NO_SUCH_FUNCTION, f'The Python module “{module}” has no “{qualname}”') from None
    if not callable(function):
        raise failure(Cf.Error.NO_SUCH_FUNCTION, f'“{name}” is not a function, but a {type(function).__qualname__}')
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
    """Keeps the program from using a process pool while it is imported: that pool's workers would import it too."""
    def refuse(*args, **kwargs):
        raise RuntimeError("The program used a process pool while a worker imported it. Workers import the program: "
                           "put what they should not run below “if __name__ == '__main__':”")

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
    """Makes the program the module `__main__`. It is run as `__mp_main__`, as multiprocessing does."""
    module = types.ModuleType('__mp_main__')
    module.__file__ = path
    module.__package__ = package
    sys.modules['__main__'] = sys.modules['__mp_main__'] = module
    program = Path(path).read_bytes()
    if program.startswith(importlib.util.MAGIC_NUMBER):
        code = marshal.loads(program[LENGTH_OF_PYC_HEADER:])
    else:
        code = compile(program, path, 'exec')
    with no_process_pools():
        exec(code, vars(module))


def join_multiprocessing(key, parent_name, parent_pid, tracker):
    """Makes this process a child of the program's multiprocessing.

    It gets the authentication key, for objects of a Manager and the ends of pipes, and shares the resource tracker, which
    removes shared memory: that has a descriptor in the program.
    """
    process = multiprocessing.process
    worker = process.current_process()
    worker.authkey = key
    worker.name = f'SpawnProcess-{os.getpid()}'
    worker._identity = (os.getpid(),)
    # Started through another process, this one may not even know the program's identifier.
    if os.getppid() != parent_pid:
        return

    with contextlib.suppress(OSError):
        sentinel = os.pidfd_open(parent_pid)
        process._parent_process = process._ParentProcess(parent_name, parent_pid, sentinel)
    if tracker >= 0:
        with contextlib.suppress(OSError):
            descriptor = os.open(f'/proc/{parent_pid}/fd/{tracker}', os.O_WRONLY | os.O_CLOEXEC)
            importlib.import_module('multiprocessing.resource_tracker')._resource_tracker._fd = descriptor


def search(path):
    """Looks for modules in a path of the program, and then where this worker does besides."""
    path = list(map(os.fsdecode, path))
    sys.path[:] = path + [place for place in sys.path if place not in path]


def prepare(script='', package='', search_path=(), arguments=(), initializer=b'', key=b'', name='', pid=0, tracker=-1):
    """Prepares the worker for its program: `:prepare`, an initializer of pools.

    Takes the file of the program's `__main__`, and its `__package__` if it was run by `python3 -m`; its `sys.path` and
    `sys.argv`; the initializer, pickled as for `call_pickled`; and the authentication key of multiprocessing, the name
    and the identifier of the program's process, and the descriptor of its resource tracker. All are optional.
    """
    if key:
        join_multiprocessing(key, name, pid, tracker)
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
    # Some exceptions can be pickled but not unpickled, because of the constructor of their class. Their methods may
    # raise anything.
    with contextlib.suppress(BaseException):
        pickled = pickling.dump(exception)
        pickling.load_failure(pickled, '')
        return pickled, to_text(summarize(exception)), to_text(describe(exception))
    raise exception


def call_pickled(pickled, search_path=()):
    """Runs a pickled call: `:pickle`. The format of its result is described in pickling.py.

    Takes the `sys.path` of the program as well if it has changed since the pool was created. Raises an exception that
    cannot be pickled.
    """
    try:
        if search_path:
            search(search_path)
        function, args, kwargs = pickle.loads(pickled)
        return pickling.dump(call(function, *args, **kwargs))
    except BaseException as exception:
        if means_cancelled(exception) and current.get_cancellable().is_cancelled():
            raise  # the pool then cancels the future
        return pack_failure(exception)


RESERVED = {':prepare': prepare, ':pickle': call_pickled}


# Calls.


def describe(exception):
    """Returns the traceback of an exception, without the frames of this file."""
    frames = exception.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return format_safely(traceback.format_exception, exception.with_traceback(frames))


def summarize(exception):
    return format_safely(traceback.format_exception_only, exception).rstrip()


def format_safely(function, exception):
    """Returns the lines of a function of traceback as a text, also if the exception has attributes that raise."""
    try:
        return ''.join(function(exception))
    except BaseException:
        return f'{type.__repr__(type(exception))}, an exception whose text cannot be read'


def means_cancelled(exception):
    if isinstance(exception, GLib.Error):
        return exception.matches(IO_ERROR, IO_ERROR_CANCELLED)
    return values.is_cancelled(exception)


def is_error_of_c(exception):
    return (isinstance(exception, GLib.Error) and
            isinstance(exception.domain, str) and isinstance(exception.message, str))


def to_error(exception):
    if is_error_of_c(exception):
        return exception
    summary = summarize(exception)
    if means_cancelled(exception):
        return GLib.Error.new_literal(IO_ERROR, to_text(summary), IO_ERROR_CANCELLED)
    details = describe(exception)
    message = summary if details.rstrip() == summary else f'{summary}\n\n{details}'
    return failure(Cf.Error.REMOTE, message.rstrip())


def fail(future, exception):
    try:
        future.set_error(to_error(exception))
    except Exception:
        # An error of GLib that C cannot represent.
        future.set_error(failure(Cf.Error.REMOTE, describe(exception).rstrip()))


def handle(future):
    global current
    try:
        try:
            current = future
            result = call(resolve(future.dup_function()), *values.arguments_of(future.dup_arguments()))
            variant = None if result is None else values.to_variant(result)
        finally:
            current = None
            # The output of the call comes before that of its submitter about the result.
            if sys.stdout is not None and not sys.stdout.closed:
                sys.stdout.flush()
    except BaseException as exception:  # also SystemExit: only the pool ends the worker
        fail(future, exception)
    else:
        future.set_variant(variant)


def on_interrupt(signal_number, frame):
    """Interrupts the call that runs, if any. The program gets the signal as well."""
    if current is not None:
        raise KeyboardInterrupt


def main():
    try:
        worker = Cf.Worker.new(sys.argv[-1])
    except GLib.Error as error:
        sys.exit(error.message)

    # Functions look for their program in __main__.
    sys.modules['cfutures_worker'] = sys.modules['__main__']
    sys.modules['__main__'] = types.ModuleType('__main__')
    if not getattr(sys.flags, 'safe_path', False):
        sys.path[0] = ''  # the working directory, as for `python3 -m`
    signal.signal(signal.SIGINT, on_interrupt)
    while (future := worker.next()) is not None:
        handle(future)


if __name__ == '__main__':
    main()
