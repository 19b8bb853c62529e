// SPDX-License-Identifier: LGPL-2.1-or-later

// Which functions stand for themselves, and what is said about those that do not.

import Cf from 'gi://Cf?version=1';

import {equal, failure, failureNow, isError, matches, run} from './tap.js';

const pool = new Cf.ProcessPoolExecutor({max_workers: 1});
const outer = 5;
const other = 6;

// Looks through a function without running it.
const {sourceOf} = imports.overrides.cfutures.functions;

function refusal(callable, ...args) {
    const error = failureNow(() => pool.submit(callable, ...args));

    isError(error, Cf.Error, Cf.Error.NOT_PORTABLE);
    return error.message;
}

run({
    'functions/with-outer-variables/are-told-which'() {
        matches(refusal(n => n + outer, 1), /uses “outer”, .* pass “outer” as an argument, .*\[moduleURL, 'name'\]/);
        matches(refusal(() => outer + other), /uses “outer”, “other”, /);
        matches(refusal(n => `${other} ${n}`), /“other”/);
        matches(refusal((n = outer) => n), /“outer”/);
        matches(refusal(() => ({outer})), /“outer”/);
        matches(refusal(() => ({[outer]: 1})), /“outer”/);
        matches(refusal(({[outer]: n}) => n), /“outer”/);
        matches(refusal(() => class extends outer {}), /“outer”/);
        matches(refusal(() => outer?.x), /“outer”/);
        matches(refusal(() => [...outer]), /“outer”/);
        matches(refusal(async () => {
            for await (const n of outer)
                print(n);
        }), /“outer”/);
    },

    'functions/with-names-of-their-own/are-not-told-so'() {
        const functions = [
            a => a.outer + a?.other,
            ({outer}) => outer,
            ([outer, ...other]) => [outer, other],
            ({a: {b: outer = 3}, ...other}) => [outer, other],
            (...other) => other,
            () => {
                var outer = 1;
                let other = 2;

                return outer + other;
            },
            () => ({outer: 1, other() {}}),
            () => {
                function outer() {}
                class other {
                    #own = 1;
                    outer = 2;
                    static get other() {
                        return this.#own;
                    }
                }

                return [outer, other];
            },
            () => {
                outer: for (const other of [1]) {
                    if (other)
                        continue outer;
                    break outer;
                }
            },
            () => {
                try {
                    throw new Error();
                } catch (outer) {
                    return outer;
                }
            },
            () => typeof outer === 'undefined',
            () => import('gi://Gio'),
            function () {
                return [arguments.length, new.target, this];
            },
            function outer(n) {
                return n > 0 ? outer(n - 1) : 0;
            },
            () => [print, imports, console, globalThis, undefined, NaN, Math, JSON, setTimeout, TextDecoder, BigInt],
            () => /outer/.test('other'),
            function* () {
                yield* [1];
            },
        ];

        functions.forEach(callable => sourceOf(callable));
    },

    async 'functions/with-outer-variables/are-told-by-the-worker-at-last'() {
        const error = await failure(() => pool.submit(source => (0, eval)(source)(), '() => outer'));

        matches(error.message, /outer/);
        isError(await failure(() => pool.submit(() => {
            {
                const hidden = 1;

                void hidden;
            }
            // eslint-disable-next-line no-undef
            return hidden;
        })), Cf.Error, Cf.Error.NOT_PORTABLE);
    },

    'functions/without-a-source/are-refused'() {
        matches(refusal(Math.max, 1, 2), /“max” is native/);
        matches(refusal((() => 5).bind(null)), /bind\(\)/);
        matches(refusal(class Thing {}), /“Thing” is a class/);
        matches(failureNow(() => pool.submit(5)).message, /5 is not a function/);
        matches(failureNow(() => pool.submit()).message, /undefined is not a function/);
        matches(failureNow(() => pool.submit(['file:///x.js'])).message, /\[moduleURL, 'name'\]/);
    },

    async 'functions/of-one-text-are-looked-through-once'() {
        const add = n => m => m + 1;

        equal(await Promise.all([add(1), add(2)].map(callable => pool.submit(callable, 1))), [2, 2]);
    },
});
