#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 066-image-tree: an image of all kinds of things goes to a registry (TLS, an own CA, a login) and comes
# back as docker.io's: each digest computed again, and the tree as a container sees it equal to what
# umoci unpacks. And a registry that isn't whom it says is refused.
# needs: load run pull rmi inspect

# shellcheck disable=SC2154,SC2030,SC2031,SC2016  # run_rbox sets them; each test is a subshell
load helpers
# shellcheck source=tests/lib/registry.sh
source tests/lib/registry.sh

# tests/long/066-image-tree.bats names a large one.
KIND=${KIND:-kinds}
STORE=$XDG_DATA_HOME/rbox

setup_file() {
	registry_start tree tls
	export REGISTRY REGISTRY_CA
	mkdir -p "$RBOX_T/layout" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY"
	cp "$REGISTRY_CA" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY/ca.crt"
	tar xf "${KIND_TAR:-$IMAGES/$KIND.oci.tar}" -C "$RBOX_T/layout" --no-same-owner
	skopeo copy -q --dest-creds user:secret --dest-cert-dir "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY" \
		"oci:$RBOX_T/layout:localhost/$KIND:latest" "docker://$REGISTRY/library/$KIND:latest"
	printf '[[registry]]\nprefix = "docker.io"\nlocation = "%s"\n' "$REGISTRY" \
		>"$XDG_CONFIG_HOME/containers/registries.conf"
	printf '{"auths": {"%s": {"auth": "%s"}}}\n' "$REGISTRY" "$(printf user:secret | base64)" >"$RBOX_T/auth.json"
	export REGISTRY_AUTH_FILE=$RBOX_T/auth.json
}

teardown_file() {
	registry_stop tree
	leak_check
}

sum_of() { sha256sum "$1" | cut -d' ' -f1; }

@test "image tree - pulled as docker.io's, and every digest is what it says" {
	local id manifest hex i n diff blob
	run_rbox run --rm --network none "docker.io/library/$KIND" /bin/cat /etc/image-name
	assert "$output" == "base"
	run_rbox images -q --no-trunc "docker.io/library/$KIND"
	id=${output#sha256:}
	manifest=$(skopeo inspect --raw --creds user:secret --cert-dir "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY" \
		"docker://$REGISTRY/library/$KIND:latest" | tee "$RBOX_T/manifest" | sha256sum | cut -d' ' -f1)
	assert "$(jq -r .manifest "$STORE/images/$id.json")" == "sha256:$manifest" "the manifest that skopeo sees"
	cmp "$STORE/blobs/sha256/$manifest" "$RBOX_T/manifest"
	assert "sha256:$id" == "$(jq -r .config.digest "$RBOX_T/manifest")" "the config"
	for hex in "$manifest" "$id" $(jq -r '.layers[].digest' "$RBOX_T/manifest" | cut -d: -f2); do
		assert "$(sum_of "$STORE/blobs/sha256/$hex")" == "$hex"
	done
	n=$(jq '.layers | length' "$RBOX_T/manifest")
	assert "$n" -ge 3
	for ((i = 0; i < n; i++)); do
		blob=$(jq -r ".layers[$i].digest" "$RBOX_T/manifest" | cut -d: -f2)
		diff=$(jq -r ".rootfs.diff_ids[$i]" "$STORE/blobs/sha256/$id")
		assert "sha256:$(gzip -dc "$STORE/blobs/sha256/$blob" | sha256sum | cut -d' ' -f1)" == "$diff" "diffID $i"
		assert "$(jq -r ".layers[$i].diffID" "$STORE/images/$id.json")" == "$diff"
	done
	run_cmd /usr/bin/python3 tests/lib/check-store.py check --strict --deep "$STORE"
	check_status 0
}

@test "image tree - a container sees what umoci unpacks" {
	local lib ld
	local except=(proc sys dev etc/hosts etc/hostname etc/resolv.conf etc/mtab run/.containerenv)
	lib=/usr/lib/$(uname -m)-linux-gnu
	ld=$(readlink -f "$(readelf -lW /usr/bin/python3 | sed -n 's/.*interpreter: \(.*\)\]/\1/p')")
	# This system's python, run within the container from a mount.
	run_rbox run --rm --network none -v /usr:/mnt-usr:ro -v "$PWD/tests/lib/list-tree.py:/mnt-list:ro" \
		-e PYTHONHOME=/mnt-usr -e PYTHONDONTWRITEBYTECODE=1 "docker.io/library/$KIND" \
		"/mnt-usr${ld#/usr}" --library-path "/mnt-usr${lib#/usr}" /mnt-usr/bin/python3 /mnt-list / \
		mnt-usr mnt-list "${except[@]}"
	printf '%s\n' "$output" >"$TMPDIR/seen"
	unshare --map-auto --map-root-user bash -c 'set -e
		umoci raw unpack --image "$1" "$2" >/dev/null
		/usr/bin/python3 tests/lib/list-tree.py "$2" "${@:3}"
		rm -rf "$2"' - "$RBOX_T/layout:localhost/$KIND:latest" "$TMPDIR/unpacked" "${except[@]}" >"$TMPDIR/umoci"
	assert "$(wc -l <"$TMPDIR/seen")" -gt 150 "entries"
	diff "$TMPDIR/seen" "$TMPDIR/umoci"
}

# --- who the registry is ---

refused() {	# REGEX
	run_rbox 125 pull -q "$REGISTRY/library/$KIND:latest"
	assert "$output" == ""
	assert "$stderr" =~ "Error: "
	assert "$stderr" =~ "$1"
	assert "$stderr" =~ "$REGISTRY"
}

# A server certificate signed by the registry's own CA: reissue SUBJECT-ALT-NAME DAYS
reissue() {
	local d=$RBOX_T/registry-$1
	printf 'subjectAltName=%s\n' "$2" >"$d/ext"
	openssl x509 -req -in "$d/server.csr" -CA "$d/ca.crt" -CAkey "$d/ca.key" -CAcreateserial \
		"${@:3}" -extfile "$d/ext" -out "$d/server.crt" 2>/dev/null
}

# docker-registry reads its certificate at the start.
restart() {	# NAME
	local d=$RBOX_T/registry-$1
	kill "$(cat "$d/pid")"
	registry_serve "$d" &
	echo $! >"$d/pid"
	wait_for 20 curl -q -sk -o /dev/null "https://$REGISTRY/v2/"
}

@test "image tree - a wrong CA, a wrong name and an expired certificate are refused" {
	local old=$REGISTRY
	registry_start bad tls
	mkdir -p "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY"
	# nobody signed it that we know
	refused "certificate"
	# another CA
	cp "$XDG_CONFIG_HOME/containers/certs.d/$old/ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY/ca.crt"
	refused "certificate"
	cp "$REGISTRY_CA" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY/ca.crt"
	reissue bad DNS:registry.example -days 2
	restart bad
	refused "(name|match)"
	reissue bad IP:127.0.0.1 -days -1
	restart bad
	refused "expired"
	# and that it is the certificate alone: a good one is asked for a login
	reissue bad IP:127.0.0.1 -days 2
	restart bad
	refused "(unauthorized|authentication|login|manifest|credentials|401)"
	registry_stop bad
	run_rbox images -q "$REGISTRY/library/$KIND"
	assert "$output" == ""
}
