// SPDX-License-Identifier: LGPL-2.1-or-later

// Converts JavaScript's values to variants, and back. The program for workers (cfutures/worker/cfutures-worker.js) uses
// a copy of this file, and of those that it needs, which is installed beside it.

/* exported argumentsOf, argumentsToVariant, attempt, bytesOf, fromBigInt, fromResult, isGLibError, isText */
/* exported namedArgumentsToVariant, notPortable, resultToVariant, toError */

const {Cf, Gio, GLib} = imports.gi;
const {produced} = imports.overrides.cfutures.garbage;
const {own} = imports.overrides.cfutures.ownership;
const {Variant, VariantType} = GLib;

// Arrays that have the same layout in memory in GLib and in JavaScript.
const TYPED_ARRAYS = new Map([
    ['ay', Uint8Array],
    ['an', Int16Array],
    ['aq', Uint16Array],
    ['ai', Int32Array],
    ['au', Uint32Array],
    ['ax', BigInt64Array],
    ['at', BigUint64Array],
    ['ad', Float64Array],
]);

// GLib takes values that are nested 128 deep; an object in an object counts three times, and a Map in a Map four times.
const MAX_DEPTH = 40;

// Arrays of more numbers than these are sent without a look at their other properties.
const MAX_LISTED = 1000;

const {propertyIsEnumerable: isEnumerable, toString} = Object.prototype;

function notPortable(message) {
    return new GLib.Error(Cf.Error, Cf.Error.NOT_PORTABLE, message);
}

// What is thrown may be anything. Reading it may throw as well: if it is a Proxy, has getters, or has no toString().
function attempt(read, otherwise) {
    try {
        return read();
    } catch (error) {
        return otherwise;
    }
}

// Returns whether C takes it as a GError. A Proxy of one is an instance of GLib.Error, too.
function isGLibError(thrown) {
    return attempt(() => GLib.Error.prototype.matches.call(thrown, Cf.Error, 0), null) !== null;
}

// Returns the GLib.Error for what a function has thrown. The Web throws an AbortError when a signal is aborted.
function toError(thrown, stackOf = error => error.stack ?? '') {
    if (isGLibError(thrown))
        return thrown;

    const isError = attempt(() => thrown instanceof Error, false);
    const text = attempt(() => String(thrown), 'What was thrown cannot be converted to a string');
    const details = isError ? `\n\n${attempt(() => stackOf(thrown), '')}` : '';
    const [domain, code] = isError && attempt(() => thrown.name, '') === 'AbortError'
        ? [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED]
        : [Cf.Error, Cf.Error.REMOTE];

    return new GLib.Error(domain, code, (text + details).replaceAll('\0', '\\0'));
}

// JavaScript to variants.

function isInteger(number) {
    return Number.isSafeInteger(number) && !Object.is(number, -0);
}

// Does not ask for the size: in gjs 1.74 a method of a GLib.Bytes leaks a reference.
function fromBytes(signature, bytes) {
    return own(Variant.new_from_bytes(new VariantType(signature), bytes, true));
}

// Returns the memory of a typed array.
function bytesOf({buffer, byteOffset, byteLength}) {
    return GLib.Bytes.new_take(new Uint8Array(buffer, byteOffset, byteLength));
}

function fromMemory(signature, array) {
    return fromBytes(signature, bytesOf(array));
}

function fromBigInt(number) {
    if (number === BigInt.asIntN(64, number))
        return own(Variant.new_int64(number));
    if (number === BigInt.asUintN(64, number))
        return own(Variant.new_uint64(number));
    throw notPortable('A BigInt of more than 64 bits cannot be sent to another process');
}

// Whether C can have it: without a NUL character it is UTF-8.
function isText(text) {
    return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

function fromText(text) {
    if (text.includes('\0'))
        throw notPortable('A string with a NUL character cannot be sent to another process');
    if (/\p{Surrogate}/u.test(text))
        throw notPortable('A string with a lone surrogate cannot be sent to another process');
    return own(Variant.new_string(text));
}

function haveOneType(variants) {
    return new Set(variants.map(variant => variant.get_type_string())).size === 1;
}

function fromItems(items, depth) {
    if (items.length > 0 && items.every(isInteger))
        return fromMemory('ax', BigInt64Array.from(items, BigInt));
    if (items.length > 0 && items.every(item => typeof item === 'number'))
        return fromMemory('ad', Float64Array.from(items));

    const variants = items.map(item => toVariant(item, depth + 1));

    if (haveOneType(variants))
        return own(Variant.new_array(null, variants));
    return own(Variant.new_array(new VariantType('v'), variants.map(variant => own(Variant.new_variant(variant)))));
}

function fromEntries(entries, depth) {
    const keys = entries.map(([key]) => toVariant(key, depth + 1));
    const values = entries.map(([, value]) => own(Variant.new_variant(toVariant(value, depth + 1))));

    if (keys.length === 0)
        return own(Variant.new_array(new VariantType('{sv}'), []));
    if (!haveOneType(keys) || !keys[0].get_type().is_basic())
        throw notPortable('A Map whose keys are not of one basic type cannot be sent to another process');
    return own(Variant.new_array(null, keys.map((key, index) => own(Variant.new_dict_entry(key, values[index])))));
}

// A dictionary with text as keys arrives as an object. The maybe around it tells that it is a Map.
function fromMap(map, depth) {
    const dictionary = fromEntries([...map], depth + 1);

    return dictionary.get_type_string() === 'a{sv}' ? own(Variant.new_maybe(null, dictionary)) : dictionary;
}

// Returns null for what is not binary data. GLib has no small integers with a sign and no small floating-point numbers.
function fromBinary(object) {
    if (object instanceof ArrayBuffer)
        return fromMemory('ay', new Uint8Array(object));
    if (object instanceof DataView || object instanceof Uint8ClampedArray)
        return fromMemory('ay', object);
    if (object instanceof Int8Array)
        return fromMemory('an', Int16Array.from(object));
    if (object instanceof Float32Array)
        return fromMemory('ad', Float64Array.from(object));

    for (const [signature, TypedArray] of TYPED_ARRAYS) {
        if (object instanceof TypedArray)
            return fromMemory(signature, object);
    }
    return null;
}

function fromDate(date) {
    return own(Variant.new_tuple([own(Variant.new_string('Date')), own(Variant.new_double(date.getTime()))]));
}

// Variants have no place for properties beside the items of an array, and none for symbols.
function refuseProperty(object, key) {
    const what = Array.isArray(object) ? 'An array' : 'An object';

    throw notPortable(`${what} with the property “${String(key)}” cannot be sent to another process: send a copy without ` +
        'it, or the property as a value of its own');
}

function checkSymbols(object) {
    const symbol = Object.getOwnPropertySymbols(object).find(key => isEnumerable.call(object, key));

    if (symbol !== undefined)
        refuseProperty(object, symbol);
}

// The names of the properties come after the indices. To list those of many numbers takes longer than to send them.
function checkArray(array) {
    checkSymbols(array);
    if (array.length > MAX_LISTED && typeof array[0] === 'number')
        return;

    const last = Object.keys(array).at(-1);

    if (last !== undefined && String(last >>> 0) !== last)
        refuseProperty(array, last);
}

// Math and its like have the prototype of plain objects, and so have the arguments of a function, but what is in them
// is not enumerable.
function checkPlainObject(object) {
    const type = toString.call(object).slice('[object '.length, -1);

    checkSymbols(object);
    if (type !== 'Object' && type !== 'Module')
        throw notPortable(`A value of the type “${type}” cannot be sent to another process`);
}

// The constructor of a generator has no name.
function nameOfType(object) {
    return object.constructor?.name || toString.call(object).slice('[object '.length, -1);
}

function fromObject(object, depth) {
    if (object instanceof Variant)
        return object;
    if (object instanceof GLib.Bytes)
        return fromBytes('ay', object);
    if (object instanceof Date)
        return fromDate(object);
    if (depth >= MAX_DEPTH) {
        throw notPortable(`A value that is nested more than ${MAX_DEPTH} deep, or contains itself, cannot be sent to ` +
            'another process');
    }
    if (Array.isArray(object)) {
        checkArray(object);
        return fromItems(Array.from(object), depth);
    }
    if (object instanceof Map)
        return fromMap(object, depth);

    const binary = fromBinary(object);

    if (binary !== null)
        return binary;

    const prototype = Object.getPrototypeOf(object);

    if (prototype === null || prototype === Object.prototype) {
        checkPlainObject(object);
        return fromEntries(Object.entries(object), depth);
    }
    if (typeof object.then === 'function')
        throw notPortable('A promise or a future cannot be sent to another process: await it, and send its result');
    throw notPortable(`A value of the type “${nameOfType(object)}” cannot be sent to another process`);
}

function toVariant(value, depth = 0) {
    switch (typeof value) {
    case 'boolean':
        return own(Variant.new_boolean(value));
    case 'number':
        return isInteger(value) ? own(Variant.new_int64(value)) : own(Variant.new_double(value));
    case 'bigint':
        return fromBigInt(value);
    case 'string':
        return fromText(value);
    case 'object':
    case 'undefined':
        return value ? fromObject(value, depth) : own(Variant.new_maybe(new VariantType('v'), null));
    default:
        throw notPortable(`A ${typeof value} cannot be sent to another process`);
    }
}

// Returns a tuple. Arguments that are undefined at the end are left out, so that parameters keep their defaults.
function argumentsToVariant(values) {
    let count = values.length;

    while (count > 0 && values[count - 1] === undefined)
        count--;

    const variant = own(Variant.new_tuple(values.slice(0, count).map(value => toVariant(value))));

    produced(variant.get_size());
    return variant;
}

// Returns the arguments for a function of any language. A single argument is passed as it is, as in C; one that is a
// tuple, such as a date, is wrapped in another tuple.
function namedArgumentsToVariant(values) {
    const [first = null] = values;

    if (values.length > 1)
        return argumentsToVariant(values);
    if (first === null || first instanceof Variant)
        return first;

    const variant = toVariant(first);

    if (variant.get_type().is_tuple())
        return argumentsToVariant(values);
    produced(variant.get_size());
    return variant;
}

// A function that returns nothing has no variant.
function resultToVariant(value) {
    return value === undefined ? null : toVariant(value);
}

// Variants to JavaScript.

function memoryOf(variant, TypedArray) {
    const bytes = variant.get_data_as_bytes().toArray();

    return new TypedArray(bytes.buffer, bytes.byteOffset, bytes.length / TypedArray.BYTES_PER_ELEMENT);
}

// Returns a number, or a BigInt if a number would not be exact.
function simplify(integer) {
    const number = Number(integer);

    return Number.isSafeInteger(number) ? number : BigInt(integer);
}

function childrenOf(variant) {
    return Array.from({length: variant.n_children()}, (_, index) => fromVariant(variant.get_child_value(index)));
}

function fromArray(variant, signature) {
    // The memory belongs to the variant, and may be mapped read-only.
    if (signature === 'ay')
        return memoryOf(variant, Uint8Array).slice();
    if (signature === 'ax' || signature === 'at')
        return Array.from(memoryOf(variant, TYPED_ARRAYS.get(signature)), simplify);
    if (TYPED_ARRAYS.has(signature))
        return Array.from(memoryOf(variant, TYPED_ARRAYS.get(signature)));
    if (/^a{[sog]/.test(signature))
        return Object.fromEntries(childrenOf(variant));
    if (signature.startsWith('a{'))
        return new Map(childrenOf(variant));
    return childrenOf(variant);
}

function fromMaybe(variant, signature) {
    if (variant.n_children() === 0)
        return null;

    const child = variant.get_child_value(0);

    return signature.startsWith('ma{') ? new Map(childrenOf(child)) : fromVariant(child);
}

function fromTuple(variant, signature) {
    const children = childrenOf(variant);

    return signature === '(sd)' && children[0] === 'Date' ? new Date(children[1]) : children;
}

function fromVariant(variant) {
    const signature = variant.get_type_string();

    switch (signature[0]) {
    case 'x':
    case 't':
        // gjs would convert it to a number, which may be inexact.
        return simplify(variant.print(false));
    case 'a':
        return fromArray(variant, signature);
    case 'v':
        return fromVariant(variant.get_variant());
    case 'm':
        return fromMaybe(variant, signature);
    case '(':
        return fromTuple(variant, signature);
    case '{':
        return childrenOf(variant);
    default:
        return variant.unpack();
    }
}

// Returns the arguments of a function: the items of a tuple, or the only argument.
function argumentsOf(variant) {
    if (variant === null)
        return [];
    return variant.get_type_string().startsWith('(') ? childrenOf(variant) : [fromVariant(variant)];
}

// A function that returns nothing has no variant.
function fromResult(variant) {
    if (variant === null)
        return undefined;

    const value = fromVariant(variant);

    produced(variant.get_size());
    return value;
}
