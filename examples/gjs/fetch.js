// SPDX-License-Identifier: LGPL-2.1-or-later

// Fetches pages by HTTP, several at a time: the asynchronous functions of libsoup, turned into futures.
//
//     gjs --module fetch.js [-j N] [-o DIRECTORY] [-t SECONDS] URL…
//
// There are no threads and no processes here. A page is a promise, a future that fetch() settles:
//
//     pages ──begun(), as there is room──→ fetch() ──await──→ libsoup, on the main loop
//                                             │ settles
//     main()  ←──for await──  Cf.as_completed()
//
// To cancel a page that is on its way is to cancel the cancellable of its future: what libsoup does for it then fails,
// and so fetch() ends. One that has not begun never does.

import Cf from 'gi://Cf?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

const PIECE_SIZE = 64 * 1024;
const LONGEST_NAME = 100;

// The engine cannot tell how much of GLib's memory its small objects stand for.
const PIECES_BETWEEN_COLLECTIONS = 128;

const EXIT_SOME_FAILED = 1;
const EXIT_BAD_USAGE = 2;
const EXIT_SIGNAL_BASE = 128;
const SIGINT = 2;
const SIGTERM = 15;
const STDERR = 2;

const HELP = `Usage: fetch [-j N] [-o DIRECTORY] [-t SECONDS] URL…

Fetches pages by HTTP, several at a time. Prints the SHA-256 checksum, the size and the URL of each when it is there.

  -j, --jobs N             fetch at most N at a time (default: 8)
  -o, --output DIRECTORY   write the pages to files in DIRECTORY
  -t, --timeout SECONDS    give up what is not there after so long
  -h, --help               show this text`;

Gio._promisify(Soup.Session.prototype, 'send_async', 'send_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');

// Fetching one page.

// A file that appears when it is complete. Without a path, nothing is kept.
class Output {
    constructor(path) {
        if (path === null)
            return;

        // No other page's name begins with a dot.
        const name = `.${GLib.path_get_basename(path)}.${new Gio.Credentials().get_unix_pid()}`;

        this._file = Gio.File.new_for_path(path);
        this._partial = this._file.get_parent().get_child(name);
        this._attempt(() => {
            this._stream = this._partial.replace(null, false, Gio.FileCreateFlags.NONE, null);
        });
    }

    write(data) {
        this._attempt(() => this._stream?.write_all(data, null));
    }

    finish() {
        this._attempt(() => {
            this._stream?.close(null);
            this._partial?.move(this._file, Gio.FileCopyFlags.OVERWRITE, null, null);
        });
    }

    abandon() {
        try {
            this._stream?.close(null);
            this._partial?.delete(null);
        } catch (error) {
            // What matters is why it was abandoned.
        }
    }

    _attempt(action) {
        try {
            action();
        } catch (error) {
            throw new Error(`Cannot write ${this._file.get_path()}: ${error.message}`);
        }
    }
}

function parseUrl(url) {
    try {
        const uri = GLib.Uri.parse(url, Soup.HTTP_URI_FLAGS);

        if (['http', 'https'].includes(uri.get_scheme()) && uri.get_host())
            return uri;
    } catch (error) {
        throw new Error(`Bad URL: ${error.message}`);
    }
    throw new Error('Bad URL');
}

async function copy(body, length, output, page) {
    const checksum = new GLib.Checksum(GLib.ChecksumType.SHA256);
    let size = 0;

    for (let count = 1; ; count++) {
        const bytes = await body.read_bytes_async(PIECE_SIZE, GLib.PRIORITY_DEFAULT, page.get_cancellable());
        const data = bytes.toArray();

        if (data.length === 0)
            return {checksum: checksum.get_string(), size};
        output.write(data);
        checksum.update(data);
        size += data.length;
        // A body that comes compressed is longer than it says.
        page.report_progress(length > 0 ? Math.min(1, size / length) : 0, null);
        if (count % PIECES_BETWEEN_COLLECTIONS === 0)
            System.gc();
    }
}

async function download(session, page) {
    const message = Soup.Message.new_from_uri('GET', parseUrl(page.url));
    const body = await session.send_async(message, GLib.PRIORITY_DEFAULT, page.get_cancellable());

    try {
        if (message.status_code < 200 || message.status_code >= 300)
            throw new Error(`HTTP ${message.status_code} ${message.reason_phrase}`);

        const output = new Output(page.path);

        try {
            const result = await copy(body, message.response_headers.get_content_length(), output, page);

            output.finish();
            return result;
        } catch (error) {
            output.abandon();
            throw error;
        }
    } finally {
        // Until then the page keeps a connection that another may wait for.
        body.close(null);
    }
}

async function fetch(session, page) {
    if (!page.set_running_or_notify_cancel())
        return;

    try {
        page.set_value(await download(session, page));
    } catch (error) {
        page.set_error(error);
    }
}

// A safe name for the file of each URL, and no name twice.
function nameFiles(urls) {
    const names = new Set();

    for (const url of urls) {
        const [, last = ''] = /^[^:]+:\/\/[^/]*\/(?:.*\/)?[.-]*([^/]*)$/.exec(url.replace(/[?#].*/, '')) ?? [];
        const name = last.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, LONGEST_NAME) || 'index.html';
        let unique = name;

        for (let n = 2; names.has(unique); n++)
            unique = `${name}-${n}`;
        names.add(unique);
    }
    return [...names];
}

// The command line.

class UsageError extends Error {}

function toNumber(text, isGood, what) {
    const number = Number(text);

    if (text === '' || !isGood(number))
        throw new UsageError(`“${text}” is no ${what}`);
    return number;
}

const OPTIONS = {
    jobs: text => toNumber(text, n => Number.isInteger(n) && n >= 1 && n <= 1024, 'number from 1 to 1024'),
    output: text => text,
    timeout: text => toNumber(text, n => n > 0 && n < 1e6, 'number of seconds'),
};

function parseOption(argument, rest) {
    const [, short, long, attached] = /^-(?:([^-])|-([^=]+))(?:=?([^]*))$/.exec(argument);
    const name = Object.keys(OPTIONS).find(option => option === long || option[0] === short);

    if (name === undefined)
        throw new UsageError(`There is no option ${argument}`);
    if (!attached && rest.length === 0)
        throw new UsageError(`${argument} takes a value`);
    return {[name]: OPTIONS[name](attached || rest.shift())};
}

function parseArguments(argv) {
    const options = {jobs: 8, output: null, timeout: null, help: false, urls: []};
    const rest = [...argv];

    while (rest.length > 0) {
        const argument = rest.shift();

        if (argument === '-h' || argument === '--help')
            options.help = true;
        else if (argument === '--')
            options.urls.push(...rest.splice(0));
        else if (/^-./.test(argument))
            Object.assign(options, parseOption(argument, rest));
        else
            options.urls.push(argument);
    }
    if (options.urls.length === 0 && !options.help)
        throw new UsageError('There is nothing to fetch');
    return options;
}

function makeDirectory(path) {
    const directory = Gio.File.new_for_path(path);

    try {
        if (directory.query_file_type(Gio.FileQueryInfoFlags.NONE, null) !== Gio.FileType.DIRECTORY)
            directory.make_directory_with_parents(null);
    } catch (error) {
        throw new UsageError(`Cannot create ${path}: ${error.message}`);
    }
}

// What is told.

// What a URL or a server says gets to the terminal as text and no more.
function printable(text) {
    return text.replace(/\p{C}/gu, '?');
}

// On a terminal, a line on the standard error that is drawn over and over again.
class Progress {
    constructor(pages) {
        this._pages = pages;
        this._told = 0;
        this._terminal = GLib.log_writer_supports_color(STDERR) ? new Gio.UnixOutputStream({fd: STDERR}) : null;
        if (this._terminal !== null)
            pages.forEach(page => page.connect('notify::progress', () => this.show()));
    }

    show() {
        if (this._told === this._pages.length)
            return;

        const sum = this._pages.reduce((total, page) => total + (page.is_done() ? 1 : page.progress), 0);

        this._draw(`${this._told} of ${this._pages.length} done, ${Math.floor(100 * sum / this._pages.length)} %`);
    }

    // Makes room for what is told of one page.
    clear() {
        this._told++;
        this._draw('');
    }

    _draw(text) {
        this._terminal?.write_all(`\r${text}\x1b[K`, null);
    }
}

// The program.

class Batch {
    constructor({urls, jobs, output, timeout}) {
        const names = nameFiles(urls);

        this._jobs = jobs;
        this._timeout = timeout;
        this._status = 0;
        this._whyCancelled = null;
        this._session = new Soup.Session({max_conns: jobs, max_conns_per_host: jobs});
        this._pages = urls.map((url, i) => Object.assign(new Cf.Future(), {
            url,
            path: output !== null ? GLib.build_filenamev([output, names[i]]) : null,
        }));
        this._progress = new Progress(this._pages);
    }

    // Resolves to the exit status.
    async run() {
        this._listen();
        // No page is begun before there is room for it.
        for await (const page of Cf.as_completed(this._begun(), {buffer_size: this._jobs}))
            await this._tell(page);
        return this._status;
    }

    *_begun() {
        for (const page of this._pages) {
            fetch(this._session, page);
            yield page;
        }
    }

    _listen() {
        for (const signal of [SIGINT, SIGTERM]) {
            // The next one ends the program at once.
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal, () => {
                this._cancel('Cancelled', EXIT_SIGNAL_BASE + signal);
                return GLib.SOURCE_REMOVE;
            });
        }
        if (this._timeout !== null) {
            const why = `Timed out after ${this._timeout} s`;

            setTimeout(() => this._cancel(why, EXIT_SOME_FAILED), Math.ceil(1000 * this._timeout));
        }
    }

    _cancel(why, status) {
        this._whyCancelled ??= why;
        this._status = status;
        this._pages.forEach(page => page.cancel_full(Cf.CancelFlags.COOPERATE));
    }

    async _tell(page) {
        this._progress.clear();
        try {
            const {checksum, size} = await page;

            print(printable(`${checksum}  ${size}  ${page.url}`));
        } catch (error) {
            this._status ||= EXIT_SOME_FAILED;
            printerr(printable(`fetch: ${page.url}: ${this._describe(error)}`));
        }
        this._progress.show();
    }

    _describe(error) {
        const isCancelled = error instanceof GLib.Error && error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);

        return isCancelled ? this._whyCancelled : error.message;
    }
}

async function main(argv) {
    try {
        const options = parseArguments(argv);

        if (options.help) {
            print(HELP);
            return 0;
        }
        if (options.output !== null)
            makeDirectory(options.output);
        return await new Batch(options).run();
    } catch (error) {
        if (!(error instanceof UsageError))
            throw error;
        printerr(`fetch: ${printable(error.message)}\nTry “fetch --help”.`);
        return EXIT_BAD_USAGE;
    }
}

// Not awaited up here, where gjs would keep a processor busy until it is over.
const loop = new GLib.MainLoop(null, false);
let status = EXIT_SOME_FAILED;

main(ARGV).then(result => {
    status = result;
}).catch(logError).finally(() => loop.quit());
loop.run();
System.exit(status);
