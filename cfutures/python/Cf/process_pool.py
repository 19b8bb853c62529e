# SPDX-License-Identifier: LGPL-2.1-or-later

"""The pool of processes: the C library's, with the Python workers that come with it.

    submit():  (function, args, kwargs) → pickle → the C pool → a worker's `:pickle`, which makes the call
    result():  the outcome             ← unpickled by the RemoteFuture ←         and pickles what becomes of it

Before its first call a worker is made like its program, by its `:prepare`: the same module search path and arguments,
the program's file as `__main__`, multiprocessing's key for managers, and the pool's initializer called.
"""

import atexit
import concurrent.futures
import itertools
import os
import subprocess
import sys
import threading
import weakref
from multiprocessing import process, spawn

from gi.module import get_introspection_module
from gi.repository import GLib

from .executors import check_arguments, failed_future
from .overriding import Final, override
from .pickling import dump, dump_of_no_file
from .remote_futures import RemoteFuture
from .values import to_variant
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


def _find_program():
    """Returns the file that workers import as __main__, or None: the program is typed in, or read from a pipe.

    As with multiprocessing, a package's __main__.py is not imported: nobody writes a guard there.
    """
    main = sys.modules['__main__']
    module_name = getattr(getattr(main, '__spec__', None), 'name', '')
    path = getattr(main, '__file__', None)
    if path is None or module_name.rpartition('.')[2] == '__main__' or hasattr(sys, 'ps1'):
        return None
    return os.path.abspath(path) if os.path.isfile(path) else None


def _interpreter_argv():
    """Returns the command of this Python, as multiprocessing starts it; None if this is some other program."""
    executable = spawn.get_executable()
    if not executable or getattr(sys, 'frozen', False):
        return None
    return [os.fsdecode(executable), *subprocess._args_from_interpreter_flags()]


@override
class ProcessPoolExecutor(Final, Cf.ProcessPoolExecutor, concurrent.futures.ProcessPoolExecutor):
    """An executor that makes calls in a pool of Python processes.

    Functions, arguments and results are pickled, by cloudpickle if it is installed and pickle cannot. A worker imports
    the program as __main__, so only what is below `if __name__ == '__main__':` is the program's alone. If a worker dies
    only the call that it was making fails, with BrokenProcessPool; the pool goes on.
    """

    _pools = weakref.WeakSet()
    _home = None                # the process with pools
    _dump = staticmethod(dump_of_no_file)

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), *, max_tasks_per_child=None):
        """Makes a pool of at most so many processes, by default as many as there are processors to use.

        Each process calls initializer(*initargs) first, and makes at most max_tasks_per_child calls. Processes are
        started anew, and have nothing of this one's memory: an mp_context whose start method is 'fork' is refused.
        """
        n_workers = check_arguments(max_workers, initializer)
        if max_tasks_per_child is not None and not isinstance(max_tasks_per_child, int):
            raise TypeError('max_tasks_per_child must be an integer')
        if max_tasks_per_child is not None and max_tasks_per_child <= 0:
            raise ValueError('max_tasks_per_child must be >= 1')
        if mp_context is not None and mp_context.get_start_method(allow_none=True) == 'fork':
            raise ValueError("the start method 'fork' is not to be had: workers are started anew; "
                             "use get_context('spawn'), or leave mp_context out")
        self._stay_at_home()

        Cf.ProcessPoolExecutor.__init__(self, max_workers=n_workers)
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
            pickled = self._dump((fn, args, kwargs))
        except Exception as exception:
            return failed_future(exception)

        return RemoteFuture.adopt(Cf.Executor.submit_name(self, ':pickle', to_variant(pickled)))

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
        program = _find_program()
        if program is not None:
            self._dump = dump
        # Names of files need not be text.
        self.set_initializer_name(':prepare', to_variant((
            os.fsencode(program or ''),
            getattr(sys.modules['__main__'], '__package__', None) or '',
            [os.fsencode(os.path.abspath(path)) for path in sys.path],
            [os.fsencode(argument) for argument in sys.argv],
            self._dump((initializer, initargs, {})) if initializer is not None else b'',
            bytes(process.current_process().authkey),
        )))

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
