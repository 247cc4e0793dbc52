#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 055-logs: log drivers and their options, rotation that loses nothing, and what `logs` shows of it.

load helpers

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

# W writers, each N numbered lines. $1: their own text for the shell in the container.
writers() {
	printf 'for w in $(seq 1 %d); do (i=0; while [ $i -lt %d ]; do echo "$w $i %060d"; i=$((i+1)); done) & done; wait' \
		"$1" "$2" 0
}

# Every writer's lines in FILE are 0, 1, 2 ... N-1, and there is nothing else.
all_there() {
	assert "$(wc -l <"$1")" -eq $(($2 * $3)) "lines"
	run_sh "awk '\$2 != n[\$1]++ { print \"out of order:\", \$0; bad = 1; exit } END { exit bad }' $1"
}

# The reader has begun to follow before the first line is written, so every line is his.
@test "8 writers and rotation - who follows gets every line, in each writer's order" {
	local name driver n
	for driver in k8s-file json-file; do
		name=$(safename)
		run_rbox run -d --name "$name" --log-driver $driver --log-opt max-size=100k --network none "$IMAGE" \
			sh -c "echo ready; while [ ! -e /go ]; do sleep 0.05; done; $(writers 8 1500)"
		run_sh "\$RBOX logs -f $name >\$TMPDIR/all & p=\$!
			for i in \$(seq 600); do grep -q ready \$TMPDIR/all && break; sleep 0.05; done
			\$RBOX exec $name touch /go; wait \$p"
		assert "$stderr" == "" "no line was lost"
		sed -i 1d "$TMPDIR/all"
		all_there "$TMPDIR/all" 8 1500
		# What is kept is the end of it, whole, over all files.
		run_sh "\$RBOX logs $name >\$TMPDIR/kept; tail -n \$(wc -l <\$TMPDIR/kept) \$TMPDIR/all | cmp - \$TMPDIR/kept"
		run_sh "cd \$(dirname \$(\$RBOX inspect --format '{{.HostConfig.LogConfig.Path}}' $name))
			find . -maxdepth 1 -name 'log*' -size +102400c"
		assert "$output" == "" "none of the files is larger than it may be"
		for n in 0 1 7 700 1300; do
			run_sh "\$RBOX logs --tail $n $name | cmp - <(tail -n $n \$TMPDIR/all)"
		done
		rm -f "$TMPDIR/all" "$TMPDIR/kept"
		run_rbox rm "$name"
	done
}

@test "rotation - 10 MB and three files unless something else is said" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --network none "$IMAGE" sh -c 'head -c 35000000 /dev/zero | tr "\0" x' >/dev/null
	run_sh "cd \$(dirname \$(\$RBOX inspect --format '{{.HostConfig.LogConfig.Path}}' $name)); ls log*
		find . -maxdepth 1 -name 'log*' -size +10000000c"
	assert "$output" == $'log\nlog.1\nlog.2'
	run_rbox rm "$name"
}

@test "rotation - max-size=-1 never, max-file=1 keeps the last lines" {
	local name
	name=$(safename)
	run_sh "\$RBOX run --name $name --log-opt max-size=-1 --network none \$IMAGE seq 1 300000 >/dev/null; \$RBOX logs $name | wc -l"
	assert "$output" == 300000
	run_rbox rm "$name"
	run_sh "\$RBOX run --name $name --log-opt max-size=4k --log-opt max-file=1 --network none \$IMAGE seq 1 1000 >/dev/null
		\$RBOX logs --tail 1 $name; ls \$XDG_DATA_HOME/rbox/containers/*/log*"
	assert "${lines[-2]##*/}" == 1000 "the end is there"
	assert "${lines[-1]##*/}" == log "one file"
	run_rbox rm "$name"
}

@test "a long line - in pieces that are one line again" {
	local name driver
	for driver in k8s-file json-file; do
		name=$(safename)
		run_sh "\$RBOX run --name $name --log-driver $driver --network none \$IMAGE \
				sh -c 'head -c 100000 /dev/zero | tr \"\\0\" x; echo; printf end' >\$TMPDIR/out
			\$RBOX logs $name | cmp - \$TMPDIR/out && \$RBOX logs --tail 1 $name | tail -c 4; rm \$TMPDIR/out"
		assert "$output" =~ "end$"
		run_rbox rm "$name"
	done
}

@test "json-file - docker's lines, and the bytes back" {
	local name
	name=$(safename)
	run_rbox run --name "$name" --log-driver json-file --log-opt path="$TMPDIR/my.json" --network none "$IMAGE" \
		sh -c 'printf "a \"b\" \\\\n\tä\n"; sleep 0.2; echo err >&2'
	run_sh "cat $TMPDIR/my.json"
	assert "${lines[0]}" =~ '^\{"log":"a \\"b\\" \\\\n\\tä\\n","stream":"stdout","time":"20[0-9-]*T[0-9:]*\.[0-9]{9}Z"\}$'
	assert "${lines[1]}" =~ '^\{"log":"err\\n","stream":"stderr","time":"'
	run_sh "python3 -c 'import json,sys; print(json.loads(open(sys.argv[1]).readline())[\"log\"], end=\"\")' $TMPDIR/my.json"
	assert "$output" == 'a "b" \n'$'\tä'
	run_rbox logs "$name"
	assert "$output" == 'a "b" \n'$'\tä'
	assert "$stderr" == err
	run_rbox inspect --format '{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Path}}' "$name"
	assert "$output" == "json-file $TMPDIR/my.json"
	run_rbox rm "$name"
	rm -f "$TMPDIR/my.json"
}

# One driver counted it, the other didn't.
@test "--tail - what was written last counts as a line without its newline too" {
	local driver name
	for driver in k8s-file json-file; do
		name=$(safename)
		run_rbox run --name "$name" --log-driver "$driver" --network none "$IMAGE" sh -c 'echo a; echo b; printf c'
		run_sh "for n in 0 1 2 3 4; do \$RBOX logs --tail \$n $name | tr '\n' ,; echo; done"
		assert "$output" == $'\nc\nb,c\na,b,c\na,b,c' "$driver"
		run_rbox rm "$name"
	done
}

@test "none and passthrough - nothing to read" {
	local name driver
	for driver in none passthrough; do
		name=$(safename)
		run_rbox run --name "$name" --log-driver $driver --network none "$IMAGE" echo hi
		assert "$output" == hi
		run_rbox 125 logs "$name"
		assert "$stderr" == "Error: this container is using the '$driver' log driver, cannot read logs: this container is not logging output"
		run_rbox rm "$name"
	done
}

@test "passthrough - the caller's own streams" {
	local name
	name=$(safename)
	run_sh 3 "echo in >\$TMPDIR/in; \$RBOX run --rm --log-driver passthrough --network none \$IMAGE \
			sh -c 'cat; echo err >&2; exit 3' <\$TMPDIR/in"
	assert "$output" == in
	assert "$stderr" == err
	run_sh "\$RBOX run -d --name $name --log-driver passthrough --network none \$IMAGE sh -c 'echo out' >\$TMPDIR/out
		\$RBOX wait $name; tail -n +1 \$TMPDIR/out | grep -c out; rm \$TMPDIR/out \$TMPDIR/in"
	assert "$output" == $'0\n1'
	run_rbox rm "$name"
	run_rbox 125 create -t --log-driver passthrough "$IMAGE"
	assert "$stderr" == "Error: the '--log-driver passthrough' option cannot be used with --tty"
}

@test "options - what is wrong is said before anything is made" {
	local row
	run_rbox 125 create --log-driver syslog "$IMAGE"
	assert "$stderr" == $'Error: invalid log driver "syslog"\n  fix: the log drivers are k8s-file, json-file, journald, none, passthrough'
	for row in "max-size=much|--log-opt max-size=much: a number with b, k, m or g is wanted, or -1" \
		"max-file=0|--log-opt max-file=0: a number from 1 to 1000 is wanted" \
		"max-file=x|--log-opt max-file=x: a number from 1 to 1000 is wanted" \
		"path=log|--log-opt path=log: an absolute path of a file is wanted" \
		"path=/no/such/log|open the folder of the log '/no/such/log': No such file or directory" \
		"tag={{.Name}}|--log-opt tag={{.Name}}: templates are not filled in by rbox"; do
		run_rbox 125 create --log-opt "${row%%|*}" "$IMAGE"
		assert "$stderr" == "Error: ${row#*|}"
	done
	run_rbox 125 create --log-opt colour=red "$IMAGE"
	assert "$stderr" == $'Error: unknown --log-opt \'colour=red\'\n  fix: the options are path, max-size, max-file, tag'
	if [ ! -S /run/systemd/journal/socket ]; then
		run_rbox 125 run --log-driver journald "$IMAGE" true
		assert "$stderr" =~ "^Error: the log driver journald: connect to '/run/systemd/journal/socket': "
	fi
	run_rbox ps -aq --filter ancestor="$IMAGE" --filter status=created
	assert "$output" == ""
}

@test "logs - several containers, names, colors, --latest" {
	local a b
	a=$(safename)
	b=$(safename)
	run_rbox run --name "$a" --network none "$IMAGE" echo one
	run_rbox run --name "$b" --network none "$IMAGE" echo two
	run_rbox logs "$a" "$b"
	assert "${lines[0]}" =~ '^[0-9a-f]{12} one$'
	assert "${lines[1]}" =~ '^[0-9a-f]{12} two$'
	run_rbox logs -n -f "$a" "$b"
	assert "$output" == "$a one"$'\n'"$b two"
	run_rbox logs --color -n "$a" "$b"
	assert "$output" == $'\033[37m'"$a one"$'\033[0m\n\033[31m'"$b two"$'\033[0m'
	run_rbox logs -l
	assert "$output" == two
	run_rbox 125 logs -l "$a"
	run_rbox 125 logs "$a" no-such-container
	run_rbox rm "$a" "$b"
}

# The lines come out of two logs in turn, whatever the order of the names.
@test "logs - several containers: by time, --tail of each" {
	local a b i
	a=$(safename)
	b=$(safename)
	for i in "$a" "$b"; do
		run_rbox create --name "$i" --network none "$IMAGE" true
	done
	run_sh "cd \$XDG_DATA_HOME/rbox/containers
		at() { echo \"2025-05-27T09:58:3\$1.000000000\$2 \$3\"; }
		{ at 1 +00:00 'stdout F a1'; at 3 +00:00 'stdout P a3'; at 5 +00:00 'stdout F -end'; at 6 +00:00 'stdout P > '; } \
			>\$(\$RBOX inspect --format '{{.Id}}' $a)/log
		{ at 2 +00:00 'stdout F b2'; at 4 +00:00 'stdout F b4'; at 7 +00:00 'stdout F b7'; } \
			>\$(\$RBOX inspect --format '{{.Id}}' $b)/log"
	for i in "$a $b" "$b $a"; do
		# A line in pieces stays one; what has no end yet doesn't garble the next.
		run_sh "\$RBOX logs -n $i"
		assert "$output" == "$a a1"$'\n'"$b b2"$'\n'"$a a3-end"$'\n'"$b b4"$'\n'"$a > "$'\n'"$b b7"
		# What has no end yet is printed as a line, and counted as one.
		run_sh "\$RBOX logs -f -n --tail 1 $i"
		assert "$output" == "$a > "$'\n'"$b b7"
	done
	run_rbox rm "$a" "$b"
}

# A journalctl that knows --after-cursor and --follow: entry K is said to be at second K.
fake_journalctl() {
	mkdir -p "$TMPDIR/bin"
	cat >"$TMPDIR/bin/journalctl" <<-'END'
		#!/usr/bin/env python3
		import sys, time, os
		with open(os.environ["TMPDIR"] + "/asked", "a") as f:
		    f.write(" ".join(sys.argv[1:]) + "\n")
		entries = [(6, b"one", 0), (3, b"e\xc3\xa4\0\n=\xff", 0), (6, b"x" * 700000, 1), (6, b"y" * 16384, 1), (6, b"end", 0), (6, b"last", 0)]
		after = [int(a.split("=c")[1]) for a in sys.argv if a.startswith("--after-cursor=")]
		follow = "--follow" in sys.argv
		# What a follower is told of; the rest is there when it is asked again.
		n = 5 if follow or (not after and os.path.exists(os.environ["TMPDIR"] + "/early")) else 6
		for k in range(after[0] + 1 if after else 0, n):
		    prio, text, partial = entries[k]
		    out = b"__CURSOR=c%d\n__REALTIME_TIMESTAMP=%d\n_BOOT_ID=f\n" % (k, (1748332714 + k) * 1000000)
		    out += b"MESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\nPRIORITY=%d\n" % prio
		    out += b"CONTAINER_PARTIAL_MESSAGE=true\n" if partial else b""
		    sys.stdout.buffer.write(out + b"\n")
		sys.stdout.flush()
		if os.path.exists(os.environ["TMPDIR"] + "/broken"):
		    sys.exit(1)
		while follow:
		    time.sleep(60)
	END
	chmod +x "$TMPDIR/bin/journalctl"
	export PATH=$TMPDIR/bin:$PATH
}

@test "journald - read by journalctl: bytes, pieces, --tail, --since, -f, what fails" {
	local name id other
	name=$(safename)
	other=$(safename)
	fake_journalctl
	run_rbox create --name "$name" --network none "$IMAGE" true
	id=$output
	# The driver can't be asked for where there is no journald.
	run_sh "sed -i 's/\"LogDriver\":\"k8s-file\"/\"LogDriver\":\"journald\"/' \$XDG_DATA_HOME/rbox/containers/$id/config.json
		\$RBOX logs $name >\$TMPDIR/out 2>\$TMPDIR/err
		python3 -c 'import sys; sys.stdout.write(\"one\\n\" + \"x\" * 700000 + \"y\" * 16384 + \"end\\nlast\\n\")' | cmp - \$TMPDIR/out
		printf 'e\303\244\\0\\n=\377\\n' | cmp - \$TMPDIR/err; cat \$TMPDIR/asked"
	assert "$output" == "--quiet --no-pager --output=export --output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE CONTAINER_ID_FULL=$id"
	run_sh "TZ=UTC \$RBOX logs -t --tail 1 $name; \$RBOX logs --tail 2 $name | tail -c 9; \$RBOX logs --tail 0 $name"
	assert "$output" == $'2025-05-27T07:58:39.000000000Z last\nend\nlast'
	run_rbox logs --since 1748332719 "$name"
	assert "$output" == last
	run_rbox logs --until 1748332714 "$name"
	assert "$output" == one
	run_sh "grep -c -e --since=@1748332719 \$TMPDIR/asked"
	assert "$output" == 1
	# The container has ended: no need to follow. It runs: what journald has late is there too.
	run_rbox logs -f --tail 1 "$name"
	assert "$output" == last
	run_sh "\$RBOX run -d --name $other --network none \$IMAGE sh -c 'while [ ! -e /go ]; do sleep 0.05; done'
		sed -i 's/\"LogDriver\":\"k8s-file\"/\"LogDriver\":\"journald\"/' \$XDG_DATA_HOME/rbox/containers/*/config.json
		touch \$TMPDIR/early; : >\$TMPDIR/asked; \$RBOX logs -f --tail 1 $other >\$TMPDIR/out & p=\$!
		for i in \$(seq 600); do grep -q -e --follow \$TMPDIR/asked && break; sleep 0.05; done
		\$RBOX exec $other touch /go; wait \$p; tail -c 9 \$TMPDIR/out; rm \$TMPDIR/early"
	assert "${lines[-2]}|${lines[-1]}" == "end|last"
	touch "$TMPDIR/broken"
	run_rbox 125 logs --tail 1 "$name"
	assert "$stderr" =~ "^Error: journalctl ended with status 1"
	assert "$stderr" =~ "fix: .*the group systemd-journal"
	run_rbox rm -f -t 0 "$name" "$other"
	rm -f "$TMPDIR"/out "$TMPDIR"/err "$TMPDIR"/asked "$TMPDIR"/broken "${TMPDIR:?}"/bin/journalctl
}

@test "logs - windows of time" {
	local name t
	name=$(safename)
	run_rbox run --name "$name" --network none "$IMAGE" sh -c 'echo one; sleep 1.2; date +%s.%N >/t; cat /t; sleep 1.2; echo three'
	run_rbox logs "$name"
	t=${lines[1]%.*}
	run_rbox logs --since "$t" "$name"
	assert "${lines[-1]}" == three
	assert "$output" !~ one "a second before"
	run_rbox logs --until "$t" "$name"
	assert "$output" == one
	run_rbox logs --since "$(date -u -d "@$t" +%Y-%m-%dT%H:%M:%SZ)" --until "$((t + 1))" "$name"
	assert "$output" !~ "one|three"
	run_rbox logs --since 1h --until 1h "$name"
	assert "${#lines[@]}" -eq 3 "--until takes a span from now on"
	run_rbox logs --until -1h "$name"
	assert "$output" == ""
	run_sh "TZ=Asia/Tokyo \$RBOX logs -t --tail 1 $name; TZ=UTC \$RBOX logs -t --tail 1 $name"
	assert "${lines[0]}" =~ '\+09:00 three$'
	assert "${lines[1]}" =~ 'Z three$'
	run_rbox rm "$name"
}

@test "logs -f - ends at --until, and when nobody reads any more" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none "$IMAGE" sh -c 'echo up; sleep 1000'
	wait_for 10 sh -c "$RBOX logs $name | grep -q up"
	run_rbox logs -f --until 100ms "$name"
	assert "$output" == up
	# The container says no more: it is the reader's end that is noticed.
	run_sh 141 "set -o pipefail; \$RBOX logs -f $name | head -n 1"
	assert "$output" == up
	assert "$stderr" == ""
	run_rbox rm -f -t 0 "$name"
}

@test "attach - several clients, one of which takes nothing" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none "$IMAGE" sh -c 'while [ ! -e /go ]; do sleep 0.05; done; seq 1 400000; exit 4'
	run_sh "mkfifo \$TMPDIR/f
		sh -c 'sleep 60 & echo \$! >\$TMPDIR/sleeper; exec \$RBOX attach $name' >\$TMPDIR/f 2>/dev/null & slow=\$!
		exec 8<\$TMPDIR/f
		for i in 1 2 3; do
			{ \$RBOX attach $name >\$TMPDIR/a\$i; echo \$? >\$TMPDIR/s\$i; } & all=\"\$all \$!\"
		done
		for i in \$(seq 200); do [ \$(ls -l /proc/\$(\$RBOX inspect --format '{{.State.ConmonPid}}' $name)/fd 2>/dev/null | grep -c socket) -ge 6 ] && break; sleep 0.05; done
		\$RBOX exec $name touch /go
		wait \$all
		kill \$(cat \$TMPDIR/sleeper); exec 8<&-; wait \$slow
		for i in 1 2 3; do seq 1 400000 | cmp - \$TMPDIR/a\$i && cat \$TMPDIR/s\$i; done; rm -f \$TMPDIR/[fas][123] \$TMPDIR/f \$TMPDIR/sleeper"
	assert "$output" == $'4\n4\n4'
	run_rbox rm "$name"
}

@test "detach keys - what is none is said" {
	local keys
	for keys in ctrl-P ctrl- ab "ctrl-p,," ctrl-1; do
		run_rbox 125 run --rm --detach-keys "$keys" --network none "$IMAGE" true
		assert "$stderr" =~ "^Error: detach keys '$keys': " "$keys"
	done
	run_rbox run --rm --detach-keys "" --network none "$IMAGE" true
	run_rbox run --rm --detach-keys "a,ctrl-]" --network none "$IMAGE" true
}

@test "sig-proxy - false leaves the container alone" {
	local name
	name=$(safename)
	run_rbox run -d --name "$name" --network none "$IMAGE" sh -c 'trap "exit 7" TERM; while :; do sleep 0.05; done'
	run_sh "\$RBOX attach --sig-proxy=false $name & p=\$!
		for i in \$(seq 200); do [ \$(ls -l /proc/\$(\$RBOX inspect --format '{{.State.ConmonPid}}' $name)/fd 2>/dev/null | grep -c socket) -ge 3 ] && break; sleep 0.05; done
		kill -TERM \$p; wait \$p; echo \$?"
	assert "$output" == 143
	run_rbox inspect --format '{{.State.Status}}' "$name"
	assert "$output" == running
	run_rbox rm -f -t 0 "$name"
}
