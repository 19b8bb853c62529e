// SPDX-License-Identifier: LGPL-2.1-or-later

// What surroundings-program.c is in C, in JavaScript: a program that makes calls, and says of each what came of it.
//
//     surroundings-program.js [FILE]
//
// It prints to the file if there is one, which it opens for each line alone.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import System from 'system';

const N_CALLS = 200;
const LARGE_SIZE = 1 << 20;

const twice = number => 2 * number;

function say(name, text) {
    const line = text === undefined ? name : `${name}: ${text}`.replaceAll('\n', '|');

    if (System.programArgs.length === 0) {
        print(line);
        return;
    }

    const stream = Gio.File.new_for_path(System.programArgs[0]).append_to(Gio.FileCreateFlags.NONE, null);

    stream.write_all(new TextEncoder().encode(`${line}\n`), null);
    stream.close(null);
}

async function sayResult(name, submit, read = result => result) {
    try {
        say(name, read(await submit()));
    } catch (error) {
        say(name, `failed: ${error}`);
    }
}

async function makeManyCalls(pool) {
    const results = await Promise.allSettled(Array.from({length: N_CALLS}, (_, number) => pool.submit(twice, number)));
    const failures = results.filter(({status}) => status === 'rejected');
    const nRight = results.filter(({value}, number) => value === 2 * number).length;

    say('calls', failures.length === 0 ? nRight : `${nRight}, and ${failures.length} failed: ${failures[0].reason}`);
}

// Some surroundings let no worker start: they are not waited for that long.
const pool = new Cf.ProcessPoolExecutor({max_workers: 2, start_timeout: 2000});

await sayResult('call', () => pool.submit(twice, 21));
await makeManyCalls(pool);
await sayResult('send', () => pool.submit(bytes => bytes.length, new Uint8Array(LARGE_SIZE)));
await sayResult('receive', () => pool.submit(size => new Uint8Array(size), LARGE_SIZE), bytes => bytes.length);
await sayResult('error', () => pool.submit(() => {
    throw new RangeError('no such luck');
}));
await pool.shutdown();
say('shutdown', 'done');
say('end');
