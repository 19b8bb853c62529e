# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs a program whose threads print, so that no line of one gets into the middle of another's.

    run-with-whole-lines.py PROGRAM

print() writes its arguments one by one, whatever other threads print meanwhile. The slides show whole lines, each when
it was printed, also by other processes.
"""

import runpy
import sys
import threading


class WholeLines(threading.local):
    """Keeps what a thread writes until its line is complete."""

    text = ''

    def write(self, text):
        self.text += text
        if self.text.endswith('\n'):
            sys.__stdout__.write(self.text)
            sys.__stdout__.flush()
            self.text = ''

    def flush(self):
        sys.__stdout__.flush()


sys.stdout = WholeLines()
runpy.run_path(sys.argv[1], run_name='__main__')
