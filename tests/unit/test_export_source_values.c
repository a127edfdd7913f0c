/* SPDX-License-Identifier: Apache-2.0
 *
 * From SQLite's values to cells: without a note they stay what they are; a note is a promise, and a
 * value that breaks it fails with its row and column, but without the value.
 */
#include "tests/unit/export_source_kit.h"

#include <sqlite3.h>

#define SHARED "-- title: T\n-- shared\n"

static void values_without_a_note_stay_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *want;
    } table[] = {
        {"NULL", "null\n"},
        {"1", "1\n"},
        {"-9223372036854775808", "-9223372036854775808\n"},
        {"9223372036854775807", "9223372036854775807\n"},
        {"1.0", "1f\n"},
        {"0.1 + 0.2", "0.30000000000000004f\n"},
        {"9e999", "Infinityf\n"},
        {"-9e999", "-Infinityf\n"},
        {"''", "''\n"},
        {"'007'", "'007'\n"},
        {"'=1+1'", "'=1+1'\n"},
        {"x''", "\\x\n"},
        {"x'00fFa0'", "\\x00ffa0\n"},
        {"'2025-08-31'", "'2025-08-31'\n"},
        {"1 = 1", "1\n"},
        {"char(65, 0, 66)", "'A\xEF\xBF\xBD"
                            "B'\n"},
        {"CAST(x'61ff62' AS TEXT)", "'a\xEF\xBF\xBD"
                                    "b'\n"},
        {"'ä円😀'", "'ä円😀'\n"},
    };
    struct kit kit;
    kit_open(&kit, "CREATE TABLE t(a)");
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str text = arena_printf(&kit.arena, SHARED "SELECT %s AS a", table[i].sql);
        struct export_type type = kit_type(&kit, text.ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        kit_check(&kit, &query, table[i].want);
    }
    kit_close(&kit);
}

/* want NULL: refused with `problem`. */
struct conversion {
    const char *type;
    const char *sql;
    const char *want;
    const char *problem;
};

#define INEXACT "has more digits than a number keeps; note the column as bigint or decimal"

static const struct conversion conversions[] = {
    /* text: any storage printed */
    {"text", "'a'", "'a'\n", NULL},
    {"text", "12", "'12'\n", NULL},
    {"text", "0.1", "'0.1'\n", NULL},
    {"text", "1e15", "'1e+15'\n", NULL},
    {"text", "x'0aff'", "'\\x0aff'\n", NULL},
    {"text", "NULL", "null\n", NULL},
    /* integer, bigint */
    {"integer", "2147483647", "2147483647\n", NULL},
    {"integer", "-2147483648", "-2147483648\n", NULL},
    {"integer", "2147483648", NULL, "does not fit an integer of 32 bits"},
    {"integer", "5.0", "5\n", NULL},
    {"integer", "5.5", NULL, "is not a whole number"},
    {"integer", "'42'", "42\n", NULL},
    {"integer", "NULL", "null\n", NULL},
    {"bigint", "9223372036854775807", "9223372036854775807\n", NULL},
    {"bigint", "'-9223372036854775808'", "-9223372036854775808\n", NULL},
    {"bigint", "1e300", NULL, "is not a whole number"},
    {"bigint", "'x'", NULL, "is not a whole number"},
    {"bigint", "x'31'", NULL, "is not a whole number"},
    {"bigint", "NULL", "null\n", NULL},
    /* number */
    {"number", "1", "1f\n", NULL},
    {"number", "1.5", "1.5f\n", NULL},
    {"number", "'1.5'", "1.5f\n", NULL},
    {"number", "9e999", "Infinityf\n", NULL},
    {"number", "9007199254740992", "9.007199254740992e+15f\n", NULL}, /* 2^53 */
    {"number", "9007199254740993", NULL, INEXACT},
    {"number", "9007199254740994", "9.007199254740994e+15f\n", NULL}, /* even: a double holds it */
    {"number", "-9007199254740993", NULL, INEXACT},
    {"number", "-9223372036854775808", "-9.223372036854776e+18f\n", NULL}, /* -2^63 */
    {"number", "9223372036854775807", NULL, INEXACT},
    {"number", "'9007199254740993'", NULL, INEXACT},
    {"number", "'0.12345678901234567'", "0.12345678901234566f\n", NULL}, /* 17 digits */
    {"number", "'0.123456789012345678'", NULL, INEXACT},
    {"number", "'00.10000000000000000000'", "0.1f\n", NULL}, /* of which one is significant */
    {"number", "'-1.23456789012345678e-3'", NULL, INEXACT},
    {"number", "'1e300'", "1e+300f\n", NULL},
    {"number", "'abc'", NULL, "is not a number"},
    {"number", "x'31'", NULL, "is not a number"},
    {"number", "NULL", "null\n", NULL},
    /* decimal */
    {"decimal", "'12.50'", "12.50m\n", NULL},
    {"decimal", "'-0.00'", "-0.00m\n", NULL},
    {"decimal", "'123456789012345678901234567890.5'", "123456789012345678901234567890.5m\n", NULL},
    {"decimal", "'NaN'", "NaNm\n", NULL},
    {"decimal", "7", "7m\n", NULL},
    {"decimal", "0.1", "0.1m\n", NULL},
    {"decimal", "'1,5'", NULL, "is not a decimal number"},
    {"decimal", "''", NULL, "is not a decimal number"},
    {"decimal", "x'31'", NULL, "is not a decimal number"},
    {"decimal", "NULL", "null\n", NULL},
    /* boolean */
    {"boolean", "0", "false\n", NULL},
    {"boolean", "1", "true\n", NULL},
    {"boolean", "2", NULL, "is not a boolean"},
    {"boolean", "'true'", NULL, "is not a boolean"},
    {"boolean", "NULL", "null\n", NULL},
    /* date */
    {"date", "'2025-08-31'", "D2025-08-31\n", NULL},
    {"date", "'2025-08-31 00:00:00.000'", "D2025-08-31\n", NULL},
    {"date", "1756598400000", "D2025-08-31\n", NULL},
    {"date", "-86400000", "D1969-12-31\n", NULL},
    {"date", "'2025-08-31 12:00:00'", NULL, "is not a date: it has a time of day"},
    {"date", "1", NULL, "is not a date: it has a time of day"},
    {"date", "'31.08.2025'", NULL, "is not a date"},
    {"date", "NULL", "null\n", NULL},
    /* time */
    {"time", "'12:34'", "L'12:34'\n", NULL},
    {"time", "'12:34:56.789'", "L'12:34:56.789'\n", NULL},
    {"time", "NULL", "null\n", NULL},
    {"time", "'secret'", NULL, "is not a time of day"},
    {"time", "'=1'", NULL, "is not a time of day"},
    {"time", "'12:34:56Z'", NULL, "is not a time of day"},
    {"time", "0.5", NULL, "is not a time of day"},
    {"time", "x'31323A3334'", NULL, "is not a time of day"},
    /* timestamp */
    {"timestamp", "'2025-08-31 12:34:56.789'", "T2025-08-31T12:34:56.789Z\n", NULL},
    {"timestamp", "'2025-08-31T12:34:56Z'", "T2025-08-31T12:34:56.000Z\n", NULL},
    {"timestamp", "'2025-08-31T12:34:56.123456+02:00'", "T2025-08-31T10:34:56.123456Z\n", NULL},
    {"timestamp", "'2025-08-31'", "T2025-08-31T00:00:00.000Z\n", NULL},
    {"timestamp", "1756641296789", "T2025-08-31T11:54:56.789Z\n", NULL},
    {"timestamp", "-1", "T1969-12-31T23:59:59.999Z\n", NULL},
    {"timestamp", "'secret'", NULL, "is not a timestamp"},
    {"timestamp", "1.5", NULL, "is not a timestamp"},
    {"timestamp", "9223372036854775807", NULL, "is not a timestamp"},
    {"timestamp", "253402300800000", NULL, "is not a timestamp"}, /* year 10000 */
    /* as the database has them: what no time of ours holds */
    {"timestamp", "'infinity'", "L'infinity'\n", NULL},
    {"timestamp", "'-infinity'", "L'-infinity'\n", NULL},
    {"timestamp", "'-0044-03-15 12:00:00'", "L'-0044-03-15 12:00:00'\n", NULL},
    {"timestamp", "'0044-03-15 12:00:00 BC'", "L'0044-03-15 12:00:00 BC'\n", NULL},
    {"timestamp", "'0000-01-01T00:00:00Z'", "L'0000-01-01T00:00:00Z'\n", NULL},
    {"timestamp", "'10000-02-29'", "L'10000-02-29'\n", NULL},
    {"timestamp", "'294276-12-31 23:59:59.999999+00'", "L'294276-12-31 23:59:59.999999+00'\n",
     NULL},
    {"timestamp", "'0001-01-01T00:00:00+10:00'", "L'0001-01-01T00:00:00+10:00'\n", NULL},
    {"timestamp", "'9999-12-31T23:00:00-05:00'", "L'9999-12-31T23:00:00-05:00'\n", NULL},
    {"timestamp", "'-1+1'", NULL, "is not a timestamp"}, /* a formula is none of them */
    {"timestamp", "'-0044-03-15+cmd'", NULL, "is not a timestamp"},
    {"timestamp", "'-0044-13-15'", NULL, "is not a timestamp"},
    {"timestamp", "'-44-03-15'", NULL, "is not a timestamp"},
    {"timestamp", "'2025-02-29'", NULL, "is not a timestamp"},
    {"timestamp", "'Infinity'", NULL, "is not a timestamp"},
    {"timestamp", "'-0044-03-15 BC'", NULL, "is not a timestamp"},
    {"timestamp", "' BC'", NULL, "is not a timestamp"},
    {"timestamp", "'-'", NULL, "is not a timestamp"},
    {"timestamp", "''", NULL, "is not a timestamp"},
    {"date", "'infinity'", "L'infinity'\n", NULL},
    {"date", "'0044-03-15 BC'", "L'0044-03-15 BC'\n", NULL},
    {"date", "'-0044-03-15'", "L'-0044-03-15'\n", NULL},
    {"date", "'10000-01-01'", "L'10000-01-01'\n", NULL},
    {"date", "'10000-01-01 12:00:00'", NULL, "is not a date: it has a time of day"},
    {"timestamp", "NULL", "null\n", NULL},
    /* json */
    {"json", "'{\"a\": [1, 2]}'", "j{\"a\": [1, 2]}\n", NULL},
    {"json", "5", "j5\n", NULL},
    {"json", "1.5", "j1.5\n", NULL},
    {"json", "'{\"a\"'", NULL, "is not JSON"},
    {"json", "9e999", NULL, "is not JSON"},
    {"json", "x'31'", NULL, "is not JSON"},
    {"json", "NULL", "null\n", NULL},
    /* bytes, other */
    {"bytes", "x'01'", "\\x01\n", NULL},
    {"bytes", "'ab'", "\\x6162\n", NULL},
    {"bytes", "1", NULL, "is not bytes"},
    {"bytes", "NULL", "null\n", NULL},
    {"other", "'P1D'", "'P1D'\n", NULL}, /* a text: the formula guard is to see it */
    {"other", "'=1+2'", "'=1+2'\n", NULL},
    {"other", "-1.5", "L'-1.5'\n", NULL},
    {"other", "1", "L'1'\n", NULL},
    {"any", "1.0", "1f\n", NULL},
};

static void a_noted_value_becomes_its_type_or_fails(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, "CREATE TABLE t(a)");
    for (size_t i = 0; i < COUNT_OF(conversions); i++) {
        const struct conversion *conversion = &conversions[i];
        /* a null in front: the row in the error is the second */
        struct str text = arena_printf(&kit.arena,
                                       SHARED "-- column a %s\n"
                                              "SELECT NULL AS x, NULL AS a UNION ALL "
                                              "SELECT 1, %s",
                                       conversion->type, conversion->sql);
        struct export_type type = kit_type(&kit, text.ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        if (conversion->want) {
            struct str want = arena_printf(&kit.arena, "null null\n1 %s", conversion->want);
            kit_check(&kit, &query, want.ptr);
            continue;
        }
        int64_t count = 0;
        assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
        assert_int_equal(kit.err.code, ERR_SOURCE_DATA);
        struct str want =
            arena_printf(&kit.arena, "row 2, column a: the value %s", conversion->problem);
        if (!str_starts_with(str_of(kit.err.text), want))
            fail_msg("%s of %s: %s", conversion->type, conversion->sql, kit.err.text);
        assert_null(strstr(kit.err.text, "secret"));
    }
    kit_close(&kit);
}

static void mended_cells_are_counted(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, "CREATE TABLE t(a); INSERT INTO t VALUES (CAST(x'ff' AS TEXT)), ('good'),"
                   " (CAST(x'61fffe' AS TEXT)), (char(0))");
    struct export_type type = kit_type(&kit, SHARED "SELECT a, 'b' AS b FROM t");
    struct source_query query = kit_query(&kit, &type, NULL);
    int64_t count = 0;
    int64_t replaced = 0;
    assert_true(kit_try_run(&kit, &query, NULL, &count, &replaced));
    assert_int_equal(count, 4);
    assert_int_equal(replaced, 3);
    kit_close(&kit);
}

static void a_database_in_utf16_gives_utf8(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(kit.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA encoding='UTF-16le'; CREATE TABLE t(a);"
                                  "INSERT INTO t VALUES ('ä円😀'), ('')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    kit_open_source(&kit, kit.path);
    struct export_type type = kit_type(&kit, SHARED "-- column b bytes\nSELECT a, a AS b FROM t");
    struct source_query query = kit_query(&kit, &type, NULL);
    kit_check(&kit, &query, "'ä円😀' \\xc3a4e58686f09f9880\n'' \\x\n");
    kit_close(&kit);
}

static void a_text_of_fifty_megabytes_passes_whole(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, "CREATE TABLE t(a)");
    struct export_type type = kit_type(
        &kit, SHARED "SELECT 'x' AS a UNION ALL SELECT printf('%.52428800c', 'y') UNION ALL "
                     "SELECT 'z'");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct buf got CLEANUP(buf_done);
    buf_init(&got, KIT_MAX_BYTES);
    int64_t count = 0;
    assert_true(kit_try_run(&kit, &query, &got, &count, NULL));
    assert_int_equal(count, 3);
    assert_int_equal(got.len, 4 + 52428800 + 3 + 4);
    assert_memory_equal(got.ptr + got.len - 9, "yyy'\n'z'\n", 9);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_without_a_note_stay_what_they_are),
        cmocka_unit_test(a_noted_value_becomes_its_type_or_fails),
        cmocka_unit_test(mended_cells_are_counted),
        cmocka_unit_test(a_database_in_utf16_gives_utf8),
        cmocka_unit_test(a_text_of_fifty_megabytes_passes_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
