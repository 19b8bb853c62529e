// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' listing on callbacks: a function that is called when a future is done, for whatever reason, and
// finds out which.
//
//   def task(n):
//       print("%s: sleeping" % n)
//       time.sleep(0.5)
//       print("%s: done" % n)
//       return n / 10
//
//   def done(fn):
//       if fn.cancelled():
//           print("%s: canceled " % fn.arg)
//       elif fn.done():
//           error = fn.exception()
//           if error:
//               print("%s: error returned: %s" % (fn.arg, error))
//           else:
//               result = fn.result()
//               print("%s: value returned: %s" % (fn.arg, result))
//
//   if __name__ == '__main__':
//       ex = futures.ThreadPoolExecutor(max_workers=2)
//       print("main: starting")
//       f = ex.submit(task, 5)
//       f.arg = 5
//       f.add_done_callback(done)
//       result = f.result()
//       print(result)
//
// The callback runs on the main loop, before what waits for the future goes on.

import Cf from 'gi://Cf?version=1';

async function task(n) {
    print(`${n}: sleeping`);
    await new Promise(resolve => setTimeout(resolve, 500));
    print(`${n}: done`);
    return n / 10;
}

function done(future) {
    if (future.is_cancelled()) {
        print(`${future.arg}: canceled`);
        return;
    }

    const error = future.get_error();

    if (error)
        print(`${future.arg}: error returned: ${error.message}`);
    else
        print(`${future.arg}: value returned: ${future.result()}`);
}

const executor = new Cf.ProcessPoolExecutor({max_workers: 2});

print('main: starting');
const future = executor.submit(task, 5);
future.arg = 5;
future.add_done_callback(done);
print(await future);
await executor.shutdown();
