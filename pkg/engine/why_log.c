// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/why_log.h"

#include <string.h>

#include "pkg/util/mem.h"

/* The first that is found counts: the narrow ones stand before the wide ones. */
static const struct why_sign signs[] = {
	/* glibc's loader (elf/dl-load.c), and musl's (ldso/dynlink.c) */
	{ "error while loading shared libraries", "a shared library is missing in the image",
	  "install the package of that library in the image, or link the program statically" },
	{ "Error loading shared library", "a shared library is missing in the image",
	  "install the package of that library in the image, or link the program statically" },
	{ "Error relocating ", "a shared library in the image lacks what the program wants of it",
	  "build the program in the image that it runs in" },
	{ "version `GLIBC_", "the program was built for a newer C library than the image has",
	  "build it on the image that it runs in, or take a newer image" },
	{ "Exec format error", "a program is for another architecture, or a script without a first line like #!/bin/sh",
	  "see 'rbox image inspect' for the image's Architecture" },
	{ "exec format error", "a program is for another architecture, or a script without a first line like #!/bin/sh",
	  "see 'rbox image inspect' for the image's Architecture" },
	{ "cannot execute binary file", "a program is for another architecture",
	  "see 'rbox image inspect' for the image's Architecture" },
	{ "ddress already in use", "a port or socket that it wanted is taken",
	  "see who listens there: ss -ltnp; or use another port" },
	{ "address in use", "a port or socket that it wanted is taken",
	  "see who listens there: ss -ltnp; or use another port" },
	{ "No space left on device", "a disk (or tmpfs) is full", "see 'rbox info' and df -h; rbox images, rbox rmi" },
	{ "Disk quota exceeded", "a disk quota is used up", NULL },
	{ "Read-only file system", "it wrote to what is read-only",
	  "give it a --tmpfs or a -v volume there, or leave --read-only out" },
	{ "Too many open files", "its limit of open files is used up", "--ulimit nofile=SOFT:HARD" },
	{ "Cannot allocate memory", "it could get no more memory", NULL },
	{ "cannot allocate memory", "it could get no more memory", NULL },
	{ "ut of memory", "it ran out of memory", NULL },
	{ "OutOfMemoryError", "its Java heap is full", "-Xmx of its java, or more memory for the container" },
	{ "Permission denied", "it may not do what it tried",
	  "see owner and mode of that file inside, and the user it runs as (-u)" },
	{ "permission denied", "it may not do what it tried",
	  "see owner and mode of that file inside, and the user it runs as (-u)" },
	{ "Operation not permitted", "it lacks a capability, or seccomp refused a system call",
	  "try --cap-add, or --security-opt seccomp=unconfined to find out which" },
	{ "command not found", "the shell found no such command in the image", NULL },
	{ ": not found", "the shell found no such command in the image", NULL },
	{ "No such file or directory", "a file that it wanted is missing", NULL },
	{ "onnection refused", "nobody answers where it wanted to connect", NULL },
	{ "emporary failure in name resolution", "no name server answered", "see --dns and --network" },
	{ "bad address", "a host name could not be resolved", "see --dns and --network" },
};

const struct why_sign *why_sign_find(const char *line, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (memmem(line, n, signs[i].word, strlen(signs[i].word)))
			return &signs[i];
	return NULL;
}
