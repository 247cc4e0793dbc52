// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "runtime/gen/seccomp_rules.h"
#include "runtime/privs.h"
#include "runtime/seccomp_program.h"

/* One program of seccomp_made_code[], for the capabilities CAPS of SECCOMP_CAPS_ASKED. */
struct seccomp_made {
	uint64_t caps;
	uint32_t first, count;
};

#include "seccomp_default.h"

#ifdef __aarch64__
static const enum seccomp_family this_family = SECCOMP_ARM;
#else
static const enum seccomp_family this_family = SECCOMP_X86;
#endif

static const struct seccomp_made *find_made(uint64_t caps)
{
	for (const struct seccomp_made *m = seccomp_made; m->count; m++)
		if (m->caps == caps)
			return m;
	return NULL;
}

static int made_fd(const struct seccomp_made *m, struct fail *f)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	auto_fd int fd = fd_memfd("seccomp", MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return fail(f, -fd, "make a file for the seccomp program");
	r = io_write_full(fd, seccomp_made_code + m->first, m->count * sizeof(struct sock_filter));
	if (r < 0)
		return fail(f, -r, "write the seccomp program");
	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return fail(f, errno, "seal the seccomp program");
	return fd_take(&fd);
}

static void release_ctx(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int compile_default(uint64_t caps, struct fail *f)
{
	__attribute__((cleanup(release_ctx))) scmp_filter_ctx ctx =
		seccomp_start(this_family, SCMP_ACT_ERRNO(SECCOMP_DEFAULT_ERRNO));
	int r;

	if (!ctx)
		return refuse(f, EINVAL, "libseccomp does not know this architecture");
	r = seccomp_fill_default(ctx, this_family, caps);
	if (r < 0)
		return fail(f, -r, "add a rule of the default seccomp profile");
	return seccomp_program_make(ctx, 0, f);
}

int seccomp_default(char *const *caps, int cache_dir, struct fail *f)
{
	auto_str struct str key = STR_INIT(512);
	const struct seccomp_made *m;
	uint64_t set = 0, one;
	int fd;

	strv_each(it, caps)
	{
		if (privs_cap_parse(*it, &one, f) < 0)
			return -f->code;
		set |= one;
	}
	set &= SECCOMP_CAPS_ASKED;
	m = find_made(set);
	if (m)
		return made_fd(m, f);
	/* The rules are part of the program that asks: its version stands for them. */
	seccomp_key_start(&key, "default " RBOX_VERSION);
	str_addf(&key, "caps %#llx\n", (unsigned long long)set);
	fd = seccomp_cache_get(cache_dir, &key);
	if (fd >= 0)
		return fd;
	fd = compile_default(set, f);
	if (fd >= 0)
		seccomp_cache_put(cache_dir, &key, fd);
	return fd;
}

static int load_failed(int err, size_t n, struct fail *f)
{
	fail(f, err, "load the seccomp program of %zu instructions", n);
	if (err == EINVAL)
		fail_hint(f, "the kernel needs CONFIG_SECCOMP_FILTER; --security-opt seccomp=unconfined "
			     "runs without a filter");
	return -err;
}

int seccomp_apply(int fd, struct fail *f)
{
	unsigned flags = 0;
	struct sock_fprog prog;
	struct stat st;
	size_t n, size;
	long r;
	int err;
	void *p;

	if (fstat(fd, &st) < 0)
		return fail(f, errno, "look at the seccomp program");
	size = (size_t)st.st_size;
	n = size / sizeof(struct sock_filter);
	if (!n || size % sizeof(struct sock_filter) || n > BPF_MAXINSNS + 1)
		return refuse(f, EINVAL, "a seccomp program has %zu bytes", size);
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return fail(f, errno, "map the seccomp program");
	prog.filter = p;
	if (prog.filter[n - 1].code == SECCOMP_CODE_FLAGS)
		flags = prog.filter[--n].k;
	prog.len = (unsigned short)n;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	err = errno;
	/* The filter holds from here on: what it says to munmap is of no interest. */
	(void)munmap(p, size);
	return r < 0 ? load_failed(err, n, f) : 0;
}
