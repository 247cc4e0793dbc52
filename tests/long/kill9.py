#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A seeded campaign of kill -9.

    kill9.py [--seed N] [--rounds N] [--only TEXT] [--registry HOST:PORT/NAME] [-v]

Each round runs one command (run, run -d, create, start, rm, rmi, load, pull, exec, stop) and kills one of
its processes: the client, the monitor, the container's first process, rbox-image or slirp4netns, at a
random moment or at the N-th system call of a kind (strace's inject). Then `ps -a`, `images` and a fresh
`run --rm` have to work, no state may lie, no container of `run --rm` may stay, and after that one more
command the store must be clean to tests/lib/check-store.py, which shares no code with it; no process
may be left. What failed is printed with what repeats it (--seed S --at ROUND).

Runs as the user that it finds itself, on the store of XDG_DATA_HOME; $RBOX and $IMAGES as in the suites.
"""
import argparse
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK = [sys.executable, os.path.join(HERE, "../lib/check-store.py")]
RBOX = os.environ.get("RBOX", "rbox").split()
IMAGES = os.environ["IMAGES"]
STORE = os.path.join(os.environ["XDG_DATA_HOME"], "rbox")
RUN = os.path.join(os.environ["XDG_RUNTIME_DIR"], "rbox")
BOX, MULTI = "localhost/busybox:latest", "localhost/multi:latest"
SETTLE = 20.0

# System calls that change something or begin something, by the steps they stand for.
CALLS = ("mkdir,mkdirat", "rename,renameat,renameat2", "unlink,unlinkat", "symlinkat", "fsync,fdatasync",
         "fcntl", "clone,clone3,fork,vfork", "execve", "socketpair", "bind", "sendmsg", "recvmsg", "sendto",
         "mount", "move_mount", "open_tree", "fsconfig", "fsmount", "pivot_root", "setns", "unshare", "write",
         "close_range", "prctl", "openat", "openat2", "ftruncate", "linkat", "mknodat", "fchownat", "setxattr",
         "fsetxattr", "seccomp", "capset", "exit_group", "wait4,waitid", "poll,ppoll", "pipe2", "utimensat",
         "fchmodat,fchmod")


def rbox(*args, timeout=60, check=True):
    p = subprocess.run([*RBOX, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=timeout, errors="replace")
    if check and p.returncode:
        raise Failure("rbox %s ended with %d: %s" % (" ".join(args), p.returncode, p.stderr.strip()))
    return p.stdout


class Failure(Exception):
    pass


def table():
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                text = f.read()
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                cmd = f.read(300).replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        rest = text[text.rindex(")") + 2:].split()
        if rest[0] not in "ZX":
            found[int(pid)] = (int(rest[1]), cmd or text[text.index("("):text.rindex(")") + 1])
    return found


def below(top):
    all_of_them, found, todo = table(), {}, [top]
    while todo:
        up = todo.pop()
        for pid, (parent, cmd) in all_of_them.items():
            if parent == up and pid not in found:
                found[pid] = cmd
                todo.append(pid)
    return found


def collect_orphans():
    """Splits in two: the parent collects what loses its parent (a zombie of a container's pid namespace
    that nobody collects keeps the container from ending), the child goes on and gets the parent's pid."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    top = os.getpid()
    pid = os.fork()
    if pid == 0:
        return top
    while True:
        got, status = os.waitpid(-1, 0)
        if got == pid:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


class Campaign:
    def __init__(self, args):
        self.args = args
        self.failures, self.hits, self.kinds = 0, 0, {}
        self.kept = set()
        self.top = args.top

    def say(self, text):
        if self.args.verbose:
            print(text, flush=True)

    # ---- what is killed ----

    def commands(self, r):
        """name, setup commands, the command, how long it takes"""
        n = "k%d" % self.number
        net = r.choice([["--network", "none"], [], []])
        inner = r.choice([["true"], ["sleep", "0.2"], ["sh", "-c", "echo x >/f; sleep 0.1; rm /bin/vi"]])
        user = r.choice([[], [], ["-u", "user"]])
        rows = [
            ("run --rm", [], ["run", "--rm", *net, *user, BOX, *inner], 0.35),
            ("run --rm", [], ["run", "--rm", "--name", n, *net, *user, BOX, *inner], 0.35),
            ("run", [], ["run", "--name", n, *net, BOX, *inner], 0.35),
            ("run -d", [], ["run", "-d", "--name", n, *net, *user, BOX, "sleep", "30"], 0.2),
            ("run -d --rm", [], ["run", "-d", "--rm", *net, *user, BOX, "sleep", "0.5"], 0.4),
            ("create", [], ["create", "--name", n, BOX, "true"], 0.1),
            ("start", [["create", "--name", n, *net, BOX, *inner]], ["start", n], 0.2),
            ("rm", [["create", "--name", n, BOX, "true"]], ["rm", n], 0.08),
            ("rm -f", [["run", "-d", "--name", n, *net, BOX, "sleep", "30"]], ["rm", "-f", "-t", "0", n], 0.15),
            ("stop", [["run", "-d", "--name", n, *net, BOX, "sleep", "30"]], ["stop", "-t", "0", n], 0.15),
            ("exec", [["run", "-d", "--name", n, *net, BOX, "sleep", "30"]], ["exec", n, "sleep", "0.1"], 0.2),
            ("run --replace", [["create", "--name", n, BOX, "true"]],
             ["run", "--rm", "--replace", "--name", n, *net, BOX, "true"], 0.3),
            ("load", [["rmi", "-f", MULTI]], ["load", "-q", "-i", IMAGES + "/multi.tar"], 0.5),
            ("load oci", [["rmi", "-f", MULTI]], ["load", "-q", "-i", IMAGES + "/multi.oci.tar"], 0.5),
            ("load again", [["load", "-q", "-i", IMAGES + "/multi.tar"]],
             ["load", "-q", "-i", IMAGES + "/multi.tar"], 0.2),
            ("rmi", [["load", "-q", "-i", IMAGES + "/multi.tar"]], ["rmi", MULTI], 0.15),
        ]
        if self.args.registry:
            ref = self.args.registry
            rows += 3 * [("pull", [["rmi", "-f", ref]], ["pull", "-q", "--tls-verify=false", ref], 0.6)]
            rows += [("run, pulling", [["rmi", "-f", ref]],
                      ["run", "--rm", "--network", "none", "--pull=always", "--tls-verify=false", ref, "true"], 0.8)]
        if self.args.only:
            rows = [row for row in rows if row[0] == self.args.only]
        return rows

    def victims(self, pid):
        """What a name of a process of this command leads to, among those that are not kept."""
        mine = {p: c for p, c in below(self.top).items() if p not in self.kept}
        found = {"client": [pid]}
        for p, cmd in mine.items():
            if cmd.startswith("rbox monitor"):
                found.setdefault("monitor", []).append(p)
            elif "rbox-image" in cmd:
                found.setdefault("rbox-image", []).append(p)
            elif "slirp4netns" in cmd:
                found.setdefault("slirp4netns", []).append(p)
            elif p != pid and RBOX[0].rsplit("/", 1)[-1] in cmd:
                found.setdefault("child", []).append(p)
            elif p != pid and "check-store" not in cmd:
                found.setdefault("payload", []).append(p)
        return found

    def kill_at_time(self, r, argv, length):
        delay = r.uniform(0, length)
        want = r.choice(["client", "client", "monitor", "monitor", "payload", "child", "rbox-image", "slirp4netns"])
        what = "%.3f s: " % delay
        p = subprocess.Popen([*RBOX, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        time.sleep(delay)
        if want != "client":
            found = self.victims(p.pid)
            choice = found.get(want) or [v for k, v in sorted(found.items())][0]
            victim, what = r.choice(choice), what + want
        else:
            victim, what = p.pid, what + want
        try:
            os.kill(victim, signal.SIGKILL)
            self.hits += 1
        except OSError:
            what += " (gone)"
        return p, what

    def kill_at_call(self, r, argv, _):
        calls, when = r.choice(CALLS), r.choice([1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 15, 20])
        known = ",".join("?" + c for c in calls.split(","))
        log = os.path.join(os.environ.get("TMPDIR", "/tmp"), "kill9.strace")
        p = subprocess.Popen(["strace", "-f", "-qq", "-o", log, "-e", "trace=" + known, "-e",
                              "inject=%s:signal=KILL:when=%d" % (known, when), *RBOX, *argv],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return p, "%s #%d" % (calls, when)

    # ---- what must hold afterwards ----

    def judge_store(self):
        p = subprocess.run([*CHECK, "check", "--json", "--run", RUN, STORE], capture_output=True, text=True)
        if p.returncode not in (0, 1):
            raise Failure("check-store.py: " + p.stderr)
        return json.loads(p.stdout)

    def settle(self):
        """Until the store is clean and nothing runs but what is kept; what is left after SETTLE seconds."""
        end = time.monotonic() + SETTLE
        while True:
            left = {p: c for p, c in below(self.top).items() if p not in self.kept}
            found = self.judge_store() if not left else None
            if found and not found["errors"] and not found["garbage"]:
                return None
            if found and found["errors"]:
                break
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        if left:
            text = "processes left: %s" % left
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            return text
        return "store: %s" % (found["errors"] + found["garbage"])

    def containers(self):
        return json.loads(rbox("ps", "-a", "--format", "json") or "[]") or []

    def judge(self, name, r):
        # One command more, which sees all that was left: it must work and clears up.
        seen = self.containers()
        rbox("images")
        fresh = rbox("run", "--rm", *r.choice([["--network", "none"], []]), BOX, "echo", "fresh")
        if fresh != "fresh\n":
            raise Failure("a fresh run says '%s'" % fresh)
        time.sleep(0.05)
        trouble = None
        for c in seen:
            state, cid = c.get("State"), c.get("Id")
            if state not in ("created", "exited", "running", "stopped", "stopping", "initialized", "configured"):
                trouble = "container %s is '%s'" % (cid, state)
        for c in self.containers():
            if c["Names"][0] == "holder":
                continue
            out = json.loads(rbox("inspect", c["Id"]))[0]
            running = out["State"]["Running"]
            if name.startswith("run") and "--rm" in name and not running:
                trouble = "a container of --rm is left: %s" % out["State"]
            if running and c["State"] != "running":
                trouble = "ps says %s, inspect running" % c["State"]
            rbox("rm", "-f", "-t", "0", c["Id"])
        left = self.settle()
        if left or trouble:
            raise Failure("; ".join(filter(None, [trouble, left])))

    def hold(self):
        """A container that runs all the time: its namespace is what the others join."""
        if any(c["Names"][0] == "holder" and c["State"] == "running" for c in self.containers()):
            return
        rbox("rm", "-f", "-t", "0", "holder", check=False)
        rbox("load", "-q", "-i", IMAGES + "/busybox.tar")
        self.kept = {os.getpid()}
        rbox("run", "-d", "--name", "holder", "--network", "none", BOX, "sleep", "100000")
        time.sleep(0.3)
        self.kept = set(below(self.top)) | {os.getpid()}

    def round(self, number):
        self.number = number
        r = random.Random("%d/%d" % (self.args.seed, number))
        self.hold()
        name, setup, argv, length = r.choice(self.commands(r))
        for row in setup:
            rbox(*row, check=row[0] != "rmi")
        kill = self.kill_at_call if r.random() < 0.65 else self.kill_at_time
        p, what = kill(r, argv, length)
        self.kinds[name] = self.kinds.get(name, 0) + 1
        # A container that outlives its client (30 s) is looked at as it is.
        try:
            p.wait(3)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        if kill == self.kill_at_call and p.returncode != 0:
            self.hits += 1
        self.say("%4d %-14s %-28s -> %d" % (number, name, what, p.returncode))
        try:
            self.judge(name, r)
        except (Failure, subprocess.TimeoutExpired) as e:
            self.failures += 1
            print("FAILED round %d: %s, killed at %s\n  rbox %s\n  %s\n  again: --seed %d --at %d" % (
                number, name, what, " ".join(argv), e, self.args.seed, number), flush=True)
            for c in self.containers():
                if c["Names"][0] != "holder":
                    rbox("rm", "-f", "-t", "0", c["Id"], check=False)

    def run(self):
        self.kept = {os.getpid()}
        start = time.monotonic()
        rbox("load", "-q", "-i", IMAGES + "/busybox.tar")
        rounds = [self.args.at] if self.args.at is not None else range(self.args.rounds)
        for number in rounds:
            self.round(number)
        self.kept = {os.getpid()}
        rbox("rm", "-f", "-t", "0", "holder")
        left = self.settle()
        if left:
            self.failures += 1
            print("FAILED at the end: " + left)
        print("seed %d: %d rounds, %d processes killed or commands cut short, %d failed, %.0f s; %s" % (
            self.args.seed, len(rounds), self.hits, self.failures, time.monotonic() - start,
            ", ".join("%s %d" % kv for kv in sorted(self.kinds.items()))))
        return 1 if self.failures else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rounds", type=int, default=200)
    p.add_argument("--at", type=int)
    p.add_argument("--only")
    p.add_argument("--registry")
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    args.top = collect_orphans()
    return Campaign(args).run()


if __name__ == "__main__":
    sys.exit(main())
