// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' variant of the third listing: the calls end in any order, but their results are asked for in the
// order in which they were submitted.
//
//   def task(n):
//       time.sleep(random.random())
//       return (n, n / 10)
//
//   ex = futures.ThreadPoolExecutor(max_workers=5)
//   print("main: starting")
//   wait_for = [ex.submit(task, i) for i in range(5, 0, -1)]
//   for i in wait_for:
//       print(i.result())

import Cf from 'gi://Cf?version=1';

async function task(n) {
    await new Promise(resolve => setTimeout(resolve, 1000 * Math.random()));
    return [n, n / 10];
}

const executor = new Cf.ProcessPoolExecutor({max_workers: 5});

print('main: starting');
const waitFor = [5, 4, 3, 2, 1].map(n => executor.submit(task, n));

for (const future of waitFor) {
    const [n, tenth] = await future;

    print(`(${n}, ${tenth})`);
}
await executor.shutdown();
