// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' first listing: map() over a pool of two. The calls run concurrently and end in any order; the
// results come in the order of the arguments.
//
//   def task(n):
//       print("%s: sleeping %s" % (threading.current_thread().name, n))
//       time.sleep(n / 10)
//       print("%s: done with %s" % (threading.current_thread().name, n))
//       return n / 10
//
//   ex = futures.ThreadPoolExecutor(max_workers=2)
//   print('main: starting')
//   results = ex.map(task, range(5, 0, -1))
//   print("main: unprocessed results %s " % results)
//   print("main: waiting for real results")
//   real_results = list(results)
//   print("main: results: %s" % real_results)
//
// JavaScript does not run in threads, so the pool is one of processes.

import Cf from 'gi://Cf?version=1';

async function task(n) {
    const {Gio} = imports.gi;
    const pid = Gio.Credentials.new().get_unix_pid();

    print(`process ${pid}: sleeping ${n}`);
    await new Promise(resolve => setTimeout(resolve, 100 * n));
    print(`process ${pid}: done with ${n}`);
    return n / 10;
}

const executor = new Cf.ProcessPoolExecutor({max_workers: 2});

print('main: starting');
const results = executor.map(task, [5, 4, 3, 2, 1]);
print(`main: unprocessed results ${results}`);
print('main: waiting for real results');

const realResults = [];

for await (const result of results)
    realResults.push(result);
print(`main: results: [${realResults.join(', ')}]`);
await executor.shutdown();
