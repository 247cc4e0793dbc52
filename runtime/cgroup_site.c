// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup_site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/cgroup.h"
#include "runtime/host_check.h"
#include "runtime/proc_stat.h"

#define LEAF "rbox-leaf"

enum { TEXT_MAX = 256 * 1024, ANCESTORS_MAX = 16 };
/* Far longer than a process takes to end. */
#define MOVE_MAX (10 * TIME_SECOND)

/* --- who is in a cgroup --- */

static pid_t parent_of(pid_t pid)
{
	auto_str struct str s = STR_INIT(4096);
	const char *at = proc_stat_read(pid, &s) < 0 ? NULL : proc_stat_field(str_cstr(&s), 4);

	return at ? (pid_t)strtol(at, NULL, 10) : 0;
}

/* The kernel's words for a file that is gone, and for one in memory (proc_pid_exe(5), memfd_create(2)). */
static bool is_named_rbox(const char *exe)
{
	static const char *const names[] = { "rbox", "rbox (deleted)", "memfd:rbox (deleted)" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(path_base(exe), names[i]))
			return true;
	return false;
}

/*
 * The same file as ours; or, of our own user, one of its name: each sealed copy (seal.h) is a file of its own,
 * and monitors outlive the program they came from when a newer one takes its place. Who is taken for rbox
 * wrongly is only moved to the leaf, and his user may do that anyway.
 */
static bool is_rbox(pid_t pid)
{
	char path[64], exe[4096];
	struct stat own, its;
	ssize_t n;

	if (pid == getpid())
		return true;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat("/proc/self/exe", &own) == 0 && stat(path, &its) == 0 && own.st_dev == its.st_dev &&
	    own.st_ino == its.st_ino)
		return true;
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = '\0';
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return is_named_rbox(exe) && stat(path, &its) == 0 && its.st_uid == geteuid();
}

/* rbox itself (another call, a monitor), or what one of them runs: helpers, slirp4netns. */
static bool is_ours(pid_t pid)
{
	for (int i = 0; pid > 1 && i < ANCESTORS_MAX; i++, pid = parent_of(pid))
		if (is_rbox(pid))
			return true;
	return false;
}

/* RET is NULL when there is none. */
static int processes(int fd, char ***ret)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);
	int r = file_read(fd, "cgroup.procs", &s);

	*ret = r < 0 ? NULL : strv_split(str_cstr(&s), "\n", true);
	return r < 0 ? r : 0;
}

static char *describe(pid_t pid)
{
	auto_str struct str s = STR_INIT(4096);
	char path[64];
	int len;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (file_read(AT_FDCWD, path, &s) < 0)
		return mem_printf("process %d", (int)pid);
	len = (int)strcspn(str_cstr(&s), "\n");
	return mem_printf("'%.*s' (process %d)", len, str_cstr(&s), (int)pid);
}

/* systemd tells its services' main processes so (systemd.exec(5)); process 1 of a namespace owns all in it. */
static bool owns_all(void)
{
	const char *main_pid = getenv("SYSTEMD_EXEC_PID");
	int64_t pid;

	return getpid() == 1 || (main_pid && str_to_i64(main_pid, &pid) == 0 && pid == getpid());
}

/* One that isn't ours to move, in RET; NULL: there is none. 0 stands for a process of another pid namespace. */
static int stranger(int fd, char **ret)
{
	auto_strv char **pids = NULL;
	int r = processes(fd, &pids);

	*ret = NULL;
	if (r < 0 || owns_all())
		return r;
	strv_each(it, pids) {
		int64_t pid;

		if (str_to_i64(*it, &pid) == 0 && !is_ours((pid_t)pid)) {
			*ret = describe((pid_t)pid);
			return 0;
		}
	}
	return 0;
}

/* --- looking --- */

static bool is_delegated(const char *folder)
{
	static const char *const files[] = { "cgroup.procs", "cgroup.subtree_control" };

	if (!folder || access(folder, W_OK) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *file = path_join(folder, files[i]);

		if (access(file, W_OK) < 0)
			return false;
	}
	return true;
}

/*
 * A user's units all belong to the user, but systemd goes on arranging those without Delegate=yes: it would take the
 * controllers away again. It marks the others (user.delegate from version 251 on; trusted.delegate is for root to
 * see). False where no systemd arranges anything.
 */
static bool is_systemds(const char *own, const char *folder)
{
	static const char *const marks[] = { "user.delegate", "trusted.delegate" };
	char value[8];

	if (str_eq(own, "/") || !host_has_systemd())
		return false;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		ssize_t n = getxattr(folder, marks[i], value, sizeof(value));

		if ((n == 1 && *value == '1') || (n < 0 && errno == ENOTSUP))
			return false;
	}
	return true;
}

/* The root of all may hold processes, and isn't ours to empty. */
static bool is_real_root(int fd)
{
	return faccessat(fd, "cgroup.type", F_OK, 0) < 0;
}

static void read_controllers(int fd, struct cgroup_site *s)
{
	auto_str struct str text = STR_INIT(4096);

	strv_free_ptr(&s->controllers);
	if (file_read(fd, "cgroup.controllers", &text) == 0)
		s->controllers = strv_split(str_cstr(&text), " \n", true);
}

/* "<base>/rbox-leaf", and ".control", where systemd puts what it runs in a unit that has children. */
static char *above(const char *path)
{
	const char *name = path_base(path);

	if (strcmp(name, LEAF) && strcmp(name, ".control"))
		return NULL;
	return name - path > 1 ? mem_strndup(path, (size_t)(name - path) - 1) : mem_strdup("/");
}

static void look_own(const char *own, struct cgroup_site *s)
{
	auto_free char *folder = cgroup_folder(own);
	auto_free char *other = NULL;
	auto_fd int fd = -EBADF;
	int r;

	if (!is_delegated(folder))
		return;
	if (is_systemds(own, folder)) {
		s->why = mem_printf("%s is a unit's without Delegate=yes", own);
		s->fix = mem_strdup("put Delegate=yes into the unit, or: systemd-run --user --scope -p Delegate=yes rbox ...");
		return;
	}
	fd = cgroup_open(own);
	if (fd < 0)
		return;
	r = is_real_root(fd) ? 0 : stranger(fd, &other);
	if (r < 0) {
		s->why = mem_printf("cannot read the processes of %s: %s", own, strerror(-r));
		return;
	}
	if (other) {
		s->why = mem_printf("%s holds others as well: %s", own, other);
		s->fix = mem_strdup("start it in a cgroup of its own: systemd-run --user --scope -p Delegate=yes rbox ...");
		return;
	}
	s->rung = CGROUP_OURS;
	s->base = mem_strdup(own);
	read_controllers(fd, s);
}

static void look_leaf(char *base, struct cgroup_site *s)
{
	auto_free char *folder = cgroup_folder(base);
	auto_fd int fd = cgroup_open(base);

	if (fd < 0 || !is_delegated(folder))
		return;
	s->rung = CGROUP_LEAF;
	s->base = mem_strdup(base);
	read_controllers(fd, s);
}

static void say_none(struct cgroup_site *s)
{
	auto_host struct host_report host = { 0 };

	if (s->why)
		return;
	host_check_cgroup(&host);
	s->why = mem_strdup(host.n ? host.v[0].found : "no cgroup");
	s->fix = mem_strdup(host.n ? host.v[0].fix : NULL);
}

static void look_given(const char *parent, struct cgroup_site *s)
{
	auto_free char *path = path_clean(parent);

	look_leaf(path, s);
	if (s->rung != CGROUP_NONE)
		return;
	s->why = mem_printf("%s is not delegated to you", path);
	s->fix = mem_strdup("leave it out, or name a cgroup whose folder, cgroup.procs and cgroup.subtree_control are yours");
}

static void look(const char *parent, struct cgroup_site *s)
{
	auto_free char *own = cgroup_of(0);
	auto_free char *base = own ? above(own) : NULL;

	*s = (struct cgroup_site){ .rung = CGROUP_NONE };
	if (parent && *parent) {
		look_given(parent, s);
		return;
	}
	if (base)
		look_leaf(base, s);
	if (s->rung == CGROUP_NONE && own)
		look_own(own, s);
}

void cgroup_site_look(const char *parent, struct cgroup_site *ret)
{
	look(parent, ret);
	if (ret->rung == CGROUP_NONE)
		say_none(ret);
}

/* --- making ready --- */

static int put(int dir, const char *file, const char *text)
{
	auto_fd int fd = fd_open(dir, file, O_WRONLY, 0);

	return fd < 0 ? fd : io_write_full(fd, text, strlen(text));
}

/*
 * Who forks meanwhile is met in the next round. Who is ending can't be moved, without a word from the kernel, and
 * needs the processor to be gone: a round that follows at once may find him still there, however often.
 */
static int move_all(int base, int leaf)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };
	int64_t end = time_monotonic() + MOVE_MAX;

	for (bool first = true;; first = false) {
		auto_strv char **pids = NULL;
		int r = processes(base, &pids);

		if (r < 0 || !pids || !*pids)
			return r;
		if (!first && time_monotonic() > end)
			return -EBUSY;
		if (!first)
			nanosleep(&pause, NULL);
		strv_each(it, pids) {
			r = put(leaf, "cgroup.procs", *it);
			if (r < 0 && r != -ESRCH)
				return r;
		}
	}
}

static int empty(int base)
{
	auto_fd int leaf = -EBADF;

	if (is_real_root(base))
		return 0;
	if (mkdirat(base, LEAF, 0755) < 0 && errno != EEXIST)
		return -errno;
	leaf = fd_open(base, LEAF, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return leaf < 0 ? leaf : move_all(base, leaf);
}

/* One by one: a controller that can't be enabled (realtime processes and cpu) keeps no other away. */
static void enable(int base, struct cgroup_site *s)
{
	auto_str struct str text = STR_INIT(4096);
	auto_strv char **on = NULL;
	char **can = NULL;

	if (file_read(base, "cgroup.subtree_control", &text) == 0)
		on = strv_split(str_cstr(&text), " \n", true);
	strv_each(it, s->controllers) {
		auto_free char *word = mem_printf("+%s", *it);

		if (strv_has(on, *it) || put(base, "cgroup.subtree_control", word) == 0)
			strv_add(&can, *it);
	}
	strv_free_ptr(&s->controllers);
	s->controllers = can;
}

static void give_up(struct cgroup_site *s, const char *what, const char *of, int err)
{
	s->why = mem_printf("cannot %s %s: %s", what, of, strerror(err));
	s->rung = CGROUP_NONE;
	mem_free_ptr(&s->base);
	strv_free_ptr(&s->controllers);
}

/*
 * Two calls at once in one unit: the second waits, and finds itself moved by the first. Not a lock on the cgroup's
 * folder: whoever may read that, and all may, could hold us up with it (flock(2) asks for no right to write).
 */
static int lock(const char *run_dir)
{
	auto_fd int run = fd_open(AT_FDCWD, run_dir, O_PATH | O_DIRECTORY, 0);

	return run < 0 ? run : file_lock(run, "cgroup.lock", LOCK_WAIT);
}

static void settle(const char *parent, const char *run_dir, struct cgroup_site *s)
{
	auto_fd int held = lock(run_dir);
	auto_fd int fd = -EBADF;
	int r = 0;

	if (held < 0) {
		give_up(s, "lock cgroup.lock in", run_dir, -held);
		return;
	}
	if (s->rung == CGROUP_OURS) {
		cgroup_site_done(s);
		look(parent, s);
		if (s->rung == CGROUP_NONE)
			return;
	}
	fd = cgroup_open(s->base);
	if (fd < 0) {
		give_up(s, "open", s->base, -fd);
		return;
	}
	if (s->rung == CGROUP_OURS)
		r = empty(fd);
	if (r < 0)
		give_up(s, "move the processes of", s->base, -r);
	else
		enable(fd, s);
}

void cgroup_site_enter(const char *parent, bool wanted, const char *run_dir, struct cgroup_site *ret)
{
	look(parent, ret);
	if (ret->rung != CGROUP_NONE)
		settle(parent, run_dir, ret);
	if (ret->rung == CGROUP_NONE && wanted)
		say_none(ret);
}

void cgroup_site_done(struct cgroup_site *s)
{
	mem_free_ptr(&s->base);
	mem_free_ptr(&s->why);
	mem_free_ptr(&s->fix);
	strv_free_ptr(&s->controllers);
	s->rung = CGROUP_NONE;
}
