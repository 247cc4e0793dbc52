#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 031-isolation: every wall of a container, looked at from inside.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

# inside CMD: sh -c CMD in a container with no network (the default one is 060's matter)
inside() {
	run_rbox run --rm --network none "$IMAGE" sh -c "$1"
}

@test "isolation - seven namespaces of its own" {
	local ns
	for ns in user mnt pid ipc uts net cgroup; do
		inside "readlink /proc/self/ns/$ns"
		assert "$output" =~ "^$ns:\[[0-9]+\]$"
		assert "$output" != "$(readlink "/proc/self/ns/$ns")" "the $ns namespace"
	done
}

@test "isolation - ids are mapped: root is the caller, the rest comes from /etc/subuid" {
	local first count total
	first=$(awk -F: -v u="$(id -un)" '$1 == u { print $2; exit }' /etc/subuid)
	count=$(awk -F: -v u="$(id -un)" '$1 == u { print $3; exit }' /etc/subuid)
	mkdir "$TMPDIR/vol"
	chmod 0777 "$TMPDIR/vol"
	run_rbox run --rm --network none -v "$TMPDIR/vol:/mnt" "$IMAGE" sh -c '
		touch /mnt/root; touch /mnt/one; chown 1:1 /mnt/one; touch /mnt/user; chown 1000:1000 /mnt/user'
	assert "$(stat -c %u "$TMPDIR/vol/root")" == "$(id -u)" "0"
	assert "$(stat -c %u "$TMPDIR/vol/one")" == "$first" "1"
	assert "$(stat -c %u "$TMPDIR/vol/user")" == "$((first + 999))" "1000"
	inside "awk '{ n += \$3 } END { print n }' /proc/self/uid_map"
	total=$output
	assert "$total" -eq $((count + 1)) "ids mapped"
	run_rbox run --rm --network none -v "$TMPDIR/vol:/mnt" "$IMAGE" rm /mnt/one /mnt/user
	rm -r "$TMPDIR/vol"
}

@test "isolation - process 1 sees only its own" {
	inside 'echo $$; ls /proc | grep -c "^[0-9]*$"'
	assert "${lines[0]}" == 1
	assert "${lines[1]}" -le 4 "processes in /proc"
}

@test "isolation - the network namespace has a loopback that is up, and no more" {
	inside 'ls /sys/class/net; ip addr show lo'
	assert "${lines[0]}" == lo
	assert "$output" =~ '127\.0\.0\.1/8'
	assert "$output" =~ '(UP|UNKNOWN)'
	inside 'ls /sys/class/net | wc -l'
	assert "$output" == 1
}

@test "isolation - the root is an overlay and nothing of the host is mounted" {
	inside "awk '\$5 == \"/\" { for (i = 7; i <= NF; i++) if (\$i == \"-\") print \$(i + 1) }' /proc/self/mountinfo"
	assert "$output" =~ '^(overlay|fuse\.fuse-overlayfs)$'
	inside "awk '{ print \$5 }' /proc/self/mountinfo | sort -u"
	assert "$output" !~ "$RBOX_T" "paths of the host"
}

@test "isolation - the old root is gone" {
	inside 'ls -A / | sort | tr "\n" " "'
	assert "$output" == "bin dev etc home lib opt proc root run sbin srv sys tmp usr var "
}

# options MOUNTPOINT: "fstype option,option..." inside, per-mount and superblock options together
options() {
	inside "awk '\$5 == \"$1\" { s = 0; for (i = 7; i <= NF; i++) if (\$i == \"-\") s = i
		t = \$(s + 1); o = \$6 \",\" \$(s + 3) } END { print t, o }' /proc/self/mountinfo"
}

has_options() {	# MOUNTPOINT FSTYPE OPTION...
	local at=$1 type=$2 o
	shift 2
	options "$at"
	assert "${output%% *}" == "$type" "the file system on $at"
	for o in "$@"; do
		assert ",${output#* }," =~ ",$o," "the options of $at"
	done
}

@test "isolation - /proc /sys /dev and what is below, with their options" {
	has_options /proc proc nosuid nodev noexec
	has_options /sys sysfs ro nosuid nodev noexec
	has_options /dev tmpfs nosuid 'mode=755' 'size=65536k'
	has_options /dev/pts devpts nosuid noexec 'mode=620' 'ptmxmode=666'
	has_options /dev/shm tmpfs nosuid nodev noexec 'size=6[0-9]*k'
	has_options /dev/mqueue mqueue nosuid nodev noexec
}

@test "isolation - /dev holds the devices of the contract and no other" {
	inside 'for d in null zero full random urandom tty; do probe stat /dev/$d; done | cut -d" " -f1,2'
	assert "$output" == "c 1:3
c 1:5
c 1:7
c 1:8
c 1:9
c 5:0"
	inside 'ls -A /dev | sort | tr "\n" " "'
	assert "$output" =~ '^(console )?(core )?fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero $'
	inside 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done'
	assert "$output" == "/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx"
	inside 'echo x >/dev/null && head -c 4 /dev/zero | od -An -tx1 | tr -d " "; head -c 8 /dev/urandom | wc -c'
	assert "${lines[0]}" == 00000000
	assert "${lines[1]}" == 8
}

@test "isolation - /dev/shm is 64 MiB unless told, and everyone may write there" {
	inside 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2; stat -c %a /dev/shm'
	assert "$output" == "65536
1777"
	run_rbox run --rm --network none --shm-size 5m "$IMAGE" sh -c 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2'
	assert "$output" == 5120
}

@test "isolation - masked files read as empty, masked folders list as empty" {
	local p
	for p in /proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi \
		/proc/timer_list /proc/timer_stats /proc/interrupts /sys/firmware /sys/fs/selinux \
		/sys/devices/virtual/powercap; do
		inside "if [ -d $p ]; then ls -A $p | wc -l; elif [ -e $p ]; then head -c 1 $p | wc -c; else echo 0; fi"
		assert "$output" == 0 "what is seen of $p"
	done
	inside 'for f in /sys/devices/system/cpu/cpu*/thermal_throttle; do [ ! -d $f ] || ls -A $f; done'
	assert "$output" == "" "thermal_throttle"
}

@test "isolation - a masked file is the null device, not something that looks like it" {
	local p n=0
	for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do
		[ -f "$p" ] || continue
		inside "probe stat $p"
		assert "$output" =~ '^c 1:3 ' "$p"
		n=$((n + 1))
	done
	assert $n -gt 0 "files looked at"
}

@test "isolation - read-only paths can't be written" {
	local p
	for p in /proc/asound /proc/bus /proc/fs /proc/irq /proc/sys; do
		[ -e "$p" ] || continue
		options "$p"
		assert ",${output#* }," =~ ',ro,' "the options of $p"
	done
	# what isn't there can't be written either; the owner is checked before the mount
	inside 'probe open /proc/sysrq-trigger w; probe open /proc/sys/kernel/hostname w'
	assert "${lines[0]}" =~ '^(EROFS|EACCES|ENOENT)$'
	assert "${lines[1]}" =~ '^(EROFS|EACCES)$'
	inside 'mkdir /sys/x 2>&1; mkdir /sys/fs/cgroup/x 2>&1; true'
	assert "$output" =~ 'Read-only'
	assert "$output" !~ "cannot create.*permitted"
}

@test "isolation - --security-opt unmask=ALL takes the masks off" {
	run_rbox run --rm --network none --security-opt unmask=ALL "$IMAGE" sh -c 'wc -l </proc/interrupts'
	assert "$output" -gt 0 "lines of /proc/interrupts"
}

CAPS_11=00000000800405fb
@test "isolation - root has the eleven capabilities, in every set that counts" {
	inside 'grep ^Cap /proc/self/status'
	assert "${lines[0]}" == "CapInh:	0000000000000000"
	assert "${lines[1]}" == "CapPrm:	$CAPS_11"
	assert "${lines[2]}" == "CapEff:	$CAPS_11"
	assert "${lines[3]}" == "CapBnd:	$CAPS_11"
	assert "${lines[4]}" == "CapAmb:	0000000000000000"
}

@test "isolation - another user has none, but may gain by setuid" {
	run_rbox run --rm --network none -u user "$IMAGE" grep ^Cap /proc/self/status
	assert "${lines[1]}" == "CapPrm:	0000000000000000"
	assert "${lines[2]}" == "CapEff:	0000000000000000"
	assert "${lines[3]}" == "CapBnd:	$CAPS_11"
	inside 'grep NoNewPrivs /proc/self/status'
	assert "$output" == "NoNewPrivs:	0"
	run_rbox run --rm --network none --security-opt no-new-privileges "$IMAGE" grep NoNewPrivs /proc/self/status
	assert "$output" == "NoNewPrivs:	1"
}

@test "isolation - --cap-add and --cap-drop" {
	run_rbox run --rm --network none --cap-drop all "$IMAGE" grep ^Cap /proc/self/status
	assert "${lines[2]}" == "CapEff:	0000000000000000"
	assert "${lines[3]}" == "CapBnd:	0000000000000000"
	run_rbox run --rm --network none --cap-drop ALL --cap-add net_raw "$IMAGE" grep CapEff /proc/self/status
	assert "$output" == "CapEff:	0000000000002000"
	run_rbox run --rm --network none --cap-add CAP_NET_RAW "$IMAGE" grep CapEff /proc/self/status
	assert "$output" == "CapEff:	00000000800425fb"
	run_rbox 125 run --rm --network none --cap-add no_such_cap "$IMAGE" true
	assert "$stderr" =~ '^Error: .*[nN][oO]_[sS][uU][cC][hH]_[cC][aA][pP]'
}

@test "isolation - capabilities do what they say" {
	inside 'mount -t tmpfs x /srv 2>/dev/null || echo no-mount; chroot / true && echo chroot; chown 5:5 /tmp && echo chown'
	assert "$output" == "no-mount
chroot
chown"
	inside 'hostname other 2>/dev/null || echo no-sethostname'
	assert "$output" == "no-sethostname"
}

@test "isolation - the seccomp filter is on, what it doesn't know is ENOSYS" {
	inside 'grep ^Seccomp: /proc/self/status'
	assert "$output" == "Seccomp:	2"
	# 425 io_uring_setup: not in the list; the kernel itself would say EFAULT
	inside 'probe syscall 425 1 0'
	assert "$output" == ENOSYS
	run_rbox run --rm --network none --security-opt seccomp=unconfined "$IMAGE" probe syscall 425 1 0
	assert "$output" != ENOSYS "unconfined"
	run_rbox run --rm --network none --security-opt seccomp=unconfined "$IMAGE" grep ^Seccomp: /proc/self/status
	assert "$output" == "Seccomp:	0"
}

@test "isolation - a profile of one's own" {
	cat >"$TMPDIR/profile.json" <<'JSON'
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":13}]}
JSON
	run_rbox 1 run --rm --network none --security-opt "seccomp=$TMPDIR/profile.json" "$IMAGE" mkdir /tmp/x
	assert "$stderr" =~ "Permission denied"
	echo '{"defaultAction":' >"$TMPDIR/profile.json"
	run_rbox 125 run --rm --network none --security-opt "seccomp=$TMPDIR/profile.json" "$IMAGE" true
	assert "$stderr" =~ '^Error: .*profile\.json'
	rm "$TMPDIR/profile.json"
}

@test "isolation - rlimits: clamped to the caller's, set when asked" {
	local hard
	hard=$(ulimit -Hn)
	((hard < 1048576)) || hard=1048576
	inside 'probe rlimit 7'	# RLIMIT_NOFILE
	assert "$output" == "$hard $hard"
	run_rbox run --rm --network none --ulimit nofile=100:200 --ulimit core=0 "$IMAGE" sh -c 'probe rlimit 7; probe rlimit 4'
	assert "$output" == "100 200
0 0"
	run_rbox 125 run --rm --network none --ulimit nofile=99999999:99999999 "$IMAGE" true
	assert "$stderr" =~ '^Error: .*nofile'
	run_rbox 125 run --rm --network none --ulimit nosuch=1 "$IMAGE" true
	assert "$stderr" =~ '^Error: .*nosuch'
}

@test "isolation - the umask" {
	inside umask
	assert "$output" == 0022
	# whatever the caller's is
	run_sh "umask 077; exec \$RBOX run --rm \$IMAGE sh -c 'umask; stat -c %a /etc/hosts /etc/hostname /etc/resolv.conf'"
	assert "${lines[*]}" == "0022 644 644 644"
	run_rbox run --rm --network none --umask 027 "$IMAGE" sh -c umask
	assert "$output" == 0027
}

@test "isolation - descriptors 0 to 2 and no more, whatever the caller had open" {
	run_rbox run --rm --network none "$IMAGE" probe fds
	assert "$(cut -d' ' -f1 <<<"$output" | tr '\n' ' ')" == "0 1 2 "
	run_sh 'exec 7</etc/passwd 8>/dev/null 19<>/dev/null; exec $RBOX run --rm --network none $IMAGE probe fds'
	assert "$(cut -d' ' -f1 <<<"$output" | tr '\n' ' ')" == "0 1 2 "
	# no folder or file of the host among them
	assert "$output" !~ "$RBOX_T"
}

@test "isolation - /etc/hosts, hostname, resolv.conf, mtab, containerenv" {
	run_rbox run --rm --hostname box "$IMAGE" sh -c 'echo $(cat /etc/hostname); grep -c "^127.0.0.1.*localhost" /etc/hosts; readlink /etc/mtab'
	assert "${lines[0]}" == box
	assert "${lines[1]}" -ge 1 "lines for localhost"
	assert "${lines[2]}" == /proc/mounts
	run_rbox run --rm --hostname box "$IMAGE" cat /etc/hosts
	assert "$output" =~ 'box' "the own name"
	run_rbox run --rm --add-host other.example:10.1.2.3 "$IMAGE" cat /etc/hosts
	assert "$output" =~ '10\.1\.2\.3[[:blank:]]+other\.example'
	run_rbox run --rm --dns 10.9.8.7 --dns-search example.org --dns-opt ndots:3 "$IMAGE" cat /etc/resolv.conf
	assert "$output" =~ "nameserver 10.9.8.7"
	assert "$output" =~ "search example.org"
	assert "$output" =~ "options ndots:3"
	inside 'ls -A /run; wc -c </run/.containerenv'
	assert "$output" =~ '\.containerenv'
}

@test "isolation - /etc/hosts can be written, and stays this container's" {
	inside 'echo 10.0.0.9 mine >>/etc/hosts && grep -c mine /etc/hosts'
	assert "$output" == 1
	assert "$(grep -c '10.0.0.9 mine' /etc/hosts)" == 0 "the host's file"
}

@test "isolation - a container's root can't touch the host's files" {
	# an overlay of its own: the store's layers stay as they are
	local before
	before=$(find "$XDG_DATA_HOME/rbox/layers" -type f -newer "$IMAGES/list" 2>/dev/null | wc -l)
	inside 'echo 1 >/proc/sys/vm/drop_caches' || true
	run_rbox 1 run --rm --network none "$IMAGE" sh -c 'echo 1 >/proc/sys/vm/drop_caches'
	run_rbox 1 run --rm --network none "$IMAGE" sh -c 'mknod /dev/sda b 8 0'
	assert "$(find "$XDG_DATA_HOME/rbox/layers" -type f -newer "$IMAGES/list" 2>/dev/null | wc -l)" == "$before"
}

@test "isolation - signals stay inside" {
	inside 'kill -0 -1 2>/dev/null; kill -0 2 2>/dev/null || echo alone'
	assert "$output" == alone
}

@test "isolation - keyrings, and the session's process group, are not the caller's" {
	inside 'awk "{ print \$6 }" /proc/self/stat'
	assert "$output" =~ '^[01]$' "the session id as seen inside"
}

@test "isolation - the host's namespaces: the network by request, the others not at all" {
	local ns
	run_rbox run --rm --network host "$IMAGE" readlink /proc/self/ns/net
	assert "$output" == "$(readlink /proc/self/ns/net)"
	# podman's word for what is the default here: root inside is the caller, never the machine's root.
	run_rbox run --rm --network none --userns host "$IMAGE" readlink /proc/self/ns/user
	assert "$output" != "$(readlink /proc/self/ns/user)"
	for ns in uts ipc pid cgroupns; do
		run_rbox 125 run --rm "--$ns" host "$IMAGE" true
		assert "$output" == "" "stdout"
		assert "$stderr" =~ "^Error: --$ns=host is not supported yet" "--$ns is never silently ignored"
	done
}

@test "isolation - exec hands no file of ours in to be opened anew" {
	# container root is the owner of what we redirect: by /proc/self/fd it could write what we only read
	run_rbox run -d --name files --network none "$IMAGE" sleep 100
	echo input >"$TMPDIR/in"
	echo before >"$TMPDIR/out"
	run_sh "\$RBOX exec -i files sh -c 'cat; echo evil >/proc/self/fd/0' <$TMPDIR/in"
	assert "$output" == input
	assert "$(cat "$TMPDIR/in")" == input "what was read"
	run_sh "\$RBOX exec files sh -c 'echo after; : >/proc/self/fd/1' >>$TMPDIR/out"
	assert "$(cat "$TMPDIR/out")" == $'before\nafter' "what was appended to"
	head -c 1000000 /dev/zero >"$TMPDIR/much"
	run_sh "\$RBOX exec -i files wc -c <$TMPDIR/much"
	assert "$output" == 1000000
	run_rbox rm -f -t 0 files
}

# CVE-2019-5736: a program that its user owns could be overwritten through /proc/PID/exe by the
# root of the container, who is that user.
@test "isolation - an rbox of one's own runs from a sealed copy" {
	local own=$TMPDIR/own pid
	mkdir -p "$own"
	cp "$(command -v "$RBOX")" "$own/rbox"
	RBOX=$own/rbox run_rbox run -d --name sealed --network none "$IMAGE" sleep 100
	run_rbox inspect -f '{{.State.ConmonPid}}' sealed
	pid=$output
	run readlink "/proc/$pid/exe"
	assert "$output" =~ '^/memfd:rbox'
	# what is kept for as long as the container lives is the program, without what debuggers read
	run_sh "stat -L -c %s /proc/$pid/exe; readelf -lW $own/rbox"
	local line end=0
	for line in "${lines[@]:1}"; do
		# shellcheck disable=SC2086
		set -- $line
		[ "${1:-}" != LOAD ] || ((end >= $2 + $5)) || end=$(($2 + $5))
	done
	assert "${lines[0]}" -eq "$end"
	RBOX=$own/rbox run_rbox exec sealed echo in
	assert "$output" == in
	run_rbox rm -f -t 0 sealed
}
