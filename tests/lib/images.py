#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the images that the tests use, without a network and always with the same bytes.

    images.py FOLDER BUSYBOX PROBE

writes FOLDER/<name>.tar (docker-archive, as `docker save` makes it), FOLDER/<name>.oci.tar (an
OCI layout in a tar) and FOLDER/<name>.rootfs.tar (one plain tar, for import). What an image
holds is in the functions at the end; class Layer only writes tar entries.
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

MTIME = 1700000000
CREATED = "2023-11-14T22:13:20Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Layer:
    """A layer's tar, written entry by entry in the order of the calls."""

    def __init__(self):
        self.buf = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.buf, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8",
                                errors="surrogateescape")
        self.done = None

    def _add(self, name, kind, mode, uid=0, gid=0, data=None, link="", xattrs=None, dev=None):
        t = tarfile.TarInfo(name)
        t.type, t.mode, t.uid, t.gid, t.mtime, t.linkname = kind, mode, uid, gid, MTIME, link
        if data is not None:
            t.size = len(data)
        if dev:
            t.devmajor, t.devminor = dev
        for key, value in (xattrs or {}).items():
            t.pax_headers["SCHILY.xattr." + key] = value.decode("utf-8", "surrogateescape")
        self.tar.addfile(t, io.BytesIO(data) if data is not None else None)
        return self

    def dir(self, name, mode=0o755, uid=0, gid=0, **kw):
        return self._add(name, tarfile.DIRTYPE, mode, uid, gid, **kw)

    def file(self, name, data=b"", mode=0o644, uid=0, gid=0, **kw):
        data = data.encode() if isinstance(data, str) else data
        return self._add(name, tarfile.REGTYPE, mode, uid, gid, data=data, **kw)

    def symlink(self, name, target, uid=0, gid=0):
        return self._add(name, tarfile.SYMTYPE, 0o777, uid, gid, link=target)

    def hardlink(self, name, target, mode=0o644):
        return self._add(name, tarfile.LNKTYPE, mode, link=target)

    def fifo(self, name, mode=0o644):
        return self._add(name, tarfile.FIFOTYPE, mode)

    def whiteout(self, name):
        folder, base = os.path.split(name)
        return self.file(os.path.join(folder, ".wh." + base), b"", 0)

    def opaque(self, folder):
        return self.file(os.path.join(folder, ".wh..wh..opq"), b"", 0)

    def bytes(self):
        if self.done is None:
            self.tar.close()
            self.done = self.buf.getvalue()
        return self.done


class Image:
    def __init__(self, name, layers, config=None, tags=None):
        self.name = name
        self.layers = layers
        self.tags = tags or ["localhost/%s:latest" % name]
        cfg = {"Env": [PATH], "Cmd": ["sh"]}
        cfg.update(config or {})
        self.config = json.dumps({
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
            "os": "linux", "created": CREATED, "config": {k: v for k, v in cfg.items() if v is not None},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(l.bytes()) for l in layers]},
            "history": [{"created": CREATED, "created_by": "layer %d of %s" % (i, name)}
                        for i in range(len(layers))],
        }).encode()

    def docker_archive(self, path):
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as t:
            names = []
            for layer in self.layers:
                names.append(sha(layer.bytes()) + "/layer.tar")
                put(t, names[-1], layer.bytes())
            put(t, sha(self.config) + ".json", self.config)
            put(t, "manifest.json", json.dumps([{
                "Config": sha(self.config) + ".json", "RepoTags": self.tags, "Layers": names}]).encode())

    def oci_archive(self, path):
        blobs, layers = {}, []
        for layer in self.layers:
            z = gzip.compress(layer.bytes(), 6, mtime=0)
            blobs[sha(z)] = z
            layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                           "digest": "sha256:" + sha(z), "size": len(z)})
        blobs[sha(self.config)] = self.config
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": "sha256:" + sha(self.config), "size": len(self.config)},
            "layers": layers}).encode()
        blobs[sha(manifest)] = manifest
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as t:
            put(t, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            put(t, "index.json", json.dumps({
                "schemaVersion": 2, "manifests": [{
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": "sha256:" + sha(manifest), "size": len(manifest),
                    "annotations": {"org.opencontainers.image.ref.name": self.tags[0]}}]}).encode())
            for digest, data in sorted(blobs.items()):
                put(t, "blobs/sha256/" + digest, data)


def put(tar, name, data):
    t = tarfile.TarInfo(name)
    t.size, t.mtime, t.mode = len(data), MTIME, 0o644
    tar.addfile(t, io.BytesIO(data))


APPLETS = """[ arch awk base64 basename cat chgrp chmod chown chroot clear cmp cp cut date dd df dirname dmesg
du echo env expr false find free getopt grep groups gunzip gzip head hostname id ifconfig ip kill killall ln ls
md5sum mkdir mkfifo mknod mktemp more mount mv nc netstat nproc nslookup od pidof ping ps printf pwd readlink
realpath rm rmdir route sed seq setsid sh sha256sum sleep sort stat stty su sync tail tar tee test timeout touch tr
true tty umount uname uniq unlink uptime usleep vi wc wget which whoami xargs yes""".split()


def base_layer(busybox, probe):
    """A small system: root, one user (1000) with a second group, busybox and the probe."""
    l = Layer()
    for d in ("bin", "etc", "home", "usr", "usr/bin", "usr/local", "usr/local/bin", "sbin", "var", "var/tmp",
              "run", "proc", "sys", "dev", "srv", "opt", "lib"):
        l.dir(d, 0o1777 if d == "var/tmp" else 0o755)
    l.dir("tmp", 0o1777).dir("root", 0o700).dir("home/user", 0o755, 1000, 1000)
    l.file("bin/busybox", busybox, 0o755).file("bin/probe", probe, 0o755)
    for a in APPLETS:
        l.symlink("bin/" + a, "/bin/busybox")
    l.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:A user:/home/user:/bin/sh\n"
                         "nobody:x:65534:65534:nobody:/:/bin/false\n")
    l.file("etc/group", "root:x:0:\nuser:x:1000:\nextra:x:2000:user\nnogroup:x:65534:\n")
    l.file("etc/image-name", "base\n")
    l.file("bin/not-executable", "#!/bin/sh\necho never\n", 0o644)
    l.file("bin/bad-interpreter", "#!/no/such/interpreter\n", 0o755)
    l.file("bin/not-a-program", "\x01\x02 just bytes", 0o755)
    return l


def multi_layers(base):
    """What layers can do to each other: whiteouts, an opaque folder, replaced types, links,
    owners, modes, capabilities, and a folder that the tar implies without naming it."""
    one = Layer()
    one.dir("data").file("data/kept", "one\n").file("data/removed", "one\n").file("data/changed", "one\n")
    one.dir("data/gone-folder").file("data/gone-folder/inside", "one\n")
    one.dir("hidden").file("hidden/old", "one\n").dir("hidden/sub").file("hidden/sub/old", "one\n")
    one.dir("links").file("links/a", "linked\n")
    one.hardlink("links/b", "links/a").symlink("links/soft", "a").symlink("links/outside", "/etc/image-name")
    one.dir("sticky", 0o1777).file("setuid", "x", 0o4755).file("setgid", "x", 0o2755)
    one.dir("turns").file("turns/file-to-dir", "one\n").dir("turns/dir-to-file").file("turns/dir-to-file/x", "")
    one.file("owned", "x\n", 0o640, 1000, 2000).symlink("owned-link", "owned", 1000, 2000)
    one.file("capable", "x", 0o755, xattrs={
        "security.capability": b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"})
    one.file("attributed", "x", xattrs={"user.colour": b"blue"})
    one.fifo("pipe", 0o600)
    two = Layer()
    two.dir("data").whiteout("data/removed").whiteout("data/gone-folder").file("data/changed", "two\n")
    two.dir("hidden").opaque("hidden").file("hidden/new", "two\n")
    two.dir("turns").dir("turns/file-to-dir").file("turns/file-to-dir/x", "two\n").file("turns/dir-to-file", "two\n")
    # implied/ and implied/deep/ are in no layer by name
    two.file("implied/deep/file", "two\n")
    three = Layer()
    three.dir("data").file("data/removed", "back\n")
    three.file("implied/deep/other", "three\n").file("hidden/newer", "three\n")
    three.file("etc/image-name", "multi\n")
    return [base, one, two, three]


def kinds_layers(base):
    """All kinds of things, to be compared with what another program unpacks (043-tree.bats)."""
    one = Layer()
    # what a container's own files are mounted on: else they'd be made, and change their folder's time
    one.dir("etc").file("etc/hosts").file("etc/hostname").file("etc/resolv.conf").file("etc/mtab")
    one.dir("run").file("run/.containerenv")
    one.dir("sticky", 0o1777, 7, 8).dir("private", 0o700, 1000, 2000).file("private/a", "private\n", 0o600, 1000, 2000)
    one.dir("given", 0o2750, 5, 6).file("given/below", "one\n", 0o444, 5, 6)
    one.file("setuid", "x", 0o4755).file("setgid", "x", 0o2711, 0, 50).file("nobody", "x", 0, 65534, 65534)
    one.dir("links").file("links/a", "linked\n", 0o640, 3, 4)
    for name in ("links/b", "links/c", "other-name"):
        one.hardlink(name, "links/a")
    one.symlink("links/soft", "a", 9, 9).symlink("links/absolute", "/etc/image-name").symlink("links/dead", "no/such")
    one.file("capable", "x", 0o755, xattrs={
        "security.capability": b"\x01\x00\x00\x02\x00\x20" + 14 * b"\x00"})
    one.file("attributed", "x", xattrs={"user.colour": b"blue"})
    one.dir("attributed-folder", xattrs={"user.colour": b"red"})
    one.fifo("pipe", 0o620)
    one.dir("names").file("names/" + 250 * "n", "long\n").file("names/sp ace\ttab\nnewline", "odd\n")
    one.file("names/\udcff\udcfe-not-utf8", "bytes\n").file("names/\u00e9t\u00e9", "utf8\n")
    deep = "names"
    for i in range(12):
        deep += "/" + 40 * chr(ord("a") + i)
        one.dir(deep)
    one.file(deep + "/deep", "deep\n").symlink("names/to-deep", deep[6:] + "/deep")
    one.dir("gone").file("gone/a", "a").dir("gone/b").file("gone/b/c", "c")
    one.dir("opaque", 0o755).file("opaque/old", "old\n").dir("opaque/sub").file("opaque/sub/old", "old\n")
    one.dir("types").file("types/file-to-folder", "f").dir("types/folder-to-file").file("types/folder-to-file/x", "x")
    one.symlink("types/link-to-folder", "/etc").dir("types/folder-to-link")
    two = Layer()
    # given/ is implied: mode and owner are those of the layer below
    two.file("given/new", "two\n", 0o400, 5, 6)
    two.whiteout("gone").dir("opaque", 0o711, 1, 1).opaque("opaque").file("opaque/new", "new\n")
    two.dir("links", 0o755).whiteout("links/b").file("links/c", "no link any more\n")
    two.dir("types").dir("types/file-to-folder", 0o700).file("types/file-to-folder/x", "x")
    two.file("types/folder-to-file", "f").dir("types/link-to-folder").symlink("types/folder-to-link", "x")
    two.file("setuid", "changed", 0o4711, 11, 12)
    three = Layer()
    three.dir("gone", 0o750).file("gone/again", "back\n")
    three.dir("opaque", 0o711, 1, 1).file("opaque/old", "anew\n").whiteout("opaque/new")
    three.dir("links").file("links/d", "d\n").hardlink("links/e", "links/d")
    three.file("sparse", 70000 * b"\0" + b"end", 0o600)
    return [base, one, two, three]


def system_layer(size):
    """As much of this system's /usr as makes SIZE bytes, as it is there."""
    layer, total = Layer(), 0
    seen = {}
    for folder, folders, files in os.walk("/usr"):
        folders.sort()
        st = os.lstat(folder)
        layer.dir(folder[1:], st.st_mode & 0o7777, st.st_uid, st.st_gid)
        for name in sorted(files):
            path = os.path.join(folder, name)
            st = os.lstat(path)
            if os.path.islink(path):
                layer.symlink(path[1:], os.readlink(path), st.st_uid, st.st_gid)
            elif (st.st_dev, st.st_ino) in seen:
                layer.hardlink(path[1:], seen[st.st_dev, st.st_ino], st.st_mode & 0o7777)
            elif os.path.isfile(path) and os.access(path, os.R_OK):
                with open(path, "rb") as f:
                    layer.file(path[1:], f.read(), st.st_mode & 0o7777, st.st_uid, st.st_gid)
                seen[st.st_dev, st.st_ino] = path[1:]
                total += st.st_size
                if total > size:
                    return layer
    return layer


def main():
    out, busybox, probe = sys.argv[1], sys.argv[2], sys.argv[3]
    with open(busybox, "rb") as b, open(probe, "rb") as p:
        base = base_layer(b.read(), p.read())
    empty = Layer()
    empty.dir("nothing")
    images = [
        Image("busybox", [base]),
        Image("multi", multi_layers(base)),
        Image("kinds", kinds_layers(base)),
        Image("configured", [base], {
            "Env": [PATH, "FROM_IMAGE=yes", "COLOUR=blue"], "Entrypoint": ["/bin/echo", "entry"],
            "Cmd": ["default", "words"], "WorkingDir": "/srv/app", "User": "1000:2000",
            "Labels": {"org.example.name": "configured"}, "StopSignal": "SIGINT",
            "ExposedPorts": {"8080/tcp": {}}}, ["localhost/configured:v1", "localhost/configured:latest"]),
        Image("nocmd", [base], {"Cmd": None}),
        Image("empty", [empty], {"Cmd": None}),
    ]
    # Only on demand: `images.py FOLDER BUSYBOX PROBE large`
    if len(sys.argv) > 4:
        kinds = kinds_layers(base)
        images = [Image("large", kinds[:1] + [system_layer(110 << 20)] + kinds[1:])]
    for image in images:
        image.docker_archive(os.path.join(out, image.name + ".tar"))
        image.oci_archive(os.path.join(out, image.name + ".oci.tar"))
        print(image.name, "sha256:" + sha(image.config))
    with open(os.path.join(out, "busybox.rootfs.tar"), "wb") as f:
        f.write(base.bytes())


if __name__ == "__main__":
    main()
