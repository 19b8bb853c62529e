# SPDX-License-Identifier: LGPL-2.1-or-later

"""GObject properties as attributes, and durations in seconds.

In C a duration is in microseconds, and -1 is for ever. In Python it is in seconds, and None is for ever: in attributes,
methods, `props`, get_property() and set_property(). A property binding does not use these, and has microseconds.
"""

import inspect

from gi.repository import GObject


def to_usec(name, seconds):
    """Converts a duration. The name is for the error message."""
    if seconds is None:
        return -1
    if not seconds >= 0:
        raise ValueError(f'{name} must be a number of seconds, or None for ever, not {seconds!r}')
    return round(min(seconds * 1e6, 2**62))


def to_seconds(usec):
    return usec / 1e6 if usec >= 0 else None


def with_attributes(class_):
    """Decorates a class: its GObject properties become attributes, except where it has others of the same names."""
    for spec in GObject.list_properties(class_):
        name = spec.name.replace('-', '_')
        if spec.owner_type == class_.__gtype__ and not hasattr(class_, name):
            flags = spec.flags & (GObject.ParamFlags.WRITABLE | GObject.ParamFlags.CONSTRUCT_ONLY)
            is_writable = flags == GObject.ParamFlags.WRITABLE
            setattr(class_, name, (_WritableAttribute if is_writable else _Attribute)(name))
    return class_


def in_seconds(name):
    """Decorates a class that has a duration as a property."""
    def decorate(class_):
        get_usec, set_usec = getattr(class_, f'get_{name}'), getattr(class_, f'set_{name}')
        get_property, set_property = class_.get_property, class_.set_property

        def get_duration(self):
            return to_seconds(get_usec(self))

        def set_duration(self, seconds):
            set_usec(self, to_usec(name, seconds))

        def get_any(self, property_name):
            return get_duration(self) if _is(name, property_name) else get_property(self, property_name)

        def set_any(self, property_name, value):
            if _is(name, property_name):
                set_duration(self, value)
            else:
                set_property(self, property_name, value)

        setattr(class_, f'get_{name}', get_duration)
        setattr(class_, f'set_{name}', set_duration)
        class_.get_property = get_any
        class_.set_property = set_any
        class_.props = _PropertiesOfClass(name, inspect.getattr_static(class_, 'props'))
        return class_

    return decorate


def _is(name, property_name):
    return property_name.replace('-', '_') == name


class _Attribute:
    """A read-only property. It does not keep programs from setting attributes of that name, as they do with futures."""

    def __init__(self, name):
        self._name = name

    def __get__(self, gobject, owner=None):
        return self if gobject is None else getattr(gobject.props, self._name)


class _WritableAttribute(_Attribute):
    def __set__(self, gobject, value):
        setattr(gobject.props, self._name, value)


class _PropertiesOfClass:
    """The `props` of a class with a duration. Those of its objects convert the duration."""

    def __init__(self, duration, original):
        self._duration = duration
        self._original = original

    def __get__(self, gobject, owner=None):
        original = self._original.__get__(gobject, owner)
        return original if gobject is None else _Properties(gobject, original, self._duration)


class _Properties:
    def __init__(self, gobject, original, duration):
        vars(self).update(_gobject=gobject, _original=original, _duration=duration)

    def __getattr__(self, name):
        return self._gobject.get_property(name) if name == self._duration else getattr(self._original, name)

    def __setattr__(self, name, value):
        if name == self._duration:
            self._gobject.set_property(name, value)
        else:
            setattr(self._original, name, value)

    def __iter__(self):
        return iter(self._original)

    def __len__(self):
        return len(self._original)

    def __dir__(self):
        return dir(self._original)
