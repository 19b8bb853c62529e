// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs JavaScript functions for process pools.
//
// A function is named MODULE-URL:EXPORT, where MODULE-URL is what `import` takes. A tuple of arguments is its
// arguments, any other value its only one. If it returns a promise, that is awaited. What becomes of which values
// is in docs/values-across-languages.md.
//
// The name `:source` is for functions that are sent as text: the first argument is the source of a function, which is
// called with the others.
//
// A function may ask for the future of its call, to report its progress or to see whether it was cancelled:
//
//     cfuturesWorker.currentCall().report_progress(0.5, 'halfway');

import Cf from 'gi://Cf?version=1';
import GLib from 'gi://GLib';
import System from 'system';

const {Variant, VariantType} = GLib;

// Arrays of which GLib and JavaScript have the same picture in memory.
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

// GLib takes values that are nested 128 deep; an object in an object counts three times.
const MAX_DEPTH = 40;

// Garbage is collected when so much may be hidden in it.
const MAX_HIDDEN_BYTES = 64 * 1024 * 1024;

function failure(code, message) {
    return new GLib.Error(Cf.Error, code, message);
}

// What came: values to JavaScript.

function memoryOf(variant, TypedArray) {
    const bytes = variant.get_data_as_bytes().toArray();

    return new TypedArray(bytes.buffer, bytes.byteOffset, bytes.length / TypedArray.BYTES_PER_ELEMENT);
}

function simplify(number) {
    return Number.isSafeInteger(Number(number)) ? Number(number) : number;
}

function childrenOf(variant) {
    return Array.from({length: variant.n_children()}, (_, index) => fromVariant(variant.get_child_value(index)));
}

function fromArray(variant, signature) {
    // The memory is the variant's, and may be mapped for reading only.
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

function fromTuple(variant, signature) {
    const children = childrenOf(variant);

    return signature === '(sd)' && children[0] === 'Date' ? new Date(children[1]) : children;
}

function fromVariant(variant) {
    const signature = variant.get_type_string();

    switch (signature[0]) {
    case 'x':
        return simplify(memoryOf(variant, BigInt64Array)[0]);
    case 't':
        return simplify(memoryOf(variant, BigUint64Array)[0]);
    case 'a':
        return fromArray(variant, signature);
    case 'v':
        return fromVariant(variant.get_variant());
    case 'm':
        return childrenOf(variant)[0] ?? null;
    case '(':
        return fromTuple(variant, signature);
    case '{':
        return childrenOf(variant);
    default:
        return variant.unpack();
    }
}

function unpackArguments(variant) {
    if (variant === null)
        return [];
    return variant.get_type_string().startsWith('(') ? childrenOf(variant) : [fromVariant(variant)];
}

// What goes: JavaScript to values.

// gjs 1.74 never frees a variant that it has made. Its overrides for CFutures know what to do.
function findOwn() {
    try {
        return imports.overrides.cfutures.ownership.own;
    } catch (error) {
        return variant => variant;
    }
}

const own = findOwn();

function notPortable(what) {
    return failure(Cf.Error.NOT_PORTABLE, `${what} cannot be sent to another process`);
}

function isInteger(number) {
    return Number.isSafeInteger(number) && !Object.is(number, -0);
}

function bytesOf({buffer, byteOffset, byteLength}) {
    return GLib.Bytes.new_take(new Uint8Array(buffer, byteOffset, byteLength));
}

function fromMemory(signature, array) {
    return own(Variant.new_from_bytes(new VariantType(signature), bytesOf(array), true));
}

function fromBigInt(number) {
    if (number === BigInt.asIntN(64, number))
        return own(Variant.new_int64(number));
    if (number === BigInt.asUintN(64, number))
        return own(Variant.new_uint64(number));
    throw notPortable('A BigInt of more than 64 bits');
}

function fromText(text) {
    if (text.includes('\0'))
        throw notPortable('A string with a NUL character');
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
        throw notPortable('A Map whose keys are not of one basic type');
    return own(Variant.new_array(null, keys.map((key, index) => own(Variant.new_dict_entry(key, values[index])))));
}

function fromObject(object, depth) {
    if (object instanceof Variant)
        return object;
    if (object instanceof Date)
        return own(Variant.new_tuple([own(Variant.new_string('Date')), own(Variant.new_double(object.getTime()))]));
    if (depth === MAX_DEPTH)
        throw notPortable(`A value that is nested more than ${MAX_DEPTH} deep, or contains itself,`);
    if (Array.isArray(object))
        return fromItems(Array.from(object), depth);
    if (object instanceof Map)
        return fromEntries([...object], depth);

    for (const [signature, TypedArray] of TYPED_ARRAYS) {
        if (object instanceof TypedArray)
            return fromMemory(signature, object);
    }

    const prototype = Object.getPrototypeOf(object);

    if (prototype === null || prototype === Object.prototype)
        return fromEntries(Object.entries(object), depth);
    throw notPortable(`A value of the type “${object.constructor?.name ?? typeof object}”`);
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
        throw notPortable(`A ${typeof value}`);
    }
}

// Functions.

let isImporting = false;

async function importModule(url) {
    try {
        isImporting = true;
        return await import(url);
    } catch (error) {
        // It may be one that the module imports that is missing.
        if (error.name === 'ImportError' && error.message.includes(url))
            throw failure(Cf.Error.NO_SUCH_FUNCTION, error.message);
        throw error;
    } finally {
        isImporting = false;
    }
}

async function resolve(name) {
    const [, url, path] = /^(.+):([^:/]+)$/.exec(name) ?? [];

    if (url === undefined) {
        throw failure(Cf.Error.NO_SUCH_FUNCTION,
            `“${name}” is no name of a JavaScript function, which is MODULE-URL:EXPORT`);
    }

    const found = path.split('.').reduce((object, property) => object?.[property], await importModule(url));

    if (typeof found !== 'function')
        throw failure(Cf.Error.NO_SUCH_FUNCTION, `The module ${url} exports no function “${path}”`);
    return found;
}

function evaluate(source) {
    // Called by another name, eval() sees the global variables only: none of the worker's.
    const globalEval = eval;
    let value;

    try {
        value = globalEval(`(${source})\n//# sourceURL=submitted-function`);
    } catch (error) {
        throw failure(Cf.Error.NOT_PORTABLE, `What was submitted is no function that stands for itself: ${error}`);
    }

    if (typeof value !== 'function')
        throw failure(Cf.Error.NOT_PORTABLE, `What was submitted is no function but a ${typeof value}`);
    return value;
}

function explain(error) {
    const [, name] = /^(\S+) is not defined$/.exec(error?.message) ?? [];

    if (!(error instanceof ReferenceError) || !name || !error.fileName.endsWith('> eval'))
        return error;
    return failure(Cf.Error.NOT_PORTABLE,
        `${error}: a function that is submitted has to be self-contained. Pass “${name}” as an argument, or submit ` +
        `a function of a module as [moduleURL, 'name']\n\n${stackOf(error)}`);
}

const evaluated = new Map();

async function callSource(source, ...args) {
    if (!evaluated.has(source))
        evaluated.set(source, evaluate(source));

    try {
        return await evaluated.get(source)(...args);
    } catch (error) {
        throw explain(error);
    }
}

// Calls.

const functions = new Map([[':source', callSource]]);
let current = null;
let hiddenBytes = 0;

globalThis.cfuturesWorker = {
    currentCall: () => current,
    isImporting: () => isImporting,
};

// Without what is the worker's own.
function stackOf(error) {
    return error.stack.split('\n').filter(line => !line.includes(`@${import.meta.url}:`)).join('\n').trimEnd();
}

function toError(error) {
    if (error instanceof GLib.Error)
        return error;
    return failure(Cf.Error.REMOTE, error instanceof Error ? `${error}\n\n${stackOf(error)}` : String(error));
}

// To SpiderMonkey all that belongs to GLib is small, and can wait.
function collectGarbage(nBytes) {
    hiddenBytes += nBytes;
    if (hiddenBytes < MAX_HIDDEN_BYTES)
        return;

    System.gc();
    hiddenBytes = 0;
}

function settle(future, result) {
    if (result === undefined)
        future.set_variant(null);
    else if (result instanceof Uint8Array)
        future.set_value(bytesOf(result));
    else
        future.set_variant(toVariant(result));
}

async function handle(future) {
    const name = future.dup_function();
    const args = future.dup_arguments();

    try {
        current = future;
        if (!functions.has(name))
            functions.set(name, await resolve(name));

        const result = await functions.get(name)(...unpackArguments(args));

        settle(future, result);
        collectGarbage(result?.byteLength ?? 0);
    } catch (error) {
        future.set_error(toError(error));
    }

    current = null;
    collectGarbage(args?.get_size() ?? 0);
}

function start() {
    try {
        return Cf.Worker.new(System.programArgs.at(-1) ?? '');
    } catch (error) {
        printerr(error.message);
        return System.exit(1);
    }
}

const worker = start();

for (let future = worker.next(); future !== null; future = worker.next())
    await handle(future);
