// SPDX-License-Identifier: LGPL-2.1-or-later

// A main loop is on time while JavaScript keeps all processors busy. It is compared to the same work on the
// main loop itself, for how late is late depends on the machine.

import Cf from 'gi://Cf?version=1';
import GLib from 'gi://GLib';

import {equal, run, sleep} from './tap.js';

const INTERVAL = 5;
const TURNS = 300000000;

function count(turns) {
    let n = 0;

    while (n < turns)
        n++;
    return n;
}

// How late a timer is at worst, in milliseconds, while something is done; and how often it was on time within
// 20 ms.
async function measure(action) {
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
    late.sort((one, other) => one - other);
    return {
        worst: late.at(-1),
        median: late[Math.floor(late.length / 2)],
        share: late.filter(ms => ms < 20).length / late.length,
        ticks: late.length,
    };
}

run({
    async 'responsiveness/main-loop-is-on-time-while-processors-are-busy'() {
        const pool = new Cf.ProcessPoolExecutor();
        const nCalls = 4 * pool.max_workers;

        // Workers are started, and their functions compiled.
        await Promise.all(Array.from({length: nCalls}, () => pool.submit(count, 1000)));

        const inPool = await measure(() => Promise.all(Array.from({length: nCalls}, () => pool.submit(count, TURNS))));
        const here = await measure(async () => {
            for (let i = 0; i < nCalls; i++) {
                count(TURNS);
                await sleep(0);
            }
        });

        print(`# in the pool: ${JSON.stringify(inPool)}`);
        print(`# on the main loop: ${JSON.stringify(here)}`);
        equal(inPool.median < here.worst, true);
        equal(inPool.ticks > here.ticks, true);
        await pool.shutdown();
    },
});
