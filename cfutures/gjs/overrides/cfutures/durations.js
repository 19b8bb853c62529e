// SPDX-License-Identifier: LGPL-2.1-or-later

// Durations are in milliseconds in JavaScript, as for setTimeout(), and Infinity is for ever. In C they are in
// microseconds, and -1 is for ever. This file converts them.

/* exported durationOf, toMicroseconds, overrideDuration, withMicroseconds */

const {formsOf} = imports.overrides.cfutures.options;

const FOR_EVER_IN_C = -1;

// The names of the properties that are durations.
const names = new Set();

// Checks a duration that was passed. -1 and null are for ever, too. `what` is its name.
function durationOf(what, duration) {
    if (duration === null || duration === -1)
        return Infinity;
    if (typeof duration !== 'number')
        throw new TypeError(`${what} must be a number of milliseconds, not a ${typeof duration}`);
    if (!(duration >= 0))
        throw new RangeError(`${what} must be a positive number of milliseconds, or -1 for ever, not ${duration}`);
    return duration;
}

// A duration that is not zero is not rounded to zero, for which some functions of C do not wait at all.
function toMicroseconds(what, duration) {
    const milliseconds = durationOf(what, duration);

    if (milliseconds === Infinity)
        return FOR_EVER_IN_C;
    if (milliseconds === 0)
        return 0;
    return Math.min(Math.max(1, Math.round(milliseconds * 1000)), Number.MAX_SAFE_INTEGER);
}

function toMilliseconds(microseconds) {
    return microseconds === FOR_EVER_IN_C ? Infinity : microseconds / 1000;
}

// Converts a property, its getter and its setter to milliseconds. bind_property() and get_property() do not use these,
// and have microseconds.
function overrideDuration({prototype}, name) {
    const getter = `get_${name}`;
    const setter = `set_${name}`;
    const {[getter]: getMicroseconds, [setter]: setMicroseconds} = prototype;

    prototype[getter] = function () {
        return toMilliseconds(getMicroseconds.call(this));
    };
    prototype[setter] = function (duration) {
        setMicroseconds.call(this, toMicroseconds(name, duration));
    };

    for (const form of formsOf(name)) {
        names.add(form);
        Object.defineProperty(prototype, form, {
            get: prototype[getter],
            set: prototype[setter],
            configurable: true,
            enumerable: true,
        });
    }
}

// Converts the properties that a constructor is given.
function withMicroseconds(properties) {
    return Object.fromEntries(Object.entries(properties).map(([name, value]) =>
        [name, names.has(name) ? toMicroseconds(name, value) : value]));
}
