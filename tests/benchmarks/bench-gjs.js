// SPDX-License-Identifier: LGPL-2.1-or-later

// Measures what JavaScript gains by a pool of processes: the same work in a pool of two and on the main loop, how late
// a timer of the main loop is meanwhile, and what a call costs.
//
//     gjs --module bench-gjs.js [--repeat N]
//
// Prints tables of medians over the repetitions, which go round the whole list, so that a disturbance hits all alike.
// Only ratios carry over to other machines.

import Cf from 'gi://Cf?version=1';
import GLib from 'gi://GLib';
import System from 'system';

import {measureLateness, median} from '../gjs/lateness.js';
import {collect, sleep} from '../gjs/tap.js';

const N_WORKERS = 2;
const N_COUNTS = 20;
const N_TURNS = 30000000;
const BATCH = 1000;
const CHUNK = 100;
const MANY_BYTES = 16 << 20;

const pool = new Cf.ProcessPoolExecutor({max_workers: N_WORKERS});
const echo = value => value;

function count(turns) {
    let n = 0;

    while (n < turns)
        n++;
    return n;
}

function numbers(length) {
    return Array.from({length}, (_, i) => i);
}

// The same work.

function countInPool() {
    return Promise.all(numbers(N_COUNTS).map(() => pool.submit(count, N_TURNS)));
}

// The main loop has its turn between any two calls: more cannot be done for it.
async function countOnMainLoop() {
    for (let i = 0; i < N_COUNTS; i++) {
        count(N_TURNS);
        await sleep(0);
    }
}

const WORKS = {'in the pool': countInPool, 'on the main loop': countOnMainLoop};

// What calls cost: functions that make so many.

async function inTurn(n) {
    for (let i = 0; i < n; i++)
        await pool.submit(echo, i);
}

async function inBatches(n) {
    for (let i = 0; i < n; i += BATCH)
        await Promise.all(numbers(BATCH).map(number => pool.submit(echo, number)));
}

async function mapped(n) {
    await collect(pool.map(echo, numbers(n), {chunk_size: CHUNK}));
}

async function echoBytes(n) {
    const bytes = new Uint8Array(MANY_BYTES);

    for (let i = 0; i < n; i++)
        await pool.submit(echo, bytes);
}

async function beginPools(n) {
    for (let i = 0; i < n; i++) {
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});

        await other.submit(echo, i);
        await other.shutdown();
    }
}

const CALLS = {
    'one after the other': [inTurn, 3000],
    'in bulk': [inBatches, 20000],
    'an item of map(), 100 in a chunk': [mapped, 20000],
    '16 MiB there and back': [echoBytes, 10],
    'a new pool, its first result, its end': [beginPools, 5],
};

async function microseconds(action) {
    const begun = GLib.get_monotonic_time();

    await action();
    return GLib.get_monotonic_time() - begun;
}

async function measureAll(repetitions) {
    const works = Object.keys(WORKS).map(title => ({title, runs: []}));
    const calls = Object.keys(CALLS).map(title => ({title, times: []}));

    await inBatches(BATCH);
    for (let i = 0; i < repetitions; i++) {
        for (const {title, runs} of works) {
            const run = {};

            run.lateness = await measureLateness(async () => {
                run.time = await microseconds(WORKS[title]);
            });
            runs.push(run);
        }
        for (const {title, times} of calls) {
            const [make, n] = CALLS[title];

            times.push(await microseconds(() => make(n)) / n);
        }
    }
    return {works, calls};
}

function row(title, ...cells) {
    print(`${title.padEnd(40)}${cells.map(cell => cell.padStart(16)).join('')}`);
}

function report({works, calls}) {
    const times = works.map(({runs}) => median(runs.map(run => run.time)));

    row(`${N_COUNTS} calls that count`, 'ms', 'ratio', 'late by, ms', 'at worst, ms');
    for (const [i, {title, runs}] of works.entries()) {
        row(title, (times[i] / 1000).toFixed(0), (times[i] / times.at(-1)).toFixed(2),
            median(runs.map(run => run.lateness.median)).toFixed(1),
            median(runs.map(run => run.lateness.worst)).toFixed(1));
    }

    print('');
    row('a call', 'µs');
    for (const call of calls)
        row(call.title, median(call.times).toFixed(1));
}

async function main([option, repetitions]) {
    report(await measureAll(option === '--repeat' ? Number(repetitions) : 5));
    await pool.shutdown();
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

main(ARGV).then(() => {
    status = 0;
}).catch(logError).finally(() => loop.quit());
loop.run();
System.exit(status);
