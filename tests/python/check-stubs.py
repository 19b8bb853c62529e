# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks the type stubs: in themselves, against a program that uses them, and against what is there.

    check-stubs.py MYPY

Without mypy, which is '' then, they are only compared with what is there.

PyGObject's own stubs need not be installed: here its namespaces are of type Any.
"""

import ast
import inspect
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

import tap  # noqa: E402

MYPY = sys.argv[1]
HERE = pathlib.Path(__file__).parent
STUBS = HERE.parent.parent / 'cfutures' / 'python' / 'Cf.pyi'

# What Python sees of PyGObject where it is not known.
NAMESPACES = {
    'gi/__init__.pyi': 'def require_version(namespace: str, version: str) -> None: ...',
    'gi/repository/__init__.pyi': '',
    'gi/repository/GLib.pyi': 'class MainContext: ...\nclass Variant: ...',
    'gi/repository/GObject.pyi': 'class Object: ...',
    'gi/repository/Gio.pyi': 'class AsyncResult: ...\nclass Cancellable: ...',
}


def check_types(*arguments):
    """Returns the complaints of mypy."""
    with tempfile.TemporaryDirectory() as directory:
        for name, contents in NAMESPACES.items():
            path = pathlib.Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(contents)
        pathlib.Path(directory, 'gi/repository/Cf.pyi').symlink_to(STUBS)
        process = subprocess.run([MYPY, '--strict', '--cache-dir', directory + '/cache', *arguments],
                                 capture_output=True, text=True, cwd=directory,
                                 env={**os.environ, 'MYPYPATH': directory, 'PYTHONPATH': ''})
    return process.stdout.replace('Success: no issues found in 1 source file\n', '') + process.stderr


def parameters_of(function):
    return [(parameter.name, parameter.kind) for parameter in inspect.signature(function).parameters.values()]


def stub_parameters(definition):
    """Compiles the head of a function of the stubs, to look at it in the same way."""
    function = ast.FunctionDef(definition.name, definition.args, [ast.Pass()], [], None)
    for argument in ast.walk(function):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    names = {}
    exec(compile(ast.fix_missing_locations(ast.Module([function], [])), str(STUBS), 'exec'), names)
    return parameters_of(names[definition.name])


needs_mypy = unittest.skipUnless(MYPY, 'mypy is not installed')


class Stubs(unittest.TestCase):
    @needs_mypy
    def test_are_consistent(self):
        self.assertEqual(check_types('-m', 'gi.repository.Cf'), '')

    @needs_mypy
    def test_tell_the_types_of_a_program(self):
        self.assertEqual(check_types(str(HERE / 'typed-program.py')), '')

    def test_have_what_is_there(self):
        for definition in ast.parse(STUBS.read_text()).body:
            if isinstance(definition, (ast.ClassDef, ast.FunctionDef)):
                self.compare(Cf, definition)

    def compare(self, owner, definition):
        with self.subTest(f'{owner.__name__}.{definition.name}'):
            what = getattr(owner, definition.name)
            if isinstance(definition, ast.ClassDef):
                for member in definition.body:
                    if isinstance(member, (ast.ClassDef, ast.FunctionDef)):
                        self.compare(what, member)
            elif inspect.isfunction(what):
                self.assertEqual(stub_parameters(definition), parameters_of(what))


if __name__ == '__main__':
    tap.main('__main__')
