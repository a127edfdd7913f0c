/* SPDX-License-Identifier: Apache-2.0
 *
 * The progress line: what it says at each point, how wide it gets, and that it never promises more
 * than there is.
 */
#include "client/progress.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STATE(name) EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_##name
#define TOTAL(name) EXPORTQUEUE__V1__PROGRESS__TOTAL_KIND__TOTAL_KIND_##name
#define PHASE(name) EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_##name
enum { MAX_BYTES = 4096 };

struct row {
    Exportqueue__V1__JobState state;
    Exportqueue__V1__Progress__Phase phase;
    Exportqueue__V1__Progress__TotalKind kind;
    int64_t done;
    int64_t total;
    int64_t bytes;
    double rate;
    const char *plain;
};

static void format(const struct row *row, size_t width, struct buf *out)
{
    Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
    Exportqueue__V1__Progress progress = EXPORTQUEUE__V1__PROGRESS__INIT;
    progress.phase = row->phase;
    progress.total_kind = row->kind;
    progress.rows_done = row->done;
    progress.rows_total = row->total;
    progress.bytes_written = row->bytes;
    job.state = row->state;
    job.progress = &progress;
    buf_clear(out);
    progress_format(&job, row->rate, width, out);
}

static const struct row rows[] = {
    {STATE(QUEUED), PHASE(QUEUED), TOTAL(UNKNOWN), 0, 0, 0, 0, "QUEUED"},
    {STATE(RUNNING), PHASE(QUERYING), TOTAL(UNKNOWN), 0, 0, 0, 0, "QUERYING"},
    {STATE(RUNNING), PHASE(WRITING), TOTAL(UNKNOWN), 500, 0, 999, 0, "WRITING  500 rows  999 B"},
    {STATE(RUNNING), PHASE(WRITING), TOTAL(EXACT), 500, 2000, 1234, 250,
     " 25%  WRITING  500/2000 rows  1.2 kB  250 rows/s"},
    {STATE(RUNNING), PHASE(WRITING), TOTAL(ESTIMATED), 500, 2000, 1500000, 0,
     " 25%  WRITING  500/~2000 rows  1.5 MB"},
    {STATE(RUNNING), PHASE(STORING), TOTAL(EXACT), 2000, 2000, 4000, 0,
     " 99%  STORING  2000 rows  4.0 kB"},
    {STATE(RUNNING), PHASE(WRITING), TOTAL(ESTIMATED), INT64_MAX, 1, 1, 0,
     " 99%  WRITING  9223372036854775807 rows  1 B"},
    {STATE(RUNNING), PHASE(WRITING), TOTAL(EXACT), -5, 10, 1, 0, "WRITING  -5/10 rows  1 B"},
    {STATE(COMPLETED), PHASE(STORING), TOTAL(EXACT), 2000, 2000, 4000, 0,
     "100%  COMPLETED  2000 rows  4.0 kB"},
    {STATE(FAILED), PHASE(WRITING), TOTAL(EXACT), 1000, 2000, 4000, 0,
     " 50%  FAILED  1000/2000 rows  4.0 kB"},
};

static void the_line_says_what_is_known(void **state)
{
    (void)state;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, MAX_BYTES);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        format(&rows[i], 0, &line);
        assert_string_equal(line.ptr, rows[i].plain);
    }
}

static void only_a_completed_job_is_at_100_percent(void **state)
{
    (void)state;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, MAX_BYTES);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        format(&rows[i], 0, &line);
        assert_int_equal(strstr(line.ptr, "100%") != NULL, rows[i].state == STATE(COMPLETED));
    }
}

static void the_bar_is_as_wide_as_the_terminal_allows(void **state)
{
    (void)state;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, MAX_BYTES);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t width = 1; width < 200; width++) {
            format(&rows[i], width, &line);
            assert_true(line.len <= width);
        }
    format(&rows[3], 60, &line);
    assert_memory_equal(line.ptr, "[##.......]  25%  WRITING", 25);
    format(&rows[3], 200, &line);
    assert_memory_equal(line.ptr, "[#######.......................]  25%  WRITING", 46);
    format(&rows[3], 50, &line);
    assert_memory_equal(line.ptr, " 25%  WRITING", 13);
}

static void a_job_without_progress_is_shown_by_its_state(void **state)
{
    (void)state;
    Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, MAX_BYTES);
    job.state = STATE(RUNNING);
    progress_format(&job, 0, 0, &line);
    assert_string_equal(line.ptr, "RUNNING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_says_what_is_known),
        cmocka_unit_test(only_a_completed_job_is_at_100_percent),
        cmocka_unit_test(the_bar_is_as_wide_as_the_terminal_allows),
        cmocka_unit_test(a_job_without_progress_is_shown_by_its_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
