#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Everyday scripts (side-by-side/NN-*.sh), each run by rbox and by Debian's podman: what they print, exit
# statuses with it, is compared, ids, times and temporary folders made alike. A difference has to be
# explained: NN-*.diff beside the script holds the explanation ("# ..." lines) and the very lines that differ.
# Any other is a failure, and so is an explanation of what doesn't differ any more. SIDE_BY_SIDE: names' start.
set -u
cd "$(dirname "$0")/side-by-side" || exit 2
export LC_ALL=C.UTF-8 I=localhost/busybox:latest
# podman takes no runroot of more than 50 characters.
SHORT=$(mktemp -d /tmp/sbs.XXXXXX)
trap 'unshare --map-auto --map-root-user rm -rf "$SHORT"' EXIT
cat >"$TMPDIR/podman" <<-END
	#!/bin/sh
	XDG_RUNTIME_DIR=$SHORT exec podman --runtime runc --storage-driver overlay --root "$RBOX_T/pod" --runroot "$SHORT/r" "\$@"
END
chmod +x "$TMPDIR/podman"

normal() {
	sed -E -e "s:$TMPDIR/work:WORK:g" -e 's/\b[0-9a-f]{64}\b/ID/g' -e 's/\b[0-9a-f]{12}\b/ID12/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(Z|[+-][0-9:]+( [A-Z]+)?)/TIME/g' \
		-e 's/(Less than a second|About a minute|[0-9]+ (second|minute)s?)( ago)?/AGO/g' -e 's/[ \t]+$//'
}

one() {	# ENGINE SCRIPT
	local E=$1
	export E W=$TMPDIR/work
	rm -rf "$W"
	mkdir -p "$W"
	timeout -k 5 120 bash "$2" 2>"$W.err" </dev/null | normal
	timeout -k 5 60 "$E" rm -f -t 0 -a >/dev/null 2>&1
}

for e in "$RBOX" "$TMPDIR/podman"; do
	"$e" load -q -i "$IMAGES/busybox.tar" >/dev/null 2>"$TMPDIR/err" || { sed "s/^/# /" "$TMPDIR/err"; echo "not ok 1 load by $e"; exit 1; }
done
n=0 bad=0
for s in "${SIDE_BY_SIDE:-}"*.sh; do
	n=$((n + 1)) name=${s%.sh}
	one "$RBOX" "$s" >"$TMPDIR/ours"
	one "$TMPDIR/podman" "$s" >"$TMPDIR/theirs"
	diff "$TMPDIR/theirs" "$TMPDIR/ours" >"$TMPDIR/diff"
	grep -v '^#' "$name.diff" 2>/dev/null >"$TMPDIR/known"
	if cmp -s "$TMPDIR/diff" "$TMPDIR/known"; then
		echo "ok $n $name$([ -s "$TMPDIR/diff" ] && echo " (differs, explained)")"
	else
		bad=$((bad + 1))
		echo "not ok $n $name"
		sed 's/^/# /' "$TMPDIR/diff"
	fi
done
echo "1..$n"
# podman's own helper, which keeps its user namespace
[ ! -f "$SHORT/libpod/tmp/pause.pid" ] || kill "$(cat "$SHORT/libpod/tmp/pause.pid")"
unshare --map-auto --map-root-user rm -rf "$RBOX_T/pod"
((bad == 0))
