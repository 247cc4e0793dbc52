// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/title.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/proc_stat.h"

/* proc(5), stat: fields 48 to 51 are arg_start, arg_end, env_start, env_end. */
static int find_area(uintptr_t ret[4])
{
	auto_str struct str s = STR_INIT(4096);
	const char *p;
	int r = proc_stat_read(0, &s);

	if (r < 0)
		return r;
	p = proc_stat_field(str_cstr(&s), 48);
	for (int i = 0; i < 4; i++) {
		char *end;

		if (!p)
			return -EIO;
		errno = 0;
		ret[i] = strtoul(p, &end, 10);
		if (errno || end == p)
			return -EIO;
		p = *end ? end + 1 : NULL;
	}
	/* All zero is how the kernel tells a reader without the right to know. */
	return ret[0] && ret[0] <= ret[1] && ret[1] <= ret[2] && ret[2] <= ret[3] ? 0 : -EPERM;
}

static void keep_environment(void)
{
	static const char *const keep[] = {
		"PATH", "HOME", "TZ", "TZDIR", "LANG", "LC_ALL", "LC_TIME", "TMPDIR", "XDG_RUNTIME_DIR",
		"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS",
	};
	char *values[ARRAY_LEN(keep)];

	for (size_t i = 0; i < ARRAY_LEN(keep); i++)
		values[i] = mem_strdup(getenv(keep[i]));
	(void)!clearenv();
	for (size_t i = 0; i < ARRAY_LEN(keep); i++) {
		if (values[i])
			(void)!setenv(keep[i], values[i], 1);
		free(values[i]);
	}
}

int title_set(const char *title, struct fail *f)
{
	uintptr_t area[4];
	size_t room, len = strlen(title);
	char *args;
	int r = find_area(area);

	if (r < 0)
		return fail(f, -r, "find our own command line");
	keep_environment();
	args = (char *)area[0];
	memset(args, 0, area[1] - area[0]);
	memset((char *)area[2], 0, area[3] - area[2]);
	/*
	 * The kernel shows arguments that don't end with a NUL up to the first one behind them, so the
	 * title may run on into the environment's room when that follows at once (proc(5), cmdline).
	 */
	room = (area[2] == area[1] ? area[3] : area[1]) - area[0];
	if (room > 1)
		memcpy(args, title, len < room - 1 ? len : room - 1);
	(void)prctl(PR_SET_NAME, "rbox-monitor");
	return 0;
}
