// SPDX-License-Identifier: Apache-2.0
/*
 * Looks at the world from inside a container, where busybox has no tool for it. Static, so it
 * runs in any image. Not linked with rbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* syscall NUMBER [ARG...]: prints 0 or the errno's name. */
static int probe_syscall(int argc, char **argv)
{
	long a[6] = { 0 };
	long r;

	for (int i = 1; i < argc && i < 7; i++)
		a[i - 1] = strtol(argv[i], NULL, 0);
	r = syscall(strtol(argv[0], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
	puts(r < 0 ? strerrorname_np(errno) : "0");
	return 0;
}

/* fds: one line "N target" for each descriptor that is open, its own folder handle left out. */
static int probe_fds(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		char path[64], target[256];
		ssize_t n;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		printf("%d %s\n", fd, target);
	}
	return 0;
}

/* stat FILE: "type major:minor mode uid gid" of what is there, links not followed. */
static int probe_stat(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		puts(strerrorname_np(errno));
		return 1;
	}
	printf("%c %u:%u %04o %u %u\n",
	       S_ISCHR(st.st_mode) ? 'c' : S_ISBLK(st.st_mode) ? 'b' : S_ISDIR(st.st_mode) ? 'd' :
	       S_ISLNK(st.st_mode) ? 'l' : S_ISFIFO(st.st_mode) ? 'p' : S_ISSOCK(st.st_mode) ? 's' : 'f',
	       major(st.st_rdev), minor(st.st_rdev), st.st_mode & 07777, st.st_uid, st.st_gid);
	return 0;
}

/* fstype DIR: the magic number of its file system, in hex. */
static int probe_fstype(const char *path)
{
	struct statfs s;

	if (statfs(path, &s) < 0) {
		puts(strerrorname_np(errno));
		return 1;
	}
	printf("%lx\n", (unsigned long)s.f_type);
	return 0;
}

/* open FILE r|w: prints 0 or the errno's name; the write is only asked for, never done. */
static int probe_open(const char *path, const char *how)
{
	int fd = open(path, (*how == 'w' ? O_WRONLY : O_RDONLY) | O_CLOEXEC);

	puts(fd < 0 ? strerrorname_np(errno) : "0");
	return 0;
}

/* rlimit NAME-NUMBER: "soft hard". */
static int probe_rlimit(const char *number)
{
	struct rlimit r;

	if (getrlimit((int)strtol(number, NULL, 0), &r) < 0)
		return 1;
	printf("%lld %lld\n", (long long)r.rlim_cur, (long long)r.rlim_max);
	return 0;
}

/* signals: the numbers blocked or ignored at start, one line; empty when clean. */
static int probe_signals(void)
{
	sigset_t set;

	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int s = 1; s < 65; s++) {
		struct sigaction sa;

		if (sigismember(&set, s) == 1)
			printf("blocked %d\n", s);
		if (sigaction(s, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			printf("ignored %d\n", s);
	}
	return 0;
}

/* die SIGNAL: sends it to itself. As process 1 only with the default action changed. */
static int probe_die(const char *number)
{
	kill(getpid(), (int)strtol(number, NULL, 0));
	pause();
	return 1;
}

/* udp-echo PORT: sends every datagram back, until killed. */
static int probe_udp_echo(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char buf[2048];

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		puts(strerrorname_np(errno));
		return 1;
	}
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n >= 0)
			(void)!sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "syscall") && argc > 2)
		return probe_syscall(argc - 2, argv + 2);
	if (!strcmp(what, "fds"))
		return probe_fds();
	if (!strcmp(what, "stat") && argc > 2)
		return probe_stat(argv[2]);
	if (!strcmp(what, "fstype") && argc > 2)
		return probe_fstype(argv[2]);
	if (!strcmp(what, "open") && argc > 3)
		return probe_open(argv[2], argv[3]);
	if (!strcmp(what, "rlimit") && argc > 2)
		return probe_rlimit(argv[2]);
	if (!strcmp(what, "signals"))
		return probe_signals();
	if (!strcmp(what, "die") && argc > 2)
		return probe_die(argv[2]);
	if (!strcmp(what, "udp-echo") && argc > 2)
		return probe_udp_echo(argv[2]);
	fprintf(stderr, "probe: what is '%s'?\n", what);
	return 2;
}
