// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/mark.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "pkg/util/file.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

void mark_kill(int dir_fd, int sig)
{
	char text[48];
	int n = snprintf(text, sizeof(text), "%d %" PRId64 "\n", sig, time_now());

	(void)!file_replace(dir_fd, "kill", text, (size_t)n, 0600, 0);
}

int mark_kill_load(int dir_fd, struct mark *ret)
{
	auto_str struct str s = STR_INIT(64);
	auto_strv char **words = NULL;
	uint64_t sig;
	int r = file_read(dir_fd, "kill", &s);

	if (r < 0)
		return r;
	words = strv_split(str_cstr(&s), " \n", true);
	if (strv_len(words) != 2 || str_to_u64(words[0], 10, &sig) < 0 || sig >= NSIG ||
	    str_to_i64(words[1], &ret->at) < 0)
		return -EINVAL;
	ret->sig = (int)sig;
	return 0;
}
