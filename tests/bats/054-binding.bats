#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 054-binding: --bind-to: the container ends with its caller, however that ends.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

gone() {	# PID
	! kill -0 "$1" 2>/dev/null
}

# A process to bind to, in $holder; it holds nothing of ours.
holder() {
	sleep 1000 3>&- >/dev/null 2>&1 &
	holder=$!
}

@test "binding - what is refused" {
	run_rbox 125 create --bind-to=foo "$IMAGE" true
	assert "$stderr" == "Error: invalid --bind-to 'foo': parent or pid:NUMBER is wanted"
	run_rbox 125 run --bind-to=pid: "$IMAGE" true
	run_rbox 125 run --bind-to=pid:0 "$IMAGE" true
	run_rbox 125 run --bind-to=pid:-1 "$IMAGE" true
	holder
	kill -9 "$holder"
	wait "$holder" || true
	run_rbox 125 run --rm --bind-to="pid:$holder" "$IMAGE" true
	assert "$stderr" == "Error: --bind-to: process $holder has ended already"
	run_rbox ps -aq
	assert "$output" == "" "nothing is left of what was refused"
}

@test "binding - parent: the script that started it ends, and so does the container" {
	local name
	name=$(safename)
	run_sh "\$RBOX run -d --network none --bind-to=parent --name $name \$IMAGE sleep 1000 >/dev/null
		\$RBOX ps --filter name=$name --format '{{.State}}'"
	assert "$output" == "running" "while its caller lives"
	wait_for 20 has "$name" .State.Status exited
	run_rbox inspect --format '{{.State.ExitCode}} {{.State.Error}} {{.State.StoppedByUser}}' "$name"
	assert "$output" == "137 killed: the process it was bound to (--bind-to) has ended false"
	run_rbox why "$name"
	assert "${lines[0]}" == "$name: its monitor ended it: killed: the process it was bound to (--bind-to) has ended"
	run_rbox rm "$name"
}

@test "binding - parent: killed by SIGKILL, in the foreground and in the background; --rm leaves nothing" {
	local name mode caller pid
	for mode in "" -d; do
		name=$(safename)
		# The last command keeps bash from becoming rbox itself.
		bash -c "rbox run $mode --rm --network none --bind-to=parent --name $name $IMAGE sleep 1000; sleep 1000" \
			3>&- >/dev/null 2>&1 </dev/null &
		caller=$!
		wait_for 20 has "$name" .State.Status running
		pid=$(field "$name" .State.Pid)
		kill -9 "$caller"
		wait "$caller" || true
		wait_for 20 gone "$pid"
		removed() { ! rbox container exists "$name"; }
		wait_for 20 removed
	done
}

@test "binding - pid:N, over restarts and between two runs" {
	local name
	name=$(safename)
	holder
	run_rbox run -d --rm --network none --bind-to="pid:$holder" --restart=on-failure --name "$name" "$IMAGE" false
	again() { [ "$(field "$name" .RestartCount)" -ge 2 ]; }
	wait_for 20 again
	kill -9 "$holder"
	wait "$holder" || true
	removed() { ! rbox container exists "$name"; }
	wait_for 20 removed
}

@test "binding - no restart policy brings it back; a later start binds it anew" {
	local name
	name=$(safename)
	run_sh "\$RBOX run -d --network none --bind-to=parent --restart=always --name $name \$IMAGE sleep 1000"
	wait_for 20 has "$name" .State.Status exited
	assert "$(field "$name" .RestartCount)" -eq 0
	run_sh "\$RBOX start $name && \$RBOX ps --filter name=$name --format '{{.State}}'"
	assert "${lines[1]}" == "running"
	wait_for 20 has "$name" .State.Status exited
	run_rbox rm "$name"
}

@test "binding - one whose monitor is killed with the caller" {
	local name pid monitor
	name=$(safename)
	holder
	# One that changes its ids loses the tie to its monitor's life that the kernel gives (prctl(2)).
	run_rbox run -d --rm --network none --bind-to="pid:$holder" --name "$name" "$IMAGE" \
		su -s /bin/sh nobody -c 'exec sleep 1000'
	changed() { rbox exec "$name" ps | grep -q '1 nobody .*sleep 1000'; }
	wait_for 20 changed
	pid=$(field "$name" .State.Pid)
	monitor=$(field "$name" .State.ConmonPid)
	kill -9 "$monitor" "$holder"
	wait "$holder" || true
	wait_for 20 gone "$pid"
	# the next command clears away what it left
	removed() { ! rbox container exists "$name"; }
	wait_for 20 removed
}

@test "binding - a normal end is a normal end" {
	run_rbox 3 run --rm --network none --bind-to=parent "$IMAGE" sh -c 'exit 3'
	run_rbox run --rm --network none --bind-to="pid:$$" "$IMAGE" echo hi
	assert "$output" == hi
}
