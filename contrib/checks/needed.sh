#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `rbox` maps no parser of foreign bytes: linked statically it needs no library at all, otherwise
# these and no other. (rbox-image has libcurl, OpenSSL and libarchive, and is a process of its own.)
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

BIN=${RBOX_BIN:-${B:-build}/rbox}
[ -f "$BIN" ] || { echo "needed: no $BIN, build first" >&2; exit 2; }
while IFS= read -r lib; do
	case $lib in
	libseccomp.so.2 | libjansson.so.4 | libc.so.6 | ld-linux*) ;;
	*) fault "$BIN: needs $lib" ;;
	esac
done < <(readelf -d "$BIN" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
if ! readelf -dW "$BIN" | grep -q NEEDED; then
	readelf -dW "$BIN" | grep -qE 'FLAGS.*PIE' || fault "$BIN: isn't position independent"
	readelf -lW "$BIN" | grep -q INTERP && fault "$BIN: asks for a loader"
	for name in curl_easy_init SSL_connect archive_read_open inflate; do
		nm "$BIN" 2>/dev/null | grep -qw "$name" && fault "$BIN: holds $name"
	done
fi
readelf -lW "$BIN" | grep -q 'GNU_STACK.* RW ' || fault "$BIN: has an executable stack"
readelf -dW "$BIN" | grep -qE 'BIND_NOW|FLAGS.*NOW' || fault "$BIN: isn't linked with -z now"
readelf -lW "$BIN" | grep -q GNU_RELRO || fault "$BIN: isn't linked with -z relro"
finish
