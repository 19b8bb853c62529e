// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' third listing: wait for the calls in the order in which they end, whatever that is.
//
//   def task(n):
//       time.sleep(random.random())
//       return (n, n / 10)
//
//   ex = futures.ThreadPoolExecutor(max_workers=5)
//   print("main: starting")
//   wait_for = [ex.submit(task, i) for i in range(5, 0, -1)]
//   for f in futures.as_completed(wait_for):
//       print("main: result: ", f.result())

import Cf from 'gi://Cf?version=1';

async function task(n) {
    await new Promise(resolve => setTimeout(resolve, 1000 * Math.random()));
    return [n, n / 10];
}

const executor = new Cf.ProcessPoolExecutor({max_workers: 5});

print('main: starting');
const waitFor = [5, 4, 3, 2, 1].map(n => executor.submit(task, n));

for await (const future of Cf.as_completed(waitFor)) {
    const [n, tenth] = await future;

    print(`main: result: (${n}, ${tenth})`);
}
await executor.shutdown();
