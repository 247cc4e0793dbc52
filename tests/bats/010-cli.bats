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
	# They were in no help and in no page of the manual.
	for c in --log-level --syslog --out --noout --cgroup-manager --events-backend --storage-driver --context; do
		assert "$output" =~ $'\n '.*" $c( |"$'\n)' "an option before the command"
	done
	assert "$output" =~ "changes nothing" "--log-level"
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

@test "cli - a command of podman's that isn't here yet is told as that, and nothing is guessed" {
	# push was "did you mean pause?"
	run_rbox 125 kube play x.yaml
	assert "$output" == ""
	assert "$stderr" == "Error: rbox has no 'kube' yet"$'\n'"  fix: 'rbox help' lists what it has"
	run_rbox 125 network ls
	assert "$stderr" =~ "Error: rbox has no 'network' yet"$'\n'"  fix: 'rbox run --network' knows"
	run_rbox 125 system renumber
	assert "$stderr" =~ "Error: rbox has no 'system renumber' yet"
	run_rbox 125 help farm
	assert "$stderr" =~ "Error: rbox has no 'farm' yet"
	run_rbox 125 machine init
	assert "$stderr" == "Error: rbox has no 'machine', and isn't meant to have it"
	# nothing in the list hides what is there, and no word of podman's is unknown
	local c n=0
	while read -r c; do
		# shellcheck disable=SC2086
		assert "$($RBOX $c --help 2>&1)" !~ unrecognized "podman $c"
		n=$((n + 1))
	done < <(awk -F'\t' '/^P/ && $3 == "-" { print $2 }' "$BATS_TEST_DIRNAME/../../contrib/compat/podman.tsv")
	assert $n -ge 80 "commands of podman's"
}

@test "cli - a guess is a near one, or a beginning" {
	run_rbox 125 pos
	assert "$stderr" == 'Error: unrecognized command `rbox pos`'$'\n''  fix: did you mean `rbox ps`?'
	run_rbox 125 vol
	assert "$stderr" =~ 'did you mean `rbox volume`'
	run_rbox 125 quux
	assert "$stderr" == 'Error: unrecognized command `rbox quux`'$'\n'"  fix: see 'rbox --help'"
	run_rbox 125 image quux
	assert "$stderr" == 'Error: unrecognized command `rbox image quux`'$'\n'"  fix: see 'rbox image --help'"
}

@test "cli - help COMMAND is COMMAND --help" {
	local c text
	run_rbox help
	text=$output
	run_rbox --help
	assert "$output" == "$text"
	for c in run "container ls" image "volume rm" help; do
		# shellcheck disable=SC2086
		run_rbox help $c
		text=$output
		# shellcheck disable=SC2086
		run_rbox $c --help
		assert "$output" == "$text" "$c"
		assert "$text" =~ "rbox $c" "$c"
	done
	run_rbox 125 help nosuchcommand
	assert "$output" == ""
	assert "$stderr" =~ '^Error: unrecognized command `rbox nosuchcommand`'
}

@test "cli - the help of a noun lists its commands by the names that are typed, and their other names" {
	run_rbox image --help
	assert "$output" =~ $'\n  ls +List images \(also: list\)\n'
	assert "$output" =~ $'\n  rm +Remove images \(also: remove\)\n'
	run_rbox container --help
	assert "$output" =~ $'\n  ps +List containers \(also: ls, list\)\n'
	assert "$output" =~ $'\n  rm +Remove containers \(also: remove\)\n'
	run_rbox container ls --help
	assert "$output" =~ $'\nAliases:\n  ps, ls, list\n'
	local c
	for c in "image ls" "image list" "image rm" "image remove" "container ls" "container list" "container remove"; do
		# shellcheck disable=SC2086
		run_rbox $c --help
		assert "$output" =~ "Usage:"$'\n'"  rbox $c " "$c"
	done
}

# Every command as it is typed, nouns and their verbs too.
every_command() {
	local c
	for c in $(commands); do
		echo "$c"
		# shellcheck disable=SC2086
		$RBOX "$c" --help | awk -v c="$c" '/^Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && NF { print c, $1 }'
	done
}

@test "cli - no line of any help is wider than 80 columns, or than the terminal" {
	local c n=0
	while read -r c; do
		# shellcheck disable=SC2086
		assert "$($RBOX $c --help | grep -E '.{81}| $')" == "" "help of $c: long lines, blanks at the end"
		n=$((n + 1))
	done < <(every_command)
	assert $n -ge 70 "helps looked at"
	cat >"$TMPDIR/at-width.py" <<-END
		import fcntl, os, pty, struct, sys, termios
		pid, fd = pty.fork()
		if pid == 0:
		    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
		    os.execvp(sys.argv[2], sys.argv[2:])
		text = b""
		while True:
		    try:
		        piece = os.read(fd, 65536)
		    except OSError:
		        break
		    if not piece:
		        break
		    text += piece
		os.waitpid(pid, 0)
		print(max(len(line) for line in text.decode().splitlines()))
	END
	run_sh "python3 $TMPDIR/at-width.py 60 $RBOX run --help"
	assert "$output" -le 60
	assert "$output" -ge 55
	run_sh "python3 $TMPDIR/at-width.py 110 $RBOX run --help"
	assert "$output" -le 110
	assert "$output" -ge 100
	# nobody reads a line across a whole wide screen
	run_sh "python3 $TMPDIR/at-width.py 300 $RBOX run --help"
	assert "$output" -le 120
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
