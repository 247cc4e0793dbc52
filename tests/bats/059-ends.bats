#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 059-ends: what a container's end, its new name and its monitor's memory leave behind, and what heals of it.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

field() {	# CONTAINER FIELD: prints it
	rbox inspect --format "{{$2}}" "$1" </dev/null
}

has() {	# CONTAINER FIELD VALUE
	[ "$(field "$1" "$2")" == "$3" ]
}

names() {	# prints all that are taken
	ls "$XDG_DATA_HOME/rbox/names"
}

events_of() {	# FILTER: "WORD NAME", one a line
	rbox events --since 10m --until 0s --filter "$1" --format '{{.Status}} {{.Name}}' </dev/null
}

# --- rename ---

@test "rename - killed before the new name is written down: found by the old one alone" {
	local id
	run_rbox create --name a "$IMAGE" true
	id=$output
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/b"
	run_rbox 1 container exists b
	assert "$(names)" == a
	# Whoever wants that name gets it, and whoever tries again.
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/b"
	run_rbox create --name b "$IMAGE" true
	run_rbox rm b
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/b"
	run_rbox create --name c "$IMAGE" true
	run_rbox rename c b
	run_rbox rm b
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/b"
	run_rbox rename a b
	assert "$(names)" == b
	run_rbox ps -a --format '{{.Names}}'
	assert "$output" == b
	run_rbox rm b
	assert "$(names)" == ""
}

@test "rename - killed once the new name is written down: found by that alone, and ps says it" {
	local id dir
	run_rbox create --name a "$IMAGE" true
	id=$output
	dir=$XDG_DATA_HOME/rbox/containers/$id
	cp "$dir/summary" "$dir/was"
	run_rbox rename a b
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/a"
	run_rbox 125 inspect --format '{{.Name}}' --type container a
	assert "$stderr" =~ 'no such container'
	assert "$(names)" == b
	mv "$dir/was" "$dir/summary"
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/a"
	run_rbox inspect --format '{{.Name}}' b
	assert "$output" == b
	assert "$(names)" == b
	run_rbox ps -a --format '{{.Names}}'
	assert "$output" == b
	run_rbox rm b
}

@test "rename - while one is under way both names find it" {
	local id
	run_rbox create --name a "$IMAGE" true
	id=$output
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/b"
	# As the rename does, until it is through.
	run -0 /usr/bin/python3 - "$XDG_DATA_HOME/rbox/containers/$id/lock" <<-'EOF'
		import fcntl, struct, subprocess, sys
		lock = open(sys.argv[1], "w")
		fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))	# F_OFD_SETLK
		for name in "a", "b":
		    subprocess.run(["rbox", "container", "exists", name], check=True)
	EOF
	assert "$(names)" == $'a\nb'
	run_rbox 1 container exists b
	run_rbox rm a
}

@test "rename - what happens later has the new name" {
	local id
	id=$(rbox run -d --name a --health-cmd true --health-interval 0 "$IMAGE" sleep 100 </dev/null)
	run_rbox rename a b
	run_rbox healthcheck run b
	run_rbox stop -t 0 b
	run_rbox rm b
	run -0 events_of "container=$id"
	assert "$output" =~ $'health_status b\n'
	assert "$output" =~ $'died b\n'
	assert "$output" !~ $'died a'
	id=$(rbox run -d --rm --name a "$IMAGE" sleep 100 </dev/null)
	run_rbox rename a b
	run_rbox stop -t 0 b
	wait_for 10 eval '! rbox container exists b </dev/null'
	run -0 events_of "container=$id"
	assert "$output" =~ 'remove b'
	assert "$output" !~ 'remove a'
}

# --- core files ---

@test "core - a monitor writes none, its container has the limit of the caller" {
	local c hard
	hard=$(ulimit -Hc)
	ulimit -Sc "$hard"
	run_rbox run --rm --network none "$IMAGE" sh -c 'ulimit -Sc; ulimit -Hc'
	assert "$output" == "$hard"$'\n'"$hard"
	c=$(rbox run -d --restart on-failure:1 --health-cmd 'ulimit -Sc' --health-interval 0 "$IMAGE" \
		sh -c 'ulimit -Sc; [ -e /again ] && exec sleep 1000; >/again; exit 1' </dev/null)
	wait_for 20 has "$c" .RestartCount 1
	wait_for 20 has "$c" .State.Running true
	run_rbox exec "$c" sh -c 'ulimit -Sc'
	assert "$output" == "$hard"
	run_rbox healthcheck run "$c"
	run_rbox inspect --format '{{range .State.Health.Log}}{{.Output}}{{end}}' "$c"
	assert "${output%%$'\n'*}" == "$hard" "the health check"
	run_rbox logs "$c"
	assert "$output" == "$hard"$'\n'"$hard" "both runs"
	run -0 grep 'Max core file size' "/proc/$(field "$c" .State.ConmonPid)/limits"
	read -r _ _ _ _ soft _ <<<"$output"
	assert "$soft" == "$([ "$hard" == 0 ] && echo 0 || echo 1)"
	run_rbox rm -f -t 0 "$c"
}

# --- update --restart ---

ends_by_itself() {	# CONTAINER: of the loop below
	run_rbox exec "$1" kill -TERM 1
}
LOOP='trap "exit 3" TERM; while :; do sleep 0.1; done'

@test "update --restart - its next end is met by the new policy" {
	local c
	c=$(rbox run -d --name c1 "$IMAGE" sh -c "$LOOP" </dev/null)
	run_rbox update --restart on-failure:2 c1
	assert "$output" == "$c"
	run_rbox inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' c1
	assert "$output" == "on-failure 2"
	ends_by_itself c1
	wait_for 20 has c1 .RestartCount 1
	wait_for 20 has c1 .State.Running true
	run_rbox update --restart=no c1
	ends_by_itself c1
	wait_for 20 has c1 .State.Status exited
	assert "$(field c1 .RestartCount) $(field c1 .State.ExitCode)" == "1 3"
	# The next start has it, too.
	run_rbox update --restart always c1
	run_rbox start c1
	ends_by_itself c1
	wait_for 20 has c1 .RestartCount 1
	run_rbox rename c1 c2
	assert "$(field c2 .HostConfig.RestartPolicy.Name)" == always "a rename keeps it"
	run -0 events_of "event=update"
	assert "$output" =~ "update c1"
	run_rbox rm -f -t 0 c2
}

@test "update --restart - no further run for one that waits for it" {
	run_rbox run -d --name c1 --restart always "$IMAGE" false
	wait_for 20 has c1 .RestartCount 4
	run_rbox update --restart no c1
	wait_for 20 has c1 .State.Status exited
	assert "$(field c1 .State.ExitCode)" == 1
	assert "$(field c1 .State.StoppedByUser)" == false
	run_rbox rm c1
}

@test "update --restart - what is refused leaves it as it was" {
	run_rbox create --name c1 --restart on-failure:7 "$IMAGE" true
	run_rbox 125 update --restart sometimes c1
	assert "$stderr" =~ '^Error: "sometimes" is not a valid restart policy: invalid argument'
	run_rbox 125 update --restart no --memory nonsense c1
	assert "$(field c1 .HostConfig.RestartPolicy.MaximumRetryCount)" == 7
	run_rbox rm c1
	run_rbox create --name c1 --rm "$IMAGE" true
	run_rbox 125 update --restart always c1
	assert "$stderr" =~ '^Error: the --rm option conflicts with --restart'
	run_rbox update --restart no c1
	run_rbox rm c1
}
