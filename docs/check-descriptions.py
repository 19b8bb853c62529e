#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that everything in the manual is described.

    check-descriptions.py MANUAL-DIRECTORY

gi-docgen writes "No description available" where a doc comment is missing. It does so for the virtual functions in the
struct of a class, too, whose descriptions the introspection data do not have in that place: those are left out. Each of
them has a page of its own, which is looked at like all others. The result is TAP.
"""

import pathlib
import re
import sys

# <dt><code>execute: void (* execute) (…)</code></dt> <dd>…</dd>
VIRTUAL_FUNCTION_OF_CLASS = re.compile(r'<dt><code>\w+: [^<]*\(\* \w+\)[^<]*</code></dt>\s*<dd>.*?</dd>', re.DOTALL)
MISSING = 'No description available'


def is_described(page):
    return MISSING not in VIRTUAL_FUNCTION_OF_CLASS.sub('', page.read_text())


def main():
    pages = sorted(pathlib.Path(sys.argv[1]).glob('*.html'))
    failures = 0
    for number, page in enumerate(pages, 1):
        described = is_described(page)
        failures += not described
        print('ok' if described else 'not ok', number, page.name)
    print(f'1..{len(pages)}')
    return 1 if failures or not pages else 0


if __name__ == '__main__':
    sys.exit(main())
