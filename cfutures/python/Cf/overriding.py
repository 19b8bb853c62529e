# SPDX-License-Identifier: LGPL-2.1-or-later

"""How a class is made the one that PyGObject uses for a type of C."""

import gi.overrides


def override(type_):
    """Does as PyGObject's function, which takes the last part of a module's name for that of the namespace."""
    type_.__module__ = __package__
    return gi.overrides.override(type_)


class Final:
    """A base of classes whose GType is final: a class derived from them in Python is one in Python only."""

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        cls.__gtype__ = cls.__gtype__
