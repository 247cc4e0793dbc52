// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/top.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/engine/exec.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/time.h"
#include "runtime/exec.h"
#include "runtime/privs_caps.h"

enum { DB_MAX = 1 << 20, PS_MAX = 16 << 20 };

struct look {
	const struct procs *procs;
	const struct top_names *names;
	int64_t now;
};

/* --- the columns --- */

/* The name of ID in a file of "name:x:id:..." lines, else the number. */
static void add_id(struct str *s, const char *db, uint32_t id)
{
	for (const char *at = db; at && *at; at = strchr(at, '\n')) {
		const char *x, *number;
		char *end;

		at += *at == '\n';
		x = strpbrk(at, ":\n");
		number = x && *x == ':' ? strpbrk(x + 1, ":\n") : NULL;
		if (!number || *number != ':' || x == at)
			continue;
		if (strtoul(number + 1, &end, 10) == id && end > number + 1 && (*end == ':' || *end == '\n' || !*end)) {
			str_addn(s, at, (size_t)(x - at));
			return;
		}
	}
	str_addf(s, "%u", id);
}

static void col_user(const struct look *l, const struct proc *p, struct str *s)
{
	add_id(s, l->names->passwd, procs_id(&l->procs->uids, p->uid));
}

static void col_ruser(const struct look *l, const struct proc *p, struct str *s)
{
	add_id(s, l->names->passwd, procs_id(&l->procs->uids, p->ruid));
}

static void col_group(const struct look *l, const struct proc *p, struct str *s)
{
	add_id(s, l->names->group, procs_id(&l->procs->gids, p->gid));
}

static void col_rgroup(const struct look *l, const struct proc *p, struct str *s)
{
	add_id(s, l->names->group, procs_id(&l->procs->gids, p->rgid));
}

static void col_groups(const struct look *l, const struct proc *p, struct str *s)
{
	for (size_t i = 0; i < p->n_groups; i++) {
		str_add(s, i ? "," : "");
		add_id(s, l->names->group, procs_id(&l->procs->gids, p->groups[i]));
	}
}

static void col_huser(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%u", p->uid);
}

static void col_hgroup(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%u", p->gid);
}

static void col_hgroups(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	for (size_t i = 0; i < p->n_groups; i++)
		str_addf(s, "%s%u", i ? "," : "", p->groups[i]);
}

static void col_pid(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%d", (int)p->pid);
}

static void col_hpid(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%d", (int)p->hpid);
}

static void col_ppid(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%d", (int)p->ppid);
}

static void col_pgid(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%d", (int)p->pgid);
}

static int64_t age(const struct look *l, const struct proc *p)
{
	return l->procs->now > p->start ? l->procs->now - p->start : 0;
}

static void col_pcpu(const struct look *l, const struct proc *p, struct str *s)
{
	int64_t lived = age(l, p);

	str_addf(s, "%.3f", lived ? 100.0 * (double)p->cpu / (double)lived : 0.0);
}

static void col_etime(const struct look *l, const struct proc *p, struct str *s)
{
	char buf[TIME_SPAN_MAX];

	str_add(s, time_format_span(age(l, p), buf));
}

static void col_time(const struct look *l, const struct proc *p, struct str *s)
{
	char buf[TIME_SPAN_MAX];

	(void)l;
	str_add(s, time_format_span(p->cpu, buf));
}

static void col_stime(const struct look *l, const struct proc *p, struct str *s)
{
	char buf[TIME_GO_MAX];
	int64_t t = l->now - age(l, p);

	str_add(s, time_format_go(t - t % TIME_SECOND, buf));
}

static void col_tty(const struct look *l, const struct proc *p, struct str *s)
{
	/* Numbers of the kernel's Documentation/admin-guide/devices.txt. */
	unsigned major = p->tty >> 8 & 0xfff, minor = (p->tty & 0xff) | (p->tty >> 12 & 0xfff00);

	(void)l;
	if (major >= 136 && major <= 143)
		str_addf(s, "pts/%u", (major - 136) * 256 + minor);
	else if (major == 4)
		str_addf(s, minor < 64 ? "tty%u" : "ttyS%u", minor < 64 ? minor : minor - 64);
	else if (major == 5 && minor == 1)
		str_add(s, "console");
	else
		str_add(s, "?");
}

static void col_comm(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_add(s, p->comm);
}

static void col_args(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_add(s, p->args);
}

static void col_nice(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%d", p->nice);
}

static void col_vsz(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%llu", (unsigned long long)(p->vsz / 1024));
}

static void col_rss(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addf(s, "%llu", (unsigned long long)(p->rss / 1024));
}

static void col_state(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_addc(s, p->state);
}

static void col_seccomp(const struct look *l, const struct proc *p, struct str *s)
{
	static const char *const words[] = { "disabled", "strict", "filter" };

	(void)l;
	str_add(s, p->seccomp >= 0 && p->seccomp <= 2 ? words[p->seccomp] : "?");
}

static void col_label(const struct look *l, const struct proc *p, struct str *s)
{
	(void)l;
	str_add(s, p->label ? p->label : "?");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_caps(struct str *s, uint64_t caps)
{
	const char *names[64];
	size_t n = 0;

	if (!caps || caps == privs_cap_known()) {
		str_add(s, caps ? "full" : "none");
		return;
	}
	for (unsigned bit = 0; bit < 64; bit++)
		if ((caps >> bit & 1) && privs_cap_name(bit))
			names[n++] = privs_cap_name(bit) + strlen("CAP_");
	if (n)
		qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n; i++)
		str_addf(s, "%s%s", i ? "," : "", names[i]);
}

#define COL_CAPS(name, set) \
	static void name(const struct look *l, const struct proc *p, struct str *s) \
	{ \
		(void)l; \
		add_caps(s, p->caps[set]); \
	}
COL_CAPS(col_capinh, PROC_CAPINH)
COL_CAPS(col_capprm, PROC_CAPPRM)
COL_CAPS(col_capeff, PROC_CAPEFF)
COL_CAPS(col_capbnd, PROC_CAPBND)
COL_CAPS(col_capamb, PROC_CAPAMB)

static const struct column {
	const char *word, *aix, *title;
	void (*add)(const struct look *l, const struct proc *p, struct str *s);
} columns[] = {
	{ "args", "%a", "COMMAND", col_args },
	{ "capamb", NULL, "AMBIENT CAPS", col_capamb },
	{ "capbnd", NULL, "BOUNDING CAPS", col_capbnd },
	{ "capeff", NULL, "EFFECTIVE CAPS", col_capeff },
	{ "capinh", NULL, "INHERITED CAPS", col_capinh },
	{ "capprm", NULL, "PERMITTED CAPS", col_capprm },
	{ "comm", "%c", "COMMAND", col_comm },
	{ "etime", "%t", "ELAPSED", col_etime },
	{ "group", "%G", "GROUP", col_group },
	{ "groups", NULL, "GROUPS", col_groups },
	{ "hgroup", NULL, "HGROUP", col_hgroup },
	{ "hgroups", NULL, "HGROUPS", col_hgroups },
	{ "hpid", NULL, "HPID", col_hpid },
	{ "huser", NULL, "HUSER", col_huser },
	{ "label", NULL, "LABEL", col_label },
	{ "nice", "%n", "NI", col_nice },
	{ "pcpu", "%C", "%CPU", col_pcpu },
	{ "pgid", "%r", "PGID", col_pgid },
	{ "pid", "%p", "PID", col_pid },
	{ "ppid", "%P", "PPID", col_ppid },
	{ "rgroup", "%g", "RGROUP", col_rgroup },
	{ "rss", NULL, "RSS", col_rss },
	{ "ruser", "%u", "RUSER", col_ruser },
	{ "seccomp", NULL, "SECCOMP", col_seccomp },
	{ "state", NULL, "STATE", col_state },
	{ "stime", NULL, "STIME", col_stime },
	{ "time", "%x", "TIME", col_time },
	{ "tty", "%y", "TTY", col_tty },
	{ "user", "%U", "USER", col_user },
	{ "vsz", "%z", "VSZ", col_vsz },
};

char **top_words(void)
{
	char **v = NULL;

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		strv_add(&v, columns[i].word);
	return v;
}

static const struct column *find_column(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (str_eq(word, columns[i].word) || str_eq(word, columns[i].aix))
			return &columns[i];
	return NULL;
}

/* --- the table --- */

static char **split_words(char *const *words)
{
	static const char *const usual[] = { "user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args" };
	char **v = NULL;

	strv_each(it, words) {
		auto_strv char **parts = strv_split(*it, ",", true);

		strv_add_all(&v, parts);
	}
	if (v)
		return v;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		strv_add(&v, usual[i]);
	return v;
}

int top_table(const struct procs *procs, char *const *words, const struct top_names *names, int64_t now,
	      struct table *ret)
{
	const struct look look = { .procs = procs, .names = names, .now = now };
	auto_strv char **wanted = split_words(words);

	strv_each(it, wanted) {
		const struct column *col = find_column(*it);

		if (!col)
			return 1;
		table_cell(ret, col->title);
	}
	table_end(ret);
	for (size_t i = 0; i < procs->n; i++) {
		strv_each(it, wanted) {
			auto_str struct str s = STR_INIT(256 * 1024);

			find_column(*it)->add(&look, &procs->v[i], &s);
			table_cell(ret, str_cstr(&s));
		}
		table_end(ret);
	}
	return 0;
}

/* A file of the container's, which may have put anything in its place: "" then. */
static void read_db(int root, const char *path, struct str *s)
{
	auto_fd int fd = root < 0 ? root : path_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || io_read_all(fd, s) < 0)
		str_clear(s);
}

static bool knows(char *const *words)
{
	auto_strv char **wanted = split_words(words);

	strv_each(it, wanted)
		if (!find_column(*it))
			return false;
	return true;
}

int engine_top(struct engine *e, struct container *c, char *const *words, struct table *ret, struct fail *f)
{
	auto_procs struct procs procs = { 0 };
	auto_str struct str passwd = STR_INIT(DB_MAX), group = STR_INIT(DB_MAX);
	auto_fd int pidfd = -EBADF, root = -EBADF;
	char path[40];
	int r;

	(void)e;
	if (!container_is_running(c) || c->state.status == STATUS_RESTARTING)
		return refuse(f, ESRCH, "top can only be used on running containers");
	if (!knows(words))
		return 1;
	pidfd = state_pidfd(&c->state, f);
	if (pidfd < 0)
		return pidfd;
	snprintf(path, sizeof(path), "/proc/%d/root", c->state.pid);
	root = fd_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	read_db(root, "/etc/passwd", &passwd);
	read_db(root, "/etc/group", &group);
	r = procs_read(c->state.pid, &procs, f);
	if (r < 0)
		return r;
	/* A process of that number, but another one by now: what was read is not the container's. */
	pidfd = fd_close(pidfd);
	pidfd = state_pidfd(&c->state, f);
	if (pidfd < 0)
		return pidfd;
	return top_table(&procs, words, &(struct top_names){ .passwd = str_cstr(&passwd), .group = str_cstr(&group) },
			 time_now(), ret);
}

/* --- ps --- */

struct outcome {
	int status;
	struct fail fail;
};

static void __attribute__((noreturn)) run_ps(struct engine *e, const struct container *c, char *const *args,
					     int out, int report)
{
	struct outcome o = { 0 };
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	const int stdio[3] = { null, out, 2 };
	char session[CTR_ID_LEN + 1];
	int r = exec_place_stdio(stdio, &o.fail);

	if (r == 0)
		r = engine_exec(e, c->id, &(struct exec_opts){ .no_session = true }, args, session, &o.fail);
	o.status = r;
	(void)!io_write_full(report, &o, sizeof(o));
	_exit(r < 0);
}

/* The lines of TEXT but that of ps itself, which ends with how it was called. */
static void without_ps(const char *text, const char *call, struct str *ret)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		auto_free char *line = mem_strndup(text, n);

		if (!str_ends(line, call))
			str_addf(ret, "%s\n", line);
		text += n + (text[n] == '\n');
	}
}

static int no_ps(char *const *words, struct fail *f)
{
	auto_strv char **all = top_words();
	auto_free char *list = strv_join(all, " "), *typed = strv_join(words, " ");

	fail_clear(f);
	(void)refuse(f, ENOENT, "'%.200s' is for ps, and the container has no ps", typed);
	fail_hint(f, "without ps these columns are known: %s", list);
	return -ENOENT;
}

int top_ps(struct engine *e, struct container *c, char *const *words, struct str *ret, struct fail *f)
{
	auto_fd int out_r = -EBADF, out_w = -EBADF, report_r = -EBADF, report_w = -EBADF;
	auto_str struct str text = STR_INIT(PS_MAX);
	auto_strv char **args = NULL;
	auto_free char *call = NULL;
	struct outcome o = { 0 };
	int out[2], report[2], r;
	pid_t pid;

	strv_add(&args, "ps");
	strv_add_all(&args, words);
	call = strv_join(args, " ");
	r = fd_pipe(out);
	if (r < 0)
		return fail(f, -r, "make a pipe");
	out_r = out[0];
	out_w = out[1];
	r = fd_pipe(report);
	if (r < 0)
		return fail(f, -r, "make a pipe");
	report_r = report[0];
	report_w = report[1];
	pid = fork();
	if (pid < 0)
		return fail(f, errno, "fork");
	if (pid == 0)
		run_ps(e, c, args, out_w, report_w);
	out_w = fd_close(out_w);
	report_w = fd_close(report_w);
	r = io_read_all(out_r, &text);
	out_r = fd_close(out_r);
	if (io_read_full(report_r, &o, sizeof(o)) != sizeof(o))
		o.status = -EPIPE;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return fail(f, -r, "read what ps printed");
	if (o.fail.code) {
		*f = o.fail;
		return fail_status(f) == FAIL_EXIT_NOTFOUND ? no_ps(words, f) : -f->code;
	}
	if (o.status)
		return refuse(f, EINVAL, "'%.200s' in the container ended with exit status %d", call, o.status);
	without_ps(str_cstr(&text), call, ret);
	return 0;
}
