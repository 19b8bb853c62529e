// SPDX-License-Identifier: LGPL-2.1-or-later

// What cancels calls and waits: a Gio.Cancellable, or a signal in the manner of the Web's AbortSignal, which
// has `aborted` and addEventListener().

/* exported cancellableOf, onCancelled */

const {Gio, GObject} = imports.gi;

// A cancellable for the options, and what lets go of the signal when it is needed no more.
function cancellableOf({cancellable = null, signal = null}) {
    if (signal === null)
        return {cancellable, release() {}};
    if (cancellable !== null)
        throw new TypeError('A call is cancelled by a cancellable or by a signal, not by both');

    const own = new Gio.Cancellable();
    const onAbort = () => own.cancel();

    if (signal.aborted)
        own.cancel();
    else
        signal.addEventListener('abort', onAbort);
    return {
        cancellable: own,
        release() {
            signal.removeEventListener?.('abort', onAbort);
        },
    };
}

// Returns what ends it. Gio.Cancellable has a connect() and a disconnect() of its own, the second of which must not be
// called by a handler.
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
