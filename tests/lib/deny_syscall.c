// SPDX-License-Identifier: Apache-2.0
/*
 * deny_syscall NAME[,NAME...] COMMAND [ARG...]: runs COMMAND with these system calls failing with
 * ENOSYS. Started by root it leaves no_new_privs alone, so that COMMAND may be a setpriv to the
 * test user whose newuidmap still works.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/deny.h"

int main(int argc, char **argv)
{
	int r;

	if (argc < 3) {
		fprintf(stderr, "usage: deny_syscall NAME[,NAME...] COMMAND [ARG...]\n");
		return 125;
	}
	r = deny_syscalls(argv[1], geteuid() != 0);
	if (r < 0) {
		fprintf(stderr, "deny_syscall: %s: %s\n", argv[1], strerror(-r));
		return 125;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "deny_syscall: %s: %s\n", argv[2], strerror(errno));
	return 127;
}
