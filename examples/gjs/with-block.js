// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' listing on executors as context managers: at the end of the block every call has ended and the
// pool is gone.
//
//   def task(n):
//       print(n)
//
//   with futures.ThreadPoolExecutor(max_workers=2) as ex:
//       print('main: starting')
//       ex.submit(task, 1)
//       ex.submit(task, 2)
//       ex.submit(task, 3)
//       ex.submit(task, 4)
//
//   print('main: done')

import Cf from 'gi://Cf?version=1';

const task = n => print(n);

const executor = new Cf.ProcessPoolExecutor({max_workers: 2});

try {
    print('main: starting');
    for (const n of [1, 2, 3, 4])
        executor.submit(task, n);
} finally {
    await executor.shutdown();
}

print('main: done');
