// SPDX-License-Identifier: Apache-2.0
/*
 * Compiles the default seccomp filter for the common sets of capabilities and prints it as a C
 * header. Runs on the machine that builds; TARGET (the first argument, "x86_64", "aarch64", ...) is
 * the machine that rbox is built for. An unknown one gets an empty table: rbox then compiles all
 * filters when they are wanted.
 */
#include "runtime/gen/seccomp_rules.h"

#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WITH(cap) (SECCOMP_CAP(SYS_CHROOT) | SECCOMP_CAP(cap))

/* podman's default, docker's, none, all, and the default with one more that people add. */
static const uint64_t sets[] = {
	SECCOMP_CAP(SYS_CHROOT),
	WITH(AUDIT_WRITE),
	0,
	SECCOMP_CAPS_ASKED,
	WITH(SYS_ADMIN),
	WITH(SYS_PTRACE),
	WITH(SYS_TIME),
	WITH(DAC_READ_SEARCH),
	WITH(SYS_ADMIN) | SECCOMP_CAP(SYS_PTRACE),
	WITH(PERFMON),
};

enum { SETS = sizeof(sets) / sizeof(sets[0]) };

static void __attribute__((noreturn)) die(const char *what, int r)
{
	fprintf(stderr, "seccomp_gen: %s: %s\n", what, strerror(r < 0 ? -r : r));
	exit(1);
}

/* Prints the instructions of one program and returns how many there are. */
static size_t print_program(enum seccomp_family family, uint64_t caps)
{
	scmp_filter_ctx ctx = seccomp_start(family, SCMP_ACT_ERRNO(SECCOMP_DEFAULT_ERRNO));
	FILE *tmp = tmpfile();
	struct sock_filter i;
	size_t n = 0;
	int r;

	if (!ctx || !tmp)
		die("start a filter", ctx ? errno : EINVAL);
	r = seccomp_fill_default(ctx, family, caps);
	if (r < 0)
		die("add the rules", r);
	r = seccomp_export_bpf(ctx, fileno(tmp));
	if (r < 0)
		die("compile the filter", r);
	rewind(tmp);
	printf("\t/* capabilities %#llx */\n", (unsigned long long)caps);
	while (fread(&i, sizeof(i), 1, tmp) == 1) {
		printf("%s{%#x,%u,%u,%#x},%s", n % 6 ? "" : "\t", i.code, i.jt, i.jf, i.k,
		       n % 6 == 5 ? "\n" : "");
		n++;
	}
	putchar('\n');
	fclose(tmp);
	seccomp_release(ctx);
	return n;
}

int main(int argc, char **argv)
{
	const char *target = argc > 1 ? argv[1] : "x86_64";
	int known = 1;
	enum seccomp_family family = SECCOMP_X86;
	size_t n[SETS] = { 0 }, first = 0;

	if (!strcmp(target, "aarch64") || !strcmp(target, "arm64"))
		family = SECCOMP_ARM;
	else if (strcmp(target, "x86_64") != 0)
		known = 0;
	printf("/* made by runtime/gen/seccomp_gen.c for %s */\n", target);
	printf("static const struct sock_filter seccomp_made_code[] = {\n");
	for (size_t i = 0; known && i < SETS; i++)
		n[i] = print_program(family, sets[i]);
	if (!known)
		printf("\t{0}\n");
	printf("};\nstatic const struct seccomp_made seccomp_made[] = {\n");
	for (size_t i = 0; known && i < SETS; i++) {
		printf("\t{ %#llx, %zu, %zu },\n", (unsigned long long)sets[i], first, n[i]);
		first += n[i];
	}
	printf("\t{ 0, 0, 0 }\n};\n");
	return 0;
}
