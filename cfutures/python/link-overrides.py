# SPDX-License-Identifier: LGPL-2.1-or-later

"""Gives an override a place where PyGObject finds it, without installing it.

    link-overrides.py OVERRIDE DIRECTORY
"""

import pathlib
import sys

override, directory = map(pathlib.Path, sys.argv[1:])
link = directory / override.name

directory.mkdir(parents=True, exist_ok=True)
link.unlink(missing_ok=True)
link.symlink_to(override)
