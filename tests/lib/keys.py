#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The keys of inspect and ps, as paths with the kinds of their values.

    keys.py list  <JSON          prints "PATH KIND", a line each, sorted
    keys.py check LIST <JSON     what LIST has and the JSON lacks, or has of another kind; status 1 then

LIST (tests/lib/keys-*.txt) was made from podman 4.3.1's own output by `keys.py list`, and changed where
a later podman has another word for it. A kind is text, number, bool, list, map or null; where podman's own
value was null, anything will do, and null is always allowed for a list or a map that is empty. Maps whose
keys are the user's (labels, ports ...) are not gone into; of a list its first element is looked at.
"""
import json
import sys

MAPS = {"Labels", "Annotations", "Ports", "PortBindings", "Tmpfs", "ExposedPorts", "Volumes", "Networks", "Namespaces"}


def kind(v):
    if v is None:
        return "null"
    if isinstance(v, bool):
        return "bool"
    return {str: "text", int: "number", float: "number", list: "list", dict: "map"}[type(v)]


def walk(v, path, out):
    if path:
        out.setdefault(path, kind(v))
        if out[path] == "null":
            out[path] = kind(v)
    if isinstance(v, dict) and path.rpartition(".")[2] not in MAPS:
        for key in v:
            walk(v[key], path + "." + key, out)
    elif isinstance(v, list) and v and isinstance(v[0], dict):
        for one in v:
            walk(one, path + "[]", out)


def paths(objects):
    out = {}
    for one in objects:
        walk(one, "", out)
    return out


def main():
    have = paths(json.load(sys.stdin))
    if sys.argv[1] == "list":
        for path in sorted(have):
            print(path, have[path])
        return 0
    bad = 0
    for line in open(sys.argv[2], encoding="utf-8"):
        if line.startswith("#") or not line.strip():
            continue
        path, want = line.split()
        got = have.get(path)
        if got is None:
            print("missing:", path)
            bad = 1
        elif want != "null" and got != want and not (got == "null" and want in ("list", "map")):
            print(f"{path}: {got} instead of {want}")
            bad = 1
    return bad


sys.exit(main())
