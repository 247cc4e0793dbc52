// SPDX-License-Identifier: Apache-2.0
/*
 * The system calls of one container and nothing else: what an engine is measured against.
 *
 *	bare [-u PID] [-n] [-f] LOWER BASE COMMAND...	runs COMMAND in a container
 *	bare -e PID COMMAND...				runs COMMAND in the container of PID
 *
 * LOWER is an unpacked image, BASE a folder for the upper and work folders, made and removed. -u: joins
 * the user namespace of PID instead of making one with newuidmap and newgidmap. -n: the network
 * namespace is left out. -f: the same work as a container with an engine's defaults, namely besides: sysfs,
 * masked and read-only paths; /etc/hosts, resolv.conf, hostname and /run/.containerenv bound from
 * files written for it, /etc/mtab; the loopback up; the seccomp filter, 11 capabilities. Its stdio and its
 * command's stay what they are: no pipe, no log, no record of anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct seccomp_made {
	uint64_t caps;
	uint32_t first, count;
};
#include "seccomp_default.h"

#define MUST(call)                                                                      \
	do {                                                                            \
		if ((call) < 0) {                                                       \
			fprintf(stderr, "bare: %s: %s\n", #call, strerror(errno));      \
			_exit(125);                                                     \
		}                                                                       \
	} while (0)

static void spew(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* --- U --- */

static void range(const char *file, const char *name, char *start, char *count)
{
	char line[256];
	FILE *f = fopen(file, "re");

	while (f && fgets(line, sizeof(line), f)) {
		char who[64];

		if (sscanf(line, "%63[^:]:%15[0-9]:%15[0-9]", who, start, count) == 3 && !strcmp(who, name)) {
			fclose(f);
			return;
		}
	}
	fprintf(stderr, "bare: no range for %s in %s\n", name, file);
	_exit(125);
}

static pid_t map_helper(const char *tool, const char *file, const char *name, unsigned id, int go)
{
	char pid[16], own[16], start[16], count[16], c;
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(own, sizeof(own), "%u", id);
	range(file, name, start, count);
	child = fork();
	if (child == 0) {
		MUST(read(go, &c, 1));
		execlp(tool, tool, pid, "0", own, "1", "1", start, count, NULL);
		_exit(125);
	}
	return child;
}

static void make_userns(void)
{
	struct passwd *pw = getpwuid(getuid());
	pid_t helpers[2];
	int go[2], status;

	MUST(pipe2(go, O_CLOEXEC));
	helpers[0] = map_helper("newuidmap", "/etc/subuid", pw->pw_name, getuid(), go[0]);
	helpers[1] = map_helper("newgidmap", "/etc/subgid", pw->pw_name, getgid(), go[0]);
	MUST(unshare(CLONE_NEWUSER));
	MUST(write(go[1], "gg", 2));
	for (int i = 0; i < 2; i++) {
		MUST(waitpid(helpers[i], &status, 0));
		if (status) {
			fprintf(stderr, "bare: newuidmap failed\n");
			_exit(125);
		}
	}
	close(go[0]);
	close(go[1]);
}

static void join_userns(const char *pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(fd);
	MUST(setns(fd, CLONE_NEWUSER));
	close(fd);
}

/* --- the container --- */

static void mask(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		MUST(mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0k"));
	else
		MUST(mount("dev/null", path, NULL, MS_BIND, NULL));
}

static void read_only(const char *path)
{
	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0)
		MUST(mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			   NULL));
}

static void full_mounts(void)
{
	static const char *const masked[] = {
		"proc/acpi", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/sched_debug",
		"proc/scsi", "proc/timer_list", "proc/timer_stats", "proc/interrupts", "sys/firmware",
		"sys/fs/selinux", "sys/devices/virtual/powercap", "sys/dev/block",
	};
	static const char *const ro[] = {
		"proc/asound", "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
	};

	MUST(mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	(void)!mount("cgroup2", "sys/fs/cgroup", "cgroup2", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
		mask(masked[i]);
	for (size_t i = 0; i < sizeof(ro) / sizeof(*ro); i++)
		read_only(ro[i]);
}

/* What an engine writes for each container and binds over the image's own. */
static const char *const own_files[] = { "etc/hosts", "etc/resolv.conf", "etc/hostname", "run/.containerenv" };

static const char *own_name(size_t i)
{
	return strchr(own_files[i], '/') + 1;
}

static void write_own(const char *base)
{
	char path[400];

	for (size_t i = 0; i < sizeof(own_files) / sizeof(*own_files); i++) {
		snprintf(path, sizeof(path), "%s/%s", base, own_name(i));
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		spew(path, "127.0.0.1 localhost\n");
	}
}

/* With what the mount points were made of in the upper folder. */
static void clear_own(const char *base)
{
	static const char *const made[] = { "etc/mtab", "etc", "run" };
	char path[400];

	for (size_t i = 0; i < sizeof(own_files) / sizeof(*own_files); i++) {
		snprintf(path, sizeof(path), "%s/%s", base, own_name(i));
		(void)unlink(path);
		snprintf(path, sizeof(path), "%s/upper/%s", base, own_files[i]);
		(void)unlink(path);
	}
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		snprintf(path, sizeof(path), "%s/upper/%s", base, made[i]);
		(void)remove(path);
	}
}

static void bind_own(const char *base)
{
	char path[400];

	for (size_t i = 0; i < sizeof(own_files) / sizeof(*own_files); i++) {
		snprintf(path, sizeof(path), "%s/%s", base, own_name(i));
		close(open(own_files[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		MUST(mount(path, own_files[i], NULL, MS_BIND, NULL));
		MUST(mount(NULL, own_files[i], NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	}
	(void)!symlink("/proc/mounts", "etc/mtab");
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	MUST(fd);
	MUST(ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
}

static void full_privs(void)
{
	struct sock_fprog p = { .len = (unsigned short)seccomp_made[0].count,
				.filter = (struct sock_filter *)(uintptr_t)seccomp_made_code };

	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p));
	for (int cap = 0; cap <= 40; cap++)
		if (!(0x800405fbULL >> cap & 1))
			MUST(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
}

static void root_mounts(const char *lower, const char *base, int full)
{
	static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
	const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char data[1024], from[64], to[64];

	MUST(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	snprintf(data, sizeof(data), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,userxattr,volatile",
		 lower, base, base);
	MUST(chdir(base));
	MUST(mount("overlay", "merged", "overlay", 0, data));
	MUST(chdir("merged"));
	MUST(mount("proc", "proc", "proc", safe, NULL));
	MUST(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		snprintf(from, sizeof(from), "/dev/%s", devices[i]);
		snprintf(to, sizeof(to), "dev/%s", devices[i]);
		close(open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
		MUST(mount(from, to, NULL, MS_BIND, NULL));
	}
	MUST(symlink("/proc/self/fd", "dev/fd"));
	MUST(symlink("/proc/self/fd/0", "dev/stdin"));
	MUST(symlink("/proc/self/fd/1", "dev/stdout"));
	MUST(symlink("/proc/self/fd/2", "dev/stderr"));
	MUST(symlink("pts/ptmx", "dev/ptmx"));
	MUST(mkdir("dev/pts", 0755));
	MUST(mkdir("dev/shm", 0755));
	MUST(mkdir("dev/mqueue", 0755));
	MUST(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		   "newinstance,ptmxmode=0666,mode=0620,gid=5"));
	MUST(mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"));
	MUST(mount("mqueue", "dev/mqueue", "mqueue", safe, NULL));
	if (full) {
		bind_own(base);
		full_mounts();
	}
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
}

/* The map of our own namespace onto itself: a line for each of its extents, else the kernel says EPERM. */
static void identity(pid_t pid, const char *which)
{
	char path[64], text[1024] = "", line[128];
	unsigned inside, outside, count;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/%s", which);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		size_t n = strlen(text);

		if (sscanf(line, "%u %u %u", &inside, &outside, &count) == 3)
			snprintf(text + n, sizeof(text) - n, "%u %u %u\n", inside, inside, count);
	}
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	spew(path, text);
}

static int run(const char *lower, const char *base, char **argv, int net, int full)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
			 CLONE_NEWCGROUP | (net ? CLONE_NEWNET : 0),
		.exit_signal = SIGCHLD,
	};
	int go[2], status;
	pid_t pid;
	char c;

	MUST(pipe2(go, O_CLOEXEC));
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	MUST(pid);
	if (pid == 0) {
		MUST(read(go[0], &c, 1));
		MUST(setsid());
		root_mounts(lower, base, full);
		MUST(sethostname("bare", 4));
		if (full && net)
			loopback_up();
		if (full)
			full_privs();
		execvp(argv[0], argv);
		_exit(127);
	}
	identity(pid, "uid_map");
	identity(pid, "gid_map");
	MUST(write(go[1], "g", 1));
	MUST(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int join(const char *of, char **argv)
{
	int fd = (int)syscall(SYS_pidfd_open, strtol(of, NULL, 10), 0), status;
	pid_t pid;

	MUST(fd);
	MUST(setns(fd, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
		       CLONE_NEWCGROUP | CLONE_NEWNET));
	MUST(setgroups(0, NULL));
	MUST(setresgid(0, 0, 0));
	MUST(setresuid(0, 0, 0));
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *user = NULL, *exec = NULL;
	char base[256], sub[300];
	int net = 1, full = 0, opt, r;

	while ((opt = getopt(argc, argv, "+u:e:nf")) > 0) {
		if (opt == 'u')
			user = optarg;
		else if (opt == 'e')
			exec = optarg;
		else if (opt == 'n')
			net = 0;
		else if (opt == 'f')
			full = 1;
		else
			return 2;
	}
	if (argc - optind < (exec ? 1 : 3))
		return 2;
	if (exec)
		return join(exec, argv + optind);
	if (user)
		join_userns(user);
	else
		make_userns();
	MUST(setgroups(0, NULL));
	MUST(setresgid(0, 0, 0));
	MUST(setresuid(0, 0, 0));
	snprintf(base, sizeof(base), "%s/%d", argv[optind + 1], getpid());
	MUST(mkdir(base, 0700));
	for (const char *const *s = (const char *const[]){ "upper", "work", "merged", NULL }; *s; s++) {
		snprintf(sub, sizeof(sub), "%s/%s", base, *s);
		MUST(mkdir(sub, 0755));
	}
	if (full)
		write_own(base);
	r = run(argv[optind], base, argv + optind + 2, net, full);
	if (full)
		clear_own(base);
	snprintf(sub, sizeof(sub), "%s/work/work/incompat/volatile/dirty", base);
	(void)!unlink(sub);
	for (const char *const *s = (const char *const[]){ "upper", "work/work/incompat/volatile",
			"work/work/incompat", "work/work", "work/index", "work", "merged", "", NULL }; *s; s++) {
		snprintf(sub, sizeof(sub), "%s/%s", base, *s);
		(void)!rmdir(sub);
	}
	return r;
}
