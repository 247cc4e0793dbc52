// SPDX-License-Identifier: Apache-2.0
/*
 * rbox-image: what talks to registries and reads archives, for rbox, which spawns it
 * (pkg/engine/transfer.h). It is of no use on a command line.
 */
#include <fcntl.h>
#include <stdio.h>

#include "pkg/engine/image/serve.h"
#include "pkg/engine/transfer.h"
#include "pkg/util/fd.h"

int main(void)
{
	int r = fd_std_guard();

	if (r < 0)
		return FAIL_EXIT_ENGINE;
	if (fcntl(TRANSFER_REQUEST_FD, F_GETFD) < 0 || fcntl(TRANSFER_EVENT_FD, F_GETFD) < 0) {
		fputs("rbox-image is run by rbox: try 'rbox --help'\n", stderr);
		return FAIL_EXIT_ENGINE;
	}
	/* Nothing that is started from here (credential helpers) has any business with them. */
	if (fd_set_cloexec(TRANSFER_REQUEST_FD, 1) < 0 || fd_set_cloexec(TRANSFER_EVENT_FD, 1) < 0)
		return FAIL_EXIT_ENGINE;
	return image_serve(TRANSFER_REQUEST_FD, TRANSFER_EVENT_FD);
}
