#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 061-ends: what a container's end, its new name and its monitor's memory leave behind, and what heals of it.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
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
	run_rbox create --name wa "$IMAGE" true
	id=$output
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wb"
	run_rbox 1 container exists wb
	assert "$(names)" == wa
	# Whoever wants that name gets it, and whoever tries again.
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wb"
	run_rbox create --name wb "$IMAGE" true
	run_rbox rm wb
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wb"
	run_rbox create --name wc "$IMAGE" true
	run_rbox rename wc wb
	run_rbox rm wb
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wb"
	run_rbox rename wa wb
	assert "$(names)" == wb
	run_rbox ps -a --format '{{.Names}}'
	assert "$output" == wb
	run_rbox rm wb
	assert "$(names)" == ""
}

@test "rename - killed once the new name is written down: found by that alone, and ps says it" {
	local id dir
	run_rbox create --name wa "$IMAGE" true
	id=$output
	dir=$XDG_DATA_HOME/rbox/containers/$id
	cp "$dir/summary" "$dir/was"
	run_rbox rename wa wb
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wa"
	run_rbox 125 inspect --format '{{.Name}}' --type container wa
	assert "$stderr" =~ 'no such container'
	assert "$(names)" == wb
	mv "$dir/was" "$dir/summary"
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wa"
	run_rbox inspect --format '{{.Name}}' wb
	assert "$output" == wb
	assert "$(names)" == wb
	run_rbox ps -a --format '{{.Names}}'
	assert "$output" == wb
	run_rbox rm wb
}

@test "rename - while one is under way both names find it" {
	local id
	run_rbox create --name wa "$IMAGE" true
	id=$output
	ln -s "../containers/$id" "$XDG_DATA_HOME/rbox/names/wb"
	# As the rename does, until it is through.
	run -0 /usr/bin/python3 - "$XDG_DATA_HOME/rbox/containers/$id/lock" <<-'EOF'
		import fcntl, struct, subprocess, sys
		lock = open(sys.argv[1], "w")
		fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))	# F_OFD_SETLK
		for name in "wa", "wb":
		    subprocess.run(["rbox", "container", "exists", name], check=True)
	EOF
	assert "$(names)" == $'wa\nwb'
	run_rbox 1 container exists wb
	run_rbox rm wa
}

@test "rename - what happens later has the new name" {
	local id
	id=$(rbox run -d --name wa --health-cmd true --health-interval 0 "$IMAGE" sleep 100 </dev/null)
	run_rbox rename wa wb
	run_rbox healthcheck run wb
	run_rbox stop -t 0 wb
	run_rbox rm wb
	run -0 events_of "container=$id"
	assert "$output" =~ $'health_status wb\n'
	assert "$output" =~ $'died wb\n'
	assert "$output" !~ $'died wa'
	id=$(rbox run -d --rm --name wa "$IMAGE" sleep 100 </dev/null)
	run_rbox rename wa wb
	run_rbox stop -t 0 wb
	wait_for 10 eval '! rbox container exists wb </dev/null'
	run -0 events_of "container=$id"
	assert "$output" =~ 'remove wb'
	assert "$output" !~ 'remove wa'
}

# --- core files ---

# "SOFT HARD"
CORE='sed -n "s/^Max core file size *\([a-z0-9]*\) *\([a-z0-9]*\) .*/\1 \2/p" /proc'

@test "core - a monitor writes none, its container has the limit of the caller" {
	local c want
	ulimit -Sc "$(ulimit -Hc)"
	want=$(sh -c "$CORE/self/limits")
	# ASan takes the limit of rbox itself away.
	[ -z "${RBOX_SANITIZED:-}" ] || want="0 ${want#* }"
	run_rbox run --rm --network none "$IMAGE" sh -c "$CORE/self/limits"
	assert "$output" == "$want"
	c=$(rbox run -d --restart on-failure:1 --health-cmd "$CORE/self/limits" --health-interval 0 "$IMAGE" \
		sh -c "$CORE/self/limits; [ -e /again ] && exec sleep 1000; >/again; exit 1" </dev/null)
	wait_for 20 has "$c" .RestartCount 1
	wait_for 20 has "$c" .State.Running true
	run_rbox exec "$c" sh -c "$CORE/self/limits"
	assert "$output" == "$want"
	run_rbox healthcheck run "$c"
	run_rbox inspect --format '{{range .State.Health.Log}}{{.Output}}{{end}}' "$c"
	assert "${output%%$'\n'*}" == "$want" "the health check"
	run -0 sh -c "$CORE/$(field "$c" .State.ConmonPid)/limits"
	assert "$output" == "$([ "${want#* }" == 0 ] && echo 0 || echo 1) ${want#* }" "the monitor"
	run_rbox stop -t 0 "$c"
	run_rbox logs "$c"
	assert "$output" == "$want"$'\n'"$want" "both runs"
	run_rbox rm "$c"
}

# --- update --restart ---

# Process 1 hears of no signal before it has a handler for it; and the exec may die with it.
ends_by_itself() {	# CONTAINER: of the loop below
	run_rbox '?' exec "$1" sh -c 'while ! [ -e /ready ]; do sleep 0.1; done; kill -TERM 1'
}
LOOP='trap "rm /ready; exit 3" TERM; >/ready; while :; do sleep 0.1; done'

@test "update --restart - its next end is met by the new policy" {
	local c
	c=$(rbox run -d --name k1 "$IMAGE" sh -c "$LOOP" </dev/null)
	run_rbox update --restart on-failure:2 k1
	assert "$output" == "$c"
	run_rbox inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' k1
	assert "$output" == "on-failure 2"
	ends_by_itself k1
	wait_for 20 has k1 .RestartCount 1
	wait_for 20 has k1 .State.Running true
	run_rbox update --restart=no k1
	ends_by_itself k1
	wait_for 20 has k1 .State.Status exited
	assert "$(field k1 .RestartCount) $(field k1 .State.ExitCode)" == "1 3"
	# The next start has it, too.
	run_rbox update --restart always k1
	run_rbox start k1
	ends_by_itself k1
	wait_for 20 has k1 .RestartCount 1
	run_rbox rename k1 k2
	assert "$(field k2 .HostConfig.RestartPolicy.Name)" == always "a rename keeps it"
	run -0 events_of "event=update"
	assert "$output" =~ "update k1"
	run_rbox rm -f -t 0 k2
}

@test "update --restart - no further run for one that waits for it" {
	run_rbox run -d --name k1 --restart always "$IMAGE" false
	wait_for 20 has k1 .RestartCount 4
	run_rbox update --restart no k1
	wait_for 20 has k1 .State.Status exited
	assert "$(field k1 .State.ExitCode)" == 1
	assert "$(field k1 .State.StoppedByUser)" == false
	run_rbox rm k1
}

@test "update --restart - what is refused leaves it as it was" {
	run_rbox create --name k1 --restart on-failure:7 "$IMAGE" true
	run_rbox 125 update --restart sometimes k1
	assert "$stderr" =~ '^Error: "sometimes" is not a valid restart policy: invalid argument'
	run_rbox 125 update --restart no --memory nonsense k1
	assert "$(field k1 .HostConfig.RestartPolicy.MaximumRetryCount)" == 7
	run_rbox rm k1
	run_rbox create --name k1 --rm "$IMAGE" true
	run_rbox 125 update --restart always k1
	assert "$stderr" =~ '^Error: the --rm option conflicts with --restart'
	run_rbox update --restart no k1
	run_rbox rm k1
}

# --- anonymous volumes ---

# hold_volumes CMD...: runs CMD while somebody who makes a container is stopped in the middle (^Z).
hold_volumes() {
	/usr/bin/python3 - "$XDG_DATA_HOME/rbox/lock.volumes" "$@" <<-'EOF'
		import fcntl, struct, subprocess, sys
		lock = open(sys.argv[1], "a+")
		fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))	# F_OFD_SETLK
		sys.exit(subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, timeout=50).returncode)
	EOF
}

volumes() {	# prints their names
	rbox volume ls -q </dev/null
}

no_volumes() {
	[ -z "$(volumes)" ]
}

@test "volumes - a create that is stopped holds no --rm and no rm -v up; the next command drops what they left" {
	run_rbox volume create keep
	run_rbox run --rm --network none -v /x "$IMAGE" true
	assert "$(volumes)" == keep "gone with the container, at once"
	run_rbox create --name k1 -v /x "$IMAGE" true
	run_rbox create --name k2 -v /x "$IMAGE" true
	run_rbox create --name k3 -v /x "$IMAGE" true
	run -0 hold_volumes rbox rm k3
	run -0 hold_volumes rbox rm -v k1
	# k2's and k3's stay
	wait_for 20 eval '[ "$(volumes | wc -l)" == 3 ]'
	run_rbox rm -v k2
	assert "$(volumes | wc -l)" == 2
	run_rbox volume rm keep
	run_rbox volume prune -f
	run_rbox run -d --rm --name k4 --network none -v /x "$IMAGE" sleep 1000
	run -0 hold_volumes rbox stop -t 0 k4
	wait_for 20 no_volumes
}

@test "volumes - the one who was to drop them is killed: the next command does; others' stay" {
	local id entry
	run_rbox create --name wa --rm -v /x "$IMAGE" true
	id=$output
	entry=$XDG_DATA_HOME/rbox/trash/0123456789abcdef
	run_rbox create --name wb --volumes-from wa "$IMAGE" true
	# As it is when its monitor is killed once the container is in the trash.
	rm "$XDG_DATA_HOME/rbox/names/wa"
	mv "$XDG_DATA_HOME/rbox/containers/$id" "$entry"
	run_rbox ps
	wait_for 20 eval '[ ! -e "'"$entry"'" ]'
	assert "$(volumes | wc -l)" == 1 "wb needs it"
	id=$(rbox inspect --format '{{.Id}}' wb </dev/null)
	run_rbox rm -v wb
	assert "$(volumes)" == ""
}

@test "volumes - a container whose config is broken may use any; it is named, and in nobody's way" {
	local id dir
	run_rbox volume create web
	run_rbox create --name bad "$IMAGE" true
	id=$output
	dir=$XDG_DATA_HOME/rbox/containers/$id
	cp "$dir/config.json" "$TMPDIR/config"
	for text in '' '{' '[]'; do
		printf %s "$text" >"$dir/config.json"
		run_rbox 2 volume rm web
		assert "$stderr" =~ "^Error: volume web may be used by container ${id:0:12}, which can't be asked: .*: volume is being used"
		assert "$stderr" =~ "rbox rm -f ${id:0:12}, or, if no such container needs it, rbox volume rm -f web"
		run_rbox volume prune -f
		assert "$output" == ""
		assert "$stderr" =~ "container ${id:0:12} may use any volume, so all count as used: "
		run_rbox run --rm --network none -v /x "$IMAGE" true
		assert "$(volumes)" == web
	done
	rm "$dir/config.json"
	run_rbox 2 volume rm web
	run_rbox volume rm -f web
	assert "$(volumes)" == ""
	mv "$TMPDIR/config" "$dir/config.json"
	run_rbox rm bad
}
