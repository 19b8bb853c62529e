// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests that may wait, run one after the other on a main loop, reported as TAP.

import GLib from 'gi://GLib';
import System from 'system';

export function equal(actual, expected) {
    const [one, other] = [actual, expected].map(value => JSON.stringify(value) ?? String(value));

    if (one !== other)
        throw new Error(`expected ${other}, got ${one}`);
}

export function matches(text, pattern) {
    if (!pattern.test(text))
        throw new Error(`“${text}” does not match ${pattern}`);
}

// Returns what was thrown, at once or later.
export async function failure(action) {
    try {
        await action();
    } catch (error) {
        return error;
    }
    throw new Error('nothing was thrown');
}

export function failureNow(action) {
    try {
        action();
    } catch (error) {
        return error;
    }
    throw new Error('nothing was thrown');
}

export function isError(error, domain, code) {
    if (!(error instanceof GLib.Error && error.matches(domain, code)))
        throw error;
}

export async function collect(iterable) {
    const values = [];

    for await (const value of iterable)
        values.push(value);
    return values;
}

// Resolves when there is something to be seen, for which nobody tells.
export function until(condition) {
    return new Promise(resolve => {
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
            if (!condition())
                return GLib.SOURCE_CONTINUE;
            resolve();
            return GLib.SOURCE_REMOVE;
        });
    });
}

export function sleep(milliseconds) {
    return new Promise(resolve => setTimeout(resolve, milliseconds));
}

// Memory that the process has for itself, in KiB.
export function residentSize() {
    const [, status] = GLib.file_get_contents('/proc/self/status');

    return Number(/^RssAnon:\s*(\d+)/m.exec(new TextDecoder().decode(status))[1]);
}

async function runAll(tests) {
    let failed = 0;

    print(`1..${tests.length}`);
    for (const [index, [name, test]] of tests.entries()) {
        try {
            await test();
            print(`ok ${index + 1} ${name}`);
        } catch (error) {
            failed++;
            print(`not ok ${index + 1} ${name}`);
            print(`# ${error}\n${error.stack ?? ''}`.trimEnd().replaceAll('\n', '\n# '));
        }
    }
    return failed;
}

export function run(tests) {
    const loop = new GLib.MainLoop(null, false);
    let failed = 1;

    runAll(Object.entries(tests)).then(count => {
        failed = count;
    }).catch(logError).finally(() => loop.quit());
    loop.run();
    System.exit(failed === 0 ? 0 : 1);
}
