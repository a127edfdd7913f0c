/* SPDX-License-Identifier: Apache-2.0
 *
 * A type's SQL against an SQLite database: its columns, and every refusal with file and line.
 */
#include "tests/unit/export_source_kit.h"

#define HEAD   "-- title: T\n"
#define SHARED HEAD "-- shared\n"

static const char schema[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, owner TEXT, name VARCHAR(20), price DOUBLE PRECISION,"
    " total NUMERIC(10,2), at DATETIME, data BLOB, plain);"
    "CREATE VIEW v AS SELECT id, owner FROM t;"
    "CREATE TABLE latin(id, \"caf\xE9\");";

static void columns_have_names_titles_types_and_defaults(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, schema);
    struct export_type type =
        kit_type(&kit, HEAD "-- column at timestamp: Time\n"
                            "-- column name any: The name\n"
                            "-- not default: data, at\n"
                            "WITH x AS (SELECT * FROM t)\n"
                            "SELECT id, name, price, total, at, data, plain, 1 + 1 AS \"a,b\",\n"
                            "  CAST(1 AS INT), at AS At\n"
                            "FROM x WHERE owner = :owner; -- the end\n /* really */ \n");
    static const struct {
        const char *name;
        const char *title;
        enum column_type type;
        bool is_default;
    } want[] = {
        {"id", "id", COLUMN_BIGINT, true},
        {"name", "The name", COLUMN_TEXT, true},
        {"price", "price", COLUMN_NUMBER, true},
        {"total", "total", COLUMN_ANY, true}, /* NUMERIC: value by value */
        {"at", "Time", COLUMN_TIMESTAMP, false},
        {"data", "data", COLUMN_ANY, false},
        {"plain", "plain", COLUMN_ANY, true},
        {"a,b", "a,b", COLUMN_ANY, true},
        {"CAST(1 AS INT)", "CAST(1 AS INT)", COLUMN_ANY, true},
        {"At", "At", COLUMN_ANY, true}, /* names differ by case */
    };
    assert_int_equal(type.column_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_string_equal(type.columns[i].name.ptr, want[i].name);
        assert_true(str_equal(type.columns[i].title, str_of(want[i].title)));
        assert_string_equal(column_type_name(type.columns[i].type), column_type_name(want[i].type));
        assert_int_equal(type.columns[i].is_default, want[i].is_default);
    }
    assert_ptr_equal(export_type_column(&type, STR("at")), &type.columns[4]);
    assert_null(export_type_column(&type, STR("AT")));
    kit_close(&kit);
}

static void what_the_source_does_not_take_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } table[] = {
        /* SQL that is wrong */
        {SHARED "SELECT id\nFORM t", "test.sql:4: near \"t\": syntax error"},
        {SHARED "SELECT id,\n  nmae\nFROM t", "test.sql:4: no such column: nmae"},
        {SHARED "SELECT id,\n  \"nmae\"\nFROM t", "test.sql:4: no such column: nmae"},
        {SHARED "SELECT id\n\nFROM trades", "test.sql:5: no such table: trades"},
        {SHARED "SELECT nofunc(id)\nFROM t", "test.sql:3: no such function: nofunc"},
        {SHARED "SELECT id\nFROM t\nWHERE (", "test.sql:5: incomplete input"},
        {SHARED "SELECT 'abc", "test.sql:3: unrecognized token"},
        /* anything but one SELECT */
        {SHARED "DELETE FROM t", "test.sql:3: here must stand one SELECT"},
        {SHARED "/* a\n */ -- b\n DROP TABLE t", "test.sql:5: here must stand one SELECT"},
        {SHARED "PRAGMA table_info(t)", "test.sql:3: here must stand one SELECT"},
        {SHARED "EXPLAIN SELECT 1", "test.sql:3: here must stand one SELECT"},
        {SHARED "ATTACH 'x' AS x", "test.sql:3: here must stand one SELECT"},
        {SHARED "VALUES (1)", "test.sql:3: here must stand one SELECT"},
        {SHARED "SELECTED", "test.sql:3: here must stand one SELECT"},
        {SHARED ";", "test.sql:3: here must stand one SELECT"},
        {SHARED "/* open", "test.sql:3: here must stand one SELECT"},
        {SHARED "WITH x AS (SELECT 1) DELETE FROM t", "test.sql:3: only reading is allowed"},
        {SHARED "WITH x AS (SELECT 1) INSERT INTO t(id) SELECT 1 RETURNING id",
         "test.sql:3: only reading is allowed"},
        {SHARED "WITH x AS (SELECT 1) UPDATE sqlite_master SET sql = ''", "test.sql:3: "},
        {SHARED "SELECT load_extension('x')", "test.sql:3: "},
        {SHARED "SELECT 1;\nSELECT 2", "test.sql:4: text after the statement"},
        {SHARED "SELECT 1;;", "test.sql:3: text after the statement"},
        {SHARED "SELECT 1; -- fine\n\nrest", "test.sql:5: text after the statement"},
        /* parameters */
        {HEAD "SELECT id\nFROM t WHERE owner = ?", "test.sql:3: a parameter without a name"},
        {HEAD "SELECT id FROM t WHERE owner = ?1", "test.sql:2: a parameter without a name"},
        {HEAD "SELECT id\nFROM t WHERE owner = @owner", "test.sql:3: parameter @owner: write it"},
        {HEAD "SELECT id\nFROM t WHERE owner = $owner", "test.sql:3: parameter $owner: write it"},
        {SHARED "SELECT id\nFROM t\nWHERE id = :ids AND id = :id",
         "test.sql:5: parameter :ids is neither :owner nor a filter"},
        {SHARED "SELECT id FROM t LIMIT :limit", "test.sql:3: parameter :limit is neither"},
        {HEAD "-- filter a text: A\nSELECT id\nFROM t WHERE owner = :owner AND name < :a_end",
         "test.sql:4: parameter :a_end: only filters of type date"},
        {HEAD "\nSELECT id FROM t", "test.sql:3: the SELECT does not use :owner"},
        {HEAD "SELECT id, ':owner' FROM t -- :owner", "test.sql:2: the SELECT does not use :owner"},
        {SHARED "\n-- filter a text: A\nSELECT id FROM t", "test.sql:4: filter a is not used"},
        /* columns */
        {SHARED "SELECT id,\n name AS id\nFROM t", "test.sql:4: two columns are called \"id\""},
        {SHARED "SELECT a.*,\n b.* FROM t a, t b", "test.sql:3: two columns are called \"id\""},
        {SHARED "SELECT 1 AS \"\"", "test.sql:3: column 1 has no name"},
        {SHARED "SELECT * FROM latin", "test.sql:3: the name of column 2 is not UTF-8"},
        {SHARED "-- column nmae text: N\nSELECT name FROM t",
         "test.sql:3: the SELECT has no column"},
        {SHARED "-- column name array: N\nSELECT name FROM t",
         "test.sql:3: SQLite has no arrays; note column \"name\" as json"},
        {SHARED "-- not default: nmae\nSELECT name FROM t", "test.sql:3: the SELECT has no column"},
        {SHARED "-- not default: name\nSELECT name FROM t", "test.sql:4: no column is default"},
    };
    struct kit kit;
    kit_open(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type;
        kit.err = (struct err){0};
        if (kit_try_type(&kit, table[i].text, &type))
            fail_msg("accepted: %s", table[i].text);
        if (kit.err.code != ERR_INVALID ||
            !str_starts_with(str_of(kit.err.text), str_of(table[i].want)))
            fail_msg("%s\n  told: %s %s\n  want: %s", table[i].text, err_code_name(kit.err.code),
                     kit.err.text, table[i].want);
    }
    kit_close(&kit);
}

static void good_types_are_taken(void **state)
{
    (void)state;
    static const char *const table[] = {
        SHARED "select 1",
        SHARED "SELECT 1;",
        SHARED "-- filter a date: A\nSELECT id FROM t WHERE at < :a_end",
        SHARED "-- filter a timestamp: A\nSELECT id FROM t WHERE at < :a_end AND at >= :a",
        SHARED "-- filter a text[]: A\nSELECT id FROM t WHERE name IN "
               "(SELECT value FROM json_each(:a))",
        SHARED "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5) "
               "SELECT i FROM n",
        HEAD "SELECT id FROM v WHERE owner = :owner AND owner = :owner",
        SHARED "SELECT sum(id) OVER (ORDER BY id) AS s FROM t",
        SHARED "SELECT id FROM t UNION SELECT 2 ORDER BY 1",
    };
    struct kit kit;
    kit_open(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        (void)kit_type(&kit, table[i]);
    kit_close(&kit);
}

static void a_pragma_in_disguise_fails_when_it_runs(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, schema);
    struct export_type type = kit_type(&kit, SHARED "SELECT name FROM pragma_table_info('t')");
    struct source_query query = kit_query(&kit, &type, NULL);
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_DENIED);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_names_titles_types_and_defaults),
        cmocka_unit_test(what_the_source_does_not_take_is_refused_with_file_line_and_reason),
        cmocka_unit_test(good_types_are_taken),
        cmocka_unit_test(a_pragma_in_disguise_fails_when_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
