#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A container that writes 1 GB to its stdout, through run, logs -f and attach, beside podman:
#
#	IMAGES=FOLDER tests/bench/stdout.sh		as an unprivileged user, rbox in PATH
#
# FOLDER is what tests/lib/images.py made. Prints seconds; BYTES and ROUNDS change the size of the work. Interleaved,
# since what else the machine does changes meanwhile; the smallest of the rounds counts.
set -u
bytes=${BYTES:-1000000000}
image=localhost/busybox:latest
line=$(printf '%099d' 0)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
engines=(rbox)
if command -v podman >/dev/null; then
	engines+=("podman --runtime runc --storage-driver overlay --log-level error")
fi

zeros="head -c $bytes /dev/zero"
lines="yes $line | head -c $bytes"

run_null() { $1 run --rm --log-driver k8s-file --network none $image sh -c "$2" >/dev/null; }
run_pipe() { [ "$($1 run --rm --log-driver k8s-file --network none $image sh -c "$2" | wc -c)" -eq "$bytes" ]; }
background() {
	$1 run -d --name stdout-bench --log-driver k8s-file --network none $image \
		sh -c "while [ ! -e /go ]; do sleep 0.01; done; $2" >/dev/null
	"$3" "$1" | wc -c >"$tmp/n" &
	# Until it is attached, which can't be seen from outside; not counted.
	sleep "${READY:-2}"
	begin=$(date +%s%N)
	$1 exec stdout-bench touch /go
	wait
	end=$(date +%s%N)
	$1 rm -f -t 0 stdout-bench >/dev/null
	got=$(cat "$tmp/n")
	[ "$got" -eq "$bytes" ]
}
follow() { $1 logs -f stdout-bench; }
join() { $1 attach --no-stdin stdout-bench; }
logs_f() { background "$1" "$2" follow; }
attach() { background "$1" "$2" join; }

for e in "${engines[@]}"; do
	$e load -q -i "${IMAGES:?}/busybox.tar" >/dev/null
done
printf '%-10s %-6s %-8s %8s  %s\n' way data engine seconds bytes
for way in run_null run_pipe logs_f attach; do
	for data in zeros lines; do
		declare -A best=()
		text=$zeros
		[ $data = zeros ] || text=$lines
		for ((i = 0; i < ${ROUNDS:-3}; i++)); do
			for e in "${engines[@]}"; do
				begin=$(date +%s%N)
				ok=right
				end='' got=''
				$way "$e" "$text" || ok="WRONG: $got"
				took=$(((${end:-$(date +%s%N)} - begin) / 1000000))
				[ "${best[${e%% *}]:-999999}" -le $took ] || best[${e%% *}]=$took
				[ "$ok" = right ] || best[${e%% *}.bad]=$ok
			done
		done
		for e in "${engines[@]}"; do
			ms=${best[${e%% *}]}
			printf '%-10s %-6s %-8s %4d.%03d  %s\n' $way $data "${e%% *}" $((ms / 1000)) $((ms % 1000)) \
				"${best[${e%% *}.bad]:-right}"
		done
		unset best
	done
done
