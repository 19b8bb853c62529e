# SPDX-License-Identifier: LGPL-2.1-or-later

"""Durations are seconds, and None is for ever, wherever a program meets one.

The introspection data tells where C has a duration: CF_GIR is that file.
"""

import os
import re
import threading
import unittest
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version('Cf', '1')

from gi.repository import Cf, Gio, GLib, GObject  # noqa: E402

import tap  # noqa: E402

LONG = 60
SHORT = 0.001

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C_IDENTIFIER = '{http://www.gtk.org/introspection/c/1.0}identifier'

# The gint64s that are numbers of something else: results.
NUMBERS = {'cf_future_await_int64', 'cf_future_new_for_int64', 'cf_future_set_int64'}

# The objects whose properties are tested here.
PROPERTIES = {
    ('ProcessPoolExecutor', 'idle-timeout'): Cf.ProcessPoolExecutor,
    ('Task', 'timeout'): lambda: Cf.Task(abs, -1),
    ('ThreadPoolExecutor', 'idle-timeout'): Cf.ThreadPoolExecutor,
    ('WorkerLauncher', 'start-timeout'): Cf.WorkerLauncher,
}

# The functions that are tested here, each with what it is to be waited for.
WAITS = {
    'cf_as_completed': lambda future, timeout: next(Cf.as_completed([future], timeout)),
    'cf_future_wait': Cf.Future.wait,
    'cf_wait': lambda future, timeout: not Cf.wait([future], timeout).done and Cf.Future.result(future, 0),
}
ASYNCHRONOUS_WAITS = {'cf_future_wait_async'}

# What no function of Python's returns: map() and its siblings are generators.
UNREACHABLE = {('MapIterator', 'timeout')}


def may_be_duration(element):
    """Tells whether a parameter, a returned value, or a property may be one: for its type, or for its name."""
    type_ = element.find(CORE + 'type')
    return ((type_ is not None and type_.get('name') == 'gint64') or
            re.search('usec|msec|seconds|timeout|delay|interval', element.get('name', '')) is not None)


def in_gir():
    """Returns the functions, and the properties, that may have a duration."""
    functions, properties = set(), set()
    for element in ElementTree.parse(os.environ['CF_GIR']).iter():
        if element.tag in [CORE + kind for kind in ('function', 'method', 'constructor')]:
            values = [*element.iter(CORE + 'parameter'), *element.iter(CORE + 'return-value')]
            if any(map(may_be_duration, values)):
                functions.add(element.get(C_IDENTIFIER))
        if element.tag == CORE + 'class':
            properties |= {(element.get('name'), child.get('name')) for child in element.findall(CORE + 'property')
                           if may_be_duration(child)}
    return functions, properties


def accessors_of(properties):
    """Returns the getters and setters of C, which are tested with their properties."""
    names = {'ProcessPoolExecutor': 'process_pool_executor', 'Task': 'task', 'MapIterator': 'map_iterator',
             'ThreadPoolExecutor': 'thread_pool_executor', 'WorkerLauncher': 'worker_launcher'}
    return {f'cf_{names[class_name]}_{verb}_{name.replace("-", "_")}'
            for class_name, name in properties for verb in ('get', 'set')}


def in_c(owner, name):
    """Returns what C has: the property of another object, to which it is bound past Python."""
    class Mirror(GObject.Object):
        duration = GObject.Property(type=GObject.TYPE_INT64)

    mirror = Mirror()
    owner.bind_property(name, mirror, 'duration', GObject.BindingFlags.SYNC_CREATE)
    return mirror.duration


class Durations(unittest.TestCase):
    def test_all_are_known(self):
        functions, properties = in_gir()
        known = {*PROPERTIES, *UNREACHABLE}
        self.assertEqual(properties, known)
        self.assertEqual(functions, {*NUMBERS, *WAITS, *ASYNCHRONOUS_WAITS, *accessors_of(known)})

    def test_properties(self):
        for (class_name, property_name), make in PROPERTIES.items():
            name = property_name.replace('-', '_')
            ways = [
                (lambda owner: getattr(owner, name), lambda owner, value: setattr(owner, name, value)),
                (lambda owner: getattr(owner, f'get_{name}')(),
                 lambda owner, value: getattr(owner, f'set_{name}')(value)),
                (lambda owner: getattr(owner.props, name), lambda owner, value: setattr(owner.props, name, value)),
                (lambda owner: owner.get_property(property_name),
                 lambda owner, value: owner.set_property(property_name, value)),
            ]
            for number, (get, set_) in enumerate(ways):
                with self.subTest(class_name, way=number):
                    owner = make()
                    set_(owner, 2.5)
                    self.assertEqual(in_c(owner, property_name), 2500000)
                    self.assertEqual(get(owner), 2.5)
                    set_(owner, None)
                    self.assertEqual(in_c(owner, property_name), -1)
                    self.assertIsNone(get(owner))
                    for wrong in (-1, float('nan')):
                        with self.assertRaisesRegex(ValueError, f'{name} must be a number of seconds'):
                            set_(owner, wrong)

    def test_constructors(self):
        self.assertEqual(Cf.Task(abs, -1, timeout=2.5).timeout, 2.5)
        self.assertIsNone(Cf.Task(abs, -1).timeout)
        self.assertEqual(Cf.WorkerLauncher(start_timeout=2.5).start_timeout, 2.5)

    def test_waits(self):
        for name, wait in WAITS.items():
            with self.subTest(name):
                self.assertRaises(TimeoutError, wait, Cf.Future(), SHORT)
                future = Cf.Future()
                timer = threading.Timer(0.05, future.set_result, [5])
                timer.start()
                wait(future, LONG)
                self.assertEqual(future.result(), 5)
                timer.join()

    def test_wait(self):
        future = Cf.Future()
        future.set_result(5)
        for timeout in (None, 0, 1.5):
            self.assertTrue(future.wait(timeout))

    def test_wait_with_cancellable(self):
        cancellable = Gio.Cancellable()
        timer = threading.Timer(0.05, cancellable.cancel)
        timer.start()
        with self.assertRaises(GLib.Error) as caught:
            Cf.Future().wait(cancellable=cancellable)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        timer.join()

    def wait_async(self, future, timeout):
        results = []
        future.wait_async(timeout, None, lambda future, result, loop: results.append(result) or loop.quit(),
                          loop := GLib.MainLoop())
        loop.run()
        return future.wait_finish(results[0])

    def test_wait_async(self):
        self.assertRaises(TimeoutError, self.wait_async, Cf.Future(), SHORT)
        self.assertRaises(ValueError, self.wait_async, Cf.Future(), -1)
        for timeout in (None, LONG):
            future = Cf.Future()
            GLib.idle_add(future.set_result, 5)
            self.assertTrue(self.wait_async(future, timeout))


if __name__ == '__main__':
    tap.main('__main__')
