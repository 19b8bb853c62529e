// SPDX-License-Identifier: LGPL-2.1-or-later

// Futures as promises.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';

import {equal, failure, failureNow, isError, matches, run} from './tap.js';
import {THROWING} from './throwing.js';

function settled(value) {
    const future = new Cf.Future();

    future.set_value(value);
    return future;
}

function failed(error) {
    const future = new Cf.Future();

    future.set_error(error);
    return future;
}

function remote(message) {
    return failed(new GLib.Error(Cf.Error, Cf.Error.REMOTE, message));
}

run({
    async 'future/await/gives-the-result'() {
        equal(await settled(0.5), 0.5);
        equal(await settled('five'), 'five');
        equal(await settled(true), true);
        equal(await settled(new GLib.Variant('a{sv}', {n: new GLib.Variant('i', 5)})), {n: 5});
    },

    async 'future/await/gives-objects-as-they-are'() {
        const file = Gio.File.new_for_path('/');

        equal(await settled(file) === file, true);
    },

    async 'future/await/of-nothing-is-undefined'() {
        const future = new Cf.Future();

        future.set_variant(null);
        equal(await future, undefined);
    },

    async 'future/await/waits'() {
        const future = new Cf.Future();

        setTimeout(() => future.set_value(5), 10);
        equal(await future, 5);
    },

    // gjs refuses callbacks between the steps of a garbage collection.
    async 'future/await/while-garbage-is-collected'() {
        let garbage = [];

        for (let n = 0; n < 2000; n++) {
            const future = settled(n);

            for (let i = 0; i < 3000; i++)
                garbage.push({i, text: `${n} ${i}`, list: [i]});
            if (garbage.length > 300000)
                garbage = [];
            equal(await future, n);
        }
    },

    // A thread of the pool drops its reference while this one takes another.
    async 'future/await/as-the-call-ends'() {
        const pool = new Cf.ProcessPoolExecutor({max_workers: 1});

        for (let n = 0; n < 150; n++) {
            const promises = Array.from({length: 20}, (_, i) => {
                const future = pool.submit(value => value, i);

                while (!future.is_done());
                return future.then(value => value);
            });

            System.gc();
            equal(await Promise.all(promises), Array.from({length: 20}, (_, i) => i));
        }
        await pool.shutdown();
    },

    async 'future/await/as-often-as-one-likes'() {
        const future = settled(5);

        equal([await future, await future], [5, 5]);
    },

    async 'future/then/chains'() {
        equal(await settled(5).then(n => n + 1).then(n => n * 2), 12);
    },

    async 'future/then/is-never-called-before-it-returns'() {
        const order = [];
        const promise = settled(5).then(() => order.push('then'));

        order.push('here');
        await promise;
        equal(order, ['here', 'then']);
    },

    async 'future/catch/and-finally'() {
        const order = [];
        const error = new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'gone');

        await failed(error).finally(() => order.push('finally')).catch(({message}) => order.push(message));
        await settled(1).finally(() => order.push('finally'));
        equal(await failed(error).catch(() => 5), 5);
        equal(order, ['finally', 'gone', 'finally']);
    },

    async 'future/promises/all-race-and-all-settled'() {
        equal(await Promise.all([settled(1), settled(2), 3]), [1, 2, 3]);
        equal(await Promise.race([new Cf.Future(), settled(2)]), 2);

        const outcomes = await Promise.allSettled([settled(1), remote('gone')]);

        equal(outcomes.map(({status}) => status), ['fulfilled', 'rejected']);
    },

    async 'future/error/keeps-domain-and-code'() {
        const error = await failure(() => failed(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.EXISTS, 'there')));

        isError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.EXISTS);
        equal(error.message, 'there');
    },

    async 'future/error/cancelled'() {
        const future = new Cf.Future();

        future.cancel();
        isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async 'future/error/remote-exceptions-are-errors'() {
        const text = 'RangeError: too far\n\nand too fast\n\nf@file:///x.js:1:2\n@file:///x.js:3:4';
        const error = await failure(() => remote(text));

        equal(error instanceof RangeError, true);
        equal([error.name, error.message], ['RangeError', 'too far\n\nand too fast']);
        equal(error.stack, 'f@file:///x.js:1:2\n@file:///x.js:3:4');
        isError(error.cause, Cf.Error, Cf.Error.REMOTE);
    },

    async 'future/error/names-that-are-not-known-here-are-kept'() {
        const error = await failure(() => remote('my.OwnError: oh\n\n@x:1:1'));

        equal([error instanceof Error, error.name, error.message], [true, 'my.OwnError', 'oh']);
        equal(String(error), 'my.OwnError: oh');
    },

    async 'future/error/without-a-message'() {
        const error = await failure(() => remote('TypeError\n\n@x:1:1'));

        equal([error instanceof TypeError, error.message], [true, '']);
    },

    async 'future/error/python-exceptions-keep-their-traceback'() {
        const text = 'ValueError: bad\n\nTraceback (most recent call last):\n  a\n\nDuring b\n\nc';
        const error = await failure(() => remote(text));

        equal([error.name, error.message], ['ValueError', 'bad']);
        matches(error.stack, /^Traceback[^]*c$/);
    },

    async 'future/error/what-is-no-error-is-a-message'() {
        equal((await failure(() => remote('just: text'))).message, 'just: text');
    },

    async 'future/set-value/takes-any-value-of-javascript'() {
        const values = [
            [1, 2], {a: 1}, new Map([[1, 2]]), new Uint8Array([1]), new Date(5), () => 5, undefined, null, 5n,
            Symbol('s'), /x/,
        ];

        for (const value of values)
            equal(await settled(value) === value, true);
        equal(await settled(Promise.resolve(5)), 5);
        equal((await failure(() => settled(Promise.reject(new Error('later'))))).message, 'later');
    },

    async 'future/set-value/gives-c-what-it-has-a-type-for'() {
        const bytes = new Uint8Array([7, 1, 2]).subarray(1);
        const large = settled(2n ** 63n);

        equal([settled(5n).await_int64(), settled(-5n).await_int64(), settled(5n).await_double()], [5, -5, 5]);
        equal(large.await_variant().print(true), 'uint64 9223372036854775808');
        equal(await large === 2n ** 63n, true);
        equal(settled(bytes).await_bytes().toArray().join(), '1,2');
        equal(await settled(bytes) === bytes, true);
        equal(new Cf.InlineExecutor().submit(() => 5n).await_variant().print(true), 'int64 5');
        equal(new Cf.InlineExecutor().submit(() => bytes).await_bytes().toArray().join(), '1,2');
        equal(await new Cf.InlineExecutor().submit(() => bytes) === bytes, true);
        equal(await settled(2n ** 64n) === 2n ** 64n, true);
    },

    async 'future/set-value/keeps-text-that-c-cannot-have'() {
        for (const text of ['a\0b', 'a\ud800b']) {
            equal(await settled(text) === text, true);
            equal(await new Cf.InlineExecutor().submit(() => text) === text, true);
            isError(failureNow(() => settled(text).await_string()), Cf.Error, Cf.Error.WRONG_TYPE);
        }
    },

    async 'future/set-value/keeps-objects-through-collections'() {
        const settleUnseen = () => {
            const future = new Cf.Future();
            const promise = future.then(({name}) => name);

            future.set_value({name: 'five'});
            return promise;
        };
        const promise = settleUnseen();

        System.gc();
        equal(await promise, 'five');
    },

    async 'future/set-value/only-once'() {
        const future = settled([1]);

        isError(failureNow(() => future.set_value([2])), Cf.Error, Cf.Error.INVALID_STATE);
        isError(failureNow(() => future.set_error(new Error('no'))), Cf.Error, Cf.Error.INVALID_STATE);
        equal(await future, [1]);
    },

    async 'future/set-error/takes-any-error'() {
        for (const error of [new RangeError('too far'), 'a text', {code: 5}]) {
            const future = failed(error);

            equal(await failure(() => future) === error, true);
            equal(failureNow(() => future.result()) === error, true);
            isError(future.get_error(), Cf.Error, Cf.Error.REMOTE);
        }
        matches(failed(new RangeError('too far')).get_error().message, /^RangeError: too far\n\n.*test-futures/);
    },

    async 'future/settled/gives-the-result'() {
        equal(await Cf.Future.new_for_int64(5), 5);
        equal(await Cf.Future.new_for_string('five'), 'five');
        equal(await Cf.Future.new_for_boolean(true), true);
    },

    'future/properties/name-priority-and-error'() {
        const gone = failed(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'gone'));

        equal([gone.name, gone.priority, gone.error.message], [null, 0, 'gone']);
    },

    async 'future/set-error/aborted-is-cancelled'() {
        const error = Object.assign(new Error('stopped'), {name: 'AbortError'});
        const future = failed(error);

        equal(await failure(() => future) === error, true);
        equal(Cf.error_is_cancelled(future.get_error()), true);
        equal(Cf.error_is_cancelled(failed(new Error('no')).get_error()), false);
        equal(Cf.error_is_cancelled(null), false);

        const aborted = new Error('Aborted');

        aborted.name = 'AbortError';
        equal(Cf.error_is_cancelled(aborted), true);
        for (const [name, [throwing]] of Object.entries(THROWING)) {
            try {
                throwing();
            } catch (thrown) {
                equal([name, Cf.error_is_cancelled(thrown)], [name, false]);
            }
        }
    },

    'future/forgotten-await/can-be-seen'() {
        const future = settled(5);

        matches(`${future}`, /^<CfFuture at 0x[0-9a-f]+ state=finished/);
        matches(JSON.stringify({result: future}), /^\{"result":"<CfFuture at 0x[0-9a-f]+ state=finished/);
    },

    'future/result/blocks'() {
        equal(settled(5).result(), 5);
        equal(failureNow(() => remote('TypeError: x\n\n@x:1:1').result()).name, 'TypeError');
    },

    'future/await-value/gives-the-value'() {
        const object = {n: 1};
        const nothing = new Cf.Future();

        nothing.set_variant(null);
        equal(nothing.await_value(), [true, undefined]);
        equal(settled(5).await_value(), [true, 5]);
        equal(settled(object).await_value()[1] === object, true);
        equal(settled(new GLib.Variant('(i)', [5])).await_value()[1] instanceof GLib.Variant, true);
        equal(Cf.Future.new_for_int64(5).await_value(), [true, 5]);
    },

    async 'future/await-value/throws-the-error-of-the-call'() {
        const own = new RangeError('too far');
        const cancelled = new Cf.Future();

        cancelled.cancel();
        equal(failureNow(() => failed(own).await_value()) === own, true);
        equal(failureNow(() => remote('TypeError: x\n\n@x:1:1').await_value()) instanceof TypeError, true);
        isError(failureNow(() => cancelled.await_value()), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        for (const code of [Cf.Error.WRONG_TYPE, Cf.Error.WORKER_DIED]) {
            const future = failed(new GLib.Error(Cf.Error, code, 'that of the call'));

            isError(failureNow(() => future.await_value()), Cf.Error, code);
            equal((await failure(() => future)).message, 'that of the call');
        }
    },

    async 'future/callbacks/come-on-the-main-loop'() {
        const future = new Cf.Future();
        const promise = new Promise(resolve => future.add_done_callback(done => resolve(done === future)));

        future.set_value(1);
        equal(await promise, true);
    },

    'future/callbacks/without-a-context-are-refused'() {
        matches(failureNow(() => new Cf.Future().add_done_callback_full(null, () => {})).message, /main thread/);
    },

    async 'future/data/is-there-in-the-callback'() {
        const future = new Cf.Future();

        future.arg = 5;
        setTimeout(() => future.set_value(1), 1);
        equal(await new Promise(resolve => future.add_done_callback(done => resolve(done.arg))), 5);
    },

    async 'future/promise/fails-with-whatever-was-thrown'() {
        for (const [name, [throwing]] of Object.entries(THROWING)) {
            try {
                throwing();
            } catch (thrown) {
                equal([name, await failed(thrown).catch(error => error === thrown)], [name, true]);
            }
        }
    },
});
