#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Fetches pages by HTTP, several at a time: the asynchronous functions of libsoup, turned into futures.

    fetch.py [-j N] [-o DIRECTORY] [-t SECONDS] URL…

No thread is made here. A page is a promise, a future that its coroutine settles:

    promise():  fetch() ──await ready(…)──→ libsoup ──callback on the main loop──→ fetch() goes on … returns or raises
                                                                                        ↓
    Program:                                              on_done() ←──main loop── the future is settled

To cancel a page is to cancel the cancellable of its future: whatever libsoup does for it then fails, and so the
coroutine ends, which removes what it has written.
"""

import argparse
import contextlib
import hashlib
import math
import os
import re
import signal
import sys
import types

import gi

gi.require_version('Cf', '1')
gi.require_version('Soup', '3.0')

from gi.repository import Cf, GLib, Soup  # noqa: E402

PIECE_SIZE = 64 * 1024
LONGEST_NAME = 100

EXIT_SOME_FAILED = 1
EXIT_BAD_USAGE = 2
EXIT_SIGNAL_BASE = 128


# Coroutines that run on GLib's main loop, for whatever has functions in the manner of GIO.

def promise(function, *arguments):
    """Begins function(future, *arguments), which is a coroutine that awaits ready(), and returns its future."""
    future = Cf.Future()
    future.set_running_or_notify_cancel()
    coroutine = function(future, *arguments)

    def advance(step, *arguments):
        try:
            begin, finish, arguments = step(*arguments)
            begin(*arguments, GLib.PRIORITY_DEFAULT, future.get_cancellable(), on_ready, finish)
        except StopIteration as end:
            future.set_result(end.value)
        except Exception as error:
            future.set_exception(error)

    def on_ready(source, result, finish):
        try:
            value = finish(result)
        except GLib.Error as error:
            advance(coroutine.throw, error)
        else:
            advance(coroutine.send, value)

    advance(coroutine.send, None)
    return future


@types.coroutine
def ready(begin, finish, *arguments):
    """Waits for an asynchronous function, such as ready(stream.close_async, stream.close_finish)."""
    return (yield begin, finish, arguments)


# Fetching one page.

async def fetch(future, session, url, path=None):
    """Fetches a page, to a file if there is a path; returns its checksum and its size."""
    message = Soup.Message.new_from_uri('GET', parse_url(url))
    # Until its body is closed, the page keeps a connection that another may wait for.
    with contextlib.closing(await ready(session.send_async, session.send_finish, message)) as body:
        if not 200 <= message.get_status() < 300:
            raise ValueError(f'HTTP {int(message.get_status())} {message.get_reason_phrase()}')

        length = message.get_response_headers().get_content_length()
        checksum = hashlib.sha256()
        size = 0
        with open_output(path) as output:
            while data := (await ready(body.read_bytes_async, body.read_bytes_finish, PIECE_SIZE)).get_data():
                output.write(data)
                checksum.update(data)
                size += len(data)
                # A body that comes compressed is longer than it says.
                future.report_progress(min(1, size / length) if length > 0 else 0)
        return checksum.hexdigest(), size


def parse_url(url):
    """Returns a GLib.Uri, or raises ValueError where there is nothing to fetch by HTTP."""
    try:
        uri = GLib.Uri.parse(url, GLib.UriFlags(Soup.HTTP_URI_FLAGS))
    except (GLib.Error, UnicodeError):
        raise ValueError('Bad URL') from None
    if uri.get_scheme() not in ('http', 'https') or not uri.get_host():
        raise ValueError('Bad URL')
    return uri


@contextlib.contextmanager
def open_output(path):
    """Opens a file that appears at the end of the block, if that is reached; without a path, one that keeps nothing."""
    if path is None:
        with open(os.devnull, 'wb') as nowhere:
            yield nowhere
        return

    # No other page's name begins with a dot.
    partial = os.path.join(os.path.dirname(path), f'.{os.path.basename(path)}.{os.getpid()}')
    try:
        with open(partial, 'wb') as output:
            yield output
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def name_files(urls):
    """Returns a safe name for the file of each URL, and no name twice."""
    names = []
    for url in urls:
        path = re.sub('[?#].*', '', url).partition('://')[2].partition('/')[2]
        last = path.rpartition('/')[2].lstrip('.-')
        name = re.sub(r'[^A-Za-z0-9._-]', '_', last)[:LONGEST_NAME] or 'index.html'
        candidates = (name if n == 1 else f'{name}-{n}' for n in range(1, len(urls) + 1))
        names.append(next(candidate for candidate in candidates if candidate not in names))
    return names


# The program.

class Program:
    """Fetches all pages, and tells of each when its future is done."""

    def __init__(self, urls, jobs, directory, timeout):
        self.loop = GLib.MainLoop()
        self.pages = []
        self.n_done = 0
        self.status = 0
        self.why_cancelled = None
        self.shows_progress = sys.stderr.isatty()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)
        if timeout is not None:
            GLib.timeout_add(math.ceil(timeout * 1000), self.cancel, f'Timed out after {timeout:g} s', EXIT_SOME_FAILED)

        # The session holds back what is too much at a time.
        session = Soup.Session(max_conns=jobs, max_conns_per_host=jobs)
        for url, name in zip(urls, name_files(urls)):
            self.begin(session, url, os.path.join(directory, name) if directory else None)

    def begin(self, session, url, path):
        page = promise(fetch, session, url, path)
        page.url = url
        page.path = path
        page.add_done_callback(self.on_done)
        if self.shows_progress:
            page.connect('notify::progress', self.show_progress)
        self.pages.append(page)

    def run(self):
        """Returns the exit status."""
        self.loop.run()
        return self.status

    def cancel(self, why, status):
        self.why_cancelled = self.why_cancelled or why
        self.status = status
        for page in self.pages:
            page.cancel_full(Cf.CancelFlags.COOPERATE)
        return GLib.SOURCE_REMOVE

    def on_signal(self, number, frame):
        # The next one ends the program at once.
        signal.signal(number, signal.SIG_DFL)
        # A handler is called in the middle of anything.
        GLib.idle_add(self.cancel, 'Cancelled', EXIT_SIGNAL_BASE + number)

    def on_done(self, page):
        self.n_done += 1
        if self.n_done == len(self.pages):
            self.loop.quit()

        try:
            checksum, size = page.result()
            self.say(f'{checksum}  {size}  {page.url}', sys.stdout)
        except Exception as error:
            self.status = self.status or EXIT_SOME_FAILED
            self.say(f'fetch: {page.url}: {self.describe(error, page)}', sys.stderr)

    def describe(self, error, page):
        if isinstance(error, Cf.CancelledError):
            return self.why_cancelled
        if isinstance(error, GLib.Error):
            return error.message
        if isinstance(error, OSError):
            return f'Cannot write {page.path}: {error.strerror}'
        return str(error)

    def say(self, line, stream):
        self.draw('')
        # What a URL or a server says gets to the terminal as text and no more.
        print(''.join(character if character.isprintable() else '?' for character in line), file=stream, flush=True)
        if self.n_done < len(self.pages):
            self.show_progress()

    def show_progress(self, *_):
        fraction = sum(1 if page.done() else page.props.progress for page in self.pages) / len(self.pages)
        self.draw(f'{self.n_done} of {len(self.pages)} done, {math.floor(fraction * 100)} %')

    def draw(self, text):
        if self.shows_progress:
            sys.stderr.write(f'\r{text}\x1b[K')
            sys.stderr.flush()


def parse_arguments():
    def jobs(text):
        number = int(text)
        if not 1 <= number <= 1024:
            raise ValueError
        return number

    def seconds(text):
        number = float(text)
        if not 0 < number < 1e6:
            raise ValueError
        return number

    parser = argparse.ArgumentParser(prog='fetch', description='Fetches pages by HTTP, several at a time. Prints the '
                                     'SHA-256 checksum, the size and the URL of each when it is there.')
    parser.add_argument('-j', '--jobs', type=jobs, default=8, metavar='N',
                        help='fetch at most N at a time (default: %(default)s)')
    parser.add_argument('-o', '--output', metavar='DIRECTORY', help='write the pages to files in DIRECTORY')
    parser.add_argument('-t', '--timeout', type=seconds, metavar='SECONDS',
                        help='give up what is not there after so long')
    parser.add_argument('urls', nargs='+', metavar='URL')
    return parser.parse_args()


def main():
    options = parse_arguments()
    if options.output is not None:
        try:
            os.makedirs(options.output, exist_ok=True)
        except OSError as error:
            print(f'fetch: cannot create {options.output}: {error.strerror}', file=sys.stderr)
            return EXIT_BAD_USAGE

    return Program(options.urls, options.jobs, options.output, options.timeout).run()


if __name__ == '__main__':
    sys.exit(main())
