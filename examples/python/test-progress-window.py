#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests the window with the progress bar on a display of its own, by window_user.py.

    test-progress-window.py PROGRAM
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import tap

PROGRAM = sys.argv[1]
USER = pathlib.Path(__file__).with_name('window_user.py')
PATIENCE_SECONDS = 90

# Of what takes no room on the disk. The one is read in a second or so, and the other never within the patience.
LONG = 1024 ** 3
ENDLESS = 1024 ** 4

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ('DBUS_SESSION_BUS_ADDRESS', 'WAYLAND_DISPLAY')},
    'GDK_BACKEND': 'x11',
    'GSK_RENDERER': 'cairo',
    'GTK_A11Y': 'test',
    'GSETTINGS_BACKEND': 'memory',
    'LC_ALL': 'C.UTF-8',
}


@contextlib.contextmanager
def display():
    """Yields the name of a display that nobody sees."""
    readable, writable = os.pipe()
    with open(readable) as number:
        process = subprocess.Popen(
            ['Xvfb', '-displayfd', str(writable), '-screen', '0', '1024x768x24', '-nolisten', 'tcp'],
            pass_fds=[writable], stderr=subprocess.DEVNULL)
        os.close(writable)
        try:
            yield f':{number.readline().strip()}'
        finally:
            process.terminate()
            process.wait()


class ProgressWindow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.display = cls.enterClassContext(display())

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()), 'Pictures & <more>')
        self.folder.mkdir()

    def make_file(self, name, size):
        with self.folder.joinpath(name).open('wb') as file:
            file.truncate(size)

    def send(self, errand):
        """Returns what the user has seen, of a program that has ended well and complained of nothing."""
        process = subprocess.run([sys.executable, '-X', 'faulthandler', USER, PROGRAM, errand, self.folder],
                                 capture_output=True, text=True, timeout=PATIENCE_SECONDS,
                                 env={**ENVIRONMENT, 'DISPLAY': self.display})
        self.assertEqual((process.returncode, process.stderr), (0, ''), process.stdout)
        return json.loads(process.stdout)

    def test_checksums_of_all_files(self):
        self.folder.joinpath('below').mkdir()
        contents = {'a.txt': b'a', 'below/b & <b>.txt': b'b', 'c': b'', os.fsdecode(b'not-UTF-8-\xff'): b'd'}
        for name, content in contents.items():
            self.folder.joinpath(name).write_bytes(content)
        seen = self.send('finish')
        for name, content in contents.items():
            self.assertIn(name.replace('\udcff', '\ufffd'), seen['labels'])
            self.assertIn(hashlib.sha256(content).hexdigest(), seen['labels'])

    def test_bar_moves_to_its_end_and_the_window_stays_alive(self):
        for name in ('1', '2', '3'):
            self.make_file(name, LONG // 3)
        seen = self.send('finish')
        fractions = seen['fractions']
        self.assertEqual(fractions, sorted(fractions))
        self.assertEqual(fractions[-1], 1)
        self.assertGreater(len(set(fractions)), 3)
        self.assertEqual(seen['texts'][-1], '3')
        self.assertGreater(seen['frames'], 3)

    def test_cancel(self):
        self.make_file('endless', ENDLESS)
        self.assertIn('No checksums were kept', self.send('cancel')['labels'])

    def test_keyboard(self):
        self.make_file('endless', ENDLESS)
        self.send('use_the_keyboard')

    def test_error_shows(self):
        self.assertIn(f'No such file or directory: {self.folder}', self.send('fail')['labels'])

    def test_try_again(self):
        self.send('fail_and_try_again')

    def test_close_while_it_runs(self):
        self.make_file('endless', ENDLESS)
        self.send('close')

    def test_accessible_names(self):
        self.send('look_for_names')


def find_what_is_missing():
    if shutil.which('Xvfb') is None:
        return 'Xvfb is not installed'
    probe = 'import gi; gi.require_version("Adw", "1")'
    if subprocess.run([sys.executable, '-c', probe], stderr=subprocess.DEVNULL).returncode != 0:
        return 'the introspection data of libadwaita is not installed'
    return None


if __name__ == '__main__':
    missing = find_what_is_missing()
    if missing is None:
        tap.main('__main__')
    else:
        print(f'1..0 # SKIP {missing}')
