// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' second listing: submit one call, and look at its future before and after.
//
//   executor = futures.ThreadPoolExecutor(max_workers=2)
//   print("main: starting")
//   f = executor.submit(task, 5)
//   print("main: future: %s", f)
//   print("main: waiting for results")
//   result = f.result()
//   print("main: result: %s", result)
//   print("main: future after result: %s", f)
//
// where task() is the one of the first listing.

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
const future = executor.submit(task, 5);
print(`main: future: ${future}`);
print('main: waiting for results');
print(`main: result: ${await future}`);
print(`main: future after result: ${future}`);
await executor.shutdown();
