// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/progress.h"
#include "pkg/engine/fetch.h"
#include "pkg/util/json.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

struct pull_opts {
	struct pull_group fetch;
	char *retry, *retry_delay, *policy;
	bool quiet, all_tags, no_trust;
};

static const struct opt pull_rows[] = {
	OPT_FLAG('a', "all-tags", struct pull_opts, all_tags, "pull every tag of the repository (not done by rbox)"),
	OPT_STR(0, "arch", struct pull_opts, fetch.arch, "ARCH", "pull for this architecture"),
	OPT_STR(0, "authfile", struct pull_opts, fetch.authfile, "FILE", "read credentials from this file"),
	OPT_STR(0, "cert-dir", struct pull_opts, fetch.cert_dir, "FOLDER", "certificates and keys for the registry"),
	OPT_STR(0, "creds", struct pull_opts, fetch.creds, "[USER[:PASSWORD]]", "credentials for the registry"),
	OPT_FLAG(0, "disable-content-trust", struct pull_opts, no_trust, NULL),
	OPT_STR(0, "os", struct pull_opts, fetch.os, "OS", "pull for this operating system"),
	OPT_STR(0, "platform", struct pull_opts, fetch.platform, "OS/ARCH[/VARIANT]", "pull for this platform"),
	OPT_STR(0, "policy", struct pull_opts, policy, "POLICY", "always (default), missing, newer, never"),
	OPT_FLAG('q', "quiet", struct pull_opts, quiet, "show no progress"),
	OPT_STR(0, "retry", struct pull_opts, retry, "N", "try again this often (default 3)"),
	OPT_STR(0, "retry-delay", struct pull_opts, retry_delay, "SPAN", "wait this long before the first retry (default 2s)"),
	OPT_TRI(0, "tls-verify", struct pull_opts, fetch.tls_verify, "false: take any certificate, and plain http"),
	OPT_STR(0, "variant", struct pull_opts, fetch.variant, "VARIANT", "pull for this variant of the architecture"),
	OPT_END
};

static void print_image(void *ctx, const char *id, const char *name)
{
	(void)ctx;
	(void)name;
	app_printf("%s\n", id);
}

static int parse_retry(struct pull_opts *o, int64_t *ret_delay, struct fail *f)
{
	uint64_t n = 3;

	*ret_delay = 0;
	if (o->retry && (str_to_u64(o->retry, 10, &n) < 0 || n > 1000))
		return refuse(f, EINVAL, "--retry wants a number, not '%s'", o->retry);
	o->fetch.retry = (int)n;
	if (o->retry_delay && (time_parse_span(o->retry_delay, ret_delay) < 0 || *ret_delay < 0))
		return refuse(f, EINVAL, "--retry-delay wants a span as 5s or 1m, not '%s'", o->retry_delay);
	return 0;
}

static int check(const struct pull_opts *o, struct fail *f)
{
	static const char *const policies[] = { "always", "missing", "ifnotpresent", "newer", "never" };

	if (o->all_tags)
		return refuse(f, ENOTSUP, "--all-tags is not done by rbox: name the tags to pull");
	for (size_t i = 0; o->policy && i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(o->policy, policies[i]))
			return 0;
	return o->policy ? refuse(f, EINVAL, "unsupported pull policy \"%s\": always, missing, newer or never",
				  o->policy) : 0;
}

static int pull_one(struct app *app, struct pull_opts *o, const char *image, struct fail *f)
{
	const char *policy = o->policy && !strcmp(o->policy, "ifnotpresent") ? "missing" : o->policy;
	int64_t delay;
	json_t *q;
	int r = parse_retry(o, &delay, f);

	if (r < 0)
		return r;
	q = fetch_request(&o->fetch, image, policy, f);
	if (!q)
		return -f->code;
	if (o->retry_delay)
		json_object_set_new(q, "retry_delay", json_integer(delay));
	return transfer_show(app, q, o->quiet, print_image, NULL, f);
}

static int pull_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct pull_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, -1, f);
	if (r == 0)
		r = check(&o, f);
	for (int i = first; r == 0 && i < argc; i++)
		r = pull_one(app, &o, argv[i], f);
	opt_done(pull_rows, &o);
	return r;
}

const struct command pull_command = {
	.name = "pull", .args = "[options] IMAGE [IMAGE...]", .summary = "Pull images from a registry",
	.details = "Prints the id of each image. What the store has already is not transferred again.",
	.examples = "  rbox pull alpine\n  rbox pull --platform linux/arm64 quay.io/podman/hello:latest",
	.needs = NEED_STORE, .opts = pull_rows, .run = pull_run,
};
