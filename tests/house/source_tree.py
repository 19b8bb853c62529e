# SPDX-License-Identifier: LGPL-2.1-or-later

"""The C files of cfutures/, and which of them belong together."""

import collections
import pathlib
import re

# The public headers that have no .c of their own, and what is generated.
FLOOR_OF_HEADER = {
    'config': 'base',
    'cf-bindings': 'base',
    'cf-enum-types': 'base',
    'cf-enums': 'base',
    'cf-gjs': 'base',
    'cf-types': 'base',
    'cf-version': 'base',
    'cf-version-macros': 'base',
    'cfutures': 'whole',
    'cf-vala': 'whole',
}

COMMENT_OR_LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

# A file pair: thing.c, thing-private.h and the public thing.h are one node of every graph.
Pair = collections.namedtuple('Pair', 'name floor')


class SourceTree:
    """The text of each C file by its path below cfutures/, and the file pair that each belongs to."""

    def __init__(self, texts):
        self.texts = texts
        self.floors = {name_of(path): pathlib.PurePath(path).parts[0]
                       for path in texts if '/' in path}

    @classmethod
    def below(cls, directory):
        files = [path for path in sorted(directory.rglob('*')) if re.search(r'\.[ch](\.in)?$', path.name)]
        return cls({str(path.relative_to(directory)): path.read_text(encoding='utf-8') for path in files})

    def pair_of(self, path):
        """Returns the pair of a file; its floor is None for a file at the top that nothing says a floor of."""
        name = name_of(path)
        return Pair(name, self.floors.get(name) or FLOOR_OF_HEADER.get(name))

    def pair_named(self, name):
        return self.pair_of(name + '.c')


def name_of(path):
    return re.sub(r'(-private)?\.[ch](\.in)?$', '', pathlib.PurePath(path).name)


def blank(text):
    """Returns C without its comments and literals, each character in its old place."""
    return COMMENT_OR_LITERAL.sub(lambda match: re.sub(r'[^\n]', ' ', match[0]), text)


def line_of(text, position):
    return text.count('\n', 0, position) + 1
