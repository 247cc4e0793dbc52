// SPDX-License-Identifier: Apache-2.0
/* What the next command clears away after those that were killed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/engine/container.h"
#include "pkg/engine/engine.h"
#include "pkg/engine/event.h"
#include "pkg/engine/restart.h"
#include "pkg/engine/volumes.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "runtime/cgroup.h"
#include "runtime/net/slirp.h"
#include "runtime/ns.h"

/*
 * A monitor has a folder in the runtime folder from when it holds lock.run until it lets that go. So
 * a folder there whose container's lock.run is free tells of a monitor that was killed, or of a restart
 * that was (--rm) if nobody is at it.
 */
static bool is_lost(struct engine *e, const char *id)
{
	struct fail ignored = { 0 };
	auto_fd int dir = -EBADF;

	if (strlen(id) != CTR_ID_LEN || strspn(id, "0123456789abcdef") != CTR_ID_LEN)
		return false;
	dir = ctr_open(&e->store, id, &ignored);
	return dir >= 0 ? !ctr_is_running(dir) && !restart_is_marked(dir) : dir == -ENOENT;
}

/* Whether there are any; FN, when not NULL, is called for each. */
static bool each_lost(struct engine *e, void (*fn)(struct engine *e, int run_fd, const char *id))
{
	auto_fd int run = fd_open(AT_FDCWD, e->run_dir, O_RDONLY | O_DIRECTORY, 0);
	struct dirent *entry;
	bool any = false;
	DIR *d;

	if (fd_opendir(fd_open(run, ".", O_RDONLY | O_DIRECTORY, 0), &d) < 0)
		return false;
	while ((entry = readdir(d)) && !(any && !fn)) {
		if (!is_lost(e, entry->d_name))
			continue;
		any = true;
		if (fn)
			fn(e, run, entry->d_name);
	}
	closedir(d);
	return any;
}

/* A payload that changed its ids has lost the tie to its monitor's life (PR_SET_PDEATHSIG). */
static void end_process(struct container *c)
{
	struct state raw = { 0 };
	struct fail ignored = { 0 };
	auto_fd int pidfd = -EBADF;

	if (state_load_raw(c->dir_fd, &raw, &ignored) == 0 && raw.pid > 0)
		pidfd = state_pidfd(&raw, &ignored);
	if (pidfd >= 0)
		(void)!ns_pidfd_kill(pidfd, SIGKILL);
	state_done(&raw);
}

static void remove_socket(int run_fd, const char *id)
{
	auto_fd int dir = fd_open(run_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

	if (dir >= 0) {
		auto_free char *cgroup = path_read_link(dir, CGROUP_LINK);

		if (cgroup && cgroup_remove(cgroup) == 0)
			(void)unlinkat(dir, CGROUP_LINK, 0);
		(void)unlinkat(dir, "attach", 0);
		(void)unlinkat(dir, SLIRP_SOCKET, 0);
		(void)unlinkat(dir, RESTART_TRACE, 0);
	}
	(void)unlinkat(run_fd, id, AT_REMOVEDIR);
}

static void clear_lost(struct engine *e, int run_fd, const char *id)
{
	auto_container struct container c = CONTAINER_INIT;
	struct fail ignored = { 0 };
	auto_fd int lock = -EBADF;
	int r = container_open_id(e, id, &c, &ignored);

	if (r == -ENOENT && c.dir_fd < 0) {
		remove_socket(run_fd, id);
		return;
	}
	if (r < 0)
		return;
	/* Whoever starts or removes it holds this; then it isn't lost any more, and not ours. */
	lock = file_lock(c.dir_fd, "lock", 0);
	if (lock < 0 || ctr_is_running(c.dir_fd) || restart_is_marked(c.dir_fd))
		return;
	end_process(&c);
	remove_socket(run_fd, id);
	if (c.config.life.rm && ctr_remove(&e->store, id, c.config.name, &ignored) == 0)
		volumes_drop_anonymous(&e->store, &c.config);
}

/*
 * After a boot the runtime folder is empty and tells of nobody. The store's file "boot" is the boot of the last
 * command: another one now means that what ran then was cut off.
 */
static bool is_new_boot(struct engine *e, char **ret_boot)
{
	auto_str struct str last = STR_INIT(128);
	struct fail ignored = { 0 };

	if (state_boot_id(ret_boot, &ignored) < 0)
		return false;
	if (file_read(e->store.root_fd, "boot", &last) == 0 && !strcmp(str_cstr(&last), *ret_boot))
		return false;
	/* Where it can't be written down (a store on a read-only disk), each command would start over. */
	return !faccessat(e->store.root_fd, ".", W_OK, AT_EACCESS);
}

/*
 * The files of a container with --rm aren't fsynced (storage/ctr.h): after a power cut its folder may stand there
 * with an empty config.json, which no other way leads to. It holds no volume of its own: save() in create.c.
 */
static bool clear_torn(struct engine *e, const char *id)
{
	struct fail ignored = { 0 };
	auto_fd int dir = ctr_open(&e->store, id, &ignored);
	auto_fd int lock = -EBADF;
	struct stat st;

	if (dir < 0 || fstatat(dir, "config.json", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_size)
		return true;
	lock = file_lock(dir, "lock", 0);
	return lock >= 0 && !ctr_is_running(dir) && ctr_remove(&e->store, id, NULL, &ignored) == 0;
}

/*
 * --rm holds over a boot, too. False when it must be looked at again: somebody holds it just now, or it
 * is of another boot and yet its monitor's lock is still held (by one that is being killed).
 */
static bool clear_cut_off(struct engine *e, const char *id, const char *boot)
{
	auto_container struct container c = CONTAINER_INIT;
	struct fail ignored = { 0 };
	auto_fd int lock = -EBADF;

	if (container_open_id(e, id, &c, &ignored) < 0)
		return clear_torn(e, id);
	if (!c.config.life.rm)
		return true;
	if (c.state.status != STATUS_STOPPED || ctr_is_running(c.dir_fd))
		return c.state.status == STATUS_CONFIGURED || str_eq(c.state.boot_id, boot);
	if (!str_eq(c.state.error, "host reboot"))
		return true;
	lock = file_lock(c.dir_fd, "lock", 0);
	if (lock < 0 || ctr_is_running(c.dir_fd) ||
	    ctr_remove(&e->store, id, c.config.name, &ignored) < 0)
		return false;
	volumes_drop_anonymous(&e->store, &c.config);
	event_container(&e->store, &c.config, "remove");
	return true;
}

/* This boot is written down when nothing of the one before is left to do: else the next command goes on. */
static void clear_boot(struct engine *e)
{
	auto_free char *boot = NULL;
	auto_strv char **ids = NULL;
	struct fail ignored = { 0 };
	bool done = true;

	if (!is_new_boot(e, &boot) || ctr_list(&e->store, &ids, &ignored) < 0)
		return;
	strv_each(it, ids)
		done &= clear_cut_off(e, *it, boot);
	if (done)
		(void)!file_replace(e->store.root_fd, "boot", boot, strlen(boot), 0600, 0);
}

static void close_others(struct engine *e)
{
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	unsigned keep = (unsigned)e->store.root_fd;

	for (int i = 0; i < 3; i++)
		(void)!dup2(null, i);
	/* A pipe of the caller's must not stay open for as long as we delete. */
	if (keep > 3)
		(void)close_range(3, keep - 1, 0);
	(void)close_range(keep + 1, ~0U, 0);
	null = -EBADF;
}

static void sweep_child(struct engine *e)
{
	struct fail f = { 0 };
	unsigned left = 0;
	bool lost;

	(void)setsid();
	close_others(e);
	clear_boot(e);
	volumes_settle(&e->store);
	lost = each_lost(e, NULL);
	if (!lost && store_sweep(&e->store, &left, &f) == 0 && !left)
		_exit(0);
	fail_clear(&f);
	/* Other owners' processes and files. */
	if (userns_enter_hinted(engine_userns_hint(e), &f) < 0)
		_exit(1);
	fail_clear(&f);
	(void)each_lost(e, clear_lost);
	(void)!store_sweep(&e->store, &left, &f);
	_exit(0);
}

void engine_sweep(struct engine *e)
{
	auto_free char *boot = NULL;
	pid_t pid;

	if (!store_needs_sweep(&e->store) && !each_lost(e, NULL) && !is_new_boot(e, &boot))
		return;
	/* Twice, so that nobody waits for it and it is nobody's zombie. */
	pid = fork();
	if (pid == 0) {
		if (fork() == 0)
			sweep_child(e);
		_exit(0);
	}
	if (pid > 0)
		(void)!waitpid(pid, NULL, 0);
}
