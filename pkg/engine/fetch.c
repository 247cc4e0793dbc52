// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/fetch.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/create.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
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

json_t *fetch_request(const struct pull_group *g, const char *ref, const char *policy)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:i}", "op", "pull", "image", ref, "policy", policy, "retry",
			      g->retry);

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
	return fetcher->run(fetcher->ctx, fetch_request(&o->fetch, o->image,
							policy == PULL_NEWER ? "newer" : "always"), f);
}

int fetch_image(struct engine *e, const struct run_opts *o, const struct fetcher *fetcher,
		struct digest *ret, char **ret_name, struct fail *f)
{
	enum policy policy;
	int r = parse_policy(o->pull, &policy, f);
	/* Another platform than ours must be asked for at the registry: a name says nothing of it. */
	bool chosen = o->fetch.platform || o->fetch.arch || o->fetch.os || o->fetch.variant;

	if (r < 0)
		return r;
	if (policy != PULL_ALWAYS && policy != PULL_NEWER && !(chosen && policy == PULL_MISSING)) {
		r = image_find(&e->store, o->image, ret, ret_name, f);
		if (r != -ENOENT || policy == PULL_NEVER)
			return r;
		fail_clear(f);
	}
	if (str_starts(o->image, "localhost/"))
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
