/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PASSWD_H
#define RUNTIME_PASSWD_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

struct privs_user;

/* What is added to the image's /etc/passwd and /etc/group, as podman does; zeroed: its own lines. */
struct passwd_rules {
	bool off;			/* nothing is */
	char *const *host;		/* lines for users of the host, as passwd_line() writes them */
	const char *entry, *group_entry;	/* templates, for the lines of the container's user; or NULL */
};

/* A field of passwd(5), or of group(5): what it is called in a template, and its value. */
struct passwd_var {
	const char *name, *value;
};

/* The line that TEMPLATE is with each "$NAME" of VARS (up to one without a name) replaced; with '\n'. */
void passwd_expand(const char *template, const struct passwd_var *vars, struct str *ret);

/*
 * "NAME:*:UID:GID:GECOS:HOME:/bin/sh\n", or ENTRY with $USERNAME, $UID, $GID, $NAME (the gecos) and $HOME
 * replaced. What would separate fields or lines is left out of the values.
 */
void passwd_line(const struct passwd_var fields[5], const char *entry, struct str *ret);
/* The fields of passwd_line(), in their order. */
#define PASSWD_FIELDS(user, uid, gid, gecos, home)                                                        \
	((const struct passwd_var[]){ { "USERNAME", user }, { "UID", uid }, { "GID", gid }, { "NAME", gecos }, \
				      { "HOME", home }, { NULL, NULL } })

/*
 * Each gives the file below ROOT_FD with what it lacks; RET stays empty when there is nothing to add. The file
 * is only read, and a missing one is an empty one; one that is no plain file is refused.
 *
 * passwd_with_hosts	those of RULES->host whose name and uid aren't there
 * passwd_with_user	the line of a user U that has none: "1000:*:1000:0:container user:HOME:/bin/sh"
 * passwd_with_group	the line of the group that SPEC (-u's word) gives by number, or of the user when it has no
 *			group: "1000:x:1000:USER", USER as it was typed
 */
int passwd_with_hosts(int root_fd, const struct passwd_rules *rules, struct str *ret, struct fail *f) MUST_USE;
int passwd_with_user(int root_fd, const struct privs_user *u, const char *home, const char *entry,
		     struct str *ret, struct fail *f) MUST_USE;
int passwd_with_group(int root_fd, const char *spec, const char *entry, struct str *ret,
		      struct fail *f) MUST_USE;

#endif
