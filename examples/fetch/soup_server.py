#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server made of libsoup, on a free port of the loopback interface, until its standard input ends.

    soup_server.py

It prints its address. What is asked for by http://ADDRESS/SIZE has so many bytes, those of http_servers.content().
"""

import sys

sys.dont_write_bytecode = True

import gi

gi.require_version('Soup', '3.0')

from gi.repository import GLib, Soup  # noqa: E402

import http_servers  # noqa: E402


def answer(server, message, path, query):
    message.set_status(200, None)
    message.set_response('application/octet-stream', Soup.MemoryUse.COPY,
                         b''.join(http_servers.content(int(path.removeprefix('/')))))


server = Soup.Server()
server.add_handler(None, answer)
server.listen_local(0, Soup.ServerListenOptions.IPV4_ONLY)
uri, = server.get_uris()
print(uri.to_string(), flush=True)

loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN, lambda *_: loop.quit())
loop.run()
