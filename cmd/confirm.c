// SPDX-License-Identifier: Apache-2.0
#include "cmd/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "pkg/util/io.h"

int confirm(const char *warning, struct fail *f)
{
	char first = 0, c;

	app_printf("%s\nAre you sure you want to continue? [y/N] ", warning);
	(void)fflush(stdout);
	for (;;) {
		ssize_t n = io_read(STDIN_FILENO, &c, 1);

		if (n < 0)
			return fail(f, (int)-n, "read the answer");
		if (n == 0 && !first) {
			app_printf("\n");
			(void)refuse(f, EINVAL, "no answer: EOF");
			fail_hint(f, "--force asks nothing");
			return -EINVAL;
		}
		if (n == 0 || c == '\n')
			return first == 'y' || first == 'Y';
		if (!first)
			first = c;
	}
}
