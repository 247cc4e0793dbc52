#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 033-lifecycle: a container from create to rm, by every command that takes one: what each prints, its
# exit status, the state before and after; several names at once, short and ambiguous ids.

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

state() {	# NAME WORD
	run_rbox inspect --format '{{.State.Status}}' "$1"
	assert "$output" == "$2" "the state of $1"
}

is_state() {
	# shellcheck disable=SC2086
	[ "$($RBOX inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}

sleeper() {	# NAME [FLAG...]
	local name=$1
	shift
	run_rbox run -d --name "$name" --network none --stop-timeout 1 "$@" "$IMAGE" \
		sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
	wait_for 10 sh -c "$RBOX logs $name | grep -q ready"
}

@test "create - prints the id, runs nothing, and start runs it" {
	run_rbox create --name k1 --network none "$IMAGE" sh -c 'echo hello; exit 3'
	assert "$output" =~ '^[0-9a-f]{64}$'
	state k1 created
	run_rbox ps -q
	assert "$output" == "" "ps shows what runs"
	run_rbox logs k1
	assert "$output" == ""
	run_rbox start k1
	assert "$output" == k1 "the name as typed"
	run_rbox wait k1
	assert "$output" == 3
	state k1 exited
	run_rbox logs k1
	assert "$output" == hello
	run_rbox rm k1
	assert "$output" == k1
	run_rbox 1 container exists k1
}

@test "start - twice is one, and again after its end: the files of the root stay" {
	run_rbox create --name k1 --network none "$IMAGE" sh -c 'echo x >>/count; wc -l </count'
	run_rbox start -a k1
	assert "$output" == 1
	run_rbox start --attach k1
	assert "$output" == 2 "the root is the same"
	sleeper k2
	run_rbox start k2
	assert "$output" == k2 "what runs already is no failure"
	run_rbox rm -f -t 0 k1 k2
}

@test "start -a -i - streams, stdin and the exit status" {
	run_rbox create -i --name k1 --network none "$IMAGE" sh -c 'cat; echo err >&2; exit 6'
	run_rbox_in typed 6 start -a -i k1
	assert "$output" == typed
	assert "$stderr" == err
	run_rbox create --name k2 --network none "$IMAGE" sh -c 'cat; echo end'
	run_rbox_in typed start -a k2
	assert "$output" == end
	run_rbox 125 start -a k1 k2
	assert "$stderr" =~ '^Error: .*multiple'
	run_rbox 125 start
	run_rbox 125 start no-such
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox rm k1 k2
}

@test "start - one that fails says why, and stays created or exited" {
	run_rbox create --name k1 --network none "$IMAGE" no-such-command
	run_rbox '?' start k1
	assert "$status" =~ '^12[57]$'
	assert "$stderr" =~ '^Error: .*no-such-command'
	run_rbox inspect --format '{{.State.Status}} {{.State.Running}}' k1
	assert "$output" =~ '^(created|exited|initialized) false$'
	run_rbox rm k1
}

@test "stop - TERM first, prints names, is 0 for what has ended" {
	sleeper k1
	run_rbox stop k1
	assert "$output" == k1
	state k1 exited
	run_rbox inspect --format '{{.State.ExitCode}} {{.State.Running}} {{.State.Pid}}' k1
	assert "$output" == "5 false 0"
	run_rbox stop k1
	assert "$output" == k1 "again"
	run_rbox 125 stop no-such
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox stop --ignore no-such
	run_rbox rm k1
}

@test "stop - while it waits the container is stopping; one that took a signal of kill is not" {
	# shellcheck disable=SC2016
	run_rbox run -d --name k1 --network none "$IMAGE" sh -c 'trap "echo took" TERM; echo ready; while :; do sleep 0.1; done'
	said() { $RBOX logs k1 | grep -q "$1"; }
	wait_for 60 said ready
	run_rbox kill -s TERM k1
	wait_for 60 said took
	state k1 running
	run_sh '$RBOX stop -t 3600 k1 >/dev/null 2>&1 & p=$!
		for i in $(seq 1200); do
			[ "$($RBOX inspect --format "{{.State.Status}}" k1)" = stopping ] && break
			sleep 0.05
		done
		$RBOX inspect --format "{{.State.Status}}" k1; $RBOX exec k1 echo exec; $RBOX kill k1; wait $p'
	assert "$output" == $'stopping\nexec\nk1'
	state k1 exited
	run_rbox rm k1
}

@test "stop -t - then KILL; several, and all" {
	# its own timeout is longer than any command of a suite may take
	run_rbox run -d --name k1 --network none --stop-timeout 3600 "$IMAGE" sleep 1000
	run_rbox stop -t 0 k1
	run_rbox inspect --format '{{.State.ExitCode}}' k1
	assert "$output" == 137
	sleeper k2
	sleeper k3
	run_rbox stop --time 20 k2 k3
	assert "$(sort <<<"$output" | tr '\n' ' ')" == "k2 k3 "
	run_rbox start k2 k3
	run_rbox stop -a -t 20
	run_rbox ps -q
	assert "$output" == ""
	run_rbox rm k1 k2 k3
}

@test "kill - KILL by default, any signal, only what runs" {
	sleeper k1
	run_rbox kill k1
	assert "$output" == k1
	wait_for 10 is_state k1 exited
	run_rbox inspect --format '{{.State.ExitCode}}' k1
	assert "$output" == 137
	run_rbox 125 kill k1
	assert "$stderr" =~ '^Error: .*running.*exited'
	run_rbox start k1
	wait_for 10 sh -c "[ \$($RBOX logs k1 | grep -c ready) = 2 ]"
	run_rbox kill -s TERM k1
	run_rbox wait k1
	assert "$output" == 5
	run_rbox start k1
	wait_for 10 sh -c "[ \$($RBOX logs k1 | grep -c ready) = 3 ]"
	run_rbox kill --signal 15 k1
	run_rbox wait k1
	assert "$output" == 5
	run_rbox 125 kill -s NOSUCH k1
	assert "$stderr" =~ '^Error: .*NOSUCH'
	run_rbox 125 kill no-such
	run_rbox rm k1
}

@test "rm - not what runs, unless forced; what isn't there is 1" {
	sleeper k1
	run_rbox '?' rm k1
	assert "$status" -ne 0
	assert "$stderr" =~ '^Error: .*running'
	state k1 running
	run_rbox rm -f k1
	assert "$output" == k1
	run_rbox 1 container exists k1
	run_rbox 1 rm no-such
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox rm -f no-such
	run_rbox rm --ignore no-such
}

@test "rm - several, -a, and the rest goes on when one fails" {
	run_rbox create --name k1 "$IMAGE"
	run_rbox create --name k2 "$IMAGE"
	run_rbox '?' rm k1 no-such k2
	assert "$status" -ne 0
	assert "$(sort <<<"$output" | tr '\n' ' ')" == "k1 k2 "
	assert "$stderr" =~ no-such
	run_rbox create --name k3 "$IMAGE"
	sleeper k4
	run_rbox rm -f -a -t 0
	run_rbox ps -aq
	assert "$output" == ""
	run_rbox rm -a
	assert "$output" == ""
}

@test "rm -t - how long the command has" {
	# its own timeout is longer than any command of a suite may take
	run_rbox run -d --name k1 --network none --stop-timeout 3600 "$IMAGE" sleep 1000
	run_rbox rm -f -t 0 k1
}

@test "ps - the table, -a, -q, --no-trunc, --noheading" {
	sleeper k1
	local id
	run_rbox inspect --format '{{.Id}}' k1
	id=$output
	run_rbox 4 run --name k2 --network none "$IMAGE" sh -c 'exit 4'
	run_rbox ps
	assert "${lines[0]}" =~ '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$'
	assert "${lines[1]}" =~ "^${id:0:12} +localhost/busybox:latest +sh -c .* ago +Up .* k1\$"
	assert "${#lines[@]}" -eq 2
	run_rbox ps -a
	assert "${#lines[@]}" -eq 3
	assert "${lines[2]}" =~ 'Exited \(4\) .* ago +k2$' "the oldest first"
	run_rbox ps -q
	assert "$output" == "${id:0:12}"
	run_rbox ps -q --no-trunc
	assert "$output" == "$id"
	run_rbox ps --no-trunc
	assert "$output" =~ "$id"
	assert "$output" =~ "while :; do sleep 0.05; done"
	run_rbox ps --noheading
	assert "${#lines[@]}" -eq 1
	run_rbox ps -a -n 1 --format '{{.Names}}'
	assert "$output" == k2
	run_rbox ps -l --format '{{.Names}}'
	assert "$output" == k2
	run_rbox container ls -aq
	assert "${#lines[@]}" -eq 2
	run_rbox rm -f -t 0 k1 k2
}

@test "ps --filter - each key, both ways" {
	sleeper k1 -l colour=red
	run_rbox 4 run --name k2 -l colour=blue --network none "$IMAGE" sh -c 'exit 4'
	run_rbox create --name k3 "$IMAGE" echo
	local id row
	run_rbox inspect --format '{{.Id}}' k2
	id=$output
	while IFS= read -r row; do
		# shellcheck disable=SC2086
		run_rbox ps -a --format '{{.Names}}' ${row%%|*}
		assert "$(sort <<<"$output" | paste -sd ' ')" == "${row#*|}" "ps ${row%%|*}"
	done <<ROWS
--filter name=k1|k1
--filter name=k|k1 k2 k3
--filter name=^2|
--filter name=k1 --filter name=k2|k1 k2
--filter id=${id:0:10}|k2
--filter status=running|k1
--filter status=exited|k2
--filter status=created|k3
--filter status=running --filter status=created|k1 k3
--filter exited=4|k2
--filter exited=5|
--filter label=colour|k1 k2
--filter label=colour=red|k1
--filter label!=colour|k3
--filter ancestor=localhost/busybox:latest|k1 k2 k3
--filter ancestor=other|
--filter since=k1|k2 k3
--filter before=k3|k1 k2
--filter network=none|k1 k2
--filter network=slirp4netns|k3
--filter command=echo|k3
--filter status=exited --filter label=colour=red|
ROWS
	run_rbox ps --filter status=exited --format '{{.Names}}'
	assert "$output" == k2 "a filter by state needs no -a"
	run_rbox 125 ps --filter colour=red
	assert "$stderr" =~ '^Error: .*colour'
	run_rbox 125 ps --filter name
	run_rbox rm -f -t 0 k1 k2 k3
}

@test "logs - stdout and stderr apart, in order, -t, --tail, --since, --until, -n" {
	run_rbox run --name k1 --network none "$IMAGE" sh -c 'for i in 1 2 3; do echo out$i; echo err$i >&2; done; sleep 0.2; printf no-newline'
	run_rbox logs k1
	assert "$output" == $'out1\nout2\nout3\nno-newline'
	assert "$stderr" == $'err1\nerr2\nerr3'
	run_rbox logs --tail 1 k1
	assert "$output" == no-newline "a last line without its end goes with the one before, as in podman"
	run_rbox logs --tail 0 k1
	assert "$output$stderr" == ""
	run_rbox logs -t k1
	assert "${lines[-1]}" =~ '^20[0-9-]*T[0-9:.]*(Z|[+-][0-9:]*) no-newline$'
	run_rbox logs --since 1h k1
	assert "${lines[0]}" == out1
	run_rbox logs --until -1h k1
	assert "$output" == ""
	run_rbox logs -n k1
	assert "${lines[0]}" == "out1"
	run_rbox 125 logs
	run_rbox 125 logs no-such
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox 125 logs --tail many k1
	run_rbox rm k1
}

@test "logs -f - ends with the container" {
	run_rbox run -d --name k1 --network none "$IMAGE" sh -c 'echo one; sleep 0.5; echo two'
	run_rbox logs -f k1
	assert "$output" == $'one\ntwo'
	run_rbox logs --follow k1
	assert "$output" == $'one\ntwo' "one that has ended"
	run_rbox rm k1
}

@test "exec - streams, status, environment, user, folder" {
	sleeper k1 -e FROM=run
	run_rbox exec k1 sh -c 'echo out; echo err >&2'
	assert "$output|$stderr" == "out|err"
	run_rbox 9 exec k1 sh -c 'exit 9'
	run_rbox exec -e A=1 --env B=2 k1 sh -c 'echo $A $B $FROM'
	assert "$output" == "1 2 run"
	run_rbox exec -u user k1 sh -c 'id -u; id -G'
	assert "$output" == $'1000\n1000 2000'
	run_rbox exec --user 7:8 k1 sh -c 'id -u; id -g'
	assert "$output" == $'7\n8'
	run_rbox exec -w /etc k1 pwd
	assert "$output" == /etc
	run_rbox exec k1 pwd
	assert "$output" == /
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		run_rbox_in typed exec -i k1 cat
		assert "$output" == typed "stdin, $i"
	done
	run_rbox_in typed exec k1 cat
	assert "$output" == ""
	run_rbox exec -t k1 sh -c 'tty; [ -t 1 ] && echo yes'
	assert "$output" =~ '^/dev/pts/[0-9]'
	assert "$output" =~ yes
	run_rbox 143 exec k1 sh -c 'kill $$'
	run_rbox rm -f -t 0 k1
}

@test "exec - sees the container's processes and walls" {
	sleeper k1
	run_rbox exec k1 sh -c 'tr "\0" " " </proc/1/cmdline; for n in user mnt pid ipc uts net cgroup; do
		[ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo other $n; done'
	assert "$output" =~ '^sh -c trap'
	assert "$output" !~ other
	run_rbox exec k1 sh -c 'grep -E "CapEff|^Seccomp:" /proc/self/status; ls /proc/self/fd | wc -l'
	assert "${lines[0]}" == "CapEff:	00000000800405fb"
	assert "${lines[1]}" == "Seccomp:	2"
	assert "${lines[2]}" == 4 "0, 1, 2 and the folder that ls has open"
	run_rbox exec --privileged k1 grep -E 'CapEff|^Seccomp:' /proc/self/status
	assert "${lines[1]}" == "Seccomp:	0"
	run_rbox rm -f -t 0 k1
}

@test "exec - 125, 126, 127" {
	sleeper k1
	run_rbox 127 exec k1 no-such-command
	assert "$stderr" =~ '^Error: .*no-such-command'
	run_rbox 126 exec k1 /etc
	assert "$stderr" =~ '^Error: .*/etc'
	run_rbox 125 exec no-such true
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox 125 exec k1
	run_rbox 125 exec -u no-such-user k1 true
	assert "$stderr" =~ '^Error: .*no-such-user'
	run_rbox stop -t 0 k1
	run_rbox '?' exec k1 true
	assert "$status" -ne 0
	assert "$stderr" =~ '^Error: .*(running|exited)'
	run_rbox rm k1
}

@test "exec -d - goes on in the background" {
	sleeper k1
	run_rbox exec -d k1 sh -c 'echo x >/made; sleep 1000'
	assert "$stderr" == ""
	wait_for 10 sh -c "$RBOX exec k1 test -s /made"
	run_rbox exec k1 sh -c 'ps | grep -c "[s]leep 1000"'
	assert "$output" -ge 1
	run_rbox rm -f -t 0 k1
}

@test "wait - several, in order; those that ended, and a condition" {
	run_rbox run -d --name k1 --network none "$IMAGE" sh -c 'sleep 0.4; exit 3'
	run_rbox run -d --name k2 --network none "$IMAGE" sh -c 'exit 4'
	run_rbox wait k1 k2
	assert "$output" == $'3\n4'
	run_rbox wait k2
	assert "$output" == 4
	run_rbox 125 wait no-such
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox wait --ignore no-such
	assert "$output" == -1
	sleeper k3
	run_rbox wait --condition running k3
	assert "$output" == -1
	run_rbox 125 wait --condition nosuch k3
	assert "$stderr" =~ '^Error: .*nosuch'
	run_rbox rm -f -t 0 k1 k2 k3
}

@test "wait - one that was never started has no end to wait for" {
	run_rbox create --name k1 --network none "$IMAGE" sleep 1000
	run_rbox wait k1
	assert "$output" == 0
	run_rbox wait --condition stopped --condition exited k1
	assert "$output" == 0
	run_rbox rm k1
	# Its start failed: that is what there is to tell.
	run_rbox create --name k1 --network none "$IMAGE" no-such-command
	run_rbox 125 start k1
	run_rbox wait k1
	assert "$output" == 127
	run_rbox rm k1
}

@test "signals - what is none is said in podman's words" {
	local s
	for s in 0 SIGBADSIG SIG BADSIG %% ''; do
		run_rbox 125 kill -s "$s" no-such-container
		assert "${stderr%%$'\n'*}" == "Error: invalid signal: $s"
	done
	for s in 65 99999999; do
		run_rbox 125 kill -s "$s" no-such-container
		assert "${stderr%%$'\n'*}" == "Error: valid signals are 1 through 64"
		run_rbox 125 create --stop-signal "$s" "$IMAGE" true
		assert "${stderr%%$'\n'*}" == "Error: valid signals are 1 through 64"
	done
}

@test "attach - output from now on, the exit status, no stdin asked for" {
	run_rbox run -d -i --name k1 --network none "$IMAGE" sh -c 'read x; echo got $x; exit 8'
	run_rbox_in word 8 attach k1
	assert "$output" == "got word"
	run_rbox '?' attach k1
	assert "$status" -ne 0
	assert "$stderr" =~ '^Error:'
	run_rbox 125 attach no-such
	run_rbox rm k1
}

@test "inspect - an array; --format; containers and images by one name; what is missing" {
	run_rbox create --name k1 -w /tmp -u user -e A=1 "$IMAGE" echo hello
	local id=$output
	run_rbox inspect k1
	assert "$(jq -r '.[0].Id' <<<"$output")" == "$id"
	assert "$(jq -r 'length' <<<"$output")" == 1
	assert "$(jq -r '.[0] | .Name, .Path, .Args[0], .Config.User, .Config.WorkingDir' <<<"$output" | tr '\n' ' ')" == \
		"k1 echo hello user /tmp "
	assert "$(jq -r '.[0].Config.Env | index("A=1") != null' <<<"$output")" == true
	run_rbox inspect -f '{{.Name}} {{.Config.User}}' k1
	assert "$output" == "k1 user"
	run_rbox inspect "$IMAGE" k1
	assert "$(jq -r 'length' <<<"$output")" == 2
	run_rbox container inspect k1
	run_rbox image inspect "$IMAGE"
	assert "$(jq -r '.[0].RepoTags[0]' <<<"$output")" == localhost/busybox:latest
	run_rbox 125 inspect --type image k1
	run_rbox 125 container inspect "$IMAGE"
	run_rbox 125 inspect no-such
	assert "$stderr" =~ '^Error: .*no-such'
	run_rbox 125 inspect --format '{{.Nothing' k1
	assert "$stderr" =~ '^Error:'
	run_rbox rm k1
}

@test "ids - short ones do, ambiguous ones don't" {
	local ids=() i first
	for i in $(seq 17); do
		run_rbox create --network none "$IMAGE" true
		ids+=("$output")
	done
	run_rbox inspect --format '{{.Id}}' "${ids[0]:0:12}"
	assert "$output" == "${ids[0]}"
	# of seventeen two begin alike
	first=$(printf '%.1s\n' "${ids[@]}" | sort | uniq -d | head -1)
	run_rbox 125 inspect "$first"
	assert "$stderr" =~ '^Error:.*(more than one|ambiguous|multiple)'
	run_rbox '?' rm "$first"
	assert "$status" -ne 0
	run_rbox ps -aq
	assert "${#lines[@]}" -eq 17 "none went by mistake"
	run_rbox rm "${ids[@]:0:3}"
	run_rbox ps -aq --no-trunc
	run_sh '$RBOX ps -aq | xargs $RBOX rm'
	run_rbox ps -aq
	assert "$output" == ""
}

@test "ids - a name goes before an id that begins so" {
	run_rbox create --network none "$IMAGE" true
	local id=$output
	run_rbox create --name "${id:0:6}" --network none "$IMAGE" true
	run_rbox inspect --format '{{.Name}}' "${id:0:6}"
	assert "$output" == "${id:0:6}"
	run_rbox rm "${id:0:6}" "$id"
}

@test "nouns - container and image before the verb" {
	run_rbox container create --name k1 --network none "$IMAGE" sleep 1000
	run_rbox container start k1
	assert "$output" == k1
	run_rbox container exec k1 echo inside
	assert "$output" == inside
	run_rbox container ps -q
	assert "${#lines[@]}" -eq 1
	run_rbox container list -q
	assert "${#lines[@]}" -eq 1
	run_rbox container exists k1
	run_rbox container logs k1
	run_rbox container kill k1
	run_rbox container wait k1
	assert "$output" == 137
	run_rbox container stop k1
	run_rbox container rm k1
	run_rbox 1 container exists k1
	run_rbox container run --rm --network none "$IMAGE" echo ran
	assert "$output" == ran
	run_rbox image ls -q
	assert "${#lines[@]}" -eq 1
	run_rbox image list -q
	assert "${#lines[@]}" -eq 1
	run_rbox image rm localhost/nothing --ignore
	run_rbox 125 container no-such-verb
	assert "$stderr" =~ '^Error: .*no-such-verb'
}

@test "lifecycle - a command whose monitor is gone heals: exited, 137" {
	sleeper k1
	local monitor
	run_rbox inspect --format '{{.State.ConmonPid}}' k1
	monitor=$output
	assert "$monitor" -gt 1
	kill -KILL "$monitor"
	wait_for 10 is_state k1 exited
	run_rbox inspect --format '{{.State.ExitCode}}' k1
	assert "$output" == 137
	run_rbox ps -q
	assert "$output" == ""
	run_rbox start k1
	state k1 running
	run_rbox rm -f -t 0 k1
}

@test "lifecycle - many commands at once on one container: one wins, none breaks it" {
	local i pids=()
	run_rbox create --name k1 --network none "$IMAGE" sleep 1000
	for i in 1 2 3 4 5 6; do
		# shellcheck disable=SC2086
		timeout 60 $RBOX start k1 >/dev/null 2>&1 </dev/null 3>&- & pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || true; done
	state k1 running
	run_rbox exec k1 sh -c 'ps | grep -c "[s]leep 1000"'
	assert "$output" == 1
	pids=()
	for i in 1 2 3 4 5 6; do
		# shellcheck disable=SC2086
		timeout 60 $RBOX rm -f -t 0 k1 >/dev/null 2>&1 </dev/null 3>&- & pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || true; done
	run_rbox 1 container exists k1
	run_rbox create --name k1 "$IMAGE"
	run_rbox rm k1
}
