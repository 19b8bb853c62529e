# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints where below a prefix this Python's PyGObject finds overrides, or nothing if it does not look there.

    overrides-dir.py PREFIX
"""

import pathlib
import site
import sys

import gi

prefix = pathlib.Path(sys.argv[1])
directories = [pathlib.Path(gi._overridesdir), *(pathlib.Path(path, 'gi/overrides') for path in site.getsitepackages())]
print(next((directory for directory in directories if directory.is_relative_to(prefix)), ''))
