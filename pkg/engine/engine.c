// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "runtime/state.h"
#include "storage/ctr.h"

/* Ours, a folder, and closed to others: where a socket of ours may lie. */
static bool is_private_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 0077);
}

static bool usable_parent(const char *path)
{
	struct stat st;

	return path && *path == '/' && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && access(path, W_OK | X_OK) == 0;
}

/*
 * $XDG_RUNTIME_DIR, else /run/user/UID if it is ours, else a folder of ours in /tmp: a name that
 * anybody can take before us is refused unless owner and mode say that it is ours.
 */
static int find_run_dir(char **ret, struct fail *f)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	auto_free char *user = mem_printf("/run/user/%u", (unsigned)geteuid());
	auto_free char *dir = NULL;

	if (usable_parent(xdg))
		dir = path_join(xdg, "rbox");
	else if (usable_parent(user))
		dir = path_join(user, "rbox");
	else
		dir = mem_printf("/tmp/rbox-%u", (unsigned)geteuid());
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return fail(f, errno, "make the runtime folder '%s'", dir);
	if (!is_private_dir(dir)) {
		(void)refuse(f, EPERM, "the runtime folder '%s' is not ours alone (owner and mode 0700)", dir);
		fail_hint(f, "remove it, or set XDG_RUNTIME_DIR to a private folder of yours");
		return -EPERM;
	}
	*ret = mem_take(&dir);
	return 0;
}

int engine_open(struct engine *ret, void (*warn)(const char *fmt, ...), struct fail *f)
{
	int r = store_open(NULL, &ret->store, f);

	if (r < 0)
		return r;
	ret->warn = warn;
	r = find_run_dir(&ret->run_dir, f);
	if (r < 0)
		store_done(&ret->store);
	return r;
}

void engine_unclaim(struct engine *e)
{
	/* All zero: there is none. */
	if (e->claim.store)
		store_temp_done(&e->claim);
}

void engine_done(struct engine *e)
{
	engine_unclaim(e);
	if (e->store.root_fd >= 0)
		store_done(&e->store);
	mem_free_ptr(&e->run_dir);
}

int engine_cache_dir(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	auto_free char *dir = NULL;
	int r;

	if (xdg && *xdg == '/')
		dir = path_join(xdg, "rbox");
	else if (home && *home == '/')
		dir = path_join(home, ".cache/rbox");
	else
		return -ENOENT;
	r = fd_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	if (r != -ENOENT)
		return r;
	r = path_mkdirs(AT_FDCWD, dir, 0700);
	return r < 0 ? r : fd_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
}

static pid_t remembered(const struct engine *e)
{
	auto_free char *path = path_join(e->run_dir, "userns");
	auto_str struct str s = STR_INIT(32);
	int64_t pid;

	if (file_read(AT_FDCWD, path, &s) < 0)
		return 0;
	return str_to_i64(str_cstr(&s), &pid) == 0 && pid > 1 && kill((pid_t)pid, 0) == 0 ? (pid_t)pid : 0;
}

/* The monitor of container ID while it lives. */
static pid_t monitor_of(const struct engine *e, const char *id)
{
	auto_free char *path = path_join("containers", id);
	auto_fd int dir = path_open_beneath(e->store.root_fd, path, O_RDONLY | O_DIRECTORY, 0);
	struct fail ignored = { 0 };
	struct state s = { 0 };
	pid_t pid = 0;

	if (dir >= 0 && ctr_is_running(dir) && state_load_raw(dir, &s, &ignored) == 0 && s.monitor_pid > 1)
		pid = s.monitor_pid;
	state_done(&s);
	return pid;
}

/*
 * The one remembered is gone: another container's will do, so that all that run at a time share a
 * namespace, and files can be copied between them.
 */
static pid_t any_monitor(const struct engine *e)
{
	DIR *dir = NULL;
	pid_t pid = 0;

	if (fd_opendir(fd_open(AT_FDCWD, e->run_dir, O_RDONLY | O_DIRECTORY, 0), &dir) < 0)
		return 0;
	for (struct dirent *d; !pid && (d = readdir(dir));)
		if (strlen(d->d_name) == CTR_ID_LEN)
			pid = monitor_of(e, d->d_name);
	closedir(dir);
	return pid;
}

pid_t engine_userns_hint(const struct engine *e)
{
	pid_t pid = remembered(e);

	return pid ? pid : any_monitor(e);
}

int engine_userns_begin(struct engine *e, struct userns_plan *plan, struct userns_begun *ret,
			struct fail *f)
{
	int r = userns_plan(plan, f);

	if (r < 0)
		return r;
	if (plan->note[0])
		e->warn("%s", plan->note);
	return userns_begin(plan, engine_userns_hint(e), ret, f);
}

void engine_hint(struct engine *e, pid_t monitor)
{
	auto_free char *text = mem_printf("%d", (int)monitor);
	auto_fd int dir = fd_open(AT_FDCWD, e->run_dir, O_RDONLY | O_DIRECTORY, 0);

	/* Only a hint: without it the next command looks for a running container's, or makes its own. */
	if (dir >= 0)
		(void)!file_replace(dir, "userns", text, strlen(text), 0600, 0);
}
