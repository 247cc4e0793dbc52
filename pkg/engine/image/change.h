/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_CHANGE_H
#define PKG_ENGINE_IMAGE_CHANGE_H

#include "pkg/oci/image.h"

/*
 * Applies a Dockerfile instruction to the defaults of an image, as --change of import and commit:
 * "CMD=/bin/sh", "CMD [\"sh\", \"-c\"]", "ENV A=b", "EXPOSE 80/tcp", "LABEL a=b", "USER x", "WORKDIR /x",
 * "ENTRYPOINT ...", "VOLUME /x", "STOPSIGNAL x", "ONBUILD ...".
 */
int image_change(struct image_run_config *c, const char *change, struct fail *f) MUST_USE;

#endif
