/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PLACE_H
#define PKG_ENGINE_PLACE_H

#include "pkg/engine/config.h"
#include "pkg/oci/spec.h"

/*
 * --tz, --systemd, --domainname, --init-path, --no-hostname: what a container believes of where it is.
 *
 * place_set checks G, and decides on systemd mode: "always", or "true" (the default) when the command
 * is systemd's (podman-run(1)): tmpfs on /run, /run/lock, /tmp and /var/log/journal, container_uuid,
 * and SIGRTMIN+3 as the signal of stop unless STOP_SIGNAL_GIVEN. c->args must be set, and c->id for the uuid.
 */
int place_set(const struct place_group *g, bool stop_signal_given, struct container_config *c, struct fail *f)
	MUST_USE;
bool place_is_systemd(const struct container_config *c);

/* BEFORE the user's own mounts: tmpfs of systemd mode; after them: /etc/localtime. */
void place_mounts_before(const struct container_config *c, struct spec *s);
void place_mounts_after(const struct container_config *c, struct spec *s);

#endif
