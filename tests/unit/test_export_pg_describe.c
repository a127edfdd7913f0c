/* SPDX-License-Identifier: Apache-2.0
 *
 * A type's SQL against a PostgreSQL database: its columns, the types of its parameters, and every
 * refusal with file and line.
 */
#include "tests/unit/export_pg_kit.h"

#define HEAD   "-- title: T\n"
#define SHARED HEAD "-- shared\n"

static const char schema[] =
    "create type mood as enum ('sad', 'glad'); create domain money_of_ours as numeric(10, 2);"
    "create domain names as text[]; create domain mood_of_ours as mood;"
    "create domain moods as mood[]; create domain twice_ours as money_of_ours;"
    "create type pair as (a int, b text);"
    "create table t(id int primary key, owner text, name varchar(20), price double precision,"
    " total money_of_ours, at timestamp, seen timestamptz, day date, data bytea, m mood,"
    " m2 mood_of_ours, n names, j jsonb, u uuid, p pair, big bigint, ok boolean);"
    "create view v as select id, owner from t;"
    "create table \"Mixed\" (\"Id\" int, \"a\"\"b\" text);"
    "create function odd() returns int language plpgsql as 'begin raise ''secret''; end';"
    "create function add_row() returns int language sql as"
    " 'insert into t(id) values (1000) returning id';";

static const struct {
    const char *name;
    const char *title;
    enum column_type type;
    bool is_default;
} columns[] = {
    {"id", "id", COLUMN_TEXT, true}, /* as noted */
    {"name", "The name", COLUMN_TEXT, true},
    {"price", "price", COLUMN_NUMBER, true},
    {"total", "total", COLUMN_DECIMAL, true},
    {"at", "Time", COLUMN_TIMESTAMP, false},
    {"seen", "seen", COLUMN_TIMESTAMP, true},
    {"day", "day", COLUMN_DATE, true},
    {"data", "data", COLUMN_BYTES, false},
    {"m", "m", COLUMN_TEXT, true},
    {"m2", "m2", COLUMN_TEXT, true},
    {"n", "n", COLUMN_ARRAY, true},
    {"j", "j", COLUMN_JSON, true},
    {"u", "u", COLUMN_OTHER, true},
    {"p", "p", COLUMN_OTHER, true},
    {"big", "big", COLUMN_BIGINT, true},
    {"ok", "ok", COLUMN_BOOLEAN, true},
    {"a,b", "a,b", COLUMN_INTEGER, true},
    {"At", "At", COLUMN_TIMESTAMP, true}, /* names differ by case */
    {"json", "json", COLUMN_JSON, true},
    {"small", "small", COLUMN_INTEGER, true},
    {"f", "f", COLUMN_NUMBER, true},
    {"sysname", "sysname", COLUMN_TEXT, true},
    {"c", "c", COLUMN_TEXT, true},
    {"literal", "literal", COLUMN_TEXT, true},
    {"i", "i", COLUMN_OTHER, true},
    {"cash", "cash", COLUMN_OTHER, true},
    {"x", "x", COLUMN_TEXT, true},
    {"o", "o", COLUMN_BIGINT, true},
    {"clock", "clock", COLUMN_TIME, true},
    {"zoned", "zoned", COLUMN_OTHER, true},
    {"r", "r", COLUMN_OTHER, true},
    {"nothing", "nothing", COLUMN_TEXT, true},
};

static void columns_have_names_titles_types_and_defaults(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    struct export_type type =
        kit_type(&kit, HEAD
                 "-- column at timestamp: Time\n"
                 "-- column name any: The name\n"
                 "-- column id text\n"
                 "-- not default: data, at\n"
                 "with x as (select * from t)\n"
                 "select id, name, price, total, at, seen, day, data, m, m2, n, j, u, p, big, ok,\n"
                 "  1 + 1 as \"a,b\", at as \"At\", '{}'::json as json, 1::int2 as small,\n"
                 "  1::float4 as f, 'x'::name as sysname, 'x'::\"char\" as c, 'x' as literal,\n"
                 "  interval '1 day' as i, '1'::money as cash, '<a/>'::xml as x, 5::oid as o,\n"
                 "  '10:00'::time as clock, '10:00+00'::timetz as zoned, int4range(1, 2) as r, "
                 "null as nothing\n"
                 "from x where owner = :owner; -- the end\n /* really /* nested */ */ \n");
    assert_int_equal(type.column_count, COUNT_OF(columns));
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        assert_string_equal(type.columns[i].name.ptr, columns[i].name);
        assert_true(str_equal(type.columns[i].title, str_of(columns[i].title)));
        if (type.columns[i].type != columns[i].type)
            fail_msg("%s is %s, want %s", columns[i].name, column_type_name(type.columns[i].type),
                     column_type_name(columns[i].type));
        assert_int_equal(type.columns[i].is_default, columns[i].is_default);
    }
    kit_close(&kit);
}

static void an_array_tells_what_it_is_of(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum column_type element;
        char delimiter;
    } table[] = {
        {"'{}'::text[]", COLUMN_TEXT, ','},
        {"'{}'::int4[]", COLUMN_INTEGER, ','},
        {"'{}'::int8[]", COLUMN_BIGINT, ','},
        {"'{}'::numeric[]", COLUMN_DECIMAL, ','},
        {"'{}'::float4[]", COLUMN_NUMBER, ','},
        {"'{}'::bool[]", COLUMN_BOOLEAN, ','},
        {"'{}'::jsonb[]", COLUMN_JSON, ','},
        {"'{}'::time[]", COLUMN_TIME, ','},
        {"'{}'::uuid[]", COLUMN_OTHER, ','},
        {"'{}'::inet[]", COLUMN_OTHER, ','},
        {"'{}'::box[]", COLUMN_OTHER, ';'},
        {"'{}'::pair[]", COLUMN_OTHER, ','},
        {"'{}'::mood[]", COLUMN_TEXT, ','},
        {"'{}'::mood_of_ours[]", COLUMN_TEXT, ','}, /* a domain of an enum */
        {"'{}'::money_of_ours[]", COLUMN_DECIMAL, ','},
        {"'{}'::twice_ours[]", COLUMN_DECIMAL, ','}, /* a domain of a domain */
        {"'{}'::names", COLUMN_TEXT, ','},           /* a domain of an array */
        {"'{}'::names[]", COLUMN_OTHER, ','},        /* an array of such */
        {"'{}'::moods", COLUMN_TEXT, ','},
        {"'{}'::int2vector[]", COLUMN_OTHER, ','},
    };
    struct kit kit;
    kit_open_pg(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str text = arena_printf(
            &kit.arena, SHARED "-- column a any: A title\nSELECT %s AS a", table[i].sql);
        struct export_type type = kit_type(&kit, text.ptr);
        const struct column *column = &type.columns[0];
        if (column->type != COLUMN_ARRAY || column->element != table[i].element)
            fail_msg("%s is %s of %s", table[i].sql, column_type_name(column->type),
                     column_type_name(column->element));
        assert_int_equal(column->delimiter, table[i].delimiter);
    }
    kit_close(&kit);
}

static const struct {
    const char *text;
    const char *want;
} refusals[] = {
    /* SQL that is wrong */
    {SHARED "SELECT id\nFORM t", "test.sql:4: syntax error at or near \"t\""},
    {SHARED "SELECT id,\n  nmae\nFROM t", "test.sql:4: column \"nmae\" does not exist"},
    {SHARED "SELECT 'é', 'ü',\n '円', nmae\nFROM t", "test.sql:4: column \"nmae\" does not exist"},
    {SHARED "SELECT id\n\nFROM trades", "test.sql:5: relation \"trades\" does not exist"},
    {SHARED "SELECT id,\nnofunc(id)\nFROM t", "test.sql:4: function nofunc(integer) does not"},
    {SHARED "SELECT id\nFROM t\nWHERE (", "test.sql:5: syntax error at end of input"},
    {SHARED "SELECT\n'abc", "test.sql:4: unterminated quoted string"},
    {SHARED "SELECT 1 /* open", "test.sql:3: unterminated /* comment"},
    {SHARED "SELECT id FROM t)\nAS x, (SELECT 1", "test.sql:3: syntax error at or near \")\""},
    {SHARED "-- filter a text: A\nSELECT id FROM t\nWHERE m = :a AND\nname = :a",
     "test.sql:6: operator does not exist: character varying = mood"},
    {SHARED "-- filter a integer: A\nSELECT id FROM t\nWHERE name = :a",
     "test.sql:5: operator does not exist: character varying = bigint"},
    {SHARED "SELECT 1 / 0 AS a", "test.sql:3: division by zero"},
    {SHARED "SELECT\n'x'::int AS a", "test.sql:4: invalid input syntax for type integer"},
    /* anything but one SELECT */
    {SHARED "DELETE FROM t", "test.sql:3: here must stand one SELECT"},
    {SHARED "/* a /* b\n */ */ -- b\n DROP TABLE t", "test.sql:5: here must stand one SELECT"},
    {SHARED "EXPLAIN SELECT 1", "test.sql:3: here must stand one SELECT"},
    {SHARED "COPY t TO '/tmp/x'", "test.sql:3: here must stand one SELECT"},
    {SHARED "VALUES (1)", "test.sql:3: here must stand one SELECT"},
    {SHARED "SELECTED", "test.sql:3: here must stand one SELECT"},
    {SHARED ";", "test.sql:3: here must stand one SELECT"},
    {SHARED "WITH x AS (SELECT 1) DELETE FROM t RETURNING id", "test.sql:3: syntax error"},
    {SHARED "WITH x AS (\nDELETE FROM t RETURNING id) SELECT id FROM x",
     "test.sql:3: only reading is allowed here"},
    {SHARED "WITH x AS (SELECT 1) INSERT INTO t(id) SELECT 1",
     "test.sql:3: the statement gives no columns"},
    {SHARED "SELECT id INTO u\nFROM t", "test.sql:3: "},
    {SHARED "SELECT id FROM t FOR UPDATE", "test.sql:3: cannot execute SELECT FOR UPDATE"},
    {SHARED "SELECT 1;\nSELECT 2", "test.sql:4: text after the statement"},
    {SHARED "SELECT 1;;", "test.sql:3: text after the statement"},
    {SHARED "SELECT 1; -- fine\n\nrest", "test.sql:5: text after the statement"},
    /* parameters */
    {HEAD "SELECT id\nFROM t WHERE owner = $1", "test.sql:3: a parameter without a name"},
    {SHARED "SELECT id\nFROM t\nWHERE id = :ids AND id = :id",
     "test.sql:5: parameter :ids is neither :owner nor a filter"},
    {SHARED "SELECT id FROM t LIMIT :limit", "test.sql:3: parameter :limit is neither"},
    {HEAD "-- filter a text: A\nSELECT id\nFROM t WHERE owner = :owner AND name < :a_end",
     "test.sql:4: parameter :a_end: only filters of type date"},
    {HEAD "\nSELECT id FROM t", "test.sql:3: the SELECT does not use :owner"},
    {HEAD "SELECT id, ':owner', x[1:owner] FROM t -- :owner",
     "test.sql:2: the SELECT does not use :owner"},
    {SHARED "\n-- filter a text: A\nSELECT id FROM t", "test.sql:4: filter a is not used"},
    /* columns */
    {SHARED "SELECT id,\n name AS id\nFROM t", "test.sql:4: two columns are called \"id\""},
    {SHARED "SELECT a.*,\n b.* FROM v a, v b", "test.sql:3: two columns are called \"id\""},
    {SHARED "SELECT FROM t", "test.sql:3: the statement gives no columns"},
    {SHARED "-- column nmae text: N\nSELECT name FROM t", "test.sql:3: the SELECT has no column"},
    {SHARED "-- not default: name\nSELECT name FROM t", "test.sql:4: no column is default"},
    {SHARED "\n-- column id bytes: I\nSELECT id FROM t",
     "test.sql:4: the database gives column \"id\" as integer, which cannot become bytes"},
    {SHARED "-- column at integer: A\nSELECT at FROM t",
     "test.sql:3: the database gives column \"at\" as timestamp"},
    {SHARED "-- column u date: U\nSELECT u FROM t",
     "test.sql:3: the database gives column \"u\" as other"},
    {SHARED "-- column n json: N\nSELECT n FROM t",
     "test.sql:3: the database gives column \"n\" as array, which cannot become json; cast"},
    {SHARED "-- column name array: N\nSELECT name FROM t",
     "test.sql:3: the database gives column \"name\" as text, which cannot become array"},
    {SHARED "-- column at time: A\nSELECT at FROM t",
     "test.sql:3: the database gives column \"at\" as timestamp, which cannot become time"},
};

static void what_the_source_does_not_take_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct export_type type;
        kit.err = (struct err){0};
        if (kit_try_type(&kit, refusals[i].text, &type))
            fail_msg("accepted: %s", refusals[i].text);
        if (kit.err.code != ERR_INVALID ||
            !str_starts_with(str_of(kit.err.text), str_of(refusals[i].want)))
            fail_msg("%s\n  told: %s %s\n  want: %s", refusals[i].text, err_code_name(kit.err.code),
                     kit.err.text, refusals[i].want);
    }
    kit_close(&kit);
}

static void good_types_are_taken(void **state)
{
    (void)state;
    static const char *const table[] = {
        SHARED "select 1",
        SHARED "SELECT 1;",
        SHARED "SELECT id FROM t -- a comment at the end",
        SHARED "-- filter a date: A\nSELECT id FROM t WHERE at < :a_end",
        SHARED "-- filter a timestamp: A\nSELECT id FROM t WHERE at < :a_end AND seen >= :a",
        SHARED "-- filter a timestamp: A\nSELECT id FROM t WHERE at >= :a::timestamp",
        SHARED "-- filter a text[]: A\nSELECT id FROM t WHERE name = ANY (:a)",
        SHARED "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) "
               "SELECT i FROM n",
        HEAD "SELECT id FROM v WHERE owner = :owner AND owner = :owner",
        SHARED "SELECT sum(id) OVER (ORDER BY id) AS s FROM t",
        SHARED "SELECT id FROM t UNION SELECT 2 ORDER BY 1",
        SHARED "SELECT \"Id\", \"a\"\"b\" FROM \"Mixed\"",
        SHARED "SELECT n[1:2], n[1:id] AS m FROM t",
        SHARED "SELECT 1 AS a, j ? 'x' AS b, j @> '{}' AS c FROM t",
        /* not one type for the whole parameter: the server is told where it cannot find out */
        SHARED "-- filter a text: A\nSELECT id FROM t WHERE (:a IS NULL OR m = :a)",
        SHARED "-- filter a text: A\nSELECT id FROM t WHERE (m = :a OR :a IS NULL) AND :a <> 'sad'",
        SHARED "-- filter a text: A\nSELECT id FROM t WHERE (:a IS NULL OR u = :a)",
        SHARED "-- filter a text: A\nSELECT id FROM t WHERE :a IS NULL",
        SHARED "-- filter a text: A\nSELECT :a AS a, :a IS NULL AS b FROM t GROUP BY :a",
        SHARED "-- filter a enum(sad, glad): A\nSELECT id FROM t WHERE :a IS NULL OR :a = m",
        SHARED "-- filter a text[]: A\nSELECT id FROM t WHERE :a IS NULL OR m = ANY (:a)",
        SHARED "-- filter a text[]: A\n-- filter b text: B\n-- filter c date: C\n"
               "SELECT id FROM t WHERE (:a IS NULL OR u = ANY (:a)) AND (:b IS NULL OR m = :b)\n"
               "AND (:c IS NULL OR at >= :c)",
        SHARED "-- filter a integer: A\nSELECT id FROM t WHERE id = :a OR big = :a OR :a < price",
        SHARED "-- filter a number: A\nSELECT id FROM t WHERE id < :a OR total = :a OR :a < price",
        SHARED "-- filter a boolean: A\nSELECT id FROM t WHERE ok = :a OR :a IS NULL",
        HEAD "SELECT id FROM t WHERE :owner IS NOT NULL",
        HEAD "SELECT id FROM t WHERE id::text = :owner",
        HEAD "SELECT id FROM t WHERE big = :owner",
    };
    struct kit kit;
    kit_open_pg(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type;
        if (!kit_try_type(&kit, table[i], &type))
            fail_msg("%s\n  %s", table[i], kit.err.text);
    }
    kit_close(&kit);
}

static void what_we_may_not_read_is_refused_at_the_start(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    test_database_do("drop role if exists reader; create role reader login;"
                     "create table hidden(id int); grant usage on schema public to reader");
    const char *url = test_database_url();
    const char *at = strchr(url, '@');
    source_close(kit.source);
    struct str other = arena_printf(&kit.arena, "postgresql://reader%s", at);
    kit_must(source_open(other, &kit.source, &kit.err), &kit.err);
    struct export_type type;
    assert_false(kit_try_type(&kit, SHARED "SELECT id FROM hidden", &type));
    assert_int_equal(kit.err.code, ERR_INVALID);
    assert_string_equal(kit.err.text, "test.sql:3: permission denied for table hidden");
    source_close(kit.source);
    kit.source = NULL;
    test_database_do("drop owned by reader; drop role reader");
    kit_close(&kit);
}

/* The database cannot see from outside what a function does: the transaction only reads. */
static void a_function_that_writes_fails_when_it_runs(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    struct export_type type = kit_type(&kit, SHARED "SELECT add_row() AS a");
    struct source_query query = kit_query(&kit, &type, NULL);
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_SCHEMA);
    assert_non_null(strstr(kit.err.text, "only reading is allowed"));
    assert_string_equal(kit_ask(&kit, "select count(*) from t"), "0");
    kit_close(&kit);
}

static void a_source_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum err_code code;
    } table[] = {
        {"postgres://user:secret@127.0.0.1:1/db", ERR_SOURCE_UNAVAILABLE},
        {"postgres://user:secret@no.such.host.invalid/db", ERR_SOURCE_UNAVAILABLE},
        {"postgres://user:secret@127.0.0.1/db?nosuch=1", ERR_INVALID},
        {"postgres:user:secret@127.0.0.1/db", ERR_INVALID},
    };
    struct err err;
    struct source *source = NULL;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_false(source_open(str_of(table[i].url), &source, &err));
        assert_string_equal(err_code_name(err.code), err_code_name(table[i].code));
        assert_null(strstr(err.text, "secret"));
    }
    struct arena arena = {0};
    const char *url = test_database_url();
    struct str none =
        arena_printf(&arena, "%.*s/no_such_database", (int)(strrchr(url, '/') - url), url);
    assert_false(source_open(none, &source, &err));
    assert_int_equal(err.code, ERR_SOURCE_DENIED);
    arena_done(&arena);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_names_titles_types_and_defaults),
        cmocka_unit_test(an_array_tells_what_it_is_of),
        cmocka_unit_test(what_the_source_does_not_take_is_refused_with_file_line_and_reason),
        cmocka_unit_test(good_types_are_taken),
        cmocka_unit_test(what_we_may_not_read_is_refused_at_the_start),
        cmocka_unit_test(a_function_that_writes_fails_when_it_runs),
        cmocka_unit_test(a_source_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
