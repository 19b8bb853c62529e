// SPDX-License-Identifier: LGPL-2.1-or-later

// The few lines that the binding was designed to, to the letter. test-snippet.js has them run, and defines what they
// leave to the reader: `futures` and `fn`.

import Cf from 'gi://Cf?version=1';
const pool = new Cf.ProcessPoolExecutor({max_workers: 2});
const f = pool.submit((n) => n / 10, 5);         // a Future is thenable
print(await f);
for await (const done of Cf.as_completed(futures)) print(await done);
for await (const r of pool.map(fn, [5, 4, 3, 2, 1])) print(r);
