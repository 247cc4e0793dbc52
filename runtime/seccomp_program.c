// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp_program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"

enum {
	KEY_MAX = 4 * 1024 * 1024,
	PROGRAM_MAX = (BPF_MAXINSNS + 1) * (int)sizeof(struct sock_filter),
	NAME_LEN = 32,
};

static int seal(int fd)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int seccomp_program_make(scmp_filter_ctx ctx, uint32_t flags, struct fail *f)
{
	struct sock_filter mark = { .code = SECCOMP_CODE_FLAGS, .k = flags };
	auto_fd int fd = fd_memfd("seccomp", MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return fail(f, -fd, "make a file for the seccomp program");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return fail(f, -r, "compile the seccomp program");
	if (flags) {
		r = io_write_full(fd, &mark, sizeof(mark));
		if (r < 0)
			return fail(f, -r, "write the seccomp program");
	}
	r = seal(fd);
	if (r < 0)
		return fail(f, -r, "seal the seccomp program");
	return fd_take(&fd);
}

void seccomp_key_start(struct str *key, const char *kind)
{
	const struct scmp_version *v = seccomp_version();

	str_addf(key, "rbox seccomp 1 %s libseccomp %u.%u.%u arch %#x\n", kind, v ? v->major : 0,
		 v ? v->minor : 0, v ? v->micro : 0, seccomp_arch_native());
}

/* FNV-1a: only a name; the key itself is compared. */
static const char *cache_name(const struct str *key, char buf[NAME_LEN])
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ (unsigned char)key->s[i]) * UINT64_C(0x100000001b3);
	snprintf(buf, NAME_LEN, "seccomp-%016llx", (unsigned long long)h);
	return buf;
}

/* What a cached file starts with. The key follows, then the program. */
struct cache_head {
	uint32_t key_len, program_len;
};

int seccomp_cache_get(int cache_dir, const struct str *key)
{
	auto_str struct str whole = STR_INIT(KEY_MAX + PROGRAM_MAX);
	auto_fd int fd = -EBADF;
	struct cache_head head;
	char name[NAME_LEN];
	struct stat st;

	if (cache_dir < 0 || str_failed(key))
		return -ENOENT;
	if (fstatat(cache_dir, cache_name(key, name), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -ENOENT;
	if (file_read(cache_dir, name, &whole) < 0 || whole.len < sizeof(head))
		return -ENOENT;
	memcpy(&head, whole.s, sizeof(head));
	if (head.key_len != key->len || head.program_len > PROGRAM_MAX ||
	    head.program_len == 0 || head.program_len % sizeof(struct sock_filter) ||
	    whole.len != sizeof(head) + (size_t)head.key_len + head.program_len ||
	    memcmp(whole.s + sizeof(head), key->s, key->len) != 0)
		return -ENOENT;
	fd = fd_memfd("seccomp", MFD_ALLOW_SEALING);
	if (fd < 0 ||
	    io_write_full(fd, whole.s + sizeof(head) + head.key_len, head.program_len) < 0 ||
	    seal(fd) < 0)
		return -ENOENT;
	return fd_take(&fd);
}

void seccomp_cache_put(int cache_dir, const struct str *key, int program_fd)
{
	auto_str struct str whole = STR_INIT(KEY_MAX + PROGRAM_MAX);
	struct cache_head head;
	char name[NAME_LEN];
	struct stat st;
	void *p;

	if (cache_dir < 0 || str_failed(key) || fstat(program_fd, &st) < 0 || st.st_size <= 0 ||
	    st.st_size > PROGRAM_MAX)
		return;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, program_fd, 0);
	if (p == MAP_FAILED)
		return;
	head = (struct cache_head){ .key_len = (uint32_t)key->len,
				    .program_len = (uint32_t)st.st_size };
	str_addn(&whole, &head, sizeof(head));
	str_addn(&whole, key->s, key->len);
	str_addn(&whole, p, (size_t)st.st_size);
	(void)munmap(p, (size_t)st.st_size);
	if (!str_failed(&whole))
		(void)!file_replace(cache_dir, cache_name(key, name), whole.s, whole.len, 0600, 0);
}
