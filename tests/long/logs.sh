#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Logs at length: 8 writers of 100,000 lines each, with the default rotation and with a small one, and a reader
# that follows; every line has to be there once, in each writer's order. LINES_EACH changes the number.
set -u
name=logs-long
n=${LINES_EACH:-100000}
bad=0

one() {
	local out=$TMPDIR/logs-long.out text
	# A write per line: what a program cuts at 4096 bytes would be mixed in the pipe, before rbox sees it.
	# shellcheck disable=SC2016  # the container's shell's
	text='echo ready; while [ ! -e /go ]; do sleep 0.05; done
		for w in 1 2 3 4 5 6 7 8; do
			(i=0; while [ $i -lt '"$n"' ]; do echo "$w $i '$(printf '%060d' 0)'"; i=$((i + 1)); done) &
		done; wait'
	rbox run -d --name $name --log-driver "$1" --log-opt max-size="$2" --network none localhost/busybox:latest \
		sh -c "$text" >/dev/null || return 1
	rbox logs -f $name >"$out" 2>"$out.err" &
	until grep -q ready "$out"; do sleep 0.05; done
	rbox exec $name touch /go
	wait
	sed -i 1d "$out"
	# shellcheck disable=SC2016  # awk's own
	awk -v n="$n" '$2 != seen[$1]++ { print "out of order: " $0; exit 1 }
		END { for (w = 1; w <= 8; w++) if (seen[w] != n) { print w ": " seen[w]; exit 1 } }' "$out" || return 1
	[ ! -s "$out.err" ] || { cat "$out.err"; return 1; }
	rbox rm $name >/dev/null
	rm -f "$out" "$out.err"
}

rbox load -q -i "${IMAGES:?}/busybox.tar" >/dev/null
echo 1..4
i=0
for driver in k8s-file json-file; do
	for size in 10m 4m; do
		i=$((i + 1))
		if one $driver $size; then
			echo "ok $i $driver, $size"
		else
			echo "not ok $i $driver, $size"
			rbox rm -f -t 0 $name
			bad=1
		fi
	done
done
exit $bad
