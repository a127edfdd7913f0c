/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches: when they are full, what they keep, and text that is not text.
 */
#include "export/batch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void text_that_is_not_utf8_is_mended_and_counted_once_a_cell(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *want;
        int replaced;
    } table[] = {
        {{"", 0}, "", 0},
        {{"plain ascii text", 16}, "plain ascii text", 0},
        {{"äöü 円 😀", 15}, "äöü 円 😀", 0},
        {{"\xFF", 1}, "\xEF\xBF\xBD", 1},
        {{"a\xFF\xFE"
          "b",
          4},
         "a\xEF\xBF\xBD\xEF\xBF\xBD"
         "b",
         1}, /* two bytes, one cell */
        {{"a\0b", 3},
         "a\xEF\xBF\xBD"
         "b",
         1},                                  /* NUL */
        {{"\0", 1}, "\xEF\xBF\xBD", 1},       /* nothing but NUL */
        {{"\xE2\x82", 2}, "\xEF\xBF\xBD", 1}, /* cut short: one for both */
        {{"\xED\xA0\x80", 3}, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 1}, /* lone surrogate */
        {{"\xC0\x80", 2}, "\xEF\xBF\xBD\xEF\xBF\xBD", 1},                 /* overlong */
    };
    struct batch batch;
    batch_init(&batch, 1);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cell *cell = batch_add_row(&batch);
        int64_t before = batch.text_replaced;
        assert_true(batch_set_text(&batch, cell, CELL_TEXT, table[i].text));
        assert_int_equal(cell->kind, CELL_TEXT);
        assert_true(str_equal(batch_text(&batch, cell), str_of(table[i].want)));
        assert_int_equal(batch.text_replaced - before, table[i].replaced);
    }
    batch_done(&batch);
}

/* Each NUL once had all the text behind it checked again: a megabyte of them took a minute. */
static void mending_takes_as_long_as_the_text_is_and_no_longer(void **state)
{
    (void)state;
    enum { LONG = 4 * 1024 * 1024 };
    static const char *const parts[] = {"\0", "\xFF", "\xFFx\0"};
    static const size_t lengths[] = {1, 1, 3};
    static const size_t mended[] = {3, 3, 7};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct buf text;
        buf_init(&text, LONG);
        size_t count = LONG / lengths[i];
        for (size_t k = 0; k < count; k++)
            buf_add(&text, parts[i], lengths[i]);
        struct batch batch;
        batch_init(&batch, 1);
        struct cell *cell = batch_add_row(&batch);
        assert_true(batch_set_text(&batch, cell, CELL_TEXT, buf_str(&text)));
        assert_int_equal(cell->len, count * mended[i]);
        batch_done(&batch);
        buf_done(&text);
    }
}

static void a_batch_is_full_by_rows_by_text_or_by_cells(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 3);
    for (int i = 0; i < BATCH_ROWS; i++) {
        assert_false(batch_is_full(&batch));
        assert_non_null(batch_add_row(&batch));
    }
    assert_true(batch_is_full(&batch));
    batch_clear(&batch);
    assert_false(batch_is_full(&batch));

    static char text[BATCH_TEXT_BYTES];
    memset(text, 'x', sizeof text);
    assert_true(
        batch_set_text(&batch, batch_add_row(&batch), CELL_TEXT, (struct str){text, sizeof text}));
    assert_true(batch_is_full(&batch));
    batch_done(&batch);

    batch_init(&batch, 2000); /* very wide rows come in smaller batches */
    size_t rows = 0;
    for (; !batch_is_full(&batch); rows++)
        assert_non_null(batch_add_row(&batch));
    assert_true(rows > 10 && rows < 100);
    batch_done(&batch);
}

static void a_huge_row_does_not_keep_its_memory(void **state)
{
    (void)state;
    enum { HUGE = 50 * 1024 * 1024 };
    struct buf text;
    buf_init(&text, HUGE);
    memset(buf_reserve(&text, HUGE), 'y', HUGE);
    buf_commit(&text, HUGE);
    struct batch batch;
    batch_init(&batch, 1);
    struct cell *cell = batch_add_row(&batch);
    assert_true(batch_set_text(&batch, cell, CELL_TEXT, buf_str(&text)));
    assert_int_equal(cell->len, HUGE);
    batch_clear(&batch);
    assert_true(batch.text.cap < HUGE);
    assert_true(batch_set_text(&batch, batch_add_row(&batch), CELL_TEXT, STR("small")));
    batch_clear(&batch);
    assert_non_null(batch.text.ptr);
    batch_done(&batch);
    buf_done(&text);
}

static void text_beyond_the_maximum_is_refused(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 1);
    assert_non_null(buf_reserve(&batch.text, 255 << 20)); /* megabytes, of which none is touched */
    assert_null(buf_reserve(&batch.text, 257 << 20));
    batch_clear(&batch);
    buf_done(&batch.text);
    buf_init(&batch.text, 10); /* instead of so much */
    struct cell *cell = batch_add_row(&batch);
    assert_true(batch_set_text(&batch, cell, CELL_TEXT, STR("0123456789")));
    assert_false(batch_set_text(&batch, cell, CELL_TEXT, STR("x")));
    batch_done(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_not_utf8_is_mended_and_counted_once_a_cell),
        cmocka_unit_test(mending_takes_as_long_as_the_text_is_and_no_longer),
        cmocka_unit_test(a_batch_is_full_by_rows_by_text_or_by_cells),
        cmocka_unit_test(a_huge_row_does_not_keep_its_memory),
        cmocka_unit_test(text_beyond_the_maximum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
