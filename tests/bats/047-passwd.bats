#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 047-passwd: what a container's /etc/passwd, /etc/group and /etc/hosts get beside the image's lines.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

@test "passwd -u - a user and a group given by number have a line each" {
	in_box -u 4321:4322 -- 'tail -n 1 /etc/passwd; tail -n 1 /etc/group; id -un; id -gn'
	assert "$output" == "4321:*:4321:4322:container user:/:/bin/sh
4322:x:4322:4321
4321
4322"
	# podman's rule: without a group the user's number is one
	in_box -u 4321 -w /tmp -- 'tail -n 1 /etc/passwd; tail -n 1 /etc/group'
	assert "$output" == "4321:*:4321:0:container user:/tmp:/bin/sh
4321:x:4321:4321"
	in_box -u 1000:65534 -- 'cat /etc/passwd /etc/group; grep -c " /etc/\(passwd\|group\) " /proc/mounts || true'
	assert "${lines[-1]}" == 0 "both are known: nothing is added"
}

@test "passwd --passwd=false - nothing is added" {
	in_box --passwd=false -u 4321:4322 --hostuser root --hostuser daemon -- 'cat /etc/passwd /etc/group; id -u'
	assert "$output" !~ '4321:|4322:|daemon:'
	assert "${lines[-1]}" == 4321
	in_box --passwd -u 4321 -- 'tail -n 1 /etc/passwd'
	assert "$output" =~ ^4321:
}

@test "passwd --passwd-entry, --group-entry - templates" {
	# shellcheck disable=SC2016  # the names are rbox's to replace
	in_box -u 4321:4322 --passwd-entry 'a-$USERNAME:x:$UID:$GID:$NAME $X $:$HOME:/bin/zsh' \
		--group-entry 'g-$GROUPNAME:y:$GID:$USERLIST,b' -- 'tail -n 1 /etc/passwd; tail -n 1 /etc/group'
	assert "$output" == 'a-4321:x:4321:4322:container user $X $:/:/bin/zsh
g-4322:y:4322:4321,b'
}

@test "passwd --hostuser - users of the host, by name and by id" {
	local me home
	me=$(id -un)
	in_box --hostuser "$me" --hostuser 1 -- 'tail -n 2 /etc/passwd'
	assert "${lines[0]}" =~ "^$me:\*:$(id -u):$(id -g):[^:]*:/:/bin/sh$"
	assert "${lines[1]}" =~ '^daemon:\*:1:1:'
	in_box --hostuser "$me" -u "$me" -- 'id -un; id -u'
	assert "$output" == "$me"$'\n'"$(id -u)"
	# who is there already, by name or by id, stays
	in_box --hostuser root --hostuser nobody -- 'cut -d: -f1 /etc/passwd | sort | uniq -d; grep -c ^root: /etc/passwd'
	assert "$output" == 1
	# a home that a mount brings
	home=$(getent passwd daemon | cut -d: -f6)
	in_box --hostuser daemon -v "$TMPDIR:$home:ro" -- 'tail -n 1 /etc/passwd'
	assert "$output" =~ ":$home:/bin/sh$"
	run_rbox 125 create --name none --hostuser no-such-user "$IMAGE"
	assert "$stderr" == 'Error: --hostuser no-such-user: this machine has no such user'
	run_rbox 125 create --name none --hostuser --help "$IMAGE"
	assert "$stderr" == 'Error: --hostuser --help: this machine has no such user'
	run_rbox 1 container exists none
}

@test "passwd --hostuser - again at the next start, and for exec" {
	local me
	me=$(id -un)
	run_rbox run -d --name again --network none --hostuser "$me" "$IMAGE" sleep 1000
	run_rbox exec -u "$me" again id -u
	assert "$output" == "$(id -u)"
	run_rbox restart -t 0 again
	run_rbox exec again grep -c "^$me:" /etc/passwd
	assert "$output" == 1
	run_rbox rm -f -t 0 again
}

@test "passwd - a file of the caller's is left alone" {
	echo 'me:x:0:0::/me:/bin/sh' >"$TMPDIR/passwd"
	echo 'us:x:0:' >"$TMPDIR/group"
	in_box -v "$TMPDIR/passwd:/etc/passwd:ro" -v "$TMPDIR/group:/etc/group:ro" -u 4321 --hostuser daemon -- \
		'cat /etc/passwd /etc/group'
	assert "$output" == 'me:x:0:0::/me:/bin/sh'$'\n''us:x:0:'
}

@test "passwd --hosts-file - what /etc/hosts begins with" {
	echo '192.0.2.7 seven' >"$TMPDIR/hosts"
	in_box --hosts-file "$TMPDIR/hosts" --add-host eight:192.0.2.8 --hostname here --name n -- 'cat /etc/hosts'
	assert "$output" == $'192.0.2.7 seven\n127.0.0.1\tlocalhost\n::1\tlocalhost\n192.0.2.8\teight\n127.0.0.1\there n'
	cd "$TMPDIR"
	in_box --hosts-file hosts -- 'head -n 1 /etc/hosts'
	assert "$output" == '192.0.2.7 seven'
	cd "$OLDPWD"
	in_box --hosts-file none --hostname here --name n -- 'cat /etc/hosts'
	assert "$output" == $'127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\there n'
	run_rbox 125 create --name none --hosts-file "$TMPDIR/missing" "$IMAGE"
	assert "$stderr" == "Error: --hosts-file: read '$TMPDIR/missing': No such file or directory"
	run_rbox 125 create --name none --hosts-file image "$IMAGE"
	assert "$stderr" =~ "^Error: --hosts-file image is not supported"
	run_rbox 125 create --name none --hosts-file none --no-hosts "$IMAGE"
	assert "$stderr" == 'Error: --no-hosts and --hosts-file cannot be set together'
	run_rbox 1 container exists none
}
