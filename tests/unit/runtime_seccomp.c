// SPDX-License-Identifier: Apache-2.0
/* Seccomp: what the default filter answers, what profiles become, what the cache trusts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "runtime/seccomp.h"

#define ALLOW SECCOMP_RET_ALLOW
#define ERR(e) (SECCOMP_RET_ERRNO | (e))

#define TEXT(s) ((char *)(uintptr_t)(s))

static char *none[] = { NULL };
static char *chroot_only[] = { TEXT("CAP_CHOWN"), TEXT("CAP_SYS_CHROOT"), NULL };

/* --- programs run on made-up calls --- */

struct program {
	struct sock_filter *code;
	size_t n;
};

static void program_load(int fd, struct program *ret)
{
	struct stat st;
	void *p;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	ret->n = (size_t)st.st_size / sizeof(struct sock_filter);
	ret->code = mem_dup(p, (size_t)st.st_size);
	munmap(p, (size_t)st.st_size);
}

static bool jumps(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return a & k;
	}
}

/* The classic instructions that seccomp knows and libseccomp makes (seccomp(2)). */
static uint32_t verdict(const struct program *p, uint32_t arch, int nr, const uint64_t *args)
{
	struct seccomp_data d = { .nr = nr, .arch = arch };
	uint32_t a = 0;

	for (int i = 0; args && i < 6; i++)
		d.args[i] = args[i];
	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *i = &p->code[pc];

		if (i->code == (BPF_LD | BPF_W | BPF_ABS)) {
			assert_true(i->k + 4 <= sizeof(d));
			memcpy(&a, (const char *)&d + i->k, 4);
		} else if (i->code == (BPF_ALU | BPF_AND | BPF_K)) {
			a &= i->k;
		} else if (i->code == (BPF_RET | BPF_K)) {
			return i->k;
		} else if (i->code == (BPF_JMP | BPF_JA)) {
			pc += i->k;
		} else {
			assert_int_equal(BPF_CLASS(i->code), BPF_JMP);
			pc += jumps(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
		}
	}
	assert_true(false);
	return 0;
}

static uint32_t verdict_x86(const struct program *p, const char *name, const uint64_t *args)
{
	return verdict(p, AUDIT_ARCH_X86_64, seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name), args);
}

static int compile_text(const char *text, char *const *caps, int cache, struct fail *f)
{
	auto_json json_t *j = jsonf_parse(text, strlen(text), 0, "profile", f);

	return j ? seccomp_compile(j, caps, cache, f) : -f->code;
}

static void program_of(const char *text, char *const *caps, struct program *ret)
{
	struct fail f = { 0 };
	auto_fd int fd = compile_text(text, caps, -EBADF, &f);

	assert_string_equal(f.msg, "");
	program_load(fd, ret);
}

static void default_of(char *const *caps, struct program *ret)
{
	struct fail f = { 0 };
	auto_fd int fd = seccomp_default(caps, -EBADF, &f);

	assert_string_equal(f.msg, "");
	program_load(fd, ret);
}

/* --- the default --- */

static void test_default_answers(void **state)
{
	static const struct {
		const char *cap, *name;
		uint64_t args[6];
		uint32_t want;
	} rows[] = {
		{ "CAP_KILL", "read", { 0 }, ALLOW },
		{ "CAP_KILL", "clone", { CLONE_NEWUSER }, ALLOW },	/* as podman */
		{ "CAP_KILL", "clone3", { 0 }, ALLOW },
		{ "CAP_KILL", "unshare", { CLONE_NEWNS }, ALLOW },
		{ "CAP_KILL", "mount", { 0 }, ALLOW },
		{ "CAP_KILL", "setns", { 0 }, ALLOW },
		{ "CAP_KILL", "chroot", { 0 }, ERR(EPERM) },
		{ "CAP_SYS_CHROOT", "chroot", { 0 }, ALLOW },
		{ "CAP_KILL", "io_uring_setup", { 0 }, ERR(ENOSYS) },
		{ "CAP_KILL", "add_key", { 0 }, ERR(ENOSYS) },
		{ "CAP_KILL", "userfaultfd", { 0 }, ERR(EPERM) },
		{ "CAP_KILL", "kexec_load", { 0 }, ERR(EPERM) },
		{ "CAP_KILL", "bpf", { 0 }, ERR(EPERM) },
		{ "CAP_BPF", "bpf", { 0 }, ALLOW },
		{ "CAP_SYS_ADMIN", "bpf", { 0 }, ALLOW },
		{ "CAP_KILL", "perf_event_open", { 0 }, ERR(EPERM) },
		{ "CAP_PERFMON", "perf_event_open", { 0 }, ALLOW },
		{ "CAP_PERFMON", "bpf", { 0 }, ERR(EPERM) },
		{ "CAP_SYS_ADMIN", "sethostname", { 0 }, ALLOW },
		{ "CAP_KILL", "sethostname", { 0 }, ERR(EPERM) },
		{ "CAP_KILL", "kcmp", { 0 }, ERR(EPERM) },
		{ "CAP_SYS_PTRACE", "kcmp", { 0 }, ALLOW },
		{ "CAP_KILL", "open_by_handle_at", { 0 }, ERR(EPERM) },
		{ "CAP_DAC_READ_SEARCH", "open_by_handle_at", { 0 }, ALLOW },
		{ "CAP_SYS_TIME", "clock_settime", { 0 }, ALLOW },
		{ "CAP_SYS_MODULE", "init_module", { 0 }, ALLOW },
		{ "CAP_SYS_RAWIO", "iopl", { 0 }, ALLOW },
		{ "CAP_SYS_PACCT", "acct", { 0 }, ALLOW },
		{ "CAP_SYS_TTY_CONFIG", "vhangup", { 0 }, ALLOW },
		{ "CAP_KILL", "vhangup", { 0 }, ERR(EPERM) },
		{ "CAP_KILL", "personality", { 0 }, ALLOW },
		{ "CAP_KILL", "personality", { 0xffffffff }, ALLOW },
		{ "CAP_KILL", "personality", { 0x20008 }, ALLOW },
		{ "CAP_KILL", "personality", { 0x40000 }, ERR(ENOSYS) },
		{ "CAP_KILL", "socket", { AF_UNIX, SOCK_STREAM, 0 }, ALLOW },
		{ "CAP_KILL", "socket", { AF_INET6, SOCK_DGRAM, 9 }, ALLOW },
		{ "CAP_KILL", "socket", { AF_NETLINK, SOCK_RAW, 0 }, ALLOW },
		{ "CAP_KILL", "socket", { AF_NETLINK, SOCK_RAW, 9 }, ERR(EINVAL) },
		{ "CAP_AUDIT_WRITE", "socket", { AF_NETLINK, SOCK_RAW, 9 }, ALLOW },
		{ "CAP_KILL", "socket", { AF_VSOCK, SOCK_STREAM, 0 }, ERR(EPERM) },
		{ "CAP_AUDIT_WRITE", "socket", { AF_VSOCK, SOCK_STREAM, 0 }, ERR(EPERM) },
		{ "CAP_KILL", "socket", { AF_ALG, SOCK_SEQPACKET, 0 }, ERR(EPERM) },
		/* The kernel takes the low half: what is above it must not open a way round. */
		{ "CAP_KILL", "socket", { UINT64_C(0x100000000) + AF_VSOCK, 1, 0 }, ERR(EPERM) },
		{ "CAP_KILL", "socket", { UINT64_C(0xffffffff00000000) + AF_ALG, 1, 0 }, ERR(EPERM) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *caps[] = { TEXT(rows[i].cap), NULL };
		struct program p;

		default_of(caps, &p);
		if (verdict_x86(&p, rows[i].name, rows[i].args) != rows[i].want)
			print_error("%s with %s\n", rows[i].name, rows[i].cap);
		assert_int_equal(verdict_x86(&p, rows[i].name, rows[i].args), rows[i].want);
		free(p.code);
	}
}

static void test_every_family_of_sockets(void **state)
{
	struct program p;

	(void)state;
	default_of(chroot_only, &p);
	for (uint64_t family = 0; family < 64; family++) {
		bool refused = family == AF_VSOCK || family == AF_ALG;

		assert_int_equal(verdict_x86(&p, "socket", (uint64_t[6]){ family, 2 }),
				 refused ? ERR(EPERM) : ALLOW);
	}
	free(p.code);
}

/* An architecture added after the rules would stay empty. */
static void test_every_architecture_has_the_rules(void **state)
{
	static const struct {
		uint32_t token, audit;
	} arches[] = {
		{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64 },
		{ SCMP_ARCH_X86, AUDIT_ARCH_I386 },
		{ SCMP_ARCH_X32, AUDIT_ARCH_X86_64 },
	};
	static const char *const allowed[] = { "read", "openat", "execve", "clone", "exit_group",
					       "mmap", "statx", "close_range" };
	struct program p;

	(void)state;
	default_of(chroot_only, &p);
	for (size_t i = 0; i < ARRAY_LEN(arches); i++) {
		for (size_t j = 0; j < ARRAY_LEN(allowed); j++) {
			int nr = seccomp_syscall_resolve_name_arch(arches[i].token, allowed[j]);

			assert_true(nr >= 0);
			assert_int_equal(verdict(&p, arches[i].audit, nr, NULL), ALLOW);
		}
		assert_int_equal(verdict(&p, arches[i].audit,
					 seccomp_syscall_resolve_name_arch(arches[i].token, "kexec_load"),
					 NULL), ERR(EPERM));
		assert_int_equal(verdict(&p, arches[i].audit,
					 seccomp_syscall_resolve_name_arch(arches[i].token, "add_key"),
					 NULL), ERR(ENOSYS));
	}
	/* 32-bit ARM calls on x86: not of this kernel. */
	assert_int_equal(verdict(&p, AUDIT_ARCH_ARM, 3, NULL), SECCOMP_RET_KILL_THREAD);
	free(p.code);
}

/* Made at build time, compiled at run time: the same answers. */
static void test_rare_sets_are_compiled(void **state)
{
	char *rare[] = { TEXT("CAP_SYS_PACCT"), TEXT("CAP_SYS_TIME"), NULL };
	struct program p;

	(void)state;
	default_of(rare, &p);
	assert_int_equal(verdict_x86(&p, "acct", NULL), ALLOW);
	assert_int_equal(verdict_x86(&p, "settimeofday", NULL), ALLOW);
	assert_int_equal(verdict_x86(&p, "chroot", NULL), ERR(EPERM));
	assert_int_equal(verdict_x86(&p, "read", NULL), ALLOW);
	free(p.code);
}

/*
 * Against an older state of podman's file, where there is one: each name it has, on each
 * architecture, with and without capabilities. What changed since then is listed.
 */
static bool changed_since(const char *name)
{
	static const char *const names[] = {
		/* newer: allowed since */
		"fanotify_init", "futex_waitv",
		/* no longer allowed */
		"readdir", "sigaction", "sigpending", "sigsuspend", "syscall", "timerfd",
		/* EPERM to ENOSYS */
		"swapcontext",
		/* newer conditions */
		"socket", "quotactl_fd",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void compare(const struct program *ours, const struct program *theirs, const char *name)
{
	static const uint32_t token[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32 };
	static const uint32_t audit[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_X86_64 };

	for (size_t i = 0; i < ARRAY_LEN(token); i++) {
		int nr = seccomp_syscall_resolve_name_arch(token[i], name);

		if (nr < 0)
			continue;
		if (verdict(ours, audit[i], nr, NULL) != verdict(theirs, audit[i], nr, NULL))
			print_error("%s differs on %#x\n", name, token[i]);
		assert_int_equal(verdict(ours, audit[i], nr, NULL), verdict(theirs, audit[i], nr, NULL));
	}
}

static void test_against_podmans_file(void **state)
{
	char *admin[] = { TEXT("CAP_SYS_ADMIN"), TEXT("CAP_SYS_PTRACE"), NULL };
	char *const *sets[] = { none, chroot_only, admin };
	auto_str struct str text = STR_INIT(1 << 20);
	struct fail f = { 0 };
	auto_json json_t *j = NULL;

	(void)state;
	if (file_read(AT_FDCWD, "/usr/share/containers/seccomp.json", &text) < 0)
		skip();
	j = jsonf_parse(text.s, text.len, 0, "seccomp.json", &f);
	assert_non_null(j);
	for (size_t s = 0; s < ARRAY_LEN(sets); s++) {
		struct program ours, theirs;
		size_t i, k, n = 0;
		json_t *rule, *name;

		default_of(sets[s], &ours);
		program_of(text.s, sets[s], &theirs);
		json_array_foreach(json_object_get(j, "syscalls"), i, rule)
			json_array_foreach(json_object_get(rule, "names"), k, name)
				if (!changed_since(json_string_value(name))) {
					compare(&ours, &theirs, json_string_value(name));
					n++;
				}
		assert_true(n > 400);
		free(ours.code);
		free(theirs.code);
	}
}

/* --- for real --- */

static int in_child(int fd, bool nnp, int (*deed)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct fail f = { 0 };

		if (nnp)
			(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_apply(fd, &f) < 0)
			_exit(200);
		_exit(deed());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int err_of(long r)
{
	return r < 0 ? errno : 0;
}

static int do_unknown(void)
{
	return err_of(syscall(999));
}

static int do_kexec(void)
{
	return err_of(syscall(SYS_kexec_load, 0, 0, 0, 0));
}

static int do_vsock(void)
{
	return err_of(syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0));
}

static int do_much(void)
{
	int p[2];
	pid_t pid;

	if (fd_pipe(p) < 0 || io_write_full(p[1], "x", 1) < 0)
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(0);
	return waitpid(pid, NULL, 0) == pid && sched_yield() == 0 ? 0 : 2;
}

#ifdef __x86_64__
/* A call by the 32-bit gate, whose numbers are others: 20 is getpid, 283 is kexec_load. */
static long int80(long nr)
{
	long r = nr;

	__asm__ volatile("int $0x80" : "+a"(r) : "b"(0), "c"(0), "d"(0), "S"(0) : "memory", "r8", "r9",
			 "r10", "r11");
	return r;
}

static int do_int80_getpid(void)
{
	return (int)int80(20) == getpid() ? 0 : 1;
}

static int do_int80_kexec(void)
{
	return (int)-int80(283);
}
#endif

static void test_loaded_for_real(void **state)
{
	struct fail f = { 0 };
	auto_fd int fd = seccomp_default(chroot_only, -EBADF, &f);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(in_child(fd, true, do_much), 0);
	assert_int_equal(in_child(fd, true, do_unknown), ENOSYS);
	assert_int_equal(in_child(fd, true, do_kexec), EPERM);
	assert_int_equal(in_child(fd, true, do_vsock), EPERM);
#ifdef __x86_64__
	if (int80(20) > 0) {	/* the kernel has the 32-bit gate */
		assert_int_equal(in_child(fd, true, do_int80_getpid), 0);
		assert_int_equal(in_child(fd, true, do_int80_kexec), EPERM);
	}
#endif
}

static void test_program_is_sealed(void **state)
{
	struct fail f = { 0 };
	auto_fd int fd = seccomp_default(none, -EBADF, &f);

	(void)state;
	assert_int_equal(fcntl(fd, F_GET_SEALS),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

static void test_apply_refuses_rubbish(void **state)
{
	auto_fd int fd = fd_memfd("x", 0);
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(seccomp_apply(fd, &f), -EINVAL);
	assert_string_equal(f.msg, "a seccomp program has 0 bytes");
	fail_clear(&f);
	assert_int_equal(io_write_full(fd, "rubbish", 7), 0);
	assert_int_equal(seccomp_apply(fd, &f), -EINVAL);
	assert_string_equal(f.msg, "a seccomp program has 7 bytes");
}

/* --- profiles --- */

#define OCI(rules) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" rules "]}"
#define RULE(more) "{\"names\":[\"getcwd\"],\"action\":\"SCMP_ACT_ERRNO\"" more "}"

static void test_conditions(void **state)
{
	static const struct {
		const char *profile, *cap;
		uint64_t args[6];
		uint32_t want;
	} rows[] = {
		{ OCI(RULE("")), NULL, { 0 }, ERR(EPERM) },
		{ OCI(RULE(",\"errnoRet\":38")), NULL, { 0 }, ERR(ENOSYS) },
		{ OCI(RULE(",\"errnoRet\":1,\"errno\":\"EBUSY\"")), NULL, { 0 }, ERR(EBUSY) },
		{ OCI("{\"name\":\"getcwd\",\"action\":\"SCMP_ACT_KILL_PROCESS\"}"), NULL, { 0 },
		  SECCOMP_RET_KILL_PROCESS },
		{ OCI("{\"names\":[\"no_such_call\",\"getcwd\"],\"action\":\"SCMP_ACT_LOG\"}"), NULL, { 0 },
		  SECCOMP_RET_LOG },
		{ OCI(RULE(",\"includes\":{\"caps\":[\"CAP_KILL\"]}")), NULL, { 0 }, ALLOW },
		{ OCI(RULE(",\"includes\":{\"caps\":[\"CAP_KILL\"]}")), "CAP_KILL", { 0 }, ERR(EPERM) },
		{ OCI(RULE(",\"includes\":{\"caps\":[\"CAP_KILL\",\"CAP_FOWNER\"]}")), "CAP_KILL", { 0 },
		  ALLOW },
		{ OCI(RULE(",\"excludes\":{\"caps\":[\"CAP_FOWNER\",\"CAP_KILL\"]}")), "CAP_KILL", { 0 },
		  ALLOW },
		{ OCI(RULE(",\"includes\":{\"minKernel\":\"4.8\"}")), NULL, { 0 }, ERR(EPERM) },
		{ OCI(RULE(",\"includes\":{\"minKernel\":\"999.0\"}")), NULL, { 0 }, ALLOW },
		{ OCI(RULE(",\"excludes\":{\"minKernel\":\"4.8\"}")), NULL, { 0 }, ALLOW },
		{ OCI(RULE(",\"includes\":{\"arches\":[\"vax\"]}")), NULL, { 0 }, ALLOW },
		{ OCI(RULE(",\"excludes\":{\"arches\":[\"vax\"]}")), NULL, { 0 }, ERR(EPERM) },
		{ OCI(RULE(",\"args\":[{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]")), NULL, { 5 },
		  ERR(EPERM) },
		{ OCI(RULE(",\"args\":[{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]")), NULL, { 6 },
		  ALLOW },
		{ OCI(RULE(",\"args\":[{\"index\":1,\"value\":12,\"valueTwo\":4,"
			   "\"op\":\"SCMP_CMP_MASKED_EQ\"}]")), NULL, { 0, 7 }, ERR(EPERM) },
		/* The same argument twice: alternatives. */
		{ OCI(RULE(",\"args\":[{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_EQ\"},"
			   "{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]")), NULL, { 7 }, ERR(EPERM) },
		{ OCI(RULE(",\"args\":null,\"includes\":{},\"excludes\":null,\"comment\":\"x\"")), NULL,
		  { 0 }, ERR(EPERM) },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", NULL, { 0 },
		  ERR(ENOSYS) },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"defaultErrno\":\"EXDEV\"}",
		  NULL, { 0 }, ERR(EXDEV) },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", NULL, { 0 }, ERR(EPERM) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *caps[] = { TEXT(rows[i].cap), NULL };
		struct program p;

		program_of(rows[i].profile, caps, &p);
		if (verdict_x86(&p, "getcwd", rows[i].args) != rows[i].want)
			print_error("row %zu: %s\n", i, rows[i].profile);
		assert_int_equal(verdict_x86(&p, "getcwd", rows[i].args), rows[i].want);
		free(p.code);
	}
}

static void test_architectures(void **state)
{
	static const char *const both[] = {
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\","
		"\"SCMP_ARCH_X86\",\"SCMP_ARCH_S390X\"],\"syscalls\":[" RULE("") "]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\","
		"\"subArchitectures\":[\"SCMP_ARCH_ARM\"]},{\"architecture\":\"SCMP_ARCH_X86_64\","
		"\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],\"syscalls\":[" RULE("") "]}",
	};
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "getcwd");
	struct program p;

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		program_of(both[i], none, &p);
		assert_int_equal(verdict(&p, AUDIT_ARCH_I386, nr, NULL), ERR(EPERM));
		assert_int_equal(verdict(&p, AUDIT_ARCH_I386, 3, NULL), ALLOW);
		free(p.code);
	}
	program_of(OCI(RULE("")), none, &p);
	assert_int_equal(verdict(&p, AUDIT_ARCH_I386, nr, NULL), SECCOMP_RET_KILL_THREAD);
	free(p.code);
}

static void test_flags_travel(void **state)
{
	struct program p;

	(void)state;
	program_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\","
		   "\"SECCOMP_FILTER_FLAG_TSYNC\"],\"syscalls\":[" RULE("") "]}", none, &p);
	assert_int_equal(p.code[p.n - 1].code, 0xfffe);
	assert_int_equal(p.code[p.n - 1].k, SECCOMP_FILTER_FLAG_LOG);
	free(p.code);
}

static int do_getcwd(void)
{
	char buf[16];

	return err_of(syscall(SYS_getcwd, buf, sizeof(buf)));
}

static void test_flags_load(void **state)
{
	struct fail f = { 0 };
	auto_fd int fd = compile_text("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
				      "\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],\"syscalls\":[" RULE("") "]}",
				      none, -EBADF, &f);

	(void)state;
	assert_int_equal(in_child(fd, true, do_getcwd), EPERM);
}

static void test_bad_profiles(void **state)
{
	static const struct {
		const char *profile, *msg;
	} rows[] = {
		{ "{}", "seccomp profile: defaultAction: a string is wanted" },
		{ "{\"defaultAction\":\"ALLOW\"}",
		  "seccomp profile: defaultAction: 'ALLOW' is not a word known here" },
		{ OCI("7"), "seccomp profile: syscalls[0]: an object is wanted" },
		{ OCI(RULE("") ",{\"action\":\"SCMP_ACT_ALLOW\"}"),
		  "seccomp profile: syscalls[1]: no 'names'" },
		{ OCI(RULE(",\"name\":\"read\"")),
		  "seccomp profile: syscalls[0]: 'name' and 'names' are both there: use either" },
		{ OCI("{\"names\":[7],\"action\":\"SCMP_ACT_LOG\"}"),
		  "seccomp profile: syscalls[0]: names[0]: a string is wanted" },
		{ OCI("{\"names\":\"read\",\"action\":\"SCMP_ACT_LOG\"}"),
		  "seccomp profile: syscalls[0]: names: an array is wanted" },
		{ OCI("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}"),
		  "seccomp profile: syscalls[0]: action: SCMP_ACT_NOTIFY needs a supervisor, which rbox does "
		  "not start for a profile" },
		{ OCI(RULE(",\"errno\":\"ENOTHING\"")),
		  "seccomp profile: syscalls[0]: errno: 'ENOTHING' is no errno name" },
		{ OCI(RULE(",\"errnoRet\":70000")),
		  "seccomp profile: syscalls[0]: errnoRet: 70000 is no errno value" },
		{ OCI(RULE(",\"errnoRet\":\"1\"")),
		  "seccomp profile: syscalls[0]: errnoRet: a whole number is wanted" },
		{ OCI(RULE(",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]")),
		  "seccomp profile: syscalls[0]: args[0]: index: a call has the arguments 0 to 5, not 6" },
		{ OCI(RULE(",\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]")),
		  "seccomp profile: syscalls[0]: args[0]: op: 'EQ' is not a word known here" },
		{ OCI(RULE(",\"args\":{}")), "seccomp profile: syscalls[0]: args: an array is wanted" },
		{ OCI(RULE(",\"includes\":7")), "seccomp profile: syscalls[0]: includes: an object is wanted" },
		{ OCI(RULE(",\"includes\":{\"caps\":[1]}")),
		  "seccomp profile: syscalls[0]: includes: caps[0]: a string is wanted" },
		{ OCI(RULE(",\"excludes\":{\"minKernel\":\"new\"}")),
		  "seccomp profile: syscalls[0]: excludes: minKernel: 'new' is not a version as 4.8" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_VAX\"]}",
		  "seccomp profile: architectures[0]: a name: 'SCMP_ARCH_VAX' is not a word known here" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		  "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86\"}]}",
		  "seccomp profile: 'architectures' and 'archMap' are both there: use either" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"FAST\"]}",
		  "seccomp profile: flags: 'FAST' is not a word known here" },
		{ "[]", "seccomp profile: an object is wanted" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };

		assert_true(compile_text(rows[i].profile, none, -EBADF, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
	}
}

/* --- the cache --- */

static int cache_files(const char *dir, char *ret_path, size_t size)
{
	auto_free char *cmd = mem_printf("ls -A %s", dir);
	FILE *f = popen(cmd, "r");
	char name[200] = "";
	int n = 0;

	while (fscanf(f, "%199s", name) == 1)
		n++;
	pclose(f);
	snprintf(ret_path, size, "%s/%s", dir, name);
	return n;
}

static void test_cache(void **state)
{
	char dir[] = "/tmp/rbox-seccomp-XXXXXX", path[300];
	auto_fd int dir_fd = -EBADF;
	auto_str struct str a = STR_INIT(1 << 20), b = STR_INIT(1 << 20);
	struct fail f = { 0 };
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dir_fd = fd_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	fd = compile_text(OCI(RULE("")), none, dir_fd, &f);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_int_equal(cache_files(dir, path, sizeof(path)), 1);
	assert_int_equal(file_read(AT_FDCWD, path, &a), 0);

	/* A hit gives a program that loads; another profile with this file's name would not. */
	fd = compile_text(OCI(RULE("")), none, dir_fd, &f);
	assert_int_equal(in_child(fd, true, do_getcwd), EPERM);
	fd_close(fd);

	/* A changed key, a cut file, one that others may write: made anew, and mended. */
	for (int way = 0; way < 3; way++) {
		auto_fd int bad = fd_open(AT_FDCWD, path, O_RDWR, 0);

		if (way == 0)
			assert_int_equal(pwrite(bad, "Z", 1, 20), 1);
		else if (way == 1)
			assert_int_equal(ftruncate(bad, 100), 0);
		else
			assert_int_equal(fchmod(bad, 0666), 0);
		fd = compile_text(OCI(RULE("")), none, dir_fd, &f);
		assert_int_equal(in_child(fd, true, do_getcwd), EPERM);
		fd_close(fd);
		str_done(&b);
		assert_int_equal(file_read(AT_FDCWD, path, &b), 0);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.s, b.s, a.len);
		assert_int_equal(cache_files(dir, path, sizeof(path)), 1);
	}
	assert_int_equal(file_remove_tree(AT_FDCWD, dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_answers),
		cmocka_unit_test(test_every_family_of_sockets),
		cmocka_unit_test(test_every_architecture_has_the_rules),
		cmocka_unit_test(test_rare_sets_are_compiled),
		cmocka_unit_test(test_against_podmans_file),
		cmocka_unit_test(test_loaded_for_real),
		cmocka_unit_test(test_program_is_sealed),
		cmocka_unit_test(test_apply_refuses_rubbish),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_flags_travel),
		cmocka_unit_test(test_flags_load),
		cmocka_unit_test(test_bad_profiles),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
