# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that a lock is taken only by the file pair of the struct that owns it.

    test-locks.py CFUTURES-DIRECTORY

It reads the C sources, no compiler does: GNOME's style is regular enough. A lock is a field of one of the types in
LOCK_TYPES, or a variable. Two things are wrong:

- a file names a lock of a struct that another pair declares, as in cf_mutex_lock (&self->pool->mutex);
- a function that other files can call takes a lock and does not give it back, or the other way round. That would be the
  same thing in disguise.

Whose a field is follows from the declarations: the variable's in the function, and those of the fields on the way.
Where they do not tell, the test fails and asks for a declaration that does.
"""

import pathlib
import re
import sys
import unittest

import tap
from source_tree import SourceTree, blank, line_of

LOCK_TYPES = {'CfMutex', 'GMutex', 'GRecMutex', 'GRWLock', 'pthread_mutex_t', 'pthread_rwlock_t'}

# Where a lock is made, whose fields are no lock of anybody's.
LOCKS_THEMSELVES = {'cf-mutex'}

STRUCT = re.compile(r'\b(?:struct|union)\s*(\w+)?\s*\{')
DECLARATION = re.compile(r'(?:(?:const|volatile|static|struct)\s+)*(\w+)[\s*]+(\w+)\s*(?:\[[^\]]*\])?\s*$')
ACCESS = re.compile(r'(\w+|\))((?:\s*\[[^\][]*\]|\s*(?:->|\.)\s*\w+)*)\s*(?:->|\.)\s*(\w+)\b(?!\s*\()')
FUNCTION = re.compile(r'^(\w[^\n;{}]*\n(?:[^\n;{}]+\n)*)\{\n.*?^\}', re.MULTILINE | re.DOTALL)
TAKE = re.compile(r'\b(?:cf|g|pthread)_(?:mutex|rec_mutex|rw_lock|rwlock)_\w*(?<!un)lock\s*\(')
GIVE_BACK = re.compile(r'\b(?:cf|g|pthread)_(?:mutex|rec_mutex|rw_lock|rwlock)_\w*unlock\s*\(')


class Struct:
    def __init__(self, name, pair, fields):
        self.name = name
        self.pair = pair
        self.fields = fields        # name: type


class Structs:
    """What the structs of a tree have for fields. One without a name is known by its variable, in its file."""

    def __init__(self, tree):
        self.by_name = {}
        self.variables = {}         # (path, variable): Struct
        for path, text in tree.texts.items():
            self.read(tree.pair_of(path), path, blank(text))

    def read(self, pair, path, text):
        for match in STRUCT.finditer(text):
            end = closing_brace(text, match.end())
            after = re.match(r'\s*(\w+)?[^;,=]*[;,=]', text[end + 1:])
            before = text[:match.start()].rstrip().rsplit('\n', 1)[-1]
            name = match[1] or (after and after[1])
            if name is None:
                continue
            name = name.lstrip('_')
            struct = Struct(name, pair, fields_of(text[match.end():end]))
            if match[1] or before.strip().endswith('typedef'):
                self.by_name[name] = struct
            else:
                self.variables[path, name] = struct

    def lock_fields(self):
        return {field for struct in [*self.by_name.values(), *self.variables.values()]
                for field, kind in struct.fields.items() if kind in LOCK_TYPES}

    def owner(self, path, function, variable, way):
        """Returns the struct that a way of fields leads to, from a variable of a function, or None."""
        struct = self.variables.get((path, variable)) or self.by_name.get(type_of(variable, function))
        for field in way:
            if struct is None:
                return None
            struct = self.by_name.get(struct.fields.get(field, '').lstrip('_'))
        return struct


def closing_brace(text, position):
    depth = 1
    while depth > 0:
        depth += {'{': 1, '}': -1}.get(text[position], 0)
        position += 1
    return position - 1


def fields_of(body):
    """Returns the fields of a struct by name, those of unions and structs without a name in it included."""
    body = re.sub(r'^[ \t]*#.*$|\b(?:struct|union)\s*\{|\}\s*;', ' ', body, flags=re.MULTILINE)
    fields = {}
    for declaration in body.split(';'):
        match = DECLARATION.match(re.sub(r'\b_Atomic\b|_Alignas\s*\([^)]*\)|[()]', ' ', declaration).strip())
        if match:
            fields[match[2]] = match[1]
    return fields


def type_of(variable, function):
    """Returns what a function declares a variable as, the last time it does."""
    declared = re.findall(rf'\b(\w+)[\s*)]+{re.escape(variable)}\b\s*(?=[,;=)\[])', function)
    declared = [kind for kind in declared if kind not in {'return', 'const', 'else'}]
    return declared[-1].lstrip('_') if declared else None


def functions_of(text):
    """Yields each function: its name, whether it is static, where it begins, and its text."""
    for match in FUNCTION.finditer(text):
        name = re.search(r'^(?:.*[ *])?(\w+) \(', match[1], re.MULTILINE)
        if name is not None:
            yield name[1], re.match(r'static\b', match[1]) is not None, match.start(), match[0]


def foreign_locks(tree):
    """Returns who names a lock of another's, as {(pair, struct): places}, and where that cannot be told."""
    structs = Structs(tree)
    names = structs.lock_fields()
    foreign, unclear = {}, []
    for path, text in tree.texts.items():
        text = blank(text)
        pair = tree.pair_of(path)
        if pair.name in LOCKS_THEMSELVES:
            continue
        for function_name, _, start, function in functions_of(text):
            for match in ACCESS.finditer(function):
                if match[3] not in names:
                    continue
                way = re.findall(r'(?:->|\.)\s*(\w+)', match[2])
                owner = structs.owner(path, function[:match.start()], match[1], way)
                place = f'cfutures/{path}:{line_of(text, start + match.start())}: {match[0]} in {function_name}()'
                if owner is None or match[3] not in owner.fields:
                    unclear.append(place)
                elif owner.fields[match[3]] in LOCK_TYPES and owner.pair != pair:
                    foreign.setdefault((pair.name, owner.name), []).append(place)
    return foreign, unclear


def lent_locks(tree):
    """Returns the functions for other files that only take a lock, or only give it back, and where they are."""
    found = {}
    for path, text in tree.texts.items():
        if tree.pair_of(path).name in LOCKS_THEMSELVES:
            continue
        for name, is_static, start, function in functions_of(blank(text)):
            is_for_others = not is_static or path.endswith('.h')
            if is_for_others and bool(TAKE.search(function)) != bool(GIVE_BACK.search(function)):
                found[name] = f'cfutures/{path}:{line_of(text, start)}: {name}()'
    return found


class Locks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = SourceTree.below(pathlib.Path(sys.argv[1]))

    def test_are_taken_by_their_owners(self):
        foreign, unclear = foreign_locks(self.tree)
        self.assertEqual(unclear, [], 'It cannot be told whose lock this is; declare the variable in the function.')
        wrong = [f'{pair} uses the lock of {owner}: {places[0]}' for (pair, owner), places in sorted(foreign.items())]
        self.assertFalse(wrong, '\n' + '\n'.join(wrong))

    def test_are_not_lent(self):
        wrong = list(lent_locks(self.tree).values())
        self.assertFalse(wrong, f'These take a lock or give it back, and not both: {wrong}')

    def test_are_there(self):
        self.assertTrue(Structs(self.tree).lock_fields())


class Checker(unittest.TestCase):
    """What the checks find in sources that are wrong on purpose."""

    POOL = '''
struct _CfPool
{
  GObject  parent_instance;     /* with a comment; */

  CfMutex  mutex;               /* guards what follows */
  GList   *calls;
};

static inline void
cf_pool_add (CfPool *self)
{
  cf_mutex_lock (&self->mutex);
  cf_mutex_unlock (&self->mutex);
}
'''

    def tree(self, source, pool=POOL):
        return SourceTree({'processes/cf-pool-private.h': pool, 'processes/cf-verb.c': source})

    def test_allows_the_owner(self):
        tree = self.tree('''
typedef struct
{
  CfPool *pool;
  CfMutex mutex;
} Verb;

static struct
{
  CfMutex mutex;
} registry;

static void
run (Verb *self)
{
  cf_mutex_lock (&registry.mutex);
  cf_mutex_lock (&self->mutex);
}
''')
        self.assertEqual(foreign_locks(tree), ({}, []))
        self.assertEqual(lent_locks(tree), {})

    def test_finds_the_lock_of_another(self):
        foreign, unclear = foreign_locks(self.tree('''
static void
run (CfPool *pool)
{
  cf_mutex_lock (&pool->mutex);
}
'''))
        self.assertEqual(list(foreign), [('cf-verb', 'CfPool')])
        self.assertEqual(unclear, [])

    def test_finds_the_lock_at_the_end_of_a_way(self):
        foreign, unclear = foreign_locks(self.tree('''
struct _CfVerb
{
  struct
  {
    CfPool *pool;
  };
};

void
cf_verb_run (GObject *object,
             gpointer unused)
{
  CfVerb *self = CF_VERB (object);

  lock_it (&self->pool->mutex);
}
'''))
        self.assertEqual(list(foreign), [('cf-verb', 'CfPool')])
        self.assertEqual(unclear, [])

    def test_says_what_it_cannot_tell(self):
        foreign, unclear = foreign_locks(self.tree('''
static void
run (gpointer data)
{
  cf_mutex_lock (&((CfPool *) data)->mutex);
  cf_mutex_lock (&get_pool (data)->mutex);
}
'''))
        self.assertEqual((foreign, len(unclear)), ({}, 2))

    def test_finds_a_lock_that_is_lent(self):
        tree = self.tree('', self.POOL + '''
static inline void
cf_pool_lock (CfPool *self)
{
  cf_mutex_lock (&self->mutex);
}
''')
        self.assertEqual(list(lent_locks(tree)), ['cf_pool_lock'])


if __name__ == '__main__':
    tap.main('__main__')
