// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/latest.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/summary.h"
#include "pkg/util/fd.h"
#include "pkg/util/str.h"

int engine_latest(struct engine *e, char ret[CTR_ID_LEN + 1], struct fail *f)
{
	auto_strv char **ids = NULL;
	int64_t newest = 0;
	int r = ctr_list(&e->store, &ids, f);

	if (r < 0)
		return r;
	ret[0] = '\0';
	strv_each(it, ids) {
		/* One that is broken or just going is passed over. */
		struct fail ignored = { 0 };
		struct summary s = { 0 };
		auto_fd int dir = ctr_open(&e->store, *it, &ignored);

		if (dir >= 0 && summary_load(dir, &s, &ignored) == 0 && (!ret[0] || s.created >= newest)) {
			newest = s.created;
			memcpy(ret, *it, CTR_ID_LEN + 1);
		}
		summary_done(&s);
	}
	return ret[0] ? 0 : refuse(f, ENOENT, "no such container: there is none yet");
}
