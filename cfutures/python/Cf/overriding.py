# SPDX-License-Identifier: LGPL-2.1-or-later

"""Overrides: the classes that PyGObject uses for types of C."""

import abc

import gi.overrides
from gi.repository import GObject


def override(type_):
    """Does as gi.overrides.override(), which expects the module of a class to be named after the namespace."""
    type_.__module__ = __package__
    return gi.overrides.override(type_)


class Meta(type(GObject.Object), abc.ABCMeta):
    """The class of executors: one of these may be abstract in Python, and derive from other abstract classes."""

    def __call__(cls, *args, **keywords):
        # For other classes that is done by object.__new__(), which objects of C do not have.
        if cls.__abstractmethods__:
            names = ', '.join(sorted(cls.__abstractmethods__))
            raise TypeError(f"Can't instantiate abstract class {cls.__name__} without an implementation of {names}")
        return super().__call__(*args, **keywords)


class Final:
    """A base of classes whose GType is final: a subclass in Python has no GType of its own."""

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        cls.__gtype__ = cls.__gtype__
