/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of a job's file: <uuid>.<attempt>.<8 hex>. It tells whose the file is and which attempt
 * made it; the number at its end is random, so that no key is used twice and no attempt can touch
 * the file of another.
 */
#ifndef FILES_KEY_H
#define FILES_KEY_H

#include "base/uuid.h"

enum {
    FILE_KEY_RANDOM_LEN = 8,
    FILE_KEY_ATTEMPT_MAX_LEN = 10,
    FILE_KEY_SIZE = UUID_TEXT_LEN + 1 + FILE_KEY_ATTEMPT_MAX_LEN + 1 + FILE_KEY_RANDOM_LEN + 1,
};

struct file_key {
    struct uuid job;
    int32_t attempt; /* not negative */
};

/* A fresh key, and a NUL. */
void file_key_make(const struct file_key *of, char out[FILE_KEY_SIZE]);

/* Whether it is a key as file_key_make writes it; others are not ours to judge. */
bool file_key_parse(struct str key, struct file_key *out) MUST_CHECK;

#endif
