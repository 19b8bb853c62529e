// SPDX-License-Identifier: LGPL-2.1-or-later

// What workers for JavaScript do, asked for by a JavaScript program that knows nothing but what introspection says. Run
// by `meson test`, which points GI_TYPELIB_PATH and LD_LIBRARY_PATH at the build. Prints TAP.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';

const HERE = GLib.path_get_dirname(GLib.filename_from_uri(import.meta.url)[0]);
const GJS_FUNCTIONS = `${GLib.filename_to_uri(HERE, null)}/worker-functions.js`;
const PYTHON_FUNCTIONS = `${HERE}/worker-functions.py`;

function equal(actual, expected) {
    if (actual !== expected)
        throw new Error(`expected ${expected}, got ${actual}`);
}

function matches(text, pattern) {
    if (!pattern.test(text))
        throw new Error(`expected ${pattern}, got ${text}`);
}

function makePool(kind) {
    return Cf.ProcessPoolExecutor.new_with_launcher(1, Cf.WorkerLauncher.new(kind));
}

let pool = null;

function submit(name, signature = null, ...values) {
    return pool.submit_by_name(`${GJS_FUNCTIONS}:${name}`, signature && new GLib.Variant(signature, values));
}

function call(name, signature = null, ...values) {
    return submit(name, signature, ...values).await_variant()?.recursiveUnpack() ?? null;
}

function submitSource(source, signature = '(s)', ...values) {
    return pool.submit_by_name(':source', new GLib.Variant(signature, [source, ...values]));
}

function callSource(source, signature = '(s)', ...values) {
    return submitSource(source, signature, ...values).await_variant()?.recursiveUnpack() ?? null;
}

function fails(future, domain, code, pattern) {
    try {
        future.await_variant();
    } catch (error) {
        if (!(error instanceof GLib.Error && error.matches(domain, code)))
            throw error;

        matches(error.message, pattern);
        return;
    }

    throw new Error('nothing was thrown');
}

const tests = {
    'name/export'() {
        equal(call('halve', '(i)', 5), 2.5);
    },

    'name/property-of-an-export'() {
        equal(call('numbers.double', '(i)', 4), 8);
    },

    'name/of-the-platform'() {
        equal(pool.submit_by_name('gi://GLib:default.get_user_name', null).await_string(), GLib.get_user_name());
    },

    'name/missing'() {
        const missing = [
            ['file:///no/such/module.js:f', /no\/such\/module/],
            ['no-such-module:f', /no-such-module/],
            [`${GJS_FUNCTIONS}:noSuchFunction`, /“noSuchFunction”/],
            [`${GJS_FUNCTIONS}:numbers.noSuchFunction`, /“numbers.noSuchFunction”/],
            [`${GJS_FUNCTIONS}:numbers`, /no function “numbers”/],
            [GJS_FUNCTIONS, /MODULE-URL:EXPORT/],
        ];

        for (const [name, pattern] of missing)
            fails(pool.submit_by_name(name, null), Cf.Error, Cf.Error.NO_SUCH_FUNCTION, pattern);
    },

    'values/there-and-back'() {
        const texts = [
            'true', '5', '-1', '1.5', '-0.0', '"word"', '""', 'b"abc"', '@ay []', '@av []', '[1, 2]', '[1.5, 2.5]',
            '["a", "b"]', '[(1, "a"), (2, "b")]', '@a{sv} {}', '{"a": <1>, "b": <[true]>}', '@ms "some"',
            '{1: <2>}', '[[1, 2], [3]]', '{"a": <@ms nothing>}',
        ];

        for (const text of texts) {
            const value = GLib.Variant.parse(null, text, null, null);
            const result = pool.submit_by_name(`${GJS_FUNCTIONS}:echo`, GLib.Variant.new_tuple([value])).await_variant();

            equal(JSON.stringify(result.recursiveUnpack()), JSON.stringify(value.recursiveUnpack()));
        }
    },

    'values/large-integers'() {
        for (const text of ['int64 9007199254740993', 'int64 -9223372036854775808', 'uint64 18446744073709551615']) {
            const value = GLib.Variant.parse(null, text, null, null);

            equal(pool.submit_by_name(`${GJS_FUNCTIONS}:echo`, value).await_variant().print(true), text);
        }
    },

    'values/types-in-the-worker'() {
        const types = call('namesOfTypes', '(bynxtdsayasaia{sv}a{iv}(i)vmv)', true, 1, 1, 1, 18446744073709551615n,
            1.5, 's', [1], ['a'], [1], {}, {}, [1], new GLib.Variant('s', 'v'), null);

        equal(types.join(), 'Boolean,Number,Number,Number,BigInt,Number,String,Uint8Array,Array,Array,Object,Map,Array,' +
            'String,null');
    },

    'values/types-of-results'() {
        const types = {
            '1': 'x', '2**53': 'd', '-0': 'd', '1.5': 'd', '5n': 'x', '2n**63n': 't', '"a"': 's', 'true': 'b',
            '[]': 'av', '[1]': 'ax', '[1, 1.5]': 'ad', '["a"]': 'as', '[1, "a"]': 'av', '[[1]]': 'aax',
            '({})': 'a{sv}', 'new Map([[1, 2]])': 'a{xv}', 'new Map()': 'ma{sv}', 'new Map([["a", 2]])': 'ma{sv}',
            'new Float32Array(1)': 'ad', 'new Int8Array(1)': 'an', 'new ArrayBuffer(3)': 'ay',
            'new DataView(new ArrayBuffer(3))': 'ay', 'new Uint8ClampedArray(3)': 'ay', 'new Uint8Array(3)': 'ay',
            'new Uint8Array(0)': 'ay',
            'new Float64Array(3)': 'ad', 'new Int32Array(3)': 'ai', '[null]': 'amv', 'new Date(5)': '(sd)',
            'new imports.gi.GLib.Variant("(ii)", [1, 2])': '(ii)', 'new imports.gi.GLib.Bytes([1])': 'ay',
        };

        for (const [source, type] of Object.entries(types))
            equal(submitSource(`() => ${source}`).await_variant().get_type_string(), type);
    },

    'values/nothing'() {
        equal(submit('echo').await_variant(), null);
        equal(submitSource('() => undefined').await_variant(), null);
        equal(submitSource('() => null').await_variant().print(true), '@mv nothing');
    },

    'values/part-of-a-buffer'() {
        equal(callSource('() => new Uint8Array([1, 2, 3]).subarray(1)').join(), '2,3');
        equal(callSource('() => new Float64Array([1, 2, 3]).subarray(1)').join(), '2,3');
    },

    'values/not-portable'() {
        const values = {
            '() => 1': /function/, 'Symbol()': /symbol/, 'new Set()': /“Set”/, '2n**64n': /64 bits/,
            'new WeakSet()': /“WeakSet”/, '(function* () {})()': /“Generator”/, '"\\0"': /NUL/, '"\\ud800"': /surrogate/,
            'new Map([[1, 1], ["a", 1]])': /keys/,
            '(() => { const a = []; a.push(a); return a; })()': /nested/,
        };

        for (const [source, pattern] of Object.entries(values))
            fails(submitSource(`() => (${source})`), Cf.Error, Cf.Error.NOT_PORTABLE, pattern);
    },

    'values/many-bytes'() {
        const bytes = new Uint8Array(16 << 20).map((_, index) => index * index);
        const variant = GLib.Variant.new_from_bytes(new GLib.VariantType('ay'), new GLib.Bytes(bytes), true);
        const args = GLib.Variant.new_tuple([variant]);

        for (let i = 0; i < 10; i++) {
            const result = pool.submit_by_name(`${GJS_FUNCTIONS}:echo`, args).await_bytes();

            equal(result.equal(new GLib.Bytes(bytes)), true);
        }
        equal(pool.submit_by_name(`${GJS_FUNCTIONS}:isWritable`, args).await_boolean(), true);
    },

    // The overrides, which know how to have values freed, are not in this program's path.
    'values/are-freed'() {
        const text = 'x'.repeat(64 * 1024);
        const residentSize = () => callSource(`() => {
            imports.system.gc();

            const [, status] = imports.gi.GLib.file_get_contents('/proc/self/status');

            return Number(/^RssAnon:\\s*(\\d+)/m.exec(new TextDecoder().decode(status))[1]);
        }`);
        const callOften = count => {
            for (let i = 0; i < count; i++)
                equal(call('echo', '(s)', text).length, text.length);
        };

        callOften(100);

        const before = residentSize();

        callOften(2000);
        equal(residentSize() - before < 2000 * text.length / 1024 / 2, true);
    },

    'promises/awaited'() {
        equal(call('later', '(i)', 5), 5);
        fails(submit('failLater'), Cf.Error, Cf.Error.REMOTE, /^RangeError: no such luck/);
    },

    'promises/awaited-without-work'() {
        const [used, passed] = callSource(`async () => {
            const clockTicks = () => {
                const [, text] = imports.gi.GLib.file_get_contents('/proc/self/stat');
                const [user, system] = new TextDecoder().decode(text).replace(/.*\\) /, '').split(' ').slice(11, 13);

                return Number(user) + Number(system);
            };
            const [before, begun] = [clockTicks(), Date.now()];

            await new Promise(resolve => setTimeout(resolve, 500));
            return [clockTicks() - before, (Date.now() - begun) / 10];
        }`);

        equal(used < passed / 2, true);
    },

    'errors/error'() {
        fails(submit('fail'), Cf.Error, Cf.Error.REMOTE,
            /^RangeError: no such luck\n\nfail@.*worker-functions\.js:\d+:\d+$/);
    },

    'errors/aborted'() {
        fails(submit('failAsAborted'), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, /^AbortError: stopped\n\nfailAsAborted@/);
    },

    'errors/glib-error'() {
        fails(submit('failWithGLibError'), Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, /^gone$/);
    },

    'errors/what-is-no-error'() {
        fails(submit('failWithText'), Cf.Error, Cf.Error.REMOTE, /^no such luck$/);
        fails(submitSource('() => { throw null; }'), Cf.Error, Cf.Error.REMOTE, /^null$/);
    },

    'errors/worker-that-dies'() {
        fails(submitSource('() => imports.system.exit(3)'), Cf.Error, Cf.Error.WORKER_DIED, /exit status 3/);
        equal(call('halve', '(i)', 5), 2.5);
    },

    'source/arrow-function'() {
        equal(callSource('(a, b) => a * b', '(sii)', 6, 7), 42);
    },

    'source/function'() {
        equal(callSource('function fibonacci(n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }', '(si)', 10),
            55);
    },

    'source/async-function-that-imports'() {
        equal(callSource('async () => (await import("gi://GLib")).default.get_user_name()'), GLib.get_user_name());
    },

    'source/that-needs-more-than-itself'() {
        fails(submitSource('() => counter + 1'), Cf.Error, Cf.Error.NOT_PORTABLE,
            /^ReferenceError: counter is not defined.*self-contained.*“counter” as an argument.*\[moduleURL, 'name'\]/);
    },

    'source/does-not-see-the-worker'() {
        equal(callSource('() => [typeof worker, typeof evaluated, typeof Cf].join()'), 'undefined,undefined,undefined');
    },

    'source/that-is-no-function'() {
        fails(submitSource('5'), Cf.Error, Cf.Error.NOT_PORTABLE, /number/);
        fails(submitSource('method() {}'), Cf.Error, Cf.Error.NOT_PORTABLE, /SyntaxError/);
    },

    'pool/many-calls'() {
        const futures = Array.from({length: 10000}, (_, index) => submit('halve', '(i)', 2 * index));

        futures.forEach((future, index) => equal(future.await_int64(), index));
    },

    'pool/garbage'() {
        const futures = Array.from({length: 50}, () => submit('litter'));

        futures.forEach(future => equal(future.await_int64(), 200000));
    },

    'pool/map'() {
        const items = new GLib.Variant('ai', Array.from({length: 100}, (_, index) => index));
        const results = pool.map_by_name(`${GJS_FUNCTIONS}:halve`, items, 7, 0);
        const halves = [];

        for (let [more, result] = results.next(null); more; [more, result] = results.next(null))
            halves.push(result.unpack());
        equal(halves.length, 100);
        halves.forEach((half, index) => equal(half, index / 2));
    },

    'pool/initializer'() {
        pool.set_initializer_by_name(`${GJS_FUNCTIONS}:prepare`, new GLib.Variant('(s)', ['word']));
        equal(call('getPreparedWith'), 'word');
    },

    'pool/progress'() {
        const future = submit('report');

        future.await_variant();
        equal(future.progress, 0.5);
        equal(future.message, 'halfway');
    },

    'pool/what-a-call-prints-comes-before-its-result'() {
        const [file, stream] = Gio.File.new_tmp(null);
        const output = stream.get_output_stream();

        const launcher = Cf.WorkerLauncher.new(Cf.WorkerKind.GJS);

        launcher.set_prefix_argv(['sh', '-c', 'file=$1; shift; exec "$@" > "$file"', 'sh', file.get_path()]);
        pool = Cf.ProcessPoolExecutor.new_with_launcher(1, launcher);
        call('say', '(s)', 'first');
        output.seek(0, GLib.SeekType.END, null);
        output.write_all('second', null);
        equal(new TextDecoder().decode(file.load_contents(null)[1]), 'first\nsecond');
        file.delete(null);
    },

    'python/function'() {
        const python = makePool(Cf.WorkerKind.PYTHON);
        const mean = python.submit_by_name('statistics:mean', new GLib.Variant('(ad)', [[1, 2, 6]]));
        const failing = python.submit_by_name(`${PYTHON_FUNCTIONS}:fail`, null);

        equal(mean.await_double(), 3);
        fails(failing, Cf.Error, Cf.Error.REMOTE, /^ValueError: no such luck\n\nTraceback/);
        python.shutdown(Cf.ShutdownFlags.WAIT);
    },
};

const names = Object.keys(tests);
let failed = 0;

print(`1..${names.length}`);

names.forEach((name, index) => {
    pool = makePool(Cf.WorkerKind.GJS);

    try {
        tests[name]();
        print(`ok ${index + 1} ${name}`);
    } catch (error) {
        failed++;
        print(`not ok ${index + 1} ${name}`);
        print(`# ${error}`);
    }

    pool.shutdown(Cf.ShutdownFlags.WAIT);
});

System.exit(failed === 0 ? 0 : 1);
