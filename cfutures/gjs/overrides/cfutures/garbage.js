// SPDX-License-Identifier: LGPL-2.1-or-later

// Collects garbage before SpiderMonkey starts to do so, for two reasons.
//
// SpiderMonkey sees small objects and not the large values of C behind them, so it collects too late. And its own
// collection is incremental: between two steps gjs (at least 1.74) blocks all callbacks, so done-callbacks would be
// lost, and promises would never be settled. A collection that is requested runs to its end at once.

/* exported produced, COST_OF_CALL */

const {GLib} = imports.gi;

// Roughly how much garbage a call leaves.
var COST_OF_CALL = 4 * 1024;

// SpiderMonkey starts at 27 MiB.
const MAX_GARBAGE = 8 * 1024 * 1024;

// Collecting takes at most a twentieth of the time, unless there is too much garbage.
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
