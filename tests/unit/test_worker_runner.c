/* SPDX-License-Identifier: Apache-2.0
 *
 * One run, over a source that this test plays: when there is a file, and what is reported.
 */
#include "tests/support/shop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_ASKED = 8, LARGE = 1 << 20 };

/* A source whose query gives some rows of three columns, one a batch, and notes how many files
 * there were each time it was asked. */
struct played {
    struct source base;
    struct rows rows;
    const struct shop *shop;
    size_t row_count;
    size_t asked;
    size_t files_when_asked[MAX_ASKED];
    struct stop *to_stop; /* or NULL: the wish comes while the first batch is on its way */
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
    if (played->to_stop) {
        static char large[LARGE];
        memset(large, 'x', sizeof large);
        assert_true(batch_set_text(batch, &cells[0], CELL_TEXT, (struct str){large, LARGE}));
        stop_request(played->to_stop, STOP_CANCELLED);
    }
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

/* Runs one job with these wishes and reads back what was stored of it. */
static struct job_file stored(struct shop *shop, struct job_presentation wishes,
                              struct arena *arena, struct str *out_bytes)
{
    enum { MOST = 4096 };
    struct err err = {0};
    struct stop stop;
    struct runner_result result;
    struct reports reports = {0};
    struct job job = {.spec = {.type = STR("orders"), .limit = 100, .presentation = wishes},
                      .owner = STR("ann"),
                      .attempt = 1};
    stop_init(&stop, 0);
    struct runner_watch watch = {note_report, &reports};
    if (!runner_run(&shop->runner, &job, &stop, watch, arena, &result, &err))
        fail_msg("%s", err.text);
    struct file_reader *reader = NULL;
    char *bytes = arena_alloc(arena, MOST);
    assert_true(files_open(shop->files, result.file.key, &reader, &err));
    assert_true(file_reader_read(reader, 0, bytes, MOST, &out_bytes->len, &err));
    file_reader_close(reader);
    out_bytes->ptr = bytes;
    assert_true(files_remove(shop->files, result.file.key, &err));
    assert_int_equal(result.progress.bytes_written, result.file.size);
    return result.file;
}

static void size_and_digest_are_of_what_is_stored(void **state)
{
    (void)state;
    static const struct {
        struct job_presentation wishes;
        const char *name;
        const char *content_type;
        struct str begins;
    } cases[] = {
        {{.compression = COMPRESSION_NONE},
         "orders-19700101-000000.csv",
         "text/csv; charset=utf-8; header=present",
         {"id,item", 7}},
        {{.compression = COMPRESSION_GZIP},
         "orders-19700101-000000.csv.gz",
         "application/gzip",
         {"\x1F\x8B", 2}},
        {{.compression = COMPRESSION_ZSTD},
         "orders-19700101-000000.csv.zst",
         "application/zstd",
         {"\x28\xB5\x2F\xFD", 4}},
        {{.dialect = DIALECT_EXCEL},
         "orders-19700101-000000.csv",
         "text/csv; charset=utf-16le; header=present",
         {"\xFF\xFEi\0d\0\t\0i\0", 10}},
    };
    struct shop shop;
    shop_open(&shop);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct str bytes;
        struct job_file file = stored(&shop, cases[i].wishes, &arena, &bytes);
        assert_true(str_equal(file.name, str_of(cases[i].name)));
        assert_true(str_equal(file.content_type, str_of(cases[i].content_type)));
        assert_true(str_starts_with(bytes, cases[i].begins));
        assert_int_equal(file.size, bytes.len);
        assert_int_equal(file.rows, 100);
        uint8_t digest[SHA256_SIZE];
        char hex[SHA256_HEX_LEN + 1];
        struct sha256 *hash = sha256_new();
        sha256_add(hash, bytes.ptr, bytes.len);
        sha256_finish(hash, digest);
        sha256_free(hash);
        sha256_format(digest, hex);
        assert_true(str_equal(file.sha256, str_of(hex)));
        arena_done(&arena);
    }
    shop_close(&shop);
}

static void the_guard_rail_of_bytes_is_for_what_is_stored(void **state)
{
    (void)state;
    struct shop shop;
    shop_open(&shop);
    struct arena arena = {0};
    struct str bytes;
    int64_t plain = stored(&shop, (struct job_presentation){0}, &arena, &bytes).size;
    struct job_presentation wishes = {.compression = COMPRESSION_GZIP};
    int64_t compressed = stored(&shop, wishes, &arena, &bytes).size;
    assert_true(compressed < plain);
    shop.runner.max_bytes = compressed; /* which the plain file is over */
    assert_int_equal(stored(&shop, wishes, &arena, &bytes).size, compressed);
    arena_done(&arena);
    shop_close(&shop);
}

/* One batch of large values can take its time to write. */
static void a_wish_to_stop_is_heard_within_a_batch(void **state)
{
    (void)state;
    struct shop shop;
    shop_open(&shop);
    struct arena arena = {0};
    struct err err = {0};
    struct stop stop;
    stop_init(&stop, 0);
    struct reports reports = {0};
    struct runner_result result;
    struct played played = {
        .base.ops = &played_ops, .shop = &shop, .row_count = 1, .to_stop = &stop};
    struct runner runner = shop.runner;
    runner.source = &played.base;
    struct job job = {.spec = {.type = STR("orders")}, .owner = STR("ann"), .attempt = 1};
    struct runner_watch watch = {note_report, &reports};
    assert_false(runner_run(&runner, &job, &stop, watch, &arena, &result, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    assert_int_equal(reports.count, 1); /* PHASE_QUERYING: the batch was not written to its end */
    assert_int_equal(shop_count_files(&shop), 0);
    arena_done(&arena);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_file_before_the_query_has_given_something),
        cmocka_unit_test(a_query_without_rows_makes_a_file_too),
        cmocka_unit_test(size_and_digest_are_of_what_is_stored),
        cmocka_unit_test(the_guard_rail_of_bytes_is_for_what_is_stored),
        cmocka_unit_test(a_wish_to_stop_is_heard_within_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
