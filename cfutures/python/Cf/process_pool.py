# SPDX-License-Identifier: LGPL-2.1-or-later

"""The pool of processes: the C library's, with the Python workers that come with it.

It sends them pickled calls, by a function that they have for this, and reads pickled outcomes.
"""

import atexit
import concurrent.futures
import itertools
import os
import pickle
import subprocess
import sys
import threading
import weakref
from multiprocessing import spawn

from gi.module import get_introspection_module
from gi.repository import GLib

from .executors import MAX_WORKERS
from .futures import Future
from .overriding import Final, override
from .pickling import to_bytes_variant
from .waiting import SIGNAL_INTERVAL

Cf = get_introspection_module('Cf')


def _call_each(function, calls):
    """What a worker makes of a chunk."""
    return [function(*args) for args in calls]


def _items_of(chunks):
    """Iterates over what is in lists, and keeps none of it."""
    for chunk in chunks:
        chunk.reverse()
        while chunk:
            yield chunk.pop()


def _interpreter_argv():
    """Returns the command of this Python, as multiprocessing starts it; None if this is some other program."""
    executable = spawn.get_executable()
    if not executable or getattr(sys, 'frozen', False):
        return None
    return [os.fsdecode(executable), *subprocess._args_from_interpreter_flags()]


@override
class ProcessPoolExecutor(Final, Cf.ProcessPoolExecutor, concurrent.futures.ProcessPoolExecutor):
    """An executor that makes calls in a pool of Python processes.

    Functions, arguments and results are pickled. A worker imports the program as __main__, so only what is below
    `if __name__ == '__main__':` is the program's alone. If a worker dies only the call that it was making fails, with
    BrokenProcessPool; the pool goes on.
    """

    _pools = weakref.WeakSet()
    _home = None                # the process with pools

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), *, max_tasks_per_child=None):
        """Makes a pool of at most so many processes, by default as many as there are processors to use.

        Each process calls initializer(*initargs) first, and makes at most max_tasks_per_child calls. Processes are
        started anew, and have nothing of this one's memory: an mp_context whose start method is 'fork' is refused.
        """
        if max_workers is not None and max_workers <= 0:
            raise ValueError('max_workers must be greater than 0')
        if initializer is not None and not callable(initializer):
            raise TypeError('initializer must be a callable')
        if max_tasks_per_child is not None and not isinstance(max_tasks_per_child, int):
            raise TypeError('max_tasks_per_child must be an integer')
        if max_tasks_per_child is not None and max_tasks_per_child <= 0:
            raise ValueError('max_tasks_per_child must be >= 1')
        if mp_context is not None and mp_context.get_start_method(allow_none=True) == 'fork':
            raise ValueError("the start method 'fork' is not to be had: workers are started anew; "
                             "use get_context('spawn'), or leave mp_context out")
        self._stay_at_home()

        Cf.ProcessPoolExecutor.__init__(self, max_workers=min(max_workers or 0, MAX_WORKERS))
        self.set_worker_kind(Cf.WorkerKind.PYTHON)
        self.set_max_tasks_per_worker(max_tasks_per_child or 0)
        self._prepare_workers(initializer, initargs)
        self._pools.add(self)

    def set_worker_kind(self, kind):
        """Sets what the workers are. Those for Python are run by the interpreter that runs this program."""
        super().set_worker_kind(kind)
        self.set_interpreter_argv(_interpreter_argv() if kind == Cf.WorkerKind.PYTHON else None)

    def submit(self, fn, /, *args, **kwargs):
        """Has fn(*args, **kwargs) called by a process of the pool, and returns its future."""
        if self.is_shut_down():
            raise RuntimeError('cannot schedule new futures after shutdown')
        try:
            pickled = pickle.dumps((fn, args, kwargs))
        except Exception as exception:
            future = Future()
            future.set_exception(exception)
            return future

        future = self.submit_name(':pickle', GLib.Variant.new_tuple(to_bytes_variant(pickled)))
        future._is_pickled = True
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Does as map() of all executors. With a chunksize, so many calls are sent to a process as one."""
        if chunksize < 1:
            raise ValueError('chunksize must be >= 1.')

        calls = zip(*iterables)
        chunks = iter(lambda: list(itertools.islice(calls, chunksize)), [])
        results = super().map(_call_each, itertools.repeat(fn), chunks, timeout=timeout, buffersize=buffersize)
        return _items_of(results)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more calls; waits for those submitted, or cancels those that have not begun.

        Whoever interrupts the wait, by Ctrl-C, interrupts the work: calls are cancelled, and the workers are ended.
        """
        try:
            if wait and threading.current_thread() is threading.main_thread():
                self._wait_for_end(cancel_futures)
            Cf.Executor.shutdown(self, wait, cancel_futures)
        except KeyboardInterrupt:
            self.terminate_workers()
            raise

    def __exit__(self, exception_type, exception, traceback):
        if isinstance(exception, KeyboardInterrupt):
            self.terminate_workers()
        return super().__exit__(exception_type, exception, traceback)

    def _wait_for_end(self, cancel_futures):
        """Shuts the pool down and waits, in Python, so that a signal is handled."""
        # The callbacks are functions of C: where C calls Python, PyGObject prints and drops a KeyboardInterrupt.
        results = {}
        context = GLib.MainContext()
        context.push_thread_default()
        try:
            self.shutdown_async(cancel_futures, None, results.setdefault)
        finally:
            context.pop_thread_default()

        clock = GLib.timeout_source_new(round(SIGNAL_INTERVAL * 1000))
        clock.set_callback(bool, GLib.SOURCE_CONTINUE)
        clock.attach(context)
        try:
            while not results:
                context.iteration(True)
        finally:
            clock.destroy()

    @classmethod
    def _stay_at_home(cls):
        """Raises RuntimeError after a fork: GLib's thread that hears of processes that end has stayed behind."""
        home = ProcessPoolExecutor._home = ProcessPoolExecutor._home or os.getpid()
        if home != os.getpid():
            raise RuntimeError('A process that was forked from one with process pools cannot have any')

    def _prepare_workers(self, initializer, initargs):
        main = sys.modules['__main__']
        # A program that comes by standard input is no file.
        script = os.path.abspath(getattr(main, '__file__', None) or '')
        self.set_initializer_name(':prepare', GLib.Variant.new_tuple(
            GLib.Variant('s', script if os.path.isfile(script) else ''),
            GLib.Variant('s', main.__package__ or ''),
            GLib.Variant('as', [os.path.abspath(path) for path in sys.path]),
            GLib.Variant('as', sys.argv),
            to_bytes_variant(pickle.dumps((initializer, initargs, {})) if initializer is not None else b''),
        ))

    @classmethod
    def _close_all(cls):
        """Waits for the calls when the program ends, unless that was interrupted."""
        pools = list(cls._pools)
        is_interrupted = getattr(sys, 'last_type', None) is KeyboardInterrupt and not hasattr(sys, 'ps1')
        try:
            for pool in pools:
                if is_interrupted:
                    pool.terminate_workers()
                pool.shutdown()
        except KeyboardInterrupt:
            for pool in pools:
                pool.terminate_workers()
            raise


atexit.register(ProcessPoolExecutor._close_all)
os.register_at_fork(after_in_child=ProcessPoolExecutor._pools.clear)
