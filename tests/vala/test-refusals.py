#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compiles what the compiler has to refuse, each beside what differs only in the fault and has to be accepted.

    test-refusals.py VALAC

Speaks TAP.
"""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# What is tested, the program, what is right in place of FAULT, what is wrong, and what the compiler says of that. What
# is public needs no other use.
REFUSALS = [
    ('a portable function captures nothing',
     'public void use (Cf.Executor executor, int number) { executor.submit (() => FAULT); }',
     'null', 'new Variant.int32 (number)', 'Cannot convert from'),
    ('an executor has to execute',
     'public class Own : Cf.Executor { FAULT }',
     'public override void execute (Cf.Future future) { future.run (); }', '', 'does not implement abstract method'),
    ('large numbers are read with a question mark',
     'public void use (Cf.Future future) throws Error { print ("%g", future.result<doubleFAULT> ()); }',
     '?', '', 'not a supported generic type argument'),
    ('errors are not forgotten',
     'public void use (Cf.Future future) FAULT { future.wait (); }',
     'throws Error', '', 'unhandled error'),
]


def compile_program(compiler, source):
    """Returns what the compiler says, and whether it is content."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory, 'program.vala')
        program.write_text(source)
        run = subprocess.run([*compiler, '--quiet', '--ccode', '--fatal-warnings', '--pkg=gio-2.0', '--pkg=cfutures-1',
                              f'--directory={directory}', program], capture_output=True, text=True, check=False)
    return run.stdout + run.stderr, run.returncode == 0


def find_problem(compiler, source, right, wrong, expected):
    said, is_content = compile_program(compiler, source.replace('FAULT', right))
    if not is_content:
        return f'The right one is refused:\n{said}'
    said, is_content = compile_program(compiler, source.replace('FAULT', wrong))
    if is_content:
        return 'The wrong one is accepted.'
    if expected not in said:
        return f'The wrong one is refused for another reason:\n{said}'
    return None


def main():
    compiler = shlex.split(sys.argv[1])

    print(f'1..{len(REFUSALS)}')
    for number, (description, *refusal) in enumerate(REFUSALS, 1):
        problem = find_problem(compiler, *refusal)
        print(f'{"ok" if problem is None else "not ok"} {number} {description}')
        for line in (problem or '').splitlines():
            print('#', line)


main()
