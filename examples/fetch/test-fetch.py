#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests cf-fetch from outside: against its own servers, Python's and nginx.

    test-fetch.py PROGRAM
"""

import collections
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import unittest

sys.dont_write_bytecode = True

import http_servers
import tap
from fetching import ENVIRONMENT, PATIENCE_SECONDS, ServerTestCase, expected_content, peak_memory, wait_until

PROGRAM = sys.argv[1]

# The SoupServer of libsoup 3.2 does not free the sockets that it accepts. Nothing but a run with servers of its own
# uses it, and there AddressSanitizer does not look for leaks.
ENVIRONMENT_OF_SERVERS = {
    **ENVIRONMENT,
    'ASAN_OPTIONS': ':'.join([*filter(None, [os.environ.get('ASAN_OPTIONS')]), 'detect_leaks=0']),
}

ROW = re.compile(r'^(?P<url>\S+) +(?P<status>\d+|failed|cancelled) +(?P<bytes>\d+|-)'
                 r' +(?P<first_byte>[\d.]+ s|-) +(?P<total>[\d.]+ s|-)(?:  (?P<reason>.*))?$', re.MULTILINE)

BIG = 200 * 1024 * 1024
MOST_GROWTH = 48 * 1024 * 1024


class Run:
    """What a run of cf-fetch printed and how it ended."""

    def __init__(self, status, output, errors=''):
        self.status = status
        self.output = output
        self.errors = errors
        self.rows = {match['url']: match for match in ROW.finditer(output)}

    def outcomes(self):
        return collections.Counter(row['status'] for row in self.rows.values())


def fetch(*arguments, environment=ENVIRONMENT):
    process = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                             env=environment, stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS)
    return Run(process.returncode, process.stdout, process.stderr)


def begun_files(directory):
    """The number of files that have the first half of what a stalling server sends."""
    return sum(path.stat().st_size == 100 for path in directory.iterdir())


class FetchTestCase(ServerTestCase):
    def start(self, *arguments):
        process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        return Run(process.returncode, output)

    def assert_fetched(self, run, urls):
        self.assertEqual(run.status, 0, run.output + run.errors)
        self.assertEqual(set(run.rows), set(urls))
        self.assertEqual(run.outcomes(), {'200': len(urls)})
        self.assertEqual(run.errors, '')

    def assert_failed(self, run, url, reason):
        self.assertEqual(run.status, 1, run.output + run.errors)
        self.assertIn(url, run.rows, run.output)
        self.assertRegex(run.rows[url]['reason'] or '', reason)
        self.assertEqual(run.errors, '')


class OwnServers(unittest.TestCase):
    def test_five_rows(self):
        run = fetch(environment=ENVIRONMENT_OF_SERVERS)
        self.assertEqual(run.status, 0, run.output + run.errors)
        self.assertEqual(run.outcomes(), {'200': 5})
        self.assertEqual({url.rpartition('/')[2]: int(row['bytes']) for url, row in run.rows.items()},
                         {'quick': 16000, 'steady': 960000, 'chunked': 480000, 'thinker': 100000, 'large': 10000000})
        self.assertEqual(len({url.rpartition('/')[0] for url in run.rows}), 5, 'five servers')
        self.assertRegex(run.output, r'(?m)^Wall time +\d+\.\d+ s\nSum of the single times +\d+\.\d+ s$')

    def test_output_directory(self):
        with tempfile.TemporaryDirectory() as directory:
            run = fetch('-o', directory, environment=ENVIRONMENT_OF_SERVERS)
            self.assertEqual(run.status, 0, run.output + run.errors)
            self.assertEqual(sorted(os.listdir(directory)), ['chunked', 'large', 'quick', 'steady', 'thinker'])


class CommandLine(unittest.TestCase):
    def assert_refused(self, *arguments):
        run = fetch(*arguments)
        self.assertEqual(run.status, 2, run.output + run.errors)
        self.assertEqual(run.output, '')
        self.assertRegex(run.errors, r"^cf-fetch: .+\nTry 'cf-fetch --help'\.\n$")
        return run.errors

    def test_help(self):
        run = fetch('--help')
        self.assertEqual(run.status, 0)
        for option in ('--jobs', '--timeout', '--retries', '--output', 'Exit status'):
            self.assertIn(option, run.output)

    def test_bad_values(self):
        for arguments in (['-j', '0'], ['-j', 'many'], ['-j', '1000000'], ['--timeout', '-1'], ['--timeout', 'nan'],
                          ['--retries', '-1'], ['--no-such-option'], ['-j']):
            with self.subTest(arguments=arguments):
                self.assert_refused(*arguments)

    def test_directory_that_cannot_be(self):
        run = fetch('-o', '/dev/null/pages')
        self.assertEqual(run.status, 2)
        self.assertRegex(run.errors, r'^cf-fetch: cannot create /dev/null/pages: .+\n$')


class Concurrency(FetchTestCase):
    def test_all_jobs_at_once(self):
        self.server.meeting = threading.Barrier(64, timeout=PATIENCE_SECONDS)
        urls = [self.server.url(f'/together/{i}') for i in range(64)]
        self.assert_fetched(fetch('-j', '64', *urls), urls)

    def test_no_more_than_the_jobs(self):
        directory = self.make_directory()
        urls = [self.server.url(f'/stalling/1/{i}') for i in range(10)]
        process = self.start('-j', '3', '-o', directory, *urls)
        wait_until(lambda: begun_files(directory) == 3)
        self.assertEqual(sum(self.server.n_requests.values()), 3)
        self.server.released.set()
        self.assert_fetched(self.finish(process), urls)

    def test_200_urls_from_python(self):
        urls = [self.server.url(f'/{"chunked" if i % 2 else "bytes"}/{i * 997}/{i}') for i in range(200)]
        run = fetch('-j', '64', *urls)
        self.assert_fetched(run, urls)
        self.assertEqual([int(run.rows[url]['bytes']) for url in urls], [i * 997 for i in range(200)])

    @unittest.skipUnless(http_servers.find_nginx(), 'nginx is not installed')
    def test_200_urls_from_nginx(self):
        base = self.enter(http_servers.nginx([0, 1, 1000, 100000]))
        sizes = [(0, 1, 1000, 100000)[i % 4] for i in range(200)]
        urls = [f'{base}{size}?{i}' for i, size in enumerate(sizes)]
        run = fetch('-j', '64', *urls)
        self.assert_fetched(run, urls)
        self.assertEqual([int(run.rows[url]['bytes']) for url in urls], sizes)

    def test_same_url_many_times(self):
        url = self.server.url('/bytes/10')
        run = fetch('-j', '8', *[url] * 50)
        self.assertEqual(run.status, 0, run.output + run.errors)
        self.assertEqual(self.server.n_requests['/bytes/10'], 50)
        self.assertIn('50 fetched, 0 failed, 0 cancelled', run.output)


class Output(FetchTestCase):
    SIZES = (0, 1, 65535, 65536, 65537, 1000000)

    def test_exactly_the_bytes(self):
        directory = self.make_directory()
        pages = [(kind, size) for kind in ('bytes', 'chunked') for size in self.SIZES]
        urls = [self.server.url(f'/{kind}/{size}/{kind}-{size}') for kind, size in pages]
        self.assert_fetched(fetch('-o', directory, *urls), urls)
        self.assertEqual({path.name: path.read_bytes() for path in directory.iterdir()},
                         {f'{kind}-{size}': expected_content(size) for kind, size in pages})

    @unittest.skipUnless(http_servers.find_nginx(), 'nginx is not installed')
    def test_exactly_the_bytes_from_nginx(self):
        base = self.enter(http_servers.nginx(self.SIZES))
        directory = self.make_directory()
        urls = [f'{base}{size}' for size in self.SIZES]
        self.assert_fetched(fetch('-o', directory, *urls), urls)
        self.assertEqual({path.name: path.read_bytes() for path in directory.iterdir()},
                         {str(size): expected_content(size) for size in self.SIZES})

    def test_names_are_unique(self):
        directory = self.make_directory()
        urls = [self.server.url(path) for path in ('/bytes/1/a/n', '/bytes/2/b/n', '/bytes/3/n-2', '/bytes/4/n')]
        self.assert_fetched(fetch('-o', directory, *urls), urls)
        self.assertEqual({path.name: path.stat().st_size for path in directory.iterdir()},
                         {'n': 1, 'n-2': 2, 'n-2-2': 3, 'n-3': 4})

    def test_names_are_safe(self):
        parent = self.make_directory()
        urls = [self.server.url(path) for path in (
            '/bytes/1/..%2f..%2fescaped', '/bytes/1/.hidden', '/bytes/1/-option', '/bytes/1/', '/bytes/1/?a=/b/../../c',
            '/bytes/1/%0a%1b', '/bytes/1/' + 'x' * 500, '/bytes/1/...')]
        self.assert_fetched(fetch('-o', parent / 'inside', *urls), urls)
        self.assertEqual(os.listdir(parent), ['inside'])
        self.assertEqual(set(os.listdir(parent / 'inside')), {
            '2f.._2fescaped', 'hidden', 'option', 'index.html', 'index.html-2', '0a_1b', 'x' * 100, 'index.html-3'})

    def test_file_from_before_is_replaced(self):
        directory = self.make_directory()
        directory.joinpath('n').write_bytes(b'before, and longer')
        url = self.server.url('/bytes/5/n')
        self.assert_fetched(fetch('-o', directory, url), [url])
        self.assertEqual(directory.joinpath('n').read_bytes(), expected_content(5))

    def test_failed_transfer_leaves_file_from_before(self):
        directory = self.make_directory()
        directory.joinpath('n').write_bytes(b'before')
        self.assertEqual(fetch('--retries', '0', '-o', directory, self.server.url('/dropping/1/n')).status, 1)
        self.assertEqual([(path.name, path.read_bytes()) for path in directory.iterdir()], [('n', b'before')])

    def test_peak_memory_does_not_grow_with_the_body(self):
        for kind, options in (('counted', []), ('written', ['-o', self.make_directory()])):
            with self.subTest(kind=kind):
                urls = [self.server.url(f'/{body}/{BIG}') for body in ('bytes', 'chunked')]
                small = peak_memory(PROGRAM, *options, self.server.url('/bytes/1000'))
                big = peak_memory(PROGRAM, *options, *urls)
                self.assertLess(big - small, MOST_GROWTH)


class Failures(FetchTestCase):
    def test_each_with_its_reason_and_none_affects_others(self):
        directory = self.make_directory()
        directory.joinpath('blocked').mkdir()
        good = [self.server.url(f'/bytes/1000/good-{i}') for i in range(10)]
        bad = {
            self.make_refused_url(): 'Connection refused',
            self.server.url('/status/404/x'): '^HTTP 404 Not Found$',
            self.server.url('/status/500/x'): '^HTTP 500 ',
            self.server.url('/bytes/10/blocked'): '^Cannot write .*/blocked: ',
            self.server.url('/dropping/100'): 'terminated unexpectedly',
            'ftp://127.0.0.1/': '^Bad URL: ',
            'nonsense': '^Bad URL: ',
            'http://': '^Bad URL: ',
            'http://127.0.0.1:99999/': '^Bad URL: ',
        }
        run = fetch('-j', '32', '--retries', '0', '-o', directory, *good, *bad)
        for url, reason in bad.items():
            with self.subTest(url=url):
                self.assert_failed(run, url, reason)
        self.assertEqual(run.rows[self.server.url('/status/404/x')]['status'], '404')
        self.assertEqual([run.rows[url]['status'] for url in good], ['200'] * len(good))
        self.assertEqual(set(os.listdir(directory)), {'blocked', *[f'good-{i}' for i in range(10)]})
        self.assertIn(f'{len(good)} fetched, {len(bad)} failed, 0 cancelled', run.output)

    def test_timeout_before_the_answer(self):
        url = self.server.url('/silent')
        self.assert_failed(fetch('--timeout', '0.3', '--retries', '0', url), url, '^Timed out after 0.3 s$')

    def test_timeout_in_the_middle_of_the_body(self):
        directory = self.make_directory()
        url = self.server.url('/stalling/1')
        run = fetch('--timeout', '0.3', '--retries', '0', '-o', directory, url)
        self.assert_failed(run, url, '^Timed out after 0.3 s$')
        self.assertEqual(os.listdir(directory), [])

    def test_no_timeout(self):
        url = self.server.url('/bytes/10')
        self.assert_fetched(fetch('--timeout', '0', url), [url])

    def test_redirect_is_followed(self):
        url = self.server.url('/redirect/bytes/7')
        run = fetch(url)
        self.assert_fetched(run, [url])
        self.assertEqual(run.rows[url]['bytes'], '7')

    def test_what_a_url_contains_does_not_reach_the_terminal(self):
        run = fetch('--retries', '0', self.make_refused_url() + '\x1b[2J')
        self.assertEqual(run.status, 1)
        self.assertNotIn('\x1b', run.output)


class Retries(FetchTestCase):
    def test_server_that_recovers(self):
        for path in ('/flaky/2', '/dropping/2'):
            with self.subTest(path=path):
                url = self.server.url(path)
                run = fetch('--retries', '2', url)
                self.assert_fetched(run, [url])
                self.assertEqual(self.server.n_requests[path], 3)
                self.assertEqual(run.output.count(f'will retry {url}: '), 2)

    def test_timeout_is_for_one_attempt(self):
        url = self.server.url('/stalling/1')
        run = fetch('--timeout', '1', '--retries', '1', url)
        self.assert_fetched(run, [url])
        self.assertEqual(self.server.n_requests['/stalling/1'], 2)

    def test_not_more_often_than_asked(self):
        url = self.server.url('/flaky/2')
        run = fetch('--retries', '1', url)
        self.assert_failed(run, url, '^HTTP 503 ')
        self.assertEqual(self.server.n_requests['/flaky/2'], 2)

    def test_refused_connection(self):
        url = self.make_refused_url()
        run = fetch('--retries', '1', url)
        self.assert_failed(run, url, 'Connection refused')
        self.assertEqual(run.output.count(f'will retry {url}: '), 1)

    def test_lasting_failure_is_not_retried(self):
        url = self.server.url('/status/404/x')
        self.assert_failed(fetch('--retries', '5', url), url, '^HTTP 404 ')
        self.assertEqual(self.server.n_requests['/status/404/x'], 1)


class Interruption(FetchTestCase):
    def interrupt_transfers(self, signal_number):
        directory = self.make_directory()
        urls = [self.server.url(f'/stalling/1/{i}') for i in range(10)]
        process = self.start('-j', '4', '-o', directory, *urls)
        wait_until(lambda: begun_files(directory) == 4)
        process.send_signal(signal_number)
        run = self.finish(process)
        self.assertEqual(set(run.rows), set(urls))
        self.assertEqual(run.outcomes(), {'cancelled': 10})
        self.assertEqual(sum(self.server.n_requests.values()), 4, 'pending transfers never began')
        self.assertEqual(os.listdir(directory), [])
        return run

    def test_ctrl_c_cancels_all_and_leaves_no_file(self):
        self.assertEqual(self.interrupt_transfers(signal.SIGINT).status, 130)

    def test_sigterm(self):
        self.assertEqual(self.interrupt_transfers(signal.SIGTERM).status, 143)

    def test_what_is_done_stays(self):
        directory = self.make_directory()
        good = self.server.url('/bytes/10/good')
        stalled = self.server.url('/stalling/1/stalled')
        process = self.start('-o', directory, good, stalled)
        wait_until(lambda: directory.joinpath('good').exists() and len(list(directory.iterdir())) == 2)
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.status, 130)
        self.assertEqual(run.rows[stalled]['status'], 'cancelled')
        self.assertEqual(os.listdir(directory), ['good'])

    def test_delay_before_a_retry_is_cut_short(self):
        url = self.make_refused_url()
        process = self.start('--retries', '100', url)
        self.assertTrue(process.stdout.readline().startswith(f'will retry {url}: '))
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.status, 130)
        self.assertEqual(run.outcomes(), {'cancelled': 1})


class Pipe(FetchTestCase):
    def test_plain_lines(self):
        good = self.server.url('/bytes/1500')
        bad = self.server.url('/status/404/x')
        run = fetch(good, bad)
        self.assertRegex(run.output, rf'(?m)^fetched {re.escape(good)}: 1\.5 kB in [\d.]+ s$')
        self.assertRegex(run.output, rf'(?m)^failed {re.escape(bad)}: HTTP 404 Not Found$')
        self.assertNotRegex(run.output, r'[\x1b\r]')


class Screen:
    """The user's end of a pseudo-terminal on which cf-fetch runs."""

    END_OF_DRAWING = '\x1b[J'

    def __init__(self, columns, rows, *arguments, environment=ENVIRONMENT):
        self.fd, terminal = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen([PROGRAM, *arguments], stdin=terminal, stdout=terminal, env=environment)
        os.close(terminal)
        self.drawings = []
        self.unfinished = ''

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def read_more(self):
        """Returns whether there was more to read."""
        try:
            data = os.read(self.fd, 65536).decode()
        except OSError:
            data = ''
        self.unfinished += data
        *drawings, self.unfinished = self.unfinished.split(self.END_OF_DRAWING)
        self.drawings += [re.sub(r'\x1b\[\d*[A-Z]', '', drawing).replace('\r', '').split('\n') for drawing in drawings]
        return data != ''

    def read_until(self, condition):
        """Reads until there is a drawing of which the condition is true, and returns it."""
        seen = 0
        while True:
            for drawing in self.drawings[seen:]:
                if condition(drawing):
                    return drawing
            seen = len(self.drawings)
            if not self.read_more():
                raise AssertionError('no such drawing', self.drawings)

    def finish(self):
        while self.read_more():
            pass
        return Run(self.process.wait(), self.unfinished.replace('\r', ''))

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


class Terminal(FetchTestCase):
    def open_screen(self, *arguments, **options):
        return self.enter(contextlib.closing(Screen(*arguments, **options)))

    def stalling_urls(self, n):
        return [self.server.url(f'/stalling/1/{i}') for i in range(n)]

    def test_a_bar_for_each_transfer_and_one_for_all(self):
        urls = self.stalling_urls(3)
        screen = self.open_screen(120, 24, *urls)
        drawing = screen.read_until(lambda lines: sum('50%' in line for line in lines) == 4)
        for line, url in zip(drawing, urls):
            self.assertRegex(line, rf'^{re.escape(url)} +\[#{{10}}-{{10}}\]  50% +100 B of 200 B$')
        self.assertRegex(drawing[3], r'^0 of 3 done, 3 running +\[#{10}-{10}\]  50% +[\d.]+ s$')
        self.server.released.set()
        run = screen.finish()
        self.assert_fetched(run, urls)
        self.assertNotIn('fetched http', run.output)

    def test_bar_wanders_where_the_length_is_unknown(self):
        screen = self.open_screen(120, 24, environment=ENVIRONMENT_OF_SERVERS)
        screen.read_until(lambda lines: any(re.search(r'/chunked +\[ *<=> *\] +[\d.]+ kB$', line) for line in lines))
        run = screen.finish()
        self.assertEqual(run.status, 0)
        self.assertEqual(run.outcomes(), {'200': 5})

    def test_more_transfers_than_rows(self):
        screen = self.open_screen(100, 6, '-j', '20', *self.stalling_urls(20))
        drawing = screen.read_until(lambda lines: '20 running' in lines[-1])
        self.assertEqual(len(drawing), 6)
        self.server.released.set()
        self.assertEqual(screen.finish().status, 0)
        self.assertLessEqual(max(len(lines) for lines in screen.drawings), 6)

    def test_narrow_terminal(self):
        for columns in (1, 2, 5, 20, 60):
            with self.subTest(columns=columns):
                screen = self.open_screen(columns, 24, *[f'{url}/{columns}' for url in self.stalling_urls(2)])
                screen.read_until(lambda lines: len(lines) == 3)
                screen.process.send_signal(signal.SIGINT)
                self.assertEqual(screen.finish().status, 130)
                self.assertLess(max(len(line) for lines in screen.drawings for line in lines), max(columns, 2))

    def test_resize(self):
        screen = self.open_screen(120, 24, *self.stalling_urls(2))
        screen.read_until(lambda lines: len(lines) == 3 and all(len(line) > 60 for line in lines))
        screen.resize(50, 24)
        screen.read_until(lambda lines: len(lines) == 3 and all(len(line) < 50 for line in lines))
        screen.resize(120, 2)
        screen.read_until(lambda lines: len(lines) == 2 and all(len(line) > 60 for line in lines))
        self.server.released.set()
        self.assertEqual(screen.finish().status, 0)

    def test_ctrl_c_on_the_keyboard(self):
        screen = self.open_screen(80, 24, *self.stalling_urls(1))
        screen.read_until(lambda lines: '1 running' in lines[-1])
        screen.process.send_signal(signal.SIGINT)
        run = screen.finish()
        self.assertEqual(run.status, 130)
        self.assertEqual(run.outcomes(), {'cancelled': 1})


if __name__ == '__main__':
    tap.main('__main__')
