// SPDX-License-Identifier: Apache-2.0
#include "runtime/seal.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* From the program to its copy: where rbox-image is to be looked for. */
#define PATH_VARIABLE "RBOX_EXE"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* Files on disk have no seals (EINVAL, fcntl(2)). */
static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

static bool is_exposed(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_uid == geteuid() || (st.st_mode & 022);
}

/*
 * What the kernel and the loader read of our file ends with its last segment; symbols and the notes for
 * debuggers, most of the file, lie behind it (elf(5)), and a copy lives as long as its container.
 */
static uint64_t loaded_size(void)
{
	const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	unsigned long n = getauxval(AT_PHNUM);
	uint64_t end = 0;

	for (unsigned long i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset + ph[i].p_filesz > end)
			end = ph[i].p_offset + ph[i].p_filesz;
	return end ? end : UINT64_MAX;
}

static int make_copy(int fd)
{
	int copy = fd_memfd("rbox", MFD_ALLOW_SEALING | MFD_EXEC);
	int r;

	/* Before Linux 6.3 a memory file was executable without being asked to be. */
	if (copy == -EINVAL)
		copy = fd_memfd("rbox", MFD_ALLOW_SEALING);
	if (copy < 0)
		return copy;
	r = io_copy(fd, copy, loaded_size());
	if (r == 0 && fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		r = -errno;
	if (r < 0) {
		fd_close(copy);
		return r;
	}
	return copy;
}

int seal_exe_path(char **ret, struct fail *f)
{
	auto_fd int self = fd_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);
	const char *told = getenv(PATH_VARIABLE);
	char path[4096];
	ssize_t n;

	if (self >= 0 && is_sealed(self) && told) {
		*ret = mem_strdup(told);
		return 0;
	}
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n < 0)
		return fail(f, errno, "find the folder of rbox");
	path[n] = '\0';
	*ret = mem_strdup(path);
	return 0;
}

int seal_self(char **argv, struct fail *f)
{
	auto_fd int self = fd_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);
	auto_fd int copy = -EBADF;
	auto_free char *path = NULL;
	int r;

	if (self < 0)
		return fail(f, -self, "open our own program");
	if (is_sealed(self) || !is_exposed(self))
		return 0;
	r = seal_exe_path(&path, f);
	if (r < 0)
		return r;
	copy = make_copy(self);
	if (copy < 0)
		return fail(f, -copy, "make a sealed copy of '%s'", path);
	if (setenv(PATH_VARIABLE, path, 1) < 0)
		return fail(f, errno, "remember '%s'", path);
	(void)execveat(copy, "", argv, environ, AT_EMPTY_PATH);
	return fail(f, errno, "run a sealed copy of '%s'", path);
}
