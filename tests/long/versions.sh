#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A container that an older rbox started (RBOX_OLD; check.sh builds it from OLD_REV) is reached, stopped,
# started again and removed by this one, and the other way round.
set -u
[ -x "${RBOX_OLD:-}" ] || { echo "not ok 1 RBOX_OLD names no program: '${RBOX_OLD:-}'"; exit 1; }
n=0 bad=0
I=localhost/busybox:latest
is() {	# WHAT WANTED GOT
	n=$((n + 1))
	if [ "$2" = "$3" ]; then echo "ok $n $1"; else bad=1; echo "not ok $n $1: '$3', not '$2'"; fi
}
both() {	# MAKER USER NAMES
	local a=$1 b=$2 w=$3
	is "$w: run" 64 "$("$a" run -d --name v --network none "$I" sh -c 'trap "exit 5" TERM; echo hello; while :; do sleep 0.05; done' | tr -d '\n' | wc -c)"
	for ((i = 0; i < 200; i++)); do
		[ "$("$b" logs v)" = hello ] && break
		sleep 0.05
	done
	is "$w: logs" hello "$("$b" logs v)"
	is "$w: ps" "v running" "$("$b" ps --format '{{.Names}} {{.State}}')"
	is "$w: inspect" true "$("$b" inspect --format '{{.State.Running}}' v)"
	is "$w: exec" in "$("$b" exec v echo in)"
	is "$w: exec -i" typed "$(echo typed | "$b" exec -i v cat)"
	is "$w: stop" v "$("$b" stop v)"
	is "$w: its exit code" 5 "$("$b" inspect --format '{{.State.ExitCode}}' v)"
	is "$w: start" v "$("$b" start v)"
	is "$w: kill by its maker" v "$("$a" kill v)"
	is "$w: wait" 137 "$("$b" wait v)"
	is "$w: rm" v "$("$b" rm v)"
	is "$w: nothing is left" "" "$("$a" ps -aq)"
}
"$RBOX_OLD" load -q -i "$IMAGES/busybox.tar" >/dev/null || exit 1
both "$RBOX_OLD" "$RBOX" "made by the old, used by the new"
both "$RBOX" "$RBOX_OLD" "made by the new, used by the old"
echo "1..$n"
exit $bad
