/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CP_PATH_H
#define PKG_ENGINE_CP_PATH_H

#include <sys/stat.h>

#include "pkg/engine/cp.h"

/* Which objects the two ends of a copy are: the inner half of pkg/engine/cp.h. */
struct ctr_view;

struct cp_source {
	int fd;		/* O_PATH, links followed */
	struct stat st;
	bool is_folder;
	bool content;	/* "folder/.", or the root: what it holds is meant */
	char *name;	/* what it is called where it is put into a folder */
};
#define CP_SOURCE_INIT { .fd = -EBADF }

int cp_source_host(const char *typed, struct cp_source *ret, struct fail *f) MUST_USE;
int cp_source_container(const struct ctr_view *v, const struct container *c, const struct cp_end *end,
			struct cp_source *ret, struct fail *f) MUST_USE;
void cp_source_done(struct cp_source *s);

/* As cp_find_in_container. */
int cp_place_host(const char *typed, struct cp_place *ret, struct fail *f) MUST_USE;

#endif
