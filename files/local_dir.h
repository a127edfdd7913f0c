/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of a local store: how it is made, locked and cleaned, and the names in it.
 *
 *     KEY                  a finished file
 *     KEY.part-<16 hex>    one that is being written
 *     .exportq-store       marks the directory as ours, by what it says; locked while it is open
 *     .exportq-queue       which durable queue it belongs to (files/local_owner.h)
 *
 * At a start only files whose KEY is a job's (files/key.h) are ever removed, and only in a
 * directory that is marked. One that is not is taken only if it is empty, so that a wrong setting
 * costs nobody their files.
 */
#ifndef FILES_LOCAL_DIR_H
#define FILES_LOCAL_DIR_H

#include "files/files.h"

#include <dirent.h>

enum { LOCAL_NAME_SIZE = 121 };

struct local_dir {
    int fd;
    int lock_fd;
};

/* Opens the directory, makes it if absent, takes the lock and removes what is left of an earlier
 * life (FILES_EXCLUSIVE: all files of the runner's; FILES_SHARED: parts older than an hour). */
bool local_dir_open(struct str path, enum files_sharing sharing, struct local_dir *out,
                    struct err *err) MUST_CHECK;
/* Whether it could be opened; changes nothing, and does not mind who else has it open. */
bool local_dir_try(struct str path, enum files_sharing sharing, struct err *err) MUST_CHECK;

void local_dir_close(struct local_dir *dir);

/* Opens a list of the names in the directory, for readdir; NULL with errno. */
DIR *local_dir_list(const struct local_dir *dir);

/* The time since a file was last written to; -1: it is no regular file, or gone. False with errno.
 */
bool local_dir_age(const struct local_dir *dir, const char *name, int64_t *out_ms) MUST_CHECK;

/* Whether a name is a file of a job's, finished or being written, and the length of its key. */
bool local_dir_parse(struct str name, struct file_key *out, size_t *out_key_len) MUST_CHECK;

/* The key as a file name. */
void local_dir_name(struct str key, char out[LOCAL_NAME_SIZE]);

/* A fresh name for a part of the key. */
void local_dir_part_name(struct str key, char out[LOCAL_NAME_SIZE]);

#endif
