/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_TRANSFER_H
#define PKG_ENGINE_TRANSFER_H

#include <jansson.h>
#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * What moves images in and out is another program, rbox-image: rbox itself links no parser of
 * TLS, HTTP or archives. rbox spawns it, writes one JSON request to its descriptor 3 and
 * closes it, and reads JSON lines from its descriptor 4:
 *
 *	{"type":"progress","id":"3f4a...","what":"Copying blob","done":N,"total":N}	bytes; total -1: unknown
 *	{"type":"warning","text":"..."}
 *	{"type":"note","text":"Trying to pull ..."}		what goes on, for a person
 *	{"type":"image","id":"<hex of the config's digest>","name":"docker.io/..."}	name may be absent
 *	{"type":"fail","code":errno,"status":exit,"msg":"...","hint":"..."}
 *	{"type":"done", ...}			further members are the request's result
 *
 * The end without "done" or "fail" means that it was killed, and is a failure. stdin, stdout and
 * stderr are passed on. Requests are objects with "op", "store" (path) and, by op:
 *
 *	load	"input" (path; absent: stdin)
 *	import	"input", "reference", "changes" [...], "message", "os", "arch", "variant"
 *	cp	stdin's tar into "container" (full id), folder "path"; "shown": the container as typed; "archive",
 *		"overwrite"
 *	commit	"container" (full id), "reference", "changes" [...], "author", "message", "format" (oci, docker),
 *		"squash", "volumes" (the container's mounts become volumes of the image)
 *	pull	"image", "policy", "platform", "os", "arch", "variant", "tls" (true, false, absent), "authfile",
 *		"creds", "cert_dir", "retry" (-1: none), "retry_delay" (ns)
 */
enum { TRANSFER_REQUEST_FD = 3, TRANSFER_EVENT_FD = 4 };

/* Called while the transfer runs; each may be NULL. Strings are valid during the call. */
struct transfer_events {
	void (*progress)(void *ctx, const char *id, const char *what, int64_t done, int64_t total);
	void (*warning)(void *ctx, const char *text);
	void (*note)(void *ctx, const char *text);
	void (*image)(void *ctx, const char *id, const char *name);
	/* Any line of another type, and the "done" line. */
	void (*other)(void *ctx, const json_t *line);
	void *ctx;
};

/*
 * Runs one transfer to its end. rbox-image is looked for beside our own executable, then in
 * ../libexec/rbox of its folder. A failure is the one that rbox-image reports, hint and status included.
 */
int transfer_run(const json_t *request, const struct transfer_events *ev, struct fail *f) MUST_USE;

#endif
