#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 100 execs at once in one container: each ends with its own status and says its own words, and no session stays.
# AT_ONCE changes the number.
set -u
n=${AT_ONCE:-100}
name=exec-100
out=$TMPDIR/$name
bad=0 count=0

say() {	# STATUS WORDS
	count=$((count + 1))
	[ "$1" -eq 0 ] || { bad=1; echo -n 'not '; }
	echo "ok $count $2"
}

# all FLAGS...: they run at once. None ends before all are there, so that all hold a session at the same time.
all() {
	local i rc pids=() wrong=0
	rbox exec $name rm -rf /here
	rbox exec $name mkdir /here
	for ((i = 1; i <= n; i++)); do
		# shellcheck disable=SC2016  # the container's shell
		rbox exec "$@" $name sh -c 'echo "$0"; : >"/here/$0"
			while [ "$(ls /here | wc -l)" -lt "$1" ]; do sleep 0.2; done; exit $(($0 % 100))' "$i" "$n" \
			</dev/null >"$out.$i" 2>"$out.$i.err" &
		pids+=($!)
	done
	for ((i = 1; i <= n; i++)); do
		rc=0
		wait "${pids[i - 1]}" || rc=$?
		if [ $rc -ne $((i % 100)) ] || [ "$(tr -d '\r' <"$out.$i")" != "$i" ] || [ -s "$out.$i.err" ]; then
			echo "# exec $i ended with $rc: $(head -c 200 "$out.$i" "$out.$i.err" | tr '\n' ' ')"
			wrong=1
		fi
		rm -f "$out.$i" "$out.$i.err"
	done
	return $wrong
}

# What is left of them: sessions by inspect, and by the container's folder; processes.
nothing_left() {
	local dir
	dir=$XDG_DATA_HOME/rbox/containers/$(rbox inspect --format '{{.Id}}' $name)
	[ "$(rbox inspect --format '{{len .ExecIDs}}' $name)" -eq 0 ] && [ -z "$(ls -A "$dir/exec" 2>/dev/null)" ] &&
		[ "$(rbox top $name pid | wc -l)" -eq 2 ]
}

settled() {
	local i
	for ((i = 0; i < 200; i++)); do
		nothing_left && return 0
		sleep 0.1
	done
	return 1
}

rbox load -q -i "${IMAGES:?}/busybox.tar" >/dev/null
rbox run -d --name $name --network none localhost/busybox:latest sleep 100000 >/dev/null
echo 1..6
all
say $? "$n at once: statuses and words"
settled
say $? "no session is left"
all -t
say $? "$n at once, each with a terminal"
settled
say $? "no session is left"
all -i
say $? "$n at once, with stdin"
settled
say $? "no session is left"
rbox rm -f -t 0 $name >/dev/null
exit $bad
