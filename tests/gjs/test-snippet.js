// SPDX-License-Identifier: LGPL-2.1-or-later

// Has snippet.js run, and looks at what it prints.

import Cf from 'gi://Cf?version=1';

import {equal, run} from './tap.js';

async function printedBy(module, globals) {
    const {print} = globalThis;
    const printed = [];

    Object.assign(globalThis, globals, {print: value => printed.push(value)});
    try {
        await import(module);
    } finally {
        globalThis.print = print;
    }
    return printed;
}

run({
    async 'snippet/runs-as-written'() {
        const pool = new Cf.ProcessPoolExecutor({max_workers: 1});
        const later = async n => {
            await new Promise(resolve => setTimeout(resolve, n));
            return n;
        };
        const globals = {fn: n => n / 10, futures: [5, 1].map(n => pool.submit(later, n))};

        equal(await printedBy('./snippet.js', globals), [0.5, 5, 1, 0.5, 0.4, 0.3, 0.2, 0.1]);
        await pool.shutdown();
    },
});
