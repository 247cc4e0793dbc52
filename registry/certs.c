// SPDX-License-Identifier: Apache-2.0
#include "registry/certs.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "registry/paths.h"

enum { BUNDLE_MAX = 16 << 20 };

static bool is_folder(const char *path)
{
	auto_fd int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	return fd >= 0;
}

/* The folder for HOST, or NULL. Caller frees. */
static char *find_folder(const char *host)
{
	auto_free char *mine = paths_config("containers/certs.d");
	const char *roots[] = { mine, "/etc/containers/certs.d", "/etc/docker/certs.d" };

	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		char *path = roots[i] ? path_join(roots[i], host) : NULL;

		if (path && is_folder(path))
			return path;
		free(path);
	}
	return NULL;
}

/* The system's authorities; the variables are those of the curl program and of OpenSSL. */
static void find_system(struct certs *c)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *file = paths_env("CURL_CA_BUNDLE");

	if (!file)
		file = paths_env("SSL_CERT_FILE");
	if (file)
		c->ca_file = mem_strdup(file);
	else if (v->age >= CURLVERSION_SEVENTH)
		c->ca_file = mem_strdup(v->cainfo);
	c->ca_path = mem_strdup(paths_env("SSL_CERT_DIR"));
}

static int add_authority(int dir, const char *path, const char *name, struct str *all, struct fail *f)
{
	auto_str struct str one = STR_INIT(BUNDLE_MAX);
	int r = file_read_linked(dir, name, &one);

	if (r < 0)
		return fail(f, -r, "read the certificate '%s/%s'", path, name);
	if (!strstr(str_cstr(&one), "-----BEGIN "))
		return refuse(f, EINVAL, "'%s/%s' is not a PEM certificate", path, name);
	str_addf(all, "\n%s\n", str_cstr(&one));
	return 0;
}

static int add_client(int dir, const char *path, const char *name, struct certs *c, struct fail *f)
{
	auto_free char *key = mem_printf("%.*s.key", (int)(strlen(name) - strlen(".cert")), name);
	int r;

	if (faccessat(dir, key, R_OK, AT_EACCESS) < 0) {
		r = fail(f, errno, "read '%s/%s', the key of the certificate '%s'", path, key, name);
		return r;
	}
	/* The first pair by name, as one connection shows one certificate. */
	if (c->cert && strcmp(path_base(c->cert), name) < 0)
		return 0;
	mem_replace(&c->cert, path_join(path, name));
	mem_replace(&c->key, path_join(path, key));
	return 0;
}

static int scan(const char *path, struct certs *c, struct str *authorities, struct fail *f)
{
	struct dirent *e;
	DIR *d;
	int r = fd_opendir(fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return fail(f, -r, "open the certificates' folder '%s'", path);
	while (r >= 0 && (e = readdir(d))) {
		if (str_ends(e->d_name, ".crt"))
			r = add_authority(dirfd(d), path, e->d_name, authorities, f);
		else if (str_ends(e->d_name, ".cert"))
			r = add_client(dirfd(d), path, e->d_name, c, f);
	}
	closedir(d);
	return r;
}

/* libcurl takes a file or a text, not both: the text is both. */
static int join(struct certs *c, const struct str *authorities, struct fail *f)
{
	struct str all = STR_INIT(2 * BUNDLE_MAX);
	auto_str struct str system = STR_INIT(BUNDLE_MAX);
	int r = c->ca_file ? file_read_linked(AT_FDCWD, c->ca_file, &system) : -ENOENT;

	/* A machine without a bundle still has the registry's own authority. */
	if (r < 0 && r != -ENOENT)
		return fail(f, -r, "read the certificates '%s'", c->ca_file);
	str_add(&all, str_cstr(&system));
	str_add(&all, str_cstr(authorities));
	if (str_failed(&all)) {
		str_done(&all);
		return refuse(f, EFBIG, "the certificates are too large");
	}
	c->ca_text = str_take(&all);
	return 0;
}

int certs_load(const char *cert_dir, const char *host, struct certs *ret, struct fail *f)
{
	auto_str struct str authorities = STR_INIT(BUNDLE_MAX);
	auto_free char *folder = cert_dir ? mem_strdup(cert_dir) : find_folder(host);
	int r;

	*ret = (struct certs){ 0 };
	find_system(ret);
	if (!folder)
		return 0;
	r = scan(folder, ret, &authorities, f);
	if (r >= 0 && str_failed(&authorities))
		r = refuse(f, EFBIG, "the certificates in '%s' are too large", folder);
	if (r >= 0 && authorities.len)
		r = join(ret, &authorities, f);
	if (r < 0)
		certs_done(ret);
	return r;
}

void certs_done(struct certs *c)
{
	free(c->ca_file);
	free(c->ca_path);
	free(c->ca_text);
	free(c->cert);
	free(c->key);
	*c = (struct certs){ 0 };
}
