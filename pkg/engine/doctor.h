/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_DOCTOR_H
#define PKG_ENGINE_DOCTOR_H

#include "pkg/util/json.h"
#include "runtime/host.h"

/*
 * Looks at this host for everything that containers need (runtime/host.h) and at the store.
 * Never fails as a whole: what can't be looked at is a finding. Release with host_report_done.
 */
void engine_doctor(struct host_report *ret);

/* True when nothing in it is HOST_FAIL. */
bool engine_doctor_passed(const struct host_report *r);

/* [{"name", "status", "found", "why", "fix"}, ...]; a new reference. */
json_t *engine_doctor_json(const struct host_report *r) MUST_USE;

#endif
