/* SPDX-License-Identifier: Apache-2.0
 *
 * See job.h.
 */
#include "queue/job.h"

static const unsigned job_moves[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = BIT(JOB_RUNNING) | BIT(JOB_CANCELLED),
    [JOB_RUNNING] = BIT(JOB_QUEUED) | BIT(JOB_COMPLETED) | BIT(JOB_FAILED) | BIT(JOB_CANCELLED),
    [JOB_COMPLETED] = BIT(JOB_EXPIRED),
    [JOB_FAILED] = BIT(JOB_QUEUED),
    [JOB_CANCELLED] = BIT(JOB_QUEUED),
};

static const char *const state_names[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = "QUEUED", [JOB_RUNNING] = "RUNNING",     [JOB_COMPLETED] = "COMPLETED",
    [JOB_FAILED] = "FAILED", [JOB_CANCELLED] = "CANCELLED", [JOB_EXPIRED] = "EXPIRED",
};

bool job_may_move(enum job_state from, enum job_state to)
{
    return (job_moves[from] & BIT(to)) != 0;
}

bool job_state_is_final(enum job_state state)
{
    return !job_state_is_active(state);
}

bool job_state_is_active(enum job_state state)
{
    return state == JOB_QUEUED || state == JOB_RUNNING;
}

const char *job_state_name(enum job_state state)
{
    return state_names[state];
}

static const struct str *copy_texts(struct arena *arena, const struct str *texts, size_t count)
{
    struct str *copies = arena_alloc_array(arena, count, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_copy_str(arena, texts[i]);
    return copies;
}

static void copy_spec(struct arena *arena, const struct job_spec *spec, struct job_spec *out)
{
    struct job_filter *filters = arena_alloc_array(arena, spec->filter_count, sizeof *filters);
    for (size_t i = 0; i < spec->filter_count; i++) {
        const struct job_filter *filter = &spec->filters[i];
        filters[i].name = arena_copy_str(arena, filter->name);
        filters[i].values = copy_texts(arena, filter->values, filter->value_count);
        filters[i].value_count = filter->value_count;
    }
    out->type = arena_copy_str(arena, spec->type);
    out->format = arena_copy_str(arena, spec->format);
    out->filters = filters;
    out->columns = copy_texts(arena, spec->columns, spec->column_count);
    out->presentation.locale = arena_copy_str(arena, spec->presentation.locale);
    out->presentation.time_zone = arena_copy_str(arena, spec->presentation.time_zone);
    out->presentation.null_text = arena_copy_str(arena, spec->presentation.null_text);
    out->webhook_url = arena_copy_str(arena, spec->webhook_url);
}

void job_copy(struct arena *arena, const struct job *job, struct job *out)
{
    *out = *job;
    copy_spec(arena, &job->spec, &out->spec);
    out->owner = arena_copy_str(arena, job->owner);
    out->request_id = arena_copy_str(arena, job->request_id);
    out->trace_parent = arena_copy_str(arena, job->trace_parent);
    out->trace_state = arena_copy_str(arena, job->trace_state);
    out->error.message = arena_copy_str(arena, job->error.message);
    out->file.key = arena_copy_str(arena, job->file.key);
    out->file.name = arena_copy_str(arena, job->file.name);
    out->file.content_type = arena_copy_str(arena, job->file.content_type);
    out->file.sha256 = arena_copy_str(arena, job->file.sha256);
}

struct job job_as_it_was(const struct job *job, enum job_state state, int64_t revision)
{
    struct job was = *job;
    was.attempt -= state == JOB_QUEUED && job->state != JOB_QUEUED;
    was.state = state;
    was.revision = revision;
    was.completed_ms = 0;
    was.expires_ms = 0;
    was.error = (struct job_error){0};
    was.file = (struct job_file){0};
    was.warnings = (struct job_warnings){0};
    was.progress =
        (struct job_progress){.phase = state == JOB_RUNNING ? PHASE_QUERYING : PHASE_QUEUED};
    return was;
}

static size_t texts_bytes(const struct str *texts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].len;
    return bytes;
}

size_t job_spec_bytes(const struct job_spec *spec)
{
    size_t bytes = texts_bytes(spec->columns, spec->column_count);
    for (size_t i = 0; i < spec->filter_count; i++)
        bytes += spec->filters[i].name.len +
                 texts_bytes(spec->filters[i].values, spec->filters[i].value_count);
    return bytes;
}

static bool texts_equal(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!str_equal(a[i], b[i]))
            return false;
    return true;
}

static const struct job_filter *find_filter(const struct job_spec *spec, struct str name)
{
    for (size_t i = 0; i < spec->filter_count; i++)
        if (str_equal(spec->filters[i].name, name))
            return &spec->filters[i];
    return NULL;
}

/* Each name occurs once: the door has seen to that. */
static bool filters_equal(const struct job_spec *a, const struct job_spec *b)
{
    if (a->filter_count != b->filter_count)
        return false;
    for (size_t i = 0; i < a->filter_count; i++) {
        const struct job_filter *mine = &a->filters[i];
        const struct job_filter *other = find_filter(b, mine->name);
        if (!other ||
            !texts_equal(mine->values, mine->value_count, other->values, other->value_count))
            return false;
    }
    return true;
}

static bool presentation_equal(const struct job_presentation *a, const struct job_presentation *b)
{
    return str_equal(a->locale, b->locale) && str_equal(a->time_zone, b->time_zone) &&
           a->delimiter == b->delimiter && a->has_bom == b->has_bom && a->newline == b->newline &&
           a->compression == b->compression && a->is_unguarded == b->is_unguarded &&
           a->has_exact_numbers_text == b->has_exact_numbers_text && a->dialect == b->dialect &&
           a->has_titles == b->has_titles && str_equal(a->null_text, b->null_text) &&
           a->has_places == b->has_places && a->places == b->places;
}

bool job_spec_equal(const struct job_spec *a, const struct job_spec *b)
{
    return str_equal(a->type, b->type) && str_equal(a->format, b->format) && filters_equal(a, b) &&
           texts_equal(a->columns, a->column_count, b->columns, b->column_count) &&
           a->limit == b->limit && presentation_equal(&a->presentation, &b->presentation) &&
           str_equal(a->webhook_url, b->webhook_url);
}
