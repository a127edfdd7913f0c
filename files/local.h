/* SPDX-License-Identifier: Apache-2.0
 *
 * The file store in a directory of this machine, or of a file system several machines mount.
 */
#ifndef FILES_LOCAL_H
#define FILES_LOCAL_H

#include "files/files.h"

/* See files_open_store. `dir` is what follows "file:". */
bool local_open_store(struct str dir, const struct files_options *options, struct files **out,
                      struct err *err) MUST_CHECK;

/* See files_try_store. */
bool local_try_store(struct str dir, const struct files_options *options,
                     struct err *err) MUST_CHECK;

#endif
