# SPDX-License-Identifier: LGPL-2.1-or-later

"""Has snippet.py run, and looks at what it does."""

import ast
import asyncio
import inspect
import pathlib
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

import tap  # noqa: E402

SNIPPET = pathlib.Path(__file__).with_name('snippet.py')


class Snippet(unittest.TestCase):
    def setUp(self):
        self.tasks = []
        self.done = []
        self.names = {
            'task': self.task,
            'done': self.done.append,
            'fs': [Cf.InlineExecutor().submit(abs, number) for number in (-1, -2)],
        }

    def task(self, number):
        self.tasks.append(number)
        return number / 10

    async def run_snippet(self):
        code = compile(SNIPPET.read_text(), SNIPPET, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        self.assertTrue(code.co_flags & inspect.CO_COROUTINE)
        await eval(code, self.names)

    def test_runs_as_written(self):
        asyncio.run(self.run_snippet())
        self.assertEqual(sorted(self.tasks), [1, 2, 3, 4, 5, 5])
        self.assertEqual([(future.arg, future.result()) for future in self.done], [(5, 0.5)])
        self.assertIn(self.names['f'], self.names['fs'])


if __name__ == '__main__':
    tap.main('__main__')
