# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that no module of the Python override uses an underscored member that another one defines.

    test-underscores.py CFUTURES-DIRECTORY
"""

import ast
import pathlib
import sys
import unittest

import tap

# What other libraries have no public name for.
OF_OTHERS = {
    'ForkingPickler._extra_reducers': 'what ForkingPickler.register() adds to',
    'self._lock._at_fork_reinit': 'what threading does with its own locks after a fork',
    'subprocess._args_from_interpreter_flags': 'multiprocessing uses it for the same',
    'sys._current_frames': 'the documented way to the stacks of all threads',
    'threading._DummyThread': 'what Python makes for a thread of C',
    'threading._active': 'where Python keeps that',
}


def is_private(name):
    return name.startswith('_') and not name.endswith('__')


def defined_in(module):
    """Returns the underscored names that a module gives to its variables, functions, classes and their members."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node):
            names.add(node.attr)
    return set(filter(is_private, names))


def is_own(attribute):
    """Tells whether it belongs to the object or the class that the code itself is part of, or that it derives from."""
    owner = attribute.value
    if isinstance(owner, ast.Call):
        return isinstance(owner.func, ast.Name) and owner.func.id == 'super'
    return isinstance(owner, ast.Name) and owner.id in ('self', 'cls')


def foreign_uses(text):
    """Returns the underscored members that a module uses of objects that are not its own, and the names it imports."""
    module = ast.parse(text)
    own = defined_in(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own and not is_own(node):
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))


class Underscores(unittest.TestCase):
    directory = pathlib.Path(sys.argv[1], 'python', 'Cf')

    def test_stay_in_their_module(self):
        uses = {}
        for path in self.directory.glob('*.py'):
            for use in foreign_uses(path.read_text(encoding='utf-8')):
                uses.setdefault(use, set()).add(path.name)
        self.assertEqual({use: names for use, names in uses.items() if use not in OF_OTHERS}, {})
        self.assertEqual(set(OF_OTHERS) - set(uses), set())

    def test_finds_what_it_should(self):
        for text, uses in (
            ('def f(other): return other._state', ['other._state']),
            ('def f(other): other._state = 1', ['other._state']),
            ('from .other import _name', ['_name']),
            ('class A:\n  def f(self): return self._state', []),
            ('class A:\n  _state = 1\ndef f(a): return a._state', []),
            ('class A:\n  def f(self): return super()._state, self.__dict__', []),
        ):
            with self.subTest(text):
                self.assertEqual(list(foreign_uses(text)), uses)


if __name__ == '__main__':
    tap.main('__main__')
