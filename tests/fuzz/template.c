// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a --format flag over rows of all kinds of values: no crash, no leak, an end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/template.h"

static const char rows[] =
	"[{\"ID\":\"0123\",\"Names\":[\"web\",\"db\"],\"Labels\":{\"a\":\"1\",\"b\":\"\"},\"N\":null,"
	"\"State\":{\"Status\":\"running\",\"ExitCode\":-1,\"Pid\":4194304},\"T\":true,\"F\":0.25,"
	"\"Networks\":{\"one\":{\"IPAddress\":\"10.0.0.1\"}},\"U\":\"\\u00e9\\u2028\"},{\"ID\":\"x\"}]";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_str struct str out = STR_INIT(1 << 20);
	auto_template struct template *t = NULL;
	struct fail f = { 0 };
	auto_json json_t *j = jsonf_parse(rows, sizeof(rows) - 1, 0, "rows", &f);

	if (format_rows(text, j, NULL, &out, &f) < 0 && !f.msg[0])
		abort();
	fail_clear(&f);
	str_clear(&out);
	if (template_parse("--format", text, &t, &f) < 0)
		return 0;
	(void)!template_render(t, json_array_get(j, 0), NULL, &out, &f);
	return 0;
}
