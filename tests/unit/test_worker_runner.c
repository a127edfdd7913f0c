/* SPDX-License-Identifier: Apache-2.0
 *
 * One run, over a source that this test plays: when there is a file, and what is reported.
 */
#include "tests/support/shop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_ASKED = 8 };

/* A source whose query gives some rows of three columns, one a batch, and notes how many files
 * there were each time it was asked. */
struct played {
    struct source base;
    struct rows rows;
    const struct shop *shop;
    size_t row_count;
    size_t asked;
    size_t files_when_asked[MAX_ASKED];
};

static bool play_query(struct source *base, const struct source_query *query, struct rows **out,
                       struct err *err)
{
    struct played *played = CONTAINER_OF(base, struct played, base);
    (void)query;
    (void)err;
    assert_int_equal(shop_count_files(played->shop), 0);
    played->rows.ops = base->ops;
    *out = &played->rows;
    return true;
}

static int64_t play_total(const struct rows *base, enum rows_total_kind *out_kind)
{
    (void)base;
    *out_kind = ROWS_UNKNOWN;
    return 0;
}

static bool play_next(struct rows *base, struct batch *batch, struct err *err)
{
    struct played *played = CONTAINER_OF(base, struct played, rows);
    (void)err;
    assert_true(played->asked < MAX_ASKED);
    played->files_when_asked[played->asked++] = shop_count_files(played->shop);
    if (played->asked > played->row_count)
        return true;
    struct cell *cells = batch_add_row(batch);
    for (size_t i = 0; i < batch->column_count; i++)
        cells[i] = (struct cell){.kind = CELL_INTEGER, .as.integer = 7};
    return true;
}

static void play_close(struct rows *base)
{
    (void)base;
}

static const struct source_ops played_ops = {
    .dialect = "sqlite",
    .query = play_query,
    .total = play_total,
    .next = play_next,
    .close_rows = play_close,
};

struct reports {
    enum job_phase phases[MAX_ASKED * 2];
    size_t count;
};

static void note_report(void *target, const struct job_progress *progress)
{
    struct reports *reports = target;
    if (reports->count == 0 || reports->phases[reports->count - 1] != progress->phase)
        reports->phases[reports->count++] = progress->phase;
}

static void run(struct played *played, struct shop *shop, struct reports *reports,
                int64_t *out_size)
{
    struct arena arena = {0};
    struct err err = {0};
    struct stop stop;
    struct runner_result result;
    struct runner runner = shop->runner;
    struct job job = {.spec = {.type = STR("orders")}, .owner = STR("ann"), .attempt = 1};
    played->base.ops = &played_ops;
    played->shop = shop;
    runner.source = &played->base;
    stop_init(&stop, 0);
    struct runner_watch watch = {note_report, reports};
    if (!runner_run(&runner, &job, &stop, watch, &arena, &result, &err))
        fail_msg("%s", err.text);
    assert_int_equal(result.file.rows, played->row_count);
    *out_size = result.file.size;
    arena_done(&arena);
}

/* A shared store takes a part that nobody has written to for an hour for a left-over. */
static void there_is_no_file_before_the_query_has_given_something(void **state)
{
    (void)state;
    struct shop shop;
    shop_open(&shop);
    struct reports reports = {0};
    struct played played = {.row_count = 2};
    int64_t size = 0;
    run(&played, &shop, &reports, &size);
    assert_int_equal(played.asked, 3);
    assert_int_equal(played.files_when_asked[0], 0);
    assert_int_equal(played.files_when_asked[1], 1);
    assert_int_equal(size, strlen("id,item,amount\n7,7,7\n7,7,7\n"));
    static const enum job_phase phases[] = {PHASE_QUERYING, PHASE_WRITING, PHASE_FINISHING,
                                            PHASE_STORING};
    assert_int_equal(reports.count, COUNT_OF(phases));
    for (size_t i = 0; i < COUNT_OF(phases); i++)
        assert_int_equal(reports.phases[i], phases[i]);
    shop_close(&shop);
}

static void a_query_without_rows_makes_a_file_too(void **state)
{
    (void)state;
    struct shop shop;
    shop_open(&shop);
    struct reports reports = {0};
    struct played played = {0};
    int64_t size = 0;
    run(&played, &shop, &reports, &size);
    assert_int_equal(size, strlen("id,item,amount\n"));
    assert_int_equal(shop_count_files(&shop), 1);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_file_before_the_query_has_given_something),
        cmocka_unit_test(a_query_without_rows_makes_a_file_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
