// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "runtime/monitor/attach.h"
#include "runtime/monitor/proto.h"

int attach_connect(const char *run_dir, const char *id, struct fail *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char path[FD_PATH_MAX];
	auto_fd int run = fd_open(AT_FDCWD, run_dir, O_PATH | O_DIRECTORY, 0);
	auto_fd int dir = run < 0 ? run : fd_open(run, id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_fd int sock = -EBADF;
	const uint32_t most = ATTACH_DATA_MAX;
	int r;

	if (dir == -ENOENT)
		return refuse(f, ESRCH, "container %.12s is not running", id);
	if (dir < 0)
		return fail(f, -dir, "open '%s/%.12s'", run_dir, id);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail(f, errno, "make a socket");
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/attach", fd_path(dir, path));
	if (connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return refuse(f, ESRCH, "container %.12s is not running", id);
		return fail(f, errno, "connect to the monitor of container %.12s", id);
	}
	r = proto_send(sock, ATTACH_HELLO, 0, &most, sizeof(most), 0);
	if (r < 0)
		return fail(f, -r, "greet the monitor of container %.12s", id);
	return fd_take(&sock);
}
