# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks: calls by name that have a priority, a limit on their time, and so on."""

from gi.module import get_introspection_module

from .overriding import override
from .values import to_arguments

Cf = get_introspection_module('Cf')


@override
class Task(Cf.Task):
    """A call that is described before it is submitted, by submit_task()."""

    @classmethod
    def new_by_name(cls, function, *args):
        """Describes a call of a function by its name, with arguments as submit_name() takes them."""
        return Cf.Task.new_by_name(function, to_arguments(args))
