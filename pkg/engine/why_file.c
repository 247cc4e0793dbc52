// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/why_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#ifdef __aarch64__
enum { MACHINE = EM_AARCH64 };
#else
enum { MACHINE = EM_X86_64 };
#endif

enum { HEAD_MAX = 4096 };

struct look {
	const struct rootview *root;
	const struct why_file_sink *to;
	const char *path;
	int depth;	/* of interpreters */
};

static void say(const struct look *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(const struct look *l, const char *fmt, ...)
{
	auto_free char *source = mem_printf("root:%s", l->path);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->to->say(l->to->ctx, source, text);
}

static const char *machine_name(unsigned m)
{
	static const struct { unsigned number; const char *name; } names[] = {
		{ EM_386, "386" }, { EM_MIPS, "mips" }, { EM_PPC, "ppc" }, { EM_PPC64, "ppc64le" },
		{ EM_S390, "s390x" }, { EM_ARM, "arm" }, { EM_X86_64, "amd64" }, { EM_AARCH64, "arm64" },
		{ EM_RISCV, "riscv64" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].number == m)
			return names[i].name;
	return "an unknown machine";
}

static void look_at(const struct look *l);

/* What FD names as its interpreter, an absolute path of the container. */
static void look_at_interpreter(const struct look *l, const char *what, const char *path)
{
	struct look next = { .root = l->root, .to = l->to, .path = path, .depth = l->depth + 1 };

	say(l, "is %s; it is run by `%s`", what, path);
	if (path[strlen(path) - 1] == '\r')
		l->to->mend(l->to->ctx, "the script has Windows line ends: save it with Unix ones");
	if (next.depth < 4)
		look_at(&next);
}

static void look_at_script(const struct look *l, const char *head, size_t n)
{
	const char *end = memchr(head, '\n', n);
	auto_free char *line = mem_strndup(head + 2, end ? (size_t)(end - head - 2) : n - 2);
	const char *word = line + strspn(line, " \t");
	auto_free char *path = mem_strndup(word, strcspn(word, " \t"));

	if (*path)
		look_at_interpreter(l, "a script", path);
	else
		say(l, "is a script whose first line names no interpreter");
}

static void look_at_elf(const struct look *l, const char *head, size_t n)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)head;

	if (n < sizeof(*h)) {
		say(l, "is cut off: an ELF file of %zu bytes", n);
		return;
	}
	if (h->e_machine != MACHINE && !(MACHINE == EM_X86_64 && h->e_machine == EM_386)) {
		say(l, "is a program for %s; this machine is %s", machine_name(h->e_machine), machine_name(MACHINE));
		l->to->mend(l->to->ctx, "take the image for this machine: rbox pull --platform, or build it anew");
		return;
	}
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_phentsize != sizeof(Elf64_Phdr))
		return;
	for (unsigned i = 0; i < h->e_phnum; i++) {
		uint64_t at = h->e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr p;
		auto_free char *interp = NULL;

		if (h->e_phoff > n || at + sizeof(p) > n)
			return;
		memcpy(&p, head + at, sizeof(p));
		if (p.p_type != PT_INTERP || p.p_offset > n || p.p_filesz > n - p.p_offset)
			continue;
		interp = mem_strndup(head + p.p_offset, p.p_filesz);
		if (*interp)
			look_at_interpreter(l, "linked dynamically", interp);
		return;
	}
}

static void look_inside(const struct look *l, int fd)
{
	char name[FD_PATH_MAX];
	auto_free char *head = mem_alloc(HEAD_MAX + 1);
	auto_fd int in = fd_open(AT_FDCWD, fd_path(fd, name), O_RDONLY, 0);
	ssize_t n = in < 0 ? in : io_read_full(in, head, HEAD_MAX);

	if (n < 0)
		say(l, "can't be read by us: %s", strerror((int)-n));
	else if (n == 0)
		say(l, "is empty");
	else if (n >= 2 && !memcmp(head, "#!", 2))
		look_at_script(l, head, (size_t)n);
	else if (n >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		look_at_elf(l, head, (size_t)n);
	else
		say(l, "is neither an ELF file nor a script that begins with #!");
}

static void look_at(const struct look *l)
{
	auto_fd int fd = rootview_find(l->root, l->path);
	struct stat st;

	if (fd == -ENOENT) {
		say(l, "there is no such file in the image");
		if (strstr(l->path, "/ld-linux"))
			l->to->mend(l->to->ctx, "it was linked for glibc, which this image lacks (Alpine has musl): "
						"link it statically, or use another image");
		return;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		say(l, "can't be looked at: %s", strerror(fd < 0 ? -fd : errno));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		say(l, S_ISDIR(st.st_mode) ? "is a folder" : "is no regular file");
		return;
	}
	if (!(st.st_mode & 0111)) {
		say(l, "may be executed by nobody (mode %04o)", st.st_mode & 07777);
		l->to->mend(l->to->ctx, "chmod +x it where the image is made, or run it by its interpreter");
	}
	look_inside(l, fd);
}

static void look_in_path(const struct rootview *root, const struct container_config *c,
			 const struct why_file_sink *to)
{
	const char *path = strv_env_get(c->env, "PATH");
	auto_strv char **dirs = strv_split(path && *path ? path : DEFAULT_PATH, ":", true);
	struct look none = { .root = root, .to = to, .path = c->args[0] };

	strv_each(it, dirs) {
		auto_free char *full = path_join(*it, c->args[0]);
		auto_fd int fd = rootview_find(root, full);

		if (fd >= 0) {
			struct look l = { .root = root, .to = to, .path = full };

			look_at(&l);
			return;
		}
	}
	say(&none, "there is no such file in any folder of PATH: %.300s", path && *path ? path : DEFAULT_PATH);
}

void why_file(const struct rootview *root, const struct container_config *c, const struct why_file_sink *to)
{
	const char *dir = c->process.workdir ? c->process.workdir : "/";
	auto_free char *full = NULL;
	struct look l = { .root = root, .to = to };

	if (!c->args || !c->args[0] || !*c->args[0])
		return;
	if (!strchr(c->args[0], '/')) {
		look_in_path(root, c, to);
		return;
	}
	full = c->args[0][0] == '/' ? mem_strdup(c->args[0]) : path_join(dir, c->args[0]);
	l.path = full;
	look_at(&l);
}
