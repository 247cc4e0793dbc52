// SPDX-License-Identifier: Apache-2.0
/* Manifests, indexes and configs; what is accepted and written again means the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/oci/image.h"
#include "pkg/util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(const struct index *x)
{
	static const char *const wanted[] = { "linux/amd64", "linux/arm/v6", "arm64" };

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		const struct descriptor *d = NULL;
		struct platform p;
		struct fail f = { 0 };

		if (platform_parse(wanted[i], &p, &f) < 0)
			abort();
		if (index_choose(x, &p, &d, &f) >= 0 && !d)
			abort();
		platform_done(&p);
	}
}

static void write_again(const struct manifest *m)
{
	auto_json json_t *first = jsonf_write(manifest_fields, m);
	auto_json json_t *second = NULL;
	struct manifest copy = { 0 };
	struct fail f = { 0 };

	if (jsonf_read(manifest_fields, &copy, first, &f) < 0)
		abort();
	second = jsonf_write(manifest_fields, &copy);
	if (!json_equal(first, second))
		abort();
	jsonf_done(manifest_fields, &copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	enum manifest_kind kind;
	struct image_config c;
	struct manifest m;
	struct index x;
	struct fail f = { 0 };

	if (manifest_kind(text, size, NULL, &kind, &f) < 0)
		fail_clear(&f);
	if (index_parse(text, size, &x, &f) >= 0)
		choose(&x);
	else
		fail_clear(&f);
	jsonf_done(index_fields, &x);
	if (manifest_parse(text, size, &m, &f) >= 0)
		write_again(&m);
	else
		fail_clear(&f);
	jsonf_done(manifest_fields, &m);
	(void)!image_config_parse(text, size, &c, &f);
	jsonf_done(image_config_fields, &c);
	return 0;
}
