// SPDX-License-Identifier: Apache-2.0
/* What a process behind the wall can and can't do; each attempt in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "runtime/userns.h"
#include "storage/unpack/wall.h"
#include "tests/lib/user.h"

#if defined(__SANITIZE_ADDRESS__)
enum { CALLS_WALLED = 0 };
#else
enum { CALLS_WALLED = 1 };
#endif

struct room {
	char path[64];
	int base, mine, lower;
};

/* Each returns 0 when it went well, else errno. */
static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int make_mine(const struct room *r) { return result(openat(r->mine, "f", O_CREAT | O_WRONLY, 0600)); }
static int link_mine(const struct room *r)
{
	if (mkdirat(r->mine, "d", 0700) < 0 || make_mine(r))
		return errno;
	return result(linkat(r->mine, "f", r->mine, "d/f", 0));
}
static int whiteout(const struct room *r) { return result(mknodat(r->mine, "w", S_IFCHR, 0)); }
static int chown_mine(const struct room *r)
{
	return make_mine(r) ? errno : result(fchownat(r->mine, "f", 5, 5, 0));
}
static int read_lower(const struct room *r) { return result(openat(r->lower, "secret", O_RDONLY)); }
static int write_lower(const struct room *r) { return result(openat(r->lower, "secret", O_WRONLY)); }
static int make_lower(const struct room *r) { return result(openat(r->lower, "new", O_CREAT | O_WRONLY, 0600)); }
static int read_other(const struct room *r) { return result(openat(r->base, "secret", O_RDONLY)); }
static int read_up(const struct room *r) { return result(openat(r->mine, "../secret", O_RDONLY)); }
static int make_other(const struct room *r) { return result(openat(r->base, "new", O_CREAT | O_WRONLY, 0600)); }
static int remove_other(const struct room *r) { return result(unlinkat(r->base, "secret", 0)); }
static int link_other(const struct room *r) { return result(linkat(r->base, "secret", r->mine, "s", 0)); }
static int truncate_other(const struct room *r)
{
	int fd = openat(r->base, "secret", O_RDWR | O_TRUNC);

	return result(fd);
}
static int etc(const struct room *r) { (void)r; return result(open("/etc/passwd", O_RDONLY)); }
static int net(const struct room *r) { (void)r; return result(socket(AF_INET, SOCK_STREAM, 0)); }
static int run(const struct room *r)
{
	char *argv[] = { (char *)"true", NULL };

	(void)r;
	execve("/bin/true", argv, NULL);
	return errno;
}
static int process(const struct room *r) { (void)r; return result(fork()); }
static int trace(const struct room *r) { (void)r; return result(ptrace(PTRACE_TRACEME, 0, 0, 0)); }
static int mounting(const struct room *r) { (void)r; return result(syscall(SYS_mount, "x", "/", "tmpfs", 0, 0)); }
static int name_space(const struct room *r) { (void)r; return result(syscall(SYS_unshare, 0x10000000)); }
static int kill_thread(const struct room *r)
{
	(void)r;
	return result(syscall(SYS_tgkill, getppid(), getppid(), 0));
}
static int kill_self(const struct room *r)
{
	(void)r;
	return result(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
}
static int kill_it(const struct room *r) { (void)r; return result(syscall(SYS_kill, getppid(), 0)); }
static int code(const struct room *r)
{
	(void)r;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED ? errno : 0;
}
static int memory(const struct room *r)
{
	(void)r;
	return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ?
	       errno : 0;
}

static int attempt(const struct room *r, int (*what)(const struct room *r))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct fail f = { 0 };

		if (wall_folders(r->mine, &r->lower, 1, &f) < 0 || wall_calls(&f) < 0)
			_exit(200);
		_exit(what(r));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void room_make(struct room *r)
{
	snprintf(r->path, sizeof(r->path), "/tmp/rbox-wall.XXXXXX");
	assert_non_null(mkdtemp(r->path));
	r->base = fd_open(AT_FDCWD, r->path, O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(mkdirat(r->base, "mine", 0700), 0);
	assert_int_equal(mkdirat(r->base, "lower", 0700), 0);
	r->mine = fd_open(r->base, "mine", O_RDONLY | O_DIRECTORY, 0);
	r->lower = fd_open(r->base, "lower", O_PATH | O_DIRECTORY, 0);
	assert_int_equal(file_replace(r->base, "secret", "x", 1, 0600, 0), 0);
	assert_int_equal(file_replace(r->lower, "secret", "x", 1, 0600, 0), 0);
}

static void room_done(struct room *r)
{
	fd_close(r->base);
	fd_close(r->mine);
	fd_close(r->lower);
	assert_int_equal(file_remove_tree(AT_FDCWD, r->path), 0);
}

static void the_wall(void **state)
{
	enum { DEAD = 1000 + SIGSYS };
	static const struct { const char *name; int (*what)(const struct room *r); int want; bool call; } rows[] = {
		{ "make a file", make_mine, 0 }, { "link across folders", link_mine, 0 },
		{ "make a whiteout", whiteout, 0 }, { "chown", chown_mine, 0 }, { "memory", memory, 0 },
		{ "read the layer below", read_lower, 0 },
		{ "write the layer below", write_lower, EACCES }, { "make in the layer below", make_lower, EACCES },
		{ "read elsewhere", read_other, EACCES }, { "read by ..", read_up, EACCES },
		{ "make elsewhere", make_other, EACCES }, { "remove elsewhere", remove_other, EACCES },
		{ "link from elsewhere", link_other, EXDEV }, { "truncate elsewhere", truncate_other, EACCES },
		{ "read /etc/passwd", etc, EACCES },
		{ "a socket", net, DEAD, true }, { "a program", run, DEAD, true }, { "a process", process, DEAD, true },
		{ "ptrace", trace, DEAD, true }, { "mount", mounting, DEAD, true },
		{ "a namespace", name_space, DEAD, true }, { "a signal", kill_it, DEAD, true },
		{ "a signal to a thread", kill_thread, DEAD, true }, { "one to itself", kill_self, 0, true },
		{ "memory to execute", code, DEAD, true },
	};

	/* landlock(7): ABI 1 forbids links across folders and isn't used. */
	bool folders = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 2;

	(void)state;
	if (!folders)
		print_message("this kernel has no Landlock: folders aren't walled\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct room r;
		int got;

		if (rows[i].call ? !CALLS_WALLED : rows[i].want && !folders)
			continue;
		room_make(&r);
		got = attempt(&r, rows[i].what);
		if (got != rows[i].want)
			print_error("%s: %d\n", rows[i].name, got);
		assert_int_equal(got, rows[i].want);
		room_done(&r);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_wall) };
	struct fail f = { 0 };

	(void)argc;
	if (user_drop(argv) < 0 || userns_enter_default(&f) < 0) {
		print_error("%s\n", f.msg);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
