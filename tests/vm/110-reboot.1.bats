#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 110-reboot, the first boot: containers of all policies, some running, when the power fails at the end.
# 110-reboot.2.bats looks at what the second boot finds on the same disk.

load helpers-vm

says() {	# CONTAINER TEXT: its log has such a line
	rbox logs "$1" | grep -qx "$2"
}

# talker NAME FLAGS...: it says "up" and its name, and goes on
talker() {
	local name=$1
	shift
	in_unit one run -d --name "$name" --network none "$@" "$IMAGE" sh -c "echo up $name; exec sleep 100000"
	wait_for 120 says "$name" "up $name"
}

setup_file() {
	load_image busybox
}

@test "containers with and without a restart policy, running, paused, stopped by their user, ended, never started" {
	talker no
	talker always --restart always --memory 32m
	talker unless-stopped --restart unless-stopped
	talker on-failure --restart on-failure
	talker paused --restart always
	run_rbox pause paused
	talker stopped --restart unless-stopped
	talker stopped-always --restart always
	run_rbox stop -t 0 stopped stopped-always
	run_rbox 3 run --name ended --network none "$IMAGE" sh -c 'echo the end; exit 3'
	run_rbox create --name created --restart always --network none "$IMAGE" sh -c 'echo now; exec sleep 100000'
	run_rbox volume create kept
	run_rbox run --rm --network none -v kept:/v "$IMAGE" sh -c 'echo 1 >/v/file'
	run_rbox run --name layer --network none "$IMAGE" sh -c 'echo written >/file; sync'
	cp /proc/sys/kernel/random/boot_id "$TMPDIR/boot"
}

@test "one with --rm and an anonymous volume" {
	talker gone --rm -v /data
	run_rbox volume ls -q
	assert "${#lines[@]}" -eq 2
}

@test "what nobody promised to be on the disk at once gets there: output, contents of volumes and layers" {
	sync
}

@test "what rbox promises stays without it: a stop, a rename, a removal, new containers" {
	talker late-stopped --restart unless-stopped
	run_rbox stop -t 0 late-stopped
	run_rbox rename no renamed
	run_rbox rm layer
	talker late-gone --rm -v /data
	# Its files aren't fsynced: with the next fsync of others its folder got to the disk, its config didn't. It
	# could be neither read nor removed then.
	talker late-torn --rm
	talker late --restart unless-stopped
}

@test "one that prints until the power fails" {
	in_unit one run -d --name busy --restart always --network none "$IMAGE" \
		sh -c 'i=0; while :; do echo "line $i"; i=$((i + 1)); usleep 5000; done'
	wait_for 120 says busy "line 9"
	sync
	run_rbox create --name last --network none "$IMAGE" true
	run_rbox ps --format '{{.Names}}' --sort names
	assert "$output" == "always
busy
gone
late
late-gone
late-torn
on-failure
paused
renamed
unless-stopped"
}
