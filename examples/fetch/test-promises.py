#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests a program that fetches by promises from outside, in whatever language it is written.

    test-promises.py PROGRAM [ARGUMENT…]

The servers are Python's, nginx, and one that is made of libsoup.
"""

import contextlib
import hashlib
import os
import pathlib
import pty
import signal
import subprocess
import sys
import threading
import unittest

sys.dont_write_bytecode = True

import http_servers
import tap
from fetching import ENVIRONMENT, PATIENCE_SECONDS, ServerTestCase, expected_content, peak_memory, wait_until

PROGRAM = sys.argv[1:]
SOUP_SERVER = pathlib.Path(__file__).with_name('soup_server.py')
SIZES = (0, 1, 1000, 65536, 65537, 1000000)

BIG = 100 * 1024 * 1024
MOST_GROWTH = 48 * 1024 * 1024


class Run:
    """How a run ended, what it fetched, as (checksum, size) by URL, and why it did not fetch the rest."""

    def __init__(self, status, output, errors):
        self.status = status
        self.output = output
        self.errors = errors
        self.pages = {url: (checksum, int(size))
                      for checksum, size, url in (line.split('  ', 2) for line in output.splitlines())}
        self.reasons = dict(line.removeprefix('fetch: ').split(': ', 1) for line in errors.splitlines())


def fetch(*arguments):
    process = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, env=ENVIRONMENT,
                             stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS)
    return Run(process.returncode, process.stdout, process.stderr)


def page_of(size):
    return hashlib.sha256(expected_content(size)).hexdigest(), size


@contextlib.contextmanager
def soup_server():
    with subprocess.Popen([sys.executable, SOUP_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=ENVIRONMENT) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


class PromisesTestCase(ServerTestCase):
    def assert_fetched(self, run, sizes):
        """Takes the size of each URL's page."""
        self.assertEqual((run.status, run.errors), (0, ''))
        self.assertEqual(run.pages, {url: page_of(size) for url, size in sizes.items()})

    def start(self, *arguments, **streams):
        process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
                                   **streams)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        return Run(process.returncode, output, errors or '')


class CommandLine(unittest.TestCase):
    def test_help(self):
        run = subprocess.run([*PROGRAM, '--help'], capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        for option in ('-j', '--jobs', '-o', '--output', '-t', '--timeout'):
            self.assertIn(option, run.stdout)

    def test_what_makes_no_sense(self):
        url = 'http://127.0.0.1/'
        for arguments in ([], ['-j', '0', url], ['-j', 'many', url], ['-j', '1025', url], ['-j'], ['-t', '0', url],
                          ['-t', '-1', url], ['-t', 'nan', url], ['--no-such-option', url], ['-o', '/dev/null/x', url]):
            with self.subTest(arguments=arguments):
                run = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
                self.assertEqual((run.returncode, run.stdout), (2, ''))
                self.assertNotEqual(run.stderr, '')
                self.assertNotIn('Traceback', run.stderr)


class Servers(PromisesTestCase):
    def test_python(self):
        self.assert_fetches({self.server.url(f'/{body}/{size}/{body}-{size}'): size
                             for body in ('bytes', 'chunked') for size in SIZES})

    @unittest.skipUnless(http_servers.find_nginx(), 'nginx is not installed')
    def test_nginx(self):
        base = self.enter(http_servers.nginx(SIZES))
        self.assert_fetches({f'{base}{size}': size for size in SIZES})

    def test_libsoup(self):
        base = self.enter(soup_server())
        self.assert_fetches({f'{base}{size}': size for size in SIZES})

    def assert_fetches(self, sizes):
        self.assert_fetched(fetch(*sizes), sizes)

        directory = self.make_directory()
        self.assert_fetched(fetch('-o', directory / 'made', *sizes), sizes)
        self.assertEqual({path.name: path.read_bytes() for path in directory.joinpath('made').iterdir()},
                         {url.rpartition('/')[2]: expected_content(size) for url, size in sizes.items()})


class Concurrency(PromisesTestCase):
    def test_all_jobs_at_once(self):
        self.server.meeting = threading.Barrier(32, timeout=PATIENCE_SECONDS)
        urls = [self.server.url(f'/together/{i}') for i in range(32)]
        self.assert_fetched(fetch('-j', '32', *urls), dict.fromkeys(urls, 10))

    def test_no_more_than_the_jobs(self):
        self.server.meeting = threading.Barrier(4)
        urls = [self.server.url(f'/together/{i}') for i in range(9)]
        process = self.start('-j', '3', *urls, stderr=subprocess.PIPE)
        wait_until(lambda: self.server.meeting.n_waiting == 3)
        self.server.meeting.abort()
        run = self.finish(process)
        self.assertEqual(run.reasons, dict.fromkeys(urls, 'HTTP 404 Not Found'))

    def test_200_pages(self):
        sizes = {self.server.url(f'/{"chunked" if i % 2 else "bytes"}/{i * 997}/{i}'): i * 997 for i in range(200)}
        self.assert_fetched(fetch('-j', '64', *sizes), sizes)

    def test_each_is_told_of_when_it_is_there(self):
        slow, quick = self.server.url('/stalling/1/slow'), self.server.url('/bytes/10/quick')
        process = self.start(slow, quick, stderr=subprocess.PIPE)
        self.assertIn(quick, process.stdout.readline())
        self.server.released.set()
        run = self.finish(process)
        self.assertEqual((run.status, list(run.pages)), (0, [slow]))

    def test_same_url_many_times(self):
        url = self.server.url('/bytes/10')
        run = fetch(*[url] * 20)
        self.assert_fetched(run, {url: 10})
        self.assertEqual(len(run.output.splitlines()), 20)
        self.assertEqual(self.server.n_requests['/bytes/10'], 20)


class Output(PromisesTestCase):
    def test_names_are_unique(self):
        directory = self.make_directory()
        sizes = {self.server.url(path): size for size, path in enumerate(
            ['/bytes/0/a/n', '/bytes/1/b/n', '/bytes/2/n-2', '/bytes/3/n'])}
        self.assert_fetched(fetch('-o', directory, *sizes), sizes)
        self.assertEqual({path.name: path.stat().st_size for path in directory.iterdir()},
                         {'n': 0, 'n-2': 1, 'n-2-2': 2, 'n-3': 3})

    def test_names_are_safe(self):
        parent = self.make_directory()
        urls = [self.server.url('/bytes/1' + name) for name in (
            '/..%2f..%2fescaped', '/.hidden', '/-option', '/', '/?a=/b/../../c', '/%0a%1b', '/' + 'x' * 500, '/...')]
        self.assert_fetched(fetch('-o', parent / 'inside', *urls), dict.fromkeys(urls, 1))
        self.assertEqual(os.listdir(parent), ['inside'])
        self.assertEqual(set(os.listdir(parent / 'inside')), {
            '_2f.._2fescaped', 'hidden', 'option', 'index.html', 'index.html-2', '_0a_1b', 'x' * 100, 'index.html-3'})

    def test_file_from_before_is_replaced_by_what_is_complete(self):
        directory = self.make_directory()
        for name in ('good', 'bad'):
            directory.joinpath(name).write_bytes(b'from before')
        run = fetch('-o', directory, self.server.url('/bytes/5/good'), self.server.url('/dropping/1/bad'))
        self.assertEqual(run.status, 1)
        self.assertEqual({path.name: path.read_bytes() for path in directory.iterdir()},
                         {'good': expected_content(5), 'bad': b'from before'})

    def test_peak_memory_does_not_grow_with_the_body(self):
        urls = [self.server.url(f'/{body}/{BIG}') for body in ('bytes', 'chunked')]
        for options in ([], ['-o', self.make_directory()]):
            with self.subTest(options=options):
                small, big = (peak_memory(*PROGRAM, *options, *fetched)
                              for fetched in ([self.server.url('/bytes/1000')], urls))
                self.assertLess(big - small, MOST_GROWTH)


class Failures(PromisesTestCase):
    def test_each_with_its_reason_and_none_affects_others(self):
        directory = self.make_directory()
        directory.joinpath('blocked').mkdir()
        good = {self.server.url(f'/bytes/1000/good-{i}'): 1000 for i in range(10)}
        bad = {
            self.make_refused_url(): 'Connection refused$',
            self.server.url('/status/404/x'): '^HTTP 404 Not Found$',
            self.server.url('/status/500/x'): '^HTTP 500 Internal Server Error$',
            self.server.url('/dropping/100'): 'terminated unexpectedly$',
            self.server.url('/bytes/10/blocked'): '^Cannot write .*/blocked: .',
            **dict.fromkeys(['ftp://127.0.0.1/', 'nonsense', 'http://', 'http://127.0.0.1:99999/'], '^Bad URL'),
        }
        run = fetch('-o', directory, *good, *bad)
        self.assertEqual(run.status, 1)
        self.assertEqual(run.pages, {url: page_of(size) for url, size in good.items()})
        self.assertEqual(set(run.reasons), set(bad))
        for url, reason in bad.items():
            self.assertRegex(run.reasons[url], reason)
        self.assertEqual(set(os.listdir(directory)), {'blocked', *[f'good-{i}' for i in range(10)]})

    def test_redirect_is_followed(self):
        url = self.server.url('/redirect/bytes/7')
        self.assert_fetched(fetch(url), {url: 7})

    def test_what_a_url_contains_does_not_reach_the_terminal(self):
        run = fetch(self.make_refused_url() + '\x1b[2J')
        self.assertEqual(run.status, 1)
        self.assertIn('/refused?[2J: ', run.errors)


class TimeOut(PromisesTestCase):
    def test_server_that_never_gets_to_the_end(self):
        urls = [self.server.url(path) for path in ('/silent', '/stalling/1/x')]
        directory = self.make_directory()
        run = fetch('-t', '0.7', '-o', directory, *urls)
        self.assertEqual((run.status, run.output), (1, ''))
        self.assertEqual(run.reasons, dict.fromkeys(urls, 'Timed out after 0.7 s'))
        self.assertEqual(os.listdir(directory), [])

    def test_what_waits_for_its_turn_has_no_more_time(self):
        urls = [self.server.url(f'/silent/{i}') for i in range(5)]
        run = fetch('-t', '0.3', '-j', '1', *urls)
        self.assertEqual(run.status, 1)
        self.assertEqual(run.reasons, dict.fromkeys(urls, 'Timed out after 0.3 s'))
        self.assertLessEqual(sum(self.server.n_requests.values()), 1)


class Interruption(PromisesTestCase):
    def interrupt(self, number):
        directory = self.make_directory()
        good = self.server.url('/bytes/10/good')
        urls = [self.server.url(f'/stalling/1/{i}') for i in range(10)]
        process = self.start('-j', '4', '-o', directory, good, *urls, stderr=subprocess.PIPE)
        wait_until(lambda: directory.joinpath('good').exists() and len(os.listdir(directory)) == 5)
        process.send_signal(number)
        run = self.finish(process)
        self.assertEqual(run.reasons, dict.fromkeys(urls, 'Cancelled'))
        self.assertEqual(run.pages, {good: page_of(10)})
        self.assertEqual(os.listdir(directory), ['good'])
        self.assertEqual(sum(self.server.n_requests.values()), 5, 'what waited for its turn never began')
        return run.status

    def test_ctrl_c(self):
        self.assertEqual(self.interrupt(signal.SIGINT), 130)

    def test_sigterm(self):
        self.assertEqual(self.interrupt(signal.SIGTERM), 143)


class Terminal(PromisesTestCase):
    def test_progress(self):
        keyboard, terminal = pty.openpty()
        urls = [self.server.url(f'/stalling/1/{i}') for i in range(2)]
        process = self.start(*urls, stderr=terminal)
        os.close(terminal)
        with open(keyboard, 'rb', buffering=0) as screen:
            drawn = self.read(screen, '\r0 of 2 done, 50 %\x1b[K')
            self.server.released.set()
            drawn += self.read(screen, None)
        run = self.finish(process)
        self.assertEqual((run.status, set(run.pages)), (0, set(urls)))
        self.assertIn('\r1 of 2 done, ', drawn)
        self.assertTrue(drawn.endswith('\r\x1b[K'), repr(drawn))
        self.assertNotIn('\n', drawn)

    def read(self, screen, awaited):
        """Reads until something is drawn, or until the end."""
        drawn = ''
        while awaited is None or awaited not in drawn:
            try:
                piece = screen.read(65536)
            except OSError:
                piece = b''
            if not piece:
                self.assertIsNone(awaited, repr(drawn))
                break
            drawn += piece.decode()
        return drawn

    def test_none_elsewhere(self):
        url = self.server.url('/bytes/1000000')
        self.assertNotRegex(fetch(url).errors, r'[\x1b\r]')


def find_soup():
    probe = [sys.executable, '-c', 'import gi; gi.require_version("Soup", "3.0")']
    return subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 0


if __name__ == '__main__':
    if find_soup():
        tap.main('__main__')
    else:
        print('1..0 # SKIP PyGObject, or the introspection data of libsoup 3, is not installed')
