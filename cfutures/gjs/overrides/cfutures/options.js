// SPDX-License-Identifier: LGPL-2.1-or-later

// Options, which are passed as an object and have names.

/* exported areOptions, checkOptions */

function areOptions(what) {
    return what instanceof Object && typeof what !== 'function' && !Array.isArray(what);
}

function checkOptions(method, options, known) {
    const unknown = Object.keys(options).find(name => !known.includes(name));

    if (unknown !== undefined)
        throw new TypeError(`${method}() has no option “${unknown}”`);
}
