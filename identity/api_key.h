/* SPDX-License-Identifier: Apache-2.0
 *
 * One API key: "exq_ID_SECRET", of which a file holds a line:
 *
 *     ID SHA256 owner|admin CREATED EXPIRES|- OWNER
 *
 * The line has the SHA-256 of the whole key, not the key: who reads the file can call as nobody. A
 * plain hash is enough, for the secret has 256 random bits; slow hashes are for what people choose
 * (NIST SP 800-63B, 5.1.2.2, on look-up secrets of 112 bits or more).
 */
#ifndef IDENTITY_API_KEY_H
#define IDENTITY_API_KEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"

#define API_KEY_PREFIX "exq_"

enum { API_KEY_ID_LEN = 12, API_KEY_MAX_BYTES = 64, API_KEY_LINE_MAX = 512 };

struct api_key {
    char id[API_KEY_ID_LEN + 1]; /* lower-case hex */
    uint8_t hash[SHA256_SIZE];
    bool is_admin;
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    struct str owner;
};

/* Makes a key that nobody can guess: its text, to be shown once, and the id and hash of *key. */
void api_key_make(struct api_key *key, struct buf *out_text);

/* The id in a text that has the form of a key. */
bool api_key_id_of(struct str text, struct str *out_id) MUST_CHECK;

/* The hash that the key's line has. */
void api_key_hash(struct str text, uint8_t out[SHA256_SIZE]);

/* Reads a line, without its newline; the owner is a part of it. ERR_INVALID says what is wrong,
 * without the line. */
bool api_key_read(struct str line, struct api_key *out, struct err *err) MUST_CHECK;

/* Appends the line, with its newline. */
void api_key_write(const struct api_key *key, struct buf *out);

/* Whether it is no longer taken at that time. */
bool api_key_has_expired(const struct api_key *key, int64_t now_ms);

/* Whether a line holds no key: blank, or a comment that begins with '#'. */
bool api_key_is_remark(struct str line);

#endif
