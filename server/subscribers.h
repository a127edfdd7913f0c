/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of the ends of jobs, as EXPORT_WEBHOOK_URLS says it, with commas between:
 *
 *     https://example.org/hook           of all jobs
 *     alice=https://example.org/hook     of the jobs of alice
 */
#ifndef SERVER_SUBSCRIBERS_H
#define SERVER_SUBSCRIBERS_H

#include "queue/delivery.h"

enum { SUBSCRIBERS_MAX = 64 };

/* Each once, in `arena`; none for the text "none". ERR_INVALID in EXPORT_WEBHOOK_URLS says which
 * entry will not do, without its URL, which may hold a secret. */
bool subscribers_read(struct str text, bool allows_private, struct arena *arena,
                      struct subscribers *out, struct err *err) MUST_CHECK;

#endif
