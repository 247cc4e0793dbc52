#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 053-health: health checks that the monitor runs, what their results make of a container, and who asks.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

run_checked() {	# NAME OPTIONS...: one that runs on and on
	local name=$1
	shift
	run_rbox run -d --network none --stop-timeout 0 --name "$name" "$@" "$IMAGE" sleep 1000
}

@test "health - what is refused, in podman's words" {
	local row
	while IFS='|' read -r row text; do
		# shellcheck disable=SC2086
		run_rbox 125 create $row "$IMAGE" true
		assert "${stderr%%$'\n'*}" == "Error: $text" "$row"
	done <<-'EOF'
		--health-cmd=true --health-interval=abc|invalid healthcheck-interval: time: invalid duration "abc"
		--health-cmd=true --health-interval=5|invalid healthcheck-interval: time: invalid duration "5"
		--health-cmd=true --health-timeout=x|invalid healthcheck-timeout: time: invalid duration "x"
		--health-cmd=true --health-timeout=0s|healthcheck-timeout must be at least 1 second
		--health-cmd=true --health-retries=0|healthcheck-retries must be greater than 0
		--health-cmd=true --health-start-period=-1s|healthcheck-start-period must be 0 seconds or greater
		--health-on-failure=foo|invalid on-failure action "foo" for health check: supported actions are none,kill,restart,stop
		--health-on-failure=kill|cannot set on-failure action to kill without a health check
		--health-startup-cmd=true|startup healthcheck requires that a healthcheck is also set
		--no-healthcheck --health-cmd=true|cannot specify both --no-healthcheck and --health-cmd
	EOF
	run_rbox ps -aq
	assert "$output" == "" "nothing is left of what was refused"
}

@test "health - starting, unhealthy, healthy: ps, filters, inspect, wait, healthcheck run" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd='cat /up' --health-interval=disable --health-retries=2
	run_rbox ps --filter name="$name" --format '{{.Status}}'
	assert "$output" =~ '^Up .* \(starting\)$'
	run_rbox 1 healthcheck run "$name"
	assert "$output" == "unhealthy"
	assert "$stderr" == ""
	run_rbox inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}} {{len .State.Health.Log}}' "$name"
	assert "$output" == "starting 1 1"
	run_rbox 1 healthcheck run "$name"
	run_rbox ps --filter health=unhealthy --format '{{.Names}} {{.Status}}'
	assert "$output" =~ "^$name Up .* \(unhealthy\)$"
	run_rbox wait --condition unhealthy "$name"
	assert "$output" == "-1"
	run_rbox inspect --format '{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}' "$name"
	assert "${lines[0]}" == "1 cat: can't open '/up': No such file or directory"
	run_rbox exec "$name" touch /up
	run_rbox healthcheck run "$name"
	assert "$output" == ""
	run_rbox inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' "$name"
	assert "$output" == "healthy 0"
	run_rbox ps --filter health=healthy --format '{{.Names}}'
	assert "$output" == "$name"
	run_rbox events --since 10m --until 0s --filter container="$name" --filter event=health_status --format '{{.HealthStatus}}'
	assert "$output" == "starting
unhealthy
healthy"
	run_rbox rm -f "$name"
}

@test "health - by itself, in intervals; results are kept up to a number and a size" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd='echo x >>/n; printf "%01000d" 7; printf "\377"' --health-interval=100ms \
		--health-max-log-count=3 --health-max-log-size=10
	run_rbox wait --condition healthy "$name"
	wait_for 20 has "$name" 'len .State.Health.Log' 3
	often() { [ "$(rbox exec "$name" grep -c x /n)" -gt 4 ]; }
	wait_for 20 often
	run_rbox inspect --format '{{range .State.Health.Log}}{{.ExitCode}}:{{.Output}};{{end}}' "$name"
	assert "$output" == "0:0000000000;0:0000000000;0:0000000000;"
	run_rbox rm -f "$name"
}

@test "health - output that is no text, and none" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd='printf "a\377b\0c\033[1m"' --health-interval=disable
	run_rbox healthcheck run "$name"
	run_rbox inspect --format '{{json .State.Health.Log}}' "$name"
	assert "$output" =~ '"Output":"a�b�c\\u001b\[1m"'
	run_rbox rm -f "$name"
}

@test "health - the check's words: a line for sh, an array, CMD, none; a program that is missing" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd='["sh", "-c", "echo $0-$1", "a b", "c"]' --health-interval=disable
	run_rbox healthcheck run "$name"
	run_rbox inspect --format '{{json .Config.Healthcheck.Test}} {{(index .State.Health.Log 0).Output}}' "$name"
	assert "${lines[0]}" == '["CMD","sh","-c","echo $0-$1","a b","c"] a b-c'
	run_rbox rm -f "$name"
	run_checked "$name" --health-cmd='CMD no-such-program' --health-interval=disable
	run_rbox 1 healthcheck run "$name"
	run_rbox inspect --format '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' "$name"
	assert "$output" =~ '^1 executable file `no-such-program` not found in \$PATH'
	run_rbox rm -f "$name"
	run_checked "$name" --health-cmd=none
	run_rbox 125 healthcheck run "$name"
	assert "$stderr" == "Error: container $(field "$name" .Id) has no defined healthcheck"
	run_rbox ps --filter name="$name" --format '{{.Status}}'
	assert "$output" !~ 'starting'
	run_rbox 125 wait --condition healthy "$name"
	assert "$stderr" == "Error: cannot use condition \"healthy\": container $(field "$name" .Id) has no healthcheck"
	run_rbox rm -f "$name"
}

@test "health - the check runs as the container's user, with its capabilities and seccomp, without our descriptors" {
	local name
	name=$(safename)
	run_checked "$name" --user 1000:1000 --cap-drop all --env A=b --workdir /tmp --health-interval=disable \
		--health-max-log-size=0 \
		--health-cmd='id -u; echo $A; pwd; grep -E "^(CapEff|Seccomp):" /proc/self/status; ls /proc/self/fd | tr "\n" " "'
	run_rbox healthcheck run "$name"
	run_rbox inspect --format '{{(index .State.Health.Log 0).Output}}' "$name"
	assert "$(tr -s '\t ' ' ' <<<"$output")" == "1000
b
/tmp
CapEff: 0000000000000000
Seccomp: 2
0 1 2 3 "
	run_rbox rm -f "$name"
}

@test "health - a check that takes too long fails, and all that it started is killed" {
	local name
	name=$(safename)
	run_checked "$name" --health-interval=disable --health-timeout=1s --health-retries=1 \
		--health-cmd='sleep 71 & (setsid sleep 72 &); (setsid sh -c "sleep 73 & wait" &); echo slow; sleep 74'
	run_rbox 1 healthcheck run "$name"
	run_rbox inspect --format '{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' "$name"
	assert "${lines[0]}" == "unhealthy -1 slow"
	no_sleepers() { ! rbox exec "$name" ps | grep -q 'sleep 7[1-4]'; }
	wait_for 20 no_sleepers
	# the monitor is there and answers
	run_rbox exec "$name" true
	run_rbox rm -f "$name"
}

@test "health - a check that writes without end is over in time, too" {
	local name
	name=$(safename)
	run_checked "$name" --health-interval=disable --health-timeout=1s --health-retries=1 --health-cmd='yes'
	run_rbox 1 healthcheck run "$name"
	run_rbox inspect --format '{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}}' "$name"
	assert "$output" == "unhealthy -1"
	run_rbox rm -f "$name"
}

@test "health - start period: failures don't count until a check has passed" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd='test -e /up' --health-interval=disable --health-retries=1 --health-start-period=1h
	run_rbox 1 healthcheck run "$name"
	run_rbox 1 healthcheck run "$name"
	run_rbox inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' "$name"
	assert "$output" == "starting 0"
	run_rbox exec "$name" touch /up
	run_rbox healthcheck run "$name"
	run_rbox exec "$name" rm /up
	run_rbox 1 healthcheck run "$name"
	run_rbox inspect --format '{{.State.Health.Status}} {{.Config.Healthcheck.StartPeriod}}' "$name"
	assert "$output" == "unhealthy 3600000000000"
	run_rbox rm -f "$name"
}

@test "health - start-up check first, then the regular one" {
	local name
	name=$(safename)
	run_checked "$name" --health-startup-cmd='test -e /up' --health-startup-interval=disable --health-startup-success=2 \
		--health-cmd='test -e /well' --health-interval=disable --health-retries=1
	run_rbox 1 healthcheck run "$name"
	assert "$output" == "starting"
	run_rbox exec "$name" touch /up
	run_rbox healthcheck run "$name"
	run_rbox healthcheck run "$name"
	assert "$(field "$name" .State.Health.Status)" == starting
	run_rbox 1 healthcheck run "$name"
	assert "$output" == "unhealthy"
	assert "$(field "$name" .State.Health.Status)" == unhealthy
	run_rbox exec "$name" touch /well
	run_rbox healthcheck run "$name"
	assert "$(field "$name" .State.Health.Status)" == healthy
	run_rbox rm -f "$name"
}

@test "health - a start-up that fails too often restarts it" {
	local name
	name=$(safename)
	run_checked "$name" --health-startup-cmd=false --health-startup-interval=50ms --health-startup-retries=2 \
		--health-cmd=true
	restarted() { [ "$(field "$name" .RestartCount)" -ge 2 ]; }
	wait_for 30 restarted
	run_rbox stop "$name"
	run_rbox inspect --format '{{.State.Status}} {{.State.StoppedByUser}}' "$name"
	assert "$output" == "exited true"
	run_rbox rm "$name"
}

@test "health - on failure: kill, stop, restart; a restart policy acts after kill, not after stop" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd=false --health-interval=50ms --health-retries=2 --health-on-failure=kill
	run_rbox wait "$name"
	assert "$output" == 137
	run_rbox inspect --format '{{.State.Error}} {{.State.StoppedByUser}} {{.State.Health.FailingStreak}} {{.Config.HealthcheckOnFailureAction}}' "$name"
	assert "$output" == "killed: it became unhealthy (--health-on-failure) false 2 kill"
	run_rbox why "$name"
	assert "${lines[0]}" == "$name: its monitor ended it: killed: it became unhealthy (--health-on-failure)"
	run_rbox rm "$name"

	run_checked "$name" --health-cmd='test ! -e /bad' --health-interval=50ms --health-retries=1 \
		--health-on-failure=kill --restart=on-failure
	run_rbox exec "$name" touch /bad
	restarted() { [ "$(field "$name" .RestartCount)" -ge 1 ]; }
	wait_for 20 restarted
	run_rbox rm -f "$name"

	run_checked "$name" --health-cmd=false --health-interval=50ms --health-retries=1 --health-on-failure=stop --restart=always
	wait_for 20 has "$name" .State.Status exited
	assert "$(field "$name" .RestartCount)" -eq 0
	run_rbox rm "$name"

	run_checked "$name" --health-cmd=false --health-interval=50ms --health-retries=1 --health-on-failure=restart
	wait_for 20 restarted
	run_rbox rm -f "$name"
}

@test "health - healthcheck run comes back when what follows from it is done" {
	local name action began
	name=$(safename)
	for action in kill stop restart; do
		run_checked "$name" --health-cmd=false --health-interval=disable --health-retries=1 \
			--health-on-failure=$action
		began=$(field "$name" .State.StartedAt)
		run_rbox 1 healthcheck run "$name"
		assert "$output" == unhealthy
		if [ $action = restart ]; then
			run_rbox inspect --format '{{.State.Status}} {{.State.StartedAt}}' "$name"
			assert "$output" =~ ^running "$action"
			assert "${output#running }" != "$began" "it has been restarted"
		else
			assert "$(field "$name" .State.Status)" == exited "$action"
		fi
		run_rbox rm -f "$name"
	done
	# Gone with its end is an end, too.
	run_checked "$name" --rm --health-cmd=false --health-interval=disable --health-retries=1 --health-on-failure=kill
	run_rbox 1 healthcheck run "$name"
	assert "$output" == unhealthy
	run_rbox wait --ignore "$name"
}

@test "health - State.Healthcheck is State.Health, as before podman 4" {
	local name
	name=$(safename)
	run_checked "$name" --health-cmd=true --health-interval=disable
	run_rbox healthcheck run "$name"
	run_rbox inspect --format '{{.State.Healthcheck.Status}} {{.State.Health.Status}}' "$name"
	assert "$output" == "healthy healthy"
	run_rbox rm -f "$name"
}

@test "health - errors of healthcheck run and wait" {
	local name
	name=$(safename)
	run_rbox 125 healthcheck run nope
	assert "$stderr" == 'Error: unable to look up nope to perform a health check: no container with name or ID "nope" found: no such container'
	run_rbox 125 healthcheck run
	run_rbox create --name "$name" --health-cmd=true "$IMAGE" true
	run_rbox 125 healthcheck run "$name"
	assert "$stderr" == "Error: container $(field "$name" .Id) is not running"
	run_rbox run --rm --network none "$IMAGE" true
	run_rbox start "$name"
	wait_for 20 has "$name" .State.Status exited
	run_rbox 125 wait --condition unhealthy "$name"
	assert "$stderr" == "Error: container is stopped"
	run_rbox rm "$name"
}

@test "health - an image's HEALTHCHECK, overridden in part, and switched off" {
	local name
	name=$(safename)
	python3 - "$IMAGES/busybox.tar" "$TMPDIR/checked.tar" <<-'EOF'
		import hashlib, io, json, sys, tarfile
		src = tarfile.open(sys.argv[1])
		files = {m.name: src.extractfile(m).read() for m in src.getmembers() if m.isfile()}
		manifest = json.loads(files["manifest.json"])
		config = json.loads(files.pop(manifest[0]["Config"]))
		config["config"]["Healthcheck"] = {"Test": ["CMD-SHELL", "echo from the image"], "Interval": 100000000, "Retries": 7}
		text = json.dumps(config).encode()
		manifest[0]["Config"] = hashlib.sha256(text).hexdigest() + ".json"
		manifest[0]["RepoTags"] = ["localhost/checked:latest"]
		files[manifest[0]["Config"]] = text
		files["manifest.json"] = json.dumps(manifest).encode()
		files.pop("repositories", None)
		out = tarfile.open(sys.argv[2], "w")
		for name, data in files.items():
		    t = tarfile.TarInfo(name)
		    t.size = len(data)
		    out.addfile(t, io.BytesIO(data))
		out.close()
	EOF
	run_rbox load -q -i "$TMPDIR/checked.tar"
	run_rbox run -d --network none --stop-timeout 0 --name "$name" localhost/checked sleep 1000
	run_rbox wait --condition healthy "$name"
	run_rbox inspect --format '{{json .Config.Healthcheck}} {{(index .State.Health.Log 0).Output}}' "$name"
	assert "${lines[0]}" == '{"Test":["CMD-SHELL","echo from the image"],"Interval":100000000,"Timeout":30000000000,"Retries":7} from the image'
	run_rbox rm -f "$name"
	run_rbox create --name "$name" --health-retries=2 --health-timeout=5s localhost/checked
	run_rbox inspect --format '{{json .Config.Healthcheck}}' "$name"
	assert "$output" == '{"Test":["CMD-SHELL","echo from the image"],"Interval":100000000,"Timeout":5000000000,"Retries":2}'
	run_rbox rm "$name"
	run_rbox run -d --network none --stop-timeout 0 --no-healthcheck --name "$name" localhost/checked sleep 1000
	run_rbox inspect --format '{{.State.Health.Status}}' "$name"
	assert "$output" == ""
	run_rbox rm -f "$name"
	run_rbox rmi localhost/checked
	rm -f "$TMPDIR/checked.tar"
}

@test "health - ten at once ask for a check; the monitor stays small and idle" {
	local name i monitor kib
	name=$(safename)
	run_checked "$name" --health-cmd='sleep 0.2' --health-interval=50ms
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rbox healthcheck run "$name" </dev/null >"$TMPDIR/check.$i" 2>&1 &
	done
	wait
	cat "$TMPDIR"/check.*
	assert "$(cat "$TMPDIR"/check.*)" == ""
	rm -f "$TMPDIR"/check.*
	monitor=$(field "$name" .State.ConmonPid)
	# private memory in KiB
	kib=$(awk '/^Private_Dirty:/ { n += $2 } END { print n }' "/proc/$monitor/smaps_rollup")
	[ -n "$RBOX_SANITIZED" ] || assert "$kib" -lt 1024
	run_rbox rm -f "$name"
}
