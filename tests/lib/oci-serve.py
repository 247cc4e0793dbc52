#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Serves OCI layouts as a registry that checks nothing, on 127.0.0.1.

    oci-serve.py FOLDER PORTFILE

FOLDER/NAME.oci is the repository NAME with the one tag "latest". The port goes to PORTFILE. Ends
when its parent does.
"""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", kind="application/json", digest=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        parts = self.path.split("/")
        if self.path == "/v2/":
            return self.answer(200, b"{}")
        layout = os.path.join(sys.argv[1], os.path.basename(parts[2]) + ".oci") if len(parts) == 5 else ""
        if not os.path.isdir(layout):
            return self.answer(404, b"{}")
        digest, kind = parts[4], "application/octet-stream"
        if parts[3] == "manifests":
            with open(layout + "/index.json", encoding="ascii") as f:
                found = json.load(f)["manifests"][0]
            digest = found["digest"] if digest == "latest" else digest
            kind = found["mediaType"]
        path = os.path.join(layout, "blobs", *digest.split(":"))
        if not os.path.isfile(path):
            return self.answer(404, b"{}")
        with open(path, "rb") as f:
            return self.answer(200, f.read(), kind, digest)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


def die_with(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(sys.argv[2] + ".new", "w", encoding="ascii") as f:
        f.write(str(server.server_port))
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    threading.Thread(target=die_with, args=(os.getppid(),), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
