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
	# shellcheck disable=SC2086
	timeout 60 $RBOX rm -f -a -t 0 >/dev/null 2>&1 </dev/null || true
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
	created c1 --cidfile "$TMPDIR/cid-refuse"
	for command in stop kill restart pause unpause rm; do
		run_rbox 125 "$command"
		assert "$stderr" =~ '^Error: you must provide at least one name or id' "$command"
		run_rbox 125 "$command" -a c1
		assert "$stderr" =~ '^Error: no arguments are needed with --all' "$command -a c1"
		run_rbox 125 "$command" -l c1
		assert "$stderr" =~ '^Error: --latest and containers cannot be used together' "$command -l c1"
		run_rbox 125 "$command" -a -l
		assert "$stderr" =~ '^Error: --all and --latest cannot be used together' "$command -a -l"
		run_rbox 125 "$command" --cidfile "$TMPDIR/cid-refuse" c1
		assert "$stderr" =~ '^Error: no arguments are needed with --latest or --cidfile'
		run_rbox 125 "$command" -a --cidfile "$TMPDIR/cid-refuse"
		assert "$stderr" =~ '^Error: --all, --latest, and --cidfile cannot be used together'
		run_rbox 125 "$command" --cidfile "$TMPDIR/no-such-file"
		assert "$stderr" =~ "^Error: reading CIDFile: open $TMPDIR/no-such-file: No such file or directory"
		[ "$command" = kill ] && continue
		run_rbox 125 "$command" --filter name=c1 c1
		assert "$stderr" =~ '^Error: --filter takes no arguments' "$command --filter name=c1 c1"
		run_rbox 125 "$command" --filter colour=red
		assert "$stderr" =~ '^Error: colour is an invalid filter'
	done
	states "c1 created"
	run_rbox rm c1
	for command in stop kill restart rm 'wait' top 'container cleanup' init; do
		# shellcheck disable=SC2086
		run_rbox 125 $command -l
		assert "$stderr" =~ 'no such container' "$command -l without any container"
	done
}

@test "stop - --all, --latest, --filter, --cidfile, --ignore: whole ids, or as typed" {
	local one two three id
	sleeper c1 --label x=1; one=$id
	sleeper c2 --label x=1; two=$id
	created c3 --label x=2 --cidfile "$TMPDIR/cid-stop"; three=$id
	run_rbox stop --filter label=x=1
	assert "$output" == "$one"$'\n'"$two" "the oldest first"
	states "c1 exited,c2 exited,c3 created"
	run_rbox stop --filter label=y
	assert "$output$stderr" == ""
	run_rbox stop -a
	assert "$(sorted)" == "$(printf '%s\n' "$one" "$two" "$three" | sort | paste -sd ' ')" "those that don't run, too"
	run_rbox stop -l
	assert "$output" == "$three" "the newest, whatever its state"
	run_rbox start c1 c3
	run_rbox stop --cidfile "$TMPDIR/cid-stop"
	assert "$output" == "$three"
	run_rbox stop --ignore --cidfile "$TMPDIR/no-such-file" --cidfile "$TMPDIR/cid-stop"
	assert "$output" == "$three"
	run_rbox stop -i no-such c1 "${two:0:10}"
	assert "$output" == "c1"$'\n'"${two:0:10}"
	states "c1 exited,c2 exited,c3 exited"
	run_rbox rm -a
}

@test "stop - one name that doesn't exist, and nothing is done" {
	sleeper c1
	sleeper c2
	run_rbox 125 stop c1 no-such c2
	assert "$output" == ""
	assert "$stderr" == 'Error: no container with name or ID "no-such" found: no such container'
	run_rbox 125 kill c1 no-such
	run_rbox 125 restart c1 no-such
	run_rbox 125 start c1 no-such
	states "c1 running,c2 running"
	run_rbox rm -f c1 c2
}

@test "stop, rm -f - several are asked to end side by side" {
	local command
	mkdir "$TMPDIR/share"
	# The first ends only once the second was asked to end, too.
	for command in 'stop -t 50' 'rm -f -t 50'; do
		rm -f "$TMPDIR/share/asked"
		run_rbox run -d --name c1 --network none -v "$TMPDIR/share:/share" "$IMAGE" sh -c \
			'trap "until [ -e /share/asked ]; do sleep 0.05; done; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
		run_rbox run -d --name c2 --network none -v "$TMPDIR/share:/share" "$IMAGE" sh -c \
			'trap "touch /share/asked; exit 6" TERM; echo ready; while :; do sleep 0.05; done'
		wait_for 10 sh -c "$RBOX logs c1 | grep -q ready"
		wait_for 10 sh -c "$RBOX logs c2 | grep -q ready"
		# shellcheck disable=SC2086
		run_rbox $command c1 c2
		assert "$output" == $'c1\nc2'
		assert "$stderr" == "" "neither was killed"
		[ "$command" = 'rm -f -t 50' ] && continue
		run_rbox inspect --format '{{.State.ExitCode}}' c1 c2
		assert "$output" == $'5\n6'
		run_rbox rm c1 c2
	done
}

@test "stop - what is deaf to its signal is killed, and that is said" {
	run_rbox run -d --name c1 --network none "$IMAGE" sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 sh -c "$RBOX logs c1 | grep -q ready"
	run_rbox stop -t 1 c1
	assert "$output" == c1
	assert "$stderr" =~ 'WARN: StopSignal SIGTERM failed to stop container c1 in 1 seconds, resorting to SIGKILL'
	run_rbox inspect --format '{{.State.ExitCode}}' c1
	assert "$output" == 137
	run_rbox rm c1
}

@test "kill - --all takes what runs, --latest, --cidfile" {
	local one two id
	sleeper c1; one=$id
	sleeper c2 --cidfile "$TMPDIR/cid-kill"; two=$id
	created c3
	run_rbox kill -a -s CONT
	assert "$(sorted)" == "$(printf '%s\n' "$one" "$two" | sort | paste -sd ' ')"
	run_rbox 125 kill -l
	assert "$stderr" == "Error: can only kill running containers. $id is in state created: container state improper"
	run_rbox kill --cidfile "$TMPDIR/cid-kill"
	assert "$output" == "$two"
	run_rbox wait c2
	run_rbox 125 kill c2 c1
	assert "$output" == c1 "the rest goes on"
	assert "$stderr" =~ "^Error: can only kill running containers. $two is in state exited"
	run_rbox wait c1
	run_rbox kill -a
	assert "$output" == ""
	run_rbox rm -a
}

@test "rm - exit status 1 for what is missing, 2 for what runs, and the rest is removed" {
	local id
	sleeper c1
	created c2
	created c3
	run_rbox 1 rm c2 no-such c3
	assert "$output" == $'c2\nc3'
	run_rbox 2 rm c1
	assert "$stderr" =~ "^Error: cannot remove container [0-9a-f]{64} as it is running"
	run_rbox 1 rm c1 no-such
	created c4
	run_rbox 2 rm --all
	assert "$output" == "$id"
	states "c1 running"
	run_rbox 2 rm --ignore no-such c1
	run_rbox rm -f no-such c1
	assert "$output" == c1
	run_rbox rm -f no-such
	assert "$output$stderr" == ""
	run_rbox 125 rm -t 3 c1
	assert "$stderr" == "Error: --force option must be specified to use the --time option"
}

@test "rm - --latest, --filter, --cidfile, --depend, --volumes" {
	local one two id
	created c1 --cidfile "$TMPDIR/cid-rm"; one=$id
	created c2 --label x=1; two=$id
	created c3 --label x=1
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
	created c1 --label x=1; one=$id
	created c2 --label x=1; two=$id
	sleeper c3
	run_rbox start --all
	assert "$(sorted)" == "$(printf '%s\n' "$one" "$two" | sort | paste -sd ' ')" "not what runs"
	run_rbox stop c1 c2
	run_rbox start --filter label=x=1 c2 c3
	assert "$output" == c2 "of those named"
	run_rbox start --filter label=x=1
	assert "$output" == "$one"$'\n'"$two" "what runs already is no failure"
	run_rbox start -l
	assert "$output" == "$id"
	run_rbox 125 start
	assert "$stderr" == "Error: start requires at least one argument"
	run_rbox 125 start --all c1
	assert "$stderr" == "Error: either start all containers or the container(s) provided in the arguments"
	run_rbox 125 start -a --all
	run_rbox 125 start -a c1 c2
	assert "$stderr" == "Error: you cannot start and attach multiple containers at once"
	run_rbox rm -f -a
	run_rbox run -d -i --name c4 --network none "$IMAGE" sh -c 'read x; echo got $x; exit 8'
	run_rbox_in word 8 start -a -i c4
	assert "$output" == "got word"
	run_rbox rm c4
}

@test "start - several: the rest goes on, 125 when one fails" {
	run_rbox create --name c1 --network none "$IMAGE" no-such-command
	created c2
	run_rbox 125 start c1 c2
	assert "$output" == c2
	assert "$stderr" =~ '^Error: unable to start container [0-9a-f]{64}: .*no-such-command'
	run_rbox 127 start -a c1
	run_rbox rm -f c1 c2
}

@test "wait - --latest, --ignore, several; all names are looked up first" {
	run_rbox run -d --name c1 --network none "$IMAGE" sh -c 'exit 3'
	run_rbox wait -l
	assert "$output" == 3
	run_rbox 125 wait c1 no-such
	assert "$output" == ""
	run_rbox wait --ignore no-such c1
	assert "$output" == $'-1\n3'
	run_rbox 125 wait
	assert "$stderr" == 'Error: "rbox wait" requires a name, id, or the "--latest" flag'
	run_rbox 125 wait --interval never c1
	run_rbox wait --interval 100ms c1
	run_rbox wait -i 100 c1
	run_rbox rm c1
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
