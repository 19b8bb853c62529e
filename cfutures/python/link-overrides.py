# SPDX-License-Identifier: LGPL-2.1-or-later

"""Gives an override a place where PyGObject finds it, without installing it.

    link-overrides.py DIRECTORY FILE…
"""

import pathlib
import sys

directory, *files = map(pathlib.Path, sys.argv[1:])

directory.mkdir(parents=True, exist_ok=True)
for link in directory.iterdir():
    if link.is_symlink():
        link.unlink()
for file in files:
    (directory / file.name).symlink_to(file)
