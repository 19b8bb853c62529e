// SPDX-License-Identifier: LGPL-2.1-or-later

// The executors that stay in the process.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';

import {collect, equal, failure, failureNow, isError, matches, run} from './tap.js';
import {THROWING} from './throwing.js';

const NATIVE = GLib.getenv('SMOKE_FUNCTIONS');
const MODULE = Gio.File.new_for_uri(import.meta.url).get_parent().get_child('portable.js').get_uri();

const HereExecutor = GObject.registerClass(
class HereExecutor extends Cf.Executor {
    vfunc_execute(future) {
        future.run();
    }
});

const HERE = [new Cf.InlineExecutor(), new Cf.MainContextExecutor(), new HereExecutor()];
const INTEGERS = new GLib.Variant('ai', []);
const offset = 100;

run({
    'thread-pool/javascript-functions-are-refused-at-once'() {
        const pool = new Cf.ThreadPoolExecutor({max_workers: 2});
        const attempts = [
            () => pool.submit(function count() {}),
            () => pool.submit({timeout: 5}, function count() {}),
            () => pool.submit_local(function count() {}),
            () => pool.submit_task(Cf.Task.new(function count() {})),
            () => pool.submit_async(Cf.Task.new_local(function count() {}), null, null),
            () => pool.map(function count() {}, [1]),
        ];

        for (const attempt of attempts) {
            const error = failureNow(attempt);

            equal(error instanceof Error, true);
            matches(error.message, /“count”.*Cf\.ProcessPoolExecutor.*submit_by_name\('libfoo\.so:count', variant\)/);
        }
        matches(failureNow(() => pool.submit([MODULE, 'divide'], 5)).message, /Cf\.ProcessPoolExecutor/);
        matches(failureNow(() => pool.set_initializer(() => true)).message, /Cf\.ProcessPoolExecutor/);
        matches(failureNow(() => pool.map_generator(() => null, () => null)).message, /map\(\) takes generators/);
    },

    async 'thread-pool/native-functions-run-by-name'() {
        const pool = new Cf.ThreadPoolExecutor({max_workers: 2});
        const variant = new GLib.Variant('i', 5);

        equal(await pool.submit_by_name(`${NATIVE}:smoke_halve`, variant), 2.5);
        equal(await pool.submit(`${NATIVE}:smoke_halve`, variant), 2.5);
        equal(await pool.submit({priority: GLib.PRIORITY_LOW}, `${NATIVE}:smoke_halve`, variant), 2.5);
        equal(await pool.submit_task(Cf.Task.new_by_name(`${NATIVE}:smoke_halve`, variant)), 2.5);
        equal(await collect(pool.map(`${NATIVE}:smoke_halve`, [5, 4].map(n => new GLib.Variant('i', n)))), [2.5, 2]);

        const error = await failure(() => pool.submit_by_name(`${NATIVE}:smoke_fail`, null));

        isError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND);
        await pool.shutdown();
    },

    async 'thread-pool/native-functions-get-natural-values'() {
        const pool = new Cf.ThreadPoolExecutor({max_workers: 2});
        const printed = (...args) => pool.submit_by_name(`${NATIVE}:smoke_print`, ...args);

        equal(await printed(5), 'int64 5');
        equal(await printed('a'), "'a'");
        equal(await printed([1, 2]), '[int64 1, 2]');
        equal(await printed(5, 'a'), "(int64 5, 'a')");
        equal(await printed(new Date(1)), "(('Date', 1.0),)");
        equal(await printed(new GLib.Variant('(i)', [5])), '(5,)');
        equal([await printed(), await printed(null), await printed(undefined)], Array(3).fill('no value'));
        equal(await collect(pool.map(`${NATIVE}:smoke_print`, [5, 'a'])), ['int64 5', "'a'"]);
        await pool.shutdown();
    },

    async 'here/javascript-functions-are-called-as-they-are'() {
        const object = {n: 1};

        for (const executor of HERE) {
            equal(await executor.submit((a, b) => a + b + offset, 1, 2), 103);
            equal(await executor.submit(value => value, object) === object, true);
            equal(await executor.submit_local(value => value, object) === object, true);
            equal(await executor.submit(() => null), null);
            equal(await executor.submit(() => {}), undefined);
            equal(await executor.submit(() => new GLib.Variant('i', 5)), 5);
            equal(await executor.submit(async n => n + offset, 1), 101);
            equal(await executor.submit({name: 'sum'}, (a, b) => a + b, 1, 2), 3);
            equal(await executor.submit_task(Cf.Task.new((a, b) => a + b, 1, 2)), 3);
            equal(await executor.submit([MODULE, 'divide'], 5), 0.5);
            equal(await collect(executor.map(n => n + offset, [1, 2, 3])), [101, 102, 103]);
        }
    },

    async 'here/what-a-checked-call-returns-is-dropped'() {
        for (const executor of HERE) {
            for (const option of [{check_cancellable: Cf.CancellableCheck.ALWAYS}, {return_on_cancel: true}]) {
                const cancellable = new Gio.Cancellable();
                const outcomes = [() => ({n: 1}), () => {
                    throw new RangeError('too far');
                }];

                for (const end of outcomes) {
                    cancellable.reset();
                    const future = executor.submit({cancellable, ...option}, () => {
                        cancellable.cancel();
                        return end();
                    });

                    isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
                }
            }
        }
    },

    async 'here/submitted-in-the-manner-of-gio-are-checked'() {
        const executor = new Cf.MainContextExecutor();

        for (const [check, isDropped] of [['DEFAULT', true], ['ALWAYS', true], ['NEVER', false]]) {
            const cancellable = new Gio.Cancellable();
            const task = Cf.Task.new(() => {
                cancellable.cancel();
                return 5;
            });

            task.check_cancellable = Cf.CancellableCheck[check];
            const [future] = await new Promise(resolve => {
                executor.submit_async(task, cancellable, (_, done) => resolve([done]));
            });

            equal(future.is_cancelled(), isDropped);
        }
    },

    async 'here/submitted-in-the-manner-of-gio-end-as-the-call-did'() {
        const executor = new Cf.MainContextExecutor();
        const own = new RangeError('too far');
        const object = {n: 1};
        const outcome = (callable, cancellable = null, check = Cf.CancellableCheck.DEFAULT) => {
            const task = Cf.Task.new(callable);

            task.check_cancellable = check;
            return new Promise(resolve => {
                executor.submit_async(task, cancellable, (source, result) => {
                    cancellable?.cancel();
                    resolve({finish: () => source.submit_finish(result)});
                });
            });
        };
        const fail = () => {
            throw own;
        };

        equal(failureNow((await outcome(fail)).finish) === own, true);
        equal((await outcome(() => 5)).finish(), [true, 5]);
        equal((await outcome(() => object)).finish()[1] === object, true);
        equal((await outcome(() => {})).finish(), [true, undefined]);

        for (const callable of [() => 5, fail]) {
            const {finish} = await outcome(callable, new Gio.Cancellable());

            isError(failureNow(finish), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        }
        equal((await outcome(() => 5, new Gio.Cancellable(), Cf.CancellableCheck.NEVER)).finish(), [true, 5]);
    },

    async 'here/exceptions-come-as-errors'() {
        for (const executor of HERE) {
            const error = await failure(() => executor.submit(() => {
                throw new RangeError('too far');
            }));

            equal([error instanceof RangeError, error.message], [true, 'too far']);

            const own = Object.assign(new Error('own'), {code: 5});

            equal(await failure(() => executor.submit(() => {
                throw own;
            })) === own, true);
            isError(await failure(() => executor.submit(() => {
                throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.EXISTS, 'there');
            })), Gio.IOErrorEnum, Gio.IOErrorEnum.EXISTS);
            await failure(() => executor.submit(async () => {
                throw new Error('later');
            }));
        }
    },

    async 'here/functions-find-their-own-future'() {
        for (const executor of HERE) {
            const found = [];
            const inner = new Cf.InlineExecutor();
            const future = executor.submit(() => {
                const own = Cf.current_future();

                own.report_progress(0.5, 'halfway');
                inner.submit(() => found.push(Cf.current_future() !== own));
                found.push(Cf.current_future() === own);
                return 5;
            });

            equal(await future, 5);
            equal(found, [true, true]);
            equal([future.progress, future.message], [0.5, 'halfway']);
            equal(Cf.current_future(), null);
        }
    },

    async 'here/functions-submit-others'() {
        const inner = new Cf.InlineExecutor();
        const countDown = n => n === 0 ? 0 : 1 + inner.submit(countDown, n - 1).result();

        for (const executor of HERE)
            equal(await executor.submit(countDown, 20), 20);
    },

    async 'here/cancelling'() {
        const executor = new Cf.MainContextExecutor();
        let isCalled = false;
        const future = executor.submit(() => {
            isCalled = true;
        });

        equal(future.cancel(), true);
        isError(await failure(() => future), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal(isCalled, false);
    },

    async 'here/native-functions-run-by-name'() {
        for (const executor of HERE)
            equal(await executor.submit(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 5)), 2.5);
    },

    async 'drain/resolves-when-the-calls-so-far-are-over'() {
        const pool = new Cf.ThreadPoolExecutor({max_workers: 2});

        for (const executor of [...HERE, pool]) {
            const future = executor.submit(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 5));

            equal(await executor.drain(), undefined);
            equal(future.is_done(), true);
            equal(await executor.submit(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 6)), 3);
        }
        await pool.shutdown();
    },

    async 'drain/rejects-when-it-is-cancelled'() {
        const cancellable = new Gio.Cancellable();
        const executor = new Cf.MainContextExecutor();
        const future = executor.submit(() => 5);
        const drained = executor.drain({cancellable});

        cancellable.cancel();
        isError(await failure(() => drained), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        equal(await future, 5);
        equal(await failure(() => executor.drain({timeout: 5})) instanceof TypeError, true);
    },

    async 'options/are-an-object'() {
        const executor = new Cf.MainContextExecutor();

        for (const wrong of [null, 5, 'cancellable', [], new Gio.Cancellable()]) {
            for (const call of [() => executor.drain(wrong), () => Cf.wait([], wrong), () => Cf.as_completed([], wrong)]) {
                if (typeof wrong !== 'number')
                    matches((await failure(call)).message, /^\w+\(\) takes its options in an object: \{\w+: …\}$/);
            }
        }
        matches((await failure(() => executor.shutdown({wait: true}))).message, /^shutdown\(\) has no option “wait”$/);
    },

    'options/that-are-integers-are-refused-by-name-otherwise'() {
        const executor = new Cf.InlineExecutor();
        const threads = new Cf.ThreadPoolExecutor();
        const processes = new Cf.ProcessPoolExecutor();
        const task = Cf.Task.new(() => 5);
        const uses = [
            ['priority', priority => executor.submit({priority}, () => 5)],
            ['priority', priority => executor.map(() => 5, [], {priority})],
            ['priority', priority => task.set_priority(priority)],
            ['priority', priority => {
                task.priority = priority;
            }],
            ['chunk_size', size => executor.map(() => 5, [], {chunk_size: size})],
            ['chunk_size', size => executor.map_task(Cf.Task.new(`${NATIVE}:smoke_halve`), INTEGERS, size, 1)],
            ['buffer_size', size => executor.map(() => 5, [], {buffer_size: size})],
            ['buffer_size', size => executor.map_task(Cf.Task.new(`${NATIVE}:smoke_halve`), INTEGERS, 1, size)],
            ['buffer_size', size => Cf.as_completed([], {buffer_size: size})],
            ['max_workers', count => Cf.ProcessPoolExecutor.new(count)],
            ['max_workers', count => Cf.ThreadPoolExecutor.new(count)],
            ...[Cf.ProcessPoolExecutor, Cf.ThreadPoolExecutor, HereExecutor].flatMap(Pool =>
                ['max_workers', 'maxWorkers', 'max-workers'].map(name => [name, count => new Pool({[name]: count})])),
            ['max_substitutes', count => new Cf.ThreadPoolExecutor({max_substitutes: count})],
            ['max_substitutes', count => threads.set_max_substitutes(count)],
            ['maxSubstitutes', count => new Cf.ThreadPoolExecutor({maxSubstitutes: count})],
            ['max_tasks_per_worker', count => new Cf.ProcessPoolExecutor({max_tasks_per_worker: count})],
            ['max_tasks_per_worker', count => {
                processes['max-tasks-per-worker'] = count;
            }],
        ];

        for (const [name, use] of uses) {
            for (const number of [1.5, NaN, Infinity, -Infinity, -(2 ** 31) - 1, 2 ** 32]) {
                const error = failureNow(() => use(number));

                equal([name, error instanceof RangeError], [name, true]);
                matches(error.message, new RegExp(`^${name} must be an integer from .* to .*, not ${number}$`));
            }
            for (const other of ['5', 5n, true, {}, [5]]) {
                const error = failureNow(() => use(other));

                equal([name, error instanceof TypeError], [name, true]);
                matches(error.message, new RegExp(`^${name} must be an integer from .*, not .* ${typeof other}$`));
            }
            if (name !== 'priority')
                equal(failureNow(() => use(-1)) instanceof RangeError, true);
        }
        matches(failureNow(() => new Cf.ThreadPoolExecutor({max_workers: null})).message, /^max_workers .* not null$/);
        equal(task.priority, 0);
    },

    'options/that-are-integers-are-taken'() {
        const task = Cf.Task.new(() => 5);

        for (const priority of [-(2 ** 31), 2 ** 31 - 1, 0]) {
            task.priority = priority;
            equal([task.priority, task.get_priority()], [priority, priority]);
        }
        equal(new Cf.ThreadPoolExecutor({max_workers: 3, max_substitutes: 7}).max_substitutes, 7);
        equal([Cf.ThreadPoolExecutor.new(3).max_workers, Cf.ThreadPoolExecutor.new().max_workers > 0], [3, true]);
        equal(new Cf.ProcessPoolExecutor({maxTasksPerWorker: 2 ** 32 - 1}).max_tasks_per_worker, 2 ** 32 - 1);
    },

    async 'options/of-a-wait-and-a-map-are-checked-at-once'() {
        for (const wrong of ['FIRST_COMPLETED', 7, NaN, 0.5])
            matches((await failure(() => Cf.wait([], {return_when: wrong}))).message, /^return_when .*Cf\.ReturnWhen.*, not/);
        matches(failureNow(() => HERE[0].map(() => 5, [], {call_timeout: '5'})).message, /^call_timeout must be/);
        equal(await collect(HERE[0].map(() => 5, [1], {chunk_size: null, buffer_size: null, priority: null})), [5]);
    },

    async 'describe/returns-plain-objects'() {
        const executor = new Cf.MainContextExecutor();
        const future = executor.submit({name: 'ask'}, () => executor.describe());
        const {type, state, waiting: [waiting]} = executor.describe();

        equal([type, state], ['CfMainContextExecutor', 'open']);
        equal([waiting.name, waiting.state, waiting.priority], ['ask', 'pending', 0]);
        equal(waiting.age >= 0, true);

        const {workers: [{calls: [running]}]} = await future;

        equal([running.name, running.state], ['ask', 'running']);
    },

    async 'here/shutdown'() {
        for (const executor of HERE) {
            const future = executor.submit(() => 5);

            await executor.shutdown();
            equal(await future, 5);
            isError(await failure(() => executor.submit(() => 5)), Cf.Error, Cf.Error.SHUT_DOWN);
        }
    },

    async 'default/is-one-pool-that-cannot-be-shut-down'() {
        const executor = Cf.Executor.get_default();

        equal(executor instanceof Cf.ThreadPoolExecutor, true);
        equal(Cf.Executor.get_default(), executor);
        isError(await failure(() => executor.shutdown()), Cf.Error, Cf.Error.INVALID_STATE);
        equal(await executor.submit(`${NATIVE}:smoke_halve`, new GLib.Variant('i', 5)), 2.5);
    },

    async 'executors/what-is-thrown-arrives-as-it-is'() {
        for (const executor of [new Cf.InlineExecutor(), new Cf.MainContextExecutor()]) {
            for (const [name, [throwing]] of Object.entries(THROWING)) {
                let thrown;
                const future = executor.submit(() => {
                    try {
                        throwing();
                    } catch (caught) {
                        thrown = caught;
                        throw caught;
                    }
                });

                equal([name, await future.catch(error => error === thrown)], [name, true]);
            }
        }
    },
});
