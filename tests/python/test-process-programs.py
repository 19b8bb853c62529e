# SPDX-License-Identifier: LGPL-2.1-or-later

"""Programs with a pool of processes: what workers know of their program, however that is run."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import venv

import tap

LONG = 60

PREAMBLE = """
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf
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
pool = Cf.ProcessPoolExecutor.new(1)
pool.set_worker_kind(Cf.WorkerKind.PYTHON)
print(pool.submit_name('only_there:answer').result())
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
pool = Cf.ProcessPoolExecutor.new(1)
pool.set_worker_kind(Cf.WorkerKind.PYTHON)
pool.set_interpreter_argv(['{python}'])
print(pool.submit_name('only_there:answer').result())
""")


if __name__ == '__main__':
    tap.main('__main__')
