/* SPDX-License-Identifier: Apache-2.0
 *
 * Every PostgreSQL type with its hostile values, as cells; and values that a type file promises to
 * be of another type.
 */
#include "tests/unit/export_pg_kit.h"

#define SHARED "-- title: T\n-- shared\n"

static const char schema[] =
    "create type mood as enum ('sad', '=1+1', 'so-so'); create domain whole as bigint;"
    "create domain short as varchar(3); create type pair as (a int, b text);";

static const struct {
    const char *sql;
    const char *want;
} values[] = {
    {"null::int", "null\n"},
    {"null::text", "null\n"},
    /* integers */
    {"32767::int2", "32767\n"},
    {"(-2147483648)::int4", "-2147483648\n"},
    {"9223372036854775807::int8", "9223372036854775807\n"},
    {"(-9223372036854775807 - 1)::int8", "-9223372036854775808\n"},
    {"4294967295::oid", "4294967295\n"},
    {"7::whole", "7\n"},
    /* numeric: every digit, and the scale */
    {"1.50", "1.50m\n"},
    {"-0.00", "0.00m\n"},
    {"0.000000000000000000000000000001", "0.000000000000000000000000000001m\n"},
    {"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789m\n"},
    {"(1e400 is not null)::text || left((1e400)::text, 5)", "'true10000'\n"},
    {"'NaN'::numeric", "NaNm\n"},
    {"'Infinity'::numeric", "Infinitym\n"},
    {"'-Infinity'::numeric", "-Infinitym\n"},
    /* doubles */
    {"0.1::float8", "0.1f\n"},
    {"0.1::float4", "0.1f\n"},
    {"0.1::float8 + 0.2::float8", "0.30000000000000004f\n"},
    {"'-0'::float8", "-0f\n"},
    {"1e15::float8", "1e+15f\n"},
    {"1000000::float8", "1000000f\n"},
    {"5e-324::float8", "5e-324f\n"},
    {"1.7976931348623157e308::float8", "1.7976931348623157e+308f\n"},
    {"'NaN'::float8", "NaNf\n"},
    {"'Infinity'::float8", "Infinityf\n"},
    {"'-Infinity'::float4", "-Infinityf\n"},
    /* booleans */
    {"true", "true\n"},
    {"false", "false\n"},
    /* text */
    {"''", "''\n"},
    {"'007'", "'007'\n"},
    {"'=1+1'", "'=1+1'\n"},
    {"E'a\\nb\\tc\"d'", "'a\nb\tc\"d'\n"},
    {"'ä円😀'", "'ä円😀'\n"},
    {"'ab'::char(4)", "'ab  '\n"},
    {"'abc'::short", "'abc'\n"},
    {"'sys'::name", "'sys'\n"},
    {"'<a>1</a>'::xml", "'<a>1</a>'\n"},
    {"'=1+1'::mood", "'=1+1'\n"},
    /* dates and times */
    {"'2025-08-31'::date", "D2025-08-31\n"},
    {"'0001-01-01'::date", "D0001-01-01\n"},
    {"'9999-12-31'::date", "D9999-12-31\n"},
    {"'0001-01-01 BC'::date", "L'0001-01-01 BC'\n"},
    {"'10000-01-01'::date", "L'10000-01-01'\n"},
    {"'infinity'::date", "Infinityf\n"},
    {"'-infinity'::date", "-Infinityf\n"},
    {"'2025-08-31 12:34:56'::timestamp", "T2025-08-31T12:34:56.000Z\n"},
    {"'2025-08-31 12:34:56.789'::timestamp(3)", "T2025-08-31T12:34:56.789Z\n"},
    {"'2025-08-31 12:34:56.000001'::timestamp", "T2025-08-31T12:34:56.000001Z\n"},
    {"'2025-08-31 12:34:56.1'::timestamp", "T2025-08-31T12:34:56.100Z\n"},
    {"'2025-08-31 24:00:00'::timestamp", "T2025-09-01T00:00:00.000Z\n"},
    {"'2025-08-31 12:34:60'::timestamp", "T2025-08-31T12:35:00.000Z\n"},
    {"'2025-08-31 12:34:56.123456+05:30'::timestamptz", "T2025-08-31T07:04:56.123456Z\n"},
    {"'1800-01-01 00:00:00 Europe/Berlin'::timestamptz", "T1799-12-31T23:06:32.000Z\n"},
    {"'0001-01-01 00:00:00'::timestamp", "T0001-01-01T00:00:00.000Z\n"},
    {"'9999-12-31 23:59:59.999999'::timestamp", "T9999-12-31T23:59:59.999999Z\n"},
    {"'10000-01-01 00:00:00'::timestamp", "L'10000-01-01 00:00:00'\n"},
    {"'0044-03-15 10:00:00 BC'::timestamp", "L'0044-03-15 10:00:00 BC'\n"},
    {"'0044-03-15 10:00:00 BC'::timestamptz", "L'0044-03-15 10:00:00+00 BC'\n"},
    {"'infinity'::timestamp", "Infinityf\n"},
    {"'-infinity'::timestamptz", "-Infinityf\n"},
    {"'12:34:56.5'::time", "L'12:34:56.5'\n"},
    {"'12:34:56+02'::timetz", "L'12:34:56+02'\n"},
    {"interval '1 year -2 days 03:04:05.678'", "L'1 year -2 days +03:04:05.678'\n"},
    /* json, as it is stored */
    {"'{\"a\":  [1, null]}'::json", "j{\"a\":  [1, null]}\n"},
    {"'{\"b\": 1.10, \"a\": 1e400}'::jsonb is not null", "true\n"},
    {"'[1,  2.50]'::jsonb", "j[1, 2.50]\n"},
    {"'null'::jsonb", "jnull\n"},
    /* bytes */
    {"''::bytea", "\\x\n"},
    {"'\\x00ff5c'::bytea", "\\x00ff5c\n"},
    /* the database's own print */
    {"'6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid", "L'6f9619ff-8b86-d011-b42d-00c04fc964ff'\n"},
    {"array[1, null, -3]", "A{1,NULL,-3}\n"},
    {"array['a', null, '', 'NULL', 'q\"', '\\', '{,}', 'ä']",
     "A{a,NULL,\"\",\"NULL\",\"q\\\"\",\"\\\\\",\"{,}\",ä}\n"},
    {"array[[1,2],[3,4]]", "A{{1,2},{3,4}}\n"},
    {"'{}'::text[]", "A{}\n"},
    {"array['2025-08-31 00:00+00'::timestamptz]", "A{\"2025-08-31 00:00:00+00\"}\n"},
    {"row(1, 'a b')::pair", "L'(1,\"a b\")'\n"},
    {"int4range(1, 5)", "L'[1,5)'\n"},
    {"'192.168.0.1/24'::inet", "L'192.168.0.1/24'\n"},
    {"B'1010'", "L'1010'\n"},
    {"'(1,2)'::point", "L'(1,2)'\n"},
    {"'a:1 b'::tsvector", "L''a':1 'b''\n"},
};

static void every_type_comes_exactly(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct str text = arena_printf(&kit.arena, SHARED "SELECT %s AS a", values[i].sql);
        struct export_type type;
        if (!kit_try_type(&kit, text.ptr, &type))
            fail_msg("%s: %s", values[i].sql, kit.err.text);
        struct source_query query = kit_query(&kit, &type, NULL);
        kit_check(&kit, &query, values[i].want);
    }
    kit_close(&kit);
}

/* The session's settings, as a role or a database may have them, change nothing. */
static void the_print_does_not_depend_on_the_databases_settings(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    const char *name = kit_ask(&kit, "select current_database()");
    static const char *const settings[] = {
        "DateStyle = 'German'",       "IntervalStyle = 'iso_8601'",
        "TimeZone = 'Asia/Kolkata'",  "extra_float_digits = -15",
        "bytea_output = 'escape'",    "statement_timeout = '300ms'",
        "client_encoding = 'LATIN1'", "standard_conforming_strings = off",
    };
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        test_database_do(
            arena_printf(&kit.arena, "alter database %s set %s", name, settings[i]).ptr);
    source_close(kit.source); /* new connections get them */
    kit_must(source_open(str_of(test_database_url()), &kit.source, &kit.err), &kit.err);
    struct export_type type = kit_type(
        &kit, SHARED "SELECT timestamptz '2025-08-31 12:00:00+00' AS a, date '2025-08-31' AS b, "
                     "interval '1 day 02:00' AS c, 0.1::float8 + 0.2::float8 AS d, "
                     "decode('00ff', 'hex') AS e, '円\\' AS f, pg_sleep(0.4) IS NULL AS g");
    struct source_query query = kit_query(&kit, &type, NULL);
    kit_check(&kit, &query,
              "T2025-08-31T12:00:00.000Z D2025-08-31 L'1 day 02:00:00' 0.30000000000000004f "
              "\\x00ff '円\\' false\n");
    source_close(kit.source);
    kit.source = NULL;
    const struct pg_options options = {.url = arena_printf(&kit.arena,
                                                           "%s?options=-cstatement_"
                                                           "timeout%%3D0",
                                                           test_database_url())
                                                  .ptr};
    struct pg *pg = NULL;
    kit_must(pg_open(&options, NULL, &pg, &kit.err), &kit.err);
    kit_must(pg_do(pg, arena_printf(&kit.arena, "alter database %s reset all", name).ptr, KIT_PG_MS,
                   &kit.err),
             &kit.err);
    pg_close(pg);
    kit_close(&kit);
}

static const struct {
    const char *type;
    const char *sql;
    const char *want;
    const char *problem;
} conversions[] = {
    {"text", "42", "'42'\n", NULL},
    {"text", "1.50", "'1.50'\n", NULL},
    {"text", "true", "'t'\n", NULL},
    {"text", "array[1]", "'{1}'\n", NULL},
    {"other", "array[1]", "L'{1}'\n", NULL},
    {"array", "array[1]", "A{1}\n", NULL},
    {"text", "date '2025-08-31'", "'2025-08-31'\n", NULL},
    {"other", "'x'::text", "L'x'\n", NULL},
    {"integer", "2147483647::int8", "2147483647\n", NULL},
    {"integer", "2147483648", NULL, "does not fit an integer of 32 bits"},
    {"integer", "'x1'::text", NULL, "is not a whole number"},
    {"integer", "1.5", NULL, "is not a whole number"},
    {"bigint", "'-5'::text", "-5\n", NULL},
    {"bigint", "1::int2", "1\n", NULL},
    {"number", "1.50", "1.5f\n", NULL},
    {"number", "7", "7f\n", NULL},
    {"number", "'secret'::text", NULL, "is not a number"},
    {"decimal", "7", "7m\n", NULL},
    {"decimal", "0.1::float8", "0.1m\n", NULL},
    {"decimal", "'1,5'::text", NULL, "is not a decimal number"},
    {"boolean", "1", "true\n", NULL},
    {"boolean", "'false'::text", "false\n", NULL},
    {"boolean", "2", NULL, "is not a boolean"},
    {"date", "timestamp '2025-08-31 00:00'", "D2025-08-31\n", NULL},
    {"date", "timestamp '2025-08-31 00:01'", NULL, "is not a date: it has a time of day"},
    {"date", "'31.08.2025'::text", NULL, "is not a date"},
    {"timestamp", "date '2025-08-31'", "T2025-08-31T00:00:00.000Z\n", NULL},
    {"timestamp", "'2025-08-31T12:00:00+02:00'::text", "T2025-08-31T10:00:00.000Z\n", NULL},
    {"timestamp", "'secret'::text", NULL, "is not a timestamp"},
    {"timestamp", "'0001-01-01T00:00:00+10:00'::text", NULL, "is not a timestamp"},
    {"time", "'24:00:00'::time", "L'24:00:00'\n", NULL},
    {"time", "'12:34'::text", "L'12:34'\n", NULL},
    {"time", "'=1'::text", NULL, "is not a time of day"},
    {"text", "'12:34'::time", "'12:34:00'\n", NULL},
    {"json", "'{\"a\": 1}'::text", "j{\"a\": 1}\n", NULL},
    {"json", "'{a'::text", NULL, "is not JSON"},
    {"any", "1.50", "1.50m\n", NULL},
};

/* want NULL: refused with `problem`. */
static void a_noted_value_becomes_its_type_or_fails(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    for (size_t i = 0; i < COUNT_OF(conversions); i++) {
        struct str text = arena_printf(&kit.arena,
                                       SHARED "-- column a %s\n"
                                              "SELECT i, CASE i WHEN 2 THEN %s END AS a "
                                              "FROM generate_series(1, 2) AS i ORDER BY i",
                                       conversions[i].type, conversions[i].sql);
        struct export_type type = kit_type(&kit, text.ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        if (conversions[i].want) {
            struct str want = arena_printf(&kit.arena, "1 null\n2 %s", conversions[i].want);
            kit_check(&kit, &query, want.ptr);
            continue;
        }
        int64_t count = 0;
        assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
        assert_int_equal(kit.err.code, ERR_SOURCE_DATA);
        struct str want =
            arena_printf(&kit.arena, "row 2, column a: the value %s", conversions[i].problem);
        if (!str_starts_with(str_of(kit.err.text), want))
            fail_msg("%s of %s: %s", conversions[i].type, conversions[i].sql, kit.err.text);
        assert_null(strstr(kit.err.text, "secret"));
    }
    kit_close(&kit);
}

static void a_number_with_hundreds_of_digits_keeps_them(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    struct export_type type = kit_type(&kit, SHARED "SELECT 1e400 AS a, -1.5e-400 AS b");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct buf want CLEANUP(buf_done);
    buf_init(&want, KIT_MAX_BYTES);
    buf_add_char(&want, '1');
    for (int i = 0; i < 400; i++)
        buf_add_char(&want, '0');
    buf_add_text(&want, "m -0.");
    for (int i = 0; i < 399; i++)
        buf_add_char(&want, '0');
    buf_add_text(&want, "15m\n");
    kit_check(&kit, &query, want.ptr);
    kit_close(&kit);
}

static void a_text_of_fifty_megabytes_passes_whole(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    struct export_type type =
        kit_type(&kit, SHARED "SELECT 'x' AS a UNION ALL SELECT repeat('y', 52428800) UNION ALL "
                              "SELECT 'z'");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct buf got CLEANUP(buf_done);
    buf_init(&got, KIT_MAX_BYTES);
    int64_t count = 0;
    kit_must(kit_try_run(&kit, &query, &got, &count, NULL), &kit.err);
    assert_int_equal(count, 3);
    assert_int_equal(got.len, 4 + 52428800 + 3 + 4);
    assert_memory_equal(got.ptr + got.len - 9, "yyy'\n'z'\n", 9);
    kit_close(&kit);
}

static void a_row_larger_than_the_database_can_give_fails_and_is_not_retried(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    struct export_type type = kit_type(&kit, SHARED "SELECT repeat('x', 1073741824 / 2 * i) AS a "
                                                    "FROM generate_series(4, 4) AS i");
    struct source_query query = kit_query(&kit, &type, NULL);
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_DATA);
    kit_close(&kit);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_exactly),
        cmocka_unit_test(the_print_does_not_depend_on_the_databases_settings),
        cmocka_unit_test(a_noted_value_becomes_its_type_or_fails),
        cmocka_unit_test(a_number_with_hundreds_of_digits_keeps_them),
        cmocka_unit_test(a_text_of_fifty_megabytes_passes_whole),
        cmocka_unit_test(a_row_larger_than_the_database_can_give_fails_and_is_not_retried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
