/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SUMMARY_H
#define PKG_ENGINE_SUMMARY_H

#include "pkg/engine/config.h"

/*
 * What ps shows of a container without reading its whole config: at most 512 bytes, written with
 * config.json and by rename. Lines "key value", long values cut.
 */
enum { SUMMARY_MAX = 512 };
struct summary {
	char *name, *image, *image_id, *command;	/* owned */
	char *ports;	/* as ps shows them */
	int64_t created;
	bool rm, tty;
	bool more;	/* the ports didn't fit: they are in config.json */
};
int summary_save(int dir_fd, const struct container_config *c, struct fail *f) MUST_USE;
int summary_load(int dir_fd, struct summary *ret, struct fail *f) MUST_USE;
/* Another name, in the file of a container that others read. */
int summary_rename(int dir_fd, const char *name, struct fail *f) MUST_USE;
void summary_done(struct summary *s);

/* "0.0.0.0:8080->80/tcp, 9000/udp": published and exposed ports. Caller frees. */
char *summary_ports(const struct container_config *c) MUST_USE;

#endif
