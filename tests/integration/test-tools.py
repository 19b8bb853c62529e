# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Sysprof, and tools that know of probes, find in the library.

    test-tools.py DEBUGGED-PROGRAM LIBRARY sysprof|none probes|none
"""

import array
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import unittest

import tap

PROGRAM, LIBRARY, SYSPROF, PROBES = sys.argv[1:]
PAGE = os.sysconf('SC_PAGE_SIZE')
SIZE = 64 * PAGE
LONG = 60


class Capture:
    """What a program that it starts gives to Sysprof: it asks for a ring of shared memory, and writes its marks there."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.ring = os.memfd_create('ring')
        os.ftruncate(self.ring, PAGE + SIZE)
        # The first unread byte, the end, where the ring begins, and its size.
        os.pwrite(self.ring, struct.pack('IIII', 0, 0, PAGE, SIZE), 0)

    def run(self, *arguments):
        environment = {**os.environ, 'SYSPROF_CONTROL_FD': str(self.theirs.fileno())}
        with subprocess.Popen([PROGRAM, *arguments], env=environment, pass_fds=[self.theirs.fileno()],
                              stdout=subprocess.DEVNULL) as process:
            self.theirs.close()
            while self.ours.recv(10) == b'CreatRing\0':
                descriptors = array.array('i', [self.ring])
                self.ours.sendmsg([b'\0'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
            return process.wait(LONG)

    def marks(self):
        """Returns (duration, name, message) of each mark of the library: a frame of 24 bytes comes before these."""
        contents = os.pread(self.ring, SIZE, PAGE)
        for found in re.finditer(rb'CFutures\0', contents):
            begin = found.start()
            duration, = struct.unpack_from('q', contents, begin - 8)
            name = contents[begin + 24:begin + 64].partition(b'\0')[0]
            message = contents[begin + 64:].partition(b'\0')[0]
            yield duration, name.decode(), message.decode()


@unittest.skipIf(SYSPROF == 'none', 'built without sysprof-capture-4')
class Sysprof(unittest.TestCase):
    def test_marks_have_the_name_of_the_call(self):
        capture = Capture()
        self.assertEqual(capture.run('calls'), 0)
        marks = list(capture.marks())
        for name in 'good', 'bad':
            self.assertEqual([mark for _, mark, message in marks if message == name and mark != 'deliver'],
                             ['submit', 'run'])
        self.assertIn(('deliver', 'good'), [mark[1:] for mark in marks])
        self.assertTrue(all(duration > 0 for duration, mark, _ in marks if mark == 'run'))


@unittest.skipIf(PROBES == 'none' or shutil.which('readelf') is None, 'built without sys/sdt.h, or no readelf')
class Probes(unittest.TestCase):
    def test_are_in_the_library(self):
        notes = subprocess.run(['readelf', '-n', LIBRARY], capture_output=True, text=True, timeout=LONG).stdout
        found = re.findall(r'Provider: cfutures\n\s+Name: (\w+)\n.*Semaphore: (0x[0-9a-f]+)', notes)
        self.assertEqual(sorted({name for name, _ in found}),
                         ['call_begin', 'call_deliver', 'call_end', 'call_submit'])
        self.assertTrue(all(int(semaphore, 16) != 0 for _, semaphore in found))


if __name__ == '__main__':
    tap.main('__main__')
