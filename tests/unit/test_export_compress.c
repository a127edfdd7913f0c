/* SPDX-License-Identifier: Apache-2.0
 *
 * Compressed files, read back by zlib and libzstd: exact, one member or frame with nothing after
 * it, the same however they were written, in constant memory.
 */
#include "tests/unit/export_compress_kit.h"

#include <malloc.h>

enum { BLOCK = 128 << 10 };

static const enum compress ways[] = {COMPRESS_GZIP, COMPRESS_ZSTD};

static void compress_text(enum compress how, struct str text, size_t piece, struct kit_sink *out)
{
    struct err err = {0};
    struct compressor *compressor = compressor_new(how, &out->sink);
    assert_true(kit_feed(compressor_sink(compressor), text, piece, &err));
    assert_true(compressor_finish(compressor, &err));
    compressor_free(compressor);
}

static void what_comes_back_is_what_went_in(void **state)
{
    (void)state;
    static const size_t lengths[] = {0,     1,         300,           BLOCK - 1,
                                     BLOCK, BLOCK + 1, 2 * BLOCK - 1, 3 * BLOCK + 5};
    struct buf text;
    struct buf back;
    buf_init(&text, KIT_MAX);
    buf_init(&back, KIT_MAX);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        for (unsigned matter = 0; matter < KIT_MATTER_COUNT; matter++) {
            for (size_t i = 0; i < COUNT_OF(lengths); i++) {
                struct kit_sink out;
                kit_sink_init(&out);
                kit_fill(&text, (enum kit_matter)matter, lengths[i]);
                compress_text(ways[way], buf_str(&text), 10000, &out);
                buf_clear(&back);
                kit_decompress(ways[way], buf_str(&out.bytes), &back);
                kit_assert_same(buf_str(&back), buf_str(&text));
                kit_sink_done(&out);
            }
        }
    }
    buf_done(&back);
    buf_done(&text);
}

static void the_sizes_of_the_writes_leave_no_trace(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 9, 5000, BLOCK - 1, BLOCK, BLOCK + 1, SIZE_MAX / 2};
    static const size_t lengths[] = {0, 20, 2 * BLOCK, 3 * BLOCK + 12345};
    struct buf text;
    buf_init(&text, KIT_MAX);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
            struct kit_sink whole;
            kit_sink_init(&whole);
            kit_fill(&text, KIT_ROWS, lengths[i]);
            compress_text(ways[way], buf_str(&text), 777, &whole);
            for (size_t p = 0; p < COUNT_OF(pieces); p++) {
                struct kit_sink cut;
                kit_sink_init(&cut);
                compress_text(ways[way], buf_str(&text), pieces[p], &cut);
                kit_assert_same(buf_str(&cut.bytes), buf_str(&whole.bytes));
                kit_sink_done(&cut);
            }
            kit_sink_done(&whole);
        }
    }
    buf_done(&text);
}

static void a_damaged_zstd_file_is_noticed(void **state)
{
    (void)state;
    enum { CHECKSUM_BYTES = 4 };
    char back[100];
    struct kit_sink out;
    kit_sink_init(&out);
    compress_text(COMPRESS_ZSTD, STR("rows and rows"), 4, &out);
    assert_int_equal(ZSTD_decompress(back, sizeof back, out.bytes.ptr, out.bytes.len), 13);
    out.bytes.ptr[out.bytes.len - CHECKSUM_BYTES] ^= 1;
    assert_true(ZSTD_isError(ZSTD_decompress(back, sizeof back, out.bytes.ptr, out.bytes.len)));
    kit_sink_done(&out);
}

/* Only an empty file would have it, and would be the one with another form of head. */
static void no_zstd_file_tells_its_size(void **state)
{
    (void)state;
    static const struct str texts[] = {{"", 0}, {"rows", 4}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct kit_sink out;
        kit_sink_init(&out);
        compress_text(COMPRESS_ZSTD, texts[i], 1, &out);
        assert_int_equal(ZSTD_getFrameContentSize(out.bytes.ptr, out.bytes.len),
                         ZSTD_CONTENTSIZE_UNKNOWN);
        kit_sink_done(&out);
    }
}

/* What leaves a compressor are blocks, so all that matters is near a block's end and the file's. */
static void a_sink_that_fails_anywhere_is_told_of_and_left_alone(void **state)
{
    (void)state;
    enum { NEAR = 5, LENGTH = 2 * BLOCK + 5000 };
    struct buf text;
    buf_init(&text, KIT_MAX);
    kit_fill(&text, KIT_NOISE, LENGTH);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct kit_sink whole;
        kit_sink_init(&whole);
        compress_text(ways[way], buf_str(&text), 50000, &whole);
        for (size_t fail_at = 0; fail_at < whole.total; fail_at++) {
            if ((fail_at + NEAR) % BLOCK > 2 * NEAR && fail_at + NEAR < whole.total)
                continue;
            struct kit_sink out;
            kit_sink_init(&out);
            out.fail_at = fail_at;
            struct err err = {0};
            struct compressor *compressor = compressor_new(ways[way], &out.sink);
            assert_false(kit_feed(compressor_sink(compressor), buf_str(&text), 50000, &err) &&
                         compressor_finish(compressor, &err));
            assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
            assert_non_null(strstr(err.text, "full at"));
            err = (struct err){0};
            assert_false(compressor_finish(compressor, &err)); /* kit_sink counts the writes */
            assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
            assert_int_equal(out.failures, 1);
            compressor_free(compressor);
            kit_sink_done(&out);
        }
        kit_sink_done(&whole);
    }
    buf_done(&text);
}

/* Bytes in use from the heap, whoever asked for them. */
static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void memory_does_not_grow_with_the_file(void **state)
{
    (void)state;
    enum { MB = 1 << 20, WARM = 4 * MB, LENGTH = 40 * MB, MOST = 6 * MB };
    struct buf text;
    buf_init(&text, KIT_MAX);
    for (size_t way = 0; way < 2 * COUNT_OF(ways); way++) {
        kit_fill(&text, way % 2 ? KIT_NOISE : KIT_ROWS, BLOCK);
        struct kit_sink out;
        kit_sink_init(&out);
        out.drops = true;
        struct err err = {0};
        size_t before = heap_in_use();
        size_t warm = 0;
        struct compressor *compressor = compressor_new(ways[way / 2], &out.sink);
        for (size_t written = 0; written < LENGTH; written += text.len) {
            text.ptr[written / BLOCK] ^= 1; /* no two blocks alike */
            assert_true(sink_write(compressor_sink(compressor), text.ptr, text.len, &err));
            if (written == WARM)
                warm = heap_in_use();
        }
        assert_int_equal(heap_in_use(), warm);
        assert_true(warm - before <= MOST);
        assert_true(compressor_finish(compressor, &err));
        compressor_free(compressor);
        assert_true(out.largest <= BLOCK);
        kit_sink_done(&out);
    }
    buf_done(&text);
}

static void each_way_has_its_name_and_type(void **state)
{
    (void)state;
    assert_string_equal(compress_extension(COMPRESS_NONE), "");
    assert_string_equal(compress_extension(COMPRESS_GZIP), ".gz");
    assert_string_equal(compress_extension(COMPRESS_ZSTD), ".zst");
    assert_null(compress_content_type(COMPRESS_NONE));
    assert_string_equal(compress_content_type(COMPRESS_GZIP), "application/gzip");
    assert_string_equal(compress_content_type(COMPRESS_ZSTD), "application/zstd");
    compressor_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_back_is_what_went_in),
        cmocka_unit_test(the_sizes_of_the_writes_leave_no_trace),
        cmocka_unit_test(a_damaged_zstd_file_is_noticed),
        cmocka_unit_test(no_zstd_file_tells_its_size),
        cmocka_unit_test(a_sink_that_fails_anywhere_is_told_of_and_left_alone),
        cmocka_unit_test(memory_does_not_grow_with_the_file),
        cmocka_unit_test(each_way_has_its_name_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
