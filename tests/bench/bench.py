#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures rbox beside podman and beside the bare system calls, and judges the budgets.

    bench.py [--build B] [--runs N] [PART...]        parts: run net exec list pull dirty

Contestants run in turn, each round in another order, so that what else the machine does meets all
of them; medians (p50) and p95 are over all rounds. Root measures as the user $BENCH_USER (rboxtest),
who must be there. $BENCH_DIR (/var/tmp) is where everything lies. podman runs with --runtime runc --storage-driver overlay: never on vfs, which
would flatter whatever stands beside it. Nothing is installed: what is missing is named. The figures
go into B/bench.json.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import pwd
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

PARTS = ["run", "net", "exec", "list", "pull", "dirty"]
IMAGE = "localhost/busybox:latest"
LISTED = 100    # containers and image names in part "list"
HERE = os.path.dirname(os.path.abspath(__file__))
NEEDS = [("newuidmap", "uidmap"), ("slirp4netns", "slirp4netns"), ("podman", "podman"), ("runc", "runc"),
         ("unshare", "util-linux"), ("docker-registry", "docker-registry"), ("skopeo", "skopeo"),
         ("igzip", "isal")]


def say(*words):
    print(*words, flush=True)


def missing():
    out = []
    for tool, package in NEEDS:
        if not shutil.which(tool, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"):
            out.append((tool, package))
    return out


# --- as root, or whoever calls: a folder that the user can read -------------------------------

def set_up(args):
    root = os.geteuid() == 0
    user = os.environ.get("BENCH_USER", "rboxtest") if root else pwd.getpwuid(os.geteuid()).pw_name
    try:
        pw = pwd.getpwnam(user)
    except KeyError:
        sys.exit(f"bench: there is no user {user}: useradd -m {user} (or BENCH_USER=...)")
    for tool, package in missing():
        say(f"bench: '{tool}' is missing (apt install {package}): what needs it is left out")
    t = tempfile.mkdtemp(prefix="rbox-bench.", dir=os.environ.get("BENCH_DIR", "/var/tmp"))
    os.chmod(t, 0o755)
    top = os.path.dirname(os.path.dirname(HERE))
    run = lambda *a: subprocess.run(a, cwd=top, check=True, stdout=subprocess.DEVNULL)
    run("make", "-s", "install", f"B={args.build}", f"PREFIX={t}/inst", "DESTDIR=")
    for tool in ("bare", "lap"):
        shutil.copy(os.path.join(top, args.build, "bench", tool), t)
    run("contrib/busybox", f"{t}/busybox")
    run("gcc", "-static", "-O2", "-D_GNU_SOURCE", "-o", f"{t}/probe", "tests/lib/probe.c")
    os.mkdir(f"{t}/images")
    run("/usr/bin/python3", "tests/lib/images.py", f"{t}/images", f"{t}/busybox", f"{t}/probe")
    shutil.copy(os.path.join(HERE, "bench.py"), t)
    os.mkdir(f"{t}/w")
    subprocess.run(["chmod", "-R", "a+rX", t], check=True)
    os.chown(f"{t}/w", pw.pw_uid, pw.pw_gid)
    return t, pw, root


def outer(args):
    t, pw, root = set_up(args)
    drop = ["setpriv", f"--reuid={pw.pw_uid}", f"--regid={pw.pw_gid}", "--init-groups",
            "--inh-caps=-all"] if root else []
    env = ["env", "-i", f"HOME={t}/w", f"USER={pw.pw_name}", f"LOGNAME={pw.pw_name}", "LANG=C.UTF-8",
           f"PATH={t}/inst/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
    first = ["chrt", "-r", "5"] if root and args.rt else []
    cmd = first + drop + env + ["/usr/bin/python3", f"{t}/bench.py", "--inner", t, "--runs", str(args.runs)] + args.parts
    rc = 1
    try:
        rc = subprocess.run(cmd, cwd=f"{t}/w").returncode
        if os.path.exists(f"{t}/w/bench.json"):
            shutil.copy(f"{t}/w/bench.json", os.path.join(args.build, "bench.json"))
            say(f"figures: {args.build}/bench.json")
    finally:
        rm = ["rm", "-rf", t]
        subprocess.run(rm if root else ["unshare", "--map-auto", "--map-root-user"] + rm)
    return rc


# --- as the user -------------------------------------------------------------------------------

class Bench:
    def __init__(self, t, runs):
        self.t, self.runs = t, runs
        self.w = f"{t}/w"
        self.results, self.verdicts, self.notes = {}, [], []
        self.procs = []
        self.run_dir = tempfile.mkdtemp(prefix="rbx.", dir="/tmp")  # short: podman's runroot
        os.environ["XDG_RUNTIME_DIR"] = self.run_dir
        for name, sub in (("DATA_HOME", "data"), ("CACHE_HOME", "cache"), ("CONFIG_HOME", "config")):
            os.makedirs(f"{self.w}/{sub}", 0o700)
            os.environ[f"XDG_{name}"] = f"{self.w}/{sub}"
        os.makedirs(f"{self.w}/base")
        os.makedirs(f"{self.w}/root")
        self.do("tar", "-C", f"{self.w}/root", "--no-same-owner", "-xf", f"{t}/images/busybox.rootfs.tar")
        self.podman = ["podman", "--runtime", "runc", "--storage-driver", "overlay", "--cgroup-manager",
                       "cgroupfs", "--root", f"{self.w}/pm", "--runroot", f"{self.run_dir}/r", "--tmpdir",
                       f"{self.run_dir}/t"] if shutil.which("podman") else None
        self.rbox = [f"{t}/inst/bin/rbox"]
        self.has = self.commands()
        self.bare = [f"{t}/bare"]

    def commands(self):
        """The commands that this rbox has."""
        out = subprocess.run(self.rbox + ["--help"], capture_output=True, text=True).stdout
        return {line.split()[0].rstrip(",") for line in out.splitlines() if line.startswith("  ") and line.split()}

    # -- running --

    def do(self, *cmd, check=True):
        p = subprocess.run(list(cmd), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and p.returncode:
            raise RuntimeError(f"{' '.join(cmd[-6:])}: {p.returncode}: {p.stderr.strip()[-300:]}")
        return p.stdout.strip()

    def lap(self, cmd):
        """Nanoseconds and exit status of one run."""
        out = subprocess.run([f"{self.t}/lap"] + cmd, capture_output=True, text=True).stdout.split()
        return int(out[0]), int(out[1])

    def measure(self, part, contestants, runs=None, before=None):
        """Runs each of {name: argv} RUNS times in turn; before(name) is not timed."""
        laps = {n: [] for n in contestants}
        failed = {}
        names = list(contestants)
        for i in range((runs or self.runs) + 1):
            random.shuffle(names)
            for n in names:
                if n in failed:
                    continue
                if before:
                    before(n)
                ns, status = self.lap(contestants[n])
                if status:
                    failed[n] = status
                elif i:     # the first round warms caches up
                    laps[n].append(ns / 1e6)
        for n in contestants:
            key = f"{part}: {n}"
            if n in failed:
                self.results[key] = {"failed": failed[n]}
                out = subprocess.run(contestants[n], stdin=subprocess.DEVNULL, capture_output=True, text=True)
                self.notes.append(f"{key}: ended with {failed[n]}: {out.stderr.strip()[-300:]}")
            else:
                self.results[key] = stats(laps[n])
            say(f"  {key:<52} {show(self.results[key])}")

    def budget(self, what, num, den, factor):
        a, b = self.results.get(num), self.results.get(den)
        if not a or not b or "p50" not in a or "p50" not in b:
            self.verdicts.append((what, None, factor, "no figure"))
            return
        r = a["p50"] / b["p50"]
        self.verdicts.append((what, r, factor, "pass" if r <= factor else "MISS"))

    # -- what is measured --

    def load_images(self):
        tar = f"{self.t}/images/busybox.tar"
        if self.podman:
            self.do(*self.podman, "load", "-i", tar)
        if "load" in self.has:
            try:
                self.do(*self.rbox, "load", "-i", tar)
            except RuntimeError as e:
                self.notes.append(str(e))
                self.has = set()

    def hold_userns(self):
        """A process that keeps a user namespace with all ids: for the bare calls that join one."""
        p = subprocess.Popen(["unshare", "--user", "--map-auto", "--map-root-user", "sh", "-c",
                              "echo up; exec sleep 3600"], stdout=subprocess.PIPE, text=True)
        p.stdout.readline()
        self.procs.append(p)
        return str(p.pid)

    def bare_run(self, *opts):
        return self.bare + list(opts) + [f"{self.w}/root", f"{self.w}/base", "/bin/true"]

    def rbox_run(self, *opts):
        return self.rbox + ["run", "--rm", *opts, IMAGE, "true"]

    def podman_run(self, *opts):
        return self.podman + ["run", "--rm", *opts, IMAGE, "true"]

    def start(self, engine, name):
        self.do(*engine, "run", "-d", "--name", name, "--network", "none", IMAGE, "sleep", "3600")

    def part_run(self):
        u = self.hold_userns()
        cold = {"bare, newuidmap": self.bare_run(), "bare and defaults, newuidmap": self.bare_run("-f")}
        warm = {"bare, joined": self.bare_run("-u", u), "bare and defaults, joined": self.bare_run("-f", "-u", u),
                "/bin/true": ["/bin/true"]}
        none = ("--network", "none")
        if "run" in self.has:
            cold["rbox, newuidmap"] = self.rbox_run(*none)
            warm["rbox, joined"] = self.rbox_run(*none)
        if self.podman:
            cold["podman"] = self.podman_run(*none)
        self.measure("run", cold)
        if "run" in self.has:
            self.start(self.rbox, "warm")
        self.measure("run", warm)
        if "run" in self.has:
            self.do(*self.rbox, "rm", "-f", "-t", "0", "warm", check=False)
        self.budget("run, no network, a namespace to join / the bare calls of the same work", "run: rbox, joined",
                    "run: bare and defaults, joined", 1.5)
        self.budget("run, no network, newuidmap / the bare calls of the same work", "run: rbox, newuidmap",
                    "run: bare and defaults, newuidmap", 1.5)
        for how in ("joined", "newuidmap"):     # for the record: no masks, seccomp, capabilities, files
            a, b = self.results.get(f"run: rbox, {how}"), self.results.get(f"run: bare, {how}")
            if a and b and "p50" in a and "p50" in b:
                self.notes.append(f"run: {how}: {a['p50'] / b['p50']:.3f} of namespaces, root and pivot alone")
        self.budget("run, no network / podman", "run: rbox, newuidmap", "run: podman", 1 / 12)

    def part_net(self):
        c = {}
        if "run" in self.has:
            c["rbox"] = self.rbox_run()
        if self.podman:
            c["podman"] = self.podman_run()
        self.measure("net", c)
        self.budget("run, default network / podman", "net: rbox", "net: podman", 1 / 8)

    def part_exec(self):
        c = {}
        for name, engine in (("rbox", self.rbox if "exec" in self.has else None), ("podman", self.podman)):
            if not engine:
                continue
            self.start(engine, "ex")
            c[name] = engine + ["exec", "ex", "true"]
            pid = self.do(*engine, "inspect", "--format", "{{.State.Pid}}", "ex", check=False)
            if name == "rbox" and pid.isdigit():
                c["bare"] = self.bare + ["-e", pid, "/bin/true"]
        self.measure("exec", c)
        for name, engine in (("rbox", self.rbox), ("podman", self.podman)):
            if name in c:
                self.do(*engine, "rm", "-f", "-t", "0", "ex", check=False)
        self.budget("exec / podman", "exec: rbox", "exec: podman", 1 / 15)

    def part_list(self):
        c = {}
        for name, engine in (("rbox", self.rbox), ("podman", self.podman)):
            if not engine or (name == "rbox" and not {"create", "tag"} <= self.has):
                continue
            for i in range(LISTED):
                self.do(*engine, "create", "--name", f"list{i}", IMAGE, "true")
                self.do(*engine, "tag", IMAGE, f"localhost/name{i}:latest")
            c[f"{name} ps"] = engine + ["ps", "-a"]
            c[f"{name} images"] = engine + ["images"]
            c[f"{name} inspect"] = engine + ["inspect", "list7"]
        self.measure("list", c)
        for name, engine in (("rbox", self.rbox), ("podman", self.podman)):
            if f"{name} ps" in c:
                self.do(*engine, "rm", "-f", *[f"list{i}" for i in range(LISTED)], check=False)
        for what in ("ps", "images", "inspect"):
            self.budget(f"{what} with {LISTED} / podman", f"list: rbox {what}", f"list: podman {what}", 1 / 8)

    def part_pull(self):
        port = self.registry()
        blob, tar_gz = self.big_image(port)
        ref = f"127.0.0.1:{port}/big:latest"
        c = {"inflate (igzip)": ["sh", "-c", f"igzip -d -c {tar_gz} >/dev/null"],
             "untar": ["unshare", "--user", "--map-auto", "--map-root-user", "tar", "-C", f"{self.w}/untar",
                       "-xf", f"{self.w}/big.tar"]}
        if "pull" in self.has:
            c["rbox"] = self.rbox + ["pull", "--tls-verify=false", ref]
        if self.podman:
            c["podman"] = self.podman + ["pull", "--tls-verify=false", ref]
        os.makedirs(f"{self.w}/untar", exist_ok=True)

        def before(name):
            if name == "untar":
                self.do("unshare", "--user", "--map-auto", "--map-root-user", "rm", "-rf", f"{self.w}/untar")
                os.makedirs(f"{self.w}/untar")
            elif name in ("rbox", "podman"):
                self.do(*(self.rbox if name == "rbox" else self.podman), "rmi", "-f", ref, check=False)
            os.sync()

        self.measure("pull", c, runs=self.runs, before=before)
        slow = max(("pull: inflate (igzip)", "pull: untar"),
                   key=lambda k: self.results.get(k, {}).get("p50", 0))
        self.budget("pull / podman", "pull: rbox", "pull: podman", 0.4)
        self.budget(f"pull / the slower of inflate and untar ({slow[6:]})", "pull: rbox", slow, 1.3)

    def registry(self):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        with open(f"{self.w}/registry.yml", "w") as f:
            f.write(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {self.w}/reg}}}}\n"
                    f"http: {{addr: 127.0.0.1:{port}}}\n")
        self.procs.append(subprocess.Popen(["docker-registry", "serve", f"{self.w}/registry.yml"],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return port
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("docker-registry does not answer")

    def big_image(self, port):
        """About 200 MB of this machine's own files as one gzip layer, in the registry."""
        tar, size = f"{self.w}/big.tar", 0
        with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as out:
            for top in ("/usr/share", "/usr/lib", "/usr/bin"):
                for folder, dirs, files in os.walk(top):
                    dirs.sort()
                    for name in sorted(files):
                        path = os.path.join(folder, name)
                        if size < 200e6 and os.path.isfile(path) and os.access(path, os.R_OK) \
                                and not os.path.islink(path) and os.path.getsize(path) < 20e6:
                            info = out.gettarinfo(path, path[1:])
                            info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.path.getsize(path)
                            info.uid = info.gid = 0
                            with open(path, "rb") as f:
                                out.addfile(info, f)
                            size += info.size
        tar_gz = tar + ".gz"
        with open(tar_gz, "wb") as f:
            subprocess.run(["gzip", "-6", "-n", "-c", tar], stdout=f, check=True)
        oci = f"{self.w}/big.oci"
        blobs = f"{oci}/blobs/sha256"
        os.makedirs(blobs)

        def put(data, media):
            digest = hashlib.sha256(data).hexdigest()
            with open(f"{blobs}/{digest}", "wb") as f:
                f.write(data)
            return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data)}

        with open(tar, "rb") as f:
            diff = hashlib.sha256(f.read()).hexdigest()
        with open(tar_gz, "rb") as f:
            layer = put(f.read(), "application/vnd.oci.image.layer.v1.tar+gzip")
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "amd64")
        config = put(json.dumps({"architecture": machine, "os": "linux", "config": {},
                                 "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff}"]}}).encode(),
                     "application/vnd.oci.image.config.v1+json")
        manifest = put(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                                   "config": config, "layers": [layer]}).encode(),
                       "application/vnd.oci.image.manifest.v1+json")
        with open(f"{oci}/oci-layout", "w") as f:
            json.dump({"imageLayoutVersion": "1.0.0"}, f)
        with open(f"{oci}/index.json", "w") as f:
            json.dump({"schemaVersion": 2, "manifests": [manifest]}, f)
        with open(f"{self.w}/policy.json", "w") as f:
            json.dump({"default": [{"type": "insecureAcceptAnything"}]}, f)
        self.do("skopeo", "--policy", f"{self.w}/policy.json", "copy", "--dest-tls-verify=false", f"oci:{oci}",
                f"docker://127.0.0.1:{port}/big:latest")
        self.notes.append(f"pull: one layer of {layer['size'] / 1e6:.0f} MB, {os.path.getsize(tar) / 1e6:.0f} MB unpacked")
        return layer, tar_gz

    def part_dirty(self):
        """Others write 400 MB again and again while containers start and end."""
        stop = f"{self.w}/dirty.stop"
        code = ("import os,sys,time\n"
                "while not os.path.exists(sys.argv[2]):\n"
                "    f=os.open(sys.argv[1],os.O_CREAT|os.O_WRONLY|os.O_TRUNC)\n"
                "    for i in range(400):\n"
                "        os.write(f,os.urandom(65536)*16)\n"
                "        if os.path.exists(sys.argv[2]): break\n"
                "    os.close(f); time.sleep(1)\n")
        p = subprocess.Popen(["/usr/bin/python3", "-c", code, f"{self.w}/dirty.bin", stop])
        self.procs.append(p)
        time.sleep(2)
        u = self.hold_userns()
        c = {"bare, joined": self.bare_run("-u", u)}
        if "run" in self.has:
            c["rbox"] = self.rbox_run("--network", "none")
        if self.podman:
            c["podman"] = self.podman_run("--network", "none")
        try:
            self.measure("dirty", c, runs=min(self.runs, 15))
        finally:
            open(stop, "w").close()
            p.wait()
            os.unlink(f"{self.w}/dirty.bin")
        self.budget("run beside 400 MB of dirty pages / podman", "dirty: rbox", "dirty: podman", 1 / 12)

    def tear_down(self):
        for p in self.procs:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
        if "rm" in self.has:
            self.do(*self.rbox, "rm", "-a", "-f", "-t", "0", check=False)
        if self.podman:
            self.do(*self.podman, "rm", "-a", "-f", "-t", "0", check=False)
            self.do(*self.podman, "rmi", "-a", "-f", check=False)
            for pid_file in (f"{self.run_dir}/t/pause.pid", f"{self.run_dir}/libpod/tmp/pause.pid"):
                if os.path.exists(pid_file):
                    with open(pid_file) as f:
                        os.kill(int(f.read()), signal.SIGKILL)    # podman's own, started by it for us
        time.sleep(0.3)
        subprocess.run(["unshare", "--user", "--map-auto", "--map-root-user", "rm", "-rf", self.run_dir])


def stats(v):
    v = sorted(v)
    return {"n": len(v), "min": v[0], "p50": statistics.median(v), "p95": v[min(len(v) - 1, int(len(v) * 0.95))],
            "max": v[-1]}


def show(s):
    if "failed" in s:
        return f"ended with {s['failed']}"
    return f"p50 {s['p50']:9.2f} ms   p95 {s['p95']:9.2f} ms   min {s['min']:9.2f} ms   n {s['n']}"


def inner(args):
    b = Bench(args.inner, args.runs)
    try:
        b.load_images()
        for part in args.parts or PARTS:
            say(f"== {part}")
            try:
                getattr(b, f"part_{part}")()
            except (RuntimeError, OSError, subprocess.SubprocessError) as e:
                b.notes.append(f"{part}: {e}")
                say(f"  {e}")
    finally:
        b.tear_down()
    say("== budgets")
    for what, ratio, factor, verdict in b.verdicts:
        r = f"{ratio:7.3f}" if ratio is not None else "      -"
        say(f"  {verdict:<9} {r} (<= {factor:.3f})  {what}")
    for n in b.notes:
        say("  note:", n)
    with open(f"{b.w}/bench.json", "w") as f:
        json.dump({"host": {"kernel": os.uname().release, "cpus": os.cpu_count(), "load": os.getloadavg()},
                   "milliseconds": b.results, "notes": b.notes,
                   "budgets": [{"what": w, "ratio": r, "budget": x, "verdict": v} for w, r, x, v in b.verdicts]},
                  f, indent=1)
    return 1 if any(v == "MISS" for _, _, _, v in b.verdicts) else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--runs", type=int, default=30)
    p.add_argument("--rt", action="store_true",
                   help="as root: all contestants in real time priority, so that a busy machine is as good as idle")
    p.add_argument("--inner", help=argparse.SUPPRESS)
    p.add_argument("parts", nargs="*", metavar="PART")
    args = p.parse_args()
    if set(args.parts) - set(PARTS):
        p.error("the parts are: " + " ".join(PARTS))
    if args.rt and set(args.parts or PARTS) & {"pull", "dirty"}:
        p.error("--rt is for short work: run net exec list")
    return inner(args) if args.inner else outer(args)


if __name__ == "__main__":
    sys.exit(main())
