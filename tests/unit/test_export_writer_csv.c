/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of csv: what is quoted under which delimiter, the head, the guard, and that an
 * independent reader gets back what was written.
 */
#include "tests/unit/export_writer_kit.h"

#include <unistd.h>

static void values_are_quoted_where_they_hold_the_delimiter(void **state)
{
    (void)state;
    static const struct {
        char delimiter;
        struct value value;
        const char *want;
    } table[] = {
        {',', TEXT("a,b"), "\"a,b\""},
        {';', TEXT("a,b"), "a,b"},
        {';', TEXT("a;b"), "\"a;b\""},
        {'\t', TEXT("a\tb"), "\"a\tb\""},
        {'|', TEXT("a|b"), "\"a|b\""},
        {'\\', OF(CELL_BYTES, "\\x00"), "\"\\x00\""},
        {'\'', TEXT("=a"), "\"'=a\""},
        {'-', WHOLE(-1), "\"-1\""},                     /* numbers hold these, too */
        {'-', WHOLE(1), "1"},                           /* but not always */
        {'.', REAL(1.5), "\"1.5\""},                    /* the point */
        {'+', REAL(1e300), "\"1e+300\""},               /* the exponent's sign */
        {'-', DAY(0), "\"1970-01-01\""},                /* dates */
        {':', TIME(0), "\"1970-01-01T00:00:00.000Z\""}, /* times */
        {'.', OF(CELL_DECIMAL, "1.10"), "\"1.10\""},    /* exact digits */
        {':', OF(CELL_LITERAL, "24:00:00"), "\"24:00:00\""},
        {';', OF(CELL_DECIMAL, "1.10"), "1.10"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct kit_columns columns;
        kit_columns_init(&columns);
        struct writer_options options = writer_options_default();
        options.delimiter = table[i].delimiter;
        struct value row[] = {table[i].value, TRUTH(1)};
        struct buf want;
        buf_init(&want, KIT_MAX);
        char d = table[i].delimiter;
        buf_printf(&want, "c0%cc1\n%s%ctrue\n", d, table[i].want, d);
        kit_check("csv", &options, &columns, 2, row, 1, buf_str(&want), table[i].want);
        buf_done(&want);
    }
}

static void a_null_alone_in_its_row_is_no_blank_line(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct value rows[] = {NONE, TEXT(""), TEXT("x")};
    kit_check("csv", &options, &columns, 1, rows, 3, STR("c0\n\"\"\n\"\"\nx\n"), "one column");
    kit_check("csv", &options, &columns, 3, rows, 1, STR("c0,c1,c2\n,\"\",x\n"), "three columns");
}

static void a_file_without_rows_has_its_head(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    kit_check("csv", &options, &columns, 2, NULL, 0, STR("c0,c1\n"), "no rows");
    options.has_bom = true;
    options.has_crlf = true;
    options.delimiter = ';';
    kit_check("csv", &options, &columns, 2, NULL, 0,
              STR("\xEF\xBB\xBF"
                  "c0;c1\r\n"),
              "BOM and CRLF");
    struct value rows[] = {TEXT("a"), TEXT("b"), NONE, NONE};
    kit_check("csv", &options, &columns, 2, rows, 2,
              STR("\xEF\xBB\xBF"
                  "c0;c1\r\na;b\r\n;\r\n"),
              "rows in CRLF");
}

static void the_head_is_quoted_and_guarded_like_a_value(void **state)
{
    (void)state;
    static const struct {
        struct str name;
        const char *want;
        int guarded;
    } table[] = {
        {{"a,b\"c", 5}, "\"a,b\"\"c\"", 0}, {{"=1+1", 4}, "\"'=1+1\"", 1},
        {{" a", 2}, "\" a\"", 0},           {{"", 0}, "\"\"", 0},
        {{"a\nb", 3}, "\"a\nb\"", 0},       {{"-x", 2}, "\"'-x\"", 1},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct kit_columns columns;
        kit_columns_init(&columns);
        columns.columns[0].name = table[i].name;
        struct writer_options options = writer_options_default();
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "%s,c1\n", table[i].want);
        struct fidelity fidelity =
            kit_check("csv", &options, &columns, 2, NULL, 0, buf_str(&want), table[i].want);
        assert_int_equal(fidelity.cells_guarded, table[i].guarded);
        buf_done(&want);
    }
}

static void the_guard_can_be_switched_off(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].name = STR("=h");
    struct writer_options options = writer_options_default();
    options.has_formula_guard = false;
    struct value row[] = {TEXT("=1"), TEXT("\ta")};
    struct fidelity fidelity =
        kit_check("csv", &options, &columns, 2, row, 1, STR("=h,c1\n=1,\ta\n"), "no guard");
    assert_int_equal(fidelity.cells_guarded, 0);
}

/* A reader of RFC 4180 that knows nothing of the writer: one field off *rest. *is_last tells that
 * the record ends with it. */
static bool read_field(struct str *rest, char delimiter, struct buf *out, bool *is_quoted,
                       bool *is_last)
{
    buf_clear(out);
    size_t at = 0;
    *is_quoted = rest->len && rest->ptr[0] == '"';
    if (*is_quoted) {
        for (at = 1; at < rest->len; at++) {
            if (rest->ptr[at] != '"') {
                buf_add_char(out, rest->ptr[at]);
            } else if (at + 1 < rest->len && rest->ptr[at + 1] == '"') {
                buf_add_char(out, '"');
                at++;
            } else {
                at++;
                break;
            }
        }
    } else {
        for (; at < rest->len && rest->ptr[at] != delimiter && rest->ptr[at] != '\n'; at++) {
            if (rest->ptr[at] == '"')
                return false;
            buf_add_char(out, rest->ptr[at]);
        }
    }
    if (at >= rest->len || (rest->ptr[at] != delimiter && rest->ptr[at] != '\n'))
        return false;
    *is_last = rest->ptr[at] == '\n';
    *rest = (struct str){rest->ptr + at + 1, rest->len - at - 1};
    return true;
}

static unsigned next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33);
}

static void what_was_written_reads_back(void **state)
{
    (void)state;
    enum { ROWS = 500, COLUMNS = 3, VALUES = ROWS * COLUMNS, LONGEST = 24 };
    static const char alphabet[] = "ab ,;\t\"\r\n'\\.=-";
    static const char delimiters[] = {',', ';', '\t', '.', '-', '\''};
    uint64_t seed = (uint64_t)getpid();
    print_message("seed %llu\n", (unsigned long long)seed);
    static char texts[VALUES][LONGEST];
    static struct value values[VALUES];
    for (size_t round = 0; round < COUNT_OF(delimiters); round++) {
        for (size_t i = 0; i < VALUES; i++) {
            size_t len = next_random(&seed) % LONGEST;
            for (size_t c = 0; c < len; c++)
                texts[i][c] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
            values[i] = (struct value){.kind = next_random(&seed) % 8 ? CELL_TEXT : CELL_NULL,
                                       .text = {texts[i], len}};
        }
        struct kit_columns columns;
        kit_columns_init(&columns);
        struct writer_options options = writer_options_default();
        options.has_formula_guard = false;
        options.delimiter = delimiters[round];
        struct kit_sink sink;
        kit_sink_init(&sink);
        kit_export("csv", &options, &columns, COLUMNS, values, ROWS, 7, &sink);
        struct str rest = buf_str(&sink.bytes);
        struct buf field;
        buf_init(&field, KIT_MAX);
        bool is_quoted = false;
        bool is_last = false;
        for (size_t i = 0; i < COLUMNS; i++)
            assert_true(read_field(&rest, options.delimiter, &field, &is_quoted, &is_last));
        for (size_t i = 0; i < VALUES; i++) {
            assert_true(read_field(&rest, options.delimiter, &field, &is_quoted, &is_last));
            assert_int_equal(is_last, i % COLUMNS == COLUMNS - 1);
            struct str want = values[i].kind == CELL_NULL ? STR("") : values[i].text;
            kit_assert_bytes(buf_str(&field), want, "field");
            if (want.len == 0)
                assert_int_equal(is_quoted, values[i].kind == CELL_TEXT);
        }
        assert_int_equal(rest.len, 0);
        buf_done(&field);
        kit_sink_done(&sink);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_where_they_hold_the_delimiter),
        cmocka_unit_test(a_null_alone_in_its_row_is_no_blank_line),
        cmocka_unit_test(a_file_without_rows_has_its_head),
        cmocka_unit_test(the_head_is_quoted_and_guarded_like_a_value),
        cmocka_unit_test(the_guard_can_be_switched_off),
        cmocka_unit_test(what_was_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
