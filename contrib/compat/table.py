#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which commands and flags of podman rbox has, proved by the tests.

    table.py [--only REGEX] [--suites REGEX] [--jobs N] [--cache FILE] [--seconds N] [--out FILE] TESTS
    table.py --check
    table.py --rows

A flag counts when a test fails without it. The suites of the folder TESTS run once with a program between
them and rbox that writes down which test uses which flag of which command, and how long it takes. Then the
tests of each flag of podman.tsv run again, each alone: first as it is (the control: it has to pass), then
with the flag taken away, with its value, before rbox sees it; the first test that fails is the proof.
For a command nothing is called at all. Prints a table in Markdown (FILE), and the states:

    proved      with the test that failed without it, and passes with it
    refused     rbox knows it and refuses to run with it; with the message, and with what it is to come
    no effect   podman's does nothing, or there is nothing to do (podman.tsv says so)
    parsed      rbox takes it, and the tests pass without it, or none uses it
    missing     rbox doesn't know it (and says so); with what it is to come

What was found is kept in the cache, by what the programs and the suites hold: a table can be made in
several goes, and after a change of one suite only what it proves is tried anew.

--check compares podman.tsv, TABLE.md and the options of $RBOX: every row is in the table, every command
of rbox is a row, and so is every option of those commands that have options of P0 or P1. --rows writes
TABLE.md anew with the rows of podman.tsv, keeping the states.

Runs in the surroundings of a suite (tests/check.sh): $RBOX, $IMAGES, $RBOX_T and the user that it finds.
"""
import argparse
import collections
import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = os.path.join(HERE, "podman.tsv")
TABLE = os.path.join(HERE, "TABLE.md")
RBOX = os.environ.get("RBOX", "rbox")
TOP = os.environ.get("RBOX_T", "")
TRIES = 6		# tests of a flag that are tried, those that name it first
# Suites about something else than flags: they take long and prove none.
PASSED_OVER = ("000", "015", "060", "066", "067", "070", "090")
SECONDS = 60		# of one test
# Other spellings, of those that --help doesn't show.
ALIASES = {"--net": "--network", "--dns-opt": "--dns-option", "--policy": "--pull", "--timeout": "--time"}
NOUNS = ("container", "image", "volume", "secret", "system", "healthcheck", "network", "manifest")
SAME = {"image ls": "images", "container ls": "ps", "container list": "ps"}

# What writes down is a shell: it stands before each of some thousand calls.
WRITES = """#!/bin/sh
printf '%%s\\037' "$BATS_TEST_FILENAME" "$BATS_TEST_NUMBER" "$@" '\036' >>'%s'
exec '%s' "$@"
"""

# What takes away; read_args is what reads the written lines, too.
ARGS = r"""
def read_args(argv, known, nouns, drop):
    "(command, its flags, as typed, what is left of argv without DROP)"
    n = 2 if argv and argv[0] in nouns and len(argv) > 1 else 1
    command, rest = " ".join(argv[:n]), argv[n:]
    names = {"container ls": "ps", "container list": "ps", "ls": "ps", "list": "ps", "image ls": "images",
             "image list": "images"}
    if command.startswith("container ") and command not in known and command[10:] in known:
        command = command[10:]
    if command.startswith("image ") and command not in known and command[6:] in known:
        command = command[6:]
    as_typed, command = command, names.get(command, command)
    spec = known.get(command, {})
    shared = "run" if command == "create" else command
    early = command in ("run", "create", "exec")
    used, kept, i = [], [], 0
    while i < len(rest):
        a = rest[i]
        i += 1
        if a == "--" or (early and not a.startswith("-")):
            kept += rest[i - 1:]
            break
        if a.startswith("--"):
            name, eq, _ = a.partition("=")
            words = [a]
            if not eq and spec.get(name, [0, name])[0] and i < len(rest):
                words.append(rest[i])
                i += 1
            name = spec.get(name, [0, name])[1]
            used.append(name)
            if [shared, name] != drop:
                kept += words
        elif a.startswith("-") and len(a) > 1:
            letters, left = a[1:], "-"
            while letters:
                c, letters = letters[0], letters[1:]
                row = spec.get("-" + c, [0, "-" + c])
                used.append(row[1])
                words = ""
                if row[0]:
                    words, letters = letters, ""
                    if not words and i < len(rest):
                        if [shared, row[1]] != drop:
                            kept += ["-" + c, rest[i]]
                        i += 1
                        continue
                if [shared, row[1]] != drop:
                    if row[0]:
                        kept.append("-" + c + words)
                    else:
                        left += c
            if left != "-":
                kept.append(left)
        else:
            kept.append(a)
    return command, sorted(set(used)), as_typed, argv[:n] + kept
"""
exec(ARGS)

TAKES = r"""#!/usr/bin/python3 -IS
import os, sys
""" + ARGS + r"""
rbox, drop = %r, %r
command, _, _, left = read_args(sys.argv[1:], %r, %r, drop)
if drop and drop[1] == "-" and command == drop[0]:
    sys.exit(0)
os.execvp(rbox, [rbox] + left)
"""


def run(*argv, **kw):
    return subprocess.run([RBOX, *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **kw)


def flags_of(command):
    """{"--name": [takes a value, "--name"], "-n": ...} from --help."""
    out = run(*command.split(), "--help").stdout
    found = {}
    for m in re.finditer(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?:  |$)", out, re.M):
        row = [1 if m.group(3) else 0, "--" + m.group(2)]
        found["--" + m.group(2)] = row
        if m.group(1):
            found["-" + m.group(1)] = row
    for alias, name in ALIASES.items():
        if name in found and alias not in found:
            found[alias] = found[name]
    return found


def commands():
    out = run("--help").stdout
    found = []
    for name in re.findall(r"^  (\w[\w-]*) ", out, re.M):
        if name == "rbox":
            continue
        found.append(name)
        if name in NOUNS:
            found += [name + " " + s for s in re.findall(r"^  (\w[\w-]*) ", run(name, "--help").stdout, re.M)
                      if s != "rbox"]
    return found


def read_rows():
    with open(ROWS) as f:
        return [(line.rstrip("\n").split("\t") + ["-"])[:5] for line in f if line.strip() and line[0] != "#"]


def digest(*paths):
    """What these files (and all below these folders) hold, and what they are called."""
    h = hashlib.sha256()
    for path in paths:
        below = sorted(os.path.join(d, n) for d, _, names in os.walk(path) for n in names)
        for name in below or [path]:
            if "__pycache__" in name:
                continue
            h.update(os.path.relpath(name, os.path.dirname(path)).encode() + b"\0")
            with open(name, "rb") as f:
                h.update(f.read())
    return h.hexdigest()[:16]


class Cache:
    """A JSON file of what was found; saved at once."""
    def __init__(self, path):
        self.path, self.lock, self.data = path, threading.Lock(), {}
        if path and os.path.exists(path):
            with open(path) as f:
                self.data = json.load(f)

    def get(self, *key):
        return self.data.get("\t".join(key))

    def put(self, value, *key):
        with self.lock:
            self.data["\t".join(key)] = value
            if self.path:
                with open(self.path + ".new", "w") as f:
                    json.dump(self.data, f)
                os.rename(self.path + ".new", self.path)
        return value


class Table:
    def __init__(self, args):
        self.args = args
        self.known = {c: flags_of(c) for c in commands()}
        self.uses = collections.defaultdict(list)	# (command, flag) -> [(suite, test)]
        self.cost = {}					# (suite, test) -> milliseconds
        self.typed = set()
        self.lock = threading.Lock()
        self.start = time.monotonic()
        self.rbox = shutil.which(RBOX) or RBOX
        self.cache = Cache(args.cache)
        self.runs = 0
        here = os.path.dirname(os.path.realpath(self.rbox))
        self.programs = digest(*filter(os.path.exists, (os.path.join(here, n) for n in (
            "rbox", "rbox-image", "../libexec/rbox/rbox-image"))))
        self.around = digest(os.path.join(args.tests, "helpers.bash"), os.path.join(args.tests, "../lib"))
        self.keys = {}
        self.texts = {}

    def key(self, suite):
        if suite not in self.keys:
            self.keys[suite] = self.programs + self.around + digest(suite)
        return self.keys[suite]

    def time_is_up(self):
        return self.args.seconds and time.monotonic() - self.start > self.args.seconds

    def bats(self, script, suite, test=None):
        """(number, name, milliseconds) of the tests that passed, and why one didn't, with what SCRIPT makes as rbox."""
        with self.lock:
            self.runs += 1
            where = os.path.join(TOP, "run-%d" % self.runs)
        for name in ("bin", "home", "data", "run", "cache", "config", "tmp"):
            os.makedirs(os.path.join(where, name))
        os.chmod(os.path.join(where, "run"), 0o700)
        between = os.path.join(where, "bin/rbox")
        with open(between, "w") as f:
            f.write(script)
        os.chmod(between, 0o755)
        env = dict(os.environ, RBOX=between, RBOX_T=where, RBOX_TIMEOUT="25" if test else "60",
                   PATH=where + "/bin:" + os.environ["PATH"], HOME=where + "/home", XDG_DATA_HOME=where + "/data",
                   XDG_RUNTIME_DIR=where + "/run", XDG_CACHE_HOME=where + "/cache",
                   XDG_CONFIG_HOME=where + "/config", TMPDIR=where + "/tmp")
        argv = ["bats", "--tap", "--timing"]
        if test:
            argv += ["-f", "^" + re.sub(r"([][\\.*^$+?(){}|/])", r"\\\1", test) + "$"]
        p = subprocess.Popen([*argv, suite], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True, text=True, errors="replace")
        slow = False
        try:
            out = p.communicate(timeout=SECONDS if test else 900)[0]
        except subprocess.TimeoutExpired:
            out, slow = "", True
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()
        subprocess.run([self.rbox, "rm", "-f", "-a", "-t", "0"], env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60)
        subprocess.run(["unshare", "--map-auto", "--map-root-user", "rm", "-rf", where], capture_output=True)
        passed = re.findall(r"^ok (\d+) (.*) in (\d+)ms$", out, re.M)
        return passed, "too slow" if slow or "it ended with 124" in out else out

    def parallel(self, jobs, work):
        def worker():
            while True:
                with self.lock:
                    if not jobs:
                        return
                    job = jobs.pop(0)
                try:
                    work(job)
                except Exception as e:  # one that breaks must not hide the others
                    print("# %s: %r" % (job, e), flush=True)
        threads = [threading.Thread(target=worker) for n in range(self.args.jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    # ---- once: who uses what ----

    def read_log(self, log, passed):
        """{test: [milliseconds, [[command, flag] ...], [command as typed ...]]}"""
        found = {name: [int(ms), [], []] for _, name, ms in passed}
        names = {n: name for n, name, _ in passed}
        with open(log, errors="surrogateescape", newline="") as f:
            for record in f.read().split("\036\037"):
                _, _, rest = record.partition("\037")
                test, _, rest = rest.partition("\037")
                if test not in names:
                    continue
                command, flags, typed, _ = read_args(rest.split("\037")[:-1], self.known, NOUNS, None)  # noqa: F821
                at = found[names[test]]
                # create's options are those of run
                shared = "run" if command == "create" else command
                for use in [[command, "-"], *([shared, flag] for flag in flags)]:
                    if use not in at[1]:
                        at[1].append(use)
                if typed not in at[2]:
                    at[2].append(typed)
        return found

    def learn_suite(self, suite):
        name = os.path.basename(suite)[:-5]
        found = self.cache.get("learn", self.key(suite))
        if found is None:
            if self.time_is_up():
                print("# %s: not read, the time was up" % name, flush=True)
                return
            start = time.monotonic()
            log = os.path.join(TOP, "log-" + name)
            with open(log, "w"):
                pass
            passed, _ = self.bats(WRITES % (log, self.rbox), suite)
            found = self.cache.put(self.read_log(log, passed), "learn", self.key(suite))
            print("# %s: %d passed, %.0f s" % (name, len(found), time.monotonic() - start), flush=True)
        with self.lock:
            for test, (ms, uses, typed) in found.items():
                self.cost[suite, test] = ms
                self.typed.update(typed)
                for command, flag in uses:
                    self.uses[command, flag].append((suite, test))

    def learn(self):
        self.parallel(sorted(os.path.join(self.args.tests, n) for n in os.listdir(self.args.tests)
                             if re.match(r"\d+-.*\.bats$", n) and not n.startswith(PASSED_OVER)
                             and re.match(self.args.suites, n)), self.learn_suite)

    # ---- each flag ----

    def passes(self, suite, test, drop, again=False):
        """Whether the test passes without DROP ([command, flag], None: the control)."""
        key = (self.key(suite), test, *(drop or ["control"]))
        known = self.cache.get(*key)
        if known is None or again:
            script = TAKES % (self.rbox, drop, self.known, NOUNS)
            passed, out = self.bats(script, suite, test)
            known = "passed" if any(name == test for _, name, _ in passed) else "too slow" if out == "too slow" else "failed"
            self.cache.put(known, *key)
        return known

    def text(self, suite, test):
        """The lines of a test."""
        if suite not in self.texts:
            with open(suite) as f:
                parts = re.split(r'^@test "(.*)" \{$', f.read(), flags=re.M)
            self.texts[suite] = dict(zip(parts[1::2], parts[2::2]))
        return self.texts[suite].get(test, "")

    def proves(self, suite, test, drop):
        if self.passes(suite, test, None) != "passed":
            return False
        without = self.passes(suite, test, drop)
        # What hangs without its flag proves it; what hung because the machine was busy doesn't.
        return without == "failed" or (without == "too slow" and self.passes(suite, test, None, again=True) == "passed")

    def prove(self, command, flag):
        # In the test's name, in its lines, or only in what every test does (setup, teardown).
        letters = "".join(n[1:] for n, row in self.known[command].items() if row[1] == flag and len(n) == 2) or "-"
        written = re.compile(r"\b%s\b[^|;\n]* (%s\b|-\w*[%s])" % (command, flag, letters) if flag != "-" else r"\b%s\b" % command)

        def rank(at):
            return (0 if flag in at[1] and flag != "-" else 1 if written.search(self.text(*at)) else 2, self.cost[at])
        for suite, test in sorted(self.uses[command, flag], key=rank)[:TRIES]:
            if self.proves(suite, test, [command, flag]):
                return "%s: %s" % (os.path.basename(suite)[:-5], test)
        return None

    def refusal(self, command, flag, value):
        """The message, when rbox refuses a call with this flag."""
        words = [flag + "=" + value if value not in ("", "+") else flag]
        if command in ("run", "create"):
            words = ["--rm", "--network", "none", "--pull", "never", *words, "localhost/busybox:latest", "true"]
        elif value == "+":
            words.append("localhost/busybox:latest")
        p = run(*command.split(), *words)
        return re.sub(r"^Error: ", "", p.stderr.split("\n")[0]) if p.returncode == 125 else None

    def state(self, row):
        _, command, flag, later, probe = row
        if later == "no effect":
            return "no effect: it is taken, and there is nothing to do"
        comes = "" if later == "-" else "comes with " + later
        base = SAME.get(command, command)
        spec = self.known.get(base, {})
        if base not in self.known:
            p = run(*command.split())
            said = p.returncode == 125 and command.split()[0] in p.stderr
            return "missing: " + (comes if said else "and that isn't said")
        if flag == "-":
            if command != base:
                return "proved: as `%s`" % base if command in self.typed else "parsed: as `%s`" % base
        elif probe != "-" or flag not in spec:
            said = self.refusal(base, flag, "" if probe == "-" else probe)
            if said and not said.startswith("unknown flag"):
                return "refused: `%s`%s" % (said, "; " + comes if comes else "")
            if flag not in spec:
                return "missing: " + (comes if said else "and that isn't said")
        name = spec[flag][1] if flag != "-" else "-"
        proof = self.prove(base, name)
        if proof:
            return "proved: " + proof
        tests = len(self.uses[base, name])
        tried = "" if tests <= TRIES else ", %d of them tried" % TRIES
        return "parsed: %s" % ("%d tests use it%s, and pass without it" % (tests, tried) if tests else "no test uses it")

    def make(self):
        rows = [r for r in read_rows() if r[0] in ("P0", "P1")]
        if self.args.only:
            rows = [r for r in rows if re.search(self.args.only, r[1] + " " + r[2])]
        subprocess.run([self.rbox, "load", "-q", "-i", os.environ["IMAGES"] + "/busybox.tar"], capture_output=True)
        found = {}

        def one(at):
            found[at] = "not tried: the time was up" if self.time_is_up() else self.state(rows[at])
            print("# %s %s %s: %s" % (*rows[at][:3], found[at]), flush=True)
        self.parallel(list(range(len(rows))), one)
        return [(row, found.get(i, "not tried: it broke off")) for i, row in enumerate(rows)]


STATES = ("proved", "refused", "no effect", "parsed", "missing", "not tried")


def markdown(rows):
    count = collections.Counter((row[0], "command" if row[2] == "-" else "flag", state.split(":")[0])
                                for row, state in rows)
    out = ["# What podman has, and rbox", "",
           "Made by `contrib/compat/table.py` (tests/long/compat-table.sh): podman's commands and flags in daily use",
           "(P0) and in common use (P1). A flag is *proved* when a test that passes with it fails once it is taken",
           "away, a command when one fails once it does nothing; *refused*: known, and an error that says why (limits",
           "were, on this machine, for want of a delegated cgroup); *parsed*: taken, and no test would notice;",
           "*missing*: rbox doesn't know it, and says so.", "",
           "| | %s |" % " | ".join(STATES), "|---%s|" % ("|---" * len(STATES))]
    for p in ("P0", "P1"):
        for what in ("command", "flag"):
            out.append("| %s %ss | %s |" % (p, what, " | ".join(str(count[p, what, s]) for s in STATES)))
    out += ["", "| command | flag | priority | state |", "|---|---|---|---|"]
    for (p, command, flag, *_), state in rows:
        out.append("| %s | %s | %s | %s |" % (command, flag if flag != "-" else "", p, state.replace("|", "\\|")))
    return "\n".join(out) + "\n"


# ---- without running a test ----

def read_table():
    """{(command, flag): state} of TABLE.md"""
    found = {}
    with open(TABLE) as f:
        for line in f:
            m = re.match(r"\| ([a-z][^|]*) \| (--[\w-]+)? ?\| P[01] \| (.*) \|$", line)
            if m:
                found[m.group(1), m.group(2) or "-"] = m.group(3).replace("\\|", "|")
    return found


def write_rows():
    states = read_table()
    with open(TABLE, "w") as f:
        f.write(markdown([(r, states.get((r[1], r[2]), "not tried: a new row"))
                          for r in read_rows() if r[0] in ("P0", "P1")]))


def check():
    faults = []
    rows = read_rows()
    table = read_table()
    judged = {(r[1], r[2]) for r in rows if r[0] in ("P0", "P1")}
    faults += ["TABLE.md: %s %s is missing: contrib/compat/table.py --rows" % r for r in sorted(judged - set(table))]
    faults += ["TABLE.md: %s %s is no row of podman.tsv" % r for r in sorted(set(table) - judged)]
    seen = collections.Counter((r[1], r[2]) for r in rows)
    faults += ["podman.tsv: %s %s is there twice" % r for r, n in seen.items() if n > 1]
    ranked = {r[1] for r in rows if r[0] in ("P0", "P1") and r[2] != "-"}
    for command in commands():
        # `container start` is `start`
        noun, _, verb = command.partition(" ")
        if noun in ("container", "image", "system") and (verb, "-") in seen:
            continue
        if verb or noun not in NOUNS:
            if (command, "-") not in seen:
                faults.append("podman.tsv: the command %s isn't there" % command)
        like = "run" if command == "create" else SAME.get(command, command)
        if like not in ranked:
            continue
        for name in sorted({row[1] for row in flags_of(command).values()}):
            spellings = [name, *(a for a, n in ALIASES.items() if n == name)]
            if not any((like, s) in seen for s in spellings):
                faults.append("podman.tsv: %s %s isn't there" % (command, name))
    for line in faults:
        print(line)
    if any("isn't there" in line for line in faults):
        print("podman.tsv: a new option is a line there: P2 (own: not podman's), its command, its name, -, with tabs between")
    return 1 if faults else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tests", nargs="?")
    p.add_argument("--check", action="store_true", help="are podman.tsv, TABLE.md and rbox of one mind?")
    p.add_argument("--rows", action="store_true", help="write TABLE.md with the rows of podman.tsv")
    p.add_argument("--only", help="rows that match this")
    p.add_argument("--suites", default=os.environ.get("COMPAT_SUITES") or "", help="those alone whose names match this")
    p.add_argument("--jobs", type=int, default=3)
    p.add_argument("--out")
    p.add_argument("--cache", default=os.environ.get("COMPAT_CACHE"))
    p.add_argument("--seconds", type=int, default=int(os.environ.get("COMPAT_SECONDS") or 0),
                   help="no further row is tried after so long")
    args = p.parse_args()
    if args.check:
        return check()
    if args.rows:
        return write_rows()
    if not args.tests or not TOP:
        p.error("TESTS and the surroundings of a suite are needed")
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)	# collects the orphans of tests that fail
    t = Table(args)
    t.learn()
    rows = t.make()
    text = markdown(rows)
    if args.out:
        with open(args.out, "w") as f:
            f.write(text)
    print(text)
    # A flag that is taken and does nothing that a test would notice is a fault; so is silence about a missing one.
    bad = [r for r in rows if r[1].startswith("parsed") or "isn't said" in r[1]]
    for (_, command, flag, *_), state in bad:
        print("not ok %s %s: %s" % (command, flag, state))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
