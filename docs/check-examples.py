#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles every ```c block of the pages given, and runs those that are programs. Speaks TAP.

A block with a main() is a program: it is linked with the CFutures that pkg-config finds and run, and if a ```text
block follows before the next ```c block, that is what it has to print. Any other block has to compile on its own,
with <cfutures.h> included before it.
"""

import argparse
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

BLOCK = re.compile(r'^```(c|text)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
WARNINGS = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-Wno-unused-function']
TIME_LIMIT_SECONDS = 30


class Example:
    def __init__(self, page, line, source):
        self.name = f'{page.name}:{line}'
        self.source = source
        self.expected_output = None
        self.is_program = re.search(r'^main \(', source, re.MULTILINE) is not None

    def check(self, compiler, flags, libraries, directory):
        """Returns what is wrong with the example, or None."""
        source_file = directory / 'example.c'
        program = directory / 'example'
        include = '' if '#include <cfutures.h>' in self.source else '#include <cfutures.h>\n'
        source_file.write_text(include + self.source)

        command = compiler + WARNINGS + flags + [str(source_file)]
        command += ['-o', str(program)] + libraries if self.is_program else ['-fsyntax-only']
        compilation = subprocess.run(command, capture_output=True, text=True, check=False)
        if compilation.returncode != 0:
            return compilation.stderr
        if not self.is_program:
            return None
        return self.check_output(program)

    def check_output(self, program):
        try:
            run = subprocess.run([program], capture_output=True, text=True, check=False,
                                 stdin=subprocess.DEVNULL, timeout=TIME_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            return f'still running after {TIME_LIMIT_SECONDS} seconds'
        if run.returncode != 0:
            return f'ended with status {run.returncode}\n{run.stdout}{run.stderr}'
        if self.expected_output is not None and run.stdout != self.expected_output:
            return f'printed\n{run.stdout}instead of\n{self.expected_output}'
        if run.stderr:
            return f'printed on standard error\n{run.stderr}'
        return None


def examples_in(page):
    text = page.read_text(encoding='utf-8')
    examples = []
    for match in BLOCK.finditer(text):
        if match[1] == 'c':
            examples.append(Example(page, text.count('\n', 0, match.start()) + 1, match[2]))
        elif examples and examples[-1].is_program and examples[-1].expected_output is None:
            examples[-1].expected_output = match[2]
    return examples


def pkg_config(option):
    output = subprocess.run(['pkg-config', option, 'cfutures-1'], capture_output=True, text=True, check=True)
    return shlex.split(output.stdout)


def main():
    parser = argparse.ArgumentParser(description='Checks the examples in the documentation.')
    parser.add_argument('--compiler', default='cc')
    parser.add_argument('pages', nargs='+', type=Path)
    arguments = parser.parse_args()

    compiler = shlex.split(arguments.compiler)
    flags = pkg_config('--cflags')
    libraries = pkg_config('--libs')
    examples = [example for page in arguments.pages for example in examples_in(page)]

    print(f'1..{len(examples)}')
    for number, example in enumerate(examples, 1):
        with tempfile.TemporaryDirectory() as directory:
            problem = example.check(compiler, flags, libraries, Path(directory))
        print(f"{'ok' if problem is None else 'not ok'} {number} {example.name}", flush=True)
        for line in (problem or '').splitlines():
            print(f'# {line}')


if __name__ == '__main__':
    main()
