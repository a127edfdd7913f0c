/* SPDX-License-Identifier: Apache-2.0
 *
 * --filter NAME=V[,V…]: commas separate values, "\," is a comma in a value; a name that is given
 * again adds to its values.
 */
#ifndef CLIENT_FILTERS_H
#define CLIENT_FILTERS_H

#include "base/arena.h"
#include "base/err.h"
#include "exportqueue/v1/export.pb-c.h"

struct filters {
    Exportqueue__V1__Filter **list;
    size_t count;
};

/* Room for `max` filters, in the arena. */
void filters_init(struct filters *filters, struct arena *arena, size_t max);

/* Takes one --filter's value. ERR_INVALID: there is no "=", or nothing before
 * or behind it. */
bool filters_add(struct filters *filters, struct arena *arena, const char *text,
                 struct err *err) MUST_CHECK;

#endif
