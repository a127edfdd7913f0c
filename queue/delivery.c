/* SPDX-License-Identifier: Apache-2.0
 *
 * See delivery.h.
 */
#include "queue/delivery.h"

static const char *const names[DELIVERY_STATE_COUNT] = {
    [DELIVERY_PENDING] = "PENDING",
    [DELIVERY_DELIVERED] = "DELIVERED",
    [DELIVERY_GIVEN_UP] = "GIVEN_UP",
};

const char *delivery_state_name(enum delivery_state state)
{
    return state < DELIVERY_STATE_COUNT ? names[state] : "UNKNOWN";
}

enum delivery_state delivery_state_of(struct str name)
{
    unsigned state = 0;
    while (state < DELIVERY_STATE_COUNT && !str_equal(name, str_of(names[state])))
        state++;
    return (enum delivery_state)state;
}

bool delivery_matches(const struct delivery_query *query, const struct delivery *delivery)
{
    return (!query->before || delivery->number < query->before) &&
           (str_is_empty(query->owner) || str_equal(query->owner, delivery->job.owner)) &&
           (!query->has_job || uuid_equal(query->job, delivery->job.id)) &&
           (!query->states || (query->states & BIT(delivery->state)));
}

bool delivery_is_end(enum job_state from, enum job_state to)
{
    return job_state_is_active(from) && job_state_is_final(to);
}

static void copy_job(struct arena *arena, const struct job *job, struct job *out)
{
    *out = (struct job){
        .id = job->id,
        .spec = {.type = arena_copy_str(arena, job->spec.type),
                 .format = arena_copy_str(arena, job->spec.format)},
        .owner = arena_copy_str(arena, job->owner),
        .request_id = arena_copy_str(arena, job->request_id),
        .state = job->state,
        .attempt = job->attempt,
        .error = {job->error.code, arena_copy_str(arena, job->error.message)},
        .file = {.name = arena_copy_str(arena, job->file.name),
                 .sha256 = arena_copy_str(arena, job->file.sha256),
                 .size = job->file.size,
                 .rows = job->file.rows},
        .created_ms = job->created_ms,
        .started_ms = job->started_ms,
        .completed_ms = job->completed_ms,
        .expires_ms = job->expires_ms,
    };
}

void delivery_copy(struct arena *arena, const struct delivery *delivery, struct delivery *out)
{
    *out = *delivery;
    out->url = arena_copy_str(arena, delivery->url);
    out->reason = arena_copy_str(arena, delivery->reason);
    copy_job(arena, &delivery->job, &out->job);
}
