// SPDX-License-Identifier: LGPL-2.1-or-later

// Sees to it that garbage is collected before SpiderMonkey begins to do so by itself, for two reasons.
//
// Large values hide behind small objects, which SpiderMonkey does not think worth collecting. And what it
// begins by itself it does in small steps, between which gjs (1.74 at least) blocks all callbacks: that a
// future is done would never be told, and a promise would wait for ever. A collection that is asked for is made
// in one go.

/* exported produced, COST_OF_CALL */

const {GLib} = imports.gi;

// What a call leaves, roughly.
var COST_OF_CALL = 4 * 1024;

// SpiderMonkey begins at 27 MiB.
const MAX_GARBAGE = 8 * 1024 * 1024;

// Collecting takes at most one part in so many of the time, unless garbage piles up.
const COLLECTION_SHARE = 20;
const MAX_PILE = 2 * MAX_GARBAGE;

let garbage = 0;
let earliest = 0;

function collect() {
    const begun = GLib.get_monotonic_time();

    imports.system.gc();
    garbage = 0;
    earliest = GLib.get_monotonic_time() + COLLECTION_SHARE * (GLib.get_monotonic_time() - begun);
}

function produced(size) {
    garbage += size;
    if (garbage >= MAX_PILE || garbage >= MAX_GARBAGE && GLib.get_monotonic_time() >= earliest)
        collect();
}
