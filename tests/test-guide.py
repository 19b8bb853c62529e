# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the programs of the pages given, and compares what they print with what the page says.

    test-guide.py LANGUAGE INTERPRETER PAGE…

The language is what the blocks of the pages are marked with. A program is what a block with its output follows. Other
blocks have to be of the language at least, and those that begin with the name of a file, as a comment, are that file.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import tap

LANGUAGE, INTERPRETER, *PAGES = sys.argv[1:]
BLOCK = re.compile(rf'^```{LANGUAGE}\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?', re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r'^(?:#|//) ([\w-]+\.\w+)\n')
LONG = 60

# How the interpreter runs a program, and how it only reads one. JavaScript may be the body of a class or a function.
PARSE_PYTHON = 'import ast, sys; ast.parse(open(sys.argv[1]).read())'
PARSE_JAVASCRIPT = '''
const [, source] = imports.gi.GLib.file_get_contents(ARGV[0]);
const text = new TextDecoder().decode(source);

try {
    Reflect.parse(text, {target: 'module'});
} catch (error) {
    Reflect.parse(`class Extension {${text}}`);
}
'''
ARGUMENTS = {
    'python': ([], ['-c', PARSE_PYTHON]),
    'js': (['--module'], ['-c', PARSE_JAVASCRIPT]),
}


class Guide(unittest.TestCase):
    def test_programs(self):
        for page in PAGES:
            blocks = BLOCK.findall(pathlib.Path(page).read_text())
            self.assertTrue(blocks)
            with tempfile.TemporaryDirectory() as directory:
                for source, expected in blocks:
                    with self.subTest(source):
                        self.check(source, expected, pathlib.Path(directory))

    def check(self, source, expected, directory):
        run, parse = ARGUMENTS[LANGUAGE]
        name = FILE_NAME.match(source)
        program = directory / (name[1] if name else 'program')
        program.write_text(source)
        process = subprocess.run([INTERPRETER, *(run if expected else parse), program],
                                 capture_output=True, text=True, timeout=LONG)
        self.assertEqual((process.returncode, process.stdout, process.stderr), (0, expected, ''))


if __name__ == '__main__':
    tap.main('__main__')
