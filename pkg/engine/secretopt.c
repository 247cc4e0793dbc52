// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/secretopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/spawn.h"
#include "storage/secret.h"

enum { MODE_DEFAULT = 0444 };

const struct field secret_fields[] = {
	FIELD_STR("Name", struct config_secret, name),
	FIELD_STR("ID", struct config_secret, id),
	FIELD_STR("Target", struct config_secret, target),
	FIELD_BOOL("Env", struct config_secret, env),
	FIELD_U32("UID", struct config_secret, uid),
	FIELD_U32("GID", struct config_secret, gid),
	FIELD_U32("Mode", struct config_secret, mode),
	FIELD_END
};

static int parse_id(const char *word, const char *value, uint32_t *ret, struct fail *f)
{
	uint64_t v;

	if (str_to_u64(value, 10, &v) < 0 || v > INT32_MAX)
		return refuse(f, EINVAL, "parsing secret: %s %.40s invalid", word, value);
	*ret = (uint32_t)v;
	return 0;
}

static int parse_part(const char *part, struct config_secret *s, bool *owned, struct fail *f)
{
	const char *value = strchr(part, '=');
	size_t len = strcspn(part, "=");
	uint64_t mode;

	if (!value)
		return refuse(f, EINVAL, "parsing secret: option %.60s must be in form option=value", part);
	value++;
	if (len == 4 && !strncmp(part, "type", 4)) {
		if (strcmp(value, "mount") && strcmp(value, "env"))
			return refuse(f, EINVAL, "parsing secret: type %.60s is invalid: mount or env", value);
		s->env = *value == 'e';
	} else if (len == 6 && !strncmp(part, "target", 6)) {
		mem_replace(&s->target, mem_strdup(value));
	} else if (len == 6 && !strncmp(part, "source", 6)) {
		mem_replace(&s->name, mem_strdup(value));
	} else if (len == 3 && !strncmp(part, "uid", 3)) {
		*owned = true;
		return parse_id("UID", value, &s->uid, f);
	} else if (len == 3 && !strncmp(part, "gid", 3)) {
		*owned = true;
		return parse_id("GID", value, &s->gid, f);
	} else if (len == 4 && !strncmp(part, "mode", 4)) {
		*owned = true;
		if (str_to_u64(value, 8, &mode) < 0 || mode > 0777)
			return refuse(f, EINVAL, "parsing secret: mode %.40s invalid", value);
		s->mode = (uint32_t)mode;
	} else {
		return refuse(f, EINVAL, "parsing secret: option %.60s invalid", part);
	}
	return 0;
}

static int check_target(const struct config_secret *s, struct fail *f)
{
	auto_free char *clean = path_clean(s->target ? s->target : s->name);

	if (s->env)
		return *s->target && !strchr(s->target, '=') ? 0 :
			       refuse(f, EINVAL, "parsing secret: '%.60s' is no name of a variable", s->target);
	if (!*s->target || !strcmp(clean, "/") || !strncmp(clean, "..", 2))
		return refuse(f, EINVAL, "parsing secret: the target '%.100s' is no place for a file", s->target);
	return 0;
}

static int parse_one(const char *text, struct config_secret *s, struct fail *f)
{
	auto_strv char **parts = strv_split(text, ",", true);
	bool owned = false;
	size_t i = 0;
	int r = 0;

	s->mode = MODE_DEFAULT;
	if (parts && !strchr(parts[0], '='))
		s->name = mem_strdup(parts[i++]);
	for (; parts && parts[i] && r == 0; i++)
		r = parse_part(parts[i], s, &owned, f);
	if (r < 0)
		return r;
	if (!s->name || !*s->name)
		return refuse(f, EINVAL, "parsing secret: no source found in '%.100s'", text);
	if (s->env && owned)
		return refuse(f, EINVAL, "parsing secret: UID, GID, Mode options cannot be set with secret type env");
	if (!s->target)
		s->target = mem_strdup(s->name);
	return check_target(s, f);
}

int secretopt_parse(char *const *typed, struct container_config *c, struct fail *f)
{
	size_t n = strv_len(typed);

	if (!n)
		return 0;
	c->secrets = mem_array(n, sizeof(*c->secrets));
	for (; c->n_secrets < n; c->n_secrets++) {
		int r = parse_one(typed[c->n_secrets], &c->secrets[c->n_secrets], f);

		if (r < 0) {
			c->n_secrets++;
			return r;
		}
	}
	return 0;
}

/* Owners other than us need the user's namespace. */
static int give_in_child(struct engine *e, int fd, const struct config_secret *s, struct fail *f)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct fail ignored = { 0 };

		if (userns_enter_hinted(engine_userns_hint(e), &ignored) < 0)
			_exit(EPERM);
		_exit(fchown(fd, s->uid, s->gid) < 0 ? errno : 0);
	}
	status = pid < 0 ? errno : spawn_wait(pid);
	if (status == 0)
		return 0;
	if (status != EINVAL)
		return fail(f, status > 0 ? status : EIO, "give secret '%s' to %u:%u", s->name, s->uid, s->gid);
	(void)refuse(f, EINVAL, "give secret '%s' to %u:%u: such an id is not mapped", s->name, s->uid, s->gid);
	fail_hint(f, "more subordinate ids (/etc/subuid, /etc/subgid) make room: rbox doctor");
	return -EINVAL;
}

static int place_file(struct engine *e, int dir, const char *file, const struct config_secret *s,
		      const struct secret *content, struct fail *f)
{
	auto_fd int fd = -EBADF;
	int r = file_replace(dir, file, content->data, content->len, 0600, FILE_UNSEEN);

	if (r == 0)
		r = fd = fd_open(dir, file, O_RDONLY | O_NOFOLLOW, 0);
	if (r >= 0 && fchmod(fd, s->mode) < 0)
		r = -errno;
	if (r < 0)
		return fail(f, -r, "write secret '%s' into the container's folder", s->name);
	return s->uid || s->gid ? give_in_child(e, fd, s, f) : 0;
}

int secretopt_place(struct engine *e, int dir_fd, struct container_config *c, struct fail *f)
{
	auto_fd int dir = -EBADF;
	int r = 0;

	if (c->n_secrets && mkdirat(dir_fd, "secrets", 0700) < 0)
		return fail(f, errno, "make the folder of the container's secrets");
	if (c->n_secrets)
		dir = path_open_beneath(dir_fd, "secrets", O_RDONLY | O_DIRECTORY, 0);
	for (size_t i = 0; r == 0 && i < c->n_secrets; i++) {
		struct config_secret *s = &c->secrets[i];
		auto_secret struct secret content = { 0 };
		auto_free char *file = mem_printf("%zu", i);

		r = secret_find(&e->store, s->name, &content, f);
		if (r < 0)
			break;
		mem_replace(&s->id, mem_strdup(content.id));
		if (!s->env)
			r = place_file(e, dir, file, s, &content, f);
	}
	return r;
}

void secretopt_mounts(const struct container_config *c, const char *ctr_path, struct spec *s)
{
	for (size_t i = 0; i < c->n_secrets; i++) {
		const char *t = c->secrets[i].target;
		auto_free char *below = *t == '/' ? mem_strdup(t) : path_join("/run/secrets", t);
		auto_free char *clean = path_clean(below);
		auto_free char *source = mem_printf("%s/secrets/%zu", ctr_path, i);

		if (!c->secrets[i].env)
			spec_add_mount(s, clean, "bind", source, "bind,rprivate,nosuid,noexec,nodev,ro");
	}
}

int secretopt_env(struct engine *e, const struct container_config *c, char ***env, struct fail *f)
{
	for (size_t i = 0; i < c->n_secrets; i++) {
		const struct config_secret *s = &c->secrets[i];
		auto_secret struct secret content = { 0 };
		char *entry;
		int r;

		if (!s->env)
			continue;
		r = secret_find(&e->store, s->id, &content, f);
		if (r == -ENOENT) {
			fail_clear(f);
			return refuse(f, ENOENT, "no secret with name or id \"%s\": no such secret", s->name);
		}
		if (r < 0)
			return r;
		/* A variable ends at its first NUL. */
		entry = mem_printf("%s=%.*s", s->target, (int)content.len, content.data);
		strv_env_set(env, entry);
		explicit_bzero(entry, strlen(entry));
		free(entry);
	}
	return 0;
}

json_t *secretopt_inspect(const struct container_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_secrets; i++) {
		const struct config_secret *s = &c->secrets[i];

		if (!s->env)
			json_array_append_new(a, json_pack("{s:s, s:s, s:i, s:i, s:i}", "Name", s->name, "ID",
							   s->id ? s->id : "", "UID", (int)s->uid, "GID", (int)s->gid,
							   "Mode", (int)s->mode));
	}
	return a;
}
