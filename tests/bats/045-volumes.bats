#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 045-volumes: named and anonymous volumes: shared, kept, filled from the image at their first use, gone with their
# container where they are its own; the command volume, its words and statuses.

load helpers

setup_file() {
	load_image busybox
	# an image with a folder of user 1000's, and a VOLUME there
	mkdir -p "$TMPDIR/root/srv/data/sub"
	# shellcheck disable=SC2086
	$RBOX create --name maker "$IMAGE" sh -c 'mkdir -p /srv/data/sub && echo seed >/srv/data/seed && ln -s seed /srv/data/link &&
		echo deep >/srv/data/sub/deep && chown -R 1000:2000 /srv/data && chmod 750 /srv/data && chmod 4711 /srv/data/seed' >/dev/null
	# shellcheck disable=SC2086
	$RBOX start -a maker
	# shellcheck disable=SC2086
	$RBOX export -o "$TMPDIR/seeded.tar" maker
	# shellcheck disable=SC2086
	$RBOX import -q -c 'VOLUME /srv/data' "$TMPDIR/seeded.tar" localhost/seeded:latest >/dev/null
	# shellcheck disable=SC2086
	$RBOX rm maker >/dev/null
	rm -rf "$TMPDIR/seeded.tar" "$TMPDIR/root"
}

teardown_file() {
	leak_check
}

teardown() {
	remove_all -v
	# shellcheck disable=SC2086
	timeout 60 $RBOX volume rm -f -a >/dev/null 2>&1 </dev/null || true
}

volumes() {
	# shellcheck disable=SC2086
	$RBOX volume ls -q
}

@test "volumes - two containers share one, and it outlives both" {
	run_rbox run -d --name a -v shared:/a "$IMAGE" sh -c 'echo from-a >/a/file; sleep 1000'
	wait_for 10 sh -c "$RBOX exec a test -s /a/file"
	run_rbox run --rm -v shared:/b "$IMAGE" sh -c 'cat /b/file; echo from-b >/b/second'
	assert "$output" == from-a
	run_rbox exec a cat /a/second
	assert "$output" == from-b "seen by the first"
	run_rbox rm -f -t 0 -v a
	assert "$(volumes)" == shared
	run_rbox run --rm --mount type=volume,src=shared,dst=/c "$IMAGE" ls /c
	assert "$output" == $'file\nsecond'
	run_rbox volume rm shared
	assert "$output" == shared
}

@test "volumes - read-only, and the options podman sets" {
	run_rbox 1 run --rm -v ro:/v:ro "$IMAGE" touch /v/x
	assert "$stderr" =~ 'Read-only file system'
	run_rbox 1 run --rm --mount type=volume,src=ro,dst=/v,ro=true "$IMAGE" touch /v/x
	run_rbox run --rm -v ro:/v "$IMAGE" sh -c 'grep " /v " /proc/mounts'
	assert "$output" =~ ' rw,nosuid,nodev[, ]'
	run_rbox run --rm -v ro:/v:suid,dev,noexec "$IMAGE" sh -c 'grep " /v " /proc/mounts'
	assert "$output" !~ nosuid
	assert "$output" =~ noexec
}

@test "volumes - the first use fills it from the image, with owner and mode; the second doesn't" {
	run_rbox run --rm -v data:/srv/data localhost/seeded sh -c 'ls -ln /srv/data; stat -c "%u:%g %a" /srv/data; cat /srv/data/sub/deep; rm /srv/data/seed'
	assert "$output" =~ '-rws--x--x +1 1000 +2000 .* seed'
	assert "$output" =~ 'lrwxrwxrwx .* link -> seed'
	assert "${lines[-2]}" == '1000:2000 750'
	assert "${lines[-1]}" == deep
	run_rbox run --rm -v data:/srv/data localhost/seeded ls /srv/data
	assert "$output" == $'link\nsub' "what was removed stays so"
	run_rbox run --rm -v bare:/srv/data:nocopy localhost/seeded ls -A /srv/data
	assert "$output" == ""
	# something is in it already
	run_rbox volume create mine
	run_rbox volume inspect --format '{{.Mountpoint}}' mine
	echo here >"$output/file"
	run_rbox run --rm -v mine:/srv/data localhost/seeded ls /srv/data
	assert "$output" == file
}

@test "volumes - a place that the image doesn't have belongs to the container's user" {
	run_rbox run --rm -u 1000 -v new:/home/none/here "$IMAGE" sh -c 'echo mine >/home/none/here/f && stat -c %u /home/none/here /home/none/here/f'
	assert "$output" == $'1000\n1000'
}

@test "volumes - two that start at once fill it once, and both see it whole" {
	local i pids=()
	for i in 1 2 3 4; do
		# shellcheck disable=SC2086
		$RBOX run --rm -v race:/srv/data localhost/seeded cat /srv/data/sub/deep /srv/data/seed >"$TMPDIR/race.$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	for i in 1 2 3 4; do
		assert "$(cat "$TMPDIR/race.$i")" == $'deep\nseed' "container $i"
	done
	rm -f "$TMPDIR"/race.*
	assert "$(volumes)" == race
}

# An image whose /srv/data has what is easily lost: a file capability, an attribute, a FIFO, a file with two names,
# one of user 1000's with its time, and a link.
rich_image() {
	python3 - "$TMPDIR/rich.tar" "$BUSYBOX" <<-'EOF'
		import io, sys, tarfile
		caps = b'\x01\x00\x00\x02\x00\x04' + bytes(14)      # cap_net_bind_service=ep, version 2
		t = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)
		def add(name, kind, data=b'', mode=0o644, **more):
		    i = tarfile.TarInfo(name)
		    i.type, i.size, i.mode, i.mtime = kind, len(data), mode, 1000000000
		    for k, v in more.items():
		        setattr(i, k, v)
		    t.addfile(i, io.BytesIO(data))
		for d in ('bin', 'srv', 'srv/data', 'srv/data/sub'):
		    add(d, tarfile.DIRTYPE, mode=0o755)
		add('bin/true', tarfile.REGTYPE, open(sys.argv[2], 'rb').read(), 0o755)
		add('srv/data/able', tarfile.REGTYPE, b'x', 0o755,
		    pax_headers={'SCHILY.xattr.security.capability': caps.decode('utf-8', 'surrogateescape')})
		add('srv/data/noted', tarfile.REGTYPE, b'n', 0o2640, uid=1000, gid=2000,
		    pax_headers={'SCHILY.xattr.user.note': 'kept'})
		add('srv/data/pipe', tarfile.FIFOTYPE, mode=0o620, uid=7)
		add('srv/data/one', tarfile.REGTYPE, b'same')
		add('srv/data/sub/two', tarfile.LNKTYPE, linkname='srv/data/one')
		add('srv/data/to', tarfile.SYMTYPE, linkname='/nowhere', uid=5)
		t.close()
	EOF
	run_rbox import -q "$TMPDIR/rich.tar" localhost/rich:latest
	rm "$TMPDIR/rich.tar"
}

# What a tar on stdin holds, without the folder's name: mode, owner, time, kind, attributes.
tar_lines() {
	python3 -c '
import sys, tarfile
for i in tarfile.open(fileobj=sys.stdin.buffer, mode="r|"):
    name = i.name.partition("/")[2]
    print(name, oct(i.mode), i.uid, i.gid, int(i.mtime), i.type.decode(), i.linkname.replace("data/", ""),
          {k: v for k, v in i.pax_headers.items() if "xattr" in k})'
}

@test "volumes - the first use is whole: capabilities, attributes, FIFOs, hard links, owners, times" {
	rich_image
	run_rbox create --name bare --network none localhost/rich true
	run_rbox run --name first --network none -v whole:/srv/data localhost/rich true
	$RBOX cp bare:/srv/data - | tar_lines >"$TMPDIR/image"
	$RBOX cp first:/srv/data - | tar_lines >"$TMPDIR/volume"
	assert "$(cat "$TMPDIR/volume")" == "$(cat "$TMPDIR/image")"
	assert "$(cat "$TMPDIR/volume")" =~ able.*security.capability
	assert "$(cat "$TMPDIR/volume")" =~ noted.*0o2640\ 1000\ 2000\ 1000000000.*user.note.*kept
	assert "$(cat "$TMPDIR/volume")" =~ sub/two\ .*\ 1\ one
	rm "$TMPDIR/image" "$TMPDIR/volume"
	run_rbox rmi -f localhost/rich
}

@test "volumes - the first use copies what the image has, not what is mounted there already" {
	run_rbox volume create outer
	run_rbox run --rm --network none -v outer:/v "$IMAGE" sh -c 'mkdir -p /v/data; echo other >/v/data/other'
	run_rbox run --rm --network none -v outer:/srv -v inner:/srv/data localhost/seeded sh -c \
		'ls /srv/data; stat -c "%u:%g %a" /srv/data'
	assert "$output" == $'link\nseed\nsub\n1000:2000 750'
}

@test "volumes - one that could not be filled whole is not taken as filled" {
	local at root=$TMPDIR/root
	mkdir -p "$root/bin" "$root/srv/data/$(printf 'd/%.0s' {1..310})"
	cp "$BUSYBOX" "$root/bin/true"
	for _ in 1 2; do
		run_rbox 125 run --rm --network none -v deep:/srv/data --rootfs "$root" true
		assert "$stderr" =~ "^Error: fill the volume for '/srv/data' from the image \\(nocopy leaves it empty\\): \
copy 'd/d/.*': folders are nested more than 300 deep"
	done
	# Another image's content is put there, over what is left.
	run_rbox run --rm --network none -v deep:/srv/data localhost/seeded cat /srv/data/sub/deep
	assert "$output" == deep
	run_rbox volume inspect --format '{{.Mountpoint}}' deep
	at=$output
	run_sh "ls $(dirname "$at")"
	assert "$output" !~ copy
	rm -rf "$root"
}

@test "volumes - what was killed while it filled one is finished by the next" {
	local at
	run_rbox volume create half
	run_rbox volume inspect --format '{{.Mountpoint}}' half
	at=$output
	# as a killed one leaves it: begun, and half a file
	mv "$(dirname "$at")/copyup" "$(dirname "$at")/copying"
	echo se >"$at/seed"
	run_rbox run --rm -v half:/srv/data localhost/seeded cat /srv/data/seed /srv/data/sub/deep
	assert "$output" == $'seed\ndeep'
	run_sh "ls $(dirname "$at")"
	assert "$output" !~ copying
}

@test "volumes - no link of the image or of a volume leads out of the container" {
	run_rbox create --name evil -v evil:/v "$IMAGE" sh -c 'ln -s /etc /v/link; ln -s ../../../../../.. /v/up'
	run_rbox start -a evil
	run_rbox run --rm -v evil:/v -v inner:/v/link/new "$IMAGE" sh -c 'ls -d /etc/new'
	assert "$output" == /etc/new "resolved inside"
	[ ! -e /etc/new ]
	run_rbox run --rm -v evil:/v -v inner:/v/up/tmp/new2 "$IMAGE" ls -d /tmp/new2
	[ ! -e /tmp/new2 ]
	run_rbox rm evil
}

@test "volumes - anonymous ones go with --rm and rm -v, and stay otherwise" {
	run_rbox run --rm -v /anon localhost/seeded sh -c 'echo x >/anon/x; ls /srv/data'
	assert "$output" == $'link\nseed\nsub' "the image's own VOLUME, filled"
	assert "$(volumes)" == ""
	run_rbox run --name keeps -v /anon "$IMAGE" touch /anon/x
	assert "$(volumes)" =~ '^[0-9a-f]{64}$'
	run_rbox volume ls --filter anonymous=true -q
	assert "${#lines[@]}" -eq 1
	run_rbox start -a keeps
	run_rbox rm keeps
	assert "$(volumes)" =~ '^[0-9a-f]{64}$' "kept"
	run_rbox volume prune -f
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox create --name goes -v /anon -v named:/n "$IMAGE"
	run_rbox rm -v goes
	assert "$(volumes)" == named
	# one that another container uses stays
	run_rbox run -d --name owner --rm -v /anon "$IMAGE" sh -c 'echo y >/anon/y; sleep 1000'
	run_rbox create --name guest --volumes-from owner:ro "$IMAGE" cat /anon/y
	wait_for 10 sh -c "$RBOX exec owner test -s /anon/y"
	run_rbox rm -f -t 0 owner
	run_rbox start -a guest
	assert "$output" == y
	run_rbox 1 run --rm --volumes-from guest "$IMAGE" touch /anon/z
	assert "$stderr" =~ 'Read-only file system'
	run_rbox rm -v guest
	assert "$(volumes)" == named
	run_rbox 125 run --volumes-from nosuch "$IMAGE"
	assert "$stderr" =~ 'no container with name or ID "nosuch" found'
}

@test "volumes - a container that can't be made leaves none" {
	run_rbox create --name taken "$IMAGE"
	run_rbox 125 run --name taken -v new:/n -v /anon "$IMAGE" true
	assert "$(volumes)" == ""
	run_rbox 125 run -v new:/n -v /nosuch:/x "$IMAGE" true
	assert "$stderr" =~ 'statfs /nosuch: no such file or directory'
	assert "$(volumes)" == ""
	run_rbox rm taken
}

@test "volumes - what is said twice in the same words is one; two for one place are refused" {
	mkdir -p "$TMPDIR/one" "$TMPDIR/two"
	run_rbox run --rm -v "$TMPDIR/one:/x" -v "$TMPDIR/one:/x" -v "$TMPDIR/one:/x" --tmpfs /t --tmpfs /t -v vol:/v -v vol:/v \
		-v /anon -v /anon "$IMAGE" sh -c 'grep -cE " /(x|t|v|anon) " /proc/self/mounts'
	assert "$output" == 4
	assert "$(volumes)" == vol
	run_rbox 125 run --rm -v "$TMPDIR/one:/x" -v "$TMPDIR/two:/x" "$IMAGE" true
	assert "${stderr%%$'\n'*}" == "Error: /x: duplicate mount destination"
	run_rbox 125 run --rm -v vol:/x -v other:/x "$IMAGE" true
	assert "${stderr%%$'\n'*}" == "Error: /x: duplicate mount destination"
	run_rbox 125 run --rm --tmpfs /x --tmpfs /x:ro "$IMAGE" true
	assert "${stderr%%$'\n'*}" == "Error: /x: duplicate mount destination"
	run_rbox 125 run --rm -v vol:/x --tmpfs /x "$IMAGE" true
	assert "${stderr%%$'\n'*}" == "Error: /x: duplicate mount destination"
	assert "$(volumes)" == vol
	rmdir "$TMPDIR/one" "$TMPDIR/two"
}

@test "volumes - a template may ask for what JSON leaves out" {
	run_rbox volume create plain
	run_rbox run --rm -v plain:/srv/data localhost/seeded true
	run_rbox volume inspect --format '{{.Anonymous}} {{.UID}} {{.GID}} {{.Timeout}} {{.NeedsCopyUp}} {{.NeedsChown}}{{.StorageID}}' plain
	assert "$output" == "false 0 0 0 false false"
	run_rbox volume ls --format '{{.Name}} {{.Anonymous}}'
	assert "$output" == "plain false"
	run_rbox inspect --type volume --format '{{.Anonymous}} {{.Status}}' plain
	assert "$output" == "false map[]"
	run_rbox 125 volume inspect --format '{{.Bogus}}' plain
	assert "$stderr" =~ "can't evaluate field Bogus"
}

@test "volumes - in use: rm is refused with status 2, -f takes the container along" {
	local id
	run_rbox run -d --name user -v used:/u "$IMAGE" sleep 1000
	id=$output
	run_rbox 2 volume rm used
	assert "${stderr%%$'\n'*}" == "Error: volume used is being used by the following container(s): $id: volume is being used"
	run_rbox volume prune -f
	assert "$output" == ""
	run_rbox volume rm -f -t 0 used
	assert "$output" == used
	run_rbox 1 container exists user
	run_rbox 1 volume rm used
	assert "$stderr" == 'Error: no volume with name "used" found: no such volume'
	run_rbox volume rm -f used
	assert "$output$stderr" == ""
	run_rbox volume create one
	run_rbox 1 volume rm one nosuch
	assert "$output" == one "the others go"
}

@test "volumes - create, ls, inspect, exists" {
	run_rbox volume create one -l colour=blue --label size
	assert "$output" == one
	run_rbox 125 volume create one
	assert "$stderr" =~ '^Error: volume with name one already exists: volume already exists'
	run_rbox volume create --ignore one
	run_rbox volume create
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox volume create two
	run_rbox volume ls
	assert "${lines[0]}" =~ '^DRIVER +VOLUME NAME$'
	assert "$output" =~ 'local +one'
	assert "${#lines[@]}" -eq 4
	run_rbox volume ls --filter label=colour=blue --format '{{.Name}}:{{.Driver}}:{{.Labels.colour}}'
	assert "$output" == one:local:blue
	run_rbox volume ls -q --filter label!=colour --filter name='^two$'
	assert "$output" == two
	run_rbox volume ls --format json
	jq -e '[.[].Name] | index("one") != null' <<<"$output"
	run_rbox 125 volume ls --filter nonsense=1
	run_rbox volume inspect one two
	jq -e 'length == 2 and (.[0] | .Name == "one" and .Driver == "local" and .Labels == {colour: "blue", size: ""}
		and .Scope == "local" and .Options == {} and (.Mountpoint | endswith("/volumes/one/_data")))' <<<"$output"
	run_rbox 125 volume inspect nosuch
	assert "$output" == "[]"
	run_rbox volume exists one
	run_rbox 1 volume exists nosuch
	run_rbox 125 volume create a/b
	assert "$stderr" =~ 'names must match'
	run_rbox 125 volume create --opt type=tmpfs t
	assert "$stderr" =~ 'not supported yet'
	run_rbox 125 volume rm
	run_rbox 125 run --rm -v one:/x:bogus "$IMAGE" true
	assert "$stderr" =~ 'invalid option type "bogus"'
}

@test "volumes - prune asks, and takes what no container uses" {
	run_rbox volume create loose
	run_rbox create --name c -v held:/h "$IMAGE"
	run_rbox volume ls -q --filter dangling=true
	assert "$output" == loose
	run_rbox_in n volume prune
	assert "$output" =~ 'WARNING! This will remove all volumes not used by at least one container'
	assert "$(volumes)" == $'held\nloose'
	run_rbox_in y volume prune --filter label=none
	assert "$(volumes)" == $'held\nloose'
	run_rbox_in y volume prune
	assert "$(volumes)" == held
	run_rbox rm c
}

@test "volumes - a container's are in inspect and ps" {
	run_rbox run -d --name c -v one:/data:ro "$IMAGE" sleep 1000
	run_rbox inspect c
	jq -e '.[0] | .Mounts == [{Type: "volume", Name: "one", Source: .Mounts[0].Source, Destination: "/data", Driver: "local",
		Mode: "", Options: ["nosuid", "nodev", "rbind"], RW: false, Propagation: "rprivate", SubPath: ""}]
		and .HostConfig.Binds == ["one:/data:ro,rprivate,nosuid,nodev,rbind"]' <<<"$output"
	run_rbox ps --filter volume=one --format '{{.Names}} {{.Mounts}}'
	assert "$output" =~ '^c \[?/data\]?$'
	run_rbox ps -q --filter volume=other
	assert "$output" == ""
	run_rbox rm -f -t 0 c
}

@test "volumes - inspect finds one among containers and images; docker's line of ps counts them" {
	run_rbox volume create same
	run_rbox create --name same -v same:/a -v "$TMPDIR:/b" -v /c "$IMAGE" true
	run_rbox volume create only
	run_rbox inspect same only "$IMAGE"
	assert "$(jq -c '[.[] | has("Mountpoint"), has("State"), has("RepoTags")]' <<<"$output")" == \
		'[false,true,false,true,false,false,false,false,true]' "a container comes before a volume of its name"
	run_rbox 125 inspect --type volume --format '{{.Name}} {{.Driver}}' same nosuch only
	assert "$output" == $'same local\nonly local'
	assert "$stderr" == 'Error: no volume with name "nosuch" found: no such volume'
	run_rbox ps -a --format '{{json .}}'
	assert "$(jq -r '.LocalVolumes' <<<"$output")" == 2
	run_rbox ps -a --format json
	assert "$(jq '.[0] | has("LocalVolumes")' <<<"$output")" == false
	run_rbox rm -v same
	run_rbox volume rm same only
}

@test "volumes - the sweep leaves their data alone, and removes one half made" {
	local store=$XDG_DATA_HOME/rbox
	run_rbox run --rm -v kept:/k "$IMAGE" sh -c 'echo x >/k/.hidden; mkdir /k/lock /k/tmp'
	mkdir -p "$store/tmp/dead/volume/_data"
	run_rbox ps
	wait_for 10 test ! -e "$store/tmp/dead"
	run_rbox run --rm -v kept:/k "$IMAGE" ls -A /k
	assert "$output" == $'.hidden\nlock\ntmp'
}
