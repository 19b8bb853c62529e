// SPDX-License-Identifier: LGPL-2.1-or-later

// Options are passed as an object.

/* exported areOptions, checkOptions, formsOf */

const {GObject} = imports.gi;

// In gjs each property has three names.
function formsOf(name) {
    return [name, name.replaceAll('_', '-'), name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())];
}

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
