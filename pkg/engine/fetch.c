// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/create.h"
#include "pkg/oci/image.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/image.h"

enum policy { PULL_MISSING, PULL_ALWAYS, PULL_NEWER, PULL_NEVER };

static int parse_policy(const char *text, enum policy *ret, struct fail *f)
{
	static const struct {
		const char *word;
		enum policy policy;
	} words[] = { { "missing", PULL_MISSING }, { "always", PULL_ALWAYS }, { "newer", PULL_NEWER },
		      { "never", PULL_NEVER }, { "true", PULL_ALWAYS }, { "false", PULL_NEVER },
		      { "ifnewer", PULL_NEWER }, { "ifmissing", PULL_MISSING } };

	*ret = PULL_MISSING;
	if (!text || !*text)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!strcmp(words[i].word, text)) {
			*ret = words[i].policy;
			return 0;
		}
	}
	return refuse(f, EINVAL, "unsupported pull policy \"%.40s\": missing, always, newer or never", text);
}

static void set(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

/* Said at once, whether or not the credentials are needed. What an environment variable names may be missing. */
static int check_authfile(const struct pull_group *g, struct fail *f)
{
	if (!g->authfile || access(g->authfile, F_OK) == 0)
		return 0;
	return fail(f, errno, "credential file is not accessible: faccessat %s", g->authfile);
}

/* podman's other sources (containers-transports(5)): what stands behind the colon is no tag. */
static int check_transport(const char *ref, struct fail *f)
{
	/* FILE: of the form FILE[:NAME], which can be loaded; the others have to be made such one first. */
	static const struct { const char *word; bool file; } known[] = {
		{ "docker-archive", true }, { "oci-archive", true }, { "oci", false }, { "dir", false },
		{ "docker-daemon", false }, { "containers-storage", false },
	};
	size_t n = strcspn(ref, ":");

	for (size_t i = 0; ref[n] && i < ARRAY_LEN(known); i++) {
		const char *path = ref + n + 1;

		if (strlen(known[i].word) != n || strncmp(known[i].word, ref, n))
			continue;
		(void)refuse(f, ENOTSUP, "rbox has no transport '%s' yet", known[i].word);
		if (known[i].file)
			fail_hint(f, "rbox load -i %.*s", (int)strcspn(path, ":"), path);
		else
			fail_hint(f, "skopeo copy %.300s docker-archive:x.tar && rbox load -i x.tar", ref);
		return -ENOTSUP;
	}
	return 0;
}

json_t *fetch_request(const struct pull_group *g, const char *ref, const char *policy, struct fail *f)
{
	int64_t delay = 0;
	json_t *o;

	if (check_transport(ref, f) < 0 || check_authfile(g, f) < 0)
		return NULL;
	if (g->retry_delay && (time_parse_span(g->retry_delay, &delay) < 0 || delay < 0)) {
		(void)refuse(f, EINVAL, "invalid --retry-delay '%.40s': a span like 5s or 1m is wanted", g->retry_delay);
		return NULL;
	}
	o = json_pack("{s:s, s:s, s:i}", "op", "pull", "image", ref, "retry", g->retry ? g->retry : -1);
	if (!o) {
		(void)refuse(f, EINVAL, "the name of the image is no text");
		return NULL;
	}
	if (delay)
		json_object_set_new(o, "retry_delay", json_integer(delay));
	set(o, "policy", policy);
	set(o, "platform", g->platform);
	set(o, "arch", g->arch);
	set(o, "os", g->os);
	set(o, "variant", g->variant);
	set(o, "authfile", g->authfile);
	set(o, "creds", g->creds);
	set(o, "cert_dir", g->cert_dir);
	if (g->tls_verify != TRI_UNSET)
		json_object_set_new(o, "tls", json_boolean(g->tls_verify == TRI_TRUE));
	return o;
}

static int pull(const struct run_opts *o, enum policy policy, const struct fetcher *fetcher, struct fail *f)
{
	json_t *q = fetch_request(&o->fetch, o->image, policy == PULL_NEWER ? "newer" : "always", f);

	return q ? fetcher->run(fetcher->ctx, q, f) : -f->code;
}

/* Is the image ID for the platform that was asked for? What wasn't said is this machine's. */
static int fits(struct engine *e, const struct pull_group *g, const struct digest *id, struct fail *f)
{
	struct platform want = { 0 }, here = { 0 };
	struct image_config config = { 0 };
	auto_free char *text = NULL;
	bool variant = g->platform || g->variant;
	int r = platform_parse(NULL, &here, f);

	if (r == 0 && !g->platform)
		text = mem_printf("%s/%s%s%s", g->os ? g->os : here.os, g->arch ? g->arch : here.arch,
				  g->variant ? "/" : "", g->variant ? g->variant : "");
	platform_done(&here);
	if (r == 0)
		r = platform_parse(text ? text : g->platform, &want, f);
	if (r == 0)
		r = image_load_config(&e->store, id, &config, f);
	if (r == 0)
		r = str_eq(want.os, config.os) && str_eq(want.arch, config.arch) &&
		    (!variant || !config.variant || !want.variant || str_eq(want.variant, config.variant));
	jsonf_done(image_config_fields, &config);
	platform_done(&want);
	return r;
}

/* 1 when the store has it, 0 when it hasn't. */
static int find_here(struct engine *e, const struct run_opts *o, struct digest *ret, char **ret_name,
		     struct fail *f)
{
	const struct pull_group *g = &o->fetch;
	int r = image_find(&e->store, o->image, ret, ret_name, f);

	if (r == -ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (r < 0 || !(g->platform || g->arch || g->os || g->variant))
		return r < 0 ? r : 1;
	r = fits(e, g, ret, f);
	if (r <= 0)
		mem_free_ptr(ret_name);
	return r;
}

int fetch_image(struct engine *e, const struct run_opts *o, const struct fetcher *fetcher,
		struct digest *ret, char **ret_name, struct fail *f)
{
	struct fail transport = { 0 };
	enum policy policy;
	int r = parse_policy(o->pull, &policy, f);

	if (r == 0)
		r = check_authfile(&o->fetch, f);
	if (r < 0)
		return r;
	if (policy == PULL_MISSING || policy == PULL_NEVER) {
		r = find_here(e, o, ret, ret_name, f);
		if (r > 0)
			return 0;
	}
	/* Behind that: "oci" and "dir" may as well be names. */
	if (check_transport(o->image, &transport) < 0) {
		*f = transport;
		return -f->code;
	}
	if (r < 0)
		return r;
	if (policy == PULL_NEVER || str_starts(o->image, "localhost/"))
		return refuse(f, ENOENT, "%s: image not known", o->image);
	r = pull(o, policy, fetcher, f);
	if (r < 0 && policy == PULL_NEWER) {
		/* podman's rule: an unreachable registry is no failure while there is an image. */
		struct fail first = *f;

		fail_clear(f);
		if (image_find(&e->store, o->image, ret, ret_name, f) == 0)
			return 0;
		*f = first;
	}
	if (r < 0)
		return r;
	return image_find(&e->store, o->image, ret, ret_name, f);
}
