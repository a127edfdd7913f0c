/* SPDX-License-Identifier: Apache-2.0
 *
 * libpq's pipeline, for the files of pg/ only: statements are sent one behind the other, then a
 * Sync; their results come in order, then the Sync's. After an error the rest is aborted.
 *
 *     pipeline_begin → pipeline_send × n → pipeline_sync
 *         → (pipeline_skip | pipeline_take) × n → pipeline_end
 *
 * After a failure at any point: pipeline_abandon.
 */
#ifndef PG_PIPELINE_H
#define PG_PIPELINE_H

#include "pg/connection.h"

struct pg_pipeline {
    struct pg *pg;
    struct pg_patience patience;
    size_t prepared_before; /* how many statements were prepared before */
    bool is_unprepared;     /* the server does not know what we prepared, or knows it already */
    bool is_outdated;       /* what we prepared gives other columns than it did */
};

bool pipeline_begin(struct pg_pipeline *pipeline);

/* Queues one statement, and its preparation before it if need be; *out_extra: how many results come
 * before its own. */
bool pipeline_send(struct pg_pipeline *pipeline, const struct pg_call *call, int *out_extra);

bool pipeline_sync(struct pg_pipeline *pipeline);

/* Takes the one result of a statement, and the NULL that libpq puts behind it. */
bool pipeline_take(struct pg_pipeline *pipeline, PGresult **out, struct err *err);

/* Takes and forgets as many. */
bool pipeline_skip(struct pg_pipeline *pipeline, int count, struct err *err);

/* Tells what a failed result has to say, and notes whether it is about preparing. */
void pipeline_note(struct pg_pipeline *pipeline, const PGresult *result, struct err *err);

/* Takes the Sync's result: a failure tells that the commit was refused. */
bool pipeline_end(struct pg_pipeline *pipeline, struct err *err);

/* Leaves the connection as it was before, or broken. */
void pipeline_abandon(struct pg_pipeline *pipeline);

/* After a failure: whether to try once more, for it was about preparing. What we prepared is
 * forgotten; if a pooler gave us another server connection than the one that we prepared on,
 * nothing is prepared from then on. */
bool pipeline_may_run_again(const struct pg_pipeline *pipeline);

#endif
