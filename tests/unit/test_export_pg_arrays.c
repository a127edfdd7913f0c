/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrays from PostgreSQL to a json file. Where PostgreSQL's own to_json writes the same values as
 * we do, it is the judge; where it does not, the text that is wanted stands here.
 */
#include "tests/unit/export_pg_kit.h"

#include "export/writer.h"

#define SHARED "-- title: T\n-- shared\n"

static const char schema[] =
    "create type mood as enum ('sad', '=1+1', 'a,b'); create domain whole as bigint;"
    "create domain names as text[]; create domain moods as mood[]; create domain mine as mood;"
    "create type pair as (a int, b text);";

struct file {
    struct sink sink;
    struct buf bytes;
};

static bool take(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    (void)err;
    buf_add(&CONTAINER_OF(sink, struct file, sink)->bytes, bytes, len);
    return true;
}

/* All rows of a type, as an ndjson file. */
static int64_t export_rows(struct kit *kit, const struct export_type *type, struct file *file)
{
    *file = (struct file){.sink = {take}};
    buf_init(&file->bytes, KIT_MAX_BYTES);
    struct source_query query = kit_query(kit, type, NULL);
    const struct column **columns =
        arena_alloc_array(&kit->arena, query.column_count, sizeof *columns);
    for (size_t i = 0; i < query.column_count; i++)
        columns[i] = &type->columns[query.columns[i]];
    struct writer_options options = writer_options_default();
    struct writer *writer =
        writer_new(format_find(STR("ndjson")), &options, columns, query.column_count, &file->sink);
    struct rows *rows = NULL;
    kit_must(source_query(kit->source, &query, &rows, &kit->err), &kit->err);
    struct batch batch;
    batch_init(&batch, query.column_count);
    do {
        batch_clear(&batch);
        kit_must(rows_next(rows, &batch, &kit->err), &kit->err);
        kit_must(writer_rows(writer, &batch, &kit->err), &kit->err);
    } while (batch.row_count);
    kit_must(writer_finish(writer, &kit->err), &kit->err);
    int64_t non_finite = writer_fidelity(writer)->non_finite;
    writer_free(writer);
    batch_done(&batch);
    rows_close(rows);
    return non_finite;
}

/* Whether a line is {"a":VALUE,"b":VALUE}, twice the same. */
static bool has_equal_halves(struct str line)
{
    static const struct str begin = {"{\"a\":", 5};
    static const struct str middle = {",\"b\":", 5};
    size_t half = (line.len - begin.len - middle.len - 1) / 2;
    struct str ours = {line.ptr + begin.len, half};
    struct str theirs = {line.ptr + line.len - 1 - half, half};
    return str_starts_with(line, begin) && str_equal(ours, theirs) &&
           str_starts_with((struct str){ours.ptr + half, line.len - half - begin.len}, middle);
}

/* Expressions of which to_json says what we say. */
static const char *const judged[] = {
    "'{}'::text[]",
    "array[1, null, -3]::int2[]",
    "array[1, null, -2147483648]",
    "array[9223372036854775807, -9223372036854775808]::int8[]",
    "array[1, 2]::whole[]",
    "array[1.10, -0.000001, 123456789012345678901234567890.5, null]",
    "array[true, false, null]",
    "array[0.1, -1.5, 5e-324, 0.30000000000000004, 100000]::float8[]",
    "array[0.1, 1e-3]::float4[]",
    "array['a', null, '', 'NULL', 'null', 'q\"', '\\', '\\\\', '\\\"', '{,}', 'ä円😀']",
    "array[' x ', E'\\x01\\n\\r\\t']",
    "array['a,b', 'true', '1', '[0:1]={1}']::varchar(9)[]",
    "array['ab', null]::char(3)[]",
    "array['x', '\"']::\"char\"[]",
    "array['sys']::name[]",
    "array['=1+1', 'a,b', null]::mood[]",
    "array['sad', null]::mine[]",
    "array['a', 'b c']::names",
    "array['a,b']::moods",
    "array['{\"a\":  [1, null]}', 'null', '\"x\\\\y\"', '3', null, '\"{,}\"']::json[]",
    "array['{\"b\": \"\\\"\", \"a\": 1.10}', 'null', 'true', '[]', '\"\\u00e4\\n\"']::jsonb[]",
    "array['6f9619ff-8b86-d011-b42d-00c04fc964ff']::uuid[]",
    "array['2025-08-31', '0044-03-15 BC', null]::date[]",
    "array['12:34:56.5', '24:00:00']::time[]",
    "array['1 day', null]::interval[]",
    "array['\\x00ff', '\\x']::bytea[]",
    "array['<a x=\"1\"/>']::xml[]",
    "array['192.168.0.1/24']::inet[]",
    "array['[1,5)', 'empty']::int4range[]",
    "array['(1,1),(0,0)', null, '(2,2),(1,1)']::box[]",
    "array['(1,2)']::point[]",
    "'1 2'::int2vector::int2[]",
    "array[[1,2],[3,null]]",
    "array[[['a'],['']],[['c'],['NULL']]]",
    "array[[[[[[7]]]]]]",
    "'[0:1]={1,2}'::int[]",
    "'[-1:0][2:2]={{\"a]=\"},{b}}'::text[]",
    "null::int[]",
};

static void an_array_is_what_to_json_makes_of_it(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(judged); i++) {
        struct export_type type = kit_type(
            &kit,
            arena_printf(&kit.arena, SHARED "SELECT a, to_json(a) AS b FROM (SELECT %s AS a) AS t",
                         judged[i])
                .ptr);
        assert_string_equal(column_type_name(type.columns[0].type), "array");
        struct file file;
        export_rows(&kit, &type, &file);
        struct str line = str_trim(buf_str(&file.bytes));
        if (!has_equal_halves(line))
            fail_msg("%s\n  %.*s", judged[i], STR_ARG(line));
        buf_done(&file.bytes);
    }
    kit_close(&kit);
}

/* Texts of the characters that an array's print is made of, in one dimension and in two. */
static void arrays_of_any_text_are_what_to_json_makes_of_them(void **state)
{
    (void)state;
    const char *given = getenv("SEED"); // NOLINT(concurrency-mt-unsafe): nobody sets one
    const char *seed = given ? given : "1";
    print_message("SEED=%s\n", seed);
    struct kit kit;
    kit_open_pg(&kit, "create table seed(text text);"
                      "create function pick(of text, many int) returns bigint language sql as "
                      "'select abs(hashtext(of || text)::bigint) % many from seed';"
                      "create function word(of text) returns text language sql as "
                      "$$select nullif(coalesce(string_agg(substr('{},\"\\ NULnul;=[]é', "
                      "1 + pick(of || i, 18)::int, 1), ''), ''), '{') "
                      "from generate_series(1, pick(of, 6)) as i$$");
    test_database_do(arena_printf(&kit.arena, "insert into seed values ('%s')", seed).ptr);
    struct export_type type = kit_type(
        &kit, SHARED "SELECT a, to_json(a) AS b FROM (SELECT i, CASE i % 2 WHEN 0 THEN "
                     "ARRAY(SELECT word(i || ' ' || j) FROM generate_series(1, i % 5) AS j) ELSE "
                     "ARRAY[[word(i || 'a'), word(i || 'b')], [word(i || 'c'), '']] END AS a "
                     "FROM generate_series(1, 2000) AS i) AS t");
    struct file file;
    export_rows(&kit, &type, &file);
    struct str rest = str_trim(buf_str(&file.bytes));
    struct str line;
    size_t count = 0;
    for (; str_next(&rest, '\n', &line); count++)
        if (!has_equal_halves(line))
            fail_msg("%.*s", STR_ARG(line));
    assert_int_equal(count, 2000);
    buf_done(&file.bytes);
    kit_close(&kit);
}

static const struct {
    const char *sql;
    const char *want;
    int64_t non_finite;
} told[] = {
    {"array['NaN', 'Infinity', '-Infinity', 1.5]::float8[]", "[null,null,null,1.5]", 3},
    {"array[4294967295]::oid[]", "[4294967295]", 0},
    {"array['NaN', 'Infinity', 1.50]::numeric[]", "[null,null,1.50]", 2},
    {"array['NaN', 'infinity', null]", "[\"NaN\",\"infinity\",null]", 0},
    {"array[1e15, 1e6]::float8[]", "[1e+15,1000000]", 0},
    {"array['2025-08-31 12:34:56.5+02', null, 'infinity']::timestamptz[]",
     "[\"2025-08-31T10:34:56.500Z\",null,null]", 1},
    {"array['2025-08-31', '0044-03-15 BC', '10000-01-01']::timestamp[]",
     "[\"2025-08-31T00:00:00.000Z\",\"0044-03-15 00:00:00 BC\",\"10000-01-01 00:00:00\"]", 0},
    {"array['-infinity', '2025-08-31']::date[]", "[null,\"2025-08-31\"]", 1},
    {"array['12:00+02']::timetz[]", "[\"12:00:00+02\"]", 0},
    {"array[row(1, 'a \"b'), null]::pair[]", "[\"(1,\\\"a \\\"\\\"b\\\")\",null]", 0},
    {"array[array['a', 'b c']::names]", "[\"{a,\\\"b c\\\"}\"]", 0},
    {"array['1 2']::int2vector[]", "[\"1 2\"]", 0},
    {"array[E'{\\n\"a\": 1}']::json[]", "[{ \"a\": 1}]", 0}, /* a line stays an object */
    {"'1 2'::int2vector", "\"1 2\"", 0},                     /* not printed as an array */
    {"'1 2'::oidvector", "\"1 2\"", 0},
};

static void what_to_json_writes_otherwise_is_as_in_a_column_of_its_own(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, schema);
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        struct export_type type =
            kit_type(&kit, arena_printf(&kit.arena, SHARED "SELECT %s AS a", told[i].sql).ptr);
        struct file file;
        int64_t non_finite = export_rows(&kit, &type, &file);
        struct str want = arena_printf(&kit.arena, "{\"a\":%s}\n", told[i].want);
        if (!str_equal(buf_str(&file.bytes), want))
            fail_msg("%s\n  %.*s", told[i].sql, STR_ARG(buf_str(&file.bytes)));
        assert_int_equal(non_finite, told[i].non_finite);
        buf_done(&file.bytes);
    }
    kit_close(&kit);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_what_to_json_makes_of_it),
        cmocka_unit_test(arrays_of_any_text_are_what_to_json_makes_of_them),
        cmocka_unit_test(what_to_json_writes_otherwise_is_as_in_a_column_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
