/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages of a list (AIP-158): how many, and the token that leads to the next. A token is the key of
 * the last item of the page before, so that it holds whatever comes and goes in between.
 */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include "base/arena.h"
#include "base/err.h"

/* 1 to 100; 0 asks for 50, and more is taken as 100. ERR_INVALID in "page_size". */
bool page_size_read(int32_t asked, size_t *out, struct err *err) MUST_CHECK;

/* The key of `len` bytes in a token; *out_is_given false: there is none, for it is the first page.
 * ERR_INVALID in "page_token". */
bool page_token_read(struct str token, void *out_key, size_t len, bool *out_is_given,
                     struct err *err) MUST_CHECK;

/* A token with a key, in the arena. */
struct str page_token_make(const void *key, size_t len, struct arena *arena);

/* The same of a key that is a number from 1; *out 0: there is none. */
bool page_number_read(struct str token, int64_t *out, struct err *err) MUST_CHECK;
struct str page_number_make(int64_t number, struct arena *arena);

#endif
