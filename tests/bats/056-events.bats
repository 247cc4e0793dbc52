#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 056-events: what happens to containers and images is told, once each, in podman's forms.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

# The events of a container of its own: its name in $name.
a_life() {
	name=$(safename)
	run_rbox run -d --name "$name" --label kind=test --network none "$IMAGE" sleep 1000
	run_rbox exec "$name" true
	run_rbox 1 exec "$name" false
	run_rbox kill "$name"
	run_rbox wait "$name"
	run_rbox rm "$name"
}

@test "a container's life - each step once, in order" {
	local name
	a_life
	run_rbox events --stream=false --filter container="$name" --format '{{.Status}} {{.ContainerExitCode}}'
	for step in "create 0" "init 0" "start 0" "exec 0" "exec_died 0" "exec 0" "exec_died 1" "kill 0" "died 137" \
		"cleanup 0" "remove 0"; do
		assert "$(grep -c "^${step% *} ${step#* }$" <<<"$output")" -ge 1 "$step"
	done
	run_sh "\$RBOX events --stream=false --filter container=$name --format '{{.Status}}' |
		grep -E '^(create|start|attach|died|cleanup|remove)$'"
	assert "$output" == $'create\nstart\ndied\ncleanup\nremove'
}

cleanups_are() {	# CONTAINER N
	[ "$(rbox events --stream=false --filter container="$1" --filter event=cleanup </dev/null | wc -l)" -eq "$2" ]
}

# Scripts wait for the cleanup of a container, and podman tells of each terminal.
@test "attach and cleanup - in their place, however short the run is" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --network none "$IMAGE" true
	run_rbox start -a "$name"
	run_rbox start "$name"
	run_rbox wait "$name"
	run_rbox events --stream=false --filter container="$name" --format '{{.Status}}'
	assert "${lines[*]}" == "create init start attach died cleanup init start attach died cleanup init start died cleanup"
	run_rbox events --stream=false --filter container="$name" --filter event=cleanup --format '{{.Name}}'
	assert "${#lines[@]}" -eq 3
	run_rbox rm "$name"
	run_rbox run -d -i --name "$name" --network none "$IMAGE" head -n 1
	run_sh "echo hello | \$RBOX attach $name"
	assert "$output" == hello
	run_rbox rm "$name"
	run_rbox events --stream=false --filter container="$name" --format '{{.Status}}'
	assert "${lines[*]}" =~ "remove create init start attach died cleanup remove$"
	# Only the first run of several is in the foreground.
	run_rbox 3 run --name "$name" --restart on-failure:1 --network none "$IMAGE" sh -c 'exit 3'
	wait_for 60 cleanups_are "$name" 5
	run_rbox events --stream=false --filter container="$name" --format '{{.Status}}'
	assert "${lines[*]}" =~ "remove create init start attach died (restart )?init start died cleanup$"
	run_rbox rm "$name"
}

@test "--rm - died comes before remove, and both are there when run returns" {
	local name
	name=$(safename)
	run_rbox 3 run --rm --name "$name" --network none "$IMAGE" sh -c 'exit 3'
	run_rbox events --stream=false --filter container="$name" --format '{{.Status}} {{.ContainerExitCode}}'
	assert "$output" =~ $'start 0\nattach 0\ndied 3\n'
	assert "${lines[-1]}" == "remove 0"
}

@test "a start that fails is no start, and nothing died" {
	local name
	name=$(safename)
	run_rbox 127 run --name "$name" --network none "$IMAGE" no-such-command
	run_rbox events --stream=false --filter container="$name" --format '{{.Status}}'
	assert "$output" !~ "start|died"
	run_rbox rm "$name"
}

@test "lines - as podman prints them" {
	local name id
	a_life
	run_rbox events --stream=false --filter container="$name" --filter event=died
	assert "$output" =~ "^20[0-9-]* [0-9:.]* [+-][0-9]{4} [A-Za-z0-9+-]* container died [0-9a-f]{64} \(image=$IMAGE, name=$name, kind=test\)$"
	run_rbox events --stream=false --no-trunc=false --filter container="$name" --filter event=die
	assert "$output" =~ " container died [0-9a-f]{12} \(image=" "docker's word, and a short id"
	run_rbox events --stream=false --filter type=image
	assert "${lines[0]}" =~ " image loadfromarchive [0-9a-f]{64} $IMAGE$"
}

@test "json - an object a line" {
	local name one
	a_life
	run_rbox events --stream=false --filter container="$name" --filter event=died --format json
	one=$output
	run_sh "sed 's/\"ID\":\"[0-9a-f]\{64\}\"/ID/; s/\"Time\":\"20[0-9T:.+Z-]*\"/TIME/' <<<'$one'"
	assert "$output" == '{"ContainerExitCode":137,ID,"Image":"'"$IMAGE"'","Name":"'"$name"'","Status":"died",TIME,"Type":"container","Attributes":{"kind":"test"}}'
	run_rbox events --stream=false --filter container="$name" --filter event=died --format '{{json .}}'
	assert "$output" == "$one"
	run_rbox events --stream=false --filter container="$name" --filter event=died --format '{{.Attributes.kind}} {{.Type}}'
	assert "$output" == "test container"
}

@test "filters - of one key any, of several keys all" {
	local name id
	name=$(safename)
	run_rbox run --rm --name "$name" --label a=b --network none "$IMAGE" true
	run_rbox events --stream=false --filter container="$name" --filter event=start --filter event=died --format '{{.Status}}'
	assert "$output" == $'start\ndied'
	run_rbox events --stream=false --filter container="$name" --format '{{.ID}}'
	id=${lines[0]}
	run_rbox events --stream=false --filter container="${id:0:12}" --filter event=create --format '{{.Name}}'
	assert "$output" == "$name"
	run_rbox events --stream=false --filter label=a=b --filter type=container --filter event=create --format '{{.Name}}'
	assert "$output" == "$name"
	run_rbox events --stream=false --filter label=a=c
	assert "$output" == ""
	run_rbox events --stream=false --filter type=volume --filter container="$name"
	assert "$output" == ""
	run_rbox events --stream=false --filter image="$IMAGE" --format '{{.Type}}'
	assert "${lines[0]}" == image
	run_rbox 125 events --filter colour=red
	assert "$stderr" == $'Error: colour is an invalid filter\n  fix: the filters are artifact, container, event, image, label, pod, status, type, volume'
	run_rbox 125 events --filter event
	assert "$stderr" =~ '^Error: invalid filter "event": KEY=VALUE is wanted'
	run_rbox 125 events --format '{{.Colour}}'
	assert "$stderr" =~ "^Error: template: --format: "
	run_rbox 125 events --since soon
	assert "$stderr" == "Error: --since 'soon' is neither a time nor a span"
	run_rbox 125 events something
}

@test "windows - since, until, and nothing old without them" {
	local name
	name=$(safename)
	run_rbox run --rm --name "$name" --network none "$IMAGE" true
	run_rbox events --until -1h
	assert "$output" == "" "before there was anything"
	run_rbox events --since 1h --until 1ms --filter container="$name" --filter event=create --format '{{.Name}}'
	assert "$output" == "$name"
	run_rbox events --stream=false --since 2100-01-01T00:00:00Z
	assert "$output" == ""
	run_rbox system events --stream=false --filter container="$name" --filter event=create --format '{{.Name}}'
	assert "$output" == "$name"
}

# podman 4.3's `logs` takes and refuses the same; its `events` says nothing of a wrong time, and ends with 0 or 125 as
# two of its threads happen to run.
@test "times - every form that podman takes, for events and for logs; what is no time is refused" {
	local t c
	run_rbox run --name times --network none "$IMAGE" echo hello
	for t in 5m 1h30m +5m 1.5h 3600000000us 0 1700000000 1700000000.5 1700000000.123456789 .5 1e9 -1700000000 \
		2023-11-14 2023-11-14Z 2023-11-14+02:00 2023-11-14T22:13:20 2023-11-14T22:13:20.5 2023-11-14T22:13:20Z \
		2023-11-14T22:13:20.123456789+02:00 ''; do
		run_rbox logs --since "$t" times
		assert "$output" == hello "logs --since '$t'"
		run_rbox events --stream=false --since "$t" --filter container=times --filter event=died --format '{{.Name}}'
		assert "$output" == times "events --since '$t'"
	done
	# before it: nothing; and an end that lies in the past is no end that is waited for
	for t in -5m 0 1700000000 .5 -1700000000 2023-11-14 2023-11-14T22:13:20+02:00; do
		run_rbox logs --until "$t" times
		assert "$output" == "" "logs --until '$t'"
		run_rbox events --until "$t" --filter container=times
		assert "$output" == "" "events --until '$t'"
	done
	for t in 5m now 99999999999999999 2100-01-01 ''; do
		run_rbox logs --until "$t" times
		assert "$output" == hello "logs --until '$t'"
		run_rbox events --stream=false --until "$t" --filter container=times --filter event=died --format '{{.Name}}'
		assert "$output" == times "events --until '$t'"
	done
	run_rbox events --until now --filter container=times --filter event=died --format '{{.Name}}'
	assert "$output" == times
	for t in 5x 5min ' 5m' 22:13 yesterday '1 hour ago' 1e 2023-13-01; do
		for c in "logs times" events; do
			# shellcheck disable=SC2086
			run_rbox 125 $c --since "$t"
			assert "$stderr" == "Error: --since '$t' is neither a time nor a span" "$c"
			# shellcheck disable=SC2086
			run_rbox 125 $c --until "$t"
			assert "$stderr" == "Error: --until '$t' is neither a time nor a span" "$c"
		done
	done
	run_rbox rm times
}

@test "stream - what happens from now on, and an end with the reader" {
	local name
	name=$(safename)
	# The reader is there once it sees something; containers are made until then.
	run_sh "\$RBOX events --filter event=died --format '{{.Name}}' >\$TMPDIR/ev & p=\$!
		for i in \$(seq 100); do
			[ -s \$TMPDIR/ev ] && break
			\$RBOX run --rm --network none \$IMAGE true
		done
		\$RBOX run --rm --name $name --network none \$IMAGE true
		for i in \$(seq 200); do grep -q '^$name\$' \$TMPDIR/ev && break; sleep 0.05; done
		kill \$p; wait \$p; tail -n 1 \$TMPDIR/ev; rm \$TMPDIR/ev"
	assert "$output" == "$name"
	# No more events come: that nobody reads is noticed all the same.
	run_sh 141 'set -o pipefail; $RBOX events --since 1h | head -n 1'
	assert "$stderr" == ""
	assert "$output" =~ "loadfromarchive"
}

@test "a store that can't be written to loses the event, not the command" {
	local name
	name=$(safename)
	run_sh "d=\$XDG_DATA_HOME/rbox; mv \$d/events \$d/events.kept; mkdir \$d/events
		\$RBOX run --rm --name $name --network none \$IMAGE echo fine; r=\$?
		rmdir \$d/events; mv \$d/events.kept \$d/events; exit \$r"
	assert "$output" == fine
	assert "$stderr" == ""
}
