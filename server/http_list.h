/* SPDX-License-Identifier: Apache-2.0
 *
 * The arguments that the lists of the browser's door have in common. Errors are ERR_INVALID, with
 * the argument as field.
 */
#ifndef SERVER_HTTP_LIST_H
#define SERVER_HTTP_LIST_H

#include "http/http.h"

/* "pageSize": 0 where it is not given. */
bool http_list_page_size(struct http_call *call, int32_t *out, struct err *err) MUST_CHECK;

/* The name of a state ("GIVEN_UP") as it is written here ("given_up"); lives as long as the call.
 */
struct str http_list_word(struct http_call *call, const char *name);

/* Names by number. */
struct http_list_names {
    const char *(*name)(unsigned number);
    unsigned count;
};

/* An argument of such words, with commas, as BIT(number)…; 0 where it is not given,
 * or empty. */
bool http_list_words(struct http_call *call, const char *argument,
                     const struct http_list_names *names, unsigned *out,
                     struct err *err) MUST_CHECK;

#endif
