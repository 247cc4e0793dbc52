// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/gzip.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <stdlib.h>

#include "pkg/util/mem.h"

enum { OUT = 256 * 1024, LEVEL = 2, IN_MAX = 1 << 30 };

struct gzip {
	struct isal_zstream z;
	gzip_sink *sink;
	void *ctx;
	uint8_t *level, *out;
};

struct gzip *gzip_new(gzip_sink *sink, void *ctx)
{
	struct gzip *g = mem_alloc(sizeof(*g));

	g->sink = sink;
	g->ctx = ctx;
	g->out = mem_alloc(OUT);
	g->level = mem_alloc(ISAL_DEF_LVL2_DEFAULT);
	isal_deflate_init(&g->z);
	g->z.gzip_flag = IGZIP_GZIP;
	g->z.level = LEVEL;
	g->z.level_buf = g->level;
	g->z.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
	return g;
}

static int run(struct gzip *g, struct fail *f)
{
	do {
		int r;

		g->z.next_out = g->out;
		g->z.avail_out = OUT;
		r = isal_deflate(&g->z);
		if (r != COMP_OK)
			return refuse(f, EIO, "compress: the library says %d", r);
		r = g->sink(g->ctx, g->out, OUT - g->z.avail_out, f);
		if (r < 0)
			return r;
	} while (g->z.avail_out == 0);
	return 0;
}

int gzip_add(struct gzip *g, const void *data, size_t n, struct fail *f)
{
	if (n > IN_MAX)
		return refuse(f, E2BIG, "compress: %zu bytes at once", n);
	g->z.next_in = (uint8_t *)data;
	g->z.avail_in = (uint32_t)n;
	return run(g, f);
}

int gzip_end(struct gzip *g, struct fail *f)
{
	g->z.end_of_stream = 1;
	g->z.next_in = NULL;
	g->z.avail_in = 0;
	return run(g, f);
}

void gzip_free_ptr(struct gzip **g)
{
	if (!*g)
		return;
	free((*g)->level);
	free((*g)->out);
	free(*g);
	*g = NULL;
}
