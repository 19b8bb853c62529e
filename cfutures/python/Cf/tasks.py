# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks: calls with a name, a priority, a timeout, and so on."""

from gi.module import get_introspection_module
from gi.repository import GLib, GObject

from .futures import run_local_call
from .overriding import Final, override
from .properties import in_seconds, with_attributes
from .values import to_arguments

Cf = get_introspection_module('Cf')


@with_attributes
@in_seconds('timeout')
@override
class Task(Final, Cf.Task):
    """A call with options, for submit_task() and map_task(). The options are attributes as well."""

    _call = None                # (function, args), if Python knows them

    def __new__(cls, fn, /, *args, **options):
        if isinstance(fn, str):
            task = Cf.Task.new_by_name(fn, to_arguments(args))
        elif callable(fn):
            task = Cf.Task.new_local(run_local_call, fn, args, {})
        else:
            raise TypeError(f'{fn!r} is neither a callable nor the name of a function')
        task.__class__ = cls
        task._call = fn, args
        return task

    def __init__(self, fn, /, *args, name=None, priority=GLib.PRIORITY_DEFAULT, timeout=None, cancellable=None,
                 context=None, check_cancellable=Cf.CancellableCheck.DEFAULT, return_on_cancel=False):
        """Describes a call of fn(*args). fn may be the name of a function, with arguments as for submit_by_name().

        A call with a lower priority runs sooner. One that takes longer than `timeout` seconds fails with TimeoutError.
        The cancellable cancels all submissions of the task. Progress is notified on the main context, by default that
        of the thread that submits the task. For keyword arguments use functools.partial().

        A call that runs when the cancellable is cancelled keeps its result. If check_cancellable is True, it is
        cancelled instead. With return_on_cancel it is cancelled at once, though the function still runs.
        """
        GObject.Object.__init__(self)
        self.name = name
        self.priority = priority
        self.timeout = timeout
        self.cancellable = cancellable
        self.context = context
        self.check_cancellable = check_cancellable
        self.return_on_cancel = return_on_cancel

    @classmethod
    def new(cls, fn, /, *args):
        """Does as the constructor."""
        return cls(fn, *args)

    @classmethod
    def new_by_name(cls, function, /, *args):
        """Does as the constructor."""
        return cls(function, *args)

    @classmethod
    def new_local(cls, fn, /, *args):
        """Does as the constructor."""
        return cls(fn, *args)


def call_of(task):
    """Returns the function and the arguments of a task. The function is a string, or is called in Python."""
    return task._call


def with_arguments(task, args):
    """Returns a task with other arguments."""
    function, _ = task._call
    return _with_options_of(task, Task(function, *args))


def with_local_function(task, function, *args):
    """Returns a task that calls function(future, *args), as C has it."""
    return _with_options_of(task, Cf.Task.new_local(function, *args))


def with_function_by_name(task, function, argument):
    """Returns a task that calls a function by its name."""
    return _with_options_of(task, Cf.Task.new_by_name(function, argument))


def _with_options_of(task, copy):
    for spec in GObject.list_properties(Cf.Task):
        GObject.Object.set_property(copy, spec.name, GObject.Object.get_property(task, spec.name))
    return copy
