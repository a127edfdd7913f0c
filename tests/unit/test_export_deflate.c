/* SPDX-License-Identifier: Apache-2.0
 *
 * Deflate streams, read back by zlib: exact, alone, the same however they were written, counted,
 * and many in a row.
 */
#include "tests/unit/export_compress_kit.h"

#include "export/deflate.h"

enum { BLOCK = 128 << 10 };

static void deflate_text(enum deflate_wrap wrap, struct str text, size_t piece,
                         struct kit_sink *out)
{
    struct err err = {0};
    struct deflate *deflate = deflate_new(wrap, &out->sink);
    assert_true(kit_feed(deflate_sink(deflate), text, piece, &err));
    assert_true(deflate_finish(deflate, &err));
    assert_int_equal(deflate_size_in(deflate), text.len);
    assert_int_equal(deflate_size_out(deflate), out->total);
    assert_int_equal(deflate_crc32(deflate), crc32(0, (const Bytef *)text.ptr, (uInt)text.len));
    deflate_free(deflate);
}

static void zlib_reads_every_length_near_a_block_as_it_was(void **state)
{
    (void)state;
    static const size_t lengths[] = {0,         1,         2,     100,           BLOCK - 1,
                                     BLOCK,     BLOCK + 1, 32768, 2 * BLOCK - 1, 2 * BLOCK,
                                     5 * BLOCK, 999999};
    struct buf text;
    struct buf back;
    buf_init(&text, KIT_MAX);
    buf_init(&back, KIT_MAX);
    for (unsigned matter = 0; matter < KIT_MATTER_COUNT; matter++) {
        for (size_t i = 0; i < 2 * COUNT_OF(lengths); i++) {
            bool is_gzip = i % 2;
            struct kit_sink out;
            kit_sink_init(&out);
            kit_fill(&text, (enum kit_matter)matter, lengths[i / 2]);
            deflate_text(is_gzip ? DEFLATE_GZIP : DEFLATE_RAW, buf_str(&text), SIZE_MAX / 2, &out);
            buf_clear(&back);
            kit_inflate(buf_str(&out.bytes), is_gzip ? KIT_GZIP_WINDOW : KIT_RAW_WINDOW, &back);
            kit_assert_same(buf_str(&back), buf_str(&text));
            assert_true(out.largest <= BLOCK);
            assert_true(out.total <
                        text.len + text.len / 1000 + 64); /* incompressible: hardly more */
            kit_sink_done(&out);
        }
    }
    buf_done(&back);
    buf_done(&text);
}

static void the_sizes_of_the_writes_leave_no_trace(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK};
    struct buf text;
    buf_init(&text, KIT_MAX);
    for (unsigned matter = 0; matter < KIT_MATTER_COUNT; matter++) {
        struct kit_sink whole;
        kit_sink_init(&whole);
        kit_fill(&text, (enum kit_matter)matter, 3 * BLOCK + 12345);
        deflate_text(DEFLATE_GZIP, buf_str(&text), text.len, &whole);
        for (size_t i = 0; i < COUNT_OF(pieces); i++) {
            struct kit_sink cut;
            kit_sink_init(&cut);
            deflate_text(DEFLATE_GZIP, buf_str(&text), pieces[i], &cut);
            kit_assert_same(buf_str(&cut.bytes), buf_str(&whole.bytes));
            kit_sink_done(&cut);
        }
        kit_sink_done(&whole);
    }
    buf_done(&text);
}

static void the_gzip_header_tells_nothing_of_time_or_host(void **state)
{
    (void)state;
    static const uint8_t want[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF};
    struct kit_sink out;
    kit_sink_init(&out);
    deflate_text(DEFLATE_GZIP, STR("rows"), 4, &out);
    assert_memory_equal(out.bytes.ptr, want, sizeof want);
    kit_sink_done(&out);
}

static void streams_in_a_row_are_as_if_each_were_alone(void **state)
{
    (void)state;
    static const size_t lengths[] = {300000, 0, 5, BLOCK, 300000};
    struct err err = {0};
    struct buf text;
    buf_init(&text, KIT_MAX);
    struct kit_sink all;
    kit_sink_init(&all);
    struct deflate *deflate = deflate_new(DEFLATE_RAW, &all.sink);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct kit_sink alone;
        kit_sink_init(&alone);
        kit_fill(&text, KIT_ROWS, lengths[i]);
        deflate_text(DEFLATE_RAW, buf_str(&text), 1000, &alone);
        size_t before = all.bytes.len;
        assert_true(kit_feed(deflate_sink(deflate), buf_str(&text), 777, &err));
        assert_true(deflate_finish(deflate, &err));
        assert_int_equal(deflate_size_in(deflate), text.len);
        assert_int_equal(deflate_size_out(deflate), alone.bytes.len);
        assert_int_equal(deflate_crc32(deflate), crc32(0, (const Bytef *)text.ptr, (uInt)text.len));
        kit_assert_same((struct str){all.bytes.ptr + before, all.bytes.len - before},
                        buf_str(&alone.bytes));
        kit_sink_done(&alone);
        deflate_reset(deflate);
    }
    deflate_free(deflate);
    kit_sink_done(&all);
    buf_done(&text);
}

/* What leaves it are blocks, so all that matters is near a block's end and near the file's. */
static void a_sink_that_fails_anywhere_is_told_of_and_left_alone(void **state)
{
    (void)state;
    enum { NEAR = 12, LENGTH = 2 * BLOCK + 5000 };
    struct buf text;
    buf_init(&text, KIT_MAX);
    kit_fill(&text, KIT_NOISE, LENGTH);
    struct kit_sink whole;
    kit_sink_init(&whole);
    deflate_text(DEFLATE_GZIP, buf_str(&text), 50000, &whole);
    for (size_t fail_at = 0; fail_at < whole.total; fail_at++) {
        if ((fail_at + NEAR) % BLOCK > 2 * NEAR && fail_at + NEAR < whole.total)
            continue;
        struct kit_sink out;
        kit_sink_init(&out);
        out.fail_at = fail_at;
        struct err err = {0};
        struct deflate *deflate = deflate_new(DEFLATE_GZIP, &out.sink);
        assert_false(kit_feed(deflate_sink(deflate), buf_str(&text), 50000, &err) &&
                     deflate_finish(deflate, &err));
        err = (struct err){0};
        assert_false(deflate_finish(deflate, &err)); /* and stays so; kit_sink counts the writes */
        assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
        deflate_reset(deflate);
        assert_false(sink_write(deflate_sink(deflate), "x", 1, &err));
        assert_int_equal(out.failures, 1);
        deflate_free(deflate);
        kit_sink_done(&out);
    }
    kit_sink_done(&whole);
    buf_done(&text);
}

static void a_stream_dropped_half_way_writes_nothing_more(void **state)
{
    (void)state;
    struct err err = {0};
    struct kit_sink out;
    kit_sink_init(&out);
    struct deflate *deflate = deflate_new(DEFLATE_GZIP, &out.sink);
    assert_true(sink_write(deflate_sink(deflate), "rows", 4, &err));
    deflate_free(deflate);
    assert_int_equal(out.total, 0);
    deflate_free(NULL);
    kit_sink_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zlib_reads_every_length_near_a_block_as_it_was),
        cmocka_unit_test(the_sizes_of_the_writes_leave_no_trace),
        cmocka_unit_test(the_gzip_header_tells_nothing_of_time_or_host),
        cmocka_unit_test(streams_in_a_row_are_as_if_each_were_alone),
        cmocka_unit_test(a_sink_that_fails_anywhere_is_told_of_and_left_alone),
        cmocka_unit_test(a_stream_dropped_half_way_writes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
