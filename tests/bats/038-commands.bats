#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 038-commands: the commands of a container's life besides those of 033: restart, rename, pause, update, top,
# stats, init, container prune and cleanup; what each prints, its exit status, what is left.

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

# Runs until it is killed; no time to stop is wasted on it.
sleeper() {	# NAME [FLAG...]
	local name=$1
	shift
	run_rbox run -d --name "$name" --network none --stop-timeout 0 "$@" "$IMAGE" sleep 1000
}

state() {	# NAME WORD
	run_rbox inspect --format '{{.State.Status}}' "$1"
	assert "$output" == "$2" "the state of $1"
}

is_state() {
	# shellcheck disable=SC2086
	[ "$($RBOX inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}

id_of() {
	run_rbox inspect --format '{{.Id}}' "$1"
	id=$output
}

pid_of() {
	run_rbox inspect --format '{{.State.Pid}}' "$1"
	pid=$output
}

@test "restart - another process, the same container; one that doesn't run is started" {
	local id pid first
	sleeper k1 -e FROM=run
	run_rbox exec k1 sh -c 'echo kept >/file'
	id_of k1; pid_of k1; first=$pid
	run_rbox restart k1
	assert "$output" == k1 "the name as typed"
	pid_of k1
	assert "$pid" != "$first" "a new process"
	run_rbox exec k1 sh -c 'cat /file; echo $FROM'
	assert "$output" == $'kept\nrun'
	run_rbox restart "${id:0:12}"
	assert "$output" == "${id:0:12}"
	run_rbox create --name k2 --network none --stop-timeout 0 "$IMAGE" sleep 1000
	run_rbox restart -t 0 k2
	state k2 running
	run_rbox stop k2
	run_rbox restart k2
	state k2 running
	run_rbox rm -f k1 k2
}

@test "restart - --running, -a, -l, --filter, --cidfile" {
	local ids pid first
	sleeper k1 --label x=1
	ids=$output
	run_rbox create --name k2 --network none --stop-timeout 0 --cidfile "$TMPDIR/cid" "$IMAGE" sleep 1000
	ids+=$'\n'$output
	pid_of k1; first=$pid
	run_rbox restart --running
	assert "$output" == "$(head -1 <<<"$ids")" "only what runs, by its whole id"
	state k2 created
	pid_of k1
	assert "$pid" != "$first"
	run_rbox restart --cidfile "$TMPDIR/cid"
	assert "$output" == "$(tail -1 <<<"$ids")"
	state k2 running
	run_rbox restart -l
	assert "$output" == "$(tail -1 <<<"$ids")" "the newest"
	run_rbox restart --filter label=x=1
	assert "$output" == "$(head -1 <<<"$ids")"
	run_rbox restart -a
	assert "$(sort <<<"$output")" == "$(sort <<<"$ids")"
	run_rbox 125 restart
	assert "$stderr" =~ '^Error: you must provide at least one name or id'
	run_rbox 125 restart k1 no-such
	assert "$output" == "" "nothing is done when one is missing"
	assert "$stderr" == 'Error: no container with name or ID "no-such" found: no such container'
	run_rbox rm -f k1 k2
}

@test "restart - a container with --rm is kept, and removed at its own end" {
	sleeper k1 --rm
	run_rbox restart k1
	state k1 running
	run_rbox stop k1
	run_rbox 1 container exists k1
	run_rbox ps -aq
	assert "$output" == ""
}

@test "restart - killed on its way, --rm holds: before the end, and between the two runs" {
	local at pid
	no_containers() { [ -z "$(rbox ps -aq </dev/null)" ]; }
	asked() { rbox logs k1 </dev/null | grep -q asked; }
	for at in before between; do
		run_rbox run -d --rm --name k1 --network none "$IMAGE" \
			sh -c 'trap "echo asked" TERM; while [ ! -e /end ]; do sleep 0.1; done'
		# shellcheck disable=SC2086
		setsid $RBOX restart -t 1000 k1 >/dev/null 2>&1 </dev/null 3>&- &
		pid=$!
		wait_for 30 asked
		[ "$at" = between ] || kill -9 "$pid"
		[ "$at" = before ] || kill -STOP "$pid"
		run_rbox exec k1 touch /end
		if [ "$at" = between ]; then
			wait_for 30 is_state k1 exited
			run_rbox ps -aq
			assert "$output" != "" "kept for as long as somebody restarts it"
			kill -9 "$pid"
		fi
		wait "$pid" || true
		wait_for 30 no_containers
	done
}

@test "rename - found by the new name alone, in any state" {
	local id
	sleeper k1
	id_of k1
	run_rbox create --name k2 "$IMAGE" true
	run_rbox rename k1 n1
	assert "$output$stderr" == ""
	run_rbox ps --format '{{.ID}} {{.Names}}'
	assert "$output" == "${id:0:12} n1"
	run_rbox inspect --format '{{.Name}}' n1
	assert "$output" == n1
	run_rbox exec n1 true
	run_rbox 1 container exists k1
	run_rbox rename k2 k1
	run_rbox ps -a --filter name='^k1$' --format '{{.Names}}'
	assert "$output" == k1 "the old name is free"
	run_rbox rename "${id:0:12}" n2
	run_rbox rename n2 n2
	run_rbox stop n2
	run_rbox rename n2 n3
	run_rbox start n3
	state n3 running
	run_rbox rm -f n3 k1
	run_sh 'ls -A "$XDG_DATA_HOME/rbox/names"'
	assert "$output" == "" "no name is left"
}

@test "rename - what is refused leaves all as it was" {
	local id
	run_rbox create --name k1 "$IMAGE" true
	id=$output
	run_rbox create --name k2 "$IMAGE" true
	run_rbox 125 rename k1 k2
	assert "$stderr" == "Error: renaming container $id: name k2 already in use, cannot rename container $id: container already exists"
	run_rbox 125 rename k1 'a b'
	assert "$stderr" =~ 'names must match'
	run_rbox 125 rename k1 ../x
	run_rbox 125 rename k1 ''
	run_rbox 125 rename k1
	run_rbox 125 rename
	run_rbox 125 rename no-such x
	assert "$stderr" =~ 'no container with name or ID "no-such"'
	run_rbox ps -a --format '{{.Names}}'
	assert "$(sort <<<"$output" | paste -sd ' ')" == "k1 k2"
	run_rbox rm k1 k2
}

@test "rename - of a container with --rm that runs: gone at its end, and its names too" {
	sleeper k1 --rm
	run_rbox rename k1 n1
	run_rbox stop n1
	run_rbox 1 container exists n1
	run_rbox create --name n1 "$IMAGE" true
	run_rbox create --name k1 "$IMAGE" true
	run_rbox rm n1 k1
}

@test "pause, unpause - the state first; without a cgroup what is missing" {
	local id
	sleeper k1
	id_of k1
	run_rbox create --name k2 "$IMAGE" true
	run_rbox 125 pause k1
	assert "$stderr" =~ "^Error: cannot pause container $id: it needs the freezer of a cgroup"
	assert "$stderr" =~ '  fix: '
	run_rbox 125 container pause --all
	assert "$stderr" =~ "container $id"
	run_rbox 125 pause k2
	assert "$stderr" == 'Error: "created" is not running, can'"'"'t pause: container state improper'
	run_rbox 125 unpause k1
	assert "$stderr" == "Error: \"$id\" is not paused, can't unpause: container state improper"
	run_rbox unpause -a
	assert "$output$stderr" == "" "none is paused"
	run_rbox 125 pause
	run_rbox 125 unpause no-such
	state k1 running
	run_rbox rm -f k1 k2
}

@test "update - nothing to change is no failure; limits say what they lack" {
	local id
	run_rbox create --name k1 "$IMAGE" true
	id=$output
	run_rbox update k1
	assert "$output" == "$id"
	run_rbox 125 update --memory 64m k1
	assert "$stderr" =~ '^Error: --memory .*memory.* cgroup'
	# once taken without a word, and without effect
	run_rbox 125 update --cgroup-parent /x k1
	assert "$stderr" == "Error: --cgroup-parent can't be changed: it is given when a container is made"
	run_rbox 125 update --memory much k1
	run_rbox 125 update no-such
	run_rbox 125 update
	run_rbox rm k1
}

@test "init - all of it is there but its command, which start runs" {
	local id
	run_rbox create --name k1 --network none "$IMAGE" sh -c 'echo said; exit 5'
	id=$output
	run_rbox init k1
	assert "$output" == k1 "the name as typed"
	state k1 initialized
	run_rbox inspect --format '{{.State.Running}} {{.State.StartedAt}}' k1
	assert "$output" =~ '^false 0001-01-01'
	pid_of k1
	kill -0 "$pid"
	run_rbox ps -a --format '{{.Names}} {{.Status}}' --filter status=initialized
	assert "$output" == "k1 Initialized"
	run_rbox ps -q
	assert "$output" == "" "it doesn't run"
	run_rbox wait --condition initialized k1
	run_rbox logs k1
	assert "$output" == ""
	run_rbox start k1
	assert "$output" == k1
	run_rbox wait k1
	assert "$output" == 5
	run_rbox logs k1
	assert "$output" == said
	# And once more, from "exited", with the output and the status here.
	run_rbox init k1
	state k1 initialized
	run_rbox 5 start -a k1
	assert "$output" == said
	state k1 exited
	run_rbox events --stream=false --filter "container=$id" --format '{{.Status}}'
	assert "$(grep -cx init <<<"$output") $(grep -cx start <<<"$output")" == "2 2"
	run_rbox rm k1
}

@test "init - stdin of start -ai, files and network before the start" {
	run_rbox create -i --name k1 -v /data "$IMAGE" sh -c 'cat - /data/file'
	run_rbox init k1
	echo inside >"$TMPDIR/file"
	run_rbox cp "$TMPDIR/file" k1:/data/file
	run_rbox_in typed start -ai k1
	assert "$output" == $'typed\ninside'
	run_rbox rm -v k1
}

@test "init - what needs a running one is refused as podman does" {
	local id
	run_rbox create --name k1 --network none "$IMAGE" sleep 1000
	id=$output
	run_rbox init k1
	run_rbox 125 init k1
	assert "$stderr" == "Error: container $id has already been created in runtime: container state improper"
	run_rbox 255 exec k1 true
	assert "${stderr%%$'\n'*}" == \
		"Error: can only create exec sessions on running containers: container state improper"
	run_rbox 125 kill k1
	assert "$stderr" == \
		"Error: can only kill running containers. $id is in state initialized: container state improper"
	run_rbox 125 attach k1
	assert "$stderr" =~ "you can only attach to running containers"
	run_rbox 125 pause k1
	run_rbox init --all
	assert "$output" == "" "nothing is left to be prepared"
	state k1 initialized
	run_rbox why k1
	assert "${lines[0]}" == "k1: it is prepared, and its command waits for the start"
	run_rbox stop k1
	assert "$output" == k1
	state k1 exited
	run_rbox init --all
	assert "$output" == "$id"
	run_rbox restart -t 0 k1
	state k1 running
	run_rbox 125 init k1
	assert "$stderr" == "Error: container $id has already been created in runtime: container state improper"
	run_rbox rm -f -t 0 k1
}

@test "init - a command that isn't there; rm and rm -f; --rm; the monitor's loss" {
	run_rbox create --name k1 --network none "$IMAGE" no-such
	run_rbox init k1
	run_rbox 127 start -a k1
	assert "$stderr" =~ "no-such"
	state k1 created
	run_rbox init k1
	run_rbox 125 start k1
	assert "$stderr" =~ "unable to start container"
	run_rbox init k1
	run_rbox rm k1
	run_rbox create --rm --name k2 --network none "$IMAGE" sh -c 'exit 3'
	run_rbox init k2
	run_rbox 3 start -a k2
	run_rbox 1 container exists k2
	run_rbox create --rm --name k3 --network none "$IMAGE" sleep 1000
	run_rbox init k3
	run_rbox rm -f k3
	run_rbox create --restart always --name k4 --network none "$IMAGE" sleep 1000
	run_rbox init k4
	pid_of k4
	run_rbox inspect --format '{{.State.ConmonPid}}' k4
	kill -9 "$output"
	wait_for 10 is_state k4 created
	wait_for 10 sh -c "! kill -0 $pid"
	run_rbox start k4
	state k4 running
	run_rbox rm -f -t 0 k4
}

@test "init - --bind-to ends it, too" {
	sleep 1000 3>&- >/dev/null 2>&1 &
	local holder=$!
	run_rbox create --name k1 --network none --bind-to="pid:$holder" --restart always "$IMAGE" sleep 1000
	run_rbox init k1
	state k1 initialized
	kill -9 "$holder"
	wait "$holder" || true
	wait_for 10 is_state k1 exited
	run_rbox inspect --format '{{.State.Error}}' k1
	assert "$output" == "killed: the process it was bound to (--bind-to) has ended"
	run_rbox rm k1
}

@test "top - podman's columns by default, and each that is asked for" {
	local pid
	run_rbox run -d --name k1 --network none --stop-timeout 0 "$IMAGE" sh -c 'sleep 1000 & exec sleep 1001'
	wait_for 10 sh -c "$RBOX top k1 args | grep -qx 'sleep 1000'"
	wait_for 10 sh -c "$RBOX top k1 args | grep -qx 'sleep 1001'"
	run_rbox top k1
	assert "${lines[0]}" =~ '^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND$'
	assert "${lines[1]}" =~ '^root +1 +0 +[0-9.]+ +[0-9].*s +\? +[0-9].* +sleep 1001$'
	assert "${lines[2]}" =~ '^root +[0-9]+ +1 +.* sleep 1000$'
	assert "${#lines[@]}" -eq 3
	run_rbox top k1 pid,ppid args
	assert "${lines[0]}" =~ '^PID +PPID +COMMAND$'
	assert "${lines[1]}" == "1           0           sleep 1001"
	run_rbox top k1 %p comm state seccomp nice huser %U
	assert "${lines[0]}" =~ '^PID +COMMAND +STATE +SECCOMP +NI +HUSER +USER$'
	assert "${lines[1]}" =~ "^1 +sleep +[SRD] +filter +$(nice) +$(id -u) +root\$"
	pid_of k1
	run_rbox top k1 hpid hgroup group rgroup ruser
	assert "${lines[1]}" =~ "^$pid +$(id -g) +root +root +root\$"
	run_rbox top k1 capeff capinh capamb
	assert "${lines[1]}" =~ '^CHOWN,DAC_OVERRIDE,FOWNER,FSETID,KILL,NET_BIND_SERVICE,SETFCAP,SETGID,SETPCAP,SETUID,SYS_CHROOT +none +none$'
	run_rbox top k1 args capbnd capprm etime groups hgroups label pcpu pgid rss stime time tty vsz
	assert "${#lines[@]}" -eq 3
	run_rbox top -l pid
	assert "${lines[1]}" == 1
	run_rbox rm -f k1
}

@test "top - users by the container's own passwd, exec'd processes have no parent" {
	run_rbox run -d --name k1 --network none --stop-timeout 0 -u user "$IMAGE" sleep 1000
	run_rbox exec -d -u 77:78 k1 sleep 1001
	wait_for 10 sh -c "$RBOX top k1 args | grep -qx 'sleep 1001'"
	run_rbox top k1 user group ppid args
	assert "${lines[1]}" =~ '^user +[a-z0-9]+ +0 +sleep 1000$'
	assert "${lines[2]}" =~ '^77 +78 +0 +sleep 1001$'
	run_rbox rm -f k1
}

@test "top - other words go to the container's own ps" {
	run_rbox run -d --name k1 --network none --stop-timeout 0 "$IMAGE" sleep 1000
	run_rbox top k1 -o pid,args
	assert "${lines[0]}" =~ '^PID +COMMAND$'
	assert "$output" =~ '1 sleep 1000'
	assert "$output" !~ 'ps -o' "not the one that looks"
	run_rbox top k1 -- aux
	assert "$output" =~ '1 root +sleep 1000'
	run_rbox exec k1 rm -f /bin/ps
	run_rbox 125 top k1 aux
	assert "$stderr" =~ "^Error: 'aux' is for ps, and the container has no ps"
	assert "$stderr" =~ ' pid ppid '
	run_rbox top k1 pid args
	assert "${lines[1]}" =~ '^1 +sleep 1000$' "which needs none"
	run_rbox rm -f k1
}

@test "top - only what runs; processes that come and go don't disturb it" {
	run_rbox 125 top
	assert "$stderr" == "Error: you must provide the name or id of a running container"
	run_rbox 125 top no-such
	assert "$stderr" =~ '^Error: unable to look up requested container: no container with name or ID "no-such"'
	run_rbox create --name k1 "$IMAGE" true
	run_rbox 125 top k1
	assert "$stderr" == "Error: top can only be used on running containers"
	run_rbox run -d --name k2 --network none --stop-timeout 0 "$IMAGE" sh -c 'while :; do for i in 1 2 3 4; do : & done; true | true; done'
	for _ in 1 2 3 4 5 6 7 8; do
		run_rbox top k2 pid ppid args
		assert "${lines[1]}" =~ '^1 +0 +sh -c'
	done
	run_rbox rm -f k1 k2
}

@test "stats - a table, json, templates; --all and --no-stream" {
	local id
	sleeper k1
	id_of k1
	run_rbox create --name k2 "$IMAGE" true
	run_rbox stats --no-stream
	assert "${lines[0]}" =~ '^ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET IO +BLOCK IO +PIDS +CPU TIME +AVG CPU %$'
	assert "${lines[1]}" =~ "^${id:0:12} +k1 +[0-9.]+% +[0-9.]+[kM]?B / [0-9.]+[MGT]B +[0-9.]+% +0B / 0B +.* 1 +"
	assert "${#lines[@]}" -eq 2 "what doesn't run isn't there"
	run_rbox stats --no-stream --all --format '{{.Name}} {{.PIDS}}'
	assert "$(sort <<<"$output")" == $'k1 1\nk2 --'
	run_rbox stats --no-stream --format json k1
	assert "$(jq -r '.[0] | .id, .name, .pids, .net_io' <<<"$output" | paste -sd ' ')" == "${id:0:12} k1 1 0B / 0B"
	assert "$(jq -r '.[0] | keys | join(" ")' <<<"$output")" == \
		"avg_cpu block_io cpu_percent cpu_time id mem_percent mem_usage name net_io pids"
	run_rbox stats --no-stream --no-trunc --format '{{.ID}} {{.ContainerID}}' k1
	assert "$output" == "$id $id"
	run_rbox 125 stats --no-stream no-such
	run_rbox 125 stats --interval 0
	run_rbox 125 stats --no-stream --format '{{.Nothing}}' k1
	run_rbox rm -f k1 k2
}

@test "stats - looks again, and ends when nobody reads any more" {
	sleeper k1
	run_sh '$RBOX stats -i 1 --format "{{.Name}}" | head -2'
	assert "$output" == $'k1\nk1'
	run_rbox rm -f k1
}

@test "container prune - asks, --force doesn't; what runs stays; filters" {
	sleeper k1
	run_rbox create --name k2 --label a=1 "$IMAGE" true
	run_rbox run --name k3 --network none "$IMAGE" true
	run_rbox_in n container prune
	assert "$output" == $'WARNING! This will remove all non running containers.\nAre you sure you want to continue? [y/N] '
	run_rbox 125 container prune
	assert "$stderr" =~ '^Error: .*EOF'
	run_rbox 125 container prune -f --filter status=exited
	assert "$stderr" =~ '^Error: status is an invalid filter'
	run_rbox container prune -f --filter until=1h
	assert "$output" == ""
	run_rbox container prune --force --filter label!=a
	run_rbox 1 container exists k3
	run_rbox container exists k2
	run_rbox_in y container prune
	assert "${lines[1]}" =~ '\[y/N\] [0-9a-f]{64}$'
	run_rbox ps -a --format '{{.Names}}'
	assert "$output" == k1
	run_rbox rm -f k1
}

@test "container prune - what others depend on goes after them, or stays with them" {
	run_rbox create --name k1 "$IMAGE" true
	run_rbox create --name k2 --requires k1 "$IMAGE" true
	run_rbox create --name k3 --requires k2 "$IMAGE" true
	run_rbox container prune -f
	assert "${#lines[@]}" -eq 3
	run_rbox create --name k1 --label x=1 "$IMAGE" true
	run_rbox create --name k2 --requires k1 "$IMAGE" true
	run_rbox 125 container prune -f --filter label=x
	assert "$stderr" =~ 'has dependent containers which must be removed before it'
	run_rbox rm k2 k1
}

@test "container cleanup - nothing to do, --rm, --rmi; not what runs" {
	local id
	sleeper k1
	id_of k1
	run_rbox 125 container cleanup k1
	assert "$stderr" == "Error: failed to clean up container $id: container $id is running or paused, refusing to clean up: container state improper"
	run_rbox stop k1
	run_rbox container cleanup k1
	assert "$output" == k1
	run_rbox container cleanup --rm k1
	run_rbox 1 container exists k1
	run_rbox 125 container cleanup
	run_rbox 125 container cleanup no-such
	load_image multi
	run_rbox create --name k2 localhost/multi true
	run_rbox container cleanup --rmi k2
	run_rbox 1 image exists localhost/multi
}

@test "events - restart, rename and cleanup are told" {
	run_rbox create --name k1 --network none --stop-timeout 0 "$IMAGE" sleep 1000
	run_rbox restart k1
	run_rbox rename k1 n1
	run_rbox stop n1
	run_rbox container cleanup n1
	run_rbox rm n1
	run_rbox events --stream=false --format '{{.Status}} {{.Name}}' --filter container=n1
	assert "$output" =~ 'rename n1'
	assert "$output" =~ 'cleanup n1'
	run_rbox events --stream=false --format '{{.Status}} {{.Name}}' --filter event=restart
	assert "$output" =~ 'restart k1'
}

@test "names of commands - nouns, other names, what is meant by a wrong one" {
	sleeper k1
	run_rbox container restart k1
	run_rbox container rename k1 n1
	run_rbox container top n1 pid
	run_rbox container stats --no-stream n1
	run_rbox container exists --external n1
	run_rbox container ls --notruncate -q
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox container list -q
	run_rbox stop --timeout 0 n1
	run_rbox start n1
	run_rbox container remove -f --timeout 0 n1
	assert "$output" == n1
	run_rbox 125 container
	assert "$stderr" == "Error: missing command 'rbox container COMMAND'"
	assert "$output" =~ 'restart +Stop and start containers'
	run_rbox 125 container restrat
	assert "$stderr" =~ 'did you mean `rbox container restart`'
}
