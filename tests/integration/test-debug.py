# SPDX-License-Identifier: LGPL-2.1-or-later

"""What CFUTURES_DEBUG does, in a program of its own.

    test-debug.py DEBUGGED-PROGRAM
"""

import os
import re
import signal
import subprocess
import sys
import unittest

import tap

PROGRAM = sys.argv[1]
LONG = 60


def environment(**variables):
    rest = {name: value for name, value in os.environ.items()
            if name not in ('CFUTURES_DEBUG', 'G_MESSAGES_DEBUG', 'G_DEBUG')}
    return {**rest, **variables}


def run(*arguments, **variables):
    """Returns what the program writes to standard output and to standard error."""
    process = subprocess.run([PROGRAM, *arguments], env=environment(**variables), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=LONG)
    assert process.returncode == 0, process
    return process.stdout, process.stderr


class Stuck:
    """The program, while it is stuck."""

    def __init__(self, *arguments, **variables):
        self.process = subprocess.Popen([PROGRAM, *arguments], env=environment(**variables), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == 'ready\n'
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.communicate(timeout=LONG)

    def dump(self, last):
        """Returns the lines that a signal has the program write, to the one that `last` is found in."""
        self.process.send_signal(signal.SIGUSR1)
        lines = []
        while not lines or last not in lines[-1]:
            line = self.process.stderr.readline()
            assert line, lines
            lines.append(line)
        return ''.join(lines)

    def end(self):
        return self.process.communicate(timeout=LONG)


class Topics(unittest.TestCase):
    def test_unset(self):
        self.assertEqual(run('calls', G_MESSAGES_DEBUG='CFutures'), ('0 signals\n', ''))

    def test_call(self):
        messages, unused = run('calls', G_MESSAGES_DEBUG='CFutures', CFUTURES_DEBUG='call')
        for name, end in ('good', 'ends'), ('bad', 'fails'):
            found = re.findall(rf'call: “{name}” \(0x[0-9a-f]+\) (.*)', messages)
            self.assertEqual(found, ['is submitted', 'begins', end])
        self.assertNotIn('pool:', messages)
        self.assertNotIn('delivery:', messages)

    def test_pool_and_delivery(self):
        messages, unused = run('calls', G_MESSAGES_DEBUG='CFutures', CFUTURES_DEBUG='pool,delivery')
        self.assertRegex(messages, 'pool: the thread “cf-pool-1” begins')
        self.assertRegex(messages, 'pool: “cf-pool” is shut down')
        self.assertRegex(messages, 'delivery: a callback of “good”')
        self.assertNotIn('call:', messages)

    def test_all(self):
        messages, unused = run('calls', G_MESSAGES_DEBUG='CFutures', CFUTURES_DEBUG='all')
        for topic in 'pool', 'call', 'delivery':
            self.assertIn(f'{topic}: ', messages)

    def test_needs_no_more_than_the_variable_to_be_silent(self):
        self.assertEqual(run('calls', CFUTURES_DEBUG='all'), ('0 signals\n', ''))

    def test_unknown(self):
        printed, messages = run('calls', CFUTURES_DEBUG='pol,call,,delivry')
        self.assertEqual(printed, '0 signals\n')
        self.assertEqual(messages.count('WARNING'), 1)
        self.assertIn('not known: pol, delivry. There are: pool, worker, call, delivery, dump, all.', messages)


class Dump(unittest.TestCase):
    def check(self, dump):
        self.assertRegex(dump, r'''(?x)
            CFutures:\ process\ \d+\ has\ 1\ executor\n
            CfThreadPoolExecutor\ “cf-pool”,\ open,\ at\ most\ 1\ at\ a\ time:
                \ 1\ running,\ 1\ waiting,\ 0\ completed\n
            \ \ thread\ \d+\ “cf-pool-1”:\ running\n
            \ \ \ \ “load”:\ running\ for\ \d+\.\d+\ s,\ 25\ %:\ a\ quarter\n
            \ \ waiting:\n
            \ \ \ \ “next”:\ pending\ for\ \d+\.\d+\ s\n$''')

    def test_while_the_main_thread_is_stuck(self):
        with Stuck(CFUTURES_DEBUG='dump') as stuck:
            for unused in range(3):
                self.check(stuck.dump('“next”'))
            self.assertEqual(stuck.end(), ('0 signals\n', ''))

    def test_while_the_signal_is_blocked(self):
        with Stuck('blocked', CFUTURES_DEBUG='dump') as stuck:
            self.check(stuck.dump('“next”'))
            self.assertEqual(stuck.end(), ('0 signals\n', ''))

    def test_leaves_a_handler_of_the_program_alone(self):
        with Stuck('handler', CFUTURES_DEBUG='dump') as stuck:
            stuck.process.send_signal(signal.SIGUSR1)
            printed, messages = stuck.end()
            self.assertEqual(printed, '1 signals\n')
            self.assertRegex(messages, 'dump does nothing: the program has a handler')

    def test_without_the_topic_the_signal_is_what_it_is(self):
        with Stuck(CFUTURES_DEBUG='all') as stuck:
            stuck.process.send_signal(signal.SIGUSR1)
            stuck.end()
            self.assertEqual(stuck.process.returncode, -signal.SIGUSR1)


if __name__ == '__main__':
    tap.main('__main__')
