# SPDX-License-Identifier: LGPL-2.1-or-later

"""The servers that the tests of cf-fetch fetch from, all on free ports of the loopback interface."""

import collections
import contextlib
import http.server
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

PIECE = bytes(range(256)) * 256


def content(size):
    """The body of a page that has `size` bytes, in pieces."""
    while size > 0:
        piece = PIECE[:size]
        yield piece
        size -= len(piece)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET /ACTION/ARGUMENT…/NAME; what is after the arguments only tells URLs apart."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def do_GET(self):
        action, *arguments = self.path.lstrip('/').split('/')
        self.count_request()
        getattr(self, 'answer_' + action)(*arguments)

    def count_request(self):
        with self.server.lock:
            self.server.n_requests[self.path] += 1
            self.attempt = self.server.n_requests[self.path]

    def answer_bytes(self, size, *_name):
        self.send_page(int(size))

    def answer_chunked(self, size, *_name):
        self.send_response(200)
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for piece in content(int(size)):
            self.wfile.write(b'%x\r\n%s\r\n' % (len(piece), piece))
        self.wfile.write(b'0\r\n\r\n')

    def answer_status(self, status, *_name):
        self.send_page(10, int(status))

    def answer_flaky(self, n_failures, *_name):
        """Answers 503 for the first so many times."""
        self.send_page(10, 503 if self.attempt <= int(n_failures) else 200)

    def answer_dropping(self, n_failures, *_name):
        """Breaks off in the middle of the body for the first so many times."""
        if self.attempt > int(n_failures):
            self.send_page(10)
            return
        self.send_beginning_of_page()
        self.close_connection = True

    def answer_stalling(self, n_stalls, *_name):
        """Stops in the middle of the body for the first so many times, until the server is released."""
        if self.attempt > int(n_stalls):
            self.send_page(10)
            return
        self.send_beginning_of_page()
        self.server.released.wait()
        self.wfile.write(PIECE[100:200])

    def answer_silent(self, *_name):
        """Says nothing until the server is released."""
        self.server.released.wait()
        self.send_page(10)

    def answer_together(self, *_name):
        """Answers when as many requests are here as the server's meeting needs, and fails if they never are."""
        try:
            self.server.meeting.wait()
            self.send_page(10)
        except threading.BrokenBarrierError:
            self.send_page(10, 404)

    def answer_redirect(self, *path):
        self.send_response(302)
        self.send_header('Location', '/' + '/'.join(path))
        self.send_header('Content-Length', '0')
        self.end_headers()

    def send_page(self, size, status=200):
        self.send_response(status)
        self.send_header('Content-Length', str(size))
        self.end_headers()
        for piece in content(size):
            self.wfile.write(piece)

    def send_beginning_of_page(self):
        """100 bytes of 200."""
        self.send_response(200)
        self.send_header('Content-Length', '200')
        self.end_headers()
        self.wfile.write(PIECE[:100])

    def log_message(self, *_arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.lock = threading.Lock()
        self.n_requests = collections.Counter()
        self.released = threading.Event()
        self.meeting = None

    def url(self, path):
        return f'http://127.0.0.1:{self.server_address[1]}{path}'

    def handle_error(self, request, client_address):
        """Clients that go away are part of the tests."""


@contextlib.contextmanager
def python_server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


NGINX_CONFIGURATION = '''
daemon off;
worker_processes 1;
{user}
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {directory}/client;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen {address};
    root {directory}/pages;
  }}
}}
'''


def find_nginx():
    """It is often where only an administrator's PATH leads."""
    return shutil.which('nginx', path=os.pathsep.join([*os.get_exec_path(), '/usr/sbin']))


@contextlib.contextmanager
def nginx(sizes):
    """Serves a page of each size under the size's name, and yields the URL under which they are.

    The socket listens before nginx starts, which inherits it, so there is nothing to wait for."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(('127.0.0.1', 0), backlog=256) as listener:
        pages = pathlib.Path(directory, 'pages')
        pages.mkdir()
        for size in sizes:
            pages.joinpath(str(size)).write_bytes(b''.join(content(size)))

        address = '%s:%d' % listener.getsockname()
        configuration = pathlib.Path(directory, 'nginx.conf')
        configuration.write_text(NGINX_CONFIGURATION.format(
            address=address, directory=directory, user='user root root;' if os.geteuid() == 0 else ''))

        process = subprocess.Popen([find_nginx(), '-c', configuration, '-e', f'{directory}/error.log'],
                                   env={**os.environ, 'NGINX': f'{listener.fileno()};'},
                                   pass_fds=[listener.fileno()],
                                   stderr=subprocess.DEVNULL)
        try:
            yield f'http://{address}/'
        finally:
            process.terminate()
            process.wait()
