// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls and waits are cancelled by a Gio.Cancellable, or by a signal like the Web's AbortSignal: an object that has
// `aborted` and addEventListener().

/* exported cancellableOf, isCancelled, onCancelled */

const {Cf, Gio, GLib, GObject} = imports.gi;

const {attempt, isGLibError} = imports.overrides.cfutures.values;

const errorIsCancelled = Cf.error_is_cancelled;

// Whether what was thrown says that a call or a wait was cancelled. Anything can be thrown.
function isCancelled(thrown) {
    if (isGLibError(thrown))
        return errorIsCancelled(thrown);

    return attempt(() => thrown instanceof Error && thrown.name === 'AbortError', false);
}

function isEndOfCall(error) {
    return error instanceof GLib.Error &&
        [Gio.IOErrorEnum.CANCELLED, Gio.IOErrorEnum.TIMED_OUT].some(code => error.matches(Gio.IOErrorEnum, code));
}

function withoutOverrides(stack) {
    return stack.split('\n').filter(line => !line.includes('/overrides/cfutures/')).join('\n');
}

// Returns a function that adds to the error of a call that was cancelled or timed out. C creates such an error on the
// main loop, where its stack says nothing. The function replaces it by the stack of the submission. If the signal was
// aborted with a reason, that becomes the cause, and its stack is used.
function explainer(signal) {
    const {stack} = new Error();

    return error => {
        if (isEndOfCall(error)) {
            const reason = signal?.aborted ? signal.reason : undefined;

            error.stack = reason?.stack ?? withoutOverrides(stack);
            error.cause = reason;
        }
        return error;
    };
}

// Returns a cancellable for the options; release(), which removes the listener of the signal; and explain(), which is
// for errors.
function cancellableOf({cancellable = null, signal = null}) {
    const explain = explainer(signal);

    if (signal === null)
        return {cancellable, explain, release() {}};
    if (cancellable !== null)
        throw new TypeError('Pass a cancellable or a signal, not both');

    const own = new Gio.Cancellable();
    const onAbort = () => own.cancel();

    if (signal.aborted)
        own.cancel();
    else
        signal.addEventListener('abort', onAbort);
    return {
        cancellable: own,
        explain,
        release() {
            signal.removeEventListener?.('abort', onAbort);
        },
    };
}

// Returns a function that disconnects. Gio.Cancellable has its own connect() and disconnect(), but a handler must not
// call the latter.
function onCancelled(cancellable, callback) {
    if (cancellable === null)
        return () => {};

    if (cancellable.is_cancelled()) {
        callback();
        return () => {};
    }

    let handler = GObject.Object.prototype.connect.call(cancellable, 'cancelled', callback);

    return () => {
        if (handler !== 0)
            GObject.signal_handler_disconnect(cancellable, handler);
        handler = 0;
    };
}
