#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which commands and flags of podman rbox has, proved by the tests.

    table.py [--only TEXT] [--jobs N] [--out FILE] TESTS

A flag counts when a test fails without it. The suites of the folder TESTS run once with a program between
them and rbox that writes down which test uses which flag of which command. Then a few of the tests of
each flag of podman.tsv run again, each alone, and what stands between takes that flag away, with its
value, before rbox sees it: one of them has to fail. For a command nothing is called at all.

Prints a table in Markdown (FILE), and the states:

    proved      with the test that failed without it
    parsed      rbox takes it, and the tests pass without it, or none uses it
    missing     rbox refuses it; with what it is to come

Runs in the surroundings of a suite (tests/check.sh): $RBOX, $IMAGES, $RBOX_T and the user that it finds.
"""
import argparse
import collections
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RBOX = os.environ.get("RBOX", "rbox")
TOP = os.environ["RBOX_T"]
TRIES = 3		# tests of a flag that are tried
# Suites about something else than flags: they take long and prove none.
PASSED_OVER = ("000", "015", "060", "066", "067", "070", "090")
SECONDS = 45		# of one test
# Other spellings, of those that --help doesn't show.
ALIASES = {"--net": "--network", "--dns-opt": "--dns-option", "--preserve-fds": "--preserve-fds",
           "--policy": "--pull", "--timeout": "--time"}
NOUNS = ("container", "image", "volume", "secret", "system", "healthcheck", "network", "manifest")

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
    names = {"container ls": "ps", "container list": "ps", "ls": "ps", "list": "ps", "image ls": "images", "image list": "images"}
    if command.startswith("container ") and command not in known and command[10:] in known:
        command = command[10:]
    if command.startswith("image ") and command not in known and command[6:] in known:
        command = command[6:]
    as_typed, command = command, names.get(command, command)
    spec = known.get(command, {})
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
            if [command, name] != drop:
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
                        if [command, row[1]] != drop:
                            kept += ["-" + c, rest[i]]
                        i += 1
                        continue
                if [command, row[1]] != drop:
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

TAKES = r"""#!/usr/bin/python3 -S
import os, sys
""" + ARGS + r"""
rbox, drop = %r, %r
command, _, _, left = read_args(sys.argv[1:], %r, %r, drop)
if drop[1] == "-" and command == drop[0]:
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


class Table:
    def __init__(self, args):
        self.args = args
        self.known = {c: flags_of(c) for c in commands()}
        self.uses = collections.defaultdict(collections.Counter)	# (command, flag) -> {(suite, test): times}
        self.calls = collections.Counter()				# (suite, test) -> calls
        self.typed = set()
        self.lock = threading.Lock()
        self.start = time.monotonic()
        self.rbox = shutil.which(RBOX) or RBOX

    def between(self, where, log, drop):
        path = os.path.join(where, "rbox")
        os.makedirs(where, exist_ok=True)
        with open(path, "w") as f:
            f.write(WRITES % (log, self.rbox) if log else TAKES % (self.rbox, drop, self.known, NOUNS))
        os.chmod(path, 0o755)
        return path

    def bats(self, where, between, suite, test=None):
        """{"number": name} of the tests that passed."""
        env = dict(os.environ, RBOX=between, RBOX_T=where, RBOX_TIMEOUT="12" if test else "60",
                   SUITE_TIMEOUT="300")
        for name in ("home", "data", "run", "cache", "config", "tmp"):
            os.makedirs(os.path.join(where, name), exist_ok=True)
        os.chmod(os.path.join(where, "run"), 0o700)
        env.update(HOME=where + "/home", XDG_DATA_HOME=where + "/data", XDG_RUNTIME_DIR=where + "/run",
                   XDG_CACHE_HOME=where + "/cache", XDG_CONFIG_HOME=where + "/config", TMPDIR=where + "/tmp")
        argv = ["bats", "--tap"]
        if test:
            argv += ["-f", "^" + re.sub(r"([][\\.*^$+?(){}|/])", r"\\\1", test) + "$"]
        p = subprocess.Popen([*argv, suite], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True, text=True, errors="replace")
        try:
            out = p.communicate(timeout=SECONDS if test else 600)[0]
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            out = "not ok: too slow"
        subprocess.run([self.rbox, "rm", "-f", "-a", "-t", "0"], env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60)
        return dict(re.findall(r"^ok (\d+) (.*)$", out, re.M))

    def parallel(self, jobs, work):
        def worker(n):
            while True:
                with self.lock:
                    if not jobs:
                        return
                    job = jobs.pop(0)
                try:
                    work(n, job)
                except Exception as e:  # one that breaks must not hide the others
                    print("# %s: %r" % (job, e), flush=True)
        threads = [threading.Thread(target=worker, args=(n,)) for n in range(self.args.jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    # ---- once: who uses what ----

    def read_log(self, log, passed):
        with open(log, errors="surrogateescape", newline="") as f:
            for record in f.read().split("\036\037"):
                suite, _, rest = record.partition("\037")
                test, _, rest = rest.partition("\037")
                if test not in passed:
                    continue
                test = passed[test]
                command, flags, typed, _ = read_args(rest.split("\037")[:-1], self.known, NOUNS, None)  # noqa: F821
                at = (suite, test)
                self.calls[at] += 1
                self.uses[command, "-"][at] += 1
                self.typed.add(typed)
                for flag in flags:
                    self.uses[command, flag][at] += 1

    def learn(self):
        suites = sorted(os.path.join(self.args.tests, n) for n in os.listdir(self.args.tests)
                        if re.match(r"\d+-.*\.bats$", n) and not n.startswith(PASSED_OVER))

        def one(n, suite):
            name = os.path.basename(suite)[:-5]
            where = os.path.join(TOP, "learn-" + name)
            log = os.path.join(where, "log")
            start = time.monotonic()
            passed = self.bats(where, self.between(where + "/bin", log, None), suite)
            if os.path.exists(log):
                with self.lock:
                    self.read_log(log, passed)
            print("# %s: %d passed, %.0f s" % (name, len(passed), time.monotonic() - start), flush=True)
        self.parallel(list(suites), one)

    # ---- each flag ----

    def prove(self, n, command, flag):
        word = flag.lstrip("-") or command.split()[-1] + " "
        def rank(at):
            return (word not in at[1], self.calls[at])
        where = os.path.join(TOP, "prove-%d" % n)
        for suite, test in sorted(self.uses[command, flag], key=rank)[:TRIES]:
            drop = self.between(where + "/bin", None, [command, flag])
            # With the flag it has passed, when the suites ran.
            if test not in self.bats(where, drop, suite, test).values():
                return "%s: %s" % (os.path.basename(suite)[:-5], test)
        return None

    def state(self, n, row):
        _, command, flag, later = row
        base = {"image ls": "images", "container ls": "ps"}.get(command, command)
        soon = "missing" + (", comes with %s" % later if later != "-" else "")
        if base not in self.known and base.split()[0] not in self.known:
            return soon
        if " " in base and base not in self.known:
            return soon
        if flag == "-" and command != base:
            return "proved: as `%s`" % base if command in self.typed else "parsed: as `%s`" % base
        spec = self.known.get(base, {})
        if flag != "-" and flag not in spec:
            return soon
        proof = self.prove(n, base, spec[flag][1] if flag != "-" else "-")
        if proof:
            return "proved: " + proof
        tests = len(self.uses[base, spec[flag][1] if flag != "-" else "-"])
        return "parsed: %s" % ("%d tests use it, and pass without it" % tests if tests else "no test uses it")

    def make(self):
        rows = []
        with open(os.path.join(HERE, "podman.tsv")) as f:
            for line in f:
                if line[0] != "#":
                    rows.append(line.rstrip("\n").split("\t"))
        if self.args.only:
            rows = [r for r in rows if re.search(self.args.only, r[1] + " " + r[2])]
        found = {}

        def one(n, at):
            if self.args.seconds and time.monotonic() - self.start > self.args.seconds:
                found[at] = "parsed: not tried, the time was up"
            else:
                found[at] = self.state(n, rows[at])
            print("# %s %s %s: %s" % (*rows[at][:3], found[at]), flush=True)
        self.parallel(list(range(len(rows))), one)
        return [(row, found.get(i, "parsed: the proof broke off")) for i, row in enumerate(rows)]


def markdown(rows):
    count = collections.Counter((row[0], "command" if row[2] == "-" else "flag", state.split(":")[0].split(",")[0])
                                for row, state in rows)
    out = ["# What podman has, and rbox", "",
           "Made by `contrib/compat/table.py` (tests/long/compat-table.sh). A flag is *proved* when a test fails",
           "once the flag is taken away, a command when one fails once it does nothing; *parsed*: taken, and no",
           "test would notice; *missing*: refused with an error.", "",
           "| | proved | parsed | missing |", "|---|---|---|---|"]
    for p in ("P0", "P1"):
        for what in ("command", "flag"):
            out.append("| %s %ss | %d | %d | %d |" % (p, what, *[count[p, what, s] for s in ("proved", "parsed", "missing")]))
    out += ["", "| command | flag | priority | state |", "|---|---|---|---|"]
    for (p, command, flag, _), state in rows:
        out.append("| %s | %s | %s | %s |" % (command, flag if flag != "-" else "", p, state.replace("|", "\\|")))
    return "\n".join(out) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tests")
    p.add_argument("--only", help="rows that match this")
    p.add_argument("--jobs", type=int, default=3)
    p.add_argument("--out")
    p.add_argument("--seconds", type=int, default=int(os.environ.get("COMPAT_SECONDS") or 0),
                   help="no further row is tried after so long")
    args = p.parse_args()
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)	# collects the orphans of tests that fail
    t = Table(args)
    t.learn()
    rows = t.make()
    text = markdown(rows)
    if args.out:
        with open(args.out, "w") as f:
            f.write(text)
    print(text)
    # A daily flag that is taken and does nothing that a test would notice is a fault.
    bad = [r for r, s in rows if r[0] == "P0" and s.startswith("parsed")]
    for r in bad:
        print("not ok %s %s: no test fails without it" % (r[1], r[2]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
