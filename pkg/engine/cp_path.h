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
	bool renamed;	/* not the name that was typed: of what a link of the container leads to */
};
#define CP_SOURCE_INIT { .fd = -EBADF }

int cp_source_host(const char *typed, struct cp_source *ret, struct fail *f) MUST_USE;
int cp_source_container(const struct ctr_view *v, const struct container *c, const struct cp_end *end,
			struct cp_source *ret, struct fail *f) MUST_USE;
void cp_source_done(struct cp_source *s);
/*
 * S, typed as END, is put into the folder P of this machine under a name that may be the container's choice:
 * refused where that name hides or is taken. A link "report" to ".bashrc" replaces nobody's .bashrc.
 */
int cp_check_name(const struct cp_source *s, const struct cp_end *end, const struct cp_place *p,
		  struct fail *f) MUST_USE;

/* As cp_find_in_container. */
int cp_place_host(const char *typed, struct cp_place *ret, struct fail *f) MUST_USE;

#endif
