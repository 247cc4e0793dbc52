#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 010-cli: the command line itself: version, help, wrong commands and wrong flags.

load helpers

# Every command that rbox says it has.
commands() {
	# shellcheck disable=SC2086
	$RBOX --help | awk '/^ *Commands:|^Available Commands:/ { on = 1; next }
		on && /^[^ \t]/ { on = 0 } on && NF && $1 ~ /^[a-z][a-z-]*$/ { print $1 }'
}

@test "cli - version says name and number" {
	run_rbox --version
	assert "$output" =~ '^rbox version [0-9]+\.[0-9]+'
	run_rbox version
	assert "$output" =~ '[0-9]+\.[0-9]+\.[0-9]+'
}

@test "cli - help lists the commands, each has a help of its own" {
	local c n=0
	run_rbox --help
	assert "$output" =~ 'Usage'
	for c in $(commands); do
		run_rbox "$c" --help
		assert "$output" =~ "Usage" "help of $c"
		assert "$output" =~ "rbox $c" "help of $c"
		assert "$stderr" == "" "help of $c goes to stdout alone"
		n=$((n + 1))
	done
	assert $n -ge 3 "commands listed"
}

@test "cli - an unknown command is an error that names it" {
	run_rbox 125 nosuchcommand
	assert "$output" == "" "stdout"
	assert "$stderr" =~ '^Error: .*nosuchcommand'
}

@test "cli - a command nearly right is suggested" {
	run_rbox 125 vresion
	assert "$stderr" =~ "version" "the suggestion"
	run_rbox 125 zzzzzz
	assert "$stderr" !~ "mean" "nothing is near"
}

@test "cli - an unknown flag is an error on stderr, 125" {
	run_rbox 125 load --no-such-flag
	assert "$output" == "" "stdout"
	assert "$stderr" =~ '^Error: .*no-such-flag'
	run_rbox 125 version --no-such-flag=1
	assert "$stderr" =~ '^Error: .*no-such-flag'
	run_rbox 125 load -,
	assert "$stderr" =~ '^Error:'
	run_rbox 125 --no-such-flag
	assert "$stderr" =~ '^Error: .*no-such-flag'
}

@test "cli - a flag that wants a value says so" {
	run_rbox 125 load --input
	assert "$output" == "" "stdout"
	assert "$stderr" =~ '^Error: .*input'
	run_rbox 125 load -i
	assert "$stderr" =~ '^Error:'
}

@test "cli - a full stdout is noticed" {
	run_sh '?' '$RBOX --help >/dev/full'
	assert "$status" != 0 "status when stdout is full"
}

@test "cli - closed stdin, stdout and stderr do no harm" {
	run_sh '$RBOX version <&- >/dev/null 2>&-'
}
