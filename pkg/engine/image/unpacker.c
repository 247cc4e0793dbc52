// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/unpacker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/userns.h"

enum { RESULT_MAX = 4 * 1024 * 1024, REQUEST_MAX = 256 * 1024, PIPE_SIZE = 1024 * 1024 };

/* What the server is asked; the folder's name and the rest come as JSON through the control socket. */
enum { ASK_UNPACK = 'u', ASK_REMOVE = 'r' };

struct request {
	char *name;
	char **lower;
	bool known;		/* LOWER is all there is below */
};
static const struct field request_fields[] = {
	FIELD_STR("name", struct request, name),
	FIELD_STRV("lower", struct request, lower),
	FIELD_BOOL("known", struct request, known),
	FIELD_END
};

/* The result as it goes through the control socket. */
struct result {
	struct digest diff_id;
	int64_t size, files, changes;
	char **changed, **whiteouts;
	char *depends;
	bool root_named, useless, trailing;
	int kind, code;
	char *msg, *hint;
};
static const struct field result_fields[] = {
	FIELD_DIGEST("diffID", struct result, diff_id),
	FIELD_I64("size", struct result, size),
	FIELD_I64("files", struct result, files),
	FIELD_I64("changes", struct result, changes),
	FIELD_STRV("changed", struct result, changed),
	FIELD_STRV("whiteouts", struct result, whiteouts),
	FIELD_STR("depends", struct result, depends),
	FIELD_BOOL("rootNamed", struct result, root_named),
	FIELD_BOOL("useless", struct result, useless),
	FIELD_BOOL("trailing", struct result, trailing),
	FIELD_INT("kind", struct result, kind),
	FIELD_INT("code", struct result, code),
	FIELD_STR("msg", struct result, msg),
	FIELD_STR("hint", struct result, hint),
	FIELD_END
};

static int json_send(int fd, const struct field *table, const void *obj)
{
	auto_json json_t *j = jsonf_write(table, obj);
	auto_free char *text = j ? jsonf_text(j, 0) : NULL;

	return text ? io_write_full(fd, text, strlen(text)) : -EINVAL;
}

static json_t *json_recv(int fd, size_t max, const char *what, struct fail *f)
{
	auto_str struct str s = STR_INIT(max);
	int r = io_read_all(fd, &s);

	if (r < 0 && r != -ECONNRESET) {
		fail(f, -r, "read %s", what);
		return NULL;
	}
	if (r < 0 || !s.len) {
		refuse(f, ECHILD, "%s: the process was killed", what);
		return NULL;
	}
	return jsonf_parse(str_cstr(&s), s.len, max, what, f);
}

/* ---- in the process of one layer ---- */

static int open_lower(const struct store *s, const struct request *q, struct lower *ret, struct fail *f)
{
	ret->fds = mem_array(strv_len(q->lower) + 1, sizeof(int));
	strv_each(it, q->lower) {
		struct digest key;
		int r = digest_parse(*it, &key, f);
		int fd = r < 0 ? r : layer_open_tree(s, &key, f);

		if (fd < 0)
			return fd;
		ret->fds[ret->n++] = fd;
	}
	return 0;
}

static int unpack_into(int folder, int in, const struct lower *lower, struct unpack_result *ret,
		       struct fail *f)
{
	auto_fd int tree = path_open_beneath(folder, "tree", O_RDONLY | O_DIRECTORY, 0);
	struct unpack_opts *o = mem_alloc(sizeof(*o));
	int r;

	if (tree < 0)
		return fail(f, -tree, "open the folder to unpack into");
	*o = (struct unpack_opts){ .in_fd = in, .folder_fd = folder, .wall = true, .sync = true,
				   .apply = { .tree_fd = tree, .lower = lower } };
	r = id_ranges_load("/proc/self/uid_map", &o->apply.uids, f);
	if (r == 0)
		r = id_ranges_load("/proc/self/gid_map", &o->apply.gids, f);
	umask(0);
	/* Without O: after a failure threads of the layer may still look at it. */
	return r < 0 ? r : unpack_layer(o, ret, f);
}

static int unpack_one(struct store_temp *t, int in, int ctl, struct unpack_result *ret, struct fail *f)
{
	auto_json json_t *j = json_recv(ctl, REQUEST_MAX, "the request to unpack", f);
	struct lower *lower = mem_alloc(sizeof(*lower));
	struct request q = { 0 };
	int folder, r;

	r = j ? jsonf_read(request_fields, &q, j, f) : -f->code;
	if (r < 0)
		return r;
	r = open_lower(t->store, &q, lower, f);
	if (r < 0)
		return r;
	folder = path_open_beneath(t->dir_fd, q.name, O_RDONLY | O_DIRECTORY, 0);
	if (folder < 0)
		return fail(f, -folder, "open the temporary folder '%s'", q.name);
	/* The way to the rest of the store. */
	fd_close(t->dir_fd);
	fd_close(t->store->root_fd);
	return unpack_into(folder, in, q.known ? lower : NULL, ret, f);
}

static void report(int ctl, const struct unpack_result *u, const struct fail *f)
{
	struct result r = {
		.diff_id = u->diff_id, .size = u->tree.size, .files = u->tree.files,
		.changes = (int64_t)u->tree.n_changed, .changed = u->tree.changed,
		.whiteouts = u->tree.whiteouts, .depends = u->tree.depends,
		.root_named = u->tree.root_named, .useless = u->useless, .trailing = u->trailing,
		.kind = (int)u->kind, .code = f->code, .msg = (char *)f->msg, .hint = (char *)f->hint,
	};

	(void)!json_send(ctl, result_fields, &r);
}

_Noreturn static void layer_process(struct store_temp *t, int in, int ctl, int sock, const struct fail *why)
{
	struct unpack_result u = { 0 };
	struct fail f = *why;

	fd_close(sock);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (f.code) {
		auto_str struct str unread = STR_INIT(REQUEST_MAX);

		/* What is left unread at the end makes a reset of it, and our word is lost. */
		(void)!io_read_all(ctl, &unread);
		str_done(&unread);
	} else {
		(void)!unpack_one(t, in, ctl, &u, &f);
	}
	report(ctl, &u, &f);
	_exit(0);
}

_Noreturn static void remove_process(struct store_temp *t, int ctl)
{
	struct fail f = { 0 };
	auto_json json_t *j = json_recv(ctl, REQUEST_MAX, "the request to remove", &f);
	struct request q = { 0 };

	if (j && jsonf_read(request_fields, &q, j, &f) == 0 && path_is_component(q.name))
		(void)!file_remove_tree(t->dir_fd, q.name);
	_exit(0);
}

/* ---- the server ---- */

static void serve(struct store_temp *t, int sock, const struct fail *why)
{
	for (;;) {
		int fds[2] = { -EBADF, -EBADF };
		size_t n = 0;
		char ask = 0;
		ssize_t r = fd_recv(sock, &ask, 1, fds, 2, &n);
		pid_t pid;

		if (r <= 0)
			return;
		pid = n ? fork() : -1;
		if (pid == 0 && ask == ASK_UNPACK && n == 2)
			layer_process(t, fds[1], fds[0], sock, why);
		if (pid == 0)
			remove_process(t, fds[0]);
		/* A fork that failed shows as a control socket that ends without a word. */
		for (size_t i = 0; i < n; i++)
			fd_close(fds[i]);
	}
}

/* Nothing of ours but the store and the socket: not the terminal, the request, the answers. */
static void close_others(const struct store_temp *t, int sock)
{
	int dir = fd_open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		int64_t fd;

		if (str_to_i64(e->d_name, &fd) < 0 || fd == sock || fd == dir || fd == t->dir_fd ||
		    fd == t->store->root_fd)
			continue;
#ifdef RBOX_DEBUG
		if (fd == 2)	/* sanitizers report there */
			continue;
#endif
		fd_close((int)fd);
	}
	if (d)
		closedir(d);
	(void)!fd_std_guard();
}

_Noreturn static void server(struct store_temp *t, int sock, pid_t userns_hint)
{
	struct fail f = { 0 };

	(void)signal(SIGCHLD, SIG_DFL);
	close_others(t, sock);
	(void)!userns_enter_hinted(userns_hint, &f);
	/* After the ids have changed, which clears it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN);
	serve(t, sock, &f);
	_exit(0);
}

int unpacker_start(struct unpacker *u, struct store_temp *t, pid_t userns_hint, struct fail *f)
{
	int pair[2];
	int r = fd_socketpair(SOCK_SEQPACKET, pair);

	*u = (struct unpacker){ .temp = t, .sock = -EBADF };
	if (r < 0)
		return fail(f, -r, "make a socket pair");
	u->pid = fork();
	if (u->pid < 0) {
		r = errno;
		fd_close(pair[0]);
		fd_close(pair[1]);
		return fail(f, r, "fork the unpacker");
	}
	if (u->pid == 0) {
		fd_close(pair[0]);
		server(t, pair[1], userns_hint);
	}
	fd_close(pair[1]);
	u->sock = pair[0];
	return 0;
}

void unpacker_stop(struct unpacker *u)
{
	u->sock = fd_close(u->sock);
	if (u->pid > 0)
		(void)!waitpid(u->pid, NULL, 0);
	u->pid = 0;
}

/* ---- the fetching side ---- */

static int ask(struct unpacker *u, char what, const struct request *q, int in, int *ret_ctl, struct fail *f)
{
	int pair[2], fds[2];
	int r = fd_socketpair(SOCK_STREAM, pair);

	if (r < 0)
		return fail(f, -r, "make a socket pair");
	fds[0] = pair[1];
	fds[1] = in;
	r = fd_send(u->sock, &what, 1, fds, in >= 0 ? 2 : 1);
	fd_close(pair[1]);
	if (r == 0)
		r = json_send(pair[0], request_fields, q);
	if (r == 0 && shutdown(pair[0], SHUT_WR) < 0)
		r = -errno;
	if (r < 0) {
		fd_close(pair[0]);
		return fail(f, -r, "reach the unpacker");
	}
	*ret_ctl = pair[0];
	return 0;
}

int unpack_begin(struct unpacker *u, const char *name, const struct digest *keys, size_t n,
		 struct unpack_job *ret, struct fail *f)
{
	auto_free char *tree = mem_printf("%s/tree", name);
	auto_strv char **lower = NULL;
	struct request q = { .name = (char *)name, .known = keys };
	int p[2], r;

	*ret = (struct unpack_job){ -EBADF, -EBADF };
	if (mkdirat(u->temp->dir_fd, name, 0700) < 0 || mkdirat(u->temp->dir_fd, tree, 0755) < 0 ||
	    fchmodat(u->temp->dir_fd, tree, 0755, 0) < 0)
		return fail(f, errno, "make a temporary folder in the store");
	for (size_t i = 0; i < n; i++)
		strv_addf(&lower, "%s:%s", keys[i].algo, keys[i].hex);
	q.lower = lower;
	r = fd_pipe(p);
	if (r < 0)
		return fail(f, -r, "make a pipe");
	(void)fcntl(p[1], F_SETPIPE_SZ, PIPE_SIZE);
	r = ask(u, ASK_UNPACK, &q, p[0], &ret->ctl_fd, f);
	fd_close(p[0]);
	if (r < 0)
		fd_close(p[1]);
	else
		ret->in_fd = p[1];
	return r;
}

void unpack_job_done(struct unpack_job *j)
{
	j->in_fd = fd_close(j->in_fd);
	j->ctl_fd = fd_close(j->ctl_fd);
}

static int failed(const struct result *r, struct fail *f)
{
	int code = r->code > 0 && r->code < 4096 ? r->code : EIO;

	(void)refuse(f, code, "%s", r->msg ? r->msg : "the layer could not be unpacked");
	if (r->hint && *r->hint)
		fail_hint(f, "%s", r->hint);
	return -code;
}

int unpack_end(struct unpack_job *j, struct unpack_result *ret, struct fail *f)
{
	auto_json json_t *text = NULL;
	struct result r = { 0 };
	int err;

	memset(ret, 0, sizeof(*ret));
	j->in_fd = fd_close(j->in_fd);
	text = json_recv(j->ctl_fd, RESULT_MAX, "unpack the layer", f);
	err = text ? jsonf_read(result_fields, &r, text, f) : -f->code;
	if (err == 0 && r.code)
		err = failed(&r, f);
	if (err == 0) {
		ret->diff_id = r.diff_id;
		ret->useless = r.useless;
		ret->trailing = r.trailing;
		ret->kind = (enum inflate_kind)r.kind;
		ret->tree = (struct apply_result){
			.size = r.size, .files = r.files, .changed = mem_take(&r.changed),
			.n_changed = (size_t)r.changes, .depends = mem_take(&r.depends),
			.whiteouts = mem_take(&r.whiteouts), .root_named = r.root_named,
		};
	}
	jsonf_done(result_fields, &r);
	return err;
}

void unpacker_remove(struct unpacker *u, const char *name)
{
	struct request q = { .name = (char *)name };
	struct fail f = { 0 };
	auto_fd int ctl = -EBADF;
	char c;

	if (ask(u, ASK_REMOVE, &q, -EBADF, &ctl, &f) == 0)
		(void)!io_read(ctl, &c, 1);	/* its end says that it's done */
}
