#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 021-layers: an image with everything layers can do to each other (tests/lib/layered.py): its blobs are
# kept byte by byte, and its tree is the one that umoci unpacks.

load helpers

setup_file() {
	export LAYOUT=$TMPDIR/layout
	python3 "$BATS_TEST_DIRNAME/../lib/layered.py" "$LAYOUT" 12
	tar -C "$LAYOUT" -cf "$TMPDIR/layered.tar" .
}

teardown_file() {
	rm -rf "${LAYOUT:?}" "$TMPDIR/layered.tar"
	leak_check
}

STORE() { echo "$XDG_DATA_HOME/rbox"; }
names_in() { find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }

# The merged tree, as overlay shows it, listed in a namespace that maps our ids.
list_store() {
	# shellcheck disable=SC2016
	unshare --map-auto --map-root-user -m bash -c '
		low=$(python3 -c "
import json, sys
i = json.load(open(sys.argv[1]))
print(\":\".join(sys.argv[2] + \"/layers/\" + l[\"key\"][7:] + \"/tree\" for l in reversed(i[\"layers\"])))" "$1" "$2")
		mkdir "$3" && mount -t overlay -o "userxattr,lowerdir=$low" overlay "$3" && python3 "$4" "$3" user.overlay.
	' - "$1" "$(STORE)" "$TMPDIR/merged" "$BATS_TEST_DIRNAME/../lib/treelist.py"
	rmdir "$TMPDIR/merged"
}

list_umoci() {
	# shellcheck disable=SC2016
	unshare --map-auto --map-root-user bash -c '
		umoci unpack --image "$1:latest" "$2" >/dev/null && python3 "$3" "$2/rootfs" && rm -rf "$2"
	' - "$LAYOUT" "$TMPDIR/umoci" "$BATS_TEST_DIRNAME/../lib/treelist.py"
}

# What nobody can know: the time of a folder that no entry names, of the root of a layer that doesn't
# name it; and which name a group of hard links is called by when a layer adds one from below.
comparable() {
	awk -F'\t' -v OFS='\t' '
		$1 == "." || $1 == "none" || $1 ~ /^none\/of/ && $2 == "dir" { $7 = "-" }
		$1 == "bin/x" || $1 == "bin/y" || $1 == "usr/bin/z" || $1 == "bin/lower-link" { $8 = "-" }
		{ print }' "$1"
}

@test "layers - every blob and diffID is right, the tree is umoci's" {
	local image d
	run_rbox load -q -i "$TMPDIR/layered.tar"
	image=$(echo "$(STORE)"/images/*.json)
	for d in "$(STORE)"/blobs/sha256/*; do
		assert "$(sha256sum <"$d" | cut -d' ' -f1)" == "${d##*/}" "the digest of a blob"
		cmp "$d" "$LAYOUT/blobs/sha256/${d##*/}"
	done
	assert "$(names_in "$(STORE)/blobs/sha256" | wc -l)" -eq 6 "four layers, config and manifest"
	list_store "$image" >"$TMPDIR/ours.raw"
	list_umoci >"$TMPDIR/theirs.raw"
	comparable "$TMPDIR/ours.raw" >"$TMPDIR/ours"
	comparable "$TMPDIR/theirs.raw" >"$TMPDIR/theirs"
	assert "$(wc -l <"$TMPDIR/ours")" -gt 3000 "lines"
	diff "$TMPDIR/theirs" "$TMPDIR/ours"
	rm "$TMPDIR"/ours* "$TMPDIR"/theirs*
}

@test "layers - what depends on the layers below is kept by its chainID, once" {
	local before
	before=$(names_in "$(STORE)/layers")
	run_rbox load -q -i "$TMPDIR/layered.tar"
	assert "$(names_in "$(STORE)/layers")" == "$before" "layers after loading again"
	# The second and third layer depend on the first: their folders aren't named by their diffIDs.
	run_sh 'python3 - "$XDG_DATA_HOME"/rbox/images/*.json <<-END
		import json, sys
		for l in json.load(open(sys.argv[1]))["layers"]:
		    print("diff" if l["key"] == l["diffID"] else "chain")
	END'
	assert "$output" == "diff
chain
chain
diff"
	run_rbox rmi localhost/latest
}

# A container that runs rbox has its store on an overlay, unless that is a volume: "Operation not permitted", and
# nobody knew why.
@test "layers - what a layer deletes can't be kept on an overlay, and that is said" {
	local o=$TMPDIR/over
	mkdir -p "$o/lower" "$o/upper" "$o/work" "$o/store"
	# shellcheck disable=SC2016
	run_cmd unshare --map-auto --map-root-user -m bash -c '
		mount -t overlay -o "userxattr,lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" overlay "$1/store" || exit 9
		XDG_DATA_HOME="$1/store" $RBOX load -q -i "$2/busybox.tar" >&2 || exit 8
		XDG_DATA_HOME="$1/store" $RBOX load -q -i "$2/multi.tar"
	' - "$o" "$IMAGES"
	check_status 125
	assert "$output" == ""
	assert "${stderr#*layer * }" == "make the whiteout 'data/.wh.removed': Operation not permitted
  fix: the store lies on an overlay (in a container?), which can't keep what a layer deletes: put it on another file \
system, a volume or a tmpfs, with XDG_DATA_HOME"
	unshare --map-auto --map-root-user rm -rf "$o"
}
