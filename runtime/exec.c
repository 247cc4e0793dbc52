// SPDX-License-Identifier: Apache-2.0
#include "runtime/exec.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/sig.h"
#include "pkg/util/str.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* --- what is wrong with a program --- */

/* "#!/bin/bash -e": the interpreter's name, or "". */
static void script_interpreter(const char *head, size_t n, char *ret, size_t size)
{
	const char *end = head + n;
	const char *p = head + 2;
	size_t len;

	ret[0] = '\0';
	if (n < 3 || head[0] != '#' || head[1] != '!')
		return;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (len = 0; p + len < end && !strchr(" \t\n", p[len]); len++)
		;
	if (len && len < size)
		snprintf(ret, size, "%.*s", (int)len, p);
}

/* PT_INTERP of a 64-bit ELF file: the dynamic loader's name, or "". */
static void elf_interpreter(int fd, const Elf64_Ehdr *h, char *ret, size_t size)
{
	ret[0] = '\0';
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_phentsize != sizeof(Elf64_Phdr))
		return;
	for (unsigned i = 0; i < h->e_phnum && i < 64; i++) {
		Elf64_Phdr ph;

		if (lseek(fd, (off_t)(h->e_phoff + i * sizeof(ph)), SEEK_SET) < 0 ||
		    io_read_full(fd, &ph, sizeof(ph)) != (ssize_t)sizeof(ph))
			return;
		if (ph.p_type != PT_INTERP || !ph.p_filesz || ph.p_filesz > size)
			continue;
		if (lseek(fd, (off_t)ph.p_offset, SEEK_SET) < 0 ||
		    io_read_full(fd, ret, ph.p_filesz) != (ssize_t)ph.p_filesz)
			ret[0] = '\0';
		else
			ret[ph.p_filesz - 1] = '\0';
		return;
	}
}

static ssize_t read_head(const char *path, char *head, size_t size, char *ret_interp, size_t interp_size)
{
	auto_fd int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	Elf64_Ehdr h;
	ssize_t n;

	ret_interp[0] = '\0';
	if (fd < 0)
		return fd;
	n = io_read_full(fd, head, size);
	if (n < 0)
		return n;
	if (n > 2 && head[0] == '#' && head[1] == '!') {
		script_interpreter(head, (size_t)n, ret_interp, interp_size);
	} else if (n >= (ssize_t)sizeof(h)) {
		memcpy(&h, head, sizeof(h));
		elf_interpreter(fd, &h, ret_interp, interp_size);
	}
	return n;
}

static int noexec(struct fail *f, int r)
{
	f->status = FAIL_EXIT_NOEXEC;
	return r;
}

static int not_found(const char *name, struct fail *f)
{
	int r = fail(f, ENOENT, strchr(name, '/') ? "executable file `%s` not found" :
		     "executable file `%s` not found in $PATH", name);

	f->status = FAIL_EXIT_NOTFOUND;
	return r;
}

/* The file is there and the kernel says ENOENT: what it names as its interpreter is missing. */
static int no_interpreter(const char *path, struct fail *f)
{
	char head[256], interp[256];
	int r;

	(void)!read_head(path, head, sizeof(head), interp, sizeof(interp));
	r = fail(f, ENOENT, "exec `%s`: its interpreter `%s` is missing in the container", path, interp);
	f->status = FAIL_EXIT_NOTFOUND;
	if (interp[0] && interp[strlen(interp) - 1] == '\r')
		fail_hint(f, "'%s' has Windows line ends: save it with Unix ones", path);
	else if (strstr(interp, "ld-linux"))
		fail_hint(f, "the program was linked for glibc, which this image lacks (Alpine has musl): "
			  "link it statically or use another image");
	return r;
}

static int bad_format(const char *path, struct fail *f)
{
	char head[256], interp[256];
	ssize_t n = read_head(path, head, sizeof(head), interp, sizeof(interp));
	int r = fail(f, ENOEXEC, "exec `%s`", path);

	if (n == 0)
		fail_hint(f, "'%s' is empty", path);
	else if (n > 4 && !memcmp(head, ELFMAG, SELFMAG))
		fail_hint(f, "the program is for another architecture than this machine's");
	else if (n > 0)
		fail_hint(f, "'%s' is no program: a script needs a first line like #!/bin/sh", path);
	return noexec(f, r);
}

static int judge(const char *path, int err, struct fail *f)
{
	struct stat st;
	int r;

	if (err == ENOENT && access(path, F_OK) == 0)
		return no_interpreter(path, f);
	if (err == ENOENT || err == ENOTDIR)
		return not_found(path, f);
	if (err == ENOEXEC)
		return bad_format(path, f);
	/* crun's and podman's words: scripts look for these small letters. */
	r = err == EACCES ? refuse(f, err, "exec `%s`: %s: OCI permission denied", path, strerror(err)) :
			    fail(f, err, "exec `%s`", path);
	if (err == EACCES && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			fail_hint(f, "'%s' is a directory", path);
		else if (!(st.st_mode & 0111))
			fail_hint(f, "'%s' is not executable: chmod +x", path);
		else
			fail_hint(f, "user %u may not execute '%s', or its mount is noexec", getuid(), path);
	}
	return noexec(f, r);
}

static int exec_in_path(char *const *args, char *const *env, struct fail *f)
{
	const char *path = strv_env_get(env, "PATH");
	auto_strv char **dirs = strv_split(path && *path ? path : DEFAULT_PATH, ":", false);
	auto_free char *denied = NULL;

	strv_each(it, dirs) {
		auto_free char *full = mem_printf("%s/%s", **it ? *it : ".", args[0]);
		struct stat st;

		execve(full, args, env);
		if (errno == ENOENT && access(full, F_OK) < 0)
			continue;
		if (errno == ENOTDIR || (errno == EACCES && stat(full, &st) < 0))
			continue;
		/* As a shell does: what may not be executed is only told of when nothing else is found. */
		if (errno == EACCES) {
			if (!denied)
				denied = mem_take(&full);
			continue;
		}
		return judge(full, errno, f);
	}
	return denied ? judge(denied, EACCES, f) : not_found(args[0], f);
}

int exec_program(char *const *args, char *const *env, struct fail *f)
{
	static char *const no_env[] = { NULL };

	if (!args[0][0])
		return not_found(args[0], f);
	if (!env)
		env = no_env;
	if (!strchr(args[0], '/'))
		return exec_in_path(args, env, f);
	execve(args[0], args, env);
	return judge(args[0], errno, f);
}

/* --- descriptors, signals, the parent --- */

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static int hide_by_listing(void)
{
	struct dirent *e;
	DIR *d;
	int r = fd_opendir(fd_open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return r;
	while ((e = readdir(d))) {
		uint64_t n;

		if (str_to_u64(e->d_name, 10, &n) == 0 && n > 2)
			(void)!fd_set_cloexec((int)n, 1);
	}
	closedir(d);
	return 0;
}

void exec_give_pipes(const int fds[3], uint32_t uid)
{
	for (int i = 0; i < 3; i++) {
		struct stat st;

		if (fstat(fds[i], &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != uid)
			(void)!fchown(fds[i], uid, (gid_t)-1);
	}
}

int exec_hide_fds(struct fail *f)
{
	int r;

	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	r = hide_by_listing();
	return r < 0 ? fail(f, -r, "hide our descriptors from the command") : 0;
}

void exec_reset_signals(void)
{
	sigset_t none;

	sig_reset();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int place(int fd, int as)
{
	if (fd == as)
		return fd_set_cloexec(fd, 0);
	return dup2(fd, as) < 0 ? -errno : 0;
}

int exec_place_stdio(const int fds[3], struct fail *f)
{
	int safe[3] = { fds[0], fds[1], fds[2] };
	int moved[3] = { -EBADF, -EBADF, -EBADF };
	int r = 0;

	/* A source among 0 to 2 that isn't in its own place would be overwritten before its turn. */
	for (int i = 0; i < 3 && r >= 0; i++) {
		if (fds[i] > 2 || fds[i] == i)
			continue;
		r = safe[i] = moved[i] = fd_dup(fds[i]);
	}
	for (int i = 0; i < 3 && r >= 0; i++)
		r = place(safe[i], i);
	for (int i = 0; i < 3; i++)
		fd_close(moved[i]);
	return r < 0 ? fail(f, -r, "set up standard input and output") : 0;
}

void exec_die_with_parent(int sock)
{
	struct pollfd p = { .fd = sock };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Dead before the call above: its end of the socket is closed, for nobody else holds it. */
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
		_exit(FAIL_EXIT_ENGINE);
}
