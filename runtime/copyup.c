// SPDX-License-Identifier: Apache-2.0
#include "runtime/copyup.h"

#include "pkg/util/copy.h"

static const struct copy_opts whole = { .owner = COPY_KEEP, .overwrite = true };

int copyup_top(int from, int to, struct fail *f)
{
	return copy_likeness(from, to, &whole, f);
}

int copyup_tree(int from, int to, bool top_too, struct fail *f)
{
	int r = copy_contents(from, to, &whole, f);

	return r < 0 || !top_too ? r : copyup_top(from, to, f);
}
