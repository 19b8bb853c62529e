// SPDX-License-Identifier: LGPL-2.1-or-later

// Futures as promises: `await`, then(), catch() and finally(), and the conversion of results and errors.
//
// GLib has no type for most of JavaScript's objects. They stay in JavaScript, as attributes of their future.

/* exported keepError, keepExplanation, keepResult, override, promiseOf, resultOf, toException, toValue */

const {Cf, Gio, GLib, GObject} = imports.gi;
const {isCancelled} = imports.overrides.cfutures.cancelling;
const {toMicroseconds} = imports.overrides.cfutures.durations;
const {bytesOf, fromBigInt, fromResult, isGLibError, isText, toError} = imports.overrides.cfutures.values;

// The text of a remote exception is its message, an empty line, and its stack. The stack of Python, and the message of
// JavaScript, may contain empty lines.
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

// Whether an error is what a function has thrown in another process.
function isThrown(error) {
    return error instanceof GLib.Error && (error.matches(Cf.Error, Cf.Error.REMOTE) ||
        error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED) && error.message.startsWith('AbortError'));
}

function toException(error) {
    if (!isThrown(error))
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

// gjs also has a GType for plain objects, but it does not keep them from being garbage collected.
function isOfGLib(value) {
    if (typeof value === 'string')
        return isText(value);
    return ['boolean', 'number'].includes(typeof value) ||
        value?.constructor !== Object && value?.constructor?.$gtype !== undefined;
}

// What C gets: of the values that stay in JavaScript, integers and bytes in its own types.

function isOf64Bits(value) {
    return typeof value === 'bigint' && (value === BigInt.asIntN(64, value) || value === BigInt.asUintN(64, value));
}

function toValue(value) {
    if (isOf64Bits(value))
        return fromBigInt(value);
    if (value instanceof Uint8Array)
        return bytesOf(value);
    return isOfGLib(value) ? value : null;
}

// What stays in JavaScript.

function keepResult(future, value) {
    if (isOfGLib(value))
        return;

    // Awaiting the future awaits this promise. Without a handler of its own gjs would warn of its error.
    if (value instanceof Promise)
        value.catch(() => {});
    future._returned = value;
}

function keepError(future, error) {
    if (!isGLibError(error))
        future._thrown = error;
}

function keepExplanation(future, explain) {
    future._explain = explain;
}

const {await_value: awaitValue} = Cf.Future.prototype;

// Whether the call succeeded with a value that is no variant. A call may also have failed with this very error.
function isNoVariant(future, error) {
    return error instanceof GLib.Error && error.matches(Cf.Error, Cf.Error.WRONG_TYPE) && future.get_error() === null;
}

// The result as JavaScript, or an exception.
function resultOf(future) {
    try {
        const variant = future.await_variant();

        return '_returned' in future ? future._returned : fromResult(variant);
    } catch (error) {
        // A call that is cancelled drops what its function has returned or thrown, unless that is why it is cancelled.
        const isDropped = future.is_cancelled() && future._thrown?.name !== 'AbortError';

        if (!isDropped && '_returned' in future)
            return future._returned;
        if (!isDropped && '_thrown' in future)
            throw future._thrown;
        if (isNoVariant(future, error))
            return awaitValue.call(future)[1];
        throw toException(future._explain?.(error) ?? error);
    }
}

// Whose turn has come, but who are not called yet. This keeps their wrappers, which have their callbacks: gjs may take a
// wrapper for garbage if C drops its last reference in one thread while another one takes a new one here, to tell of a
// future that was done already.
const due = new Set();

// Calls the callbacks. gjs refuses callbacks that come between two steps of a garbage collection, for good. It does not
// refuse to set a property.
const Listener = GObject.registerClass({
    GTypeName: 'CfGjsListener',
    Properties: {settled: GObject.ParamSpec.object('settled', '', '', GObject.ParamFlags.WRITABLE, Cf.Future)},
}, class extends GObject.Object {
    set settled(future) {
        const callback = future._callbacks.shift();

        if (future._callbacks.length === 0)
            due.delete(future);
        try {
            callback(future);
        } catch (error) {
            logError(error);
        }
    }
});

const listener = new Listener();

function addDoneCallback(future, callback) {
    if (typeof callback !== 'function')
        throw new TypeError(`${callback} is not a function`);

    future._callbacks ??= [];
    future._callbacks.push(callback);
    future.add_listener(listener);
    if (future.is_done())
        due.add(future);
}

// The callback runs on the main context: gjs cannot run it in another thread.
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

    const {
        add_done_callback_full: addDoneCallbackFull, set_error: setError, set_value: setValue, set_variant: setVariant,
        wait, wait_async: waitAsync,
    } = future;

    Cf.error_is_cancelled = isCancelled;

    future.then = function (onFulfilled, onRejected) {
        return promiseOf(this).then(onFulfilled, onRejected);
    };

    future.catch = function (onRejected) {
        return promiseOf(this).catch(onRejected);
    };

    future.finally = function (onSettled) {
        return promiseOf(this).finally(onSettled);
    };

    // Blocks, except in callbacks, where the future is done.
    future.result = function () {
        return resultOf(this);
    };

    // gjs reads the value of C before it looks at the error, and cannot read the one that a failed call leaves unset.
    future.await_value = function () {
        const result = resultOf(this);

        return result === undefined || typeof result === 'bigint' || '_returned' in this
            ? [true, result] : awaitValue.call(this);
    };

    future.wait = function (timeout = Infinity, cancellable = null) {
        return wait.call(this, toMicroseconds('timeout', timeout), cancellable);
    };

    future.wait_async = function (timeout, ...rest) {
        return waitAsync.call(this, toMicroseconds('timeout', timeout), ...rest);
    };

    future.set_value = function (value) {
        if (isOf64Bits(value))
            setVariant.call(this, toValue(value));
        else
            setValue.call(this, toValue(value));
        keepResult(this, value);
    };

    future.set_error = function (error) {
        setError.call(this, toError(error));
        keepError(this, error);
    };

    // Shows a forgotten `await`: console.log() prints a future as such.
    future.toString = future.to_string;
    future.toJSON = function () {
        return this.to_string();
    };

    future.add_done_callback = function (callback) {
        addDoneCallback(this, callback);
    };

    future.add_done_callback_full = function (context, callback) {
        if (context === null) {
            throw new TypeError('A callback without a context runs in any thread, but JavaScript runs only in the ' +
                'main thread');
        }
        addDoneCallbackFull.call(this, context, callback);
    };
}
