// SPDX-License-Identifier: Apache-2.0
#include "cmd/global.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* An option whose VALUES (NULL-terminated) change nothing here, as rbox has just that. */
struct settled {
	const char *name;
	const char *const *values;	/* NULL: none is taken; without a value: flag */
	bool flag;
	const char *hint;
};

static const char *const levels[] = { "trace", "debug", "info", "warn", "warning", "error", "fatal", "panic", NULL };
static const char *const cgroup_managers[] = { "cgroupfs", NULL };
static const char *const event_files[] = { "file", NULL };
static const char *const contexts[] = { "default", NULL };
static const char *const overlay[] = { "overlay", NULL };

static const struct settled settled[] = {
	{ "--log-level", levels, false, NULL },
	{ "--syslog", NULL, true, NULL },
	{ "--context", contexts, false, "leave it out: there is this machine alone" },
	{ "--cgroup-manager", cgroup_managers, false, "leave it out: rbox makes its cgroups itself (cgroupfs)" },
	{ "--events-backend", event_files, false, "leave it out: events are kept in a file" },
	{ "--storage-driver", overlay, false, "leave it out: rbox stores overlays" },
	{ "--root", NULL, false, "XDG_DATA_HOME=DIR rbox ... keeps everything in DIR/rbox" },
	{ "--runroot", NULL, false, "XDG_RUNTIME_DIR says where sockets are" },
	{ "--runtime", NULL, false, "leave it out: the runtime is built in" },
	{ "--runtime-flag", NULL, false, "leave it out: the runtime is built in" },
	{ "--conmon", NULL, false, "leave it out: the monitor is rbox's own" },
	{ "--tmpdir", NULL, false, "leave it out: there is no state outside the store" },
	{ "--storage-opt", NULL, false, "leave it out: rbox stores overlays and chooses their options itself" },
};

#define SHOWN(c, n, kind, arg_, help_) { (c), (n), (kind), 0, (arg_), (help_), NULL }
const struct opt global_rows[] = {
	SHOWN('h', "help", OPT_K_FLAG, NULL, "tell about rbox; behind a command: about that"),
	SHOWN('v', "version", OPT_K_FLAG, NULL, "print the version"),
	SHOWN(0, "out", OPT_K_STR, "FILE", "write what goes to stdout into FILE"),
	SHOWN(0, "noout", OPT_K_FLAG, NULL, "throw away what goes to stdout"),
	SHOWN(0, "log-level", OPT_K_STR, "LEVEL", "trace, debug, info, warn, warning, error, fatal or panic: taken for "
	      "the sake of scripts, changes nothing"),
	SHOWN(0, "syslog", OPT_K_FLAG, NULL, "the same: changes nothing"),
	SHOWN(0, "cgroup-manager", OPT_K_STR, "cgroupfs", "what rbox does anyway; another value is an error"),
	SHOWN(0, "context", OPT_K_STR, "default", "the same"),
	SHOWN(0, "events-backend", OPT_K_STR, "file", "the same"),
	SHOWN(0, "storage-driver", OPT_K_STR, "overlay", "the same"),
	OPT_END
};

static const struct settled *find(const char *word)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < ARRAY_LEN(settled); i++)
		if (strlen(settled[i].name) == n && !strncmp(settled[i].name, word, n))
			return &settled[i];
	return NULL;
}

static int check(const struct settled *s, const char *value, struct fail *f)
{
	for (const char *const *v = s->values; v && *v; v++)
		if (!strcmp(*v, value))
			return 0;
	/* podman's words and status. */
	if (s->values == levels) {
		(void)refuse(f, EINVAL, "Log Level \"%.60s\" is not supported, choose from: trace, debug, info, warn, "
			     "warning, error, fatal, panic", value);
		f->status = 1;
		return -EINVAL;
	}
	(void)refuse(f, ENOTSUP, "%s %.100s is not supported", s->name, value);
	fail_hint(f, "%s", s->hint);
	return -ENOTSUP;
}

/* As podman's: whatever is written to stdout, an attached container's output too. */
static int send_stdout(const char *path, struct fail *f)
{
	return freopen(path, "w", stdout) ? 0 : fail(f, errno, "send the output to '%s'", path);
}

/* The value of ARGV[*I]: behind its '=', or the word that follows. */
static int value_of(int argc, char **argv, int *i, const char **ret, struct fail *f)
{
	const char *equals = strchr(argv[*i], '=');

	if (!equals && *i + 1 >= argc)
		return refuse(f, EINVAL, "flag needs an argument: %.100s", argv[*i]);
	*ret = equals ? equals + 1 : argv[++*i];
	return 0;
}

int global_options(int argc, char **argv, struct fail *f)
{
	int i, r = 0;

	for (i = 1; i < argc && r == 0 && argv[i][0] == '-' && argv[i][1]; i++) {
		const struct settled *s = find(argv[i]);
		const char *value = NULL;
		bool out = !strcmp(argv[i], "--out") || str_starts(argv[i], "--out=");

		if (!strcmp(argv[i], "--noout")) {
			r = send_stdout("/dev/null", f);
		} else if (s && s->flag) {
			continue;
		} else if (s || out) {
			r = value_of(argc, argv, &i, &value, f);
			if (r == 0)
				r = out ? send_stdout(value, f) : check(s, value, f);
		} else {
			break;
		}
	}
	return r < 0 ? r : i;
}
