# SPDX-License-Identifier: LGPL-2.1-or-later

"""Functions of other languages that Python calls by name, with values of Python."""

import collections
import itertools
import os
import pathlib
import shutil
import unittest
from array import array

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, Gio, GLib  # noqa: E402

import tap  # noqa: E402

LONG = 60
HERE = pathlib.Path(__file__).resolve().parent
NATIVE = os.environ['SMOKE_FUNCTIONS']
JAVASCRIPT = f'file://{HERE.parent}/integration/worker-functions.js'

Point = collections.namedtuple('Point', 'x y')


def pool_of(kind):
    return Cf.ProcessPoolExecutor.new_with_launcher(1, Cf.WorkerLauncher.new(kind))


class NativeFunctions:
    """What is the same wherever a function of C is called."""

    def setUp(self):
        self.pool = self.make_pool()
        self.addCleanup(self.pool.shutdown)

    def call(self, name, *args):
        return self.pool.submit_by_name(f'{NATIVE}:{name}', *args).result(LONG)

    def test_what_a_function_gets(self):
        for args, printed in (
            ((), 'no value'),
            ((None,), 'no value'),
            ((5,), 'int64 5'),
            ((2**63,), 'uint64 9223372036854775808'),
            ((True,), 'true'),
            ((0.5,), '0.5'),
            (('word',), "'word'"),
            ((b'ab',), '[byte 0x61, 0x62]'),
            ((bytearray(b'ab'),), '[byte 0x61, 0x62]'),
            ((GLib.Bytes.new(b'ab'),), '[byte 0x61, 0x62]'),
            (([1, 2],), '[int64 1, 2]'),
            (([1, 0.5],), '[<int64 1>, <0.5>]'),
            (([],), '@av []'),
            ((array('i', [1, 2]),), '[1, 2]'),
            ((array('B', b'ab'),), '[byte 0x61, 0x62]'),
            ((array('l', [1, 2]),), '[int64 1, 2]'),
            (({'a': 1},), "{'a': <int64 1>}"),
            ((1, 'a'), "(int64 1, 'a')"),
            (((1, 'a'),), "((int64 1, 'a'),)"),
            ((Point(1, 2),), '((int64 1, int64 2),)'),
            ((None, None), '(@mv nothing, @mv nothing)'),
            ((GLib.Variant('i', 5),), '5'),
            ((GLib.Variant('(is)', (5, 'a')),), "(5, 'a')"),
            ((GLib.Variant('i', 5), 5), '(5, int64 5)'),
        ):
            with self.subTest(args):
                self.assertEqual(self.call('smoke_print', *args), printed)

    def test_what_comes_back(self):
        for value in (5, -2**63, 2**64 - 1, True, 0.5, 'word', b'ab\0', [1, 2], [0.5], [1, 'a'], [[1], [2, 3]], [],
                      {'a': 1, 'b': [None]}, {1: 'x'}, ['a', 'b']):
            with self.subTest(value):
                result = self.call('smoke_echo', value)
                self.assertEqual(result, value)
                self.assertIs(type(result), type(value))
        self.assertEqual(self.call('smoke_echo', 1, 'a', (2, 3)), (1, 'a', (2, 3)))
        self.assertIsNone(self.call('smoke_echo'))

    def test_function(self):
        self.assertEqual(self.call('count_primes', 100), 25)

    def test_map(self):
        results = self.pool.map_by_name(f'{NATIVE}:count_primes', itertools.count(10), buffersize=2)
        self.assertEqual([next(results) for _ in range(3)], [4, 4, 5])
        self.assertEqual(list(self.pool.map_by_name(f'{NATIVE}:smoke_echo', [1, 2], 'ab')), [(1, 'a'), (2, 'b')])

    def test_task(self):
        task = Cf.Task.new_by_name(f'{NATIVE}:count_primes', 3)
        task.set_priority(-5)
        self.assertEqual(self.pool.submit_task(task).result(LONG), 1)

    def test_what_has_no_counterpart(self):
        for value, what in (({1, 2}, '“set”'), (2**64, '64 bits'), ('\0', 'NUL'), ('\udc80', 'surrogate'),
                            ({1: 1, 'a': 1}, 'basic type')):
            with self.subTest(value):
                exception = self.pool.submit_by_name(f'{NATIVE}:smoke_echo', value).exception(LONG)
                self.assertTrue(exception.matches(Cf.error_quark(), Cf.Error.NOT_PORTABLE))
                self.assertIn(what, exception.message)

    def test_what_contains_itself(self):
        endless = []
        endless.append(endless)
        exception = self.pool.submit_by_name(f'{NATIVE}:smoke_echo', endless).exception(LONG)
        self.assertIn('contains itself', exception.message)

    def test_failure(self):
        with self.assertRaises(GLib.Error) as caught:
            self.call('count_primes', 'no number')
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT))

    def test_function_that_does_not_exist(self):
        with self.assertRaises(GLib.Error) as caught:
            self.call('no_such_function')
        self.assertTrue(caught.exception.matches(Cf.error_quark(), Cf.Error.NO_SUCH_FUNCTION))


class InThreads(NativeFunctions, unittest.TestCase):
    def make_pool(self):
        return Cf.ThreadPoolExecutor(2)


class InProcesses(NativeFunctions, unittest.TestCase):
    def make_pool(self):
        return Cf.ProcessPoolExecutor.new(2)


class Inline(NativeFunctions, unittest.TestCase):
    def make_pool(self):
        return Cf.InlineExecutor()


class Python(unittest.TestCase):
    """Functions of Python, by name, in workers that know nothing else of the program."""

    def setUp(self):
        self.pool = pool_of(Cf.WorkerKind.PYTHON)
        self.addCleanup(self.pool.shutdown)

    def test_function(self):
        self.assertEqual(self.pool.submit_by_name('statistics:mean', [1, 2, 6]).result(LONG), 3)
        self.assertEqual(self.pool.submit_by_name('builtins:pow', 2, 10).result(LONG), 1024)
        self.assertEqual(self.pool.submit_by_name('builtins:len', (1, 2, 3)).result(LONG), 3)
        self.assertEqual(self.pool.submit_by_name('builtins:dict').result(LONG), {})
        self.assertEqual(list(self.pool.map_by_name('builtins:str', range(3))), ['0', '1', '2'])

    def test_beside_pickled_calls(self):
        with Cf.ProcessPoolExecutor(1) as pool:
            self.assertEqual(pool.submit_by_name('builtins:pow', 2, 10).result(LONG), 1024)
            self.assertEqual(pool.submit(pow, 2, 10).result(LONG), 1024)

    def test_initializer(self):
        self.pool.set_initializer_by_name('operator:setitem', GLib.Variant('(a{sv}ii)', ({}, 1, 1)))
        self.assertEqual(self.pool.submit_by_name('builtins:abs', -1).result(LONG), 1)


@unittest.skipIf(shutil.which('gjs') is None, 'there is no gjs')
class JavaScript(unittest.TestCase):
    def setUp(self):
        self.pool = pool_of(Cf.WorkerKind.GJS)
        self.addCleanup(self.pool.shutdown)

    def test_function(self):
        self.assertEqual(self.pool.submit_by_name(f'{JAVASCRIPT}:halve', 5).result(LONG), 2.5)
        self.assertEqual(self.pool.submit_by_name(':source', '(a, b) => a ** b', 2, 10).result(LONG), 1024)

    def test_values(self):
        for value in (True, 5, 0.5, 'word', b'ab', [1, 2], [1, 'a'], {'a': [1]}, 2**63 - 1, None):
            with self.subTest(value):
                self.assertEqual(self.pool.submit_by_name(f'{JAVASCRIPT}:echo', [value]).result(LONG), [value])

    def test_error(self):
        exception = self.pool.submit_by_name(f'{JAVASCRIPT}:fail').exception(LONG)
        self.assertRegex(exception.message, '^RangeError: no such luck')


if __name__ == '__main__':
    tap.main('__main__')
