#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""list-tree.py FOLDER [EXCEPT...]: everything a tree holds, one sorted line each: path, type, mode, owner,
size, time, extended attributes, with which names it shares its content, sha256. Mounts are passed by."""
import hashlib
import os
import stat
import sys

top = os.fsencode(sys.argv[1])
skip = {os.fsencode(a) for a in sys.argv[2:]}
with open("/proc/self/mountinfo", "rb") as f:
    skip_mounts = {line.split()[4] for line in f}
found, links = [], {}


def visit(path, shown):
    st = os.lstat(path)
    if shown and (shown in skip or (top == b"/" and b"/" + shown in skip_mounts)):
        return
    if shown:
        found.append((shown, path, st))
        if not stat.S_ISDIR(st.st_mode):
            links.setdefault((st.st_dev, st.st_ino), []).append(shown)
    if stat.S_ISDIR(st.st_mode):
        for name in os.listdir(path):
            visit(os.path.join(path, name), os.path.join(shown, name) if shown else name)


def xattrs(path):
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
    except OSError:
        return "?"
    return ",".join("%s=%s" % (n, os.getxattr(path, n, follow_symlinks=False).hex()) for n in names)


visit(top, b"")
for shown, path, st in sorted(found):
    what = ""
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            what = hashlib.sha256(f.read()).hexdigest()
    elif stat.S_ISLNK(st.st_mode):
        what = "-> %r" % os.readlink(path)
    same = links.get((st.st_dev, st.st_ino), [])
    print("%r %s %d:%d %d %.9f [%s] %s %s" % (
        shown, stat.filemode(st.st_mode), st.st_uid, st.st_gid, 0 if stat.S_ISDIR(st.st_mode) else st.st_size,
        st.st_mtime_ns / 1e9, xattrs(path), what, sorted(same)[0] if len(same) > 1 else ""))
