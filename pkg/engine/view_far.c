// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/view_far.h"

#include <sys/socket.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "runtime/ns.h"

bool far_view_needed(pid_t a, pid_t b)
{
	auto_fd int one = a > 0 && b > 0 && a != b ? ns_open(a, "user") : -EBADF;
	auto_fd int other = one >= 0 ? ns_open(b, "user") : -EBADF;

	return other >= 0 && ns_same(one, other) == 0;
}

/* --- in the child --- */

static int far_inside(void *ctx, struct inside *in, struct fail *f)
{
	struct far_view *v = ctx;
	auto_ctr_view struct ctr_view view = CTR_VIEW_INIT;
	char c;
	int r;

	(void)in;
	/* Its copy here would keep us from hearing that the command has gone. */
	v->sock = fd_close(v->sock);
	if (io_read(v->theirs, &c, 1) != 1)
		return 0;
	r = ctr_view_open(v->store, v->ctr, CTR_VIEW_MOUNTED, &view, f);
	if (r == 0)
		r = fd_send(v->theirs, &c, 1, &view.view.root_fd, 1);
	if (r < 0 && !f->code)
		(void)fail(f, -r, "pass the container's root on");
	/* Until it is used no more. */
	if (r == 0)
		(void)!io_read(v->theirs, &c, 1);
	return r;
}

/* --- here --- */

int far_view_begin(const struct store *s, const struct container *c, pid_t hint, struct far_view *ret,
		   struct fail *f)
{
	int pair[2];
	int r = fd_socketpair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return fail(f, -r, "make a socket pair");
	*ret = (struct far_view){ .sock = pair[0], .theirs = pair[1], .store = s, .ctr = c };
	r = inside_begin(hint, far_inside, ret, &ret->job, f);
	ret->theirs = fd_close(ret->theirs);
	if (r < 0)
		ret->sock = fd_close(ret->sock);
	return r;
}

int far_view_open(const struct far_view *v, struct ctr_view *ret, struct fail *f)
{
	auto_fd int root = -EBADF;
	char c = 0;
	size_t n_fds;
	ssize_t n = fd_send(v->sock, &c, 1, NULL, 0);

	*ret = (struct ctr_view)CTR_VIEW_INIT;
	if (n >= 0)
		n = fd_recv(v->sock, &c, 1, &root, 1, &n_fds);
	if (n < 0)
		return fail(f, (int)-n, "ask for the root of container %.12s", v->ctr->id);
	/* far_view_end knows why. */
	if (n == 0 || root < 0)
		return refuse(f, ECHILD, "the root of container %.12s could not be opened", v->ctr->id);
	ret->view.root_fd = fd_take(&root);
	ret->prefix = fd_name(ret->view.root_fd);
	return 0;
}

int far_view_end(struct far_view *v, void (*warn)(const char *fmt, ...), struct fail *f)
{
	(void)shutdown(v->sock, SHUT_RDWR);
	v->sock = fd_close(v->sock);
	return inside_end(&v->job, warn, f);
}
