// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/ctr_root.h"
#include "pkg/engine/spec.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "runtime/fuse.h"
#include "storage/layer.h"
#include "storage/lower.h"

int ctr_view_path(const struct ctr_view *v, int fd, char **ret)
{
	auto_free char *text = fd_name(fd);
	const char *p = text;

	*ret = NULL;
	if (!text)
		return -errno;
	if (v->prefix && strcmp(v->prefix, "/") && str_starts(text, v->prefix))
		p += strlen(v->prefix);
	*ret = mem_strdup(*p == '/' ? p : "/");
	return 0;
}

/* --- a stopped one --- */

static bool is_user_mount(const struct container_config *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, destination) && strcmp(c->mounts[i].type, "tmpfs"))
			return true;
	return false;
}

/* What the start would bind for the user: folders and volumes, nothing of ours. */
static int user_binds(const struct container_config *c, const struct spec *s, struct op **ret, size_t *ret_n,
		      struct fail *f)
{
	*ret = mem_array(s->n_mounts + 1, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];
		struct mount_opts o;
		int r;

		if (!is_user_mount(c, m->destination) || !m->source || *m->source != '/')
			continue;
		r = mount_opts_parse(m->options, &o, f);
		if (r < 0)
			return r;
		if (o.bind || str_eq(m->type, "bind"))
			(*ret)[(*ret_n)++] = (struct op){
				.kind = OP_BIND, .source = m->source, .target = m->destination, .type = "bind",
				.how = o.recursive ? OP_RECURSIVE : 0, .flags = o.flags,
				.propagation = o.propagation,
			};
		mem_free_ptr(&o.data);
	}
	return 0;
}

static int mount_stopped(const struct store *s, const struct container *c, const struct op *binds, size_t n,
			 struct ctr_view *v, struct fail *f)
{
	auto_ctr_root struct ctr_root root = { .base = NULL };

	ctr_root_of(s, &c->config, c->dir_fd, &root);
	return view_stopped(&root.launch, binds, n, &v->view, f);
}

static int open_stopped(const struct store *s, const struct container *c, enum ctr_view_how how,
			struct ctr_view *v, struct fail *f)
{
	auto_free char *path = mem_printf("%s/containers/%s", s->path, c->id);
	struct spec_host host = { .ctr_path = path };
	auto_spec struct spec spec = { 0 };
	auto_free struct op *binds = NULL;
	size_t n = 0;
	int r = 0;

	if (how == CTR_VIEW_MOUNTED && c->config.n_mounts) {
		r = spec_build(&c->config, &host, &spec, f);
		if (r == 0)
			r = user_binds(&c->config, &spec, &binds, &n, f);
	}
	return r < 0 ? r : mount_stopped(s, c, binds, n, v, f);
}

/* --- either --- */

static int open_running(const struct container *c, enum ctr_view_how how, struct ctr_view *v, struct fail *f)
{
	auto_fd int pidfd = -EBADF;

	if (how == CTR_VIEW_BARE && c->config.rootfs_dir) {
		v->view.root_fd = fd_open(AT_FDCWD, c->config.rootfs_dir, O_PATH | O_DIRECTORY, 0);
		return v->view.root_fd < 0 ? fail(f, -v->view.root_fd, "open '%s'", c->config.rootfs_dir) : 0;
	}
	pidfd = state_pidfd(&c->state, f);
	if (pidfd < 0)
		return pidfd;
	return view_running(c->state.pid, pidfd, how == CTR_VIEW_BARE, &v->view, f);
}

int ctr_view_open(const struct store *s, const struct container *c, enum ctr_view_how how, struct ctr_view *ret,
		  struct fail *f)
{
	struct ctr_view v = CTR_VIEW_INIT;
	struct state now = { 0 };
	int r = 0;

	*ret = v;
	if (container_is_running(c)) {
		r = open_running(c, how, &v, f);
	} else {
		v.lock_fd = ctr_lock(c->dir_fd, f);
		if (v.lock_fd < 0)
			return v.lock_fd;
		/* Started since it was looked at? A monitor that only clears up is waited for. */
		if (!state_settle(c->dir_fd)) {
			struct container again = *c;

			v.lock_fd = fd_close(v.lock_fd);
			r = state_load(c->dir_fd, &now, f);
			again.state = now;
			if (r == 0)
				r = open_running(&again, how, &v, f);
			state_done(&now);
		} else {
			r = open_stopped(s, c, how, &v, f);
		}
	}
	if (r < 0) {
		ctr_view_done(&v);
		return r;
	}
	v.prefix = fd_name(v.view.root_fd);
	*ret = v;
	return 0;
}

void ctr_view_done(struct ctr_view *v)
{
	view_done(&v->view);
	v->lock_fd = fd_close(v->lock_fd);
	mem_free_ptr(&v->prefix);
}

int ctr_view_upper(const struct container *c, struct fail *f)
{
	int fd;

	if (c->config.rootfs_dir)
		return refuse(f, ENOENT, "container %.12s has a --rootfs of its own, and no layer on top of it", c->id);
	fd = path_open_beneath(c->dir_fd, "rw/upper", O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? fail(f, -fd, "open the writable layer of container %.12s", c->id) : fd;
}

enum changes_of ctr_view_upper_of(const struct container *c)
{
	return faccessat(c->dir_fd, "rw/" FUSE_MARK, F_OK, 0) == 0 ? CHANGES_FUSE : CHANGES_KERNEL;
}

int ctr_view_lower(const struct store *s, const struct container *c, struct lower *ret, struct fail *f)
{
	*ret = (struct lower){ .fds = mem_array(strv_len(c->config.layers) + 1, sizeof(int)) };
	for (size_t i = strv_len(c->config.layers); i > 0; i--) {
		struct digest key;
		int fd = digest_parse(c->config.layers[i - 1], &key, f);

		if (fd >= 0)
			fd = layer_open_tree(s, &key, f);
		if (fd < 0)
			return fd;
		ret->fds[ret->n++] = fd;
	}
	return 0;
}
