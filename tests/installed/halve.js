// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Has the function halve() of the module given called by a pool, and prints the result in a done-callback.

import Cf from 'gi://Cf?version=1';
import GLib from 'gi://GLib';
import System from 'system';

const loop = GLib.MainLoop.new(null, false);
let status = 0;

const executor = Cf.ThreadPoolExecutor.new(2);
const future = executor.submit_by_name(`${ARGV[0]}:halve`, GLib.Variant.new_int32(5));
future.add_done_callback(done => {
    try {
        print(done.await_double());
    } catch (error) {
        logError(error);
        status = 1;
    }
    loop.quit();
});
loop.run();
System.exit(status);
