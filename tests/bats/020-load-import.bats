#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 020-load-import: images from archives, and what their layers look like from inside.

load helpers

teardown_file() {
	leak_check
}

id_of() {	# the id that tests/lib/images.py gave NAME
	sed -n "s/^$1 sha256://p" "$IMAGES/list"
}

@test "load - a docker archive, by -i" {
	run_rbox load -i "$IMAGES/busybox.tar"
	assert "${lines[-1]}" == "Loaded image: localhost/busybox:latest"
	run_rbox images -q --no-trunc
	assert "$output" == "sha256:$(id_of busybox)" "the id is the config's digest"
	run_rbox rmi localhost/busybox
}

@test "load - a docker archive, from stdin" {
	run_sh '$RBOX load <"$IMAGES/busybox.tar"'
	assert "${lines[-1]}" == "Loaded image: localhost/busybox:latest"
	run_rbox rmi localhost/busybox
}

@test "load - from a pipe that can't be rewound" {
	run_sh 'cat "$IMAGES/busybox.tar" | $RBOX load -q'
	run_rbox run --rm localhost/busybox cat /etc/image-name
	assert "$output" == "base"
	run_rbox rmi localhost/busybox
}

@test "load - gzip around the archive" {
	gzip -c "$IMAGES/busybox.tar" >"$TMPDIR/b.tar.gz"
	run_rbox load -i "$TMPDIR/b.tar.gz"
	assert "${lines[-1]}" == "Loaded image: localhost/busybox:latest"
	run_rbox rmi localhost/busybox
	rm "$TMPDIR/b.tar.gz"
}

@test "load - an OCI archive, the same image" {
	run_rbox load -i "$IMAGES/busybox.oci.tar"
	assert "${lines[-1]}" == "Loaded image: localhost/busybox:latest"
	run_rbox images -q --no-trunc
	assert "$output" == "sha256:$(id_of busybox)"
	run_rbox run --rm localhost/busybox cat /etc/image-name
	assert "$output" == "base"
	run_rbox rmi localhost/busybox
}

@test "load - two tags of one image" {
	run_rbox load -i "$IMAGES/configured.tar"
	assert "$output" =~ "localhost/configured:v1"
	assert "$output" =~ "localhost/configured:latest"
	run_rbox image exists localhost/configured:v1
	run_rbox image exists localhost/configured:latest
	run_rbox rmi localhost/configured:v1 localhost/configured:latest
}

@test "load - twice is the same as once" {
	run_rbox load -q -i "$IMAGES/busybox.tar"
	run_rbox load -q -i "$IMAGES/busybox.tar"
	run_rbox images -q
	assert "${#lines[@]}" -eq 1 "images"
	run_rbox rmi localhost/busybox
}

@test "load - what isn't there, isn't an archive, or is cut off" {
	run_rbox 125 load -i "$TMPDIR/absent.tar"
	assert "$stderr" =~ '^Error: .*absent\.tar'
	echo "no archive" >"$TMPDIR/text.tar"
	run_rbox 125 load -i "$TMPDIR/text.tar"
	assert "$stderr" =~ '^Error:'
	head -c 1500000 "$IMAGES/busybox.tar" >"$TMPDIR/short.tar"
	run_rbox 125 load -i "$TMPDIR/short.tar"
	assert "$stderr" =~ '^Error:'
	run_rbox images -q
	assert "$output" == "" "images after failures"
	rm "$TMPDIR"/*.tar
}

@test "load - a layer whose bytes aren't those of the config is refused" {
	mkdir "$TMPDIR/x"
	tar -C "$TMPDIR/x" -xf "$IMAGES/empty.tar"
	local layer
	layer=$(echo "$TMPDIR"/x/*/layer.tar)
	mkdir "$TMPDIR/x/other"
	echo changed >"$TMPDIR/x/other/file"
	tar -C "$TMPDIR/x/other" -cf "$layer" file
	rm -r "$TMPDIR/x/other"
	tar -C "$TMPDIR/x" -cf "$TMPDIR/bad.tar" .
	run_rbox 125 load -i "$TMPDIR/bad.tar"
	assert "$stderr" =~ 'Error: '
	run_rbox images -q
	assert "$output" == "" "images after the refusal"
	rm -r "$TMPDIR/x" "$TMPDIR/bad.tar"
}

@test "import - a plain tar becomes an image with what --change says" {
	run_rbox import --change 'CMD ["cat","/etc/image-name"]' --change 'ENV X=y' \
		-m "a message" "$IMAGES/busybox.rootfs.tar" localhost/imported:1
	run_rbox run --rm localhost/imported:1
	assert "$output" == "base"
	run_rbox run --rm localhost/imported:1 sh -c 'echo $X'
	assert "$output" == "y"
	run_rbox rmi localhost/imported:1
}

@test "import - from stdin, without a name" {
	local id
	run_sh '$RBOX import -q - <"$IMAGES/busybox.rootfs.tar"'
	id=${lines[-1]}
	assert "$id" =~ '^(sha256:)?[0-9a-f]{64}$' "the id is printed"
	run_rbox run --rm "$id" cat /etc/image-name
	assert "$output" == "base"
	run_rbox rmi "$id"
}

@test "layers - whiteouts, opaque folders, replaced types, implied folders" {
	load_image multi
	run_rbox run --rm localhost/multi sh -c '
		cd /data && grep . *; cd /; find data hidden turns implied | sort; cat etc/image-name'
	assert "$output" == "changed:two
kept:one
removed:back
data
data/changed
data/kept
data/removed
hidden
hidden/new
hidden/newer
implied
implied/deep
implied/deep/file
implied/deep/other
turns
turns/dir-to-file
turns/file-to-dir
turns/file-to-dir/x
multi"
	run_rbox rmi localhost/multi
}

@test "layers - owners, modes, links, fifos, capabilities, attributes" {
	load_image multi
	run_rbox run --rm localhost/multi sh -c '
		for f in sticky setuid setgid owned owned-link pipe capable; do
			printf "%s " $f; probe stat /$f | sed "s/ [0-9]*:[0-9]*//"; done
		stat -c %h /links/a; [ /links/a -ef /links/b ] && echo same
		readlink /links/soft; cat /links/outside; cat /links/soft'
	assert "${lines[0]}" == "sticky d 1777 0 0"
	assert "${lines[1]}" == "setuid f 4755 0 0"
	assert "${lines[2]}" == "setgid f 2755 0 0"
	assert "${lines[3]}" == "owned f 0640 1000 2000"
	assert "${lines[4]}" == "owned-link l 0777 1000 2000"
	assert "${lines[5]}" == "pipe p 0600 0 0"
	assert "${lines[6]}" == "capable f 0755 0 0"
	assert "${lines[7]}" == "2" "hard links"
	assert "${lines[8]}" == "same" "one inode"
	assert "${lines[9]}" == "a" "a symbolic link's target"
	assert "${lines[10]}" == "multi" "an absolute link stays in the root"
	assert "${lines[11]}" == "linked"
	run_rbox rmi localhost/multi
}

@test "layers - a deleted folder that a container makes again is empty" {
	load_image multi
	run_rbox run --rm localhost/multi sh -c 'rm -r /hidden && mkdir /hidden && ls -A /hidden && rm -r /data /implied && echo done'
	assert "$output" == "done"
	run_rbox rmi localhost/multi
}

# The root showed the owner and mode of rbox's own folder for every image: 755 0:0.
@test "import - the root is as the image's tar has it" {
	mkdir -p "$TMPDIR/root/bin"
	tar -xOf "$IMAGES/busybox.rootfs.tar" bin/busybox >"$TMPDIR/root/bin/busybox"
	chmod 755 "$TMPDIR/root/bin/busybox"
	ln -s busybox "$TMPDIR/root/bin/stat"
	chmod 1751 "$TMPDIR/root"
	tar -C "$TMPDIR/root" --owner=5 --group=6 -cf "$TMPDIR/root.tar" .
	run_rbox import -q "$TMPDIR/root.tar" localhost/odd-root:1
	run_rbox run --rm --network none localhost/odd-root:1 stat -c '%a %u:%g' /
	assert "$output" == "1751 5:6"
	run_rbox rmi localhost/odd-root:1
}
