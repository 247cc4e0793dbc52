// SPDX-License-Identifier: Apache-2.0
#include "runtime/step.h"

#include <errno.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"

static const char *const step_names[] = {
	[STEP_BORN] = "born", [STEP_NETNS] = "network namespace", [STEP_FUSE] = "fuse",
	[STEP_IDS_MAPPED] = "ids mapped",
	[STEP_ROOT_READY] = "root ready", [STEP_GO] = "go", [STEP_FAILED] = "failed",
};

int step_send(int sock, enum step step, int value, int fd, struct fail *f)
{
	struct step_msg m = { .step = step, .value = value };
	int r = fd_send(sock, &m, sizeof(m), &fd, fd >= 0);

	if (r == -EPIPE || r == -ECONNRESET)
		return refuse(f, ECHILD, "the container process died before step '%s'", step_names[step]);
	return r < 0 ? fail(f, -r, "send step '%s'", step_names[step]) : 0;
}

/* The child's own words, as far as they can be trusted: terminated, with a code. */
static int take_failure(struct step_msg *m, struct fail *f)
{
	m->fail.msg[sizeof(m->fail.msg) - 1] = '\0';
	m->fail.hint[sizeof(m->fail.hint) - 1] = '\0';
	if (m->fail.code <= 0)
		m->fail.code = EIO;
	*f = m->fail;
	return -f->code;
}

/* Returns 0 for WANT, 1 for OR. */
static int await(int sock, enum step want, enum step or_, struct step_msg *m, int *ret_fd, struct fail *f)
{
	auto_fd int fd = -EBADF;
	size_t n_fds = 0;
	ssize_t n = fd_recv(sock, m, sizeof(*m), &fd, 1, &n_fds);

	/* It ended without having read what we sent: that is told first, once, and its last words behind it. */
	if (n == -ECONNRESET)
		n = fd_recv(sock, m, sizeof(*m), &fd, 1, &n_fds);
	if (n < 0 && n != -ECONNRESET)
		return fail(f, (int)-n, "await step '%s'", step_names[want]);
	if (n <= 0)
		return refuse(f, ECHILD, "the container process died before step '%s'", step_names[want]);
	if (n != (ssize_t)sizeof(*m) || (unsigned)m->step > STEP_FAILED)
		return refuse(f, EPROTO, "await step '%s': a broken message came", step_names[want]);
	if (m->step == STEP_FAILED)
		return take_failure(m, f);
	if (m->step != want && m->step != or_)
		return refuse(f, EPROTO, "step '%s' came instead of '%s'", step_names[m->step],
			      step_names[want]);
	if (ret_fd)
		*ret_fd = fd_take(&fd);
	return m->step != want;
}

int step_await(int sock, enum step want, int *ret_value, int *ret_fd, struct fail *f)
{
	struct step_msg m;
	int r = await(sock, want, want, &m, ret_fd, f);

	if (r == 0 && ret_value)
		*ret_value = m.value;
	return r;
}

int step_await_either(int sock, enum step want, enum step or_, int *ret_fd, struct fail *f)
{
	struct step_msg m;

	return await(sock, want, or_, &m, ret_fd, f);
}

int step_await_exec(int sock, struct fail *f)
{
	struct step_msg m;
	size_t n_fds = 0;
	ssize_t n = fd_recv(sock, &m, sizeof(m), NULL, 0, &n_fds);

	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return fail(f, (int)-n, "await the start of the command");
	if (n != (ssize_t)sizeof(m) || m.step != STEP_FAILED)
		return refuse(f, EPROTO, "await the start of the command: a broken message came");
	return take_failure(&m, f);
}

void step_fail(int sock, const struct fail *f)
{
	struct step_msg m = { .step = STEP_FAILED, .fail = *f };

	(void)!fd_send(sock, &m, sizeof(m), NULL, 0);
}
