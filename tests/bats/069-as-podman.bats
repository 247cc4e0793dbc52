#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 069-as-podman: what a script that was written for podman can tell: statuses, words and what is left, each
# of them once different here.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016  # run_rbox sets them; each test is a subshell
load helpers

setup_file() {
	load_image busybox configured
}

teardown_file() {
	leak_check
}

teardown() {
	remove_all
}

@test "as podman - options before the command: taken when rbox does just that, refused with what to write" {
	local row
	run_rbox --log-level=debug --syslog ps -q
	assert "$output$stderr" == ""
	run_rbox --log-level error --events-backend file --storage-driver=overlay --cgroup-manager cgroupfs ps -q
	assert "$output$stderr" == ""
	run_rbox --log-level warn --version
	assert "$output" =~ '^rbox version '
	run_rbox --log-level warn run --help
	assert "$output" =~ 'rbox run \[options\] IMAGE'
	run_rbox --context=default version
	run_rbox 1 --log-level telepathic ps
	assert "$stderr" == 'Error: Log Level "telepathic" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic'
	run_rbox 125 --log-level
	assert "$stderr" == "Error: flag needs an argument: --log-level"
	for row in "--root /x|--root /x is not supported" "--runtime=crun|--runtime crun is not supported" \
		"--storage-driver vfs|--storage-driver vfs is not supported" \
		"--events-backend=journald|--events-backend journald is not supported" \
		"--context=swarm|--context swarm is not supported"; do
		# shellcheck disable=SC2086
		run_rbox 125 ${row%%|*} ps
		assert "$output" == ""
		assert "$stderr" =~ "^Error: ${row#*|}"$'\n  fix: '
	done
	# One that it doesn't know; none of them is an option of a command's.
	run_rbox 125 --no-such ps
	assert "$stderr" == "Error: unknown flag: --no-such"
	run_rbox 125 ps --log-level=debug
	# Nothing to do is an error, with the help.
	run_rbox 125
	assert "$output" =~ '^Run containers'
	assert "$stderr" == "Error: missing command 'rbox COMMAND'"
}

@test "as podman - --noout and --out: the whole of stdout, an attached container's too" {
	run_rbox --noout create --name k1 --network none "$IMAGE" true
	assert "$output$stderr" == ""
	run_rbox 3 --noout run --rm --network none "$IMAGE" sh -c 'echo out; echo err >&2; exit 3'
	assert "$output" == ""
	assert "$stderr" == err
	run_rbox --out "$TMPDIR/out" create --network none "$IMAGE" true
	assert "$output" == ""
	run_rbox inspect -l --format '{{.Id}}'
	assert "$output" == "$(cat "$TMPDIR/out")"
	rm "$TMPDIR/out"
	run_rbox 125 --out "$TMPDIR/no/such/out" ps
	assert "$stderr" =~ "^Error: send the output to '.*/no/such/out': No such file or directory"
}

@test "as podman - run -h is a host name, not the help" {
	run_rbox run -h my-box --rm --network none "$IMAGE" hostname
	assert "$output" == my-box
	run_rbox 125 run -h
	assert "$stderr" =~ "^Error: flag needs an argument: .*-h"
	run_rbox ps -h
	assert "$output" =~ 'Usage:'
}

@test "as podman - names may be typed with docker's slash before them" {
	run_rbox create --name /slashed --network none "$IMAGE" true
	run_rbox inspect --format '{{.Name}}' /slashed
	assert "$output" == slashed
	run_rbox ps -a --filter 'name=^/slashed$' --format '{{.Names}}'
	assert "$output" == slashed
	run_rbox ps -a --filter 'name=^/slash$' --format '{{.Names}}'
	assert "$output" == ""
	run_rbox 125 create --name /slashed --network none "$IMAGE" true
	assert "$stderr" =~ 'the container name "slashed" is already in use by [0-9a-f]{64}\.'
	run_rbox create --replace --name /slashed --network none "$IMAGE" true
	run_rbox rename slashed /again
	run_rbox inspect --format '{{.Name}}' again
	assert "$output" == again "rename takes it too"
	run_rbox rename /again slashed
	run_rbox 125 rename slashed //a
	run_rbox rm /slashed
	assert "$output" == /slashed "as typed"
	for name in //a / a/ /a/b; do
		run_rbox 125 create --name "$name" --network none "$IMAGE" true
		assert "$stderr" =~ "names must match \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\]\*: invalid argument"
	done
}

@test "as podman - inspect: what can be nobody's name is 'no such object', as any other" {
	for name in Web /web nosuch a:b:c; do
		run_rbox 125 inspect "$name"
		assert "$output" == "[]"
		assert "$stderr" == "Error: no such object: \"$name\""
	done
	run_rbox 125 inspect --type image Web
	assert "$stderr" =~ "the repository must be lower case"
}

@test "as podman - a user or group that isn't there is 126 for run" {
	run_rbox 126 run --rm --network none --user bogus "$IMAGE" true
	assert "$stderr" == "Error: unable to find user bogus: no matching entries in passwd file"
	run_rbox 126 run --rm --network none --user 0:bogus "$IMAGE" true
	assert "$stderr" == "Error: unable to find group bogus: no matching entries in group file"
	# It is the start that fails: create can't know.
	run_rbox create --name c --network none --user bogus "$IMAGE" true
	run_rbox 125 start c
}

# It was looked for below the working folder, which any image with a WORKDIR has elsewhere.
@test "as podman - --oom-score-adj: whatever the working folder; too low becomes one's own, with a warning" {
	local own
	own=$(cat /proc/self/oom_score_adj)
	run_rbox run --rm --network none -w /tmp --oom-score-adj $((own + 7)) "$IMAGE" cat /proc/self/oom_score_adj
	assert "$output" == $((own + 7))
	assert "$stderr" == ""
	run_rbox run --rm --network none --oom-score-adj -1000 "$IMAGE" cat /proc/self/oom_score_adj
	assert "$output" == "$own"
	assert "$stderr" =~ "^WARN: Requested oom_score_adj=-1000 is lower than the current one, changing to $own"
}

# A unit that podman 4.4 or later writes for systemd has no line any more that removes it first.
@test "as podman - --cidfile: one that is there is written anew" {
	printf 'something much longer than an id %0200d\n' 1 >"$TMPDIR/cid"
	run_rbox create --network none --cidfile "$TMPDIR/cid" "$IMAGE" true
	assert "$(cat "$TMPDIR/cid")" == "$output"
	rm "$TMPDIR/cid"
}

@test "as podman - run --attach stdin prints the id: its output goes nowhere else" {
	run_rbox 3 run --name c --network none --attach stdin "$IMAGE" sh -c 'echo hello; exit 3'
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox inspect --format '{{.Id}}' "$output"
	run_rbox 3 run --network none --attach stderr "$IMAGE" sh -c 'echo hello; echo err >&2; exit 3'
	assert "$output" == ""
	assert "$stderr" == err
}

@test "as podman - options that exclude each other" {
	run_rbox 125 run --rmi --rm=false --network none "$IMAGE" true
	assert "$stderr" == "Error: the --rmi option does not work without --rm"
	run_rbox 125 create --no-hosts --add-host a:1.2.3.4 "$IMAGE" true
	assert "$stderr" == "Error: --no-hosts and --add-host cannot be set together"
	run_rbox create --network none "$IMAGE" true
	run_rbox 125 start --sig-proxy "$output"
	assert "$stderr" == "Error: you cannot use sig-proxy without --attach: invalid argument"
}

@test "as podman - --authfile must be there, needed or not; what the environment names need not" {
	local command
	for command in "run --rm" create pull; do
		# shellcheck disable=SC2086
		run_rbox 125 $command --authfile "$TMPDIR/no-such-file" "$IMAGE"
		assert "$output" == ""
		assert "$stderr" =~ "^Error: .*credential file is not accessible: faccessat .*/no-such-file: No such file or directory"
	done
	REGISTRY_AUTH_FILE=$TMPDIR/no-such-file run_rbox run --rm --network none "$IMAGE" true
}

@test "as podman - --log-opt max-size: units of 1000, fractions; inspect shows it in full" {
	local row
	for row in 3.011m=3.011MB 8000=8kB 400000000=400MB 10k=10kB 1.5GB=1.5GB 700b=700B -1=0B; do
		run_rbox create --network none --log-opt "max-size=${row%=*}" "$IMAGE" true
		run_rbox inspect --format '{{.HostConfig.LogConfig.Size}}' "$output"
		assert "$output" == "${row#*=}" "max-size=${row%=*}"
	done
	for row in 1. .k 1.5x 1kib; do
		run_rbox 125 create --network none --log-opt "max-size=$row" "$IMAGE" true
		assert "$stderr" =~ "^Error: --log-opt max-size=$row: a number with b, k, m or g"
	done
}

@test "as podman - ps: .Label, ids in capitals, restart-policy=none" {
	local id
	run_rbox create --name labelled --network none --label colour=red --restart always "$IMAGE" true
	id=$output
	run_rbox ps -a --format '{{.Names}}={{.Label "colour"}}={{.Label "nosuch"}}'
	assert "$output" == "labelled=red="
	run_rbox ps -a --format '{{range .}}{{.Label "colour"}}{{end}}'
	assert "$output" == red
	run_rbox 125 ps -a --format '{{.Names "colour"}}'
	id=${id:0:9}
	run_rbox ps -a --filter "id=${id^^}" --format '{{.Names}}'
	assert "$output" == labelled
	run_rbox start --all --filter restart-policy=none
	assert "$output" == ""
	run_rbox 125 start --filter restart-policy=fakepolicy
	assert "$stderr" == "Error: fakepolicy invalid restart policy" "and not how start is called"
	run_rbox create --name plain --network none "$IMAGE" true
	run_rbox ps -a --filter restart-policy=none --format '{{.Names}}'
	assert "$output" == plain
}

# Two of the filters were taken and did nothing.
@test "as podman - images: --sort; what containers use, and digests, are told apart" {
	run_rbox tag "$IMAGE" zz.example/aa:zz zz.example/bb:aa
	run_rbox images --format '{{.Tag}} {{.History}}'
	assert "$output" =~ $'(^|\n)zz [^ ]+, [^ ]+, [^ ]+(\n|$)' "the image's names"
	assert "$output" =~ ' (.*, )?zz.example/bb:aa(,|$)'
	run_rbox images --sort tag --format '{{.Tag}}'
	assert "${lines[0]} ${lines[-1]}" == "aa zz"
	run_rbox images --sort repository --format '{{.Repository}}'
	assert "${lines[0]} ${lines[-1]}" == "localhost/busybox zz.example/bb"
	run_rbox images --sort size -q
	run_rbox 125 images --sort colour
	assert "$stderr" == 'Error: "colour" is not a valid field for sorting. Choose from: created, id, repository, size, tag'
	run_rbox create --network none localhost/configured true
	run_rbox images --filter containers=true --format '{{.Repository}} {{.Containers}}'
	assert "${lines[*]}" == "localhost/configured 1 localhost/configured 1" "it has two names"
	run_rbox images --filter containers=false --format '{{.Repository}}'
	assert "$output" !~ configured
	run_rbox images --filter digest=sha256:0000 -q
	assert "$output" == ""
	run_rbox image inspect --format '{{.Digest}}' "$IMAGE"
	run_rbox images --filter "digest=${output:0:20}" --format '{{.Tag}}'
	assert "${#lines[@]}" -ge 3
	run_rbox image inspect --format '{{.Id}}' "$IMAGE"
	run_rbox 125 rmi "$output"
	assert "$stderr" =~ 'by ID with more than one tag'
	run_rbox rmi zz.example/aa:zz zz.example/bb:aa
}

@test "as podman - wait --ignore --latest: -1 where there is nothing" {
	run_rbox wait --ignore --latest
	assert "$output" == -1
	run_rbox 125 wait --latest
	assert "$stderr" == "Error: no such container"
}

@test "as podman - groups: a named user's own is a supplementary one; root has what the image lists; what isn't mapped is left out" {
	local groups='grep ^Groups: /proc/self/status'
	# A set-group-id program would otherwise leave the group that a file's mode shuts out (CVE-2022-2989).
	in_box --user 1000:7 -- "$groups"
	assert "$output" =~ $'^Groups:\t7 ?$'
	in_box --user 1234 -- "$groups"
	assert "$output" =~ $'^Groups:\t0 ?$'
	in_box --user user --group-add 77 -- "$groups"
	assert "$output" =~ $'^Groups:\t77 1000 2000 ?$'
	in_box --user user:extra -- "$groups"
	assert "$output" =~ $'^Groups:\t2000 ?$'
	printf 'root:x:0:root\nwheel:x:10:root\nfar:x:2000000000:root\n' >"$TMPDIR/group"
	in_box -v "$TMPDIR/group:/etc/group" -- "$groups"
	assert "$output" =~ $'^Groups:\t0 10 ?$' "no --user: root's, as the image has them"
	in_box --user :5 -v "$TMPDIR/group:/etc/group" -- "$groups"
	assert "$output" =~ $'^Groups:\t5 ?$'
	# One that was asked for is no such matter.
	run_rbox '?' run --rm --network none --group-add 2000000000 "$IMAGE" true
	assert "$status" -ne 0
	assert "$stderr" =~ 'group 2000000000 is not mapped in this container'
}

@test "as podman - volumes-from: options with a comma, each once; ps --filter volume=SOURCE:DESTINATION; logs -n of one" {
	mkdir -p "$TMPDIR/d"
	run_rbox create --name va --network none -v "$TMPDIR/d:/data" -v vv:/named "$IMAGE" true
	# Once cut at the comma: 'look up container "z"'.
	run_rbox 1 run --name vb --network none --volumes-from va:ro,z "$IMAGE" touch /data/x
	assert "$stderr" =~ 'Read-only file system'
	run_rbox 125 run --volumes-from va:ro,rw "$IMAGE" true
	assert "$stderr" == "Error: cannot set ro or rw options more than once"
	run_rbox 125 run --volumes-from va:z,z,ro "$IMAGE" true
	assert "$stderr" == "Error: cannot set :z more than once in mount options"
	run_rbox create --name vc --network none "$IMAGE" true
	run_rbox ps -a --filter "volume=$TMPDIR/d:/data" --format '{{.Names}}' --sort names
	assert "${lines[*]}" == "va vb"
	run_rbox ps -a --filter volume=vv:/named --format '{{.Names}}' --sort names
	assert "${lines[*]}" == "va vb"
	run_rbox ps -aq --filter volume=vv:/data
	assert "$output" == ""
	run_rbox logs -n vb
	assert "$output" == ""
	assert "$stderr" =~ ^touch: "the name stands where the id would: with several containers"
	run_rbox ps --format 'table {{.RunningFor}}|{{.CreatedHuman}}'
	assert "$output" == "RUNNING FOR|CREATED"
	run_rbox rm vb va vc
	run_rbox volume rm vv
}

@test "as podman - unmask= takes the shell's patterns, systempaths=unconfined is all of it" {
	local seen='ls /sys/firmware | wc -l; grep -c "^[^ ]* /proc/" /proc/self/mounts'
	in_box --security-opt systempaths=unconfined -- "$seen" || true
	assert "${lines[1]}" == 0
	local free=${lines[0]}
	in_box --security-opt unmask=ALL -- "$seen" || true
	assert "${lines[*]}" == "$free 0"
	run_rbox '?' run --rm --network none --security-opt 'unmask=/proc/*' "$IMAGE" grep -c '^[^ ]* /proc/' /proc/self/mounts
	assert "$output" == 0
	# A star does not reach beyond a slash: /proc/* says nothing of what is in /sys, and /p* nothing of /proc's.
	run_rbox '?' run --rm --network none --security-opt 'unmask=/p*' "$IMAGE" grep -c '^[^ ]* /proc/' /proc/self/mounts
	assert "$output" -gt 3
	run_rbox '?' run --rm --network none --security-opt 'unmask=/proc/[a-s]*:/proc/t*' "$IMAGE" grep -c '^[^ ]* /proc/' /proc/self/mounts
	assert "$output" == 0
	run_rbox create --name um --network none --security-opt systempaths=unconfined "$IMAGE" true
}
