#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes archives that mean harm.

    hostile.py FOLDER CANARY

CANARY is the absolute path of a folder that none of them may change. For each case NAME writes
FOLDER/NAME.tar (a layer, for import), FOLDER/NAME.docker.tar (a docker-archive, for load) and
FOLDER/NAME.oci/ (an OCI layout, to be pushed to a registry and pulled), and a line "NAME ok" or
"NAME refuse" to FOLDER/list: what has to come of it. Cases whose harm lies in the archive around
the layers have only what applies; the list says which ("load", "import", "pull").
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

MTIME = 1700000000
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
EVIL = b"evil\n"
GARBAGE = b"garbage after the end"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def entry(name, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, uid=0, gid=0, dev=(0, 0), pax=None):
    t = tarfile.TarInfo(name)
    t.type, t.mode, t.uid, t.gid, t.mtime, t.linkname = kind, mode, uid, gid, MTIME, link
    t.devmajor, t.devminor = dev
    t.size = len(data) if kind == tarfile.REGTYPE else 0
    t.pax_headers = dict(pax or {})
    return t, data


def tar(*parts, end=True):
    """Entries, and raw blocks as they are."""
    out = b""
    for part in parts:
        if isinstance(part, bytes):
            out += part
        else:
            out += part[0].tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
            out += part[1] + b"\0" * (-len(part[1]) % 512)
    return out + (b"\0" * 1024 if end else b"")


def dir_(name, **kw):
    return entry(name, tarfile.DIRTYPE, mode=kw.pop("mode", 0o755), **kw)


def sym(name, target):
    return entry(name, tarfile.SYMTYPE, link=target, mode=0o777)


def hard(name, target):
    return entry(name, tarfile.LNKTYPE, link=target)


def file_(name, data=EVIL, **kw):
    return entry(name, data=data, **kw)


def raw_header(**fields):
    """A ustar header with fields that tarfile would not write."""
    h = bytearray(512)
    h[0:100] = fields.get("name", b"x").ljust(100, b"\0")
    h[100:108] = b"0000644\0"
    h[108:116] = fields.get("uid", b"0000000\0")
    h[116:124] = b"0000000\0"
    h[124:136] = fields.get("size", b"00000000000\0")
    h[136:148] = b"14534320400\0"
    h[156:157] = fields.get("type", b"0")
    h[257:265] = b"ustar\00000"
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def nested_path(depth):
    return "/".join(["d"] * depth)


def cases(canary):
    up = "../" * 40
    inside = canary.lstrip("/")
    c = {}

    def case(name, verdict, *layers):
        c[name] = (verdict, [x if isinstance(x, bytes) else tar(*x) for x in layers])

    # Names that lead out: clamped to the root, as every reader of layers does.
    case("dotdot", "ok", [file_(up + inside + "/a"), dir_(up + inside + "/d")])
    case("absolute", "ok", [file_(canary + "/a"), sym(canary + "/s", "x"), dir_("//" + canary + "/d")])
    case("dotdot-middle", "ok", [dir_("a"), file_("a/../../../" + inside + "/a")])
    case("dotdot-root", "ok", [dir_(".."), dir_("../.."), file_("../a")])
    # Links, then something through them.
    case("link-then-file", "ok", [sym("l", canary), file_("l/a")])
    case("link-up-then-file", "ok", [sym("l", up + inside), file_("l/a")])
    case("link-to-link", "ok", [sym("a", "b"), sym("b", canary), file_("a/x")])
    case("link-slash", "ok", [sym("l", "/"), file_("l/" + inside + "/a")])
    case("link-proc-root", "ok", [sym("l", "/proc/self/root"), file_("l/" + inside + "/a")])
    case("link-proc-cwd", "ok", [sym("l", "/proc/self/cwd"), file_("l/a")])
    case("link-replaced-folder", "ok", [dir_("d"), file_("d/x"), sym("d", canary), file_("d/a")])
    case("link-dirmode", "ok", [dir_("d", mode=0o700), dir_("d/e"), sym("d", canary)])
    case("link-file-over", "ok", [sym("f", canary + "/keep"), file_("f")])
    case("link-dir-over", "ok", [sym("f", canary), dir_("f", mode=0o700)])
    case("link-loop", "refuse", [sym("a", "b"), sym("b", "a"), file_("a/x")])
    case("link-self", "refuse", [sym("a", "a/a"), file_("a/x")])
    case("link-fifo-over", "ok", [sym("f", canary + "/keep"), entry("f", tarfile.FIFOTYPE)])
    case("link-xattr", "ok", [sym("f", canary), dir_("f/x", pax={"SCHILY.xattr.user.evil": "1"})])
    # Hard links to what is outside.
    case("hard-absolute", "refuse", [hard("h", canary + "/keep"), file_("h")])
    case("hard-dotdot", "refuse", [hard("h", up + inside + "/keep")])
    case("hard-through-link", "refuse", [sym("l", canary), hard("h", "l/keep")])
    case("hard-to-link", "ok", [sym("l", canary + "/keep"), hard("h", "l"), file_("h")])
    case("hard-to-folder", "refuse", [dir_("d"), hard("h", "d")])
    case("hard-to-itself", "refuse", [hard("h", "h")])
    case("hard-twice", "ok", [file_("f"), hard("h", "f"), hard("h", "h"), hard("f", "h")])
    case("hard-to-root", "refuse", [hard("h", "/")])
    # The same across layers.
    case("across-link", "ok", [sym("l", canary)], [file_("l/a")])
    case("across-link-up", "ok", [sym("l", up + inside)], [file_("l/a"), dir_("l/d")])
    case("across-hard", "refuse", [sym("l", canary)], [hard("h", "l/keep")])
    case("across-whiteout", "ok", [sym("l", canary)], [file_("l/.wh.keep", b"")])
    case("across-opaque", "ok", [sym("l", canary)], [file_("l/.wh..wh..opq", b"")])
    case("across-proc", "ok", [sym("l", "/proc/self/root" + canary)], [file_("l/a")])
    case("across-loop", "refuse", [sym("a", "b"), sym("b", "a")], [file_("a/x")])
    # Whiteouts of what is no name.
    case("whiteout-dotdot", "refuse", [dir_("d"), file_("d/.wh...", b"")])
    case("whiteout-dot", "refuse", [dir_("d"), file_("d/.wh..", b"")])
    case("whiteout-empty", "refuse", [dir_("d"), file_("d/.wh.", b"")])
    case("whiteout-up", "ok", [file_(up + inside + "/.wh.keep", b"")])
    case("whiteout-opaque-up", "ok", [file_(up + inside + "/.wh..wh..opq", b"")])
    case("whiteout-opaque-root", "ok", [file_("f")], [file_(".wh..wh..opq", b""), file_("g")])
    case("whiteout-aufs", "ok", [file_(".wh..wh.plnk/x"), file_(".wh..wh.aufs", b"")])
    # Devices, and what overlay would take for marks.
    case("device-null", "ok", [entry("null", tarfile.CHRTYPE, dev=(1, 3), mode=0o666)])
    case("device-disk", "ok", [entry("sda", tarfile.BLKTYPE, dev=(8, 0), mode=0o666)])
    case("device-whiteout", "ok", [file_("x")], [entry("x", tarfile.CHRTYPE, dev=(0, 0))])
    case("xattr-overlay", "ok", [dir_("d", pax={"SCHILY.xattr.user.overlay.opaque": "y",
                                               "SCHILY.xattr.trusted.overlay.redirect": canary,
                                               "SCHILY.xattr.user.overlay.redirect": "/etc",
                                               "SCHILY.xattr.user.rbox.owner": "0:0"})])
    case("xattr-odd", "ok", [file_("f", pax={"SCHILY.xattr.security.selinux": "x", "SCHILY.xattr.nonsense": "x",
                                           "SCHILY.xattr.user." + "n" * 300: "x",
                                           "SCHILY.xattr.user.large": "v" * 70000})])
    # Owners that no map holds.
    case("owner-large", "ok", [file_("f", uid=172761424, gid=5), dir_("d", uid=4294967294, gid=4294967294)])
    case("owner-minus", "ok", [raw_header(name=b"f", uid=b"\xff" * 8)])
    case("owner-beyond", "ok", [file_("f", pax={"uid": str(1 << 40), "gid": str((1 << 63) - 1)})])
    case("owner-link", "ok", [entry("l", tarfile.SYMTYPE, link="x", uid=99999999),
                            entry("p", tarfile.FIFOTYPE, uid=99999999)])
    # Types that turn into each other.
    case("file-as-folder", "refuse", [file_("f"), file_("f/x")])
    case("folder-over-root", "ok", [dir_("/", mode=0o755), dir_(".", mode=0o755)])
    case("file-over-root", "refuse", [file_("/")])
    case("link-over-root", "refuse", [sym(".", canary)])
    case("folder-to-link-to-folder", "ok", [dir_("d"), file_("d/x"), sym("d", canary), dir_("d"), file_("d/a")])
    # Nonsense, and too much.
    case("deep", "refuse", [file_(nested_path(5000) + "/f", pax={"path": nested_path(5000) + "/f"})])
    case("long-name", "refuse", [file_("f", pax={"path": "n" * 300})])
    case("long-pax", "refuse", [file_("f", pax={"comment": "c" * (2 << 20)})])
    case("nul-name", "refuse", [raw_pax(b"path", b"a\0b"), raw_header()])
    case("bad-sum", "refuse", bytes(b ^ 1 if i == 3 else b for i, b in enumerate(tar(file_("f")))))
    case("bad-type", "refuse", [raw_header(type=b"Z")])
    case("size-minus", "refuse", [raw_header(size=b"\xff" * 12)])
    case("size-huge", "refuse", [raw_header(size=b"\x80" + b"\x7f" * 11)])
    case("size-lies", "refuse", tar(file_("f"), end=False)[:512] + b"x" * 3)
    case("truncated-header", "refuse", tar(file_("f"))[:100])
    case("truncated-data", "refuse", tar(file_("f", b"x" * 100000))[:50000])
    case("noise", "refuse", bytes((i * 7919 + 13) % 256 for i in range(100000)))
    case("empty", "ok", b"")
    case("zeros", "ok", b"\0" * 10240)
    case("sparse-lies", "refuse", [raw_pax(b"GNU.sparse.major", b"1", b"GNU.sparse.realsize", b"10"),
                                  raw_header(size=b"00000001000\0"), b"2\n0\n5\n3\n9\n".ljust(512, b"\0")])
    # Compressed.
    good = tar(file_("f", b"x" * 100000))
    case("gzip-truncated", "refuse", gzip.compress(good)[:-20])
    case("gzip-no-trailer", "refuse", gzip.compress(good)[:-8])
    case("gzip-bad-sum", "refuse", gzip.compress(good)[:-8] + b"\0" * 8)
    case("gzip-garbage", "ok", gzip.compress(good) + GARBAGE)
    case("gzip-bomb", "refuse", bomb())
    return c


def raw_pax(*pairs):
    records = b""
    for key, value in zip(pairs[::2], pairs[1::2]):
        body = b" " + key + b"=" + value + b"\n"
        n = len(body) + len(str(len(body) + 1))
        n = n if len(str(n)) + len(body) == n else n + 1
        records += str(n).encode() + body
    return raw_header(type=b"x", size=b"%011o\0" % len(records)) + records + b"\0" * (-len(records) % 512)


def bomb():
    """8 GiB of zeros in 8 MB: one member of 64 MiB again and again, as gzip allows."""
    head = raw_header(name=b"bomb", size=b"%011o\0" % ((1 << 33) - 1))
    member = gzip.compress(b"\0" * (64 << 20), 9, mtime=0)
    return gzip.compress(head, mtime=0) + member * 128


def put(t, name, data):
    i = tarfile.TarInfo(name)
    i.size, i.mtime = len(data), MTIME
    t.addfile(i, io.BytesIO(data))


def diff_id(layer):
    try:
        if layer[:2] == b"\x1f\x8b":
            return sha(gzip.decompress(layer.removesuffix(GARBAGE)))
    except (OSError, EOFError, ValueError):
        pass
    return sha(layer)


def config(layers, name):
    # The bomb isn't worth a gigabyte of python: nobody gets as far as its digest.
    ids = ["sha256:" + ("0" * 64 if len(l) > 1 << 22 else diff_id(l)) for l in layers]
    return json.dumps({"architecture": ARCH, "os": "linux", "config": {"Cmd": [name]},
                       "rootfs": {"type": "layers", "diff_ids": ids}}).encode()


def docker_archive(path, name, layers):
    c = config(layers, name)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as t:
        for i, layer in enumerate(layers):
            put(t, "%d/layer.tar" % i, layer)
        put(t, "config.json", c)
        put(t, "manifest.json", json.dumps([{
            "Config": "config.json", "RepoTags": ["localhost/hostile:" + name],
            "Layers": ["%d/layer.tar" % i for i in range(len(layers))]}]).encode())


def oci_layout(folder, name, layers):
    kind = "application/vnd.oci.image."
    os.makedirs(folder + "/blobs/sha256")

    def blob(data):
        with open(folder + "/blobs/sha256/" + sha(data), "wb") as f:
            f.write(data)
        return {"digest": "sha256:" + sha(data), "size": len(data)}

    layer_list = [dict(blob(l), mediaType=kind + "layer.v1.tar" + ("+gzip" if l[:2] == b"\x1f\x8b" else ""))
                  for l in layers]
    m = blob(json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": dict(blob(config(layers, name)), mediaType=kind + "config.v1+json"),
        "layers": layer_list}).encode())
    with open(folder + "/oci-layout", "w", encoding="ascii") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    with open(folder + "/index.json", "w", encoding="ascii") as f:
        json.dump({"schemaVersion": 2, "manifests": [dict(
            m, mediaType=kind + "manifest.v1+json",
            annotations={"org.opencontainers.image.ref.name": "localhost/hostile:" + name})]}, f)


def archives(folder, canary):
    """Harm in the archive around the layers: for load alone."""
    ok = tar(file_("f"))
    c = config([ok], "x")

    def manifest(**kw):
        return json.dumps([dict({"Config": "c.json", "RepoTags": [], "Layers": ["l.tar"]}, **kw)]).encode()

    def write(name, *members, verdict="refuse"):
        with open("%s/%s.docker.tar" % (folder, name), "wb") as f:
            f.write(tar(*members))
        return "%s %s load" % (name, verdict)

    yield write("outer-config-outside", file_("manifest.json", manifest(Config=canary + "/keep")), file_("l.tar", ok))
    yield write("outer-layer-link", file_("manifest.json", manifest()), file_("c.json", c), sym("l.tar", canary + "/keep"))
    yield write("outer-layer-loop", file_("manifest.json", manifest()), file_("c.json", c), sym("l.tar", "m.tar"),
                sym("m.tar", "l.tar"))
    yield write("outer-names", file_("manifest.json", manifest(RepoTags=[
        "../../../x", "localhost/../../evil:1", "a/b:../../c", "UPPER", "x" * 5000, ""])),
                file_("c.json", c), file_("l.tar", ok), verdict="ok")
    yield write("outer-count", file_("manifest.json", manifest(Layers=["l.tar", "l.tar"])), file_("c.json", c),
                file_("l.tar", ok))
    yield write("outer-deep-json", file_("manifest.json", b"[" * 100000), file_("c.json", c))
    yield write("outer-no-array", file_("manifest.json", b"{}"))
    yield write("outer-not-json", file_("manifest.json", b"\0\1\2"))
    yield write("outer-diff-id", file_("manifest.json", manifest()), file_("c.json", json.dumps({
        "rootfs": {"type": "layers", "diff_ids": ["sha256:../../../../" + "a" * 52]}}).encode()), file_("l.tar", ok))
    yield write("outer-wrong-diff", file_("manifest.json", manifest()), file_("c.json", config(
        [tar(file_("that-no-other-case-has"))], "x")), file_("l.tar", ok))


def main():
    folder, canary = sys.argv[1], sys.argv[2]
    lines = []
    for name, (verdict, layers) in cases(canary).items():
        lines.append("%s %s" % (name, verdict))
        if len(layers) == 1:
            with open("%s/%s.tar" % (folder, name), "wb") as f:
                f.write(layers[0])
            lines[-1] += " import"
        docker_archive("%s/%s.docker.tar" % (folder, name), name, layers)
        oci_layout("%s/%s.oci" % (folder, name), name, layers)
        lines[-1] += " load pull"
    lines += archives(folder, canary)
    with open(folder + "/list", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
