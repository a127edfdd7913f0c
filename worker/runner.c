/* SPDX-License-Identifier: Apache-2.0
 *
 * See runner.h. A run is a struct of what is open; run_close drops whatever is still open, so every
 * early return leaves nothing behind.
 */
#include "worker/runner.h"

#include "base/calendar.h"
#include "export/zone.h"
#include "files/key.h"

struct run {
    const struct runner *runner;
    struct plan plan;
    struct stop *stop;
    struct runner_watch watch;
    struct rows *rows;
    struct str key;
    struct sink sink;         /* into the file, as long as nobody wishes the run to stop */
    struct file_writer *file; /* NULL before the first batch, like the document */
    struct zone *zone;        /* the document's; NULL: UTC */
    struct document *document;
    struct batch batch;
    struct job_progress progress;
};

static void run_close(struct run *run)
{
    document_free(run->document);
    zone_close(run->zone);
    rows_close(run->rows);
    file_writer_abort(run->file);
    batch_done(&run->batch);
}

static void report(struct run *run, enum job_phase phase)
{
    run->progress.phase = phase;
    if (run->file)
        run->progress.bytes_written = file_writer_size(run->file);
    if (run->progress.total_kind == TOTAL_ESTIMATED &&
        run->progress.rows_total < run->progress.rows_done)
        run->progress.rows_total = run->progress.rows_done;
    run->watch.report(run->watch.target, &run->progress);
}

static enum job_total_kind total_kind(enum rows_total_kind kind)
{
    switch (kind) {
    case ROWS_UNKNOWN:
        return TOTAL_UNKNOWN;
    case ROWS_ESTIMATED:
        return TOTAL_ESTIMATED;
    case ROWS_EXACT:
        return TOTAL_EXACT;
    }
    return TOTAL_UNKNOWN;
}

static void note_total(struct run *run)
{
    enum rows_total_kind kind = ROWS_UNKNOWN;
    run->progress.rows_total = rows_total(run->rows, &kind);
    run->progress.total_kind = total_kind(kind);
}

static bool start_query(struct run *run, const struct job *job, struct arena *arena,
                        struct err *err)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    struct source_query query = {
        .type = run->plan.type,
        .owner = job->owner,
        .filters = run->plan.filters,
        .columns = run->plan.column_indices,
        .column_count = run->plan.column_count,
        .limit = job->spec.limit,
        .job_name = arena_printf(arena, "exportq/job/%s", id),
        .stop = run->stop,
    };
    return source_query(run->runner->source, &query, &run->rows, err);
}

static bool check_guard_rails(const struct run *run, struct err *err)
{
    const struct runner *runner = run->runner;
    if (runner->max_rows && run->progress.rows_done > runner->max_rows)
        return err_set(err, ERR_GUARD_RAIL,
                       "the export has more than %lld rows, which EXPORT_MAX_ROWS forbids; narrow "
                       "its filters or set a limit",
                       (long long)runner->max_rows);
    if (runner->max_bytes && file_writer_size(run->file) > runner->max_bytes)
        return err_set(err, ERR_GUARD_RAIL,
                       "the file is larger than %lld bytes, which EXPORT_MAX_BYTES forbids; narrow "
                       "its filters or choose fewer columns",
                       (long long)runner->max_bytes);
    return true;
}

/* One batch can be work for seconds, as can the end of a document. */
static bool write_unless_stopped(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct run *run = CONTAINER_OF(sink, struct run, sink);
    return stop_check(run->stop, err) && sink_write(file_writer_sink(run->file), bytes, len, err);
}

/* The plan knows the zone; without its rules the times would silently be those of UTC. */
static bool open_zone(struct run *run, struct err *err)
{
    struct str name = run->plan.presentation.time_zone;
    if (str_is_empty(name))
        return true;
    run->zone = zone_open(name);
    return run->zone || err_set(err, ERR_INTERNAL, "the rules of time zone %.*s could not be read",
                                STR_ARG(name));
}

/* The file is begun when there is something for it: a query may be silent for hours first, and a
 * part that nobody writes to is taken for a left-over. */
static bool begin_file(struct run *run, const struct job *job, struct err *err)
{
    const struct plan *plan = &run->plan;
    struct writer_options look = plan->presentation.writer;
    if (!open_zone(run, err))
        return false;
    look.zone = run->zone;
    look.sheet_name = plan->type->name;
    look.created_ms = job->created_ms;
    if (!files_create(run->runner->files, run->key, &run->file, err))
        return false;
    file_writer_heed(run->file, run->stop);
    run->document = document_new(plan->format, &look, &plan->presentation.document, plan->columns,
                                 plan->column_count, &run->sink);
    return true;
}

static bool copy_rows(struct run *run, const struct job *job, struct err *err)
{
    for (;;) {
        if (!stop_check(run->stop, err))
            return false;
        batch_clear(&run->batch);
        if (!rows_next(run->rows, &run->batch, err) || (!run->file && !begin_file(run, job, err)))
            return false;
        if (run->batch.row_count == 0)
            return true;
        run->progress.rows_done += (int64_t)run->batch.row_count;
        if (!document_rows(run->document, &run->batch, err) || !check_guard_rails(run, err))
            return false;
        note_total(run);
        report(run, PHASE_WRITING);
    }
}

static struct str make_key(const struct job *job, struct arena *arena)
{
    const struct file_key of = {.job = job->id, .attempt = job->attempt};
    char key[FILE_KEY_SIZE];
    file_key_make(&of, key);
    return arena_copy_str(arena, str_of(key));
}

static struct str make_name(const struct job *job, const struct plan *plan, struct arena *arena)
{
    char time[CALENDAR_TEXT_SIZE];
    calendar_format_compact(job->created_ms * 1000, time);
    struct str extension = document_extension(plan->format, &plan->presentation.document, arena);
    return arena_printf(arena, "%.*s-%s.%.*s", STR_ARG(job->spec.type), time, STR_ARG(extension));
}

static struct job_warnings warnings_of(const struct document *document)
{
    const struct fidelity *fidelity = document_fidelity(document);
    return (struct job_warnings){
        .cells_guarded = fidelity->cells_guarded,
        .non_finite = fidelity->non_finite,
        .text_replaced = fidelity->text_replaced,
        .kept_as_text = fidelity->kept_as_text,
        .sheets = fidelity->sheets,
    };
}

/* Makes the file durable and hands it over to the result. */
static bool store_file(struct run *run, const struct job *job, struct arena *arena,
                       struct runner_result *out, struct err *err)
{
    report(run, PHASE_STORING);
    struct file_writer *file = run->file;
    run->file = NULL; /* commit frees it in every case */
    struct file_facts facts;
    if (!file_writer_commit(file, &facts, err))
        return false;
    run->progress.bytes_written = facts.size;
    *out = (struct runner_result){
        .file = {.key = run->key,
                 .name = make_name(job, &run->plan, arena),
                 .content_type =
                     document_content_type(run->plan.format, &run->plan.presentation.document),
                 .sha256 = arena_copy_str(arena, str_of(facts.sha256)),
                 .size = facts.size,
                 .rows = run->progress.rows_done},
        .progress = run->progress,
        .warnings = warnings_of(run->document),
    };
    return true;
}

bool runner_run(const struct runner *runner, const struct job *job, struct stop *stop,
                struct runner_watch watch, struct arena *arena, struct runner_result *out,
                struct err *err)
{
    struct run run CLEANUP(run_close) = {
        .runner = runner, .stop = stop, .watch = watch, .sink = {write_unless_stopped}};
    if (!plan_make(runner->catalog, &job->spec, arena, &run.plan, err))
        return false;
    run.key = make_key(job, arena);
    report(&run, PHASE_QUERYING);
    batch_init(&run.batch, run.plan.column_count);
    if (!start_query(&run, job, arena, err) || !copy_rows(&run, job, err))
        return false;
    report(&run, PHASE_FINISHING);
    if (!document_finish(run.document, err) || !check_guard_rails(&run, err) ||
        !stop_check(stop, err))
        return false;
    run.progress.rows_total = run.progress.rows_done;
    run.progress.total_kind = TOTAL_EXACT;
    return store_file(&run, job, arena, out, err);
}
