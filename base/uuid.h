/* SPDX-License-Identifier: Apache-2.0
 *
 * UUID version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then a counter, then random bits, so
 * that ids sort by the time of their making.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/str.h"

enum { UUID_TEXT_LEN = 36 };

struct uuid {
    uint8_t bytes[16];
};

/* Makes ids that ascend strictly, also within a millisecond. Zero-initialised; one user at a time:
 * the owner locks. */
struct uuid_maker {
    int64_t last_ms;
    unsigned counter; /* 12 bits: RFC 9562, 6.2, method 1 */
};

/* The next id at `now_ms`. A clock that went back is ignored until it has caught up. */
struct uuid uuid_make(struct uuid_maker *maker, int64_t now_ms);

/* 8-4-4-4-12 lower-case hex digits and a NUL. */
void uuid_format(struct uuid id, char out[UUID_TEXT_LEN + 1]);

/* The canonical form only, either case. */
bool uuid_parse(struct str text, struct uuid *out) MUST_CHECK;

bool uuid_equal(struct uuid a, struct uuid b);

/* <0, 0, >0: the order of making. */
int uuid_compare(struct uuid a, struct uuid b);

#endif
