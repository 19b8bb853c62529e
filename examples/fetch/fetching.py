# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests of all programs that fetch have in common."""

import contextlib
import os
import pathlib
import socket
import tempfile
import time
import unittest

import http_servers

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.lower().endswith('_proxy')},
    'LC_ALL': 'C',
    'TERM': 'xterm',
}

# Nothing here takes so long: it only keeps a failing test from waiting for ever.
PATIENCE_SECONDS = 60


def expected_content(size):
    return b''.join(http_servers.content(size))


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('waited for too long')
        time.sleep(0.005)


def peak_memory(program, *arguments, environment=ENVIRONMENT):
    """Runs a program that has to succeed; returns the most memory that it had, in bytes."""
    process = os.posix_spawnp(program, [program, *arguments], environment,
                              file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)])
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise AssertionError(f'the program failed: {status:#x}')
    return usage.ru_maxrss * 1024


class ServerTestCase(unittest.TestCase):
    """Has a server of Python's."""

    def setUp(self):
        self.contexts = contextlib.ExitStack()
        self.addCleanup(self.contexts.close)
        self.server = self.enter(http_servers.python_server())

    def enter(self, context):
        return self.contexts.enter_context(context)

    def make_directory(self):
        return pathlib.Path(self.enter(tempfile.TemporaryDirectory()))

    def make_refused_url(self):
        """On a port that is taken, so that nobody else listens there, but on which nobody listens."""
        sock = self.enter(socket.socket())
        sock.bind(('127.0.0.1', 0))
        return f'http://127.0.0.1:{sock.getsockname()[1]}/refused'
