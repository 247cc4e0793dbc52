#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 050-monitor: output, input, exit status, logs and waiting, and who survives whose death.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

# The pid of the only monitor there is of the container NAME.
monitor_of() {
	run_rbox inspect --format '{{.State.ConmonPid}}' "$1"
	monitor=$output
}

@test "output - 10 MB on both streams, whole and in order" {
	run_sh '$RBOX run --rm --network none $IMAGE sh -c "seq 1 1400000 & seq 1 1400000 >&2; wait" \
		>$TMPDIR/out 2>$TMPDIR/err
		seq 1 1400000 | cmp - $TMPDIR/out && seq 1 1400000 | cmp - $TMPDIR/err'
	rm -f "$TMPDIR/out" "$TMPDIR/err"
}

@test "output - the same bytes are in the log, over rotations, while they are written" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none "$IMAGE" sh -c 'for _ in 1 2 3 4; do seq 1 200000; done'
	run_sh "\$RBOX logs -f $name | md5sum"
	assert "$output" == "$(for _ in 1 2 3 4; do seq 1 200000; done | md5sum)"
	run_rbox rm "$name"
}

@test "output - a reader that goes away ends the client in silence" {
	run_sh 141 'set -o pipefail; $RBOX run --rm --network none $IMAGE seq 1 100000 | head -1'
	assert "$output" == 1
	assert "$stderr" == ""
}

@test "output - a full disk is said" {
	run_sh 125 '$RBOX run --rm --network none $IMAGE echo hi >/dev/full'
	assert "$stderr" == "Error: write to stdout: No space left on device"
}

@test "exit status - of the command, of a signal, of none" {
	local row
	for row in "exit 0:0" "exit 3:3" "exit 255:255"; do
		run_rbox "${row##*:}" run --rm --network none "$IMAGE" sh -c "${row%:*}"
	done
	run_rbox 137 run --rm --network none "$IMAGE" sh -c 'sh -c "kill -9 \$\$"; exit $?'
	run_rbox 127 run --rm --network none "$IMAGE" no-such-command
	run_rbox 126 run --rm --network none "$IMAGE" /etc
}

@test "stdin - a file, a pipe, closed, none" {
	run_sh 'head -c 3000000 /dev/zero | $RBOX run -i --rm --network none $IMAGE wc -c'
	assert "$output" == 3000000
	run_sh 'echo x >$TMPDIR/in; $RBOX run -i --rm --network none $IMAGE cat <$TMPDIR/in; rm $TMPDIR/in'
	assert "$output" == x
	run_sh '$RBOX run -i --rm --network none $IMAGE cat <&-'
	assert "$output" == ""
	run_sh 'echo x | $RBOX run --rm --network none $IMAGE cat'
	assert "$output" == "" "without -i the container's stdin is empty"
	run_sh 'yes | $RBOX run -i --rm --network none $IMAGE head -n 1'
	assert "$output" == y "a container that stops reading ends all the same"
}

@test "a pipeline waits for the container alone, not for what is left in the background" {
	run_sh 'x=$($RBOX run -d --rm --network none $IMAGE sleep 2); echo ${#x}'
	assert "$output" == 64
	sleep 2.5
}

@test "signals - go through to the container" {
	local name
	name=$(safename)
	run_sh "\$RBOX run --name $name --network none \$IMAGE sh -c '
			trap \"echo got it; exit 9\" TERM; echo ready; while :; do sleep 0.05; done' >\$TMPDIR/sig &
		for i in \$(seq 400); do grep -q ready \$TMPDIR/sig && break; sleep 0.05; done
		kill -TERM \$!; wait \$!; echo \$?; cat \$TMPDIR/sig; rm \$TMPDIR/sig"
	assert "$output" == $'9\nready\ngot it'
	run_rbox rm "$name"
}

@test "kill -9 of the client - the container runs on" {
	local name
	name=$(safename)
	run_sh "\$RBOX run --name $name --network none \$IMAGE sh -c '
			echo up; until [ -e /go ]; do sleep 0.05; done; echo end; exit 4' >\$TMPDIR/k9 &
		for i in \$(seq 400); do grep -q up \$TMPDIR/k9 && break; sleep 0.05; done
		kill -9 \$!; wait \$!; rm \$TMPDIR/k9; exit 0"
	run_rbox ps --format '{{.Names}}'
	assert "$output" == "$name"
	run_rbox exec "$name" touch /go
	run_rbox wait "$name"
	assert "$output" == 4
	run_rbox logs "$name"
	assert "$output" == $'up\nend'
	run_rbox rm "$name"
}

@test "kill -9 of the monitor - the container dies, the record is healed, it can start again" {
	local name pid
	name=$(safename)
	run_rbox run -d --name "$name" --network none "$IMAGE" sleep 1000
	run_rbox inspect --format '{{.State.Pid}}' "$name"
	pid=$output
	monitor_of "$name"
	kill -9 "$monitor"
	for _ in $(seq 400); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
	run_sh "! kill -0 $pid"
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' "$name"
	assert "$output" == "exited 137 monitor lost"
	run_rbox start "$name"
	run_rbox ps --format '{{.Names}}'
	assert "$output" == "$name"
	run_rbox rm -f -t 0 "$name"
}

@test "the monitor shows nothing of the command line, and is small" {
	local name
	name=$(safename)
	SECRET=hidden1 run_rbox run -d --name "$name" -e SECRET -e OTHER=hidden2 --network none "$IMAGE" sleep 1000
	monitor_of "$name"
	run_sh "tr '\0' ' ' </proc/$monitor/cmdline; cat /proc/$monitor/environ | tr '\0' ' '"
	assert "$output" =~ "rbox monitor"
	assert "$output" !~ "hidden"
	run_sh "awk '/^Private_Dirty/ { print \$2 }' /proc/$monitor/smaps_rollup"
	# Sanitizers have a shadow of their own.
	[ -n "${RBOX_SANITIZED:-}" ] || assert "$output" -lt 1024 "KiB of its own"
	run_rbox rm -f -t 0 "$name"
}

@test "logs - lines, pieces, streams, times" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --network none "$IMAGE" sh -c 'echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three'
	run_rbox logs "$name"
	assert "$output" == $'one\nthree'
	assert "$stderr" == two
	run_rbox logs --tail 1 "$name"
	assert "$output$stderr" == three "what has no end yet is a line"
	run_rbox logs -t "$name"
	assert "${lines[0]}" =~ "^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}(Z|[+-][0-9:]{5}) one$"
	run_rbox logs --names "$name"
	assert "${lines[0]}" == "one" "one container's lines need no name"
	run_rbox logs --since 1h "$name"
	assert "$output" == $'one\nthree'
	run_rbox logs --until -1h "$name"
	assert "$output" == ""
	run_rbox 125 logs --tail some "$name"
	assert "$stderr" == "Error: --tail 'some' is not a number of lines"
	run_rbox 125 logs --since soon "$name"
	assert "$stderr" == "Error: --since 'soon' is neither a time nor a span"
	run_rbox rm "$name"
}

@test "logs - no driver, no log" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --log-driver none --network none "$IMAGE" echo hi
	assert "$output" == hi
	run_rbox 125 logs "$name"
	assert "$stderr" =~ "^Error: this container is using the 'none' log driver, cannot read logs"
	run_rbox rm "$name"
}

@test "wait - prints the status of each, in order" {
	local a b
	a=$(safename)
	b=$(safename)
	run_rbox run -d --name "$a" --network none "$IMAGE" sh -c 'while [ ! -e /go ]; do sleep 0.1; done; exit 5'
	run_rbox run -d --name "$b" --network none "$IMAGE" sh -c 'exit 6'
	run_rbox wait --condition running "$a"
	assert "$output" == -1
	run_rbox exec "$a" touch /go
	run_rbox wait "$a" "$b"
	assert "$output" == $'5\n6'
	run_rbox wait -i 100ms --condition exited "$a"
	assert "$output" == 5
	run_rbox wait --ignore no-such-container
	assert "$output" == -1
	run_rbox 125 wait no-such-container
	assert "$stderr" =~ "no such container"
	run_rbox 125 wait --condition nonsense "$a"
	assert "$stderr" == "Error: unknown container state: nonsense: invalid argument"
	run_rbox rm "$a" "$b"
}

@test "wait - then start and rm find nobody in their way" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --network none "$IMAGE" true
	for _ in 1 2 3 4 5; do
		run_rbox start "$name"
		run_rbox wait "$name"
	done
	run_rbox rm "$name"
	for _ in 1 2 3 4 5; do
		run_rbox run --rm --name "$name" --network none "$IMAGE" true
	done
}

@test "attach - a second client, and the exit status" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none "$IMAGE" sh -c 'while [ ! -e /go ]; do sleep 0.05; done; echo end; exit 8'
	# the monitor has two sockets of its own, and one for each client
	run_sh "(for i in \$(seq 200); do
			[ \$(ls -l /proc/\$(\$RBOX inspect --format '{{.State.ConmonPid}}' $name)/fd 2>/dev/null | grep -c socket) -ge 3 ] && break
			sleep 0.05
		done; \$RBOX exec $name touch /go) & \$RBOX attach $name; echo \$?; wait"
	assert "$output" == $'end\n8'
	run_rbox 125 attach "$name"
	assert "$stderr" == "Error: you can only attach to running containers"
	run_rbox rm "$name"
}
