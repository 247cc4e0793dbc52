#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 030-run: what a script sees of `rbox run`: exit statuses, streams, environment, user, folder.

load helpers

setup_file() {
	load_image busybox configured nocmd
}

teardown_file() {
	leak_check
}

@test "run - says hello, on stdout alone" {
	run_rbox run --rm "$IMAGE" echo hello
	assert "$output" == "hello"
	assert "$stderr" == "" "stderr"
}

@test "run - stdout and stderr stay apart, byte for byte" {
	run_rbox run --rm "$IMAGE" sh -c 'echo out; echo err >&2'
	assert "$output" == "out"
	assert "$stderr" == "err"
	local sum
	# shellcheck disable=SC2086
	sum=$($RBOX run --rm "$IMAGE" sh -c 'seq 1 200000' | sha256sum)
	assert "$sum" == "$(seq 1 200000 | sha256sum)" "200,000 lines"
}

@test "run - a short name finds the image of localhost" {
	run_rbox run --rm busybox echo short
	assert "$output" == "short"
}

@test "run - the command's exit status is rbox's" {
	local s
	for s in 0 1 3 42 125 126 127 255; do
		run_rbox $s run --rm "$IMAGE" sh -c "exit $s"
	done
}

@test "run - death by signal is 128+n" {
	run_rbox 137 run --rm "$IMAGE" sh -c 'sh -c "kill -9 \$\$"; exit $?'
	# the container's first process itself: KILL from inside its namespace does nothing, so
	# from outside; see 050. SIGSEGV by the kernel does end it.
	run_rbox 143 run --rm --init "$IMAGE" sh -c 'kill -TERM $$'
}

@test "run - 127: no such command" {
	run_rbox 127 run --rm "$IMAGE" no-such-command
	assert "$output" == "" "stdout"
	assert "$stderr" =~ '^Error: .*no-such-command'
	run_rbox 127 run --rm "$IMAGE" /no/such/file
	assert "$stderr" =~ '^Error: .*/no/such/file'
}

@test "run - 127: the interpreter is missing" {
	run_rbox 127 run --rm "$IMAGE" /bin/bad-interpreter
	assert "$stderr" =~ '^Error:'
}

@test "run - 126: cannot be invoked" {
	run_rbox 126 run --rm "$IMAGE" /etc
	assert "$stderr" =~ '^Error: .*/etc'
	run_rbox 126 run --rm "$IMAGE" /bin/not-executable
	assert "$stderr" =~ '^Error: .*not-executable'
	run_rbox 126 run --rm "$IMAGE" /bin/not-a-program
	assert "$stderr" =~ '^Error: .*not-a-program'
}

@test "run - 125: what rbox itself can't do" {
	run_rbox 125 run --rm --pull=never localhost/no-such-image true
	assert "$output" == "" "stdout"
	assert "$stderr" =~ '^Error: .*no-such-image'
	run_rbox 125 run --rm --name 'bad name' "$IMAGE" true
	assert "$stderr" =~ '^Error: .*bad name'
	run_rbox 125 run --rm -v "$TMPDIR/no-such-folder:/mnt" "$IMAGE" true
	assert "$stderr" =~ '^Error: .*no-such-folder'
	run_rbox 125 run --rm -w relative "$IMAGE" true
	assert "$stderr" =~ '^Error: .*relative'
	run_rbox 126 run --rm -u no-such-user "$IMAGE" true
	assert "$stderr" =~ '^Error: .*no-such-user'
}

@test "run - without a command and without the image's" {
	run_rbox 125 run --rm localhost/nocmd
	assert "$stderr" =~ '^Error:'
}

@test "run - a name is taken once" {
	local name
	name=$(safename)
	run_rbox run --name "$name" "$IMAGE" true
	run_rbox 125 run --name "$name" "$IMAGE" true
	assert "$stderr" =~ "^Error: .*$name"
	run_rbox run --replace --name "$name" "$IMAGE" true
	run_rbox rm "$name"
	run_rbox run --rm --name "$name" "$IMAGE" true
}

@test "run --rm - leaves nothing" {
	local before after
	before=$(find "$XDG_DATA_HOME/rbox" -path '*/layers/*/tree' -prune -o -print | sort)
	run_rbox run --rm "$IMAGE" sh -c 'echo x >/file; mkdir -p /a/b/c; true'
	run_rbox 3 run --rm "$IMAGE" sh -c 'echo x >/file; exit 3'
	run_rbox 127 run --rm "$IMAGE" no-such-command
	run_rbox ps -aq
	assert "$output" == "" "containers left"
	empty_soon "$XDG_DATA_HOME/rbox/trash"
	empty_soon "$XDG_DATA_HOME/rbox/tmp"
	after=$(find "$XDG_DATA_HOME/rbox" -path '*/layers/*/tree' -prune -o -print | sort)
	assert "$after" == "$before" "the store"
	# a hint that names who last held the user namespace may stay
	assert "$(find "$XDG_RUNTIME_DIR/rbox" -mindepth 1 -not -name userns)" == "" "the runtime folder"
}

@test "run - the image stays as it was" {
	run_rbox run --rm "$IMAGE" sh -c 'echo changed >/etc/image-name; rm /bin/vi; cat /etc/image-name'
	assert "$output" == "changed"
	run_rbox run --rm "$IMAGE" sh -c 'cat /etc/image-name; ls /bin/vi'
	assert "${lines[0]}" == "base"
	assert "${lines[1]}" == "/bin/vi"
}

@test "run - stdin reaches the command with -i only" {
	run_rbox_in "through the pipe" run --rm -i "$IMAGE" cat
	assert "$output" == "through the pipe"
	run_rbox_in "through the pipe" run --rm "$IMAGE" cat
	assert "$output" == "" "without -i stdin is empty"
}

@test "run - a pipeline of two containers" {
	local sum
	# shellcheck disable=SC2086
	sum=$(seq 1 100000 | $RBOX run --rm -i "$IMAGE" cat | $RBOX run --rm -i "$IMAGE" sha256sum)
	assert "${sum%% *}" == "$(seq 1 100000 | sha256sum | cut -d' ' -f1)"
}

@test "run - a reader that goes away doesn't hang it" {
	local name
	name=$(safename)
	run_sh "\$RBOX run --name $name \$IMAGE yes | head -1"
	assert "$output" == "y"
	run_rbox rm -f -t 0 "$name"
}

@test "run -e - sets, overrides, takes from the caller, and does without" {
	run_rbox run --rm -e A=1 -e B= -e 'C=with blanks = and more' "$IMAGE" sh -c 'echo "$A|${B-unset}|$C"'
	assert "$output" == '1||with blanks = and more'
	run_rbox run --rm -e FROM_IMAGE=no --entrypoint '' localhost/configured sh -c 'echo $FROM_IMAGE $COLOUR'
	assert "$output" == "no blue"
	FROM_CALLER=mine run_rbox run --rm -e FROM_CALLER -e NOT_THERE "$IMAGE" sh -c 'echo "$FROM_CALLER ${NOT_THERE-unset}"'
	assert "$output" == "mine unset"
	FOO_A=1 FOO_B=2 run_rbox run --rm -e 'FOO_*' "$IMAGE" sh -c 'echo $FOO_A $FOO_B'
	assert "$output" == "1 2"
}

@test "run --env-file - comments, blanks, values as they are; -e wins" {
	printf '# a comment\n\nA=1\nB="quoted"\nC=x # y\nD\n' >"$TMPDIR/env"
	D=fromcaller run_rbox run --rm --env-file "$TMPDIR/env" -e A=2 "$IMAGE" sh -c 'echo "$A|$B|$C|$D"'
	assert "$output" == '2|"quoted"|x # y|fromcaller'
	run_rbox 125 run --rm --env-file "$TMPDIR/none" "$IMAGE" true
	assert "$stderr" =~ '^Error:'
}

@test "run - the environment inside is known and nothing of the caller's leaks" {
	SECRET_OF_CALLER=1 run_rbox run --rm --hostname box "$IMAGE" env
	local sorted
	sorted=$(sort <<<"$output")
	assert "$sorted" == "HOME=/root
HOSTNAME=box
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
container=podman"
}

@test "run - proxies pass through, unless told not to" {
	http_proxy=http://proxy.example:3128 run_rbox run --rm "$IMAGE" sh -c 'echo $http_proxy'
	assert "$output" == "http://proxy.example:3128"
	http_proxy=http://proxy.example:3128 run_rbox run --rm --http-proxy=false "$IMAGE" sh -c 'echo "[$http_proxy]"'
	assert "$output" == "[]"
}

@test "run -w - the folder, and the image's own, made when it is missing" {
	run_rbox run --rm -w /etc "$IMAGE" pwd
	assert "$output" == "/etc"
	run_rbox run --rm --entrypoint '' localhost/configured pwd
	assert "$output" == "/srv/app" "the image's own"
	run_rbox run --rm "$IMAGE" pwd
	assert "$output" == "/"
}

@test "run - entrypoint and command, the image's and mine" {
	run_rbox run --rm localhost/configured
	assert "$output" == "entry default words"
	run_rbox run --rm localhost/configured my words
	assert "$output" == "entry my words"
	run_rbox run --rm --entrypoint /bin/basename localhost/configured a/b
	assert "$output" == "b"
	run_rbox run --rm --entrypoint '["/bin/echo","from","json"]' localhost/configured end
	assert "$output" == "from json end"
	run_rbox run --rm --entrypoint '' localhost/configured echo plain
	assert "$output" == "plain"
	run_rbox 125 run --rm --entrypoint '' localhost/nocmd
	assert "$stderr" =~ '^Error:'
}

@test "run -u - names, numbers, groups, and the home that follows" {
	run_rbox run --rm "$IMAGE" sh -c 'id -u; id -g; id -G; echo $HOME'
	assert "$output" == "0
0
0
/root"
	run_rbox run --rm -u user "$IMAGE" sh -c 'id -u; id -g; id -G; echo $HOME'
	assert "$output" == "1000
1000
1000 2000
/home/user"
	run_rbox run --rm -u user:extra "$IMAGE" sh -c 'id -u; id -g'
	assert "$output" == "1000
2000"
	run_rbox run --rm -u 4321:8765 "$IMAGE" sh -c 'id -u; id -g; echo $HOME'
	assert "$output" == "4321
8765
/"
	run_rbox run --rm -u 1000 "$IMAGE" sh -c 'id -u; id -g'
	assert "$output" == "1000
1000" "the group of a known number"
	run_rbox run --rm --entrypoint '' localhost/configured sh -c 'id -u; id -g'
	assert "$output" == "1000
2000" "the image's own"
	run_rbox run --rm --group-add 3000 --group-add extra "$IMAGE" id -G
	assert "$output" =~ '3000'
	assert "$output" =~ '2000'
}

@test "run -u - a number without an entry in passwd gets one" {
	run_rbox run --rm -u 4321 "$IMAGE" whoami
	assert "$output" =~ '^[a-z0-9]+$'
	run_rbox run --rm -u 4321 "$IMAGE" grep :4321: /etc/passwd
	assert "$output" =~ '^4321:'
}

@test "run -u - a plain user may write to stdout and stderr by their names" {
	run_rbox run --rm -u user "$IMAGE" sh -c 'echo out >/dev/stdout; echo err >/dev/stderr'
	assert "$output" == "out"
	assert "$stderr" == "err"
}

@test "run --hostname, and the default from the id" {
	run_rbox run --rm --hostname my-box.example "$IMAGE" hostname
	assert "$output" == "my-box.example"
	run_rbox run --rm --cidfile "$TMPDIR/cid" "$IMAGE" hostname
	assert "$output" == "$(head -c 12 "$TMPDIR/cid")"
	rm "$TMPDIR/cid"
}

@test "run --cidfile - the whole id" {
	run_rbox run --rm --cidfile "$TMPDIR/cid" "$IMAGE" true
	assert "$(cat "$TMPDIR/cid")" =~ '^[0-9a-f]{64}$'
	rm "$TMPDIR/cid"
	run_rbox 125 run --rm --cidfile "$TMPDIR/no/such/cid" "$IMAGE" true
	assert "$stderr" =~ "^Error: make the container id file '.*/cid': No such file or directory"
}

@test "run --read-only - the root is, tmp and run are not" {
	run_rbox run --rm --read-only "$IMAGE" sh -c '
		touch /x 2>/dev/null || echo root-ro; touch /tmp/x && touch /run/x && touch /dev/shm/x && echo tmp-rw'
	assert "$output" == "root-ro
tmp-rw"
	run_rbox run --rm --read-only --read-only-tmpfs=false "$IMAGE" sh -c 'touch /tmp/x 2>/dev/null || echo tmp-ro'
	assert "$output" == "tmp-ro"
}

@test "run -v - folders and files, read-write and read-only" {
	mkdir "$TMPDIR/vol"
	echo from-host >"$TMPDIR/vol/file"
	run_rbox run --rm -v "$TMPDIR/vol:/mnt" "$IMAGE" sh -c 'cat /mnt/file; echo from-inside >/mnt/new'
	assert "$output" == "from-host"
	assert "$(cat "$TMPDIR/vol/new")" == "from-inside"
	assert "$(stat -c %u "$TMPDIR/vol/new")" == "$(id -u)" "the container's root is the caller"
	run_rbox 1 run --rm -v "$TMPDIR/vol:/mnt:ro" "$IMAGE" touch /mnt/x
	assert "$stderr" =~ 'Read-only'
	run_rbox run --rm -v "$TMPDIR/vol/file:/etc/one-file:ro" "$IMAGE" cat /etc/one-file
	assert "$output" == "from-host"
	run_rbox run --rm --mount "type=bind,src=$TMPDIR/vol,dst=/mnt,ro" "$IMAGE" cat /mnt/new
	assert "$output" == "from-inside"
	rm -r "$TMPDIR/vol"
}

@test "run --tmpfs - with its size and mode" {
	run_rbox run --rm --tmpfs /scratch:size=1m,mode=700 "$IMAGE" sh -c '
		probe fstype /scratch; stat -c %a /scratch; df -k /scratch | tail -1 | tr -s " " | cut -d" " -f2'
	assert "$output" == "1021994
700
1024"
}

@test "run --tty - a terminal inside" {
	run_rbox run --rm -t "$IMAGE" sh -c 'tty; echo $TERM'
	assert "${lines[0]}" =~ '^/dev/(pts/0|console)'
	assert "${lines[1]}" =~ '^xterm'
	run_rbox 1 run --rm "$IMAGE" tty
}

@test "run -d - prints the id and nothing else, the command goes on" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" "$IMAGE" sleep 1000
	assert "$output" =~ '^[0-9a-f]{64}$'
	assert "$stderr" == "" "stderr"
	run_rbox ps -q --no-trunc
	assert "$output" =~ '^[0-9a-f]{64}$'
	run_rbox rm -f -t 0 "$name"
}

@test "run --init - a process 1 that reaps" {
	run_rbox run --rm --init "$IMAGE" sh -c 'cat /proc/1/comm'
	assert "$output" == rbox-init
	# an orphan ends up with it and leaves no zombie
	run_rbox run --rm --init "$IMAGE" sh -c '(sleep 0.05 &); sleep 0.3; ps -o stat,comm'
	assert "$output" !~ 'Z +sleep' "zombies"
}

@test "run - the signals a caller ignored or blocked don't reach the command" {
	run_sh 'trap "" TERM PIPE USR1; exec $RBOX run --rm $IMAGE probe signals'
	assert "$output" == ""
}

@test "run - thirty at once, none fails" {
	local i pids=() bad=0
	for i in $(seq 1 30); do
		# shellcheck disable=SC2086
		timeout 120 $RBOX run --rm "$IMAGE" sh -c "echo number $i" >"$TMPDIR/out.$i" 2>&1 </dev/null &
		pids+=($!)
	done
	for i in $(seq 1 30); do
		wait "${pids[$((i - 1))]}" || bad=$((bad + 1))
		[ "$(cat "$TMPDIR/out.$i")" == "number $i" ] || { bad=$((bad + 1)); cat "$TMPDIR/out.$i"; }
	done
	rm "$TMPDIR"/out.*
	assert $bad -eq 0 "failures"
}

@test "run - run without an image" {
	run_rbox 125 run
	assert "$stderr" =~ '^Error:'
}

@test "run - options after the image belong to the command" {
	run_rbox 125 run no.such.host.invalid/x --version
	assert "$output" !~ "rbox version" "stdout"
}

@test "run - an unknown flag, and one without its value" {
	run_rbox 125 run --no-such-flag x
	assert "$output" == "" "stdout"
	assert "$stderr" =~ '^Error: .*no-such-flag'
	run_rbox 125 run --name
	assert "$stderr" =~ '^Error: .*name'
}
