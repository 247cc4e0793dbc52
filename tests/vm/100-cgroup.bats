#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 100-cgroup: limits, where there are controllers to set them.

load helpers-vm

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check && cgroup_check
}

@test "a service's container has a cgroup of its own, beside who runs it, and a limit of processes" {
	local dir
	in_unit first run -d --name first --network none "$IMAGE" sleep 1000
	dir=$(cgroup_of first)
	assert "$dir" == "$(manager)/first/rbox-$output" "its cgroup"
	assert "$(cat "$dir/pids.max")" == 2048
	assert "$(cat "$dir/../cgroup.procs")" == "" "nobody is beside the containers"
	run_rbox inspect --format '{{.State.CgroupPath}} {{.HostConfig.PidsLimit}}' first
	assert "$output" == "${dir#/sys/fs/cgroup} 2048"
	# Its own cgroup is the root of what it sees.
	run_rbox exec first cat /proc/self/cgroup
	assert "$output" == "0::/"
	run_rbox exec first cat /sys/fs/cgroup/pids.max
	assert "$output" == 2048
	run_rbox rm -f -t 0 first
	[ ! -e "$dir" ]
}

@test "a fork bomb ends at --pids-limit" {
	in_unit bomb 2 run --rm --network none --pids-limit 20 "$IMAGE" sh -c \
		'for i in $(seq 40); do sleep 100 & done; echo never'
	assert "$stderr" =~ "can't fork"
	assert "$output" == ""
}

@test "a container whose memory runs out ends with 137, and says why" {
	in_unit memory 137 run --name hog --network none --memory 32m "$IMAGE" \
		dd if=/dev/zero of=/dev/null bs=200M count=1
	run_rbox inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}} {{.HostConfig.Memory}}' hog
	assert "$output" == "true 137 33554432"
	run_rbox why hog
	assert "$output" =~ "^hog: it was killed because its memory ran out"
	assert "$output" =~ "memory.events of its cgroup, .*/memory/rbox-"
	assert "$output" =~ "limited to 32m"
	run_rbox rm hog
}

@test "a process of the container's, not its first, dies of memory: the container goes on, and it is known" {
	in_unit some run --name some --network none --memory 32m "$IMAGE" \
		sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo dd ended with $?'
	assert "$output" == "dd ended with 137"
	run_rbox inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' some
	assert "$output" == "true 0"
	run_rbox rm some
}

@test "--cgroup-conf memory.oom.group=1: all of it dies with the first that does" {
	in_unit group 137 run --rm --network none --memory 32m --cgroup-conf memory.oom.group=1 "$IMAGE" \
		sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo dd ended with $?'
	assert "$output" == ""
}

@test "pause, unpause: what is frozen stands still, and can be killed" {
	local dir before
	in_unit pause run -d --name frozen --network none "$IMAGE" sh -c 'while :; do date +%N >/now; done'
	dir=$(cgroup_of frozen)
	run_rbox pause frozen
	assert "$output" == "frozen"
	assert "$(cat "$dir/cgroup.events")" =~ "frozen 1"
	run_rbox ps --filter status=paused --format '{{.Names}} {{.State}}'
	assert "$output" == "frozen paused"
	run_rbox 125 pause frozen
	assert "$stderr" =~ "is already paused: container state improper"
	run_rbox 255 exec frozen true
	assert "$stderr" =~ "rbox unpause"
	before=$(sed -n 's/^usage_usec //p' "$dir/cpu.stat")
	sleep 0.2
	assert "$(sed -n 's/^usage_usec //p' "$dir/cpu.stat")" == "$before" "processor time while it is frozen"
	run_rbox unpause frozen
	assert "$(cat "$dir/cgroup.events")" =~ "frozen 0"
	run_rbox 125 unpause frozen
	assert "$stderr" =~ "is not paused"
	run_rbox exec frozen true
	run_rbox pause frozen
	run_rbox rm -f frozen
	assert "$stderr" == "" "nobody waited for it to hear of SIGTERM"
	[ ! -e "$dir" ]
}

# stop and restart waited their whole time for a process that stood still, then killed it.
@test "a paused container is neither stopped nor restarted, as podman has it" {
	local id
	in_unit still run -d --name still --network none "$IMAGE" sleep 1000
	id=$output
	run_rbox pause still
	run_rbox 125 stop still
	assert "${stderr%%$'\n'*}" == "Error: can only stop created or running containers. $id is in state paused: container state improper"
	run_rbox 125 restart still
	assert "${stderr%%$'\n'*}" == "Error: unable to restart a container in a paused or unknown state: container state improper"
	run_rbox stop -a
	assert "$output$stderr" == ""
	run_rbox inspect --format '{{.State.Status}}' still
	assert "$output" == "paused"
	run_rbox unpause still
	run_rbox stop -t 0 still
	run_rbox rm still
}

# The hint was of options that restart doesn't have.
@test "pause - a container that was started without a cgroup: what the hint says gives it one" {
	run_rbox run -d --name loose --network none "$IMAGE" sleep 1000
	in_unit loose 125 pause loose
	assert "$stderr" =~ "the container was started without one"
	assert "$stderr" =~ "fix: rbox restart loose "
	in_unit loose restart -t 0 loose
	in_unit loose pause loose
	run_rbox inspect --format '{{.State.Status}}' loose
	assert "$output" == "paused"
	run_rbox rm -f loose
}

# It did nothing until somebody unpaused it.
@test "SIGTERM to the monitor of a paused container ends it" {
	in_unit term run -d --name term --network none "$IMAGE" \
		sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 120 sh -c '[ "$(rbox logs term)" = ready ]'
	run_rbox pause term
	kill "$(rbox inspect --format '{{.State.ConmonPid}}' term)"
	wait_for 120 sh -c '[ "$(rbox inspect --format "{{.State.Status}} {{.State.ExitCode}}" term)" = "exited 7" ]'
	run_rbox rm term
}

# What was deeper than 32 levels, or began with a dot, stayed, and so did the container's own.
@test "cgroups that a privileged container makes, of any depth and name, go with it" {
	local dir
	in_unit deep run -d --name deep --network none --privileged "$IMAGE" sh -c \
		'cd /sys/fs/cgroup && mkdir .x .x/.y z && for i in $(seq 40); do mkdir d && cd d; done && echo made; sleep 1000'
	dir=$(cgroup_of deep)
	wait_for 120 sh -c '[ "$(rbox logs deep)" = made ]'
	assert "$(find "$dir" -mindepth 1 -type d | wc -l)" == 43
	run_rbox stop -t 0 deep
	[ ! -e "$dir" ]
	in_unit deep start deep
	run_rbox rm -f -t 0 deep
	[ ! -e "$dir" ]
}

# Its folder stayed with the link to its cgroup, and the next command took it for a killed monitor's.
@test "nothing is left of a container with --rm that ends by itself, before any other command" {
	local run monitor
	in_unit gone run -d --rm --name gone --network none -v "$TMPDIR:/x" "$IMAGE" \
		sh -c 'while [ ! -e /x/end ]; do sleep 0.1; done'
	run=$XDG_RUNTIME_DIR/rbox/$output
	monitor=$(rbox inspect --format '{{.State.ConmonPid}}' gone)
	[ -L "$run/cgroup" ]
	: >"$TMPDIR/end"
	wait_for 120 sh -c '! kill -0 "$0" 2>/dev/null' "$monitor"
	[ ! -e "$run" ] && [ ! -L "$run/cgroup" ]
}

@test "--cpus, --cpu-shares, --memory-reservation: as the kernel has them; update changes them live and for good" {
	local dir
	in_unit cpu run -d --name cpu --network none --cpus 0.5 --cpu-shares 512 --memory 64m --memory-reservation 32m \
		"$IMAGE" sleep 1000
	dir=$(cgroup_of cpu)
	assert "$(cat "$dir/cpu.max")" == "50000 100000"
	assert "$(cat "$dir/cpu.weight")" == 20
	assert "$(cat "$dir/memory.max")" == 67108864
	assert "$(cat "$dir/memory.low")" == 33554432
	run_rbox update --cpus 0.25 --memory 48m --pids-limit 77 cpu
	assert "$(cat "$dir/cpu.max")" == "25000 100000"
	assert "$(cat "$dir/memory.max")" == 50331648
	assert "$(cat "$dir/pids.max")" == 77
	assert "$(cat "$dir/cpu.weight")" == 20 "what wasn't given stays"
	run_rbox inspect --format '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' cpu
	assert "$output" == "250000000 50331648 77"
	run_rbox stop -t 0 cpu
	in_unit cpu start cpu
	dir=$(cgroup_of cpu)
	assert "$(cat "$dir/cpu.max") $(cat "$dir/memory.max")" == "25000 100000 50331648" "after its next start"
	run_rbox rm -f -t 0 cpu
}

@test "--cpus is kept: processor time is taken away" {
	local dir
	in_unit busy run -d --name busy --network none --cpus 0.1 "$IMAGE" sh -c 'while :; do :; done'
	dir=$(cgroup_of busy)
	wait_for 120 grep -q '^nr_throttled [1-9]' "$dir/cpu.stat"
	run_rbox rm -f -t 0 busy
}

@test "stats are the cgroup's" {
	in_unit stats run -d --name counted --network none --memory 64m --pids-limit 50 "$IMAGE" \
		sh -c 'sleep 1000 & sleep 1000 & wait'
	wait_for 120 grep -qx 3 "$(cgroup_of counted)/pids.current"
	run_rbox stats --no-stream --format '{{.PIDS}} {{.MemUsageBytes}}' counted
	assert "$output" =~ "^3 .* / 64MiB$"
	run_rbox rm -f -t 0 counted
}

@test "what the machine has no controller for is refused, and what would delegate it is said" {
	in_unit cpuset 125 run --rm --network none --cpuset-cpus 0 "$IMAGE" true
	assert "$stderr" =~ "--cpuset-cpus can't be applied: it needs the controller 'cpuset' of a cgroup, and what is delegated to you is: cpu io memory pids"
}

@test "beside other processes there is no cgroup to be had: a limit is refused, a plain run isn't" {
	run_rbox run --rm --network none "$IMAGE" cat /proc/self/cgroup
	run_rbox 125 run --rm --network none --memory 32m "$IMAGE" true
	assert "$stderr" =~ "--memory can't be applied: .*cmd.scope holds others as well: "
	assert "$stderr" =~ "systemd-run --user --scope -p Delegate=yes"
}

@test "in a systemd unit without Delegate=yes there is none either: systemd would take the controllers back" {
	mkdir /run/systemd/system
	in_unit plain run --rm --network none "$IMAGE" cat /sys/fs/cgroup/pids.max
	assert "$output" == "max" "no cgroup of its own was made"
	in_unit plain 125 run --rm --network none --memory 32m "$IMAGE" true
	assert "$stderr" =~ "--memory can't be applied: .*/plain is a unit's without Delegate=yes"
	assert "$stderr" =~ "put Delegate=yes into the unit"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.delegate", b"1")' "$(unit plain)"
	in_unit plain run --rm --network none --memory 32m "$IMAGE" cat /sys/fs/cgroup/memory.max
	assert "$output" == 33554432
	rmdir /run/systemd/system
}

# What systemd tells a unit's main process, so that each may move the others.
one_call() {	# FOLDER NUMBER
	echo 0 >"$1/cgroup.procs"
	: >"$TMPDIR/in.$2"
	while [ ! -e "$TMPDIR/go" ]; do sleep 0.1; done
	SYSTEMD_EXEC_PID=$BASHPID exec rbox run --rm --network none --memory 32m "$IMAGE" cat /sys/fs/cgroup/memory.max \
		>"$TMPDIR/out.$2" 2>&1 3>&-
}

@test "several calls at once in one unit" {
	local dir i
	dir=$(unit several)
	for i in 1 2 3; do one_call "$dir" $i & done
	wait_for 120 ls "$TMPDIR/in.1" "$TMPDIR/in.2" "$TMPDIR/in.3"
	: >"$TMPDIR/go"
	wait
	for i in 1 2 3; do assert "$(cat "$TMPDIR/out.$i")" == 33554432 "call $i"; done
}

@test "nothing is left of a container whose monitor was killed" {
	local dir
	in_unit lost run -d --name lost --network none --memory 32m "$IMAGE" sleep 1000
	dir=$(cgroup_of lost)
	kill -9 "$(rbox inspect --format '{{.State.ConmonPid}}' lost)"
	wait_for 120 sh -c 'rbox ps -a >/dev/null; [ ! -e "$0" ]' "$dir"
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}}' lost
	assert "$output" == "exited 137"
	run_rbox rm lost
}

@test "a restart policy: each run has the limits" {
	in_unit again 1 run --name again --network none --restart on-failure:2 --memory 32m "$IMAGE" \
		sh -c 'cat /sys/fs/cgroup/memory.max; exit 1'
	wait_for 120 sh -c '[ "$(rbox inspect --format "{{.State.Status}}" again)" = exited ]'
	run_rbox logs again
	assert "$output" == "33554432
33554432
33554432"
	run_rbox rm again
}

# It was accepted, and shown by inspect, of a container that went on without any limit.
@test "update of a container that runs without a cgroup is refused, and changes nothing" {
	run_rbox run -d --name bare --network none "$IMAGE" sleep 1000
	# From a place where there is a cgroup to be had.
	in_unit bare 125 update --memory 64m bare
	assert "$stderr" =~ "cannot update container .*: it runs without a cgroup of its own"
	assert "$stderr" =~ "its next start makes one"
	run_rbox inspect --format '{{.HostConfig.Memory}}' bare
	assert "$output" == 0
	run_rbox rm -f -t 0 bare
}

# It ran outside of the limits.
@test "exec from where a container's cgroup can't be seen is refused, since it has limits" {
	local uid
	uid=$(id -u)
	in_unit unseen run -d --name unseen --network none --memory 32m "$IMAGE" sleep 1000
	# shellcheck disable=SC2016,SC2086
	run_cmd unshare -Urm sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec unshare -U --map-user="$0" "$@"' "$uid" \
		$RBOX exec unseen true
	check_status 125
	assert "$stderr" =~ "from here no process can be put into its cgroup, /.*/unseen/rbox-.*, whose limits it would not have"
	run_rbox rm -f -t 0 unseen
}

@test "--cgroup-conf with no value, or of what is no limit, is refused" {
	in_unit conf 125 run -d --network none --cgroup-conf cgroup.freeze=1 "$IMAGE" true
	assert "$stderr" =~ "invalid --cgroup-conf 'cgroup.freeze=1': the files cgroup\.\* are no limits"
	in_unit conf 125 run -d --network none --cgroup-conf memory.max= "$IMAGE" true
	assert "$stderr" =~ "invalid --cgroup-conf 'memory.max=': it has no value"
	run_rbox ps -aq
	assert "$output" == ""
}

# The machine has no io.weight: the error names what would be written.
@test "--blkio-weight-device is converted as --blkio-weight is" {
	[ -b /dev/ubda ]
	in_unit weight 125 run --rm --network none --blkio-weight-device /dev/ubda:1000 "$IMAGE" true
	assert "$stderr" =~ "io.weight=98:0 10000 can't be set"
}

# The old limit stayed where it was, and what inspect said was no more true.
@test "update takes a limit away" {
	local dir
	in_unit away run -d --name away --network none --cpus 0.5 --cpu-shares 512 --memory 64m --memory-reservation 32m \
		--device-read-bps /dev/ubda:1mb --device-write-bps /dev/ubda:1mb "$IMAGE" sleep 1000
	dir=$(cgroup_of away)
	assert "$(cat "$dir/io.max")" == "98:0 rbps=1048576 wbps=1048576 riops=max wiops=max"
	run_rbox update --memory 0 --memory-reservation 0 --cpus 0 --cpu-shares 0 --device-read-bps /dev/ubda:2mb away
	assert "$(cat "$dir/memory.max") $(cat "$dir/memory.low")" == "max 0"
	assert "$(cat "$dir/cpu.max") $(cat "$dir/cpu.weight")" == "max 100000 100"
	assert "$(cat "$dir/io.max")" == "98:0 rbps=2097152 wbps=1048576 riops=max wiops=max"
	run_rbox rm -f -t 0 away
}

# What had been written before the failure stayed written.
@test "update that fails changes nothing: the machine has no cpuset" {
	local dir
	in_unit half run -d --name half --network none --memory 64m "$IMAGE" sleep 1000
	dir=$(cgroup_of half)
	run_rbox 125 update --memory 48m --cpus 0.25 --cpuset-cpus 0 half
	assert "$stderr" =~ "cpuset.cpus=0 can't be set"
	assert "$(cat "$dir/memory.max")" == 67108864
	assert "$(cat "$dir/cpu.max")" == "max 100000" "it had no limit"
	run_rbox inspect --format '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}' half
	assert "$output" == "67108864 0"
	run_rbox rm -f -t 0 half
}

@test "who locks a cgroup's folder, which any user may, holds up no start" {
	local fd
	exec {fd}<"$(unit locked)"
	flock "$fd"
	in_unit locked run --rm --network none --memory 32m "$IMAGE" cat /sys/fs/cgroup/memory.max
	assert "$output" == 33554432
	exec {fd}<&-
}

# Each call of a program that belongs to its user runs from a copy in memory: the file isn't the same one.
@test "rbox knows itself: a monitor in the way, of another copy of the program, is moved" {
	local dir program
	dir=$(unit copies)
	program=$(command -v rbox)
	mkdir "$TMPDIR/copy"
	cp "$program" "$TMPDIR/copy/rbox"
	ln -s "$(readlink -f "$program")-image" "$TMPDIR/copy/rbox-image"
	RBOX=$TMPDIR/copy/rbox in_unit copies run -d --name older --network none --cgroups disabled "$IMAGE" sleep 1000
	assert "$(cat "$dir/cgroup.procs")" != "" "the monitor is in the unit's own cgroup"
	RBOX=$TMPDIR/copy/rbox in_unit copies run --rm --network none --memory 32m "$IMAGE" cat /sys/fs/cgroup/memory.max
	assert "$output" == 33554432
	assert "$(cat "$dir/cgroup.procs")" == "" "all were moved"
	run_rbox rm -f -t 0 older
	rm -r "$TMPDIR/copy"
}

# A threaded cgroup's processes can't be read (cgroups(7)): that isn't to say that there are none.
@test "where the processes of a cgroup can't be read, a limit is refused and it is said" {
	local dir
	dir=$(unit threaded)
	mkdir "$dir/sub"
	echo threaded >"$dir/sub/cgroup.type"
	# shellcheck disable=SC2086,SC2016
	run_cmd sh -c 'echo $$ >"$0/cgroup.procs"; echo $$ >"$0/sub/cgroup.procs"; exec "$@"' "$dir" \
		$RBOX run --rm --network none --memory 32m "$IMAGE" true </dev/null
	check_status 125
	assert "$stderr" =~ "--memory can't be applied: .*cannot read the processes of .*/threaded/sub: Operation not supported"
	rmdir "$dir/sub"
}
