#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judges a store on disk without a line of rbox: what HACKING.md and the headers of storage/ say
is in it, read again from the start by other code.

    check-store.py check [--strict] [--deep] [--json] [--run DIR] STORE
        error: ...     what must never be, whatever was killed when: an image whose blobs or layers are
                       missing, a name of nothing, a blob whose bytes are not its name's, a layer
                       without layer.json, a container without a config, a file that can't be parsed
        garbage: ...   what a killed process may leave and the next command has to take away: layers
                       and blobs that nothing refers to, links to no container, entries of tmp/ and
                       trash/ that nobody holds, unfinished files, sockets of no monitor, a state
                       that says running while nobody holds lock.run
        --strict: garbage fails, too. --deep: layers' blobs are unpacked (gzip, plain) and compared
        with their diffIDs. Ends with 0, 1 (errors, with --strict garbage), 2 (no store).

    check-store.py shot [--uid UID] [--below PID] [--run DIR] [--dev] STORE
        one line for each process, mount of any mount namespace, entry of the store and of the runtime
        folder, cgroup: `diff` of two of them tells what a command left behind. Processes: of UID
        and his subordinate ids (as root, or for himself), or below PID.

Zombies are no leaks: process 1 of some machines never collects them.
"""
import argparse
import fcntl
import hashlib
import json
import os
import re
import stat
import struct
import sys
import zlib

HEX = re.compile(r"^[0-9a-f]{64}([0-9a-f]{64})?$")
ID = re.compile(r"^[0-9a-f]{64}$")
LAYOUT = {"blobs", "layers", "images", "refs", "containers", "names", "volumes", "networks", "secrets",
          "tmp", "trash", "quarantine", "version", "boot", "lock.store", "lock.names", "lock.volumes", "events", "events.1", "lock.events"}
ALIVE = {"creating", "created", "running", "paused", "stopping"}
F_OFD_GETLK = 36
FLOCK = "hhqqi4x"  # struct flock of 64-bit machines


def is_locked(path):
    """Whether anyone holds the lock of an open file description on PATH; asks, never takes."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # As a reader: only a holder for writing is in the way, and no right to write is needed.
        asked = struct.pack(FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        return struct.unpack(FLOCK, fcntl.fcntl(fd, F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK
    finally:
        os.close(fd)


def names(path):
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []


def split(digest):
    algo, _, value = digest.partition(":")
    return algo, value


class Store:
    def __init__(self, root, run=None, deep=False):
        self.root, self.run, self.deep = root, run, deep
        self.errors, self.garbage = [], []
        self.layers, self.blobs = set(), set()  # what is referred to
        self.images = {}

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def error(self, text, *args):
        self.errors.append(text % args)

    def waste(self, text, *args):
        self.garbage.append(text % args)

    def json(self, *parts):
        try:
            with open(self.path(*parts), "rb") as f:
                return json.loads(f.read())
        except (OSError, ValueError) as e:
            self.error("%s: %s", "/".join(parts), e)
            return None

    # ---- blobs ----

    def blob_path(self, digest):
        return self.path("blobs", *split(digest))

    def need_blob(self, digest, who):
        self.blobs.add(split(digest)[1])
        if not os.path.isfile(self.blob_path(digest)):
            self.error("%s: blob %s is missing", who, digest)
            return None
        return self.blob_path(digest)

    def blob_json(self, digest, who):
        path = self.need_blob(digest, who)
        if not path:
            return None
        try:
            with open(path, "rb") as f:
                return json.loads(f.read())
        except ValueError as e:
            self.error("%s: blob %s: %s", who, digest, e)
            return None

    def check_blobs(self):
        for algo in names(self.path("blobs")):
            if algo not in ("sha256", "sha512"):
                self.error("blobs/%s: no such algorithm", algo)
                continue
            for name in names(self.path("blobs", algo)):
                path = self.path("blobs", algo, name)
                if not HEX.match(name) or not stat.S_ISREG(os.lstat(path).st_mode):
                    self.waste("blobs/%s/%s: no blob", algo, name)
                    continue
                h = hashlib.new(algo)
                with open(path, "rb") as f:
                    for piece in iter(lambda: f.read(1 << 20), b""):
                        h.update(piece)
                if h.hexdigest() != name:
                    self.error("blobs/%s/%s: its %s is %s", algo, name, algo, h.hexdigest())
                if name not in self.blobs:
                    self.waste("blobs/%s/%s: nothing refers to it", algo, name)

    # ---- layers ----

    def need_layer(self, digest, who):
        value = split(digest)[1]
        self.layers.add(value)
        if not os.path.isdir(self.path("layers", value, "tree")):
            self.error("%s: layer %s is missing", who, value)

    def check_layers(self):
        for name in names(self.path("layers")):
            if not HEX.match(name):
                self.waste("layers/%s: no layer", name)
                continue
            if not os.path.isfile(self.path("layers", name, "layer.json")):
                self.error("layers/%s: no layer.json: it was never finished", name)
            else:
                j = self.json("layers", name, "layer.json")
                if j is not None and split(j.get("key", ""))[1] != name:
                    self.error("layers/%s: layer.json is that of %s", name, j.get("key"))
            if not os.path.isdir(self.path("layers", name, "tree")):
                self.error("layers/%s: no tree", name)
            for entry in names(self.path("layers", name)):
                if entry not in ("tree", "layer.json"):
                    self.waste("layers/%s/%s: left over", name, entry)
            if name not in self.layers:
                self.waste("layers/%s: nothing refers to it", name)

    # ---- images and names ----

    def check_layer_blob(self, who, layer):
        path = self.need_blob(layer["blob"], who)
        if not path or not self.deep:
            return
        h = hashlib.sha256()
        with open(path, "rb") as f:
            magic = f.read(2)
            f.seek(0)
            if f.read(4) == b"\x28\xb5\x2f\xfd":
                return  # zstd: python has none
            f.seek(0)
            z = zlib.decompressobj(31) if magic == b"\x1f\x8b" else None
            for piece in iter(lambda: f.read(1 << 20), b""):
                while z and piece:
                    h.update(z.decompress(piece))
                    piece = z.unused_data
                    if piece:
                        z = zlib.decompressobj(31)
                if not z:
                    h.update(piece)
        if "sha256:" + h.hexdigest() != layer["diffID"]:
            self.error("%s: blob %s unpacks to sha256:%s, not to %s", who, layer["blob"], h.hexdigest(),
                       layer["diffID"])

    def check_image(self, name):
        who = "images/" + name
        j = self.json("images", name)
        if j is None:
            return
        if split(j.get("id", ""))[1] + ".json" != name:
            self.error("%s: is that of %s", who, j.get("id"))
        self.images[j["id"]] = j
        config = self.blob_json(j["id"], who)
        if j.get("index"):
            self.need_blob(j["index"], who)
        self.check_manifest(who, j.get("manifest"), j["id"])
        chain, diffs = None, []
        for layer in j.get("layers", []):
            diff = layer["diffID"]
            diffs.append(diff)
            chain = diff if chain is None else "sha256:" + hashlib.sha256(
                ("%s %s" % (chain, diff)).encode()).hexdigest()
            if layer["key"] not in (diff, chain):
                self.error("%s: key %s is neither diffID %s nor chainID %s", who, layer["key"], diff, chain)
            self.need_layer(layer["key"], who)
            if layer.get("blob"):
                self.check_layer_blob(who, layer)
        if config is not None and config.get("rootfs", {}).get("diff_ids", []) != diffs:
            self.error("%s: its layers are not those of its config", who)

    def check_manifest(self, who, digest, config):
        if not digest:
            return
        m = self.blob_json(digest, who)
        if m is None:
            return
        if m.get("config", {}).get("digest") != config:
            self.error("%s: manifest %s is that of %s", who, digest, m.get("config", {}).get("digest"))
        for d in [m.get("config", {})] + m.get("layers", []):
            if d.get("digest"):
                self.need_blob(d["digest"], who)

    def check_images(self):
        for name in names(self.path("images")):
            if name.startswith("."):
                self.waste("images/%s: was never finished", name)
            elif name.endswith(".json") and HEX.match(name[:-5]):
                self.check_image(name)
            else:
                self.waste("images/%s: no image", name)

    def check_refs(self):
        top = self.path("refs")
        for folder, folders, files in os.walk(top):
            at = os.path.relpath(folder, self.root)
            if folder != top and not folders and not files:
                self.waste("%s: an empty folder", at)
            for name in files:
                who = at + "/" + name
                if name[0] not in ":@":
                    self.waste("%s: was never finished", who)
                    continue
                j = self.json(*who.split("/"))
                if j is None:
                    continue
                if j.get("image") not in self.images:
                    self.error("%s: names image %s, which is missing", who, j.get("image"))
                else:
                    self.check_manifest(who, j.get("manifest"), j["image"])

    # ---- containers ----

    def check_container(self, cid):
        who = "containers/" + cid
        if not ID.match(cid):
            self.waste("%s: no container", who)
            return
        j = self.json("containers", cid, "config.json")
        if j is None:
            return
        for key in j.get("Layers") or []:
            self.need_layer(key, who)
        name = j.get("Name")
        try:
            other = self.json("containers", cid, "override.json")["Name"] \
                if os.path.exists(self.path(who, "override.json")) else None
        except (KeyError, TypeError):
            other = None
        holders = [n for n in (name, other) if n and
                   os.path.islink(self.path("names", n)) and
                   os.readlink(self.path("names", n)) == "../containers/" + cid]
        if (name or other) and not holders:
            self.error("%s: its name '%s' doesn't lead to it", who, other or name)
        lives = is_locked(self.path(who, "lock.run"))
        state = self.json("containers", cid, "state.json") \
            if os.path.exists(self.path(who, "state.json")) else {}
        status = (state or {}).get("Status", (state or {}).get("status"))
        if status in ALIVE and not lives:
            self.waste("%s: state.json says %s, but nobody holds lock.run", who, status)
        if lives and status not in ALIVE and status not in (None, "stopped"):
            self.waste("%s: lock.run is held, but state.json says %s", who, status)
        for entry in names(self.path(who)):
            if entry.startswith(".") and not (lives and entry == ".exit"):
                self.waste("%s/%s: was never finished", who, entry)

    def check_names(self):
        for name in names(self.path("names")):
            path = self.path("names", name)
            if not os.path.islink(path):
                self.error("names/%s: no link", name)
                continue
            target = os.readlink(path)
            if not re.match(r"^\.\./containers/[0-9a-f]{64}$", target):
                self.error("names/%s: leads to '%s'", name, target)
            elif not os.path.isdir(self.path("names", target)):
                self.waste("names/%s: its container is gone", name)

    def check_temporary(self):
        for where in ("tmp", "trash"):
            for name in names(self.path(where)):
                held = [n for n in ("lock", "lock.run") if is_locked(self.path(where, name, n))]
                if not held:
                    self.waste("%s/%s: nobody holds it: %s", where, name,
                               " ".join(names(self.path(where, name)) if
                                        os.path.isdir(self.path(where, name)) else ["a file"]))

    def check_run(self):
        if not self.run:
            return
        for name in names(self.run):
            if name == "userns":
                continue
            if ID.match(name) and (is_locked(self.path("containers", name, "lock.run")) or
                                   any(is_locked(self.path("trash", t, "lock.run"))
                                       for t in names(self.path("trash")))):
                continue
            self.waste("the runtime folder's %s: its monitor is gone", name)

    def check(self):
        for name in names(self.root):
            if name not in LAYOUT:
                self.waste("%s: not of the layout", name)
        try:
            with open(self.path("version")) as f:
                if f.read() != "1\n":
                    self.error("version: not 1")
        except OSError as e:
            self.error("version: %s", e)
        self.check_images()
        self.check_refs()
        for cid in names(self.path("containers")):
            self.check_container(cid)
        self.check_names()
        self.check_layers()
        self.check_blobs()
        self.check_temporary()
        for name in names(self.path("quarantine")):
            self.error("quarantine/%s: something was found broken", name)
        self.check_run()
        return self


# ---- what is there besides: processes, mounts, cgroups ----

def uids_of(uid):
    """The ranges of a user: his own and his subordinate ids."""
    import pwd
    ranges = [(uid, 1)]
    user = pwd.getpwuid(uid).pw_name
    try:
        with open("/etc/subuid") as f:
            for line in f:
                who, first, count = line.strip().split(":")
                if who in (user, str(uid)):
                    ranges.append((int(first), int(count)))
    except (OSError, ValueError):
        pass
    return ranges


def processes():
    """pid -> (ppid, real uid, state, text)"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/status" % pid, errors="replace") as f:
                rows = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                text = f.read(200).replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        found[int(pid)] = (int(rows["PPid"]), int(rows["Uid"].split()[0]), rows["State"][0],
                           text or rows["Name"])
    return found


def mine(all_of_them, uid=None, below=None):
    """Of UID and below PID, without the dead and without those above us."""
    above, pid = set(), os.getpid()
    while pid in all_of_them:
        above.add(pid)
        pid = all_of_them[pid][0]
    ranges = uids_of(uid) if uid is not None else None
    for pid, (ppid, owner, state, text) in sorted(all_of_them.items()):
        if state in "ZX" or pid in above:
            continue
        if ranges and not any(first <= owner < first + n for first, n in ranges):
            continue
        if below is not None:
            up, steps = pid, 0
            while up in all_of_them and up != below and steps < 1000:
                up, steps = all_of_them[up][0], steps + 1
            if up != below:
                continue
        yield pid, text


def mounts(all_of_them):
    """Every mount of every mount namespace that we may look at, each namespace once."""
    seen, lines = set(), set()
    for pid in all_of_them:
        try:
            ns = os.readlink("/proc/%d/ns/mnt" % pid)
        except OSError:
            ns = None
        if ns in seen and ns is not None:
            continue
        seen.add(ns)
        try:
            with open("/proc/%d/mountinfo" % pid, errors="replace") as f:
                for line in f:
                    words = line.split()
                    dash = words.index("-")
                    lines.add("mount %s %s %s %s" % (ns or "?", words[4], words[dash + 1], words[dash + 2]))
        except OSError:
            pass
    return lines


def tree(label, top, dev):
    def visit(path, shown):
        try:
            st = os.lstat(path)
        except OSError:
            return
        extra = ""
        if stat.S_ISREG(st.st_mode):
            extra = " %d" % st.st_size
        elif stat.S_ISLNK(st.st_mode):
            extra = " -> " + os.readlink(path)
        print("%s %s %s %d:%d%s%s" % (label, shown, stat.filemode(st.st_mode), st.st_uid, st.st_gid, extra,
                                      " nlink=%d" % st.st_nlink if dev else ""))
        if stat.S_ISDIR(st.st_mode):
            try:
                entries = sorted(os.listdir(path))
            except OSError:
                return
            for name in entries:
                visit(path + "/" + name, shown + "/" + name)
    visit(top, ".")


def cgroups(uid):
    for folder, folders, _ in os.walk("/sys/fs/cgroup"):
        for name in folders:
            path = os.path.join(folder, name)
            try:
                if name.startswith("rbox") or (uid is not None and os.lstat(path).st_uid == uid and uid):
                    yield path
            except OSError:
                pass


def shot(args):
    sys.stdout.reconfigure(errors="surrogateescape")
    uid = args.uid if args.uid is not None else (os.getuid() or None)
    all_of_them = processes()
    for pid, text in mine(all_of_them, None if args.below else uid, args.below):
        print("process %d %s" % (pid, text))
    keep = {pid for pid, _ in mine(all_of_them, uid)} | {os.getpid()}
    for line in sorted(mounts(keep if not args.below else {os.getpid()})):
        print(line)
    tree("store", args.store, args.dev)
    if args.run:
        tree("runtime", args.run, args.dev)
    for path in sorted(cgroups(uid)):
        print("cgroup", path)


def check(args):
    if not os.path.isdir(args.store):
        print("check-store.py: '%s' is no folder" % args.store, file=sys.stderr)
        return 2
    s = Store(args.store, args.run, args.deep).check()
    if args.json:
        print(json.dumps({"errors": s.errors, "garbage": s.garbage}))
    else:
        for line in s.errors:
            print("error:", line)
        for line in s.garbage:
            print("garbage:", line)
    return 1 if s.errors or (args.strict and s.garbage) else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="verb", required=True)
    c = sub.add_parser("check")
    c.add_argument("--strict", action="store_true")
    c.add_argument("--deep", action="store_true")
    c.add_argument("--json", action="store_true")
    c.add_argument("--run")
    c.add_argument("store")
    s = sub.add_parser("shot")
    s.add_argument("--uid", type=int)
    s.add_argument("--below", type=int)
    s.add_argument("--run")
    s.add_argument("--dev", action="store_true")
    s.add_argument("store")
    args = p.parse_args()
    if args.verb == "shot":
        return shot(args)
    return check(args)


if __name__ == "__main__":
    sys.exit(main())
