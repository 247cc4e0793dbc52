#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 046-secrets: secrets made, listed, shown, removed; given to containers as files and as variables; and
# the places where they must not be. And what keeps the passwords of registries: credential helpers.

load helpers
# shellcheck source=tests/lib/registry.sh
source tests/lib/registry.sh

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check
}

setup() {
	printf 'hunter2-%s' "$BATS_TEST_NUMBER" >"$TMPDIR/in"
	WORD=hunter2-$BATS_TEST_NUMBER
}

teardown() {
	run_rbox secret rm --all
}

@test "secrets create - from a file, stdin, a variable; ids of 25 hex digits" {
	local id
	run_rbox secret create one "$TMPDIR/in"
	assert "$output" =~ '^[0-9a-f]{25}$'
	id=$output
	run_rbox 125 secret create one "$TMPDIR/in"
	assert "$stderr" == "Error: one: secret name in use"
	run_rbox secret create --ignore one "$TMPDIR/in"
	assert "$output" == "$id"
	run_rbox_in 'from stdin' secret create two -
	SECRET_VAR=v run_rbox secret create --env three SECRET_VAR
	run_rbox secret ls --format '{{.Name}}'
	assert "$output" == $'one\nthree\ntwo'
	run_rbox secret inspect --showsecret --format '{{.SecretData}}' two
	assert "$output" == 'from stdin'
	run_rbox secret inspect --showsecret --format '{{.SecretData}}' three
	assert "$output" == v
	# in its folder only, mine alone
	run_sh 'grep -rl "$(cat "$TMPDIR/in")" "$XDG_DATA_HOME/rbox"'
	assert "$output" == "$XDG_DATA_HOME/rbox/secrets/$id"
	assert "$(stat -c %a "$output")" == 600
}

@test "secrets create - replaced: the same id, other content" {
	local id
	run_rbox secret create one "$TMPDIR/in"
	id=$output
	run_rbox_in new secret create --replace --label k=v one -
	assert "$output" == "$id"
	run_rbox secret inspect --showsecret --format '{{.SecretData}} {{.Spec.Labels}}' one
	assert "$output" == $'new\n map[k:v]'
	run_sh 1 'grep -r "$(cat "$TMPDIR/in")" "$XDG_DATA_HOME/rbox"'
}

@test "secrets create - what is refused leaves nothing" {
	run_rbox 125 secret create one /nope
	assert "$stderr" == "Error: open /nope: No such file or directory"
	run_rbox 125 secret create one -
	assert "$stderr" == 'Error: if `-` is used, data must be passed into stdin'
	run_rbox 125 secret create --env one NO_SUCH_VARIABLE
	assert "$stderr" == "Error: cannot create store secret data: environment variable NO_SUCH_VARIABLE is not set"
	: >"$TMPDIR/empty"
	run_rbox 125 secret create one "$TMPDIR/empty"
	assert "$stderr" == "Error: secret data must be larger than 0 and less than 512000 bytes"
	head -c 600000 /dev/zero >"$TMPDIR/large"
	run_rbox 125 secret create one "$TMPDIR/large"
	assert "$stderr" == "Error: secret data must be larger than 0 and less than 512000 bytes"
	run_rbox 125 secret create one "$TMPDIR"
	assert "$stderr" =~ "^Error: read '$TMPDIR': Is a directory"
	local name
	for name in 'a,b' 'a=b' 'a/b' '' 'a b' $'a\nb' "$(printf 'x%.0s' {1..254})"; do
		run_rbox 125 secret create "$name" "$TMPDIR/in"
		assert "$stderr" =~ 'invalid secret name$' "$name"
	done
	run_rbox 125 secret create -d shell one "$TMPDIR/in"
	assert "$stderr" =~ "^Error: the secret driver 'shell' is not supported: file is"
	run_rbox secret ls -q
	assert "$output" == ""
	run_sh 'ls -A "$XDG_DATA_HOME/rbox/secrets" | grep -v "^[.]lock$" || true'
	assert "$output" == ""
}

@test "secrets ls, inspect, exists, rm - as podman prints them" {
	local id
	run_rbox secret create --label a=b one "$TMPDIR/in"
	id=$output
	run_rbox secret create two "$TMPDIR/in"
	run_rbox secret ls
	assert "${lines[0]}" =~ '^ID +NAME +DRIVER +CREATED +UPDATED *$'
	assert "${lines[1]}" =~ "^$id  one +file +.* ago +.* ago *\$"
	run_rbox secret ls --noheading --filter name=on
	assert "$output" =~ "^$id  one "
	assert "${#lines[@]}" -eq 1
	run_rbox secret ls -q --filter "id=${id:0:20}"
	assert "$output" == "$id"
	run_rbox 125 secret ls --filter size=3
	assert "$stderr" =~ '^Error: invalid filter "size"'
	run_rbox secret ls --format json
	assert "$(/usr/bin/python3 -c 'import json,sys; print([s["Name"] for s in json.load(sys.stdin)])' <<<"$output")" == "['one', 'two']"
	run_rbox secret inspect "${id:0:12}"
	assert "$(/usr/bin/python3 -c 'import json,sys
s = json.load(sys.stdin)[0]
print(s["ID"] == sys.argv[1], s["Spec"]["Name"], s["Spec"]["Driver"]["Name"], s["Spec"]["Labels"], "SecretData" in s)' "$id" <<<"$output")" \
		== "True one file {'a': 'b'} False"
	run_rbox secret inspect --pretty one
	assert "${lines[0]}" == "ID:              $id"
	assert "$output" =~ $'\nLabels:\n - a=b\nDriver:            file\n'
	run_rbox 125 secret inspect nope one
	assert "$stderr" == 'Error: inspecting secret: no secret with name or id "nope": no such secret'
	assert "$output" =~ "$id"
	run_rbox secret exists one
	run_rbox 1 secret exists nope
	run_rbox 125 secret rm nope two
	assert "$stderr" == 'Error: no secret with name or id "nope": no such secret'
	run_rbox secret rm "${id:0:10}"
	assert "$output" == "$id"
	run_rbox secret rm --ignore one
	run_rbox 125 secret rm
	assert "$stderr" =~ 'requires one argument, or the --all flag$'
	run_rbox secret ls -q
	assert "$output" == ""
	run_sh 1 'grep -r "$(cat "$TMPDIR/in")" "$XDG_DATA_HOME/rbox"'
}

@test "secrets run - a file below /run/secrets, read-only for all" {
	run_rbox secret create one "$TMPDIR/in"
	in_box --secret one -- 'cat /run/secrets/one; stat -c " %a %u:%g" /run/secrets/one; echo x >>/run/secrets/one'  || [ "$status" -eq 1 ]
	assert "$output" == "$WORD 444 0:0"
	assert "$stderr" =~ 'Read-only file system'
	in_box --user 1000 --secret one,target=other -- 'cat /run/secrets/other'
	assert "$output" == "$WORD"
	in_box --secret source=one,uid=5,gid=6,mode=0400,target=/abs/place/x -- 'cat /abs/place/x; stat -c " %a %u:%g" /abs/place/x'
	assert "$output" == "$WORD 400 5:6"
	in_box --read-only --secret one -- 'cat /run/secrets/one'
	assert "$output" == "$WORD"
}

@test "secrets run - a variable, in no file of the container's" {
	local name
	name=$(safename)
	run_rbox secret create one "$TMPDIR/in"
	in_box --secret one,type=env -- 'echo $one'
	assert "$output" == "$WORD"
	in_box -e PASSWORD=other --secret one,type=env,target=PASSWORD -- 'echo $PASSWORD'
	assert "$output" == "$WORD"
	run_rbox run -d --name "$name" --network none --secret one,type=env,target=PASSWORD --secret one,target=f,uid=3 "$IMAGE" sleep 1000
	run_rbox exec "$name" sh -c 'echo $PASSWORD'
	assert "$output" == "$WORD"
	run_rbox inspect "$name"
	assert "$output" !~ "$WORD" "inspect"
	run_rbox inspect --format '{{range .Config.Secrets}}{{.Name}} {{.UID}} {{.Mode}}{{end}}' "$name"
	assert "$output" == "one 3 292"
	# the secret itself and the mounted copy; nothing else
	run_sh 'cd "$XDG_DATA_HOME/rbox" && unshare --map-auto --map-root-user grep -rlE "$(cat "$TMPDIR/in")" secrets containers | sed "s/[0-9a-f]\{25,\}/ID/" | sort'
	assert "$output" == $'containers/ID/secrets/1\nsecrets/ID'
	run_rbox rm -f -t 0 "$name"
}

@test "secrets run - health checks have the variables, too" {
	local name
	name=$(safename)
	run_rbox secret create one "$TMPDIR/in"
	run_rbox run -d --name "$name" --network none --stop-timeout 0 --secret one,type=env,target=PW \
		--health-startup-cmd "test \"\$PW\" = $WORD" --health-startup-interval disable \
		--health-cmd "test \"\$PW\" = $WORD" --health-interval disable "$IMAGE" sleep 1000
	run_rbox healthcheck run "$name"
	run_rbox healthcheck run "$name"
	run_rbox inspect --format '{{.State.Health.Status}}' "$name"
	assert "$output" == healthy
	run_rbox rm -f "$name"
}

@test "secrets run - a copy stays, a variable is looked up at each start" {
	local a b
	a=$(safename)a b=$(safename)b
	run_rbox secret create one "$TMPDIR/in"
	run_rbox create --name "$a" --network none --secret one "$IMAGE" cat /run/secrets/one
	run_rbox create --name "$b" --network none --secret one,type=env "$IMAGE" sh -c 'echo $one'
	run_rbox_in changed secret create --replace one -
	run_rbox start -a "$a"
	assert "$output" == "$WORD"
	run_rbox start -a "$b"
	assert "$output" == changed
	run_rbox secret rm one
	run_rbox start -a "$a"
	assert "$output" == "$WORD"
	run_rbox 125 start -a "$b"
	assert "$stderr" =~ 'no secret with name or id "one": no such secret$'
	run_rbox rm "$a" "$b"
}

@test "secrets run - what is refused" {
	run_rbox secret create one "$TMPDIR/in"
	refused 'no secret with name or id "nope": no such secret$' --secret nope
	refused 'parsing secret: type foo is invalid' --secret one,type=foo
	refused 'parsing secret: UID, GID, Mode options cannot be set with secret type env$' --secret one,type=env,uid=5
	refused 'parsing secret: option bad=1 invalid$' --secret one,bad=1
	refused 'parsing secret: option bad must be in form option=value$' --secret one,bad
	refused 'parsing secret: mode abc invalid$' --secret one,mode=abc
	refused 'parsing secret: mode 7777 invalid$' --secret one,mode=7777
	refused 'parsing secret: UID -1 invalid$' --secret one,uid=-1
	refused "parsing secret: the target '\\.\\./x' is no place for a file$" --secret one,target=../x
	refused "parsing secret: the target '/' is no place for a file$" --secret one,target=/
	refused 'parsing secret: no source found' --secret type=env
	refused "give secret 'one' to 2000000:0: such an id is not mapped" --secret one,uid=2000000
	run_rbox ps -aq
	assert "$output" == ""
}

# helper NAME: a docker-credential-NAME in $TMPDIR that says user and secret, and writes down what it was asked
helper() {
	cat >"$TMPDIR/docker-credential-$1" <<'SH'
#!/bin/sh
echo "$1 $(cat)" >>"$ASKED"
echo '{"ServerURL":"x","Username":"user","Secret":"secret"}'
SH
	chmod 755 "$TMPDIR/docker-credential-$1"
}

@test "secrets credHelpers - a pull with the password of a helper" {
	local PATH=$TMPDIR:$PATH
	registry_start helpers tls
	export ASKED=$TMPDIR/asked
	: >"$ASKED"
	mkdir -p "$TMPDIR/certs"
	cp "$REGISTRY_CA" "$TMPDIR/certs/ca.crt"
	skopeo copy -q --dest-cert-dir "$TMPDIR/certs" --dest-creds user:secret "docker-archive:$IMAGES/empty.tar" "docker://$REGISTRY/a/b:c"
	echo '{}' >"$TMPDIR/auth.json"
	run_rbox 125 pull -q --cert-dir "$TMPDIR/certs" --authfile "$TMPDIR/auth.json" --retry 0 "$REGISTRY/a/b:c"
	helper test
	echo "{\"credHelpers\": {\"$REGISTRY\": \"test\"}}" >"$TMPDIR/auth.json"
	run_rbox pull -q --cert-dir "$TMPDIR/certs" --authfile "$TMPDIR/auth.json" "$REGISTRY/a/b:c"
	assert "$(sort -u "$ASKED")" == "get $REGISTRY"
	run_rbox rmi "$REGISTRY/a/b:c"
	: >"$ASKED"
	echo '{"credsStore": "test"}' >"$TMPDIR/auth.json"
	run_rbox pull -q --cert-dir "$TMPDIR/certs" --authfile "$TMPDIR/auth.json" "$REGISTRY/a/b:c"
	assert "$(sort -u "$ASKED")" == "get $REGISTRY"
	run_rbox rmi "$REGISTRY/a/b:c"
	echo "{\"credHelpers\": {\"$REGISTRY\": \"absent\"}}" >"$TMPDIR/auth.json"
	run_rbox 125 pull -q --cert-dir "$TMPDIR/certs" --authfile "$TMPDIR/auth.json" "$REGISTRY/a/b:c"
	assert "$stderr" =~ "the credential helper 'docker-credential-absent' is not in PATH"
	registry_stop helpers
}
