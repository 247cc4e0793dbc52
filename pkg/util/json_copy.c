// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "pkg/util/json.h"
#include "pkg/util/mem.h"

static void copy_array(const struct field *row, void *to, const void *from)
{
	size_t n = *(const size_t *)(const void *)((const char *)from + row->count_offset);
	const char *items = *(char *const *)(const void *)((const char *)from + row->offset);
	char *copy = n ? mem_array(n, row->size) : NULL;

	for (size_t i = 0; i < n; i++)
		jsonf_copy(row->sub, copy + i * row->size, items + i * row->size);
	*(char **)(void *)((char *)to + row->offset) = copy;
	*(size_t *)(void *)((char *)to + row->count_offset) = n;
}

static void copy_field(const struct field *row, void *to, const void *from)
{
	switch (row->kind) {
	case FK_STR:
		mem_replace(to, mem_strdup(*(char *const *)from));
		break;
	case FK_BOOL:
		*(bool *)to = *(const bool *)from;
		break;
	case FK_I64:
		*(int64_t *)to = *(const int64_t *)from;
		break;
	case FK_U32:
	case FK_INT:
	case FK_ENUM:
		memcpy(to, from, sizeof(int));
		break;
	case FK_STRV:
	case FK_MAP:
	case FK_SET:
		strv_free_ptr(to);
		*(char ***)to = strv_dup(*(char **const *)from);
		break;
	case FK_JSON:
		json_decref(*(json_t **)to);
		*(json_t **)to = json_deep_copy(*(json_t *const *)from);
		break;
	case FK_OBJ:
		jsonf_copy(row->sub, to, from);
		break;
	default:
		break;
	}
}

void jsonf_copy(const struct field *table, void *to, const void *from)
{
	for (const struct field *row = table; row->kind != FK_END; row++) {
		if (row->kind == FK_ARRAY)
			copy_array(row, to, from);
		else
			copy_field(row, (char *)to + row->offset, (const char *)from + row->offset);
	}
}
