// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/logopt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static const struct {
	const char *name;
	enum log_driver driver;
	bool readable;
} drivers[] = {
	{ "k8s-file", LOG_K8S_FILE, true }, { "json-file", LOG_JSON_FILE, true }, { "journald", LOG_JOURNALD, true },
	{ "none", LOG_NONE, false }, { "passthrough", LOG_PASSTHROUGH, false },
};

static int find_driver(const char *name, struct log_plan *ret, struct fail *f)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (!strcmp(drivers[i].name, name)) {
			ret->driver = drivers[i].driver;
			ret->readable = drivers[i].readable;
			return 0;
		}
	}
	(void)refuse(f, EINVAL, "invalid log driver \"%.60s\"", name);
	fail_hint(f, "the log drivers are k8s-file, json-file, journald, none, passthrough");
	return -EINVAL;
}

static int parse_size(const char *text, int64_t *ret, struct fail *f)
{
	uint64_t v;

	/* podman's word for no limit. */
	if (!strcmp(text, "-1")) {
		*ret = -1;
		return 0;
	}
	if (str_to_size(text, &v) < 0 || v > INT64_MAX)
		return refuse(f, EINVAL, "--log-opt max-size=%.40s: a number with b, k, m or g is wanted, or -1", text);
	*ret = (int64_t)v;
	return 0;
}

static int parse_files(const char *text, int *ret, struct fail *f)
{
	uint64_t v;

	if (str_to_u64(text, 10, &v) < 0 || v < 1 || v > LOG_FILES_MAX)
		return refuse(f, EINVAL, "--log-opt max-file=%.40s: a number from 1 to %d is wanted", text,
			      LOG_FILES_MAX);
	*ret = (int)v;
	return 0;
}

static int parse_path(const char *text, struct log_plan *p, struct fail *f)
{
	if (*text != '/' || str_ends(text, "/"))
		return refuse(f, EINVAL, "--log-opt path=%.200s: an absolute path of a file is wanted", text);
	if (p->driver != LOG_K8S_FILE && p->driver != LOG_JSON_FILE)
		return refuse(f, EINVAL, "--log-opt path: only k8s-file and json-file write to a file");
	p->path = text;
	return 0;
}

static int parse_opt(const char *opt, struct log_plan *p, struct fail *f)
{
	if (str_starts(opt, "max-size="))
		return parse_size(opt + 9, &p->max_size, f);
	if (str_starts(opt, "max-file="))
		return parse_files(opt + 9, &p->max_file, f);
	if (str_starts(opt, "path="))
		return parse_path(opt + 5, p, f);
	if (str_starts(opt, "tag=")) {
		if (strstr(opt, "{{"))
			return refuse(f, ENOTSUP, "--log-opt %.60s: templates are not filled in by rbox", opt);
		p->tag = opt + 4;
		return 0;
	}
	(void)refuse(f, EINVAL, strchr(opt, '=') ? "unknown --log-opt '%.60s'" :
		     "--log-opt '%.60s': KEY=VALUE is wanted", opt);
	fail_hint(f, "the options are path, max-size, max-file, tag");
	return -EINVAL;
}

int logopt_parse(const char *driver, char *const *opts, struct log_plan *ret, struct fail *f)
{
	int r;

	*ret = (struct log_plan){ .max_size = LOG_MAX_SIZE_DEFAULT, .max_file = LOG_MAX_FILE_DEFAULT };
	r = find_driver(driver ? driver : "k8s-file", ret, f);
	strv_each(it, opts)
		if (r == 0)
			r = parse_opt(*it, ret, f);
	return r;
}

static int check_terminal(struct fail *f)
{
	for (int fd = 0; fd < 3; fd++)
		if (isatty(fd))
			return refuse(f, EINVAL, "the '--log-driver passthrough' option cannot be used on a TTY");
	return 0;
}

int logopt_check(const char *driver, char *const *opts, struct fail *f)
{
	auto_fd int fd = -EBADF;
	const char *name;
	struct log_plan p;
	int r = logopt_parse(driver, opts, &p, f);

	if (r < 0)
		return r;
	if (p.driver == LOG_PASSTHROUGH)
		return check_terminal(f);
	if (p.driver == LOG_JOURNALD) {
		fd = log_journal_open(LOG_JOURNAL_SOCKET, f);
		return fd < 0 ? fd : 0;
	}
	return p.path ? logopt_place(&p, &fd, &name, f) : 0;
}

int logopt_place(const struct log_plan *p, int *ret_dir, const char **ret_name, struct fail *f)
{
	const char *slash = p->path ? strrchr(p->path, '/') : NULL;
	auto_free char *dir = slash ? mem_strndup(p->path, slash == p->path ? 1 : (size_t)(slash - p->path)) : NULL;

	*ret_dir = -EBADF;
	*ret_name = "log";
	if (!slash)
		return 0;
	*ret_name = slash + 1;
	*ret_dir = fd_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	return *ret_dir < 0 ? fail(f, -*ret_dir, "open the folder of the log '%s'", p->path) : 0;
}
