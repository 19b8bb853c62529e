// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs JavaScript functions for process pools.
//
// A function is named MODULE-URL:EXPORT, where MODULE-URL is what `import` takes. The items of a tuple are its
// arguments, any other value is its only argument. If it returns a promise, that is awaited. How values are converted
// is described in docs/values-across-languages.md.
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

// The overrides for gjs convert values. A copy of that part is beside this program, in case they are not in the path.
const HERE = GLib.path_get_dirname(GLib.filename_from_uri(import.meta.url)[0]);

imports.overrides.searchPath.push(HERE);

const {COST_OF_CALL, produced} = imports.overrides.cfutures.garbage;
const {argumentsOf, attempt, bytesOf, notPortable, resultToVariant, toError} = imports.overrides.cfutures.values;

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
        // The missing module may be one that this module imports.
        if (error?.name === 'ImportError' && error.message.includes(url))
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
            `“${name}” is not the name of a JavaScript function: expected MODULE-URL:EXPORT`);
    }

    const found = path.split('.').reduce((object, property) => object?.[property], await importModule(url));

    if (typeof found !== 'function')
        throw failure(Cf.Error.NO_SUCH_FUNCTION, `The module ${url} exports no function “${path}”`);
    return found;
}

function evaluate(source) {
    // Under another name, eval() sees only global variables, and none of this module.
    const globalEval = eval;
    let value;

    try {
        value = globalEval(`(${source})\n//# sourceURL=submitted-function`);
    } catch (error) {
        throw notPortable(`The source of the submitted function cannot be evaluated by itself: ${error}`);
    }

    if (typeof value !== 'function')
        throw notPortable(`The submitted source is not a function, but a ${typeof value}`);
    return value;
}

function explain(error) {
    if (!(error instanceof ReferenceError))
        return error;

    const [, name] = /^(\S+) is not defined$/.exec(error.message) ?? [];

    if (!name || !String(error.fileName).endsWith('> eval'))
        return error;
    return notPortable(`${error}: a submitted function has to be self-contained. Pass “${name}” as an argument, ` +
        `or submit a function of a module as [moduleURL, 'name']\n\n${stackOf(error)}`);
}

const evaluated = new Map();

async function callSource(source, ...args) {
    if (!evaluated.has(source))
        evaluated.set(source, evaluate(source));

    try {
        return await evaluated.get(source)(...args);
    } catch (error) {
        throw attempt(() => explain(error), error);
    }
}

// Calls.

const functions = new Map([[':source', callSource]]);
let current = null;

globalThis.cfuturesWorker = {
    currentCall: () => current,
    isImporting: () => isImporting,
};

// The errors that an error is reported with at most: some are the cause of each other.
const MAX_CAUSES = 100;

// Returns the stack without the frames of this file, and with those of the causes. It has no empty lines.
function stackOf(error) {
    const causes = new Set();
    const lines = [];

    for (let cause = error; causes.size < MAX_CAUSES && !causes.has(cause); cause = attempt(() => cause.cause)) {
        const stack = attempt(() => cause.stack);

        if (stack === undefined)
            break;
        if (causes.size > 0)
            lines.push(`Caused by: ${attempt(() => String(cause), 'an error that cannot be read')}`);
        lines.push(...String(stack).split('\n').filter(line => !line.includes(`@${import.meta.url}:`)));
        causes.add(cause);
    }
    return lines.filter(line => line !== '').join('\n');
}

// Returns the size of the variant that it created.
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
        future.set_error(toError(error, stackOf));
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

// While a promise is pending, gjs 1.74 polls the main context without a pause, which keeps a processor busy. This
// iterates it with blocking instead. It is not called again while it blocks.
GLib.idle_add(GLib.PRIORITY_LOW, () => {
    GLib.MainContext.default().iteration(true);
    return GLib.SOURCE_CONTINUE;
});

const worker = start();

for (let future = worker.next(); future !== null; future = worker.next())
    await handle(future);
