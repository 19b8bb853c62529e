// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Has a JavaScript function called in another process, and prints its result.

import Cf from 'gi://Cf?version=1';

const pool = new Cf.ProcessPoolExecutor({max_workers: 1});

print(await pool.submit(n => n / 2, 5));
await pool.shutdown();
