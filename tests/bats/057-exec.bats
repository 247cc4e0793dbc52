#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 057-exec: what exec gives a process and who takes care of it: rights, descriptors, sessions, its end.

load helpers

setup_file() {
	load_image busybox
	# shellcheck disable=SC2086
	$RBOX run -d --name k1 --network none "$IMAGE" sleep 1000000 >/dev/null
}

teardown_file() {
	# shellcheck disable=SC2086
	$RBOX rm -f -t 0 k1 >/dev/null
	leak_check
}

# sessions N [NAME]: inspect shows so many
sessions() {
	[ "$($RBOX inspect --format '{{len .ExecIDs}}' "${2:-k1}")" = "$1" ]
}

# runs WORDS: a process with this command line is in k1; gone: none
runs() {
	$RBOX exec k1 ps -o args | grep -qxF -- "$1"
}
gone() {
	! runs "$1"
}

ended() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

# What /proc says of the process that asks.
facts='grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups|Uid|Gid)" /proc/self/status; cat /proc/self/limits; umask
	cat /proc/self/oom_score_adj; for n in /proc/self/ns/*; do readlink $n; done; env | grep -v -E "^(SHLVL|PWD|_)=" | sort; pwd'

@test "exec - has what the container's process has, no more and no less" {
	local row
	while IFS= read -r row; do
		# shellcheck disable=SC2086
		run_rbox run -d --name k2 --network none $row "$IMAGE" sh -c "{ $facts; } >/dev/shm/facts 2>&1; mv /dev/shm/facts /dev/shm/done; exec sleep 1000"
		wait_for 20 sh -c "$RBOX exec k2 test -e /dev/shm/done"
		run_rbox exec k2 cat /dev/shm/done
		local want=$output
		run_rbox exec k2 sh -c "$facts"
		diff <(echo "$want") <(echo "$output") || { echo "FAILED: run $row"; return 1; }
		run_rbox rm -f -t 0 k2
	done <<'ROWS'
-e A=1 -w /etc
--cap-drop all --cap-add net_raw --umask 027
--ulimit nofile=100:200 --ulimit core=0 --group-add 5,77
-u 1000:2000 --cap-add net_raw
-u user --security-opt no-new-privileges
--security-opt seccomp=unconfined --cap-add sys_ptrace
--privileged
ROWS
}

@test "exec -u - root has the bounding set, another user nothing of what the container's was given" {
	run_rbox run -d --name k2 --network none -u 1000 --cap-add net_raw "$IMAGE" sleep 1000
	run_rbox exec k2 grep -E '^Cap(Eff|Amb)' /proc/self/status
	assert "$output" =~ $'CapEff:\t0+2000\nCapAmb:\t0+2000'
	run_rbox exec -u 1001 k2 grep -E '^Cap(Eff|Amb)' /proc/self/status
	assert "$output" =~ $'CapEff:\t0+\nCapAmb:\t0+$'
	run_rbox exec -u 0 k2 sh -c 'grep -E "^Cap(Eff|Bnd)" /proc/self/status | cut -f 2 | uniq | wc -l; id -u'
	assert "$output" == $'1\n0' "all of the bounding set"
	run_rbox exec -u user:7 k2 sh -c 'id -u; id -g; echo $HOME'
	assert "$output" == $'1000\n7\n/home/user'
	run_rbox exec --privileged -u 0 k2 grep -E '^(CapEff|Seccomp:)' /proc/self/status
	assert "$output" =~ $'CapEff:\t0*1[f]+\nSeccomp:\t0'
	run_rbox 125 exec -u nobody-such k2 true
	assert "$stderr" =~ 'unable to find user nobody-such: no matching entries in passwd file'
	run_rbox rm -f -t 0 k2
}

@test "exec --preserve-fds, --preserve-fd - those and no others" {
	echo three >"$TMPDIR/3"
	echo five >"$TMPDIR/5"
	run_sh "exec 3<$TMPDIR/3 4</dev/null 5<$TMPDIR/5 9</dev/null; \$RBOX exec --preserve-fds 1 k1 sh -c 'cat <&3; ls /proc/self/fd'"
	assert "$output" == $'three\n0\n1\n2\n3\n4' "3, and the folder that ls reads"
	run_sh "exec 3<$TMPDIR/3 5<$TMPDIR/5; \$RBOX exec --preserve-fd 3,5 k1 sh -c 'cat <&3; cat <&5'"
	assert "$output" == $'three\nfive'
	run_sh 125 "exec 3<$TMPDIR/3 4<&-; \$RBOX exec --preserve-fds 2 k1 true"
	assert "$stderr" =~ 'file descriptor 4 is not available - the preserve-fds option requires that file descriptors must be passed'
	run_sh 125 "exec 3<$TMPDIR/3; \$RBOX exec --preserve-fds 1 --preserve-fd 3 k1 true"
	assert "$stderr" =~ 'cannot specify both'
	run_rbox 125 exec --preserve-fd x k1 true
}

@test "exec -d - prints the session, which lasts as long as the process; its end is recorded" {
	run_rbox exec -d k1 sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 7'
	local id=$output
	assert "$id" =~ '^[0-9a-f]{64}$'
	run_rbox inspect --format '{{.ExecIDs}}' k1
	assert "$output" == "[$id]"
	# Who waits for it holds nothing of its caller: this very pipe would not end.
	run_sh 'echo "$($RBOX exec -d k1 sleep 1)" | wc -l'
	assert "$output" == 1
	run_rbox exec k1 touch /tmp/go
	wait_for 20 sessions 0
	run_rbox events --stream=false --filter container=k1 --filter event=exec_died --format '{{.ContainerExitCode}}'
	grep -qx 7 <<<"$output"
	assert "$(ls -A "$XDG_DATA_HOME"/rbox/containers/*/exec)" == "" "no file is left"
	# With a terminal that nobody reads it doesn't stop.
	run_rbox exec -d -t k1 sh -c 'head -c 300000 /dev/zero | tr "\0" x; echo all >/tmp/written'
	wait_for 20 sh -c "$RBOX exec k1 test -s /tmp/written"
	wait_for 20 sessions 0
	# What is left behind has no exit status: 125, as podman, for what would be 127 and 126.
	run_rbox 125 exec -d k1 no-such-command
	assert "$stderr" =~ 'executable file `no-such-command` not found'
	run_rbox 125 exec -d k1 /etc
	assert "${stderr%%$'\n'*}" == "Error: exec \`/etc\`: Permission denied: OCI permission denied"
	sessions 0
	run_rbox exec k1 rm -f /tmp/go /tmp/written
}

@test "exec -d - nobody is left when the container ends" {
	run_rbox run -d --name k2 --network none "$IMAGE" sleep 1000
	local id=$output p keepers=()
	run_rbox exec -d k2 sleep 1000
	run_rbox exec -d -t k2 sleep 1000
	sessions 2 k2
	for p in /proc/[0-9]*; do
		readlink "$p"/fd/* 2>/dev/null | grep -q "$id/exec/" && keepers+=("${p#/proc/}")
	done
	assert "${#keepers[@]}" -eq 2 "who holds the sessions"
	assert "$(tr '\0' ' ' <"/proc/${keepers[0]}/cmdline")" =~ '^rbox exec *$' "no word of the command shows"
	run_rbox rm -f -t 0 k2
	for p in "${keepers[@]}"; do
		wait_for 20 ended "$p"
	done
}

@test "exec - a session while it runs, none with --no-session" {
	mkfifo "$TMPDIR/in"
	# shellcheck disable=SC2086
	$RBOX exec -i k1 cat <"$TMPDIR/in" >"$TMPDIR/out" 3>&- &
	local job=$!
	exec 8>"$TMPDIR/in"
	wait_for 20 sessions 1
	exec 8>&-
	wait "$job"
	sessions 0
	# shellcheck disable=SC2086
	$RBOX exec --no-session -i k1 sh -c 'echo begun; cat' <"$TMPDIR/in" >"$TMPDIR/out" 3>&- &
	job=$!
	exec 8>"$TMPDIR/in"
	wait_for 20 grep -q begun "$TMPDIR/out"
	sessions 0
	exec 8>&-
	wait "$job"
	rm -f "$TMPDIR/in"
}

@test "exec - ends with its client, also by SIGKILL" {
	local sig job
	for sig in KILL TERM HUP; do
		# shellcheck disable=SC2086
		$RBOX exec k1 sleep 987654 >/dev/null 2>&1 3>&- </dev/null &
		job=$!
		wait_for 20 runs 'sleep 987654'
		kill -s "$sig" "$job"
		wait "$job" || :
		wait_for 20 gone 'sleep 987654'
		wait_for 20 sessions 0
	done
}

@test "exec - ends with its client also when the program changed its user; nobody stays" {
	local job p left=()
	# shellcheck disable=SC2086
	$RBOX exec k1 su -s /bin/sh -c 'exec sleep 876543' user >/dev/null 2>&1 3>&- </dev/null &
	job=$!
	wait_for 20 runs 'sleep 876543'
	mapfile -t left < <(pgrep -P "$job")
	assert "${#left[@]}" -ge 2 "the process, and who guards it"
	kill -s KILL "$job"
	wait "$job" || :
	wait_for 20 gone 'sleep 876543'
	for p in "${left[@]}"; do
		wait_for 20 ended "$p"
	done
	# A guard outlives no exec, and holds no pipe of its caller's.
	run_sh '$RBOX exec k1 sh -c "sleep 0.1; echo said" | cat'
	assert "$output" == said
}

@test "exec - 255 where nothing runs, 125, 126, 127, 128 + n" {
	run_rbox create --name k2 --network none "$IMAGE" true
	run_rbox 255 exec k2 true
	assert "$stderr" =~ '^Error: can only create exec sessions on running containers: container state improper'
	assert "$stderr" =~ 'rbox start'
	run_rbox start -a k2
	run_rbox 255 exec k2 true
	run_rbox rm k2
	run_rbox 125 exec k2 true
	assert "$stderr" =~ 'no container with name or ID "k2" found: no such container'
	run_rbox 125 exec k1
	assert "$stderr" =~ 'must provide a non-empty command to start an exec session'
	run_rbox 125 exec
	assert "$stderr" =~ 'exec requires the name or ID of a container or the --latest flag'
	run_rbox 126 exec k1 /etc
	run_rbox 127 exec k1 no-such-command
	run_rbox 127 exec -w /no-such-folder k1 true
	# There is a /bin: it was found below the root.
	run_rbox 255 exec -w bin k1 true
	assert "$stderr" == "Error: the working directory 'bin' is not absolute"
	run_rbox 137 exec k1 sh -c 'kill -9 $$'
	run_rbox 3 exec k1 sh -c 'exit 3'
}

@test "exec --latest, --cidfile, --env-file" {
	run_rbox exec --latest hostname
	run_rbox inspect --format '{{.Id}}' k1
	local id=$output
	echo "$id" >"$TMPDIR/cid"
	printf 'A=1\n# no\nB=two words\n' >"$TMPDIR/env"
	run_rbox exec --cidfile "$TMPDIR/cid" --env-file "$TMPDIR/env" -e B=over sh -c 'echo "$A $B $HOSTNAME"'
	assert "$output" == "1 over ${id:0:12}"
	run_rbox exec -l echo "newest"
	assert "$output" == newest
	run_rbox 125 exec --cidfile "$TMPDIR/nothing" true
	assert "$stderr" =~ "container id file '$TMPDIR/nothing'"
}

@test "exec - thirty at once" {
	local i jobs=()
	for i in $(seq 30); do
		# shellcheck disable=SC2086
		$RBOX exec k1 sh -c "echo $i; exit $i" >"$TMPDIR/at-$i" 2>&1 </dev/null 3>&- &
		jobs+=($!)
	done
	for i in $(seq 30); do
		local rc=0
		wait "${jobs[i - 1]}" || rc=$?
		assert "$rc $(cat "$TMPDIR/at-$i")" == "$i $i"
	done
	sessions 0
}

# What the user sees is collected from a terminal of our own (pty), each step waited for.
@test "exec -it - size, detach keys: the process goes on, and what it leaves is cleared" {
	/usr/bin/python3 - k1 <<'PY'
import fcntl, os, pty, select, struct, subprocess, sys, termios, time
name = sys.argv[1]
rbox = os.environ.get("RBOX", "rbox").split()
def rbox_out(*args):
    return subprocess.run([*rbox, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
def open_tty(*args, rows=33, cols=101):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    p = subprocess.Popen([*rbox, "exec", *args], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    return p, master
def see(master, text, seen=b""):
    end = time.time() + 30
    while text.encode() not in seen:
        assert time.time() < end, f"never seen: {text!r} in {seen!r}"
        if select.select([master], [], [], 0.2)[0]:
            try:
                seen += os.read(master, 4096)
            except OSError:
                break
    assert text.encode() in seen, seen
    return seen
def until(what, why):
    end = time.time() + 30
    while not what():
        assert time.time() < end, why
        time.sleep(0.05)
# The size is there at once, not when we have come to set it.
p, m = open_tty("-it", name, "stty", "size")
see(m, "33 101")
assert p.wait() == 0
os.close(m)
# An exit status passes through.
p, m = open_tty("-it", name, "sh", "-c", "tty; exit 9")
see(m, "/dev/pts/")
assert p.wait() == 9
os.close(m)
# Detached: the command ends with 0, the process stays, its session too.
p, m = open_tty("-it", name, "sh", "-c", "echo ready; until [ -e /tmp/end1 ]; do sleep 0.05; done")
see(m, "ready")
os.write(m, b"\x10\x11")
assert p.wait() == 0, p.returncode
os.close(m)
assert "/tmp/end1" in rbox_out("exec", name, "ps", "-o", "args")
assert rbox_out("inspect", "-f", "{{len .ExecIDs}}", name) == "1\n"
rbox_out("exec", name, "touch", "/tmp/end1")
until(lambda: rbox_out("inspect", "-f", "{{len .ExecIDs}}", name) == "0\n", "the session stays")
# Other keys, and none.
p, m = open_tty("-it", "--detach-keys", "a,b", name, "sh", "-c", "echo ready; until [ -e /tmp/end2 ]; do sleep 0.05; done")
see(m, "ready")
os.write(m, b"ab")
assert p.wait() == 0
os.close(m)
rbox_out("exec", name, "touch", "/tmp/end2")
# A command that is killed takes the process along, terminal or not.
p, m = open_tty("-it", name, "sh", "-c", "echo ready; sleep 454545")
see(m, "ready")
p.kill()
p.wait()
os.close(m)
until(lambda: "sleep 454545" not in rbox_out("exec", name, "ps", "-o", "args"), "it outlives its client")
until(lambda: rbox_out("inspect", "-f", "{{len .ExecIDs}}", name) == "0\n", "a session stays")
PY
}
