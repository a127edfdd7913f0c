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

/* Waits until nobody else edits it, and reads it. ERR_INVALID: it cannot be read, or its lock
 * cannot be made. */
bool keys_file_open(struct keys_file *file, const char *path, struct err *err) MUST_CHECK;

/* Replaces the file by another text: durable when this returns, readable by its owner alone, who
 * stays the same. */
bool keys_file_save(const struct keys_file *file, struct str text, struct err *err) MUST_CHECK;

/* Also for one that was not opened, if it is zero but for lock -1. */
void keys_file_close(struct keys_file *file);

#endif
