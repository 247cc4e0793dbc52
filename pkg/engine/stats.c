// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "pkg/engine/pause.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/cgroup.h"
#include "runtime/procs.h"

enum { TEXT_MAX = 256 * 1024 };

/* --- reading --- */

static int read_proc(pid_t pid, const char *name, struct str *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_read(AT_FDCWD, path, s);
}

/* The number behind "KEY:" at the start of a line; 0 when there is none. */
static uint64_t number_of(const char *text, const char *key)
{
	for (const char *at = text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (str_starts(at, key) && at[strlen(key)] == ':')
			return strtoull(at + strlen(key) + 1, NULL, 10);
	}
	return 0;
}

static uint64_t memory_of(const struct proc *p)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);

	if (read_proc(p->hpid, "smaps_rollup", &s) < 0 || !s.len)
		return p->rss;
	return number_of(str_cstr(&s), "Pss") * 1024;
}

static void add_block(const struct proc *p, struct sample *ret)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);

	if (read_proc(p->hpid, "io", &s) < 0)
		return;
	ret->block_in += number_of(str_cstr(&s), "read_bytes");
	ret->block_out += number_of(str_cstr(&s), "write_bytes");
}

/* Lines "  NAME: rx-bytes and seven more, tx-bytes ..." (proc_pid_net(5)). */
static void read_net(pid_t pid, struct sample *ret)
{
	auto_str struct str s = STR_INIT(TEXT_MAX);
	auto_strv char **lines = NULL;

	if (read_proc(pid, "net/dev", &s) < 0)
		return;
	lines = strv_split(str_cstr(&s), "\n", true);
	strv_each(it, lines) {
		const char *name = *it + strspn(*it, " "), *colon = strchr(name, ':');
		auto_strv char **v = colon ? strv_split(colon + 1, " ", true) : NULL;
		uint64_t in, out;

		if (strv_len(v) < 9 || str_starts(name, "lo:") || str_to_u64(v[0], 10, &in) < 0 ||
		    str_to_u64(v[8], 10, &out) < 0)
			continue;
		ret->net_in += in;
		ret->net_out += out;
	}
}

static void read_usage(const struct container *c, struct sample *ret)
{
	auto_procs struct procs procs = { 0 };
	struct fail ignored = { 0 };
	struct sysinfo mem = { 0 };

	if (procs_read(c->state.pid, &procs, &ignored) < 0)
		return;
	for (size_t i = 0; i < procs.n; i++) {
		const struct proc *p = &procs.v[i];

		ret->cpu += p->cpu + p->cpu_children;
		ret->memory += memory_of(p);
		ret->pids += (uint64_t)(p->threads > 0 ? p->threads : 0);
		add_block(p, ret);
		if (p->hpid == c->state.pid)
			ret->lived = procs.now - p->start;
	}
	if (c->config.net.mode && strcmp(c->config.net.mode, "host"))
		read_net(c->state.pid, ret);
	if (sysinfo(&mem) == 0)
		ret->memory_limit = (uint64_t)mem.totalram * mem.mem_unit;
}

/* What the cgroup has counted is all, of the ended processes too: it takes the place of the sums. */
static void read_cgroup(const struct container *c, struct sample *ret)
{
	auto_fd int fd = container_cgroup(c);
	uint64_t n, cache = 0, max;

	if (fd < 0)
		return;
	if (cgroup_number(fd, "cpu.stat", "usage_usec", &n) == 0)
		ret->cpu = (int64_t)n * 1000;
	if (cgroup_number(fd, "pids.current", NULL, &n) == 0)
		ret->pids = n;
	if (cgroup_number(fd, "memory.current", NULL, &n) == 0) {
		(void)!cgroup_number(fd, "memory.stat", "inactive_file", &cache);
		ret->memory = n > cache ? n - cache : 0;
	}
	if (cgroup_number(fd, "memory.max", NULL, &max) == 0 && max < ret->memory_limit)
		ret->memory_limit = max;
	if (faccessat(fd, "io.stat", R_OK, 0) == 0) {
		ret->block_in = cgroup_sum(fd, "io.stat", "rbytes");
		ret->block_out = cgroup_sum(fd, "io.stat", "wbytes");
	}
}

static int one(struct engine *e, const struct selected *s, bool all, struct samples *ret, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	struct sample now = { 0 };
	int r = container_open_id(e, s->id, &c, f);

	if (r == -ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (r < 0)
		return r;
	now.running = container_is_running(&c) && c.state.pid > 0;
	if (!now.running && !all && !s->typed)
		return 0;
	memcpy(now.id, c.id, sizeof(now.id));
	now.name = mem_strdup(c.config.name);
	now.at = time_monotonic();
	if (now.running) {
		read_usage(&c, &now);
		read_cgroup(&c, &now);
	}
	ret->v = mem_resize(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = now;
	return 0;
}

int engine_stats(struct engine *e, const struct selection *s, bool all, struct samples *ret, struct fail *f)
{
	*ret = (struct samples){ NULL, 0 };
	for (size_t i = 0; i < s->n; i++) {
		int r = one(e, &s->v[i], all, ret, f);

		if (r < 0)
			return r;
	}
	return 0;
}

void samples_done(struct samples *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free_ptr(&s->v[i].name);
	mem_free_ptr(&s->v);
	s->n = 0;
}

/* --- rows --- */

/* "1.5MB", "1.43MiB": four digits, as docker's and podman's lists have it. */
static json_t *size_text(uint64_t a, uint64_t b, double base)
{
	static const char *const si[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	static const char *const iec[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	const char *const *units = base > 1000 ? iec : si;
	uint64_t v[2] = { a, b };
	char text[2][32];

	for (size_t i = 0; i < 2; i++) {
		double size = (double)v[i];
		size_t unit = 0;

		for (; size >= base && unit < ARRAY_LEN(si) - 1; unit++)
			size /= base;
		snprintf(text[i], sizeof(text[i]), "%.4g%s", size, units[unit]);
	}
	return json_sprintf("%s / %s", text[0], text[1]);
}

static double percent(double part, double whole)
{
	return whole > 0 && part > 0 ? 100.0 * part / whole : 0.0;
}

static double average_cpu(const struct sample *s)
{
	return percent((double)s->cpu, (double)s->lived);
}

/* Its start lies between the two when it was restarted: then since its start. */
static double cpu(const struct sample *now, const struct sample *before)
{
	int64_t between = before ? now->at - before->at : 0;

	if (between <= 0 || !before->running || now->lived < between)
		return average_cpu(now);
	return percent((double)(now->cpu - before->cpu), (double)between);
}

static void put(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value ? value : json_string("?"));
}

static void put_text(json_t *o, const struct sample *now, const char *key, json_t *value)
{
	if (now->running) {
		put(o, key, value);
		return;
	}
	json_decref(value);
	put(o, key, json_string("--"));
}

static json_t *percent_text(double v)
{
	return json_sprintf("%.2f%%", v);
}

json_t *stats_row(const struct sample *now, const struct sample *before, bool no_trunc)
{
	json_t *o = json_object();
	char span[TIME_SPAN_MAX];

	put(o, "ID", json_sprintf("%.*s", no_trunc ? CTR_ID_LEN : 12, now->id));
	put(o, "ContainerID", json_string(now->id));
	put(o, "Name", json_string(now->name));
	put_text(o, now, "CPUPerc", percent_text(cpu(now, before)));
	put_text(o, now, "MemUsage", size_text(now->memory, now->memory_limit, 1000));
	put_text(o, now, "MemUsageBytes", size_text(now->memory, now->memory_limit, 1024));
	put_text(o, now, "MemPerc", percent_text(percent((double)now->memory, (double)now->memory_limit)));
	put_text(o, now, "NetIO", size_text(now->net_in, now->net_out, 1000));
	put_text(o, now, "BlockIO", size_text(now->block_in, now->block_out, 1000));
	put_text(o, now, "PIDS", json_integer((json_int_t)now->pids));
	put_text(o, now, "UpTime", json_string(time_format_span(now->cpu, span)));
	put_text(o, now, "AVGCPU", percent_text(average_cpu(now)));
	put(o, "CPU", json_real(cpu(now, before)));
	put(o, "AvgCPU", json_real(average_cpu(now)));
	put(o, "CPUNano", json_integer(now->cpu));
	put(o, "Duration", json_integer(now->cpu));
	put(o, "MemLimit", json_integer((json_int_t)now->memory_limit));
	put(o, "NetInput", json_integer((json_int_t)now->net_in));
	put(o, "NetOutput", json_integer((json_int_t)now->net_out));
	put(o, "BlockInput", json_integer((json_int_t)now->block_in));
	put(o, "BlockOutput", json_integer((json_int_t)now->block_out));
	put(o, "PIDs", json_integer((json_int_t)now->pids));
	put(o, "Up", json_string(time_format_span(now->cpu, span)));
	return o;
}

json_t *stats_json(const struct sample *now, const struct sample *before)
{
	static const char *const keys[][2] = {
		{ "id", "ID" }, { "name", "Name" }, { "cpu_time", "UpTime" }, { "cpu_percent", "CPUPerc" },
		{ "avg_cpu", "AVGCPU" }, { "mem_usage", "MemUsage" }, { "mem_percent", "MemPerc" },
		{ "net_io", "NetIO" }, { "block_io", "BlockIO" }, { "pids", "PIDS" },
	};
	json_t *row = stats_row(now, before, false), *o = json_object();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		json_t *v = json_object_get(row, keys[i][1]);

		/* All are strings, as podman's are. */
		put(o, keys[i][0], json_is_integer(v) ?
		    json_sprintf("%lld", (long long)json_integer_value(v)) : json_incref(v));
	}
	json_decref(row);
	return o;
}
