// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/wall.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"

/* Rights newer than the headers this may be built with: linux/landlock.h. */
enum {
	FS_ABI1 = (1 << 13) - 1, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15,
	NET_TCP = 3, SCOPES = 3,
};

struct ruleset_attr {
	uint64_t handled_fs, handled_net, scoped;
};

static uint64_t fs_rights(long abi)
{
	return (uint64_t)FS_ABI1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	       (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static int allow(int ruleset, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr a = { .allowed_access = rights, .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0 ? -errno : 0;
}

static int keep_caps(void)
{
	/* For ids, modes, links, whiteouts and file capabilities within the tree. */
	static const unsigned kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
					 CAP_FSETID, CAP_MKNOD, CAP_SETFCAP };
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2], d[2] = { { 0 }, { 0 } };

	if (syscall(SYS_capget, &h, have) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		d[kept[i] / 32].permitted |= 1U << kept[i] % 32;
	for (int i = 0; i < 2; i++) {
		d[i].permitted &= have[i].permitted;
		d[i].effective = d[i].permitted;
	}
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

int wall_folders(int write_fd, const int *read_fds, size_t n_read, struct fail *f)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset_attr attr = { .handled_fs = fs_rights(abi) };
	size_t size = abi >= 6 ? sizeof(attr) : abi >= 4 ? 16 : 8;
	auto_fd int rules = -EBADF;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(f, errno, "give up new privileges");
	r = keep_caps();
	if (r < 0)
		return fail(f, -r, "drop capabilities");
	if (abi < 2)
		return 1;
	attr.handled_net = abi >= 4 ? NET_TCP : 0;
	attr.scoped = abi >= 6 ? SCOPES : 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (rules < 0)
		return fail(f, errno, "make a Landlock ruleset");
	r = allow(rules, write_fd, fs_rights(abi));
	for (size_t i = 0; r == 0 && i < n_read; i++)
		r = allow(rules, read_fds[i], LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		r = -errno;
	return r < 0 ? fail(f, -r, "lock the unpacker into its folder") : 0;
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define ARCH_HERE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_HERE AUDIT_ARCH_AARCH64
#endif

static const int allowed[] = {
	SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_writev, SYS_lseek, SYS_close, SYS_openat,
	SYS_openat2, SYS_newfstatat, SYS_fstat, SYS_statx, SYS_fstatfs, SYS_getdents64, SYS_mkdirat,
	SYS_mknodat, SYS_symlinkat, SYS_linkat, SYS_unlinkat, SYS_readlinkat, SYS_fchownat, SYS_fchown,
	SYS_fchmodat, SYS_fchmod, SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_getxattr,
	SYS_lgetxattr, SYS_llistxattr, SYS_removexattr, SYS_ftruncate, SYS_fallocate, SYS_fsync,
	SYS_fdatasync, SYS_syncfs, SYS_sync_file_range, SYS_copy_file_range, SYS_fcntl, SYS_munmap,
	SYS_madvise, SYS_mremap, SYS_brk, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigprocmask,
	SYS_rt_sigreturn, SYS_rt_sigaction, SYS_getpid, SYS_gettid, SYS_sched_yield,
	SYS_clock_gettime, SYS_clock_nanosleep, SYS_restart_syscall, SYS_getrandom, SYS_set_robust_list,
	SYS_rseq,
#ifdef SYS_fchmodat2
	SYS_fchmodat2,
#endif
#ifdef SYS_access
	SYS_access,
#endif
	SYS_faccessat,
};

enum { PROGRAM_MAX = ARRAY_LEN(allowed) * 2 + 16 };

static size_t program_build(struct sock_filter *p)
{
	size_t n = 0;

#define ADD(...) (p[n++] = (struct sock_filter)__VA_ARGS__)
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_HERE, 1, 0));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], 0, 1));
		ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	}
	/* abort(3) signals itself. All else of this user's in U, its monitors among them, is not for us. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 4));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	/* Memory, but none that could be run. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])));
	ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
	return n;
}

int wall_calls(struct fail *f)
{
	struct sock_filter p[PROGRAM_MAX];
	struct sock_fprog program = { .filter = p };

	if (SANITIZED)
		return 0;
	program.len = (unsigned short)program_build(p);
	/* no_new_privs was set by wall_folders, in every thread's creator. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		return fail(f, errno, "wall the unpacker's system calls");
	return 0;
}
