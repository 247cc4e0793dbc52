# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What every suite uses. tests/check.sh gives each file its own store and folders
# (XDG_DATA_HOME and friends below $RBOX_T), $IMAGES with the test images (tests/lib/images.py)
# and rbox in PATH. By hand, as an unprivileged user: make bats T=030-run

bats_require_minimum_version 1.5.0

RBOX=${RBOX:-rbox}
# No command of a test takes longer; one that hangs fails with 124.
RBOX_TIMEOUT=${RBOX_TIMEOUT:-60}
export IMAGE=localhost/busybox:latest

# run_rbox [EXPECTED_STATUS] ARGS...: runs rbox and fails unless it ends with EXPECTED_STATUS
# (0 unless given; "?" takes any). Leaves $status, $output (stdout alone), $lines, $stderr.
run_rbox() {
	local want=0
	case ${1:-} in
	[0-9] | [0-9][0-9] | [0-9][0-9][0-9] | '?') want=$1; shift ;;
	esac
	# shellcheck disable=SC2086  # $RBOX may hold words
	run_cmd $RBOX "$@" </dev/null
	check_status "$want"
}

# The same with the text INPUT on stdin: run_rbox_in INPUT [EXPECTED_STATUS] ARGS...
run_rbox_in() {
	local input=$1 want=0
	shift
	case ${1:-} in
	[0-9] | [0-9][0-9] | [0-9][0-9][0-9] | '?') want=$1; shift ;;
	esac
	# shellcheck disable=SC2086
	run_cmd $RBOX "$@" <<<"$input"
	check_status "$want"
}

# Any shell text ($RBOX is known there), for pipes and redirections: run_sh [STATUS] TEXT
run_sh() {
	local want=0
	case ${1:-} in
	[0-9] | [0-9][0-9] | [0-9][0-9][0-9] | '?') want=$1; shift ;;
	esac
	export RBOX IMAGE
	run_cmd bash -c "$1" </dev/null
	check_status "$want"
}

# Into files, not pipes: a process that is left behind must not hold the test up.
run_cmd() {
	COMMAND="$*"
	status=0
	timeout --foreground -k 5 "$RBOX_TIMEOUT" "$@" >"$TMPDIR/.stdout" 2>"$TMPDIR/.stderr" 3>&- || status=$?
	output=$(tr -d '\0' <"$TMPDIR/.stdout")
	stderr=$(tr -d '\0' <"$TMPDIR/.stderr")
	# shellcheck disable=SC2034  # for the tests
	lines=()
	# shellcheck disable=SC2034
	[ -z "$output" ] || mapfile -t lines <<<"$output"
	rm -f "$TMPDIR/.stdout" "$TMPDIR/.stderr"
}

check_status() {
	# shown by bats when the test fails
	echo "\$ $COMMAND"
	[ -z "$output" ] || echo "$output"
	[ -z "$stderr" ] || echo "stderr: $stderr"
	if [ "$1" != '?' ] && [ "$status" -ne "$1" ]; then
		echo "FAILED: it ended with $status, $1 was expected"
		return 1
	fi
}

# assert ACTUAL OP EXPECTED [WHAT]: OP is == != =~ !~ (regular expressions) or -eq -ne -lt -le
# -gt -ge (numbers). Shows both sides when it fails.
assert() {
	local ok=1
	case $2 in
	==) [[ $1 == "$3" ]] || ok= ;;
	!=) [[ $1 != "$3" ]] || ok= ;;
	=~) [[ $1 =~ $3 ]] || ok= ;;
	!~) [[ ! $1 =~ $3 ]] || ok= ;;
	-eq | -ne | -lt | -le | -gt | -ge) test "$1" "$2" "$3" || ok= ;;
	*) echo "assert: no operator is called '$2'"; return 1 ;;
	esac
	[ -n "$ok" ] && return 0
	echo "FAILED${4:+: $4}"
	echo "  is:       $1"
	echo "  expected: $2 $3"
	return 1
}

# A name that no other test has.
safename() {
	echo "t${BATS_SUITE_TEST_NUMBER:-0}-$(printf '%s' "${BATS_TEST_NAME:-x}${RANDOM}" | cksum | cut -d' ' -f1)"
}

# Once per file: puts the image NAME (busybox, multi, configured ...) into the store.
load_image() {
	local name
	for name in "$@"; do
		# shellcheck disable=SC2086
		timeout -k 5 120 $RBOX load -q -i "${IMAGES:?}/$name.tar" >/dev/null || return 1
	done
}

# in_box [FLAG...] -- CMD: sh -c CMD in a container without a network
in_box() {
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	run_rbox run --rm --network none "${flags[@]}" "$IMAGE" sh -c "$2"
}

# refused REGEX FLAG...: such a container is an error of rbox's own, whose message begins so
refused() {
	local words=$1
	shift
	run_rbox 125 run --rm --network none "$@" "$IMAGE" true
	assert "$output" == "" "stdout"
	assert "$stderr" =~ "^Error: $words" "the message"
}

field() {	# CONTAINER FIELD: prints it
	rbox inspect --format "{{$2}}" "$1" </dev/null
}

has() {	# CONTAINER FIELD VALUE
	[ "$(field "$1" "$2")" == "$3" ]
}

# remove_all [-v]: every container, whatever it is: what a failed test left (teardown), or to begin with none
remove_all() {
	# shellcheck disable=SC2086
	timeout 60 $RBOX rm -f -a -t 0 "$@" >/dev/null 2>&1 </dev/null || true
}

# In teardown_file: nothing may be left in the store but images. Each test removes its own.
leak_check() {
	local bad=0 left
	# shellcheck disable=SC2086
	left=$(timeout 60 $RBOX ps -aq </dev/null) || { echo "ps -aq failed" >&2; bad=1; }
	[ -z "$left" ] || { echo "containers left behind: $left" >&2; bad=1; }
	for d in tmp trash; do
		empty_soon "$XDG_DATA_HOME/rbox/$d" || bad=1
	done
	return $bad
}

# A folder of the store becomes empty; the reaper that empties the trash may still be at work.
empty_soon() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ -z "$(ls -A "$1" 2>/dev/null)" ] && return 0
		sleep 0.1
	done
	echo "left in $1: $(ls -A "$1")" >&2
	return 1
}

# wait_for SECONDS CMD...: until CMD succeeds; fails when it never does.
wait_for() {
	local n=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		((n-- > 0)) || { echo "FAILED: never true: $*"; return 1; }
		sleep 0.05
	done
}

if [ -z "${RBOX_T:-}" ]; then
	echo "the suites run by 'make bats' or 'make check' (see HACKING.md)" >&2
	exit 1
fi
