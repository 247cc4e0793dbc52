#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the tests and adds them up.
#
#   tests/check.sh check            lint, unit tests, suites, short fuzzing   (make check)
#   tests/check.sh asan             unit tests and suites with ASan and UBSan (make asan)
#   tests/check.sh long             tests/long, FUZZ_SECONDS (300) a fuzzer, bench (make check-long)
#   tests/check.sh long NAME...     those of tests/long whose names start so, and nothing else
#   tests/check.sh bats [FILE...]   suites alone, by the start of their names (make bats T=030)
#   tests/check.sh vm [FILE...]     those that run in a virtual machine (make vm T=cgroup)
#   tests/check.sh unit             unit tests alone, as the unprivileged user
#   tests/check.sh summary FILE     the last lines of .ci/run
#
# The suites run as an unprivileged user: the caller, or, when that is root, the user rboxtest,
# which is made. What they run is installed into a temporary folder that this user can read,
# since a checkout may lie below a 0700 folder. Each part's time is printed; the last line is
# "N passed, N failed", and the exit status is 1 when anything failed.
# RBOX_TALLY=file: the counts are added to that file too.

set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 2
JOBS=${JOBS:-$(nproc)}
TEST_USER=rboxtest
GOALS=(all unit-bin)
T='' PASSED=0 FAILED=0
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

add() {	# PART PASSED FAILED SECONDS
	PASSED=$((PASSED + $2))
	FAILED=$((FAILED + $3))
	printf '%-28s %5d passed %4d failed %5d s\n' "$1" "$2" "$3" "$4" | tee -a "$T/parts"
	[ -z "${RBOX_TALLY:-}" ] || printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$RBOX_TALLY"
}

# part NAME CMD...: something that passes or fails as a whole and holds no tests of its own:
# it adds nothing when it passes, and one failure when it fails.
part() {
	local name=$1 start=$SECONDS rc=0
	shift
	echo "==== $name"
	"$@" || rc=$?
	if [ $rc -eq 0 ]; then add "$name" 0 0 $((SECONDS - start)); else add "$name" 0 1 $((SECONDS - start)); fi
	return $rc
}

cleanup() {
	[ -n "$T" ] || return
	# What containers wrote belongs to subordinate ids: root may remove it, a user in a
	# namespace that maps them.
	rm -rf "$T" 2>/dev/null || unshare --map-auto --map-root-user rm -rf "$T"
}

# The user that runs the tests, his folder, and what he runs.
set_up() {
	local dev
	T=$(mktemp -d "/var/tmp/rbox-check.XXXXXX")
	trap cleanup EXIT
	trap 'exit 130' INT TERM
	chmod 0755 "$T"
	: >"$T/parts"
	if [ "$(id -u)" -eq 0 ]; then
		if ! id "$TEST_USER" >/dev/null 2>&1; then
			echo "Making the user $TEST_USER for the tests (undo: userdel -r $TEST_USER)"
			useradd -m -s /bin/bash "$TEST_USER" || exit 2
		fi
		# What udev gives everyone; a machine without udev may have them for root alone.
		for dev in /dev/net/tun /dev/fuse; do
			if [ ! -c "$dev" ] || [ "$(stat -c %a "$dev")" = 666 ]; then continue; fi
			echo "Opening $dev to users, as udev does (undo: chmod $(stat -c %a "$dev") $dev)"
			chmod 0666 "$dev"
		done
	else
		TEST_USER=$(id -un)
	fi
	mkdir -p "$T/src" "$T/w" "$T/images" "$T/home"
	mkdir -p "$T/src/contrib"
	cp -r tests "$T/src/"
	cp -r contrib/compat contrib/shims "$T/src/contrib/"
	chmod -R a+rX "$T/src"
	[ "$(id -u)" -ne 0 ] || chown "$TEST_USER:" "$T/w" "$T/home"
}

# as_user VAR=VALUE... CMD...: nothing of the caller's environment gets through.
as_user() {
	local drop=()
	[ "$(id -u)" -ne 0 ] ||
		drop=(setpriv --reuid "$TEST_USER" --regid "$TEST_USER" --init-groups --inh-caps=-all)
	(cd "$T/src" && exec "${drop[@]}" env -i HOME="$T/home" USER="$TEST_USER" LOGNAME="$TEST_USER" \
		SHELL=/bin/bash LANG=C.UTF-8 TERM=dumb \
		PATH="$T/inst/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" "$@")
}

install_it() {
	make -s install B="$B" PREFIX="$T/inst" DESTDIR= && chmod -R a+rX "$T/inst"
}

# What is installed goes, all of it, and nothing else.
check_uninstall() {
	local d=$T/dest
	mkdir -p "$d/usr/bin" && echo mine >"$d/usr/bin/mine" &&
		make -s install B="$B" DESTDIR="$d" PREFIX=/usr && [ -x "$d/usr/bin/rbox" ] &&
		make -s uninstall B="$B" DESTDIR="$d" PREFIX=/usr || return 1
	[ "$(find "$d" -not -type d -printf '%P ')" = 'usr/bin/mine ' ] && return 0
	echo "left behind, or gone too much:"
	find "$d" -not -type d
	return 1
}

make_images() {
	contrib/busybox "$T/busybox" &&
		gcc -static -O2 -Wall -Werror -D_GNU_SOURCE -o "$T/probe" tests/lib/probe.c &&
		/usr/bin/python3 tests/lib/images.py "$T/images" "$T/busybox" "$T/probe" >"$T/images/list" &&
		chmod -R a+rX "$T/images" "$T/busybox" "$T/probe"
}

# One program of the unit tests; writes $T/w/unit-NAME.{tap,rc}.
run_one_unit() {	# NAME
	local t=$1 out=$T/w/unit-$1.tap rc=0
	mkdir -p "$T/w/unit-$t"
	[ "$(id -u)" -ne 0 ] || chown "$TEST_USER:" "$T/w/unit-$t"
	as_user CMOCKA_MESSAGE_OUTPUT=TAP TMPDIR="$T/w/unit-$t" UBSAN_OPTIONS=print_stacktrace=1 \
		timeout -k 5 "${UNIT_TIMEOUT:-600}" "$T/unit/$t" >"$out" 2>&1 </dev/null || rc=$?
	# What only root can set up skips itself for a user: those programs run as root as well.
	if grep -q '# SKIP' "$out" && [ "$(id -u)" -eq 0 ]; then
		rc=0
		(cd "$T/src" && CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${UNIT_TIMEOUT:-600}" "$T/unit/$t" \
			>"$out" 2>&1 </dev/null) || rc=$?
	fi
	echo $rc >"$T/w/unit-$t.rc"
}

# The unit tests: programs that print TAP. A plan not fulfilled (a crash) is a failure.
run_unit() {	# LABEL
	local start=$SECONDS t out rc ok bad plan left pass=0 fail=0 names=()
	echo "==== $1"
	mkdir -p "$T/unit"
	cp "$B"/unit/* "$T/unit/" 2>/dev/null
	rm -f "$T"/unit/*.d
	chmod -R a+rX "$T/unit"
	for t in tests/unit/*.c; do
		[ -e "$t" ] && names+=("$(basename "$t" .c)")
	done
	for t in "${names[@]}"; do
		while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
		run_one_unit "$t" &
	done
	wait
	for t in "${names[@]}"; do
		out=$T/w/unit-$t.tap
		rc=$(cat "$T/w/unit-$t.rc")
		ok=$(grep -c '^ok ' "$out")
		bad=$(grep -c '^not ok ' "$out")
		plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
		# What only root can set up is named to a plain user, and fails for root: CI runs it.
		left=0
		if [ "$(id -u)" -ne 0 ]; then
			left=$(grep -c '^not ok .*# SKIP' "$out")
			bad=$((bad - left)) plan=$((plan - left))
			sed -n 's/^not ok .*# SKIP/---- needs root, not run:/p' "$out"
		fi
		# died on the way, or failed without saying which
		if ((ok + bad < plan)); then bad=$((plan - ok)); fi
		if ((left && rc <= left)); then rc=0; fi
		if ((rc != 0 && bad == 0)); then bad=1; fi
		if ((ok == 0 && bad == 0)); then bad=1; fi
		if ((bad)); then
			echo "---- unit test $t: $bad failed, ended with $rc"
			grep -v '^ok ' "$out" | tail -60
		fi
		pass=$((pass + ok)) fail=$((fail + bad))
	done
	add "$1" $pass $fail $((SECONDS - start))
}

# suite_env NAME CMD...: as the user, in folders and a store of NAME's own.
suite_env() {
	local d=$T/w/$1
	shift
	mkdir -p "$d"/{data,run,cache,config,tmp,home,asan}
	chmod 0755 "$d" "$d/home"
	chmod 0700 "$d/run"
	[ "$(id -u)" -ne 0 ] || chown -R "$TEST_USER:" "$d"
	as_user HOME="$d/home" XDG_DATA_HOME="$d/data" XDG_RUNTIME_DIR="$d/run" XDG_CACHE_HOME="$d/cache" \
		XDG_CONFIG_HOME="$d/config" TMPDIR="$d/tmp" RBOX_T="$d" IMAGES="$T/images" \
		PROBE="$T/probe" BUSYBOX="$T/busybox" RBOX="${RBOX:-rbox}" RBOX_SANITIZED="${SAN:-}" \
		COMPAT_ONLY="${COMPAT_ONLY:-}" COMPAT_SECONDS="${COMPAT_SECONDS:-}" COMPAT_CACHE="${COMPAT_CACHE:-}" \
		COMPAT_OUT="${COMPAT_OUT:-}" COMPAT_SUITES="${COMPAT_SUITES:-}" RBOX_OLD="${RBOX_OLD:-}" \
		ASAN_OPTIONS="exitcode=99:log_path=$d/asan/report" LSAN_OPTIONS="exitcode=99" \
		UBSAN_OPTIONS="print_stacktrace=1:log_path=$d/asan/report" "$@"
}

# One suite. Writes $T/w/NAME.{tap,rc}.
run_suite() {
	local name=$1 rc=0 start=$SECONDS
	suite_env "$name" /usr/bin/python3 tests/lib/leaks.py timeout -k 10 "${SUITE_TIMEOUT:-900}" \
		bats --tap "tests/bats/$name.bats" >"$T/w/$name.tap" 2>&1 </dev/null || rc=$?
	echo "$rc $((SECONDS - start))" >"$T/w/$name.rc"
}

# Adds up one suite's TAP: "ok" lines, "not ok" lines, tests that never ran, skips (a skip
# hides a failure and counts as one), and what leaks.py said.
count_suite() {
	local out=$T/w/$1.tap rc secs ok bad plan skip
	read -r rc secs <"$T/w/$1.rc"
	skip=$(grep -cE '^ok .*# skip' "$out")
	ok=$(grep -cE '^ok ' "$out")
	ok=$((ok - skip))
	bad=$(($(grep -c '^not ok ' "$out") + skip))
	# of more than one file: each has a plan
	plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$out" | awk '{n += $1} END {print n ? n : 1}')
	if ((ok + bad < plan)); then bad=$((plan - ok)); fi
	if ((rc != 0 && (bad == 0 || rc == 97))); then bad=$((bad + 1)); fi
	# what a sanitizer found in a process whose stderr nobody reads
	if [ -n "$(ls -A "$T/w/$1/asan")" ]; then
		echo "---- suite $1: sanitizers' reports"
		head -qn 60 "$T/w/$1"/asan/*
		bad=$((bad + 1))
	fi
	if ((bad)); then
		echo "---- suite $1: $bad failed, ended with $rc"
		grep -vE '^ok .*' "$out" | grep -vE '^1\.\.[0-9]+$'
		grep -E '^ok .*# skip' "$out"
	fi
	add "suite $1${2:-}" "$ok" "$bad" "$secs"
}

run_suites() {	# SUFFIX [PREFIX-OF-NAME...]
	local suffix=$1 f name want n=0
	shift
	echo "==== suites$suffix"
	local names=()
	for f in "$T"/src/tests/bats/[0-9]*.bats; do
		[ -e "$f" ] || continue
		name=$(basename "$f" .bats)
		if (($#)); then
			for want in "$@"; do
				[[ $name == "$want"* ]] && { names+=("$name"); break; }
			done
		else
			names+=("$name")
		fi
	done
	((${#names[@]})) || { echo "no suite matches: $*"; add "suites$suffix" 0 1 0; return; }
	for name in "${names[@]}"; do
		while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
		run_suite "$name" &
		n=$((n + 1))
	done
	wait
	for name in "${names[@]}"; do count_suite "$name" "$suffix"; done
}

# Every fuzzer, from its corpus, for SECONDS each; one that finds something shows it.
run_fuzz() {	# SECONDS
	local secs=$1 start=$SECONDS src n pass=0 fail=0
	echo "==== fuzzers, $secs s each"
	make -s -j"$JOBS" B="$B" fuzz-bin || { add fuzzers 0 1 $((SECONDS - start)); return; }
	for src in tests/fuzz/*.c; do
		n=$(basename "$src" .c)
		while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
		make -s B="$B" FUZZ_SECONDS="$secs" "fuzz-$n" >"$T/w/fuzz-$n" 2>&1 || touch "$T/w/fuzz-$n.bad" &
	done
	wait
	for src in tests/fuzz/*.c; do
		n=$(basename "$src" .c)
		[ -e "$T/w/fuzz-$n.bad" ] || { pass=$((pass + 1)); continue; }
		fail=$((fail + 1))
		echo "---- fuzz $n"
		tail -40 "$T/w/fuzz-$n"
	done
	add fuzzers $pass $fail $((SECONDS - start))
}

# One suite of tests/vm, in a machine of its own (tests/vm/run). Writes $T/w/vm-NAME.{tap,rc}.
# NAME.1.bats, NAME.2.bats ...: one after the other on one disk; between two of them the power fails.
run_vm_suite() {	# NAME
	local name=vm-$1 rc=0 start=$SECONDS disk files=(tests/vm/"$1".bats tests/vm/"$1".[1-9].bats) i cut
	disk=$T/w/$name/tmp/disk
	[ -e "${files[0]}" ] || files=("${files[@]:1}")
	for ((i = 0; i < ${#files[@]}; i++)); do
		[ -e "${files[i]}" ] || continue
		cut=()
		[ ! -e "${files[i + 1]:-}" ] || cut=(-x)
		suite_env "$name" tests/vm/run -C "$T/src" -d "$disk" "${cut[@]}" \
			-e PATH="$T/inst/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" \
			-e IMAGES="$T/images" -e PROBE="$T/probe" -e BUSYBOX="$T/busybox" -e RBOX=rbox \
			tests/vm/suite "${files[i]}" ${cut:+cut} >>"$T/w/$name.tap" 2>&1 </dev/null || rc=$?
	done
	echo "$rc $((SECONDS - start))" >"$T/w/$name.rc"
}

# What needs a kernel of its own: control groups with all their controllers, which this host may lack.
run_vm() {	# [NAME...]: those whose names start so
	local f name names=()
	echo "==== suites in the virtual machine"
	for f in "$T"/src/tests/vm/[0-9]*.bats; do
		name=$(basename "$f" .bats)
		case $name in
		*.1) name=${name%.1} ;;
		*.[2-9]) continue ;;
		esac
		if (($#)) && ! starts_with_any "$name" "$@"; then continue; fi
		names+=("$name")
	done
	((${#names[@]})) || { echo "no suite matches: $*"; add "suites vm" 0 1 0; return; }
	for name in "${names[@]}"; do
		while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
		run_vm_suite "$name" &
	done
	wait
	for name in "${names[@]}"; do count_suite "vm-$name"; done
}

starts_with_any() {	# TEXT START...
	local text=$1 start
	shift
	for start; do
		[[ $text == "$start"* ]] && return 0
	done
	return 1
}

# An older rbox, for tests/long/versions.sh: RBOX_OLD, or what OLD_REV was.
build_old() {
	RBOX_OLD=${RBOX_OLD:-$T/old/build/rbox}
	if [ -x "$RBOX_OLD" ]; then return; fi
	git archive --prefix=old/ "${OLD_REV:-eab0935}" | tar -x -C "$T" && make -s -j"$JOBS" -C "$T/old" all &&
		chmod -R a+rX "$T/old"
}

# The campaigns: what is executable in tests/long runs in the surroundings of a suite, one after
# another. It prints TAP, or its exit status is its one verdict.
run_long() {	# [NAME...]: those whose names start so
	local f name out rc start ok bad
	for f in tests/long/*; do
		if [ ! -f "$f" ] || [ ! -x "$f" ]; then continue; fi
		if (($#)) && ! starts_with_any "$(basename "$f")" "$@"; then continue; fi
		name=$(basename "$f")
		echo "==== tests/long/$name"
		start=$SECONDS rc=0 out=$T/w/$name.tap
		suite_env "$name" timeout -k 10 "${LONG_TIMEOUT:-7200}" "$f" 2>&1 </dev/null | tee "$out"
		rc=${PIPESTATUS[0]}
		ok=$(grep -c '^ok ' "$out")
		bad=$(grep -c '^not ok ' "$out")
		if ((rc != 0 && bad == 0)); then bad=1; fi
		if ((rc == 0 && ok == 0)); then ok=1; fi
		add "long $name" "$ok" "$bad" $((SECONDS - start))
	done
}

finish() {
	echo "==== parts"
	cat "$T/parts"
	echo "$PASSED passed, $FAILED failed"
	((FAILED == 0))
}

summary() {	# FILE: of tab separated parts
	awk -F'\t' '
		{ printf "%-36s %5d passed %4d failed %5d s\n", $1, $2, $3, $4; p += $2; f += $3 }
		END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }' "$1"
}

need() {
	contrib/deps build run test || exit 1
}

build() {	# MAKE-ARGUMENTS...
	make -s -j"$JOBS" B="$B" "$@" "${GOALS[@]}"
}

case ${1:-} in
check)
	B=${B:-build}
	need
	set_up
	part build build || finish || exit 1
	part lint make -s -j"$JOBS" lint B="$B" || true
	run_unit "unit tests"
	part install install_it && part images make_images && { run_suites '' && run_vm; }
	part uninstall check_uninstall
	run_fuzz "${FUZZ_SECONDS:-5}"
	finish
	;;
asan)
	B=${B:-build-asan}
	need
	set_up
	part "build with ASan" build SAN=1 || finish || exit 1
	run_unit "unit tests (ASan)"
	export SAN=1
	part install install_it && part images make_images && run_suites ' (ASan)'
	finish
	;;
long)
	B=${B:-build}
	contrib/deps build run test bench || exit 1
	set_up
	part build build || finish || exit 1
	shift
	if ((!$#)) || starts_with_any versions.sh "$@"; then part "build of ${OLD_REV:-eab0935}" build_old; fi
	part install install_it && part images make_images && run_long "$@"
	if (($#)); then finish; exit; fi
	run_fuzz "${FUZZ_SECONDS:-300}"
	part "bugs seeded for the fuzzers" env B="$B" tests/fuzz/seeded.sh || true
	part bench make -s B="$B" bench
	finish
	;;
unit)
	B=${B:-build}
	set_up
	part build build || finish || exit 1
	run_unit "unit tests"
	finish
	;;
bats)
	B=${B:-build}
	shift
	set_up
	# RBOX='podman ...' runs the suites on another engine, to judge the suites
	[ -n "${RBOX:-}" ] || { part build build && part install install_it; } || finish || exit 1
	part images make_images && run_suites '' "$@"
	finish
	;;
vm)
	B=${B:-build} GOALS=(all)
	shift
	contrib/deps test || exit 1
	set_up
	{ part build build && part install install_it; } || finish || exit 1
	part images make_images && run_vm "$@"
	finish
	;;
summary) summary "$2" ;;
*)
	sed -n '3,22s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
