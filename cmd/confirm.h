/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CONFIRM_H
#define CMD_CONFIRM_H

#include "cmd/app.h"

/*
 * Prints WARNING ("WARNING! This will remove ...") and asks whether to go on, as podman's prune commands do.
 * 1: yes (an answer that begins with y or Y), 0: no; an end of stdin without an answer is a failure.
 */
int confirm(const char *warning, struct fail *f) MUST_USE;

#endif
