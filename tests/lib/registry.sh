# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Debian's docker-registry on 127.0.0.1, for suites. Sourced; each registry has a folder of its
# own below $RBOX_T and is ended by its pid.
#
#	registry_start NAME [tls]     sets REGISTRY (127.0.0.1:PORT), and with tls also REGISTRY_CA
#	                              (a CA of its own) and the login user / secret
#	registry_stop NAME

# A port that nobody listens on now; docker-registry is tried again when it was lost meanwhile.
registry_free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

registry_certificates() {	# FOLDER: ca.crt, server.crt, server.key
	local d=$1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj '/CN=rbox test CA' -keyout "$d/ca.key" -out "$d/ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=127.0.0.1' \
		-keyout "$d/server.key" -out "$d/server.csr" 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >"$d/ext"
	openssl x509 -req -in "$d/server.csr" -CA "$d/ca.crt" -CAkey "$d/ca.key" -CAcreateserial \
		-days 2 -extfile "$d/ext" -out "$d/server.crt" 2>/dev/null
}

registry_config() {	# FOLDER PORT [tls]
	cat <<YAML
version: 0.1
log: {level: error}
storage:
  filesystem: {rootdirectory: $1/blobs}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:$2
YAML
	[ -n "${3:-}" ] || return 0
	cat <<YAML
  tls: {certificate: $1/server.crt, key: $1/server.key}
auth:
  htpasswd: {realm: test, path: $1/htpasswd}
YAML
}

registry_answers() {	# FOLDER PORT [tls]
	local code
	if [ -n "${3:-}" ]; then
		code=$(curl -q -s -o /dev/null -w '%{http_code}' --cacert "$1/ca.crt" -u user:secret "https://127.0.0.1:$2/v2/")
	else
		code=$(curl -q -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$2/v2/")
	fi
	[ "$code" = 200 ]
}

# Without the variables that it takes for parts of its configuration.
registry_serve() {	# FOLDER
	exec env -u REGISTRY -u REGISTRY_CA -u REGISTRY_AUTH_FILE docker-registry serve "$1/config.yml" \
		>"$1/log" 2>&1 </dev/null 3>&-
}

registry_start() {
	local d=${RBOX_T:?}/registry-$1 tls=${2:-} try port pid i
	mkdir -p "$d/blobs"
	if [ -n "$tls" ]; then
		registry_certificates "$d"
		htpasswd -Bbn user secret >"$d/htpasswd"	# bcrypt: it takes no other
	fi
	for try in 1 2 3; do
		port=$(registry_free_port)
		registry_config "$d" "$port" "$tls" >"$d/config.yml"
		registry_serve "$d" &
		pid=$!
		for ((i = 0; i < 200; i++)); do
			kill -0 $pid 2>/dev/null || break
			if registry_answers "$d" "$port" "$tls"; then
				echo $pid >"$d/pid"
				# shellcheck disable=SC2034  # for the suites
				REGISTRY=127.0.0.1:$port REGISTRY_CA=$d/ca.crt
				return 0
			fi
			sleep 0.1
		done
		kill $pid 2>/dev/null || true
		echo "docker-registry, try $try:" >&2
		cat "$d/log" >&2
	done
	return 1
}

registry_stop() {
	local pid
	pid=$(cat "${RBOX_T:?}/registry-$1/pid") || return 1
	kill "$pid"
	wait "$pid" 2>/dev/null || true
	rm -r "$RBOX_T/registry-$1"
}
