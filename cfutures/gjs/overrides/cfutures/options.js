// SPDX-License-Identifier: LGPL-2.1-or-later

// Options are passed as an object.

/* exported areOptions, checkOptions */

const {GObject} = imports.gi;

function areOptions(what) {
    return what instanceof Object && typeof what !== 'function' && !Array.isArray(what) &&
        !(what instanceof GObject.Object);
}

function checkOptions(method, options, known) {
    if (!areOptions(options))
        throw new TypeError(`${method}() takes its options in an object: {${known[0]}: …}`);

    const unknown = Object.keys(options).find(name => !known.includes(name));

    if (unknown !== undefined)
        throw new TypeError(`${method}() has no option “${unknown}”`);
}
