// SPDX-License-Identifier: LGPL-2.1-or-later

// What gjs programs get beside the interface of C: JavaScript functions in processes, futures that can be awaited.
//
//     const pool = new Cf.ProcessPoolExecutor({max_workers: 2});
//
//     print(await pool.submit(n => n / 10, 5));
//     for await (const result of pool.map(n => n / 10, [5, 4, 3, 2, 1]))
//         print(result);
//     for await (const future of Cf.as_completed(futures))
//         print(await future);
//     await pool.shutdown();
//
// gjs loads this file when the namespace is first used, and calls _init() with it. The parts are in the folder
// cfutures, in which each uses only those before it: garbage, ownership, options, durations and integers, values, functions and
// cancelling, futures, sets, executors.

/* exported _init */

function _init() {
    const {executors, futures, sets} = imports.overrides.cfutures;

    futures.override();
    sets.override();
    executors.override();
}
