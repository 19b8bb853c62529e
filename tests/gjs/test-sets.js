// SPDX-License-Identifier: LGPL-2.1-or-later

// Cf.as_completed(), map() and Cf.wait().

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';

import {Signal} from './signal.js';
import {collect, equal, failure, isError, matches, run, sleep, until} from './tap.js';

const pool = new Cf.ProcessPoolExecutor({max_workers: 2});
const echo = value => value;
const fail = () => {
    throw new RangeError('too far');
};

function promises(count) {
    return Array.from({length: count}, () => new Cf.Future());
}

// Counts how far it was read, and whether it was let go of.
function* naturals(log = {}) {
    log.read = 0;
    try {
        for (;;)
            yield log.read++;
    } finally {
        log.closed = true;
    }
}

async function* slowNaturals(log = {}) {
    log.read = 0;
    try {
        for (;;) {
            await sleep(1);
            yield log.read++;
        }
    } finally {
        log.closed = true;
    }
}

async function take(iterable, count) {
    const values = [];

    for await (const value of iterable) {
        values.push(value);
        if (values.length === count)
            break;
    }
    return values;
}

run({
    async 'as-completed/yields-futures-as-they-are-done'() {
        const futures = promises(3);
        const seen = [];

        setTimeout(() => [2, 0, 1].forEach(i => futures[i].set_value(i)), 5);
        for await (const future of Cf.as_completed(futures))
            seen.push([futures.indexOf(future), await future]);
        equal(seen, [[2, 2], [0, 0], [1, 1]]);
    },

    async 'as-completed/yields-those-that-failed-too'() {
        const [good, bad] = promises(2);

        bad.set_error(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.FAILED, 'no'));
        good.set_value(1);

        const futures = await collect(Cf.as_completed(new Set([good, bad])));

        equal(futures.length, 2);
        equal((await Promise.allSettled(futures)).map(({status}) => status).sort(), ['fulfilled', 'rejected']);
    },

    async 'as-completed/yields-each-once'() {
        const [future] = promises(1);

        future.set_value(1);
        equal((await collect(Cf.as_completed([future, future]))).length, 1);
        equal((await collect(Cf.as_completed([]))).length, 0);
    },

    async 'as-completed/gives-up-when-the-time-is-over'() {
        const [done, never] = promises(2);
        const seen = [];

        done.set_value(1);
        isError(await failure(async () => {
            for await (const future of Cf.as_completed([never, done], {timeout: 20}))
                seen.push(future);
        }), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        equal(seen.every(future => future === done), true);
        equal(never.is_cancelled(), false);
    },

    async 'as-completed/left-early-cancels-what-is-pending'() {
        const [done, pending] = promises(2);

        done.set_value(1);
        await take(Cf.as_completed([done, pending]), 1);
        equal(pending.is_cancelled(), true);
    },

    async 'as-completed/left-early-keeps-what-is-pending-on-demand'() {
        const [done, pending] = promises(2);

        done.set_value(1);
        await take(Cf.as_completed([done, pending], {cancel_futures: false}), 1);
        equal(pending.is_cancelled(), false);
    },

    async 'as-completed/reads-an-endless-input-as-far-as-needed'() {
        const log = {};

        function* futures() {
            for (const n of naturals(log))
                yield pool.submit(echo, n);
        }

        const first = await take(Cf.as_completed(futures(), {buffer_size: 4}), 10);

        equal(new Set(await Promise.all(first)).size, 10);
        equal(log.read <= 10 + 4, true);
        equal(log.closed, true);
    },

    async 'as-completed/says-what-an-asynchronous-generator-does'() {
        async function* futures() {
            yield pool.submit(echo, 5);
        }

        matches((await failure(() => collect(Cf.as_completed(futures())))).message, /awaits what it yields/);
    },

    'as-completed/blocks-as-in-c'() {
        const [future] = promises(1);

        future.set_value(1);
        equal(Cf.as_completed([future], -1).next() === future, true);
    },

    async 'garbage-collection/loses-nothing-that-is-awaited'() {
        const slow = async n => {
            await new Promise(resolve => setTimeout(resolve, 2));
            return n;
        };
        const inputs = Array.from({length: 20}, (_, i) => i);
        const source = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
            System.gc();
            return GLib.SOURCE_CONTINUE;
        });
        const completed = [];

        try {
            for (const n of inputs)
                equal(await pool.submit(slow, n), n);
            equal(await collect(pool.map(slow, inputs)), inputs);
            equal(await collect(pool.map(slow, inputs, {chunk_size: 3})), inputs);
            for await (const future of Cf.as_completed(inputs.map(n => pool.submit(slow, n))))
                completed.push(await future);
            equal(completed.sort((one, other) => one - other), inputs);
            equal((await Cf.wait(inputs.map(n => pool.submit(slow, n)))).done.length, inputs.length);
        } finally {
            GLib.source_remove(source);
        }
    },

    async 'iterators-of-c/are-iterable'() {
        const python = new Cf.ProcessPoolExecutor({kind: Cf.WorkerKind.PYTHON, max_workers: 1});
        const roots = () => python.map_by_name('math:sqrt', new GLib.Variant('ad', [1, 4, 9, -1]), 2, 0);
        const futures = [1, 2, 3].map(n => pool.submit(echo, n));
        const seen = [];

        isError((await failure(async () => {
            for await (const root of roots())
                seen.push(root);
        })).cause, Cf.Error, Cf.Error.REMOTE);
        equal(seen, [1, 2, 3]);
        equal((await failure(() => [...roots()])).name, 'ValueError');
        equal(await take(roots(), 2), [1, 2]);
        for (const root of roots()) {
            equal(root, 1);
            break;
        }
        equal([...Cf.as_completed(futures, -1)].map(future => future.result()).sort(), [1, 2, 3]);
        equal((await collect(Cf.as_completed(futures, -1))).length, 3);
        isError(await failure(() => collect(Cf.as_completed(promises(1), 0))), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        await python.shutdown();
    },

    async 'map/yields-in-the-order-of-the-inputs'() {
        const slow = async n => {
            await new Promise(resolve => setTimeout(resolve, 5 * n));
            return n / 10;
        };

        equal(await collect(pool.map(slow, [5, 4, 3, 2, 1])), [0.5, 0.4, 0.3, 0.2, 0.1]);
        equal(await collect(pool.map(echo, [])), []);
    },

    async 'map/takes-any-iterable'() {
        equal(await collect(pool.map(echo, new Set(['a', 'b']))), ['a', 'b']);
        equal(await collect(pool.map(([key, value]) => `${key}${value}`, new Map([['a', 1]]))), ['a1']);
        equal(await take(pool.map(echo, naturals()), 5), [0, 1, 2, 3, 4]);
        equal(await take(pool.map(echo, slowNaturals()), 5), [0, 1, 2, 3, 4]);
        matches((await failure(() => collect(pool.map(echo, 5)))).message, /iterable/);
    },

    async 'map/reads-no-further-than-its-buffer'() {
        for (const options of [{buffer_size: 3}, {buffer_size: 6, chunk_size: 2}, {}]) {
            const log = {};
            const results = pool.map(echo, naturals(log), options);
            const ahead = options.buffer_size ?? 2 * pool.max_workers;

            await sleep(20);
            equal(log.read, ahead);
            await results.next();
            equal(log.read <= ahead + 2, true);
            await results.return();
            equal(log.closed, true);
        }
    },

    async 'map/reads-asynchronous-inputs-no-further-either'() {
        const log = {};
        const results = pool.map(echo, slowNaturals(log), {buffer_size: 3});

        await until(() => log.read >= 3);
        await sleep(10);
        equal(log.read, 3);
        equal((await results.next()).value, 0);
        await results.return();
    },

    async 'map/chunks-give-the-same-results'() {
        const inputs = Array.from({length: 25}, (_, i) => i);

        for (const chunk_size of [1, 2, 7, 25, 100])
            equal(await collect(pool.map(n => n * 2, inputs, {chunk_size})), inputs.map(n => n * 2));
        equal(await take(pool.map(echo, slowNaturals(), {chunk_size: 4}), 6), [0, 1, 2, 3, 4, 5]);
        equal(await collect(pool.map(() => {}, [1, 2, 3], {chunk_size: 2})), [undefined, undefined, undefined]);
    },

    async 'map/an-error-comes-in-its-turn-and-ends-it'() {
        for (const chunk_size of [1, 2]) {
            const seen = [];
            const log = {};
            const error = await failure(async () => {
                for await (const result of pool.map(n => {
                    if (n === 3)
                        throw new RangeError('too far');
                    return n;
                }, naturals(log), {chunk_size}))
                    seen.push(result);
            });

            equal([seen, error instanceof RangeError], [[0, 1, 2], true]);
            equal(log.closed, true);
        }
    },

    async 'map/an-error-of-the-inputs-comes-after-their-results'() {
        function* inputs() {
            yield 1;
            throw new Error('no more');
        }

        const results = pool.map(echo, inputs());

        equal((await results.next()).value, 1);
        equal((await failure(() => results.next())).message, 'no more');
        equal((await results.next()).done, true);
    },

    async 'map/an-input-that-cannot-travel-comes-in-its-turn'() {
        const results = pool.map(echo, [1, new Set(), 3]);

        equal((await results.next()).value, 1);
        isError(await failure(() => results.next()), Cf.Error, Cf.Error.NOT_PORTABLE);
        equal((await results.next()).done, true);
    },

    async 'map/left-early-cancels-what-is-pending'() {
        for (const chunk_size of [1, 3]) {
            const other = new Cf.ProcessPoolExecutor({max_workers: 1});
            const block = async n => {
                if (n > 0)
                    await new Promise(resolve => setTimeout(resolve, 200));
                return n;
            };

            equal(await take(other.map(block, naturals(), {buffer_size: 30, chunk_size}), 1), [0]);
            await other.shutdown();
            equal(other.n_pending, 0);
        }
    },

    async 'map/gives-up-when-the-time-is-over'() {
        const forEver = () => new Promise(() => {});
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});

        const error = await failure(() => collect(other.map(forEver, [1, 2, 3], {timeout: 20})));

        isError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        other.kill_workers();
        await other.shutdown();
    },

    async 'map/gives-up-when-a-call-takes-too-long'() {
        const forEver = () => new Promise(() => {});
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});

        for (const chunk_size of [1, 2]) {
            isError(await failure(() => collect(other.map(forEver, [1, 2, 3], {call_timeout: 20, chunk_size}))),
                Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        }
        await other.shutdown();
    },

    async 'map/calls-have-options'() {
        for (const chunk_size of [1, 2]) {
            equal(await collect(pool.map(echo, [1, 2, 3], {priority: GLib.PRIORITY_LOW, name: 'numbers', chunk_size})),
                [1, 2, 3]);
        }
    },

    async 'map/of-a-task'() {
        const python = new Cf.ProcessPoolExecutor({kind: Cf.WorkerKind.PYTHON, max_workers: 1});
        const task = Cf.Task.new_by_name('math:sqrt');

        task.priority = GLib.PRIORITY_LOW;

        const results = python.map_task(task, new GLib.Variant('ad', [1, 4, 9]), 2, 0);

        equal(results.timeout, Infinity);
        results.timeout = 60000;
        equal(await collect(results), [1, 2, 3]);
        matches((await failure(() => python.map_task(Cf.Task.new(echo), new GLib.Variant('ad', [1]), 1, 0))).message,
            /map\(\) takes JavaScript functions/);
        await python.shutdown();
    },

    async 'map/until-cancelled'() {
        const spin = () => {
            const call = globalThis.cfuturesWorker.currentCall();

            call.report_progress(0.5, 'spinning');
            while (!call.get_cancellable().is_cancelled());
        };
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});
        const cancellable = new Gio.Cancellable();
        const log = {};
        const results = other.map(spin, naturals(log), {cancellable, buffer_size: 3});
        const step = failure(() => results.next());

        await until(() => other.n_running === 1);
        cancellable.cancel();
        isError(await step, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal([log.closed, (await results.next()).done], [true, true]);
        // What runs sees it too, or this would wait for ever.
        await other.shutdown();
        isError(await failure(() => collect(pool.map(echo, [1], {cancellable}))), Gio.IOErrorEnum,
            Gio.IOErrorEnum.CANCELLED);
    },

    async 'map/of-chunks-until-cancelled'() {
        const forEver = () => new Promise(() => {});
        const other = new Cf.ProcessPoolExecutor({max_workers: 1});
        const cancellable = new Gio.Cancellable();

        setTimeout(() => cancellable.cancel(), 5);
        isError(await failure(() => collect(other.map(forEver, naturals(), {cancellable, chunk_size: 2, timeout: -1}))),
            Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        other.kill_workers();
        await other.shutdown();
    },

    async 'as-completed/until-cancelled'() {
        for (const timeout of [-1, 60000]) {
            const [done, never] = promises(2);
            const cancellable = new Gio.Cancellable();
            const seen = [];

            done.set_value(1);
            isError(await failure(async () => {
                for await (const future of Cf.as_completed([never, done], {cancellable, timeout})) {
                    seen.push(future);
                    setTimeout(() => cancellable.cancel(), 5);
                }
            }), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
            equal([seen.length, never.is_cancelled()], [1, false]);
        }
    },

    async 'map/cancelled-while-nobody-waits'() {
        const cancellable = new Gio.Cancellable();
        const results = pool.map(echo, naturals(), {cancellable});

        equal((await results.next()).value, 0);
        cancellable.cancel();
        isError(await failure(() => results.next()), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal((await results.next()).done, true);
    },

    async 'signals/serve-as-cancellables-do'() {
        const waits = [
            signal => collect(pool.map(echo, slowNaturals(), {signal})),
            signal => collect(Cf.as_completed(promises(1), {signal})),
            signal => Cf.wait(promises(1), {signal}),
        ];

        for (const wait of waits) {
            const signal = new Signal();
            const step = failure(() => wait(signal));

            equal(signal.listeners.size, 1);
            signal.abort();
            isError(await step, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
            equal(signal.listeners.size, 0);
        }
    },

    async 'signals/of-waits-that-fail-at-once-are-let-go-of'() {
        const signal = new Signal();

        matches((await failure(() => Cf.wait([5], {signal}))).message, /5 is not a Cf.Future/);
        equal(signal.listeners.size, 0);
    },

    async 'signals/have-reasons'() {
        const signal = new Signal();
        const reason = new Error('closed');
        const error = failure(() => Cf.wait(promises(1), {signal}));

        signal.abort(reason);
        equal((await error).cause === reason, true);
        equal((await error).stack, reason.stack);
    },

    async 'cancellables/are-let-go-of'() {
        const cancellable = new Gio.Cancellable();
        const signalId = GObject.signal_lookup('cancelled', Gio.Cancellable.$gtype);
        const isListenedTo = () => GObject.signal_has_handler_pending(cancellable, signalId, 0, true);

        equal(await collect(pool.map(echo, [1, 2], {cancellable})), [1, 2]);
        equal(await take(pool.map(echo, naturals(), {cancellable}), 2), [0, 1]);
        equal((await collect(Cf.as_completed([pool.submit(echo, 1)], {cancellable}))).length, 1);
        equal((await Cf.wait([pool.submit(echo, 1)], {cancellable})).done.length, 1);
        await until(() => !isListenedTo());
    },

    async 'map/may-be-asked-for-several-results-at-once'() {
        const results = pool.map(echo, [1, 2]);
        const steps = await Promise.all([results.next(), results.next(), results.next()]);

        equal(steps.map(({done, value}) => done ? 'done' : value), [1, 2, 'done']);
    },

    async 'map/left-early-by-somebody-who-waits'() {
        const inputs = {
            [Symbol.asyncIterator]: () => ({next: () => new Promise(() => {})}),
        };
        const results = pool.map(echo, inputs);
        const step = results.next();

        await results.return();
        equal((await step).done, true);
    },

    async 'options/that-are-not-known-are-refused'() {
        matches((await failure(() => pool.map(echo, [], {chunkSize: 5}))).message, /map\(\) .*“chunkSize”/);
        matches((await failure(() => Cf.as_completed([], {timeOut: 5}))).message, /as_completed\(\) .*“timeOut”/);
        matches((await failure(() => Cf.wait([], {returnWhen: 5}))).message, /wait\(\) .*“returnWhen”/);
    },

    async 'wait/for-all'() {
        const futures = promises(3);

        setTimeout(() => futures.forEach(future => future.set_value(1)), 5);

        const {done, not_done: notDone} = await Cf.wait(futures);

        equal([done.length, notDone.length], [3, 0]);
        equal((await Cf.wait([])).done, []);
    },

    async 'wait/for-the-first'() {
        const futures = promises(3);

        setTimeout(() => futures[1].set_value(1), 5);

        const {done, not_done: notDone} = await Cf.wait(futures, {return_when: Cf.ReturnWhen.FIRST_COMPLETED});

        equal([done.length, done[0] === futures[1], notDone.length], [1, true, 2]);
    },

    async 'wait/for-the-first-that-fails'() {
        const futures = [pool.submit(echo, 1), pool.submit(fail), new Cf.Future()];
        const {done} = await Cf.wait(futures, {return_when: Cf.ReturnWhen.FIRST_EXCEPTION});

        equal(done.includes(futures[1]), true);
        equal(done.includes(futures[2]), false);
    },

    async 'wait/not-for-longer-than-its-time'() {
        const futures = promises(2);

        futures[0].set_value(1);

        const {done, not_done: notDone} = await Cf.wait(futures, {timeout: 5});

        equal([done.length, notDone.length], [1, 1]);
    },

    async 'wait/until-cancelled'() {
        const cancellable = new Gio.Cancellable();

        setTimeout(() => cancellable.cancel(), 5);
        isError(await failure(() => Cf.wait(promises(1), {cancellable})), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        isError(await failure(() => Cf.wait(promises(1), {cancellable})), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    'wait/blocks-as-in-c'() {
        const [future] = promises(1);

        future.set_value(1);
        equal(Cf.wait([future], Cf.ReturnWhen.ALL_COMPLETED, -1, null)[0], true);
    },
});
