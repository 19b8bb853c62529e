// SPDX-License-Identifier: LGPL-2.1-or-later

// Whose the references are that gjs gets from constructors of variants, which return floating ones: gjs 1.74
// takes one too many, so that no variant that was made in JavaScript is ever freed. Here that one is given
// back.
//
// Whether the gjs at hand does that is found out by having a file mapped by a variant, and looking whether it
// stays so when the variant is gone. If it does it may only be the variant's fault if another map, in which
// there is no variant, is gone.

/* exported own */

const {GLib} = imports.gi;

const FILE = new Error().fileName.replace(/^file:\/\//, '');

function mapFile() {
    return GLib.MappedFile.new(FILE, false).get_bytes();
}

function countMaps() {
    const [, maps] = GLib.file_get_contents('/proc/self/maps');

    return new TextDecoder().decode(maps).split('\n').filter(line => line.endsWith(FILE)).length;
}

// How many maps of the file are left of one that was made.
function mapsLeft(make) {
    const before = countMaps();

    make();
    imports.system.gc();
    return countMaps() - before;
}

function findOut() {
    try {
        return mapsLeft(() => void mapFile()) === 0 &&
            mapsLeft(() => void GLib.Variant.new_from_bytes(new GLib.VariantType('ay'), mapFile(), true)) === 1;
    } catch (error) {
        return false;
    }
}

let isOneTooMany = null;

// Takes what a constructor has returned.
function own(variant) {
    if (isOneTooMany === null)
        isOneTooMany = findOut();
    if (isOneTooMany)
        variant.unref();
    return variant;
}
