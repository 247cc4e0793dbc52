// SPDX-License-Identifier: Apache-2.0
#include "runtime/proc_stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "pkg/util/file.h"

int proc_stat_read(pid_t pid, struct str *s)
{
	char path[40] = "/proc/self/stat";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return file_read(AT_FDCWD, path, s);
}

const char *proc_stat_field(const char *text, int n)
{
	/* Counted from the name's end: the last bracket is it. */
	const char *p = strrchr(text, ')');

	for (int field = 2; p && field < n; field++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	return p;
}
