// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' benchmark: ten calls that do nothing but count, on one executor after the other.
//
//   number_list = [1,2,3,4,5,6,7,8,9,10]
//
//   def evaluate_item(x):
//       result_item = count(x)
//       print("item " + str(x) + " result " + str(result_item))
//
//   def count(number):
//       for i in range(0,10000000):
//           i=i+1
//       return i*number
//
//   start_time = time.clock()
//   for item in number_list:
//       evaluate_item(item)
//   print("Sequential execution in " + str(time.clock() - start_time), "seconds")
//
//   start_time_2 = time.clock()
//   with concurrent.futures.ProcessPoolExecutor(max_workers=5) as executor:
//       for item in number_list:
//           executor.submit(evaluate_item, item)
//   print("Process pool execution in " + str(time.clock() - start_time_2), "seconds")
//
// The sequential run is an executor too: one that makes each call at once. A pool of threads is not among them,
// as JavaScript runs in the main thread alone.

import Cf from 'gi://Cf?version=1';
import GLib from 'gi://GLib';

// Stands for itself, so what it calls is inside of it.
function evaluateItem(item) {
    function count(number) {
        let i = 0;

        while (i < 10000000)
            i += 1;
        return i * number;
    }

    print(`item ${item} result ${count(item)}`);
}

async function measure(kind, executor) {
    const start = GLib.get_monotonic_time();

    try {
        for (let item = 1; item <= 10; item++)
            executor.submit(evaluateItem, item);
    } finally {
        await executor.shutdown();
    }
    print(`${kind} execution in ${((GLib.get_monotonic_time() - start) / 1000000).toFixed(6)} seconds`);
}

await measure('Sequential', new Cf.InlineExecutor());
await measure('Process pool', new Cf.ProcessPoolExecutor({max_workers: 5}));
