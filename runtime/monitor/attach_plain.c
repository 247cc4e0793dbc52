// SPDX-License-Identifier: Apache-2.0
/* The least of attach: output and exit status, no stdin and no terminal yet. To be replaced whole. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "runtime/monitor/attach.h"

int attach_run(int sock, const struct attach_opts *o, struct attach_result *ret, struct fail *f)
{
	auto_free char *buf = mem_alloc(ATTACH_DATA_MAX + sizeof(struct attach_head));
	struct attach_head h;

	(void)o;
	for (;;) {
		ssize_t n = io_read(sock, buf, ATTACH_DATA_MAX + sizeof(h));
		int32_t code;

		if (n < (ssize_t)sizeof(h))
			return refuse(f, EIO, "the monitor was lost");
		memcpy(&h, buf, sizeof(h));
		if (h.type == ATTACH_OUTPUT)
			(void)!io_write_full(h.stream, buf + sizeof(h), (size_t)n - sizeof(h));
		if (h.type != ATTACH_EXITED)
			continue;
		memcpy(&code, buf + sizeof(h), sizeof(code));
		*ret = (struct attach_result){ .exit_code = code };
		return 0;
	}
}

int attach_run_local(const struct attach_local *l, const struct attach_opts *o, struct attach_result *ret,
		     struct fail *f)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

	(void)o;
	(void)f;
	*ret = (struct attach_result){ .exit_code = 0 };
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	return 0;
}
