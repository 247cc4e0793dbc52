#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several clients at once, random commands on the same few objects, and random kill -9.

    chaos.py [--seed N] [--seconds N] [--clients N] [-v]

The clients share some names of containers, volumes, secrets and images, so that they are always in each
other's way. Now and then a client, a monitor or a container's first process is killed. Meanwhile:

  - no command ends by a signal that nobody sent, by a sanitizer, or hangs (60 s);
  - exit statuses are podman's (0, 1, 2, 125, 126, 127, and what the container ended with);
  - a failure is said: "Error: ..." on stderr;
  - reading commands (ps, images, events) never fail.

At the end every object is in a state that the documents allow, `inspect` and `why` work on each, all is
removed, and nothing is leaked: no process, no entry of the runtime folder, and the store is clean to
tests/lib/check-store.py. Which commands take part is asked of `rbox --help`, so new ones join by a row
below. The moments differ from run to run; the seed repeats the commands, not the races.
"""
import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import kill9  # noqa: E402
from kill9 import BOX, CHECK, IMAGES, RBOX, RUN, STORE, below  # noqa: E402

# runtime/state.h; "restarting" only with a policy that restarts.
STATES = {"restarting", "created", "initialized", "running", "paused", "stopping", "exited", "removing", "stopped"}
HANG = 60
SETTLE = 30.0
# What a client may say with: engine's, a command's own (true, false, sh's), killed (by us) by 9 and 15.
ALLOWED = {0, 1, 2, 3, 125, 126, 127, 137, 143}


def known_commands():
    """The commands and nouns that this rbox has."""
    out = subprocess.run([*RBOX, "--help"], capture_output=True, text=True).stdout
    found = {m.group(1) for m in re.finditer(r"^  (\w+) ", out, re.M)}
    for noun in ("volume", "secret"):
        if noun in found:
            sub = subprocess.run([*RBOX, noun, "--help"], capture_output=True, text=True).stdout
            found |= {noun + " " + m.group(1) for m in re.finditer(r"^  (\w+) ", sub, re.M)}
    return found


class Chaos:
    def __init__(self, args):
        self.args = args
        self.known = known_commands()
        self.run_help = subprocess.run([*RBOX, "run", "--help"], capture_output=True, text=True).stdout
        self.lock = threading.Lock()
        self.failures, self.done, self.kills, self.kinds = [], 0, 0, {}
        self.stop_at = 0
        self.tmp = os.environ.get("TMPDIR", "/tmp")
        self.plain = os.path.join(self.tmp, "chaos.file")
        with open(self.plain, "w") as f:
            f.write("plain\n")

    def fail(self, text):
        with self.lock:
            self.failures.append(text)
            print("FAILED: " + text, flush=True)

    def has(self, flag):
        return flag + " " in self.run_help or flag + "\n" in self.run_help

    # ---- what is done ----

    def run_flags(self, r):
        flags = ["--network", "none"]
        if r.random() < 0.3:
            flags += ["-u", "user"]
        if r.random() < 0.2 and self.has("--restart"):
            flags += ["--restart", r.choice(["always", "on-failure:2", "unless-stopped"])]
        if r.random() < 0.2 and "volume create" in self.known:
            flags += ["-v", "v%d:/vol" % r.randrange(4)]
        if r.random() < 0.1 and self.has("--secret"):
            flags += ["--secret", "s%d" % r.randrange(3)]
        if r.random() < 0.1 and self.has("--health-cmd"):
            flags += ["--health-cmd", "true", "--health-interval", "1s"]
        if r.random() < 0.1 and self.has("--timeout"):
            flags += ["--timeout", "1"]
        return flags

    def payload(self, r):
        return r.choice([["true"], ["false"], ["sleep", "0.3"], ["sleep", "30"], ["sleep", "30"],
                         ["sh", "-c", "echo $$ >/f; sleep 0.1; exit 3"],
                         ["sh", "-c", "trap 'exit 3' TERM; while :; do echo x; sleep 0.1; done"], ["nosuch"]])

    def rows(self, r):
        c, d = "c%d" % r.randrange(self.args.names), "c%d" % r.randrange(self.args.names)
        v, s, t = "v%d" % r.randrange(4), "s%d" % r.randrange(3), "localhost/t%d:1" % r.randrange(3)
        image = r.choice([BOX, BOX, BOX, t])
        flags, payload = self.run_flags(r), self.payload(r)
        rows = [
            (6, ["run", "--rm", "--network", "none", BOX, "true"]),
            (8, ["run", "-d", "--name", c, *flags, image, *payload]),
            (4, ["run", "-d", "--rm", "--name", c, *flags[:2], BOX, *payload]),
            (2, ["run", "-d", "--replace", "--name", c, *flags, BOX, *payload]),
            (4, ["create", "--name", c, *flags, image, *payload]),
            (8, ["start", c]), (2, ["stop", "-t", "0", c]), (0.5, ["stop", "-t", "0", c, d]),
            (1, ["kill", c]), (1, ["kill", "-s", "TERM", c]), (2, ["rm", "-f", "-t", "0", c]), (4, ["rm", c]),
            (0.1, ["stop", "-t", "0", "-a"]), (0.5, ["rm", "-f", "-t", "0", c, d]),
            (4, ["exec", c, "sh", "-c", "echo in; exit 3"]), (1, ["exec", "-d", c, "sleep", "0.5"]),
            (3, ["logs", c]), (3, ["inspect", c]), (2, ["why", c]), (4, ["ps", "-a"]), (1, ["ps", "-aq", "--no-trunc"]),
            (2, ["images"]), (1, ["container", "exists", c]),
            (0.5, ["load", "-q", "-i", IMAGES + "/multi.tar"]), (2, ["rmi", "localhost/multi"]),
            (1, ["rmi", "-f", t]),
        ]
        more = [
            ("restart", 3, ["restart", "-t", "0", c]), ("rename", 3, ["rename", c, d]), ("tag", 2, ["tag", BOX, t]),
            ("untag", 1, ["untag", t]), ("diff", 1, ["diff", c]), ("top", 1, ["top", c]),
            ("cp", 2, ["cp", self.plain, c + ":/tmp/x"]), ("cp", 2, ["cp", c + ":/etc/passwd", "-"]),
            ("cp", 1, ["cp", c + ":/etc/hosts", d + ":/tmp/h"]),
            ("export", 1, ["export", "-o", os.path.join(self.tmp, "x%d.tar" % r.randrange(9)), c]),
            ("commit", 2, ["commit", "-q", c, t]), ("events", 1, ["events", "--stream=false"]),
            ("pause", 1, ["pause", c]), ("unpause", 1, ["unpause", c]), ("port", 1, ["port", c]),
            ("volume create", 2, ["volume", "create", v]), ("volume rm", 2, ["volume", "rm", v]),
            ("volume rm", 1, ["volume", "rm", "-f", v]), ("volume ls", 1, ["volume", "ls"]),
            ("volume prune", 1, ["volume", "prune", "-f"]), ("volume inspect", 1, ["volume", "inspect", v]),
            ("secret create", 2, ["secret", "create", s, self.plain]), ("secret rm", 1, ["secret", "rm", s]),
            ("secret ls", 1, ["secret", "ls"]), ("healthcheck", 1, ["healthcheck", "run", c]),
        ]
        return rows + [(w, argv) for name, w, argv in more if name in self.known]

    # ---- one command ----

    def never_fails(self, argv):
        return argv[0] in ("ps", "images", "events") or argv[1:2] == ["ls"]

    def judge(self, argv, p, out, err, killed):
        text = "rbox %s: %d: %s" % (" ".join(argv), p.returncode, err.strip()[-400:])
        if p.returncode < 0 and not (killed and p.returncode == -9):
            self.fail("a signal: " + text)
        elif p.returncode == 255 and argv[0] == "exec" and "container state improper" in err:
            pass    # podman's status for it
        elif p.returncode >= 0 and p.returncode not in ALLOWED:
            self.fail("its status: " + text)
        elif p.returncode and not killed and self.never_fails(argv):
            self.fail("a look failed: " + text)
        elif p.returncode == 125 and "Error:" not in err and argv[0] not in ("exec", "start"):
            self.fail("fails without a word: " + text)
        elif "Sanitizer" in err or "runtime error" in err:
            self.fail("sanitizer: " + text)

    def one(self, r):
        rows = self.rows(r)
        argv = r.choices([row for _, row in rows], [w for w, _ in rows])[0]
        delay = r.uniform(0, 0.15) if r.random() < 0.12 else None
        # Files, not pipes: what is left behind must not hold us up.
        with open(os.path.join(self.tmp, "out.%d" % threading.get_ident()), "w+b") as out, \
             open(os.path.join(self.tmp, "err.%d" % threading.get_ident()), "w+b") as err:
            p = subprocess.Popen([*RBOX, *argv], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            if delay is not None:
                time.sleep(delay)
                p.kill()
            try:
                p.wait(HANG)
            except subprocess.TimeoutExpired:
                self.fail("hangs: rbox " + " ".join(argv))
                p.kill()
                p.wait()
            err.seek(0)
            said = err.read().decode("utf-8", "replace")
        with self.lock:
            self.done += 1
            self.kinds[argv[0]] = self.kinds.get(argv[0], 0) + 1
        if self.args.verbose:
            print("%-4d %s %s" % (p.returncode, " ".join(argv), said.strip()[-100:]), flush=True)
        self.judge(argv, p, None, said, delay is not None)

    def client(self, number):
        r = random.Random("%d/%d" % (self.args.seed, number))
        while time.monotonic() < self.stop_at and len(self.failures) < 20:
            self.one(r)

    def killer(self):
        r = random.Random("%d/killer" % self.args.seed)
        while time.monotonic() < self.stop_at:
            time.sleep(r.uniform(0.02, 0.3))
            want_monitor = r.random() < 0.5
            found = [p for p, cmd in below(self.args.top).items()
                     if cmd.startswith("rbox monitor") == want_monitor and p != os.getpid() and
                     (want_monitor or cmd.startswith(("sleep", "sh -c", "slirp4netns", "rbox-image")))]
            if found:
                try:
                    os.kill(r.choice(found), signal.SIGKILL)
                    self.kills += 1
                except OSError:
                    pass

    # ---- the end ----

    def rbox(self, *argv):
        p = subprocess.run([*RBOX, *argv], stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG)
        out, err = p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")
        if p.returncode:
            self.fail("at the end: rbox %s: %d: %s" % (" ".join(argv), p.returncode, err.strip()))
        return out

    def look_at_all(self):
        for c in json.loads(self.rbox("ps", "-a", "--format", "json") or "[]") or []:
            if c["State"] not in STATES:
                self.fail("container %s is '%s'" % (c["Id"], c["State"]))
        for cid in self.rbox("ps", "-aq", "--no-trunc").split():
            # One of --rm or --restart may still go or change meanwhile.
            p = subprocess.run([*RBOX, "inspect", cid], stdin=subprocess.DEVNULL, capture_output=True)
            if p.returncode == 0:
                told = json.loads(p.stdout)[0]
                state, policy = told["State"], told["HostConfig"]["RestartPolicy"]["Name"]
                if state["Status"] not in STATES or (state["Status"] == "restarting" and policy in ("", "no")):
                    self.fail("inspect: container %s is '%s' (policy '%s')" % (cid, state["Status"], policy))
                if state["Running"] and not state["Pid"]:
                    self.fail("inspect: container %s runs without a process" % cid)
            elif b"no such" not in p.stderr:
                self.fail("inspect %s: %s" % (cid, p.stderr))
            p = subprocess.run([*RBOX, "why", cid], stdin=subprocess.DEVNULL, capture_output=True)
            if p.returncode and b"no such" not in p.stderr:
                self.fail("why %s: %s" % (cid, p.stderr))
        if "events" in self.known:
            for line in self.rbox("events", "--stream=false", "--format", "json").splitlines():
                json.loads(line)

    def clear(self):
        for _ in range(3):
            left = self.rbox("ps", "-aq", "--no-trunc").split()
            if left:
                subprocess.run([*RBOX, "rm", "-f", "-t", "0", *left], stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=120)
        if "volume ls" in self.known:
            for v in self.rbox("volume", "ls", "-q").split():
                self.rbox("volume", "rm", "-f", v)
        if "secret ls" in self.known:
            names = self.rbox("secret", "ls", "--format", "{{.Name}}").split()
            if names:
                self.rbox("secret", "rm", *names)
        self.rbox("ps", "-a")

    def settle(self):
        end = time.monotonic() + SETTLE
        while True:
            left = {p: c for p, c in below(self.args.top).items() if p != os.getpid()}
            p = subprocess.run([*CHECK, "check", "--json", "--run", RUN, STORE], capture_output=True, text=True)
            if p.returncode not in (0, 1):
                self.fail("check-store.py: " + p.stderr)
                return
            found = json.loads(p.stdout)
            bad = found["errors"] + found["garbage"]
            left = {p: c for p, c in left.items() if "check-store" not in c and p in below(self.args.top)}
            if not left and not bad:
                return
            if time.monotonic() > end:
                break
            time.sleep(0.2)
            if not left:
                # What a killed command left is cleared away by the next one.
                self.rbox("ps")
        for text in bad:
            self.fail("the store: " + text)
        for pid, cmd in left.items():
            self.fail("left behind: process %d: %s" % (pid, cmd))
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass

    def run(self):
        print("seed %d, %d clients, %d s, commands: %s" % (self.args.seed, self.args.clients, self.args.seconds,
                                                           " ".join(sorted(self.known))), flush=True)
        kill9.rbox("load", "-q", "-i", IMAGES + "/busybox.tar")
        self.stop_at = time.monotonic() + self.args.seconds
        threads = [threading.Thread(target=self.client, args=(n,)) for n in range(self.args.clients)]
        threads.append(threading.Thread(target=self.killer))
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.look_at_all()
        self.clear()
        self.settle()
        print("seed %d: %d commands, %d processes killed, %d failures; %s" % (
            self.args.seed, self.done, self.kills, len(self.failures),
            ", ".join("%s %d" % kv for kv in sorted(self.kinds.items()))))
        return 1 if self.failures else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    p.add_argument("--seconds", type=float, default=float(os.environ.get("CHAOS_SECONDS", "180")))
    p.add_argument("--clients", type=int, default=4)
    p.add_argument("--names", type=int, default=6)
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    args.top = kill9.collect_orphans()
    return Chaos(args).run()


if __name__ == "__main__":
    sys.exit(main())
