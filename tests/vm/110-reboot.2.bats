#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 110-reboot, the second boot, on the disk that 110-reboot.1.bats left when the power failed.

load helpers-vm

teardown_file() {
	leak_check && cgroup_check
}

@test "it is another boot, and the machine has forgotten what ran" {
	assert "$(cat /proc/sys/kernel/random/boot_id)" != "$(cat "$TMPDIR/boot")"
	assert "$(ls -A "$XDG_RUNTIME_DIR")" == ""
	rm "$TMPDIR/boot"
}

@test "states have healed: what ran has exited with 255, the others are as they were" {
	run_rbox ps -q
	assert "$output" == "" "nothing runs"
	for name in always busy late on-failure paused renamed unless-stopped; do
		run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}} {{.State.Pid}}' $name
		assert "$output" == "exited 255 host reboot 0" "$name"
	done
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}}' ended
	assert "$output" == "exited 3"
	for name in stopped stopped-always late-stopped; do
		run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}}' $name
		assert "$output" == "exited 137" "$name"
	done
	run_rbox inspect --format '{{.State.Status}}' created last
	assert "$output" == "created
created"
	run_rbox why always
	assert "$output" =~ "^always: it ran when the host went down or was rebooted"
}

gone() {	# CONTAINER...: and no volume is left but the one that has a name
	for name; do
		! rbox container exists "$name" || return 1
	done
	[ "$(rbox volume ls -q)" = kept ]
}

@test "those with --rm are gone, and their anonymous volumes" {
	wait_for 20 gone gone late-gone late-torn
	run_rbox ps -aq
	assert "$stderr" == ""
	assert "${#lines[@]}" -eq 13
}

@test "names, logs, volumes are kept; what was renamed or removed stays so" {
	run_rbox ps -a --format '{{.Names}}' --sort names
	assert "$output" == "always
busy
created
ended
last
late
late-stopped
on-failure
paused
renamed
stopped
stopped-always
unless-stopped"
	for name in always unless-stopped on-failure paused stopped stopped-always; do
		run_rbox logs $name
		assert "$output" == "up $name"
	done
	run_rbox logs renamed
	assert "$output" == "up no"
	run_rbox logs ended
	assert "$output" == "the end"
	run_rbox run --rm --network none -v kept:/v "$IMAGE" cat /v/file
	assert "$output" == 1
	run_rbox 125 start no
	assert "$stderr" =~ "no container with name or ID \"no\" found"
}

@test "the log of one that was printing can be read, in order from its first line" {
	# The last one may be half there.
	run_sh "set -o pipefail; rbox logs busy | head -n -1 | awk '\$0 != \"line \" (NR - 1) { exit 1 } END { print (NR > 5) }'"
	assert "$output" == 1
}

at_boot() {	# true or false: the names
	run_rbox ps -a --filter should-start-on-boot="$1" --format '{{.Names}}' --sort names
}

@test "start --all --filter should-start-on-boot=true, as the unit does it at boot, starts the right ones" {
	at_boot true
	assert "$output" == "always
busy
created
late
paused
stopped-always
unless-stopped"
	at_boot false
	assert "$output" == "ended
last
late-stopped
on-failure
renamed
stopped"
	in_unit rbox-restart start --all --filter should-start-on-boot=true
	assert "${#lines[@]}" -eq 7
	run_rbox ps --format '{{.Names}} {{.State}}' --sort names
	assert "$output" == "always running
busy running
created running
late running
paused running
stopped-always running
unless-stopped running"
	assert "$(cat "$(cgroup_of always)/memory.max")" == 33554432
}

says() {	# CONTAINER TIMES TEXT: its log has such a line so often
	[ "$(rbox logs "$1" | grep -cx "$3")" -eq "$2" ]
}

@test "their logs go on where they were; the others still start" {
	wait_for 60 says always 2 "up always"
	wait_for 60 says created 1 now
	in_unit rbox-restart start renamed late-stopped
	wait_for 60 says renamed 2 "up no"
	run_rbox ps -q
	assert "${#lines[@]}" -eq 9
}

@test "all of it can be removed" {
	run_rbox rm -f -t 0 -a
	run_rbox volume rm kept
	run_rbox volume ls -q
	assert "$output" == ""
}
