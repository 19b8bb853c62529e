# SPDX-License-Identifier: LGPL-2.1-or-later

"""The process pool, as concurrent.futures has it."""

import asyncio
import collections
import concurrent.futures
import concurrent.futures.process
import contextlib
import dataclasses
import enum
import functools
import gc
import importlib.util
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
import weakref
from array import array
from multiprocessing import resource_tracker, shared_memory
from unittest import mock

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, GLib  # noqa: E402

import tap  # noqa: E402

LONG = 60

needs_cloudpickle = unittest.skipIf(importlib.util.find_spec('cloudpickle') is None, 'there is no cloudpickle')

prepared = None


def prepare(*values):
    global prepared
    prepared = values


def get_prepared():
    return prepared


def sum_of_prepared():
    return sum(*prepared)


class Number:
    def __init__(self, value):
        self.value = value


def fail(*args):
    raise KeyError(*args)


class Unreadable(Exception):
    def __init__(self, first, second):
        super().__init__(first)


def fail_unreadably():
    raise Unreadable(1, 2)


class BadText(Exception):
    def __str__(self):
        sys.exit(3)

    __repr__ = __str__


class BadReduction(Exception):
    def __reduce_ex__(self, protocol):
        sys.exit(3)


class ReducedToText(Exception):
    def __reduce__(self):
        return str, ('no exception',)


class BadNotes(Exception):
    @property
    def __notes__(self):
        raise LookupError('no notes')


class BadCause(Exception):
    def __setattr__(self, name, value):
        raise LookupError('not to be set')


class BadMeta(type):
    def __getattribute__(cls, name):
        if name in ('__name__', '__qualname__'):
            sys.exit(3)
        return super().__getattribute__(name)


class BadClass(Exception, metaclass=BadMeta):
    pass


def nest(depth):
    nested = []
    for _ in range(depth):
        nested = [nested]
    return nested


def raise_by_name(name, *args):
    raise globals()[name](*args)


def raise_what_cause_each_other():
    one, other = KeyError('one'), KeyError('other')
    one.__cause__ = one.__context__ = other
    other.__cause__ = other.__context__ = one
    raise one


class UnreadableResult:
    def __reduce__(self):
        return sys.exit, (3,)


def make_unreadable():
    return UnreadableResult()


class UnwritableResult:
    def __reduce__(self):
        raise LookupError('not to be written')


def make_unwritable():
    return UnwritableResult()


def fail_with_what_cannot_be_written():
    raise KeyError(UnwritableResult())


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

    def moved(self, x):
        return Point(self.x + x, self.y)

    @classmethod
    def at(cls, x):
        return cls(x)

    @staticmethod
    def negate(number):
        return -number


class Colour(enum.Enum):
    RED = 1


Pair = collections.namedtuple('Pair', 'first second')


class Problem(Exception):
    """Can be pickled although its constructor takes what is not in its args."""

    def __init__(self, code, *, detail):
        super().__init__(code)
        self.detail = detail

    def __reduce__(self):
        return functools.partial(Problem, detail=self.detail), self.args


def fail_with_problem():
    raise Problem(1, detail='x') from ValueError('the cause')


@functools.lru_cache
def square(number):
    return number * number


async def later(value):
    await asyncio.sleep(0)
    return value


def echo(value):
    return value


def get_places(n_places):
    return [os.path.abspath(place) for place in sys.path[:n_places]]


def make_closure(number):
    return lambda: number + 1


def hide_cloudpickle():
    sys.modules['cloudpickle'] = None


def use_threads():
    with Cf.ThreadPoolExecutor(2) as pool:
        return list(pool.map(abs, [-1, -2]))


def use_processes():
    with Cf.ProcessPoolExecutor(1) as pool:
        return pool.submit(abs, -1).result(LONG)


def fork_and_use_processes():
    """Returns what the child process says of a pool."""
    # The child must not free objects of GLib, whose locks another thread may hold at that moment.
    gc.collect()
    gc.disable()

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            Cf.ProcessPoolExecutor(1)
        except RuntimeError as exception:
            os.write(writer, str(exception).encode())
        os._exit(0)

    gc.enable()
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader) as stream:
        return stream.read()


def fork_and_return(exception):
    """Returns how the child process has ended, in which this returns or raises, too."""
    child = os.fork()
    if child != 0:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if exception is not None:
        raise exception


def fork_and_wait_for_call():
    """Returns what the child process says of calls that a pool of its parent makes."""
    gc.collect()
    gc.disable()
    reader, writer = os.pipe()
    with Cf.ProcessPoolExecutor(1) as pool, tempfile.TemporaryDirectory() as folder:
        gate = os.path.join(folder, 'gate')
        os.mkfifo(gate)
        calls = [pool.submit(wait_for_file, gate), pool.submit(abs, -1)]
        # The call has opened the pipe when this returns.
        with open(gate, 'w'):
            child = os.fork()
            if child == 0:
                for call in calls:
                    try:
                        call.result()
                    except Cf.BrokenExecutor as exception:
                        os.write(writer, f'{call.cancel()} {exception}\n'.encode())
                os._exit(0)
            os.waitpid(child, 0)
        results = [call.result(LONG) for call in calls]

    gc.enable()
    os.close(writer)
    with open(reader) as stream:
        return stream.read(), results


def wait_for_file(path):
    with open(path) as file:
        return file.read()


def report_progress():
    Cf.current_future().report_progress(0.5, 'halfway')
    threading.Event().wait(LONG)


def give_up_when_asked():
    cancellable = Cf.current_future().get_cancellable()
    Cf.current_future().report_progress(0.5, 'begun')
    while not cancellable.is_cancelled():
        time.sleep(0.001)
    raise Cf.CancelledError


def capture(*args, **kwargs):
    return args, kwargs


class Pools(unittest.TestCase):
    def setUp(self):
        self.pool = Cf.ProcessPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    def test_kind(self):
        self.assertIsInstance(self.pool, Cf.Executor)
        self.assertIsInstance(self.pool, concurrent.futures.ProcessPoolExecutor)
        self.assertIsInstance(self.pool.submit(abs, -1), concurrent.futures.Future)

    def test_another_process(self):
        self.assertNotEqual(self.pool.submit(os.getpid).result(LONG), os.getpid())

    def test_arguments(self):
        self.assertEqual(self.pool.submit(capture, 1, [None], fn='x', self={2}).result(LONG),
                         ((1, [None]), {'fn': 'x', 'self': {2}}))

    def test_values_of_the_program(self):
        for value in (Point(1), [Point(1, 2)], Colour.RED, Pair(1, {2}), Point, Problem, square, len):
            with self.subTest(value):
                result = self.pool.submit(echo, value).result(LONG)
                self.assertEqual(repr(result), repr(value))
                self.assertIs(type(result), type(value))
        self.assertIs(self.pool.submit(echo, Colour.RED).result(LONG), Colour.RED)

    def test_functions_of_the_program(self):
        for function, expected in ((Point(1).moved, Point(4)), (Point.at, Point(3)), (Point.negate, -3), (square, 9),
                                   (functools.partial(Point, 2), Point(2, 3)), (later, 3), (Colour, None)):
            with self.subTest(function):
                future = self.pool.submit(function, 3)
                if expected is None:
                    self.assertIsInstance(future.exception(LONG), ValueError)
                else:
                    self.assertEqual(future.result(LONG), expected)

    def test_exception_with_a_constructor(self):
        exception = self.pool.submit(fail_with_problem).exception(LONG)
        self.assertIs(type(exception), Problem)
        self.assertEqual((exception.args, exception.detail), ((1,), 'x'))
        self.assertIn('the cause', str(exception.__cause__))

    def test_large_values(self):
        data = bytes(range(256)) * 40000
        self.assertEqual(self.pool.submit(bytes.upper, data).result(LONG), data.upper())
        for value in (bytearray(data), array('q', data)):
            self.assertEqual(self.pool.submit(echo, value).result(LONG), value)

    def test_exception(self):
        future = self.pool.submit(fail, 'x')
        with self.assertRaises(KeyError) as caught:
            future.result(LONG)
        self.assertEqual(caught.exception.args, ('x',))
        self.assertIs(future.exception(), caught.exception)
        self.assertIn('raise KeyError(*args)', ''.join(traceback.format_exception(caught.exception)))
        self.assertRegex(repr(future), 'state=finished raised KeyError>$')

    def test_exception_that_cannot_be_read(self):
        self.assertIn('Unreadable', str(self.pool.submit(fail_unreadably).exception(LONG)))

    def test_what_cannot_be_pickled(self):
        self.assertIsInstance(self.pool.submit(capture, threading.Lock()).exception(LONG), TypeError)
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_deep_values(self):
        """What can be pickled crosses whole; GLib's values must not be deeper than GLib reads."""
        nested = nest(200)
        self.assertEqual(self.pool.submit(echo, nested).result(LONG), nested)
        self.assertEqual(self.pool.submit(nest, 200).result(LONG), nested)
        refusals = (RecursionError, pickle.PicklingError)
        self.assertIsInstance(self.pool.submit(echo, nest(100000)).exception(LONG), refusals)
        self.assertIsInstance(self.pool.submit(nest, 100000).exception(LONG), refusals)
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_deep_variants(self):
        variant = GLib.Variant('i', 5)
        for _ in range(128):
            variant = GLib.Variant.new_variant(variant)
        exception = self.pool.submit_by_name('builtins:id', variant).exception(LONG)
        self.assertTrue(exception.matches(Cf.error_quark(), Cf.Error.NOT_PORTABLE))
        self.assertRegex(str(exception), 'arguments are nested more than 128 deep')

    @needs_cloudpickle
    def test_what_only_cloudpickle_can_pickle(self):
        number = 5
        self.assertEqual(self.pool.submit(lambda: number + 1).result(LONG), 6)
        self.assertEqual(list(self.pool.map(lambda n: n + number, range(4), chunksize=2)), [5, 6, 7, 8])
        self.assertEqual(self.pool.submit(echo, make_closure(1)).result(LONG)(), 2)
        self.assertEqual(self.pool.submit(make_closure, 1).result(LONG)(), 2)

    @needs_cloudpickle
    def test_classes_within_functions(self):
        class Inner(Exception):
            pass

        def fail():
            raise Inner(1)

        result = self.pool.submit(echo, Inner(2)).result(LONG)
        self.assertIs(type(result), Inner)
        self.assertIs(type(self.pool.submit(fail).exception(LONG)), Inner)

    @needs_cloudpickle
    def test_open_files_are_refused(self):
        def fileno():
            return file.fileno()

        with open(__file__) as file:
            calls = (echo, file), (echo, [{'file': file}]), (echo, (file, make_closure(1))), (fileno,), (open, __file__)
            for call in calls:
                self.assertRegex(str(self.pool.submit(*call).exception(LONG)), "cannot pickle .*TextIOWrapper")

    @needs_cloudpickle
    def test_standard_output_is_that_of_the_worker(self):
        output = sys.stdout
        self.assertEqual(self.pool.submit(lambda: output.fileno()).result(LONG), 1)

    def test_without_cloudpickle(self):
        with mock.patch.dict(sys.modules, {'cloudpickle': None}):
            exception = self.pool.submit(make_closure(1)).exception(LONG)
        self.assertRegex(str(exception), "^Can't pickle .*lambda.*install cloudpickle")
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_result_without_cloudpickle(self):
        with Cf.ProcessPoolExecutor(1, initializer=hide_cloudpickle) as pool:
            exception = pool.submit(make_closure, 1).exception(LONG)
        self.assertRegex(str(exception), "^Can't pickle .*lambda.*install cloudpickle")

    def test_argument_that_cannot_be_written(self):
        self.assertIsInstance(self.pool.submit(capture, UnwritableResult()).exception(LONG), LookupError)

    def test_result_that_cannot_be_written(self):
        self.assertIsInstance(self.pool.submit(make_unwritable).exception(LONG), LookupError)

    def test_exception_that_cannot_be_written(self):
        exception = self.pool.submit(fail_with_what_cannot_be_written).exception(LONG)
        self.assertIn('KeyError', str(exception))
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_odd_exceptions(self):
        with Cf.ProcessPoolExecutor(1) as pool:
            pid = pool.submit(os.getpid).result(LONG)
            for name in 'BadNotes', 'BadText':
                self.assertIs(type(pool.submit(raise_by_name, name).exception(LONG)), globals()[name])
            for name in 'BadReduction', 'ReducedToText', 'BadCause', 'BadClass':
                exception = pool.submit(raise_by_name, name).exception(LONG)
                self.assertTrue(exception.matches(Cf.error_quark(), Cf.Error.REMOTE), exception)
                self.assertIn(f'.{name}', exception.message)
            self.assertEqual(pool.submit(os.getpid).result(LONG), pid)

    def test_exceptions_that_cause_each_other(self):
        exception = self.pool.submit(raise_what_cause_each_other).exception(LONG)
        self.assertEqual(exception.args, ('one',))
        self.assertRegex(str(exception.__cause__), r"KeyError: 'other'[^$]*KeyError: 'one'")

    def test_odd_errors_of_glib(self):
        with Cf.ProcessPoolExecutor(1) as pool:
            pid = pool.submit(os.getpid).result(LONG)
            for args in "5", "'text', None", "'text', 'domain', 'code'", r"'\udcff', 'domain', 3":
                program = f'from gi.repository import GLib\nraise GLib.Error({args})'
                for future in pool.submit(exec, program), pool.submit_by_name('builtins:exec', program):
                    self.assertIsInstance(future.exception(LONG), GLib.Error)
            self.assertEqual(pool.submit(os.getpid).result(LONG), pid)

    def test_exit(self):
        exception = self.pool.submit(sys.exit, 4).exception(LONG)
        self.assertIsInstance(exception, SystemExit)
        self.assertEqual(exception.code, 4)

    def test_pools_in_a_worker(self):
        self.assertEqual(self.pool.submit(use_threads).result(LONG), [1, 2])
        self.assertEqual(self.pool.submit(use_processes).result(LONG), 1)

    def test_pools_after_a_fork(self):
        self.assertIn('forked', fork_and_use_processes())

    def test_calls_that_fork_and_return(self):
        for exception in (None, KeyError('a'), SystemExit(0)):
            self.assertEqual(self.pool.submit(fork_and_return, exception).result(LONG), 1)

    def test_calls_after_a_fork(self):
        said, results = fork_and_wait_for_call()
        self.assertRegex(said, '^(False .*forked.*\n){2}$')
        self.assertEqual(results, ['', 1])
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_progress(self):
        future = self.pool.submit(report_progress)
        while future.props.message != 'halfway':
            GLib.MainContext.default().iteration(False)
        self.assertEqual(future.props.progress, 0.5)
        future.cancel_full(Cf.CancelFlags.KILL)
        self.assertRaises(Cf.CancelledError, future.result)
        self.assertTrue(future.cancelled())

    def test_call_gives_up(self):
        future = self.pool.submit(give_up_when_asked)
        while future.props.message != 'begun':
            GLib.MainContext.default().iteration(False)
        self.assertFalse(future.cancel_full(Cf.CancelFlags.COOPERATE))
        self.assertRaises(Cf.CancelledError, future.result)
        self.assertTrue(future.cancelled())
        self.assertFalse(future.cancel())

    def test_callback(self):
        seen = []
        future = self.pool.submit(abs, -1)
        future.add_done_callback(lambda future: seen.append(future.result()))
        future.result(LONG)
        self.assertEqual(seen, [1])

    def test_sets(self):
        futures = [self.pool.submit(abs, -number) for number in range(20)]
        self.assertEqual(sum(future.result() for future in Cf.as_completed(futures, LONG)), sum(range(20)))
        self.assertEqual(Cf.wait(futures, LONG).not_done, set())

    def test_first_exception(self):
        release = self.pool.submit(time.sleep, 1)
        failing = self.pool.submit(fail)
        self.assertEqual(Cf.wait([release, failing], LONG, Cf.FIRST_EXCEPTION).done, {failing})
        self.assertIsInstance(failing.exception(), KeyError)

    def test_result_that_cannot_be_read(self):
        exception = self.pool.submit(make_unreadable).exception(LONG)
        self.assertIsInstance(exception, Cf.BrokenProcessPool)
        self.assertIsInstance(exception.__cause__, SystemExit)

    def test_map(self):
        for chunksize in (1, 3, 50):
            results = self.pool.map(pow, range(40), range(40), chunksize=chunksize, timeout=LONG)
            self.assertEqual(list(results), [n ** n for n in range(40)])
        with self.assertRaises(ValueError):
            self.pool.map(abs, [1], chunksize=0)

    def test_map_that_fails(self):
        results = self.pool.map(divmod, [1, 1, 1], [2, 0, 1])
        self.assertEqual(next(results), (0, 1))
        self.assertRaises(ZeroDivisionError, next, results)

    def test_worker_that_dies(self):
        with self.assertRaises(concurrent.futures.process.BrokenProcessPool):
            self.pool.submit(os._exit, 3).result(LONG)
        self.assertEqual(self.pool.submit(abs, -1).result(LONG), 1)

    def test_interrupted_call(self):
        self.assertIsInstance(self.pool.submit(signal.raise_signal, signal.SIGINT).exception(LONG), KeyboardInterrupt)

    def check_ending_the_workers(self, end):
        """As with Python 3.14: what runs is broken off, what has not begun is cancelled, and there are no more calls."""
        running = [self.pool.submit(time.sleep, LONG) for _ in range(2)]
        pending = [self.pool.submit(abs, -number) for number in range(100)]
        while not all(future.running() for future in running):
            time.sleep(0.001)
        pids = self.pool.get_worker_pids()
        end()
        for future in running:
            self.assertIsInstance(future.exception(LONG), Cf.BrokenProcessPool)
        self.assertTrue(all(future.cancelled() for future in pending))
        with self.assertRaises(RuntimeError):
            self.pool.submit(abs, -1)
        self.pool.shutdown()
        for pid in pids:
            self.assertRaises(ProcessLookupError, os.kill, pid, 0)
        end()

    def test_terminating_the_workers(self):
        self.check_ending_the_workers(self.pool.terminate_workers)

    def test_killing_the_workers(self):
        self.check_ending_the_workers(self.pool.kill_workers)

    def test_ending_workers_that_were_never_started(self):
        self.pool.kill_workers()
        with self.assertRaises(RuntimeError):
            self.pool.submit(abs, -1)


def receive(connection):
    return connection.recv()


def send(connection, value):
    connection.send(value)


kept = []


def keep_one_end():
    end, other = multiprocessing.Pipe()
    kept.append(end)
    return other


def send_by_kept(value):
    kept[-1].send(value)


def look_at_relatives():
    worker, parent = multiprocessing.current_process(), multiprocessing.parent_process()
    return worker.name, parent.name, parent.pid, parent.is_alive()


def fill(name):
    """Writes to shared memory. Returns which pipe leads to the resource tracker."""
    segment = shared_memory.SharedMemory(name)
    segment.buf[0] = 7
    segment.close()
    return os.fstat(resource_tracker.getfd()).st_ino


class Multiprocessing(unittest.TestCase):
    """Workers belong to the program's multiprocessing, as those of its own pools do."""

    def setUp(self):
        self.pool = Cf.ProcessPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def assert_arrives(self, reader, value):
        self.assertTrue(reader.poll(LONG))
        self.assertEqual(reader.recv(), value)

    def test_end_of_a_pipe(self):
        reader, writer = multiprocessing.Pipe(duplex=False)
        self.pool.submit(send, writer, 'x').result(LONG)
        self.assert_arrives(reader, 'x')

    def test_end_of_a_pipe_as_a_result(self):
        end = self.pool.submit(keep_one_end).result(LONG)
        self.pool.submit(send_by_kept, 'x').result(LONG)
        self.assert_arrives(end, 'x')

    @needs_cloudpickle
    def test_end_of_a_pipe_in_a_closure(self):
        reader, writer = multiprocessing.Pipe(duplex=False)
        self.pool.submit(lambda: writer.send('x')).result(LONG)
        self.assert_arrives(reader, 'x')

    def test_socket(self):
        here, there = socket.socketpair()
        with here, there:
            self.pool.submit(socket.socket.sendall, there, b'x').result(LONG)
            self.assertEqual(here.recv(1), b'x')

    def test_relatives(self):
        name, *parent = self.pool.submit(look_at_relatives).result(LONG)
        self.assertRegex(name, '^SpawnProcess-[0-9]+$')
        self.assertEqual(parent, [multiprocessing.current_process().name, os.getpid(), True])

    def test_shared_memory(self):
        segment = shared_memory.SharedMemory(create=True, size=100)
        self.addCleanup(segment.unlink)
        self.addCleanup(segment.close)
        self.assertEqual(self.pool.submit(fill, segment.name).result(LONG), os.fstat(resource_tracker.getfd()).st_ino)
        self.assertEqual(segment.buf[0], 7)


class SearchPath(unittest.TestCase):
    def test_is_that_of_the_call(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(os.path.join(folder.name, 'found_later.py'), 'w', encoding='utf-8') as module:
            module.write('def answer():\n    return 42\n')

        with Cf.ProcessPoolExecutor(1) as pool:
            self.assertEqual(pool.submit(abs, -1).result(LONG), 1)
            with mock.patch.object(sys, 'path', [*sys.path, folder.name]):
                module = importlib.import_module('found_later')
                self.addCleanup(sys.modules.pop, 'found_later')
                self.assertEqual(pool.submit(module.answer).result(LONG), 42)
                places = pool.submit(get_places, len(sys.path)).result(LONG)
                self.assertEqual(places, list(map(os.path.abspath, sys.path)))


class Managers(unittest.TestCase):
    def test_objects_of_multiprocessing(self):
        with multiprocessing.get_context('spawn').Manager() as manager, Cf.ProcessPoolExecutor(1) as pool:
            queue = manager.Queue()
            pool.submit(queue.put, 'from a worker').result(LONG)
            self.assertEqual(queue.get(), 'from a worker')

    def test_arguments_that_the_caller_drops(self):
        with multiprocessing.get_context('spawn').Manager() as manager:
            pool = Cf.ProcessPoolExecutor(1, initializer=prepare, initargs=(manager.list([4]),))
            with pool:
                self.assertEqual(pool.submit(sum, manager.list([1, 2, 3])).result(LONG), 6)
                self.assertEqual(pool.submit_task(Cf.Task(sum, manager.list([4, 5]))).result(LONG), 9)
                self.assertEqual(list(pool.map(sum, (manager.list([number]) for number in range(3)))), [0, 1, 2])
                self.assertEqual(pool.submit(sum_of_prepared).result(LONG), 4)

    def test_arguments_are_dropped_with_the_result(self):
        number = Number(5)
        reference = weakref.ref(number)
        with Cf.ProcessPoolExecutor(1) as pool:
            future = pool.submit(echo, number)
            del number
            self.assertEqual(future.result(LONG).value, 5)
            self.assertIsNone(reference())

    def test_arguments_are_dropped_when_their_call_is_cancelled(self):
        number = Number(5)
        reference = weakref.ref(number)
        reader, writer = multiprocessing.Pipe(duplex=False)
        with Cf.ProcessPoolExecutor(1) as pool:
            first = pool.submit(receive, reader)
            second = pool.submit(echo, number)
            del number
            self.assertTrue(second.cancel())
            writer.send('x')
            self.assertEqual(first.result(LONG), 'x')
            self.assertIsNone(reference())

    def test_arguments_are_dropped_with_a_future_that_nobody_reads(self):
        number = Number(5)
        reference = weakref.ref(number)
        with Cf.ProcessPoolExecutor(1) as pool:
            pool.submit(echo, number)
            del number
        while reference() is not None:
            time.sleep(0.001)


class Arguments(unittest.TestCase):
    def test_wrong(self):
        for number in (0, -1):
            with self.assertRaisesRegex(ValueError, '^max_workers must be greater than 0$'):
                Cf.ProcessPoolExecutor(number)
        with self.assertRaises(TypeError):
            Cf.ProcessPoolExecutor(initializer=1)
        with self.assertRaises(TypeError):
            Cf.ProcessPoolExecutor(max_tasks_per_child=1.5)
        with self.assertRaises(ValueError):
            Cf.ProcessPoolExecutor(max_tasks_per_child=0)

    def test_start_methods(self):
        for context in (None, multiprocessing.get_context('spawn'), multiprocessing.get_context('forkserver')):
            with self.subTest(context), Cf.ProcessPoolExecutor(1, mp_context=context) as pool:
                self.assertEqual(pool.submit(abs, -1).result(LONG), 1)

    def test_fork(self):
        for limit in (None, 1):
            with self.assertRaisesRegex(ValueError, "'fork' is not supported.*'spawn'"):
                Cf.ProcessPoolExecutor(1, multiprocessing.get_context('fork'), max_tasks_per_child=limit)

    def test_initializer(self):
        with Cf.ProcessPoolExecutor(1, initializer=prepare, initargs=(1, 2)) as pool:
            self.assertEqual(pool.submit(get_prepared).result(LONG), (1, 2))

    def test_initializer_that_fails(self):
        with Cf.ProcessPoolExecutor(1, initializer=fail) as pool:
            self.assertIsInstance(pool.submit(abs, -1).exception(LONG), Cf.BrokenProcessPool)

    def test_max_tasks_per_child(self):
        with Cf.ProcessPoolExecutor(1, max_tasks_per_child=1) as pool:
            self.assertEqual(len({pool.submit(os.getpid).result(LONG) for _ in range(3)}), 3)

    def test_launcher(self):
        launcher = Cf.WorkerLauncher(prefix_argv=['env', 'STARTED_BY=env'], cwd='/')
        with Cf.ProcessPoolExecutor(1, launcher=launcher) as pool:
            launcher.set_cwd('/nonexistent')
            self.assertEqual(pool.submit(os.getcwd).result(LONG), '/')
            self.assertEqual(pool.submit(os.getenv, 'STARTED_BY').result(LONG), 'env')
            self.assertEqual(pool.props.launcher.props.kind, Cf.WorkerKind.PYTHON)

    def test_launcher_of_another_interpreter(self):
        launcher = Cf.WorkerLauncher(interpreter_argv=[sys.executable, '-O'])
        with Cf.ProcessPoolExecutor(1, launcher=launcher) as pool:
            self.assertEqual(pool.submit(eval, '__debug__').result(LONG), False)

    def test_launcher_of_another_language(self):
        launcher = Cf.WorkerLauncher(Cf.WorkerKind.NATIVE)
        with Cf.ProcessPoolExecutor(1, launcher=launcher) as pool:
            with self.assertRaisesRegex(TypeError, 'submit_by_name'):
                pool.submit(abs, -1)
        with self.assertRaisesRegex(ValueError, 'do not run Python'):
            Cf.ProcessPoolExecutor(1, launcher=launcher, initializer=prepare)

    def test_made_by_c(self):
        pool = Cf.ProcessPoolExecutor.new_with_launcher(1, Cf.WorkerLauncher())
        self.assertEqual(pool.submit_by_name('math:sqrt', GLib.Variant('(d)', (4,))).result(LONG), 2)
        self.assertEqual(pool.submit(abs, -1).result(LONG), 1)
        pool.shutdown()


@contextlib.contextmanager
def logged():
    """Collects what the library logs meanwhile."""
    messages = []

    handler = GLib.log_set_handler('CFutures', GLib.LogLevelFlags.LEVEL_WARNING,
                                   lambda domain, level, message, *unused: messages.append(message), None)
    try:
        yield messages
    finally:
        GLib.log_remove_handler('CFutures', handler)


class Unnoticed(unittest.TestCase):
    """A failure that nobody looked at is logged, as soon as its future is gone."""

    def run_and_forget(self, look, function, *args):
        with logged() as messages:
            with Cf.ProcessPoolExecutor(1) as pool:
                future = pool.submit(function, *args)
                Cf.wait([future], LONG)
                look(future)
                del future
        return messages

    def test_is_logged(self):
        for look in (lambda future: None, repr, Cf.Future.done, Cf.Future.cancel):
            with self.subTest(look):
                message, = self.run_and_forget(look, fail, 'x')
                self.assertRegex(message, "^A call failed and nobody looked at its error: KeyError: 'x'")

    def test_is_not_logged_once_looked_at(self):
        def await_it(future):
            async def main():
                with self.assertRaises(KeyError):
                    await future
            asyncio.run(main())

        for look in (Cf.Future.exception, lambda future: self.assertRaises(KeyError, future.result), await_it):
            with self.subTest(look):
                self.assertEqual(self.run_and_forget(look, fail, 'x'), [])

    def test_success(self):
        self.assertEqual(self.run_and_forget(repr, UnreadableResult), [])

    def test_worker_that_dies(self):
        message, = self.run_and_forget(repr, os._exit, 3)
        self.assertIn('3', message)

    def test_that_was_never_anybodys(self):
        with logged() as messages, Cf.ProcessPoolExecutor(1) as pool:
            pool.submit(fail, 'x')
        self.assertEqual(len(messages), 1)


class Shutdown(unittest.TestCase):
    def test_waits(self):
        with Cf.ProcessPoolExecutor(2) as pool:
            futures = [pool.submit(abs, -number) for number in range(10)]
        self.assertTrue(all(future.done() for future in futures))
        with self.assertRaisesRegex(RuntimeError, '^cannot schedule new futures after shutdown$'):
            pool.submit(abs, -1)


if __name__ == '__main__':
    tap.main('__main__')
