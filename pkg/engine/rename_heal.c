// SPDX-License-Identifier: Apache-2.0
/* What a rename leaves that was killed. Apart from it, since rbox-image looks containers up, too. */
#include <string.h>

#include "pkg/engine/override.h"
#include "pkg/engine/rename.h"
#include "pkg/engine/summary.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { NAME_WHOLE = 64 };	/* shorter ones stand in the summary as they are */

/* Whether ps knows C by another name than NAME (a long one is cut there). */
static bool is_stale(int dir_fd, const char *name, char **ret_other)
{
	struct fail ignored = { 0 };
	struct summary s = { 0 };
	bool stale = strlen(name) < NAME_WHOLE && summary_load(dir_fd, &s, &ignored) == 0 && s.name &&
		     !str_eq(s.name, name);

	if (stale && ret_other)
		*ret_other = mem_take(&s.name);
	summary_done(&s);
	return stale;
}

/* Under the lock: what its config says now. */
static bool heal(struct engine *e, int dir_fd, const char *id, const char *text)
{
	auto_config struct container_config c = { 0 };
	auto_free char *other = NULL;
	struct fail ignored = { 0 };

	if (config_load(dir_fd, &c, &ignored) < 0)
		return false;
	if (is_stale(dir_fd, c.name, &other)) {
		(void)!ctr_rename(&e->store, id, other, NULL, &ignored);
		fail_clear(&ignored);
		(void)!summary_rename(dir_fd, c.name, &ignored);
		fail_clear(&ignored);
	}
	return !str_eq(c.name, text) && ctr_rename(&e->store, id, text, NULL, &ignored) == 0;
}

bool rename_heal(struct engine *e, const char *id, const char *text)
{
	struct fail ignored = { 0 };
	auto_fd int dir = ctr_open(&e->store, id, &ignored);
	auto_fd int lock = -EBADF;
	struct override now = { 0 };
	bool fine;

	if (dir < 0 || override_load(dir, &now, &ignored) < 0)
		return false;
	/* Nearly all: never renamed, or done with. */
	fine = (now.name ? str_eq(now.name, text) : strlen(text) < NAME_WHOLE) && !is_stale(dir, text, NULL);
	override_done(&now);
	if (fine)
		return false;
	lock = file_lock(dir, "lock", 0);
	return lock >= 0 && heal(e, dir, id, text);
}
