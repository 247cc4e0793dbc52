// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/ps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pkg/engine/ports.h"
#include "pkg/engine/ps_part.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/ctr.h"

/* Go's zero time in seconds since 1970, which podman's JSON has for what never was. */
#define NEVER INT64_C(-62135596800)

struct ps_list {
	struct ps_row *v;
	size_t n;
};

static void row_done(struct ps_row *r)
{
	mem_free_ptr(&r->id);
	summary_done(&r->summary);
	state_done(&r->state);
	config_done(&r->config);
}

static void list_done(struct ps_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		row_done(&l->v[i]);
	mem_free_ptr(&l->v);
}
#define auto_list __attribute__((cleanup(list_done)))

/* --- reading --- */

static int load(struct engine *e, const char *id, bool full, struct ps_row *row, struct fail *f)
{
	auto_fd int dir = ctr_open(&e->store, id, f);
	int r = dir;

	if (r >= 0)
		r = summary_load(dir, &row->summary, f);
	if (r >= 0)
		r = state_load(dir, &row->state, f);
	if (r >= 0 && (full || row->summary.more))
		r = config_load(dir, &row->config, f);
	row->id = mem_strdup(id);
	return r;
}

static int load_all(struct engine *e, const struct ps_filter *filter, bool full, struct ps_list *l, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(&e->store, &ids, f);

	if (r < 0)
		return r;
	l->v = mem_array(strv_len(ids), sizeof(*l->v));
	strv_each(it, ids) {
		struct ps_row *row = &l->v[l->n];

		r = load(e, *it, full, row, f);
		if (r == 0 && ps_filter_match(filter, row)) {
			l->n++;
			continue;
		}
		if (r < 0 && r != -ENOENT)
			e->warn("container %.12s can't be read: %s", *it, f->msg);
		if (r < 0)
			fail_clear(f);
		row_done(row);
		memset(row, 0, sizeof(*row));
	}
	return 0;
}

static int load_sizes(struct engine *e, struct ps_list *l, struct fail *f)
{
	auto_free const struct container_config **configs = mem_array(l->n, sizeof(*configs));
	auto_free struct size *sizes = mem_array(l->n, sizeof(*sizes));
	int r;

	for (size_t i = 0; i < l->n; i++)
		configs[i] = &l->v[i].config;
	r = engine_sizes(e, configs, l->n, sizes, f);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		l->v[i].size = sizes[i];
	return r;
}

/* --- the order --- */

static int compare(int64_t x, int64_t y)
{
	return x < y ? -1 : x > y;
}

static int compare_str(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "");
}

static int by_created(const void *a, const void *b)
{
	const struct ps_row *x = a, *y = b;
	int r = compare(x->summary.created, y->summary.created);

	return r ? r : strcmp(x->id, y->id);
}

static int newest_first(const void *a, const void *b)
{
	return -by_created(a, b);
}

static int by_command(const void *a, const void *b)
{
	return compare_str(((const struct ps_row *)a)->summary.command, ((const struct ps_row *)b)->summary.command);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct ps_row *)a)->id, ((const struct ps_row *)b)->id);
}

static int by_image(const void *a, const void *b)
{
	return compare_str(((const struct ps_row *)a)->summary.image, ((const struct ps_row *)b)->summary.image);
}

static int by_name(const void *a, const void *b)
{
	return compare_str(((const struct ps_row *)a)->summary.name, ((const struct ps_row *)b)->summary.name);
}

static int by_start(const void *a, const void *b)
{
	return compare(((const struct ps_row *)a)->state.started_at, ((const struct ps_row *)b)->state.started_at);
}

static int by_size(const void *a, const void *b)
{
	return compare(((const struct ps_row *)a)->size.root_fs, ((const struct ps_row *)b)->size.root_fs);
}

static int by_status(const void *a, const void *b)
{
	return strcmp(status_word((enum status)((const struct ps_row *)a)->state.status),
		      status_word((enum status)((const struct ps_row *)b)->state.status));
}

static void sort(struct ps_list *l, enum ps_sort by)
{
	static int (*const rules[])(const void *a, const void *b) = {
		[PS_NEWEST] = newest_first, [PS_CREATED] = by_created,	   [PS_COMMAND] = by_command,
		[PS_ID] = by_id,	    [PS_IMAGE] = by_image,	   [PS_NAMES] = by_name,
		[PS_SIZE] = by_size,	    [PS_RUNNINGFOR] = by_start, [PS_STATUS] = by_status,
	};

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), rules[by]);
}

/* --- a row --- */

const char *ps_health(const struct ps_row *r)
{
	return health_names[r->state.health];
}

static char *status_text(const struct ps_row *r, int64_t now)
{
	const char *word = status_word((enum status)r->state.status), *health = ps_health(r);
	char span[TIME_HUMAN_MAX];
	auto_free char *text = NULL;

	if (r->state.status == STATUS_RUNNING)
		text = mem_printf("Up %s", time_human(now - r->state.started_at, span));
	else if (r->state.status == STATUS_STOPPED)
		text = mem_printf("Exited (%d) %s ago", r->state.exit_code,
				  time_human(now - r->state.finished_at, span));
	else if (r->state.status == STATUS_RESTARTING)
		text = mem_printf("Restarting (%d) %s ago", r->state.exit_code,
				  time_human(now - r->state.finished_at, span));
	else
		text = mem_printf("%c%s", word[0] - 32, word + 1);
	return *health && r->state.status == STATUS_RUNNING ? mem_printf("%s (%s)", text, health) : mem_take(&text);
}

static void set_str(json_t *o, const char *key, const char *value)
{
	json_t *s = json_string(value ? value : "");

	if (!s) {
		auto_str struct str escaped = STR_INIT(1 << 20);

		str_add_escaped(&escaped, value);
		s = json_string(str_cstr(&escaped));
	}
	json_object_set_new(o, key, s);
}

static void set_time(json_t *o, const char *key, int64_t t)
{
	json_object_set_new(o, key, json_integer(t ? t / TIME_SECOND : NEVER));
}

/* {"80": ["tcp", "udp"]} of "80/tcp", "80/udp" */
static json_t *exposed_json(char *const *ports)
{
	json_t *o = ports ? json_object() : json_null();

	strv_each(it, ports) {
		auto_free char *port = mem_strndup(*it, strcspn(*it, "/"));
		const char *slash = strchr(*it, '/');
		json_t *list = json_object_get(o, port);

		if (!list) {
			list = json_array();
			json_object_set_new(o, port, list);
		}
		json_array_append_new(list, json_string(slash ? slash + 1 : "tcp"));
	}
	return o;
}

static json_t *mounts_of(const struct container_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_mounts; i++)
		json_array_append_new(a, json_string(c->mounts[i].destination));
	return a;
}

/* Those of volumes, as docker counts them. */
static char *volumes_number(const struct container_config *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n_mounts; i++)
		n += str_eq(c->mounts[i].type, "volume");
	return mem_printf("%u", n);
}

static void add_config(json_t *o, const struct ps_row *r)
{
	const struct container_config *c = &r->config;
	auto_free char *volumes = volumes_number(c);

	json_object_set_new(o, "Command", jsonf_strv(c->cmd));
	set_str(o, "CIDFile", c->cid_file);
	json_object_set_new(o, "ExposedPorts", exposed_json(c->exposed_ports));
	json_object_set_new(o, "Labels", c->labels ? jsonf_map(c->labels) : json_null());
	json_object_set_new(o, "Mounts", mounts_of(c));
	/* podman's list is of networks with a name: none of these modes makes one. */
	json_object_set_new(o, "Networks", json_array());
	set_str(o, "NetworkMode", c->net.mode);
	set_str(o, "LocalVolumes", volumes);
}

static void add_namespaces(json_t *o, const struct ps_row *r)
{
	static const char *const names[][2] = {
		{ "Mnt", "mnt" }, { "Cgroup", "cgroup" }, { "Ipc", "ipc" }, { "Net", "net" },
		{ "Pidns", "pid" }, { "Uts", "uts" }, { "User", "user" },
	};
	bool running = r->state.status == STATUS_RUNNING || r->state.status == STATUS_PAUSED;

	for (size_t i = 0; running && i < ARRAY_LEN(names); i++) {
		auto_free char *path = mem_printf("/proc/%d/ns/%s", r->state.pid, names[i][1]);
		auto_free char *number = NULL;
		struct stat st;

		if (stat(path, &st) < 0)
			continue;
		number = mem_printf("%llu", (unsigned long long)st.st_ino);
		set_str(o, names[i][0], number);
	}
}

/* The whole command when the config is there, else its beginning. */
static char *command_line(const struct ps_row *r, bool whole)
{
	char *const *words = r->config.cmd ? r->config.cmd : r->config.args;
	auto_free char *line = words ? strv_join(words, " ") : mem_strdup(r->summary.command ? r->summary.command : "");
	size_t n = strlen(line);

	if (whole || n <= 17)
		return mem_take(&line);
	for (n = 17; n && ((unsigned char)line[n] & 0xc0) == 0x80; n--)
		;
	return mem_printf("%.*s...", (int)n, line);
}

static void add_state(json_t *j, const struct ps_row *r, int64_t now)
{
	bool alive = r->state.status == STATUS_RUNNING || r->state.status == STATUS_PAUSED ||
		     r->state.status == STATUS_STOPPING || r->state.status == STATUS_CREATED;
	auto_free char *status = status_text(r, now);

	json_object_set_new(j, "Exited", json_boolean(r->state.status == STATUS_STOPPED));
	set_time(j, "ExitedAt", r->state.finished_at);
	json_object_set_new(j, "ExitCode", json_integer(r->state.exit_code));
	json_object_set_new(j, "Pid", json_integer(alive ? r->state.pid : 0));
	json_object_set_new(j, "Restarts", json_integer(r->state.restarts));
	set_time(j, "StartedAt", r->state.started_at);
	set_str(j, "State", status_word((enum status)r->state.status));
	set_str(j, "Status", status);
	set_str(j, "HealthStatus", ps_health(r));
}

static json_t *row_json(const struct ps_row *r, const struct ps_opts *o, int64_t now)
{
	char span[TIME_HUMAN_MAX], go[TIME_GO_MAX];
	auto_free char *ago = mem_printf("%s ago", time_human(now - r->summary.created, span));
	auto_free char *short_id = mem_strndup(r->id, o->no_trunc ? CTR_ID_LEN : 12);
	auto_free char *command = command_line(r, o->no_trunc);
	auto_free char *ports = r->config.id ? summary_ports(&r->config) : NULL;
	json_t *j = json_object(), *ns = json_object();

	set_str(j, "Id", r->id);
	set_str(j, "ID", short_id);
	json_object_set_new(j, "AutoRemove", json_boolean(r->summary.rm));
	set_str(j, "CommandLine", command);
	json_object_set_new(j, "Created", json_integer(r->summary.created / TIME_SECOND));
	set_str(j, "CreatedAt", time_format_go(r->summary.created, go));
	set_str(j, "RunningFor", ago);
	set_str(j, "Image", r->summary.image);
	set_str(j, "ImageID", r->summary.image_id);
	json_object_set_new(j, "IsInfra", json_false());
	json_object_set_new(j, "Names", json_pack("[s]", r->summary.name));
	set_str(j, "Pod", "");
	set_str(j, "PodName", "");
	json_object_set_new(j, "Ports", o->full ? ports_list_json(&r->config) : json_null());
	set_str(j, "PortsText", r->config.id ? ports : r->summary.ports);
	json_object_set_new(j, "Size", o->size && r->size.rw >= 0 ?
			    json_pack("{s:I, s:I}", "rootFsSize", (json_int_t)r->size.root_fs, "rwSize",
				      (json_int_t)r->size.rw) : json_null());
	add_state(j, r, now);
	if (o->namespaces)
		add_namespaces(ns, r);
	json_object_set_new(j, "Namespaces", ns);
	if (o->full)
		add_config(j, r);
	return j;
}

int engine_ps(struct engine *e, const struct ps_opts *o, json_t **ret, struct fail *f)
{
	auto_list struct ps_list l = { NULL, 0 };
	struct ps_filter filter;
	int64_t now = time_now();
	int r = ps_filter_init(e, o, &filter, f);
	size_t n;

	if (r == 0)
		r = load_all(e, &filter, o->full || o->no_trunc || o->size || ps_filter_wants_config(&filter), &l, f);
	ps_filter_done(&filter);
	if (r == 0 && o->size)
		r = load_sizes(e, &l, f);
	if (r < 0)
		return r;
	/* The newest are chosen first, whatever order they are shown in. */
	sort(&l, PS_NEWEST);
	n = l.n;
	if (o->last > 0 && (size_t)o->last < n)
		l.n = (size_t)o->last;
	sort(&l, o->sort);
	*ret = json_array();
	for (size_t i = 0; i < l.n; i++)
		json_array_append_new(*ret, row_json(&l.v[i], o, now));
	l.n = n;
	return 0;
}
