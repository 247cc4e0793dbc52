#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command and tells what it left behind.

    leaks.py CMD...

Every process whose parent ends becomes a child of this program, so what is alive after the
command has ended, and stays alive for GRACE seconds (a reaper may finish emptying trash), was
leaked: it is named, killed, and the exit status is 97. Mounts that appeared are named likewise.
Else the exit status is the command's (128+n for a signal).
"""
import ctypes
import os
import signal
import sys
import time

GRACE = 20.0
PR_SET_CHILD_SUBREAPER = 36


def children():
    """pid -> name of every process below this one."""
    parents, names = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                text = f.read()
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                cmd = f.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        rest = text[text.rindex(")") + 2:].split()
        if rest[0] != "Z":
            parents[int(pid)] = int(rest[1])
            names[int(pid)] = cmd or text[text.index("("):text.rindex(")") + 1]
    found, todo = {}, [os.getpid()]
    while todo:
        top = todo.pop()
        for pid, parent in parents.items():
            if parent == top and pid not in found:
                found[pid] = names[pid]
                todo.append(pid)
    return found


def mounts():
    """Those below the suite's own folder: others may mount on this host meanwhile."""
    below = os.environ.get("RBOX_T", "/")
    with open("/proc/self/mountinfo") as f:
        return {p for p in (line.split()[4] for line in f) if p.startswith(below)}


def reap(main):
    """Collects ended children; returns the main one's wait status once it is among them."""
    status = None
    while True:
        try:
            pid, st = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == main:
            status = st


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("leaks.py: cannot become a subreaper")
    before = mounts()
    pid = os.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    status = None
    while status is None:
        got, st = os.waitpid(-1, 0)
        if got == pid:
            status = st
    end = time.monotonic() + GRACE
    left = children()
    while left and time.monotonic() < end:
        time.sleep(0.05)
        reap(pid)
        left = children()
    leaked = bool(left)
    for p, name in sorted(left.items()):
        print("# left behind: process %d: %s" % (p, name))
        try:
            os.kill(p, signal.SIGKILL)
        except OSError as e:
            print("# cannot end it: %s" % e)
    for where in sorted(mounts() - before):
        print("# left behind: a mount on %s" % where)
        leaked = True
    sys.stdout.flush()
    if leaked:
        sys.exit(97)
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


if __name__ == "__main__":
    main()
