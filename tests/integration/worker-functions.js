// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests have called by workers for JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

let preparedWith = null;

export function prepare(word) {
    preparedWith = word;
}

export function getPreparedWith() {
    return preparedWith;
}

export function echo(value) {
    return value;
}

export function namesOfTypes(...values) {
    return values.map(value => value?.constructor.name ?? 'null');
}

export function halve(number) {
    return number / 2;
}

export const numbers = {
    double: number => 2 * number,
};

export async function later(value) {
    await new Promise(resolve => {
        GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        });
    });

    return value;
}

export function getDate() {
    return [new Date()];
}

export function powerOfTwo(exponent) {
    return 2n ** BigInt(exponent);
}

export function isWritable(bytes) {
    bytes[0] = 7;
    return bytes[0] === 7;
}

export function fail() {
    throw new RangeError('no such luck');
}

export async function failLater() {
    await later();
    throw new RangeError('no such luck');
}

export function failWithGLibError() {
    throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'gone');
}

export function failAsAborted() {
    throw Object.assign(new Error('stopped'), {name: 'AbortError'});
}

export function failWithText() {
    throw 'no such luck';
}

export function say(text) {
    print(text);
}

export function report() {
    cfuturesWorker.currentCall().report_progress(0.5, 'halfway');
}

// Leaves the garbage collector with much to do.
export function litter() {
    return Array.from({length: 200000}, (_, index) => ({index})).length;
}
