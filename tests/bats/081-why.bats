#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 081-why: how a container ended, and how one knows: verdict, evidence, and what mends it.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

# Whatever a failed test left.
teardown() {
	remove_all
}

# why NAME CAUSE VERDICT: the one word, and the whole first line behind the name
why() {
	run_rbox why --format '{{.Cause}}' "$1"
	assert "$output" == "$2" "the cause of $1"
	run_rbox why "$1"
	assert "${lines[0]}" =~ "^$1: $3\$" "the verdict on $1"
}

is_over() {
	# shellcheck disable=SC2086
	[ "$($RBOX inspect --format '{{.State.Status}}' "$1")" = exited ]
}

sleeper() {	# NAME [COMMAND...]
	local name=$1
	shift
	[ $# -gt 0 ] || set -- sleep 1000
	run_rbox run -d --name "$name" --network none "$IMAGE" "$@"
}

@test "why - operands and formats" {
	run_rbox 125 why
	assert "$stderr" =~ "Error: you must provide at least one name or id"
	run_rbox 125 why nosuch
	assert "$stderr" == 'Error: no container with name or ID "nosuch" found: no such container'
	run_rbox create --name w "$IMAGE" true
	run_rbox why --format json w
	run_sh "printf %s '$output' | python3 -c 'import json,sys; d = json.load(sys.stdin); print(sorted(d))'"
	assert "$output" == "['Because', 'Cause', 'ExitCode', 'FinishedAt', 'Fix', 'Id', 'Name', 'Restarts', 'Signal', 'StartedAt', 'Status', 'Verdict']"
	run_rbox 125 why --format '{{.Nosuch}}' w
}

@test "why - several at once, and the latest" {
	run_rbox create --name w "$IMAGE" true
	run_rbox run --name v --network none "$IMAGE" true
	run_rbox why w v
	assert "$output" =~ ^"w: it was created and never started"$'\n'.*$'\n\n'"v: its command ended by itself with success"
	run_rbox why --latest
	assert "$output" =~ ^"v: its command"
	run_rbox why --format '{{.Name}} {{.Cause}}' w v
	assert "$output" == $'w never-started\nv exited'
	# one that isn't there: nothing is told of the others, as for every command that takes several
	run_rbox 125 why w nosuch
	assert "$output" == ""
	assert "$stderr" == 'Error: no container with name or ID "nosuch" found: no such container'
	run_rbox 125 why --latest w
	assert "$stderr" =~ ^"Error: "
}

@test "why - a restart policy that has given up, and after how many runs" {
	run_rbox run -d --name w --network none --restart on-failure:2 "$IMAGE" sh -c 'exit 3'
	wait_for 20 is_over w
	run_rbox why w
	assert "${lines[0]}" == "w: its command ended by itself with exit code 3; its restart policy has given up after 3 runs"
	assert "$output" =~ "because: config.json: --restart on-failure:2: at most 2 restarts"
	assert "$output" =~ "because: state.json: restarts 2; the run before the last ended with exit code 3"
	run_rbox why --format '{{.Restarts}}' w
	assert "$output" == 2
	run_rbox run -d --name v --network none --restart on-failure "$IMAGE" true
	wait_for 20 is_over v
	run_rbox why v
	assert "${lines[0]}" == "v: its command ended by itself with success (exit code 0)"
	assert "$output" =~ "because: config.json: --restart on-failure: an exit code of 0 is no failure"
}

@test "why - never started, running, paused by nobody" {
	run_rbox create --name w "$IMAGE" true
	why w never-started "it was created and never started"
	assert "$output" =~ "because: config.json: created at 20"
	assert "$output" =~ "fix: rbox start w"
	sleeper s
	why s running "it has not ended: it is running, since 20.*"
	assert "$output" =~ "because: lock.run: held by its monitor, process [0-9]+"
}

@test "why - its own end: success, an exit code, what a shell's codes mean, the last words" {
	run_rbox run --name w0 --network none "$IMAGE" true
	why w0 exited 'its command ended by itself with success \(exit code 0\)'
	run_rbox 7 run --name w7 --network none "$IMAGE" sh -c 'echo out; echo the last word >&2; exit 7'
	why w7 exited "its command ended by itself with exit code 7"
	assert "$output" =~ "because: state.json: exit_code 7, no signal"
	assert "$output" =~ "because: log: its last line is .the last word."
	run_rbox 127 run --name w127 --network none "$IMAGE" sh -c nosuch-program
	why w127 exited "its command ended by itself with exit code 127"
	assert "$output" =~ "127 is what a shell returns for a command that it can't find"
	assert "$output" =~ "because: log: .sh: nosuch-program: not found.: the shell found no such command"
	run_rbox 137 run --name w137 --network none "$IMAGE" sh -c 'sh -c "kill -9 \$\$"; exit $?'
	why w137 exited "its command ended by itself with exit code 137"
	assert "$output" =~ "137 is what a shell returns when its command was killed by SIGKILL"
	run_rbox 139 run --name w139 --network none "$IMAGE" sh -c 'sh -c "kill -SEGV \$\$"; exit $?'
	why w139 exited "its command ended by itself with exit code 139"
	assert "$output" =~ "SIGSEGV"
	run_rbox 3 run --name none --network none --log-driver none "$IMAGE" sh -c 'exit 3'
	why none exited "its command ended by itself with exit code 3"
	assert "$output" =~ "because: log: "
	run_rbox 3 run --name still --network none "$IMAGE" sh -c 'exit 3'
	why still exited "its command ended by itself with exit code 3"
	assert "$output" =~ "because: log: it wrote nothing"
}

@test "why - what the log gives away: a missing library, a taken port, a full disk" {
	local text
	while IFS='|' read -r text want; do
		run_rbox 1 run --name w --network none "$IMAGE" sh -c 'echo begin; echo "$0" >&2; echo end; exit 1' "$text"
		run_rbox why w
		assert "$output" =~ "because: log: .*$text.*: $want" "$text"
		run_rbox rm w
	done <<-'END'
		x: error while loading shared libraries: libz.so.1: cannot open|a shared library is missing
		Error loading shared library libz.so.1: No such file|a shared library is missing
		bind: Address already in use|a port or socket that it wanted is taken
		listen tcp :80: bind: address already in use|a port or socket that it wanted is taken
		write: No space left on device|a disk \(or tmpfs\) is full
		open /data: Permission denied|it may not do what it tried
	END
	# not UTF-8, and what would drive a terminal
	run_rbox 1 run --name w --network none "$IMAGE" sh -c 'printf "\377\033[31mPermission denied\n"; exit 1'
	run_rbox why w
	assert "$output" =~ 'because: log: .\\xff\\x1b\[31mPermission denied.: '
}

@test "why - never run: no such program, no right, a folder, another machine, no interpreter" {
	run_rbox 127 run --name w1 --network none "$IMAGE" nosuch
	why w1 start-failed "it could not be started: executable file .nosuch. not found in .PATH.*"
	assert "$output" =~ "because: state.json: exit_code 127: its command was not found"
	assert "$output" =~ "because: root:nosuch: there is no such file in any folder of PATH: /usr"
	run_rbox 126 run --name w2 --network none "$IMAGE" /bin/not-executable
	why w2 start-failed "it could not be started: .*Permission denied: OCI permission denied"
	assert "$output" =~ "because: root:/bin/not-executable: may be executed by nobody .mode 0644."
	assert "$output" =~ "fix: chmod"
	run_rbox 126 run --name w3 --network none "$IMAGE" /etc
	why w3 start-failed "it could not be started: .*"
	assert "$output" =~ "because: root:/etc: is a folder"
	run_rbox 127 run --name w4 --network none "$IMAGE" bad-interpreter
	why w4 start-failed "it could not be started: .*interpreter.*"
	assert "$output" =~ "because: root:/bin/bad-interpreter: is a script; it is run by ./no/such/interpreter."
	assert "$output" =~ "because: root:/no/such/interpreter: there is no such file in the image"
	run_rbox 126 run --name w5 --network none "$IMAGE" not-a-program
	why w5 start-failed "it could not be started: .*"
	assert "$output" =~ "is neither an ELF file nor a script"
	# a header of an ELF file for s390x
	printf '\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\2\0\26\0\1\0\0\0' >"$TMPDIR/foreign"
	head -c 100 /dev/zero >>"$TMPDIR/foreign"
	chmod 755 "$TMPDIR/foreign"
	run_rbox 126 run --name w6 --network none -v "$TMPDIR/foreign:/foreign" "$IMAGE" /foreign
	why w6 start-failed "it could not be started: .*"
	assert "$output" =~ "because: root:/foreign: is a program for s390x; this machine is "
	assert "$output" =~ "fix: take the image for this machine"
	printf '#!/bin/sh\r\necho\r\n' >"$TMPDIR/dos"
	chmod 755 "$TMPDIR/dos"
	run_rbox 127 run --name w7 --network none -v "$TMPDIR/dos:/dos" "$IMAGE" /dos
	why w7 start-failed "it could not be started: .*"
	assert "$output" =~ "fix: the script has Windows line ends"
	# this system's own, linked to glibc's loader
	run_rbox 127 run --name w8 --network none -v /bin/true:/bin/true "$IMAGE" /bin/true
	why w8 start-failed "it could not be started: .*"
	assert "$output" =~ "because: root:/bin/true: is linked dynamically; it is run by ./lib"
}

@test "why - a program that the container itself took away" {
	run_rbox create --name x --network none "$IMAGE" sh -c 'rm /bin/sh; exit 4'
	run_rbox 4 start -a x
	run_rbox 127 start -a x
	why x start-failed "it could not be started: .*"
	assert "$output" =~ "because: root:sh: there is no such file in any folder of PATH"
}

@test "why - stopped and killed: by whom, with what" {
	sleeper k
	run_rbox kill k
	wait_for 10 is_over k
	why k killed "it was killed by a user: .rbox kill. sent SIGKILL"
	assert "$output" =~ "because: state.json: exit_code 137, signal 9 .SIGKILL."
	assert "$output" =~ "because: kill: SIGKILL sent at 20"
	# an old mark tells nothing of a new life
	run_rbox start k
	run_sh "kill -9 \$($RBOX inspect --format '{{.State.Pid}}' k)"
	wait_for 10 is_over k
	why k signal "it was killed by SIGKILL, and not by rbox"
	assert "$output" =~ "whether the machine's memory ran out can't be known"
	sleeper s
	run_rbox stop -t 0 s
	why s stopped "it was stopped by a user, and killed because it didn't end by itself in time"
	assert "$output" =~ "because: stop: the mark of .rbox stop.; its stop signal is SIGTERM"
	assert "$output" =~ "fix: .*--init"
	sleeper e sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.02; done'
	wait_for 10 sh -c "$RBOX logs e | grep -q ready"
	run_rbox stop e
	why e stopped "it was stopped by a user, and its command ended with exit code 9"
}

@test "why - a crash, and a forbidden system call" {
	run_rbox '?' run --name c --network none --ulimit stack=1048576 "$IMAGE" sh -c 'f() { f; f; }; f'
	assert "$status" -eq 139
	why c signal 'its command crashed \(SIGSEGV\)'
	assert "$output" =~ "because: signal.7.: SIGSEGV is the program's own fault"
	cat >"$TMPDIR/profile" <<-END
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		 {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}
	END
	run_rbox 159 run --name y --network none --security-opt seccomp="$TMPDIR/profile" "$IMAGE" mkdir /x
	why y seccomp "it was killed for a system call that its seccomp filter forbids .SIGSYS."
	assert "$output" =~ "because: config.json: security options: seccomp="
}

@test "why - the monitor was killed; the host was rebooted" {
	local id
	sleeper m
	id=$output
	run_sh "kill -9 \$($RBOX inspect --format '{{.State.ConmonPid}}' m)"
	wait_for 10 is_over m
	why m monitor-lost "its monitor was killed, which ended the container.*"
	assert "$output" =~ "because: lock.run: nobody holds it"
	assert "$output" !~ "finished_at" "nobody saw when"
	sed -i 's/"boot_id":"[^"]*"/"boot_id":"00000000-1111-2222-3333-444444444444"/' \
		"$XDG_DATA_HOME/rbox/containers/$id/state.json"
	why m reboot "it ran when the host went down or was rebooted"
	assert "$output" =~ "because: state.json: boot_id 00000000-1111-2222-3333-444444444444"
	assert "$output" =~ "because: /proc/sys/kernel/random/boot_id: "
}

@test "why - a start that failed on a taken port is told, with who has it" {
	local port
	run_rbox run -d --name holder -p 80 "$IMAGE" sleep 1000
	run_rbox port holder 80
	port=${output##*:}
	run_rbox create --name late -p "$port:80" "$IMAGE" sleep 1000
	run_rbox 125 start late
	run_rbox why late
	assert "${lines[0]}" =~ "^late: it could not be started: publish port $port: .*address already in use"
	assert "$output" !~ "nothing was ever started"
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}}' late
	assert "$output" == "created 125"
	run_rbox rm -f -t 0 holder
	run_rbox start late
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}}:{{.State.Error}}' late
	assert "$output" == "running 0:"
	run_rbox rm -f -t 0 late
}

@test "why - one that runs and is unhealthy, and one with an init that ignores its signal" {
	run_rbox run -d --name sick --network none --health-cmd 'echo feverish; exit 1' --health-interval 200ms \
		--health-retries 1 "$IMAGE" sleep 1000
	is_sick() { [ "$(rbox inspect --format '{{.State.Health.Status}}' sick)" == unhealthy ]; }
	wait_for 20 is_sick
	run_rbox why --format '{{.Cause}}' sick
	assert "$output" == running
	run_rbox why sick
	assert "${lines[0]}" =~ "^sick: it has not ended: it is running, .*, and unhealthy$"
	assert "$output" =~ 'its last check ended with 1: `feverish`'
	run_rbox rm -f -t 0 sick
	run_rbox run -d --name deafened --network none --init --stop-timeout 1 "$IMAGE" \
		sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done'
	is_up() { rbox logs deafened | grep -q up; }
	wait_for 20 is_up
	run_rbox stop deafened
	run_rbox why deafened
	assert "$output" =~ 'its command ignores SIGTERM'
	assert "$output" !~ 'use --init'
	run_rbox rm deafened
}
