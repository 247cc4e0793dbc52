#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 060-hostile: archives that mean harm (tests/lib/hostile.py), by load, import and pull. Whatever comes
# of them, nothing outside the store changes, nothing is left half made, and the verdict is the one
# that the list says.

load helpers

setup_file() {
	export CANARY=$TMPDIR/canary HOSTILE=$TMPDIR/hostile
	mkdir -p "$CANARY/folder" "$HOSTILE"
	echo keep >"$CANARY/keep"
	chmod 0666 "$CANARY/keep"
	ln -s keep "$CANARY/link"
	python3 "$BATS_TEST_DIRNAME/../lib/hostile.py" "$HOSTILE" "$CANARY"
	python3 "$BATS_TEST_DIRNAME/../lib/oci-serve.py" "$HOSTILE" "$TMPDIR/port" 3>&- &
	wait_for 10 test -s "$TMPDIR/port"
	canary >"$TMPDIR/canary.before"
}

teardown_file() {
	rm -rf "${HOSTILE:?}" "${CANARY:?}" "$TMPDIR/canary.before" "$TMPDIR/port"
	leak_check
}

# Everything about the canary but the times of reading it.
canary() {
	find "$CANARY" -printf '%P %y %m %U:%G %n %s %T@ %C@ %l\n' | sort
	cat "$CANARY/keep"
}

canary_sings() {
	assert "$(canary)" == "$(cat "$TMPDIR/canary.before")" "the canary"
}

# all HOW FUNCTION: runs FUNCTION NAME for each case that HOW applies to.
all() {
	local name verdict how rc n=0 bad=0
	while read -r name verdict how; do
		[[ " $how " == *" $1 "* ]] || continue
		rc=0
		n=$((n + 1))
		"$2" "$name" >"$TMPDIR/said" 2>&1 || rc=$?
		case $rc:$verdict in
		0:ok) ;;
		125:refuse)
			grep -q '^Error: ' "$TMPDIR/said" || { echo "$name: refused without a word"; bad=1; }
			;;
		*)
			echo "FAILED: $name: not $verdict"
			cat "$TMPDIR/said"
			bad=1
			;;
		esac
		canary_sings || { echo "FAILED: $name"; bad=1; }
	done <"$HOSTILE/list"
	rm "$TMPDIR/said"
	assert $n -ge 60 "cases"
	empty_soon "$XDG_DATA_HOME/rbox/tmp" || bad=1
	return $bad
}

# shellcheck disable=SC2086  # $RBOX may hold words
by_load() { timeout 60 $RBOX load -q -i "$HOSTILE/$1.docker.tar"; }
# shellcheck disable=SC2086
by_import() { timeout 60 $RBOX import -q "$HOSTILE/$1.tar"; }
# shellcheck disable=SC2086
by_pull() { timeout 60 $RBOX pull -q --tls-verify=false "127.0.0.1:$(cat "$TMPDIR/port")/$1"; }

@test "hostile - by load" {
	all load by_load
}

@test "hostile - by import" {
	all import by_import
}

@test "hostile - by pull" {
	all pull by_pull
}

@test "hostile - names in an archive can't leave refs/" {
	run_rbox 0 images --format '{{.Repository}}'
	assert "$output" !~ '\.\.' "names"
	# Nothing but the store was written to, below the folders that are ours.
	run_sh 'find "$XDG_DATA_HOME" -newer "$TMPDIR/canary.before" -not -path "$XDG_DATA_HOME/rbox*" -type f'
	assert "$output" == ""
}

@test "hostile - what they left is removed with them" {
	run_sh '$RBOX images -q --no-trunc | sort -u | xargs -r $RBOX rmi -f >/dev/null; $RBOX images -q'
	assert "$output" == ""
	canary_sings
}
