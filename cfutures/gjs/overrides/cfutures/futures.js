// SPDX-License-Identifier: LGPL-2.1-or-later

// Futures as promises: `await`, then(), catch(), finally(), and the results and errors that come of them.
//
// What GLib has no type for, most of JavaScript's objects, stays with the future, and comes out of it as it is.

/* exported keepError, keepResult, override, resultOf, toError, toException, toValue */

const {Cf, GLib} = imports.gi;
const {fromResult} = imports.overrides.cfutures.values;

// A remote exception is a text: that of the error, an empty line, and where it came from. Python has empty
// lines in the latter, JavaScript in the former.
function splitRemote(text) {
    const python = text.indexOf('\n\nTraceback (most recent call last):');
    const end = python >= 0 ? python : text.lastIndexOf('\n\n');

    return end >= 0 ? [text.slice(0, end), text.slice(end + 2)] : [text, null];
}

function classOf(name) {
    const found = globalThis[name];

    return typeof found === 'function' && found.prototype instanceof Error && found !== globalThis.AggregateError
        ? found : Error;
}

function toException(error) {
    if (!(error instanceof GLib.Error) || !error.matches(Cf.Error, Cf.Error.REMOTE))
        return error;

    const [summary, stack] = splitRemote(error.message);
    const pattern = stack !== null ? /^([\w$.]+)(?:: ([^]*))?$/ : /^([\w$.]*(?:Error|Exception))(?:: ([^]*))?$/;
    const [, name, message = ''] = pattern.exec(summary) ?? [null, 'Error', summary];
    const exception = new (classOf(name))(message);

    if (exception.name !== name)
        Object.defineProperty(exception, 'name', {value: name, configurable: true, writable: true});
    if (stack !== null)
        exception.stack = stack;
    exception.cause = error;
    return exception;
}

// gjs has a type for plain objects too, but none that keeps them from being collected as garbage.
function isOfGLib(value) {
    return ['boolean', 'number', 'string'].includes(typeof value) ||
        value?.constructor !== Object && value?.constructor?.$gtype !== undefined;
}

// What GLib gets.

function toValue(value) {
    return isOfGLib(value) ? value : null;
}

function toError(error) {
    if (error instanceof GLib.Error)
        return error;

    const text = error instanceof Error ? `${error}\n\n${error.stack}` : String(error);

    return new GLib.Error(Cf.Error, Cf.Error.REMOTE, text);
}

// What stays here.

function keepResult(future, value) {
    if (isOfGLib(value))
        return;

    // Whoever awaits the future is told what an asynchronous function throws.
    if (value instanceof Promise)
        value.catch(() => {});
    future._returned = value;
}

function keepError(future, error) {
    if (!(error instanceof GLib.Error))
        future._thrown = error;
}

// The result as JavaScript, or an exception.
function resultOf(future) {
    try {
        return fromResult(future.get_variant());
    } catch (error) {
        if ('_returned' in future)
            return future._returned;
        if ('_thrown' in future)
            throw future._thrown;
        if (error instanceof GLib.Error && error.matches(Cf.Error, Cf.Error.WRONG_TYPE))
            return future.get_value()[1];
        throw toException(error);
    }
}

// The callback comes on the main context, for gjs takes none in another thread.
function promiseOf(future) {
    return new Promise((resolve, reject) => {
        future.add_done_callback(done => {
            try {
                resolve(resultOf(done));
            } catch (error) {
                reject(error);
            }
        });
    });
}

function override() {
    const future = Cf.Future.prototype;
    const {add_done_callback_full: addDoneCallbackFull, set_error: setError, set_value: setValue} = future;

    future.then = function (onFulfilled, onRejected) {
        return promiseOf(this).then(onFulfilled, onRejected);
    };

    future.catch = function (onRejected) {
        return promiseOf(this).catch(onRejected);
    };

    future.finally = function (onSettled) {
        return promiseOf(this).finally(onSettled);
    };

    // For callbacks, where the future is done; elsewhere it blocks.
    future.result = function () {
        return resultOf(this);
    };

    future.set_value = function (value) {
        setValue.call(this, toValue(value));
        keepResult(this, value);
    };

    future.set_error = function (error) {
        setError.call(this, toError(error));
        keepError(this, error);
    };

    // An `await` that was forgotten is seen where futures are printed, by console.log() too.
    future.toString = future.to_string;
    future.toJSON = function () {
        return this.to_string();
    };

    future.add_done_callback_full = function (context, callback) {
        if (context === null)
            throw new TypeError('A callback without a context runs in any thread, JavaScript in the main thread alone');
        addDoneCallbackFull.call(this, context, callback);
    };
}
