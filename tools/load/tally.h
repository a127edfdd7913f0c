/* SPDX-License-Identifier: Apache-2.0
 *
 * What came of many calls: how many went well, and how long those took. One thread's at a time.
 */
#ifndef TOOLS_LOAD_TALLY_H
#define TOOLS_LOAD_TALLY_H

#include "base/defs.h"

struct tally {
    int64_t *took_us; /* of those that went well */
    size_t count;
    size_t capacity;
    size_t refused; /* RESOURCE_EXHAUSTED */
    size_t failed;
};

/* Frees what it holds; the zero value holds nothing. */
void tally_done(struct tally *tally);

/* One that went well. */
void tally_add(struct tally *tally, int64_t took_us);

/* Adds all of another. */
void tally_join(struct tally *tally, const struct tally *other);

/* Prints it as a JSON object, with the time it took and what it cost this process. */
void tally_print(struct tally *tally, int64_t wall_us);

/* Microseconds on a clock that is never set. */
int64_t tally_now_us(void);

#endif
