// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "pkg/util/fd.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "runtime/seccomp.h"
#include "runtime/seccomp_program.h"

/*
 * A profile in JSON becomes libseccomp's rules. Two dialects, told apart by their members
 * (config-linux.md of the runtime-spec; containers/common's seccomp.json): the spec's has
 * "architectures", "flags" and rules that always hold; podman's has "archMap", "errno" by name, and
 * "includes" and "excludes" by capability, architecture and kernel. Both may be mixed.
 */
enum { ARGS_MAX = 6, ERRNO_MAX = 4095 };

struct word_value {
	const char *word;
	uint64_t value;
};

static const struct word_value arches[] = {
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ NULL, 0 },
};

/* The kernel's own architecture in the words of "includes": Go's. */
static const struct word_value go_arches[] = {
	{ "amd64", SCMP_ARCH_X86_64 },	   { "386", SCMP_ARCH_X86 },
	{ "arm64", SCMP_ARCH_AARCH64 },	   { "arm", SCMP_ARCH_ARM },
	{ "ppc64le", SCMP_ARCH_PPC64LE },  { "s390x", SCMP_ARCH_S390X },
	{ "riscv64", SCMP_ARCH_RISCV64 },  { "mips64le", SCMP_ARCH_MIPSEL64 },
	{ NULL, 0 },
};

static const struct word_value ops[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ NULL, 0 },
};

static const struct word_value flags[] = {
	/* A container starts as one thread: nothing to synchronise. */
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	/* Only of use with a notification, which is refused. */
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0 },
	{ NULL, 0 },
};

/* What the answers of a profile depend on. */
struct world {
	char *const *caps;
	const char *go_arch;
	unsigned kernel_major, kernel_minor;
};

struct build {
	scmp_filter_ctx ctx;
	const struct world *world;
	uint32_t default_action, flags;
};

static int look_up(const struct word_value *table, const json_t *j, const char *what, uint64_t *ret,
		   struct fail *f)
{
	const char *s = json_string_value(j);

	if (!s)
		return refuse(f, EBADMSG, "%s: a string is wanted", what);
	for (; table->word; table++) {
		if (!strcmp(table->word, s)) {
			*ret = table->value;
			return 0;
		}
	}
	return refuse(f, EBADMSG, "%s: '%.60s' is not a word known here", what, s);
}

/* An optional list: NULL when missing or null. */
static int get_list(const json_t *obj, const char *key, json_t **ret, struct fail *f)
{
	json_t *j = json_object_get(obj, key);

	*ret = NULL;
	if (!j || json_is_null(j))
		return 0;
	if (!json_is_array(j))
		return refuse(f, EBADMSG, "%s: an array is wanted", key);
	*ret = j;
	return 0;
}

static int get_number(const json_t *obj, const char *key, json_int_t fallback, json_int_t *ret,
		      struct fail *f)
{
	json_t *j = json_object_get(obj, key);

	*ret = fallback;
	if (!j || json_is_null(j))
		return 0;
	if (!json_is_integer(j))
		return refuse(f, EBADMSG, "%s: a whole number is wanted", key);
	*ret = json_integer_value(j);
	return 0;
}

static int errno_by_name(const char *name)
{
	for (int e = 1; e < 256; e++) {
		const char *s = strerrorname_np(e);

		if (s && !strcmp(s, name))
			return e;
	}
	return 0;
}

/* The errno value beside an action: by name (podman's, which wins) or by number; EPERM else. */
static int get_errno(const json_t *obj, const char *name_key, const char *number_key, uint32_t *ret,
		     struct fail *f)
{
	const char *name = json_string_value(json_object_get(obj, name_key));
	json_int_t n;
	int r = get_number(obj, number_key, EPERM, &n, f);

	if (r < 0)
		return r;
	if (name && *name) {
		n = errno_by_name(name);
		if (!n)
			return refuse(f, EBADMSG, "%s: '%.40s' is no errno name", name_key, name);
	}
	if (n < 0 || n > ERRNO_MAX)
		return refuse(f, ERANGE, "%s: %lld is no errno value", number_key, (long long)n);
	*ret = (uint32_t)n;
	return 0;
}

static int get_action(const json_t *j, const char *what, uint32_t err, uint32_t *ret, struct fail *f)
{
	const struct word_value actions[] = {
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
		{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(err) },
		{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(err) },
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
		{ NULL, 0 },
	};
	uint64_t v;
	int r;

	if (json_is_string(j) && !strcmp(json_string_value(j), "SCMP_ACT_NOTIFY"))
		return refuse(f, ENOTSUP, "%s: SCMP_ACT_NOTIFY needs a supervisor, which rbox does not "
			      "start for a profile", what);
	r = look_up(actions, j, what, &v, f);
	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

static int add_arch(struct build *b, const json_t *j, const char *what, struct fail *f)
{
	uint64_t token;
	int r = look_up(arches, j, what, &token, f);

	if (r < 0)
		return r;
	r = seccomp_arch_add(b->ctx, (uint32_t)token);
	/* -EDOM: another byte order, so none that this kernel runs. */
	return r < 0 && r != -EEXIST && r != -EDOM ? fail(f, -r, "%s", what) : 0;
}

static int add_arch_list(struct build *b, const json_t *list, const char *what, struct fail *f)
{
	size_t i;
	json_t *j;

	json_array_foreach(list, i, j)
	{
		int r = add_arch(b, j, "a name", f);

		if (r < 0)
			return fail_in(f, r, "%s[%zu]", what, i);
	}
	return 0;
}

/* The kernel's own architecture is always there; those it also runs come from either list. */
static int add_arches(struct build *b, const json_t *profile, struct fail *f)
{
	json_t *list, *map, *one;
	uint64_t token;
	size_t i;

	if (get_list(profile, "architectures", &list, f) < 0 ||
	    get_list(profile, "archMap", &map, f) < 0)
		return -f->code;
	if (json_array_size(list) && json_array_size(map))
		return refuse(f, EBADMSG, "'architectures' and 'archMap' are both there: use either");
	if (list && add_arch_list(b, list, "architectures", f) < 0)
		return -f->code;
	if (!map)
		return 0;
	json_array_foreach(map, i, one)
	{
		json_t *sub;
		int r = look_up(arches, json_object_get(one, "architecture"), "architecture", &token, f);

		if (r == 0)
			r = get_list(one, "subArchitectures", &sub, f);
		if (r == 0 && token == seccomp_arch_native() && sub)
			r = add_arch_list(b, sub, "subArchitectures", f);
		if (r < 0)
			return fail_in(f, r, "archMap[%zu]", i);
	}
	return 0;
}

/* How many of the words in the list KEY hold, by IS; -errno. */
static int count_words(const json_t *cond, const char *key, const struct world *w,
		       bool (*is)(const struct world *w, const char *s), size_t *ret_n, struct fail *f)
{
	int hits = 0;
	json_t *list, *j;
	size_t i;

	*ret_n = 0;
	if (get_list(cond, key, &list, f) < 0)
		return -f->code;
	if (!list)
		return 0;
	json_array_foreach(list, i, j)
	{
		if (!json_is_string(j))
			return refuse(f, EBADMSG, "%s[%zu]: a string is wanted", key, i);
		hits += is(w, json_string_value(j));
	}
	*ret_n = json_array_size(list);
	return hits;
}

static bool has_cap(const struct world *w, const char *s)
{
	return strv_has(w->caps, s);
}

static bool is_arch(const struct world *w, const char *s)
{
	return !strcmp(w->go_arch, s);
}

/* Whether the kernel is at least "4.8"; true when there is no such condition. */
static int kernel_is(const json_t *cond, const struct world *w, bool *ret_set, struct fail *f)
{
	const char *s = json_string_value(json_object_get(cond, "minKernel"));
	unsigned major, minor;
	char rest;

	*ret_set = s && *s;
	if (!*ret_set)
		return 1;
	if (strspn(s, "0123456789.") != strlen(s) || strlen(s) > 15 ||
	    sscanf(s, "%4u.%4u%c", &major, &minor, &rest) != 2)
		return refuse(f, EBADMSG, "minKernel: '%.20s' is not a version as 4.8", s);
	return w->kernel_major > major || (w->kernel_major == major && w->kernel_minor >= minor);
}

/* 1 when the rule counts here, 0 when it is to be passed over, -errno. */
static int rule_applies(const json_t *rule, const struct world *w, struct fail *f)
{
	const json_t *in = json_object_get(rule, "includes"), *ex = json_object_get(rule, "excludes");
	bool set;
	size_t n;
	int r;

	if ((in && !json_is_object(in) && !json_is_null(in)) ||
	    (ex && !json_is_object(ex) && !json_is_null(ex)))
		return refuse(f, EBADMSG, "%s: an object is wanted",
			      in && !json_is_object(in) ? "includes" : "excludes");
	r = count_words(ex, "arches", w, is_arch, &n, f);
	if (r == 0)
		r = count_words(ex, "caps", w, has_cap, &n, f);
	if (r != 0)
		return r < 0 ? fail_in(f, r, "excludes") : 0;
	r = kernel_is(ex, w, &set, f);
	if (r < 0 || (r && set))
		return r < 0 ? fail_in(f, r, "excludes") : 0;
	r = count_words(in, "arches", w, is_arch, &n, f);
	if (r < 0 || (n && !r))
		return r < 0 ? fail_in(f, r, "includes") : 0;
	r = count_words(in, "caps", w, has_cap, &n, f);
	if (r < 0 || (size_t)r < n)
		return r < 0 ? fail_in(f, r, "includes") : 0;
	r = kernel_is(in, w, &set, f);
	return r < 0 ? fail_in(f, r, "includes") : r;
}

static int read_arg(const json_t *j, struct scmp_arg_cmp *ret, struct fail *f)
{
	json_int_t index, value, two;
	uint64_t op;

	if (!json_is_object(j))
		return refuse(f, EBADMSG, "an object is wanted");
	if (get_number(j, "index", 0, &index, f) < 0 || get_number(j, "value", 0, &value, f) < 0 ||
	    get_number(j, "valueTwo", 0, &two, f) < 0 ||
	    look_up(ops, json_object_get(j, "op"), "op", &op, f) < 0)
		return -f->code;
	if (index < 0 || index >= ARGS_MAX)
		return refuse(f, ERANGE, "index: a call has the arguments 0 to 5, not %lld",
			      (long long)index);
	*ret = (struct scmp_arg_cmp){ (unsigned)index, (enum scmp_compare)op, (scmp_datum_t)value,
				      (scmp_datum_t)two };
	return 0;
}

static int read_args(const json_t *rule, struct scmp_arg_cmp args[ARGS_MAX], unsigned *ret_n,
		     struct fail *f)
{
	json_t *list, *j;
	size_t i;

	*ret_n = 0;
	if (get_list(rule, "args", &list, f) < 0)
		return -f->code;
	if (json_array_size(list) > ARGS_MAX)
		return refuse(f, E2BIG, "args: more than 6 conditions");
	if (!list)
		return 0;
	json_array_foreach(list, i, j)
	{
		int r = read_arg(j, &args[i], f);

		if (r < 0)
			return fail_in(f, r, "args[%zu]", i);
	}
	*ret_n = (unsigned)json_array_size(list);
	return 0;
}

static bool one_index_twice(const struct scmp_arg_cmp *args, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			if (args[i].arg == args[j].arg)
				return true;
	return false;
}

/*
 * One call of one rule. libseccomp lets a rule compare an argument once: conditions on the same
 * argument become a rule each, so they are alternatives, as in runc and crun.
 */
static int add_call(struct build *b, const char *name, uint32_t action, unsigned n,
		    const struct scmp_arg_cmp *args)
{
	int nr = seccomp_syscall_resolve_name(name), r = 0;

	/* A name this libseccomp doesn't know: passed over, as podman does, with the default answer. */
	if (nr == __NR_SCMP_ERROR || action == b->default_action)
		return 0;
	if (!one_index_twice(args, n))
		return seccomp_rule_add_array(b->ctx, action, nr, n, args);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add_array(b->ctx, action, nr, 1, &args[i]);
	return r;
}

static int add_names(struct build *b, const json_t *names, uint32_t action, unsigned n,
		     const struct scmp_arg_cmp *args, struct fail *f)
{
	json_t *j;
	size_t i;

	json_array_foreach(names, i, j)
	{
		int r;

		if (!json_is_string(j))
			return refuse(f, EBADMSG, "names[%zu]: a string is wanted", i);
		r = add_call(b, json_string_value(j), action, n, args);
		if (r < 0)
			return fail(f, -r, "names[%zu]: add a rule for '%.60s'", i, json_string_value(j));
	}
	return 0;
}

static int add_rule(struct build *b, const json_t *rule, struct fail *f)
{
	const char *name = json_string_value(json_object_get(rule, "name"));
	struct scmp_arg_cmp args[ARGS_MAX];
	json_t *names;
	uint32_t action, err;
	unsigned n;
	int r;

	if (!json_is_object(rule))
		return refuse(f, EBADMSG, "an object is wanted");
	r = get_list(rule, "names", &names, f);
	if (r == 0 && name && *name && json_array_size(names))
		r = refuse(f, EBADMSG, "'name' and 'names' are both there: use either");
	if (r == 0 && !(name && *name) && !json_array_size(names))
		r = refuse(f, EBADMSG, "no 'names'");
	if (r == 0)
		r = get_errno(rule, "errno", "errnoRet", &err, f);
	if (r == 0)
		r = get_action(json_object_get(rule, "action"), "action", err, &action, f);
	if (r == 0)
		r = read_args(rule, args, &n, f);
	if (r < 0)
		return r;
	r = rule_applies(rule, b->world, f);
	if (r <= 0)
		return r;
	if (!name || !*name)
		return add_names(b, names, action, n, args, f);
	r = add_call(b, name, action, n, args);
	return r < 0 ? fail(f, -r, "add a rule for '%.60s'", name) : 0;
}

static int add_rules(struct build *b, const json_t *profile, struct fail *f)
{
	json_t *list, *j;
	size_t i;

	if (get_list(profile, "syscalls", &list, f) < 0)
		return -f->code;
	if (!list)
		return 0;
	json_array_foreach(list, i, j)
	{
		int r = add_rule(b, j, f);

		if (r < 0)
			return fail_in(f, r, "syscalls[%zu]", i);
	}
	return 0;
}

static int add_flags(struct build *b, const json_t *profile, struct fail *f)
{
	json_t *list, *j;
	uint64_t v;
	size_t i;

	if (get_list(profile, "flags", &list, f) < 0)
		return -f->code;
	if (!list)
		return 0;
	json_array_foreach(list, i, j)
	{
		if (look_up(flags, j, "flags", &v, f) < 0)
			return -f->code;
		b->flags |= (uint32_t)v;
	}
	return 0;
}

static void release_build(struct build *b)
{
	if (b->ctx)
		seccomp_release(b->ctx);
}

static int compile(const json_t *profile, const struct world *w, struct fail *f)
{
	__attribute__((cleanup(release_build))) struct build b = { .world = w };
	uint32_t err;
	int r;

	r = get_errno(profile, "defaultErrno", "defaultErrnoRet", &err, f);
	if (r == 0)
		r = get_action(json_object_get(profile, "defaultAction"), "defaultAction", err,
			       &b.default_action, f);
	if (r < 0)
		return r;
	b.ctx = seccomp_init(b.default_action);
	if (!b.ctx)
		return refuse(f, EINVAL, "libseccomp refuses the default action");
	/* Before any rule: an architecture added later gets none of them. */
	r = add_arches(&b, profile, f);
	if (r == 0)
		r = add_flags(&b, profile, f);
	if (r < 0)
		return r;
	r = seccomp_attr_set(b.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return fail(f, -r, "ask libseccomp for a binary tree");
	r = add_rules(&b, profile, f);
	return r < 0 ? r : seccomp_program_make(b.ctx, b.flags, f);
}

static int learn_world(char *const *caps, struct world *ret, struct fail *f)
{
	struct utsname u;

	*ret = (struct world){ .caps = caps, .go_arch = "" };
	for (const struct word_value *a = go_arches; a->word; a++)
		if (a->value == seccomp_arch_native())
			ret->go_arch = a->word;
	if (uname(&u) < 0 || sscanf(u.release, "%4u.%4u", &ret->kernel_major, &ret->kernel_minor) != 2)
		return refuse(f, EINVAL, "the kernel does not tell its version");
	return 0;
}

/* All that the program depends on: the profile and the answers to its conditions. */
static void make_key(struct str *key, const json_t *profile, const struct world *w)
{
	auto_free char *text = json_dumps(profile, JSON_COMPACT | JSON_SORT_KEYS);

	seccomp_key_start(key, "profile");
	str_addf(key, "kernel %u.%u caps", w->kernel_major, w->kernel_minor);
	strv_each(it, w->caps)
		str_addf(key, " %s", *it);
	str_addf(key, "\n%s\n", text ? text : "");
	if (!text)
		key->over = true;
}

int seccomp_compile(const json_t *profile, char *const *caps, int cache_dir, struct fail *f)
{
	auto_str struct str key = STR_INIT(4 * 1024 * 1024);
	struct world w;
	int fd;

	if (!json_is_object(profile))
		return refuse(f, EBADMSG, "seccomp profile: an object is wanted");
	if (learn_world(caps, &w, f) < 0)
		return -f->code;
	make_key(&key, profile, &w);
	fd = seccomp_cache_get(cache_dir, &key);
	if (fd >= 0)
		return fd;
	fd = compile(profile, &w, f);
	if (fd < 0)
		return fail_in(f, fd, "seccomp profile");
	seccomp_cache_put(cache_dir, &key, fd);
	return fd;
}
