#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy that sends every request to one registry and notes each.

    proxy.py HOST:PORT LOG      prints its own port; runs until it is ended

The host that a client names need not exist, and a CONNECT leads there, too.
"""
import http.server
import select
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request


class Proxy(http.server.BaseHTTPRequestHandler):
    def note(self):
        with open(sys.argv[2], "a") as f:
            f.write(f"{self.command} {self.path}\n")

    def do_CONNECT(self):
        self.note()
        host, port = sys.argv[1].split(":")
        there = socket.create_connection((host, int(port)))
        self.send_response(200)
        self.end_headers()
        here = self.connection
        while True:
            ready = select.select([here, there], [], [])[0]
            for a, b in ((here, there), (there, here)):
                if a in ready:
                    data = a.recv(65536)
                    if not data:
                        there.close()
                        self.close_connection = True
                        return
                    b.sendall(data)

    def do_GET(self):
        self.note()
        u = urllib.parse.urlsplit(self.path)
        q = urllib.request.Request(f"http://{sys.argv[1]}{u.path}", method=self.command)
        for name in ("Accept", "Range"):
            for value in self.headers.get_all(name, []):
                q.add_header(name, value if not q.get_header(name) else f"{q.get_header(name)}, {value}")
        try:
            r = urllib.request.urlopen(q)
        except urllib.error.HTTPError as e:
            r = e
        data = r.read()
        self.send_response(r.status)
        for name, value in r.headers.items():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", r.headers.get("Content-Length", str(len(data))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
print(server.server_port, flush=True)
server.serve_forever()
