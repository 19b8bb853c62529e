// SPDX-License-Identifier: LGPL-2.1-or-later

// What surroundings-program has called by workers for JavaScript.

import System from 'system';

export function twice(number) {
    return 2 * number;
}

export function length(bytes) {
    return bytes.length;
}

export function filled(size) {
    return new Uint8Array(size);
}

export function fail() {
    throw new RangeError('no such luck');
}

export function die() {
    System.exit(9);
}
