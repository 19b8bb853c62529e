# SPDX-License-Identifier: LGPL-2.1-or-later

"""What workers for Python do, asked for by a Python program that knows nothing but what introspection says.

Run by `meson test`, which points GI_TYPELIB_PATH and LD_LIBRARY_PATH at the build.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import gi

gi.require_version('Cf', '1')

# Were the override for Python installed, it would be loaded.
sys.modules['gi.overrides.Cf'] = None

from gi.repository import Cf, Gio, GLib  # noqa: E402

try:
    import cloudpickle
except ImportError:
    cloudpickle = None

HERE = Path(__file__).resolve().parent
PYTHON_FUNCTIONS = f'{HERE}/worker-functions.py'
GJS_FUNCTIONS = f'file://{HERE}/worker-functions.js'

# A program whose pool has a worker of its own making, which logs.
PROGRAM_WITH_A_WORKER_THAT_LOGS = '''
import sys
import gi
sys.modules['gi.overrides.Cf'] = None
gi.require_version('Cf', '1')
from gi.repository import Cf, GLib

WORKER = """
import sys
import gi
gi.require_version('Cf', '1')
from gi.repository import Cf, GLib

def handle(worker, future):
    worker.log(GLib.LogLevelFlags.LEVEL_WARNING, 'what the worker has to say')
    future.set_variant(None)

Cf.Worker.new(sys.argv[-1]).run(handle)
"""

launcher = Cf.WorkerLauncher.new(Cf.WorkerKind.PYTHON)
launcher.set_argv([sys.executable, '-c', WORKER])
pool = Cf.ProcessPoolExecutor.new_with_launcher(1, launcher)
pool.submit_by_name('any:function', None).await_variant()
print(pool.get_worker_pids()[0])
pool.shutdown(Cf.ShutdownFlags.WAIT)
'''

PROGRAM_WITHOUT_A_GUARD = '''
from gi.repository import Cf
Cf.ProcessPoolExecutor.new(1).submit_by_name('builtins:abs', None)
'''

PROGRAM = '''
if __name__ == '__main__':
    raise SystemExit('the program was run, and not imported')

def greet(name, greeting='hello'):
    return f'{greeting}, {name}'

def fail():
    raise ValueError('no such luck')

class Unfit(Exception):
    def __init__(self, first, second):
        super().__init__(first)

def fail_with_unfit():
    raise Unfit(1, 2)
'''


def bytes_variant(data):
    return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(data), True)


def bytes_of(variant):
    return variant.get_data_as_bytes().get_data()


class PoolTest(unittest.TestCase):
    KIND = Cf.WorkerKind.PYTHON

    def make_pool(self, max_workers=1, launcher=None):
        launcher = launcher or Cf.WorkerLauncher.new(self.KIND)
        pool = Cf.ProcessPoolExecutor.new_with_launcher(max_workers, launcher)
        self.addCleanup(pool.shutdown, Cf.ShutdownFlags.WAIT)
        return pool

    def setUp(self):
        self.pool = self.make_pool()

    def submit(self, function, arguments=None):
        return self.pool.submit_by_name(f'{PYTHON_FUNCTIONS}:{function}', arguments)

    def call(self, function, arguments=None):
        result = self.submit(function, arguments).await_variant()
        return None if result is None else result.unpack()

    def assert_fails(self, future, code, pattern):
        with self.assertRaises(GLib.Error) as caught:
            future.await_variant()
        self.assertTrue(caught.exception.matches(Cf.error_quark(), code), caught.exception)
        self.assertRegex(caught.exception.message, pattern)
        return caught.exception.message


class Names(PoolTest):
    def test_module(self):
        mean = self.pool.submit_by_name('statistics:mean', GLib.Variant('(ad)', ([1, 2, 6],)))
        self.assertEqual(mean.await_double(), 3)

    def test_dotted_module(self):
        self.assertEqual(self.pool.submit_by_name('os.path:basename', GLib.Variant('s', '/a/b')).await_string(), 'b')

    def test_builtin(self):
        self.assertEqual(self.pool.submit_by_name('builtins:len', GLib.Variant('s', 'four')).await_int64(), 4)

    def test_file(self):
        self.assertEqual(self.call('halve', GLib.Variant('i', 5)), 2.5)

    def test_qualified(self):
        self.assertEqual(self.call('Numbers.double', GLib.Variant('(i)', (4,))), 8)

    def test_missing(self):
        for name, what in (('no_such_module:f', '“no_such_module”'), ('os.no_such_module:f', '“os.no_such_module”'),
                           ('/no/such/file.py:f', '“/no/such/file.py”'), ('os:no.such', '“no.such”'),
                           ('os', 'MODULE:QUALNAME'), ('os:', 'MODULE:QUALNAME'), (':os', 'MODULE:QUALNAME'),
                           ('string:digits', 'not a function, but a str')):
            with self.subTest(name):
                self.assert_fails(self.pool.submit_by_name(name, None), Cf.Error.NO_SUCH_FUNCTION, what)

    def test_module_that_does_not_find_another(self):
        with tempfile.NamedTemporaryFile('w', suffix='.py') as module:
            module.write('import no_such_module')
            module.flush()
            self.assert_fails(self.pool.submit_by_name(f'{module.name}:f', None), Cf.Error.REMOTE,
                              "^ModuleNotFoundError: No module named 'no_such_module'")


class Values(PoolTest):
    def test_there_and_back(self):
        for text in ('true', '5', '-1', '1.5', "'word'", "''", "b'abc'", "@ay []", '@av []', '[1, 2]', '[1.5, 2.5]',
                     "['a', 'b']", "[(1, 'a'), (2, 'b')]", '(1, 2)', '()', '@a{sv} {}', "{'a': <1>, 'b': <[true]>}",
                     '{1: <2>}', '[[1, 2], [3]]', 'uint64 18446744073709551615', '@ms nothing', "@ms 'some'"):
            with self.subTest(text):
                value = GLib.Variant.parse(None, text, None, None)
                result = self.submit('echo', GLib.Variant.new_tuple(value)).await_variant()
                self.assertEqual(None if result is None else result.unpack(), value.unpack())

    def test_types_in_the_worker(self):
        self.assertEqual(self.call('names_of_types', GLib.Variant('(bynqiuxtdsogayasaia{sv}(i)vmv)', (
            True, 1, 1, 1, 1, 1, 1, 1, 1.0, 's', '/o', 'g', b'a', ['a'], [1], {}, (1,), GLib.Variant('s', 'v'), None,
        ))), ['bool', *['int'] * 7, 'float', 'str', 'str', 'str', 'bytes', 'list', 'list', 'dict', 'tuple', 'str',
              'NoneType'])

    def test_types_of_results(self):
        for text, signature in (('1', 'x'), ('uint64 18446744073709551615', 't'), ('1.5', 'd'), ("b'a'", 'ay'),
                                ("['a']", 'as'), ('[true]', 'ab'), ("[<1>, <'a'>]", 'av'), ('[1]', 'ax'),
                                ('[1.5]', 'ad'), ('[[1]]', 'aax'), ("(1, 'a')", '(xs)'), ("{'a': 1}", 'a{sv}')):
            with self.subTest(text):
                value = GLib.Variant.parse(None, text, None, None)
                result = self.submit('echo', GLib.Variant.new_tuple(value)).await_variant()
                self.assertEqual(result.get_type_string(), signature)

    def test_nothing(self):
        self.assertIsNone(self.submit('echo').await_variant())

    def test_one_argument_that_is_no_tuple(self):
        self.assertEqual(self.call('names_of_types', GLib.Variant('as', ['a', 'b'])), ['list'])

    def test_coroutine(self):
        self.assertEqual(self.call('later', GLib.Variant('i', 5)), 5)

    def test_what_is_not_portable(self):
        self.assertEqual(self.call('power_of_two', GLib.Variant('i', 63)), 2**63)
        self.assert_fails(self.submit('power_of_two', GLib.Variant('i', 64)), Cf.Error.NOT_PORTABLE, '64 bits')
        self.assert_fails(self.submit('endless_list'), Cf.Error.NOT_PORTABLE, 'nested')
        self.assert_fails(self.pool.submit_by_name('builtins:object', None), Cf.Error.NOT_PORTABLE, '“object”')
        self.assert_fails(self.pool.submit_by_name('builtins:chr', GLib.Variant('i', 0)), Cf.Error.NOT_PORTABLE, 'NUL')

    def test_many_bytes(self):
        data = os.urandom(1 << 20) * 64
        result = self.submit('echo', GLib.Variant.new_tuple(bytes_variant(data))).await_variant()
        self.assertEqual(result.get_data_as_bytes().get_data(), data)

    def test_many_numbers(self):
        numbers = list(range(100000))
        result = self.submit('echo', GLib.Variant.new_tuple(GLib.Variant('ax', numbers))).await_variant()
        self.assertEqual(result.get_data_as_bytes().get_data(),
                         GLib.Variant('ax', numbers).get_data_as_bytes().get_data())


class Failures(PoolTest):
    def test_exception(self):
        message = self.assert_fails(self.submit('fail'), Cf.Error.REMOTE, '^ValueError: no such luck\n')
        self.assertIn("raise ValueError('no such luck')", message)
        self.assertIn(PYTHON_FUNCTIONS, message)
        self.assertNotIn('cfutures-worker.py', message)

    def test_wrong_arguments(self):
        self.assert_fails(self.submit('halve'), Cf.Error.REMOTE, r'^TypeError: halve\(\) missing 1 required')

    def test_glib_error(self):
        with self.assertRaises(GLib.Error) as caught:
            self.submit('fail_with_glib_error').await_variant()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
        self.assertEqual(caught.exception.message, 'gone')

    def test_cancelled_errors(self):
        for module in 'concurrent.futures', 'asyncio':
            with self.subTest(module=module), self.assertRaises(GLib.Error) as caught:
                self.submit('fail_as_cancelled', GLib.Variant('(s)', (module,))).await_variant()
            self.assertTrue(Cf.error_is_cancelled(caught.exception), caught.exception)

    def test_message_that_is_no_text(self):
        self.assert_fails(self.submit('fail_with_what_is_no_text'), Cf.Error.REMOTE, r'ValueError: \\udc80')

    def test_a_worker_survives_what_ends_programs(self):
        pid = self.call('get_pid')
        self.assert_fails(self.submit('interrupt'), Cf.Error.REMOTE, '^KeyboardInterrupt')
        self.assert_fails(self.submit('exit_program'), Cf.Error.REMOTE, '^SystemExit: 3')
        self.assertEqual(self.call('get_pid'), pid)

    def test_a_worker_survives_an_interrupt_between_calls(self):
        pid = self.call('get_pid')
        os.kill(pid, 2)
        self.assertEqual(self.call('get_pid'), pid)

    def test_a_worker_that_dies(self):
        pid = self.call('get_pid')
        self.assert_fails(self.submit('abort', GLib.Variant('s', 'last words')), Cf.Error.WORKER_DIED,
                          r'(?s)signal 6.*last words')
        self.assertNotEqual(self.call('get_pid'), pid)


class Pools(PoolTest):
    def test_many_calls(self):
        futures = [self.submit('echo', GLib.Variant('i', number)) for number in range(10000)]
        self.assertEqual([future.await_int64() for future in futures], list(range(10000)))

    def test_map(self):
        results = self.pool.map_by_name(f'{PYTHON_FUNCTIONS}:halve', GLib.Variant('ai', range(100)), 7, 0)
        halves = []
        while (step := results.next())[0]:
            halves.append(step[1].get_double())
        self.assertEqual(halves, [number / 2 for number in range(100)])

    def test_two_calls_at_once(self):
        # A pipe is opened when both ends are.
        pool = self.make_pool(2)
        with tempfile.TemporaryDirectory() as folder:
            pipe = f'{folder}/pipe'
            os.mkfifo(pipe)
            reader = pool.submit_by_name('subprocess:getoutput', GLib.Variant('s', f'cat {pipe}'))
            writer = pool.submit_by_name('subprocess:getoutput', GLib.Variant('s', f'echo word > {pipe}'))
            self.assertEqual(reader.await_string(), 'word')
            self.assertEqual(writer.await_string(), '')

    def test_initializer(self):
        self.pool.set_initializer_by_name(f'{PYTHON_FUNCTIONS}:prepare', GLib.Variant('s', 'word'))
        self.assertEqual(self.call('get_prepared_with'), 'word')

    def test_progress(self):
        future = self.submit('report')
        future.await_variant()
        self.assertEqual(future.get_progress(), 0.5)
        self.assertEqual(future.dup_message(), 'halfway')

    def test_what_a_call_prints_comes_before_its_result(self):
        with tempfile.TemporaryFile('w+') as output:
            launcher = Cf.WorkerLauncher.new(self.KIND)
            launcher.take_stdout_fd(os.dup(output.fileno()))
            self.pool = self.make_pool(launcher=launcher)
            self.call('say', GLib.Variant('s', 'first '))
            output.write('second')
            output.flush()
            output.seek(0)
            self.assertEqual(output.read(), 'first second')

    def test_modules_are_found_in_the_working_directory(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, 'found_there.py').write_text('def answer(): return 42', encoding='utf-8')
            launcher = Cf.WorkerLauncher.new(self.KIND)
            launcher.set_cwd(folder)
            self.pool = self.make_pool(launcher=launcher)
            self.assertEqual(self.pool.submit_by_name('found_there:answer', None).await_int64(), 42)

    def test_a_worker_logs_in_its_program(self):
        ended = subprocess.run([sys.executable, '-c', PROGRAM_WITH_A_WORKER_THAT_LOGS], capture_output=True, text=True,
                               check=True)
        self.assertRegex(ended.stderr, f'WARNING.*{ended.stdout.strip()}.*what the worker has to say')

    def test_started_by_hand(self):
        script = Path(os.environ['WORKERS'], 'cfutures-worker.py')
        ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, 1)
        self.assertIn('not by hand', ended.stderr)


class Pickles(PoolTest):
    """What the Python binding asks of a worker."""

    def submit_pickled(self, function, *args, **kwargs):
        """Submits a function of the module `__main__`, as a program does."""
        pickled = pickle.dumps((function, args, kwargs), 0).replace(b'c__mp_main__\n', b'c__main__\n')
        return self.pool.submit_by_name(':pickle', GLib.Variant.new_tuple(bytes_variant(pickled)))

    def call_pickled(self, *args, **kwargs):
        """Returns the result, or the exception and what is said of it."""
        outcome = self.submit_pickled(*args, **kwargs).await_variant()
        if outcome.get_type_string() == 'ay':
            return pickle.loads(bytes_of(outcome))
        pickled, *texts = (outcome.get_child_value(index) for index in range(3))
        return pickle.loads(bytes_of(pickled)), *(text.get_string() for text in texts)

    def prepare(self, text, *rest):
        script = tempfile.NamedTemporaryFile('w', suffix='.py')
        self.addCleanup(script.close)
        script.write(text)
        script.flush()
        self.pool.set_initializer_by_name(':prepare', GLib.Variant.new_tuple(GLib.Variant('s', script.name), *rest))
        return script.name

    def program(self):
        """The program, as its functions are seen in it."""
        name = self.prepare(PROGRAM)
        module = type(sys)('__mp_main__')
        exec(compile(PROGRAM, name, 'exec'), vars(module))
        sys.modules['__mp_main__'] = module
        self.addCleanup(sys.modules.pop, '__mp_main__')
        return module

    def test_function_with_keywords(self):
        self.assertEqual(self.call_pickled(sorted, [1, 3, 2], reverse=True), [3, 2, 1])

    def test_exception(self):
        exception, summary, text = self.call_pickled(int, 'five')
        self.assertIsInstance(exception, ValueError)
        self.assertEqual(summary, f'ValueError: {exception}')
        self.assertIn(summary, text)

    def test_exception_whose_text_is_none(self):
        for text in ('\0', '\udc80'):
            exception, summary, _ = self.call_pickled(exec, f'raise KeyError({text!r}) from ValueError({text!r})')
            self.assertEqual(exception.args, (text,))
            self.assertIn(repr(text), summary)

    def test_function_of_the_program(self):
        program = self.program()
        self.assertEqual(self.call_pickled(program.greet, 'Ada', greeting='hi'), 'hi, Ada')

    def test_traceback(self):
        program = self.program()
        _, _, text = self.call_pickled(program.fail)
        self.assertRegex(text, r'(?s)^Traceback.*in fail\n.*ValueError: no such luck\n$')
        self.assertNotIn('cfutures-worker.py', text)

    def test_result_that_cannot_be_pickled(self):
        exception, *_ = self.call_pickled(threading.Lock)
        self.assertIsInstance(exception, TypeError)

    def test_exception_that_cannot_be_read_again(self):
        program = self.program()
        self.assert_fails(self.submit_pickled(program.fail_with_unfit), Cf.Error.REMOTE, 'Unfit: 1')

    @unittest.skipIf(cloudpickle is None, 'there is no cloudpickle')
    def test_what_only_cloudpickle_can_pickle(self):
        factor = 7
        pickled = cloudpickle.dumps((lambda number: lambda: number * factor, (6,), {}))
        future = self.pool.submit_by_name(':pickle', GLib.Variant.new_tuple(bytes_variant(pickled)))
        function = pickle.loads(bytes_of(future.await_variant()))
        self.assertEqual(function(), 42)

    def test_program_that_starts_a_pool_when_it_is_imported(self):
        self.prepare(PROGRAM_WITHOUT_A_GUARD)
        self.assert_fails(self.submit_pickled(len, 'word'), Cf.Error.BROKEN_EXECUTOR, "__name__ == '__main__'")

    def test_search_path_and_arguments(self):
        self.prepare('import sys; arguments = sys.argv', GLib.Variant('s', ''),
                     GLib.Variant('as', [*sys.path, '/word']), GLib.Variant('as', ['program', '--option']))
        self.assertEqual(self.call_pickled(eval, '__import__("sys").path[-1]'), '/word')
        self.assertEqual(self.call_pickled(eval, '__import__("__main__").arguments'), ['program', '--option'])

    def test_initializer(self):
        call = pickle.dumps((exec, ('import builtins; builtins.word = 5',), {}))
        self.prepare('', GLib.Variant('s', ''), GLib.Variant('as', []), GLib.Variant('as', []), bytes_variant(call))
        self.assertEqual(self.call_pickled(eval, 'word'), 5)


class JavaScript(PoolTest):
    """A Python program that has JavaScript run."""

    KIND = Cf.WorkerKind.GJS

    @classmethod
    def setUpClass(cls):
        if GLib.find_program_in_path('gjs') is None:
            raise unittest.SkipTest('there is no gjs')

    def submit(self, function, arguments=None):
        return self.pool.submit_by_name(f'{GJS_FUNCTIONS}:{function}', arguments)

    def test_function(self):
        self.assertEqual(self.call('halve', GLib.Variant('i', 5)), 2.5)

    def test_values(self):
        for text in ('true', '5', '1.5', "'word'", "b'abc'", '[1, 2]', "{'a': <1>, 'b': <[true]>}", "['a']",
                     'int64 9223372036854775807', 'uint64 18446744073709551615', 'int64 -9223372036854775808', '{1: <2>}'):
            with self.subTest(text):
                value = GLib.Variant.parse(None, text, None, None)
                self.assertEqual(self.call('echo', GLib.Variant.new_tuple(value)), value.unpack())

    def test_error(self):
        self.assert_fails(self.submit('fail'), Cf.Error.REMOTE, '^RangeError: no such luck\n\nfail@')


if __name__ == '__main__':
    unittest.main()
