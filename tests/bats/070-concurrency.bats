#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 070-concurrency: many at once on one store: none fails, none sees another's output, nothing stays.
# needs: load run ps rm create start rmi

load helpers

# tests/long/070-concurrency.bats asks for 50, three times over.
AT_ONCE=${AT_ONCE:-10}
ROUNDS=${ROUNDS:-1}

setup_file() {
	load_image busybox
	# What the first run makes for good: locks, the cache.
	run_rbox run --rm "$IMAGE" true
}

teardown_file() {
	leak_check
}

# The suite's own processes (below leaks.py), every mount, the store, the runtime folder, cgroups.
shot() {
	local top=$$ up
	while up=$(ps -o ppid= -p "$top") && up=${up// /} && [[ $(ps -o args= -p "$top") != *leaks.py* ]]; do
		((up > 1)) || break
		top=$up
	done
	/usr/bin/python3 tests/lib/check-store.py shot --below "$top" --run "$XDG_RUNTIME_DIR/rbox" \
		"$XDG_DATA_HOME/rbox" | grep -v '^process .* sleep\|^runtime ./userns \|^store ./events'
}

as_before() {
	shot >"$TMPDIR/after"
	cmp -s "$TMPDIR/before" "$TMPDIR/after"
}

# Two seconds are granted, and a loaded machine's share.
assert_as_before() {
	wait_for "${SETTLE:-2}" as_before || {
		diff "$TMPDIR/before" "$TMPDIR/after"
		return 1
	}
}

strict() {
	run_cmd /usr/bin/python3 tests/lib/check-store.py check --strict --run "$XDG_RUNTIME_DIR/rbox" \
		"$XDG_DATA_HOME/rbox"
	check_status 0
	assert "$output" == ""
}

@test "concurrency - run --rm at once with the default network, each with its own output" {
	local round i pids=() bad=0
	empty_soon "$XDG_DATA_HOME/rbox/trash"
	shot >"$TMPDIR/before"
	for ((round = 1; round <= ROUNDS; round++)); do
		pids=()
		for ((i = 1; i <= AT_ONCE; i++)); do
			# shellcheck disable=SC2086
			timeout -k 5 120 $RBOX run --rm "$IMAGE" \
				sh -c "echo out $round/$i; echo err $round/$i >&2; ip route | grep -c default; exit $((i % 100))" \
				>"$TMPDIR/out.$i" 2>"$TMPDIR/err.$i" </dev/null 3>&- &
			pids+=($!)
		done
		for ((i = 1; i <= AT_ONCE; i++)); do
			status=0
			wait "${pids[i - 1]}" || status=$?
			if ((status != i % 100)) || [ "$(cat "$TMPDIR/out.$i")" != "out $round/$i"$'\n'1 ] ||
				[ "$(cat "$TMPDIR/err.$i")" != "err $round/$i" ]; then
				echo "round $round, number $i ended with $status"
				cat "$TMPDIR/out.$i" "$TMPDIR/err.$i"
				bad=$((bad + 1))
			fi
		done
		assert "$bad" -eq 0 "runs that failed"
		rm -f "$TMPDIR"/out.* "$TMPDIR"/err.*
		assert_as_before
	done
	strict
}

@test "concurrency - one name: one gets it" {
	local i name won=0
	name=$(safename)
	for ((i = 1; i <= AT_ONCE; i++)); do
		# shellcheck disable=SC2086
		{ rc=0
			timeout -k 5 60 $RBOX create --name "$name" "$IMAGE" true >"$TMPDIR/id.$i" 2>"$TMPDIR/err.$i" \
				</dev/null || rc=$?
			echo $rc >"$TMPDIR/rc.$i"; } 3>&- &
	done
	wait
	for ((i = 1; i <= AT_ONCE; i++)); do
		if [ "$(cat "$TMPDIR/rc.$i")" = 0 ]; then
			won=$((won + 1))
		else
			assert "$(cat "$TMPDIR/rc.$i")" == 125
			assert "$(cat "$TMPDIR/err.$i")" =~ "the container name \"$name\" is already in use"
		fi
	done
	assert "$won" -eq 1 "how many got the name"
	run_rbox rm "$name"
	strict
}

@test "concurrency - start, run and rm of the same containers" {
	local i name
	name=$(safename)
	run_rbox create --name "$name" "$IMAGE" sleep 60
	for ((i = 1; i <= AT_ONCE; i++)); do
		# shellcheck disable=SC2086
		timeout -k 5 60 $RBOX start "$name" >/dev/null 2>&1 </dev/null 3>&- &
	done
	wait
	run_rbox ps -q --filter "name=$name"
	assert "${#lines[@]}" -eq 1 "it runs, once"
	for ((i = 1; i <= AT_ONCE; i++)); do
		# shellcheck disable=SC2086
		timeout -k 5 60 $RBOX rm -f -t 0 "$name" >/dev/null 2>&1 </dev/null 3>&- &
	done
	wait
	run_rbox ps -aq --filter "name=$name"
	assert "$output" == ""
	wait_for 2 strict
}

@test "concurrency - the same image loaded and removed at once, while containers of it run" {
	local i bad=0 pids=()
	for ((i = 1; i <= AT_ONCE; i++)); do
		# shellcheck disable=SC2086
		timeout -k 5 120 $RBOX load -q -i "$IMAGES/multi.tar" >"$TMPDIR/err.$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for ((i = 1; i <= AT_ONCE; i++)); do
		wait "${pids[i - 1]}" || { bad=$((bad + 1)); cat "$TMPDIR/err.$i"; }
	done
	assert "$bad" -eq 0 "loads that failed"
	wait_for 2 strict
	# A load beside a rmi: the image is there or not, never half.
	for ((i = 1; i <= AT_ONCE; i++)); do
		# shellcheck disable=SC2086
		timeout -k 5 120 $RBOX load -q -i "$IMAGES/multi.tar" >/dev/null 2>&1 </dev/null 3>&- &
		# shellcheck disable=SC2086
		timeout -k 5 120 $RBOX rmi localhost/multi >/dev/null 2>&1 </dev/null 3>&- &
		# shellcheck disable=SC2086
		timeout -k 5 120 $RBOX run --rm --network none localhost/multi true >/dev/null 2>&1 </dev/null 3>&- &
	done
	wait
	run_rbox '?' rmi localhost/multi
	wait_for 5 strict
	run_rbox load -q -i "$IMAGES/multi.tar"
	run_rbox run --rm --network none localhost/multi cat /etc/image-name
	assert "$output" == "multi"
	run_rbox rmi localhost/multi
}
