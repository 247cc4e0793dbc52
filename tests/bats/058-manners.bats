#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 058-manners: what any good program of a shell does right: pipes that close, signals, closed and odd
# descriptors, a full stdout, umask, locale, time zone, big files, a folder that is gone, older versions.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

# Whatever a failed test left.
teardown() {
	remove_all
}

runs() {	# NAME
	# shellcheck disable=SC2086
	[ "$($RBOX inspect --format '{{.State.Status}}' "$1")" = running ]
}

says() {	# NAME WORD
	# shellcheck disable=SC2086
	$RBOX logs "$1" | grep -q "$2"
}

is_gone() {	# PID
	! kill -0 "$1"
}

@test "a reader that goes away - no word, the status of SIGPIPE, the container goes on" {
	run_rbox run --name l --network none "$IMAGE" seq 1 20000
	run_sh "$RBOX logs l | head -1; echo \${PIPESTATUS[0]}"
	assert "$output" == $'1\n141'
	assert "$stderr" == ""
	run_sh "$RBOX ps -a | true; $RBOX inspect l | true; $RBOX run --help | true"
	assert "$stderr" == ""
	run_rbox run -d --name y --network none "$IMAGE" sh -c 'while :; do echo y; sleep 0.01; done'
	run_sh "$RBOX logs -f y | head -2; echo \${PIPESTATUS[0]}"
	assert "$output" == $'y\ny\n141'
	assert "$stderr" == ""
	runs y
	run_sh "$RBOX run --rm --network none $IMAGE seq 1 1000000 | head -1; echo \${PIPESTATUS[0]}"
	assert "$output" == $'1\n141'
	assert "$stderr" == ""
}

@test "run --attach - the streams that were named, and no other" {
	run_rbox 4 run --rm -a stdout --network none "$IMAGE" sh -c 'echo out; echo err >&2; exit 4'
	assert "$output" == out
	assert "$stderr" == ""
	run_rbox 4 run --rm --attach stderr --network none "$IMAGE" sh -c 'echo out; echo err >&2; exit 4'
	assert "$output" == ""
	assert "$stderr" == err
}

@test "stdout is full - an error, exit 125, whatever the command" {
	run_rbox run --name l --network none "$IMAGE" seq 1 20000
	local c
	for c in "ps -a" "ps -a --format json" "images" "inspect l" "logs l" "info" "version" "why l" "run --help" \
		"--help" "completion bash"; do
		run_sh 125 "$RBOX $c >/dev/full"
		assert "$stderr" =~ ^"Error: write " "$c"
	done
	run_sh 125 "$RBOX run --rm --network none $IMAGE echo hello >/dev/full"
	assert "$stderr" =~ ^"Error: write to stdout: No space left on device"
	# what was made is there all the same
	run_sh 125 "$RBOX create --name c --network none $IMAGE true >/dev/full"
	run_rbox container exists c
}

@test "signals - run passes them on and ends as its command does" {
	local s
	for s in INT TERM HUP USR1; do
		# bash starts what runs in the background with SIGINT ignored: python doesn't
		cat >"$TMPDIR/send-signal.py" <<-END
			import os, signal, subprocess, sys, time
			p = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
			assert p.stdout.readline() == b"ready\n"
			p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
			print(p.stdout.read().decode(), end="")
			print(p.wait())
		END
		run_sh "python3 $TMPDIR/send-signal.py $s $RBOX run --rm --network none $IMAGE sh -c \
			'trap \"echo got $s; exit 9\" $s; echo ready; while :; do sleep 0.02; done'"
		assert "$output" == "got $s"$'\n9' "SIG$s"
	done
}

@test "signals - logs -f ends by them, and the container runs on" {
	local s n
	run_rbox run -d --name y --network none "$IMAGE" sh -c 'echo ready; sleep 1000'
	wait_for 10 says y ready
	cat >"$TMPDIR/send-signal.py" <<-END
		import signal, subprocess, sys
		p = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
		assert p.stdout.readline() == b"ready\n"
		p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
		print(p.wait())
	END
	for s in INT TERM HUP; do
		run_sh "python3 $TMPDIR/send-signal.py $s $RBOX logs -f y"
		n=$(kill -l "$s")
		[ "$output" = $((128 + n)) ] || assert "$output" -eq "$((-n))" "SIG$s"
		assert "$stderr" == ""
	done
	runs y
}

@test "signals - a pull that hears nothing ends at once and leaves nothing" {
	local s n
	# A registry that takes every connection and never says a word.
	cat >"$TMPDIR/mute.py" <<-END
		import signal, socket, subprocess, sys
		s = socket.socket()
		s.bind(("127.0.0.1", 0))
		s.listen()
		p = subprocess.Popen(sys.argv[2:] + ["127.0.0.1:%d/x:1" % s.getsockname()[1]], stdin=subprocess.DEVNULL)
		c, _ = s.accept()
		c.recv(10)
		p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
		print(p.wait(30))
	END
	for s in INT TERM HUP; do
		n=$(kill -l "$s")
		run_sh "python3 $TMPDIR/mute.py $s $RBOX pull -q --tls-verify=false"
		[ "$output" = $((128 + n)) ] || assert "$output" -eq "$((-n))" "SIG$s"
		run_rbox images -q
		empty_soon "$XDG_DATA_HOME/rbox/tmp"
	done
}

@test "signals - those that the caller ignores or blocks are neither inside" {
	run_sh "trap '' INT TERM HUP PIPE USR1; $RBOX run --rm --network none $IMAGE grep -E 'Sig(Blk|Ign)' /proc/self/status"
	assert "$output" =~ SigBlk:[[:space:]]*0000000000000000
	assert "$output" =~ SigIgn:[[:space:]]*0000000000000000
	cat >"$TMPDIR/block-all.py" <<-END
		import os, signal, sys
		signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
		os.execvp(sys.argv[1], sys.argv[1:])
	END
	run_sh "python3 $TMPDIR/block-all.py $RBOX run --rm --network none $IMAGE grep -E 'Sig(Blk|Ign)' /proc/self/status"
	assert "$output" =~ SigBlk:[[:space:]]*0000000000000000
	run_rbox run -d --name c --network none "$IMAGE" sleep 1000
	run_sh "trap '' INT TERM HUP PIPE USR1; python3 $TMPDIR/block-all.py $RBOX exec c grep -E 'Sig(Blk|Ign)' /proc/self/status"
	assert "$output" =~ SigBlk:[[:space:]]*0000000000000000
	assert "$output" =~ SigIgn:[[:space:]]*0000000000000000
	run_sh "python3 $TMPDIR/block-all.py $RBOX run -d --name d --network none $IMAGE sleep 1000"
	run_rbox stop -t 0 d
}

@test "stdin - closed, /dev/null, and with -i what goes through a pipe, to the last byte" {
	run_sh "$RBOX run --rm --network none $IMAGE sh -c 'wc -c' <&-"
	assert "$output" == 0
	run_sh "$RBOX run --rm -i --network none $IMAGE wc -c <&-"
	assert "$output" == 0
	run_sh "$RBOX run --rm -i --network none $IMAGE wc -c </dev/null"
	assert "$output" == 0
	# MANNERS_STDIN: the long tests send more than 1 GB
	local n=${MANNERS_STDIN:-30000001}
	run_sh "head -c $n /dev/zero | $RBOX run --rm -i --network none $IMAGE wc -c"
	assert "$output" == "$n"
	run_rbox run -d --name c --network none "$IMAGE" sleep 1000
	run_sh "head -c $n /dev/zero | $RBOX exec -i c wc -c"
	assert "$output" == "$n"
	run_sh "$RBOX exec -i c wc -c <&-"
	assert "$output" == 0
	# a command that doesn't read it to the end
	run_sh "head -c 5000000 /dev/zero | $RBOX run --rm -i --network none $IMAGE true"
	run_sh "head -c 5000000 /dev/zero | $RBOX exec -i c true"
}

@test "descriptors - 0 to 2 closed at the start, and odd ones open, are nobody's inside" {
	run_sh "mkdir -p $TMPDIR/d; (exec <&- >&- 2>&-; $RBOX run --rm --network none -v $TMPDIR/d:/d $IMAGE \
		sh -c 'echo out; echo err >&2; ls /proc/self/fd >/d/fds; exit 4'; echo \$? >$TMPDIR/rc); cat $TMPDIR/rc"
	assert "$output" == 4
	assert "$(tr '\n' ' ' <"$TMPDIR/d/fds")" == "0 1 2 3 "
	run_sh "exec 5</etc/passwd 77</etc/group; $RBOX run --rm --network none $IMAGE ls /proc/self/fd"
	assert "$output" == $'0\n1\n2\n3' "ls has its folder as 3"
	run_rbox run -d --name c --network none "$IMAGE" sleep 1000
	run_sh "exec 5</etc/passwd 77</etc/group; $RBOX exec c ls /proc/self/fd"
	assert "$output" == $'0\n1\n2\n3'
	# stdout alone is closed: nothing of ours may get its number
	run_sh "$RBOX run --rm --network none $IMAGE sh -c 'echo lost; exit 3' >&-; echo \$?"
	assert "$output" == 3
}

@test "-t without a terminal - said, and gone on as podman does" {
	run_rbox run --rm -t --network none "$IMAGE" tty
	assert "$output" =~ ^/dev/pts/0
	assert "$stderr" == ""
	run_rbox 5 run --rm -it --network none "$IMAGE" sh -c 'tty; exit 5'
	assert "$output" =~ ^/dev/pts/0
	assert "$stderr" == "WARN: The input device is not a TTY. The --tty and --interactive flags might not work properly"
	run_rbox run -d --name c --network none "$IMAGE" sleep 1000
	run_rbox exec -it c tty
	assert "$output" =~ ^/dev/pts/
	assert "$stderr" =~ "The input device is not a TTY"
}

@test "umask 077 - nothing inside is closed to the container's users, the store to others is" {
	run_sh "umask 077; $RBOX run --rm -u user --network none $IMAGE sh -c 'umask; cat /etc/hosts /etc/resolv.conf \
		/etc/hostname >/dev/null && ls / /tmp /run >/dev/null && echo fine'"
	assert "$output" == $'0022\nfine'
	assert "$stderr" == ""
	run_sh "umask 077; $RBOX load -q -i $IMAGES/multi.tar && $RBOX run --rm -u user --network none localhost/multi \
		sh -c 'cat /implied/deep/file; stat -c %a / /etc /implied/deep'; $RBOX rmi localhost/multi >/dev/null"
	assert "$output" =~ two$'\n'755$'\n'755$'\n'755$
	run_sh "umask 000; $RBOX run --name c --network none $IMAGE true; stat -c %a \$XDG_DATA_HOME/rbox \
		\$XDG_RUNTIME_DIR/rbox; find \$XDG_DATA_HOME/rbox/containers/*/config.json -perm /077"
	assert "$output" == $'700\n700'
}

@test "locale - names and values that are not UTF-8 pass as bytes, in any locale" {
	local l
	for l in C C.UTF-8 nosuch; do
		run_sh "env LC_ALL=$l LANG=$l $RBOX run --rm --network none -e X=\$'\\377\\376' $IMAGE sh -c 'echo \"\$X\$0\"' \$'\\200' | od -An -tx1"
		assert "$output" == " ff fe 80 0a" "LC_ALL=$l"
		assert "$stderr" == ""
		run_sh "mkdir -p $TMPDIR/\$'b\\377'; env LC_ALL=$l $RBOX run --rm --network none -v $TMPDIR/\$'b\\377':/\$'m\\377' $IMAGE sh -c 'echo /m*' | od -An -tx1"
		assert "$output" == " 2f 6d ff 0a" "LC_ALL=$l"
	done
	run_sh "LC_ALL=C $RBOX run --name n --network none -l x=\$'\\377' $IMAGE printf 'é\377'"
	run_sh "LC_ALL=C $RBOX logs n | od -An -tx1"
	assert "$output" == " c3 a9 ff" "as written"
	run_rbox inspect n
	run_sh "$RBOX inspect n | python3 -c 'import json,sys; json.load(sys.stdin)'"
	run_rbox ps -a --format json
	run_rbox ps -a
}

@test "environment - nothing of the caller's gets in but what was asked for" {
	run_sh "export SECRET=caller OTHER=other; $RBOX run --rm --network none -e OTHER $IMAGE env | sort"
	assert "$output" == "HOME=/root
HOSTNAME=${lines[1]#HOSTNAME=}
OTHER=other
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
container=podman"
	run_rbox run -d --name c --network none "$IMAGE" sleep 1000
	run_sh "export SECRET=caller; $RBOX exec c env"
	assert "$output" !~ SECRET
	run_sh "export SECRET=caller; $RBOX run -d --name d --network none $IMAGE sleep 1000 >/dev/null; \
		tr '\\0' '\\n' </proc/\$($RBOX inspect --format '{{.State.ConmonPid}}' d)/environ | grep SECRET || echo none"
	assert "$output" == none "the monitor's environment"
}

@test "time zone - logs -t shows the reader's" {
	run_rbox run --name c --network none "$IMAGE" echo hi
	run_sh "TZ=UTC $RBOX logs -t c; TZ=Asia/Kolkata $RBOX logs --since 2000-01-01T00:00:00 c"
	assert "${lines[0]}" =~ '^20.*(\+00:00|Z) hi$'
	assert "${lines[1]}" == hi
}

@test "a working folder that is gone - no command minds but what names it" {
	run_sh "mkdir $TMPDIR/gone; cd $TMPDIR/gone; rmdir $TMPDIR/gone
		$RBOX run --rm --network none $IMAGE pwd && $RBOX ps >/dev/null && $RBOX images >/dev/null &&
		$RBOX run -d --name c --network none $IMAGE sleep 1000 >/dev/null && $RBOX exec c pwd && $RBOX stop -t 0 c"
	assert "$output" == $'/\n/\nc'
	assert "$stderr" == ""
	run_sh 125 "mkdir $TMPDIR/gone; cd $TMPDIR/gone; rmdir $TMPDIR/gone; $RBOX run --rm --network none -v ./x:/x $IMAGE true"
	assert "$stderr" =~ "current folder"
}

@test "versions - records with less and with more in them are read, newer formats are refused" {
	local id dir
	run_rbox run -d --name v --network none "$IMAGE" sleep 1000
	id=$output dir=$XDG_DATA_HOME/rbox/containers/$id
	# an older monitor writes fewer fields, a newer one more
	cat >"$TMPDIR/edit.py" <<-END
		import json, os, sys
		j = json.load(open(sys.argv[1]))
		for word in sys.argv[2:]:
		    if word[0] == "-":
		        j.pop(word[1:], None)
		    else:
		        k, v = word.split("=")
		        j[k] = json.loads(v)
		open(sys.argv[1] + ".new", "w").write(json.dumps(j))
		os.rename(sys.argv[1] + ".new", sys.argv[1])
	END
	run_sh "python3 $TMPDIR/edit.py $dir/state.json -signal -restarts 'future={\"a\": [1]}'"
	run_sh "python3 $TMPDIR/edit.py $dir/config.json 'Future={\"a\": [1]}'"
	runs v
	run_rbox exec v echo reached
	assert "$output" == reached
	run_rbox stop -t 0 v
	run_rbox start v
	run_rbox rm -f -t 0 v
	run_sh "echo 2 >\$XDG_DATA_HOME/rbox/version"
	run_rbox 125 ps
	assert "$stderr" =~ "Error: .*version|Error: .*format|newer"
	run_sh "echo 1 >\$XDG_DATA_HOME/rbox/version"
	run_rbox ps
}

@test "files over 4 GB - sparse ones are seen whole, and by import not written out" {
	local n=4300000001
	run_sh "mkdir $TMPDIR/big; truncate -s $n $TMPDIR/big/f; $RBOX run --rm --network none -v $TMPDIR/big:/big $IMAGE stat -c %s /big/f"
	assert "$output" == "$n"
	run_rbox run --rm --network none "$IMAGE" sh -c "truncate -s $n /f && echo end >>/f && stat -c %s /f && tail -c 4 /f"
	assert "$output" == "$((n + 4))"$'\nend'
}
