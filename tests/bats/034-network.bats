#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 034-network: what a container sees of the network in each mode, and what it doesn't reach. There is
# no internet here: servers listen on this host's loopback or in a container.

load helpers

setup_file() {
	load_image busybox
	# a server on the loopback of the host; it says "host"
	python3 - "$TMPDIR/port" <<'PY' >/dev/null 2>&1 3>&- &
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(16)
with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d" % s.getsockname()[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    c, _ = s.accept()
    c.sendall(b"host\n")
    c.close()
PY
	echo $! >"$TMPDIR/server"
	wait_for 20 test -s "$TMPDIR/port"
}

teardown_file() {
	kill "$(cat "$TMPDIR/server")"
	rm -f "$TMPDIR/server" "$TMPDIR/port"
	leak_check
}

teardown() {
	remove_all
}

in_net() {	# MODE CMD
	run_rbox run --rm --network "$1" "$IMAGE" sh -c "$2"
}

# ask ADDRESS PORT: for the shell inside; prints what the server says, or nothing
ask='ask() { timeout 3 nc -w 2 "$1" "$2" </dev/null 2>/dev/null; true; }'

@test "network - the default is slirp4netns: tap0 with its address, lo, and a default route" {
	in_net slirp4netns 'ls /sys/class/net; ip -o -4 addr show; ip route; cat /sys/class/net/tap0/mtu'
	assert "${lines[0]} ${lines[1]}" == "lo tap0"
	assert "$output" =~ 'lo +inet 127\.0\.0\.1/8'
	assert "$output" =~ 'tap0 +inet 10\.0\.2\.100/24'
	assert "$output" =~ 'default via 10\.0\.2\.2 dev tap0'
	assert "${lines[-1]}" == 65520
	run_rbox run --rm "$IMAGE" ls /sys/class/net
	assert "$output" == $'lo\ntap0' "without a flag"
}

@test "network - slirp4netns: its resolver comes first, the loopback ones of the host are dropped" {
	in_net slirp4netns 'grep ^nameserver /etc/resolv.conf'
	assert "${lines[0]}" == "nameserver 10.0.2.3"
	assert "$output" !~ 'nameserver (127\.|::1)'
}

@test "network - slirp4netns: the command never runs before the network is there" {
	local i
	for i in 1 2 3 4 5; do
		run_rbox run --rm "$IMAGE" ip route
		assert "$output" =~ 'default via' "run $i"
	done
}

@test "network - slirp4netns: the host's loopback isn't reached" {
	local port
	port=$(cat "$TMPDIR/port")
	in_net host "$ask; ask 127.0.0.1 $port"
	assert "$output" == host "the server answers"
	in_net slirp4netns "$ask; ask 10.0.2.2 $port; ask 127.0.0.1 $port; ask localhost $port"
	assert "$output" == "" "the server of the host"
}

@test "network - lo of a container is its own, and up in every mode" {
	local mode
	for mode in none slirp4netns; do
		in_net $mode '(echo inside | nc -l -p 7777 >/dev/null &)
			for i in 1 2 3 4 5 6 7 8 9 10; do
				got=$(timeout 3 nc -w 2 127.0.0.1 7777 </dev/null 2>/dev/null) && break; sleep 0.1; done; echo "got $got"'
		assert "$output" == "got inside" "$mode"
	done
}

@test "network - two containers don't see one another" {
	run_rbox run -d --name k1 "$IMAGE" sh -c 'while :; do echo other | nc -l -p 7777 >/dev/null; done'
	wait_for 10 sh -c "$RBOX exec k1 sh -c 'netstat -ltn | grep -q :7777'"
	run_rbox exec k1 sh -c "$ask; ask 10.0.2.100 7777"
	assert "$output" == other "it hears itself"
	in_net slirp4netns "$ask; ask 10.0.2.100 7777; ask 127.0.0.1 7777; ask 10.0.2.2 7777"
	assert "$output" == "" "another container's server"
	run_rbox inspect --format '{{.State.Pid}}' k1
	assert "$(readlink "/proc/$output/ns/net")" != "$(readlink /proc/self/ns/net)"
	# nor does the host
	run_sh 'timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/7777" 2>/dev/null || echo refused'
	assert "$output" == refused
	run_rbox rm -f -t 0 k1
}

@test "network none - lo and nothing else, no route, no way out" {
	in_net none 'ls /sys/class/net; ip route; ip -o -4 addr show'
	assert "${lines[0]}" == lo
	assert "$output" !~ default
	assert "$output" =~ '127\.0\.0\.1/8'
	assert "${#lines[@]}" -eq 2
	in_net none "$ask; ask 127.0.0.1 $(cat "$TMPDIR/port"); ping -c 1 -W 1 10.0.2.2 2>&1 | grep -c 'unreachable\|not permitted\|denied'; true"
	assert "$output" =~ ^[0-9]+$ "the server of the host isn't heard"
}

@test "network host - the host's interfaces, resolver and loopback" {
	in_net host 'ls /sys/class/net | sort | tr "\n" " "'
	assert "$output" == "$(find /sys/class/net -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ')"
	in_net host 'grep ^nameserver /etc/resolv.conf; true'
	assert "$output" == "$(grep ^nameserver /etc/resolv.conf || true)"
	# seen, not configured: the namespace belongs to the host
	in_net host 'ip link set lo down 2>&1; true'
	assert "$output" =~ 'ermitted|denied'
	run_rbox run --rm --network host "$IMAGE" hostname
	assert "$output" == "$(hostname)" "as podman: the host's network has the host's name"
}

@test "network - slirp4netns ends with the container" {
	local before
	before=$(slirps)
	run_rbox run -d --name k1 "$IMAGE" sleep 1000
	assert "$(slirps)" -eq $((before + 1)) "helpers while it runs"
	run_rbox rm -f -t 0 k1
	wait_for 5 none_more "$before"
}

slirps() {
	local n=0 p
	for p in /proc/[0-9]*; do
		[ "$(stat -c %u "$p" 2>/dev/null)" = "$(id -u)" ] || continue
		[ "$(cat "$p/comm" 2>/dev/null)" = slirp4netns ] && grep -qz "$RBOX_T" "$p/environ" 2>/dev/null && n=$((n + 1))
	done
	echo $n
}

none_more() {
	[ "$(slirps)" -le "$1" ]
}

@test "network - the mode is in inspect, and stays over a restart" {
	run_rbox create --name k1 --network none "$IMAGE" ls /sys/class/net
	run_rbox inspect --format '{{.HostConfig.NetworkMode}}' k1
	assert "$output" == none
	run_rbox start -a k1
	assert "$output" == lo
	run_rbox create --name k2 "$IMAGE" ls /sys/class/net
	run_rbox inspect --format '{{.HostConfig.NetworkMode}}' k2
	assert "$output" == slirp4netns
	run_rbox start -a k2
	assert "$output" == $'lo\ntap0'
	run_rbox start -a k2
	assert "$output" == $'lo\ntap0' "again"
	run_rbox rm k1 k2
}
