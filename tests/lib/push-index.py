#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts one name for several machines into a registry.

    push-index.py HOST:PORT NAME:TAG oci|docker LAYOUT.tar PLATFORM...

PLATFORM is os/arch[/variant]. For each the image of LAYOUT.tar (one manifest) is taken, with its config
changed to say that platform and MACHINE=PLATFORM in its environment; the index (oci) or manifest list
(docker) names them in the order given. Prints "PLATFORM sha256:..." (the config's digest) for each.
"""
import hashlib
import json
import sys
import tarfile
import urllib.request

TYPES = {
    "oci": ["application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"],
    "docker": ["application/vnd.docker.distribution.manifest.list.v2+json",
               "application/vnd.docker.distribution.manifest.v2+json",
               "application/vnd.docker.container.image.v1+json",
               "application/vnd.docker.image.rootfs.diff.tar.gzip"],
}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def request(method, url, data=b"", kind="application/octet-stream"):
    q = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    with urllib.request.urlopen(q) as r:
        return r.headers.get("Location")


def main():
    host, name, kind, layout = sys.argv[1:5]
    repo, tag = name.split(":")
    base = f"http://{host}/v2/{repo}"
    index_type, manifest_type, config_type, layer_type = TYPES[kind]

    def put_blob(data):
        where = request("POST", f"{base}/blobs/uploads/")
        request("PUT", f"{where}{'&' if '?' in where else '?'}digest={digest(data)}", data)

    with tarfile.open(layout) as t:
        def blob(d):
            return t.extractfile("blobs/" + d.replace(":", "/")).read()

        top = json.load(t.extractfile("index.json"))
        manifest = json.loads(blob(top["manifests"][0]["digest"]))
        config = json.loads(blob(manifest["config"]["digest"]))
        for layer in manifest["layers"]:
            put_blob(blob(layer["digest"]))
            layer["mediaType"] = layer_type
    entries = []
    for platform in sys.argv[5:]:
        system, arch, *variant = platform.split("/")
        p = {"os": system, "architecture": arch}
        if variant:
            p["variant"] = variant[0]
        config.pop("variant", None)
        config.update(p)
        config.setdefault("config", {})["Env"] = [f"MACHINE={platform}"]
        data = json.dumps(config).encode()
        put_blob(data)
        print(platform, digest(data))
        manifest.update({"mediaType": manifest_type,
                         "config": {"mediaType": config_type, "digest": digest(data), "size": len(data)}})
        data = json.dumps(manifest).encode()
        request("PUT", f"{base}/manifests/{digest(data)}", data, manifest_type)
        entries.append({"mediaType": manifest_type, "digest": digest(data), "size": len(data), "platform": p})
    data = json.dumps({"schemaVersion": 2, "mediaType": index_type, "manifests": entries}).encode()
    request("PUT", f"{base}/manifests/{tag}", data, index_type)


main()
