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

// What becomes of which values is decided in the overrides for gjs alone. Beside this program is a copy of that
// part of them, for where they are not in the path.
const HERE = GLib.path_get_dirname(GLib.filename_from_uri(import.meta.url)[0]);

imports.overrides.searchPath.push(HERE);

const {COST_OF_CALL, produced} = imports.overrides.cfutures.garbage;
const {argumentsOf, bytesOf, notPortable, resultToVariant} = imports.overrides.cfutures.values;

function failure(code, message) {
    return new GLib.Error(Cf.Error, code, message);
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
        throw notPortable(`What was submitted is no function that stands for itself: ${error}`);
    }

    if (typeof value !== 'function')
        throw notPortable(`What was submitted is no function but a ${typeof value}`);
    return value;
}

function explain(error) {
    const [, name] = /^(\S+) is not defined$/.exec(error?.message) ?? [];

    if (!(error instanceof ReferenceError) || !name || !error.fileName.endsWith('> eval'))
        return error;
    return notPortable(`${error}: a function that is submitted has to be self-contained. Pass “${name}” as an ` +
        `argument, or submit a function of a module as [moduleURL, 'name']\n\n${stackOf(error)}`);
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

globalThis.cfuturesWorker = {
    currentCall: () => current,
    isImporting: () => isImporting,
};

// Without what is the worker's own, and with what caused the error. Has no empty lines.
function stackOf(error) {
    const lines = error.stack.split('\n').filter(line => !line.includes(`@${import.meta.url}:`));
    const {cause} = error;

    if (cause?.stack !== undefined && cause !== error)
        lines.push(`Caused by: ${cause}`, ...stackOf(cause).split('\n'));
    return lines.filter(line => line !== '').join('\n');
}

function toError(error) {
    if (error instanceof GLib.Error)
        return error;
    return failure(Cf.Error.REMOTE, error instanceof Error ? `${error}\n\n${stackOf(error)}` : String(error));
}

// Returns the size of what it made.
function settle(future, result) {
    if (result instanceof Uint8Array) {
        future.set_value(bytesOf(result));
        return result.byteLength;
    }

    const variant = resultToVariant(result);

    future.set_variant(variant);
    return variant?.get_size() ?? 0;
}

async function handle(future) {
    const name = future.dup_function();
    const args = future.dup_arguments();
    let garbage = COST_OF_CALL + (args?.get_size() ?? 0);

    try {
        current = future;
        if (!functions.has(name))
            functions.set(name, await resolve(name));
        garbage += settle(future, await functions.get(name)(...argumentsOf(args)));
    } catch (error) {
        future.set_error(toError(error));
    }

    current = null;
    produced(garbage);
}

function start() {
    try {
        return Cf.Worker.new(System.programArgs.at(-1) ?? '');
    } catch (error) {
        printerr(error.message);
        return System.exit(1);
    }
}

// While there is something to await, gjs 1.74 polls the main context without a break, and keeps a processor busy. So
// this waits for what comes next; it is not called again while it does.
GLib.idle_add(GLib.PRIORITY_LOW, () => {
    GLib.MainContext.default().iteration(true);
    return GLib.SOURCE_CONTINUE;
});

const worker = start();

for (let future = worker.next(); future !== null; future = worker.next())
    await handle(future);
