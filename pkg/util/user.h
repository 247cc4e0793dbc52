/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_USER_H
#define PKG_UTIL_USER_H

#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * A user of this machine. /etc/passwd is read first (passwd(5)); who isn't there is asked of
 * getent(1), which knows what nsswitch.conf(5) names (LDAP, sssd). getpwuid is not for us: rbox may be
 * linked statically, and the C library would load foreign code into it for each such service.
 */
struct user {
	char *name, *gecos, *home;
	uid_t uid;
	gid_t gid;
};

/* -ENOENT: nobody knows that uid. Else -errno of reading or asking. On failure *RET is empty. */
int user_lookup(uid_t uid, struct user *ret) MUST_USE;
/* The same by name; a WHO that is all digits is a uid, as Go's and podman's look-ups have it. */
int user_find(const char *who, struct user *ret) MUST_USE;
void user_done(struct user *u);
#define auto_user __attribute__((cleanup(user_done)))

/* The entry of WHO (above) in TEXT, the lines of a passwd(5); -ENOENT. Hostile text is skipped, line by line. */
int user_parse(const char *text, const char *who, struct user *ret) MUST_USE;

#endif
