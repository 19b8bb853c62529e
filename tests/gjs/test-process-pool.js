// SPDX-License-Identifier: LGPL-2.1-or-later

// JavaScript in other processes.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';

import {Signal} from './signal.js';
import {collect, equal, failure, failureNow, isError, matches, run, until} from './tap.js';
import {THROWING} from './throwing.js';

const MODULE = Gio.File.new_for_uri(import.meta.url).get_parent().get_child('portable.js').get_uri();

const pool = new Cf.ProcessPoolExecutor({max_workers: 2});
const echo = value => value;

async function withPool(properties, action) {
    const other = new Cf.ProcessPoolExecutor({max_workers: 1, ...properties});

    try {
        await action(other);
    } finally {
        await other.shutdown();
    }
}

async function notPortable(action) {
    const error = await failure(action);

    isError(error, Cf.Error, Cf.Error.NOT_PORTABLE);
    return error.message;
}

// Says when it has begun, and does not end before its time is up or it is cancelled.
function spin() {
    const call = globalThis.cfuturesWorker.currentCall();
    const cancellable = call.get_cancellable();

    call.report_progress(0.5, 'spinning');
    while (!cancellable.is_cancelled());
    return 'gave up';
}

const isSpinning = future => until(() => future.message === 'spinning');

run({
    'process-pool/runs-javascript-unless-told-otherwise'() {
        equal(new Cf.ProcessPoolExecutor().launcher.kind, Cf.WorkerKind.GJS);
        equal(Cf.ProcessPoolExecutor.new(3).launcher.kind, Cf.WorkerKind.GJS);
        equal(Cf.ProcessPoolExecutor.new(3).max_workers, 3);
        equal(Cf.ProcessPoolExecutor.new().max_workers, new Cf.ProcessPoolExecutor().max_workers);
        equal(new Cf.WorkerLauncher().kind, Cf.WorkerKind.GJS);
        equal(new Cf.ProcessPoolExecutor({kind: Cf.WorkerKind.PYTHON}).launcher.kind, Cf.WorkerKind.PYTHON);
    },

    async 'process-pool/launcher/starts-the-workers'() {
        const launcher = new Cf.WorkerLauncher({cwd: '/', prefix_argv: ['env', 'STARTED_BY=env']});

        await withPool({launcher}, async other => {
            equal(await other.submit(() => imports.gi.GLib.getenv('STARTED_BY')), 'env');
            equal(await other.submit(() => imports.gi.GLib.get_current_dir()), '/');
        });

        const kind = Cf.WorkerKind.PYTHON;
        const python = Cf.ProcessPoolExecutor.new_with_launcher(1, new Cf.WorkerLauncher({kind}));

        equal(await python.submit('math:sqrt', 4), 2);
        await python.shutdown();
    },

    async 'process-pool/launcher/is-made-of-the-options-of-the-pool'() {
        await withPool({cwd: '/', startTimeout: 60000, 'prefix-argv': ['nice']}, async other => {
            equal(other.launcher.cwd, '/');
            equal(other.launcher.start_timeout, 60000);
            equal(other.launcher.prefix_argv, ['nice']);
            equal(other.launcher.kind, Cf.WorkerKind.GJS);
            equal(await other.submit(() => imports.gi.GLib.get_current_dir()), '/');
        });

        const error = failureNow(() => new Cf.ProcessPoolExecutor({launcher: new Cf.WorkerLauncher(), cwd: '/'}));

        equal(error instanceof TypeError, true);
        matches(error.message, /“cwd”/);
    },

    'process-pool/properties-are-named'() {
        for (const parameter of [3, '3', [3], null, () => 3])
            matches(failureNow(() => new Cf.ProcessPoolExecutor(parameter)).message, /by name: .*\{max_workers: 2\}/);
        matches(failureNow(() => new Cf.ProcessPoolExecutor({workers: 3})).message, /workers/);
    },

    async 'process-pool/functions/arrow'() {
        equal(await pool.submit(n => n / 10, 5), 0.5);
    },

    async 'process-pool/functions/of-all-kinds'() {
        const object = {
            method(n) {
                return n + 1;
            },
            async 'strange name'(n) {
                return n + 1;
            },
        };

        equal(await pool.submit(function (n) {
            return n + 1;
        }, 5), 6);
        equal(await pool.submit(function named(n) {
            return n > 0 ? 1 + named(n - 1) : 0;
        }, 5), 5);
        equal(await pool.submit(object.method, 5), 6);
        equal(await pool.submit(object['strange name'], 5), 6);
        equal(await pool.submit(async n => (await Promise.resolve(n)) + 1, 5), 6);
        equal(await pool.submit((a, b = 2, ...rest) => [a, b, rest], 1, undefined), [1, 2, []]);
        equal(await pool.submit(() => {}), undefined);
    },

    async 'process-pool/functions/run-elsewhere'() {
        const getPid = () => imports.gi.Gio.Credentials.new().get_unix_pid();
        const pids = await Promise.all([1, 2, 3, 4].map(() => pool.submit(getPid)));

        equal(pids.includes(getPid()), false);
        equal(new Set(pids).size <= 2, true);
    },

    async 'process-pool/functions/of-modules'() {
        equal(await pool.submit([MODULE, 'divide'], 5), 0.5);
        equal(await pool.submit([Gio.File.new_for_uri(MODULE), 'divide'], 5), 0.5);
        equal(await pool.submit([Gio.File.new_for_uri(MODULE).get_path(), 'default'], 5), 2.5);
        equal(await pool.submit(`${MODULE}:divide`, 5), 0.5);
        equal(await pool.submit_by_name(`${MODULE}:divide`, new GLib.Variant('(i)', [5])), 0.5);
        isError(await failure(() => pool.submit([MODULE, 'nothing'])), Cf.Error, Cf.Error.NO_SUCH_FUNCTION);
        matches(failureNow(() => pool.submit(['./portable.js', 'divide'], 5)).message, /import\.meta\.url/);
    },

    async 'process-pool/functions/of-a-program-that-makes-pools-are-refused'() {
        const error = await failure(() => pool.submit([import.meta.url, 'divide'], 5));

        matches(error.message, /worker imported a module that creates a process pool/);
    },

    async 'process-pool/functions/of-other-languages'() {
        await withPool({kind: Cf.WorkerKind.PYTHON}, async python => {
            equal(await python.submit('statistics:mean', [1, 2, 6]), 3);
            equal(await python.submit_by_name('operator:concat', 'a', 'b'), 'ab');
            equal(await collect(python.map('math:sqrt', [1, 4, 9])), [1, 2, 3]);
            equal(await collect(python.map('builtins:list', [[1], null], {chunk_size: 2})), [[1], []]);

            const error = await failure(() => python.submit('math:sqrt', -1));

            equal([error instanceof Error, error.name], [true, 'ValueError']);
            matches(failureNow(() => python.submit(n => n, 1)).message, /do not run JavaScript/);
        });
    },

    async 'process-pool/values/plain'() {
        const values = [
            0, -1, 0.5, 2 ** 53 - 1, -(2 ** 40), 1e300, true, false, '', 'ü€𝄞\n', [], [1, 2, 3], [1.5, -2], ['a', 'b'],
            [1, 'a', null, [true]], {}, {a: 1, b: {c: [1, {d: 'e'}]}}, [[1], [2.5]], [{a: 1}, {}],
        ];

        for (const value of values)
            equal(await pool.submit(echo, value), value);
        equal(await pool.submit(echo, values), values);
        equal(await pool.submit((...args) => args, ...values), values);
    },

    async 'process-pool/values/numbers-that-json-does-not-know'() {
        equal(Number.isNaN(await pool.submit(echo, NaN)), true);
        equal(await pool.submit(echo, -Infinity) === -Infinity, true);
        equal(Object.is(await pool.submit(echo, -0), -0), true);
    },

    async 'process-pool/values/big-integers'() {
        equal(await pool.submit(n => typeof n, 2n ** 60n), 'bigint');
        equal(String(await pool.submit(n => n + 1n, 2n ** 60n)), String(2n ** 60n + 1n));
        equal(String(await pool.submit(n => n, 2n ** 64n - 1n)), String(2n ** 64n - 1n));
        equal(String(await pool.submit(n => n, -(2n ** 63n))), String(-(2n ** 63n)));
        matches(await notPortable(() => pool.submit(echo, 2n ** 64n)), /64 bits/);
    },

    async 'process-pool/values/null-and-undefined'() {
        equal(await pool.submit(value => value === null, null), true);
        equal(await pool.submit(value => value === undefined), true);
        equal(await pool.submit(echo, null), null);
        equal(await pool.submit(() => undefined), undefined);
        equal(await pool.submit(echo, [null, 1]), [null, 1]);
    },

    async 'process-pool/values/dates'() {
        const date = new Date(1234567890123);

        equal(await pool.submit(when => when instanceof Date && when.getTime(), date), date.getTime());
        equal((await pool.submit(echo, date)).getTime(), date.getTime());
        equal((await pool.submit(echo, [date, date]))[1] instanceof Date, true);
        equal((await pool.submit(echo, {date})).date instanceof Date, true);
    },

    async 'process-pool/values/bytes-and-typed-arrays'() {
        const bytes = await pool.submit(value => value.map(byte => byte + 1), new Uint8Array([1, 2, 255]));

        equal(bytes instanceof Uint8Array, true);
        equal([...bytes], [2, 3, 0]);
        equal([...await pool.submit(echo, new Uint8Array(0))], []);
        equal([...await pool.submit(echo, new GLib.Bytes([7]))], [7]);
        equal(await pool.submit(value => value, new Float64Array([0.5, 1])), [0.5, 1]);
        equal(await pool.submit(value => value, new Int16Array([-1, 1])), [-1, 1]);
    },

    async 'process-pool/values/typed-arrays-of-every-kind'() {
        const arrays = [
            [new Int8Array([-128, 127]), [-128, 127]],
            [new Uint16Array([65535]), [65535]],
            [new Int32Array([-1]), [-1]],
            [new Uint32Array([4294967295]), [4294967295]],
            [new BigInt64Array([-5n]), [-5]],
            [new BigUint64Array([5n]), [5]],
            [new Float32Array([1.5, -0.25]), [1.5, -0.25]],
            [new Float32Array(0), []],
            [new Float32Array([1, 2, 3]).subarray(1, 2), [2]],
        ];

        for (const [array, items] of arrays) {
            equal(await pool.submit(echo, array), items);
            equal(await pool.submit(value => value.array, {array}), items);
        }
        equal(Number.isNaN((await pool.submit(() => new Float32Array([NaN])))[0]), true);
        equal(await pool.submit(() => new Int8Array([-3])), [-3]);
    },

    async 'process-pool/values/memory-arrives-as-bytes'() {
        const {buffer} = new Uint8Array([1, 2, 3, 4]);

        for (const [memory, items] of [
            [buffer, [1, 2, 3, 4]],
            [new DataView(buffer, 1, 2), [2, 3]],
            [new Uint8ClampedArray([255]), [255]],
            [new ArrayBuffer(0), []],
        ]) {
            equal(await pool.submit(value => value instanceof Uint8Array, memory), true);
            equal([...await pool.submit(echo, memory)], items);
            equal([...(await pool.submit(echo, [memory]))[0]], items);
        }
        equal([...await pool.submit(() => new DataView(new ArrayBuffer(2)))], [0, 0]);
        equal([...await pool.submit(() => new ArrayBuffer(2))], [0, 0]);
    },

    async 'process-pool/values/large-bytes-may-be-written-to'() {
        const bytes = await pool.submit(size => new Uint8Array(size).fill(7), 8 << 20);

        bytes[5] = 1;
        equal([bytes.length, bytes[4], bytes[5]], [8 << 20, 7, 1]);
        equal(await pool.submit(value => value.length + value[1], bytes), (8 << 20) + 7);
    },

    async 'process-pool/values/variants'() {
        const variant = new GLib.Variant('(sa{sv})', ['a', {b: new GLib.Variant('y', 5)}]);

        equal(await pool.submit(echo, variant), ['a', {b: 5}]);
        equal(await pool.submit(() => new imports.gi.GLib.Variant('as', ['a'])), ['a']);
    },

    async 'process-pool/values/maps'() {
        const map = await pool.submit(echo, new Map([[1, 'a'], [2, 'b']]));

        equal([...map], [[1, 'a'], [2, 'b']]);
    },

    async 'process-pool/values/maps-are-told-from-objects'() {
        const map = new Map([['a', 1], ['b', new Map([['c', {d: new Map()}]])]]);
        const arrived = await pool.submit(value => value instanceof Map && value.get('b') instanceof Map && value, map);

        equal([...arrived.keys()], ['a', 'b']);
        equal([arrived.get('a'), arrived.get('b').get('c').d instanceof Map], [1, true]);
        equal((await pool.submit(() => [new Map([['x', null]])]))[0] instanceof Map, true);
        equal(await pool.submit(value => [value.object, value.map instanceof Map], {object: {}, map: new Map()}),
            [{}, true]);
    },

    async 'process-pool/values/maps-in-maps-are-not-cut-off'() {
        let map = new Map();
        let depth;

        for (depth = 1; depth < 15; depth++)
            map = new Map([['inner', map]]);
        equal(await pool.submit(value => {
            let n = 0;

            for (; value !== undefined; value = value.get('inner'))
                n++;
            return n;
        }, map), depth);

        for (; depth < 40; depth++)
            map = new Map([['inner', map]]);
        matches(await notPortable(() => pool.submit(echo, map)), /nested more than/);
    },

    async 'process-pool/values/deep-ones-arrive-whole-or-are-refused'() {
        const nest = depth => Array.from({length: depth}).reduce(value => [value], 'inner');
        const nestVariants = depth => Array.from({length: depth}).reduce(value => GLib.Variant.new_variant(value),
            GLib.Variant.new_int32(5));

        equal(await pool.submit(echo, nest(38)), nest(38));
        for (const depth of [41, 200, 10000])
            matches(await notPortable(() => pool.submit(echo, nest(depth))), /nested more than/);
        equal(await pool.submit(echo, nestVariants(120)), 5);
        matches(await notPortable(() => pool.submit(echo, nestVariants(128))), /nested more than 128 deep/);
        matches(await notPortable(() => pool.submit(() => {
            const {GLib} = imports.gi;

            return Array.from({length: 128}).reduce(value => GLib.Variant.new_variant(value), GLib.Variant.new_int32(5));
        })), /result is nested more than 128 deep/);
    },

    async 'process-pool/values/maps-are-dictionaries-in-other-languages'() {
        await withPool({kind: Cf.WorkerKind.PYTHON}, async python => {
            equal(await python.submit('builtins:sorted', new Map([['b', 1], ['a', 2]])), ['a', 'b']);
        });
    },

    async 'process-pool/values/that-cannot-travel-are-told-at-once'() {
        const cyclic = {};

        cyclic.self = cyclic;
        for (const value of [() => {}, Symbol('x'), new Cf.Future(), /x/, cyclic, 'a\0b', 'a\ud800b', new Set([1])])
            isError(failureNow(() => pool.submit(echo, value)), Cf.Error, Cf.Error.NOT_PORTABLE);
        matches(await notPortable(() => pool.submit(echo, {a: [new Set()]})), /“Set”/);
        for (const promise of [Promise.resolve(5), new Cf.Future()])
            matches(await notPortable(() => pool.submit(echo, promise)), /await it/);
        await notPortable(() => pool.submit(() => new Set()));
    },

    async 'process-pool/values/that-would-arrive-in-part-are-refused'() {
        const symbol = Symbol('hidden');
        const withProperty = array => Object.assign(array, {note: 5});

        for (const [value, name] of [
            [{a: 1, [symbol]: 2}, 'Symbol(hidden)'],
            [[{[symbol]: 2}], 'Symbol(hidden)'],
            [Object.assign([1, 2], {[symbol]: 2}), 'Symbol(hidden)'],
            [withProperty([]), 'note'],
            [withProperty([1, 2]), 'note'],
            [withProperty(Array(2000).fill('text')), 'note'],
            [{'a': Object.assign([1], {'-1': 2})}, '-1'],
            ['ab'.match(/b/), 'groups'],
            [Math, 'Math'],
            [{json: JSON}, 'JSON'],
            [Reflect, 'Reflect'],
            [(function () {
                return arguments;
            })(1, 2), 'Arguments'],
        ])
            equal((await notPortable(() => pool.submit(echo, value))).includes(`“${name}”`), true);

        matches(await notPortable(() => pool.submit(() => Object.assign([1], {note: 5}))), /“note”/);
        matches(await notPortable(() => pool.submit(() => Math)), /“Math”/);
        equal(await pool.submit(echo, Array(2000).fill(1)), Array(2000).fill(1));
        equal(await pool.submit(echo, [...'ab'.match(/b/)]), ['b']);
        equal(await pool.submit(echo, Array(3)), [null, null, null]);
        equal(await pool.submit(echo, Object.assign(Object.create(null), {a: 1})), {a: 1});
    },

    async 'process-pool/errors/exceptions-come-as-they-were-thrown'() {
        const error = await failure(() => pool.submit(() => {
            throw new RangeError('too far');
        }));

        equal(error instanceof RangeError, true);
        equal(error.message, 'too far');
        matches(error.stack, /submitted-function/);
    },

    async 'process-pool/errors/tell-what-caused-them'() {
        const error = await failure(() => pool.submit(() => {
            try {
                JSON.parse('nonsense');
            } catch (cause) {
                throw new RangeError('outer', {cause});
            }
        }));

        equal([error instanceof RangeError, error.message], [true, 'outer']);
        matches(error.stack, /submitted-function[^]*^Caused by: SyntaxError: .*\n.*submitted-function/m);
    },

    async 'process-pool/errors/of-classes-that-only-the-worker-has'() {
        const error = await failure(() => pool.submit(() => {
            class QuotaError extends Error {
                name = 'QuotaError';
            }

            throw new QuotaError('no more');
        }));

        equal([error instanceof Error, error.name, error.message], [true, 'QuotaError', 'no more']);
    },

    async 'process-pool/errors/of-glib-keep-domain-and-code'() {
        const error = await failure(() => pool.submit(() => {
            imports.gi.Gio.File.new_for_path('/nonexistent').load_contents(null);
        }));

        isError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND);
    },

    async 'process-pool/errors/of-asynchronous-functions'() {
        equal((await failure(() => pool.submit(async () => {
            await null;
            throw new TypeError('later');
        }))).message, 'later');
    },

    async 'process-pool/errors/whatever-is-thrown-arrives-in-words'() {
        await withPool({}, async other => {
            const getPid = () => imports.gi.Gio.Credentials.new().get_unix_pid();
            const pid = await other.submit(getPid);

            for (const [name, [throwing, message]] of Object.entries(THROWING)) {
                const error = await failure(() => other.submit(throwing));

                equal([name, error instanceof Error], [name, true]);
                matches(error.message, message);
            }
            equal(await other.submit(getPid), pid);
        });
    },

    async 'process-pool/errors/that-cause-each-other-are-told-once'() {
        const [throwing] = THROWING['errors-that-cause-each-other'];
        const {stack} = await failure(() => pool.submit(throwing));

        equal(stack.match(/^Caused by: .*$/mg), ['Caused by: Error: other']);
    },

    async 'process-pool/errors/whose-cause-cannot-be-read-keep-their-stack'() {
        const error = await failure(() => pool.submit(function outer() {
            const cause = new Error('inner');

            cause.toString = () => {
                throw new Error('in toString');
            };
            Object.defineProperty(cause, 'cause', {
                get() {
                    throw new Error('in cause');
                },
            });
            throw new Error('x', {cause});
        }));

        matches(error.stack, /^outer@submitted-function.*\nCaused by: an error that cannot be read\nouter@/);
    },

    async 'process-pool/errors/a-worker-that-dies'() {
        isError(await failure(() => pool.submit(() => imports.system.exit(3))), Cf.Error, Cf.Error.WORKER_DIED);
        equal(await pool.submit(echo, 5), 5);
    },

    async 'process-pool/options/timeout'() {
        const error = await failure(() => pool.submit({timeout: 50}, () => {
            for (;;);
        }));

        isError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    },

    async 'process-pool/options/cancellable-cancels-what-is-pending'() {
        const cancellable = new Gio.Cancellable();

        cancellable.cancel();
        isError(await failure(() => pool.submit({cancellable}, echo, 5)), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async 'process-pool/options/cancellable-asks-what-runs'() {
        const cancellable = new Gio.Cancellable();
        const future = pool.submit({cancellable}, spin);

        await isSpinning(future);
        cancellable.cancel();
        equal(await future, 'gave up');
    },

    async 'process-pool/options/signal'() {
        const signal = new Signal();
        const future = pool.submit({signal}, spin);

        await isSpinning(future);
        equal(signal.listeners.size, 1);
        signal.abort();
        equal(await future, 'gave up');
        equal(signal.listeners.size, 0);
        isError(await failure(() => pool.submit({signal}, echo, 5)), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async 'process-pool/options/signal-may-outlive-the-calls'() {
        const signal = new Signal();
        const futures = Array.from({length: 200}, (_, i) => pool.submit({signal}, echo, i));

        equal(signal.listeners.size, 200);
        equal(await Promise.all(futures), futures.map((_, i) => i));
        equal(signal.listeners.size, 0);

        isError(failureNow(() => pool.submit({signal}, echo, new Set())), Cf.Error, Cf.Error.NOT_PORTABLE);
        await failure(() => pool.submit({signal}, () => {
            throw new Error('no');
        }));
        equal(signal.listeners.size, 0);
    },

    async 'process-pool/options/cancellable-may-outlive-the-calls'() {
        const cancellable = new Gio.Cancellable();
        const signalId = GObject.signal_lookup('cancelled', Gio.Cancellable.$gtype);

        await Promise.all(Array.from({length: 200}, () => pool.submit({cancellable}, echo, 5)));
        await until(() => !GObject.signal_has_handler_pending(cancellable, signalId, 0, true));
    },

    async 'process-pool/options/reason-of-a-signal'() {
        const signal = new Signal();
        const reason = new Error('closed');
        // One that has not begun: it would in an iteration of the main loop.
        const error = failure(() => new Cf.MainContextExecutor().submit({signal}, echo, 5));

        signal.abort(reason);
        isError(await error, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal((await error).cause === reason, true);
        equal((await error).stack, reason.stack);
    },

    async 'process-pool/options/errors-tell-who-submitted'() {
        const cancellable = new Gio.Cancellable();

        cancellable.cancel();

        const errors = [
            failure(function submitCancelled() {
                return pool.submit({cancellable}, echo, 5);
            }),
            failure(function submitSlow() {
                return pool.submit({timeout: 50}, () => {
                    for (;;);
                });
            }),
        ];

        const [cancelled, slow] = await Promise.all(errors);

        matches(cancelled.stack, /^submitCancelled@.*test-process-pool/);
        matches(slow.stack, /^submitSlow@.*test-process-pool/);
    },

    async 'process-pool/errors/aborted'() {
        const error = await failure(() => pool.submit(function giveUp() {
            throw Object.assign(new Error('stopped'), {name: 'AbortError'});
        }));

        equal([error.name, error.message], ['AbortError', 'stopped']);
        matches(error.stack, /^giveUp@submitted-function/);
        isError(error.cause, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async 'process-pool/options/check-cancellable'() {
        const cancellable = new Gio.Cancellable();
        const future = pool.submit({cancellable, check_cancellable: Cf.CancellableCheck.ALWAYS}, spin);

        await isSpinning(future);
        cancellable.cancel();
        isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async 'process-pool/options/return-on-cancel'() {
        const cancellable = new Gio.Cancellable();
        const future = pool.submit({cancellable, return_on_cancel: true}, spin);

        await isSpinning(future);
        cancellable.cancel();
        equal([future.is_cancelled(), future.cancel()], [true, false]);
        isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal(await pool.submit(echo, 5), 5);
    },

    'process-pool/options/that-are-not-known-are-refused'() {
        matches(failureNow(() => pool.submit({timeOut: 5}, echo, 5)).message, /“timeOut”/);
    },

    'process-pool/tasks/have-a-function'() {
        matches(failureNow(() => new Cf.Task({timeout: 5})).message, /Cf\.Task\.new/);
    },

    async 'process-pool/tasks'() {
        const task = Cf.Task.new((a, b) => a + b, 1, 2);
        const cancelled = Cf.Task.new_by_name(`${MODULE}:divide`, 5);

        task.name = 'sum';
        equal(await pool.submit_task(task), 3);
        equal(await pool.submit_task(task), 3);
        equal(await pool.submit_task(Cf.Task.new([MODULE, 'divide'], 5)), 0.5);
        cancelled.cancellable = new Gio.Cancellable();
        equal(await pool.submit_task(cancelled), 0.5);
        cancelled.cancellable.cancel();
        isError(await failure(() => pool.submit_task(cancelled)), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async 'process-pool/tasks/submitted-in-the-manner-of-gio'() {
        const task = Cf.Task.new((a, b) => a + b, 1, 2);

        equal(await new Promise(resolve => pool.submit_async(task, null, (_, future) => resolve(future.result()))), 3);
    },

    async 'process-pool/tasks/submitted-in-the-manner-of-gio-by-an-object-of-ones-own'() {
        const task = Cf.Task.new((a, b) => a + b, 1, 2);

        task.source_object = new Gio.SimpleAction({name: 'add'});
        const [source, future] = await new Promise(resolve => pool.submit_async(task, null, (...both) => resolve(both)));

        equal([source === task.source_object, future.get_source_object() === source], [true, true]);
        equal([Cf.Task.is_valid(future, source), Cf.Task.is_valid(future, pool)], [true, false]);
        equal(await future, 3);
    },

    async 'process-pool/cancelling/kills-on-demand'() {
        const future = pool.submit(spin);

        await isSpinning(future);
        equal(future.cancel(), false);
        future.cancel_full(Cf.CancelFlags.KILL);
        isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal(future.is_cancelled(), true);
    },

    async 'process-pool/cancelling/a-call-that-gives-up-is-cancelled'() {
        const future = pool.submit(() => {
            const {Gio} = imports.gi;
            const call = globalThis.cfuturesWorker.currentCall();
            const cancellable = call.get_cancellable();

            call.report_progress(0.5, 'spinning');
            while (!cancellable.is_cancelled());
            cancellable.set_error_if_cancelled();
        });

        await isSpinning(future);
        future.cancel_full(Cf.CancelFlags.COOPERATE);
        isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal(future.is_cancelled(), true);
    },

    async 'process-pool/functions/find-their-own-future'() {
        const future = pool.submit(async () => {
            const {Cf} = imports.gi;

            await null;
            Cf.current_future().report_progress(0.5, 'halfway');
            return Cf.current_future() === cfuturesWorker.currentCall();
        });

        equal(await future, true);
        equal([future.progress, future.message], [0.5, 'halfway']);
    },

    async 'process-pool/progress/is-notified-on-the-main-loop'() {
        const seen = [];
        const future = pool.submit(async () => {
            for (let i = 1; i <= 4; i++) {
                globalThis.cfuturesWorker.currentCall().report_progress(i / 4, `step ${i}`);
                await new Promise(resolve => setTimeout(resolve, 20));
            }
        });

        future.connect('notify::progress', () => seen.push(future.progress));
        await future;
        equal(seen.length > 0, true);
        equal(seen.every((progress, i) => i === 0 || progress > seen[i - 1]), true);
        equal(future.message, 'step 4');
    },

    async 'process-pool/counts/are-notified-on-the-main-loop'() {
        await withPool({}, async other => {
            const notified = new Promise(resolve => other.connect('notify::n-completed', () => resolve()));

            equal(other.n_completed, 0);
            await other.submit(echo, 1);
            await notified;
            equal(other.n_completed, 1);
        });
    },

    async 'process-pool/initializer'() {
        await withPool({
            initializer: value => {
                globalThis.prepared = value;
            },
            initargs: [5],
        }, async other => {
            // eslint-disable-next-line no-undef
            equal(await other.submit(() => prepared), 5);
        });

        await withPool({}, async other => {
            other.set_initializer([MODULE, 'prepare'], 6);
            equal(await other.submit(() => globalThis.prepared), 6);
        });
    },

    async 'process-pool/shutdown/waits-for-what-was-submitted'() {
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});
        const futures = [1, 2, 3].map(n => other.submit(echo, n));

        await other.shutdown();
        equal(futures.map(future => future.is_done()), [true, true, true]);
        isError(await failure(() => other.submit(echo, 1)), Cf.Error, Cf.Error.SHUT_DOWN);
    },

    async 'process-pool/shutdown/cancels-on-demand'() {
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});
        const first = other.submit(spin);

        await isSpinning(first);

        const second = other.submit(echo, 1);
        const gone = other.shutdown({cancel_futures: true});

        isError(await failure(() => second), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        first.cancel_full(Cf.CancelFlags.COOPERATE);
        await gone;
        equal(await first, 'gave up');
    },

    'process-pool/shutdown/blocks-as-in-c'() {
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});
        const future = other.submit(echo, 5);

        other.shutdown(Cf.ShutdownFlags.WAIT);
        equal(future.result(), 5);
    },

    async 'process-pool/local-functions-are-refused'() {
        await notPortable(() => pool.submit_local(() => 5));
    },
});
