// SPDX-License-Identifier: LGPL-2.1-or-later

// A main loop is on time while JavaScript keeps all processors busy. It is compared to the same work on the
// main loop itself, for how late is late depends on the machine.

import Cf from 'gi://Cf?version=1';

import {measureLateness} from './lateness.js';
import {equal, run, sleep} from './tap.js';

const TURNS = 300000000;

function count(turns) {
    let n = 0;

    while (n < turns)
        n++;
    return n;
}

run({
    async 'responsiveness/main-loop-is-on-time-while-processors-are-busy'() {
        const pool = new Cf.ProcessPoolExecutor();
        const nCalls = 4 * pool.max_workers;

        // Workers are started, and their functions compiled.
        await Promise.all(Array.from({length: nCalls}, () => pool.submit(count, 1000)));

        const inPool = await measureLateness(
            () => Promise.all(Array.from({length: nCalls}, () => pool.submit(count, TURNS))));
        const here = await measureLateness(async () => {
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
