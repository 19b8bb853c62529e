# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests have called by workers for Python."""

import importlib
import os
import signal

from gi.repository import Gio, GLib

prepared_with = None


def prepare(word):
    global prepared_with
    prepared_with = word


def get_prepared_with():
    return prepared_with


def echo(value=None):
    return value


def names_of_types(*values):
    return [type(value).__name__ for value in values]


def halve(number):
    return number / 2


class Numbers:
    @staticmethod
    def double(number):
        return 2 * number


async def later(value):
    return value


def get_pid():
    return os.getpid()


def power_of_two(exponent):
    return 2 ** exponent


def endless_list():
    endless = []
    endless.append(endless)
    return endless


def fail():
    raise ValueError('no such luck')


def fail_with_glib_error():
    raise GLib.Error.new_literal(Gio.io_error_quark(), 'gone', Gio.IOErrorEnum.NOT_FOUND)


def fail_as_cancelled(name):
    raise getattr(importlib.import_module(name), 'CancelledError')('stopped')


def fail_with_what_is_no_text():
    raise ValueError('\udc80')


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def exit_program():
    raise SystemExit(3)


def abort(last_words):
    os.write(2, last_words.encode())
    os.abort()


def say(text):
    print(text, end='')


def report():
    from cfutures_worker import current_call

    current_call().report_progress(0.5, 'halfway')
