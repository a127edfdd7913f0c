/* SPDX-License-Identifier: Apache-2.0
 *
 * The credentials of a bucket. Those that come from files are read anew when the files are
 * replaced: keys that are lent for a while have to be.
 */
#ifndef FILES_S3_KEYS_H
#define FILES_S3_KEYS_H

#include "files/files.h"

/* Texts end with a NUL. */
struct s3_key {
    struct str access_key;
    struct str secret_key;
    struct str session_token; /* empty: none */
};

struct s3_keys;

/* Whether the settings have credentials, as ERR_INVALID, which names what is missing or is none. */
bool s3_keys_check(const struct files_s3 *settings, struct err *err) MUST_CHECK;

/* The same, and keeps them. */
bool s3_keys_open(const struct files_s3 *settings, struct s3_keys **out,
                  struct err *err) MUST_CHECK;

/* Wipes them. Nobody holds them any more. Accepts NULL. */
void s3_keys_close(struct s3_keys *keys);

/* The credentials as they are now, until s3_keys_release; any number of threads, each once. */
const struct s3_key *s3_keys_hold(struct s3_keys *keys);
void s3_keys_release(struct s3_keys *keys);

#endif
