#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lists a tree so that two of them can be compared by diff.

    treelist.py FOLDER [IGNORED-XATTR-PREFIX...]

One line an object, sorted by name: path, type, mode, uid, gid, size, mtime in ns, hard-link group
(the first name of the group), link target or device, xattrs in hex, sha256 of the content. Sizes of
folders, which file systems choose, are left out.
"""
import hashlib
import os
import stat
import sys


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for chunk in iter(lambda: f.read(1 << 20), b""):
            h.update(chunk)
    return h.hexdigest()


def xattrs(path, ignored):
    out = []
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        if not name.startswith(ignored):
            out.append("%s=%s" % (name, os.getxattr(path, name, follow_symlinks=False).hex()))
    return ",".join(out) or "-"


def main():
    root = os.fsencode(sys.argv[1])
    ignored = tuple(sys.argv[2:]) or ("\0",)
    paths = [root]
    for folder, dirs, files in os.walk(root):
        dirs.sort()
        paths += [os.path.join(folder, n) for n in dirs + files]
    groups, lines = {}, []
    for path in sorted(paths):
        st = os.lstat(path)
        rel = os.path.relpath(path, root)
        kind = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
                stat.S_IFCHR: "char", stat.S_IFBLK: "block", stat.S_IFSOCK: "socket"}[stat.S_IFMT(st.st_mode)]
        group = "-"
        if kind != "dir" and st.st_nlink > 1:
            group = groups.setdefault((st.st_dev, st.st_ino), rel).decode("utf-8", "backslashreplace")
        extra = "-"
        if kind == "link":
            extra = os.readlink(path).decode("utf-8", "backslashreplace")
        elif kind in ("char", "block"):
            extra = "%d:%d" % (os.major(st.st_rdev), os.minor(st.st_rdev))
        elif kind == "file":
            extra = sha256(path)
        lines.append("\t".join([
            rel.decode("utf-8", "backslashreplace"), kind, "%04o" % stat.S_IMODE(st.st_mode), str(st.st_uid),
            str(st.st_gid), "-" if kind == "dir" else str(st.st_size), str(st.st_mtime_ns), group,
            xattrs(path, ignored), extra]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
