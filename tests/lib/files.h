/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_FILES_H
#define TESTS_LIB_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"

/* Writes the text file FOLDER/NAME, with the folders that are missing; true on success. */
static inline bool files_put(const char *folder, const char *name, const char *text)
{
	auto_free char *path = path_join(folder, name);
	const char *base = path_base(path);
	auto_free char *parent = mem_strndup(path, (size_t)(base - path - 1));
	auto_fd int dir = -EBADF;

	if (path_mkdirs(AT_FDCWD, parent, 0755) < 0)
		return false;
	dir = fd_open(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
	return dir >= 0 && !file_replace(dir, base, text, strlen(text), 0600, 0);
}

#endif
