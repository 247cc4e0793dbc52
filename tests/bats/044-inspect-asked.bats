#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 044-inspect-asked: inspect says what was asked for, and what is: three containers, each with another set
# of options, their HostConfig and Config value by value, and beside that what the container sees.

# shellcheck disable=SC2154,SC2016  # run_rbox sets them; templates
load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

teardown() {
	remove_all -v
	# shellcheck disable=SC2086
	timeout 60 $RBOX volume rm -a >/dev/null 2>&1 || true
}

# says NAME FIELD VALUE: that field of the container, as JSON with its keys in order
says() {
	run_rbox inspect --format "{{json .$2}}" "$1"
	output=$(python3 -c 'import json, sys; print(json.dumps(json.loads(sys.argv[1]), sort_keys=True))' "$output")
	assert "$output" == "$3" "$2"
}

@test "inspect asked - a server: volumes, health, restart, user, labels, secret, ports, names" {
	mkdir -p "$TMPDIR/site"
	echo hush | $RBOX secret create tok - >/dev/null
	run_rbox create --name donor -v "$TMPDIR/site:/lent" "$IMAGE"
	run_rbox run -d --name web -v "$TMPDIR/site:/data:ro" -v named:/named -v /anon --tmpfs /tf:size=2m,mode=1770 \
		--volumes-from donor:ro --health-cmd 'exit 0' --health-interval 1h --health-retries 5 \
		--health-timeout 7s --health-start-period 3s --restart on-failure:4 --user 12:34 -e A=b -e C= --init \
		--label l1=v1 --label l2 --secret tok --expose 99 -p 127.0.0.1::80 --annotation an=no --hostname hh \
		--add-host foo:1.2.3.4 --dns 9.9.9.9 --dns-search ex.org --dns-option ndots:3 --stop-signal USR1 \
		--stop-timeout 33 --ulimit nofile=100:200 --workdir /tmp --shm-size 8m --umask 0027 --tz UTC \
		--timeout 1000 --cidfile "$TMPDIR/cid" --pidfile "$TMPDIR/pid" "$IMAGE" sleep 1000
	says web HostConfig.RestartPolicy '{"MaximumRetryCount": 4, "Name": "on-failure"}'
	says web HostConfig.VolumesFrom '["donor:ro"]'
	says web HostConfig.Init true
	says web HostConfig.ExtraHosts '["foo:1.2.3.4"]'
	says web HostConfig.Dns '["9.9.9.9"]'
	says web HostConfig.DnsSearch '["ex.org"]'
	says web HostConfig.DnsOptions '["ndots:3"]'
	says web HostConfig.ShmSize 8388608
	says web HostConfig.ContainerIDFile "\"$TMPDIR/cid\""
	says web HostConfig.AutoRemove false
	says web HostConfig.NetworkMode '"slirp4netns"'
	run_rbox inspect --format '{{range .HostConfig.Ulimits}}{{.Name}}={{.Soft}}:{{.Hard}} {{end}}' web
	assert "$output" =~ '^RLIMIT_NOFILE=100:200 RLIMIT_NPROC='
	run_rbox inspect --format '{{index .HostConfig.Tmpfs "/tf"}}' web
	assert "$output" =~ 'size=2m,mode=1770'
	says web HostConfig.PortBindings "{\"80/tcp\": [{\"HostIp\": \"127.0.0.1\", \"HostPort\": \"$(
		$RBOX port web 80/tcp | sed 's/.*://')\"}], \"99/tcp\": null}"
	run_rbox inspect --format '{{range .HostConfig.Binds}}{{println .}}{{end}}' web
	assert "$output" =~ "$TMPDIR/site:/data:ro,"
	assert "$output" =~ "$TMPDIR/site:/lent:ro,"
	assert "$output" =~ "named:/named:rw,"
	run_rbox inspect --format '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{"\n"}}{{end}}' web
	assert "$output" =~ 'bind  /data false'
	assert "$output" =~ 'volume named /named true'
	assert "$output" =~ $'volume [0-9a-f]{64} /anon true'
	says web Config.Healthcheck '{"Interval": 3600000000000, "Retries": 5, "StartPeriod": 3000000000, "Test": ["CMD-SHELL", "exit 0"], "Timeout": 7000000000}'
	says web Config.Labels '{"l1": "v1", "l2": ""}'
	says web Config.Annotations '{"an": "no"}'
	says web Config.StopSignal '"SIGUSR1"'
	says web Config.ExposedPorts '{"80/tcp": {}, "99/tcp": {}}'
	says web Config.Cmd '["sleep", "1000"]'
	run_rbox inspect --format '{{.Config.User}} {{.Config.Hostname}} {{.Config.WorkingDir}} {{.Config.StopTimeout}} {{.Config.Umask}} {{.Config.Timezone}} {{.Config.Timeout}} {{(index .Config.Secrets 0).Name}}' web
	assert "$output" == "12:34 hh /tmp 33 0027 UTC 1000 tok"
	run_rbox inspect --format '{{range .Config.Env}}{{println .}}{{end}}' web
	assert "$output" =~ $'\nA=b\nC=\n'
	# and so it is
	run_rbox exec web sh -c 'id -u; id -g; hostname; pwd; ulimit -n; umask; echo "$A"; cat /run/secrets/tok
		awk "\$2 ~ \"^/(data|named|lent|anon)\$\" { print \$2, substr(\$4, 1, 2) }" /proc/mounts | sort
		grep -c foo /etc/hosts; cat /etc/resolv.conf; df -k /dev/shm | awk "NR == 2 { print \$2 }"'
	assert "$output" == "12
34
hh
/tmp
100
0027
b
hush
/anon rw
/data ro
/lent ro
/named rw
1
search ex.org
nameserver 9.9.9.9
options ndots:3
8192"
	run_rbox inspect --format '{{.State.Pid}}' web
	assert "$output" == "$(cat "$TMPDIR/pid")"
	run_rbox secret rm -a
}

@test "inspect asked - all rights, a device, the process's fine points" {
	run_rbox create --name box --network none --privileged --cap-add NET_ADMIN --read-only --group-add 5 \
		--group-add 6 --security-opt no-new-privileges --security-opt seccomp=unconfined --oom-score-adj 900 \
		--device /dev/null:/dev/xx -it --entrypoint '["sh","-c"]' --restart always --log-driver none "$IMAGE" 'echo hi'
	says box HostConfig.Privileged true
	says box HostConfig.ReadonlyRootfs true
	says box HostConfig.GroupAdd '["5", "6"]'
	says box HostConfig.SecurityOpt '["no-new-privileges", "seccomp=unconfined"]'
	says box HostConfig.OomScoreAdj 900
	says box HostConfig.Devices '[{"CgroupPermissions": "rwm", "PathInContainer": "/dev/xx", "PathOnHost": "/dev/null"}]'
	says box HostConfig.RestartPolicy '{"MaximumRetryCount": 0, "Name": "always"}'
	says box HostConfig.NetworkMode '"none"'
	says box HostConfig.VolumesFrom null
	says box HostConfig.Binds '[]'
	run_rbox inspect --format '{{.HostConfig.LogConfig.Type}} {{.Config.Tty}} {{.Config.OpenStdin}} {{.HostConfig.AutoRemove}} {{.State.Status}} {{.State.Running}}' box
	assert "$output" == "none true true false created false"
	says box Config.Entrypoint '["sh", "-c"]'
	says box Config.Cmd '["echo hi"]'
	says box Path '"sh"'
	says box Args '["-c", "echo hi"]'
	says box Config.Healthcheck null
	says box Config.Labels '{}'
}

@test "inspect asked - less than usual: capabilities, no health check, the host's network, --rm" {
	run_rbox create --name less --network host --cap-drop CHOWN --cap-add SYS_PTRACE --cap-drop KILL --rm \
		--no-healthcheck --security-opt label=disable --no-hosts "$IMAGE" sh -c 'exit 3'
	says less HostConfig.CapAdd '["CAP_SYS_PTRACE"]'
	says less HostConfig.CapDrop '["CAP_CHOWN", "CAP_KILL"]'
	says less HostConfig.AutoRemove true
	says less HostConfig.NetworkMode '"host"'
	# the check that there isn't has no times either
	says less Config.Healthcheck '{"Test": ["NONE"]}'
	says less HostConfig.RestartPolicy '{"MaximumRetryCount": 0, "Name": "no"}'
	run_rbox rm less
	run_rbox 3 run --name ended --network none --cap-drop all --stop-timeout 5 "$IMAGE" sh -c 'exit 3'
	run_rbox inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}} {{.State.OOMKilled}} {{.State.Error}}|{{.Config.StopTimeout}}' ended
	assert "$output" == "exited 3 0 false |5"
	says ended EffectiveCaps '[]'
	says ended BoundingCaps '[]'
}
