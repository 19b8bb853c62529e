// SPDX-License-Identifier: LGPL-2.1-or-later

// Memory stays what it is, however many calls are made.

import Cf from 'gi://Cf?version=1';
import GLib from 'gi://GLib';
import System from 'system';

import {equal, residentSize, run} from './tap.js';

const BATCH = 1000;
const N_CALLS = Number(GLib.getenv('CF_TEST_CALLS') ?? 100000);

// Garbage goes up and down: what is compared is the least memory of some rounds and of as many after them.
const N_ROUNDS = 6;
const MAX_KIB = 12 * 1024;

const pool = new Cf.ProcessPoolExecutor({max_workers: 2});
const echo = value => value;

async function inBatches(count, call) {
    for (let i = 0; i < count; i += BATCH)
        await Promise.all(Array.from({length: BATCH}, (_, j) => call(i + j)));
}

async function staysFlat(count, calls) {
    const sizes = [];

    for (let i = 0; i < N_ROUNDS; i++) {
        await calls(count / N_ROUNDS);
        System.gc();
        sizes.push(residentSize());
    }

    const growth = Math.min(...sizes.slice(N_ROUNDS / 2)) - Math.min(...sizes.slice(0, N_ROUNDS / 2));

    print(`# ${growth} KiB more after ${count} calls`);
    equal(growth < MAX_KIB, true);
}

run({
    async 'leaks/calls'() {
        await staysFlat(N_CALLS, count => inBatches(count, n => pool.submit(echo, n)));
    },

    async 'leaks/calls-with-objects'() {
        const value = {name: 'five', parts: [1, 2, {three: true}]};

        await staysFlat(N_CALLS / 40, count => inBatches(count, () => pool.submit(echo, value)));
    },

    async 'leaks/calls-with-strings'() {
        const text = 'x'.repeat(8 * 1024);

        await staysFlat(N_CALLS / 20, count => inBatches(count, () => pool.submit(value => value.slice(1), text)));
    },

    async 'leaks/map'() {
        await staysFlat(N_CALLS / 10, async count => {
            for await (const result of pool.map(echo, Array.from({length: count}, (_, i) => i), {chunk_size: 10}))
                void result;
        });
    },

    async 'leaks/large-values'() {
        const bytes = new Uint8Array(4 << 20).fill(7);
        const before = residentSize();

        for (let i = 0; i < 50; i++)
            await pool.submit(echo, bytes);
        equal(residentSize() - before < 25 * bytes.length / 1024, true);
    },

    async 'leaks/shutdown'() {
        await pool.shutdown();
    },
});
