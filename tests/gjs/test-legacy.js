// SPDX-License-Identifier: LGPL-2.1-or-later

// A program with the imports of old, which has no `await` but in functions.

imports.gi.versions.Cf = '1';

const {Cf, GLib} = imports.gi;
const System = imports.system;

async function main() {
    const pool = new Cf.ProcessPoolExecutor({max_workers: 2});
    const results = [];

    try {
        results.push(await pool.submit(n => n / 10, 5));
        for await (const result of pool.map(n => n / 10, [2, 1]))
            results.push(result);
        for await (const future of Cf.as_completed([pool.submit(() => 'last')]))
            results.push(await future);
        await pool.submit(() => {
            throw new RangeError('too far');
        }).catch(error => results.push(error instanceof RangeError, error.message));
        results.push((await Cf.wait([pool.submit(() => 1)])).done.length);
    } finally {
        await pool.shutdown();
    }
    return results.join();
}

const loop = new GLib.MainLoop(null, false);
let text = null;

main().then(value => {
    text = value;
}).catch(logError).finally(() => loop.quit());
loop.run();

const isRight = text === '0.5,0.2,0.1,last,true,too far,1';

print('1..1');
print(`${isRight ? 'ok' : 'not ok'} 1 legacy/imports-work # ${text}`);
System.exit(isRight ? 0 : 1);
