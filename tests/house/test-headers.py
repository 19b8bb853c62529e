# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that the public headers can be included by <cfutures.h> alone.

    test-headers.py CFUTURES-DIRECTORY BUILT-CFUTURES-DIRECTORY COMPILER…
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

REFUSAL = 'Only <cfutures.h> can be included directly.'


class Headers(unittest.TestCase):
    directory, built = map(pathlib.Path, sys.argv[1:3])
    compiler = sys.argv[3:]

    def preprocess(self, header, *options):
        """Returns what the preprocessor says, with empty files in place of GLib's headers."""
        with tempfile.TemporaryDirectory() as stand_ins:
            for name in ('glib.h', 'glib-object.h', 'gio/gio.h'):
                path = pathlib.Path(stand_ins, name)
                path.parent.mkdir(exist_ok=True)
                path.touch()
            includes = [f'-I{directory}' for directory in (self.directory.parent, self.built.parent, stand_ins)]
            return subprocess.run([*self.compiler, '-E', *includes, *options, '-x', 'c', '-'],
                                  input=f'#include <cfutures/{header}>\n', capture_output=True, text=True,
                                  check=False).stderr

    def headers(self):
        found = {path.name for directory in (self.directory, self.built) for path in directory.glob('cf-*.h')
                 if not path.stem.endswith('-private')}
        self.assertIn('cf-future.h', found)
        self.assertIn('cf-version.h', found)
        self.assertIn('cf-enum-types.h', found)
        return found

    def test_headers_are_refused_alone(self):
        for header in self.headers():
            with self.subTest(header):
                self.assertIn(REFUSAL, self.preprocess(header))

    def test_the_library_includes_what_it_needs(self):
        for header in self.headers():
            with self.subTest(header):
                self.assertNotIn(REFUSAL, self.preprocess(header, '-DCF_COMPILATION'))

    def test_cfutures_h_includes_them(self):
        self.assertNotIn(REFUSAL, self.preprocess('cfutures.h'))


if __name__ == '__main__':
    tap.main('__main__')
