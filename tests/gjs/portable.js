// SPDX-License-Identifier: LGPL-2.1-or-later

// A module whose functions are submitted by name.

const TENTH = 10;

export function divide(n) {
    return n / TENTH;
}

export default async function halve(n) {
    return n / 2;
}

export function prepare(value) {
    globalThis.prepared = value;
}
