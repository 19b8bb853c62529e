#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles every block of C, or of Vala, of the pages given, and runs those that are programs. Speaks TAP.

A block with a main() is a program: it is linked with the CFutures that pkg-config finds and run, and if a ```text
block follows before the next block of any language, that is what it has to print. Any other block has to compile on
its own; in C, with <cfutures.h> included before it.
"""

import argparse
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

TIME_LIMIT_SECONDS = 30


class C:
    block = 'c'
    default_compiler = 'cc'
    warnings = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-Wno-unused-function']

    def __init__(self, compiler):
        self.compiler = compiler + self.warnings + pkg_config('--cflags')
        self.libraries = pkg_config('--libs')

    def make_command(self, example, program):
        """Writes the example beside the program that it is to become, and returns what compiles it."""
        include = '' if '#include <cfutures.h>' in example.source else '#include <cfutures.h>\n'
        source_file = program.with_suffix('.c')
        source_file.write_text(include + example.source, encoding='utf-8')
        to_do = ['-o', program, *self.libraries] if example.is_program else ['-fsyntax-only']
        return [*self.compiler, source_file, *to_do]


class Vala:
    block = 'vala'
    default_compiler = 'valac'

    def __init__(self, compiler):
        self.compiler = [*compiler, '--quiet', '--pkg=gio-2.0', '--pkg=cfutures-1']

    def make_command(self, example, program):
        """Writes the example beside the program that it is to become, and returns what compiles it."""
        source_file = program.with_suffix('.vala')
        source_file.write_text(example.source, encoding='utf-8')
        if example.is_program:
            # Nobody can mend what a C compiler finds in the C that valac writes.
            to_do = ['--fatal-warnings', '--Xcc=-w', '-o', program]
        else:
            # That nothing calls what is in the block is no fault.
            to_do = ['--ccode', '--disable-warnings']
        return [*self.compiler, f'--directory={program.parent}', source_file, *to_do]


LANGUAGES = {language.block: language for language in (C, Vala)}


class Example:
    def __init__(self, page, line, source):
        self.name = f'{page.name}:{line}'
        self.source = source
        self.expected_output = None
        self.is_program = re.search(r'^(?:async )?(?:int |void )?main \(', source, re.MULTILINE) is not None

    def check(self, language, directory):
        """Returns what is wrong with the example, or None."""
        program = directory / 'example'
        compilation = subprocess.run(language.make_command(self, program), cwd=directory,
                                     capture_output=True, text=True, check=False)
        if compilation.returncode != 0:
            return compilation.stdout + compilation.stderr
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


def examples_in(page, block):
    text = page.read_text(encoding='utf-8')
    examples = []
    language = None
    for match in re.finditer(r'^```(\w+)\n(.*?)^```$', text, re.MULTILINE | re.DOTALL):
        previous, language = language, match[1]
        if language == block:
            examples.append(Example(page, text.count('\n', 0, match.start()) + 1, match[2]))
        elif language == 'text' and previous == block and examples[-1].is_program:
            examples[-1].expected_output = match[2]
    return examples


def pkg_config(option):
    output = subprocess.run(['pkg-config', option, 'cfutures-1'], capture_output=True, text=True, check=True)
    return shlex.split(output.stdout)


def main():
    parser = argparse.ArgumentParser(description='Checks the examples in the documentation.')
    parser.add_argument('--language', choices=LANGUAGES, default=C.block)
    parser.add_argument('--compiler')
    parser.add_argument('pages', nargs='+', type=Path)
    arguments = parser.parse_args()

    language_class = LANGUAGES[arguments.language]
    language = language_class(shlex.split(arguments.compiler or language_class.default_compiler))
    examples = [example for page in arguments.pages for example in examples_in(page, language.block)]

    print(f'1..{len(examples)}')
    for number, example in enumerate(examples, 1):
        with tempfile.TemporaryDirectory() as directory:
            problem = example.check(language, Path(directory))
        print(f"{'ok' if problem is None else 'not ok'} {number} {example.name}", flush=True)
        for line in (problem or '').splitlines():
            print(f'# {line}')


if __name__ == '__main__':
    main()
