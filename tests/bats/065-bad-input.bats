#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 065-bad-input: what is missing, broken or somebody else's: a message that says what, where it can
# a line that mends it, exit status 125, and nothing half-made.
# needs: load run pull ps images

# shellcheck disable=SC2154,SC2030,SC2031,SC2016  # run_rbox sets them; each test is a subshell
load helpers
# shellcheck source=tests/lib/registry.sh
source tests/lib/registry.sh

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

teardown() {
	local r
	for r in "$RBOX_T"/registry-*; do
		[ ! -e "$r/pid" ] || registry_stop "${r##*/registry-}"
	done
}

# In a mount namespace of its own, with FILE hidden by /dev/null: hiding STATUS FILE... -- ARGS...
hiding() {
	local want=$1 script=
	shift
	while [ "$1" != -- ]; do script+="mount --bind /dev/null '$1' && "; shift; done
	shift
	# shellcheck disable=SC2086
	run_cmd unshare --user --map-current-user --mount --keep-caps \
		sh -c "$script"'exec "$@"' sh $RBOX "$@" </dev/null
	check_status "$want"
}

# What the sweep of the last command leaves, once it is done.
clean_soon() {
	wait_for 5 strict || strict
}

strict() {
	run_cmd /usr/bin/python3 tests/lib/check-store.py check --strict --run "$XDG_RUNTIME_DIR/rbox" \
		"$XDG_DATA_HOME/rbox"
	check_status 0
}

# An error, one line of it, perhaps a fix; nothing on stdout.
assert_error() {	# REGEX-OF-MESSAGE [REGEX-OF-FIX]
	assert "$output" == "" "stdout"
	assert "$stderr" =~ $'(^|\n)'"Error: [^"$'\n'"]*$1"
	[ -z "${2:-}" ] || assert "$stderr" =~ $'\n'"  fix: [^"$'\n'"]*$2"
}

# Runs rbox without a variable of the environment or with others: env_rbox STATUS ENV-ARGS... -- ARGS...
env_rbox() {
	local want=$1 words=()
	shift
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	# shellcheck disable=SC2086
	run_cmd env "${words[@]}" $RBOX "$@" </dev/null
	check_status "$want"
}

@test "bad input - an image that is nowhere" {
	run_rbox 125 run --rm --pull=never localhost/no-such-image true
	assert_error "no-such-image"
	run_rbox 125 run --rm localhost/no-such-image true
	assert_error "no-such-image"
	run_rbox 125 create localhost/no-such-image true
	assert_error "no-such-image"
	run_rbox 1 rmi localhost/no-such-image
	assert_error "no-such-image"
	strict
}

@test "bad input - names of images that are none" {
	local bad
	for bad in UPPER/case 'a b' 'x:' 'x@sha256:123' 'http://x' '../x' 'x:-t' ''; do
		run_rbox 125 run --rm --pull=missing "$bad" true
		assert_error ""
		run_rbox 125 pull -q "$bad"
		assert "$stderr" =~ 'Error: '
	done
	strict
}

@test "bad input - a registry that nobody runs" {
	local port
	port=$(registry_free_port)
	run_rbox 125 pull -q --tls-verify=false "127.0.0.1:$port/a/b:c"
	assert_error "127.0.0.1:$port.*([Rr]efused|connect)"
	run_rbox 125 run --rm --tls-verify=false "127.0.0.1:$port/a/b:c" true
	assert_error "127.0.0.1:$port"
	strict
}

@test "bad input - an image the registry doesn't have" {
	registry_start missing
	run_rbox 125 pull -q --tls-verify=false "$REGISTRY/a/b:c"
	assert_error "$REGISTRY/a/b(:c)?"
	run_rbox 125 pull -q --tls-verify=false "$REGISTRY/a/b@sha256:$(printf x | sha256sum | cut -d' ' -f1)"
	assert_error "$REGISTRY/a/b"
	strict
}

# Damages one blob of an image that was pushed: every message names the digest that is not met.
@test "bad input - layers and configs with other bytes than their digests say" {
	local blob layer how
	registry_start damaged
	skopeo copy -q --dest-tls-verify=false "docker-archive:$IMAGES/multi.tar" "docker://$REGISTRY/multi:1"
	layer=$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/multi:1" | jq -r '.layers[2].digest')
	blob=$RBOX_T/registry-damaged/blobs/docker/registry/v2/blobs/sha256/${layer:7:2}/${layer:7}/data
	cp "$blob" "$TMPDIR/good"
	for how in flip shorter longer empty; do
		case $how in
		flip) { head -c 40 "$TMPDIR/good"; printf '\377\376'; tail -c +43 "$TMPDIR/good"; } >"$blob" ;;
		shorter) head -c -7 "$TMPDIR/good" >"$blob" ;;
		longer) { cat "$TMPDIR/good"; echo more; } >"$blob" ;;
		empty) : >"$blob" ;;
		esac
		run_rbox 125 pull -q --tls-verify=false "$REGISTRY/multi:1"
		assert_error "${layer:7:12}"
		run_rbox images -q --no-trunc
		assert "${#lines[@]}" -eq 1 "only busybox is there ($how)"
		clean_soon
	done
	cp "$TMPDIR/good" "$blob"
	run_rbox pull -q --tls-verify=false "$REGISTRY/multi:1"
	run_rbox run --rm "$REGISTRY/multi:1" cat /etc/image-name
	assert "$output" == "multi"
	run_rbox rmi "$REGISTRY/multi:1"
	clean_soon
}

@test "bad input - archives cut short, of nothing, and of something else" {
	local size at
	size=$(stat -c %s "$IMAGES/multi.tar")
	for at in 0 1 511 512 5000 $((size / 2)) $((size - 20000)); do
		head -c "$at" "$IMAGES/multi.tar" >"$TMPDIR/cut.tar"
		run_rbox 125 load -q -i "$TMPDIR/cut.tar"
		assert_error "load '$TMPDIR/cut.tar'"
		clean_soon
	done
	printf 'just text\n' >"$TMPDIR/text"
	run_rbox 125 load -q -i "$TMPDIR/text"
	assert_error "load '$TMPDIR/text': payload does not match any of the supported image formats: the archive ends"
	tar -C "$TMPDIR" -cf "$TMPDIR/other.tar" text
	run_rbox 125 load -q -i "$TMPDIR/other.tar"
	assert_error "load '$TMPDIR/other.tar': payload does not match any of the supported image formats: neither"
	rm "$TMPDIR/other.tar"
	run_rbox 125 load -q -i "$TMPDIR"
	assert_error "$TMPDIR"
	run_rbox 125 load -q -i "$TMPDIR/not-there"
	assert_error "not-there.*No such file"
	run_rbox images -q
	assert "${#lines[@]}" -eq 1 "only busybox is there"
	strict
}

@test "bad input - newuidmap or newgidmap is missing" {
	hiding 125 /usr/bin/newuidmap -- run --rm "$IMAGE" true
	assert_error "newuidmap" "apt install uidmap"
	hiding 125 /usr/bin/newgidmap -- run --rm "$IMAGE" true
	assert_error "newgidmap" "apt install uidmap"
	hiding 125 /usr/bin/newuidmap -- load -q -i "$IMAGES/multi.tar"
	assert_error "newuidmap" "apt install uidmap"
	run_rbox ps -aq
	assert "$output" == "" "containers left"
	clean_soon
}

@test "bad input - no subordinate ids: one id, and what differs is said" {
	hiding 0 /etc/subuid /etc/subgid -- run --rm "$IMAGE" sh -c 'id -u; echo x >/file; ls -ln /file | cut -c1-25'
	assert "${lines[0]}" == 0
	assert "$stderr" =~ "WARN: .*subordinate"
	clean_soon
}

@test "bad input - slirp4netns is missing" {
	hiding 125 "$(command -v slirp4netns)" /etc/subuid /etc/subgid -- run --rm "$IMAGE" true
	assert_error "slirp4netns" "slirp4netns"
	hiding 0 "$(command -v slirp4netns)" /etc/subuid /etc/subgid -- run --rm --network none "$IMAGE" echo none
	assert "$output" == none
	run_rbox ps -aq
	assert "$output" == "" "containers left"
	clean_soon
}

@test "bad input - HOME unset, empty, relative, not there" {
	env_rbox 0 -u HOME -- images -q
	env_rbox 0 -u HOME -u XDG_DATA_HOME XDG_DATA_HOME="$XDG_DATA_HOME" -- run --rm "$IMAGE" echo hi
	assert "$output" == "hi"
	# The home of passwd is not asked for its content here: only that it isn't the caller's folder.
	env_rbox '?' -u HOME -u XDG_DATA_HOME XDG_CACHE_HOME=relative -- images -q
	env_rbox 125 -u XDG_DATA_HOME HOME=/proc/nowhere -- images -q
	assert_error "/proc/nowhere/.local/share/rbox" "XDG_DATA_HOME"
	[ ! -e .local ]
}

@test "bad input - a store of somebody else" {
	# /etc belongs to root: what `sudo -E` or a HOME kept by su looks like from the other side.
	env_rbox 125 XDG_DATA_HOME=/usr -- images
	assert_error "/usr/rbox" "."
	mkdir "$TMPDIR/other"
	ln -s /usr/share "$TMPDIR/other/rbox"
	env_rbox 125 XDG_DATA_HOME="$TMPDIR/other" -- images
	assert_error "belongs to uid 0, not to you \(uid $(id -u)\)" "run rbox as its owner"
	[ ! -e /usr/share/version ]
}

@test "bad input - a store of a newer rbox, and one whose format is nonsense" {
	mkdir -p "$TMPDIR/newer/rbox"
	echo 2 >"$TMPDIR/newer/rbox/version"
	env_rbox 125 XDG_DATA_HOME="$TMPDIR/newer" -- images
	assert_error "format 2, this rbox knows up to 1" "newer rbox"
	assert "$(ls -A "$TMPDIR/newer/rbox")" == "version" "nothing was made in it"
	echo nonsense >"$TMPDIR/newer/rbox/version"
	env_rbox 125 XDG_DATA_HOME="$TMPDIR/newer" -- images
	assert_error "holds no format number"
}

@test "bad input - XDG_RUNTIME_DIR unset, not there, not ours, not writable: it works" {
	local d
	env_rbox 0 -u XDG_RUNTIME_DIR -- run --rm "$IMAGE" echo unset
	assert "$output" == "unset"
	mkdir -m 0500 "$TMPDIR/closed"
	for d in "$TMPDIR/none" /usr "$TMPDIR/closed" relative ''; do
		env_rbox 0 XDG_RUNTIME_DIR="$d" -- run --rm "$IMAGE" echo "with $d"
		assert "$output" == "with $d"
	done
	chmod 0700 "$TMPDIR/closed"
	# Longer than a socket's name may be (108 bytes).
	d=$TMPDIR/$(printf '%0100d' 0)
	mkdir -m 0700 "$d"
	env_rbox 0 XDG_RUNTIME_DIR="$d" -- run --rm "$IMAGE" echo long
	assert "$output" == "long"
	strict
}

@test "bad input - a container's record that is damaged is named and stops no other command" {
	local name id
	name=$(safename)
	run_rbox create --name "$name" "$IMAGE" true
	id=$output
	echo '{"Id": 1' >"$XDG_DATA_HOME/rbox/containers/$id/config.json"
	run_rbox '?' inspect "$name"
	assert "$status" -ne 0
	assert "$stderr" =~ "Error: .*${id:0:12}.*config.json"
	run_rbox run --rm "$IMAGE" echo other
	assert "$output" == "other"
	run_rbox ps -a
	run_rbox images
	run_rbox '?' rm -f "$name"
	rm -rf "$XDG_DATA_HOME/rbox/containers/$id" "$XDG_DATA_HOME/rbox/names/$name"
	strict
}

@test "bad input - an image's record that is damaged is named and stops no other command" {
	run_rbox load -q -i "$IMAGES/empty.tar"
	run_rbox images -q --no-trunc localhost/empty
	local id=${output#sha256:}
	printf 'junk' >"$XDG_DATA_HOME/rbox/images/$id.json"
	run_rbox '?' images
	assert "$output" =~ busybox
	run_rbox run --rm "$IMAGE" echo other
	assert "$output" == "other"
	run_rbox 125 run --rm localhost/empty true
	# loading it again mends it
	run_rbox load -q -i "$IMAGES/empty.tar"
	run_rbox images -q --no-trunc localhost/empty
	assert "${output#sha256:}" == "$id"
	run_rbox rmi localhost/empty
	rm -rf "$XDG_DATA_HOME"/rbox/quarantine/*
	clean_soon
}

# A disk that was full has cut config.json off: nothing but rm -f could help, and it said "not valid JSON" itself.
wreck() {	# NAME
	run_rbox inspect --format '{{.Id}}' "$1"
	head -c 300 "$XDG_DATA_HOME/rbox/containers/$output/config.json" >"$TMPDIR/cut"
	cp "$TMPDIR/cut" "$XDG_DATA_HOME/rbox/containers/$output/config.json"
}

@test "bad input - a container whose config.json is broken: every command says what helps, and rm -f does" {
	local id
	run_rbox create --name broken --network none "$IMAGE" true
	id=$output
	wreck broken
	for command in start stop rm; do
		run_rbox 125 "$command" broken
		assert_error "not valid JSON" "rbox rm -f broken"
	done
	run_rbox rm -f broken
	assert "$output" == broken
	assert "$stderr" =~ "container ${id:0:12}: its config.json could not be read"
	run_rbox 1 container exists "$id"
	[ ! -L "$XDG_DATA_HOME/rbox/names/broken" ]
}

@test "bad input - rm -f of a broken container that runs ends it; rm -fa and prune go on with the others" {
	local broken well pid
	run_rbox run -d --name broken --restart always --network none "$IMAGE" sleep 1000
	broken=$output
	run_rbox create --name well --network none "$IMAGE" true
	well=$output
	run_rbox inspect --format '{{.State.Pid}}' broken
	pid=$output
	wreck broken
	# what can be pruned is, and the rest is told of
	run_rbox 125 container prune -f
	assert "$output" == "$well"
	assert "$stderr" =~ "not valid JSON"
	assert "$stderr" =~ "fix: rbox rm -f broken"
	run_rbox create --name well --network none "$IMAGE" true
	well=$output
	run_rbox rm -f -a -t 0
	assert "$output" =~ "$broken"
	assert "$output" =~ "$well"
	[ ! -e "/proc/$pid/ns/pid" ] || ! grep -q sleep "/proc/$pid/cmdline"
	run_rbox ps -aq
	assert "$output" == ""
}

@test "bad input - rm -f of one whose state.json is broken too: its monitor ends it" {
	local id
	run_rbox run -d --name broken --network none "$IMAGE" sleep 1000
	wreck broken
	id=$(readlink "$XDG_DATA_HOME/rbox/names/broken")
	id=${id##*/}
	echo '{' >"$XDG_DATA_HOME/rbox/containers/$id/state.json"
	run_rbox rm -f broken
	run_rbox ps -aq
	assert "$output" == ""
}

@test "bad input - podman's other transports aren't names of images: nobody asks a registry for a file" {
	local kind
	for kind in docker-archive oci-archive; do
		run_rbox 125 pull "$kind:x.tar"
		assert_error "rbox has no transport '$kind' yet" "rbox load -i x.tar"
		run_rbox 125 run --rm "$kind:x.tar:name" true
		assert_error "rbox has no transport '$kind' yet" "rbox load -i x.tar"
		run_rbox 125 create --pull always "$kind:/tmp/x.tar" true
		assert_error "rbox has no transport '$kind' yet" "rbox load -i /tmp/x.tar"
	done
	for kind in oci dir docker-daemon containers-storage; do
		run_rbox 125 pull "$kind:x"
		assert_error "rbox has no transport '$kind' yet" "skopeo copy $kind:x docker-archive:x.tar"
	done
	# "dir" and "oci" can be names of images of our own
	run_rbox tag "$IMAGE" localhost/oci:latest
	run_rbox run --rm --network none oci:latest echo ours
	assert "$output" == ours
	run_rbox rmi localhost/oci:latest
}

@test "bad input - a time to stop in that is no time" {
	run_rbox create --name t --network none "$IMAGE" true
	for args in "stop --time=-5" "stop -t -2" "stop --timeout=-5" "restart -t -7" "restart --time=-2" \
		"rm -f -t -5" "rm -f --time=-5" "rm -f --timeout -2" "volume rm -f -t -5"; do
		# shellcheck disable=SC2086
		run_rbox 125 $args t
		assert_error "invalid --time -[0-9]+: seconds are wanted, or -1 to wait for ever"
	done
	run_rbox stop -t -1 t
	run_rbox rm t
}
