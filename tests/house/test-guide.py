# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks the pages of the guide and the README, and that the paths in the description of the architecture exist.

    test-guide.py SOURCE-DIRECTORY
"""

import pathlib
import re
import sys
import unittest

import tap

MAX_COLUMNS = 90
FENCE = re.compile(r'^```(\w*)$')
PATH = re.compile(r'`([\w./{},*-]+(?:/|\.(?:c|h|py|js|md|build|vala)))`')


def listings(text):
    """Yields the lines of the listings of a page with their numbers. What a program prints is no listing."""
    language = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence:
            language = fence[1] if language is None else None
        elif language not in (None, 'text'):
            yield number, line


def faults_of_listings(name, text):
    return [f'{name}:{number}: {fault}' for number, line in listings(text)
            for fault, is_there in (('an ellipsis, which the manual shows as an error', '…' in line),
                                    (f'{len(line)} columns', len(line) > MAX_COLUMNS)) if is_there]


def has_heading(text):
    return re.match(r'(?:\w+: .*\n)*\n?# \S', text) is not None


def missing_paths(directory, text):
    """Returns the paths in a README that do not exist: below its directory, or with a folder's name, the repository's."""
    paths = sorted(set(PATH.findall(text)))
    return [path for path in paths
            if not any(folder.joinpath(path).exists() for folder in (directory, directory.parent))]


class Guide(unittest.TestCase):
    source = pathlib.Path(sys.argv[1])

    def texts(self):
        pages = sorted(self.source.joinpath('docs').glob('*.md'))
        self.assertGreater(len(pages), 10)
        return {page.name: page.read_text(encoding='utf-8') for page in [*pages, self.source / 'README.md']}

    def test_has_headings(self):
        self.assertEqual([name for name, text in self.texts().items() if not has_heading(text)], [])

    def test_has_listings_that_fit(self):
        faults = [fault for name, text in self.texts().items() for fault in faults_of_listings(name, text)]
        self.assertFalse(faults, '\n' + '\n'.join(faults))

    def test_names_files_that_exist(self):
        readme = self.source / 'cfutures' / 'README.md'
        text = readme.read_text(encoding='utf-8')
        self.assertGreater(len(PATH.findall(text)), 15)
        self.assertEqual(missing_paths(readme.parent, text), [])


class Checker(unittest.TestCase):
    """What the checks find in pages that are wrong on purpose."""

    def test_finds_faults_in_listings(self):
        text = f'… {"-" * 200}\n```c\nf (…);\n{"x" * 91}\n{"x" * 90}\n```\n…\n```text\n…{"x" * 91}\n```\n…\n'
        self.assertEqual([fault.split(':')[1] for fault in faults_of_listings('page', text)], ['3', '4'])

    def test_finds_pages_without_heading(self):
        self.assertTrue(has_heading('Title: A page\nSlug: page\n\n# A page\n'))
        self.assertFalse(has_heading('Title: A page\nSlug: page\n\nText\n\n## A section\n'))

    def test_finds_paths_that_are_gone(self):
        text = '`future/cf-nothing.c`, `future/`, `tests/house/meson.build`, `cf_future_wait()`'
        self.assertEqual(missing_paths(Guide.source / 'cfutures', text), ['future/cf-nothing.c'])


if __name__ == '__main__':
    tap.main('__main__')
