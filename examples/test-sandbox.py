#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests cf-sandbox from outside, on images that are made here and on files that misbehave.

    test-sandbox.py PROGRAM SANITIZER

where SANITIZER is what the program was built with, or none.
"""

import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).parent / 'fetch'))

import tap

PROGRAM, SANITIZER = sys.argv[1:]

# A sanitizer reserves more memory than any limit allows.
IS_LIMITED = SANITIZER == 'none'

ENVIRONMENT = {**os.environ, 'LC_ALL': 'C.UTF-8'}

# Nothing here takes so long: it only keeps a failing test from waiting for ever.
PATIENCE_SECONDS = 60

PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
PNG_RGB = 2


def png_chunk(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', checksum)


def png(width, height, colour=(200, 100, 50)):
    header = struct.pack('>IIBBBBB', width, height, 8, PNG_RGB, 0, 0, 0)
    rows = (b'\0' + bytes(colour) * width) * height
    return (PNG_SIGNATURE + png_chunk(b'IHDR', header) + png_chunk(b'IDAT', zlib.compress(rows)) +
            png_chunk(b'IEND', b''))


def png_size(path):
    return struct.unpack('>II', path.read_bytes()[16:24])


def rehearsal(*lines):
    return '\n'.join(['CF-SANDBOX-REHEARSAL', *lines]).encode()


def reason_to_skip():
    if SANITIZER == 'thread':
        return 'ThreadSanitizer does not find its suppressions in a sandbox'

    if shutil.which('bwrap') is None:
        return 'bwrap is not installed'

    # What the program asks for: not every container grants it.
    trial = subprocess.run(['bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', 'true'],
                           capture_output=True, text=True, check=False)
    return None if trial.returncode == 0 else f'bwrap does not work here: {trial.stderr.strip()}'


REASON_TO_SKIP = reason_to_skip()


class SandboxTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    # Python 3.11 has it.
    if not hasattr(unittest.TestCase, 'enterContext'):
        def enterContext(self, manager):
            result = manager.__enter__()
            self.addCleanup(manager.__exit__, None, None, None)
            return result

    def write(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        return path

    def run_program(self, *arguments, environment=ENVIRONMENT):
        memory = [] if IS_LIMITED else ['--memory', '0']
        return subprocess.run([PROGRAM, *memory, *map(str, arguments)], capture_output=True, text=True, check=False,
                              env=environment, timeout=PATIENCE_SECONDS)

    def look_at(self, *arguments):
        """Returns what is said of each file."""
        run = self.run_program(*arguments)
        parts = re.split(rf'^{re.escape(str(self.directory))}/([\w.]+): ', run.stdout, flags=re.MULTILINE)
        return run, {name: text.strip() for name, text in zip(parts[1::2], parts[2::2])}


@unittest.skipIf(REASON_TO_SKIP, REASON_TO_SKIP)
class Images(SandboxTest):
    def test_tells_the_size_of_each_image(self):
        small = self.write('small.png', png(3, 2))
        large = self.write('large.png', png(1200, 900))
        run, said = self.look_at(small, large)
        self.assertEqual(said, {'small.png': '3 × 2', 'large.png': '1200 × 900'}, run.stderr)
        self.assertEqual(run.returncode, 0)

    def test_writes_thumbnails_no_larger_than_they_have_to_be(self):
        folder = self.directory / 'thumbnails'
        folder.mkdir()
        small = self.write('small.png', png(3, 2))
        large = self.write('large.png', png(1200, 900))
        run, _ = self.look_at('--output', folder, small, large)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(png_size(folder / 'small.png.png'), (3, 2))
        self.assertEqual(png_size(folder / 'large.png.png'), (256, 192))

    def test_says_what_is_wrong_with_a_file_that_is_no_image(self):
        run, said = self.look_at(self.write('text.png', b'This is not an image, but some text.\n' * 10))
        self.assertEqual(run.returncode, 1)
        self.assertRegex(said['text.png'], 'format')

    def test_obeys_no_rehearsal_if_not_told_to(self):
        run, said = self.look_at(self.write('crash', rehearsal('crash')))
        self.assertEqual(run.returncode, 1)
        self.assertNotIn('ended', said['crash'])


@unittest.skipIf(REASON_TO_SKIP, REASON_TO_SKIP)
class HostileFiles(SandboxTest):
    def look_at_hostile(self, name, *lines, options=()):
        """Looks at a hostile file among images, which are to be decoded all the same, and returns what is said of it."""
        images = [self.write(f'image{number}.png', png(number, number)) for number in range(1, 9)]
        hostile = self.write(name, rehearsal(*lines))
        run, said = self.look_at('--rehearse', *options, *images[:4], hostile, *images[4:])
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertEqual({name: size for name, size in said.items() if name.startswith('image')},
                         {f'image{number}.png': f'{number} × {number}' for number in range(1, 9)})
        return said[name]

    def test_a_crash_costs_one_file(self):
        self.assertRegex(self.look_at_hostile('crash', 'crash'), r'worker process \d+ (ended|was killed)')

    def test_an_endless_loop_ends_when_its_time_is_over(self):
        self.assertEqual(self.look_at_hostile('loop', 'loop', options=['--timeout', '1']),
                         'The call timed out')

    @unittest.skipUnless(IS_LIMITED, 'a sanitizer has no limit on memory')
    def test_the_limit_on_memory_holds(self):
        self.assertRegex(self.look_at_hostile('eater', 'eat-memory'), r'worker process \d+ (ended|was killed)')

    def test_files_and_network_are_out_of_reach(self):
        listener = self.enterContext(socket.create_server(('127.0.0.1', 0)))
        secret = self.write('secret', b'nobody is to read this')
        goals = ['/etc/passwd', str(pathlib.Path.home()), str(secret), f'127.0.0.1:{listener.getsockname()[1]}']
        self.assertEqual(self.look_at_hostile('escape', 'escape', *goals), 'It tried to escape, and reached nothing')

    def test_what_is_within_reach_is_told(self):
        self.assertEqual(self.look_at_hostile('escape', 'escape', '/usr', '/etc/passwd'),
                         'It tried to escape, and reached /usr')


class CommandLine(SandboxTest):
    def test_asks_for_files(self):
        run = self.run_program()
        self.assertEqual(run.returncode, 2)
        self.assertIn('Which files?', run.stderr)

    def test_explains_itself(self):
        run = self.run_program('--help')
        self.assertEqual(run.returncode, 0)
        self.assertIn('sandbox', run.stdout)

    def test_says_so_if_there_is_no_bubblewrap(self):
        image = self.write('image.png', png(1, 1))
        run = self.run_program(image, environment={**ENVIRONMENT, 'PATH': str(self.directory)})
        self.assertEqual(run.returncode, 2)
        self.assertIn('bubblewrap', run.stderr)

    @unittest.skipIf(REASON_TO_SKIP, REASON_TO_SKIP)
    def test_says_which_file_cannot_be_read(self):
        run, said = self.look_at(self.directory / 'missing.png', self.write('image.png', png(1, 1)))
        self.assertEqual(run.returncode, 1)
        self.assertIn('missing.png', run.stderr)
        self.assertEqual(said, {'image.png': '1 × 1'})


if __name__ == '__main__':
    tap.main('__main__')
