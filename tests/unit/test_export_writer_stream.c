/* SPDX-License-Identifier: Apache-2.0
 *
 * What all writers promise: the table of formats, constant memory, the same bytes however the rows
 * are cut into batches, a failing sink ends the file, and other programs read it.
 */
#include "tests/unit/export_writer_kit.h"

#include <unistd.h>

static void formats_are_found_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *extension;
        const char *content_type;
    } table[] = {
        {"csv", "csv", "text/csv; charset=utf-8; header=present"},
        {"json", "json", "application/json"},
        {"ndjson", "ndjson", "application/x-ndjson"},
        {"xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct format *format = format_find(str_of(table[i].name));
        assert_non_null(format);
        assert_string_equal(format->name, table[i].name);
        assert_string_equal(format->extension, table[i].extension);
        assert_string_equal(format->content_type, table[i].content_type);
    }
    assert_true(format_find(STR("")) == formats[0]);
    assert_string_equal(formats[0]->name, "csv");
    assert_null(format_find(STR("CSV")));
    assert_null(format_find(STR("cs")));
}

static void only_some_characters_delimit(void **state)
{
    (void)state;
    static const char legal[] = ",;\t|:.-+'\\\37~";
    static const char illegal[] = "azAZ09\"\r\n \x80\xFF";
    for (size_t i = 0; i < sizeof legal - 1; i++)
        assert_true(writer_delimiter_is_legal(legal[i]));
    for (size_t i = 0; i < sizeof illegal; i++) /* the NUL too */
        assert_false(writer_delimiter_is_legal(illegal[i]));
}

static const struct value rows[] = {
    WHOLE(1),    TEXT("plain"),      REAL(0.5),  TIME(0),                          //
    WHOLE(-2),   TEXT("q\"\n,"),     NONE,       DAY(0),                           //
    NONE,        TEXT("=1"),         REAL(1e99), TRUTH(0),                         //
    WHOLE(4),    TEXT(""),           NONE,       OF(CELL_JSON, "{\"a\":[1,\n2]}"), //
    WHOLE(5000), TEXT("\\ \1 \177"), NONE,       OF(CELL_DECIMAL, "+12.50"),       //
};
enum { COLUMNS = 4, ROWS = COUNT_OF(rows) / COLUMNS };

static void batches_leave_no_trace_in_the_file(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    for (size_t f = 0; f < format_count; f++) {
        struct kit_sink whole;
        kit_sink_init(&whole);
        kit_export(formats[f]->name, &options, &columns, COLUMNS, rows, ROWS, ROWS, &whole);
        for (size_t batch_rows = 1; batch_rows < ROWS; batch_rows++) {
            kit_check(formats[f]->name, &options, &columns, COLUMNS, rows, ROWS,
                      buf_str(&whole.bytes), "in one batch");
            struct kit_sink cut;
            kit_sink_init(&cut);
            kit_export(formats[f]->name, &options, &columns, COLUMNS, rows, ROWS, batch_rows, &cut);
            kit_assert_bytes(buf_str(&cut.bytes), buf_str(&whole.bytes), "in several");
            kit_sink_done(&cut);
        }
        kit_sink_done(&whole);
    }
}

static void a_sink_that_fails_anywhere_ends_the_file(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct batch batch;
    batch_init(&batch, COLUMNS);
    for (size_t row = 0; row < ROWS; row++)
        kit_add_row(&batch, rows + row * COLUMNS);
    enum { REPEATS = 2000, LIMIT = 320000, BLOCK = 128 << 10, NEAR = 3 }; /* several blocks */
    for (size_t f = 0; f < format_count; f++) {
        for (size_t fail_at = 0; fail_at < LIMIT; fail_at++) {
            size_t past = (fail_at + NEAR) % BLOCK; /* all that matters is near a block's end */
            if (past > NEAR + NEAR && fail_at % 49999 != 0)
                continue;
            struct kit_sink sink;
            kit_sink_init(&sink);
            sink.drops = true;
            sink.fail_at = fail_at;
            struct err err = {0};
            struct writer *writer =
                writer_new(formats[f], &options, columns.pointers, COLUMNS, &sink.sink);
            bool is_ok = true;
            for (size_t i = 0; i < REPEATS && is_ok; i++)
                is_ok = writer_rows(writer, &batch, &err);
            is_ok = is_ok && writer_finish(writer, &err);
            assert_int_equal(sink.failures, is_ok ? 0 : 1);
            if (!is_ok) {
                assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
                err = (struct err){0};
                assert_false(writer_rows(writer, &batch, &err)); /* and stays so */
                assert_false(writer_finish(writer, &err));
                assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
            }
            writer_free(writer);
            kit_sink_done(&sink);
        }
    }
    batch_done(&batch);
}

static void large_cells_stream_through_a_block_of_fixed_size(void **state)
{
    (void)state;
    enum { LARGE = 50 << 20, LARGEST_BLOCK = 256 << 10 };
    static const struct {
        enum cell_kind kind;
        const char *pattern; /* eight bytes, again and again */
        double csv_growth;
        double json_growth;
    } table[] = {
        {CELL_TEXT, "abcdefgh", 1, 1},         {CELL_TEXT, "\"\"\"\"\"\"\"\"", 2, 2},
        {CELL_TEXT, "abc\1defg", 1, 13.0 / 8}, {CELL_LITERAL, "a,b,c,d,", 1, 1},
        {CELL_JSON, "\r\n\r\n\r\r\r\r", 1, 1}, {CELL_DECIMAL, "12345678", 1, 1},
    };
    char *text = mem_alloc(LARGE);
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    options.has_formula_guard = false;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        size_t size = i == 0 ? LARGE : LARGE / 16;
        for (size_t at = 0; at < size; at += 8)
            memcpy(text + at, table[i].pattern, 8);
        struct value value = {.kind = table[i].kind, .text = {text, size}};
        for (size_t f = 0; f < format_count; f++) {
            if (formats[f] == &format_xlsx) /* a cell of a spreadsheet is no larger than a block */
                continue;
            struct kit_sink sink;
            kit_sink_init(&sink);
            sink.drops = true;
            kit_export(formats[f]->name, &options, &columns, 1, &value, 1, 1, &sink);
            double growth = f == 0 ? table[i].csv_growth : table[i].json_growth;
            size_t least = (size_t)(growth * (double)size);
            assert_in_range(sink.total, least, least + 64);
            assert_true(sink.largest <= LARGEST_BLOCK);
            kit_sink_done(&sink);
        }
    }
    free(text);
}

static void text_replaced_adds_up_over_batches(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct value bad[] = {TEXT("\xFF"), TEXT("\xC0\x80"), TEXT("ok"), TEXT("a\0")};
    for (size_t f = 0; f < format_count; f++) {
        struct kit_sink sink;
        kit_sink_init(&sink);
        struct fidelity fidelity =
            kit_export(formats[f]->name, &options, &columns, 1, bad, 4, 1, &sink);
        assert_int_equal(fidelity.text_replaced, 3);
        kit_sink_done(&sink);
    }
}

/* Writes the file, and runs a line of Python over it, which must agree. */
static void check_with_python(const char *format, const char *program)
{
    static const char python[] = "/usr/bin/python3";
    if (access(python, X_OK) != 0) {
        print_message("no %s; skipped\n", python);
        skip();
    }
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    options.has_formula_guard = false;
    struct kit_sink sink;
    kit_sink_init(&sink);
    kit_export(format, &options, &columns, COLUMNS, rows, ROWS, 2, &sink);
    struct buf command;
    buf_init(&command, KIT_MAX);
    buf_printf(&command, "%s -c '%s'", python, program);
    FILE *pipe = popen(command.ptr, "w"); // NOLINT(cert-env33-c): a test of our own command
    assert_non_null(pipe);
    assert_int_equal(fwrite(sink.bytes.ptr, 1, sink.bytes.len, pipe), sink.bytes.len);
    assert_int_equal(pclose(pipe), 0);
    buf_done(&command);
    kit_sink_done(&sink);
}

static void python_reads_csv_as_it_was(void **state)
{
    (void)state;
    check_with_python(
        "csv", "import csv,io,sys\n"
               "text=sys.stdin.buffer.read().decode()\n"
               "r=list(csv.reader(io.StringIO(text,newline=\"\"),strict=True))\n"
               "assert r[0]==[\"c0\",\"c1\",\"c2\",\"c3\"]\n"
               "assert [x[0] for x in r[1:]]==[\"1\",\"-2\",\"\",\"4\",\"5000\"]\n"
               "assert [x[1] for x in r[1:]]==[\"plain\",\"q\\\"\\n,\",\"=1\",\"\",\"\\\\ \\x01 "
               "\\x7f\"]\n"
               "assert [x[2] for x in r[1:]]==[\"0.5\",\"\",\"1e+99\",\"\",\"\"]\n"
               "assert r[4][3]==\"{\\\"a\\\":[1,\\n2]}\"");
}

static const char json_asserts[] =
    "assert all(list(x)==[\"c0\",\"c1\",\"c2\",\"c3\"] for x in r)\n"
    "assert [x[\"c0\"] for x in r]==[1,-2,None,4,5000]\n"
    "assert [x[\"c1\"] for x in r]==[\"plain\",\"q\\\"\\n,\",\"=1\",\"\",\"\\\\ \\x01 \\x7f\"]\n"
    "assert [x[\"c2\"] for x in r]==[0.5,None,1e99,None,None]\n"
    "assert [x[\"c3\"] for x in r]==[\"1970-01-01T00:00:00.000Z\",\"1970-01-01\",False,"
    "{\"a\":[1,2]},12.5]";

static void python_reads_json_as_it_was(void **state)
{
    (void)state;
    struct buf program;
    buf_init(&program, KIT_MAX);
    buf_printf(&program, "import json,sys\nr=json.load(sys.stdin)\n%s", json_asserts);
    check_with_python("json", program.ptr);
    buf_clear(&program);
    buf_printf(&program, "import json,sys\nr=[json.loads(x) for x in sys.stdin.buffer]\n%s",
               json_asserts);
    check_with_python("ndjson", program.ptr);
    buf_done(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_found_by_name),
        cmocka_unit_test(only_some_characters_delimit),
        cmocka_unit_test(batches_leave_no_trace_in_the_file),
        cmocka_unit_test(a_sink_that_fails_anywhere_ends_the_file),
        cmocka_unit_test(large_cells_stream_through_a_block_of_fixed_size),
        cmocka_unit_test(text_replaced_adds_up_over_batches),
        cmocka_unit_test(python_reads_csv_as_it_was),
        cmocka_unit_test(python_reads_json_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
