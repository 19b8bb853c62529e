// SPDX-License-Identifier: LGPL-2.1-or-later

// submit(), map() and their siblings for JavaScript functions.
//
//      pool of processes     sends the source of a function to the worker's “:source”; calls those of a module by name
//      pool of threads       refuses JavaScript; runs native functions by name
//      all others            call the function in the main thread
//
// A function that is submitted by its name, “MODULE:FUNCTION”, is in the language that the executor runs.

/* exported override */

const {Cf, Gio, GLib} = imports.gi;
const {COST_OF_CALL, produced} = imports.overrides.cfutures.garbage;
const {cancellableOf} = imports.overrides.cfutures.cancelling;
const {durationOf, overrideDuration, withMicroseconds} = imports.overrides.cfutures.durations;
const {referenceToName, sourceOf} = imports.overrides.cfutures.functions;
const {checkInteger, checkProperties, overrideInteger} = imports.overrides.cfutures.integers;
const {keepError, keepExplanation, keepResult, promiseOf, toValue} = imports.overrides.cfutures.futures;
const {areOptions, checkOptions} = imports.overrides.cfutures.options;
const {own} = imports.overrides.cfutures.ownership;
const {Results} = imports.overrides.cfutures.sets;
const {argumentsToVariant, namedArgumentsToVariant, notPortable, toError} = imports.overrides.cfutures.values;

const SOURCE = ':source';
const CALL_OPTIONS = ['name', 'priority', 'timeout', 'context', 'cancellable', 'check_cancellable', 'return_on_cancel'];
const TASK_OPTIONS = [...CALL_OPTIONS, 'source_object'];
const SUBMIT_OPTIONS = [...CALL_OPTIONS, 'signal'];
const LAUNCHER_OPTIONS = ['kind', 'argv', 'interpreter_argv', 'prefix_argv', 'cwd', 'environ', 'start_timeout'];
const MAP_OPTIONS = [
    'chunk_size', 'buffer_size', 'timeout', 'call_timeout', 'name', 'priority', 'cancellable', 'signal',
];

function refuseThreads(what) {
    throw new TypeError(`${what} cannot run in a Cf.ThreadPoolExecutor: JavaScript runs only in the main thread. ` +
        'Submit it to a Cf.ProcessPoolExecutor, which runs JavaScript in parallel, or submit a native function by ' +
        "its name: submit_by_name('libfoo.so:count', variant)");
}

// The kinds of call. A call in another process has a name, and toArguments(), which converts its arguments. A local
// call has a function.

function namedCall(name) {
    return {name, toArguments: namedArgumentsToVariant};
}

// The item of a map for an input without a value.
function noArguments() {
    return own(GLib.Variant.new_tuple([]));
}

function portableCall(pool, callable) {
    pool._runsJavaScript ??= pool.launcher.kind === Cf.WorkerKind.GJS;
    if (!pool._runsJavaScript) {
        throw new TypeError('The workers of this pool do not run JavaScript. Submit one of their functions by its ' +
            "name, such as 'statistics:mean', or create a pool of the kind Cf.WorkerKind.GJS");
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
        throw new TypeError(`${callable} is not a function, [moduleURL, 'name'] or 'MODULE:FUNCTION'`);
    if (executor instanceof Cf.ThreadPoolExecutor)
        refuseThreads(callable.name ? `The JavaScript function “${callable.name}”` : 'A JavaScript function');
    if (executor instanceof Cf.ProcessPoolExecutor)
        return portableCall(executor, callable);
    return {local: Array.isArray(callable) ? importedFunction(callable) : callable};
}

// Calls in this process.

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

// Checks the options of a map before it submits its first call.
function checkMapOptions(options) {
    checkOptions('map', options, MAP_OPTIONS);

    for (const name of ['chunk_size', 'buffer_size', 'priority']) {
        if (options[name] !== undefined && options[name] !== null)
            checkInteger(name, options[name]);
    }
    durationOf('call_timeout', options.call_timeout ?? null);
}

// Submits calls by the methods of C, from before they were overridden. How a function is submitted depends on the
// executor, so each submission has a new Cf.Task of C.

class Submissions {
    constructor() {
        const executor = Cf.Executor.prototype;

        for (const name of ['describe', 'map_task', 'shutdown', 'submit_async', 'submit_by_name', 'submit_task'])
            this[name] = executor[name];
        this.newTask = Cf.Task.new_by_name;
        this.newLocalTask = Cf.Task.new_local;
    }

    // Uses a task for a local function: gjs 1.74 frees the wrong callback when a function that submit_local() calls
    // calls submit_local().
    submit(executor, call, args) {
        if (call.local !== undefined)
            return this.submit_task.call(executor, this.makeTask(call, args, {}));

        produced(COST_OF_CALL);
        return this.submit_by_name.call(executor, call.name, call.toArguments(args));
    }

    submitWithOptions(executor, options, call, args) {
        checkOptions('submit', options, SUBMIT_OPTIONS);

        const {cancellable, explain, release} = cancellableOf(options);

        try {
            const future = this.submit_task.call(executor, this.makeTask(call, args, {...options, cancellable}));

            keepExplanation(future, explain);
            future.add_done_callback(release);
            return future;
        } catch (error) {
            release();
            throw error;
        }
    }

    makeTask(call, args, options) {
        produced(COST_OF_CALL);

        const task = call.local !== undefined
            ? this.newLocalTask(toLocalFunction(call.local, args))
            : this.newTask(call.name, args !== null ? call.toArguments(args) : null);

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

    // Returns an iterator over the results of one chunk.
    submitChunk(executor, call, inputs, options) {
        produced(COST_OF_CALL);

        const items = own(GLib.Variant.new_tuple(inputs.map(input => call.toArguments([input]) ?? noArguments())));

        return this.map_task.call(executor, this.makeTask(call, null, options), items, inputs.length, inputs.length);
    }

    map(executor, call, inputs, options) {
        checkMapOptions(options);

        const {
            chunk_size: chunkSize, buffer_size: bufferSize, call_timeout: timeout, name, priority, ...rest
        } = options;
        const ofCalls = {timeout, name, priority};
        const isPlain = Object.values(ofCalls).every(option => option === undefined);

        return new Results({
            submit: (input, cancellable) => isPlain && cancellable === null
                ? this.submit(executor, call, [input])
                : this.submit_task.call(executor, this.makeTask(call, [input], {...ofCalls, cancellable})),
            submitChunk: call.local === undefined
                ? (chunk, cancellable) => this.submitChunk(executor, call, chunk, {...ofCalls, cancellable})
                : null,
        }, inputs, {chunkSize, bufferSize, maxWorkers: executor.max_workers, ...rest});
    }
}

function overrideExecutor(submissions) {
    const executor = Cf.Executor.prototype;
    const construct = executor._init;

    executor._init = function (properties = {}) {
        checkProperties(properties);
        construct.call(this, withMicroseconds(properties));
    };

    // submit([options,] function, ...args)
    executor.submit = function (...parameters) {
        const options = areOptions(parameters[0]) ? parameters.shift() : null;
        const [callable, ...args] = parameters;
        const call = describe(this, callable);

        return options !== null
            ? submissions.submitWithOptions(this, options, call, args)
            : submissions.submit(this, call, args);
    };

    executor.submit_by_name = function (name, ...args) {
        return submissions.submit(this, namedCall(name), args);
    };

    executor.submit_local = function (callable, ...args) {
        if (this instanceof Cf.ProcessPoolExecutor)
            throw notPortable('A local function cannot run in another process. Use submit(), which sends the function');
        return submissions.submit(this, describe(this, callable), args);
    };

    executor.submit_task = function (task) {
        return submissions.submit_task.call(this, submissions.taskFor(this, task));
    };

    executor.submit_async = function (task, cancellable, callback) {
        const isChecked = task.check_cancellable !== Cf.CancellableCheck.NEVER;
        const onEnd = (source, future) => {
            future._checked = isChecked ? cancellable ?? task.cancellable : null;
            callback(source, future);
        };

        submissions.submit_async.call(this, submissions.taskFor(this, task), cancellable, callback ? onEnd : null);
    };

    // Does what C does, where gjs loses the error: see await_value().
    executor.submit_finish = function (future) {
        if (future._checked?.is_cancelled()) {
            future.get_error();
            throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, 'The call was cancelled');
        }
        return future.await_value();
    };

    executor.map = function (callable, inputs, options = {}) {
        return submissions.map(this, describe(this, callable), inputs, options);
    };

    executor.map_task = function (task, inputs, chunkSize, bufferSize) {
        checkInteger('chunk_size', chunkSize);
        checkInteger('buffer_size', bufferSize);
        if (task._callable !== undefined && typeof task._callable !== 'string')
            throw new TypeError('map() takes JavaScript functions and their options: pool.map(fn, inputs, {priority})');
        return submissions.map_task.call(this, submissions.taskFor(this, task), inputs, chunkSize, bufferSize);
    };

    executor.map_generator = function () {
        throw new TypeError('map() takes generators: pool.map(callable, generator())');
    };

    // With flags it is the function of C, which blocks.
    executor.shutdown = function (options = {}) {
        if (typeof options === 'number')
            return submissions.shutdown.call(this, options);

        checkOptions('shutdown', options, ['cancel_futures', 'cancellable']);

        const flags = options.cancel_futures ? Cf.ShutdownFlags.CANCEL_PENDING : Cf.ShutdownFlags.DEFAULT;

        return promiseOf(this.begin_shutdown(flags, options.cancellable ?? null));
    };

    // Returns an object; the manual describes the keys of C, which are the same.
    executor.describe = function () {
        return submissions.describe.call(this).recursiveUnpack();
    };

    // drain({cancellable, signal}): the main loop goes on meanwhile.
    executor.drain = function (options = {}) {
        checkOptions('drain', options, ['cancellable', 'signal']);

        const {cancellable, explain, release} = cancellableOf(options);

        return promiseOf(this.begin_drain(cancellable)).catch(error => {
            throw explain(error);
        }).finally(release);
    };

    if (Symbol.asyncDispose !== undefined) {
        executor[Symbol.asyncDispose] = function () {
            return this.shutdown();
        };
    }
}

function overrideThreadPool() {
    overrideDuration(Cf.ThreadPoolExecutor, 'idle_timeout');
    overrideInteger(Cf.ThreadPoolExecutor, 'max_substitutes');
    Cf.ThreadPoolExecutor.new = (maxWorkers = 0) => new Cf.ThreadPoolExecutor({max_workers: maxWorkers});
    Cf.ThreadPoolExecutor.prototype.set_initializer = function () {
        refuseThreads('A JavaScript initializer');
    };
}

// If a worker imports a module that creates a pool, the workers of that pool would import it again, and so on.
function refuseWhileImporting() {
    if (globalThis.cfuturesWorker?.isImporting?.()) {
        throw new Error('A worker imported a module that creates a process pool. Put functions that are submitted as ' +
            '[moduleURL, name] into a module that creates no pool when it is imported');
    }
}

// Workers run JavaScript by default.
function overrideWorkerLauncher() {
    const launcher = Cf.WorkerLauncher.prototype;
    const init = launcher._init;

    overrideDuration(Cf.WorkerLauncher, 'start_timeout');

    launcher._init = function (properties = {}) {
        init.call(this, {kind: Cf.WorkerKind.GJS, ...withMicroseconds(properties)});
    };
}

// Properties have three spellings: start_timeout, startTimeout and start-timeout.
function snakeCase(name) {
    return name.replace(/-/g, '_').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

// Moves the parameters of a pool that belong to its launcher to a new launcher. Returns the properties of the pool.
function poolProperties(parameters) {
    const ofLauncher = {};
    const ofPool = {};

    for (const [name, value] of Object.entries(parameters))
        (LAUNCHER_OPTIONS.includes(snakeCase(name)) ? ofLauncher : ofPool)[name] = value;

    const [option] = Object.keys(ofLauncher);

    if (option !== undefined && ofPool.launcher)
        throw new TypeError(`“${option}” cannot be passed beside a launcher: set it in the launcher`);
    return {...ofPool, launcher: ofPool.launcher ?? new Cf.WorkerLauncher(ofLauncher)};
}

function overrideProcessPool() {
    const pool = Cf.ProcessPoolExecutor.prototype;
    const setInitializerByName = pool.set_initializer_by_name;

    overrideDuration(Cf.ProcessPoolExecutor, 'idle_timeout');
    overrideInteger(Cf.ProcessPoolExecutor, 'max_tasks_per_worker');

    pool._init = function (parameters = {}) {
        refuseWhileImporting();
        if (!areOptions(parameters))
            throw new TypeError('A pool takes its properties by name: new Cf.ProcessPoolExecutor({max_workers: 2})');

        const {initializer = null, initargs = [], ...properties} = parameters;

        Cf.Executor.prototype._init.call(this, poolProperties(properties));
        if (initializer !== null)
            this.set_initializer(initializer, ...initargs);
    };

    pool.set_initializer = function (callable, ...args) {
        this._hasInitializer = true;
        const {name, toArguments} = describe(this, callable);

        setInitializerByName.call(this, name, toArguments(args));
    };

    pool.set_initializer_by_name = function (name, ...args) {
        this.set_initializer(name, ...args);
    };

    Cf.ProcessPoolExecutor.new = (maxWorkers = 0) => new Cf.ProcessPoolExecutor({max_workers: maxWorkers});
    Cf.ProcessPoolExecutor.new_with_launcher = (maxWorkers, launcher) =>
        new Cf.ProcessPoolExecutor({max_workers: maxWorkers, launcher});
}

// The future of the call that runs: in this process, or in this worker, which runs one call at a time.
function currentFuture() {
    return current ?? globalThis.cfuturesWorker?.currentCall() ?? null;
}

function overrideTask() {
    const newByName = Cf.Task.new_by_name;

    overrideDuration(Cf.Task, 'timeout');
    overrideInteger(Cf.Task, 'priority');

    Cf.Task.new = function (callable, ...args) {
        const task = newByName(typeof callable === 'string' ? callable : SOURCE, null);

        task._callable = callable;
        task._arguments = args;
        return task;
    };
    Cf.Task.new_by_name = Cf.Task.new;
    Cf.Task.new_local = Cf.Task.new;

    Cf.Task.prototype._init = function () {
        throw new TypeError('Create a task by Cf.Task.new(callable, ...args)');
    };
}

function override() {
    overrideExecutor(new Submissions());
    overrideThreadPool();
    overrideWorkerLauncher();
    overrideProcessPool();
    overrideTask();
    Cf.current_future = currentFuture;
}
