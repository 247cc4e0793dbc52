// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/tty.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"

static bool same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

/* Only calls that are safe after fork. Another session's process may set a terminal without SIGTTOU. */
static void guard_main(const struct tty *t, int alive)
{
	struct termios now;
	sigset_t all;
	char byte;
	int low = t->fd < alive ? t->fd : alive, high = t->fd < alive ? alive : t->fd;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	(void)prctl(PR_SET_NAME, "rbox-tty");
	if (low > 0)
		(void)close_range(0, (unsigned)low - 1, 0);
	if (high > low + 1)
		(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	(void)close_range((unsigned)high + 1, ~0U, 0);
	if (io_read(alive, &byte, 1) == 0 && tcgetattr(t->fd, &now) == 0 && same(&now, &t->raw))
		(void)tcsetattr(t->fd, TCSANOW, &t->saved);
	_exit(0);
}

static int start_guard(struct tty *t, struct fail *f)
{
	int p[2];
	int r = fd_pipe(p);

	if (r < 0)
		return fail(f, -r, "make a pipe for the terminal's guard");
	t->guard = fork();
	if (t->guard < 0) {
		r = errno;
		fd_close(p[0]);
		fd_close(p[1]);
		return fail(f, r, "fork the terminal's guard");
	}
	if (t->guard == 0) {
		fd_close(p[1]);
		guard_main(t, p[0]);
	}
	fd_close(p[0]);
	t->guard_fd = p[1];
	return 0;
}

int tty_raw(int fd, struct tty *ret, struct fail *f)
{
	struct tty t = { .fd = fd, .guard_fd = -EBADF };
	struct termios was;
	int r;

	if (tcgetattr(fd, &t.saved) < 0)
		return fail(f, errno, "read the terminal's settings");
	t.raw = t.saved;
	cfmakeraw(&t.raw);
	/* Drained: what our caller has written comes out as it was meant. */
	if (tcsetattr(fd, TCSADRAIN, &t.raw) < 0)
		return fail(f, errno, "set the terminal to raw mode");
	/* As the driver took it, for the guard to know it by. */
	if (tcgetattr(fd, &was) == 0)
		t.raw = was;
	r = start_guard(&t, f);
	if (r < 0) {
		(void)tcsetattr(fd, TCSANOW, &t.saved);
		return r;
	}
	*ret = t;
	return 0;
}

void tty_again(const struct tty *t)
{
	if (t->fd >= 0)
		(void)tcsetattr(t->fd, TCSANOW, &t->raw);
}

void tty_restore(struct tty *t)
{
	if (t->fd < 0)
		return;
	(void)tcsetattr(t->fd, TCSANOW, &t->saved);
	(void)!io_write_full(t->guard_fd, "q", 1);
	t->guard_fd = fd_close(t->guard_fd);
	(void)!waitpid(t->guard, NULL, 0);
	t->fd = -EBADF;
}

bool tty_size(struct proto_size *ret)
{
	for (int fd = 0; fd < 3; fd++) {
		struct winsize w;

		if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
			*ret = (struct proto_size){ w.ws_row, w.ws_col };
			return true;
		}
	}
	return false;
}

void tty_size_console(struct spec_process *p)
{
	struct proto_size size;

	if (!tty_size(&size))
		return;
	p->console_size.height = size.rows;
	p->console_size.width = size.cols;
}
