#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 067-full-disk: a store on a disk without room: every command says so and ends with 125, nothing
# half-made is visible, what makes room works, and with room all works again. The disk is a small
# tmpfs in a mount namespace of the user's own (with one id, as without subordinate ids).
# needs: load run ps rm rmi create start

# shellcheck disable=SC2154,SC2016  # run_rbox sets them; the scripts expand within
load helpers

teardown_file() {
	leak_check
}

# Runs SCRIPT with a store on a tmpfs of SIZE; fill N leaves N KiB of it.
on_disk() {	# SIZE SCRIPT
	mkdir -p "$TMPDIR/small"
	run_cmd unshare --user --map-current-user --mount --keep-caps bash -c '
		fail() { echo "FAILED: $*"; exit 1; }
		expect() {	# STATUS REGEX-OF-STDERR ARGS...
			local want=$1 re=$2 got=0
			shift 2
			$RBOX "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
			[ "$got" = "$want" ] || fail "rbox $*: ended with $got, not $want: $(cat "$T/out" "$T/err")"
			[[ $(cat "$T/err") =~ $re ]] || fail "rbox $*: says $(cat "$T/err"), not $re"
		}
		fill() {
			local left
			rm -f "$D/fill"
			left=$(($(df -k --output=avail "$D" | tail -1) - $1))
			# A sweep at work takes a page, or gives one back: counted again then.
			until head -c "${left}K" /dev/zero >"$D/fill" 2>/dev/null; do
				rm -f "$D/fill"
				left=$(($(df -k --output=avail "$D" | tail -1) - $1))
			done
		}
		strict() {	# the sweep may be at work
			local i
			for ((i = 0; i < 100; i++)); do
				/usr/bin/python3 tests/lib/check-store.py check --strict "$D/rbox" >"$T/bad" && return
				sleep 0.05
			done
			fail "$(cat "$T/bad")"
		}
		T=$TMPDIR D=$TMPDIR/small
		mount -t tmpfs -o "size=$1" tmpfs "$D" && mount --bind /dev/null /etc/subuid &&
			mount --bind /dev/null /etc/subgid || exit 1
		export XDG_DATA_HOME=$D
		'"$2"'
		echo done' - "$1"
	assert "$output $stderr" == "done "
	check_status 0
}

@test "full disk - no store can be made" {
	on_disk 16M '
		fill 0
		expect 125 "No space left on device" images
		fill 8000
		expect 0 "" images'
}

@test "full disk - load fails, shows nothing, and works with room" {
	on_disk 24M '
		expect 0 "" load -q -i "$IMAGES/busybox.tar"
		for left in 0 4 16 64 256; do
			fill $left
			expect 125 "(No space left|space)" load -q -i "$IMAGES/kinds.tar"
			expect 0 "" images -q
			[ "$(wc -l <"$T/out")" = 1 ] || fail "images: $(cat "$T/out")"
			rm "$D/fill"
			expect 0 "" images -q
			strict
		done
		expect 0 "" load -q -i "$IMAGES/kinds.tar"
		expect 0 "" run --rm --network none localhost/kinds cat /etc/image-name
		strict'
}

@test "full disk - a large layer into a small disk" {
	on_disk 4M '
		expect 125 "(No space left|space)" load -q -i "$IMAGES/busybox.tar"
		expect 0 "" images -q
		[ ! -s "$T/out" ] || fail "images: $(cat "$T/out")"
		strict'
}

@test "full disk - run and create fail and leave nothing; rm and rmi make room" {
	on_disk 24M '
		expect 0 "" load -q -i "$IMAGES/busybox.tar"
		expect 0 "" load -q -i "$IMAGES/kinds.tar"
		expect 0 "" create --name kept --network none localhost/busybox true
		fill 0
		expect 125 "No space left on device" run --rm --network none localhost/busybox true
		expect 125 "No space left on device" run --name x --network none localhost/busybox true
		expect 125 "No space left on device" create --name x localhost/busybox true
		expect 125 "No space left on device" start kept
		expect 0 "" ps -aq
		[ "$(wc -l <"$T/out")" = 1 ] || fail "ps: $(cat "$T/out")"
		expect 0 "" rm kept
		expect 0 "" rmi localhost/kinds
		expect 0 "" ps -aq
		[ ! -s "$T/out" ] || fail "ps: $(cat "$T/out")"
		rm "$D/fill"
		strict
		expect 0 "" run --rm --network none localhost/busybox true
		strict'
}

@test "full disk - a container that fills it ends, and its status is known" {
	on_disk 24M '
		expect 0 "" load -q -i "$IMAGES/busybox.tar"
		expect 3 "No space left" run --name full --network none localhost/busybox \
			sh -c "cat /dev/zero >/big; exit 3"
		expect 0 "" ps -a --format "{{.Names}} {{.Status}}"
		[[ $(cat "$T/out") == "full Exited (3)"* ]] || fail "ps: $(cat "$T/out")"
		expect 0 "" rm full
		expect 0 "" run --rm --network none localhost/busybox true
		strict'
}
