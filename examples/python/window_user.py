#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Uses the window of progress-window.py as somebody in front of it would, and prints what was seen, as JSON.

    window_user.py PROGRAM ERRAND FOLDER

An errand is a generator: what it yields is a condition, and it goes on when that is true. The program runs as it is,
by its own main(), and clicks reach it by its main loop.
"""

import json
import os
import runpy
import sys

import gi

gi.require_version('Gtk', '4.0')

from gi.repository import Gio, GLib, Gtk  # noqa: E402

INTERVAL_MILLISECONDS = 5


class User:
    """Sees of a window what is mapped."""

    def __init__(self, window):
        self.window = window
        self.fractions = []
        self.texts = []
        self.n_frames = 0
        self.bar = next(widget for widget in descendants(window) if isinstance(widget, Gtk.ProgressBar))
        self.bar.connect('notify::fraction', lambda *_: self.fractions.append(self.bar.get_fraction()))
        self.bar.connect('notify::text', lambda *_: self.texts.append(self.bar.get_text()))
        window.add_tick_callback(self.on_frame)

    def on_frame(self, widget, frame_clock):
        self.n_frames += 1
        return GLib.SOURCE_CONTINUE

    def seen(self, kind):
        return [widget for widget in descendants(self.window) if isinstance(widget, kind) and widget.get_mapped()]

    def labels(self):
        return [label.get_text() for label in self.seen(Gtk.Label)]

    def sees(self, text):
        return any(text in label for label in self.labels())

    def click(self, label):
        """What a disabled button does when it is clicked is nothing."""
        button, = (button for button in self.seen(Gtk.Button) if button.get_label() == label)
        assert button.is_sensitive(), label
        button.emit('clicked')

    def press_enter(self):
        self.window.get_focus().activate()

    def press_shortcut(self, keys):
        action, = self.window.get_application().get_actions_for_accel(keys)
        assert self.window.activate_action(action), keys

    def is_under_way(self):
        return self.bar.get_mapped() and 0 < self.bar.get_fraction() < 1

    def report(self):
        return {
            'labels': self.labels(),
            'fractions': self.fractions,
            'texts': self.texts,
            'frames': self.n_frames,
        }


def descendants(widget):
    child = widget.get_first_child()
    while child is not None:
        yield child
        yield from descendants(child)
        child = child.get_next_sibling()


def finish(user, folder):
    user.click('_Start')
    yield lambda: user.seen(Gtk.ColumnView)
    # The rows are there a frame later.
    n_frames = user.n_frames
    yield lambda: user.n_frames > n_frames + 1


def cancel(user, folder):
    assert os.path.basename(folder) in user.labels()
    user.click('_Start')
    yield user.is_under_way
    assert user.sees('Reading ' + os.path.basename(folder))
    user.click('_Cancel')
    yield lambda: user.sees('Cancelled')


def use_the_keyboard(user, folder):
    user.press_enter()
    yield user.is_under_way
    user.press_enter()
    yield lambda: user.sees('Cancelled')
    user.press_enter()
    yield user.is_under_way
    user.press_shortcut('Escape')
    yield lambda: user.sees('Cancelled')


def fail(user, folder):
    os.rmdir(folder)
    user.click('_Start')
    yield lambda: user.sees('Could Not Be Read')


def fail_and_try_again(user, folder):
    yield from fail(user, folder)
    os.mkdir(folder)
    user.click('_Try Again')
    yield lambda: user.sees('No Files')


def close(user, folder):
    user.click('_Start')
    yield user.is_under_way


def look_for_names(user, folder):
    """What shows no text has to have a name for those who do not see it."""
    nameless = [widget for widget in descendants(user.window)
                if (isinstance(widget, Gtk.ProgressBar) or isinstance(widget, Gtk.Button) and widget.get_label() is None)
                and widget.get_ancestor(Gtk.WindowControls) is None
                and not Gtk.test_accessible_has_property(widget, Gtk.AccessibleProperty.LABEL)]
    assert not nameless, nameless
    yield lambda: True


ERRANDS = {errand.__name__: errand
           for errand in (finish, cancel, use_the_keyboard, fail, fail_and_try_again, close, look_for_names)}


def run_errand(errand, folder):
    """Returns a function for the main loop to call now and then."""
    state = {}

    def steps():
        yield lambda: Gio.Application.get_default() and Gio.Application.get_default().get_windows()
        window, = Gio.Application.get_default().get_windows()
        yield window.get_mapped
        state['user'] = User(window)
        yield from errand(state['user'], folder)

    errand_steps = steps()
    state['condition'] = next(errand_steps)

    def go_on():
        try:
            while state['condition']():
                state['condition'] = next(errand_steps)
            return GLib.SOURCE_CONTINUE
        except StopIteration:
            print(json.dumps(state['user'].report()), flush=True)
            state['user'].window.close()
            return GLib.SOURCE_REMOVE
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    return go_on


program, errand, folder = sys.argv[1:]
sys.argv = [program, folder]
GLib.timeout_add(INTERVAL_MILLISECONDS, run_errand(ERRANDS[errand], folder))
runpy.run_path(program, run_name='__main__')
