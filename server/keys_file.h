/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of API keys, edited: one editor at a time, and whoever reads it meanwhile sees it whole,
 * as it was or as it is. For exportqd keys.
 */
#ifndef SERVER_KEYS_FILE_H
#define SERVER_KEYS_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* The text of a file that is being edited, from keys_file_open to keys_file_close. */
struct keys_file {
    const char *path; /* the caller's */
    int lock;         /* -1: none */
    struct buf text;  /* what is in it; empty if there is no file yet */
};

enum { KEYS_FILE_MAX_BYTES = 3 * 1024 * 1024 }; /* less than servers read */

/* Reads it; if it is to be changed, waits first until nobody else edits it. ERR_INVALID: it cannot
 * be read, or its lock cannot be made. */
bool keys_file_open(struct keys_file *file, const char *path, bool is_to_change,
                    struct err *err) MUST_CHECK;

/* Replaces the file by another text: durable when this returns, readable by its owner alone, who
 * stays the same; a new one has its directory's. */
bool keys_file_save(const struct keys_file *file, struct str text, struct err *err) MUST_CHECK;

/* Also for one that was not opened, if it is zero but for lock -1. */
void keys_file_close(struct keys_file *file);

#endif
