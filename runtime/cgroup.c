// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

enum { CGROUP2_MAGIC = 0x63677270, TEXT_MAX = 256 * 1024, WAIT_STEP_MS = 20, LEAF_TRIES = 3 };
/* A process that is written to disk as it dies (a core dump) takes its time. */
#define WAIT_MAX (10 * TIME_SECOND)

char *cgroup_of(pid_t pid)
{
	auto_strv char **lines = NULL;
	auto_str struct str s = STR_INIT(64 * 1024);
	char path[64] = "/proc/self/cgroup";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (file_read(AT_FDCWD, path, &s) < 0)
		return NULL;
	lines = strv_split(str_cstr(&s), "\n", true);
	strv_each(it, lines)
		if (str_starts(*it, "0::"))
			return mem_strdup(*it + 3);
	return NULL;
}

char *cgroup_folder(const char *path)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		struct statfs fs;

		if (statfs(mounts[i], &fs) == 0 && (long)fs.f_type == CGROUP2_MAGIC)
			return mem_printf("%s%s", mounts[i], str_eq(path, "/") ? "" : path);
	}
	return NULL;
}

int cgroup_open(const char *path)
{
	auto_free char *folder = path ? cgroup_folder(path) : NULL;

	return folder ? fd_open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) : -ENOENT;
}

char *cgroup_path(const char *base, const char *id)
{
	return mem_printf("%s/rbox-%s", str_eq(base, "/") ? "" : base, id);
}

bool cgroup_can_enter(const char *path)
{
	auto_free char *own = cgroup_of(0);
	auto_free char *common = NULL;
	auto_free char *folder = NULL;
	auto_free char *procs = NULL;
	size_t last = 0;

	for (size_t i = 0; own && (own[i] == path[i] || !own[i] || !path[i]); i++) {
		/* Of "/a/b" and "/a/b/c" all of the first. */
		if ((own[i] == '/' || !own[i]) && (path[i] == '/' || !path[i]))
			last = i;
		if (!own[i] || !path[i])
			break;
	}
	common = mem_strndup(path, last);
	folder = cgroup_folder(*common ? common : "/");
	procs = folder ? mem_printf("%s/cgroup.procs", folder) : NULL;
	return procs && access(procs, W_OK) == 0;
}

/* --- writing --- */

static int write_line(int fd, const char *file, const char *text, size_t len)
{
	auto_fd int to = fd_open(fd, file, O_WRONLY | O_NOFOLLOW, 0);

	return to < 0 ? to : io_write_full(to, text, len);
}

static int write_text(int fd, const char *file, const char *text)
{
	return write_line(fd, file, text, strlen(text));
}

static int set_failed(const char *setting, const char *file, int err, struct fail *f)
{
	int controller = (int)strcspn(file, ".");

	if (err != ENOENT)
		return fail(f, err, "set %.200s in the container's cgroup", setting);
	return refuse(f, ENOTSUP, "%.200s can't be set: the container's cgroup has no file '%.100s' (the controller '%.*s' "
		      "is not delegated, or this kernel has no such thing)", setting, file, controller, file);
}

int cgroup_set(int fd, char *const *settings, struct fail *f)
{
	strv_each(it, settings) {
		auto_free char *file = mem_strndup(*it, strcspn(*it, "="));
		const char *at = strchr(*it, '=');

		if (!at || !path_is_component(file))
			return refuse(f, EINVAL, "'%.100s' is no setting of a cgroup", *it);
		do {
			size_t len = strcspn(++at, "\n");
			/* No byte at all would never get to the kernel. */
			int r = write_line(fd, file, len ? at : "\n", len ? len : 1);

			if (r == -ENOENT && !strcmp(file, "memory.swap.max"))
				break;
			if (r < 0)
				return set_failed(*it, file, -r, f);
			at += len;
		} while (*at);
	}
	return 0;
}

int cgroup_make(const char *path, char *const *settings, struct fail *f)
{
	auto_free char *folder = cgroup_folder(path);
	auto_fd int fd = -EBADF;
	int r;

	if (!folder)
		return refuse(f, ENOTSUP, "make cgroup '%s': no cgroup v2 is mounted", path);
	r = mkdir(folder, 0755) < 0 ? -errno : 0;
	if (r == -EEXIST) {
		r = cgroup_remove(path);
		if (r == 0)
			r = mkdir(folder, 0755) < 0 ? -errno : 0;
	}
	if (r < 0)
		return fail(f, -r, "make cgroup '%s'", path);
	fd = fd_open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	r = fd < 0 ? fail(f, -fd, "open cgroup '%s'", path) : cgroup_set(fd, settings, f);
	if (r < 0) {
		(void)rmdir(folder);
		return r;
	}
	return fd_take(&fd);
}

/* --- waiting --- */

/* Until the line "KEY VALUE" is in cgroup.events, whose changes poll tells of (POLLPRI). */
static int await_event(int fd, const char *key, uint64_t value)
{
	auto_fd int events = fd_open(fd, "cgroup.events", O_RDONLY, 0);
	int64_t end = time_monotonic() + WAIT_MAX;

	if (events < 0)
		return events;
	for (;;) {
		struct pollfd p = { .fd = events, .events = POLLPRI };
		uint64_t now;
		int r = cgroup_number(fd, "cgroup.events", key, &now);

		if (r < 0 || now == value)
			return r;
		if (time_monotonic() > end)
			return -EBUSY;
		(void)poll(&p, 1, WAIT_STEP_MS);
	}
}

static void kill_each(int fd)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);
	auto_strv char **pids = NULL;
	int64_t pid;

	if (file_read(fd, "cgroup.procs", &s) < 0)
		return;
	pids = strv_split(str_cstr(&s), "\n", true);
	strv_each(it, pids)
		if (str_to_i64(*it, &pid) == 0 && pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
}

/* Of one with none below. A kernel before 5.14: until nobody is left, since what is killed may have forked. */
static int kill_all(int fd)
{
	int64_t end = time_monotonic() + WAIT_MAX;
	uint64_t populated;

	while (cgroup_number(fd, "cgroup.events", "populated", &populated) == 0 && populated) {
		if (time_monotonic() > end)
			return -EBUSY;
		kill_each(fd);
		(void)poll(NULL, 0, WAIT_STEP_MS);
	}
	return 0;
}

/* The first below FD that can't be removed, opened, after those before it are gone; -ENOENT: there is none. */
static int remove_leaves(int fd, bool *ret_removed)
{
	struct dirent *entry;
	int next = -ENOENT;
	DIR *d;
	int r = fd_opendir(fd_open(fd, ".", O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return r;
	while (next == -ENOENT && (entry = readdir(d))) {
		if (entry->d_type != DT_DIR || str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0)
			*ret_removed = true;
		else
			next = fd_open(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	}
	closedir(d);
	return next;
}

/*
 * What was made inside (a container that is privileged has cgroups of its own, of any name and as deep as it
 * likes), from the leaves up, with one descriptor. KILLING: somebody is in them still.
 */
static int remove_below(int top, bool killing)
{
	auto_fd int fd = fd_dup(top);
	int depth = 0, failed = 0;

	for (;;) {
		bool removed = false;
		int next = fd < 0 ? fd : remove_leaves(fd, &removed);

		failed = removed ? 0 : failed;
		if (next == -ENOENT && killing && kill_all(fd) < 0)
			return -EBUSY;
		if (next == -ENOENT && !depth)
			return 0;
		/* Nobody is in it, nothing below it, and yet it stays. */
		if (next == -ENOENT && !removed && ++failed > LEAF_TRIES)
			return -EBUSY;
		depth += next == -ENOENT ? -1 : 1;
		if (next == -ENOENT)
			next = fd_open(fd, "..", O_RDONLY | O_DIRECTORY, 0);
		if (next < 0)
			return next;
		fd_close(fd);
		fd = next;
	}
}

int cgroup_remove(const char *path)
{
	auto_free char *folder = cgroup_folder(path);
	auto_fd int fd = cgroup_open(path);
	bool killing;
	int r;

	if (fd == -ENOENT || !folder)
		return 0;
	if (fd < 0)
		return fd;
	/* The usual case: all have gone with their first process. */
	if (rmdir(folder) == 0)
		return 0;
	killing = write_text(fd, "cgroup.kill", "1") < 0;
	/* Frozen, they can be killed, but fork no more. */
	if (killing)
		(void)write_text(fd, "cgroup.freeze", "1");
	else if (await_event(fd, "populated", 0) == -EBUSY)
		return -EBUSY;
	r = remove_below(fd, killing);
	if (r < 0)
		return r;
	return rmdir(folder) < 0 && errno != ENOENT ? -errno : 0;
}

/* --- freezing --- */

int cgroup_freeze(int fd, bool on, struct fail *f)
{
	int r = write_text(fd, "cgroup.freeze", on ? "1" : "0");

	if (r == 0)
		r = await_event(fd, "frozen", on);
	if (r == 0)
		return 0;
	/* Half a pause is none. */
	if (on)
		(void)!write_text(fd, "cgroup.freeze", "0");
	return fail(f, -r, "%s the container's cgroup", on ? "freeze" : "thaw");
}

bool cgroup_is_frozen(const char *path)
{
	auto_fd int fd = cgroup_open(path);
	uint64_t frozen;

	return fd >= 0 && cgroup_number(fd, "cgroup.freeze", NULL, &frozen) == 0 && frozen;
}

/* --- reading --- */

static int to_number(const char *text, uint64_t *ret)
{
	if (str_starts(text, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	if (*text < '0' || *text > '9')
		return -EINVAL;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

int cgroup_number(int fd, const char *file, const char *key, uint64_t *ret)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);
	int r = file_read(fd, file, &s);
	size_t len = key ? strlen(key) : 0;

	if (r < 0)
		return r;
	if (!key)
		return to_number(str_cstr(&s), ret);
	for (const char *at = str_cstr(&s); *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (!strncmp(at, key, len) && at[len] == ' ')
			return to_number(at + len + 1, ret);
	return -ENOENT;
}

uint64_t cgroup_sum(int fd, const char *file, const char *key)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);
	auto_strv char **words = NULL;
	size_t len = strlen(key);
	uint64_t sum = 0, n;

	if (file_read(fd, file, &s) < 0)
		return 0;
	words = strv_split(str_cstr(&s), " \n", true);
	strv_each(it, words)
		if (!strncmp(*it, key, len) && (*it)[len] == '=' && to_number(*it + len + 1, &n) == 0)
			sum += n;
	return sum;
}

bool cgroup_had_oom(int fd)
{
	uint64_t kills;

	return cgroup_number(fd, "memory.events", "oom_kill", &kills) == 0 && kills > 0;
}
