#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The floors: cmd -> pkg/engine, pkg/build -> runtime | storage | registry -> pkg/oci -> pkg/util.
# A folder includes itself and floors below; the three peers never include one another. Each
# outside library is spoken to by one module. Exceptions: "file:header reason" in allow/floors.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# The floor a path belongs to, and (second word list) the floors it may include.
may_include() {
	case $1 in
	cmd/*) echo "cmd pkg/build pkg/engine runtime storage registry pkg/oci pkg/util" ;;
	pkg/build/*) echo "pkg/build pkg/engine runtime storage registry pkg/oci pkg/util" ;;
	pkg/engine/*) echo "pkg/engine runtime storage registry pkg/oci pkg/util" ;;
	runtime/*) echo "runtime pkg/oci pkg/util" ;;
	storage/*) echo "storage pkg/oci pkg/util" ;;
	registry/*) echo "registry pkg/oci pkg/util" ;;
	pkg/oci/*) echo "pkg/oci pkg/util" ;;
	pkg/util/*) echo "pkg/util" ;;
	*) echo "" ;;
	esac
}

# library header pattern -> where it may be included
library_home() {
	case $1 in
	curl/*) echo "registry/*" ;;
	archive.h | archive_entry.h) echo "storage/unpack/* pkg/engine/image/*" ;;
	openssl/* | isa-l.h | isa-l/* | igzip_lib.h | zstd.h | zlib.h | lzma.h | bzlib.h)
		echo "registry/* storage/unpack/* pkg/engine/image/*" ;;
	seccomp.h) echo "runtime/*" ;;
	sys/capability.h) echo "runtime/*" ;;
	cmocka.h) echo "tests/*" ;;
	*) echo "*" ;;
	esac
}

under_one_of() {	# PATH PATTERN...: does PATH match one?
	local path=$1 pat
	shift
	for pat in "$@"; do
		# shellcheck disable=SC2053  # a pattern is meant
		[[ $path == $pat ]] && return 0
	done
	return 1
}

while IFS=: read -r file line text; do
	if [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*\"([^\"]+)\" ]]; then
		inc=${BASH_REMATCH[1]}
		allowed floors "$file:$inc" && continue
		# made by the build: build/gen/*.h
		[[ $inc == seccomp_default.h ]] && continue
		if [ ! -e "$inc" ]; then
			fault "$file:$line: \"$inc\" isn't spelled from the root"
			continue
		fi
		read -ra floors <<<"$(may_include "$file")"
		under_one_of "$inc" "${floors[@]/%//*}" ||
			fault "$file:$line: ${file%/*} may not include \"$inc\""
	elif [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*\<([^\>]+)\> ]]; then
		inc=${BASH_REMATCH[1]}
		allowed floors "$file:$inc" && continue
		set -f
		read -ra homes <<<"$(library_home "$inc")"
		set +f
		under_one_of "$file" "${homes[@]}" ||
			fault "$file:$line: <$inc> belongs to ${homes[*]}"
	fi
done < <(sources | xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include')
stale_exceptions floors
finish
