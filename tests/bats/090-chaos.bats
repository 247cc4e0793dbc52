#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 090-chaos: some seconds of tests/long/chaos.py: clients at random, kill -9 at random; at the end every
# object is in a state that may be, and nothing is left.

load helpers

teardown_file() {
	leak_check
}

@test "chaos - several clients, random commands, random kill -9" {
	local seed=${CHAOS_SEED:-$((RANDOM))}
	export RBOX_TIMEOUT=400
	run_cmd /usr/bin/python3 tests/long/chaos.py --seed "$seed" --seconds "${CHAOS_SECONDS:-8}" --clients 3
	check_status 0
	assert "$output" =~ "seed $seed: [0-9]+ commands, [0-9]+ processes killed, 0 failures"
}
