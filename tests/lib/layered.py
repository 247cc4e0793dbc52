#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an OCI layout of one image with everything layers can do to each other.

    layered.py FOLDER [MEGABYTES [STEPS]]

Four layers, gzip (one with several members), zstd if python has it, else gzip: whiteouts, opaque folders,
hard links within a layer and to a lower one, file capabilities, a sticky folder, folders that are
implied and not named (in a lower layer and in none), links as parents, and MEGABYTES of data. With STEPS the
config has a history: a step for each layer, then so many that made none.
"""
import gzip
import hashlib
import io
import json
import os
import random
import sys
import tarfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import images  # noqa: E402


class Layer(images.Layer):
    """Names with their own times, to the nanosecond."""

    def __init__(self, seed):
        super().__init__()
        self.random = random.Random(seed)

    def _add(self, name, kind, mode, uid=0, gid=0, data=None, link="", xattrs=None, dev=None):
        t = tarfile.TarInfo(name)
        t.type, t.mode, t.uid, t.gid, t.linkname = kind, mode, uid, gid, link
        t.mtime = self.random.randrange(1, 1 << 30)
        t.pax_headers["mtime"] = "%d.%09d" % (t.mtime, self.random.randrange(10 ** 9))
        t.size = len(data) if data is not None else 0
        for key, value in (xattrs or {}).items():
            t.pax_headers["SCHILY.xattr." + key] = value.decode("utf-8", "surrogateescape")
        self.tar.addfile(t, io.BytesIO(data) if data is not None else None)
        return self


CAPS = b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


def layers(megabytes):
    r = random.Random(7)
    one = Layer(1)
    one.dir("./", 0o755)
    for d in ("bin", "etc", "usr", "usr/lib", "usr/bin", "home", "data", "data/a", "data/b", "old", "old/sub"):
        one.dir(d)
    one.dir("tmp", 0o1777).dir("home/joe", 0o2750, 1000, 1000).dir("srv", 0o711, 33, 33)
    one.symlink("lib", "usr/lib").symlink("abs", "/usr/lib").symlink("home/joe/l", "../../etc", 1000, 1000)
    one.file("bin/x", "x" * 5000, 0o4755).file("bin/cap", "c", 0o755, xattrs={"security.capability": CAPS})
    one.hardlink("bin/y", "bin/x").hardlink("usr/bin/z", "bin/x")
    one.file("data/a/f", "f").file("data/b/g", "g", 0o600, 7, 8, xattrs={"user.note": b"\x00\xff\x01"})
    one.file("old/sub/gone", "1").file("old/gone", "1").file("usr/lib/l.so", "so", 0o644)
    one.fifo("fifo", 0o620).file("etc/\u00e4\u00f6\u00fc", "utf-8").file("etc/" + "long" * 60, "long")
    one.hardlink("l-hard", "lib")
    for i in range(megabytes):
        one.file("data/big%d" % i, r.randbytes(1 << 19) + b"\0" * (1 << 19), 0o644, i, i)
    two = Layer(2)
    two.dir("data", 0o750, 5, 5).whiteout("data/a").file("data/new", "n")
    two.dir("old").opaque("old").file("old/fresh", "2")
    # usr and usr/lib aren't named: they stay as the layer below has them
    two.file("usr/lib/implied.so", "i", 0o755).file("lib/through-link", "t").file("abs/through-abs", "t")
    two.file("none/of/these/named", "n")
    two.hardlink("bin/lower-link", "bin/y")
    three = Layer(3)
    three.dir("data").dir("data/a", 0o700).file("data/a/again", "a").whiteout("tmp")
    three.whiteout("data/big0").dir("etc").file("etc/x", "x")
    three.dir("other").whiteout("other/nothing").symlink("srv", "data")
    four = Layer(4)
    for i in range(3000):
        if i % 100 == 0:
            four.dir("many%d" % (i // 100), 0o755)
        four.file("many%d/f%d" % (i // 100, i), "%d" % i)
    return [one, two, three, four]


def blob(folder, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(folder, "blobs/sha256", digest), "wb") as f:
        f.write(data)
    return "sha256:" + digest, len(data)


def compressed(i, data):
    if i == 1:	# two members, as pigz and bgzip make many
        half = len(data) // 2
        return gzip.compress(data[:half], 1, mtime=0) + gzip.compress(data[half:], 1, mtime=0), "+gzip"
    if i == 2:
        return data, ""
    return gzip.compress(data, 1, mtime=0), "+gzip"


def main():
    folder, megabytes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    os.makedirs(os.path.join(folder, "blobs/sha256"))
    kind = "application/vnd.oci.image."
    descriptors, diffs = [], []
    for i, layer in enumerate(layers(megabytes)):
        data = layer.bytes()
        diffs.append("sha256:" + hashlib.sha256(data).hexdigest())
        data, suffix = compressed(i, data)
        digest, size = blob(folder, data)
        descriptors.append({"mediaType": kind + "layer.v1.tar" + suffix, "digest": digest, "size": size})
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    config = {"architecture": arch, "os": "linux", "created": images.CREATED, "config": {"Cmd": ["sh"]},
              "rootfs": {"type": "layers", "diff_ids": diffs}}
    if steps:
        config["history"] = [{"created_by": "layer %d" % i} for i in range(len(diffs))]
        config["history"] += [{"created_by": "step %d" % i, "empty_layer": True} for i in range(steps)]
    digest, size = blob(folder, json.dumps(config).encode())
    digest, size = blob(folder, json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", "digest": digest, "size": size},
        "layers": descriptors}).encode())
    with open(os.path.join(folder, "oci-layout"), "w", encoding="ascii") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(folder, "index.json"), "w", encoding="ascii") as f:
        json.dump({"schemaVersion": 2, "manifests": [{
            "mediaType": kind + "manifest.v1+json", "digest": digest, "size": size,
            "platform": {"os": "linux", "architecture": arch},
            "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}, f)


if __name__ == "__main__":
    main()
