/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_OVERRIDE_H
#define PKG_ENGINE_OVERRIDE_H

#include "pkg/engine/config.h"

/*
 * containers/<id>/override.json: what was changed of a container after it was made (rename; update). Its
 * config.json is written once and never again; config_load reads both, and gives what holds now.
 */
struct override {
	int version;
	char *name;	/* NULL: as it was made */
	char *restart;	/* the same; as restart_parse takes it */
	struct resource_group resources;	/* what was changed of them */
};

/* A missing file is an empty override. */
int override_load(int dir_fd, struct override *ret, struct fail *f) MUST_USE;
/* Replaces the file, to survive a power cut. The caller holds ctr_lock. */
int override_save(int dir_fd, const struct override *o, struct fail *f) MUST_USE;
void override_done(struct override *o);

/* What config_load calls. */
int override_apply(int dir_fd, struct container_config *c, struct fail *f) MUST_USE;

#endif
