/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_TRI_H
#define PKG_UTIL_TRI_H

/* A flag that can be left out: for defaults that depend on more than the command line. */
enum tri { TRI_UNSET, TRI_TRUE, TRI_FALSE };

#endif
