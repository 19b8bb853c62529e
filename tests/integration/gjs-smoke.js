// SPDX-License-Identifier: LGPL-2.1-or-later

// What a gjs program gets from introspection alone, with no code written for JavaScript. Run by `meson test`, which
// points GI_TYPELIB_PATH and LD_LIBRARY_PATH at the build; SMOKE_FUNCTIONS is a module with native functions, which are
// the only ones that a thread can run for JavaScript. Prints TAP.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';

const FOR_EVER = -1;
const NATIVE = GLib.getenv('SMOKE_FUNCTIONS');

function equal(actual, expected) {
    if (actual !== expected)
        throw new Error(`expected ${expected}, got ${actual}`);
}

function throws(domain, code, action) {
    try {
        action();
    } catch (error) {
        if (error instanceof GLib.Error && error.matches(domain, code))
            return error;

        throw error;
    }

    throw new Error('nothing was thrown');
}

function iterateUntil(condition) {
    const context = GLib.MainContext.default();

    while (!condition())
        context.iteration(true);
}

const HereExecutor = GObject.registerClass(
class HereExecutor extends Cf.Executor {
    executed = [];

    vfunc_execute(future) {
        this.executed.push(future);
        future.run();
    }
});

const tests = {
    'names'() {
        equal(Cf.FutureState.FINISHED, 3);
        equal(Cf.ReturnWhen.FIRST_EXCEPTION, 2);
        equal(Cf.CancelFlags.COOPERATE, 1);
        equal(GLib.quark_to_string(Cf.error_quark()), 'cf-error-quark');
        equal(GObject.type_is_a(Cf.ThreadPoolExecutor, Cf.Executor), true);
        equal(GObject.type_is_a(Cf.Future, Gio.AsyncResult), true);
    },

    'promise/value'() {
        const future = new Cf.Future();

        equal(future.get_state(), Cf.FutureState.PENDING);
        equal(future.set_running_or_notify_cancel(), true);
        equal(future.is_running(), true);
        equal(future.set_value(0.5), true);
        equal(future.state, Cf.FutureState.FINISHED);
        equal(future.await_double(), 0.5);
        equal(/^<CfFuture at 0x[0-9a-f]+ state=finished returned gdouble>$/.test(future.to_string()), true);
    },

    'promise/variant'() {
        const future = new Cf.Future();

        future.set_variant(new GLib.Variant('(is)', [4, 'four']));
        equal(future.await_variant().deepUnpack().join(), '4,four');
    },

    'promise/error'() {
        const future = new Cf.Future();

        future.set_error(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'gone'));
        equal(throws(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, () => future.await_int64()).message, 'gone');
    },

    'promise/settling-twice'() {
        const future = new Cf.Future();

        future.set_value(1);
        throws(Cf.Error, Cf.Error.INVALID_STATE, () => future.set_value(2));
    },

    'promise/cancelling'() {
        const future = new Cf.Future();

        equal(future.cancel(), true);
        equal(future.set_running_or_notify_cancel(), false);
        throws(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, () => future.await_variant());
    },

    'callbacks/on-main-loop'() {
        const pool = Cf.ThreadPoolExecutor.new(2);
        const future = pool.submit_by_name(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 5));
        const seen = [];

        future.add_done_callback(done => seen.push(done.await_double()));
        equal(seen.length, 0);
        iterateUntil(() => seen.length > 0);
        equal(seen.join(), '2.5');
        pool.shutdown(Cf.ShutdownFlags.WAIT);
    },

    'callbacks/waiting-without-blocking'() {
        const future = new Cf.Future();
        const seen = [];

        future.wait_async(FOR_EVER, null, (source, result) => seen.push(source.wait_finish(result)));
        future.set_value(true);
        iterateUntil(() => seen.length > 0);
        equal(seen.join(), 'true');
    },

    'callbacks/notifications'() {
        const future = new Cf.Future();
        const seen = [];

        future.connect('notify::state', source => seen.push(source.state));
        future.set_value('done');
        iterateUntil(() => seen.includes(Cf.FutureState.FINISHED));
    },

    'pool/native-function-by-name'() {
        const pool = Cf.ThreadPoolExecutor.new(2);
        const future = pool.submit_by_name(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 5));

        equal(future.await_variant().unpack(), 2.5);
        equal(future.progress, 0.5);
        equal(future.message, 'halving');
        throws(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND,
            () => pool.submit_by_name(`${NATIVE}:smoke_fail`, null).await_variant());
        throws(Cf.Error, Cf.Error.NO_SUCH_FUNCTION,
            () => pool.submit_by_name(`${NATIVE}:smoke_nothing`, null).await_variant());
        pool.shutdown(Cf.ShutdownFlags.WAIT);
    },

    'pool/map'() {
        const pool = new Cf.ThreadPoolExecutor({max_workers: 2});
        const results = pool.map_by_name(`${NATIVE}:smoke_halve`, new GLib.Variant('ai', [5, 4, 3]), 0, 0);
        const halves = [];

        for (let [more, result] = results.next(null); more; [more, result] = results.next(null))
            halves.push(result.unpack());

        equal(halves.join(), '2.5,2,1.5');
        pool.shutdown(Cf.ShutdownFlags.WAIT);
    },

    'sets'() {
        const futures = [new Cf.Future(), new Cf.Future(), new Cf.Future()];
        const iterator = Cf.as_completed(futures, FOR_EVER);

        futures[2].set_value(2);
        futures[0].set_value(0);
        equal(iterator.next(null), futures[2]);
        equal(iterator.next(null), futures[0]);

        const [holds, done, notDone] = Cf.wait(futures, Cf.ReturnWhen.FIRST_COMPLETED, FOR_EVER, null);

        equal(holds, true);
        equal(done.length, 2);
        equal(notDone.length, 1);
    },

    'subclass'() {
        const executor = new HereExecutor();
        const future = executor.submit_by_name(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 3));

        equal(executor.executed.length, 1);
        equal(executor.executed[0], future);
        equal(future.await_double(), 1.5);
    },
};

const names = Object.keys(tests);
let failed = 0;

print(`1..${names.length}`);

names.forEach((name, index) => {
    try {
        tests[name]();
        print(`ok ${index + 1} ${name}`);
    } catch (error) {
        failed++;
        print(`not ok ${index + 1} ${name}`);
        print(`# ${error}`);
    }
});

System.exit(failed === 0 ? 0 : 1);
