// SPDX-License-Identifier: LGPL-2.1-or-later

// Options that are integers are checked. gjs would cut off a fraction, and make 0 of what is no number or is too large.

/* exported checkInteger, checkProperties, overrideInteger */

const {formsOf} = imports.overrides.cfutures.options;

const MIN_INT = -(2 ** 31);
const MAX_INT = 2 ** 31 - 1;
const MAX_UINT = 2 ** 32 - 1;
const MAX_INT16 = 2 ** 15 - 1;

// The least and the greatest value that C takes.
const RANGES = {
    buffer_size: [0, MAX_UINT],
    chunk_size: [0, MAX_UINT],
    max_substitutes: [0, MAX_INT16],
    max_tasks_per_worker: [0, MAX_UINT],
    max_workers: [0, MAX_INT16],
    priority: [MIN_INT, MAX_INT],
};

// Returns the value. `name` is that of an option, in any of its spellings.
function checkInteger(name, value) {
    const [, [least, greatest]] = Object.entries(RANGES).find(([option]) => formsOf(option).includes(name));
    const expected = `${name} must be an integer from ${least} to ${greatest}`;

    if (typeof value !== 'number')
        throw new TypeError(`${expected}, not ${value === null ? 'null' : `a value of the type ${typeof value}`}`);
    if (!Number.isInteger(value) || value < least || value > greatest)
        throw new RangeError(`${expected}, not ${value}`);
    return value;
}

// Checks the properties that a constructor is given.
function checkProperties(properties) {
    const names = Object.keys(RANGES).flatMap(formsOf);

    for (const [name, value] of Object.entries(properties)) {
        if (names.includes(name))
            checkInteger(name, value);
    }
}

// Has a property and its setter check what they are given.
function overrideInteger({prototype}, name) {
    const {[`get_${name}`]: get, [`set_${name}`]: setUnchecked} = prototype;

    const set = function (value) {
        setUnchecked.call(this, checkInteger(name, value));
    };

    prototype[`set_${name}`] = set;
    for (const form of formsOf(name))
        Object.defineProperty(prototype, form, {get, set, configurable: true, enumerable: true});
}
