# SPDX-License-Identifier: LGPL-2.1-or-later

"""The conversion of Python's values to variants, for functions of other languages and processes, and back.

The table is in docs/values-across-languages.md. A copy of this file is installed beside the program for workers
(cfutures/worker/cfutures-worker.py), which uses it too. So it must not use the rest of the override.
"""

import contextlib
import sys
from array import array
from functools import singledispatch
from numbers import Integral

from gi.module import get_introspection_module
from gi.repository import GLib

Cf = get_introspection_module('Cf')

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

# Arrays that have the same layout in memory in GLib and in Python.
ARRAY_FORMATS = {'ab': '?', 'an': 'h', 'aq': 'H', 'ai': 'i', 'au': 'I', 'ax': 'q', 'at': 'Q', 'ad': 'd'}
ARRAY_SIGNATURES = {'B': 'ay'} | {format: signature for signature, format in ARRAY_FORMATS.items()}

# The modules that define a CancelledError. They may not be imported: then none was raised.
CANCELLED_ERRORS = ('concurrent.futures', 'asyncio.exceptions')

# GLib takes values that are nested 128 deep; a dictionary in a dictionary counts three times.
MAX_DEPTH = 40


def is_cancelled(exception):
    """Returns whether an exception is one of Python's for something that was cancelled."""
    modules = [sys.modules[name] for name in CANCELLED_ERRORS if name in sys.modules]
    return any(isinstance(exception, module.CancelledError) for module in modules)


def not_portable(what):
    return GLib.Error.new_literal(Cf.error_quark(), f'{what} cannot be converted to a GVariant',
                                  Cf.Error.NOT_PORTABLE)


# Variants to Python.


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


def arguments_of(variant):
    """Returns the arguments of a function: the items of a tuple, or the only argument."""
    if variant is None:
        return ()
    if variant.get_type_string().startswith('('):
        return from_variant(variant)
    return (from_variant(variant),)


# Python to variants.


def to_arguments(args):
    """Returns the arguments of a function as a variant: the only argument, or a tuple of them."""
    if len(args) != 1 or isinstance(args[0], tuple):
        return to_variant(args) if args else None
    return to_variant(args[0]) if args[0] is not None else None


def from_memory(signature, memory):
    # GLib takes the copy that bytes() makes. With new() in the place of new_take() there would be two copies.
    return GLib.Variant.new_from_bytes(GLib.VariantType(signature), GLib.Bytes.new_take(bytes(memory)), True)


@singledispatch
def to_variant(value, depth=0):
    raise not_portable(f'A value of the type “{type(value).__qualname__}”')


def to_variants(values, depth):
    if depth == MAX_DEPTH:
        raise not_portable(f'A value that is nested more than {MAX_DEPTH} deep, or contains itself,')
    return [to_variant(value, depth + 1) for value in values]


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
    raise not_portable('An int of more than 64 bits')


@to_variant.register
def _(value: float, depth=0):
    return GLib.Variant.new_double(value)


@to_variant.register
def _(value: str, depth=0):
    if '\0' in value:
        raise not_portable('A str with a NUL character')
    try:
        return GLib.Variant.new_string(value)
    except UnicodeEncodeError:
        raise not_portable('A str with a surrogate') from None


@to_variant.register(bytes)
@to_variant.register(bytearray)
@to_variant.register(memoryview)
def _(value, depth=0):
    return from_memory('ay', value)


@to_variant.register
def _(value: GLib.Bytes, depth=0):
    return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), value, True)


@to_variant.register
def _(value: array, depth=0):
    if value.typecode in ARRAY_SIGNATURES:
        return from_memory(ARRAY_SIGNATURES[value.typecode], value)
    return to_variant(value.tolist(), depth)


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
        raise not_portable('A dict whose keys are not of one basic type')

    items = map(GLib.Variant.new_variant, to_variants(value.values(), depth))
    entry_type = GLib.VariantType(f'{{{signatures.pop()}v}}')
    return GLib.Variant.new_array(entry_type, list(map(GLib.Variant.new_dict_entry, keys, items)))
