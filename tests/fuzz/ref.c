// SPDX-License-Identifier: Apache-2.0
/* A name that is accepted is complete: written out and read again it is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/oci/ref.h"
#include "pkg/util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_ref struct ref r = { 0 };
	auto_ref struct ref again = { 0 };
	auto_free char *whole = NULL;
	auto_free char *twice = NULL;
	struct fail f = { 0 };

	(void)ref_is_short(text);
	if (ref_parse(text, &r, &f) < 0) {
		if (!f.msg[0] || r.registry || r.repo || r.tag)
			abort();
		return 0;
	}
	/* What becomes part of URLs and paths. */
	if (strstr(r.repo, "..") || strpbrk(r.repo, "?#%@: \\") || strpbrk(r.registry, "/?#%@ \\"))
		abort();
	whole = ref_format(&r);
	if (ref_parse(whole, &again, &f) < 0)
		abort();
	twice = ref_format(&again);
	if (strcmp(whole, twice))
		abort();
	return 0;
}
