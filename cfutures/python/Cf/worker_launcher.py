# SPDX-License-Identifier: LGPL-2.1-or-later

"""How the workers of a process pool are started: by default with the Python that runs this program."""

import os
import subprocess
import sys
from multiprocessing import spawn

from gi.module import get_introspection_module

from .overriding import Final, override
from .properties import in_seconds, with_attributes

Cf = get_introspection_module('Cf')

# Seconds.
DEFAULT_START_TIMEOUT = Cf.WorkerLauncher.props.start_timeout.default_value / 1e6


def _interpreter_argv():
    """Returns the command of this Python, as multiprocessing starts it, or None in a frozen or embedded program."""
    executable = spawn.get_executable()
    if not executable or getattr(sys, 'frozen', False):
        return None
    return [os.fsdecode(executable), *subprocess._args_from_interpreter_flags()]


def with_this_python(launcher):
    """Returns a launcher that starts Python workers with this Python, unless it names another one."""
    if launcher.get_kind() != Cf.WorkerKind.PYTHON or launcher.get_argv() or launcher.get_interpreter_argv():
        return launcher
    launcher = launcher.copy()
    launcher.set_interpreter_argv(_interpreter_argv())
    return launcher


@with_attributes
@in_seconds('start_timeout')
@override
class WorkerLauncher(Final, Cf.WorkerLauncher):
    """How the workers of a process pool are started.

    A pool copies its launcher when it is created. The workers run Python, unless another kind is given, with the
    interpreter that runs this program, unless interpreter_argv names another one.
    """

    def __init__(self, kind=Cf.WorkerKind.PYTHON, *, argv=None, interpreter_argv=None, prefix_argv=None, cwd=None,
                 environ=None, start_timeout=DEFAULT_START_TIMEOUT):
        Cf.WorkerLauncher.__init__(self, kind=kind, argv=argv, interpreter_argv=interpreter_argv,
                                   prefix_argv=prefix_argv, cwd=cwd, environ=environ)
        self.set_start_timeout(start_timeout)
