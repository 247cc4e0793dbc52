#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 037-run-flags: the rarer flags of `run`: devices, sysctls, the environment's finer points, time zones,
# namespaces and limits that can't be had, docker's own flags.

load helpers

setup_file() {
	load_image busybox configured
}

teardown_file() {
	leak_check
}

@test "run-flags --device - one, elsewhere, a folder of them; what is none is refused" {
	in_box --device /dev/null:/dev/nothing -- '[ -c /dev/nothing ] && echo gone >/dev/nothing && echo ok'
	assert "$output" == ok
	in_box --device /dev/zero:/dev/below/zero:rw -- 'head -c 2 /dev/below/zero | od -An -tx1'
	assert "$output" == " 00 00"
	in_box -- '[ -e /dev/nothing ] || echo none'
	assert "$output" == none
	mkdir -p "$TMPDIR/empty"
	refused "no devices found in $TMPDIR/empty" --device "$TMPDIR/empty:/dev/x"
	refused '/etc/passwd is not a valid device: not a device node$' --device /etc/passwd
	refused 'stat /dev/nope: No such file or directory$' --device /dev/nope
	refused 'invalid device mode: rz$' --device /dev/null:/dev/x:rz
	refused 'invalid device mode: rr$' --device /dev/null:rr
	refused 'invalid device specification: :/dev/x' --device :/dev/x
	refused '--device vendor.com/class=a: devices by name \(CDI\) are not supported yet$' --device vendor.com/class=a
	refused '--gpus is not supported yet' --gpus all
}

@test "run-flags --device - a device that the caller can't open names its group" {
	local dev=/dev/mem
	[ -e $dev ] || dev=/dev/kmsg
	refused "device '$dev' can't be opened by you: it belongs to uid 0 and group [a-z]+, mode [0-7]+: (Permission denied|Operation not permitted)" \
		--device $dev
}

@test "run-flags --device - read only can't be held, and is said" {
	in_box --device /dev/null:/dev/ro:r -- '[ -c /dev/ro ] && echo there'
	assert "$output" == there
	assert "$stderr" =~ "^WARN: device '/dev/null' can be written to in spite of 'r'"
}

@test "run-flags --sysctl - a container's own; the machine's are refused as podman does" {
	in_box --sysctl net.ipv4.ip_forward=1 --sysctl net/ipv4/ip_default_ttl=33 -- \
		'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_default_ttl'
	assert "$output" == $'1\n33'
	in_box --sysctl kernel.shmmni=17 --sysctl fs.mqueue.msg_max=5 --sysctl kernel.domainname=dd -- \
		'cat /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname'
	assert "$output" == $'17\n5\ndd'
	# what is asked for wins over the default one
	in_box --sysctl "net.ipv4.ping_group_range=3 4" -- 'cat /proc/sys/net/ipv4/ping_group_range'
	assert "$output" == $'3\t4'
	refused "sysctl 'kernel.foo' is not allowed" --sysctl kernel.foo=1
	refused "sysctl 'vm.swappiness' is not allowed" --sysctl vm.swappiness=1
	refused "sysctl 'kernel.hostname' is not allowed" --sysctl kernel.hostname=x
	refused 'foo is invalid, sysctl values must be in the form of KEY=VALUE$' --sysctl foo
	refused "set sysctl 'net.ipv4.nope=1': No such file or directory$" --sysctl net.ipv4.nope=1
	run_rbox 125 run --rm --network host --sysctl net.ipv4.ip_forward=1 "$IMAGE" true
	assert "$stderr" == "Error: sysctl net.ipv4.ip_forward=1 can't be set since Network Namespace set to host: invalid argument"
}

@test "run-flags --oom-score-adj - is the process's" {
	in_box --oom-score-adj 500 -- 'cat /proc/self/oom_score_adj'
	assert "$output" == 500
	refused 'invalid --oom-score-adj 1001: -1000 to 1000$' --oom-score-adj 1001
	refused 'invalid --oom-score-adj much: -1000 to 1000$' --oom-score-adj much
}

@test "run-flags env - the order: image, proxies, host, file, typed" {
	printf 'COLOUR=file\nBOTH=file\n' >"$TMPDIR/env"
	COLOUR=host BOTH=host ONLY_HOST=1 run_rbox run --rm --network none --env-host --env-file "$TMPDIR/env" -e BOTH=typed \
		--entrypoint env localhost/configured
	assert "$output" =~ $'(^|\n)COLOUR=file(\n|$)'
	assert "$output" =~ $'(^|\n)BOTH=typed(\n|$)'
	assert "$output" =~ $'(^|\n)ONLY_HOST=1(\n|$)'
	assert "$output" =~ $'(^|\n)FROM_IMAGE=yes(\n|$)'
	http_proxy=http://p COLOUR=red run_rbox run --rm --network none -e http_proxy --entrypoint sh localhost/configured \
		-c 'echo $http_proxy $COLOUR'
	assert "$output" == "http://p blue"
	http_proxy=http://p run_rbox run --rm --network none --http-proxy=false "$IMAGE" sh -c 'echo "[$http_proxy]"'
	assert "$output" == "[]"
}

@test "run-flags env - globs, bare names, --env-merge, --unsetenv" {
	AB1=x AB2=y run_rbox run --rm --network none -e 'AB*' "$IMAGE" sh -c 'echo $AB1$AB2'
	assert "$output" == xy
	run_rbox run --rm --network none -e NOT_THERE_AT_ALL "$IMAGE" sh -c 'echo ${NOT_THERE_AT_ALL-unset}'
	assert "$output" == unset
	run_rbox run --rm --network none --env-merge 'PATH=${PATH}:/more' --env-merge 'X=${NONE:-word}-${PATH:+set}-$NONE.' "$IMAGE" \
		sh -c 'echo $PATH $X'
	assert "$output" == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/more word-set-."
	run_rbox run --rm --network none --unsetenv COLOUR --unsetenv container --entrypoint sh localhost/configured \
		-c 'echo ${COLOUR-gone} ${container-gone} $FROM_IMAGE'
	assert "$output" == "gone gone yes"
	run_rbox run --rm --network none --unsetenv-all -e A=2 --entrypoint env localhost/configured
	assert "$(sort <<<"$output" | grep -v ^HOSTNAME=)" == $'A=2\nHOME=/home/user' "all but HOME and HOSTNAME gone"
	refused "invalid environment variable '=x': the name is empty" -e =x
	refused "invalid --env-merge 'X': NAME=VALUE is wanted" --env-merge X
	refused "invalid --env-merge 'X=\\$\\{a b\\}'" --env-merge 'X=${a b}'
	refused "invalid --unsetenv 'A=1': the name of a variable is wanted" --unsetenv A=1
}

@test "run-flags --env-file - comments, blanks, globs, quotes as they are, CRLF" {
	printf 'A=1\n\n  # c\n\tB=x\nGLOB_*\nQ="a b"\nE=\nexport Z=1\nCR=1\r\nGONE_THING\n' >"$TMPDIR/env"
	GLOB_1=g run_rbox run --rm --network none --env-file "$TMPDIR/env" "$IMAGE" \
		sh -c 'echo "$A|$B|$GLOB_1|$Q|${E-unset}|$CR|${GONE_THING-unset}"'
	assert "$output" == '1|x|g|"a b"||1|unset'
	run_rbox run --rm --network none --env-file "$TMPDIR/env" "$IMAGE" env
	assert "$output" =~ $'\nexport Z=1\n'
	echo '=x' >"$TMPDIR/env"
	refused "file '$TMPDIR/env': invalid environment variable '=x'" --env-file "$TMPDIR/env"
	refused "open '$TMPDIR/none': No such file" --env-file "$TMPDIR/none"
}

@test "run-flags --tz - a zone, the host's, none such" {
	in_box --tz Asia/Tokyo -- 'date +%z'
	assert "$output" == +0900
	in_box --tz local -- 'date +%z'
	assert "$output" == "$(env -u TZ date +%z)"
	in_box -- 'date +%z'
	assert "$output" == +0000
	refused "find timezone 'Mars/Phobos': open /usr/share/zoneinfo/Mars/Phobos: No such file or directory" --tz Mars/Phobos
	refused "invalid timezone 'Europe': is a directory" --tz Europe
	refused "invalid timezone 'zone.tab': .* is no time zone" --tz zone.tab
	refused "invalid timezone '../../../etc/passwd': Area/City or local is wanted" --tz ../../../etc/passwd
	refused "invalid timezone '/etc/localtime': Area/City or local is wanted" --tz /etc/localtime
}

@test "run-flags --domainname, --no-hostname, --init-path" {
	in_box --domainname example -- 'cat /proc/sys/kernel/domainname'
	assert "$output" == example
	in_box --no-hostname -- 'grep -c /etc/hostname /proc/mounts'  || [ "$status" -eq 1 ]
	assert "$output" == 0
	refused "--init-path '/nope': the absolute path of a program is wanted" --init --init-path /nope
}

@test "run-flags --systemd - mounts, uuid and stop signal of systemd mode" {
	local name
	name=$(safename)
	in_box --systemd always -- 'echo $container_uuid; grep -cE "^tmpfs /(run|run/lock|tmp|var/log/journal) " /proc/mounts'
	assert "${lines[0]}" =~ '^[0-9a-f]{32}$'
	assert "${lines[1]}" == 4
	in_box -- 'echo "[$container_uuid]"'
	assert "$output" == "[]"
	run_rbox create --name "$name" --systemd always "$IMAGE" true
	run_rbox rm "$name"
	refused "invalid --systemd 'maybe': must be one of" --systemd maybe
}

@test "run-flags --expose, --annotation - ranges, and what is none" {
	local name
	name=$(safename)
	run_rbox create --name "$name" --expose 80-82 --expose 53/udp --annotation a=b --annotation c= "$IMAGE" true
	run_rbox inspect --format '{{json .Config.ExposedPorts}}' "$name"
	assert "$output" =~ '"80/tcp"'
	assert "$output" =~ '"82/tcp"'
	assert "$output" =~ '"53/udp"'
	run_rbox rm "$name"
	refused 'invalid range format for --expose: 82-80:' --expose 82-80
	refused 'invalid range format for --expose: 99999:' --expose 99999
	refused 'invalid range format for --expose: 80/foo:' --expose 80/foo
	refused "annotations must be formatted KEY=VALUE, not 'a'" --annotation a
}

@test "run-flags namespaces - what is the default is taken, all else refused by name" {
	in_box --ipc private --pid private --uts private --cgroupns private --userns host -- 'echo ok'
	assert "$output" == ok
	in_box --ipc shareable --pid '' -- 'echo ok'
	assert "$output" == ok
	local f
	for f in --ipc=host --pid=host --uts=host --cgroupns=host --userns=auto --userns=keep-id:uid=5 --userns=nomap \
		--ipc=container:x --pid=ns:/x --uidmap=0:1:1 --gidmap=0:1:1 --subuidname=x --subgidname=x; do
		refused "$f is not supported yet|${f%%=*} is not supported yet" "$f"
	done
	refused '--pid: unrecognized namespace mode foo passed$' --pid foo
	PODMAN_USERNS=keep-id run_rbox 125 run --rm "$IMAGE" true
	assert "$stderr" =~ '^Error: --userns=keep-id is not supported yet'
}

@test "run-flags limits - no limit is taken, a limit that can't be held is refused, names and mends" {
	in_box --memory 0 --pids-limit -1 --cpus 0 --cgroups disabled --cgroup-parent '' --memory-swappiness -1 -- 'echo ok'
	assert "$output" == ok
	local f
	for f in --memory=64m --memory-reservation=8m --cpus=1.5 --cpu-shares=2 --cpu-quota=50000 --cpu-period=100000 \
		--cpuset-cpus=0 --cpuset-mems=0 --pids-limit=100 --blkio-weight=100 --device-read-bps=/dev/vda:1mb \
		--device-write-iops=/dev/vda:10 --cgroup-conf=memory.high=1 --cgroup-parent=/x --cgroups=split; do
		run_rbox 125 run --rm "$f" "$IMAGE" true
		assert "$stderr" =~ "^Error: ${f%%=*}(=split)? can't be applied: it needs (the controller|a cgroup)" "$f"
		assert "$stderr" =~ "fix: " "$f"
	done
	run_rbox 125 create --memory 64m "$IMAGE"
	assert "$stderr" =~ "the controller 'memory' of a cgroup"
	refused "invalid value for memory: invalid size: 'foo'" --memory foo
	refused '--cpu-quota and --cpus cannot be set together' --cpus 1 --cpu-quota 5
	refused '--memory-swap wants --memory too' --memory-swap 64m
	refused '--memory-swap 32m is less than --memory 64m' --memory 64m --memory-swap 32m
	refused "invalid value for --cpuset-cpus: '3-1'" --cpuset-cpus 3-1
	refused 'invalid argument "x" for "--cpus" flag' --cpus x
	refused 'invalid value for --pids-limit: -5 is not within' --pids-limit -5
	refused 'invalid cgroup mode "foo": invalid argument' --cgroups foo
	refused "invalid value for --device-read-bps: 'x'" --device-read-bps x
}

@test "run-flags docker - its own flags: taken, warned of, or refused" {
	in_box --isolation default --volume-driver local --disable-content-trust=false -- 'echo ok'
	assert "$output" == ok
	assert "$stderr" == ""
	in_box --kernel-memory 1g --cpu-count 3 -- 'echo ok'
	assert "$output" == ok
	assert "$stderr" =~ $'^WARN: --kernel-memory does nothing: .*\nWARN: --cpu-count does nothing: it is for Windows$'
	refused '--link is not supported' --link x
	refused '--storage-opt is not supported' --storage-opt size=1g
	refused '--runtime is not supported' --runtime runsc
	refused '--use-api-socket is not supported' --use-api-socket
}

@test "run-flags --preserve-fds - the caller's descriptors, under their numbers, and no other" {
	printf 'three\n' >"$TMPDIR/3"; printf 'five\n' >"$TMPDIR/5"
	run_sh '$RBOX run --rm --network none --preserve-fds 1 $IMAGE sh -c "cat <&3; [ -e /proc/self/fd/5 ] || echo no-5" 3<$TMPDIR/3 5<$TMPDIR/5'
	assert "$output" == $'three\nno-5'
	run_sh '$RBOX run --rm --network none --preserve-fd 5 $IMAGE sh -c "cat <&5; [ -e /proc/self/fd/6 ] || echo no-6" 5<$TMPDIR/5 6<$TMPDIR/3'
	assert "$output" == $'five\nno-6'
	# nobody else holds a pipe's end: its reader sees the end when the process closes it
	run_sh '$RBOX run -d --name fds-$$ --network none --preserve-fds 1 $IMAGE sh -c "echo said >&3; exec 3>&-; sleep 1000" 3>&1 >$TMPDIR/id | cat
		$RBOX rm -f -t 0 $(cat $TMPDIR/id) >/dev/null'
	assert "$output" == said
	run_sh 125 'exec 3<&- 9<&-; $RBOX run --rm --network none --preserve-fds 1 $IMAGE true'
	assert "$stderr" == "Error: file descriptor 3 is not available - the preserve-fds option requires that file descriptors must be passed"
	run_sh 125 'exec 9<&-; $RBOX run --rm --network none --preserve-fd 9 $IMAGE true'
	assert "$stderr" =~ '^Error: file descriptor 9 is not available'
	refused '--preserve-fd 1: only descriptors from 3 on' --preserve-fd 1
	refused "invalid --preserve-fd 'x'" --preserve-fd x
}

@test "run-flags LISTEN_FDS - a socket unit's descriptors are passed on" {
	printf 'three\n' >"$TMPDIR/3"
	run_sh 'sh -c "export LISTEN_PID=\$\$ LISTEN_FDS=1 LISTEN_FDNAMES=web; exec $RBOX run --rm --network none $IMAGE sh -c \"echo \\\$LISTEN_PID \\\$LISTEN_FDS \\\$LISTEN_FDNAMES; cat <&3\"" 3<$TMPDIR/3'
	assert "$output" == $'1 1 web\nthree'
	# not meant for us
	LISTEN_PID=1 LISTEN_FDS=1 run_rbox run --rm --network none "$IMAGE" sh -c 'echo "[$LISTEN_FDS]"'
	assert "$output" == "[]"
}

@test "run-flags --group-add keep-groups - no others beside it" {
	in_box --group-add keep-groups -- 'grep -c ^Groups: /proc/self/status'
	assert "$output" == 1
	refused "the '--group-add keep-groups' option is not allowed with any other --group-add options$" --group-add keep-groups,5
}

@test "run-flags --requires - started first, removed last" {
	local a b
	a=$(safename)a b=$(safename)b
	run_rbox create --name "$a" --network none "$IMAGE" sleep 1000
	local a_id=$output
	run_rbox create --name "$b" --network none --requires "$a" "$IMAGE" sleep 1000
	local b_id=$output
	run_rbox inspect --format '{{.Dependencies}}' "$b"
	assert "$output" == "[$a_id]"
	run_rbox start "$b"
	run_rbox inspect --format '{{.State.Running}}' "$a"
	assert "$output" == true
	run_rbox 125 rm -f -t 0 "$a"
	assert "$stderr" =~ "^Error: container $a_id has dependent containers which must be removed before it: $b_id: container already exists"
	run_rbox stop -t 0 "$a"
	run_rbox inspect --format '{{.State.Running}}' "$b"
	assert "$output" == true "stopping it stops nobody else"
	run_rbox rm -f -t 0 --depend "$a"
	assert "${lines[0]}" == "$b_id"
	run_rbox 1 container exists "$a"
	refused '"nope" is not a valid container, cannot be used as a dependency: no container with name or ID "nope" found: no such container$' --requires nope
}

@test "run-flags --rmi - the image goes with the container; a used one stays" {
	local name
	name=$(safename)
	run_rbox tag "$IMAGE" localhost/gone:1
	run_rbox 3 run --network none --rmi localhost/gone:1 sh -c 'exit 3'
	run_rbox 1 image exists localhost/gone:1
	run_rbox tag "$IMAGE" localhost/gone:2
	run_rbox run -d --network none --rmi localhost/gone:2 true
	wait_for 30 image_is_gone
	run_rbox create --name "$name" "$IMAGE" true
	run_rbox run --network none --rmi "$IMAGE" true
	assert "$stderr" =~ '^WARN: --rmi: the image stays: image used by '
	run_rbox image exists "$IMAGE"
	run_rbox rm "$name"
	run_rbox ps -aq
	assert "$output" == ""
}

image_is_gone() {
	! $RBOX image exists localhost/gone:2
}

@test "run-flags --sdnotify - conmon tells systemd's socket which process and that it is ready" {
	/usr/bin/python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[1] + ".up", "w").close()
s.settimeout(60)
print(s.recv(4096).decode().replace("\n", " "))' "$TMPDIR/n" >"$TMPDIR/said" 3>&- &
	local pid=$!
	wait_for 30 test -e "$TMPDIR/n.up"
	NOTIFY_SOCKET=$TMPDIR/n run_rbox run --rm --network none --sdnotify conmon "$IMAGE" sh -c 'echo "[$NOTIFY_SOCKET]"'
	assert "$output" == "[]"
	wait $pid
	assert "$(cat "$TMPDIR/said")" =~ '^MAINPID=[0-9]+ READY=1$'
	in_box --sdnotify ignore -- 'echo ok'
	NOTIFY_SOCKET=$TMPDIR/n run_rbox 125 run --rm --network none --sdnotify container "$IMAGE" true
	assert "$stderr" =~ '^Error: --sdnotify=container is not supported yet'
	NOTIFY_SOCKET=$TMPDIR/none run_rbox run --rm --network none --sdnotify conmon "$IMAGE" true
	assert "$stderr" =~ '^WARN: tell systemd that the container runs: '
	refused 'invalid sdnotify value "foo": must be container, conmon, healthy or ignore$' --sdnotify foo
}

@test "run-flags --help - grouped, and every shown line has words" {
	run_rbox run --help
	assert "$output" =~ $'\nEnvironment:\n  -e, --env '
	assert "$output" =~ $'\nLimits \\(they need a cgroup\\):\n  -m, --memory '
	assert "$output" !~ $'\n +--[a-z-]+ *\n'
	run_rbox create --help
	assert "$output" =~ $'\nThe process:\n'
}
