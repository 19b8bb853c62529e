// SPDX-License-Identifier: LGPL-2.1-or-later

// submit(), map() and their siblings for JavaScript functions.
//
//      pool of processes     a function goes as its source to the worker's function “:source”, a module's by name
//      pool of threads       cannot run JavaScript, and says so; native functions run there by name
//      all others            run in the main thread: a function is called as it is
//
// Functions whose name is submitted, “MODULE:FUNCTION”, are of whatever language the executor runs.

/* exported override */

const {Cf, GLib} = imports.gi;
const {COST_OF_CALL, produced} = imports.overrides.cfutures.garbage;
const {cancellableOf} = imports.overrides.cfutures.cancelling;
const {referenceToName, sourceOf} = imports.overrides.cfutures.functions;
const {keepError, keepResult, toError, toValue} = imports.overrides.cfutures.futures;
const {areOptions, checkOptions} = imports.overrides.cfutures.options;
const {own} = imports.overrides.cfutures.ownership;
const {Results} = imports.overrides.cfutures.sets;
const {argumentsToVariant, namedArgumentsToVariant, notPortable} = imports.overrides.cfutures.values;

const SOURCE = ':source';
const TASK_OPTIONS = ['name', 'priority', 'timeout', 'context', 'cancellable'];
const SUBMIT_OPTIONS = [...TASK_OPTIONS, 'signal'];
const MAP_OPTIONS = ['chunk_size', 'buffer_size', 'timeout', 'cancellable', 'signal'];

function refuseThreads(what) {
    throw new TypeError(`${what} cannot run in a Cf.ThreadPoolExecutor: JavaScript runs in the main thread alone. ` +
        'Submit it to a Cf.ProcessPoolExecutor, which runs JavaScript in parallel, or submit a native function by ' +
        "its name, which does run in threads: submit_name('libfoo.so:count', variant)");
}

// Kinds of call. Each has a name and a function that makes the arguments, or is a function to be called here.

function namedCall(name) {
    return {name, toArguments: namedArgumentsToVariant};
}

// What stands for no value among the items of a map.
function noArguments() {
    return own(GLib.Variant.new_tuple([]));
}

function portableCall(pool, callable) {
    if (pool.worker_kind !== Cf.WorkerKind.GJS) {
        throw new TypeError('The workers of this pool do not run JavaScript. Submit a function of theirs by its ' +
            "name, 'statistics:mean' for example, or make a pool whose worker_kind is Cf.WorkerKind.GJS");
    }

    if (Array.isArray(callable))
        return {name: referenceToName(callable), toArguments: argumentsToVariant};

    const source = sourceOf(callable, {mayUseGlobals: pool._hasInitializer});

    return {name: SOURCE, toArguments: args => argumentsToVariant([source, ...args])};
}

// The URL is the same as for a worker.
function importedFunction(reference) {
    const [, url, name] = /^(.+):([^:]+)$/.exec(referenceToName(reference));

    return async (...args) => {
        const module = await import(url);
        return module[name](...args);
    };
}

function describe(executor, callable) {
    if (typeof callable === 'string')
        return namedCall(callable);
    if (typeof callable !== 'function' && !Array.isArray(callable))
        throw new TypeError(`${callable} is no function, no [moduleURL, 'name'], and no 'MODULE:FUNCTION'`);
    if (executor instanceof Cf.ThreadPoolExecutor)
        refuseThreads(callable.name ? `The JavaScript function “${callable.name}”` : 'A JavaScript function');
    if (executor instanceof Cf.ProcessPoolExecutor)
        return portableCall(executor, callable);
    return {local: Array.isArray(callable) ? importedFunction(callable) : callable};
}

// Calls that are made here.

let current = null;

function toLocalFunction(callable, args) {
    return future => {
        const outer = current;

        try {
            current = future;

            const value = callable(...args);

            keepResult(future, value);
            return [true, toValue(value)];
        } catch (error) {
            keepError(future, error);
            throw toError(error);
        } finally {
            current = outer;
        }
    };
}

// The methods that introspection gives, before they are overridden, and what is made of them. What a task is
// made of depends on the executor, so it is made anew for each submission.

class Submissions {
    constructor() {
        const executor = Cf.Executor.prototype;

        for (const name of ['map_name', 'shutdown', 'submit_async', 'submit_name', 'submit_task'])
            this[name] = executor[name];
        this.newTask = Cf.Task.new_by_name;
        this.newLocalTask = Cf.Task.new_local;
    }

    // A local function becomes a task: gjs 1.74 frees the wrong callback when submit_local() is called by a function
    // that submit_local() calls.
    submit(executor, call, args) {
        if (call.local !== undefined)
            return this.submit_task.call(executor, this.makeTask(call, args, {}));

        produced(COST_OF_CALL);
        return this.submit_name.call(executor, call.name, call.toArguments(args));
    }

    submitWithOptions(executor, options, call, args) {
        checkOptions('submit', options, SUBMIT_OPTIONS);

        const {cancellable, release} = cancellableOf(options);
        const task = this.makeTask(call, args, {...options, cancellable});
        const future = this.submit_task.call(executor, task);

        future.add_done_callback(release);
        return future;
    }

    makeTask(call, args, options) {
        produced(COST_OF_CALL);

        const task = call.local !== undefined
            ? this.newLocalTask(toLocalFunction(call.local, args))
            : this.newTask(call.name, call.toArguments(args));

        for (const option of TASK_OPTIONS) {
            if (options[option] !== undefined && options[option] !== null)
                task[option] = options[option];
        }
        return task;
    }

    taskFor(executor, task) {
        if (task._callable === undefined)
            return task;
        return this.makeTask(describe(executor, task._callable), task._arguments, task);
    }

    // A chunk's results come from an iterator over that one chunk.
    submitChunk(executor, call, inputs) {
        produced(COST_OF_CALL);

        const items = own(GLib.Variant.new_tuple(inputs.map(input => call.toArguments([input]) ?? noArguments())));

        return this.map_name.call(executor, call.name, items, inputs.length, inputs.length, -1);
    }

    map(executor, call, inputs, options) {
        checkOptions('map', options, MAP_OPTIONS);

        const {chunk_size: chunkSize, buffer_size: bufferSize, ...rest} = options;

        return new Results({
            submit: (input, cancellable) => cancellable !== null
                ? this.submit_task.call(executor, this.makeTask(call, [input], {cancellable}))
                : this.submit(executor, call, [input]),
            submitChunk: call.local === undefined ? chunk => this.submitChunk(executor, call, chunk) : null,
        }, inputs, {chunkSize, bufferSize, maxWorkers: executor.max_workers, ...rest});
    }
}

function overrideExecutor(submissions) {
    const executor = Cf.Executor.prototype;

    // submit([options,] function, ...args)
    executor.submit = function (...parameters) {
        const options = areOptions(parameters[0]) ? parameters.shift() : null;
        const [callable, ...args] = parameters;
        const call = describe(this, callable);

        return options !== null
            ? submissions.submitWithOptions(this, options, call, args)
            : submissions.submit(this, call, args);
    };

    executor.submit_name = function (name, ...args) {
        return submissions.submit(this, namedCall(name), args);
    };

    executor.submit_local = function (callable, ...args) {
        if (this instanceof Cf.ProcessPoolExecutor)
            throw notPortable('A local function cannot run in another process: submit() sends functions there');
        return submissions.submit(this, describe(this, callable), args);
    };

    executor.submit_task = function (task) {
        return submissions.submit_task.call(this, submissions.taskFor(this, task));
    };

    executor.submit_async = function (task, ...rest) {
        submissions.submit_async.call(this, submissions.taskFor(this, task), ...rest);
    };

    executor.map = function (callable, inputs, options = {}) {
        return submissions.map(this, describe(this, callable), inputs, options);
    };

    executor.map_generator = function () {
        throw new TypeError('map() takes generators: pool.map(callable, generator())');
    };

    // Booleans are for those who want to block, as in C.
    executor.shutdown = function (options = {}, ...rest) {
        if (typeof options === 'boolean')
            return submissions.shutdown.call(this, options, ...rest);

        return new Promise((resolve, reject) => {
            this.shutdown_async(options.cancel_futures ?? false, options.cancellable ?? null, (_, result) => {
                try {
                    this.shutdown_finish(result);
                    resolve();
                } catch (error) {
                    reject(error);
                }
            });
        });
    };

    if (Symbol.asyncDispose !== undefined) {
        executor[Symbol.asyncDispose] = function () {
            return this.shutdown();
        };
    }
}

function overrideThreadPool() {
    Cf.ThreadPoolExecutor.prototype.set_initializer = function () {
        refuseThreads('A JavaScript initializer');
    };
}

// A pool whose worker imports the program would be made once more in that worker, and so on for ever.
function refuseWhileImporting() {
    if (globalThis.cfuturesWorker?.isImporting?.()) {
        throw new Error('A process pool was made while the module was imported by one of its workers. Functions that ' +
            'are submitted as [moduleURL, name] belong to a module that makes no pool when it is imported');
    }
}

function overrideProcessPool() {
    const pool = Cf.ProcessPoolExecutor.prototype;
    const setInitializerName = pool.set_initializer_name;

    pool._init = function (parameters = {}) {
        refuseWhileImporting();
        if (!areOptions(parameters))
            throw new TypeError('A pool takes its properties by name: new Cf.ProcessPoolExecutor({max_workers: 2})');

        const {initializer = null, initargs = [], ...properties} = parameters;
        const hasKind = ['worker_kind', 'workerKind', 'worker-kind'].some(name => name in properties);

        Cf.Executor.prototype._init.call(this, hasKind ? properties : {...properties, worker_kind: Cf.WorkerKind.GJS});
        if (initializer !== null)
            this.set_initializer(initializer, ...initargs);
    };

    pool.set_initializer = function (callable, ...args) {
        this._hasInitializer = true;
        const {name, toArguments} = describe(this, callable);

        setInitializerName.call(this, name, toArguments(args));
    };

    pool.set_initializer_name = function (name, ...args) {
        this.set_initializer(name, ...args);
    };

    Cf.ProcessPoolExecutor.new = (maxWorkers = 0) => new Cf.ProcessPoolExecutor({max_workers: maxWorkers});
}

// The future of the call that is made just now: here, or in a worker, whose calls take turns.
function currentFuture() {
    return current ?? globalThis.cfuturesWorker?.currentCall() ?? null;
}

function overrideTask() {
    const newByName = Cf.Task.new_by_name;

    Cf.Task.new = function (callable, ...args) {
        const task = newByName(typeof callable === 'string' ? callable : SOURCE, null);

        task._callable = callable;
        task._arguments = args;
        return task;
    };
    Cf.Task.new_by_name = Cf.Task.new;
    Cf.Task.new_local = Cf.Task.new;
}

function override() {
    overrideExecutor(new Submissions());
    overrideThreadPool();
    overrideProcessPool();
    overrideTask();
    Cf.current_future = currentFuture;
}
