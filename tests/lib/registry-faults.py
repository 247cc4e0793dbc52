#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that misbehaves on request, for tests.

    registry-faults.py [--layout DIR] [--user NAME:PASSWORD] [--tls CERT KEY] [--log FILE]
    registry-faults.py --write-layout DIR      only writes the built-in image there

It serves one image (of an OCI layout, else a built-in one of a config and a 3 MiB layer)
under every repository, at tag "1", and prints "PORT OTHER" when it is ready: OTHER is a
second port where redirects lead. The first part of the repository's name chooses the
fault, the rest is free, so that each test can have a fresh one ("flaky/a"):

    plain       none                            token      anonymous bearer tokens
    cut         blobs end after 1 MiB           private    bearer tokens for --user alone
    norange     the same, and Range is ignored  stale      tokens are good for one request
    badrange    206 of another range            basic      HTTP basic, --user alone
    flaky       503 twice, then well            denied     403 with an error body
    broken      500 for ever                    realm      the token's address is ftp://
    limit       429, Retry-After: 1, then well  redirect   tokens; blobs lie at OTHER, which
    limitlong   429, Retry-After: 3600                     refuses any Authorization
    limitbare   429 alone                       loop       blobs redirect to themselves
    lie         a wrong Docker-Content-Digest   endless    the manifest never ends
    swap        other bytes for a digest        toomuch    blobs are larger than they should be
    html        Content-Type: text/html         short      blobs end early, always
    foreign     the layer lies at OTHER ("urls")  silent   no Docker-Content-Digest
    downgrade   blobs redirect to http://       trap       tokens; blobs redirect to OTHER, which
    few         ratelimit-remaining: 3                     wants a login at a realm of its own
"""
import argparse
import base64
import hashlib
import json
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
CUT = 1 << 20
LOGINS = ("token", "private", "stale", "basic", "realm", "redirect", "trap")


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def describe(media, data):
    return {"mediaType": media, "digest": sha(data), "size": len(data)}


class Image:
    """The bytes that are served, by digest; tag "1" is self.top."""

    def __init__(self, layout):
        self.blobs = {}
        self.media = {}
        if layout:
            self.load(layout)
        else:
            self.build()

    def add(self, data, media=None):
        self.blobs[sha(data)] = data
        if media:
            self.media[sha(data)] = media
        return sha(data)

    def build(self):
        block = hashlib.sha512(b"rbox").digest()
        layer = b"".join(hashlib.sha512(block + bytes([i & 255, i >> 8 & 255, i >> 16])).digest()
                         for i in range(3 * (1 << 20) // 64))
        config = json.dumps({"architecture": "amd64", "os": "linux",
                             "rootfs": {"type": "layers", "diff_ids": [sha(layer)]}}).encode()
        self.add(layer)
        self.add(config)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": describe(CONFIG, config),
                    "layers": [describe(LAYER, layer)]}
        self.top = self.add(json.dumps(manifest).encode(), MANIFEST)

    def load(self, layout):
        folder = os.path.join(layout, "blobs", "sha256")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                self.add(f.read())
        with open(os.path.join(layout, "index.json"), encoding="utf-8") as f:
            first = json.load(f)["manifests"][0]
        self.top = first["digest"]
        for digest, data in self.blobs.items():
            if data[:1] == b"{" and b'"schemaVersion"' in data[:4096]:
                try:
                    self.media[digest] = json.loads(data).get("mediaType", MANIFEST)
                except ValueError:
                    pass

    def write(self, layout):
        folder = os.path.join(layout, "blobs", "sha256")
        os.makedirs(folder)
        for digest, data in self.blobs.items():
            with open(os.path.join(folder, digest[7:]), "wb") as f:
                f.write(data)
        top = dict(describe(MANIFEST, self.blobs[self.top]),
                   annotations={"org.opencontainers.image.ref.name": "1"})
        with open(os.path.join(layout, "index.json"), "w", encoding="utf-8") as f:
            json.dump({"schemaVersion": 2, "manifests": [top]}, f)
        with open(os.path.join(layout, "oci-layout"), "w", encoding="utf-8") as f:
            f.write('{"imageLayoutVersion": "1.0.0"}')


class State:
    """What all requests share."""

    def __init__(self, args):
        self.args = args
        self.image = Image(args.layout)
        self.lock = threading.Lock()
        self.seen = {}
        self.tokens = {}
        self.other = 0
        self.port = 0

    def count(self, key):
        """How often KEY was asked for before."""
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key] - 1

    def log(self, text):
        if self.args.log:
            with self.lock, open(self.args.log, "a", encoding="utf-8") as f:
                f.write(text + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, format, *args):
        pass

    def send(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def complain(self, status, code, message, headers=()):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.send(status, body, list(headers) + [("Content-Type", "application/json")])

    def note(self):
        self.state.log("%d %s %s auth=%s range=%s" % (
            self.server.server_address[1], self.command, self.path,
            (self.headers.get("Authorization") or "-").split(" ")[0],
            self.headers.get("Range") or "-"))

    def scheme(self):
        return "https" if self.state.args.tls else "http"

    def basic_ok(self):
        want = base64.b64encode((self.state.args.user or "").encode()).decode()
        return self.headers.get("Authorization") == "Basic " + want

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        """OAuth2: the refresh token "refresh-me" is as good as --user."""
        self.note()
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if "refresh_token=refresh-me" not in form or "grant_type=refresh_token" not in form:
            self.complain(401, "UNAUTHORIZED", "bad refresh token")
            return
        self.send_token("user", "access_token")

    def send_token(self, rights, key="token"):
        token = "t%d" % (len(self.state.tokens) + 1)
        self.state.tokens[token] = rights
        self.send(200, json.dumps({key: token, "expires_in": 300}).encode(),
                  [("Content-Type", "application/json")])

    def token(self):
        if self.headers.get("Authorization"):
            if not self.basic_ok():
                self.complain(401, "UNAUTHORIZED", "incorrect username or password")
                return
            self.send_token("user")
            return
        self.send_token("anybody")

    def ask_login(self, fault, repo):
        realm = "ftp://x/token" if fault == "realm" else "%s://127.0.0.1:%d/token" % (
            self.scheme(), self.state.port)
        challenge = 'Basic realm="tests"' if fault == "basic" else \
            'Bearer realm="%s",service="tests",scope="repository:%s:pull"' % (realm, repo)
        self.complain(401, "UNAUTHORIZED", "authentication required",
                      [("WWW-Authenticate", challenge)])

    def allowed(self, fault):
        if fault == "basic":
            return self.basic_ok()
        value = self.headers.get("Authorization") or ""
        rights = self.state.tokens.get(value[7:]) if value.startswith("Bearer ") else None
        if fault == "stale" and rights:
            self.state.tokens.pop(value[7:])
        return rights == "user" if fault == "private" else rights is not None

    def do_GET(self):
        self.note()
        path = self.path.split("?")[0]
        parts = path.strip("/").split("/")
        if path == "/token":
            self.token()
        elif path == "/trap":
            # What is asked here shows in the error that follows.
            self.send(200, b'{"token": "SPRUNG"}')
        elif parts[0] == "foreign":
            self.foreign(parts)
        elif parts[0] != "v2":
            self.complain(404, "NOT_FOUND", "no such page")
        elif len(parts) < 4:
            self.send(200, b"{}")
        else:
            self.registry(parts[1], "/".join(parts[1:-2]), parts[-2], parts[-1])

    def registry(self, fault, repo, kind, what):
        st = self.state
        other = self.server.server_address[1] == st.other
        if fault in LOGINS and not other and not self.allowed(fault):
            self.ask_login(fault, repo)
        elif fault == "denied":
            self.complain(403, "DENIED", "requested access to the resource is denied\x1b[2J")
        elif fault == "broken":
            self.complain(500, "UNKNOWN", "the disk is on fire")
        elif fault == "flaky" and st.count((repo, what)) < 2:
            self.complain(503, "UNAVAILABLE", "one moment")
        elif fault == "limit" and st.count((repo, what)) < 1:
            self.complain(429, "TOOMANYREQUESTS", "slow down", [("Retry-After", "1")])
        elif fault == "limitlong":
            self.complain(429, "TOOMANYREQUESTS", "slow down", [("Retry-After", "3600")])
        elif fault == "limitbare":
            self.complain(429, "TOOMANYREQUESTS", "slow down")
        elif kind == "manifests":
            self.manifest(fault, what)
        elif kind == "blobs":
            self.blob(fault, repo, what)
        elif kind == "tags":
            self.tags(repo)
        else:
            self.complain(404, "NOT_FOUND", "no such page")

    def foreign_manifest(self):
        m = json.loads(self.state.image.blobs[self.state.image.top])
        for layer in m["layers"]:
            layer["urls"] = ["%s://127.0.0.1:%d/foreign/%s" % (
                self.scheme(), self.state.other, layer["digest"])]
        return json.dumps(m).encode()

    def manifest(self, fault, what):
        image = self.state.image
        digest = image.top if what == "1" else what
        data = image.blobs.get(digest)
        if data is None or digest not in image.media:
            self.complain(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        if fault == "foreign":
            data = self.foreign_manifest()
            digest = sha(data)
        if fault == "endless" and self.command == "GET":
            self.endless()
            return
        claimed = sha(b"something else") if fault == "lie" else digest
        if fault == "swap":
            data = data + b" "
        headers = [("Content-Type", "text/html" if fault == "html" else image.media[image.top])]
        if fault == "few":
            headers.append(("ratelimit-remaining", "3;w=21600"))
        if fault not in ("swap", "silent"):
            headers.append(("Docker-Content-Digest", claimed))
        self.send(200, data, headers)

    def tags(self, repo):
        """Two pages, with what no tag may be among them."""
        if "last=b" in self.path:
            self.send(200, json.dumps({"name": repo, "tags": ["c", "../d", 5]}).encode())
        else:
            self.send(200, json.dumps({"name": repo, "tags": ["a", "b"]}).encode(),
                      [("Link", '</v2/%s/tags/list?last=b&n=2>; rel="next"' % repo)])

    def endless(self):
        self.send_response(200)
        self.send_header("Content-Type", MANIFEST)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for _ in range(4096):
                self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
        except OSError:
            pass
        self.close_connection = True

    def redirect(self, port, path):
        self.send(307, headers=[("Location", "%s://127.0.0.1:%d%s" % (self.scheme(), port, path))])

    def blob(self, fault, repo, what):
        st = self.state
        data = st.image.blobs.get(what)
        if data is None or (fault == "foreign" and len(data) > 4096):
            self.complain(404, "BLOB_UNKNOWN", "blob unknown to registry")
        elif fault == "loop":
            self.redirect(st.port, self.path)
        elif fault == "trap" and self.server.server_address[1] != st.other:
            self.redirect(st.other, self.path)
        elif fault == "trap" and "SPRUNG" in (self.headers.get("Authorization") or ""):
            self.complain(400, "LEAK", "the trap has sprung")
        elif fault == "trap":
            self.complain(401, "UNAUTHORIZED", "tell me your secret", [(
                "WWW-Authenticate", 'Bearer realm="%s://127.0.0.1:%d/trap"' % (
                    self.scheme(), st.other))])
        elif fault == "downgrade":
            self.send(302, headers=[("Location", "http://127.0.0.1:%d%s" % (st.other, self.path))])
        elif fault == "redirect" and self.server.server_address[1] != st.other:
            self.redirect(st.other, self.path)
        elif fault == "redirect" and self.headers.get("Authorization"):
            self.complain(400, "LEAK", "an Authorization header came along")
        else:
            self.send_blob(fault, data)

    def foreign(self, parts):
        if self.headers.get("Authorization"):
            self.complain(400, "LEAK", "an Authorization header came along")
        else:
            self.send_blob("plain", self.state.image.blobs[parts[1]])

    def first_byte(self, fault, size):
        value = self.headers.get("Range")
        if not value or fault == "norange":
            return None
        start = int(value[len("bytes="):].split("-")[0])
        return start if start < size else None

    def send_blob(self, fault, data):
        start = self.first_byte(fault, len(data))
        rest = data[start or 0:]
        if fault == "toomuch":
            rest = rest + b"x"
        whole = len(rest)
        if fault in ("cut", "norange") and len(data) > CUT:
            first = start is None and not self.headers.get("Range")
            rest = rest[:CUT] if fault == "cut" or first else rest
        if fault == "short":
            rest = rest[:max(len(rest) - 10, 0)] if len(data) > CUT else rest
            whole = len(rest)
        self.send_response(200 if start is None else 206)
        if start is not None:
            begin = start + 1 if fault == "badrange" else start
            self.send_header("Content-Range", "bytes %d-%d/%d" % (begin, len(data) - 1, len(data)))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(whole))
        self.end_headers()
        try:
            if self.command != "HEAD":
                self.wfile.write(rest)
        except OSError:
            pass
        if len(rest) < whole:
            self.wfile.flush()
            self.close_connection = True


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away is part of the tests."""


def serve(state, tls):
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = QuietServer(("127.0.0.1", 0), handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls[0], tls[1])
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", metavar="DIR")
    parser.add_argument("--user", metavar="NAME:PASSWORD")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--write-layout", metavar="DIR")
    args = parser.parse_args()
    if args.write_layout:
        Image(None).write(args.write_layout)
        return
    state = State(args)
    state.port = serve(state, args.tls)
    state.other = serve(state, args.tls)
    print("%d %d" % (state.port, state.other), flush=True)
    # Ends with whoever started it: that side holds our stdin open.
    sys.stdin.buffer.read()


main()
