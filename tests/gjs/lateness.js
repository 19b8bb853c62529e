// SPDX-License-Identifier: LGPL-2.1-or-later

// How late a timer on the main loop is while something is done.

import GLib from 'gi://GLib';

import {sleep} from './tap.js';

const INTERVAL = 5;

export function median(numbers) {
    return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

// In milliseconds; and how often the timer was called, and on time within 20 ms.
export async function measureLateness(action) {
    const late = [];
    let due = GLib.get_monotonic_time() + 1000 * INTERVAL;
    const source = GLib.timeout_add(GLib.PRIORITY_DEFAULT, INTERVAL, () => {
        late.push((GLib.get_monotonic_time() - due) / 1000);
        due = GLib.get_monotonic_time() + 1000 * INTERVAL;
        return GLib.SOURCE_CONTINUE;
    });

    await action();
    await sleep(2 * INTERVAL);
    GLib.source_remove(source);
    return {
        worst: Math.max(...late),
        median: median(late),
        share: late.filter(ms => ms < 20).length / late.length,
        ticks: late.length,
    };
}
