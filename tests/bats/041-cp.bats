#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 041-cp: files between containers and this machine.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

setup() {
	C=$(safename)
	D=$TMPDIR/$C
	mkdir -p "$D/folder/sub"
	echo file >"$D/file"
	echo inner >"$D/folder/inner"
	ln -s inner "$D/folder/link"
	ln "$D/folder/inner" "$D/folder/other-name"
	ln -s file "$D/file-link"
	ln -s folder "$D/folder-link"
	ln -s nowhere "$D/dangling"
}

teardown() {
	run_rbox rm -f -i -t 0 "$C" "$C-2"
	rm -rf "$D"
}

start() {	# ARGS...: a container that waits
	run_rbox run -d --network none --name "$C" "$@" "$IMAGE" sleep 1000
}

# What the folder of the container holds: each name with its kind.
listing() {
	run_rbox cp "$C:$1" "$D/.listing"
	LISTING=$(cd "$D/.listing" && find . -mindepth 1 -printf '%P %y\n' | LC_ALL=C sort | tr ' \n' ': ')
	rm -rf "$D/.listing"
}

# assert_listing FOLDER EXPECTED
assert_listing() {
	listing "$1"
	assert "$LISTING" == "$2 "
}

gone() {
	! $RBOX container exists "$1"
}

cases_into() {
	# a file
	run_rbox cp "$D/file" "$C:/tmp/new"
	run_rbox cp "$D/file" "$C:/srv"
	run_rbox cp "$D/folder/inner" "$C:/srv/file"
	run_rbox cp "$D/file" "$C:/srv/"
	run_rbox 125 cp "$D/file" "$C:/missing/"
	assert "$stderr" == "Error: \"/missing/\" could not be found on container $C: no such file or directory"
	run_rbox 125 cp "$D/file" "$C:/missing/file"
	assert "$stderr" == "Error: \"/missing/file\" could not be found on container $C: no such file or directory"
	# a folder
	run_rbox cp "$D/folder" "$C:/srv"
	run_rbox cp "$D/folder" "$C:/srv/as"
	run_rbox cp "$D/folder/" "$C:/srv/slash"
	run_rbox cp "$D/folder/." "$C:/srv/content"
	run_rbox cp "$D/folder/." "$C:/var/tmp"
	run_rbox 125 cp "$D/folder" "$C:/srv/file"
	assert "$stderr" == "Error: destination must be a directory when copying a directory"
	run_rbox 125 cp "$D/folder" "$C:/srv/missing/"
	# links here are followed, under their own name; inside of a folder they are copied
	run_rbox cp "$D/file-link" "$C:/opt"
	run_rbox cp "$D/folder-link" "$C:/opt"
	run_rbox 125 cp "$D/dangling" "$C:/opt"
	assert "$stderr" == "Error: \"$D/dangling\" could not be found on the host: no such file or directory"
	assert_listing /srv "as:d as/inner:f as/link:l as/other-name:f as/sub:d content:d content/inner:f content/link:l \
content/other-name:f content/sub:d file:f folder:d folder/inner:f folder/link:l \
folder/other-name:f folder/sub:d slash:d slash/inner:f slash/link:l slash/other-name:f \
slash/sub:d"
	assert_listing /var/tmp "inner:f link:l other-name:f sub:d"
	assert_listing /opt "file-link:f folder-link:d folder-link/inner:f folder-link/link:l folder-link/other-name:f \
folder-link/sub:d"
	run_rbox cp "$C:/srv/file" "$D/back"
	assert "$(<"$D/back")" == file "replaced, then replaced again"
	run_rbox cp "$C:/srv/folder" "$D/back-folder"
	assert "$(stat -c %h "$D/back-folder/inner")" -eq 2 "hard links are kept"
}

cases_out() {
	run_rbox cp "$C:/etc/passwd" "$D/passwd"
	grep -q '^root:' "$D/passwd"
	mkdir "$D/out"
	run_rbox cp "$C:/etc/passwd" "$D/out"
	grep -q '^root:' "$D/out/passwd"
	run_rbox cp "$C:/etc/group" "$D/out/passwd"
	grep -q '^nogroup:' "$D/out/passwd"
	run_rbox 125 cp "$C:/etc" "$D/file"
	assert "$stderr" == "Error: destination must be a directory when copying a directory"
	run_rbox cp "$C:/etc" "$D/out"
	run_rbox cp "$C:/etc/" "$D/etc"
	run_rbox cp "$C:/etc/." "$D/etc-content"
	run_rbox cp "$C:/etc/." "$D/out"
	for f in out/etc etc etc-content out; do grep -q '^root:' "$D/$f/passwd"; done
	run_rbox 125 cp "$C:/missing" "$D/out"
	assert "$stderr" == "Error: \"/missing\" could not be found on container $C: no such file or directory"
	run_rbox 125 cp "$C:/etc" "$D/missing/"
	assert "$stderr" == "Error: \"$D/missing/\" could not be found on the host: no such file or directory"
	# a link of the container: what it points to, under that name
	run_rbox cp "$C:/bin/cat" "$D/out"
	[ -f "$D/out/busybox" ]
	assert "$(find "$D/out" ! -user "$(id -un)" | wc -l)" -eq 0 "all belongs to the caller"
}

@test "cp - the table of cases, into and out of a running container" {
	start
	cases_into
	cases_out
}

@test "cp - the same with one that was never started" {
	run_rbox create --name "$C" "$IMAGE" true
	cases_into
	cases_out
}

@test "cp - and with one that has ended, which starts again after it" {
	run_rbox run --network none --name "$C" "$IMAGE" true
	cases_into
	cases_out
	run_rbox start -a "$C"
}

# cp, export and diff mounted the overlay of such a container "volatile" while its start didn't, and what such a
# mount leaves made the kernel refuse the next: the container fell to fuse-overlayfs without a word.
@test "cp, export, diff - the next start gets the overlay that it would have got" {
	local flags driver
	run_rbox run --rm --network none "$IMAGE" grep ' / ' /proc/mounts
	driver=${output%% *}
	for flags in '--rm --restart on-failure:1' --rm '--restart on-failure:1' \
		'--rm --health-cmd true --health-on-failure restart'; do
		# shellcheck disable=SC2086
		run_rbox create $flags --network none --name "$C" "$IMAGE" grep ' / ' /proc/mounts
		run_rbox cp "$D/file" "$C:/new"
		run_rbox export -o "$D/out.tar" "$C"
		run_rbox cp "$C:/new" "$D/back"
		run_rbox diff "$C"
		assert "$output" =~ 'A /new'
		run_rbox start -a "$C"
		assert "${output%% *}" == "$driver" "$flags: the root's file system"
		run_rbox rm -f -i -t 0 "$C"
	done
	# It runs again: --rm with a policy mounts its root more than once.
	run_rbox run -d --rm --restart on-failure:2 --network none --name "$C" -v "$D:/out" "$IMAGE" sh -c \
		'grep " / " /proc/mounts >>/out/mounts; exit 3'
	wait_for 30 gone "$C"
	assert "$(cut -d' ' -f1 "$D/mounts" | uniq -c | tr -s ' ')" == " 3 $driver"
}

@test "cp - a container doesn't choose which file here is replaced" {
	start
	run_rbox exec "$C" sh -c 'mkdir /out; echo evil >/out/.bashrc; echo evil >/out/taken; ln -s .bashrc /out/report.txt
		ln -s taken /out/data; ln -s / /out/all; ln -s free /out/to-free; echo ok >/out/free'
	mkdir "$D/dst"
	echo mine | tee "$D/dst/.bashrc" >"$D/dst/taken"
	run_rbox 125 cp "$C:/out/report.txt" "$D/dst/"
	assert "$stderr" == "Error: \"/out/report.txt\" of container $C leads to '.bashrc', and would be called so
  fix: give a full destination name, not only a folder"
	run_rbox 125 cp "$C:/out/data" "$D/dst"
	assert "$stderr" == "Error: \"/out/data\" of container $C leads to 'taken', and the destination has a 'taken' \
already
  fix: give a full destination name, not only a folder"
	run_rbox 125 cp "$C:/out/all" "$D/dst"
	assert "$(cat "$D/dst/.bashrc" "$D/dst/taken"; ls -A "$D/dst")" == "mine
mine
.bashrc
taken"
	# What was typed is what is meant; a name that is free is the target's.
	run_rbox cp "$C:/out/report.txt" "$D/dst/report.txt"
	run_rbox cp "$C:/out/taken" "$D/dst"
	run_rbox cp "$C:/out/.bashrc" "$D/dst"
	run_rbox cp "$C:/out/to-free" "$D/dst"
	assert "$(cat "$D/dst/report.txt" "$D/dst/taken" "$D/dst/.bashrc" "$D/dst/free")" == "evil
evil
evil
ok"
	run_rbox cp "$C:/out/../out" "$D/dst"
	run_rbox cp "$C:/out/" "$D/dst"
}

@test "cp - relative paths begin at the working folder" {
	start -w /home/user
	run_rbox cp "$D/file" "$C:rel"
	run_rbox exec "$C" cat /home/user/rel
	assert "$output" == file
	run_rbox cp "$C:rel" "$D/rel"
	assert "$(<"$D/rel")" == file
	# A colon here needs a path that can't be a container's.
	cp "$D/file" "$D/a:b"
	(cd "$D" && run_rbox cp ./a:b "$C:/tmp")
	run_rbox exec "$C" cat /tmp/a:b
	(cd "$D" && run_rbox cp "$C:/tmp/a:b" .)
}

@test "cp - who owns it" {
	start -u user
	chmod 4750 "$D/folder/inner"
	touch -d '2001-02-03 04:05:06' "$D/folder/inner" "$D/folder/sub" "$D/folder"
	run_rbox cp "$D/folder" "$C:/tmp"
	run_rbox exec -u root "$C" stat -c '%n %u:%g %a %Y' /tmp/folder /tmp/folder/inner /tmp/folder/sub
	local t
	t=$(stat -c %Y "$D/folder/inner")
	assert "$output" == "/tmp/folder 1000:1000 755 $t
/tmp/folder/inner 1000:1000 4750 $t
/tmp/folder/sub 1000:1000 755 $t" "the container's user, the source's mode and time"
	run_rbox cp -a=false "$D/file" "$C:/tmp/kept"
	run_rbox exec "$C" stat -c %u:%g /tmp/kept
	assert "$output" == 0:0 "the caller is root inside"
	run_rbox exec -u root "$C" sh -c 'echo x >/tmp/evil; chown 55:66 /tmp/evil; chmod 6755 /tmp/evil'
	run_rbox cp "$C:/tmp/evil" "$D/evil"
	assert "$(stat -c '%U %a' "$D/evil")" == "$(id -un) 755" "no setuid program of a container's"
	# with all owners, between containers
	run_rbox run -d --network none --name "$C-2" "$IMAGE" sleep 1000
	run_rbox cp -a=false "$C:/tmp/evil" "$C-2:/srv"
	run_rbox exec "$C-2" stat -c '%u:%g %a' /srv/evil
	assert "$output" == "55:66 6755"
	run_rbox cp "$C:/tmp/evil" "$C-2:/srv/given"
	run_rbox exec "$C-2" stat -c '%u:%g' /srv/given
	assert "$output" == "0:0"
}

@test "cp - folders and what is none overwrite each other only when asked" {
	start
	run_rbox exec "$C" sh -c 'mkdir -p /tmp/file/x /tmp/folder; echo >/tmp/folder/sub'
	run_rbox 125 cp "$D/file" "$C:/tmp"
	assert "$stderr" == "Error: cannot overwrite folder 'file' with what is none
  fix: --overwrite allows it"
	run_rbox 125 cp "$D/folder" "$C:/tmp"
	assert "$stderr" == "Error: cannot overwrite 'folder/sub', which is no folder, with a folder
  fix: --overwrite allows it"
	run_rbox cp --overwrite "$D/file" "$C:/tmp"
	run_rbox cp --overwrite "$D/folder" "$C:/tmp"
	run_rbox exec "$C" sh -c 'cat /tmp/file; test -d /tmp/folder/sub'
	assert "$output" == file
}

@test "cp - between containers, running or not, and within one" {
	run_rbox create --name "$C" "$IMAGE" true
	run_rbox create --name "$C-2" "$IMAGE" true
	run_rbox cp "$D/folder" "$C:/srv"
	run_rbox cp "$C:/srv/folder" "$C-2:/opt"
	run_rbox cp "$C-2:/opt/folder/." "$C:/srv/again"
	run_rbox cp "$C:/srv/again/inner" "$C:/srv/within"
	run_rbox cp "$C:/srv/within" "$D/within"
	assert "$(<"$D/within")" == inner
	run_rbox 125 cp "$C:/srv" "$C:/srv/again"
	assert "$stderr" == "Error: cannot copy 'srv' into itself"
	# It is seen before anything is made.
	run_rbox cp "$C:/srv/again" "$D/seen"
	[ ! -e "$D/seen/srv" ]
	run_rbox 125 cp "$C:/srv/within" "$C:/srv/within"
	assert "$stderr" == "Error: source and destination are the same file: 'within'"
	# Two that lock the same two containers the other way round.
	run_sh 'for i in 1 2 3 4 5; do
			$RBOX cp '"$C:/srv/within $C-2:/opt/"' & $RBOX cp '"$C-2:/opt/folder/inner $C:/opt/"' & wait
		done'
	run_rbox rm -f "$C-2"
	run_rbox run -d --network none --name "$C-2" "$IMAGE" sleep 1000
	run_rbox cp "$C:/srv/folder" "$C-2:/srv"
	run_rbox exec "$C-2" cat /srv/folder/link
	assert "$output" == inner
}

@test "cp - binds and tmpfs are seen" {
	mkdir "$D/bind"
	start -v "$D/bind:/mnt/bind" --tmpfs /scratch
	run_rbox cp "$D/file" "$C:/mnt/bind/in"
	assert "$(<"$D/bind/in")" == file
	run_rbox cp "$D/file" "$C:/scratch/in"
	run_rbox exec "$C" sh -c 'cat /scratch/in; grep " /scratch " /proc/mounts'
	assert "$output" =~ "file"
	run_rbox cp "$C:/scratch" "$D/scratch"
	assert "$(<"$D/scratch/in")" == file
	# /etc/hosts is mounted: it is written as it stands
	run_rbox cp "$D/file" "$C:/etc/hosts"
	run_rbox exec "$C" cat /etc/hosts
	assert "$output" == file
	run_rbox stop -t 0 "$C"
	run_rbox cp "$D/file" "$C:/mnt/bind/stopped"
	assert "$(<"$D/bind/stopped")" == file
	run_rbox cp "$C:/mnt/bind/." "$D/from"
	assert "$(ls "$D/from")" == "in
stopped"
}

@test "cp - a read-only root is said, and tmpfs on it is writable" {
	start --read-only --tmpfs /scratch
	run_rbox 125 cp "$D/file" "$C:/srv"
	assert "$stderr" == "Error: make 'file': Read-only file system
  fix: the file system there is read-only (--read-only, or a volume with :ro): copy to a tmpfs or to a volume that \
is writable"
	run_rbox cp "$D/file" "$C:/scratch"
}

@test "cp - no link of a container leads out of it" {
	start
	echo secret >"$D/secret"
	run_rbox exec "$C" sh -c "ln -s $D/secret /tmp/abs; ln -s ../../../../../../../../..$D/secret /tmp/rel
		ln -s $D /tmp/dir; ln -s /proc/self/root$D/secret /tmp/magic; ln -s /proc/1/root/etc/passwd /tmp/root1
		mkdir /tmp/links; ln -s $D/secret /tmp/links/l; echo outside >/outside; ln -s ../../../../outside /tmp/up"
	for l in abs rel dir/secret magic; do
		run_rbox 125 cp "$C:/tmp/$l" "$D/got"
		assert "$stderr" =~ "\"/tmp/$l\" could not be found on container $C: "
	done
	run_rbox 125 cp "$C:/tmp/root1" "$D/got"
	run_rbox cp "$C:/tmp/../../../outside" "$D/got"
	assert "$(<"$D/got")" == outside
	run_rbox cp "$C:/tmp/up" "$D/got"
	assert "$(<"$D/got")" == outside
	run_rbox cp "$C:/tmp/links" "$D/links"
	assert "$(readlink "$D/links/l")" == "$D/secret" "a link inside is copied as one"
	# writing through one: in the container, or not at all
	run_rbox 125 cp "$D/file" "$C:/tmp/dir/"
	run_rbox 125 cp "$D/file" "$C:/tmp/abs"
	run_rbox exec "$C" mkdir -p "$D"
	run_rbox cp "$D/file" "$C:/tmp/abs"
	run_rbox exec "$C" cat "$D/secret"
	assert "$output" == file "made where the link points to, in the container"
	assert "$(<"$D/secret")" == secret
	run_rbox cp "$D/folder" "$C:/tmp/dir"
	run_rbox exec "$C" cat "$D/folder/inner"
}

@test "cp - links that are swapped meanwhile lead nowhere either" {
	mkdir "$D/host"
	echo secret >"$D/host/name"
	start
	run_rbox exec "$C" sh -c "mkdir -p /tmp/t/real; echo ok >/tmp/t/real/name; ln -s $D/host /tmp/t/evil"
	run_rbox exec -d "$C" sh -c 'cd /tmp/t; mkdir a; echo ok >a/name
		while :; do mv a b; mv evil a; mv a evil; mv b a; done'
	wait_for 10 rbox exec "$C" test -e /tmp/t/a/name -o -e /tmp/t/b/name
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		rm -rf "$D/got" "$D/got-name"
		run_rbox '?' cp "$C:/tmp/t" "$D/got"
		run_rbox '?' cp "$C:/tmp/t/a/name" "$D/got-name"
		run_rbox '?' cp "$D/file" "$C:/tmp/t/a/name"
		run_sh '! grep -rs secret '"$D/got $D/got-name"
		assert "$(<"$D/host/name")" == secret
	done
}

@test "cp - FIFOs, devices, sockets and the kernel's files" {
	start
	run_rbox exec "$C" sh -c 'mkdir /tmp/odd; mkfifo /tmp/odd/fifo; echo x >/tmp/odd/file'
	run_rbox cp "$C:/tmp/odd" "$D/odd"
	[ -p "$D/odd/fifo" ] && [ -f "$D/odd/file" ]
	run_rbox 125 cp "$C:/dev/null" "$D/null"
	assert "$stderr" == 'Error: "/dev/null" must be a directory or a regular file'
	run_rbox cp "$C:/dev" "$D/dev"
	assert "$stderr" =~ "'dev/null' is not copied: it is a device"
	run_rbox cp "$C:/proc/version" "$D/version"
	grep -q Linux "$D/version"
	run_rbox 125 cp "$C:/proc/self/root/etc/passwd" "$D/got"
	run_rbox 125 cp "$C:/proc" "$D/p1"
	assert "$stderr" == "Error: cannot copy 'p1': it shows the kernel, no files"
	[ ! -e "$D/p1" ]
	mkdir "$D/p2"
	run_rbox 125 cp "$C:/proc/sys/." "$D/p2"
	assert "$stderr" == "Error: cannot copy the folder: it shows the kernel, no files"
	run_rbox 125 cp "$C:/sys" "$D/p2"
	assert "$(ls -A "$D/p2")" == ""
	run_rbox 125 cp "$C:/proc" -
	assert "$stderr" == "Error: cannot copy '/proc': it shows the kernel, no files"
	run_rbox cp "$C:/" "$D/all"
	assert "$stderr" =~ "'all/proc' is not copied: it shows the kernel, no files"
	run_rbox cp "$C:/." "$D/content"
	run_rbox cp "$C:/." "$D/content"
	assert "$stderr" =~ "'proc' is not copied: it shows the kernel, no files"
	[ -z "$(ls -A "$D/content/proc")" ]
	[ -f "$D/all/etc/passwd" ] && [ -z "$(ls -A "$D/all/proc")" ]
}

@test "cp - holes stay holes, attributes stay" {
	start
	truncate -s 5G "$D/sparse"
	echo end >>"$D/sparse"
	run_rbox cp "$D/sparse" "$C:/tmp"
	run_rbox cp "$C:/tmp/sparse" "$D/back"
	cmp -i 5368709000 "$D/sparse" "$D/back"
	assert "$(stat -c %s "$D/back")" -eq "$(stat -c %s "$D/sparse")"
	assert "$(stat -c %b "$D/back")" -lt 1000
	/usr/bin/python3 -c "import os, sys; os.setxattr(sys.argv[1], 'user.colour', b'blue')" "$D/file"
	run_rbox cp "$D/file" "$C:/tmp"
	run_rbox cp "$C:/tmp/file" "$D/attr"
	run_cmd /usr/bin/python3 -c "import os, sys; print(os.getxattr(sys.argv[1], 'user.colour').decode())" "$D/attr"
	assert "$output" == blue
}

@test "cp - a tar on stdout" {
	start
	run_rbox cp "$D/folder" "$C:/srv"
	run_sh '$RBOX cp '"$C"':/srv/folder - | tar -t'
	assert "$output" == "folder/
folder/inner
folder/link
folder/other-name
folder/sub/"
	run_sh '$RBOX cp '"$C"':/srv/folder/. - | tar -t | head -1'
	assert "$output" == inner
	run_sh '$RBOX cp '"$C"':/srv/folder/inner - | tar -xO'
	assert "$output" == inner
	# Only "-" is special: a pipe under another name has no place for a file.
	run_sh 125 '$RBOX cp '"$C"':/srv/folder/inner /dev/stdout | cat; exit ${PIPESTATUS[0]}'
	assert "$stderr" == 'Error: invalid destination: "/dev/stdout" must be a directory or a regular file'
	run_sh 125 '$RBOX cp '"$C"':/missing - | cat; exit ${PIPESTATUS[0]}'
	# a reader that goes away is no message
	run_sh '$RBOX cp '"$C"':/bin - | head -c 1 | wc -c'
	assert "$output" -eq 1
	assert "$stderr" == ""
	# None from the start: all went into the /dev/null in its place, with status 0. A /dev/null of the caller's is one.
	run_sh 125 '$RBOX cp '"$C"':/srv/folder - >&-'
	assert "$stderr" == "Error: write a tar to stdout: it is closed"
	run_sh 125 '$RBOX export '"$C"' >&-'
	assert "$stderr" == "Error: write a tar to stdout: it is closed"
	run_sh '$RBOX cp '"$C"':/srv/folder - >/dev/null; $RBOX cp '"$C"':/srv/folder - 1<>/dev/null'
	assert "$stderr" == ""
}

@test "cp - a tar from stdin" {
	start -u user
	run_sh 'tar -C '"$D"' -c folder | $RBOX cp - '"$C"':/tmp'
	run_rbox exec "$C" sh -c 'cat /tmp/folder/link; stat -c "%u:%g %h" /tmp/folder/inner'
	assert "$output" == "inner
1000:1000 2"
	run_sh 'tar -C '"$D"' --owner 7 --group 8 -cz folder | $RBOX cp -a=false - '"$C"':/srv'
	run_rbox exec "$C" stat -c %u:%g /srv/folder/inner
	assert "$output" == 7:8
	run_sh 125 'tar -C '"$D"' -c folder | $RBOX cp - '"$C"':/etc/passwd'
	assert "$stderr" == "Error: destination must be a directory when copying from stdin"
	run_rbox_in 'no tar' 125 cp - "$C:/tmp"
	assert "$stderr" =~ "^Error: source must be a \(compressed\) tar archive when copying from stdin: the archive ends too soon"
	run_sh 125 'echo x | xz | $RBOX cp - '"$C"':/tmp'
	# The one that should have made it has failed.
	run_rbox 125 cp - "$C:/tmp"
	assert "$stderr" == "Error: source must be a (compressed) tar archive when copying from stdin: nothing came"
	run_sh 125 '$RBOX cp - '"$C"':/tmp <&-'
	run_rbox stop -t 0 "$C"
	run_sh 'tar -C '"$D"' -c file | $RBOX cp - '"$C"':/tmp'
	run_rbox cp "$C:/tmp/file" "$D/back"
	assert "$(<"$D/back")" == file
}

@test "cp - a hostile tar stays in the container" {
	start
	/usr/bin/python3 - "$D/hostile.tar" "$D" <<'PY'
import io, sys, tarfile
t, here = tarfile.open(sys.argv[1], "w"), sys.argv[2]
def add(name, kind=tarfile.REGTYPE, link=""):
    i = tarfile.TarInfo(name)
    i.type, i.linkname = kind, link
    i.size = 2 if kind == tarfile.REGTYPE else 0
    i.devmajor, i.devminor = 1, 3
    t.addfile(i, io.BytesIO(b"x\n"))
add("../../../../../.." + here + "/escaped")
add(here + "/escaped")
add("abs", tarfile.SYMTYPE, here)
add("abs/escaped")
add("up", tarfile.SYMTYPE, "../../../../../../../../..")
add("up" + here + "/escaped")
add("null", tarfile.CHRTYPE)
t.close()
t = tarfile.open(sys.argv[1] + "2", "w")
add("hard", tarfile.LNKTYPE, "../../../../../.." + here + "/file")
t.close()
PY
	run_sh '$RBOX cp - '"$C"':/tmp <'"$D/hostile.tar"
	assert "$stderr" == "WARN: 1 devices of the tar are not copied: users can't make devices"
	[ ! -e "$D/escaped" ]
	run_rbox exec "$C" cat "/tmp$D/escaped" "$D/escaped"
	run_sh 125 '$RBOX cp - '"$C"':/tmp <'"$D/hostile.tar2"
	assert "$stderr" =~ "is a hard link to '/tmp$D/file', which isn't there"
}

@test "cp - what makes no sense" {
	run_rbox create --name "$C" "$IMAGE" true
	run_rbox 125 cp "$D/file" "$D/other"
	assert "$stderr" == "Error: invalid arguments \"$D/file\", \"$D/other\": you must specify at least one container, \
as NAME:PATH"
	run_rbox 125 cp "$D/file" "$C:"
	assert "$stderr" == "Error: invalid arguments \"$D/file\", \"$C:\": you must specify paths"
	run_rbox 125 cp "$D/file" ":/tmp"
	run_rbox 125 cp "$D/file" no-such-container:/tmp
	assert "$stderr" == 'Error: no container with name or ID "no-such-container" found: no such container'
	run_rbox 125 cp "$D/file"
	run_rbox 125 cp a b c
	run_rbox 125 cp "$C:/etc/passwd" /
	assert "$stderr" == "Error: make 'passwd': Permission denied"
	run_rbox 125 cp /etc/shadow "$C:/tmp"
	assert "$stderr" == "Error: read 'shadow': Permission denied"
}

# Containers live in a user namespace that the first of them made. The process by which later commands found it
# was that one's monitor: once it had ended, cp and export made another namespace, from which a running
# container can't be entered.
@test "cp, export - when the container that made the user namespace has gone" {
	local a b c pid
	a=$(safename) b=$(safename) c=$(safename)
	remove_all
	run_rbox run -d --name "$a" --network none "$IMAGE" sleep 1000
	pid=$(rbox inspect -f '{{.State.ConmonPid}}' "$a")
	run_rbox run -d --name "$b" --network none "$IMAGE" sleep 1000
	run_rbox rm -f -t 0 "$a"
	wait_for 30 eval "! kill -0 $pid"
	echo hello >"$RBOX_T/file"
	run_rbox cp "$RBOX_T/file" "$b:/file"
	run_rbox cp "$b:/file" -
	run_rbox export -o "$RBOX_T/out.tar" "$b"
	assert "$(tar xOf "$RBOX_T/out.tar" file)" == "hello"
	run_rbox run -d --name "$c" --network none "$IMAGE" sleep 1000
	run_rbox cp "$b:/file" "$c:/file2"
	run_rbox exec "$c" cat /file2
	assert "$output" == "hello"
	run_rbox rm -f -t 0 "$b" "$c"
}

# Two that are started at once while none runs make a user namespace each; copying between them was EACCES.
@test "cp - between two running containers that live in two user namespaces" {
	local a b
	a=$(safename) b=$(safename)
	remove_all
	run_rbox run -d --name "$a" --network none "$IMAGE" sleep 1000
	# What the command after it would join: a process that has no namespace to offer.
	printf %s $$ >"$XDG_RUNTIME_DIR/rbox/userns"
	run_rbox run -d --name "$b" --network none --tmpfs /there "$IMAGE" sleep 1000
	run_rbox inspect -f '{{.State.ConmonPid}}' "$a" "$b"
	assert "$(readlink "/proc/${lines[0]}/ns/user")" != "$(readlink "/proc/${lines[1]}/ns/user")"
	run_rbox exec "$a" sh -c 'mkdir -p /d/sub; echo hello >/d/sub/f; chown -R 1000:2000 /d/sub; chmod 4750 /d/sub/f
		ln /d/sub/f /d/other; ln -s sub /d/link; mkfifo /d/pipe'
	run_rbox cp -a=false "$a:/d" "$b:/there"
	run_rbox exec "$b" sh -c 'cat /there/d/link/f; cd /there/d; stat -c "%n %u:%g %a %h %F" sub sub/f other link pipe'
	assert "$output" == "hello
sub 1000:2000 755 2 directory
sub/f 1000:2000 4750 2 regular file
other 1000:2000 4750 2 regular file
link 0:0 777 1 symbolic link
pipe 0:0 644 1 fifo"
	# The other way, into the root; what goes into a container belongs to its user.
	run_rbox cp "$b:/there/d/." "$a:/new"
	run_rbox exec "$a" stat -c "%u:%g %a" /new/sub/f
	assert "$output" == "0:0 4750"
	run_rbox 125 cp "$a:/d" "$b:/missing/x"
	assert "$stderr" == "Error: \"/missing/x\" could not be found on container $b: no such file or directory"
	run_rbox 125 cp "$a:/missing" "$b:/"
	assert "$stderr" == "Error: \"/missing\" could not be found on container $a: no such file or directory"
	run_rbox rm -f -t 0 "$a" "$b"
}
