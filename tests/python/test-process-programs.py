# SPDX-License-Identifier: LGPL-2.1-or-later

"""Programs with a pool of processes: what workers know of their program, however that is run."""

import importlib.util
import os
import pathlib
import py_compile
import subprocess
import sys
import tempfile
import unittest
import venv

import tap

LONG = 60

needs_cloudpickle = unittest.skipIf(importlib.util.find_spec('cloudpickle') is None, 'there is no cloudpickle')

PREAMBLE = """
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf
"""

FUNCTIONS = PREAMBLE + """
import dataclasses

@dataclasses.dataclass
class Point:
    x: int

def double(point):
    return Point(2 * point.x)

"""

# An interactive interpreter wants a line after each definition, and none in it.
DOUBLE = """
with Cf.ProcessPoolExecutor(1) as pool: print(pool.submit(double, Point(2)).result(60))

"""


CALLBACK_AT_THE_END = """
import atexit
import threading
import time

atexit.register(print, 'the end')    # comes after what is registered later, as by CFutures

""" + PREAMBLE + """

is_ending = threading.Event()

def call_back(future):
    is_ending.wait()
    time.sleep(0.1)     # what does not wait for this one comes first
    print('the callback')

future = Cf.ProcessPoolExecutor(1).submit(pow, 5, 2)
future.add_done_callback(call_back, context=None)
print(future.result())
del future
atexit.register(is_ending.set)
"""


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding='utf-8')
        return str(path)

    def run_python(self, *arguments, executable=sys.executable, input='', search_path=()):
        """Runs Python in the folder; returns the process."""
        environment = {**os.environ, 'PYTHONPATH': os.pathsep.join([*search_path, os.environ.get('PYTHONPATH', '')])}
        return subprocess.run([executable, *arguments], input=input, capture_output=True, text=True, timeout=LONG,
                              cwd=self.folder, env=environment)

    def assert_prints(self, expected, *arguments, **options):
        process = self.run_python(*arguments, **options)
        self.assertEqual((process.stdout, process.stderr), (expected, ''))

    def hide_cloudpickle(self):
        """Returns a folder for the search path in which cloudpickle is a module that cannot be imported."""
        self.write('hiding/cloudpickle.py', "raise ImportError('hidden')\n")
        return [str(self.folder / 'hiding')]


class NoFiles(ProgramTest):
    """Programs that workers cannot import."""

    @needs_cloudpickle
    def test_command(self):
        self.assert_prints('Point(x=4)\n', '-c', FUNCTIONS + DOUBLE)

    @needs_cloudpickle
    def test_standard_input(self):
        self.assert_prints('Point(x=4)\n', '-', input=FUNCTIONS + DOUBLE)

    @needs_cloudpickle
    def test_interactive_interpreter(self):
        process = self.run_python('-i', '-q', input=FUNCTIONS + DOUBLE)
        self.assertEqual(process.stdout, 'Point(x=4)\n')
        self.assertNotIn('Traceback', process.stderr)

    @needs_cloudpickle
    def test_exception_of_the_program(self):
        self.assert_prints("Problem('x')\n", '-c', PREAMBLE + """
class Problem(Exception):
    pass

def fail():
    raise Problem('x')

print(repr(Cf.ProcessPoolExecutor(1).submit(fail).exception(60)))
""")

    @needs_cloudpickle
    def test_initializer(self):
        self.assert_prints('5\n', '-c', PREAMBLE + """
def prepare(number):
    import math
    math.prepared = number

print(Cf.ProcessPoolExecutor(1, initializer=prepare, initargs=(5,)).submit(eval, '__import__("math").prepared').result())
""")

    def test_without_cloudpickle(self):
        process = self.run_python('-c', FUNCTIONS + DOUBLE, search_path=self.hide_cloudpickle())
        self.assertRegex(process.stderr, r"PicklingError: Can't pickle <.*\bdouble\b.*without a file.*cloudpickle")

    def test_functions_of_modules(self):
        """Functions of the program that have the name of one of the worker's do not confuse it."""
        self.assert_prints("[1, 2]\n['__main__']\n", '-', search_path=self.hide_cloudpickle(), input=PREAMBLE + """
with Cf.ProcessPoolExecutor(1) as pool:
    print(list(pool.map(abs, [-1, -2])))
    print(pool.submit(list, ['__main__']).result())
""")

    def test_names_of_the_worker(self):
        """What is the worker's own is not in __main__."""
        self.assert_prints('False\n', '-c', PREAMBLE + """
print(Cf.ProcessPoolExecutor(1).submit(eval, "hasattr(__import__('__main__'), 'resolve')").result())
""")


class Files(ProgramTest):
    GUARD = "if __name__ == '__main__':\n"

    def test_without_a_guard(self):
        path = self.write('program.py', PREAMBLE + 'Cf.ProcessPoolExecutor(1).submit(abs, -1).result()')
        process = self.run_python(path)
        self.assertIn('BrokenProcessPool', process.stderr)
        self.assertIn("if __name__ == '__main__'", process.stderr)

    def test_pool_that_is_made_without_a_guard(self):
        """It is calls that start workers: a pool may be a variable of a module."""
        path = self.write('program.py', PREAMBLE + 'pool = Cf.ProcessPoolExecutor(1)\n' + self.GUARD +
                          '    print(pool.submit(abs, -1).result())\n')
        self.assert_prints('1\n', path)

    def test_pool_of_a_worker(self):
        path = self.write('program.py', PREAMBLE + 'pool = Cf.ProcessPoolExecutor(1)\n'
                          'def nest(depth):\n'
                          '    return depth and 1 + pool.submit(nest, depth - 1).result()\n' + self.GUARD +
                          '    print(nest(2))\n')
        self.assert_prints('2\n', path)

    def test_module(self):
        self.write('package/__init__.py', '')
        self.write('package/program.py', FUNCTIONS + 'from . import __name__ as package\n' + self.GUARD +
                   '    print(Cf.ProcessPoolExecutor(1).submit(double, Point(3)).result(), package)\n')
        self.assert_prints('Point(x=6) package\n', '-m', 'package.program')

    def test_name_and_arguments_that_are_no_text(self):
        path = self.write('program-\udcff.py', FUNCTIONS + self.GUARD +
                          '    with Cf.ProcessPoolExecutor(1) as pool:\n'
                          '        print(pool.submit(double, Point(3)).result())\n'
                          '        print(pool.submit(eval, "__import__(\'sys\').argv[1:]").result())\n')
        self.assert_prints("Point(x=6)\n['\\udcfe']\n", path, '\udcfe')

    def test_compiled(self):
        path = self.write('program.py', FUNCTIONS + self.GUARD + '    print(Cf.ProcessPoolExecutor(1)'
                          '.submit(double, Point(3)).result())\n')
        compiled = py_compile.compile(path, str(self.folder / 'program.pyc'))
        pathlib.Path(path).unlink()
        self.assert_prints('Point(x=6)\n', compiled)

    def test_package(self):
        """Nobody writes a guard in __main__.py."""
        self.write('package/__init__.py', '')
        self.write('package/functions.py', 'def halve(number):\n    return number / 2\n')
        self.write('package/__main__.py', PREAMBLE + 'from .functions import halve\n'
                   'print(Cf.ProcessPoolExecutor(1).submit(halve, 5).result())\n')
        self.assert_prints('2.5\n', '-m', 'package')

    def test_ends_after_the_threads_of_a_pool_that_is_gone(self):
        """They run code of Python, and the interpreter crashes if it ends meanwhile."""
        self.assert_prints('25\nthe callback\nthe end\n', '-c', CALLBACK_AT_THE_END)

    @needs_cloudpickle
    def test_function_of_a_package(self):
        self.write('package/__main__.py', FUNCTIONS + DOUBLE)
        self.assert_prints('Point(x=4)\n', 'package')


class Interpreters(ProgramTest):
    PROGRAM = PREAMBLE + """
import sys

with Cf.ProcessPoolExecutor(1) as pool:
    print(pool.submit(eval, "__import__('sys').prefix").result() == sys.prefix)
    print(pool.submit(eval, "__import__('sys').executable").result() == sys.executable)
    print(pool.submit(eval, "__import__('sys').flags.optimize").result() == sys.flags.optimize)
"""

    def test_same(self):
        self.assert_prints('True\n' * 3, '-c', self.PROGRAM)

    def test_options(self):
        self.assert_prints('True\n' * 3, '-O', '-c', self.PROGRAM)

    def make_environment(self):
        """Returns the Python of a virtual environment with a module of its own."""
        builder = venv.EnvBuilder(system_site_packages=True, symlinks=True)
        builder.create(self.folder / 'environment')
        place = builder.ensure_directories(self.folder / 'environment')
        packages = next(pathlib.Path(place.env_dir, 'lib').glob('python3*/site-packages'))
        (packages / 'only_there.py').write_text('def answer():\n    return 42\n')
        return place.env_exe

    def test_virtual_environment(self):
        python = self.make_environment()
        self.assert_prints('True\n' * 3 + '42\n', '-c', self.PROGRAM + """
import only_there
print(Cf.ProcessPoolExecutor(1).submit(only_there.answer).result())
""", executable=python)

    def test_virtual_environment_by_name(self):
        self.assert_prints('42\n', '-c', PREAMBLE + """
pool = Cf.ProcessPoolExecutor.new_with_launcher(1, Cf.WorkerLauncher())
print(pool.submit_by_name('only_there:answer').result())
""", executable=self.make_environment())

    def test_that_multiprocessing_is_told_of(self):
        python = self.make_environment()
        self.assert_prints(f'{python}\n', '-c', PREAMBLE + f"""
import multiprocessing
multiprocessing.set_executable('{python}')
print(Cf.ProcessPoolExecutor(1).submit(eval, "__import__('sys').executable").result())
""")

    def test_of_another_environment(self):
        python = self.make_environment()
        self.assert_prints('42\n', '-c', PREAMBLE + f"""
launcher = Cf.WorkerLauncher(interpreter_argv=['{python}'])
pool = Cf.ProcessPoolExecutor.new_with_launcher(1, launcher)
print(pool.submit_by_name('only_there:answer').result())
""")


class Outputs(ProgramTest):
    def test_closed(self):
        """The program is started with its standard output closed."""
        program = PREAMBLE + """
import sys
with Cf.ProcessPoolExecutor(1) as pool:
    sys.stderr.write(f'{pool.submit(abs, -1).result()} {pool.submit(print, "x").exception()}')
"""
        process = self.run_python('-c', 'import os, sys\nos.close(1)\n'
                                  f'os.execv(sys.executable, [sys.executable, "-c", {program!r}])')
        self.assertEqual(process.stderr, '1 None')

    def test_closed_by_a_call(self):
        process = self.run_python('-c', PREAMBLE + """
import sys
with Cf.ProcessPoolExecutor(1) as pool:
    pool.submit(eval, '__import__("sys").stdout.close()').result()
    print(pool.submit(abs, -1).result())
""")
        self.assertEqual((process.stdout, process.stderr), ('1\n', ''))


class Ends(ProgramTest):
    def test_of_a_program_that_has_dropped_its_pool(self):
        """As in Python, the calls are made before the program ends."""
        for submit in ('submit(eval, CALL)', 'submit_by_name("builtins:eval", CALL)',
                       'submit_task(Cf.Task("builtins:eval", CALL))', 'submit_task(Cf.Task(eval, CALL))'):
            with self.subTest(submit):
                self.assert_prints('made\n', '-', input=PREAMBLE + f"""
CALL = '__import__("time").sleep(0.2) or print("made")'

def main():
    Cf.ProcessPoolExecutor(1).{submit}

main()
""")

    def test_that_ends_before_its_calls(self):
        self.assert_prints('-1\n', '-', input=PREAMBLE + """
import operator, time
pool = Cf.ProcessPoolExecutor(1)
for call in (time.sleep, 0.1), (operator.neg, 1):
    future = pool.submit(*call)
future.add_done_callback(lambda future: print(future.result()), context=None)
""")

    def test_that_ends_with_a_failure_nobody_looked_at(self):
        process = self.run_python('-c', PREAMBLE + """
pool = Cf.ProcessPoolExecutor(1)
future = pool.submit(int, 'x')
pool.shutdown()
""")
        self.assertRegex(process.stderr, "nobody looked at its error: ValueError: invalid literal.*'x'")


if __name__ == '__main__':
    tap.main('__main__')
