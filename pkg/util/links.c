// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/links.h"

#include <stdint.h>
#include <stdlib.h>

#include "pkg/util/mem.h"

enum { CAP_FIRST = 64 };

struct link_name {
	dev_t dev;
	ino_t ino;
	char *name;	/* NULL: a free place */
};

static size_t place(const struct links *l, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)dev << 17);
	size_t i = (size_t)(h ^ h >> 32) & (l->cap - 1);

	while (l->v[i].name && (l->v[i].dev != dev || l->v[i].ino != ino))
		i = (i + 1) & (l->cap - 1);
	return i;
}

static void grow(struct links *l)
{
	struct links more = { .n = l->n, .cap = l->cap ? l->cap * 2 : CAP_FIRST };

	more.v = mem_array(more.cap, sizeof(*more.v));
	for (size_t i = 0; i < l->cap; i++)
		if (l->v[i].name)
			more.v[place(&more, l->v[i].dev, l->v[i].ino)] = l->v[i];
	free(l->v);
	*l = more;
}

const char *links_met(struct links *l, const struct stat *st, const char *name)
{
	size_t i;

	if (l->n * 2 >= l->cap)
		grow(l);
	i = place(l, st->st_dev, st->st_ino);
	if (l->v[i].name)
		return l->v[i].name;
	l->v[i] = (struct link_name){ st->st_dev, st->st_ino, mem_strdup(name) };
	l->n++;
	return NULL;
}

void links_done(struct links *l)
{
	for (size_t i = 0; i < l->cap; i++)
		free(l->v[i].name);
	free(l->v);
	*l = (struct links){ 0 };
}
