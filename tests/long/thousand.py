#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many containers, beside podman: what it takes to create, list, start, stop and remove them, and what
memory their monitors have beside conmon.

    tests/check.sh long thousand                 with everything set up
    thousand.py [--created N] [--running N] [--files N] [--rounds N]

The two engines take turns with each piece of work, so that what else the machine does meets both.
Prints a table (milliseconds, medians; KiB for memory: Pss and what is private, by
/proc/PID/smaps_rollup) and the budgets with pass or MISS; fails when one is missed, when a container of rbox
fails, or when one is left. $RBOX, $RBOX_T (a folder) and $IMAGES as in the suites.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

IMAGE = "localhost/busybox:latest"
NONE = ("--network", "none")


def say(*words):
    print(*words, flush=True)


class Engine:
    def __init__(self, name, argv, store, monitor):
        self.name, self.argv, self.store, self.monitor = name, argv, store, monitor
        self.rows = {}

    def call(self, *args):
        p = subprocess.run([*self.argv, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        if p.returncode:
            raise RuntimeError("%s %s: %d: %s" % (self.name, " ".join(args[:6]), p.returncode, p.stderr[-300:]))
        return p.stdout

    def timed(self, what, *args, count=1):
        """One call; its time, for each of COUNT objects, is one figure of row WHAT."""
        start = time.monotonic()
        out = self.call(*args)
        self.rows.setdefault(what, []).append((time.monotonic() - start) * 1000 / count)
        return out

    def at_once(self, what, calls):
        """All the calls side by side, until the last has ended; how many failed."""
        start = time.monotonic()
        procs = [subprocess.Popen([*self.argv, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) for args in calls]
        failed = sum(p.wait() != 0 for p in procs)
        self.rows.setdefault(what, []).append((time.monotonic() - start) * 1000)
        return failed

    def monitors(self):
        """Adds the memory of every monitor to the rows; how many there are."""
        n = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    if not self.monitor(f.read(4096)):
                        continue
                with open("/proc/%s/smaps_rollup" % pid) as f:
                    rows = dict(line.split(":", 1) for line in f if ":" in line[:30])
            except OSError:
                continue
            kib = lambda key: int(rows[key].split()[0])
            self.rows.setdefault("monitor, Pss KiB", []).append(kib("Pss"))
            self.rows.setdefault("monitor, private KiB", []).append(kib("Private_Clean") + kib("Private_Dirty"))
            n += 1
        return n

    def settle(self):
        """Waits until nobody deletes any more what was removed."""
        trash = self.store + "/trash"
        while os.path.isdir(trash) and os.listdir(trash):
            time.sleep(0.1)


class Work:
    """What both engines do, in turns."""

    def __init__(self, engines, args):
        self.engines, self.args = engines, args
        self.bad = []
        self.names = ["n%d" % i for i in range(args.created)]

    def turns(self, todo):
        for e in random.sample(self.engines, len(self.engines)):
            todo(e)

    def rounds(self, what, *argv):
        for _ in range(self.args.rounds):
            self.turns(lambda e: e.timed(what, *argv))

    def create(self):
        for n in self.names:
            self.turns(lambda e: e.timed("create", "create", "--name", n, *NONE, IMAGE, "sleep", "100000"))
        for i in range(100):
            self.turns(lambda e: e.call("tag", IMAGE, "localhost/name%d:latest" % i))

    def start(self):
        running = self.names[:self.args.running]
        for e in self.engines:
            failed = e.at_once("start, %d at once" % len(running), [["start", n] for n in running])
            if failed:
                (self.bad.append if e.name == "rbox" else say)("%s: %d of %d starts failed" % (e.name, failed, len(running)))
            found = e.monitors()
            if found != len(running):
                say("# %s: %d monitors found, of %d" % (e.name, found, len(running)))

    def lists(self):
        for e in self.engines:
            got = len(e.call("ps", "-aq").split())
            if got != len(self.names):
                self.bad.append("%s ps -aq shows %d of %d" % (e.name, got, len(self.names)))
        self.rounds("ps", "ps")
        self.rounds("ps -a", "ps", "-a")
        self.rounds("ps -a --format json", "ps", "-a", "--format", "json")
        self.rounds("ps -a --filter name=n77", "ps", "-a", "--filter", "name=n77")
        self.rounds("inspect", "inspect", self.names[0])
        self.rounds("images, of 100 names", "images")
        self.rounds("logs", "logs", self.names[0])

    def one_by_one(self):
        for n in self.names[self.args.running:][:self.args.rounds]:
            self.turns(lambda e: e.timed("start", "start", n))
            self.turns(lambda e: e.timed("exec", "exec", n, "true"))
            self.turns(lambda e: e.timed("stop -t 0", "stop", "-t", "0", n))
            self.turns(lambda e: e.timed("rm", "rm", n))
        self.names = self.names[:self.args.running] + self.names[self.args.running + self.args.rounds:]

    def big(self):
        """A container with many files of its own is removed: until the prompt."""
        text = "for d in $(seq %d); do mkdir /f$d; cd /f$d; for i in $(seq 100); do : >$i; done; done"
        for _ in range(min(3, self.args.rounds)):
            self.turns(lambda e: e.call("run", "--name", "big", *NONE, IMAGE, "sh", "-c",
                                        text % (self.args.files // 100)))
            os.sync()
            for e in self.engines:
                e.timed("rm of %d files" % self.args.files, "rm", "big")
                e.settle()

    def remove(self):
        running, rest = self.names[:self.args.running], self.names[self.args.running:]
        self.turns(lambda e: e.timed("stop -t 0, all in one call", "stop", "-t", "0", *running, count=len(running)))
        for i in range(0, len(rest), 100):
            part = rest[i:i + 100]
            self.turns(lambda e: e.timed("rm, 100 in one call", "rm", *part, count=len(part)))
            self.turns(lambda e: e.settle())
        self.turns(lambda e: e.call("rm", *running))
        for e in self.engines:
            if e.call("ps", "-aq"):
                self.bad.append("%s: containers are left" % e.name)


def table(engines):
    say("| | " + " | ".join(e.name for e in engines) + (" | ratio |" if len(engines) > 1 else " |"))
    say("|---" * (len(engines) + 1 + (len(engines) > 1)) + "|")
    for what in engines[0].rows:
        v = [statistics.median(e.rows.get(what) or [0]) for e in engines]
        ratio = " | %.3f" % (v[0] / v[1]) if len(v) > 1 and v[1] else ""
        say("| %s | %s%s |" % (what, " | ".join("%.1f" % x for x in v), ratio))


def judge(engines, args):
    """The budgets; how many are missed."""
    missed = 0

    def verdict(what, value, most):
        nonlocal missed
        missed += value > most
        say("%-4s %8.3f (<= %.3f)  %s" % ("pass" if value <= most else "MISS", value, most, what))

    mid = lambda e, what: statistics.median(e.rows[what])
    ours = engines[0]
    if len(engines) > 1:
        for what, most in [("ps", 1 / 8), ("ps -a", 1 / 8), ("images, of 100 names", 1 / 8), ("inspect", 1 / 8),
                           ("rm of %d files" % args.files, 1 / 10),
                           ("start, %d at once" % args.running, 1 / 8)]:
            verdict(what + " / podman", mid(ours, what) / mid(engines[1], what), most)
    verdict("a monitor's own memory, MiB", max(ours.rows["monitor, private KiB"]) / 1024, 1)
    return missed


def theirs():
    root, run = os.environ["RBOX_T"] + "/pod", os.environ["RBOX_T"] + "/podrun"
    return Engine("podman", ["podman", "--runtime", "runc", "--storage-driver", "overlay", "--root", root,
                             "--runroot", run, "--tmpdir", run + "/tmp"],
                  root, lambda cmd: b"conmon" in cmd[:40] and root.encode() in cmd)


def clean(engines):
    for e in engines:
        subprocess.run([*e.argv, "rm", "-a", "-f", "-t", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pause = os.environ["RBOX_T"] + "/podrun/tmp/pause.pid"
    if os.path.exists(pause):
        os.kill(int(open(pause).read()), 15)    # podman's own, started by it for us
    subprocess.run(["unshare", "--map-auto", "--map-root-user", "rm", "-rf",
                    os.environ["RBOX_T"] + "/pod", os.environ["RBOX_T"] + "/podrun"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--created", type=int, default=1000)
    p.add_argument("--running", type=int, default=100)
    p.add_argument("--files", type=int, default=100000)
    p.add_argument("--rounds", type=int, default=9)
    args = p.parse_args()
    if args.created < args.running + args.rounds + 1:
        p.error("more must be created than run")
    store = os.environ.get("XDG_DATA_HOME", os.environ["HOME"] + "/.local/share") + "/rbox"
    engines = [Engine("rbox", os.environ.get("RBOX", "rbox").split(), store,
                      lambda cmd: cmd.startswith(b"rbox monitor"))]
    if shutil.which("podman"):
        engines.append(theirs())
    work = Work(engines, args)
    try:
        work.turns(lambda e: e.call("load", "-q", "-i", os.environ["IMAGES"] + "/busybox.tar"))
        for step in (work.create, work.start, work.lists, work.one_by_one, work.big, work.remove):
            say("# " + step.__name__)
            step()
    except RuntimeError as e:
        work.bad.append(str(e))
    finally:
        clean(engines)
    table(engines)
    for text in work.bad:
        say("not ok: " + text)
    return 1 if work.bad or judge(engines, args) else 0


if __name__ == "__main__":
    sys.exit(main())
