# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks the type stubs: in themselves, against a program that uses them, and against what is there.

What is there is told by the override, and by the introspection data, in the file CF_GIR.

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
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf  # noqa: E402

import tap  # noqa: E402

MYPY = sys.argv[1]
HERE = pathlib.Path(__file__).parent
STUBS = HERE.parent.parent / 'cfutures' / 'python' / 'Cf.pyi'

CORE = '{http://www.gtk.org/introspection/core/1.0}'

# What Python sees of PyGObject where it is not known.
NAMESPACES = {
    'gi/__init__.pyi': 'def require_version(namespace: str, version: str) -> None: ...',
    'gi/repository/__init__.pyi': '',
    'gi/repository/GLib.pyi': '\n'.join(f'class {name}: ...' for name in (
        'Bytes', 'Error', 'LogLevelFlags', 'MainContext', 'Variant')),
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


# What the introspection data has and the stubs have not, and why.
LEFT_OUT = {
    'CompletionIterator': 'as_completed() is a generator',
    'Error.is_cancelled': 'error_is_cancelled() knows exceptions of Python too',
    'Error.quark': 'error_quark()',
    'Executor.begin_drain': 'for the overrides of gjs',
    'Executor.begin_shutdown': 'for the overrides of gjs',
    'Executor.map_generator': 'map() and its siblings take generators',
    'Executor.submit_async': 'a future can be awaited, and has add_done_callback()',
    'Executor.submit_finish': 'see submit_async',
    'Future.add_listener': 'for the overrides of gjs',
    'MapIterator': 'map() and its siblings are generators',
    'ProcessPoolExecutor.set_initializer': 'takes a function of C; the constructor takes one of Python',
    'Task.get_source_tag': 'a pointer, which is nothing in Python',
    'Task.is_valid': 'see Executor.submit_async',
    'Task.set_source_tag': 'see Task.get_source_tag',
    'ThreadPoolExecutor.set_initializer': 'the constructor takes it',
}

MEMBERS = {'constructor': '{}', 'function': '{}', 'member': '{}', 'method': '{}', 'property': '{}',
           'virtual-method': 'do_{}'}


def tag_of(element):
    return element.tag.removeprefix(CORE)


def in_gir():
    """Returns the names that Python can use, those of members with their class."""
    names = set()
    for element in ElementTree.parse(os.environ['CF_GIR']).getroot().find(CORE + 'namespace'):
        if element.get('introspectable') == '0':
            continue
        if tag_of(element) in ('constant', 'function'):
            names.add(element.get('name'))
        elif tag_of(element) in ('bitfield', 'class', 'enumeration'):
            names.add(element.get('name'))
            names |= {f'{element.get("name")}.{name}' for name in members_of(element)}
    return names


def members_of(element):
    is_enumeration = tag_of(element) in ('bitfield', 'enumeration')
    for child in element:
        if tag_of(child) in MEMBERS and child.get('introspectable') != '0':
            name = MEMBERS[tag_of(child)].format(child.get('name')).replace('-', '_')
            yield name.upper() if is_enumeration and tag_of(child) == 'member' else name


def names_of(definition):
    if isinstance(definition, (ast.ClassDef, ast.FunctionDef)):
        yield definition.name
    elif isinstance(definition, ast.AnnAssign):
        yield definition.target.id
    elif isinstance(definition, ast.Assign):
        yield from (target.id for target in definition.targets)


def in_stubs():
    """Returns the names as in_gir() does."""
    names = set()
    for definition in ast.parse(STUBS.read_text()).body:
        names.update(names_of(definition))
        if isinstance(definition, ast.ClassDef):
            names |= {f'{definition.name}.{name}' for member in definition.body for name in names_of(member)}
    return names


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

    def test_have_what_is_in_the_introspection_data(self):
        names = in_gir()
        left_out = {name for name in names if name in LEFT_OUT or name.split('.')[0] in LEFT_OUT}
        self.assertEqual(names - left_out - in_stubs(), set())
        self.assertEqual({name for name in LEFT_OUT if name not in names or name in in_stubs()}, set())

    def compare(self, owner, definition):
        with self.subTest(f'{owner.__name__}.{definition.name}'):
            what = getattr(owner, definition.name)
            if isinstance(definition, ast.ClassDef):
                for member in definition.body:
                    if isinstance(member, (ast.ClassDef, ast.FunctionDef)):
                        self.compare(what, member)
                    elif isinstance(member, ast.AnnAssign) and not issubclass(what, tuple):
                        self.assertTrue(hasattr(what, member.target.id), member.target.id)
            elif inspect.isfunction(what):
                self.assertEqual(stub_parameters(definition), parameters_of(what))


if __name__ == '__main__':
    tap.main('__main__')
