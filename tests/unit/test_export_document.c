/* SPDX-License-Identifier: Apache-2.0
 *
 * Documents: whatever the stages behind the writer do, taken back it is the writer's file. Every
 * format, compression and encoding together.
 */
#include "tests/unit/export_compress_kit.h"

#include "export/document.h"

static const struct value rows[] = {
    WHOLE(1),    TEXT("plain"),
    REAL(0.5),   TIME(0), //
    WHOLE(-2),   TEXT("q\"\n,"),
    NONE,        DAY(0), //
    NONE,        TEXT("\xF0\x9F\x98\x80 \xC3\xBC"),
    REAL(1e99),  TRUTH(0), //
    WHOLE(4),    TEXT(""),
    NONE,        {.kind = CELL_JSON, .text = {"[1,2]", 5}}, //
    WHOLE(5000), TEXT("=\\ \1"),
    NONE,        NONE, //
};
enum { COLUMNS = 4, ROWS = COUNT_OF(rows) / COLUMNS, BLOCK = 128 << 10 };

/* The rows `repeats` times, in batches of `batch_rows`; false if the sink failed. */
static bool make(const struct format *format, const struct document_options *options,
                 size_t repeats, size_t batch_rows, struct kit_sink *out)
{
    struct err err = {0};
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options look = writer_options_default();
    struct batch batch;
    batch_init(&batch, COLUMNS);
    struct document *document =
        document_new(format, &look, options, columns.pointers, COLUMNS, &out->sink);
    bool is_ok = true;
    for (size_t row = 0; row < repeats * ROWS && is_ok;) {
        batch_clear(&batch);
        for (size_t i = 0; i < batch_rows && row < repeats * ROWS; i++, row++)
            kit_add_row(&batch, rows + row % ROWS * COLUMNS);
        is_ok = document_rows(document, &batch, &err);
    }
    is_ok = is_ok && document_finish(document, &err);
    assert_int_equal(err.code, is_ok ? ERR_NONE : ERR_STORE_UNAVAILABLE);
    if (is_ok && format == &format_csv)
        assert_int_equal(document_fidelity(document)->cells_guarded, repeats);
    document_free(document);
    batch_done(&batch);
    return is_ok;
}

/* Back to UTF-8 by the rules of the encoding; the file has characters of one unit and of two. */
static void take_back_utf16(struct str units, struct buf *out)
{
    assert_true(str_starts_with(units, STR("\xFF\xFE")));
    uint32_t high = 0;
    for (size_t at = 2; at < units.len; at += 2) {
        uint32_t unit = (uint8_t)units.ptr[at] | (uint32_t)(uint8_t)units.ptr[at + 1] << 8;
        if (unit >= 0xD800 && unit < 0xDC00) {
            high = unit;
        } else if (unit >= 0xDC00 && unit < 0xE000) {
            uint32_t code = 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00);
            char bytes[] = {(char)(0xF0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3F)),
                            (char)(0x80 | (code >> 6 & 0x3F)), (char)(0x80 | (code & 0x3F))};
            buf_add(out, bytes, sizeof bytes);
        } else if (unit < 0x80) {
            buf_add_char(out, (char)unit);
        } else {
            assert_true(unit < 0x800);
            buf_add_char(out, (char)(0xC0 | unit >> 6));
            buf_add_char(out, (char)(0x80 | (unit & 0x3F)));
        }
    }
}

static void check(const struct format *format, const struct document_options *options,
                  size_t repeats, struct str plain)
{
    struct kit_sink out;
    kit_sink_init(&out);
    assert_true(make(format, options, repeats, 3, &out));
    struct buf back;
    struct buf text;
    buf_init(&back, KIT_MAX);
    buf_init(&text, KIT_MAX);
    kit_decompress(options->compression, buf_str(&out.bytes), &back);
    if (options->is_utf16)
        take_back_utf16(buf_str(&back), &text);
    else
        buf_add_str(&text, buf_str(&back));
    kit_assert_same(buf_str(&text), plain);
    struct kit_sink again;
    kit_sink_init(&again);
    assert_true(make(format, options, repeats, 64, &again));
    kit_assert_same(buf_str(&again.bytes), buf_str(&out.bytes));
    kit_sink_done(&again);
    buf_done(&text);
    buf_done(&back);
    kit_sink_done(&out);
}

static void taken_back_it_is_the_plain_file_and_batches_leave_no_trace(void **state)
{
    (void)state;
    static const size_t repeats[] = {0, 1, 4000};
    static const struct document_options none = {.is_utf16 = false};
    for (size_t f = 0; f < format_count; f++) {
        for (size_t i = 0; i < COUNT_OF(repeats); i++) {
            struct kit_sink plain;
            kit_sink_init(&plain);
            assert_true(make(formats[f], &none, repeats[i], 1, &plain));
            for (unsigned how = COMPRESS_NONE; how <= COMPRESS_ZSTD; how++) {
                struct document_options options = {.compression = (enum compress)how};
                check(formats[f], &options, repeats[i], buf_str(&plain.bytes));
                options.is_utf16 = formats[f] == &format_csv;
                check(formats[f], &options, repeats[i], buf_str(&plain.bytes));
            }
            kit_sink_done(&plain);
        }
    }
}

static void a_sink_that_fails_anywhere_fails_the_document(void **state)
{
    (void)state;
    enum { REPEATS = 2, STEP = 17 };
    for (size_t f = 0; f < format_count; f++) {
        for (unsigned how = COMPRESS_NONE; how <= COMPRESS_ZSTD; how++) {
            struct document_options options = {.compression = (enum compress)how,
                                               .is_utf16 = formats[f] == &format_csv};
            struct kit_sink whole;
            kit_sink_init(&whole);
            assert_true(make(formats[f], &options, REPEATS, ROWS, &whole));
            for (size_t fail_at = 0; fail_at < whole.total; fail_at += STEP) {
                struct kit_sink out;
                kit_sink_init(&out);
                out.fail_at = fail_at;
                assert_false(make(formats[f], &options, REPEATS, ROWS, &out));
                assert_int_equal(out.failures, 1);
                kit_sink_done(&out);
            }
            kit_sink_done(&whole);
        }
    }
}

static void a_document_dropped_half_way_writes_nothing_more(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options look = writer_options_default();
    static const struct document_options all = {true, COMPRESS_ZSTD};
    struct kit_sink out;
    kit_sink_init(&out);
    document_free(document_new(&format_csv, &look, &all, columns.pointers, COLUMNS, &out.sink));
    document_free(NULL);
    assert_int_equal(out.total, 0);
    kit_sink_done(&out);
}

static void name_and_type_tell_what_is_stored(void **state)
{
    (void)state;
    static const struct {
        const struct format *format;
        struct document_options options;
        const char *extension;
        const char *content_type;
    } table[] = {
        {&format_csv, {false, COMPRESS_NONE}, "csv", "text/csv; charset=utf-8; header=present"},
        {&format_csv, {true, COMPRESS_NONE}, "csv", "text/csv; charset=utf-16le; header=present"},
        {&format_csv, {true, COMPRESS_GZIP}, "csv.gz", "application/gzip"},
        {&format_json, {false, COMPRESS_NONE}, "json", "application/json"},
        {&format_json, {false, COMPRESS_GZIP}, "json.gz", "application/gzip"},
        {&format_ndjson, {false, COMPRESS_ZSTD}, "ndjson.zst", "application/zstd"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        kit_assert_bytes(document_extension(table[i].format, &table[i].options, &arena),
                         str_of(table[i].extension), "extension");
        kit_assert_bytes(document_content_type(table[i].format, &table[i].options),
                         str_of(table[i].content_type), "content type");
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_back_it_is_the_plain_file_and_batches_leave_no_trace),
        cmocka_unit_test(a_sink_that_fails_anywhere_fails_the_document),
        cmocka_unit_test(a_document_dropped_half_way_writes_nothing_more),
        cmocka_unit_test(name_and_type_tell_what_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
