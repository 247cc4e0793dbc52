// SPDX-License-Identifier: Apache-2.0
/* Manifests, indexes and configs as registries send them, right and wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/oci/image.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DESC(media, hex, size) \
	"{\"mediaType\":\"" media "\",\"digest\":\"sha256:" hex "\",\"size\":" size "}"
#define CONFIG "\"config\":" DESC(MEDIA_OCI_CONFIG, A64, "7")
#define LAYERS "\"layers\":[" DESC(MEDIA_OCI_LAYER "+gzip", B64, "99") "]"
#define MANIFESTS "\"manifests\":[" DESC(MEDIA_OCI_MANIFEST, A64, "1") "]"

static void test_kind(void **state)
{
	static const struct {
		const char *text, *content_type, *msg;
		int want;
	} rows[] = {
		{ "{\"schemaVersion\":2," CONFIG "," LAYERS "}", NULL, NULL, MANIFEST_IMAGE },
		{ "{\"schemaVersion\":2," CONFIG "," LAYERS "}",
		  MEDIA_OCI_MANIFEST "; charset=utf-8", NULL, MANIFEST_IMAGE },
		{ "{\"schemaVersion\":2," CONFIG "," LAYERS "}", "text/plain", NULL, MANIFEST_IMAGE },
		{ "{\"schemaVersion\":2," MANIFESTS "}", NULL, NULL, MANIFEST_INDEX },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_LIST "\"," MANIFESTS "}",
		  MEDIA_DOCKER_LIST, NULL, MANIFEST_INDEX },
		{ "{\"schemaVersion\":2," CONFIG "," LAYERS "," MANIFESTS "}", NULL,
		  "the manifest is ambiguous: it has the members of an index and those of an image "
		  "(CVE-2021-41190)", -1 },
		{ "{\"schemaVersion\":2," CONFIG "," LAYERS "}", MEDIA_OCI_INDEX,
		  "the manifest is an image by its members but says '" MEDIA_OCI_INDEX "'", -1 },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST "\"," MANIFESTS "}", NULL,
		  "the manifest is an index by its members but says '" MEDIA_DOCKER_MANIFEST "'", -1 },
		{ "{\"schemaVersion\":2,\"mediaType\":\"x/y\"," MANIFESTS "}", NULL,
		  "manifests of the type 'x/y' are not supported", -1 },
		{ "{\"schemaVersion\":2,\"mediaType\":5," MANIFESTS "}", NULL,
		  "the manifest's 'mediaType' is not a string", -1 },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", NULL,
		  "the manifest is of docker's schema 1, which can't be verified and is not supported",
		  -1 },
		{ "{\"schemaVersion\":2}", NULL,
		  "the manifest has neither 'manifests' nor 'layers'", -1 },
		{ "[]", NULL, "the manifest is not a JSON object", -1 },
		{ "", NULL, "manifest: not valid JSON: '[' or '{' expected near end of file (line 1, "
			    "column 0)", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum manifest_kind kind = MANIFEST_IMAGE;
		struct fail f = { 0 };
		int r = manifest_kind(rows[i].text, strlen(rows[i].text), rows[i].content_type, &kind, &f);

		if (rows[i].msg) {
			assert_true(r < 0);
			assert_string_equal(f.msg, rows[i].msg);
		} else {
			assert_int_equal(r, 0);
			assert_int_equal(kind, rows[i].want);
		}
	}
}

static void test_manifest(void **state)
{
	static const char text[] = "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\","
				   CONFIG "," LAYERS ",\"annotations\":{\"a\":\"b=c\"}}";
	auto_json json_t *in = NULL;
	auto_json json_t *out = NULL;
	struct manifest m;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(manifest_parse(text, strlen(text), &m, &f), 0);
	assert_int_equal(m.n_layers, 1);
	assert_int_equal(m.layers[0].size, 99);
	assert_string_equal(m.layers[0].digest.hex, B64);
	assert_string_equal(m.config.digest.hex, A64);
	assert_true(descriptor_is_layer(&m.layers[0]));
	assert_false(descriptor_is_layer(&m.config));
	in = jsonf_parse(text, strlen(text), 0, "in", &f);
	out = jsonf_write(manifest_fields, &m);
	assert_true(json_equal(in, out));
	jsonf_done(manifest_fields, &m);
}

static void test_manifest_refused(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{ "{" MANIFESTS "}", "an image is wanted, but the manifest is an index" },
		{ "{" LAYERS "}", "the manifest has no config" },
		{ "{\"config\":{},\"layers\":[]}", "manifest: config: 'size' is missing" },
		{ "{" CONFIG ",\"layers\":[{\"size\":1}]}", "layer 0 has no digest" },
		{ "{" CONFIG ",\"layers\":[" DESC("x", B64, "-1") "]}", "layer 0 has a negative size" },
		{ "{\"config\":" DESC(MEDIA_OCI_CONFIG, A64, "5000000") "," LAYERS "}",
		  "the image's config has 5000000 bytes, 4 MiB are allowed" },
		{ "{" CONFIG ",\"layers\":[{\"size\":1,\"digest\":\"sha256:x\"}]}",
		  "manifest: layers[0]: digest: 'sha256:x': 64 lower-case hex digits are wanted after "
		  "'sha256:'" },
		{ "{" CONFIG ",\"layers\":{}}", "manifest: layers: an array is wanted, not an object" },
		{ "{\"config\":" DESC("application/vnd.cncf.helm.config.v1+json", A64, "5") "," LAYERS "}",
		  "this is not a container image but an artifact: its config is "
		  "'application/vnd.cncf.helm.config.v1+json'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct manifest m;
		struct fail f = { 0 };

		assert_true(manifest_parse(rows[i].text, strlen(rows[i].text), &m, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		assert_null(m.layers);
		assert_int_equal(m.n_layers, 0);
	}
}

/* MEMBER: an array of N copies of ITEM. */
static char *many(const char *head, const char *item, size_t n, const char *tail)
{
	struct str s = STR_INIT(3 << 20);

	str_add(&s, head);
	for (size_t i = 0; i < n; i++)
		str_addf(&s, "%s%s", i ? "," : "", item);
	str_add(&s, tail);
	return str_take(&s);
}

static void test_ceilings(void **state)
{
	auto_free char *layers = many("{" CONFIG ",\"layers\":[", "{}", 513, "]}");
	auto_free char *manifests = many("{\"manifests\":[", "{}", 1001, "]}");
	auto_free char *fit = many("{" CONFIG ",\"layers\":[", DESC("x", B64, "1"), 512, "]}");
	auto_free char *diffs = many("{\"rootfs\":{\"diff_ids\":[", "\"\"", 513, "]}}");
	struct image_config c;
	struct manifest m;
	struct index x;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(manifest_parse(fit, strlen(fit), &m, &f), 0);
	jsonf_done(manifest_fields, &m);
	assert_int_equal(manifest_parse(layers, strlen(layers), &m, &f), -E2BIG);
	assert_string_equal(f.msg, "513 layers are more than the 512 allowed");
	fail_clear(&f);
	assert_int_equal(index_parse(manifests, strlen(manifests), &x, &f), -E2BIG);
	assert_string_equal(f.msg, "1001 manifests are more than the 1000 allowed");
	fail_clear(&f);
	assert_int_equal(image_config_parse(diffs, strlen(diffs), &c, &f), -E2BIG);
	assert_string_equal(f.msg, "image config: 513 layers are more than the 512 allowed");
}

static void test_config(void **state)
{
	static const char text[] =
		"{\"created\":\"2024-01-01T00:00:00Z\",\"architecture\":\"arm\",\"variant\":\"v7\","
		"\"os\":\"linux\",\"unknown\":1,\"config\":{\"User\":\"1:2\",\"ExposedPorts\":{\"80/tcp\":{}},"
		"\"Env\":[\"A=b\"],\"Entrypoint\":[\"/x\"],\"Cmd\":null,\"Volumes\":{\"/data\":{}},"
		"\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\",\"Healthcheck\":{\"Test\":[\"CMD\",\"t\"],"
		"\"Interval\":30000000000,\"Retries\":3}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" A64 "\"]},"
		"\"history\":[{\"created_by\":\"RUN x\"},{\"empty_layer\":true}]}";
	struct image_config c;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(image_config_parse(text, strlen(text), &c, &f), 0);
	assert_string_equal(c.arch, "arm");
	assert_string_equal(c.config.exposed_ports[0], "80/tcp");
	assert_string_equal(c.config.volumes[0], "/data");
	assert_string_equal(c.config.labels[0], "k=v");
	assert_null(c.config.cmd);
	assert_int_equal(c.config.healthcheck.interval, 30000000000);
	assert_int_equal(c.config.healthcheck.retries, 3);
	assert_int_equal(c.n_history, 2);
	assert_true(c.history[1].empty_layer);
	assert_string_equal(c.rootfs.diff_ids[0], "sha256:" A64);
	jsonf_done(image_config_fields, &c);
}

static void test_config_refused(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{ "{\"rootfs\":{\"type\":\"raw\"}}",
		  "image config: a root filesystem made of layers is wanted" },
		{ "{\"rootfs\":{\"diff_ids\":[\"sha256:" A64 "\",\"x\"]}}",
		  "image config: rootfs.diff_ids[1]: 'x' is not a digest (sha256:<64 hex digits>)" },
		{ "{\"config\":{\"Env\":[1]}}",
		  "image config: config: Env[0]: element: a string is wanted, not a number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image_config c;
		struct fail f = { 0 };

		assert_true(image_config_parse(rows[i].text, strlen(rows[i].text), &c, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		assert_null(c.rootfs.diff_ids);
	}
}

static void test_platform(void **state)
{
	static const struct {
		const char *text, *os, *arch, *variant;
	} rows[] = {
		{ "linux/arm64/v8", "linux", "arm64", "v8" }, { "arm64", "linux", "arm64", "v8" },
		{ "aarch64", "linux", "arm64", "v8" },	      { "linux/x86_64", "linux", "amd64", NULL },
		{ "Linux/AMD64", "linux", "amd64", NULL },    { "linux/arm", "linux", "arm", "v7" },
		{ "linux/arm/v6", "linux", "arm", "v6" },     { "armhf", "linux", "arm", "v7" },
		{ "windows/amd64", "windows", "amd64", NULL },
		{ "linux/sparc64", "linux", "sparc64", NULL },
	};
	static const char *const bad[] = { "", "/", "linux/", "a/b/c/d", "toaster", "linux/\x1b", "a b/c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct platform p;
		struct fail f = { 0 };

		assert_int_equal(platform_parse(rows[i].text, &p, &f), 0);
		assert_string_equal(p.os, rows[i].os);
		assert_string_equal(p.arch, rows[i].arch);
		assert_true(str_eq(p.variant, rows[i].variant));
		platform_done(&p);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct platform p;
		struct fail f = { 0 };

		assert_int_equal(platform_parse(bad[i], &p, &f), -EINVAL);
		assert_null(p.os);
	}
}

static void test_platform_messages(void **state)
{
	struct platform p;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(platform_parse("toaster", &p, &f), -EINVAL);
	assert_string_equal(f.msg, "'toaster' is not a platform (OS/ARCH[/VARIANT], as in linux/arm64)");
	fail_clear(&f);
	assert_int_equal(platform_parse(NULL, &p, &f), 0);
	assert_string_equal(p.os, "linux");
	assert_non_null(p.arch);
	platform_done(&p);
}

#define ENTRY(hex, os, arch, variant)                                                           \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:" hex "\",\"size\":1,"   \
	"\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" variant "}}"
#define V(v) ",\"variant\":\"" v "\""
#define HEX_OF(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c \
		  c c c c c c c c c c c c c c c c c c c c c c c c

static const char choice[] =
	"{\"manifests\":["
	ENTRY(HEX_OF("0"), "unknown", "unknown", "") ","
	ENTRY(HEX_OF("1"), "linux", "amd64", "") ","
	ENTRY(HEX_OF("2"), "linux", "arm", V("v5")) ","
	ENTRY(HEX_OF("3"), "linux", "arm", V("v7")) ","
	ENTRY(HEX_OF("4"), "linux", "arm", V("v6")) ","
	ENTRY(HEX_OF("5"), "linux", "arm64", V("v9")) ","
	ENTRY(HEX_OF("6"), "linux", "arm64", "") ","
	ENTRY(HEX_OF("7"), "linux", "amd64", V("v3")) ","
	ENTRY(HEX_OF("8"), "windows", "amd64", "") ","
	ENTRY(HEX_OF("9"), "linux", "s390x", "") "]}";

static void test_choose(void **state)
{
	static const struct {
		const char *want;
		char hex;
	} rows[] = {
		{ "linux/amd64", '1' }, { "linux/amd64/v2", '1' }, { "linux/amd64/v4", '7' },
		{ "linux/arm/v7", '3' }, { "linux/arm/v6", '4' }, { "linux/arm/v5", '2' },
		{ "arm", '3' }, { "arm64", '6' }, { "linux/arm64/v9", '5' }, { "windows/amd64", '8' },
		{ "linux/s390x", '9' },
	};
	struct index x;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(index_parse(choice, strlen(choice), &x, &f), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct descriptor *d = NULL;
		struct platform p;

		assert_int_equal(platform_parse(rows[i].want, &p, &f), 0);
		assert_int_equal(index_choose(&x, &p, &d, &f), 0);
		assert_int_equal(d->digest.hex[0], rows[i].hex);
		platform_done(&p);
	}
	jsonf_done(index_fields, &x);
}

static void test_choose_none(void **state)
{
	const struct descriptor *d = NULL;
	struct platform p;
	struct index x;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(index_parse(choice, strlen(choice), &x, &f), 0);
	assert_int_equal(platform_parse("linux/riscv64", &p, &f), 0);
	assert_int_equal(index_choose(&x, &p, &d, &f), -ENOENT);
	assert_string_equal(f.msg, "the image has nothing for linux/riscv64, only for: linux/amd64, "
				   "linux/arm/v5, linux/arm/v7, linux/arm/v6, linux/arm64/v9, linux/arm64, "
				   "linux/amd64/v3, windows/amd64, linux/s390x");
	platform_done(&p);
	jsonf_done(index_fields, &x);
}

static void test_choose_bare(void **state)
{
	static const char one[] = "{" MANIFESTS "}";
	static const char two[] = "{\"manifests\":[" DESC(MEDIA_OCI_MANIFEST, A64, "1") ","
				  DESC(MEDIA_OCI_MANIFEST, B64, "1") "]}";
	const struct descriptor *d = NULL;
	struct platform p;
	struct index x;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(platform_parse("linux/amd64", &p, &f), 0);
	assert_int_equal(index_parse(one, strlen(one), &x, &f), 0);
	assert_int_equal(index_choose(&x, &p, &d, &f), 0);
	assert_string_equal(d->digest.hex, A64);
	jsonf_done(index_fields, &x);
	assert_int_equal(index_parse(two, strlen(two), &x, &f), 0);
	assert_int_equal(index_choose(&x, &p, &d, &f), -ENOENT);
	assert_string_equal(f.msg, "the image has nothing for linux/amd64: its index names no platform");
	jsonf_done(index_fields, &x);
	platform_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind), cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_manifest_refused), cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_config), cmocka_unit_test(test_config_refused),
		cmocka_unit_test(test_platform), cmocka_unit_test(test_platform_messages),
		cmocka_unit_test(test_choose), cmocka_unit_test(test_choose_none),
		cmocka_unit_test(test_choose_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
