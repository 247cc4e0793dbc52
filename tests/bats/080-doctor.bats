#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 080-doctor: what a host lacks is found, and told with the command that mends it. The faults are
# made in user and mount namespaces of the test's own: nothing of this host changes.

load helpers

setup_file() {
	leftovers >"$BATS_FILE_TMPDIR/before"
}

teardown_file() {
	local d
	for d in tmp trash; do
		[ -z "$(ls -A "$XDG_DATA_HOME/rbox/$d")" ] || { echo "left in $d" >&2; return 1; }
	done
	leftovers | diff "$BATS_FILE_TMPDIR/before" -
}

leftovers() {
	ls -A "${XDG_RUNTIME_DIR:-/nonexistent}" 2>/dev/null || true
	ls -d "/tmp/rbox-$(id -u)" 2>/dev/null || true
	grep -c . /proc/self/mountinfo
}

# faulty SCRIPT: the script as who may mount, then doctor with the same user id.
faulty() {
	run_sh '?' "unshare -U --map-current-user -m --keep-caps sh -ec '$1
		exec $RBOX doctor --json'"
}

# check NAME: its row of $output, as "status|found|why|fix".
check() {
	jq -r --arg n "$1" '.[] | select(.name == $n) | [.status, .found, .why, .fix] | join("|")' <<<"$output"
}

# What takes program NAME away (rbox looks into /usr/bin whatever PATH says).
hide() {
	: >"$BATS_TEST_TMPDIR/none"
	echo "mount --bind $BATS_TEST_TMPDIR/none $(readlink -f "$(command -v "$1")")"
}

@test "doctor - this host is fit, and it takes less than 0.3 s" {
	local best=999999 t i
	run_rbox doctor
	assert "$output" =~ 'user namespaces +can be made'
	assert "$output" =~ 'id mapping +works'
	assert "$output" =~ 'overlay +mounts in the store as a user'
	assert "$output" =~ ' 0 failed$'
	# sanitizers take longer
	nm -D "$(command -v "${RBOX%% *}")" 2>/dev/null | grep -q __asan && return
	# On a loaded machine most take longer; that none of so many does is doctor's own doing.
	for ((i = 0; i < 100 && best >= 300; i++)); do
		t=$(date +%s%N)
		run_rbox doctor
		t=$((($(date +%s%N) - t) / 1000000))
		((t >= best)) || best=$t
	done
	assert "$best" -lt 300 "ms, the best of $i"
}

@test "doctor - marks in UTF-8 and in ASCII" {
	run_sh "LC_ALL=C.UTF-8 $RBOX doctor"
	assert "${lines[0]}" =~ '^✓ kernel +Linux '
	run_sh "LC_ALL=C $RBOX doctor"
	assert "${lines[0]}" =~ '^ok kernel +Linux '
	run_rbox 125 doctor now
	run_rbox 125 doctor --format '{{.Name}}'
	assert "$stderr" =~ "only json is known here"
}

@test "doctor - json is an array, faults alone have why and fix" {
	run_rbox doctor --json
	jq -e 'length > 10 and all(.name and (.status | IN("ok", "warn", "fail")) and has("found"))' <<<"$output"
	jq -e 'all((.status == "ok") == (has("fix") | not)) and all(has("why") == has("fix"))' <<<"$output"
	run_rbox doctor --format json
	jq -e 'type == "array"' <<<"$output"
}

@test "doctor - no subordinate ids" {
	: >"$BATS_TEST_TMPDIR/none"
	faulty "mount --bind $BATS_TEST_TMPDIR/none /etc/subuid; mount --bind $BATS_TEST_TMPDIR/none /etc/subgid"
	assert "$(check "subordinate ids")" == "warn|0 uids, 0 gids|containers have one single id: programs that change users fail in them|sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
}

@test "doctor - too few subordinate ids, and some that are another's" {
	local me
	me=$(id -un)
	printf '%s\n' "$me:100000:1000" "other:100500:65536" >"$BATS_TEST_TMPDIR/subuid"
	printf '%s\n' "$me:100000:65536" >"$BATS_TEST_TMPDIR/subgid"
	faulty "mount --bind $BATS_TEST_TMPDIR/subuid /etc/subuid; mount --bind $BATS_TEST_TMPDIR/subgid /etc/subgid"
	assert "$(check "subordinate ids")" == "warn|1001 uids, 65537 gids|files of images with ids up to 65535 can't all keep their owners|sudo usermod --add-subuids 166036-231571 $me"
	assert "$(check "subordinate ids shared")" == "warn|100500-166035 in /etc/subuid is another user's too|containers of both users can touch each other's files and processes|sudo usermod --del-subuids 100000-100999 --add-subuids 166036-231571 $me"
}

@test "doctor - no newuidmap, by distribution" {
	local id want
	faulty "$(hide newuidmap)"
	assert "$status" -eq 1
	assert "$(check newuidmap)" =~ '^fail\|not found in PATH\|it gives your subordinate ids to containers\|sudo .* (uidmap|shadow.*)$'
	assert "$(check "id mapping")" =~ ^fail
	while read -r id want; do
		printf 'NAME="x"\nID=%s\n' "${id/,/$'\nID_LIKE='}" >"$BATS_TEST_TMPDIR/os-release"
		faulty "mount --bind $BATS_TEST_TMPDIR/os-release /usr/lib/os-release; $(hide newuidmap)"
		assert "$(check newuidmap)" =~ "\|$want"$ "$id"
	done <<-'X'
		debian sudo apt-get install uidmap
		mint,ubuntu sudo apt-get install uidmap
		fedora sudo dnf install shadow-utils
		rocky,rhel sudo dnf install shadow-utils
		arch sudo pacman -S shadow
		alpine sudo apk add shadow-subids
		linux-from-scratch install the package that has newuidmap
	X
}

@test "doctor - no_new_privs" {
	run_sh 1 "setpriv --no-new-privs $RBOX doctor --json"
	assert "$(check no_new_privs)" =~ "fail\|set on this process\|.*\|remove NoNewPrivileges= from the systemd unit"
}

@test "doctor - no slirp4netns" {
	faulty "$(hide slirp4netns)"
	assert "$status" -eq 1
	assert "$(check slirp4netns)" =~ '^fail\|not found in PATH\|it is the default network of containers\|.*slirp4netns$'
}

@test "doctor - no user namespaces" {
	run_sh 1 "unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec $RBOX doctor --json'"
	assert "$(check "user namespaces")" == "fail|can't be made: No space left on device|every container lives in a user namespace|sysctl -w user.max_user_namespaces=28633"
	assert "$(check overlay)" =~ "^fail\|not tried"
}

@test "doctor - the runtime folder" {
	local dir=$BATS_TEST_TMPDIR/run
	mkdir -m 0700 "$dir"
	run_sh "XDG_RUNTIME_DIR=$dir $RBOX doctor --json"
	assert "$(check "runtime folder")" == "ok|$dir||"
	chmod 0500 "$dir"
	run_sh "XDG_RUNTIME_DIR=$dir $RBOX doctor --json"
	assert "$(check "runtime folder")" =~ "\|chmod 0700 $dir$|^warn.*export XDG_RUNTIME_DIR=/run/user/"
	chmod 0755 "$dir"
	run_sh "XDG_RUNTIME_DIR=$dir $RBOX doctor --json"
	assert "$(check "runtime folder")" =~ "is open to others; .* is used instead"
	run_sh "XDG_RUNTIME_DIR=$dir/none $RBOX doctor --json"
	assert "$(check "runtime folder")" =~ "$dir/none does not exist; .* is used instead"
	# What it told to do, mktemp -d, was another folder in every shell and in /tmp again.
	if [ ! -d "/run/user/$(id -u)" ] && [ ! -d /run/systemd/system ]; then
		local fix home=$BATS_TEST_TMPDIR/home
		fix=$(check "runtime folder")
		fix=${fix##*|}
		mkdir "$home"
		run_sh "export HOME=$home; $fix && $RBOX doctor --json"
		assert "$(check "runtime folder")" == "ok|$home/.rbox-run||"
		run_sh "export HOME=$home; . $home/.profile && $RBOX doctor --json"
		assert "$(check "runtime folder")" == "ok|$home/.rbox-run||" "in the next shell"
	fi
	run_sh "XDG_RUNTIME_DIR= $RBOX doctor --json"
	# Somebody took the name in /tmp before us.
	[ -d "/run/user/$(id -u)" ] && return
	faulty "mount -t tmpfs x /tmp; mkdir -m 0777 /tmp/rbox-$(id -u); unset XDG_RUNTIME_DIR"
	assert "$status" -eq 1
	assert "$(check "runtime folder")" == "fail|/tmp/rbox-$(id -u), which would stand in, is open to others|there is no safe place for the sockets of containers|chmod 0700 /tmp/rbox-$(id -u)"
}

@test "doctor - the store's file system: tmpfs, noexec, full, read-only" {
	local at=$BATS_TEST_TMPDIR/mnt
	mkdir "$at"
	faulty "mount -t tmpfs -o noexec,nosuid,size=60m x $at; export XDG_DATA_HOME=$at"
	assert "$(check store)" == "warn|$at/rbox on tmpfs|it lies in memory: a reboot empties it|export XDG_DATA_HOME=/var/tmp/\$USER   # or another folder on a local disk"
	assert "$(check "store mounted noexec")" =~ "^warn\|.*\|sudo mount -o remount,exec \\$\(df --output=target $at/rbox \| tail -1\)$"
	assert "$(check "store mounted nosuid")" =~ "^warn\|.*remount,suid"
	assert "$(check "free space")" =~ "^fail\|.*\|rbox container prune; rbox volume prune; rbox rmi IMAGE...$"
	assert "$(check overlay)" =~ "^ok"
	assert "$status" -eq 1
	faulty "mount -t tmpfs x $at; mkdir $at/rbox; mount -o remount,ro $at; export XDG_DATA_HOME=$at"
	assert "$(check store)" =~ "^fail\|.*Read-only file system"
	faulty "export XDG_DATA_HOME=/proc/none"
	assert "$(check store)" =~ "^fail\|make the store '/proc/none/rbox'.*\|set XDG_DATA_HOME to a folder that you can write"
}

@test "doctor - no tun device" {
	: >"$BATS_TEST_TMPDIR/tun"
	chmod 0 "$BATS_TEST_TMPDIR/tun"
	run_sh '?' "unshare -U --map-current-user -m --keep-caps sh -ec 'mount --bind $BATS_TEST_TMPDIR/tun /dev/net/tun
		exec setpriv --ambient-caps=-all --inh-caps=-all $RBOX doctor --json'"
	assert "$(check "tun device")" == "fail|/dev/net/tun: Permission denied|slirp4netns hands a container its network through it|sudo chmod 0666 /dev/net/tun"
}

# It told to chown the cgroup's folder, where no v2 cgroup can have the controllers.
@test "doctor - a hybrid hierarchy: what helps is another boot" {
	run_rbox '?' doctor --json
	output=$(jq -r '.[] | select(.name == "cgroup") | "\(.found) \(.fix)"' <<<"$output")
	if grep -q ':memory:' /proc/self/cgroup; then
		assert "$output" =~ "cgroup v1 holds the controllers"
		assert "$output" =~ "cgroup_no_v1=all"
	else
		assert "$output" !~ "cgroup v1"
	fi
}
