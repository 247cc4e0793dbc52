#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 035-templates: the --format strings that scripts use most, on ps, images, inspect, info and version,
# with what podman prints for them.

load helpers

setup_file() {
	load_image busybox configured
	# shellcheck disable=SC2086
	$RBOX create --name one --network none -l colour=blue -l size=big -v "$TMPDIR:/mnt:ro" -e A=1 \
		--entrypoint '' "$IMAGE" sh -c 'exit 3' >"$TMPDIR/id"
	# shellcheck disable=SC2086
	$RBOX start -a one || true
}

teardown_file() {
	# shellcheck disable=SC2086
	$RBOX rm -f one >/dev/null
	leak_check
}

# each COMMAND...: reads "TEMPLATE => REGEX" rows and compares; ID stands for the container's id
each() {
	local template want bad=0
	while IFS= read -r row; do
		template=${row%% => *}
		want=${row#* => }
		want=${want#(nothing)}
		want=${want//ID12/$(head -c 12 "$TMPDIR/id")}
		want=${want//ID64/$(cat "$TMPDIR/id")}
		want=${want//IMG12/$(sed -n 's/^busybox sha256://p' "$IMAGES/list" | head -c 12)}
		want=${want//IMG64/$(sed -n 's/^busybox sha256://p' "$IMAGES/list")}
		# shellcheck disable=SC2086
		run_cmd $RBOX "$@" --format "$template" </dev/null
		if [ "$status" -ne 0 ] || ! [[ $output =~ ^$want$ ]]; then
			echo "$* --format '$template': status $status"
			echo "  is:       $output $stderr"
			echo "  expected: ^$want\$"
			bad=1
		fi
	done
	return $bad
}

@test "templates - ps" {
	each ps -a <<'ROWS'
{{.ID}} => ID12
{{.Names}} => one
{{.ID}} {{.Names}} => ID12 one
{{.ID}}\t{{.Names}} => ID12	one
{{.Image}} => localhost/busybox:latest
{{.ImageID}} => IMG12
{{.Command}} => sh -c exit 3
{{.Status}} => Exited \(3\) .* ago
{{.State}} => exited
{{.Created}} => .* ago
{{.RunningFor}} => .* ago
{{.CreatedAt}} => 20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:.]+ \+0000 UTC
{{.Ports}} => (nothing)
{{.Size}} => (nothing)
{{.Labels}} => map\[colour:blue size:big\]
{{.Labels.colour}} => blue
{{index .Labels "colour"}} => blue
{{.Mounts}} => \[?/mnt\]?
{{.ExitCode}} => 3
{{.Exited}} => true
{{.Pid}} => 0
{{json .Names}} => "one"
{{json .Labels}} => \{"colour":"blue","size":"big"\}
{{.Names | upper}} => ONE
{{upper .Names}} => ONE
{{printf "%s=%s" .Names .State}} => one=exited
{{if eq .State "running"}}up{{else}}down{{end}} => down
{{if and (eq .State "exited") (ne .ExitCode 0)}}failed{{end}} => failed
{{.Names}}{{"\t"}}{{.State}} => one	exited
{{len .Names}} => 3
{{truncate .Image 9}} => localhost
{{title .Names}} => One
{{join (split .Image "/") "+"}} => localhost\+busybox:latest
ROWS
	run_rbox 125 ps -a --format '{{.Nmaes}}'
	assert "$stderr" =~ "can't evaluate field Nmaes"
	assert "$stderr" =~ Names "what may have been meant"
}

@test "templates - ps: table, json, a line each" {
	run_rbox ps -a --format 'table {{.ID}}\t{{.Names}}\t{{.Status}}'
	assert "${lines[0]}" =~ '^CONTAINER ID +NAMES +STATUS$'
	assert "${lines[1]}" =~ "^$(head -c 12 "$TMPDIR/id") +one +Exited"
	run_rbox ps -a --format json
	jq -e '.[0] | .Names == ["one"] and .State == "exited" and .ExitCode == 3 and .Labels.colour == "blue"
		and (.Created | type) == "number" and (.Command == ["sh", "-c", "exit 3"]) and (.Id | length) == 64' <<<"$output"
	run_rbox ps -a --format '{{json .}}'
	assert "${#lines[@]}" -eq 1
	jq -e .Names <<<"$output"
	run_rbox ps -a --filter name=none --format json
	assert "$(tr -d '[:space:]' <<<"$output")" == "[]"
	run_rbox ps -a --filter name=none --format '{{.ID}}'
	assert "$output" == ""
	run_rbox ps -a --no-trunc --format '{{.ID}} {{.ImageID}}'
	assert "$output" =~ "^$(cat "$TMPDIR/id") [0-9a-f]{64}\$"
}

@test "templates - images" {
	each images localhost/busybox <<'ROWS'
{{.ID}} => IMG12
{{.Id}} => IMG64
{{.Repository}} => localhost/busybox
{{.Tag}} => latest
{{.Repository}}:{{.Tag}} => localhost/busybox:latest
{{.Repository}}:{{.Tag}} {{.ID}} => localhost/busybox:latest IMG12
{{.Size}} => [0-9.]+ MB
{{.Created}} => .* years ago
{{.CreatedSince}} => .* years ago
{{.CreatedAt}} => 2023-11-14 22:13:20 \+0000 UTC
{{.Digest}} => sha256:[0-9a-f]{64}
{{.Names}} => \[localhost/busybox:latest\]
{{.RepoTags}} => \[localhost/busybox:latest\]
{{.RepoDigests}} => \[localhost/busybox@sha256:[0-9a-f]{64}\]
{{.Dangling}} => false
{{.ReadOnly}} => false
{{.Labels}} => map\[\]
ROWS
	run_rbox images --format 'table {{.Repository}}\t{{.Tag}}' localhost/busybox
	assert "${lines[0]}" =~ '^REPOSITORY +TAG$'
	run_rbox images --format json localhost/busybox
	jq -e '.[0] | .Names == ["localhost/busybox:latest"] and (.Size | type) == "number" and .Created == 1700000000' <<<"$output"
}

@test "templates - inspect, a container" {
	each inspect one <<'ROWS'
{{.Id}} => ID64
{{.ID}} => ID64
{{.Name}} => one
{{.State.Status}} => exited
{{.State.Running}} => false
{{.State.ExitCode}} => 3
{{.State.Pid}} => 0
{{.State.OOMKilled}} => false
{{.State.Health.Status}} => (nothing)
{{.State.StartedAt}} => 20.*
{{.State.FinishedAt}} => 20.*
{{.Created}} => 20.*
{{.Image}} => IMG64
{{.ImageName}} => localhost/busybox:latest
{{.Config.Image}} => localhost/busybox:latest
{{.Config.Hostname}} => ID12
{{.Config.User}} => (nothing)
{{.Config.WorkingDir}} => /
{{.Config.Cmd}} => \[sh -c exit 3\]
{{json .Config.Cmd}} => \["sh","-c","exit 3"\]
{{index .Config.Cmd 0}} => sh
{{.Config.Labels}} => map\[colour:blue size:big\]
{{index .Config.Labels "colour"}} => blue
{{.Config.Labels.colour}} => blue
{{index .Config.Labels "nothing"}} => (nothing)
{{range .Config.Env}}{{println .}}{{end}} => .*A=1.*
{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}} => colour=blue;size=big;
{{range .Mounts}}{{.Source}}:{{.Destination}}:{{.RW}}{{end}} => /.*:/mnt:false
{{range .Mounts}}{{.Type}}{{end}} => bind
{{len .Mounts}} => 1
{{(index .Mounts 0).Destination}} => /mnt
{{.NetworkSettings.IPAddress}} => (nothing)
{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} => (nothing)
{{json .NetworkSettings.Ports}} => \{\}
{{.HostConfig.NetworkMode}} => none
{{.HostConfig.Privileged}} => false
{{.HostConfig.RestartPolicy.Name}} => no
{{.HostConfig.AutoRemove}} => false
{{.RestartCount}} => 0
{{.Path}} {{join .Args " "}} => sh -c exit 3
{{.Driver}} => overlay
{{.LogPath}} => /.*
{{.GraphDriver.Data.UpperDir}} => /.*/upper
{{.EffectiveCaps}} => \[CAP_CHOWN .*CAP_SYS_CHROOT\]
{{if .State.Running}}yes{{else}}no{{end}} => no
{{.SizeRw}} {{.SizeRootFs}} => <nil> 0
{{.NetworkSettings.SecondaryIPAddresses}} => \[\]
ROWS
}

@test "templates - inspect, an image" {
	each inspect localhost/busybox <<'ROWS'
{{.Id}} => IMG64
{{.RepoTags}} => \[localhost/busybox:latest\]
{{index .RepoTags 0}} => localhost/busybox:latest
{{index .RepoDigests 0}} => localhost/busybox@sha256:[0-9a-f]{64}
{{.Digest}} => sha256:[0-9a-f]{64}
{{.Architecture}} => [a-z0-9]+
{{.Os}} => linux
{{.Created}} => 2023-11-14.*
{{.Size}} => [0-9]+
{{.Config.Cmd}} => \[sh\]
{{.Config.Entrypoint}} => \[\]
{{.Config.User}} => (nothing)
{{.Config.WorkingDir}} => (nothing)
{{.Config.Env}} => \[PATH=.*\]
{{json .Config.ExposedPorts}} => (\{\}|null)
{{index .Config.Labels "nothing"}} => (nothing)
{{len .RootFS.Layers}} => 1
{{index .RootFS.Layers 0}} => sha256:[0-9a-f]{64}
ROWS
	each inspect localhost/configured <<'ROWS'
{{.Config.Entrypoint}} => \[/bin/echo entry\]
{{.Config.User}} => 1000:2000
{{.Config.WorkingDir}} => /srv/app
{{index .Config.Labels "org.example.name"}} => configured
{{range $p, $_ := .Config.ExposedPorts}}{{$p}}{{end}} => 8080/tcp
{{.Config.StopSignal}} => SIGINT
ROWS
}

@test "templates - info" {
	each info <<'ROWS'
{{.Host.LogDriver}} {{.Host.EventLogger}} {{.Host.CgroupManager}} => k8s-file file cgroupfs
{{.Host.SwapTotal}} => [0-9]+
{{.Host.Arch}} => [a-z0-9]+
{{.Host.OS}} => linux
{{.Host.Kernel}} => [0-9]+\..*
{{.Host.Hostname}} => .+
{{.Host.CPUs}} => [0-9]+
{{.Host.MemTotal}} => [0-9]+
{{.Host.Security.Rootless}} => true
{{.Host.Security.SECCOMPEnabled}} => true
{{.Host.CgroupsVersion}} => v[12]
{{.Host.OCIRuntime.Name}} => rbox
{{.Host.Slirp4NetNS.Executable}} => /.*slirp4netns
{{(index .Host.IDMappings.UIDMap 0).ContainerID}} => 0
{{.Store.GraphDriverName}} => overlay
{{.Store.GraphRoot}} => /.*rbox
{{.Store.RunRoot}} => /.*
{{.Store.ContainerStore.Number}} => 1
{{.Store.ContainerStore.Stopped}} => 1
{{.Store.ImageStore.Number}} => 2
{{.Version.Version}} => [0-9]+\.[0-9]+\.[0-9]+
{{.host.arch}} => [a-z0-9]+
ROWS
	run_rbox info --format json
	jq -e '.host.security.rootless and .store.graphDriverName == "overlay" and .version.Version' <<<"$output"
	run_rbox info
	assert "$output" =~ 'graphRoot: /'
	run_rbox 125 info --format '{{.Host.Nothing}}'
}

@test "templates - version" {
	each version <<'ROWS'
{{.Client.Version}} => [0-9]+\.[0-9]+\.[0-9]+
{{.Server.Version}} => [0-9]+\.[0-9]+\.[0-9]+
{{.Version}} => [0-9]+\.[0-9]+\.[0-9]+
{{.Client.Os}} => linux
{{.Client.OsArch}} => linux/.*
{{.Client.APIVersion}} => [0-9.]+
ROWS
	run_rbox version --format json
	jq -e '.Client.Version' <<<"$output"
	run_rbox 125 version --format '{{.Client.Vresion}}'
	assert "$stderr" =~ Version
}

@test "templates - what is wrong with one is said with its place" {
	run_rbox 125 ps --format '{{.ID'
	assert "$stderr" =~ 'unclosed action'
	run_rbox 125 ps -a --format '{{nosuchfunction .ID}}'
	assert "$stderr" =~ nosuchfunction
	run_rbox 125 ps -a --format '{{if .ID}}x'
	run_rbox ps -a --format 'no template'
	assert "$output" == "no template"
}
