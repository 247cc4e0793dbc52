// SPDX-License-Identifier: Apache-2.0
/* A digest that is accepted is a safe file name and spelled in one way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/oci/digest.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	char again[DIGEST_TEXT_MAX];
	struct digest d = { 0 };
	struct fail f = { 0 };

	if (digest_parse(text, &d, &f) < 0) {
		if (!f.msg[0] || digest_is_set(&d))
			abort();
		fail_clear(&f);
		if (digest_parse_hex(text, &d, &f) < 0)
			return 0;
	} else if (strcmp(digest_format(&d, again), text)) {
		abort();
	}
	if (!path_is_component(d.hex) || !path_is_component(d.algo))
		abort();
	return 0;
}
