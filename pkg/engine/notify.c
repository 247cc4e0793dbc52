// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

const struct field notify_fields[] = {
	FIELD_STR("Mode", struct notify_group, sdnotify),
	FIELD_END
};

int notify_check(const struct notify_group *g, struct fail *f)
{
	const char *mode = g->sdnotify;

	if (!mode || !strcmp(mode, "conmon") || !strcmp(mode, "ignore"))
		return 0;
	if (strcmp(mode, "container") && strcmp(mode, "healthy"))
		return refuse(f, EINVAL, "invalid sdnotify value \"%.40s\": must be container, conmon, healthy or ignore",
			      mode);
	if (!getenv("NOTIFY_SOCKET"))
		return 0;
	(void)refuse(f, ENOTSUP, "--sdnotify=%s is not supported yet", mode);
	fail_hint(f, "use --sdnotify=conmon: the unit is ready when the process runs");
	return -ENOTSUP;
}

static int send_text(const char *path, const char *text)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	auto_fd int fd = -EBADF;

	if (n < 2 || n >= sizeof(a.sun_path) || (*path != '/' && *path != '@'))
		return -EINVAL;
	memcpy(a.sun_path, path, n);
	/* An abstract name. */
	if (*path == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&a,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return -errno;
	return 0;
}

void notify_started(struct engine *e, const struct container_config *c, pid_t monitor)
{
	const char *path = getenv("NOTIFY_SOCKET");
	auto_free char *text = mem_printf("MAINPID=%d\nREADY=1", (int)monitor);
	int r;

	if (!path || !str_eq(c->notify.sdnotify, "conmon"))
		return;
	r = send_text(path, text);
	if (r < 0)
		e->warn("tell systemd that the container runs: '%s': %s", path, strerror(-r));
}
