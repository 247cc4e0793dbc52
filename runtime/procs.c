// SPDX-License-Identifier: Apache-2.0
#include "runtime/procs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/proc_stat.h"

enum { TEXT_MAX = 64 * 1024, ARGS_MAX = 128 * 1024, OVERFLOW_ID = 65534, LEVELS_MAX = 33 };

/* --- the texts --- */

static int64_t from_ticks(int64_t ticks)
{
	long hz = sysconf(_SC_CLK_TCK);

	return ticks * (TIME_SECOND / (hz > 0 ? hz : 100));
}

/* stat's fields from the third on, counted as proc(5) does. */
int procs_parse_stat(const char *text, struct proc *p)
{
	const char *state = proc_stat_field(text, 3);
	int64_t v[25] = { 0 };
	int n = 4;

	if (!state || !*state)
		return -EINVAL;
	p->state = *state;
	for (const char *at = state + 1; n < 25 && *at == ' '; n++) {
		char *rest;

		v[n] = strtoll(at, &rest, 10);
		if (rest == at)
			return -EINVAL;
		at = rest;
	}
	if (n < 25)
		return -EINVAL;
	p->hppid = (pid_t)v[4];
	p->tty = (unsigned)v[7];
	p->cpu = from_ticks(v[14] + v[15]);
	p->cpu_children = from_ticks(v[16] + v[17]);
	p->nice = (int)v[19];
	p->threads = (int)v[20];
	p->start = from_ticks(v[22]);
	p->vsz = (uint64_t)v[23];
	p->rss = (uint64_t)v[24] * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* The value of the line "NAME:"; NULL when there is none. */
static const char *line_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, n) && at[n] == ':')
			return at + n + 1;
	}
	return NULL;
}

/* Up to MAX numbers of a line; how many there were. */
static size_t numbers(const char *line, int base, uint64_t *v, size_t max)
{
	size_t n = 0;

	while (line && n < max) {
		char *rest;

		line += strspn(line, "\t ");
		if (*line == '\n' || !*line)
			break;
		v[n] = strtoull(line, &rest, base);
		if (rest == line)
			break;
		n++;
		line = rest;
	}
	return n;
}

size_t procs_level(const char *status_text)
{
	uint64_t v[LEVELS_MAX];
	size_t n = numbers(line_of(status_text, "NSpid"), 10, v, LEVELS_MAX);

	return n ? n - 1 : 0;
}

static void read_groups(const char *line, struct proc *p)
{
	enum { GROUPS_MAX = 1024 };
	auto_free uint64_t *v = mem_array(GROUPS_MAX, sizeof(*v));

	p->n_groups = numbers(line, 10, v, GROUPS_MAX);
	p->groups = mem_array(p->n_groups, sizeof(*p->groups));
	for (size_t i = 0; i < p->n_groups; i++)
		p->groups[i] = (uint32_t)v[i];
}

int procs_parse_status(const char *text, size_t level, struct proc *p)
{
	static const char *const sets[PROC_CAPS] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	const char *name = line_of(text, "Name");
	uint64_t v[LEVELS_MAX] = { 0 };
	size_t n = numbers(line_of(text, "NSpid"), 10, v, LEVELS_MAX);

	if (!name)
		return -EINVAL;
	/* A kernel without pid namespaces has no such line, and no containers. */
	if (n <= level)
		return -ESRCH;
	p->pid = (pid_t)v[level];
	n = numbers(line_of(text, "NSpgid"), 10, v, LEVELS_MAX);
	p->pgid = n > level ? (pid_t)v[level] : 0;
	name += *name == '\t';
	mem_free_ptr(&p->comm);
	p->comm = mem_strndup(name, strcspn(name, "\n"));
	if (numbers(line_of(text, "Uid"), 10, v, 4) < 2)
		return -EINVAL;
	p->ruid = (uint32_t)v[0];
	p->uid = (uint32_t)v[1];
	if (numbers(line_of(text, "Gid"), 10, v, 4) < 2)
		return -EINVAL;
	p->rgid = (uint32_t)v[0];
	p->gid = (uint32_t)v[1];
	mem_free_ptr(&p->groups);
	read_groups(line_of(text, "Groups"), p);
	for (size_t i = 0; i < PROC_CAPS; i++)
		if (numbers(line_of(text, sets[i]), 16, v, 1) == 1)
			p->caps[i] = v[0];
	p->seccomp = numbers(line_of(text, "Seccomp"), 10, v, 1) == 1 ? (int)v[0] : 0;
	return 0;
}

/* --- /proc --- */

static int open_pid(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

static void read_args(int dir, struct proc *p)
{
	auto_fd int fd = fd_open(dir, "cmdline", O_RDONLY, 0);
	auto_free char *buf = mem_alloc(ARGS_MAX);
	ssize_t n = fd < 0 ? fd : io_read_full(fd, buf, ARGS_MAX);
	auto_str struct str s = STR_INIT(ARGS_MAX);

	while (n > 0 && !buf[n - 1])
		n--;
	for (ssize_t i = 0; i < n; i++)
		str_addc(&s, buf[i] ? buf[i] : ' ');
	/* A zombie has none any more, a kernel thread never had. */
	p->args = n > 0 ? str_take(&s) : mem_printf("[%s]", p->comm);
}

static void read_label(int dir, struct proc *p)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);

	if (file_read(dir, "attr/current", &s) < 0 || !s.len)
		return;
	p->label = mem_strndup(s.s, strcspn(s.s, "\n"));
	if (!*p->label)
		mem_free_ptr(&p->label);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the process of DIR, DEEPER levels below WANTED, is in it or in a namespace that was made in it. */
static bool is_inside(int dir, const struct stat *wanted, size_t deeper)
{
	auto_fd int ns = -EBADF;
	struct stat st;

	if (fstatat(dir, "ns/pid", &st, 0) < 0)
		return false;
	if (!deeper)
		return same_file(&st, wanted);
	ns = fd_open(dir, "ns/pid", O_RDONLY, 0);
	for (; ns >= 0 && deeper; deeper--) {
		int parent = ioctl(ns, NS_GET_PARENT);	/* close-on-exec (ioctl_ns(2)) */

		fd_close(ns);
		ns = parent;
	}
	return ns >= 0 && fstat(ns, &st) == 0 && same_file(&st, wanted);
}

static void proc_done(struct proc *p)
{
	mem_free_ptr(&p->groups);
	mem_free_ptr(&p->comm);
	mem_free_ptr(&p->args);
	mem_free_ptr(&p->label);
}

/* -ESRCH when it isn't one of the container's, or has ended. */
static int read_one(pid_t pid, const struct stat *ns, size_t level, struct proc *p)
{
	auto_fd int dir = open_pid(pid);
	auto_str struct str status = STR_INIT(TEXT_MAX), stat = STR_INIT(TEXT_MAX);
	size_t its;
	int r;

	if (dir < 0 || file_read(dir, "status", &status) < 0)
		return -ESRCH;
	its = procs_level(str_cstr(&status));
	if (its < level || !is_inside(dir, ns, its - level) || file_read(dir, "stat", &stat) < 0)
		return -ESRCH;
	*p = (struct proc){ .hpid = pid };
	r = procs_parse_status(str_cstr(&status), level, p);
	if (r == 0)
		r = procs_parse_stat(str_cstr(&stat), p);
	if (r < 0) {
		proc_done(p);
		return r;
	}
	read_args(dir, p);
	read_label(dir, p);
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Parents are known by our pids: their pid inside is looked up among the rest. */
static void set_parents(struct procs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		p->v[i].ppid = 0;
		for (size_t k = 0; k < p->n; k++)
			if (p->v[k].hpid == p->v[i].hppid)
				p->v[i].ppid = p->v[k].pid;
	}
}

static int read_map(int dir, const char *name, struct id_map *ret, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);
	int r = file_read(dir, name, &s);

	if (r == 0)
		r = id_map_parse(str_cstr(&s), ret);
	return r < 0 ? fail(f, -r, "read %s of the container's first process", name) : 0;
}

static int read_all(const struct stat *ns, size_t level, struct procs *ret, struct fail *f)
{
	struct dirent *entry;
	DIR *d;
	int r = fd_opendir(fd_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return fail(f, -r, "read /proc");
	while ((entry = readdir(d))) {
		struct proc p;
		uint64_t pid;

		if (str_to_u64(entry->d_name, 10, &pid) < 0 || read_one((pid_t)pid, ns, level, &p) < 0)
			continue;
		ret->v = mem_resize(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = p;
	}
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_pid);
	set_parents(ret);
	return 0;
}

int procs_read(pid_t first, struct procs *ret, struct fail *f)
{
	auto_fd int dir = open_pid(first);
	auto_str struct str status = STR_INIT(TEXT_MAX);
	struct timespec now;
	struct stat ns;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = dir < 0 ? dir : file_read(dir, "status", &status);
	if (r < 0)
		return fail(f, -r == ENOENT ? ESRCH : -r, "look at process %d", (int)first);
	if (fstatat(dir, "ns/pid", &ns, 0) < 0)
		return fail(f, errno, "look at the pid namespace of process %d", (int)first);
	r = read_map(dir, "uid_map", &ret->uids, f);
	if (r == 0)
		r = read_map(dir, "gid_map", &ret->gids, f);
	if (r == 0)
		r = read_all(&ns, procs_level(str_cstr(&status)), ret, f);
	clock_gettime(CLOCK_BOOTTIME, &now);
	ret->now = (int64_t)now.tv_sec * TIME_SECOND + now.tv_nsec;
	return r;
}

void procs_done(struct procs *p)
{
	for (size_t i = 0; i < p->n; i++)
		proc_done(&p->v[i]);
	mem_free_ptr(&p->v);
	p->n = 0;
}

uint32_t procs_id(const struct id_map *map, uint32_t outside)
{
	for (size_t i = 0; i < map->n; i++)
		if (outside >= map->v[i].outside && outside - map->v[i].outside < map->v[i].count)
			return map->v[i].inside + (outside - map->v[i].outside);
	return OVERFLOW_ID;
}
