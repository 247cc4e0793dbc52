#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 043-select: which containers a command is about: names, --all, --latest, --filter, --cidfile and --ignore
# of stop, kill, rm, start, restart, pause and wait; what is printed for each, the exit statuses of several.

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

sleeper() {	# NAME [FLAG...]
	local name=$1
	shift
	run_rbox run -d --name "$name" --network none --stop-timeout 0 "$@" "$IMAGE" sleep 1000
	id=$output
}

created() {	# NAME [FLAG...]
	local name=$1
	shift
	run_rbox create --name "$name" --network none --stop-timeout 0 "$@" "$IMAGE" sleep 1000
	id=$output
}

states() {	# WORDS: of all containers, by name
	run_rbox ps -a --format '{{.Names}} {{.State}}'
	assert "$(sort <<<"$output" | paste -sd,)" == "$1" "the states"
}

sorted() {
	sort <<<"$output" | paste -sd ' '
}

@test "refusals - what makes no sense together, for each command" {
	local command
	created k1 --cidfile "$TMPDIR/cid-refuse"
	for command in stop kill restart pause unpause rm; do
		run_rbox 125 "$command"
		assert "$stderr" =~ '^Error: you must provide at least one name or id' "$command"
		run_rbox 125 "$command" -a k1
		assert "$stderr" =~ '^Error: no arguments are needed with --all' "$command -a k1"
		run_rbox 125 "$command" -l k1
		assert "$stderr" =~ '^Error: --latest and containers cannot be used together' "$command -l k1"
		run_rbox 125 "$command" -a -l
		assert "$stderr" =~ '^Error: --all and --latest cannot be used together' "$command -a -l"
		run_rbox 125 "$command" --cidfile "$TMPDIR/cid-refuse" k1
		assert "$stderr" =~ '^Error: no arguments are needed with --latest or --cidfile'
		run_rbox 125 "$command" -a --cidfile "$TMPDIR/cid-refuse"
		assert "$stderr" =~ '^Error: --all, --latest, and --cidfile cannot be used together'
		run_rbox 125 "$command" --cidfile "$TMPDIR/no-such-file"
		assert "$stderr" =~ "^Error: reading CIDFile: open $TMPDIR/no-such-file: No such file or directory"
		[ "$command" = kill ] && continue
		run_rbox 125 "$command" --filter name=k1 k1
		assert "$stderr" =~ '^Error: --filter takes no arguments' "$command --filter name=k1 k1"
		run_rbox 125 "$command" --filter colour=red
		assert "$stderr" =~ '^Error: colour is an invalid filter'
	done
	states "k1 created"
	run_rbox rm k1
	for command in stop kill restart rm 'wait' top 'container cleanup' init; do
		# shellcheck disable=SC2086
		run_rbox 125 $command -l
		assert "$stderr" =~ 'no such container' "$command -l without any container"
	done
}

@test "stop - --all, --latest, --filter, --cidfile, --ignore: whole ids, or as typed" {
	local one two three id
	sleeper k1 --label x=1; one=$id
	sleeper k2 --label x=1; two=$id
	created k3 --label x=2 --cidfile "$TMPDIR/cid-stop"; three=$id
	run_rbox stop --filter label=x=1
	assert "$output" == "$one"$'\n'"$two" "the oldest first"
	states "k1 exited,k2 exited,k3 created"
	run_rbox stop --filter label=y
	assert "$output$stderr" == ""
	run_rbox stop -a
	assert "$(sorted)" == "$(printf '%s\n' "$one" "$two" "$three" | sort | paste -sd ' ')" "those that don't run, too"
	run_rbox stop -l
	assert "$output" == "$three" "the newest, whatever its state"
	run_rbox start k1 k3
	run_rbox stop --cidfile "$TMPDIR/cid-stop"
	assert "$output" == "$three"
	run_rbox stop --ignore --cidfile "$TMPDIR/no-such-file" --cidfile "$TMPDIR/cid-stop"
	assert "$output" == "$three"
	run_rbox stop -i no-such k1 "${two:0:10}"
	assert "$output" == "k1"$'\n'"${two:0:10}"
	states "k1 exited,k2 exited,k3 exited"
	run_rbox rm -a
}

@test "stop - one name that doesn't exist, and nothing is done" {
	sleeper k1
	sleeper k2
	run_rbox 125 stop k1 no-such k2
	assert "$output" == ""
	assert "$stderr" == 'Error: no container with name or ID "no-such" found: no such container'
	run_rbox 125 kill k1 no-such
	run_rbox 125 restart k1 no-such
	run_rbox 125 start k1 no-such
	states "k1 running,k2 running"
	run_rbox rm -f k1 k2
}

@test "stop, rm -f - several are asked to end side by side" {
	local command
	mkdir "$TMPDIR/share"
	# The first ends only once the second was asked to end, too.
	for command in 'stop -t 50' 'rm -f -t 50'; do
		rm -f "$TMPDIR/share/asked"
		run_rbox run -d --name k1 --network none -v "$TMPDIR/share:/share" "$IMAGE" sh -c \
			'trap "until [ -e /share/asked ]; do sleep 0.05; done; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
		run_rbox run -d --name k2 --network none -v "$TMPDIR/share:/share" "$IMAGE" sh -c \
			'trap "touch /share/asked; exit 6" TERM; echo ready; while :; do sleep 0.05; done'
		wait_for 10 sh -c "$RBOX logs k1 | grep -q ready"
		wait_for 10 sh -c "$RBOX logs k2 | grep -q ready"
		# shellcheck disable=SC2086
		run_rbox $command k1 k2
		assert "$output" == $'k1\nk2'
		assert "$stderr" == "" "neither was killed"
		[ "$command" = 'rm -f -t 50' ] && continue
		run_rbox inspect --format '{{.State.ExitCode}}' k1 k2
		assert "$output" == $'5\n6'
		run_rbox rm k1 k2
	done
}

@test "stop - what is deaf to its signal is killed, and that is said" {
	run_rbox run -d --name k1 --network none "$IMAGE" sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 sh -c "$RBOX logs k1 | grep -q ready"
	run_rbox stop -t 1 k1
	assert "$output" == k1
	assert "$stderr" =~ 'WARN: StopSignal SIGTERM failed to stop container k1 in 1 seconds, resorting to SIGKILL'
	run_rbox inspect --format '{{.State.ExitCode}}' k1
	assert "$output" == 137
	run_rbox rm k1
}

@test "kill - --all takes what runs, --latest, --cidfile" {
	local one two id
	sleeper k1; one=$id
	sleeper k2 --cidfile "$TMPDIR/cid-kill"; two=$id
	created k3
	run_rbox kill -a -s CONT
	assert "$(sorted)" == "$(printf '%s\n' "$one" "$two" | sort | paste -sd ' ')"
	run_rbox 125 kill -l
	assert "$stderr" == "Error: can only kill running containers. $id is in state created: container state improper"
	run_rbox kill --cidfile "$TMPDIR/cid-kill"
	assert "$output" == "$two"
	run_rbox wait k2
	run_rbox 125 kill k2 k1
	assert "$output" == k1 "the rest goes on"
	assert "$stderr" =~ "^Error: can only kill running containers. $two is in state exited"
	run_rbox wait k1
	run_rbox kill -a
	assert "$output" == ""
	run_rbox rm -a
}

@test "rm - exit status 1 for what is missing, 2 for what runs, and the rest is removed" {
	local id
	sleeper k1
	created k2
	created k3
	run_rbox 1 rm k2 no-such k3
	assert "$output" == $'k2\nk3'
	run_rbox 2 rm k1
	assert "$stderr" =~ "^Error: cannot remove container [0-9a-f]{64} as it is running"
	run_rbox 1 rm k1 no-such
	created k4
	run_rbox 2 rm --all
	assert "$output" == "$id"
	states "k1 running"
	run_rbox 2 rm --ignore no-such k1
	run_rbox rm -f no-such k1
	assert "$output" == k1
	run_rbox rm -f no-such
	assert "$output$stderr" == ""
	run_rbox 125 rm -t 3 k1
	assert "$stderr" == "Error: --force option must be specified to use the --time option"
}

@test "rm - --latest, --filter, --cidfile, --depend, --volumes" {
	local one two id
	created k1 --cidfile "$TMPDIR/cid-rm"; one=$id
	created k2 --label x=1; two=$id
	created k3 --label x=1
	run_rbox rm -l
	assert "$output" == "$id"
	run_rbox rm --filter label=x
	assert "$output" == "$two"
	run_rbox rm --filter status=running
	assert "$output" == ""
	run_rbox rm -v --depend --cidfile "$TMPDIR/cid-rm"
	assert "$output" == "$one"
	run_rbox rm -f --ignore --cidfile "$TMPDIR/no-such-file"
	run_rbox 1 rm --cidfile "$TMPDIR/cid-rm"
	assert "$stderr" =~ "$one"
	states ""
}

@test "start - --all, --latest, --filter with and without names; attached to one that runs" {
	local one two id
	created k1 --label x=1; one=$id
	created k2 --label x=1; two=$id
	sleeper k3
	run_rbox start --all
	assert "$(sorted)" == "$(printf '%s\n' "$one" "$two" | sort | paste -sd ' ')" "not what runs"
	run_rbox stop k1 k2
	run_rbox start --filter label=x=1 k2 k3
	assert "$output" == k2 "of those named"
	run_rbox start --filter label=x=1
	assert "$output" == "$one"$'\n'"$two" "what runs already is no failure"
	run_rbox start -l
	assert "$output" == "$id"
	run_rbox 125 start
	assert "$stderr" == "Error: start requires at least one argument"
	run_rbox 125 start --all k1
	assert "$stderr" == "Error: either start all containers or the container(s) provided in the arguments"
	run_rbox 125 start -a --all
	run_rbox 125 start -a k1 k2
	assert "$stderr" == "Error: you cannot start and attach multiple containers at once"
	run_rbox rm -f -a
	run_rbox run -d -i --name k4 --network none "$IMAGE" sh -c 'read x; echo got $x; exit 8'
	run_rbox_in word 8 start -a -i k4
	assert "$output" == "got word"
	run_rbox rm k4
}

@test "start - several: the rest goes on, 125 when one fails" {
	run_rbox create --name k1 --network none "$IMAGE" no-such-command
	created k2
	run_rbox 125 start k1 k2
	assert "$output" == k2
	assert "$stderr" =~ '^Error: unable to start container [0-9a-f]{64}: .*no-such-command'
	run_rbox 127 start -a k1
	run_rbox rm -f k1 k2
}

@test "wait - --latest, --ignore, several; all names are looked up first" {
	run_rbox run -d --name k1 --network none "$IMAGE" sh -c 'exit 3'
	run_rbox wait -l
	assert "$output" == 3
	run_rbox 125 wait k1 no-such
	assert "$output" == ""
	run_rbox wait --ignore no-such k1
	assert "$output" == $'-1\n3'
	run_rbox 125 wait
	assert "$stderr" == 'Error: "rbox wait" requires a name, id, or the "--latest" flag'
	run_rbox 125 wait --interval never k1
	run_rbox wait --interval 100ms k1
	run_rbox wait -i 100 k1
	run_rbox rm k1
}

@test "ambiguous ids - refused before anything is done" {
	local ids=() first command
	for _ in $(seq 17); do
		run_rbox create --network none "$IMAGE" true
		ids+=("$output")
	done
	# of seventeen two begin alike
	first=$(printf '%.1s\n' "${ids[@]}" | sort | uniq -d | head -1)
	for command in rm stop restart kill start 'container cleanup' pause; do
		# shellcheck disable=SC2086
		run_rbox 125 $command "${ids[0]}" "$first"
		assert "$stderr" =~ "^Error: more than one result for container name or ID \"$first\"" "$command"
	done
	run_rbox ps -a --format '{{.State}}'
	assert "$(sort -u <<<"$output")" == created
	run_rbox rm -a
}
