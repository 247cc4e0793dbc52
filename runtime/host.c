// SPDX-License-Identifier: Apache-2.0
#include "runtime/host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/user.h"
#include "runtime/host_check.h"

const char *const host_status_names[] = { "ok", "warn", "fail", NULL };

const struct field host_check_fields[] = {
	FIELD_KEEP(FK_STR, "name", struct host_check, name, char *),
	FIELD_ENUM("status", struct host_check, status, host_status_names),
	FIELD_KEEP(FK_STR, "found", struct host_check, found, char *),
	FIELD_STR("why", struct host_check, why),
	FIELD_STR("fix", struct host_check, fix),
	FIELD_END
};

static char *PRINTF_LIKE(1, 0) format(const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	return mem_strdup(text);
}

struct host_check *host_add(struct host_report *r, const char *name, const char *fmt, ...)
{
	struct host_check *c;
	va_list ap;

	r->v = mem_resize(r->v, r->n + 1, sizeof(*r->v));
	c = &r->v[r->n++];
	*c = (struct host_check){ .name = mem_strdup(name) };
	va_start(ap, fmt);
	c->found = format(fmt, ap);
	va_end(ap);
	return c;
}

void host_found(struct host_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mem_replace(&c->found, format(fmt, ap));
	va_end(ap);
}

void host_fault(struct host_check *c, enum host_status status, const char *why, char *fix)
{
	c->status = status;
	mem_replace(&c->why, mem_strdup(why));
	mem_replace(&c->fix, fix);
}

void host_report_done(struct host_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		jsonf_done(host_check_fields, &r->v[i]);
	mem_free_ptr(&r->v);
	r->n = 0;
}

char *host_sudo(const char *fmt, ...)
{
	auto_free char *command = NULL;
	va_list ap;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	return mem_printf("%s%s", geteuid() ? "sudo " : "", command);
}

char *host_line(const char *path)
{
	auto_str struct str s = STR_INIT(4096);

	if (file_read(AT_FDCWD, path, &s) < 0)
		return NULL;
	return mem_strndup(str_cstr(&s), strcspn(str_cstr(&s), "\n"));
}

char *host_user(void)
{
	auto_user struct user u = { 0 };

	return user_lookup(geteuid(), &u) == 0 ? mem_strdup(u.name) : mem_printf("%u", geteuid());
}

/* os-release(5): ID and ID_LIKE name the family. */
static bool is_like(const char *text, const char *family)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		auto_free char *line = mem_strndup(p, strcspn(p, "\n"));
		auto_strv char **words = NULL;

		if (!str_starts(line, "ID=") && !str_starts(line, "ID_LIKE="))
			continue;
		words = strv_split(strchr(line, '=') + 1, " \"'", true);
		if (strv_has(words, family))
			return true;
	}
	return false;
}

char *host_install(const char *tool)
{
	static const struct {
		const char *family, *command, *uidmap;
	} rows[] = {
		{ "debian", "apt-get install", "uidmap" },
		{ "ubuntu", "apt-get install", "uidmap" },
		{ "fedora", "dnf install", "shadow-utils" },
		{ "rhel", "dnf install", "shadow-utils" },
		{ "suse", "zypper install", "shadow" },
		{ "opensuse", "zypper install", "shadow" },
		{ "arch", "pacman -S", "shadow" },
		{ "alpine", "apk add", "shadow-subids" },
	};
	auto_str struct str s = STR_INIT(64 * 1024);

	/* Either file: one may be a link to the other. */
	if (file_read_linked(AT_FDCWD, "/usr/lib/os-release", &s) < 0)
		(void)!file_read_linked(AT_FDCWD, "/etc/os-release", &s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (is_like(str_cstr(&s), rows[i].family))
			return host_sudo("%s %s", rows[i].command,
					 str_eq(tool, "newuidmap") ? rows[i].uidmap : tool);
	return mem_printf("install the package that has %s", tool);
}

void host_check_all(const struct host_place *p, struct host_report *ret)
{
	*ret = (struct host_report){ 0 };
	host_check_kernel(ret);
	host_check_userns(ret);
	host_check_ids(ret);
	host_check_mapping(p, ret);
	host_check_store(p, ret);
	host_check_overlay(p, ret);
	host_check_rundir(ret);
	host_check_network(ret);
	host_check_cgroup(ret);
	host_check_session(ret);
}
