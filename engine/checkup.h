/* SPDX-License-Identifier: Apache-2.0
 *
 * What --check finds: a line for each thing that was tried, so that all that is amiss is told at
 * once, and what the program ends with.
 *
 *     exportqd: ok: the source
 *     exportqd: failed: the queue's database: DATABASE_URL: …
 *     exportqd: not tried: the export types, for the source is not there
 */
#ifndef ENGINE_CHECKUP_H
#define ENGINE_CHECKUP_H

#include "base/err.h"

#include <stdio.h>

struct checkup {
    const char *program;
    FILE *out;
    bool has_mistakes; /* something was ERR_INVALID, or a database refused (ERR_SOURCE_DENIED) */
    bool has_failures; /* anything else */
};

/* Returns is_ok; else *err says why not, and is zeroed for the next. */
bool checkup_tell(struct checkup *checkup, const char *what, bool is_ok, struct err *err);

void checkup_leave_out(const struct checkup *checkup, const char *what, const char *why);

/* The exit status: 0, 2 for mistakes in what was set, 1 for what only failed. */
int checkup_status(const struct checkup *checkup);

#endif
