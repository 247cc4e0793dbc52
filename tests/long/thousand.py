#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many containers: how long create, start, ps, inspect, stop and rm take with so many, and what memory
their monitors have, beside podman and its conmon.

    thousand.py [--created N] [--running N] [--podman-created N] [--podman-running N]

Prints a table (milliseconds a container for what is done to each, of one call for ps and inspect; KiB for
memory: Pss and what is private, by /proc/PID/smaps_rollup) and fails when a container does. $RBOX and
$IMAGES as in the suites; 0 podman containers: without podman.
"""
import argparse
import os
import subprocess
import sys
import time

IMAGE = "localhost/busybox:latest"
T = os.environ["RBOX_T"]


class Engine:
    def __init__(self, name, argv, monitor):
        self.name, self.argv, self.monitor = name, argv, monitor
        self.rows = {}

    def call(self, *args):
        p = subprocess.run([*self.argv, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        if p.returncode:
            sys.exit("not ok: %s %s: %d: %s" % (self.name, " ".join(args[:6]), p.returncode, p.stderr[-300:]))
        return p.stdout

    def timed(self, what, count, *calls):
        start = time.monotonic()
        for args in calls:
            out = self.call(*args)
        self.rows[what] = (time.monotonic() - start) * 1000 / count
        return out

    def memory(self):
        pss = private = n = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    cmd = f.read(4096)
                if not self.monitor(cmd):
                    continue
                with open("/proc/%s/smaps_rollup" % pid) as f:
                    rows = dict(line.split(":", 1) for line in f if ":" in line[:30])
                pss += int(rows["Pss"].split()[0])
                private += int(rows["Private_Clean"].split()[0]) + int(rows["Private_Dirty"].split()[0])
                n += 1
            except (OSError, KeyError):
                pass
        if n:
            self.rows["monitor, Pss KiB"], self.rows["monitor, private KiB"] = pss / n, private / n
        return n

    def run(self, created, running):
        self.call("load", "-q", "-i", os.environ["IMAGES"] + "/busybox.tar")
        names = ["n%d" % i for i in range(created)]
        self.timed("create", created, *[["create", "--name", n, "--network", "none", IMAGE, "sleep", "100000"]
                                        for n in names])
        self.timed("start", running, *[["start", n] for n in names[:running]])
        monitors = self.memory()
        if monitors < running:
            print("# %s: %d monitors of %d found" % (self.name, monitors, running))
        out = self.timed("ps -a", 1, ["ps", "-aq"])
        if len(out.split()) != created:
            sys.exit("not ok: %s ps -aq shows %d of %d" % (self.name, len(out.split()), created))
        self.timed("ps", 1, ["ps"])
        self.timed("ps --format json", 1, ["ps", "-a", "--format", "json"])
        self.timed("inspect", 1, ["inspect", names[0]])
        self.timed("stop -t 0", running, ["stop", "-t", "0", *names[:running]])
        self.timed("rm", created, *[["rm", *names[i:i + 100]] for i in range(0, created, 100)])
        if self.call("ps", "-aq"):
            sys.exit("not ok: containers are left")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--created", type=int, default=1000)
    p.add_argument("--running", type=int, default=100)
    p.add_argument("--podman-created", type=int, default=100)
    p.add_argument("--podman-running", type=int, default=20)
    args = p.parse_args()
    run = os.environ["XDG_RUNTIME_DIR"]
    ours = Engine("rbox", os.environ.get("RBOX", "rbox").split(), lambda cmd: cmd.startswith(b"rbox monitor"))
    ours.run(args.created, args.running)
    engines = [(ours, args.created, args.running)]
    if args.podman_created:
        root = ["--root", T + "/pod", "--runroot", T + "/podrun"]
        theirs = Engine("podman", ["podman", "--runtime", "runc", "--storage-driver", "overlay", *root],
                        lambda cmd: b"conmon" in cmd[:40] and (T + "/pod").encode() in cmd)
        theirs.run(args.podman_created, args.podman_running)
        engines.append((theirs, args.podman_created, args.podman_running))
        pause = run + "/libpod/tmp/pause.pid"
        if os.path.exists(pause):
            os.kill(int(open(pause).read()), 15)
        subprocess.run(["unshare", "--map-auto", "--map-root-user", "rm", "-rf", T + "/pod", T + "/podrun"])
    print("| | " + " | ".join("%s, %d created, %d running" % (e.name, c, r) for e, c, r in engines) + " |")
    print("|---" * (len(engines) + 1) + "|")
    for what in ours.rows:
        print("| %s | %s |" % (what, " | ".join("%.1f" % e.rows.get(what, 0) for e, _, _ in engines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
