# SPDX-License-Identifier: LGPL-2.1-or-later

"""What surroundings-program has called by workers for Python."""

import os
import signal


def twice(number):
    return 2 * number


def length(data):
    return len(data)


def filled(size):
    return bytes(size)


def fail():
    raise ValueError('no such luck')


def die():
    os.kill(os.getpid(), signal.SIGKILL)
