#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 032-flags: what each flag of `run` does, seen from inside or by inspect; without the flag the same
# look gives something else. 030 holds exit statuses and streams, 034 the network.

load helpers

setup_file() {
	load_image busybox configured
}

teardown_file() {
	leak_check
}

refused() {	# REGEX FLAG...
	local words=$1
	shift
	run_rbox 125 run --rm --network none "$@" "$IMAGE" true
	assert "$output" == "" "stdout"
	assert "$stderr" =~ "^Error:.*$words" "the message"
}

@test "flags -i - stdin, and its end" {
	run_rbox_in $'one\ntwo' run -i --rm --network none "$IMAGE" wc -l
	assert "$output" == 2
	run_rbox_in $'one\ntwo' run --interactive --rm --network none "$IMAGE" wc -l
	assert "$output" == 2
	run_rbox_in $'one\ntwo' run --rm --network none "$IMAGE" wc -l
	assert "$output" == 0
	# bytes, not text
	run_sh 'head -c 300000 /dev/urandom >$TMPDIR/bytes; $RBOX run -i --rm --network none $IMAGE sha256sum <$TMPDIR/bytes'
	assert "${output%% *}" == "$(sha256sum <"$TMPDIR/bytes" | cut -d' ' -f1)"
	rm "$TMPDIR/bytes"
}

@test "flags -t - a terminal with a size, echo, carriage returns; stderr in stdout" {
	in_box -t -- '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; echo err >&2'
	assert "$output" == $'all\r\nerr\r'
	assert "$stderr" == "" "stderr"
	in_box -- '[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo none'
	assert "$output" == none
	in_box -t -- 'echo $TERM'
	assert "$output" =~ ^xterm
	in_box -t -e TERM=vt100 -- 'echo $TERM'
	assert "$output" == $'vt100\r'
}

@test "flags -it - the caller's terminal: its size, a typed line, its end" {
	# script gives a terminal of 33 rows
	run_sh 'printf "stty size; read x; echo got-\$x\nword\nexit 5\n" |
		script -qefc "stty rows 33 cols 101; exec $RBOX run -it --rm --network none $IMAGE sh" /dev/null; echo "ended ${PIPESTATUS[1]}"'
	assert "$output" =~ "33 101"
	assert "$output" =~ got-word
	assert "$output" =~ "ended 5"
}

@test "flags -d - in the background; --rm with it removes at the end" {
	local name
	name=$(safename)
	run_rbox run -d --rm --name "$name" --network none "$IMAGE" sleep 0.3
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox container exists "$name"
	wait_for 10 gone "$name"
	run_rbox run --detach --name "$name" --network none "$IMAGE" true
	wait_for 10 is_state "$name" exited
	run_rbox rm "$name"
}

gone() {
	# shellcheck disable=SC2086
	! $RBOX container exists "$1"
}

is_state() {
	# shellcheck disable=SC2086
	[ "$($RBOX inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}

@test "flags --rm - nothing of it in ps; without it it stays with its status" {
	local name
	name=$(safename)
	run_rbox 7 run --rm --name "$name" --network none "$IMAGE" sh -c 'exit 7'
	run_rbox 1 container exists "$name"
	run_rbox 7 run --name "$name" --network none "$IMAGE" sh -c 'exit 7'
	run_rbox inspect --format '{{.State.ExitCode}} {{.HostConfig.AutoRemove}}' "$name"
	assert "$output" == "7 false"
	run_rbox rm "$name"
}

@test "flags --name - what is allowed, and a name made up without it" {
	refused "'-x'" --name=-x
	refused 'names must match' --name 'a/b'
	refused 'names must match' --name ''
	run_rbox create --network none "$IMAGE" true
	local id=$output
	run_rbox inspect --format '{{.Name}}' "$id"
	assert "$output" =~ '^[a-z]+_[a-z]+[0-9]*$'
	run_rbox rm "$id"
}

@test "flags --replace - takes the name, running or not; needs a name" {
	local name
	name=$(safename)
	run_rbox run -d --stop-timeout 0 --name "$name" --network none "$IMAGE" sleep 1000
	run_rbox run --replace --name "$name" --network none "$IMAGE" echo second
	assert "$output" == second
	run_rbox ps -aq
	assert "${#lines[@]}" -eq 1 "containers"
	run_rbox rm "$name"
	refused name --replace
}

@test "flags -e, --env-file - order: image, file, -e; the last one wins" {
	printf 'COLOUR=file\nB=file\n' >"$TMPDIR/one"
	printf 'B=second\nD=kept\n' >"$TMPDIR/two"
	run_rbox run --rm --network none --entrypoint '' --env-file "$TMPDIR/one" --env-file "$TMPDIR/two" \
		-e D=flag --env E=x -e E=y localhost/configured sh -c 'echo $COLOUR $B $D $E $FROM_IMAGE'
	assert "$output" == "file second flag y yes"
	refused 'no-such-file' --env-file "$TMPDIR/no-such-file"
	refused "" -e =x
	rm "$TMPDIR/one" "$TMPDIR/two"
}

# podman (since 3.0, its PR 9054) makes the folder that an image names, and takes one that was typed for a mistake when
# it is missing: 126, and a message that scripts look for. docker makes it.
@test "flags -w - is the folder; one that isn't there is an error, unless a mount is to hold it" {
	local id
	in_box -w /tmp -- pwd
	assert "$output" == /tmp
	run_rbox 126 run --rm --network none --cidfile "$TMPDIR/cid" -w /made/here "$IMAGE" pwd
	assert "$output" == ""
	id=$(cat "$TMPDIR/cid")
	assert "$stderr" == "Error: workdir \"/made/here\" does not exist on container $id
  fix: a folder of the image's, or mount one there: -v DIR:/made/here"
	rm "$TMPDIR/cid"
	run_rbox 126 run --rm --network none -w /etc/passwd "$IMAGE" true
	assert "$stderr" =~ '^Error: workdir "/etc/passwd" exists on container [0-9a-f]{64}, but is not a directory'
	in_box -- pwd
	assert "$output" == /
	# on a mount it is made, as podman's runtimes do
	in_box --tmpfs /srv -w /srv/new -- 'pwd; stat -c %u:%g:%a .'
	assert "$output" == $'/srv/new\n0:0:755'
	mkdir "$TMPDIR/site"
	in_box -v "$TMPDIR/site:/site" -w /site -- pwd
	assert "$output" == /site
	rmdir "$TMPDIR/site"
	# the image's own is made, every time
	run_rbox create --name base --network none "$IMAGE" true
	run_rbox commit -q -c 'WORKDIR /made/here' base made
	run_rbox run --rm --network none made sh -c 'pwd; stat -c %u:%g:%a .'
	assert "$output" == $'/made/here\n0:0:755'
	run_rbox run --rm --network none -u 7:8 made sh -c 'pwd; stat -c %u:%g:%a .'
	assert "$output" == $'/made/here\n7:8:755'
	# looked at by each start, not by create
	run_rbox create --name later --network none -w /made/later "$IMAGE" true
	run_rbox 126 start -a later
	assert "$stderr" =~ 'workdir "/made/later" does not exist on container'
	mkdir -p "$TMPDIR/made/later"
	run_rbox cp "$TMPDIR/made" later:/
	run_rbox start -a later
	rm -r "$TMPDIR/made"
	run_rbox rm base later
	run_rbox rmi made
}

@test "flags -u - user, group, both, by name and number" {
	local row
	for row in user:1000:1000 user:0:1000:0 1000:1000:1000 7:7:0 7:8:7:8 :extra:0:2000; do
		case $row in
		user:0:*) in_box -u user:0 -- 'echo $(id -u):$(id -g)'; assert "$output" == 1000:0 ;;
		user:*) in_box --user user -- 'echo $(id -u):$(id -g)'; assert "$output" == 1000:1000 ;;
		1000:*) in_box -u 1000 -- 'echo $(id -u):$(id -g)'; assert "$output" == 1000:1000 ;;
		7:7:*) in_box -u 7 -- 'echo $(id -u):$(id -g)'; assert "$output" == 7:0 ;;
		7:8:*) in_box -u 7:8 -- 'echo $(id -u):$(id -g)'; assert "$output" == 7:8 ;;
		esac
	done
	in_box -- 'echo $(id -u):$(id -g)'
	assert "$output" == 0:0
	for row in nobody-here user:no-group; do
		run_rbox 126 run --rm --network none -u "$row" "$IMAGE" true
		assert "$stderr" =~ "^Error: unable to find .*${row#*:}"
	done
	# beyond the ids that are mapped
	refused 4000000000 -u 4000000000
}

@test "flags --entrypoint - instead of the image's, and its command goes with it" {
	run_rbox run --rm --network none --entrypoint /bin/echo localhost/configured
	assert "$output" == "" "the image's Cmd belongs to the image's Entrypoint"
	run_rbox run --rm --network none --entrypoint '["/bin/echo","a b"]' localhost/configured c
	assert "$output" == "a b c"
	run_rbox run --rm --network none localhost/configured c
	assert "$output" == "entry c"
}

@test "flags --hostname - inside, in /etc/hostname, in HOSTNAME, in /etc/hosts" {
	in_box --hostname my.box -- 'hostname; cat /etc/hostname; echo $HOSTNAME; grep -c my.box /etc/hosts'
	assert "$output" == "my.box
my.box
my.box
1"
	in_box -h other -- hostname
	assert "$output" == other
	refused "" --hostname "$(printf 'x%.0s' {1..70})"
}

@test "flags -l, --label-file, --annotation - in inspect, by filter" {
	local name
	name=$(safename)
	printf '# no label\nfrom.file=yes\n' >"$TMPDIR/labels"
	run_rbox create --name "$name" -l a=1 --label b --label 'c=x=y' --label-file "$TMPDIR/labels" \
		--annotation org.example=z localhost/configured
	run_rbox inspect --format '{{json .Config.Labels}}' "$name"
	assert "$(jq -cS . <<<"$output")" == '{"a":"1","b":"","c":"x=y","from.file":"yes","org.example.name":"configured"}'
	run_rbox inspect --format '{{index .Config.Annotations "org.example"}}' "$name"
	assert "$output" == z
	run_rbox ps -a --filter label=a=1 --filter label=b --format '{{.Names}}'
	assert "$output" == "$name"
	run_rbox ps -a --filter label=a=2 -q
	assert "$output" == ""
	run_rbox rm "$name"
	rm "$TMPDIR/labels"
}

@test "flags -v - a folder, a file, ro, rw, and what is wrong" {
	mkdir -p "$TMPDIR/v/sub"
	echo here >"$TMPDIR/v/file"
	in_box -v "$TMPDIR/v:/mnt" -- 'cat /mnt/file && echo new >/mnt/new && ls /mnt/sub'
	assert "$output" == here
	assert "$(cat "$TMPDIR/v/new")" == new
	in_box --volume "$TMPDIR/v:/a/b/c:rw" -- 'rm /a/b/c/new && echo removed'
	assert "$output" == removed
	in_box -v "$TMPDIR/v:/mnt:ro" -- 'touch /mnt/x 2>&1; mkdir /mnt/sub/x 2>&1; true'
	assert "$output" =~ 'Read-only.*Read-only'
	in_box -v "$TMPDIR/v/file:/etc/image-name:ro" -- 'cat /etc/image-name'
	assert "$output" == here
	refused no-such -v "$TMPDIR/no-such:/mnt"
	refused relative -v "$TMPDIR/v:relative"
	refused nosuchoption -v "$TMPDIR/v:/mnt:nosuchoption"
	refused "" -v "$TMPDIR/v:/"
	rm -r "$TMPDIR/v"
}

@test "flags -v - a link in the image can't lead the mount out of the root" {
	mkdir "$TMPDIR/v"
	# the target /lib/out is made inside, and a link to the host's path resolves inside
	in_box -v "$TMPDIR/v:/proc/self/cwd/in" -- true || true
	assert "$(ls -A "$TMPDIR/v")" == "" "nothing was made outside"
	rmdir "$TMPDIR/v"
}

@test "flags -v - the same place twice is an error" {
	refused '/mnt' -v /etc:/mnt -v /usr:/mnt
}

@test "flags --mount type=bind and type=tmpfs" {
	mkdir "$TMPDIR/v"
	echo here >"$TMPDIR/v/file"
	in_box --mount "type=bind,source=$TMPDIR/v,destination=/mnt" -- 'cat /mnt/file; touch /mnt/new'
	assert "$output" == here
	assert "$(ls "$TMPDIR/v")" == $'file\nnew'
	in_box --mount "type=bind,src=$TMPDIR/v,target=/mnt,readonly" -- 'touch /mnt/x 2>&1; true'
	assert "$output" =~ Read-only
	in_box --mount "type=bind,src=$TMPDIR/v,dst=/mnt,ro=true" -- 'touch /mnt/x 2>&1; true'
	assert "$output" =~ Read-only
	in_box --mount type=tmpfs,destination=/scratch,tmpfs-size=2m,tmpfs-mode=0710 -- \
		'probe fstype /scratch; stat -c %a /scratch; df -k /scratch | tail -1 | tr -s " " | cut -d" " -f2'
	assert "$output" == "1021994
710
2048"
	refused 'nosuch' --mount type=nosuch,dst=/mnt
	refused '' --mount "type=bind,dst=/mnt"
	refused '' --mount "type=bind,src=$TMPDIR/v"
	refused 'colour' --mount "type=bind,src=$TMPDIR/v,dst=/mnt,colour=blue"
	rm -r "$TMPDIR/v"
}

@test "flags --tmpfs - its options, the image's files, and what can't be run there" {
	in_box --tmpfs /tmp -- 'awk "\$2 == \"/tmp\" { print \$3, \$4 }" /proc/mounts; stat -c %a /tmp'
	assert "${lines[0]}" =~ ^tmpfs.*rw
	assert "${lines[0]}" =~ nosuid
	assert "${lines[0]}" =~ nodev
	assert "${lines[0]}" =~ noexec
	# Where the image has no such folder everyone may write, as with podman; else it is as the image's.
	in_box -u 1000 --tmpfs /new --tmpfs /srv --tmpfs /etc/new:mode=700 -- 'touch /new/x && stat -c %a /new /srv /etc/new'
	assert "$output" == $'1777\n755\n700'
	in_box --tmpfs /scratch:rw,exec,size=64k -- \
		'cp /bin/busybox /scratch/echo 2>/dev/null; df -k /scratch | tail -1 | tr -s " " | cut -d" " -f2'
	assert "$output" == 64
	in_box --tmpfs /etc:size=1m -- 'cat /etc/image-name'
	assert "$output" == base "what the image has there is copied up"
	refused 'size' --tmpfs /scratch:size=much
	refused 'relative' --tmpfs relative
}

@test "flags --read-only - and what stays writable" {
	in_box --read-only -- 'for d in / /etc /home /tmp /run /var/tmp /dev/shm /dev; do
		touch $d/.x 2>/dev/null && echo $d; done'
	assert "$(sort <<<"$output" | tr '\n' ' ')" =~ '^(/dev )?/dev/shm /run /tmp /var/tmp $'
	in_box -- 'for d in / /etc /home; do touch $d/.x 2>/dev/null && echo $d; done'
	assert "${#lines[@]}" -eq 3 "without the flag"
	in_box --read-only --tmpfs /home -- 'touch /home/x && echo yes'
	assert "$output" == yes
	in_box --read-only --read-only-tmpfs=false -- 'touch /tmp/x 2>/dev/null || echo no; touch /run/x 2>/dev/null || echo no'
	assert "$output" == $'no\nno'
}

@test "flags --network - none, host, slirp4netns, and nothing else" {
	in_box -- 'ls /sys/class/net'
	assert "$output" == lo
	run_rbox run --rm --network host "$IMAGE" readlink /proc/self/ns/net
	assert "$output" == "$(readlink /proc/self/ns/net)"
	run_rbox run --rm --network slirp4netns "$IMAGE" ls /sys/class/net
	assert "$output" == $'lo\ntap0'
	run_rbox run --rm --net none "$IMAGE" ls /sys/class/net
	assert "$output" == lo
	run_rbox 125 run --rm --network no-such-net "$IMAGE" true
	assert "$stderr" =~ '^Error: .*no-such-net'
}

@test "flags --dns, --dns-search, --dns-option, --add-host, --no-hosts" {
	local row
	run_rbox run --rm --dns 10.1.1.1 --dns 10.1.1.2 --dns-search a.example,b.example --dns-option ndots:2 \
		--dns-opt timeout:1 "$IMAGE" cat /etc/resolv.conf
	assert "$(grep -v '^#' <<<"$output" | sort | tr '\n' ';')" == \
		"nameserver 10.1.1.1;nameserver 10.1.1.2;options ndots:2 timeout:1;search a.example b.example;"
	in_box --add-host a.example:10.0.0.1 --add-host 'b.example:::1' -- 'grep -c example /etc/hosts; cat /etc/hosts'
	assert "${lines[0]}" == 2
	assert "$output" =~ 10.0.0.1[[:blank:]]+a.example
	assert "$output" =~ ::1[[:blank:]]+b.example
	in_box --no-hosts -- 'grep localhost /etc/hosts 2>/dev/null; true'
	assert "$output" == "" "--no-hosts: the image has none"
	refused 'not-an-ip' --dns not-an-ip
	# Where nobody can be asked they had no effect.
	for row in "--dns 1.1.1.1" "--dns-search a.example" "--dns-option ndots:1"; do
		# shellcheck disable=SC2086
		run_rbox 125 create --network none $row "$IMAGE" true
		assert "$stderr" == "Error: conflicting options: dns and the network mode: none" "$row"
	done
	refused 'no-colon' --add-host no-colon
	refused 'nowhere' --add-host x:nowhere
}

@test "flags --cap-add, --cap-drop - one, several, all" {
	in_box -- 'grep CapEff /proc/self/status'
	assert "$output" == "CapEff:	00000000800405fb"
	in_box --cap-add sys_admin,NET_ADMIN -- 'grep CapEff /proc/self/status; hostname other && hostname'
	assert "$output" == "CapEff:	00000000802415fb
other"
	in_box --cap-drop chown --cap-drop CAP_KILL -- 'grep CapEff /proc/self/status; chown 1 /tmp 2>/dev/null || echo no'
	assert "$output" == "CapEff:	00000000800405da
no"
	in_box --cap-add all -- 'grep CapEff /proc/self/status'
	assert "$output" =~ '1ff$|3ff$|fff$'
	in_box --cap-drop all -- 'grep CapEff /proc/self/status'
	assert "$output" == "CapEff:	0000000000000000"
	in_box -u user --cap-add net_raw -- 'grep CapEff /proc/self/status'
	assert "$output" == "CapEff:	0000000000002000" "asked for, so another user has it too"
	refused nosuch --cap-add nosuch
	refused '' --cap-add chown --cap-drop chown
}

@test "flags --security-opt - no-new-privileges, seccomp, mask, unmask" {
	in_box --security-opt no-new-privileges -- 'grep NoNewPrivs /proc/self/status'
	assert "$output" == "NoNewPrivs:	1"
	in_box --security-opt no-new-privileges:false -- 'grep NoNewPrivs /proc/self/status'
	assert "$output" == "NoNewPrivs:	0"
	in_box --security-opt seccomp=unconfined -- 'grep ^Seccomp: /proc/self/status'
	assert "$output" == "Seccomp:	0"
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":22}]}' \
		>"$TMPDIR/p.json"
	in_box --security-opt "seccomp=$TMPDIR/p.json" -- 'mkdir /x 2>&1; true'
	assert "$output" =~ 'Invalid argument'
	rm "$TMPDIR/p.json"
	in_box --security-opt mask=/etc/image-name:/home -- 'wc -c </etc/image-name; ls -A /home'
	assert "$output" == 0
	in_box -- 'wc -c </etc/image-name; ls -A /home'
	assert "$output" == $'5\nuser'
	in_box --security-opt unmask=/proc/interrupts -- 'wc -l </proc/interrupts'
	assert "$output" -gt 0
	in_box --security-opt unmask=ALL -- 'wc -l </proc/interrupts'
	assert "$output" -gt 0
	refused 'no-such-file' --security-opt "seccomp=$TMPDIR/no-such-file"
	refused 'colour' --security-opt colour=blue
}

@test "flags --privileged - all capabilities, no filter, no masks; still not the host's root" {
	in_box --privileged -- 'grep -E "CapEff|^Seccomp:" /proc/self/status; wc -l </proc/interrupts; mount -t tmpfs x /srv && echo mounted'
	assert "${lines[0]}" =~ 'f{3}$|1ff$|3ff$'
	assert "${lines[1]}" == "Seccomp:	0"
	assert "${lines[2]}" -gt 0
	assert "${lines[3]}" == mounted
	in_box -- 'mount -t tmpfs x /srv 2>/dev/null || echo no'
	assert "$output" == no
	in_box --privileged -- 'echo 1 >/proc/sys/vm/drop_caches 2>/dev/null || echo no; cat /run/.containerenv'
	assert "${lines[0]}" == no
	assert "$output" =~ 'engine="?rbox'
	assert "$output" =~ 'rootless=1'
}

@test "flags --init - process 1 is ours, reaps, passes signals and the status on" {
	in_box --init -- 'cat /proc/1/comm; echo $$'
	assert "$output" =~ rbox-init
	assert "${lines[1]}" != 1
	in_box -- 'cat /proc/1/comm; true'
	assert "$output" == sh
	run_rbox 9 run --rm --init --network none "$IMAGE" sh -c 'exit 9'
	# it is the init that can't find it, as in podman
	run_rbox '?' run --rm --init --network none "$IMAGE" no-such-command
	assert "$status" -ne 0
	local name
	name=$(safename)
	# sleep alone as process 1 ignores TERM; below an init it dies of it at once
	run_rbox run -d --init --name "$name" --network none "$IMAGE" sleep 1000
	run_rbox stop -t 30 "$name"
	run_rbox inspect --format '{{.State.ExitCode}}' "$name"
	assert "$output" == 143
	run_rbox rm "$name"
}

@test "flags --cidfile, --pidfile" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none --cidfile "$TMPDIR/cid" --pidfile "$TMPDIR/pid" "$IMAGE" sleep 1000
	assert "$(cat "$TMPDIR/cid")" == "$output"
	run_rbox inspect --format '{{.State.Pid}}' "$name"
	assert "$output" == "$(cat "$TMPDIR/pid")"
	assert "$(tr '\0' ' ' <"/proc/$output/cmdline")" == "sleep 1000 "
	run_rbox rm -f -t 0 --cidfile "$TMPDIR/cid"
	rm -f "$TMPDIR/cid" "$TMPDIR/pid"
}

@test "flags --pull - missing, never; a policy that isn't one" {
	run_rbox run --rm --network none --pull never "$IMAGE" echo here
	assert "$output" == here
	run_rbox run --rm --network none --pull missing "$IMAGE" echo here
	assert "$output" == here
	run_rbox 125 run --rm --pull never localhost/not-here true
	assert "$stderr" =~ '^Error: .*localhost/not-here'
	# tries the registry even though the image is here
	run_rbox 125 run --rm --pull always --retry 0 127.0.0.1:1/busybox true
	assert "$stderr" =~ '127\.0\.0\.1:1'
	refused sometimes --pull sometimes
}

@test "flags --platform, --arch, --os - another machine's image isn't taken silently" {
	local mine
	mine=$(dpkg --print-architecture)
	run_rbox run --rm --network none --platform "linux/$mine" "$IMAGE" echo here
	assert "$output" == here
	run_rbox run --rm --network none --arch "$mine" "$IMAGE" echo here
	assert "$output" == here
	run_rbox 125 run --rm --network none --pull never --platform linux/s390x "$IMAGE" echo here
	assert "$output" == ""
	assert "$stderr" =~ '^Error:.*'
	refused 'a/b/c/d/e' --platform a/b/c/d/e
}

@test "flags --ulimit - names, one value, two values, unlimited" {
	in_box --ulimit nofile=64:128 --ulimit core=0 --ulimit fsize=1048576 -- 'probe rlimit 7; probe rlimit 4; probe rlimit 1'
	assert "$output" == "64 128
0 0
1048576 1048576"
	in_box --ulimit nofile=77 -- 'probe rlimit 7'
	assert "$output" == "77 77"
	refused 'nosuch' --ulimit nosuch=1
	refused 'nofile' --ulimit nofile=9:8
	refused 'nofile' --ulimit nofile=many
}

@test "flags --shm-size, --umask, --group-add" {
	in_box --shm-size 3m -- 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2'
	assert "$output" == 3072
	in_box --umask 0077 -- 'umask; touch /x; stat -c %a /x'
	assert "$output" == $'0077\n600'
	in_box -- umask
	assert "$output" == 0022
	in_box -u user --group-add 3333,extra --group-add 4444 -- 'id -G | tr " " "\n" | sort -n | tr "\n" " "'
	assert "$output" == "1000 2000 3333 4444 "
	refused 'much' --shm-size much
	refused '999' --umask 999
	run_rbox 126 run --rm --network none --group-add no-such-group "$IMAGE" true
	assert "$stderr" =~ '^Error: .*no-such-group'
}

@test "flags --stop-signal, --stop-timeout - what stop does" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none --stop-signal USR1 "$IMAGE" \
		sh -c 'trap "echo usr1; exit 11" USR1; while :; do sleep 0.05; done'
	run_rbox inspect --format '{{.Config.StopSignal}}' "$name"
	assert "$output" =~ '^(SIGUSR1|10)$'
	run_rbox stop -t 20 "$name"
	run_rbox inspect --format '{{.State.ExitCode}}' "$name"
	assert "$output" == 11
	run_rbox rm "$name"
	# without time to end in it is killed, and not asked before
	run_rbox run -d --name "$name" --network none --stop-timeout 0 "$IMAGE" \
		sh -c 'trap "echo asked" TERM; echo ready; while :; do sleep 0.05; done'
	ready() { rbox logs "$name" | grep -q ready; }
	wait_for 20 ready
	run_rbox stop "$name"
	run_rbox logs "$name"
	assert "$output" == "ready" "the container's own timeout, not the default of ten seconds"
	run_rbox inspect --format '{{.State.ExitCode}}' "$name"
	assert "$output" == 137
	run_rbox rm "$name"
	refused 'SIGNOSUCH|NOSUCH' --stop-signal NOSUCH
	# the image's own
	run_rbox create --name "$name" localhost/configured
	run_rbox inspect --format '{{.Config.StopSignal}}' "$name"
	assert "$output" =~ '^(SIGINT|2)$'
	run_rbox rm "$name"
}

@test "flags --rootfs - a folder instead of an image" {
	mkdir -p "$TMPDIR/root/bin" "$TMPDIR/root/etc"
	cp "$BUSYBOX" "$TMPDIR/root/bin/sh"
	run_rbox run --rm --network none --rootfs "$TMPDIR/root" /bin/sh -c 'echo from a folder'
	assert "$output" == "from a folder"
	run_rbox 125 run --rm --network none --rootfs "$TMPDIR/none" /bin/sh
	assert "$stderr" =~ '^Error: .*none'
	unshare --map-auto --map-root-user rm -rf "$TMPDIR/root"
}

@test "flags --log-driver - none keeps nothing" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --network none --log-driver none "$IMAGE" echo out
	assert "$output" == out
	run_rbox '?' logs "$name"
	assert "$output" == "" "nothing was kept"
	run_rbox rm "$name"
	refused 'papyrus' --log-driver papyrus
}

@test "flags - flags may be given as --flag=value, bundled, and after each other" {
	run_rbox run --rm=true --network=none --env=A=1 "$IMAGE" sh -c 'echo $A'
	assert "$output" == 1
	run_rbox_in x run -ieA=2 --rm --network none "$IMAGE" sh -c 'echo $A; cat'
	assert "$output" == $'2\nx'
	refused 'maybe' --rm=maybe
	refused '' --tty=perhaps
}

@test "flags - flags of podman's that aren't there are errors, never ignored" {
	local f
	for f in --memory=64m --cpus=1 --pids-limit=5 --userns=keep-id --pod=x --sysctl=a=b --gpus=all --ipc=host; do
		run_rbox 125 run --rm "$f" "$IMAGE" true
		assert "$output" == ""
		assert "$stderr" =~ "^Error: .*(${f%%=*}|sysctl)" "$f"
	done
}
