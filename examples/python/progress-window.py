#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A window with a progress bar that is bound to a future: the checksums of all files in a folder.

    progress-window.py [FOLDER]

    main loop:         submit() ──→ future ──bound──→ progress bar          on_done() ──→ page with the outcome
                            │         ↑    └─────────────done callback────────────↑
    thread of a pool:  checksum_folder() ──report_progress()

The function that does the work knows nothing of the window, and the window nothing of threads. Binding a property of
the future to one of a widget is all that the progress takes.
"""

import hashlib
import os
import pathlib
import sys

import gi

gi.require_version('Adw', '1')
gi.require_version('Cf', '1')
gi.require_version('Gtk', '4.0')

from gi.repository import Adw, Cf, Gio, GLib, GObject, Gtk, Pango  # noqa: E402

PIECE_SIZE = 1024 * 1024


# The work.

def checksum_folder(folder):
    """Returns the name and the SHA-256 checksum of each file in a folder, and in those below it."""
    future = Cf.current_future()
    paths = list(find_files(folder, future))
    total = sum(path.stat().st_size for path in paths)

    n_read = 0
    checksums = []
    for path in sorted(paths):
        checksum = hashlib.sha256()
        name = GLib.filename_display_name(str(path.relative_to(folder)))
        with path.open('rb') as file:
            while piece := file.read(PIECE_SIZE):
                future.get_cancellable().set_error_if_cancelled()
                checksum.update(piece)
                n_read += len(piece)
                # Meanwhile a file may grow.
                future.report_progress(min(1, n_read / total) if total > 0 else 1, name)
        checksums.append((name, checksum.hexdigest()))
    return checksums


def find_files(folder, future):
    def fail(error):
        raise error

    for directory, _, names in os.walk(folder, onerror=fail):
        future.get_cancellable().set_error_if_cancelled()
        for name in names:
            path = pathlib.Path(directory, name)
            if path.is_file():
                yield path


# The window.

class Row(GObject.Object):
    """A line of the table."""

    name = GObject.Property(type=str)
    checksum = GObject.Property(type=str)


class Window(Adw.ApplicationWindow):
    """Shows one page at a time: what can be begun, how far it is, and what came out."""

    def __init__(self, executor, folder, **properties):
        super().__init__(title='Checksums', default_width=640, default_height=480, **properties)
        self.executor = executor
        self.future = None
        self.folder = folder
        self.rows = Gio.ListStore(item_type=Row)

        self.actions = {name: self.add_simple_action(name, callback) for name, callback in {
            'choose': self.on_choose, 'start': self.on_start, 'cancel': self.on_cancel, 'copy': self.on_copy}.items()}

        self.title = Adw.WindowTitle(title='Checksums')
        header = Adw.HeaderBar(title_widget=self.title)
        header.pack_start(Gtk.Button(label='_Open…', use_underline=True, action_name='win.choose',
                                     tooltip_text='Choose another folder'))
        copy = Gtk.Button(icon_name='edit-copy-symbolic', action_name='win.copy', tooltip_text='Copy the checksums')
        name_accessibly(copy, 'Copy the checksums')
        header.pack_end(copy)

        self.stack = Gtk.Stack(transition_type=Gtk.StackTransitionType.CROSSFADE, vexpand=True)
        self.message = Adw.StatusPage(css_classes=['compact'])
        self.start_button = make_button('_Start', 'win.start', 'suggested-action')
        self.message.set_child(self.start_button)
        self.stack.add_named(self.message, 'message')
        self.stack.add_named(self.make_progress_page(), 'progress')
        self.stack.add_named(self.make_table(), 'table')

        content = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        content.append(header)
        content.append(self.stack)
        self.set_content(content)
        self.connect('close-request', self.on_close_request)
        self.show_folder(folder)

    def add_simple_action(self, name, callback):
        action = Gio.SimpleAction(name=name)
        action.connect('activate', callback)
        self.add_action(action)
        return action

    def make_progress_page(self):
        self.bar = Gtk.ProgressBar(show_text=True, ellipsize=Pango.EllipsizeMode.MIDDLE, valign=Gtk.Align.CENTER)
        name_accessibly(self.bar, 'Progress')
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=24)
        box.append(self.bar)
        self.cancel_button = make_button('_Cancel', 'win.cancel')
        box.append(self.cancel_button)
        self.progress_page = Adw.StatusPage(icon_name='emblem-synchronizing-symbolic', css_classes=['compact'])
        self.progress_page.set_child(Adw.Clamp(maximum_size=400, child=box))
        return self.progress_page

    def make_table(self):
        self.table = Gtk.ColumnView(model=Gtk.NoSelection(model=self.rows))
        self.table.append_column(make_column('File', 'name', Pango.EllipsizeMode.MIDDLE))
        self.table.append_column(make_column('SHA-256', 'checksum', Pango.EllipsizeMode.END, 'monospace'))
        return Gtk.ScrolledWindow(child=self.table)

    # Pages.

    def show_folder(self, folder):
        self.folder = folder
        self.title.set_subtitle(GLib.filename_display_name(folder))
        self.show_message('folder-symbolic', GLib.filename_display_basename(folder), 'The SHA-256 checksum of each file',
                          '_Start')

    def show_message(self, icon_name, title, description, button_label='_Try Again'):
        self.start_button.set_label(button_label)
        self.message.set_icon_name(icon_name)
        self.message.set_title(title)
        # Unlike the title, this is markup.
        self.message.set_description(GLib.markup_escape_text(description))
        self.show_page('message')

    def show_page(self, name):
        is_running = name == 'progress'
        self.stack.set_visible_child_name(name)
        self.actions['choose'].set_enabled(not is_running)
        self.actions['start'].set_enabled(not is_running)
        self.actions['cancel'].set_enabled(is_running)
        self.actions['copy'].set_enabled(name == 'table')
        self.set_focus({'message': self.start_button, 'progress': self.cancel_button, 'table': self.table}[name])

    # What the user does.

    def on_start(self, action, parameter):
        self.future = self.executor.submit(checksum_folder, self.folder)
        self.future.bind_property('progress', self.bar, 'fraction', GObject.BindingFlags.SYNC_CREATE)
        self.future.bind_property('message', self.bar, 'text', GObject.BindingFlags.SYNC_CREATE)
        self.future.add_done_callback(self.on_done)
        self.progress_page.set_title(f'Reading {GLib.filename_display_basename(self.folder)}')
        self.show_page('progress')

    def on_cancel(self, action, parameter):
        self.future.cancel_full(Cf.CancelFlags.COOPERATE)

    def on_close_request(self, window):
        if self.future is not None:
            self.future.cancel_full(Cf.CancelFlags.COOPERATE)
            self.future = None

    def on_choose(self, action, parameter):
        # Kept, because nobody else does.
        self.chooser = Gtk.FileChooserNative(title='Choose a Folder', transient_for=self, modal=True,
                                             action=Gtk.FileChooserAction.SELECT_FOLDER)
        self.chooser.connect('response', self.on_chosen)
        self.chooser.show()

    def on_chosen(self, chooser, response):
        if response == Gtk.ResponseType.ACCEPT:
            self.show_folder(path_of(chooser.get_file()))

    def on_copy(self, action, parameter):
        self.get_clipboard().set(''.join(f'{row.checksum}  {row.name}\n' for row in self.rows))

    # What becomes of the work.

    def on_done(self, future):
        if future is not self.future:
            # The window has been closed.
            return

        self.future = None
        try:
            self.show_checksums(future.result())
        except Cf.CancelledError:
            self.show_message('process-stop-symbolic', 'Cancelled', 'No checksums were kept')
        except Exception as error:
            self.show_message('dialog-error-symbolic', 'The Folder Could Not Be Read', describe(error))

    def show_checksums(self, checksums):
        if checksums:
            self.rows.splice(0, len(self.rows), [Row(name=name, checksum=checksum) for name, checksum in checksums])
            self.show_page('table')
        else:
            self.show_message('folder-symbolic', 'No Files', 'There are no files in this folder')


def path_of(file):
    """What is not in the file system has a URI, which cannot be read: that will show."""
    return file.get_path() or file.get_uri()


def describe(error):
    return f'{error.strerror}: {error.filename}' if isinstance(error, OSError) and error.filename else str(error)


def name_accessibly(widget, name):
    """Gives a screen reader a name for what shows none."""
    widget.update_property([Gtk.AccessibleProperty.LABEL], [name])


def make_button(label, action_name, *css_classes):
    return Gtk.Button(label=label, use_underline=True, action_name=action_name, halign=Gtk.Align.CENTER,
                      css_classes=['pill', *css_classes])


def make_column(title, property_name, ellipsize, *css_classes):
    def set_up(factory, item):
        item.set_child(Gtk.Label(xalign=0, ellipsize=ellipsize, css_classes=css_classes))

    def bind(factory, item):
        item.get_child().set_label(getattr(item.get_item(), property_name))

    factory = Gtk.SignalListItemFactory()
    factory.connect('setup', set_up)
    factory.connect('bind', bind)
    return Gtk.ColumnViewColumn(title=title, factory=factory, expand=True, resizable=True)


class Application(Adw.Application):
    def __init__(self, executor):
        super().__init__(application_id='org.example.ProgressWindow', flags=Gio.ApplicationFlags.HANDLES_OPEN)
        self.executor = executor
        self.set_accels_for_action('win.choose', ['<Control>o'])
        self.set_accels_for_action('win.start', ['<Control>r', 'F5'])
        self.set_accels_for_action('win.cancel', ['Escape'])
        self.set_accels_for_action('win.copy', ['<Control>c'])
        self.set_accels_for_action('window.close', ['<Control>w', '<Control>q'])

    def do_activate(self):
        Window(self.executor, os.getcwd(), application=self).present()

    def do_open(self, files, n_files, hint):
        for file in files:
            Window(self.executor, path_of(file), application=self).present()


def main():
    # At the end of the block what still runs, cancelled by then, has ended.
    with Cf.ThreadPoolExecutor() as executor:
        return Application(executor).run(sys.argv)


if __name__ == '__main__':
    sys.exit(main())
