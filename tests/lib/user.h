/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_USER_H
#define TESTS_LIB_USER_H

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pkg/util/spawn.h"
#include "pkg/util/str.h"

/*
 * Rootless tests mean nothing as root. Started by root, a test becomes the user named by
 * RBOX_TEST_USER, else "rbox-test", which is made here (useradd gives it subordinate ids).
 * HOME is the user's; the login's environment is dropped.
 */
static int user_make(const char *name)
{
	auto_str struct str said = STR_INIT(4096);
	struct fail f = { 0 };
	auto_strv char **argv = NULL;
	struct spawn s = { .program = "useradd" };

	strv_add(&argv, "useradd");
	strv_add(&argv, "-m");
	strv_add(&argv, name);
	s.argv = argv;
	/* Tests that start together race for it: who finds it made is content. */
	for (int i = 0; i < 20 && !getpwnam(name); i++) {
		if (spawn_run(&s, &said, &f) == 0)
			break;
		fail_clear(&f);
		usleep(100 * 1000);
	}
	return getpwnam(name) ? 0 : -ENOENT;
}

static int user_drop(char **argv)
{
	const char *name = getenv("RBOX_TEST_USER");
	const struct passwd *pw;

	if (geteuid() != 0)
		return 0;
	if (!name)
		name = "rbox-test";
	if (user_make(name) < 0 || !(pw = getpwnam(name))) {
		fprintf(stderr, "%s: can't make the test user '%s'\n", argv[0], name);
		return -ENOENT;
	}
	if (initgroups(name, pw->pw_gid) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0) {
		fprintf(stderr, "%s: can't become the test user '%s'\n", argv[0], name);
		return -errno;
	}
	/* Changing ids made us undumpable, as no shell of that user would be. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	clearenv();
	setenv("HOME", pw->pw_dir, 1);
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
	return 0;
}

#endif
