// SPDX-License-Identifier: LGPL-2.1-or-later

// The slides' listing on processes: map() over a pool of two of them, which are used for one call after
// another.
//
//   from concurrent import futures
//   import os
//
//   def task(n):
//       return (n, os.getpid())
//
//   if __name__ == '__main__':
//       ex = futures.ProcessPoolExecutor(max_workers=2)
//       results = ex.map(task, range(5, 0, -1))
//       for n, pid in results:
//           print("run task %s in process %s" % (n, pid))

import Cf from 'gi://Cf?version=1';

function task(n) {
    return [n, imports.gi.Gio.Credentials.new().get_unix_pid()];
}

const executor = new Cf.ProcessPoolExecutor({max_workers: 2});

for await (const [n, pid] of executor.map(task, [5, 4, 3, 2, 1]))
    print(`run task ${n} in process ${pid}`);
await executor.shutdown();
