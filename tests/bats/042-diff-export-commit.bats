#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 042-diff-export-commit: what a container changed, as lines, as a tar, as an image; names of images.

load helpers

setup_file() {
	load_image busybox multi kinds
}

teardown_file() {
	leak_check
}

setup() {
	C=$(safename)
	D=$TMPDIR/$C
	mkdir -p "$D"
}

teardown() {
	run_rbox rm -f -i -t 0 "$C"
	rm -rf "$D"
}

# A container that has done a bit of everything.
changed() {	# IMAGE RUN-OPTIONS...
	local from=$1
	shift
	run_rbox run --network none --name "$C" "$@" "$from" sh -c 'mkdir /new && echo content >/new/file
		ln /new/file /new/hard && ln -s file /new/soft && rm /etc/image-name && echo x:x:7: >>/etc/group
		rm -r /home/user && mkdir /home/user && echo mine >/home/user/own
		chmod 700 /srv && rm -r /opt && mkdir /usr/empty
		mkdir /a && touch /a/1 && chown -R 12:34 /a && chmod 4711 /a/1 && chmod 711 /'
}

CHANGES='A /a
A /a/1
C /etc
C /etc/group
D /etc/image-name
C /home
D /home/user
A /home/user/own
A /new
A /new/file
A /new/hard
A /new/soft
D /opt
C /srv
C /usr
A /usr/empty'

@test "diff - lines and JSON, while it runs too" {
	changed "$IMAGE"
	run_rbox diff "$C"
	assert "$output" == "$CHANGES"
	run_rbox container diff "$C"
	assert "$output" == "$CHANGES"
	run_rbox diff --format json "$C"
	assert "$(jq -c .deleted <<<"$output")" == '["/etc/image-name","/home/user","/opt"]'
	assert "$(jq -c .changed <<<"$output")" == '["/etc","/etc/group","/home","/srv","/usr"]'
	assert "$(jq -r '.added | length' <<<"$output")" -eq 8
	run_rbox rm "$C"
	run_rbox create --name "$C" "$IMAGE" sh -c 'touch /tmp/x; sleep 1000'
	run_rbox diff "$C"
	assert "$output" == ""
	run_rbox diff --format json "$C"
	assert "$output" == "{}"
	run_rbox start "$C"
	wait_for 10 rbox exec "$C" test -e /tmp/x
	run_rbox diff "$C"
	assert "$output" == "C /etc
C /tmp
A /tmp/x" "the engine's own files are not told"
}

@test "diff - --latest" {
	run_rbox create --name older --network none "$IMAGE" true
	run_rbox run --name newer --network none "$IMAGE" touch /of-the-newer
	run_rbox diff -l
	assert "$output" =~ "A /of-the-newer"
	run_rbox container diff --latest --format json
	assert "$output" =~ '"/of-the-newer"'
	run_rbox 125 diff -l older
	run_rbox 125 image diff -l
	assert "$stderr" =~ "^Error: unknown shorthand flag: 'l' in -l"
	run_rbox rm older newer
}

@test "diff - of an image, and what makes no sense" {
	run_rbox image diff localhost/multi:latest
	assert "$output" =~ "C /data
A /data/removed"
	run_rbox diff "$IMAGE"
	assert "${lines[0]}" == "A /bin"
	run_rbox 125 diff no-such-thing
	assert "$stderr" == "Error: no-such-thing not found: no such container or image"
	run_rbox 125 container diff no-such-thing
	run_rbox 125 image diff no-such-thing
	run_rbox 125 diff --format yaml "$IMAGE"
	assert "$stderr" == "Error: only supported value for '--format' is 'json'"
}

# The entries of a tar with all that matters of them, sorted.
entries() {
	/usr/bin/python3 - "$1" <<'PY'
import hashlib, sys, tarfile
t = tarfile.open(sys.argv[1])
for m in sorted(t, key=lambda m: m.name.encode("utf-8", "surrogateescape")):
    data = t.extractfile(m).read() if m.isreg() else b""
    print(ascii(m.name), m.type, oct(m.mode & 0o7777), m.uid, m.gid, m.size, ascii(m.linkname), int(m.mtime),
          sorted((k, ascii(v)) for k, v in m.pax_headers.items() if "xattr" in k), hashlib.sha256(data).hexdigest()[:8])
PY
}

@test "export - the whole root, readable by others, and the same again by import" {
	changed localhost/kinds:latest
	run_sh '$RBOX export '"$C"' >'"$D/one.tar"
	run_rbox export -o "$D/two.tar" "$C"
	cmp "$D/one.tar" "$D/two.tar"
	tar -tf "$D/one.tar" >"$D/names"
	grep -qx 'new/file' "$D/names"
	assert "$(grep -c 'image-name\|^opt' "$D/names")" -eq 0
	run_sh "tar -tvf $D/one.tar a/1 new/hard"
	assert "$output" =~ "-rws--x--x 12/34 ".*"a/1"
	assert "$output" =~ "new/hard link to new/file"
	run_rbox rm "$C"
	# What is imported and exported again is the same tree.
	run_rbox import "$D/one.tar" imported
	run_rbox create --name "$C" imported true
	run_rbox export -o "$D/again.tar" "$C"
	entries "$D/one.tar" >"$D/one" && entries "$D/again.tar" >"$D/again"
	diff "$D/one" "$D/again"
	run_rbox rm "$C"
	run_rbox rmi imported
}

@test "export - of a running container, without what is mounted" {
	mkdir "$D/bind"
	echo secret >"$D/bind/in-the-volume"
	run_rbox run -d --network none --name "$C" -v "$D/bind:/mnt" --tmpfs /scratch "$IMAGE" \
		sh -c 'touch /scratch/in-tmpfs /rooted; sleep 1000'
	wait_for 10 rbox exec "$C" test -e /rooted
	run_sh '$RBOX export '"$C"' | tar -tf -'
	assert "$output" =~ "
rooted"
	assert "$output" =~ "
proc/"
	assert "$output" !~ "in-the-volume|in-tmpfs|proc/[a-z0-9]|dev/null|sys/[a-z]"
}

@test "export - not to a terminal, no half file, no message to a reader that goes" {
	run_rbox create --name "$C" "$IMAGE" true
	run_sh 'script -qefc "$RBOX export '"$C"'" /dev/null; true'
	assert "$output" =~ "refusing to write a tar to a terminal"
	run_rbox 125 export -o "$D/none.tar" no-such-container
	[ ! -e "$D/none.tar" ]
	run_rbox 125 export -o "$D/no/folder.tar" "$C"
	run_sh 125 '$RBOX export '"$C"' >/dev/full'
	assert "$stderr" =~ "No space left on device"
	run_sh '$RBOX export '"$C"' | head -c 1 | wc -c'
	assert "$output" -eq 1
	assert "$stderr" == ""
	run_rbox 125 export
}

@test "commit - an image that is what the container was" {
	changed localhost/multi:latest -e A=b -l from=container -w /srv
	SOURCE_DATE_EPOCH=1700000000 run_rbox commit -q -a "A Person" -m "a message" \
		-c 'CMD ["cat", "/new/file"]' -c 'ENV C=d' -c EXPOSE=80 "$C" committed:1
	assert "$output" =~ "^[0-9a-f]{64}\$"
	local id=$output
	# The same content makes the same image.
	SOURCE_DATE_EPOCH=1700000000 run_rbox commit -q -a "A Person" -m "a message" \
		-c 'CMD ["cat", "/new/file"]' -c 'ENV C=d' -c EXPOSE=80 "$C"
	assert "$output" == "$id"
	run_rbox diff "$C"
	local container=$output
	run_rbox image diff committed:1
	assert "$output" == "$container" "the layer is what diff told"
	run_rbox run --rm --network none committed:1
	assert "$output" == content
	run_rbox run --rm --network none committed:1 sh -c 'stat -c "%u:%g %a" /a/1 /; cat /home/user/own; ls /home/user
		test -e /etc/image-name || echo gone; echo $A $C; pwd; stat -c %h /new/hard; cat /hidden/newer'
	assert "$output" == "12:34 4711
0:0 711
mine
own
gone
b d
/srv
2
three"
	run_rbox image inspect committed:1
	assert "$(jq -r '.[0].Author' <<<"$output")" == "A Person"
	assert "$(jq -c '.[0].Config.Labels' <<<"$output")" == '{"from":"container"}'
	assert "$(jq -c '.[0].Config.ExposedPorts' <<<"$output")" == '{"80/tcp":{}}'
	assert "$(jq -r '.[0].History[-1].comment' <<<"$output")" == "a message"
	assert "$(jq -r '.[0].RootFS.Layers | length' <<<"$output")" -eq 5
	assert "$(jq -c '.[0].Config.Env' <<<"$output")" !~ "container=|HOSTNAME|HOME"
	run_rbox rm "$C"
	run_rbox rmi committed:1
}

@test "commit - others read it" {
	changed "$IMAGE"
	run_rbox commit -q "$C" committed:2
	/usr/bin/python3 - "$XDG_DATA_HOME/rbox" localhost/committed/:2 "$D/layout" <<'PY'
import json, os, shutil, sys
store, name, out = sys.argv[1:]
shutil.copytree(store + "/blobs", out + "/blobs")
digest = json.load(open(store + "/refs/" + name))["manifest"]
data = open(store + "/blobs/" + digest.replace(":", "/"), "rb").read()
json.dump({"imageLayoutVersion": "1.0.0"}, open(out + "/oci-layout", "w"))
json.dump({"schemaVersion": 2, "manifests": [{
    "mediaType": json.loads(data)["mediaType"], "digest": digest, "size": len(data),
    "annotations": {"org.opencontainers.image.ref.name": "x"}}]}, open(out + "/index.json", "w"))
PY
	run_cmd skopeo copy -q "oci:$D/layout:x" "docker-archive:$D/archive.tar:some/name:tag"
	check_status 0
	run_rbox rm "$C"
	run_rbox rmi committed:2
	run_rbox load -q -i "$D/archive.tar"
	run_rbox run --rm --network none some/name:tag cat /new/file /home/user/own
	assert "$output" == "content
mine"
	run_rbox rmi some/name:tag
}

@test "commit - squashed, in docker's format, running, with an id file" {
	run_rbox run -d --network none --name "$C" -v "$D:/mnt/volume" localhost/multi:latest \
		sh -c 'echo here >/here; sleep 1000'
	wait_for 10 rbox exec "$C" test -s /here
	run_rbox commit -q -s -f docker -m "the comment" --include-volumes --iidfile "$D/iid" "$C" squashed
	assert "$(<"$D/iid")" == "$output"
	run_rbox image inspect squashed
	assert "$(jq -r '.[0].RootFS.Layers | length' <<<"$output")" -eq 1
	assert "$(jq -r '.[0].History | length' <<<"$output")" -eq 1
	assert "$(jq -r '.[0].Comment' <<<"$output")" == "the comment"
	assert "$(jq -c '.[0].Config.Volumes' <<<"$output")" == '{"/mnt/volume":{}}'
	run_rbox run --rm --network none squashed sh -c 'cat /here /hidden/new; test -e /hidden/old || echo hidden
		stat -c "%u:%g %a" /owned /setuid'
	assert "$output" == "here
two
hidden
1000:2000 640
0:0 4755"
	run_rbox exec "$C" true
	run_rbox 125 commit -p "$C"
	assert "$stderr" =~ "--pause: a running container can't be paused"
	run_rbox rmi squashed
}

@test "diff, commit - a file called .wh.NAME hides nothing" {
	run_rbox run --network none --name "$C" "$IMAGE" sh -c 'grep -q "^overlay / overlay" /proc/mounts || exit 0
		echo x >/.wh.etc; mkdir /home/new; echo x >/home/new/.wh..wh..opq; echo x >/home/.wh..wh..opq; echo made'
	[ "$output" == made ] || skip "fuse-overlayfs keeps these names for itself"
	run_rbox diff "$C"
	assert "$output" == "A /.wh.etc
C /etc
C /home
A /home/.wh..wh..opq
A /home/new
A /home/new/.wh..wh..opq"
	run_rbox images -aq
	local before=$output
	for squash in "" -s; do
		# shellcheck disable=SC2086  # may be no word at all
		run_rbox 125 commit -q $squash "$C" hides
		assert "$stderr" =~ "^Error: make a layer of container [0-9a-f]{12}: '/\.wh\.etc' can't be in a layer of an \
image: there a name that begins with '\.wh\.' says that another file is gone
  fix: rename or remove it in the container\$"
	done
	run_rbox images -aq
	assert "$output" == "$before"
	run_sh '$RBOX export '"$C"' | tar -t | grep -F .wh.'
	assert "$output" == ".wh.etc
home/.wh..wh..opq
home/new/.wh..wh..opq"
}

@test "commit - what makes no sense leaves nothing" {
	run_rbox create --name "$C" "$IMAGE" true
	run_rbox images -aq
	local before=$output
	run_rbox 125 commit no-such-container
	assert "$stderr" == 'Error: no container with name or ID "no-such-container" found: no such container'
	run_rbox 125 commit -c 'BAD thing' "$C" x
	assert "$stderr" =~ "--change 'BAD thing': 'BAD' is none of CMD, ENTRYPOINT"
	run_rbox 125 commit -f tar "$C"
	run_rbox 125 commit "$C" UPPER
	run_rbox 125 commit "$C" a b
	run_rbox images -aq
	assert "$output" == "$before"
}

@test "tag, untag - names of an image" {
	run_rbox tag "$IMAGE" one:1 registry.example:5000/team/two
	run_rbox run --rm --network none one:1 echo works
	assert "$output" == works
	run_rbox image exists registry.example:5000/team/two:latest
	# a name moves over
	run_rbox image tag localhost/multi:latest one:1
	run_rbox run --rm --network none one:1 cat /etc/image-name
	assert "$output" == multi
	run_rbox 125 untag "$IMAGE" one:1
	assert "$stderr" == "Error: one:1: tag not known"
	run_rbox untag one:1 one:1
	run_rbox 1 image exists one:1
	run_rbox image untag "$IMAGE" registry.example:5000/team/two
	run_rbox 1 image exists registry.example:5000/team/two
	run_rbox images -q "$IMAGE"
	local id=$output
	run_rbox untag "$IMAGE"
	run_rbox 1 image exists "$IMAGE"
	run_rbox tag "$id" busybox
	run_rbox image exists "$IMAGE"
	run_rbox 125 tag "$IMAGE"
	run_rbox 125 tag no-such-image x
	assert "$stderr" == "Error: no-such-image: image not known"
	run_rbox 125 tag "$IMAGE" good UPPER
	run_rbox 1 image exists good
	run_rbox 125 tag "$IMAGE" "x@sha256:$(printf '%064d' 0)"
	assert "$stderr" =~ "tag by digest not supported"
	run_rbox 125 untag
}

# Another image with the same layers was named in the place of the one that the step had made.
@test "commit - the history as podman writes it, and an empty name for none" {
	local step='{{range .History}}<{{.CreatedBy}};{{.Comment}};{{.Author}};{{.EmptyLayer}}>{{end}} {{.Comment}} {{.RepoTags}}'
	run_rbox create --name "$C" "$IMAGE" true
	run_rbox commit -q -a Me "$C" ''
	run_rbox image inspect -f "$step" "$output"
	assert "$output" == "<layer 0 of busybox;;;false><true;FROM $IMAGE;Me;false>  []"
	run_rbox commit -q -s -m "" "$C" squashed
	run_rbox image inspect -f "$step" squashed
	assert "$output" == "<true;FROM $IMAGE;;false> FROM $IMAGE [localhost/squashed:latest]"
	run_rbox commit -q -f docker -m "for you" "$C" docker
	run_rbox image inspect -f "$step" docker
	assert "$output" == "<layer 0 of busybox;;;false><true;for you;;false> for you [localhost/docker:latest]"
	run_rbox rm "$C"
	run_rbox images -q -f dangling=true
	run_rbox rmi squashed docker "$output"
}

@test "history - the id of a step is that of the image it made, not of one with the same layers" {
	local n base own top
	run_rbox images -q "$IMAGE"
	base=$output
	run_rbox create --name "$C" "$IMAGE" true
	for n in 1 2 3; do run_rbox commit -q -c "ENV A=$n" "$C" "other:$n"; done
	run_rbox rm "$C"
	for n in 1 2 3; do
		run_rbox create --name "$C" "other:$n" true
		run_rbox commit -q "$C" "top:$n"
		run_rbox rm "$C"
		run_rbox images -q "other:$n"
		own=$output
		run_rbox images -q "top:$n"
		top=$output
		run_rbox history --format '{{.ID}} {{.Tags}}' "top:$n"
		assert "$output" == "$top [localhost/top:$n]
$own [localhost/other:$n]
$base [$IMAGE]"
	done
	run_rbox rmi top:1 top:2 top:3 other:1 other:2 other:3
}

# Each step loaded and parsed the configs of all images with its layers: 2000 steps took 4 seconds, and 4 MiB
# of them hours. Two images with the same layers, one 10 steps further.
@test "history - thousands of steps that made no layer" {
	local n
	for n in 3000 3010; do
		python3 "$BATS_TEST_DIRNAME/../lib/layered.py" "$D/$n" 0 "$n"
		tar -C "$D/$n" -cf "$D/$n.tar" .
		run_rbox load -q -i "$D/$n.tar"
		run_rbox tag "${output##*Loaded image: }" "steps:$n"
	done
	run_rbox history --format '{{.CreatedBy}} {{.Tags}}' steps:3010
	assert "${#lines[@]}" -eq 3014
	assert "${lines[0]}" =~ '^step 3009 \[.*localhost/steps:3010\]$'
	assert "${lines[10]}" == "step 2999 [localhost/steps:3000]"
	assert "$(grep -v '\[\]$' <<<"$output")" == "${lines[0]}
${lines[10]}"
	assert "${lines[3009]}" == "step 0 []"
	assert "${lines[3010]}" == "layer 3 []"
	assert "${lines[3013]}" == "layer 0 []"
	run_rbox rmi -f steps:3010 steps:3000
	run_rbox images -q -f dangling=true
	assert "$output" == ""
}

@test "history - what an image was made of" {
	run_rbox history --format '{{.ID}} {{.CreatedBy}}' localhost/multi:latest
	assert "${#lines[@]}" -eq 4
	assert "${lines[0]}" =~ "^[0-9a-f]{12} layer 3 of multi\$"
	assert "${lines[1]}" == "<missing> layer 2 of multi"
	# busybox has its lowest layer, and tells otherwise of it
	run_rbox history -q localhost/multi:latest
	assert "${lines[3]}" == "<missing>"
	run_rbox image history --no-trunc --human=false localhost/multi:latest
	assert "${lines[0]}" =~ "^ID +CREATED +CREATED BY +SIZE +COMMENT\$"
	assert "${lines[1]}" =~ "^[0-9a-f]{64}  2023-11-14T22:13:20Z  layer 3 of multi  23 B *\$"
	run_rbox create --name "$C" "$IMAGE" true
	run_rbox commit -q -m "the message" "$C" committed:3
	run_rbox history --format json committed:3
	assert "$(jq -r '.[0] | .CreatedBy, .comment, .tags[0]' <<<"$output")" == "true
the message
localhost/committed:3"
	run_rbox rm "$C"
	run_rbox rmi committed:3
	# Whole seconds and sizes for people, whatever --human says, as podman has it; -q gives way to json.
	run_rbox history --human=false --format '{{.Created}} {{.Size}}' localhost/multi:latest
	assert "${lines[3]}" =~ '^2023-11-14T22:13:20Z [0-9.]+ MB$'
	run_rbox history -q --format json localhost/multi:latest
	assert "$(jq -r '.[0].id, .[2].id' <<<"$output")" == "$(rbox images -q --no-trunc localhost/multi | sed s/sha256://)
<missing>"
	run_rbox 125 history no-such-image
	assert "$stderr" == "Error: no-such-image: image not known"
}
