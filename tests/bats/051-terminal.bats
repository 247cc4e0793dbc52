#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 051-terminal: -it in a real terminal (tmux): editing, ^C, ^Z, size, detach keys, and the terminal
# right again afterwards, even after kill -9.

load helpers

setup_file() {
	command -v tmux >/dev/null || { echo "tmux is not installed" >&2; return 1; }
	load_image busybox
}

teardown_file() {
	leak_check
}

setup() {
	export SOCKET=$TMPDIR/tmux-$BATS_TEST_NUMBER
	tm new-session -d -c "$TMPDIR" -x 100 -y 30 'PS1="host> " bash --norc --noprofile'
	see 'host>'
	name=$(safename)
}

teardown() {
	tm kill-server
	# shellcheck disable=SC2086
	$RBOX rm -f -t 0 "$name" >/dev/null 2>&1 || :
}

tm() {
	tmux -S "$SOCKET" -f /dev/null "$@" 3>&-
}

# Types the words, and Enter.
type_in() {
	tm send-keys -l -- "$1"
	tm send-keys Enter
}

# Waits until the screen has a line that matches.
see() {
	for _ in $(seq 400); do
		tm capture-pane -p >"$TMPDIR/screen"
		grep -qE -- "$1" "$TMPDIR/screen" && return 0
		sleep 0.05
	done
	echo "not seen: $1"
	cat "$TMPDIR/screen"
	return 1
}

@test "terminal - editing, ^C, ^Z and the size are the container's" {
	type_in "stty -a | tail -n +2 >before; $RBOX run -it --name $name --network none $IMAGE sh; echo status=\$?"
	see '^/ #'
	type_in 'stty size'
	see '^30 100'
	type_in 'cat'
	tm send-keys -l 'linex'
	tm send-keys BSpace
	type_in '-edited'
	see '^line-edited'
	tm send-keys C-c
	see '\^C'
	type_in 'sleep 100'
	tm send-keys C-z
	see 'Stopped'
	type_in 'kill %1; echo go${x}ing'
	see '^going'
	tm resize-window -x 90 -y 20
	type_in 'until stty size | grep "20 90"; do sleep 0.1; done'
	see '^20 90'
	type_in 'exit 42'
	see 'stopped jobs'
	type_in 'exit 42'
	see 'status=42'
	type_in 'stty -a | tail -n +2 | diff - before && rm before && echo sa${x}me'
	see '^same'
}

@test "terminal - detach keys, and back again" {
	type_in "$RBOX run -it --name $name --network none $IMAGE sh; echo status=\$?"
	see '^/ #'
	tm send-keys C-p
	tm send-keys C-q
	see 'status=0'
	run_rbox ps --format '{{.Names}}'
	assert "$output" == "$name"
	type_in "clear; $RBOX attach --detach-keys ctrl-a,x $name; echo again=\$?"
	tm send-keys Enter
	see '^/ #'
	type_in 'echo ba${x}ck'
	see '^back'
	tm send-keys C-a
	tm send-keys x
	see 'again=0'
	type_in "clear; $RBOX attach $name; echo last=\$?"
	tm send-keys Enter
	see '^/ #'
	type_in 'exit 5'
	see 'last=5'
}

@test "terminal - its size is there before the first instruction" {
	local i
	# The command may ask at once, and did before anybody had come to say.
	for i in 1 2 3; do
		type_in "clear; $RBOX run -it --rm --network none $IMAGE stty size; echo run$i=\$?"
		see "^run$i=0"
		see '^30 100'
	done
	type_in "clear; $RBOX create -it --name $name --network none $IMAGE stty size; $RBOX start -ai $name; echo start=\$?"
	see '^start=0'
	see '^30 100'
}

@test "terminal - right again after kill -9 of the client" {
	local pid
	# sh repairs nothing by itself, as bash would.
	type_in "cat >t.sh <<'END'
$RBOX run -it --name $name --network none $IMAGE sh -c 'echo inside; sleep 1000'
sleep 0.5
stty -a | grep -o '.icanon'
END
sh t.sh; rm t.sh"
	see '^inside'
	pid=$(pgrep -u "$(id -u)" -f "rbox run -it --name $name" | head -n 1)
	run_sh "stty -F \$(readlink /proc/$pid/fd/0) -a | grep -c -- -icanon"
	assert "$output" == 1 "raw meanwhile"
	kill -9 "$pid"
	see '^ +icanon'
	run_rbox ps --format '{{.Names}}'
	assert "$output" == "$name" "the container runs on"
}
