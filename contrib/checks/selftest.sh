#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that each check can fail: every seeded fault below must be found (exit 1 and the
# words expected), and the same tree without faults must pass.

set -u
CHECKS=$(cd "$(dirname "$0")" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/rbox-selftest.XXXXXX")
trap 'rm -rf "$T"' EXIT
PASSED=0 FAILED=0
C_ID='// SPDX-License-Identifier: Apache-2.0'
H_ID='/* SPDX-License-Identifier: Apache-2.0 */'

say() {
	if [ "$1" = ok ]; then
		PASSED=$((PASSED + 1))
	else
		FAILED=$((FAILED + 1))
		echo "not ok: $2" >&2
	fi
}

# A small tree without a fault.
fresh() {
	rm -rf "$T/tree" "$T/allow"
	mkdir -p "$T"/tree/{cmd,pkg/engine,pkg/oci,pkg/util,runtime,storage/unpack,registry,tests/unit,build/obj} "$T/allow"
	printf '%s\n' "$H_ID" '#ifndef PKG_UTIL_A_H' '#define PKG_UTIL_A_H' 'int a(int n);' '#endif' >"$T/tree/pkg/util/a.h"
	printf '%s\n' "$C_ID" '#include "pkg/util/a.h"' '' 'int a(int n)' '{' \
		'	/* open("x") in a comment */' '	const char *s = "mount(x)";' '	return n + (int)s[0];' '}' \
		>"$T/tree/pkg/util/a.c"
}

compile() {	# FILE.c: makes its object
	mkdir -p "$T/tree/build/obj/$(dirname "$1")"
	(cd "$T/tree" && gcc -std=gnu11 -fPIE -I. -w -c "$1" -o "build/obj/${1%.c}.o")
}

# finds CHECK WORDS: the check must fail on the tree and name WORDS.
finds() {
	local out rc
	out=$(ALLOW=$T/allow bash "$CHECKS/$1.sh" "$T/tree" 2>&1)
	rc=$?
	if [ $rc -eq 1 ] && grep -qF -- "$2" <<<"$out"; then
		say ok ''
	else
		say no "$1 should have found '$2'; it ended with $rc and said: $out"
	fi
}

passes() {	# CHECK
	local out rc
	out=$(ALLOW=$T/allow bash "$CHECKS/$1.sh" "$T/tree" 2>&1)
	rc=$?
	if [ $rc -eq 0 ]; then say ok ''; else say no "$1 should pass; it ended with $rc and said: $out"; fi
}

# seed FILE LINE...: puts a file into the tree (the SPDX line is added).
seed() {
	local f=$1
	shift
	case $f in
	*.c) printf '%s\n' "$C_ID" "$@" >"$T/tree/$f" ;;
	*) printf '%s\n' "$@" >"$T/tree/$f" ;;
	esac
}

long_function() {	# NAME LINES
	echo "int $1(int n)"
	echo '{'
	for ((i = 0; i < $2 - 4; i++)); do echo '	n++;'; done
	printf '	return n;\n}\n'
}

test_clean() {
	fresh
	compile pkg/util/a.c
	for c in calls floors globals headers length params spdx words; do passes $c; done
}

test_length() {
	fresh
	{ echo "$C_ID"; long_function short_enough 100; } >"$T/tree/runtime/l.c"
	passes length
	{ echo "$C_ID"; long_function too_long 101; } >"$T/tree/runtime/l.c"
	finds length 'runtime/l.c:2: too_long has 101 lines'
	echo 'runtime/l.c:too_long it is a table' >"$T/allow/length"
	passes length
	echo 'runtime/l.c:too_long' >"$T/allow/length"
	finds length 'has no reason'
	echo 'runtime/gone.c:f because' >"$T/allow/length"
	finds length 'names no file'
}

test_params() {
	fresh
	seed runtime/p.c 'int nine(int a, int b, int c, int d, int e, int f, int g, int h, int (*i)(int, int));'
	passes params
	seed runtime/p.c 'int ten(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)' '{ return a; }'
	finds params 'ten has 10 parameters'
}

test_calls() {
	local file code word
	# file | code | the word that must be named
	while IFS='|' read -r file code word; do
		fresh
		seed "$file" "int f(void);" "int f(void) { $code }"
		finds calls "'$word' here"
	done <<'ROWS'
pkg/engine/x.c|return setns(3, 0);|setns
runtime/join.c|return unshare (0);|unshare
runtime/launch.c|return syscall(SYS_clone3, 0, 0);|SYS_clone3
storage/x.c|return mount("a", "b", "c", 0, 0);|mount
runtime/init.c|return umount2("a", 2);|umount2
runtime/init.c|return syscall(SYS_pivot_root, ".", ".");|SYS_pivot_root
storage/x.c|return openat(3, "x", 0);|openat
registry/x.c|return socket(1, 1, 0);|socket
runtime/x.c|return dup2(1, 2);|dup2
runtime/x.c|return pipe(p);|pipe
storage/x.c|return read(0, b, 1);|read
storage/x.c|return write(0, b, 1);|write
storage/x.c|return renameat(3, a, 4, b);|renameat
pkg/util/path.c|return !realpath(a, b);|realpath
pkg/util/path.c|char b[PATH_MAX]; return 0;|PATH_MAX
runtime/init.c|return chdir("/");|chdir
pkg/engine/x.c|return printf("x");|printf
pkg/engine/x.c|return fprintf(stderr, "x");|fprintf
runtime/x.c|exit(1);|exit
pkg/engine/x.c|return system("x");|system
cmd/x.c|strcpy(a, b);|strcpy
cmd/x.c|return sprintf(a, b);|sprintf
cmd/x.c|return !strtok(a, b);|strtok
tests/unit/x.c|return !strcat(a, b);|strcat
ROWS
	fresh
	seed runtime/ns.c 'int f(void) { return setns(3, 0); }'
	seed runtime/mount.c 'int f(void) { return mount("a", "b", "c", 0, 0); }'
	seed cmd/run.c 'int f(void) { return printf("x"); }'
	seed storage/ops.c 'int f(struct s *s) { return s->open(s) + s->ops.read(s); } /* rename(a, b) */' \
		'struct o o = { .open = my_open, .read = my_read };'
	passes calls
	seed storage/x.c 'int f(void) { return rename(a, b); }'
	finds calls "storage/x.c:2: 'rename' here"
	echo 'storage/x.c:rename the commit' >"$T/allow/calls"
	passes calls
}

test_floors() {
	while IFS='|' read -r file inc words; do
		fresh
		for h in cmd/c.h pkg/engine/e.h runtime/r.h storage/s.h registry/g.h pkg/oci/o.h; do
			seed $h "$H_ID"
		done
		seed "$file" "#include $inc"
		finds floors "$words"
	done <<'ROWS'
runtime/x.c|"storage/s.h"|runtime may not include "storage/s.h"
storage/x.c|"registry/g.h"|storage may not include "registry/g.h"
registry/x.c|"runtime/r.h"|registry may not include "runtime/r.h"
pkg/engine/x.c|"cmd/c.h"|pkg/engine may not include "cmd/c.h"
runtime/x.c|"pkg/engine/e.h"|runtime may not include "pkg/engine/e.h"
pkg/oci/x.c|"runtime/r.h"|pkg/oci may not include "runtime/r.h"
pkg/util/x.c|"pkg/oci/o.h"|pkg/util may not include "pkg/oci/o.h"
runtime/x.c|"r.h"|isn't spelled from the root
runtime/x.c|<curl/curl.h>|<curl/curl.h> belongs to registry/*
storage/x.c|<archive.h>|<archive.h> belongs to
cmd/x.c|<openssl/evp.h>|<openssl/evp.h> belongs to
storage/x.c|<seccomp.h>|<seccomp.h> belongs to runtime/*
ROWS
	fresh
	for h in pkg/engine/e.h runtime/r.h pkg/oci/o.h; do seed $h "$H_ID"; done
	seed cmd/x.c '#include "pkg/engine/e.h"'
	seed pkg/engine/x.c '#include "runtime/r.h"' '#include <errno.h>'
	seed runtime/x.c '#include "runtime/r.h"' '#include "pkg/oci/o.h"' '#include <seccomp.h>'
	seed storage/unpack/x.c '#include <archive.h>' '#include <openssl/evp.h>'
	passes floors
}

test_globals() {
	while IFS='|' read -r code words; do
		fresh
		seed runtime/g.c "$code"
		compile runtime/g.c
		finds globals "$words"
	done <<'ROWS'
int counter;|'counter' is writable
static int hidden = 3; int f(void) { return hidden++; }|'hidden' is writable
int f(void) { static int inner; return inner++; }|is writable (in .bss)
const char *names[] = { "a" };|'names' is writable
__thread int mine;|'mine' is writable
ROWS
	fresh
	seed runtime/g.c 'static const char *const names[] = { "a", "b" }; const char *f(int i) { return names[i]; }' \
		'const int table[] = { 1, 2 };'
	compile runtime/g.c
	passes globals
	seed runtime/g.c 'int counter;'
	compile runtime/g.c
	echo 'runtime/g.c:counter a signal handler needs it' >"$T/allow/globals"
	passes globals
}

test_headers() {
	fresh
	seed pkg/util/b.h "$H_ID" '#ifndef B_H' '#define B_H' 'int f(size_t n);' '#endif'
	finds headers "pkg/util/b.h: doesn't compile alone"
	seed pkg/util/b.h "$H_ID" '#include <stddef.h>' 'int f(size_t n);'
	finds headers 'pkg/util/b.h: has no include guard'
}

test_needed() {
	fresh
	echo 'int main(void) { return 0; }' >"$T/m.c"
	gcc -pie -fPIE -Wl,-z,relro,-z,now -o "$T/clean" "$T/m.c"
	RBOX_BIN=$T/clean passes needed
	gcc -static-pie -fPIE -Wl,-z,relro,-z,now -o "$T/static" "$T/m.c"
	RBOX_BIN=$T/static passes needed
	gcc -static -Wl,-z,relro,-z,now -o "$T/fixed" "$T/m.c"
	RBOX_BIN=$T/fixed finds needed "isn't position independent"
	echo 'int inflate(void); int inflate(void) { return 0; } int main(void) { return inflate(); }' >"$T/i.c"
	gcc -static-pie -fPIE -Wl,-z,relro,-z,now -o "$T/inflates" "$T/i.c"
	RBOX_BIN=$T/inflates finds needed 'holds inflate'
	gcc -pie -fPIE -Wl,-z,relro,-z,now -Wl,--no-as-needed -o "$T/fat" "$T/m.c" -lm
	RBOX_BIN=$T/fat finds needed 'needs libm.so.6'
	gcc -pie -fPIE -Wl,-z,lazy -o "$T/lazy" "$T/m.c"
	RBOX_BIN=$T/lazy finds needed "isn't linked with -z now"
	gcc -pie -fPIE -Wl,-z,relro,-z,now,-z,execstack -o "$T/stack" "$T/m.c" 2>/dev/null
	RBOX_BIN=$T/stack finds needed 'executable stack'
}

test_spdx() {
	fresh
	echo 'int x;' >"$T/tree/cmd/x.c"
	finds spdx 'cmd/x.c:1'
	fresh
	echo '// SPDX-License-Identifier: Apache-2.0' >"$T/tree/cmd/x.h"
	finds spdx 'cmd/x.h:1'
	fresh
	printf '#!/bin/sh\ntrue\n' >"$T/tree/tests/x.sh"
	finds spdx 'tests/x.sh:1'
}

test_words() {
	while IFS='|' read -r text words; do
		fresh
		printf '%b\n' "$text" >"$T/tree/cmd/notes.txt"
		finds words "$words"
	done <<'ROWS'
see /wor\x6b/main/x|a path of one machine
as COM\x50AT 4.2 says|names a document
<<\x3c<<<< HEAD|a conflict marker
x \t|a blank at the end
x\r|a carriage return
ROWS
}

test_shell() {
	fresh
	if ! command -v shellcheck >/dev/null; then
		say no 'shellcheck is missing'
		return
	fi
	printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\necho hello\n' >"$T/tree/tests/x.sh"
	passes shell
	# shellcheck disable=SC2016  # meant literally
	printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nrm -rf $1/*\n' >"$T/tree/tests/x.sh"
	finds shell 'tests/x.sh:3'
	printf '#!/bin/sh\nif true; then\n' >"$T/tree/cmd/script"
	finds shell 'cmd/script'
}

# A program with a --help like rbox's, and rows that may lack something.
test_compat() {
	fresh
	mkdir -p "$T/tree/contrib/compat"
	cp "$CHECKS/../compat/table.py" "$T/tree/contrib/compat/"
	# shellcheck disable=SC2016  # meant literally
	printf '%s\n' '#!/bin/sh' 'case $1 in run) echo "Options:"; echo "      --tty    a terminal"; exit ;; esac' \
		'echo "Commands:"; echo "  run   Run"' >"$T/rbox"
	chmod +x "$T/rbox"
	printf 'P0\trun\t-\t-\nP0\trun\t--tty\t-\n' >"$T/tree/contrib/compat/podman.tsv"
	: >"$T/tree/contrib/compat/TABLE.md"
	RBOX_BIN=$T/rbox finds compat 'TABLE.md: run --tty is missing'
	printf '| run |  | P0 | proved |\n| run | --tty | P0 | proved |\n' >"$T/tree/contrib/compat/TABLE.md"
	RBOX_BIN=$T/rbox passes compat
	printf 'P0\trun\t-\t-\nP0\trun\t--other\t-\n' >"$T/tree/contrib/compat/podman.tsv"
	RBOX_BIN=$T/rbox finds compat "podman.tsv: run --tty isn't there"
	RBOX_BIN=$T/rbox finds compat 'TABLE.md: run --tty is no row'
	: >"$T/tree/contrib/compat/podman.tsv"
	RBOX_BIN=$T/rbox finds compat "podman.tsv: the command run isn't there"
}

for t in clean length params calls floors globals headers needed compat spdx words shell; do
	test_$t
done
echo "checks' self test: $PASSED passed, $FAILED failed"
[ $FAILED -eq 0 ]
