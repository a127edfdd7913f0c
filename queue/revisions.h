/* SPDX-License-Identifier: Apache-2.0
 *
 * Which revision of a job was seen last, so that changes which come by several ways are told once
 * and in order. Bounded: what was not looked at longest goes first; a job that is forgotten while
 * it is active is told once more. Not thread-safe.
 */
#ifndef QUEUE_REVISIONS_H
#define QUEUE_REVISIONS_H

#include "base/buf.h"
#include "base/uuid.h"

enum { REVISIONS_MAX = 50000 };

struct revisions;

struct revisions *revisions_new(void);
void revisions_free(struct revisions *revisions);

/* Remembers a revision; false if it is not above the one remembered. */
bool revisions_advance(struct revisions *revisions, struct uuid id, int64_t revision,
                       bool is_active);

/* 0: none is known. */
int64_t revisions_of(const struct revisions *revisions, struct uuid id);

/* Calls `visit` for each job that was active when it was last seen. */
void revisions_each_active(const struct revisions *revisions,
                           void (*visit)(void *target, struct uuid id, int64_t revision),
                           void *target);

#endif
