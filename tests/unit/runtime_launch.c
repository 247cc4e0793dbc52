// SPDX-License-Identifier: Apache-2.0
/* Launches, end to end: what a process in a container sees, and what is said when there is none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "tests/lib/box.h"
#include "tests/lib/deny.h"
#include "tests/lib/user.h"

static int setup(void **state)
{
	struct box *b = mem_alloc(sizeof(*b));

	*state = b;
	return box_make(b, 2);
}

static int teardown(void **state)
{
	struct box *b = *state;

	box_done(b);
	mem_free_ptr(state);
	return 0;
}

static void expect(struct box *b, const char *script, const char *want)
{
	auto_str struct str text = STR_INIT(65536);
	struct fail f = { 0 };
	int r;

	box_args(b, script);
	r = box_run(b, &text, &f);
	assert_string_equal(f.msg, "");
	assert_string_equal(str_cstr(&text), want);
	assert_int_equal(r, 0);
}

static void test_identity(void **state)
{
	expect(*state, "id; hostname; pwd; echo $$; cat /proc/1/comm; umask; echo $HOME",
	       "uid=0(root) gid=0(root)\nbox\n/\n1\nsh\n0022\n/root\n");
}

/* What failed to start, in the user's words, and with which status. */
static void expect_failure(struct box *b, int status, const char *msg, const char *hint)
{
	auto_str struct str text = STR_INIT(65536);
	struct fail f = { 0 };
	int r = box_run(b, &text, &f);

	assert_true(r < 0);
	assert_string_equal(f.msg, msg);
	assert_int_equal(fail_status(&f), status);
	if (hint)
		assert_string_equal(f.hint, hint);
}

static void set_args(struct box *b, const char *one, const char *two)
{
	strv_free_ptr(&b->spec.process.args);
	strv_add(&b->spec.process.args, one);
	if (two)
		strv_add(&b->spec.process.args, two);
}

static int layer_of(struct box *b)
{
	auto_free char *path = mem_printf("%s/%064d/tree", b->base, 0);

	return fd_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
}

static void put(struct box *b, const char *path, const char *text, mode_t mode)
{
	auto_fd int at = layer_of(b);

	assert_int_equal(box_file(at, path, text, mode), 0);
}

/* --- the root and what is mounted in it --- */

static void test_layers(void **state)
{
	struct box *b = *state;
	auto_free char *upper = mem_printf("%s/upper/new", b->rw);

	expect(b, "ls /layers; echo x > /new; rm -r /layers; ls /; wc -l < /proc/self/mountinfo > /dev/null",
	       "0\n1\n2\nbin\ndev\netc\nnew\nproc\nsys\ntmp\n");
	assert_int_equal(access(upper, F_OK), 0);
}

static void test_dev(void **state)
{
	expect(*state,
	       "cd /dev; ls; stat -c '%n %t:%T %F' null zero full random urandom tty ptmx; "
	       "for i in fd stdin stdout stderr core ptmx; do readlink $i; done; stat -c %a /dev /dev/shm; "
	       "stat -c '%a %g' pts/ptmx; echo x > null; head -c 3 zero | wc -c",
	       "core\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\n"
	       "zero\nnull 1:3 character special file\nzero 1:5 character special file\n"
	       "full 1:7 character special file\nrandom 1:8 character special file\n"
	       "urandom 1:9 character special file\ntty 5:0 character special file\n"
	       "ptmx 0:0 symbolic link\n/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n"
	       "/proc/self/fd/2\n/proc/kcore\npts/ptmx\n755\n1777\n666 0\n3\n");
}

static void test_mount_table(void **state)
{
	/* The host's mounts are gone: all that is left hangs on our root. */
	expect(*state,
	       "grep -v ' /proc/\\| /sys/\\| /dev/[nzfrut]' /proc/self/mounts | cut -d' ' -f2-3 2>/dev/null || "
	       "grep -v ' /proc/\\| /sys/\\| /dev/[nzfrut]' /proc/self/mounts | "
	       "while read a b c d; do echo $b $c; done",
	       "/ overlay\n/proc proc\n/dev tmpfs\n/sys sysfs\n/dev/pts devpts\n/dev/mqueue mqueue\n"
	       "/dev/shm tmpfs\n");
}

static void test_masked(void **state)
{
	expect(*state,
	       "cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware | wc -l; "
	       "(echo 1 > /proc/sys/kernel/domainname) 2>/dev/null || echo ro; "
	       "mkdir /sys/firmware/x 2>/dev/null || echo refused; mkdir /sys/x 2>/dev/null || echo refused; "
	       "mount -o remount,rw /proc/sys 2>/dev/null || echo refused",
	       "0\n0\nro\nrefused\nrefused\nrefused\n");
}

static void test_readonly_root(void **state)
{
	struct box *b = *state;

	b->spec.root.readonly = true;
	expect(b, "(echo x > /x) 2>/dev/null || echo ro; echo x > /dev/shm/x && cat /dev/shm/x", "ro\nx\n");
}

static void test_binds(void **state)
{
	struct box *b = *state;
	auto_free char *dir = mem_printf("%s/vol", b->base);
	auto_free char *file = mem_printf("%s/vol/file", b->base);
	auto_fd int base = fd_open(AT_FDCWD, b->base, O_PATH | O_DIRECTORY, 0);

	assert_int_equal(box_file(base, "vol/file", "hello\n", 0644), 0);
	spec_add_mount(&b->spec, "/a/b/vol", "bind", dir, "rbind,rw,rprivate");
	spec_add_mount(&b->spec, "/ro", "bind", dir, "rbind,ro,nosuid,nodev,noexec");
	spec_add_mount(&b->spec, "/etc/some/file", "bind", file, "bind,ro");
	expect(b,
	       "cat /a/b/vol/file /ro/file /etc/some/file; echo w > /a/b/vol/w; cat /ro/w; "
	       "(echo x > /ro/x) 2>/dev/null || echo ro; (echo x > /etc/some/file) 2>/dev/null || echo ro; "
	       "grep ' /ro ' /proc/self/mounts | while read a b c d e; do echo ${d%%,relatime*}; done",
	       "hello\nhello\nhello\nw\nro\nro\nro,nosuid,nodev,noexec\n");
}

/* Read-only means what is mounted below as well. */
static void test_recursive_readonly(void **state)
{
	struct box *b = *state;

	spec_add_mount(&b->spec, "/hostdev", "bind", "/dev", "rbind,ro");
	expect(b, "(echo x > /hostdev/shm/rbox-test-x) 2>/dev/null || echo ro; "
	       "(echo x > /hostdev/rbox-x) 2>/dev/null || echo ro", "ro\nro\n");
}

static void test_bind_errors(void **state)
{
	struct box *b = *state;

	spec_add_mount(&b->spec, "/v", "bind", "/nonexistent/x", "rbind");
	box_args(b, "true");
	expect_failure(b, 125, "bind '/nonexistent/x' to '/v': open the source: No such file or directory", NULL);
}

/* GO lies unread in the socket of a process that fails before it: its own words are told all the same. */
static void test_go_ahead(void **state)
{
	struct box *b = *state;

	b->ahead = true;
	expect(b, "echo hallo", "hallo\n");
	set_args(b, "/nope", NULL);
	expect_failure(b, 127, "executable file `/nope` not found: No such file or directory", NULL);
	box_args(b, "true");
	spec_add_mount(&b->spec, "/v", "bind", "/nonexistent/x", "rbind");
	b->dies = true;
	expect_failure(b, 125, "bind '/nonexistent/x' to '/v': open the source: No such file or directory", NULL);
}

/* A link in the image can't lead a mount, or a made folder, out of the root. */
static void test_hostile_links(void **state)
{
	struct box *b = *state;
	auto_free char *dir = mem_printf("%s/vol", b->base);
	auto_free char *outside = mem_printf("%s/outside", b->base);
	auto_free char *escape = mem_printf("../../../../../../../..%s", outside);
	auto_free char *want = NULL;
	auto_fd int base = fd_open(AT_FDCWD, b->base, O_PATH | O_DIRECTORY, 0);
	auto_fd int layer = layer_of(b);

	assert_int_equal(box_file(base, "vol/file", "hello\n", 0644), 0);
	assert_int_equal(symlinkat(escape, layer, "out"), 0);
	assert_int_equal(symlinkat(outside, layer, "abs"), 0);
	assert_int_equal(symlinkat("/proc/self/root/etc", layer, "magic"), 0);
	spec_add_mount(&b->spec, "/out/v", "bind", dir, "rbind");
	spec_add_mount(&b->spec, "/abs/w", "bind", dir, "rbind");
	mem_replace(&b->spec.process.cwd, mem_strdup("/abs/cwd"));
	/* All of it exists, but inside. */
	mem_replace(&want, mem_printf("hello\nhello\n%s/cwd\n", outside));
	expect(b, "cat /out/v/file /abs/w/file; pwd", want);
	assert_int_not_equal(access(outside, F_OK), 0);
}

static void test_dangling_target(void **state)
{
	struct box *b = *state;
	auto_free char *file = mem_printf("%s/resolv", b->base);
	auto_fd int base = fd_open(AT_FDCWD, b->base, O_PATH | O_DIRECTORY, 0);
	auto_fd int layer = layer_of(b);

	assert_int_equal(box_file(base, "resolv", "nameserver 1.2.3.4\n", 0644), 0);
	assert_int_equal(symlinkat("../run/systemd/resolve/stub-resolv.conf", layer, "etc/resolv.conf"), 0);
	spec_add_mount(&b->spec, "/etc/resolv.conf", "bind", file, "bind");
	expect(b, "cat /etc/resolv.conf; readlink /etc/resolv.conf",
	       "nameserver 1.2.3.4\n../run/systemd/resolve/stub-resolv.conf\n");
}

static void test_tmpfs(void **state)
{
	struct box *b = *state;

	put(b, "var/cache/keep/file", "kept\n", 0640);
	spec_add_mount(&b->spec, "/run", "tmpfs", "tmpfs", "rw,nosuid,nodev,noexec,mode=0711,size=1m");
	spec_add_mount(&b->spec, "/var/cache", "tmpfs", "tmpfs", "rw,nosuid,nodev,tmpcopyup");
	spec_add_mount(&b->spec, "/empty", "tmpfs", "tmpfs", "ro,uid=5,gid=7,mode=755");
	expect(b,
	       "stat -c %a /run; cat /var/cache/keep/file; stat -c %a /var/cache/keep/file; "
	       "rm /var/cache/keep/file; stat -c '%u:%g %a' /empty; (echo > /empty/x) 2>/dev/null || echo ro; "
	       "dd if=/dev/zero of=/run/x bs=1k count=2000 2>/dev/null || echo full",
	       "711\nkept\n640\n5:7 755\nro\nfull\n");
}

static void test_many_layers(void **state)
{
	struct box b;

	(void)state;
	assert_int_equal(box_make(&b, 300), 0);
	expect(&b, "ls /layers | wc -l; cat /layers/299", "301\nx\n");
	box_done(&b);
}

static void test_rootfs_dir(void **state)
{
	struct box *b = *state;
	auto_free char *dir = mem_printf("%s/%064d/tree", b->base, 0);

	b->launch.rootfs = (struct launch_rootfs){ .dir = dir };
	expect(b, "ls /layers; id -u", "0\n0\n");
}

/* --- the process --- */

static void test_user(void **state)
{
	struct box *b = *state;

	b->spec.process.user.username = mem_strdup("joe");
	expect(b, "id; echo $HOME; echo hi > /dev/stdout; (echo > /etc/x) 2>/dev/null || echo denied; "
	       "grep ^Cap /proc/self/status | tr -d '\\t' | head -n 4",
	       "uid=1000(joe) gid=1000(joe) groups=1000(joe)\n/home/joe\nhi\ndenied\nCapInh:0000000000000000\n"
	       "CapPrm:0000000000000000\nCapEff:0000000000000000\nCapBnd:00000000800405fb\n");
}

static void test_unknown_user(void **state)
{
	struct box *b = *state;
	auto_free char *passwd = mem_printf("%s/upper/etc/passwd", b->rw);

	b->spec.process.user.username = mem_strdup("4711:4712");
	b->launch.passwd_entry = true;
	mem_replace(&b->spec.process.cwd, mem_strdup("/work"));
	expect(b, "id -u; id -g; grep 4711 /etc/passwd; echo $HOME; stat -c %u /work; stat -c %a /etc/passwd",
	       "4711\n4712\n4711:*:4711:4712:container user:/work:/bin/sh\n/work\n4711\n644\n");
	/* The image's file stays as it is. */
	assert_int_not_equal(access(passwd, F_OK), 0);
}

static void test_no_such_user(void **state)
{
	struct box *b = *state;

	b->spec.process.user.username = mem_strdup("nobody-here");
	box_args(b, "true");
	expect_failure(b, 126, "unable to find user nobody-here: no matching entries in passwd file", NULL);
}

static void test_descriptors(void **state)
{
	/* One not close-on-exec, as a careless caller would leave it. 3 is ls's own. */
	int leak = fcntl(0, F_DUPFD, 50);

	assert_true(leak >= 50);
	expect(*state, "ls /proc/self/fd", "0\n1\n2\n3\n");
	fd_close(leak);
}

static void test_namespaces(void **state)
{
	expect(*state,
	       /* ps may have gone before wc comes, or see it: few, but none of the host's. */
	       "[ $(ls -d /proc/[0-9]* | wc -l) -le 5 ] && echo few; ls /sys/class/net; ip addr show lo | grep -c 127.0.0.1; "
	       "cat /proc/self/uid_map | wc -l; cat /proc/self/cgroup | grep -c ::/$",
	       "few\nlo\n1\n2\n1\n");
}

static void test_sysctl(void **state)
{
	struct box *b = *state;

	strv_add(&b->spec.linux_.sysctl, "net.ipv4.ping_group_range=0 0");
	strv_add(&b->spec.linux_.sysctl, "net/ipv4/ip_unprivileged_port_start=80");
	expect(b, "cat /proc/sys/net/ipv4/ping_group_range | tr '\\t' ' '; "
	       "cat /proc/sys/net/ipv4/ip_unprivileged_port_start", "0 0\n80\n");
	strv_add(&b->spec.linux_.sysctl, "vm.swappiness=1");
	expect_failure(b, 125, "sysctl 'vm.swappiness=1' belongs to the host, not to a container", NULL);
}

static void test_terminal(void **state)
{
	struct box *b = *state;

	b->spec.process.terminal = true;
	b->spec.process.console_size.width = 100;
	b->spec.process.console_size.height = 30;
	b->spec.process.user.username = mem_strdup("joe");
	expect(b, "tty; stty size; stat -c '%u %a' /dev/pts/0; echo hi > /dev/console; echo to > /dev/tty; "
	       "stat -c %t:%T /dev/console",
	       "/dev/pts/0\r\n30 100\r\n1000 620\r\nhi\r\nto\r\n88:0\r\n");
}

static void test_init(void **state)
{
	struct box *b = *state;
	auto_free char *fake = mem_printf("%s/init", b->base);
	auto_fd int base = fd_open(AT_FDCWD, b->base, O_PATH | O_DIRECTORY, 0);

	assert_int_equal(box_file(base, "init", "#!/bin/sh\necho init: $0 $1 $2\nshift; exec \"$@\"\n", 0755), 0);
	b->launch.init_path = fake;
	expect(b, "echo payload; (echo > /run/rbox-init) 2>/dev/null || echo ro",
	       "init: /run/rbox-init -- sh\npayload\nro\n");
}

static void test_command_errors(void **state)
{
	struct box *b = *state;

	put(b, "bin/noexec", "#!/bin/sh\n", 0644);
	put(b, "bin/script", "echo no first line\n", 0755);
	put(b, "bin/bash-script", "#!/bin/bash\n", 0755);
	put(b, "bin/dos", "#!/bin/sh\r\necho\r\n", 0755);
	put(b, "bin/empty", "", 0755);
	set_args(b, "nosuch", NULL);
	expect_failure(b, 127, "executable file `nosuch` not found in $PATH: No such file or directory", NULL);
	set_args(b, "/bin/nosuch", NULL);
	expect_failure(b, 127, "executable file `/bin/nosuch` not found: No such file or directory", NULL);
	set_args(b, "", NULL);
	expect_failure(b, 127, "executable file `` not found in $PATH: No such file or directory", NULL);
	set_args(b, "/etc", NULL);
	expect_failure(b, 126, "exec `/etc`: Permission denied: OCI permission denied", "'/etc' is a directory");
	set_args(b, "noexec", NULL);
	expect_failure(b, 126, "exec `/bin/noexec`: Permission denied: OCI permission denied",
		       "'/bin/noexec' is not executable: chmod +x");
	set_args(b, "script", NULL);
	expect_failure(b, 126, "exec `/bin/script`: Exec format error",
		       "'/bin/script' is no program: a script needs a first line like #!/bin/sh");
	set_args(b, "empty", NULL);
	expect_failure(b, 126, "exec `/bin/empty`: Exec format error", "'/bin/empty' is empty");
	set_args(b, "bash-script", NULL);
	expect_failure(b, 127, "exec `/bin/bash-script`: its interpreter `/bin/bash` is missing in the "
		       "container: No such file or directory", NULL);
	set_args(b, "dos", NULL);
	expect_failure(b, 127, "exec `/bin/dos`: its interpreter `/bin/sh\r` is missing in the container: "
		       "No such file or directory",
		       "'/bin/dos' has Windows line ends: save it with Unix ones");
}

static void test_status(void **state)
{
	struct box *b = *state;
	auto_str struct str text = STR_INIT(4096);
	struct fail f = { 0 };

	box_args(b, "exit 42");
	assert_int_equal(box_run(b, &text, &f), 42);
	box_args(b, "kill -9 $$; sleep 1; exit 3");
	/* Process 1 is deaf to its own signals. */
	assert_int_equal(box_run(b, &text, &f), 3);
}

static void test_seccomp(void **state)
{
	struct box *b = *state;
	struct fail f = { 0 };

	b->launch.seccomp_fd = seccomp_default(b->spec.process.caps.bounding, -EBADF, &f);
	assert_true(b->launch.seccomp_fd >= 0);
	expect(b, "grep Seccomp: /proc/self/status | tr -d '\\t'; grep NoNewPrivs /proc/self/status | tr -d '\\t'",
	       "Seccomp:2\nNoNewPrivs:0\n");
	b->spec.process.no_new_privileges = true;
	expect(b, "grep Seccomp: /proc/self/status | tr -d '\\t'; grep NoNewPrivs /proc/self/status | tr -d '\\t'",
	       "Seccomp:2\nNoNewPrivs:1\n");
	b->launch.seccomp_fd = fd_close(b->launch.seccomp_fd);
}

/* --- namespaces of another container --- */

static void test_join(void **state)
{
	static const char *const types[] = { "user", "network", "ipc", "uts" };
	struct box *b = *state;
	struct box other;
	struct launched n;
	struct fail f = { 0 };
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);

	assert_int_equal(box_make(&other, 0), 0);
	box_args(&other, "sleep 100");
	mem_replace(&other.spec.hostname, mem_strdup("first"));
	other.launch.stdio[0] = other.launch.stdio[1] = other.launch.stdio[2] = null;
	assert_int_equal(launch_start(&other.launch, &n, &f), 0);
	assert_int_equal(launch_ready(&n, &f), 0);
	assert_int_equal(launch_go(&n, &f), 0);
	for (size_t i = 0; i < b->spec.linux_.n_namespaces; i++)
		for (size_t j = 0; j < ARRAY_LEN(types); j++)
			if (!strcmp(b->spec.linux_.namespaces[i].type, types[j]))
				b->spec.linux_.namespaces[i].path = mem_printf(
					"/proc/%d/ns/%s", (int)n.pid, j == 1 ? "net" : types[j]);
	mem_replace(&b->spec.hostname, NULL);
	expect(b, "hostname; id -u; echo $$; ip addr show lo | grep -c 127.0.0.1", "first\n0\n1\n1\n");
	launched_done(&n);
	box_done(&other);
}

/* Nothing is left running, and no zombie, when the caller gives up. */
static void test_abandon(void **state)
{
	struct box *b = *state;
	struct launched n;
	struct fail f = { 0 };

	box_args(b, "sleep 100");
	assert_int_equal(launch_start(&b->launch, &n, &f), 0);
	assert_int_equal(launch_ready(&n, &f), 0);
	launched_done(&n);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* The container ends with the process that launched it, even as another user inside. */
static void test_parent_dies(void **state)
{
	struct box *b = *state;
	int p[2];
	char c;
	pid_t pid;

	b->spec.process.user.username = mem_strdup("joe");
	box_args(b, "echo x; sleep 100");
	assert_int_equal(fd_pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		struct launched n;
		struct fail f = { 0 };

		fd_close(p[0]);
		b->launch.stdio[1] = p[1];
		if (launch_start(&b->launch, &n, &f) < 0 || launch_ready(&n, &f) < 0 || launch_go(&n, &f) < 0)
			_exit(1);
		_exit(0);
	}
	fd_close(p[1]);
	/* The end of the pipe: the payload, which held it, is gone. */
	while (read(p[0], &c, 1) == 1)
		;
	fd_close(p[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What old kernels and outer engines' filters lack; the last is all of it at once. */
static const char *const denied[] = {
	"clone3,close_range",
	"openat2",
	"fsopen,fsconfig,fsmount,open_tree,move_mount",
	"mount_setattr",
	"clone3,close_range,openat2,fsopen,fsconfig,fsmount,open_tree,move_mount,mount_setattr",
};

static int run_without(const char *without)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_layers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dev, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_masked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_readonly_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_binds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recursive_readonly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bind_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_go_ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dangling_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tmpfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_layers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rootfs_dir, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_namespaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sysctl, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seccomp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_join, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abandon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parent_dies, setup, teardown),
	};

	if (*without && deny_syscalls(without, 0) < 0) {
		print_error("can't deny '%s'\n", without);
		return 1;
	}
	print_message("== without '%s'\n", without);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	struct fail f = { 0 };
	int failed = 0;

	(void)argc;
	if (user_drop(argv) < 0)
		return 1;
	if (box_enter(&f) < 0) {
		print_error("%s (%s)\n", f.msg, f.hint);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(denied); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(run_without(denied[i]) ? 1 : 0);
		failed |= waitpid(pid, &status, 0) != pid || status;
	}
	return run_without("") || failed;
}
