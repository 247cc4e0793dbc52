#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 039-inspect-ps: what is told of a container: every key of podman's inspect and ps, and that the values
# are true.

load helpers

setup_file() {
	load_image busybox configured
}

teardown_file() {
	leak_check
}

# keys LIST: $output has the keys of tests/lib/keys-LIST.txt (tests/lib/keys.py)
keys() {
	local lib=$BATS_TEST_DIRNAME/../lib
	/usr/bin/python3 "$lib/keys.py" check "$lib/keys-$1.txt" <<<"$output"
}

# is NAME TEMPLATE VALUE: what inspect says by the template
is() {
	run_rbox inspect --format "$2" "$1"
	assert "$output" == "$3" "$2"
}

@test "inspect - every key that podman has" {
	run_rbox create --name rich --network none -v "$TMPDIR:/mnt:ro" --tmpfs /scratch:size=1m --health-cmd true \
		--health-interval 1h --health-retries 2 --health-start-period 3s -l a=b --expose 99 \
		--ulimit nofile=100:200 localhost/configured
	run_rbox inspect --size rich
	keys container
	# Of one about which nothing special was said, too: a template may ask for any of them.
	run_rbox create --name plain --network none "$IMAGE" true
	run_rbox inspect plain
	local kept=$output
	run_rbox inspect rich
	assert "$(jq -c '.[0] | [keys, (.State | keys), (.Config | keys), (.HostConfig | keys)]' <<<"$output")" == \
		"$(jq -c '.[0] | [keys, (.State | keys), (.Config | keys), (.HostConfig | keys)]' <<<"$kept")"
	run_rbox image inspect localhost/configured
	keys image
	run_rbox rm rich plain
}

@test "inspect - what was asked for is what is told" {
	run_rbox create --name k1 --network none -v "$TMPDIR:/mnt:ro" --tmpfs /scratch:size=1m --cap-add net_raw \
		--cap-drop kill --add-host a:1.2.3.4 --group-add 5 --security-opt no-new-privileges \
		--ulimit nofile=100:200 --init --stop-signal INT --stop-timeout 7 -l a=b --annotation an=no \
		--pidfile "$TMPDIR/pid" --cidfile "$TMPDIR/cid" --shm-size 1m --read-only -it \
		--restart on-failure:3 --umask 027 --domainname example.org localhost/configured sleep 1000
	is k1 '{{.HostConfig.Binds}}' "[$TMPDIR:/mnt:ro,rprivate,rbind]"
	is k1 '{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}} {{.Propagation}} {{.Options}}{{end}}' \
		"bind $TMPDIR /mnt false rprivate [rbind]"
	is k1 '{{range $k, $v := .HostConfig.Tmpfs}}{{$k}} {{end}}' '/run /scratch /tmp /var/tmp '
	is k1 '{{index .HostConfig.Tmpfs "/run"}}' rw,rprivate,nosuid,nodev,tmpcopyup
	is k1 '{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}}' '[CAP_NET_RAW] [CAP_KILL]'
	is k1 '{{.HostConfig.ExtraHosts}} {{.HostConfig.GroupAdd}} {{.HostConfig.SecurityOpt}}' \
		'[a:1.2.3.4] [5] [no-new-privileges]'
	is k1 '{{(index .HostConfig.Ulimits 0).Name}} {{(index .HostConfig.Ulimits 0).Hard}}' 'RLIMIT_NOFILE 200'
	is k1 '{{.HostConfig.Init}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.ShmSize}}' 'true true 1048576'
	is k1 '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' 'on-failure 3'
	is k1 '{{.HostConfig.ContainerIDFile}} {{.PidFile}}' "$TMPDIR/cid $TMPDIR/pid"
	is k1 '{{.HostConfig.NetworkMode}} {{.HostConfig.IpcMode}} {{.HostConfig.PidMode}}' 'none shareable private'
	is k1 '{{.Config.StopSignal}} {{.Config.StopTimeout}} {{.Config.Umask}} {{.Config.Tty}} {{.Config.OpenStdin}}' \
		'SIGINT 7 027 true true'
	is k1 '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' '["/bin/echo","entry"] ["sleep","1000"]'
	is k1 '{{.Path}} {{.Args}}' '/bin/echo [entry sleep 1000]'
	is k1 '{{.Config.Domainname}} {{.Config.Annotations.an}} {{.Config.Labels.a}}' 'example.org no b'
	is k1 '{{json .Config.ExposedPorts}}' '{"8080/tcp":{}}'
	is k1 '{{index .Config.CreateCommand 1}}' create
	# created, never started: Go's zero times, and nothing that runs
	is k1 '{{.State.Status}} {{.State.Pid}} {{.State.StartedAt}} {{.State.Running}}' \
		'created 0 0001-01-01T00:00:00Z false'
	is k1 '{{.State.Health.Status}}{{.ExecIDs}}{{.OCIConfigPath}}' '[]'
	run_rbox rm k1
	rm -f "$TMPDIR/cid"
}

# caps NAME: CapEff and CapBnd of the container's first process, as inspect's lists would have them
caps() {
	local pid
	pid=$($RBOX inspect --format '{{.State.Pid}}' "$1")
	/usr/bin/python3 - "$pid" <<'PY'
import re, sys
names = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
text = open(f"/proc/{sys.argv[1]}/status").read()
for key in ("CapEff", "CapBnd"):
    bits = int(re.search(key + r":\s*(\w+)", text).group(1), 16)
    print("[" + " ".join(sorted("CAP_" + n for i, n in enumerate(names) if bits >> i & 1)) + "]")
PY
}

@test "inspect - EffectiveCaps and BoundingCaps are those of the process" {
	local row
	while IFS= read -r row; do
		# shellcheck disable=SC2086
		run_rbox run -d --name k1 --network none $row "$IMAGE" sleep 1000
		run_rbox inspect --format '{{.EffectiveCaps}}{{"\n"}}{{.BoundingCaps}}' k1
		assert "$output" == "$(caps k1)" "run $row"
		run_rbox rm -f -t 0 k1
	done <<'ROWS'
--cap-add net_raw --cap-drop kill
-u 1000
-u 1000 --cap-add net_raw
--cap-drop all -u 0
--privileged
ROWS
}

@test "inspect - the ways into a running container lead there, and are gone with it" {
	run_rbox run -d --name k1 "$IMAGE" sh -c 'echo made >/made; exec sleep 1000'
	local id=$output merged key
	wait_for 20 sh -c "$RBOX exec k1 test -s /made"
	run_rbox inspect --format '{{.GraphDriver.Data.MergedDir}}' k1
	merged=$output
	assert "$(cat "$merged/made")" == made
	run_rbox inspect --format '{{.NetworkSettings.SandboxKey}}' k1
	key=$output
	run_rbox exec k1 readlink /proc/self/ns/net
	assert "net:[$(stat -Lc %i "$key")]" == "$output"
	run_rbox inspect --format '{{.GraphDriver.Data.UpperDir}} {{.StaticDir}} {{.OCIConfigPath}} {{.HostsPath}}' k1
	local f
	for f in $output; do test -e "$f" || { echo "there is no $f"; return 1; }; done
	run_rbox rm -f -t 0 k1
	run_rbox 0 run --name k1 --network none "$IMAGE" true
	is k1 '{{.GraphDriver.Data.MergedDir}}{{.NetworkSettings.SandboxKey}}' '<no value>'
	run_rbox rm k1
}

@test "inspect --size, ps --size - what a container wrote, and the image below it" {
	run_rbox run --name k1 --network none "$IMAGE" sh -c 'head -c 5000 /dev/zero >/data; mkdir -m 700 /own
		head -c 7 /dev/zero >/own/file; chown -R 1000:1000 /own; ln -s /data /link'
	run_rbox image inspect --format '{{.Size}}' "$IMAGE"
	local below=$output
	run_rbox inspect --size --format '{{.SizeRw}} {{.SizeRootFs}}' k1
	assert "$output" == "5007 $((below + 5007))"
	run_rbox inspect k1
	assert "$output" !~ SizeRw "it costs time: only when asked for"
	run_rbox ps -a --size --format json
	assert "$(jq -c '.[0].Size' <<<"$output")" == "{\"rootFsSize\":$((below + 5007)),\"rwSize\":5007}"
	run_rbox ps -a --size
	assert "${lines[0]}" =~ ' NAMES +SIZE$'
	assert "${lines[1]}" =~ ' k1 +5.01kB \(virtual [0-9.]+MB\)$'
	run_rbox ps -a --format '{{.Size}}'
	assert "$output" == ""
	run_rbox rm k1
}

@test "inspect - types, --latest, several, what is missing" {
	run_rbox create --name k1 --network none "$IMAGE" true
	# a container and an image of one name: the container comes first
	run_rbox create --name busybox --network none "$IMAGE" true
	is busybox '{{.Name}}' busybox
	run_rbox inspect --type image --format '{{len .RepoTags}}' busybox
	assert "$output" == 1
	run_rbox inspect --latest --format '{{.Name}}'
	assert "$output" == busybox
	run_rbox container inspect -l --format '{{.Name}}'
	assert "$output" == busybox
	run_rbox 125 inspect no-such k1 localhost/configured
	assert "$(jq -r 'length' <<<"$output")" == 2 "the others are printed all the same"
	assert "$stderr" == 'Error: no such object: "no-such"'
	run_rbox 125 inspect no-such
	assert "$(jq -c . <<<"$output")" == "[]"
	run_rbox 125 inspect --format '{{.Id}}' no-such
	assert "$output" == ""
	run_rbox 125 container inspect localhost/configured
	assert "$stderr" =~ 'no such container'
	run_rbox 125 image inspect k1
	assert "$stderr" == 'Error: k1: image not known'
	run_rbox volume create inspected
	run_rbox inspect --format '{{.Name}} {{.Driver}}' inspected
	assert "$output" == "inspected local"
	run_rbox 125 inspect --type volume k1
	assert "$stderr" =~ 'no such volume'
	run_rbox volume rm inspected
	run_rbox 125 inspect --type pod k1
	assert "$stderr" == 'Error: no such pod "k1"'
	run_rbox 125 inspect --type thing k1
	assert "$stderr" =~ '^Error: invalid type "thing": must be "image", "container", "pod", "network", "volume", or "all"'
	run_rbox 125 inspect --type image --size busybox
	assert "$stderr" =~ 'size is not supported for type "image"'
	run_rbox 125 inspect --latest k1
	assert "$stderr" =~ '\-\-latest and arguments cannot be used together'
	run_rbox 125 inspect
	assert "$stderr" =~ 'no names or ids specified'
	run_rbox rm k1 busybox
}

@test "ps --format json, {{json .}} - podman's array, docker's lines" {
	run_rbox run -d --name up --network none -l b=2 -l a=1 --expose 99 -v "$TMPDIR:/mnt" "$IMAGE" sleep 1000
	run_rbox create --name made --network none localhost/configured
	run_rbox ps -a --size --format json
	keys ps
	assert "$(jq -c '[.[] | .Names[0]]' <<<"$output")" == '["up","made"]' "the oldest first"
	assert "$(jq -c '.[0] | [.Command, .State, .Exited, .ExitedAt, .Mounts, .Labels, .ExposedPorts, .Networks]' <<<"$output")" == \
		'[["sleep","1000"],"running",false,-62135596800,["/mnt"],{"b":"2","a":"1"},{"99":["tcp"]},[]]'
	assert "$(jq -c '.[1] | [.Command, .State, .StartedAt, .Pid, .Ports]' <<<"$output")" == \
		'[["default","words"],"created",-62135596800,0,null]'
	assert "$(jq -r '.[0].CreatedAt' <<<"$output")" =~ 'ago$'
	run_rbox ps -a --format '{{json .}}'
	assert "${#lines[@]}" -eq 2
	jq -e 'to_entries | all(.value | type == "string")' <<<"${lines[0]}"
	assert "$(jq -c 'keys' <<<"${lines[1]}")" == '["Command","CreatedAt","HealthStatus","ID","Image","Labels","LocalVolumes","Mounts","Names","Networks","Platform","Ports","RunningFor","Size","State","Status"]'
	assert "$(jq -r '.Command, .Labels, .Mounts, .Ports, .Size, .State' <<<"${lines[0]}" | paste -sd ' ')" == \
		'"sleep 1000" b=2,a=1 /mnt 99/tcp 0B running'
	run_rbox ps --ns --format json
	assert "$(jq -r '.[0].Namespaces | keys | join(" ")' <<<"$output")" == "Cgroup Ipc Mnt Net Pidns User Uts"
	run_rbox exec up readlink /proc/self/ns/uts
	local uts=${output//[^0-9]/}
	run_rbox ps --ns
	assert "${lines[0]}" =~ '^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS$'
	assert "${lines[1]}" =~ " up +[0-9]+ .* $uts\$"
	run_rbox rm -f -t 0 up made
}

@test "ps - order, --sort, --last, --latest, what doesn't go together" {
	local name
	for name in b c a; do
		run_rbox create --name "$name" --network none "$IMAGE" "$name"
	done
	ps_is() {	# EXPECTED ARGS...
		local want=$1
		shift
		run_rbox ps --format '{{.Names}}' "$@"
		assert "$(paste -sd ' ' <<<"$output")" == "$want" "ps $*"
	}
	ps_is "b c a" -a
	ps_is "a b c" -a --sort names
	ps_is "a b c" -a --sort command
	ps_is "b c a" -a --sort created
	ps_is "c a" -n 2
	ps_is "c a" --last=2 --sort created
	ps_is "a" -l
	ps_is "" --sync --external
	ps_is "b c a" -n 0 -a
	run_rbox ps -a --sort id -q --no-trunc
	assert "$output" == "$(sort <<<"$output")"
	run_rbox ps -a --pod
	assert "${lines[0]}" =~ ' NAMES +POD ID +PODNAME$'
	run_rbox 125 ps --sort colour
	assert "$stderr" =~ 'invalid argument "colour" for "--sort" flag: choose from command, created, id'
	run_rbox 125 ps -l -n 2
	assert "$stderr" =~ 'last and latest are mutually exclusive'
	run_rbox 125 ps -q --size
	assert "$stderr" =~ 'quiet conflicts with size and namespace'
	run_rbox 125 ps --ns --size
	assert "$stderr" =~ 'size and namespace options conflict'
	run_rbox 125 ps b
	# Until the reader goes.
	run_sh '$RBOX ps -a --watch 1 --format "{{.Names}}" | head -4'
	assert "$(paste -sd ' ' <<<"$output")" == "b c a b"
	run_rbox rm a b c
}

@test "ps --filter - each key, both ways, and values that nothing could have" {
	run_rbox run -d --name web-1 --network none -l tier=front -l env=test --restart always -v "$TMPDIR:/mnt" \
		--health-cmd "sleep 1000" --health-interval 1h --health-timeout 1h "$IMAGE" sleep 1000
	local id=$output row
	run_rbox 3 run --name job --network none -l tier=back "$IMAGE" sh -c 'exit 3'
	run_rbox create --name last localhost/configured
	while IFS= read -r row; do
		# shellcheck disable=SC2086
		run_rbox ps -a --format '{{.Names}}' ${row%%|*}
		assert "$(sort <<<"$output" | paste -sd ' ')" == "${row#*|}" "ps ${row%%|*}"
	done <<ROWS
--filter id=${id:0:10}|web-1
--filter id=$id|web-1
--filter name=web|web-1
--filter name=^[jl]|job last
--filter name=web --filter name=job|job web-1
--filter label=tier|job web-1
--filter label=tier=front|web-1
--filter label=tier --filter label=env|web-1
--filter label!=tier|last
--filter label!=tier=back|last web-1
--filter exited=3|job
--filter exited=0|
--filter status=running|web-1
--filter status=exited|job
--filter status=stopped|job
--filter status=created|last
--filter status=exited --filter status=dead|job
--filter status=exited --filter name=web|
--filter ancestor=busybox|job web-1
--filter ancestor=$IMAGE|job web-1
--filter ancestor=localhost/configured|last
--filter ancestor=configured:v1|last
--filter before=job|web-1
--filter since=web-1|job last
--filter since=web-1 --filter before=last|job
--filter volume=/mnt|web-1
--filter volume=/other|
--filter health=starting|web-1
--filter health=healthy|
--filter health=none|job last
--filter pod=x|
--filter network=none|job web-1
--filter network=slirp4netns|last
--filter restart-policy=always|web-1
--filter restart-policy=no|job last
--filter should-start-on-boot=true|web-1
--filter should-start-on-boot=false|job last
--filter command=sleep|web-1
--filter command=^s|job web-1
--filter until=2020-01-01|
--filter until=0s|job last web-1
ROWS
	run_rbox ps --filter exited=3 -q
	assert "$output" == "" "status alone asks for those that don't run, as in podman"
	run_rbox ps --filter status=exited --format '{{.Names}} {{.Status}}'
	assert "$output" =~ '^job Exited \(3\) '
	run_rbox ps --filter name=web --format '{{.Status}}'
	assert "$output" =~ '^Up .* \(starting\)$'
	while IFS='|' read -r row want; do
		run_rbox 125 ps --filter "$row"
		assert "$stderr" =~ "$want" "$row"
	done <<'ROWS'
colour=red|colour is an invalid filter
name|invalid filter "name"
status=nice|unknown container state: nice: invalid argument
exited=x|exited=x: the exit status is a number
before=no-such|no container with name or ID "no-such" found: no such container
until=never|failed to parse value as time or duration: "never"
restart-policy=often|often invalid restart policy
should-start-on-boot=x|true or false is wanted
ROWS
	run_rbox rm -f -t 0 web-1 job last
}

@test "ps - reads 512 bytes of a container, and its config only for what isn't there" {
	run_rbox create --name k1 --network none -l a=b "$IMAGE" echo "$(printf '%0300d' 1)"
	local id=$output dir=$XDG_DATA_HOME/rbox/containers/$output
	assert "$(stat -c %s "$dir/summary")" -le 512
	mv "$dir/config.json" "$dir/config.away"
	run_rbox ps -a
	assert "${lines[1]}" =~ "^${id:0:12} .* k1\$"
	run_rbox ps -a --filter name=k1 --filter status=created --format '{{.ID}} {{.Names}} {{.Status}} {{.Image}} {{.Ports}}'
	assert "$output" == "${id:0:12} k1 Created $IMAGE "
	mv "$dir/config.away" "$dir/config.json"
	run_rbox ps -a --format '{{.Labels}} {{index .Labels "a"}}'
	assert "$output" == "map[a:b] b"
	run_rbox rm k1
}
