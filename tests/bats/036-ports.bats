#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 036-ports: published ports: served for real over tcp and udp, said in port, ps and inspect; what stands in the way
# is found before anything is made; nothing listens once the container is gone. Ports are the ones rbox finds free.

load helpers

setup_file() {
	load_image busybox configured
}

teardown_file() {
	leak_check
}

teardown() {
	remove_all
	[ ! -s "$TMPDIR/holder" ] || kill "$(cat "$TMPDIR/holder")" || true
	rm -f "$TMPDIR/holder" "$TMPDIR/holder.port"
}

# serve NAME TEXT FLAGS...: a web server that says TEXT
serve() {
	local name=$1 text=$2
	shift 2
	run_rbox run -d --name "$name" "$@" "$IMAGE" sh -c "mkdir -p /www && echo $text >/www/index.html && exec httpd -f -p 80 -h /www"
}

# host_port NAME [PORT]: "127.0.0.1:NNN", where it is published
host_port() {
	# shellcheck disable=SC2086
	$RBOX port "$1" "${2:-80}" | sed 's/^0\.0\.0\.0/127.0.0.1/'
}

# fetch ADDRESS TEXT: the server there says so
fetch() {
	[ "$(curl -s --max-time 5 "http://$1/")" = "$2" ]
}

# Something else of this user that listens on all addresses: its port in $TMPDIR/holder.port
hold_port() {
	python3 - "$TMPDIR/holder.port" <<'PY' >/dev/null 2>&1 3>&- &
import os, socket, sys, time
s = socket.socket()
s.bind(("0.0.0.0", 0))
s.listen(1)
with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d" % s.getsockname()[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(1000)
PY
	echo $! >"$TMPDIR/holder"
	wait_for 20 test -s "$TMPDIR/holder.port"
}

# Can be listened on now: free tcp PORT
free() {
	python3 -c 'import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", int(sys.argv[1]))); s.listen(1)' "$1"
}

# A port of tcp that nobody has just now.
any_port() {
	python3 -c 'import socket
s = socket.socket(); s.bind(("0.0.0.0", 0)); print(s.getsockname()[1])'
}

# run COMMAND until its port isn't somebody else's: with_free_port NAME FLAGS... -- the port is $port
with_free_port() {
	local i
	for i in 1 2 3 4 5; do
		port=$(any_port)
		"$@" && return 0
	done
	return 1
}

@test "ports - a web server is reached from the host, and gone with its container" {
	local at
	serve web hello -p 80
	at=$(host_port web)
	assert "$at" =~ '^127\.0\.0\.1:[0-9]+$'
	wait_for 10 fetch "$at" hello
	run_rbox rm -f -t 0 web
	wait_for 10 free "${at##*:}"
	run_sh "curl -s --max-time 2 http://$at/ || echo nobody"
	assert "$output" == nobody
}

serve_on() {
	serve "$1" "$2" -p "$3$port:80" >/dev/null 2>&1
}

@test "ports - the port that was asked for, on the address that was asked for" {
	local port own
	with_free_port serve_on web given 127.0.0.1:
	assert "$(host_port web)" == "127.0.0.1:$port"
	wait_for 10 fetch "127.0.0.1:$port" given
	# another address of this machine leads nowhere
	own=$(ip -4 -o addr show scope global | awk '{sub("/.*", "", $4); print $4; exit}')
	if [ -n "$own" ]; then
		run_sh "curl -s --max-time 2 http://$own:$port/ || echo nobody"
		assert "$output" == nobody
	fi
	run_rbox rm -f -t 0 web
}

@test "ports - udp on the loopback: the limit of slirp4netns is said" {
	run_rbox create --name echo -p 127.0.0.1::7/udp "$IMAGE"
	assert "$stderr" =~ 'is published on 127.0.0.1: slirp4netns lets datagrams in, but no answers back'
	run_rbox 0 create --name echo2 -p 7/udp "$IMAGE"
	assert "$stderr" == ""
	run_rbox rm echo echo2
}

@test "ports - they are open before the first instruction" {
	local i
	# slirp4netns answers for a server that isn't there yet, too
	run_rbox run --name early -p 80 "$IMAGE" true
	run_rbox inspect --format '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' early
	for i in 1 2 3; do
		run_sh "\$RBOX start -a early && echo ended"
		assert "$output" == ended
	done
	run_rbox rm early
}

@test "ports - port, ps and inspect tell of them" {
	local id p
	run_rbox create --name none "$IMAGE" sleep 1000
	serve web x -p 80 -p 127.0.0.1::81/udp -p 90-92
	id=$output
	run_rbox port web
	assert "${#lines[@]}" -eq 5
	assert "${lines[0]}" =~ '^80/tcp -> 0\.0\.0\.0:[0-9]+$'
	assert "${lines[1]}" =~ '^81/udp -> 127\.0\.0\.1:[0-9]+$'
	assert "${lines[4]}" =~ '^92/tcp -> 0\.0\.0\.0:[0-9]+$'
	p=${lines[0]##*:}
	run_rbox port web 80
	assert "$output" == "0.0.0.0:$p"
	run_rbox port web 80/tcp
	assert "$output" == "0.0.0.0:$p"
	run_rbox port --all
	assert "${#lines[@]}" -eq 5
	assert "${lines[0]}" == "${id:0:12}"$'\t'"80/tcp -> 0.0.0.0:$p"
	run_rbox ps --format '{{.Ports}}'
	assert "$output" =~ "^0\.0\.0\.0:$p->80/tcp, 127\.0\.0\.1:[0-9]+->81/udp, "
	run_rbox ps
	assert "${lines[0]}" =~ 'PORTS'
	assert "${lines[1]}" =~ "0\.0\.0\.0:$p->80/tcp"
	run_rbox ps --format json
	jq -e --argjson p "$p" '.[0].Ports[0] == {host_ip: "", container_port: 80, host_port: $p, range: 1, protocol: "tcp"}' <<<"$output"
	run_rbox inspect web
	jq -e --arg p "$p" '.[0] | .NetworkSettings.Ports["80/tcp"] == [{HostIp: "", HostPort: $p}]
		and .HostConfig.PortBindings["81/udp"][0].HostIp == "127.0.0.1"
		and (.NetworkSettings.Ports | keys) == ["80/tcp", "81/udp", "90/tcp", "91/tcp", "92/tcp"]' <<<"$output"
	run_rbox inspect --format '{{range $p, $c := .NetworkSettings.Ports}}{{$p}} {{(index $c 0).HostPort}};{{end}}' web
	assert "$output" =~ "^80/tcp $p;81/udp "
	run_rbox port --latest
	assert "${lines[0]}" == "80/tcp -> 0.0.0.0:$p"
	run_rbox port -l 80
	assert "$output" == "0.0.0.0:$p"
	run_rbox 125 port --all --latest
	assert "$stderr" == 'Error: --all and --latest cannot be used together'
	run_rbox 125 port -l 80 81
	run_rbox port none
	assert "$output" == ""
	run_rbox port none 80
	assert "$output" == ""
	# It doesn't run, and has none: what isn't a port was taken for one.
	run_rbox 125 port none abc
	assert "$stderr" =~ 'invalid port number "abc"'
	run_rbox 125 port nosuch
	assert "$stderr" == 'Error: no container with name or ID "nosuch" found: no such container'
	run_rbox 125 port
	run_rbox 125 port web 80/tcp/udp
	run_rbox rm -f -t 0 web none
}

range_on() {
	local a=$((port > 60000 ? port - 3000 : port))
	serve web range -p "$a-$((a + 2)):80-82" >/dev/null 2>&1 && port=$a
}

@test "ports - a range is shown as one, many ports whole" {
	local port i flags=()
	with_free_port range_on
	run_rbox ps --format '{{.Ports}}'
	assert "$output" == "0.0.0.0:$port-$((port + 2))->80-82/tcp"
	wait_for 10 fetch "127.0.0.1:$port" range
	run_rbox port web
	assert "${lines[2]}" == "82/tcp -> 0.0.0.0:$((port + 2))"
	run_rbox rm -f -t 0 web
	for i in $(seq 100 2 140); do flags+=(-p "127.0.0.1::$i"); done
	run_rbox run -d --name many "${flags[@]}" "$IMAGE" sleep 1000
	run_rbox ps --format '{{.Ports}}'
	assert "$(tr ',' '\n' <<<"$output" | grep -c -- '->1[0-9][0-9]/tcp')" -eq 21
	run_rbox rm -f -t 0 many
}

@test "ports - -P publishes what the image and --expose say, a port of its own each" {
	run_rbox run -d --name all -P --expose 90 --expose 91-92/udp --entrypoint '' localhost/configured:v1 sleep 1000
	run_rbox port all
	assert "$(sed 's/ .*//' <<<"$output" | sort | tr '\n' ' ')" == "8080/tcp 90/tcp 91/udp 92/udp "
	run_rbox inspect --format '{{.HostConfig.PublishAllPorts}}' all
	assert "$output" == true
	run_rbox create --name said --expose 90 localhost/configured:v1
	run_rbox inspect --format '{{json .NetworkSettings.Ports}}' said
	assert "$output" == '{"8080/tcp":null,"90/tcp":null}' "said, not published"
	run_rbox rm -f -t 0 all said
	run_rbox 125 create --expose 80:80 "$IMAGE"
	assert "$stderr" =~ "80:80"
}

@test "ports - after a restart the same ones are open" {
	local at
	serve web again -p 80
	at=$(host_port web)
	wait_for 10 fetch "$at" again
	run_rbox stop -t 0 web
	wait_for 10 free "${at##*:}"
	run_rbox start web
	assert "$(host_port web)" == "$at"
	wait_for 10 fetch "$at" again
	run_rbox rm -f -t 0 web
}

@test "ports - after a restart by policy the same ones are open" {
	local at before
	serve web policy -p 80 -p 81/udp --restart=always
	at=$(host_port web)
	wait_for 10 fetch "$at" policy
	run_rbox port web
	before=$output
	# the server, process 1, is killed from outside: not by stop or kill, which would be the end of it
	run_rbox inspect --format '{{.State.Pid}}' web
	kill -9 "$output"
	again() { [[ $($RBOX inspect --format '{{.RestartCount}} {{.State.Status}}' web) =~ ^[1-9][0-9]*' running'$ ]]; }
	wait_for 20 again
	wait_for 10 fetch "$at" policy
	run_rbox port web
	assert "$output" == "$before"
	run_rbox rm -f -t 0 web
	wait_for 10 free "${at##*:}"
}

# Asks UDP port $2 of address $1, again and again for 20 seconds at most: prints the answer, or "nobody".
ask_udp() {
	timeout 60 python3 - "$1" "$2" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.connect((sys.argv[1], int(sys.argv[2])))
for i in range(40):
    try:
        s.send(b"hello")
        print(s.recv(100).decode())
        break
    except OSError:
        pass
else:
    print("nobody")
PY
}

@test "ports - udp: a datagram is answered, by another address of this machine than the loopback's" {
	local own port
	own=$(ip -4 -o addr show scope global | awk '{sub("/.*", "", $4); print $4; exit}')
	run_rbox run -d --name echo -p 7/udp "$IMAGE" probe udp-echo 7
	run_rbox port echo 7/udp
	assert "$output" =~ '^0\.0\.0\.0:[0-9]+$'
	port=${output##*:}
	# a machine that has none has no place that answers could come back to
	[ -z "$own" ] || assert "$(ask_udp "$own" "$port")" == hello
	run_rbox rm -f -t 0 echo
}

@test "ports - taken by a container: said which, and nothing is made" {
	local at
	serve web x -p 80
	at=$(host_port web)
	run_rbox 126 run --name other -p "${at##*:}:80" "$IMAGE" true
	assert "${stderr%%$'\n'*}" == "Error: publish port ${at##*:}: listen tcp 0.0.0.0:${at##*:}: bind: address already in use (by container web)"
	assert "$stderr" =~ 'fix: choose another port'
	run_rbox 1 container exists other
	# an image that isn't here isn't asked for before that is said
	run_rbox 126 run -p "127.0.0.1:${at##*:}:80" localhost/missing
	assert "$stderr" =~ 'bind: address already in use'
	# create is no start: which of the two runs is decided later
	run_rbox create --name other -p "${at##*:}:80" "$IMAGE" true
	run_rbox 125 start other
	assert "$stderr" =~ 'address already in use .by container web.'
	run_rbox stop -t 0 web
	run_rbox start -a other
	run_rbox rm -f web other
}

@test "ports - taken by a process: said which" {
	local p
	hold_port
	p=$(cat "$TMPDIR/holder.port")
	run_rbox 126 run --name other -p "$p:80" "$IMAGE" true
	assert "$stderr" =~ "bind: address already in use \(by process $(cat "$TMPDIR/holder") \(python3.*\)\)"
	run_rbox 1 container exists other
	run_rbox 126 run -p "127.0.0.1:$p:80" "$IMAGE" true
	assert "$stderr" =~ "bind: address already in use \(by process"
}

@test "ports - a port that only root may have: the sysctl is named" {
	local start
	start=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
	if [ "$start" -le 1 ]; then
		run_rbox run --rm -p 127.0.0.1:1:80 "$IMAGE" true
		return
	fi
	run_rbox 126 run --name low -p 1:80 "$IMAGE" true
	assert "$stderr" =~ "cannot expose privileged port 1, you can add 'net.ipv4.ip_unprivileged_port_start=1' to /etc/sysctl.conf \(currently $start\), or choose a larger port number \(>= $start\)"
	assert "$stderr" =~ 'listen tcp 0.0.0.0:1: bind: permission denied'
	assert "$stderr" =~ 'sudo sysctl -w net.ipv4.ip_unprivileged_port_start=1'
	run_rbox 1 container exists low
}

@test "ports - an address that is none of this machine's, IPv6, sctp: clear errors" {
	run_rbox 126 run -p 192.0.2.1:8080:80 "$IMAGE" true
	assert "$stderr" =~ 'listen tcp 192.0.2.1:8080: bind: cannot assign requested address'
	run_rbox 125 run -p '[::1]:8080:80' "$IMAGE" true
	assert "$stderr" =~ 'slirp4netns forwards from IPv4 addresses only, not from \[::1\]'
	run_rbox 125 run -p 80/sctp "$IMAGE" true
	assert "$stderr" =~ 'slirp4netns forwards tcp and udp, not sctp'
	run_rbox 125 create -p 18000:80 -p 18000:81 "$IMAGE"
	assert "$stderr" =~ 'conflicting port mappings for host port 18000 \(protocol tcp\)'
	run_rbox 125 create -p 18000-18005:80-85 -p 127.0.0.1:18003:81 "$IMAGE"
	assert "$stderr" =~ 'conflicting port mappings for host port 18003'
	run_rbox create --name twice -p 18000:80 -p 18000:80 -p 18000:80/udp "$IMAGE"
	run_rbox inspect --format '{{json .HostConfig.PortBindings}}' twice
	assert "$output" == '{"80/tcp":[{"HostIp":"","HostPort":"18000"}],"80/udp":[{"HostIp":"","HostPort":"18000"}]}'
	run_rbox rm twice
	run_rbox ps -aq
	assert "$output" == ""
}

@test "ports - wrong ones are refused as podman refuses them" {
	local text want
	while IFS='|' read -r text want; do
		run_rbox 125 create -p "$text" "$IMAGE"
		assert "${stderr%%$'\n'*}" == "Error: publish '$text': $want"
	done <<'ROWS'
1:2:3:4|invalid port format - format is [[hostIP:]hostPort:]containerPort
8080:|must provide a non-empty container port to publish
x:80|parsing host port: invalid port number "x"
80:70000|parsing container port: port numbers must be between 1 and 65535 (inclusive), got 70000
8000-8002:80|host and container port ranges have different lengths: 3 vs 1
80/foo|unrecognized protocol "foo" in port mapping
localhost:8080:80|cannot parse "localhost" as an IP address
ROWS
	run_rbox ps -aq
	assert "$output" == ""
}

@test "ports - none and host have nothing to publish: a warning, as podman" {
	local mode
	for mode in none host; do
		run_rbox run --rm --network $mode -p 80:80 "$IMAGE" echo ran
		assert "$output" == ran
		assert "$stderr" =~ 'Port mappings have been discarded'
	done
	run_rbox create --name n --network none -p 80:80 "$IMAGE"
	run_rbox inspect --format '{{json .HostConfig.PortBindings}}' n
	assert "$output" == '{}'
	run_rbox rm n
}

@test "ports - kill -9 of the monitor: nothing listens any more, and the port can be had again" {
	local at pid
	serve web x -p 80
	at=$(host_port web)
	wait_for 10 fetch "$at" x
	run_rbox inspect --format '{{.State.ConmonPid}}' web
	pid=$output
	kill -9 "$pid"
	wait_for 10 free "${at##*:}"
	run_rbox start web
	wait_for 10 fetch "$at" x
	run_rbox rm -f -t 0 web
}
