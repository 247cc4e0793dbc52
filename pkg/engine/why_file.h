/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_WHY_FILE_H
#define PKG_ENGINE_WHY_FILE_H

#include "pkg/engine/rootview.h"

/*
 * What is wrong with the program that a container should have run, seen in its files: missing, a folder,
 * no right to execute, for another machine, or its interpreter (the word behind #!, an ELF file's loader)
 * is missing. Findings are given to SAY, one sentence each (SOURCE: "root:/bin/x"); MEND gets what mends it.
 */
struct why_file_sink {
	void (*say)(void *ctx, const char *source, const char *text);
	void (*mend)(void *ctx, const char *text);
	void *ctx;
};

void why_file(const struct rootview *root, const struct container_config *c, const struct why_file_sink *to);

#endif
