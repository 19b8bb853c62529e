// SPDX-License-Identifier: LGPL-2.1-or-later

// Durations are milliseconds wherever a program meets one.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';

import {equal, failureNow, isError, matches, run} from './tap.js';

const MICROSECONDS = {
    inMilliseconds: [0, 0.0001, 0.25, 20, 8.2, 1e300],
    inC: [0, 1, 250, 20000, 8200, Number.MAX_SAFE_INTEGER],
};

function isTimedOut(action) {
    isError(failureNow(action), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
}

// Returns how many milliseconds something takes.
function timed(action) {
    const begun = GLib.get_monotonic_time();

    action();
    return (GLib.get_monotonic_time() - begun) / 1000;
}

function classes() {
    return Object.getOwnPropertyNames(Cf).map(name => Cf[name])
        .filter(found => found?.prototype instanceof GObject.Object);
}

// What C has in the place of a property.
function inC(object, name) {
    const value = new GObject.Value();

    value.init(GObject.TYPE_INT64);
    GObject.Object.prototype.get_property.call(object, name, value);
    return value.get_int64();
}

function everyDuration() {
    return [
        [Cf.Task.new('libfoo.so:count'), 'timeout'],
        [new Cf.ThreadPoolExecutor(), 'idle_timeout'],
        [new Cf.ProcessPoolExecutor(), 'idle_timeout'],
        [new Cf.WorkerLauncher(), 'start_timeout'],
        [new Cf.InlineExecutor().map_task(Cf.Task.new('libfoo.so:count'), new GLib.Variant('ai', []), 1, 1), 'timeout'],
    ];
}

// The functions that may have a duration, for a type or for a name, as the introspection data has them.
function inGir() {
    const gir = new TextDecoder().decode(GLib.file_get_contents(GLib.getenv('CF_GIR'))[1]);
    const functions = gir.matchAll(/<(function|method|constructor) [^>]*?c:identifier="(\w+)"[^>]*>([^]*?)<\/\1>/g);
    const isDuration = /<type name="gint64"|<parameter name="[^"]*(?:usec|msec|seconds|timeout|delay|interval)/;

    return [...functions].filter(([, , , body]) => isDuration.test(body)).map(([, , name]) => name).sort();
}

// Those that are tested here, and those whose number is a result.
const FUNCTIONS = [
    'cf_as_completed',
    'cf_future_wait',
    'cf_future_wait_async',
    'cf_wait',
    ...['map_iterator', 'process_pool_executor', 'task', 'thread_pool_executor', 'worker_launcher'].flatMap(type => {
        const names = {task: 'timeout', map_iterator: 'timeout', worker_launcher: 'start_timeout'};
        const name = names[type] ?? 'idle_timeout';

        return [`cf_${type}_get_${name}`, `cf_${type}_set_${name}`];
    }),
];
const NUMBERS = ['cf_future_await_int64', 'cf_future_new_for_int64', 'cf_future_set_int64'];

run({
    'durations/functions/of-the-introspection-data-are-known'() {
        equal(inGir(), [...FUNCTIONS, ...NUMBERS].sort());
    },

    'durations/properties/are-milliseconds'() {
        for (const [object, name] of everyDuration()) {
            for (const [index, duration] of MICROSECONDS.inMilliseconds.entries()) {
                object[name] = duration;
                equal(inC(object, name.replaceAll('_', '-')), MICROSECONDS.inC[index]);
                equal(object[name], MICROSECONDS.inC[index] / 1000);
                equal(object[`get_${name}`](), object[name]);
            }
        }
    },

    'durations/properties/infinity-is-for-ever'() {
        for (const [object, name] of everyDuration()) {
            for (const forEver of [Infinity, -1, null]) {
                object[`set_${name}`](5);
                equal(object[name], 5);
                object[name] = forEver;
                equal(inC(object, name.replaceAll('_', '-')), -1);
                equal(object[name] === Infinity, true);
            }
        }
    },

    'durations/properties/of-all-classes-are-known'() {
        const found = classes();

        equal(found.length > 5, true);
        for (const Class of found) {
            for (const {name, value_type: type, owner_type: owner} of GObject.Object.list_properties.call(Class)) {
                if (type === GObject.TYPE_INT64 && owner === Class.$gtype)
                    equal(/\[native code\]/.test(Object.getOwnPropertyDescriptor(Class.prototype, name).set), false);
            }
        }
    },

    'durations/properties/have-three-names'() {
        const pool = new Cf.ThreadPoolExecutor();

        pool.idleTimeout = 5;
        equal([pool.idle_timeout, pool['idle-timeout']], [5, 5]);
        pool['idle-timeout'] = 6;
        equal([pool.idle_timeout, pool.idleTimeout], [6, 6]);
    },

    'durations/constructors/take-milliseconds'() {
        for (const Pool of [Cf.ThreadPoolExecutor, Cf.ProcessPoolExecutor]) {
            for (const name of ['idle_timeout', 'idleTimeout', 'idle-timeout']) {
                equal(new Pool({[name]: 5}).idle_timeout, 5);
                equal(new Pool({[name]: null}).idle_timeout === Infinity, true);
                matches(failureNow(() => new Pool({[name]: NaN})).message, new RegExp(name));
            }
        }
    },

    'durations/nonsense/is-refused-by-name'() {
        const future = new Cf.Future();
        const pool = new Cf.InlineExecutor();
        const uses = [
            ...everyDuration().map(([object, name]) => [name, duration => {
                object[name] = duration;
            }]),
            ['timeout', timeout => future.wait(timeout)],
            ['timeout', timeout => future.wait_async(timeout, null, null)],
            ['timeout', timeout => Cf.wait([future], {timeout})],
            ['timeout', timeout => Cf.wait([future], Cf.ReturnWhen.ALL_COMPLETED, timeout)],
            ['timeout', timeout => Cf.as_completed([future], {timeout})],
            ['timeout', timeout => pool.map(() => {}, [], {timeout})],
            ['timeout', timeout => pool.submit({timeout}, () => {})],
        ];

        for (const [name, use] of uses) {
            for (const number of [NaN, -2, -0.5, -Infinity]) {
                const error = failureNow(() => use(number));

                equal(error instanceof RangeError, true);
                matches(error.message, new RegExp(`^${name} .*${number}`));
            }
            for (const other of ['5', 5n, {}]) {
                const error = failureNow(() => use(other));

                equal(error instanceof TypeError, true);
                matches(error.message, new RegExp(`^${name} .*${typeof other}`));
            }
        }
    },

    'durations/waits-that-block/take-milliseconds'() {
        const future = new Cf.Future();
        const waits = [
            () => isTimedOut(() => future.wait(50)),
            () => isTimedOut(() => Cf.as_completed([future], 50).next()),
            () => isTimedOut(() => Cf.wait([future], Cf.ReturnWhen.ALL_COMPLETED, 50)),
        ];

        for (const wait of waits)
            equal(timed(wait) >= 50, true);
        future.set_value(1);
        for (const forEver of [Infinity, -1, null, undefined])
            equal(future.wait(forEver), true);
    },

    async 'durations/wait-async/takes-milliseconds'() {
        const future = new Cf.Future();
        const begun = GLib.get_monotonic_time();

        await new Promise(resolve => future.wait_async(50, null, (_, result) => {
            isTimedOut(() => future.wait_finish(result));
            resolve();
        }));
        equal(GLib.get_monotonic_time() - begun >= 50000, true);
    },

    async 'durations/waits/may-be-longer-than-a-source'() {
        const [future, other] = [new Cf.Future(), new Cf.Future()];
        const timeout = 2 ** 33;

        setTimeout(() => [future, other].forEach(promise => promise.set_value(1)), 1);
        equal((await Cf.wait([future], {timeout})).done.length, 1);
        for await (const done of Cf.as_completed([other], {timeout}))
            equal(done === other, true);
    },
});
