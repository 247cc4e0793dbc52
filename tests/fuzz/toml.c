// SPDX-License-Identifier: Apache-2.0
/* TOML, and registries.conf made of it with names looked up in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/conf.h"
#include "registry/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct registry_conf *c)
{
	static const char *const names[] = { "alpine", "q.io/a/b:1", "a.wild.io:5000/x", "localhost/x" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_ref struct ref r = { 0 };
		struct endpoints e;
		struct fail f = { 0 };

		if (conf_resolve(c, names[i], &r, &f) < 0)
			continue;
		if (conf_endpoints(c, &r, &e, &f) >= 0 && !e.n)
			abort();
		endpoints_done(&e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_conf c = { 0 };
	struct fail f = { 0 };
	auto_json json_t *j = toml_parse((const char *)data, size, "fuzz", &f);

	if (!j && !f.msg[0])
		abort();
	fail_clear(&f);
	if (conf_merge(&c, (const char *)data, size, "fuzz", &f) >= 0)
		look_up(&c);
	conf_done(&c);
	return 0;
}
