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

static void an_array_has_the_values_of_its_type(void **state)
{
    (void)state;
    static const struct {
        enum column_type element;
        const char *text;
        const char *want;
        const char *want_exact; /* with exact numbers as text; NULL: the same */
        int64_t non_finite;
    } table[] = {
        {COLUMN_INTEGER, "{1,NULL,-3}", "[1,null,-3]", NULL, 0},
        {COLUMN_INTEGER, "{{1},{2}}", "[[1],[2]]", NULL, 0},
        {COLUMN_INTEGER, "{}", "[]", NULL, 0},
        {COLUMN_INTEGER, "{1", "\"{1\"", NULL, 0}, /* no array: a string, and valid */
        {COLUMN_INTEGER, "{1,x}", "[1,\"x\"]", NULL, 0},
        {COLUMN_BIGINT, "{9223372036854775807}", "[9223372036854775807]",
         "[\"9223372036854775807\"]", 0},
        {COLUMN_DECIMAL, "{1.10,NaN,-Infinity,NULL}", "[1.10,null,null,null]",
         "[\"1.10\",null,null,null]", 2},
        {COLUMN_DECIMAL, "{\"1\\\\\"}", "[\"1\\\\\"]", NULL, 0},
        {COLUMN_NUMBER, "{0.5,1e+15,NaN,Infinity}", "[0.5,1e+15,null,null]", NULL, 2},
        {COLUMN_BOOLEAN, "{t,f,NULL,x}", "[true,false,null,\"x\"]", NULL, 0},
        {COLUMN_TEXT, "{t,1,NaN,\"a\\\"b\\\\\",\"\"}", "[\"t\",\"1\",\"NaN\",\"a\\\"b\\\\\",\"\"]",
         NULL, 0},
        {COLUMN_JSON, "{1,\"{\\\"a\\\": \\\"\\\\n\\\"}\",\"null\",NULL}",
         "[1,{\"a\": \"\\n\"},null,null]", NULL, 0},
        {COLUMN_TIMESTAMP, "{\"2025-08-31 10:00:00+00\",infinity,\"0044-03-15 00:00:00 BC\"}",
         "[\"2025-08-31T10:00:00.000Z\",null,\"0044-03-15 00:00:00 BC\"]", NULL, 1},
        {COLUMN_DATE, "{2025-08-31,-infinity}", "[\"2025-08-31\",null]", NULL, 1},
        {COLUMN_BYTES, "{\"\\\\x00ff\"}", "[\"\\\\x00ff\"]", NULL, 0},
        {COLUMN_TIME, "{10:00:00}", "[\"10:00:00\"]", NULL, 0},
    };
    for (size_t i = 0; i < 2 * COUNT_OF(table); i++) {
        size_t row = i / 2;
        struct kit_columns columns;
        kit_columns_init(&columns);
        columns.columns[0].type = COLUMN_ARRAY;
        columns.columns[0].element = table[row].element;
        struct writer_options options = writer_options_default();
        options.has_exact_numbers_text = i % 2;
        bool is_exact = options.has_exact_numbers_text && table[row].want_exact;
        struct value value = {.kind = CELL_ARRAY, .text = str_of(table[row].text)};
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "{\"c0\":%s}\n", is_exact ? table[row].want_exact : table[row].want);
        struct fidelity fidelity =
            kit_check("ndjson", &options, &columns, 1, &value, 1, buf_str(&want), table[row].text);
        assert_int_equal(fidelity.non_finite, table[row].non_finite);
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
        cmocka_unit_test(an_array_has_the_values_of_its_type),
        cmocka_unit_test(every_control_character_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
