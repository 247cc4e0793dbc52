// SPDX-License-Identifier: Apache-2.0
#include "registry/paths.h"

#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/path.h"

const char *paths_env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

char *paths_home(const char *rest)
{
	const char *home = paths_env("HOME");
	struct passwd pw, *found = NULL;
	char buf[4096];

	if (!home && !getpwuid_r(getuid(), &pw, buf, sizeof(buf), &found) && found)
		home = found->pw_dir;
	return home && *home ? path_join(home, rest) : NULL;
}

char *paths_config(const char *rest)
{
	const char *xdg = paths_env("XDG_CONFIG_HOME");
	auto_free char *config = NULL;

	if (xdg)
		return path_join(xdg, rest);
	config = paths_home(".config");
	return config ? path_join(config, rest) : NULL;
}

char *paths_runtime(const char *rest)
{
	const char *xdg = paths_env("XDG_RUNTIME_DIR");

	return xdg ? path_join(xdg, rest) : NULL;
}
