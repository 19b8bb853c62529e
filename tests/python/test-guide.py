# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the programs of the guide page given, and compares what they print with what the page says.

    test-guide.py PAGE

A program is what a block with its output follows. Other blocks have to be Python at least.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import tap

PAGE = pathlib.Path(sys.argv[1])
BLOCK = re.compile(r'^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?', re.MULTILINE | re.DOTALL)
LONG = 60


class Guide(unittest.TestCase):
    def test_programs(self):
        blocks = BLOCK.findall(PAGE.read_text())
        self.assertTrue(blocks)
        for source, expected in blocks:
            with self.subTest(source):
                self.check(source, expected)

    def check(self, source, expected):
        compile(source, PAGE.name, 'exec')
        if not expected:
            return
        with tempfile.TemporaryDirectory() as directory:
            program = pathlib.Path(directory, 'program.py')
            program.write_text(source)
            process = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=LONG)
        self.assertEqual((process.stdout, process.stderr), (expected, ''))


if __name__ == '__main__':
    tap.main('__main__')
