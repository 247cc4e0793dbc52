// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/create.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/create_life.h"
#include "pkg/engine/create_more.h"
#include "pkg/engine/env.h"
#include "pkg/engine/event.h"
#include "pkg/engine/fetch.h"
#include "pkg/engine/files.h"
#include "pkg/engine/kernel.h"
#include "pkg/engine/logopt.h"
#include "pkg/engine/mountopt.h"
#include "pkg/engine/names.h"
#include "pkg/engine/ports.h"
#include "pkg/engine/remove.h"
#include "pkg/engine/requires.h"
#include "pkg/engine/secretopt.h"
#include "pkg/engine/summary.h"
#include "pkg/engine/volumes.h"
#include "pkg/oci/image.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/sig.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/ctr.h"
#include "storage/image.h"
#include "storage/layer.h"

/* --entrypoint takes a word or a JSON array of words; "" clears the image's. */
static char **parse_entrypoint(const char *text)
{
	auto_json json_t *j = json_loads(text, 0, NULL);
	char **v = NULL;

	if (json_is_array(j)) {
		json_t *item;
		size_t i;

		json_array_foreach(j, i, item)
			if (json_is_string(item))
				strv_add(&v, json_string_value(item));
	} else if (*text) {
		strv_add(&v, text);
	}
	return v;
}

static int set_args(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		    struct fail *f)
{
	if (o->entrypoint)
		c->entrypoint = parse_entrypoint(o->entrypoint);
	else if (image)
		c->entrypoint = strv_dup(image->config.entrypoint);
	/* A command given, or an entrypoint given, drops the image's command. */
	if (o->command)
		c->cmd = strv_dup(o->command);
	else if (image && !o->entrypoint)
		c->cmd = strv_dup(image->config.cmd);
	strv_add_all(&c->args, c->entrypoint);
	strv_add_all(&c->args, c->cmd);
	if (!c->args)
		return refuse(f, EINVAL, "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
	return 0;
}

static int set_process(const struct run_opts *o, const struct image_config *image,
		       struct container_config *c, struct fail *f)
{
	struct process_group *p = &c->process;
	uint64_t mask;

	*p = (struct process_group){
		.tty = o->process.tty,
		.interactive = o->process.interactive,
		.init = o->process.init,
		.user = mem_strdup(o->process.user ? o->process.user : image ? image->config.user : NULL),
		.workdir = mem_strdup(o->process.workdir ? o->process.workdir :
				      image && image->config.working_dir && *image->config.working_dir ?
				      image->config.working_dir : "/"),
		.workdir_typed = o->process.workdir != NULL,
		.umask = mem_strdup(o->process.umask ? o->process.umask : "0022"),
		.group_add = strv_dup(o->process.group_add),
		.ulimits = strv_dup(o->process.ulimits),
	};
	if (*p->workdir != '/')
		return refuse(f, EINVAL, "the working directory '%.200s' is not absolute", p->workdir);
	if (strspn(p->umask, "01234567") != strlen(p->umask) || strlen(p->umask) > 4 ||
	    str_to_u64(p->umask, 8, &mask) < 0)
		return refuse(f, EINVAL, "invalid umask '%.20s': octal digits are wanted", p->umask);
	strv_each(it, p->ulimits) {
		int r = strcmp(*it, ULIMIT_HOST) ? ulimit_check(*it, f) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_address(const char *text)
{
	struct in6_addr a;

	return inet_pton(AF_INET, text, &a) == 1 || inet_pton(AF_INET6, text, &a) == 1;
}

static int check_addresses(const struct net_group *net, struct fail *f)
{
	strv_each(it, net->dns)
		if (!is_address(*it))
			return refuse(f, EINVAL, "--dns: %.100s is not an ip address", *it);
	strv_each(it, net->add_host) {
		const char *colon = strchr(*it, ':');

		if (!colon || colon == *it)
			return refuse(f, EINVAL, "bad format for --add-host '%.100s': NAME:IP is wanted", *it);
		if (!is_address(colon + 1))
			return refuse(f, EINVAL, "invalid IP address in add-host: \"%.100s\"", colon + 1);
	}
	return 0;
}

static int set_net(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	const char *mode = o->net.mode ? o->net.mode : "slirp4netns";

	if (!strcmp(mode, "private") || !strcmp(mode, "default"))
		mode = "slirp4netns";
	if (strcmp(mode, "none") && strcmp(mode, "host") && strcmp(mode, "slirp4netns")) {
		(void)refuse(f, ENOTSUP, "the network '%.60s' is not supported yet", mode);
		fail_hint(f, "use --network none, host or slirp4netns");
		return -ENOTSUP;
	}
	if (o->net.hostname && (!*o->net.hostname || strlen(o->net.hostname) > 64))
		return refuse(f, EINVAL, "invalid hostname '%.80s': 1 to 64 bytes", o->net.hostname);
	if (o->net.no_hosts && o->net.add_host)
		return refuse(f, EINVAL, "--no-hosts and --add-host cannot be set together");
	if (check_addresses(&o->net, f) < 0)
		return -f->code;
	if (!strcmp(mode, "none") && (o->net.dns || o->net.dns_search || o->net.dns_option))
		return refuse(f, EINVAL, "conflicting options: dns and the network mode: none");
	c->net = (struct net_group){
		.mode = mem_strdup(mode),
		.hostname = mem_strdup(o->net.hostname),
		.dns = strv_dup(o->net.dns),
		.dns_search = strv_dup(o->net.dns_search),
		.dns_option = strv_dup(o->net.dns_option),
		.add_host = strv_dup(o->net.add_host),
		.no_hosts = o->net.no_hosts,
	};
	return 0;
}

static int set_security(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	struct security_opt parsed;
	int r = security_opt_parse(o->security.security_opt, &parsed, f);

	if (r < 0)
		return r;
	security_opt_done(&parsed);
	c->security = (struct security_group){
		.cap_add = strv_dup(o->security.cap_add),
		.cap_drop = strv_dup(o->security.cap_drop),
		.security_opt = strv_dup(o->security.security_opt),
		.privileged = o->security.privileged,
		.read_only = o->security.read_only,
		.read_only_tmpfs = o->security.read_only_tmpfs,
	};
	return 0;
}

static int set_life(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		    struct fail *f)
{
	const char *sig = o->life.stop_signal ? o->life.stop_signal :
			  image && image->config.stop_signal && *image->config.stop_signal ?
			  image->config.stop_signal : "SIGTERM";
	char name[SIG_NAME_MAX];
	int r = sig_parse(sig, &c->stop_signal, f);

	if (r < 0)
		return r;
	r = logopt_check(o->life.log_driver, o->life.log_opt, f);
	if (r == 0 && o->process.tty && str_eq(o->life.log_driver, "passthrough"))
		r = refuse(f, EINVAL, "the '--log-driver passthrough' option cannot be used with --tty");
	if (r < 0)
		return r;
	c->life = (struct life_group){
		.rm = o->life.rm,
		.stop_signal = mem_strdup(sig_name(c->stop_signal, name)),
		.stop_timeout = o->life.stop_timeout == LIFE_TIMEOUT_UNSET ? LIFE_TIMEOUT_DEFAULT :
									     o->life.stop_timeout,
		.log_driver = mem_strdup(o->life.log_driver ? o->life.log_driver : "k8s-file"),
		.log_opt = strv_dup(o->life.log_opt),
		.pidfile = mem_strdup(o->life.pidfile),
	};
	return 0;
}

static int set_labels(const struct run_opts *o, const struct image_config *image,
		      struct container_config *c, struct fail *f)
{
	int r;

	if (image)
		strv_add_all(&c->labels, image->config.labels);
	r = env_read_files(o->label_file, &c->labels, f);
	if (r < 0)
		return r;
	strv_each(it, o->label) {
		auto_free char *entry = strchr(*it, '=') ? mem_strdup(*it) : mem_printf("%s=", *it);

		if (*entry == '=')
			return refuse(f, EINVAL, "invalid label '%.60s': the name is empty", *it);
		strv_env_set(&c->labels, entry);
	}
	return 0;
}

static int set_sizes(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	uint64_t bytes = 65536 * 1024;

	if (o->shm_size && str_to_bytes(o->shm_size, &bytes) < 0)
		return refuse(f, EINVAL, "invalid --shm-size '%.40s': a number with b, k, m or g", o->shm_size);
	c->shm_size = (int64_t)bytes;
	return 0;
}

int create_config(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		  struct fail *f)
{
	int r = set_args(o, image, c, f);

	if (r == 0)
		r = set_process(o, image, c, f);
	if (r == 0)
		r = set_net(o, c, f);
	if (r == 0)
		r = set_security(o, c, f);
	if (r == 0)
		r = set_life(o, image, c, f);
	if (r == 0)
		r = create_life(o, image, c, f);
	if (r == 0)
		r = set_labels(o, image, c, f);
	if (r == 0)
		r = set_sizes(o, c, f);
	if (r == 0)
		r = mountopt_parse(o, c, f);
	if (r == 0)
		r = env_build(o, image, c, f);
	if (r == 0)
		r = create_more(o, image, c, f);
	if (r < 0)
		return r;
	c->version = CONFIG_VERSION;
	c->created = time_now();
	c->create_command = strv_dup(o->create_command);
	c->cid_file = mem_strdup(o->cidfile);
	if (image)
		c->volumes = strv_dup(image->config.volumes);
	return 0;
}

/* The topmost layer whose tar named "/": its owner, mode and time are the container's root's. */
static int find_root_layer(struct engine *e, const struct image *image, struct container_config *c,
			   struct fail *f)
{
	char text[DIGEST_TEXT_MAX];

	for (size_t i = image->n_layers; i > 0 && !c->root_layer; i--) {
		struct layer layer = { 0 };
		int r = layer_load(&e->store, &image->layers[i - 1].key, &layer, f);

		if (r < 0)
			return r;
		if (layer.root_named)
			c->root_layer = mem_strdup(digest_format(&layer.key, text));
		layer_done(&layer);
	}
	return 0;
}

/* Fills in what the config keeps of the image: id, name, layers. */
static int from_image(struct engine *e, const struct run_opts *o, const struct fetcher *fetcher,
		      struct container_config *c, struct fail *f)
{
	struct image_config config = { 0 };
	auto_image struct image image = { 0 };
	char text[DIGEST_TEXT_MAX];
	struct digest id;
	int r = fetch_image(e, o, fetcher, &id, &c->image_name, f);

	if (r < 0)
		return r;
	r = image_load_both(&e->store, &id, &image, &config, f);
	if (r < 0)
		return fail_in(f, r, "open image %.12s", id.hex);
	r = create_config(o, &config, c, f);
	jsonf_done(image_config_fields, &config);
	if (r < 0)
		return r;
	c->image_id = mem_strdup(id.hex);
	if (digest_is_set(&image.manifest))
		c->image_digest = mem_strdup(digest_format(&image.manifest, text));
	for (size_t i = 0; i < image.n_layers; i++)
		strv_add(&c->layers, digest_format(&image.layers[i].key, text));
	return find_root_layer(e, &image, c, f);
}

static int from_rootfs(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	auto_free char *cwd = getcwd(NULL, 0);
	auto_free char *joined = path_join(*o->image == '/' || !cwd ? "" : cwd, o->image);
	struct stat st;
	int r;

	c->rootfs_dir = path_clean(joined);
	if (stat(c->rootfs_dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		r = errno ? errno : ENOTDIR;
		return fail(f, S_ISDIR(st.st_mode) ? r : ENOTDIR, "--rootfs '%s'", c->rootfs_dir);
	}
	return create_config(o, NULL, c, f);
}

static int write_cidfile(const char *path, const char *id, struct fail *f)
{
	/* As podman since 4.4: a unit whose container was killed is started again with the file still there. */
	auto_fd int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int r;

	if (fd < 0)
		return fail(f, -fd, "make the container id file '%s'", path);
	r = io_write_full(fd, id, strlen(id));
	return r < 0 ? fail(f, -r, "write the container id file '%s'", path) : 0;
}

/* What goes when it ends needn't outlive a power cut, unless it is alone in knowing the volumes that go with it. */
static bool is_durable(const struct container_config *c)
{
	bool owns = false;

	for (size_t i = 0; i < c->n_mounts; i++)
		owns |= c->mounts[i].anonymous;
	return owns || !c->life.rm;
}

static int save(struct engine *e, struct container_config *c, struct fail *f)
{
	struct ctr_new n;
	int r = ctr_new(&e->store, &n, f);

	if (r < 0)
		return fail_in(f, r, "make the container's folder");
	r = secretopt_place(e, n.dir_fd, c, f);
	if (r == 0)
		r = config_save(n.dir_fd, c, f);
	if (r == 0)
		r = summary_save(n.dir_fd, c, f);
	if (r == 0)
		r = files_write(n.dir_fd, c, f);
	if (r == 0 && c->life.rm)
		r = ctr_claim(&n, c->id, f);
	if (r == 0)
		r = ctr_commit(&n, c->id, c->name, is_durable(c), f);
	if (r == 0 && c->life.rm) {
		e->claim = n.temp;
		n.temp.store = NULL;
	}
	ctr_new_done(&n);
	return r;
}

/* Its holder was renamed by somebody who was killed before he gave the old name away. */
static bool is_free_after_all(struct engine *e, const char *name)
{
	struct fail ignored = { 0 };
	char id[CTR_ID_LEN + 1];

	return container_find(e, name, id, &ignored) == -ENOENT;
}

int engine_create(struct engine *e, const struct run_opts *o, const struct fetcher *fetcher,
		  struct container_config *ret, struct fail *f)
{
	const char *name = ctr_name_typed(o->name);
	struct volumes_held volumes = VOLUMES_NONE;
	char id[CTR_ID_LEN + 1];
	int r;

	memset(ret, 0, sizeof(*ret));
	r = ctr_id_new(id);
	if (r < 0)
		return fail(f, -r, "make a container id");
	ret->id = mem_strdup(id);
	if (o->replace && !o->name) {
		r = refuse(f, EINVAL, "cannot replace container without --name being set");
		goto out;
	}
	if (name && !name_is_valid(name)) {
		r = refuse(f, EINVAL, "container name '%.100s': names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: "
			   "invalid argument", o->name);
		goto out;
	}
	r = ports_check_typed(e, o, f);
	if (r == 0)
		r = o->rootfs ? from_rootfs(o, ret, f) : from_image(e, o, fetcher, ret, f);
	if (r == 0)
		r = ports_build(e, o, ret, f);
	if (r < 0)
		goto out;
	create_warn(o, ret, e->warn);
	kernel_clamp(&ret->kernel, e->warn);
	r = requires_set(e, o->requires, ret, f);
	if (r < 0)
		goto out;
	if (name && o->replace) {
		r = remove_by_name(e, name, f);
		if (r < 0)
			goto out;
	}
	ret->name = mem_strdup(name);
	if (!ret->net.hostname)
		ret->net.hostname = hostname_default(ret);
	env_add_hostname(ret);
	r = volumes_take(e, o, ret, &volumes, f);
	if (r == 0 && o->cidfile)
		r = write_cidfile(o->cidfile, id, f);
	if (r < 0)
		goto out;
	/* A name of ours may be taken by somebody else a moment before: another one then. */
	for (int i = 0; i < 20; i++) {
		if (!name)
			mem_replace(&ret->name, name_random());
		r = save(e, ret, f);
		if (r != -EEXIST || (name && (i || !is_free_after_all(e, name))))
			break;
		fail_clear(f);
	}
	if (r < 0 && o->cidfile)
		(void)!unlink(o->cidfile);
	if (r == 0)
		event_container(&e->store, ret, "create");
out:
	volumes_release(e, &volumes, r == 0);
	if (r < 0)
		config_done(ret);
	return r;
}
