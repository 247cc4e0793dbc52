// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/start.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/bind.h"
#include "pkg/engine/ctr_root.h"
#include "pkg/engine/event.h"
#include "pkg/engine/override.h"
#include "pkg/engine/restart.h"
#include "pkg/engine/health.h"
#include "pkg/engine/logopt.h"
#include "pkg/engine/ports.h"
#include "pkg/engine/images.h"
#include "pkg/engine/notify.h"
#include "pkg/engine/requires.h"
#include "pkg/engine/seccomp.h"
#include "pkg/engine/secretopt.h"
#include "pkg/engine/spec.h"
#include "pkg/engine/users.h"
#include "pkg/engine/volumes.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/cgroup_site.h"
#include "runtime/monitor/monitor.h"
#include "runtime/monitor/tty.h"
#include "runtime/state.h"

/* All that one start needs, made in order and released together. */
struct starting {
	struct engine *e;
	const struct container_config *c;
	char *ctr_path, *init_path;
	char **host_users;
	struct ctr_root root;
	struct spec spec;
	struct spec_process check, startup;	/* of the health checks */
	struct port_forward *ports;
	size_t n_ports;
	int dir_fd, lock_fd, seccomp_fd, pid_file_fd, monitor_pid_file_fd, bind_fd;
	struct log_opts log;	/* its folder is ours */
	struct cgroup_site site;
};

static void starting_done(struct starting *s)
{
	mem_free_ptr(&s->ctr_path);
	mem_free_ptr(&s->init_path);
	ctr_root_done(&s->root);
	strv_free_ptr(&s->host_users);
	spec_done(&s->spec);
	jsonf_done(spec_process_fields, &s->check);
	jsonf_done(spec_process_fields, &s->startup);
	mem_free_ptr(&s->ports);
	fd_close(s->dir_fd);
	fd_close(s->lock_fd);
	fd_close(s->seccomp_fd);
	fd_close(s->pid_file_fd);
	fd_close(s->monitor_pid_file_fd);
	fd_close(s->bind_fd);
	fd_close(s->log.dir_fd);
	cgroup_site_done(&s->site);
}

static int find_init(struct starting *s, struct fail *f)
{
	static const char *const places[] = { "/usr/libexec/podman/catatonit", "/usr/bin/catatonit",
					      "/usr/lib/podman/catatonit" };

	if (!s->c->process.init)
		return 0;
	if (s->c->place.init_path) {
		s->init_path = mem_strdup(s->c->place.init_path);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (access(places[i], X_OK) == 0) {
			s->init_path = mem_strdup(places[i]);
			return 0;
		}
	}
	if (spawn_find("catatonit", &s->init_path))
		return 0;
	(void)refuse(f, ENOENT, "--init: catatonit is not installed");
	fail_hint(f, "apt install catatonit");
	return -ENOENT;
}

static int open_pid_file(const char *path, int *ret, struct fail *f)
{
	if (!path)
		return 0;
	*ret = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	return *ret < 0 ? fail(f, -*ret, "make the pid file '%s'", path) : 0;
}

static int open_pid_files(struct starting *s, struct fail *f)
{
	int r = open_pid_file(s->c->life.pidfile, &s->pid_file_fd, f);

	return r < 0 ? r : open_pid_file(s->c->life.conmon_pidfile, &s->monitor_pid_file_fd, f);
}

static int open_bound(struct starting *s, const struct start_opts *o, struct fail *f)
{
	if (!s->c->life.bind_to)
		return 0;
	s->bind_fd = o->bind_fd > 2 ? fd_dup(o->bind_fd) : bind_open(s->c->life.bind_to, f);
	if (s->bind_fd < 0)
		return f->code ? s->bind_fd : fail(f, -s->bind_fd, "duplicate a descriptor");
	return bind_alive(s->bind_fd, f);
}

static int build_checks(struct starting *s, struct fail *f)
{
	int r = health_process(s->c, &s->c->health.check, &s->check, f);

	if (r == 0)
		r = health_process(s->c, &s->c->health.startup, &s->startup, f);
	/* As an exec has them. */
	if (r == 0 && s->check.args)
		r = secretopt_env(s->e, s->c, &s->check.env, f);
	if (r == 0 && s->startup.args)
		r = secretopt_env(s->e, s->c, &s->startup.env, f);
	return r;
}

static int prepare_log(struct starting *s, struct fail *f)
{
	const struct container_config *c = s->c;
	struct log_plan p;
	int r = logopt_check(c->life.log_driver, c->life.log_opt, f);

	if (r == 0)
		r = logopt_parse(c->life.log_driver, c->life.log_opt, &p, f);
	if (r < 0)
		return r;
	s->log = (struct log_opts){ .driver = p.driver, .max_size = p.max_size, .max_file = p.max_file,
				    .id = c->id, .ctr = c->name, .tag = p.tag };
	return logopt_place(&p, &s->log.dir_fd, &s->log.name, f);
}

/* Where its cgroup is made: a container that asks for nothing that takes one goes without where that costs more. */
static int find_cgroup(struct starting *s, struct spec_host *host, struct fail *f)
{
	const struct resource_group *g = &s->c->resources;
	bool wanted = resource_wants(g);

	if (g->cgroups && !strcmp(g->cgroups, "disabled"))
		return 0;
	cgroup_site_enter(g->cgroup_parent, wanted, s->e->run_dir, &s->site);
	host->limit_pids = strv_has(s->site.controllers, "pids");
	return wanted ? resource_check_site(g, &s->site, f) : 0;
}

static int write_bundle(struct starting *s, struct fail *f)
{
	auto_json json_t *j = jsonf_write(spec_fields, &s->spec);
	auto_free char *text = jsonf_text(j, 0);
	auto_fd int bundle = -EBADF;
	int r = mkdirat(s->dir_fd, "bundle", 0700) < 0 && errno != EEXIST ? -errno : 0;

	/* Whatever the caller's umask. */
	if (r == 0 && fchmodat(s->dir_fd, "bundle", 0700, 0) < 0)
		r = -errno;
	if (r == 0)
		r = bundle = path_open_beneath(s->dir_fd, "bundle", O_RDONLY | O_DIRECTORY, 0);
	if (r >= 0)
		r = file_replace(bundle, "config.json", text, strlen(text), 0600, 0);
	return r < 0 ? fail(f, -r, "write bundle/config.json") : 0;
}

/* Its counters tell a container what its neighbours do; most machines have none. */
static unsigned throttle_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (n < 0 || access("/sys/devices/system/cpu/cpu0/thermal_throttle", F_OK) < 0)
		return 0;
	return (unsigned)n;
}

static int prepare(struct starting *s, const struct start_opts *o, struct fail *f)
{
	struct spec_host host = { .single_id = o->plan->mode == USERNS_SINGLE,
				  .throttle_cpus = throttle_cpus() };
	int r;

	s->ctr_path = mem_printf("%s/containers/%s", s->e->store.path, s->c->id);
	s->ports = ports_forward(s->c, &s->n_ports);
	host.ctr_path = s->ctr_path;
	s->dir_fd = ctr_open(&s->e->store, s->c->id, f);
	if (s->dir_fd < 0)
		return s->dir_fd;
	ctr_root_of(&s->e->store, s->c, s->dir_fd, &s->root);
	s->root.launch.single_id = o->plan->mode == USERNS_SINGLE;
	s->lock_fd = ctr_lock(s->dir_fd, f);
	if (s->lock_fd < 0)
		return s->lock_fd;
	/* A monitor that only clears up is waited for. */
	if (!state_settle(s->dir_fd))
		return refuse(f, EBUSY, "container %.12s is already running", s->c->id);
	/* The monitor before has read it; what begins now ends as --rm has it. */
	restart_unmark(s->dir_fd);
	r = ports_check(s->e, s->c, f);
	if (r == 0)
		r = find_cgroup(s, &host, f);
	if (r == 0)
		r = spec_build(s->c, &host, &s->spec, f);
	if (r == 0)
		r = engine_seccomp(s->c, &s->spec.process, &s->seccomp_fd, f);
	if (r == 0)
		r = find_init(s, f);
	if (r == 0)
		r = build_checks(s, f);
	if (r == 0)
		r = users_lines(s->c, &s->host_users, f);
	if (r == 0)
		r = open_bound(s, o, f);
	if (r == 0)
		r = open_pid_files(s, f);
	if (r == 0)
		r = prepare_log(s, f);
	if (r == 0 && !s->c->life.rm)
		r = write_bundle(s, f);
	/* Behind the bundle: these stand in no file. */
	if (r == 0)
		r = secretopt_env(s->e, s->c, &s->spec.process.env, f);
	/* Nor does the size of today's terminal, which is nobody's but ours. */
	if (r == 0 && o->attach && s->c->process.tty)
		tty_size_console(&s->spec.process);
	if (r == 0 && o->keep)
		keepfd_env(o->keep, &s->spec.process.env);
	return r;
}

/* What the monitor needs of us at the end; it has its own copy of our memory. */
struct ending {
	const char *store_path;
	const struct container_config *c;
	const char *rmi;
	bool attach;		/* our starter's terminal is attached to the first run */
	struct ctr_held held;	/* --rm: what is to be deleted */
};

/* What the monitor knows of it is as it was at the start: it may have been renamed since. Owned by C, released by *NOW. */
static struct container_config as_now(int root_fd, const struct container_config *c, struct override *now)
{
	const struct store store = { .root_fd = root_fd };
	struct container_config with = *c;
	struct fail ignored = { 0 };
	auto_fd int dir = ctr_open(&store, c->id, &ignored);

	*now = (struct override){ 0 };
	if (dir >= 0 && override_load(dir, now, &ignored) == 0 && now->name)
		with.name = now->name;
	return with;
}

static void write_news(const struct store *store, const struct container_config *c, const struct monitor_news *n,
		       bool attached)
{
	switch (n->event) {
	case MONITOR_PREPARED:
		event_container(store, c, "init");
		break;
	case MONITOR_STARTED:
		event_container(store, c, "start");
		/* By the same hand as the start and the end: between them, however short the run is. */
		if (attached)
			event_container(store, c, "attach");
		break;
	case MONITOR_CLEANED:
		event_container(store, c, "cleanup");
		break;
	case MONITOR_RESTARTED:
		event_container(store, c, "restart");
		break;
	case MONITOR_DIED:
		event_ended(store, c, "died", n->exit_code);
		break;
	case MONITOR_HEALTH:
		event_write(store, &(struct event){
			.type = "container", .status = "health_status", .id = c->id, .name = c->name,
			.image = c->image_name, .attributes = c->labels,
			.health_status = health_names[n->health],
		});
		break;
	}
}

static void on_news(void *ctx, const struct monitor_news *n)
{
	struct ending *end = ctx;
	auto_fd int root = fd_open(AT_FDCWD, end->store_path, O_PATH | O_DIRECTORY, 0);
	const struct store store = { .root_fd = root };
	struct override now;
	const struct container_config c = as_now(root, end->c, &now);

	write_news(&store, &c, n, end->attach);
	/* A further run is nobody's foreground. */
	if (n->event == MONITOR_STARTED)
		end->attach = false;
	override_done(&now);
}

static void on_policy(void *ctx, struct restart_policy *ret)
{
	const struct ending *end = ctx;
	auto_fd int root = fd_open(AT_FDCWD, end->store_path, O_PATH | O_DIRECTORY, 0);
	struct restart_policy changed;
	struct fail ignored = { 0 };
	struct override now;

	(void)as_now(root, end->c, &now);
	if (now.restart && restart_parse(now.restart, &changed, &ignored) == 0)
		*ret = changed;
	override_done(&now);
}

/* True when it is gone by our doing. */
static bool remove_ended(struct store *store, const struct container_config *c, struct ctr_held *held,
			 struct fail *f)
{
	auto_fd int dir = ctr_open(store, c->id, f);
	int r = dir;

	if (r >= 0)
		r = restart_is_marked(dir) ? -EAGAIN : ctr_remove_held(store, c->id, c->name, held, f);
	return r == 0;
}

static bool on_ended(void *ctx, int exit_code)
{
	struct ending *end = ctx;
	auto_store struct store store = { .root_fd = -EBADF };
	struct container_config c;
	struct override now;
	struct fail f = { 0 };
	bool gone;

	(void)exit_code;
	if (store_open(end->store_path, &store, &f) < 0)
		return false;
	c = as_now(store.root_fd, end->c, &now);
	gone = remove_ended(&store, &c, &end->held, &f);
	if (gone) {
		event_container(&store, &c, "remove");
		volumes_drop_anonymous(&store, &c);
	}
	override_done(&now);
	return gone;
}

static void say_nothing(const char *line)
{
	(void)line;
}

static void warn_nothing(const char *fmt, ...)
{
	(void)fmt;
}

static void on_finish(void *ctx, int exit_code)
{
	struct ending *end = ctx;
	auto_store struct store store = { .root_fd = -EBADF };
	struct fail f = { 0 };
	unsigned left;

	(void)exit_code;
	if (store_open(end->store_path, &store, &f) < 0)
		return;
	if (end->rmi) {
		struct engine e = { .store = store, .warn = warn_nothing };

		(void)!engine_rmi(&e, end->rmi, false, say_nothing, &f);
		fail_clear(&f);
	}
	volumes_settle(&store);
	/* Its starter, slow to let go of the lock, may have kept us from taking it: then it is one of many. */
	if (ctr_held_delete(&store, &end->held) < 0 || store_needs_sweep(&store))
		(void)!store_sweep(&store, &left, &f);
}

static enum net_mode net_mode_of(const struct container_config *c)
{
	return !strcmp(c->net.mode, "none") ? NET_NONE : !strcmp(c->net.mode, "host") ? NET_HOST : NET_SLIRP;
}

static int start(struct starting *s, const struct start_opts *o, struct fail *f)
{
	const struct container_config *c = s->c;
	struct ending end = { .store_path = s->e->store.path, .c = c, .rmi = o->rmi, .attach = o->attach,
			      .held = CTR_HELD_NONE };
	struct monitor_opts m = {
		.id = c->id,
		.dir_fd = s->dir_fd,
		.run_dir = s->e->run_dir,
		.launch = {
			.spec = &s->spec,
			.rootfs = s->root.launch,
			.stdio = { -EBADF, -EBADF, -EBADF },
			.seccomp_fd = s->seccomp_fd,
			.strict_cwd = c->process.workdir_typed ? c->id : NULL,
			.init_path = s->init_path,
			.keep_fds = o->keep ? o->keep->v : NULL,
			.n_keep_fds = o->keep ? o->keep->n : 0,
			.passwd_entry = true,
			.passwd = { .off = c->users.passwd == TRI_FALSE, .host = s->host_users,
				    .entry = c->users.entry, .group_entry = c->users.group_entry },
		},
		.net = net_mode_of(c),
		.ports = s->ports,
		.n_ports = s->n_ports,
		.userns = o->userns,
		.cgroup_base = s->site.base,
		.cgroup_optional = !resource_wants(&c->resources),
		.log = s->log,
		.open_stdin = c->process.interactive,
		.prepare = o->prepare,
		.foreground = o->attach,
		.pid_file_fd = s->pid_file_fd,
		.monitor_pid_file_fd = s->monitor_pid_file_fd,
		.bind_fd = s->bind_fd,
		.stop_signal = c->stop_signal,
		.stop_timeout = c->life.stop_timeout,
		.timeout = c->life.timeout * TIME_SECOND,
		.health = health_plan(&c->health, &s->check, &s->startup),
		.news = on_news,
		.policy = on_policy,
		.ended = c->life.rm ? on_ended : NULL,
		.finish = c->life.rm ? on_finish : NULL,
		.ctx = &end,
	};
	struct fail ignored = { 0 };	/* create has checked it */
	bool made = o->userns->holder != 0;
	pid_t monitor = 0;
	int sock;

	(void)!restart_parse(c->life.restart, &m.restart, &ignored);
	sock = monitor_start(&m, &monitor, f);

	if (sock >= 0 && made)
		engine_hint(s->e, monitor);
	if (sock >= 0 && !o->prepare)
		notify_started(s->e, c, monitor);
	return sock;
}

/* As the monitor records one that fails in its hands; it has none yet. Of what ran before, the last run's record stays. */
static void record_refusal(const struct starting *s, const struct fail *f)
{
	struct fail ignored = { 0 };
	struct state st = { 0 };

	if (s->lock_fd < 0 || s->c->life.rm || ctr_is_running(s->dir_fd) || f->code == EBUSY ||
	    state_load(s->dir_fd, &st, &ignored) < 0)
		return;
	if (st.status == STATUS_CONFIGURED && (st.boot_id || state_boot_id(&st.boot_id, &ignored) == 0)) {
		st.exit_code = fail_status(f);
		mem_replace(&st.error, mem_strdup(f->msg));
		(void)!state_save(s->dir_fd, &st, &ignored);
	}
	state_done(&st);
}

int engine_start(struct engine *e, const struct container_config *c, const struct start_opts *o,
		 struct fail *f)
{
	struct starting s = { .e = e, .c = c, .dir_fd = -EBADF, .lock_fd = -EBADF, .seccomp_fd = -EBADF,
			      .pid_file_fd = -EBADF, .monitor_pid_file_fd = -EBADF, .bind_fd = -EBADF,
			      .log.dir_fd = -EBADF };
	int r = requires_start(e, c, f);

	if (r == 0)
		r = prepare(&s, o, f);
	if (r < 0)
		record_refusal(&s, f);
	else if (r == 0)
		r = start(&s, o, f);
	starting_done(&s);
	return r;
}
