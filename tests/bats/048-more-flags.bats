#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 048-more-flags: flags that all other suites use in passing, or not at all: each with what changes when it
# is left out (contrib/compat/table.py looks for that).

# shellcheck disable=SC2154,SC2030,SC2031,SC2016  # run_rbox sets them; each test is a subshell
load helpers
# shellcheck source=tests/lib/registry.sh
source tests/lib/registry.sh

setup_file() {
	load_image busybox
	registry_start more tls
	export REGISTRY REGISTRY_CA
	mkdir -p "$RBOX_T/layout" "$RBOX_T/certs"
	cp "$REGISTRY_CA" "$RBOX_T/certs/ca.crt"
	tar xf "$IMAGES/kinds.oci.tar" -C "$RBOX_T/layout" --no-same-owner
	skopeo copy -q --dest-creds user:secret --dest-cert-dir "$RBOX_T/certs" \
		"oci:$RBOX_T/layout:localhost/kinds:latest" "docker://$REGISTRY/x:1"
	printf '{"auths": {"%s": {"auth": "%s"}}}\n' "$REGISTRY" "$(printf user:secret | base64)" >"$RBOX_T/login.json"
}

teardown_file() {
	registry_stop more
	leak_check
}

teardown() {
	remove_all
}

is_running() { [ "$(rbox inspect -f '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }

@test "rm --all - every container, and no names beside it" {
	run_rbox run -d --network none "$IMAGE" sleep 1000
	run_rbox create --network none "$IMAGE"
	run_rbox 125 rm -f -t 0
	run_rbox rm -f -t 0 --all
	assert "${#lines[@]}" -eq 2 "ids printed"
	run_rbox ps -aq
	assert "$output" == ""
}

@test "rm --volumes - anonymous volumes stay without it" {
	run_rbox create --name v1 --network none -v /anon "$IMAGE"
	run_rbox rm v1
	run_rbox volume ls -q
	assert "${#lines[@]}" -eq 1 "without --volumes"
	run_rbox volume rm "$output"
	run_rbox create --name v1 --network none -v /anon "$IMAGE"
	run_rbox rm --volumes v1
	run_rbox volume ls -q
	assert "$output" == "" "with it"
}

@test "rm --time - overrules the container's own patience" {
	run_rbox run -d --name deaf --network none --stop-timeout 300 "$IMAGE" \
		sh -c 'trap "" TERM; echo up; while :; do sleep 1; done'
	wait_for 20 eval 'rbox logs deaf | grep -q up'
	RBOX_TIMEOUT=100 run_rbox rm -f --time 0 deaf
	run_rbox ps -aq
	assert "$output" == ""
}

@test "run --sig-proxy=false - a signal to the client is not the container's" {
	local pid status=0
	rbox run --name s1 --sig-proxy=false --network none "$IMAGE" sleep 1000 >/dev/null 2>&1 3>&- &
	pid=$!
	wait_for 20 is_running s1
	kill -TERM $pid
	wait $pid || status=$?
	assert $status -eq 143 "the client's status"
	is_running s1
	status=0
	rbox run --name s2 --network none "$IMAGE" sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done' \
		>"$RBOX_T/s2" 2>&1 3>&- &
	pid=$!
	wait_for 20 grep -q up "$RBOX_T/s2"
	kill -TERM $pid
	wait $pid || status=$?
	assert $status -eq 7 "by default it is"
}

@test "start --sig-proxy=false, --detach-keys" {
	local pid status=0
	run_rbox create --name s1 --network none "$IMAGE" \
		sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done'
	run_rbox 125 start --attach --detach-keys no-such-key s1
	assert "$stderr" =~ "no-such-key"
	# which was found out after it had been started
	run_rbox inspect -f '{{.State.Status}}' s1
	assert "$output" == created
	rbox start --attach --sig-proxy=false s1 >"$RBOX_T/s1" 2>&1 3>&- &
	pid=$!
	wait_for 20 grep -q up "$RBOX_T/s1"
	kill -TERM $pid
	wait $pid || status=$?
	assert $status -eq 143 "the client's status"
	is_running s1
	run_rbox stop -t 0 s1
	status=0
	rbox start --attach s1 >"$RBOX_T/s2" 2>&1 3>&- &
	pid=$!
	wait_for 20 grep -q up "$RBOX_T/s2"
	kill -TERM $pid
	wait $pid || status=$?
	assert $status -eq 7 "by default it is the container's"
}

@test "run --detach-keys - what are none are refused before anything runs" {
	run_rbox 125 run --name s1 --network none --detach-keys no-such-key "$IMAGE" sleep 1000
	assert "$stderr" =~ "^Error: detach keys 'no-such-key'"
	run_rbox ps -aq
	assert "$output" == ""
	run_rbox run -d --name s1 --network none "$IMAGE" sleep 1000
	run_rbox 125 exec --detach-keys no-such-key s1 touch /touched
	run_rbox 1 exec s1 test -e /touched
}

@test "run --ulimit host - the caller's limits as they are" {
	local hard
	hard=$(ulimit -Hn)
	run_sh 'ulimit -Sn 77; $RBOX run --rm --network none $IMAGE sh -c "ulimit -Sn"'
	assert "$output" != 77 "by default it is raised"
	run_sh 'ulimit -Sn 77; $RBOX run --rm --network none --ulimit host $IMAGE sh -c "ulimit -Sn; ulimit -Hn"'
	assert "$output" == $'77\n'"$hard"
	run_sh 'ulimit -Sn 77; $RBOX run --rm --network none --ulimit host --ulimit cpu=500 $IMAGE sh -c "ulimit -Sn; ulimit -t"'
	assert "$output" == $'77\n500'
	run_rbox create --name l --ulimit host --network none "$IMAGE"
	run_rbox inspect -f '{{json .HostConfig.Ulimits}}' l
	assert "$output" == "[]"
}

@test "run --label-file, --health-startup-timeout" {
	printf 'one=1\n# a comment\ntwo=a b\n' >"$RBOX_T/labels"
	run_rbox create --name l --network none --label-file "$RBOX_T/labels" --label two=2 --health-cmd true \
		--health-startup-cmd true --health-startup-timeout 7s "$IMAGE"
	run_rbox inspect -f '{{.Config.Labels.one}} {{.Config.Labels.two}} {{.Config.StartupHealthCheck.Timeout}}' l
	assert "$output" == "1 2 7000000000"
}

@test "run --health-startup-timeout - a start-up check that takes longer has failed" {
	run_rbox run -d --name l --network none --health-cmd true --health-interval disable --health-startup-cmd 'sleep 1000' \
		--health-startup-interval disable --health-startup-timeout 1s "$IMAGE" sleep 1000
	run_rbox 1 healthcheck run l
	run_rbox inspect -f '{{(index .State.Health.Log 0).ExitCode}}' l
	assert "$output" -ne 0
}

@test "load --quiet - nothing but the name" {
	run_rbox load -i "$IMAGES/nocmd.tar"
	assert "$output" == "Loaded image: localhost/nocmd:latest"
	assert "$stderr" =~ "Copying blob"
	run_rbox load --quiet -i "$IMAGES/nocmd.tar"
	assert "$output" == "Loaded image: localhost/nocmd:latest"
	assert "$stderr" == ""
	run_rbox rmi localhost/nocmd
}

@test "volume create --driver - local, and no other" {
	run_rbox volume create --driver local v
	run_rbox volume inspect -f '{{.Driver}}' v
	assert "$output" == local
	run_rbox volume rm v
	run_rbox 125 volume create --driver nfs v
	assert "$stderr" =~ '^Error: volume driver "nfs": only local is there'
}

# How often the screen is cleared before two lines are on it: on_screen ARGS
on_screen() {
	# shellcheck disable=SC2086
	run_cmd /usr/bin/python3 -c 'import os, pty, signal, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
got = b""
while got.count(b"\n") < 2:
    got += os.read(fd, 4096)
os.kill(pid, signal.SIGTERM)
os.waitpid(pid, 0)
print(got.count(b"\x1b[2J"))' $RBOX "$@"
	check_status 0
}

@test "stats --no-reset - what was printed stays on the screen" {
	run_rbox run -d --name l --network none "$IMAGE" sleep 1000
	on_screen stats --interval 1 --format '{{.Name}}' l
	assert "$output" -ge 2
	on_screen stats --interval 1 --format '{{.Name}}' --no-reset l
	assert "$output" -eq 0
}

@test "run --arch, --os, --variant - what the store has isn't taken for another machine's" {
	run_rbox run --rm --network none --pull never "$IMAGE" true
	run_rbox 125 run --rm --network none --pull never --arch s390x "$IMAGE" true
	run_rbox 125 run --rm --network none --pull never --os windows "$IMAGE" true
}

@test "pull --quiet, --policy" {
	run_rbox pull --creds user:secret --cert-dir "$RBOX_T/certs" "$REGISTRY/x:1"
	assert "$stderr" =~ "Trying to pull $REGISTRY/x:1"
	run_rbox pull --quiet --creds user:secret --cert-dir "$RBOX_T/certs" "$REGISTRY/x:1"
	assert "$stderr" == ""
	run_rbox pull --policy missing "$REGISTRY/x:1"
	run_rbox rmi "$REGISTRY/x:1"
	run_rbox 125 pull --policy never "$REGISTRY/x:1"
}

@test "pull --creds, --authfile, --cert-dir - each is needed" {
	run_rbox 125 pull -q --cert-dir "$RBOX_T/certs" "$REGISTRY/x:1"
	run_rbox 125 pull -q --cert-dir "$RBOX_T/certs" --creds user:wrong "$REGISTRY/x:1"
	run_rbox 125 pull -q --creds user:secret "$REGISTRY/x:1"
	assert "$stderr" =~ "unknown authority"
	run_rbox pull -q --cert-dir "$RBOX_T/certs" --creds user:secret "$REGISTRY/x:1"
	run_rbox rmi "$REGISTRY/x:1"
	run_rbox pull -q --cert-dir "$RBOX_T/certs" --authfile "$RBOX_T/login.json" "$REGISTRY/x:1"
	run_rbox rmi "$REGISTRY/x:1"
}

@test "run --creds, --authfile, --cert-dir - the same while it pulls" {
	run_rbox 125 run -q --rm --network none --cert-dir "$RBOX_T/certs" "$REGISTRY/x:1" true
	run_rbox 125 run -q --rm --network none --creds user:secret "$REGISTRY/x:1" true
	run_rbox run -q --rm --network none --cert-dir "$RBOX_T/certs" --creds user:secret \
		"$REGISTRY/x:1" true
	run_rbox rmi "$REGISTRY/x:1"
	run_rbox run -q --rm --network none --cert-dir "$RBOX_T/certs" --authfile "$RBOX_T/login.json" \
		"$REGISTRY/x:1" true
	run_rbox rmi "$REGISTRY/x:1"
}

@test "run --quiet - nothing is said of the pull" {
	run_rbox create --cert-dir "$RBOX_T/certs" --creds user:secret --network none "$REGISTRY/x:1" true
	assert "$stderr" =~ "Trying to pull $REGISTRY/x:1"
	run_rbox rm "$output"
	run_rbox rmi "$REGISTRY/x:1"
	run_rbox create --quiet --cert-dir "$RBOX_T/certs" --creds user:secret --network none "$REGISTRY/x:1" true
	assert "$stderr" == ""
	run_rbox rm "$output"
	run_rbox rmi "$REGISTRY/x:1"
}

# A registry that answers 503 twice to each request, until the test ends: FLAKY, its address.
flaky_start() {
	mkfifo "$RBOX_T/open"
	/usr/bin/python3 tests/lib/registry-faults.py --layout "$RBOX_T/layout" <"$RBOX_T/open" >"$RBOX_T/ports" 3>&- &
	exec 8>"$RBOX_T/open"
	rm "$RBOX_T/open"
	wait_for 30 grep -q ' ' "$RBOX_T/ports"
	FLAKY=127.0.0.1:$(cut -d' ' -f1 "$RBOX_T/ports")/flaky
}

@test "pull --retry, --retry-delay; run's, too" {
	local again="the registry answers 503; trying again in"
	flaky_start
	run_rbox 125 pull -q --tls-verify=false --retry 0 "$FLAKY/a:1"
	assert "$stderr" =~ ^"Error: pull '$FLAKY/a:1': $FLAKY/a:1: [0-9.:]+ answers 503"
	run_rbox 125 pull -q --tls-verify=false --retry 1 --retry-delay 100ms "$FLAKY/b:1"
	assert "$stderr" =~ ^"WARN: $FLAKY/b:1: $again 0.1 s \\(1 of 1\\)"$'\n'"Error: "
	run_rbox pull -q --tls-verify=false --retry 2 --retry-delay 100ms "$FLAKY/c:1"
	assert "$stderr" =~ ^"WARN: $FLAKY/c:1: $again 0.1 s \\(1 of 2\\)"$'\n'"WARN: $FLAKY/c:1: $again 0.2 s \\(2 of 2\\)"
	run_rbox 125 run -q --rm --network none --tls-verify=false --retry 1 --retry-delay 200ms "$FLAKY/d:1" true
	assert "$stderr" =~ ^"WARN: $FLAKY/d:1: $again 0.2 s \\(1 of 1\\)"$'\n'"Error: "
	run_rbox run -q --rm --network none --tls-verify=false --retry 2 --retry-delay 1ms "$FLAKY/e:1" true
	run_rbox rmi "$FLAKY/c:1" "$FLAKY/e:1"
	exec 8>&-
}

@test "commit --quiet - the id alone" {
	run_rbox run --name c --network none "$IMAGE" touch /new
	run_rbox commit c localhost/loud
	assert "$stderr" =~ "Copying blob"
	run_rbox commit --quiet c localhost/quiet
	assert "$stderr" == ""
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox rmi -f localhost/loud localhost/quiet
}
