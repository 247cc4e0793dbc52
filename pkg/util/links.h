/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_LINKS_H
#define PKG_UTIL_LINKS_H

#include <stddef.h>
#include <sys/stat.h>

/*
 * Which files of a tree were met already under another name: hard links. Only files with several
 * names need to be asked about (st_nlink > 1).
 */
struct link_name;
struct links {
	struct link_name *v;
	size_t n, cap;
};

/* The name under which the file ST was met first, or NULL: NAME is remembered for it then (copied). */
const char *links_met(struct links *l, const struct stat *st, const char *name);
void links_done(struct links *l);

#endif
