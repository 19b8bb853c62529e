// SPDX-License-Identifier: LGPL-2.1-or-later

// Several futures: Cf.wait(), Cf.as_completed(), and the results of map().
//
//      inputs ──read ahead, as far as there is room──→ [running calls] ──in order, or as completed──→ next()
//
// The inputs may be an array, a generator or an asynchronous generator, without an end: they are read as results are
// taken.

/* exported override, Results */

const {Cf, Gio, GLib} = imports.gi;
const {cancellableOf, onCancelled} = imports.overrides.cfutures.cancelling;
const {durationOf, overrideDuration, toMicroseconds} = imports.overrides.cfutures.durations;
const {checkInteger} = imports.overrides.cfutures.integers;
const {checkOptions} = imports.overrides.cfutures.options;
const {fromResult} = imports.overrides.cfutures.values;
const {resultOf, toException} = imports.overrides.cfutures.futures;

// The longest timeout of a GLib source, a guint of milliseconds.
const MAX_INTERVAL = 2 ** 32 - 1;
const COMMON_OPTIONS = ['timeout', 'cancellable', 'signal'];
const AS_COMPLETED_OPTIONS = [...COMMON_OPTIONS, 'buffer_size', 'cancel_futures'];
const WAIT_OPTIONS = [...COMMON_OPTIONS, 'return_when'];

function timedOut() {
    return new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, 'The wait timed out');
}

function cancelled({explain}) {
    return explain(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, 'The wait was cancelled'));
}

function now() {
    return GLib.get_monotonic_time() / 1000;
}

// Calls a function at a time, unless it is stopped before.
class Alarm {
    constructor(deadline, onTime) {
        this._deadline = deadline;
        this._onTime = onTime;
        this._source = 0;
        if (deadline !== Infinity)
            this._start();
    }

    _start() {
        const left = Math.max(0, Math.ceil(this._deadline - now()));

        this._source = GLib.timeout_add(GLib.PRIORITY_DEFAULT, Math.min(left, MAX_INTERVAL), () => {
            this._source = 0;
            if (now() < this._deadline)
                this._start();
            else
                this._onTime();
            return GLib.SOURCE_REMOVE;
        });
    }

    stop() {
        if (this._source !== 0)
            GLib.source_remove(this._source);
        this._source = 0;
    }
}

function iteratorOf(iterable) {
    const method = iterable?.[Symbol.asyncIterator] ?? iterable?.[Symbol.iterator];

    if (typeof method !== 'function')
        throw new TypeError('The inputs are neither an iterable nor an asynchronous iterable');
    return method.call(iterable);
}

// Reads inputs ahead, and yields results. A subclass takes an input (_accept), says whether there is room for another
// (_hasRoom), returns the next result (_take: a step, a promise of one, or null), and cancels the rest (_cancel).
class Calls {
    constructor(inputs, {timeout = Infinity, ...rest}) {
        this._deadline = now() + durationOf('timeout', timeout);
        this._inputs = iteratorOf(inputs);
        this._isReading = false;
        this._hasEnded = false;
        this._isOver = false;
        this._failure = null;
        this._last = Promise.resolve();
        this._wake = null;
        this._cancelling = cancellableOf(rest);
        this._stopListening = () => {};
        this._isCancelled = false;
        this._reject = null;
    }

    // Called by the constructor of a subclass, at its end.
    _begin() {
        this._stopListening = onCancelled(this._cancelling.cancellable, () => {
            this._giveUp();
            this._isCancelled = true;
            this._tellCancelled();
        });
        if (!this._isOver)
            this._read();
    }

    [Symbol.asyncIterator]() {
        return this;
    }

    // Steps are taken one after the other, in the order of the calls of next().
    next() {
        const step = this._last.then(() => this._nextInTime());

        this._last = step.catch(() => {});
        return step;
    }

    return(value) {
        this._end();
        return Promise.resolve({done: true, value});
    }

    _read() {
        while (!this._isReading && !this._hasEnded && this._hasRoom()) {
            let step;

            try {
                step = this._inputs.next();
            } catch (error) {
                this._fail(error);
                return;
            }

            if (typeof step?.then === 'function') {
                this._readLater(step);
                return;
            }
            this._acceptStep(step);
        }
    }

    async _readLater(promise) {
        this._isReading = true;
        try {
            const step = await promise;

            this._isReading = false;
            if (!this._hasEnded)
                this._acceptStep(step);
        } catch (error) {
            this._isReading = false;
            this._fail(error);
        }
        this._read();
        this._changed();
    }

    _acceptStep({done, value}) {
        if (done) {
            this._hasEnded = true;
            return;
        }

        try {
            this._accept(value);
        } catch (error) {
            this._closeInputs();
            this._fail(error);
        }
    }

    // The error comes after the results of the calls that run.
    _fail(error) {
        this._failure = {error};
        this._hasEnded = true;
    }

    _changed() {
        this._wake?.();
        this._wake = null;
    }

    _nextInTime() {
        return this._deadline === Infinity ? this._nextUnlessCancelled() : this._nextBeforeDeadline();
    }

    async _nextBeforeDeadline() {
        let alarm;
        const timeout = new Promise((_, reject) => {
            alarm = new Alarm(this._deadline, () => {
                this._giveUp();
                reject(this._cancelling.explain(timedOut()));
            });
        });

        try {
            return await Promise.race([timeout, this._nextUnlessCancelled()]);
        } finally {
            alarm.stop();
        }
    }

    _nextUnlessCancelled() {
        if (this._cancelling.cancellable === null)
            return this._next();

        return new Promise((resolve, reject) => {
            this._reject = reject;
            this._tellCancelled();
            this._next().then(resolve, reject).finally(() => {
                this._reject = null;
            });
        });
    }

    // Rejects the current step, or the next one, once.
    _tellCancelled() {
        if (!this._isCancelled || this._reject === null)
            return;

        this._isCancelled = false;
        this._reject(cancelled(this._cancelling));
    }

    async _next() {
        this._read();

        while (!this._isOver) {
            const step = this._take();

            if (step !== null)
                return this._yield(step);
            if (this._isEmpty() && this._failure !== null)
                return this._throwFailure();
            if (this._isEmpty() && this._hasEnded) {
                this._end();
                break;
            }

            await new Promise(resolve => {
                this._wake = resolve;
            });
        }
        return {done: true, value: undefined};
    }

    async _yield(step) {
        try {
            return {done: false, value: (await step).value};
        } catch (error) {
            this._end();
            throw error;
        }
    }

    _throwFailure() {
        const {error} = this._failure;

        this._end();
        throw error;
    }

    _closeInputs() {
        this._hasEnded = true;
        Promise.resolve(this._inputs.return?.()).catch(logError);
    }

    // Timed out, or was cancelled.
    _giveUp() {
        this._end();
    }

    // No more results.
    _end() {
        if (!this._hasEnded)
            this._closeInputs();
        this._failure = null;
        this._isOver = true;
        this._stopListening();
        this._cancelling.release();
        this._cancel();
        this._changed();
    }
}

class CompletedFutures extends Calls {
    constructor(futures, {buffer_size = 0, cancel_futures = true, ...rest}) {
        super(futures, rest);
        this._pending = new Set();
        this._completed = [];
        this._seen = new WeakSet();
        this._cancelsFutures = cancel_futures;
        this._bufferSize = buffer_size || futures.length || futures.size || 2 * GLib.get_num_processors();
        this._begin();
    }

    _hasRoom() {
        return this._pending.size + this._completed.length < this._bufferSize;
    }

    _isEmpty() {
        return this._pending.size + this._completed.length === 0;
    }

    _accept(future) {
        if (!(future instanceof Cf.Future)) {
            throw new TypeError(`${future} is not a Cf.Future. An asynchronous generator awaits what it yields: use ` +
                'one that is not asynchronous');
        }
        if (this._seen.has(future))
            return;

        this._seen.add(future);
        this._pending.add(future);
        future.add_done_callback(() => {
            if (!this._pending.delete(future))
                return;
            this._completed.push(future);
            this._changed();
        });
    }

    _take() {
        if (this._completed.length === 0)
            return null;

        // A promise must not be resolved with a future, which is thenable.
        const step = {value: this._completed.shift()};

        this._read();
        return step;
    }

    // A wait that timed out or was cancelled leaves the futures alone: they may be waited for again.
    _giveUp() {
        this._cancelsFutures = false;
        this._end();
    }

    _cancel() {
        const futures = [...this._pending];

        this._pending.clear();
        this._completed = [];
        if (this._cancelsFutures)
            futures.forEach(future => future.cancel());
    }
}

// The call for one input.
class Call {
    constructor(future) {
        this._future = future;
        this.count = 1;
    }

    next() {
        return new Promise((resolve, reject) => {
            this._future.add_done_callback(future => {
                try {
                    resolve({value: resultOf(future)});
                } catch (error) {
                    reject(error);
                }
            });
        });
    }

    // Reads its error, so that it is not logged.
    cancel() {
        this._future.add_done_callback(future => future.get_error());
        this._future.cancel();
    }
}

// The call for several inputs, whose results come together.
class Chunk {
    constructor(iterator, count) {
        this._first = iterator[Symbol.asyncIterator]();
        this._rest = iterator[Symbol.iterator]();
        this._isDone = false;
        this.count = count;
    }

    next() {
        return this._isDone ? this._rest.next() : this._waitForFirst();
    }

    async _waitForFirst() {
        const step = await this._first.next();

        this._isDone = true;
        return step;
    }

    cancel() {
        this._first.return();
    }
}

// The results in the order of the inputs. `submit` takes one input and returns a future. `submitChunk` takes several
// inputs and returns an iterator over their results, or is null.
var Results = class Results extends Calls {
    constructor({submit, submitChunk}, inputs, {chunkSize = 1, bufferSize = 0, maxWorkers, ...rest}) {
        super(inputs, rest);
        this._submit = submit;
        this._submitChunk = submitChunk;
        this._chunkSize = submitChunk !== null ? Math.max(1, Math.min(chunkSize, bufferSize || chunkSize)) : 1;
        this._windowSize = bufferSize > 0 ? Math.floor(bufferSize / this._chunkSize) : 2 * Math.max(1, maxWorkers);
        this._window = [];
        this._chunk = [];
        this._begin();
    }

    get [Symbol.toStringTag]() {
        return 'Cf.MapResults';
    }

    _read() {
        super._read();
        this._submitRest();
    }

    _hasRoom() {
        return this._window.length < this._windowSize;
    }

    _isEmpty() {
        return this._window.length + this._chunk.length === 0;
    }

    _accept(input) {
        if (this._chunkSize === 1) {
            this._window.push(new Call(this._submit(input, this._cancelling.cancellable)));
            return;
        }

        this._chunk.push(input);
        if (this._chunk.length === this._chunkSize)
            this._submitInputs();
    }

    _submitInputs() {
        const inputs = this._chunk;

        this._chunk = [];
        this._window.push(new Chunk(this._submitChunk(inputs, this._cancelling.cancellable), inputs.length));
    }

    // Submits the last chunk, which may be smaller.
    _submitRest() {
        if (this._hasEnded && this._chunk.length > 0)
            this._submitInputs();
    }

    _take() {
        const oldest = this._window[0];

        return oldest !== undefined ? this._takeFrom(oldest) : null;
    }

    async _takeFrom(oldest) {
        const step = await oldest.next();

        if (--oldest.count === 0 && this._window[0] === oldest) {
            this._window.shift();
            this._read();
        }
        return step;
    }

    _cancel() {
        this._window.forEach(call => call.cancel());
        this._window = [];
        this._chunk = [];
    }
};

function isEnough(future, returnWhen) {
    switch (returnWhen) {
    case Cf.ReturnWhen.FIRST_COMPLETED:
        return true;
    case Cf.ReturnWhen.FIRST_EXCEPTION:
        return !future.is_cancelled() && future.get_error() !== null;
    default:
        return false;
    }
}

// Resolves to the futures that are done and those that are not, also after the timeout.
function waitFor(iterable, {return_when: returnWhen = Cf.ReturnWhen.ALL_COMPLETED, timeout = Infinity, ...rest}) {
    if (returnWhen !== null && !Object.values(Cf.ReturnWhen).includes(returnWhen)) {
        throw new TypeError('return_when must be a Cf.ReturnWhen, such as Cf.ReturnWhen.FIRST_COMPLETED, not ' +
            String(returnWhen));
    }

    const deadline = now() + durationOf('timeout', timeout);
    const futures = [...new Set(iterable)];

    const wrong = futures.find(future => !(future instanceof Cf.Future));

    if (wrong !== undefined)
        throw new TypeError(`${wrong} is not a Cf.Future`);

    const cancelling = cancellableOf(rest);

    return new Promise((resolve, reject) => {
        let left = futures.length;
        let alarm = null;
        let stopListening = () => {};

        const end = () => {
            alarm?.stop();
            stopListening();
            cancelling.release();
        };

        const settle = () => {
            end();
            resolve({
                done: futures.filter(future => future.is_done()),
                not_done: futures.filter(future => !future.is_done()),
            });
        };

        if (left === 0) {
            settle();
            return;
        }

        alarm = new Alarm(deadline, settle);
        stopListening = onCancelled(cancelling.cancellable, () => {
            end();
            reject(cancelled(cancelling));
        });
        futures.forEach(future => future.add_done_callback(() => {
            if (--left === 0 || isEnough(future, returnWhen))
                settle();
        }));
    });
}

// Makes the iterators of C usable by `for`, which blocks, and `for await`. Leaving such a loop early cancels the rest.
function overrideIterator({prototype}, toStep) {
    const read = getNext => {
        try {
            return toStep(getNext());
        } catch (error) {
            throw toException(error);
        }
    };

    const leave = (iterator, value) => {
        iterator.run_dispose();
        return {done: true, value};
    };

    const {next} = prototype;

    prototype.next = function (cancellable = null) {
        return next.call(this, cancellable);
    };

    prototype[Symbol.iterator] = function () {
        return {
            next: () => read(() => this.next()),
            return: value => leave(this, value),
        };
    };

    prototype[Symbol.asyncIterator] = function () {
        let isLeft = false;

        return {
            next: () => new Promise((resolve, reject) => {
                this.next_async(null, (_, result) => {
                    try {
                        // An iterator that was left is disposed of.
                        resolve(isLeft ? {done: true, value: undefined} : read(() => this.next_finish(result)));
                    } catch (error) {
                        reject(error);
                    }
                });
            }),
            return: value => {
                isLeft = true;
                return Promise.resolve(leave(this, value));
            },
        };
    };
}

// With a number instead of options, a timeout or a Cf.ReturnWhen, these are the functions of C, which block.
function override() {
    const {as_completed: asCompleted, wait} = Cf;

    overrideIterator(Cf.CompletionIterator, future => ({done: future === null, value: future ?? undefined}));
    overrideDuration(Cf.MapIterator, 'timeout');
    overrideIterator(Cf.MapIterator, ([isThere, variant]) => ({
        done: !isThere,
        value: isThere ? fromResult(variant) : undefined,
    }));

    Cf.as_completed = function (futures, options = {}) {
        if (typeof options === 'number')
            return asCompleted(futures, toMicroseconds('timeout', options));

        checkOptions('as_completed', options, AS_COMPLETED_OPTIONS);
        if (options.buffer_size !== undefined && options.buffer_size !== null)
            checkInteger('buffer_size', options.buffer_size);
        return new CompletedFutures(futures, options);
    };

    Cf.wait = function (futures, options = {}, timeout = Infinity, cancellable = null) {
        if (typeof options === 'number')
            return wait(futures, options, toMicroseconds('timeout', timeout), cancellable);

        checkOptions('wait', options, WAIT_OPTIONS);
        return waitFor(futures, options);
    };
}
