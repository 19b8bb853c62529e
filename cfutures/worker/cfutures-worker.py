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
import operator
import pickle
import signal
import sys
import traceback
import types
from array import array
from functools import singledispatch
from numbers import Integral
from pathlib import Path

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

GETTERS = {
    'b': GLib.Variant.get_boolean,
    'y': GLib.Variant.get_byte,
    'n': GLib.Variant.get_int16,
    'q': GLib.Variant.get_uint16,
    'i': GLib.Variant.get_int32,
    'u': GLib.Variant.get_uint32,
    'x': GLib.Variant.get_int64,
    't': GLib.Variant.get_uint64,
    'h': GLib.Variant.get_handle,
    'd': GLib.Variant.get_double,
    's': GLib.Variant.get_string,
    'o': GLib.Variant.get_string,
    'g': GLib.Variant.get_string,
    'as': GLib.Variant.get_strv,
}

# Arrays of which GLib and Python have the same picture in memory.
ARRAY_FORMATS = {'ab': '?', 'an': 'h', 'aq': 'H', 'ai': 'i', 'au': 'I', 'ax': 'q', 'at': 'Q', 'ad': 'd'}

# GLib takes values that are nested 128 deep; a dictionary in a dictionary counts three times.
MAX_DEPTH = 40

current = None


def current_call():
    """Returns the future of the call that is being made."""
    return current


def failure(code, message):
    printable = message.encode(errors='backslashreplace').decode()
    return GLib.Error.new_literal(Cf.error_quark(), printable, code)


# What came: values to Python.


def from_variant(variant):
    signature = variant.get_type_string()
    if signature in GETTERS:
        return GETTERS[signature](variant)
    if signature == 'ay':
        return memory_of(variant)
    if signature in ARRAY_FORMATS:
        return memoryview(memory_of(variant)).cast(ARRAY_FORMATS[signature]).tolist()

    children = (from_variant(variant.get_child_value(index)) for index in range(variant.n_children()))
    if signature.startswith(('v', 'm')):
        return next(children, None)
    if signature.startswith('a{'):
        return dict(children)
    if signature.startswith('a'):
        return list(children)
    return tuple(children)


def memory_of(variant):
    return variant.get_data_as_bytes().get_data()


def arguments_of(future):
    variant = future.dup_arguments()
    if variant is None:
        return ()
    if variant.get_type_string().startswith('('):
        return from_variant(variant)
    return (from_variant(variant),)


# What goes: Python to values.


@singledispatch
def to_variant(value, depth=0):
    raise failure(Cf.Error.NOT_PORTABLE,
                  f'A value of the type “{type(value).__qualname__}” cannot be sent to another process')


def to_variants(values, depth):
    if depth == MAX_DEPTH:
        raise failure(Cf.Error.NOT_PORTABLE, f'The value is nested more than {MAX_DEPTH} deep, or contains itself')
    return [to_variant(value, depth + 1) for value in values]


def from_memory(signature, memory):
    return GLib.Variant.new_from_bytes(GLib.VariantType(signature), GLib.Bytes.new_take(bytes(memory)), True)


@to_variant.register
def _(value: GLib.Variant, depth=0):
    return value


@to_variant.register
def _(value: None, depth=0):
    return GLib.Variant.new_maybe(GLib.VariantType('v'), None)


@to_variant.register
def _(value: bool, depth=0):
    return GLib.Variant.new_boolean(value)


@to_variant.register
def _(value: Integral, depth=0):
    number = int(value)
    if -2**63 <= number < 2**63:
        return GLib.Variant.new_int64(number)
    if 0 <= number < 2**64:
        return GLib.Variant.new_uint64(number)
    raise failure(Cf.Error.NOT_PORTABLE, 'An int of more than 64 bits cannot be sent to another process')


@to_variant.register
def _(value: float, depth=0):
    return GLib.Variant.new_double(value)


@to_variant.register
def _(value: str, depth=0):
    if '\0' in value:
        raise failure(Cf.Error.NOT_PORTABLE, 'A str with a NUL character cannot be sent to another process')
    return GLib.Variant.new_string(value)


@to_variant.register(bytes)
@to_variant.register(bytearray)
@to_variant.register(memoryview)
def _(value, depth=0):
    return from_memory('ay', value)


@to_variant.register
def _(value: tuple, depth=0):
    return GLib.Variant.new_tuple(*to_variants(value, depth))


@to_variant.register
def _(value: list, depth=0):
    types_of_items = set(map(type, value))
    if types_of_items == {float}:
        return from_memory('ad', array('d', value))
    if types_of_items == {int}:
        with contextlib.suppress(OverflowError):
            return from_memory('ax', array('q', value))

    items = to_variants(value, depth)
    if len({item.get_type_string() for item in items}) == 1:
        return GLib.Variant.new_array(None, items)
    return GLib.Variant.new_array(GLib.VariantType('v'), list(map(GLib.Variant.new_variant, items)))


@to_variant.register
def _(value: dict, depth=0):
    keys = to_variants(value.keys(), depth)
    signatures = {key.get_type_string() for key in keys} or {'s'}
    if len(signatures) > 1 or not signatures <= GETTERS.keys() - {'as'}:
        raise failure(Cf.Error.NOT_PORTABLE,
                      'A dict whose keys are not of one basic type cannot be sent to another process')

    items = map(GLib.Variant.new_variant, to_variants(value.values(), depth))
    entry_type = GLib.VariantType(f'{{{signatures.pop()}v}}')
    return GLib.Variant.new_array(entry_type, list(map(GLib.Variant.new_dict_entry, keys, items)))


# Functions.


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
    """While the program is imported, a pool that it starts would import it again, and so on for ever."""
    def refuse(*args, **kwargs):
        raise RuntimeError("The program starts a process pool when it is imported, as its workers do. "
                           "What only the program itself is to do belongs below “if __name__ == '__main__':”")

    pool = Cf.ProcessPoolExecutor
    new, initialize = pool.new, pool.__init__
    pool.new = pool.__init__ = refuse
    try:
        yield
    finally:
        pool.new, pool.__init__ = new, initialize


def import_program(path, package):
    """Has `__main__` mean the program, which is run under the name that multiprocessing gives it too."""
    module = types.ModuleType('__mp_main__')
    module.__file__ = path
    module.__package__ = package
    sys.modules['__main__'] = sys.modules['__mp_main__'] = module
    with no_process_pools():
        exec(compile(Path(path).read_bytes(), path, 'exec'), vars(module))


def prepare(script='', package='', search_path=(), arguments=(), initializer=b''):
    """Makes the worker like its program: `:prepare`, an initializer of pools.

    What the program's `__main__` was run from, and its `__package__` if that was `python3 -m`; its `sys.path` and
    `sys.argv`; and what to call then, pickled as for `call_pickled`. Each may be left out.
    """
    if search_path:
        sys.path[:] = search_path
    if arguments:
        sys.argv[:] = arguments
    if script:
        import_program(script, package)
    if initializer:
        function, args, kwargs = pickle.loads(initializer)
        call(function, *args, **kwargs)


def pickle_failure(exception):
    # Some exceptions can be pickled but not read again, for their class has a constructor of its own.
    with contextlib.suppress(Exception):
        pickled = pickle.dumps((False, (exception, describe(exception))))
        pickle.loads(pickled)
        return pickled
    raise exception


def call_pickled(pickled):
    """Makes a call: `:pickle`, of a pickled `(function, args, kwargs)`.

    Returns `(True, result)` or `(False, (exception, traceback))`, pickled. An exception that cannot be pickled is
    raised instead.
    """
    try:
        function, args, kwargs = pickle.loads(pickled)
        result = True, call(function, *args, **kwargs)
        # If the function came from cloudpickle, so may the class of its result.
        return sys.modules.get('cloudpickle', pickle).dumps(result)
    except BaseException as exception:
        return pickle_failure(exception)


RESERVED = {':prepare': prepare, ':pickle': call_pickled}


# Calls.


def describe(exception):
    """Returns what Python prints of an exception, without what is the worker's own."""
    frames = exception.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return ''.join(traceback.format_exception(exception.with_traceback(frames)))


def to_error(exception):
    if isinstance(exception, GLib.Error):
        return exception
    summary = ''.join(traceback.format_exception_only(exception))
    details = describe(exception)
    message = summary if details == summary else f'{summary}\n{details}'
    return failure(Cf.Error.REMOTE, message.rstrip())


def handle(future):
    global current
    try:
        try:
            current = future
            result = call(resolve(future.dup_function()), *arguments_of(future))
            variant = None if result is None else to_variant(result)
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

    sys.modules['cfutures_worker'] = sys.modules['__main__']
    if not sys.flags.safe_path:
        sys.path[0] = ''  # modules are found in the working directory, as by `python3 -m`
    signal.signal(signal.SIGINT, on_interrupt)
    while (future := worker.next()) is not None:
        handle(future)


if __name__ == '__main__':
    main()
