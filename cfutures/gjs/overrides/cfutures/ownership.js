// SPDX-License-Identifier: LGPL-2.1-or-later

// Works around a leak of gjs 1.74: it takes one reference too many to what constructors of variants return, which is
// floating, so that no variant that was created in JavaScript is freed. own() drops that reference.
//
// Whether this gjs has the bug is tested with a variant that maps a file: after a garbage collection the file is still
// mapped. A second mapping without a variant shows that garbage was collected at all.

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

// Returns how many mappings of the file are left after one was created and dropped.
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

// Takes the variant that a constructor has returned.
function own(variant) {
    if (isOneTooMany === null)
        isOneTooMany = findOut();
    if (isOneTooMany)
        variant.unref();
    return variant;
}
