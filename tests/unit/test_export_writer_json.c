/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of json and ndjson, their keys, and numbers as strings.
 */
#include "tests/unit/export_writer_kit.h"

#include <math.h>

static void a_file_without_rows_is_an_empty_array_or_nothing(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    kit_check("json", &options, &columns, 2, NULL, 0, STR("[]\n"), "json");
    kit_check("ndjson", &options, &columns, 2, NULL, 0, STR(""), "ndjson");
}

static void rows_are_objects_a_line(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct value rows[] = {WHOLE(1), TEXT("a\nb"), NONE, OF(CELL_JSON, "{\n \"a\": 1\n}")};
    kit_check("json", &options, &columns, 2, rows, 2,
              STR("[\n{\"c0\":1,\"c1\":\"a\\nb\"},\n{\"c0\":null,\"c1\":{  \"a\": 1 }}\n]\n"),
              "json");
    kit_check("ndjson", &options, &columns, 2, rows, 2,
              STR("{\"c0\":1,\"c1\":\"a\\nb\"}\n{\"c0\":null,\"c1\":{  \"a\": 1 }}\n"), "ndjson");
}

static void keys_are_escaped(void **state)
{
    (void)state;
    static const struct {
        struct str name;
        const char *want;
    } table[] = {
        {{"a,b\"c", 5}, "a,b\\\"c"},
        {{"a\\b", 3}, "a\\\\b"},
        {{"a\nb\1", 4}, "a\\nb\\u0001"},
        {{"", 0}, ""},
        {{"=x", 2}, "=x"},
        {{"é", 2}, "é"},
        {{"\1\2\3\4", 4}, "\\u0001\\u0002\\u0003\\u0004"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct kit_columns columns;
        kit_columns_init(&columns);
        columns.columns[0].name = table[i].name;
        struct writer_options options = writer_options_default();
        struct value row[] = {WHOLE(1)};
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "{\"%s\":1}\n", table[i].want);
        struct fidelity fidelity =
            kit_check("ndjson", &options, &columns, 1, row, 1, buf_str(&want), table[i].want);
        assert_int_equal(fidelity.cells_guarded, 0);
        buf_done(&want);
    }
}

static void exact_numbers_become_strings_by_column(void **state)
{
    (void)state;
    static const struct {
        enum column_type type;
        struct value value;
        const char *want;
    } table[] = {
        {COLUMN_BIGINT, WHOLE(1), "\"1\""},
        {COLUMN_BIGINT, WHOLE(INT64_MAX), "\"9223372036854775807\""},
        {COLUMN_BIGINT, NONE, "null"},
        {COLUMN_DECIMAL, OF(CELL_DECIMAL, "1.10"), "\"1.10\""},
        {COLUMN_DECIMAL, OF(CELL_DECIMAL, "+.5"), "\"+.5\""}, /* as the source gave it */
        {COLUMN_DECIMAL, OF(CELL_DECIMAL, "NaN"), "null"},
        {COLUMN_DECIMAL, WHOLE(7), "\"7\""}, /* a source without decimals */
        {COLUMN_DECIMAL, REAL(0.5), "\"0.5\""},
        {COLUMN_DECIMAL, REAL(NAN), "null"},
        {COLUMN_INTEGER, WHOLE(1), "1"},
        {COLUMN_NUMBER, REAL(0.5), "0.5"},
        {COLUMN_ANY, WHOLE(INT64_MAX), "9223372036854775807"},
        {COLUMN_ANY, OF(CELL_DECIMAL, "1.10"), "1.10"},
        {COLUMN_BIGINT, TEXT("x"), "\"x\""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct kit_columns columns;
        kit_columns_init(&columns);
        columns.columns[0].type = table[i].type;
        struct writer_options options = writer_options_default();
        options.has_exact_numbers_text = true;
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "{\"c0\":%s}\n", table[i].want);
        kit_check("ndjson", &options, &columns, 1, &table[i].value, 1, buf_str(&want),
                  table[i].want);
        buf_done(&want);
    }
}

static void every_control_character_is_escaped(void **state)
{
    (void)state;
    static const char *const want[0x20] = {
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\b",     "\\t",     "\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e", "\\u000f",
        "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
        "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f"};
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    for (unsigned code = 1; code < 0x20; code++) {
        for (size_t before = 0; before < 20; before++) { /* in each place of a word */
            char text[32];
            memset(text, 'x', sizeof text);
            text[before] = (char)code;
            struct value row = {.kind = CELL_TEXT, .text = {text, sizeof text}};
            struct buf line;
            buf_init(&line, KIT_MAX);
            buf_printf(&line, "{\"c0\":\"%.*s%s%.*s\"}\n", (int)before, text, want[code],
                       (int)(sizeof text - before - 1), text + before + 1);
            kit_check("ndjson", &options, &columns, 1, &row, 1, buf_str(&line), want[code]);
            buf_done(&line);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_rows_is_an_empty_array_or_nothing),
        cmocka_unit_test(rows_are_objects_a_line),
        cmocka_unit_test(keys_are_escaped),
        cmocka_unit_test(exact_numbers_become_strings_by_column),
        cmocka_unit_test(every_control_character_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
