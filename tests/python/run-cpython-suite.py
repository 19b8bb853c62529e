# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs CPython's own tests of concurrent.futures against CFutures.

They come with Python, or on Debian with libpython3.*-testsuite; none of them is here. concurrent_futures.py sees to it
that they find CFutures. NOT_APPLICABLE lists what they test that CFutures does not have, and why.
"""

import importlib
import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
import unittest

from concurrent_futures import Cf
import tap

PACKAGE = 'test.test_concurrent_futures'

NOT_APPLICABLE = {
    r'\.Interpreter|\.test_interpreter_pool\.':
        'there is no such pool',
    r'\.ProcessPoolFork|\.test_hang_global_shutdown_lock$':
        'asks for fork or forkserver: there is one way to start a process, and the same test is run with spawn',
    r'\.ProcessPool.*\.test_(killed_child|(error|exit)_at_task_unpickle)$':
        'expects the whole pool to break, where here one call fails and the pool goes on',
    r'\.ProcessPool.*\.test_(processes_terminate|saturation)$':
        'expects processes to be started for calls that cannot be pickled, which fail at once here',
    r'\.ProcessPool.*FailingInitializer.*\.test_initializer$':
        'has multiprocessing send a queue, which only processes of its own can read',
    r'\.ProcessPool.*\.test_(python_finalization_error|force_shutdown_workers(_invalid_op)?)$':
        'replaces private functions of Python, which have no part in a pool of C',
}
if Cf.ThreadPoolExecutor().get_max_workers() < min(32, os.cpu_count() + 4):
    NOT_APPLICABLE[r'\.test_default_workers$'] = 'takes this process for one that may use all processors'


def reason_to_skip(test):
    return next((reason for pattern, reason in NOT_APPLICABLE.items() if re.search(pattern, test.id())), None)


def assert_python_ok(*arguments, **environment):
    """Runs a program of a test as test.support does, with CFutures in it."""
    *options, program = arguments
    program = re.sub('^( *)(?=from concurrent.futures import)', r'\1import concurrent_futures\n\1', program,
                     flags=re.MULTILINE)
    process = subprocess.run([sys.executable, *options, program], capture_output=True,
                             env={**os.environ, **environment})
    if process.returncode != 0:
        raise AssertionError(f'exit status {process.returncode}: {process.stderr.decode()}')
    return process.returncode, process.stdout, process.stderr


def import_tests():
    """Returns the modules: one until Python 3.11, a package since."""
    package = importlib.import_module(PACKAGE)
    names = [name for _, name, _ in pkgutil.iter_modules(getattr(package, '__path__', []))]
    return [importlib.import_module(f'{PACKAGE}.{name}') for name in names if name.startswith('test_')] or [package]


def tests_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_in(test)
        else:
            yield test


def load_tests(loader, standard_tests, pattern):
    suite = unittest.TestSuite()
    for module in import_tests():
        module.assert_python_ok = assert_python_ok
        suite.addTests(loader.loadTestsFromModule(module))

    for test in tests_in(suite):
        reason = reason_to_skip(test)
        if reason is not None:
            setattr(test, test._testMethodName, unittest.skip(reason)(lambda: None))
    return suite


if __name__ == '__main__':
    try:
        # Some distributions have the one without the other.
        from test import support
        found = importlib.util.find_spec(PACKAGE)
    except ImportError:
        found = None
    if found is None:
        print("1..0 # SKIP CPython's tests are not installed")
        sys.exit()

    support.verbose = False
    tap.main('__main__')
