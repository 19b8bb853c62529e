# SPDX-License-Identifier: LGPL-2.1-or-later

"""The process pool: that of the C library, with Python workers.

    submit():  (function, args, kwargs) → pickle → the C pool → a worker's `:pickle`, which runs the call
    result():  the outcome             ← unpickled by the RemoteFuture ←         and pickles its outcome

Before its first call a worker is prepared by its `:prepare`: it becomes a process of the program's multiprocessing, gets
the module search path and the arguments of the program, imports the program's file as `__main__`, and calls the
initializer of the pool.
"""

import atexit
import concurrent.futures
import functools
import itertools
import os
import sys
import threading
import weakref
from multiprocessing import process

from gi.module import get_introspection_module

from .callbacks import check_context, set_context_of
from .executors import WithCallbackContext, check_arguments, failed_future, shutdown_flags
from .futures import keep
from .internals import Internal, WorkQueue, processes_of
from .library import await_closed, await_end, read_address
from .overriding import Final, override
from .pickling import dump, dump_of_no_file
from .properties import in_seconds, with_attributes
from .remote_futures import RemoteFuture
from .tasks import call_of, with_function_by_name
from .values import to_arguments, to_variant
from .waiting import block
from .worker_launcher import WorkerLauncher, with_this_python

Cf = get_introspection_module('Cf')


def _call_each(function, calls):
    """Runs a chunk, in a worker."""
    return [function(*args) for args in calls]


def _items_of(chunks):
    """Iterates over the items of lists, without keeping references."""
    for chunk in chunks:
        chunk.reverse()
        while chunk:
            yield chunk.pop()


def _find_program():
    """Returns the file that workers import as __main__. It is None for a program that is typed in, or read from a pipe.

    As with multiprocessing, the __main__.py of a package is not imported: usually it has no guard.
    """
    main = sys.modules['__main__']
    module_name = getattr(getattr(main, '__spec__', None), 'name', '')
    path = getattr(main, '__file__', None)
    if path is None or module_name.rpartition('.')[2] == '__main__' or hasattr(sys, 'ps1'):
        return None
    return os.path.abspath(path) if os.path.isfile(path) else None


def _resource_tracker():
    """Returns the descriptor of multiprocessing's resource tracker, or -1 in a program that does not use it.

    Without it each worker has its own, which removes shared memory that the program still uses when the worker ends.
    """
    tracker = sys.modules.get('multiprocessing.resource_tracker')
    return tracker.getfd() if tracker is not None else -1


def _to_bytes(paths):
    """Encodes the module search path. The names of files may not be valid text."""
    return [os.fsencode(os.path.abspath(path)) for path in paths]


@with_attributes
@in_seconds('idle_timeout')
@override
class ProcessPoolExecutor(Final, WithCallbackContext, Cf.ProcessPoolExecutor, concurrent.futures.ProcessPoolExecutor):
    """An executor that runs calls in a pool of Python processes.

    Functions, arguments and results are pickled, with cloudpickle if it is installed and pickle cannot. A worker
    imports the program as __main__, so what workers should not run belongs below `if __name__ == '__main__':`. If a
    worker dies, only the call that it was running fails, with BrokenProcessPool.
    """

    _pools = weakref.WeakSet()  # a future keeps its pool: one with unfinished calls is here when the program ends
    _max_workers = Internal(Cf.ProcessPoolExecutor.get_max_workers)
    _processes = Internal(processes_of)
    _shutdown = Internal(Cf.Executor.is_shut_down)
    _work_queue = Internal(WorkQueue)
    _first_pid = None           # the process that created the first pool
    _dump = staticmethod(dump_of_no_file)
    _search_path = None         # sys.path, as workers were told of it

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), *, max_tasks_per_child=None,
                 launcher=None, callback_context=...):
        """Creates a pool of at most max_workers processes, by default one for each processor that can be used.

        Each process first calls initializer(*initargs), and runs at most max_tasks_per_child calls. The launcher
        describes how the processes are started. They share no memory with this one: an mp_context with the start
        method 'fork' is refused. If the workers of the launcher do not run Python, the pool takes functions by name
        only.

        The callback_context says where the callbacks of its futures are called, as the context of add_done_callback().
        """
        check_context(callback_context)
        n_workers = check_arguments(max_workers, initializer)
        if max_tasks_per_child is not None and not isinstance(max_tasks_per_child, int):
            raise TypeError('max_tasks_per_child must be an integer')
        if max_tasks_per_child is not None and max_tasks_per_child <= 0:
            raise ValueError('max_tasks_per_child must be >= 1')
        if mp_context is not None and mp_context.get_start_method(allow_none=True) == 'fork':
            raise ValueError("the start method 'fork' is not supported: use get_context('spawn'), or omit mp_context")
        self._check_fork()

        Cf.ProcessPoolExecutor.__init__(self, max_workers=n_workers,
                                        launcher=with_this_python(launcher or WorkerLauncher()))
        self._callback_context = callback_context
        self.set_max_tasks_per_worker(max_tasks_per_child or 0)
        if self._runs_python:
            self._prepare_workers(initializer, initargs)
        elif initializer is not None:
            raise ValueError('the workers of this launcher do not run Python: use set_initializer_by_name()')
        self._pools.add(self)

    @classmethod
    def new_with_launcher(cls, max_workers, launcher):
        """Creates a pool as C does, whose workers do not import this program. It is for functions by name."""
        return Cf.ProcessPoolExecutor.new_with_launcher(max_workers, with_this_python(launcher))

    def set_initializer_by_name(self, function, /, *args):
        """Sets the function that each worker calls first, by its name, with arguments as for submit_by_name()."""
        super().set_initializer_by_name(function, to_arguments(args))

    @functools.cached_property
    def _runs_python(self):
        return self.get_launcher().get_kind() == Cf.WorkerKind.PYTHON

    def submit(self, fn, /, *args, **kwargs):
        """Submits fn(*args, **kwargs) to a process of the pool, and returns its future."""
        return self._submit_pickled(
            (fn, args, kwargs), lambda pickled: Cf.Executor.submit_by_name(self, ':pickle', pickled))

    def submit_by_name(self, function, *args):
        """Submits a function of another language by its name, as Executor.submit_by_name() does."""
        future = super().submit_by_name(function, *args)
        keep(future, self)
        return future

    def submit_task(self, task):
        """Submits the call of a task to a process of the pool, and returns its future."""
        function, args = call_of(task)
        if isinstance(function, str):
            future = super().submit_task(task)
            keep(future, self)
            return set_context_of(future, self._callback_context)
        return self._submit_pickled(
            (function, args, {}),
            lambda pickled: Cf.Executor.submit_task(self, with_function_by_name(task, ':pickle', pickled)))

    def _submit_pickled(self, call, submit):
        if not self._runs_python:
            raise TypeError('the workers of this pool do not run Python: use submit_by_name()')
        if self.is_shut_down():
            raise RuntimeError('cannot schedule new futures after shutdown')
        try:
            pickled = self._dump(call)
        except Exception as exception:
            return set_context_of(failed_future(exception), self._callback_context)

        # Modules may have been found in a path that was added later.
        path = [] if sys.path == self._search_path else _to_bytes(sys.path)
        future = RemoteFuture.adopt(submit(to_variant((pickled, path) if path else pickled)))
        # Some arguments live no longer in the worker than here, such as the objects of a Manager.
        keep(future, self, call)
        return set_context_of(future, self._callback_context)

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Does as Executor.map(). With a chunksize, that many calls are sent to a process as one."""
        if chunksize < 1:
            raise ValueError('chunksize must be >= 1.')

        calls = zip(*iterables)
        chunks = iter(lambda: list(itertools.islice(calls, chunksize)), [])
        results = super().map(_call_each, itertools.repeat(fn), chunks, timeout=timeout, buffersize=buffersize)
        return _items_of(results)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Shuts the pool down: waits for its calls, and cancels those that have not begun if that is asked for.

        Ctrl-C during the wait also ends the work: calls are cancelled, and the workers are terminated.
        """
        try:
            if wait and threading.current_thread() is threading.main_thread():
                self._wait_for_end(cancel_futures)
            Cf.Executor.shutdown(self, shutdown_flags(wait, cancel_futures))
        except KeyboardInterrupt:
            self.terminate_workers()
            raise

    def __exit__(self, exception_type, exception, traceback):
        if isinstance(exception, KeyboardInterrupt):
            self.terminate_workers()
        return super().__exit__(exception_type, exception, traceback)

    def _wait_for_end(self, cancel_futures):
        """Shuts the pool down and waits bit by bit, so that signals are handled."""
        Cf.Executor.shutdown(self, shutdown_flags(False, cancel_futures))
        block(functools.partial(await_end, read_address(self)), None)

    @classmethod
    def _check_fork(cls):
        """Raises RuntimeError in a forked child, which lacks the thread of GLib that watches processes."""
        first_pid = ProcessPoolExecutor._first_pid = ProcessPoolExecutor._first_pid or os.getpid()
        if first_pid != os.getpid():
            raise RuntimeError('a process that was forked from one with process pools cannot create any')

    def _prepare_workers(self, initializer, initargs):
        program = _find_program()
        if program is not None:
            self._dump = dump
        self._search_path = sys.path.copy()
        # They live no longer in the workers than here, if they are the objects of a Manager.
        self._initargs = initargs
        self.set_initializer_by_name(':prepare', to_variant((
            os.fsencode(program or ''),
            getattr(sys.modules['__main__'], '__package__', None) or '',
            _to_bytes(sys.path),
            [os.fsencode(argument) for argument in sys.argv],
            self._dump((initializer, initargs, {})) if initializer is not None else b'',
            bytes(process.current_process().authkey),
            process.current_process().name,
            os.getpid(),
            _resource_tracker(),
        )))

    @classmethod
    def _close_all(cls):
        """Waits for the calls when the program ends, unless it was interrupted.

        Then waits for the threads of pools that are gone, too: they may drop objects of Python, which is not to happen
        while the interpreter ends.
        """
        pools = list(cls._pools)
        is_interrupted = getattr(sys, 'last_type', None) is KeyboardInterrupt and not hasattr(sys, 'ps1')
        try:
            for pool in pools:
                if is_interrupted:
                    pool.terminate_workers()
                pool.shutdown()
            block(await_closed, None)
        except KeyboardInterrupt:
            for pool in pools:
                pool.terminate_workers()
            raise


atexit.register(ProcessPoolExecutor._close_all)
os.register_at_fork(after_in_child=ProcessPoolExecutor._pools.clear)
