// SPDX-License-Identifier: Apache-2.0
/* auth.json in both of its formats, and what a server's WWW-Authenticate may be. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "registry/auth.h"
#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const json_t *j, bool legacy)
{
	static const char *const hosts[] = { "q.io", "docker.io", "localhost:5000" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct auth a;
		struct fail f = { 0 };
		int r = auth_lookup(j, legacy, hosts[i], "ns/repo", &a, &f);

		if (r > 0 && !a.user && !a.identity_token)
			abort();
		if (r > 0 && a.user) {
			auto_free char *basic = auth_basic(&a);

			if (strlen(basic) % 4)
				abort();
		}
		if (r <= 0 && (a.user || a.identity_token))
			abort();
		auth_done(&a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	char *values[] = { text, NULL };
	struct challenge c;
	struct fail f = { 0 };
	auto_json json_t *j = jsonf_parse((const char *)data, size, 0, "fuzz", &f);

	if (j) {
		look_up(j, false);
		look_up(j, true);
	}
	challenge_parse(values, &c);
	if (c.scheme == AUTH_SCHEME_BEARER && !c.realm)
		abort();
	challenge_done(&c);
	return 0;
}
