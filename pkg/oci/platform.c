// SPDX-License-Identifier: Apache-2.0
/* Which manifest of an index is for this machine (image-spec, image-index.md#platform). */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "pkg/oci/image.h"
#include "pkg/util/mem.h"

/* Go's names of architectures (GOARCH) by what uname(2) and people call them. */
static const struct {
	const char *name, *arch, *variant;
} arch_names[] = {
	{ "x86_64", "amd64", NULL }, { "x86-64", "amd64", NULL }, { "amd64", "amd64", NULL },
	{ "aarch64", "arm64", "v8" }, { "arm64", "arm64", "v8" },
	{ "armhf", "arm", "v7" }, { "armv7l", "arm", "v7" }, { "armv8l", "arm", "v7" },
	{ "arm", "arm", "v7" }, { "armel", "arm", "v6" }, { "armv6l", "arm", "v6" },
	{ "armv5tel", "arm", "v5" }, { "armv5tejl", "arm", "v5" },
	{ "i386", "386", NULL }, { "i486", "386", NULL }, { "i586", "386", NULL },
	{ "i686", "386", NULL }, { "386", "386", NULL },
	{ "ppc64le", "ppc64le", NULL }, { "ppc64", "ppc64", NULL }, { "s390x", "s390x", NULL },
	{ "riscv64", "riscv64", NULL }, { "loongarch64", "loong64", NULL },
	{ "loong64", "loong64", NULL }, { "mips64el", "mips64le", NULL },
	{ "mips64le", "mips64le", NULL }, { "mips64", "mips64", NULL }, { "mipsle", "mipsle", NULL },
	{ "mips", "mips", NULL }, { "wasm", "wasm", NULL },
};

static const char *const os_names[] = { "linux",  "windows", "darwin",	"freebsd",
					"netbsd", "openbsd", "solaris", "wasip1" };

static bool is_os(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(os_names); i++)
		if (!strcasecmp(word, os_names[i]))
			return true;
	return false;
}

static bool set_arch(struct platform *p, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(arch_names); i++) {
		if (strcasecmp(word, arch_names[i].name))
			continue;
		mem_replace(&p->arch, mem_strdup(arch_names[i].arch));
		mem_replace(&p->variant, mem_strdup(arch_names[i].variant));
		return true;
	}
	return false;
}

static void set_lower(char **to, const char *word)
{
	char *s = mem_strdup(word);

	for (char *c = s; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	mem_replace(to, s);
}

static void set_host(struct platform *p)
{
	struct utsname u;

	mem_replace(&p->os, mem_strdup("linux"));
	if (uname(&u) < 0 || !set_arch(p, u.machine))
		mem_replace(&p->arch, mem_strdup(uname(&u) < 0 ? "unknown" : u.machine));
}

static bool word_ok(const char *w)
{
	return *w && strlen(w) <= 32 &&
	       strspn(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       strlen(w);
}

static int parse_words(char *const *w, struct platform *p)
{
	size_t n = strv_len(w);

	strv_each(it, w) {
		if (!word_ok(*it))
			return -EINVAL;
	}
	if (!n || n > 3)
		return -EINVAL;
	set_host(p);
	if (n == 1 && is_os(w[0])) {
		set_lower(&p->os, w[0]);
		return 0;
	}
	if (n == 1)
		return set_arch(p, w[0]) ? 0 : -EINVAL;
	set_lower(&p->os, w[0]);
	if (!set_arch(p, w[1])) {
		/* An architecture that is new to us is still one an index may have. */
		set_lower(&p->arch, w[1]);
		mem_replace(&p->variant, NULL);
	}
	if (n == 3)
		set_lower(&p->variant, w[2]);
	return 0;
}

int platform_parse(const char *text, struct platform *ret, struct fail *f)
{
	auto_strv char **words = NULL;
	int r;

	*ret = (struct platform){ 0 };
	if (!text) {
		set_host(ret);
		return 0;
	}
	words = strv_split(text, "/", false);
	r = parse_words(words, ret);
	if (r < 0) {
		auto_str struct str seen = STR_INIT(512);
		auto_free char *cut = mem_strndup(text, 100);

		platform_done(ret);
		str_add_escaped(&seen, cut);
		return refuse(f, EINVAL,
			      "'%s' is not a platform (OS/ARCH[/VARIANT], as in linux/arm64)",
			      str_cstr(&seen));
	}
	return 0;
}

void platform_done(struct platform *p)
{
	jsonf_done(platform_fields, p);
}

/* "v8.1" -> 8001; no variant is each architecture's oldest common one; -1: not of that form. */
static long variant_rank(const char *arch, const char *variant)
{
	long major = 0, minor = 0;
	const char *c;

	if (!variant || !*variant)
		return str_eq(arch, "arm64") ? 8000 : str_eq(arch, "arm") ? 7000 : 1000;
	c = variant + (*variant == 'v');
	for (; *c >= '0' && *c <= '9' && major < 1000; c++)
		major = major * 10 + (*c - '0');
	if (*c == '.')
		for (c++; *c >= '0' && *c <= '9' && minor < 100; c++)
			minor = minor * 10 + (*c - '0');
	return *c || !major ? -1 : major * 1000 + minor;
}

static bool names_platform(const struct platform *p)
{
	return p->os || p->arch;
}

/* How well MAY fits WANT: the rank of its variant, or -1 when it doesn't run there. */
static long fitness(const struct platform *may, const struct platform *want)
{
	long have = variant_rank(may->arch, may->variant);
	long need = variant_rank(want->arch, want->variant);

	if (!str_eq(may->os, want->os) || !str_eq(may->arch, want->arch))
		return -1;
	if (have < 0 || need < 0)
		return str_eq(may->variant, want->variant) ? 0 : -1;
	return have <= need ? have : -1;
}

static bool is_attestation(const struct descriptor *d)
{
	return str_eq(d->platform.os, "unknown") && str_eq(d->platform.arch, "unknown");
}

/* Signatures, SBOMs and the like that ride in an index are nobody's platform. */
static bool is_image(const struct descriptor *d)
{
	static const char *const types[] = { MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST,
					     MEDIA_OCI_INDEX, MEDIA_DOCKER_LIST };

	if (is_attestation(d) || d->artifact_type)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_eq(d->media_type, types[i]))
			return true;
	return !d->media_type;
}

static void add_platform(struct str *s, const struct platform *p)
{
	str_add_escaped(s, p->os ? p->os : "?");
	str_addc(s, '/');
	str_add_escaped(s, p->arch ? p->arch : "?");
	if (p->variant && *p->variant) {
		str_addc(s, '/');
		str_add_escaped(s, p->variant);
	}
}

static int refuse_platform(const struct index *index, const struct platform *want, struct fail *f)
{
	auto_str struct str wanted = STR_INIT(300);
	auto_str struct str all = STR_INIT(800);

	add_platform(&wanted, want);
	for (size_t i = 0; i < index->n_manifests; i++) {
		auto_str struct str one = STR_INIT(300);

		if (!is_image(&index->manifests[i]) || !names_platform(&index->manifests[i].platform))
			continue;
		add_platform(&one, &index->manifests[i].platform);
		if (all.len + one.len > 600) {
			str_add(&all, ", ...");
			break;
		}
		str_addf(&all, "%s%s", all.len ? ", " : "", str_cstr(&one));
	}
	if (!all.len)
		return refuse(f, ENOENT, "the image has nothing for %s: its index names no platform",
			      str_cstr(&wanted));
	return refuse(f, ENOENT, "the image has nothing for %s, only for: %s", str_cstr(&wanted),
		      str_cstr(&all));
}

int index_choose(const struct index *index, const struct platform *want,
		 const struct descriptor **ret, struct fail *f)
{
	const struct descriptor *best = NULL, *bare = NULL;
	size_t n_bare = 0;
	long top = -1;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *d = &index->manifests[i];
		long fit;

		if (!is_image(d))
			continue;
		if (!names_platform(&d->platform)) {
			bare = d;
			n_bare++;
			continue;
		}
		fit = fitness(&d->platform, want);
		if (fit > top) {
			top = fit;
			best = d;
		}
	}
	/* An index of one image often names no platform (OCI layouts of skopeo and umoci). */
	if (!best && n_bare == 1)
		best = bare;
	if (!best)
		return refuse_platform(index, want, f);
	*ret = best;
	return 0;
}
