#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 052-restart: restart policies, who may end them, and what a reboot leaves.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

runs_gt() {	# CONTAINER N: it was restarted more than N times
	[ "$(field "$1" .RestartCount)" -gt "$2" ]
}

events_of() {	# CONTAINER: the words, one a line
	rbox events --since 10m --until 0s --filter container="$1" --format '{{.Status}}' </dev/null
}

# As after a reboot: the processes are gone without a word, and the record is of another boot.
fake_reboot() {	# CONTAINER...
	local c dir
	for c in "$@"; do
		dir=$XDG_DATA_HOME/rbox/containers/$(field "$c" .Id)
		kill -9 "$(field "$c" .State.ConmonPid)"
		wait_for 10 has "$c" .State.Running false
		sed -i 's/"boot_id":"[^"]*"/"boot_id":"00000000-0000-4000-8000-000000000000"/' "$dir/state.json"
	done
}

@test "restart - what is refused, in podman's words" {
	local row
	while IFS='|' read -r row text; do
		# shellcheck disable=SC2086
		run_rbox 125 create $row "$IMAGE" true
		assert "${stderr%%$'\n'*}" == "Error: $text" "$row"
	done <<-'EOF'
		--restart=foo|"foo" is not a valid restart policy: invalid argument
		--restart=Always|"Always" is not a valid restart policy: invalid argument
		--restart=always:3|restart policy retries can only be specified with on-failure restart policy
		--restart=on-failure:1:2|invalid restart policy: may specify retries at most once
		--restart=on-failure:-1|must specify restart policy retry count as a number greater than 0
		--restart=on-failure:x|parsing restart policy retry count: "x" is not a number
		--rm --restart=always|the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"
		--rm --restart=unless-stopped|the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"
		--timeout=-1|invalid --timeout -1: seconds are wanted
	EOF
	run_rbox ps -aq
	assert "$output" == "" "nothing is left of what was refused"
}

@test "restart - on-failure:N runs N times more; the client gets the first end, the log has all" {
	local name
	name=$(safename)
	run_rbox 3 run --network none --name "$name" --restart=on-failure:2 "$IMAGE" sh -c 'echo run; exit 3'
	assert "$output" == "run"
	# logs -f goes on over the restarts, to the last end
	run_rbox logs -f "$name"
	assert "$output" == "run
run
run"
	wait_for 20 has "$name" .State.Status exited
	run_rbox inspect --format '{{.RestartCount}} {{.State.ExitCode}} {{.State.StoppedByUser}} {{.State.Restarting}}' "$name"
	assert "$output" == "2 3 false false"
	run_rbox inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' "$name"
	assert "$output" == "on-failure 2"
	assert "$(events_of "$name" | grep -c restart)" -eq 2
	assert "$(events_of "$name" | grep -c died)" -eq 3
	run_rbox rm "$name"
}

@test "restart - on-failure leaves one alone that ends well; no is no" {
	local name
	name=$(safename)
	run_rbox run --network none --name "$name" --restart=on-failure "$IMAGE" true
	wait_for 20 has "$name" .State.Status exited
	assert "$(field "$name" .RestartCount)" -eq 0
	run_rbox rm "$name"
	run_rbox 1 run --network none --name "$name" --restart=no "$IMAGE" false
	wait_for 20 has "$name" .State.Status exited
	assert "$(field "$name" .RestartCount)" -eq 0
	run_rbox rm "$name"
}

@test "restart - always; a start by hand counts anew; between two runs it is 'restarting'" {
	local name
	name=$(safename)
	run_rbox run -d --network none --name "$name" --restart=always "$IMAGE" true
	wait_for 20 runs_gt "$name" 1
	# the pauses are longer than the runs by now
	wait_for 20 has "$name" .State.Status restarting
	run_rbox ps --format '{{.Names}} {{.Status}}'
	assert "$output" =~ "$name (Restarting \(0\)|Up) "
	run_rbox stop "$name"
	run_rbox inspect --format '{{.State.Status}} {{.State.StoppedByUser}}' "$name"
	assert "$output" == "exited true"
	run_rbox start "$name"
	run_rbox stop "$name"
	assert "$(field "$name" .RestartCount)" -lt 3
	run_rbox rm "$name"
}

@test "restart - stop, kill, rm and wait act at once on one that waits for its next run" {
	local name verb
	for verb in stop kill "rm -f"; do
		name=$(safename)
		run_rbox run -d --network none --name "$name" --restart=always "$IMAGE" false
		# pauses of 0.4 seconds and more: it is nearly always between two runs
		wait_for 20 runs_gt "$name" 1
		wait_for 20 has "$name" .State.Status restarting
		run_rbox wait "$name"
		assert "$output" == 1
		run_rbox 2 rm "$name"
		# shellcheck disable=SC2086
		run_rbox $verb "$name"
		if [ "$verb" != "rm -f" ]; then
			run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.StoppedByUser}}' "$name"
			assert "$output" == "exited 1 true" "$verb"
			run_rbox rm "$name"
		fi
	done
}

@test "restart - stop and kill of one that runs are the end of it, other signals are not" {
	local name verb
	for verb in "stop" "kill"; do
		name=$(safename)
		run_rbox run -d --network none --name "$name" --restart=always "$IMAGE" sh -c \
			'trap "exit 7" TERM; trap : HUP; while :; do sleep 0.1; done'
		run_rbox kill -s HUP "$name"
		# shellcheck disable=SC2086
		run_rbox $verb "$name"
		wait_for 20 has "$name" .State.Status exited
		run_rbox inspect --format '{{.RestartCount}} {{.State.StoppedByUser}}' "$name"
		assert "$output" == "0 true" "$verb"
		run_rbox rm "$name"
	done
}

@test "restart - SIGTERM to the monitor ends it in order, and is no stop by the user" {
	local name
	name=$(safename)
	run_rbox run -d --network none --name "$name" --restart=always "$IMAGE" sh -c \
		'trap "exit 7" TERM; while :; do sleep 0.1; done'
	kill "$(field "$name" .State.ConmonPid)"
	wait_for 20 has "$name" .State.Status exited
	run_rbox inspect --format '{{.State.ExitCode}} {{.RestartCount}} {{.State.StoppedByUser}}' "$name"
	assert "$output" == "7 0 false"
	run_rbox rm "$name"
}

@test "restart - what it wrote is there in the next run; its pid file is of the next run" {
	local name
	name=$(safename)
	run_rbox run -d --network none --name "$name" --restart=always --pidfile "$TMPDIR/pid" \
		--conmon-pidfile "$TMPDIR/monitor" "$IMAGE" sh -c \
		'echo x >>/runs; [ "$(wc -l </runs)" -lt 3 ] || while :; do sleep 0.1; done'
	wait_for 20 rbox exec "$name" grep -c x /runs
	wait_for 20 has "$name" .RestartCount 2
	wait_for 20 has "$name" .State.Status running
	assert "$(cat "$TMPDIR/pid")" == "$(field "$name" .State.Pid)"
	assert "$(cat "$TMPDIR/monitor")" == "$(field "$name" .State.ConmonPid)"
	run_rbox inspect --format '{{.ConmonPidFile}}' "$name"
	assert "$output" == "$TMPDIR/monitor"
	run_rbox exec "$name" cat /runs
	assert "${#lines[@]}" -eq 3
	run_rbox rm -f -t0 "$name"
	rm -f "$TMPDIR/pid" "$TMPDIR/monitor"
}

@test "restart - with --init, a network, a terminal and stdin" {
	local name
	name=$(safename)
	run_rbox run -d -i -t --init --name "$name" --restart=on-failure:1 "$IMAGE" sh -c \
		'tty; ip addr show tap0 | grep -c "inet 10"; exit 4'
	wait_for 30 has "$name" .State.Status exited
	run_rbox inspect --format '{{.RestartCount}} {{.State.ExitCode}}' "$name"
	assert "$output" == "1 4"
	run_rbox logs "$name"
	assert "$(tr -d '\r' <<<"$output" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" == " 2 /dev/pts/0; 2 1;"
	run_rbox rm "$name"
}

@test "restart - --rm with on-failure: gone after the last run, with all else killed too" {
	local name id
	name=$(safename)
	run_rbox 3 run --rm --network none --name "$name" --restart=on-failure:1 "$IMAGE" sh -c 'exit 3'
	gone() { ! rbox container exists "$1"; }
	wait_for 20 gone "$name"
	run_rbox run -d --rm --network none --name "$name" --restart=on-failure "$IMAGE" false
	wait_for 20 runs_gt "$name" 2
	id=$(field "$name" .Id)
	kill -9 "$(field "$name" .State.ConmonPid)"
	wait_for 20 gone "$id"
}

@test "restart - a run that can't be started is tried again and says why" {
	local name
	name=$(safename)
	run_rbox run -d --network none --name "$name" --restart=always "$IMAGE" sh -c 'mv /bin/sh /bin/was-sh; exit 5'
	says_why() { field "$name" .State.Error | grep -q 'executable file `sh` not found'; }
	wait_for 20 says_why
	wait_for 20 has "$name" .State.ExitCode 127
	run_rbox stop "$name"
	run_rbox rm "$name"
}

@test "timeout - a run that takes too long is killed: 255, as podman says" {
	local name
	name=$(safename)
	run_rbox 255 run --network none --name "$name" --timeout 1 "$IMAGE" sleep 60
	run_rbox inspect --format '{{.State.ExitCode}} {{.Config.Timeout}} {{.State.Error}}' "$name"
	assert "$output" == "255 1 killed: its time (--timeout) was over"
	run_rbox why "$name"
	assert "${lines[0]}" == "$name: its monitor ended it: killed: its time (--timeout) was over"
	run_rbox rm "$name"
	run_rbox run --rm --network none --timeout 60 "$IMAGE" true
}

@test "reboot - states heal, names and logs stay, policies act by start --all --filter" {
	local n
	n=$(safename)
	for policy in no always unless-stopped; do
		run_rbox run -d --network none --name "$n-$policy" --restart="$policy" "$IMAGE" sh -c \
			'echo up; while :; do sleep 0.1; done'
		wait_for 20 rbox logs "$n-$policy"
	done
	run_rbox run -d --network none --name "$n-stopped" --restart=unless-stopped "$IMAGE" sleep 1000
	run_rbox run -d --network none --name "$n-stopped-always" --restart=always "$IMAGE" sleep 1000
	run_rbox stop -t0 "$n-stopped" "$n-stopped-always"
	fake_reboot "$n-no" "$n-always" "$n-unless-stopped"
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' "$n-always"
	assert "$output" == "exited 255 host reboot"
	run_rbox logs "$n-always"
	assert "$output" == "up"
	run_rbox ps -a --filter should-start-on-boot=true --format '{{.Names}}'
	assert "$(sort <<<"$output")" == "$n-always
$n-stopped-always
$n-unless-stopped"
	run_rbox ps -a --filter restart-policy=unless-stopped --format '{{.Names}}'
	assert "$(sort <<<"$output")" == "$n-stopped
$n-unless-stopped"
	run_rbox start --all --filter should-start-on-boot=true
	assert "${#lines[@]}" -eq 3
	run_rbox ps --format '{{.Names}}'
	assert "$(sort <<<"$output")" == "$n-always
$n-stopped-always
$n-unless-stopped"
	run_rbox 125 ps --filter restart-policy=foo
	assert "$stderr" == "Error: foo invalid restart policy"
	run_rbox rm -f -t0 "$n-no" "$n-always" "$n-unless-stopped" "$n-stopped" "$n-stopped-always"
}

@test "reboot - one that was being stopped when the machine went down stays stopped" {
	local name dir
	name=$(safename)
	run_rbox run -d --network none --name "$name" --restart=unless-stopped "$IMAGE" sleep 1000
	dir=$XDG_DATA_HOME/rbox/containers/$(field "$name" .Id)
	: >"$dir/stop"
	fake_reboot "$name"
	run_rbox ps -a --filter should-start-on-boot=true --format '{{.Names}}'
	assert "$output" == ""
	run_rbox start --all --filter should-start-on-boot=true
	assert "$output" == ""
	run_rbox rm "$name"
}

@test "reboot - --rm holds over it" {
	local name dir store=$XDG_DATA_HOME/rbox
	name=$(safename)
	run_rbox run -d --rm --network none --name "$name" "$IMAGE" sleep 1000
	dir=$store/containers/$(field "$name" .Id)
	# Everything ends at once, the runtime folder is new, and so is the boot's id.
	cp "$dir/state.json" "$TMPDIR/state"
	kill -STOP "$(field "$name" .State.ConmonPid)"
	sed -i 's/"boot_id":"[^"]*"/"boot_id":"00000000-0000-4000-8000-000000000000"/' "$dir/state.json"
	rm -rf "$XDG_RUNTIME_DIR/rbox/$(basename "$dir")"
	echo 00000000-0000-4000-8000-000000000000 >"$store/boot"
	# A command that comes while its monitor's lock is still held was once the only one to look: the
	# boot was written down as dealt with, and the container stayed for good.
	run_rbox ps -q
	run_rbox ps -q
	kill -9 "$(sed -n 's/.*"monitor_pid":\([0-9]*\).*/\1/p' "$TMPDIR/state")"
	removed() { ! rbox container exists "$name"; }
	wait_for 20 removed
	same_boot() { [ "$(cat "$store/boot")" == "$(cat /proc/sys/kernel/random/boot_id)" ]; }
	wait_for 20 same_boot
	rm -f "$TMPDIR/state"
}

# 4294958 s and the ten of grace are 704 ms in 32 bits: `stop` gave up on a monitor that was only slow.
@test "restart - a stop with a very long time waits for as long" {
	local c stopper monitor
	c=$(rbox run -d --restart=always --stop-timeout 4294958 "$IMAGE" false </dev/null)
	wait_for 10 has "$c" .State.Status restarting
	monitor=$(field "$c" .State.ConmonPid)
	kill -STOP "$monitor"
	rbox stop "$c" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	stopper=$!
	# It never gives up: a slow machine can't make this fail.
	for _ in 1 2 3 4 5 6; do
		sleep 0.3
		kill -0 "$stopper" || break
	done
	kill -CONT "$monitor"
	wait "$stopper"
	assert "$(cat "$BATS_TEST_TMPDIR/out")" == "$c"
	assert "$(field "$c" .State.Status)" == exited
	run_rbox 0 rm "$c"
}
