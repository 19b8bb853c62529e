# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that the folders of cfutures/ are floors: each file uses only what is below it.

    test-floors.py CFUTURES-DIRECTORY OBJECTS-ARCHIVE NM

Two graphs are checked, whose nodes are file pairs: who includes whom, and, as nm tells of the objects, who calls whom.
An edge may lead to a lower floor or stay in its own. It may not go up, nor sideways to another floor of the same
height, nor may the edges inside a floor go round. A call by a function pointer is no edge: it is how a lower floor
calls a higher one.
"""

import collections
import pathlib
import re
import subprocess
import sys
import unittest

import tap
from source_tree import SourceTree, line_of

# The picture. Floors of the same height do not know each other.
HEIGHTS = {
    'base': 0,
    'delivery': 1,
    'future': 2,
    'executors': 3,
    'threads': 4, 'transport': 4,
    'processes': 5, 'worker': 5,
    'whole': 7,         # <cfutures.h>, and what is for programs
    'vala': 8,          # stands on the whole, as a program does
}

# These programs use the library as anybody does.
PROGRAMS = {'worker/cfutures-worker.c'}

# Edges that are wrong and not mended yet, as (from, to). These lists may only get shorter: a test fails for each edge
# that is in them and does no harm.
INCLUDES_TO_MEND = set()
CALLS_TO_MEND = set()

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<cfutures/([^>]+)>|<(cfutures\.h)>)', re.MULTILINE)
MEMBER = re.compile(r'(?:^|[/\[])[\w.-]+_(cf[\w-]*)\.c\.o\]?:')


class Graph:
    """Edges between file pairs, each with the places that it comes from."""

    def __init__(self):
        self.places = collections.defaultdict(list)

    def add(self, source, target, place):
        if source != target:
            self.places[source, target].append(place)

    def without(self, names):
        rest = Graph()
        rest.places = {edge: places for edge, places in self.places.items() if names_of(edge) not in names}
        return rest

    def path(self, start, end):
        """Returns the shortest way from one pair to another as a list of pairs, or None."""
        targets = collections.defaultdict(list)
        for source, target in self.places:
            targets[source].append(target)
        came_from = {start: None}
        queue = collections.deque([start])
        while queue:
            pair = queue.popleft()
            if pair == end:
                way = []
                while pair is not None:
                    way.append(pair)
                    pair = came_from[pair]
                return way[::-1]
            for target in sorted(targets[pair]):
                if target not in came_from:
                    came_from[target] = pair
                    queue.append(target)
        return None

    def violations(self):
        """Returns what is wrong, in words."""
        level = Graph()
        found = []
        for (source, target), places in sorted(self.places.items()):
            wrong = breaks_rule(source, target)
            if wrong:
                found.append(f'{describe(source)} uses {describe(target)}, which {wrong}: {"; ".join(places[:3])}')
            else:
                level.places[source, target] = places

        rounds = {}
        for source, target in sorted(level.places):
            way = level.path(target, source)
            if way is not None:
                rounds.setdefault(frozenset(way), [source, *way])
        for way in rounds.values():
            steps = [f'{describe(source)} uses {describe(target)} ({level.places[source, target][0]})'
                     for source, target in zip(way, way[1:])]
            found.append('these go round, and a floor has to have an order: ' + ', '.join(steps))
        return found

    def needless(self, names):
        """Returns those of the names of edges that could be allowed back without harm."""
        rest = self.without(names)
        needed = {names_of((source, target)) for source, target in self.places
                  if breaks_rule(source, target) or rest.path(target, source)}
        return sorted(names - needed)


def names_of(edge):
    return tuple(pair.name for pair in edge)


def describe(pair):
    return f'{pair.floor}/{pair.name}'


def breaks_rule(source, target):
    if HEIGHTS[source.floor] < HEIGHTS[target.floor]:
        return 'is a floor above: only what is below may be used'
    if HEIGHTS[source.floor] == HEIGHTS[target.floor] and source.floor != target.floor:
        return 'is another floor of the same height: these do not know each other'
    return None


def misplaced(tree):
    """Returns the files that belong to no floor of the picture, in words."""
    found = []
    for path in tree.texts:
        floor = tree.pair_of(path).floor
        if path.endswith('.c') and '/' not in path:
            found.append(f'{path} is at the top, where only public headers are')
        elif floor is None:
            found.append(f'{path} has no .c in any floor; say in source_tree.py which floor it belongs to')
        elif floor not in HEIGHTS:
            found.append(f'{path} is in a folder that the picture at the top of test-floors.py does not have')
    return found


def read_includes(tree):
    graph = Graph()
    for path, text in tree.texts.items():
        if path in PROGRAMS:
            continue
        for match in INCLUDE.finditer(text):
            included = match[1] or match[2] or match[3]
            place = f'cfutures/{path}:{line_of(text, match.start())} includes {included}'
            target = tree.pair_of(included)
            if target.floor is None or '/' in included and included not in tree.texts:
                raise ValueError(f'{place}, which is no file; includes are written from cfutures/')
            graph.add(tree.pair_of(path), target, place)
    return graph


def read_calls(tree, symbols):
    """Reads who uses whose functions and variables from what `nm --print-file-name --portability` said."""
    defined, undefined = {}, []
    for line in symbols.splitlines():
        member = MEMBER.search(line)
        if member is None:
            continue
        name, kind = line[member.end():].split()[:2]
        if kind == 'U':
            undefined.append((member[1], name))
        else:
            defined[name] = member[1]

    graph = Graph()
    for user, name in undefined:
        if name in defined:
            graph.add(tree.pair_named(user), tree.pair_named(defined[name]), name)
    return graph


class Floors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory, cls.archive, cls.nm = sys.argv[1:]
        cls.tree = SourceTree.below(pathlib.Path(directory))

    def check(self, graph, to_mend):
        self.assertTrue(graph.places)
        violations = graph.without(to_mend).violations()
        self.assertFalse(violations, '\n' + '\n'.join(violations))
        needless = graph.needless(to_mend)
        self.assertFalse(needless, f'These are mended; take them out of the list of test-floors.py: {needless}')

    def test_each_file_has_a_floor(self):
        self.assertEqual(misplaced(self.tree), [])

    def test_includes(self):
        self.check(read_includes(self.tree), INCLUDES_TO_MEND)

    def test_calls(self):
        symbols = subprocess.run([self.nm, '--print-file-name', '--portability', '--extern-only', self.archive],
                                 capture_output=True, text=True, check=True).stdout
        graph = read_calls(self.tree, symbols)
        if not graph.places:
            self.skipTest('nm cannot read these objects, as is so with link-time optimization')
        self.check(graph, CALLS_TO_MEND)


class Checker(unittest.TestCase):
    """What the checks find in trees that are wrong on purpose."""

    def including(self, files):
        texts = {path: ''.join(f'#include {name}\n' for name in names) for path, names in files.items()}
        return SourceTree(texts)

    def assert_one(self, violations, *words):
        self.assertEqual(len(violations), 1, violations)
        for word in words:
            self.assertIn(word, violations[0])

    def test_allows_what_goes_down(self):
        tree = self.including({
            'cf-low.h': [],
            'base/cf-low.c': ['"cf-low.h"', '"config.h"'],
            'future/cf-mid.c': ['<cfutures/cf-low.h>', '"future/cf-mid-private.h"', '<glib.h>'],
            'future/cf-mid-private.h': [],
        })
        self.assertEqual(misplaced(tree), [])
        self.assertEqual(read_includes(tree).violations(), [])

    def test_finds_an_include_that_goes_up(self):
        tree = self.including({'base/cf-low.c': ['"future/cf-mid-private.h"'], 'future/cf-mid-private.h': []})
        self.assert_one(read_includes(tree).violations(), 'base/cf-low', 'future/cf-mid', 'above', 'cf-low.c:1')

    def test_finds_a_public_header_that_goes_up(self):
        tree = self.including({'cf-low.h': ['<cfutures/cf-mid.h>'], 'base/cf-low.c': [], 'cf-mid.h': [],
                               'future/cf-mid.c': []})
        self.assert_one(read_includes(tree).violations(), 'base/cf-low', 'future/cf-mid', 'above')

    def test_finds_an_include_that_goes_sideways(self):
        tree = self.including({'threads/cf-deque.c': ['"transport/cf-ring-private.h"'],
                               'transport/cf-ring-private.h': []})
        self.assert_one(read_includes(tree).violations(), 'threads/cf-deque', 'transport/cf-ring', 'same height')

    def test_finds_includes_that_go_round(self):
        tree = self.including({
            'future/cf-one.c': ['"future/cf-two-private.h"'],
            'future/cf-two-private.h': ['"future/cf-three-private.h"'],
            'future/cf-three.c': ['"future/cf-one-private.h"'],
            'future/cf-three-private.h': [],
            'future/cf-one-private.h': [],
        })
        self.assert_one(read_includes(tree).violations(), 'cf-one', 'cf-two', 'cf-three', 'round')

    def test_finds_the_whole_library_included_in_itself(self):
        tree = self.including({'future/cf-mid.c': ['<cfutures.h>'], 'cfutures.h': []})
        self.assert_one(read_includes(tree).violations(), 'future/cf-mid', 'whole/cfutures', 'above')

    def test_finds_files_without_a_floor(self):
        tree = self.including({'cf-lost.h': [], 'cf-top.c': [], 'cellar/cf-deep.c': []})
        self.assertEqual(len(misplaced(tree)), 3)

    def test_refuses_includes_not_written_from_the_top(self):
        tree = self.including({'future/cf-mid.c': ['"cf-near-private.h"']})
        with self.assertRaisesRegex(ValueError, 'cf-near-private.h'):
            read_includes(tree)

    def test_finds_calls(self):
        tree = self.including({'base/cf-low.c': [], 'future/cf-mid.c': [], 'future/cf-other.c': []})
        graph = read_calls(tree, '\n'.join([
            'lib.a[base_cf-low.c.o]: cf_low T 0 1',
            'lib.a[base_cf-low.c.o]: cf_mid U',
            'lib.a[base_cf-low.c.o]: g_free U',
            'lib.a[future_cf-mid.c.o]: cf_mid T 0 1',
            'lib.a[future_cf-mid.c.o]: cf_low U',
            'lib.a[future_cf-mid.c.o]: cf_other U',
            'lib.a[future_cf-other.c.o]: cf_other D 0 1',
            'lib.a[future_cf-other.c.o]: cf_mid U',
        ]))
        violations = graph.violations()
        self.assertEqual(len(violations), 2, violations)
        self.assertIn('base/cf-low uses future/cf-mid, which is a floor above', violations[0])
        self.assertIn('round', violations[1])
        self.assertIn('cf_other', violations[1])

    def test_exceptions_have_to_be_needed(self):
        tree = self.including({
            'base/cf-low.c': ['"future/cf-mid-private.h"'],
            'future/cf-mid-private.h': [],
            'future/cf-mid.c': ['"future/cf-other-private.h"'],
            'future/cf-other-private.h': [],
        })
        graph = read_includes(tree)
        up = ('cf-low', 'cf-mid')
        self.assertEqual(graph.without({up}).violations(), [])
        self.assertEqual(graph.needless({up}), [])
        self.assertEqual(graph.needless({up, ('cf-mid', 'cf-other')}), [('cf-mid', 'cf-other')])
        self.assertEqual(graph.needless({('cf-gone', 'cf-low')}), [('cf-gone', 'cf-low')])


if __name__ == '__main__':
    tap.main('__main__')
