// SPDX-License-Identifier: LGPL-2.1-or-later

// A signal in the manner of the Web's AbortSignal, with the controller's abort().

export class Signal {
    aborted = false;
    listeners = new Set();

    addEventListener(_, listener) {
        this.listeners.add(listener);
    }

    removeEventListener(_, listener) {
        this.listeners.delete(listener);
    }

    abort(reason) {
        this.aborted = true;
        this.reason = reason;
        this.listeners.forEach(listener => listener());
    }
}
