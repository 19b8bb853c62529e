// SPDX-License-Identifier: LGPL-2.1-or-later

// What is thrown may be anything. Each function throws something, and stands beside what its message is in another
// process.

const UNREADABLE = /^What was thrown cannot be converted to a string$/;

export const THROWING = {
    null: [() => {
        throw null;
    }, /^null$/],
    undefined: [() => {
        throw undefined;
    }, /^undefined$/],
    symbol: [() => {
        throw Symbol('s');
    }, /^Symbol\(s\)$/],
    'object-without-a-prototype': [() => {
        throw Object.create(null);
    }, UNREADABLE],
    'object-whose-text-cannot-be-read': [() => {
        throw {
            toString() {
                throw new Error('in toString');
            },
        };
    }, UNREADABLE],
    'error-whose-text-cannot-be-read': [() => {
        throw Object.defineProperty(new Error('x'), 'message', {
            get() {
                throw new Error('in message');
            },
        });
    }, UNREADABLE],
    'error-whose-stack-cannot-be-read': [() => {
        throw Object.defineProperty(new RangeError('x'), 'stack', {
            get() {
                throw new Error('in stack');
            },
        });
    }, /^x$/],
    'error-without-a-stack': [() => {
        throw Object.defineProperty(new RangeError('x'), 'stack', {value: undefined});
    }, /^x$/],
    'errors-that-cause-each-other': [() => {
        const one = new RangeError('one');
        const other = new Error('other', {cause: one});

        one.cause = other;
        throw one;
    }, /^one$/],
    'error-with-endless-causes': [() => {
        class Endless extends Error {
            get cause() {
                return new Endless('cause');
            }
        }

        throw new Endless('first');
    }, /^first$/],
    'error-with-a-nul': [() => {
        throw new Error('before\0after');
    }, /^before\\0after$/],
    proxy: [() => {
        throw new Proxy(new Error('x'), {
            get() {
                throw new Error('trap');
            },
        });
    }, UNREADABLE],
    'proxy-that-was-revoked': [() => {
        const {proxy, revoke} = Proxy.revocable(new Error('x'), {});

        revoke();
        throw proxy;
    }, UNREADABLE],
    'proxy-of-an-error-of-glib': [() => {
        const {GLib} = imports.gi;

        throw new Proxy(new GLib.Error(GLib.FileError, GLib.FileError.NOENT, 'x'), {});
    }, UNREADABLE],
};
