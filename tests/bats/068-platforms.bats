#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 068-platforms: one name for several machines, in a real registry: which image is taken, what --platform
# and its like change, what --pull newer fetches, and that a proxy is gone through.
# needs: pull run images rmi inspect

# shellcheck disable=SC2154,SC2030,SC2031,SC2016  # run_rbox sets them; each test is a subshell
load helpers
# shellcheck source=tests/lib/registry.sh
source tests/lib/registry.sh

setup_file() {
	registry_start platforms
	export REGISTRY MINE OTHER
	MINE=$(dpkg --print-architecture)
	OTHER=$([ "$MINE" = arm64 ] && echo amd64 || echo arm64)
	put many:latest oci "linux/s390x" "linux/$OTHER" "linux/arm/v6" "linux/arm/v7" "linux/$MINE" "windows/$MINE"
	put listed:latest docker "linux/ppc64le" "linux/$MINE" "linux/$OTHER"
	put foreign:latest oci "linux/s390x" "linux/riscv64"
}

teardown_file() {
	registry_stop platforms
	leak_check
}

teardown() {
	# shellcheck disable=SC2086
	timeout 60 $RBOX rmi -a -f >/dev/null 2>&1 || true
}

put() {	# NAME:TAG oci|docker PLATFORM...
	tests/lib/push-index.py "$REGISTRY" "$1" "$2" "$IMAGES/busybox.oci.tar" "${@:3}" \
		>"$RBOX_T/${1%:*}"
}

id_of() {	# NAME PLATFORM
	sed -n "s|^$2 sha256:||p" "$RBOX_T/$1"
}

pull() { run_rbox "${status_wanted:-0}" pull -q --tls-verify=false "$@"; }

@test "platforms - this machine's is taken from an index, wherever it stands in it" {
	pull "$REGISTRY/many"
	assert "$output" == "$(id_of many "linux/$MINE")"
	run_rbox run --rm --network none "$REGISTRY/many" sh -c 'echo $MACHINE'
	assert "$output" == "linux/$MINE"
}

@test "platforms - and from docker's manifest list" {
	pull "$REGISTRY/listed"
	assert "$output" == "$(id_of listed "linux/$MINE")"
}

@test "platforms - --platform, --arch and --variant choose another" {
	pull --platform "linux/$OTHER" "$REGISTRY/many"
	assert "$output" == "$(id_of many "linux/$OTHER")"
	run_rbox image inspect --format '{{.Os}}/{{.Architecture}}' "$REGISTRY/many"
	assert "$output" == "linux/$OTHER"
	pull --arch s390x "$REGISTRY/many"
	assert "$output" == "$(id_of many linux/s390x)"
	pull --platform linux/arm/v6 "$REGISTRY/many"
	assert "$output" == "$(id_of many linux/arm/v6)"
	pull --arch arm --variant v7 "$REGISTRY/many"
	assert "$output" == "$(id_of many linux/arm/v7)"
	# v7 is what arm alone means
	pull --arch arm --variant v6 "$REGISTRY/many"
	assert "$output" == "$(id_of many linux/arm/v6)"
	status_wanted=125 pull --os plan9 "$REGISTRY/many"
	assert "$stderr" =~ "plan9/"
}

@test "platforms - one that isn't there is an error that names those that are" {
	status_wanted=125 pull "$REGISTRY/foreign"
	assert "$stderr" =~ "linux/$MINE"
	assert "$stderr" =~ "linux/s390x"
	assert "$stderr" =~ "linux/riscv64"
	status_wanted=125 pull --platform linux/mips "$REGISTRY/many"
	assert "$stderr" =~ "linux/mips"
	run_rbox images -q
	assert "$output" == "" "nothing is kept of either"
}

@test "platforms - run --variant: what the store has of another one isn't taken" {
	pull --platform linux/arm/v6 "$REGISTRY/many"
	run_rbox create --pull never --arch arm --variant v6 --network none "$REGISTRY/many"
	run_rbox rm "$output"
	run_rbox create --pull never --arch arm --network none "$REGISTRY/many"
	run_rbox rm "$output"
	run_rbox 125 create --pull never --arch arm --variant v5 --network none "$REGISTRY/many"
	assert "$stderr" == "Error: $REGISTRY/many: image not known"
}

@test "platforms - run --platform fetches what isn't there, and says that it can't run it here" {
	pull "$REGISTRY/many"
	run_rbox run --rm --network none --tls-verify=false --pull never "$REGISTRY/many" sh -c 'echo $MACHINE'
	assert "$output" == "linux/$MINE"
	# The image's programs are this machine's all the same.
	run_rbox run -q --rm --network none --tls-verify=false --platform "linux/$OTHER" "$REGISTRY/many" \
		sh -c 'echo $MACHINE'
	assert "$output" == "linux/$OTHER"
}

@test "platforms - --pull newer, always, missing and never, when the tag moves" {
	registry_start going	# REGISTRY is this one until the test ends
	put moving:latest oci "linux/$MINE"
	pull "$REGISTRY/moving"
	local old new
	old=$output
	tests/lib/push-index.py "$REGISTRY" moving:latest oci "$IMAGES/kinds.oci.tar" "linux/$MINE" >"$RBOX_T/moving"
	new=$(id_of moving "linux/$MINE")
	assert "$old" != "$new"
	run_rbox run --rm --network none --tls-verify=false --pull never "$REGISTRY/moving" true
	run_rbox images -q --no-trunc
	assert "$output" == "sha256:$old" "never: as it was"
	run_rbox run -q --rm --network none --tls-verify=false "$REGISTRY/moving" true
	run_rbox images -q --no-trunc
	assert "$output" == "sha256:$old" "missing, the default: as it was"
	run_rbox run -q --rm --network none --tls-verify=false --pull newer "$REGISTRY/moving" true
	run_rbox image inspect --format '{{.Id}}' "$REGISTRY/moving"
	assert "$output" == "$new" "newer"
	registry_stop going
	run_rbox run -q --rm --network none --tls-verify=false --pull newer "$REGISTRY/moving" true
	run_rbox 125 run -q --rm --network none --tls-verify=false --pull always "$REGISTRY/moving" true
	assert "$stderr" =~ "$REGISTRY"
}

@test "platforms - a proxy is gone through, but not to what no_proxy names" {
	local pid port
	put proxied:latest oci "linux/$MINE"
	mkfifo "$RBOX_T/port"
	"$PWD/tests/lib/proxy.py" "$REGISTRY" "$RBOX_T/asked" >"$RBOX_T/port" 2>/dev/null 3>&- &
	pid=$!
	read -r port <"$RBOX_T/port"
	http_proxy=http://127.0.0.1:$port HTTPS_PROXY=http://127.0.0.1:$port pull registry.invalid/proxied
	assert "$output" == "$(id_of proxied "linux/$MINE")"
	assert "$(grep -c "^GET http://registry.invalid/v2/proxied/blobs/" "$RBOX_T/asked")" -ge 2 "blobs by the proxy"
	run_rbox rmi -f registry.invalid/proxied
	: >"$RBOX_T/asked"
	http_proxy=http://127.0.0.1:$port no_proxy=127.0.0.1 pull "$REGISTRY/proxied"
	assert "$(cat "$RBOX_T/asked")" == ""
	kill $pid
	wait $pid || true
	rm "$RBOX_T/port" "$RBOX_T/asked"
}
