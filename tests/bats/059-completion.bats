#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 059-completion: what TAB offers: commands, flags, values of flags, names of what is there in the state that the
# command needs, files where files belong; and that bash, zsh and fish show it.

load helpers

setup_file() {
	load_image busybox
	local name
	for name in running other; do
		# shellcheck disable=SC2086
		$RBOX run -d --name "$name" --network none "$IMAGE" sleep 1000 >/dev/null </dev/null || return 1
	done
	# shellcheck disable=SC2086
	$RBOX create --name waiting --network none "$IMAGE" true >/dev/null </dev/null || return 1
	# shellcheck disable=SC2086
	$RBOX volume create data >/dev/null
	# shellcheck disable=SC2086
	echo s | $RBOX secret create word - >/dev/null
	# An image without a name: its last one went to another.
	# shellcheck disable=SC2086
	$RBOX commit -q waiting x >/dev/null </dev/null && $RBOX commit -q -m again waiting x >/dev/null </dev/null
}

teardown_file() {
	# shellcheck disable=SC2086
	timeout 60 $RBOX rm -f -a -t 0 >/dev/null </dev/null
	# shellcheck disable=SC2086
	timeout 60 $RBOX volume rm data >/dev/null </dev/null
	leak_check
}

# Their order is the shells' affair.
in_order() {
	tr ' ' '\n' | LC_ALL=C sort | tr '\n' ' ' | sed 's/ *$//'
}

# offers "LINE" "CANDIDATES": LINE's words are split at blanks; at its end is the cursor
offers() {
	local words output
	read -ra words <<<"$1"
	case $1 in *' ' | '') words+=("") ;; esac
	# shellcheck disable=SC2086
	output=$($RBOX __complete -- "${words[@]}" 2>&1 </dev/null | cut -f1 | in_order)
	assert "$output" == "$(echo "$2" | in_order)" "rbox $1<TAB>"
}

@test "completion - commands, nouns and their verbs" {
	offers 'sto' 'stop'
	offers 'volume e' 'exists'
	offers 'container l' 'logs ls list'
	offers 'help container re' 'restart rename remove'
	offers '--v' '--version'
	offers '--lo' '--log-level'
	offers '--no' '--noout'
	offers '--log-level debug --syslog sto' 'stop'
	offers '--log-level=debug --out /dev/null volume e' 'exists'
	offers 'nosuchcommand x' ''
	offers 'completion ' 'bash zsh fish'
	# hidden ones are nobody's business
	offers '__' ''
	run_rbox __complete -- why ''
	assert "$output" =~ $'running\tlocalhost/busybox:latest, running'
	run_rbox __complete -- unp
	assert "$output" == $'unpause\tLet the processes of paused containers go on'
}

@test "completion - flags, and none behind the image" {
	offers 'run --read-only-' '--read-only-tmpfs'
	offers 'run --net' '--network'
	offers 'logs --ti' '--timestamps'
	offers 'run busybox --rea' ':files'
	offers 'exec running --he' ':files'
	offers 'stop -- --' ''
	offers 'run --help' '--help'
}

@test "completion - values of flags" {
	offers 'run --network ' 'slirp4netns host none'
	offers 'run --network=h' '--network=host'
	offers 'run --rm -it --restart a' 'always'
	offers 'run --pull ' 'always missing newer never'
	offers 'create --log-driver j' 'json-file journald'
	offers 'kill --signal SIGT' 'SIGTRAP SIGTERM SIGTSTP SIGTTIN SIGTTOU'
	offers 'kill -s HU' 'HUP'
	offers 'kill -sHU' '-sHUP'
	offers 'run --stop-signal=US' '--stop-signal=USR1 --stop-signal=USR2'
	offers 'ps --format ' 'json'
	offers 'commit --format ' 'oci docker'
	offers 'run --cap-add NET_B' 'NET_BIND_SERVICE NET_BROADCAST'
	offers 'ps --filter status=r' 'status=removing status=running'
	offers 'images -f dang' 'dangling=true dangling=false'
	offers 'run --secret ' 'word'
	offers 'run --volumes-from wa' 'waiting'
	# nothing to say is nothing, not a list of files
	offers 'run --name ' ''
	offers 'run -e ' ''
	offers 'run -w ' ''
	offers 'run -it --hostname x' ''
}

@test "completion - containers by the state that the command needs, each once" {
	offers 'start ' 'waiting'
	offers 'init ' 'waiting'
	offers 'stop ' 'running other'
	offers 'stop running ' 'other'
	offers 'exec -it ru' 'running'
	offers 'exec -u root -e A=1 o' 'other'
	offers 'attach w' ''
	offers 'unpause ' ''
	offers 'rm ' 'running other waiting'
	offers 'logs -f --tail 3 w' 'waiting'
	offers 'healthcheck run o' 'other'
	offers 'container stop o' 'other'
	offers 'rename waiting ' ''
	# by its id
	local id
	id=$(rbox inspect --format '{{.Id}}' other)
	offers "stop ${id:0:6}" "${id:0:12}"
}

@test "completion - images by their names, whole or without what stands before a slash; no <none>" {
	offers 'run ' 'localhost/x:latest localhost/busybox:latest'
	offers 'run --rm -it busy' 'busybox:latest'
	offers 'rmi localhost/b' 'localhost/busybox:latest'
	offers 'tag x:' 'x:latest'
	local id
	id=$(rbox images -q --filter dangling=true)
	assert "$id" =~ '^[0-9a-f]{12}$' "the image without a name"
	offers "rmi ${id:0:7}" "$id"
}

@test "completion - files where files belong, beside what else may stand there" {
	offers 'load -i ' ':files'
	offers 'run --env-file=' ':files'
	offers 'import ' ':files'
	offers 'secret create name ' ':files'
	offers 'run -v ' 'data: :files'
	offers 'run -v data:/' ''
	offers 'run -v ./' ':files'
	offers 'run -v /' ':files'
	offers 'cp ' 'running: other: waiting: :files'
	offers 'cp run' 'running: :files'
	offers 'cp running:/etc' ''
	offers 'cp running:/etc/passwd ./' ':files'
	offers 'run --cert-dir ' ':dirs'
	offers 'run busybox ls ' ':files'
	offers 'volume rm ' 'data'
	offers 'stop /' ''
}

@test "completion - a store that can't be opened is no word on the terminal" {
	run_sh 'XDG_DATA_HOME=/proc/nowhere $RBOX __complete -- run --network h 2>/dev/null'
	assert "$output" == host
	run_sh 125 'XDG_DATA_HOME=/proc/nowhere $RBOX __complete -- stop "" 2>/dev/null'
	assert "$output" == ""
}

@test "completion - bash: a blank behind what is whole, and words taken apart at : and = put together again" {
	mkdir -p "$TMPDIR/tab/runs" && : >"$TMPDIR/tab/run me"
	# As readline calls it: the line is split at ':' and '=', too.
	cat >"$TMPDIR/in-bash" <<-'END'
		. <(rbox completion bash)
		compopt() { how+=" $*"; }
		how='' COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=()
		while [[ $1 =~ ^([[:blank:]]*)([:=]+|[^[:blank:]:=]+|$)(.*)$ && -n $1 ]]; do
		    COMP_WORDS+=("${BASH_REMATCH[2]}")
		    set -- "${BASH_REMATCH[3]}"
		done
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_rbox
		printf '<%s>' "${COMPREPLY[@]}"
		echo "$how"
	END
	shows() {	# LINE WHAT
		run_cmd bash -c 'cd "$1" && bash --norc "$2" "$3"' bash "$TMPDIR/tab" "$TMPDIR/in-bash" "$1"
		assert "$output" == "$2" "rbox $1"
		assert "$stderr" == "" "rbox $1"
	}
	shows 'rbox ver' '<version > -o nospace'
	shows 'rbox run --network=h' '<host > -o nospace'
	shows 'rbox run --network h' '<host > -o nospace'
	shows 'rbox rmi localhost/busybox:la' '<latest > -o nospace'
	shows 'rbox rmi localhost/busybox:' '<latest > -o nospace'
	shows 'rbox ps --filter=status=ru' '<running > -o nospace'
	shows 'rbox ps --filter heal' '<health=healthy ><health=unhealthy ><health=starting ><health=none > -o nospace'
	shows 'rbox cp run' '<running:><run me ><runs/> -o nospace'
	shows 'rbox run -v da' '<data:> -o nospace'
	# left to readline, which knows how to quote
	shows 'rbox run -v ./r' '<> -o nospace +o nospace -o filenames -o default'
	shows 'rbox run --env-file=r' '<> -o nospace +o nospace -o filenames -o default'
	shows 'rbox run --cert-dir r' '<> -o nospace +o nospace -o filenames -o dirnames'
	shows 'rbox run --name r' '<> -o nospace'
}

@test "completion - zsh" {
	mkdir -p "$TMPDIR/zsh"
	rbox completion zsh >"$TMPDIR/zsh/_rbox"
	cat >"$TMPDIR/in-zsh" <<-'END'
		fpath=($1 $fpath); shift
		autoload -U _rbox
		compadd() { local a; a=(${(P)@[-1]}); print -r -- "<${(j:><:)a}> ${@[2,-5]}"; }
		compset() { print -r -- "compset $*"; }
		_files() { print -r -- "files $*"; }
		compdef() { }
		words=("$@"); CURRENT=$#; PREFIX=${@[-1]}
		_rbox
		_rbox
	END
	run_sh "zsh -f $TMPDIR/in-zsh $TMPDIR/zsh rbox sto"
	assert "${lines[0]}" == "<stop> -l"
	assert "${lines[1]}" == "<stop> -l"
	run_sh "zsh -f $TMPDIR/in-zsh $TMPDIR/zsh rbox cp run"
	assert "${lines[0]}" == "<running:> -S  -l"
	assert "${lines[1]}" == "files "
	run_sh "zsh -f $TMPDIR/in-zsh $TMPDIR/zsh rbox run --env-file=x"
	assert "${lines[0]}" == "compset -P *="
	assert "${lines[1]}" == "files "
	run_sh "zsh -f $TMPDIR/in-zsh $TMPDIR/zsh rbox exec ''"
	assert "${lines[0]}" =~ '<running>'
	assert "${lines[0]}" =~ '<other>'
}

@test "completion - fish" {
	rbox completion fish >"$TMPDIR/rbox.fish"
	mkdir -p "$TMPDIR/fish" && : >"$TMPDIR/fish/runfile"
	in_fish() {
		run_cmd fish --no-config -c "cd $TMPDIR/fish; source $TMPDIR/rbox.fish; complete -C '$1'"
		assert "$stderr" == ""
	}
	in_fish 'rbox sto'
	assert "$output" == $'stop\tStop running containers'
	in_fish 'rbox run --network=h'
	assert "$output" == --network=host
	in_fish 'rbox cp run'
	assert "$output" =~ "running:"$'\t'
	assert "$output" =~ runfile
	in_fish 'rbox run --env-file=run'
	assert "$output" =~ ^--env-file=runfile
	in_fish 'rbox run --name '
	assert "$output" == ""
}
