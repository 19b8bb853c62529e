# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has the function halve() of the module given called by a pool, and prints the result in a done-callback."""

import sys

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf, GLib

loop = GLib.MainLoop()
failures = []


def on_done(future, *user_data):
    try:
        print(f'{future.await_double():g}')
    except GLib.Error as error:
        failures.append(error)
    loop.quit()


executor = Cf.ThreadPoolExecutor.new(2)
future = executor.submit_by_name(f'{sys.argv[1]}:halve', GLib.Variant('i', 5))
future.add_done_callback(on_done, None)
loop.run()
sys.exit(str(failures[0]) if failures else 0)
