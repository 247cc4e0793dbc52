/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CP_H
#define PKG_ENGINE_CP_H

#include <stdbool.h>

#include "pkg/engine/container.h"
#include "pkg/engine/engine.h"

/*
 * rbox cp. The rules are podman's (podman-cp(1)):
 *
 *	source		destination		what happens
 *	file		missing			made under that name; its folder must be there
 *			file			replaced
 *			folder			put into it under the source's name
 *	folder		missing			made, with what the source holds
 *			file			refused
 *			folder			put into it under the source's name
 *	folder/.	missing			as above
 *			folder			what it holds is put into it
 *
 * A destination that ends in '/' must be there. Links on the way and at the end are followed, in a
 * container within its own root; links inside of a folder that is copied are copied. A container's relative
 * path begins at its working folder. A source link of a container gives its target's name.
 */
struct cp_end {
	char *container;	/* NULL: this machine */
	char *path;		/* "-": a tar on stdin or stdout */
};
void cp_end_done(struct cp_end *e);

/* "CONTAINER:PATH", or a path here: what starts with '/' or '.', or has no ':'. */
void cp_parse(const char *text, struct cp_end *ret);
/* Both ends make sense together; FROM and TO are the words typed. */
int cp_check(const char *from, const struct cp_end *src, const char *to, const struct cp_end *dst,
	     struct fail *f) MUST_USE;

struct cp_opts {
	bool archive;	/* what goes into a container belongs to its user; else owners are kept */
	bool overwrite;
};

/*
 * From one to the other; a destination "-" gets a tar on descriptor OUT_FD. Not from "-": that is
 * rbox-image's ("cp" of pkg/engine/transfer.h).
 */
int engine_cp(struct engine *e, const struct cp_end *src, const struct cp_end *dst, const struct cp_opts *o,
	      int out_fd, struct fail *f) MUST_USE;

/*
 * Where a copy goes to: a folder that is there, or a name in one. For rbox-image; from within U.
 */
struct cp_place {
	int fd;		/* what is there (O_PATH), or -EBADF */
	bool is_folder;
	int dir_fd;	/* the folder of NAME, where it isn't a folder that is there */
	char *name;
};
struct ctr_view;
int cp_find_in_container(const struct ctr_view *v, const struct container *c, const char *path, const char *typed,
			 struct cp_place *ret, struct fail *f) MUST_USE;
void cp_place_done(struct cp_place *p);
#define CP_PLACE_INIT { .fd = -EBADF, .dir_fd = -EBADF }

/* The owner that files going into container C get. */
int cp_container_owner(const struct ctr_view *v, const struct container *c, uid_t *ret_uid, gid_t *ret_gid,
		       struct fail *f) MUST_USE;

#endif
