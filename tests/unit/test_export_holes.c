/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the parameters of a type's SQL are, by PostgreSQL's rules of strings, names, comments,
 * casts and slices; and which place in the type's SQL the server means.
 */
#include "export/source_pg_sql.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_BYTES = 1024 * 1024 };

/* Scans, gives each hole the next number, prints. */
static void check(const char *text, const char *want)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct pg_sql sql;
    pg_sql_scan(str_of(text), &arena, &sql);
    for (size_t i = 0; i < sql.hole_count; i++)
        sql.holes[i].slot = i;
    struct buf printed CLEANUP(buf_done);
    buf_init(&printed, MAX_BYTES);
    pg_sql_print(&sql, &printed);
    buf_add_char(&printed, '\0');
    if (strcmp(printed.ptr, want) != 0)
        fail_msg("%s\n becomes %s\n want    %s", text, printed.ptr, want);
}

static const struct {
    const char *text;
    const char *want;
} colons[] = {
    {"select :a", "select $1"},
    {"select :a, :b,:a", "select $1, $2,$3"},
    {"select :a_1b+:_c", "select $1+$2"},
    {"where x=:a", "where x=$1"},
    {"where x:a", "where x $1"}, /* x$1 would be a name */
    {"select :aé", "select $1é"},
    {":a", "$1"},
    /* casts, and what else begins with a colon */
    {"select :a::text, '1'::int, x::a", "select $1::text, '1'::int, x::a"},
    {"select x :: a", "select x :: a"},
    {"f(a := :a, b => :b)", "f(a := $1, b => $2)"},
    {"f(a :=:a)", "f(a :=$1)"},
    {"select : a, :1, :é", "select : a, :1, :é"},
    /* strings */
    {"select ':a', 'it''s :a', ''':a'", "select ':a', 'it''s :a', ''':a'"},
    {"select '\\', :a, '\\'", "select '\\', $1, '\\'"},
    {"select E'\\':a', e'\\\\', :a", "select E'\\':a', e'\\\\', $1"},
    {"select E'it''s \\' :a' || :a", "select E'it''s \\' :a' || $1"},
    {"select E':a''", "select E':a''"},
    {"select xe'\\', :a", "select xe'\\', $1"},
    {"select U&'\\0061', B'01', :a", "select U&'\\0061', B'01', $1"},
    {"select 'open :a", "select 'open :a"},
    {"select E'open \\", "select E'open \\"},
    /* names */
    {"select \":a\", \"x\"\":a\", :a", "select \":a\", \"x\"\":a\", $1"},
    {"select \"E\\\", :a", "select \"E\\\", $1"},
    /* dollar quotes */
    {"select $$ :a $$, :a", "select $$ :a $$, $1"},
    {"select $x$ :a $$ :a $y$ $x$, :a", "select $x$ :a $$ :a $y$ $x$, $1"},
    {"select $x1_é$ :a $x1_é$, :a", "select $x1_é$ :a $x1_é$, $1"},
    {"select a$b$ , :a , c$b$", "select a$b$ , $1 , c$b$"}, /* names with dollars */
    {"select $ :a $", "select $ $1 $"},
    {"select $x$ open :a", "select $x$ open :a"},
    /* comments */
    {"select 1 -- :a '\n, :a", "select 1 -- :a '\n, $1"},
    {"select /* :a /* :a */ ' :a */ :a", "select /* :a /* :a */ ' :a */ $1"},
    {"select 1 - -:a", "select 1 - -$1"},
    {"select 4 / :a * 2", "select 4 / $1 * 2"},
    {"select 1 /* open :a", "select 1 /* open :a"},
    {"select 1 -- :a", "select 1 -- :a"},
    /* array slices */
    {"select x[1:n], x[a:b]", "select x[1:n], x[a:b]"},
    {"select x[:a], x[:a::int]", "select x[$1], x[$2::int]"},
    {"select x[:a : :b]", "select x[$1 : $2]"},
    {"select x[f(1):n], x[y[1]:n]", "select x[f(1):n], x[y[1]:n]"},
    {"select x[f(:a):n]", "select x[f($1):n]"},
    {"select x[f(1, :a)]", "select x[f(1, $1)]"},
    {"select x[1 + :a]", "select x[1 + $1]"},
    {"select array[:a, :b]", "select array[$1, $2]"},
    {"select x[1:n] = :a", "select x[1:n] = $1"},
    {"select x[\"y\":n]", "select x[\"y\":n]"},
    {"select (x):a", "select (x)$1"}, /* an error, but no slice */
};

static void a_colon_is_a_parameter_only_where_sql_has_no_other_use_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(colons); i++)
        check(colons[i].text, colons[i].want);
}

static void a_statement_has_a_first_token_an_end_and_what_stands_behind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *first; /* what stands there; "": nothing */
        const char *body;
        const char *tail;
        const char *numbered;
    } table[] = {
        {"select 1", "select 1", "select 1", "", ""},
        {" -- a\n/* b */ select 1; ", "select 1; ", " -- a\n/* b */ select 1", "", ""},
        {"/* a /* b */ c */ select 1", "select 1", "/* a /* b */ c */ select 1", "", ""},
        {"select 1; -- the end;", "select 1; -- the end;", "select 1", "", ""},
        {"select 1;;", "select 1;;", "select 1", ";", ""},
        {"select ';'; /* a */ b :c", "select ';'; /* a */ b :c", "select ';'", "b :c", ""},
        {"select $1", "select $1", "select $1", "", "$1"},
        {"select '$1', a$1, $$ $1 $$, $2", "select '$1', a$1, $$ $1 $$, $2",
         "select '$1', a$1, $$ $1 $$, $2", "", "$2"},
        {"", "", "", "", ""},
        {" -- only", "", " -- only", "", ""},
        {";", ";", "", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct pg_sql sql;
        pg_sql_scan(str_of(table[i].text), &arena, &sql);
        assert_string_equal(table[i].text + sql.first, table[i].first);
        assert_true(str_equal(sql.body, str_of(table[i].body)));
        assert_string_equal(table[i].text + sql.tail, table[i].tail);
        assert_true(
            str_starts_with(str_of(table[i].text + sql.numbered), str_of(table[i].numbered)));
        assert_int_equal(sql.numbered == strlen(table[i].text), !table[i].numbered[0]);
    }
}

/* For every character of what is printed: the place in the type's SQL that it came from. */
static void every_place_in_what_is_printed_is_found_again(void **state)
{
    (void)state;
    static const char text[] = "select é, x:abc\nfrom t where :a = :longer_name";
    static const struct str befores[] = {{"", 0}, {"select 'ü' from (\n", 19}};
    struct arena arena CLEANUP(arena_done) = {0};
    struct pg_sql sql;
    pg_sql_scan(str_of(text), &arena, &sql);
    assert_int_equal(sql.hole_count, 3);
    for (size_t i = 0; i < COUNT_OF(befores); i++) {
        struct buf printed CLEANUP(buf_done);
        buf_init(&printed, MAX_BYTES);
        pg_sql_locate(&sql, befores[i], &printed);
        int position = 0;
        for (size_t at = 0; at < printed.len; at++) {
            if (((unsigned char)printed.ptr[at] & 0xC0) == 0x80)
                continue;
            position++;
            struct pg_hole *hole = NULL;
            size_t place = pg_sql_find(&sql, buf_str(&printed), position, &hole);
            if (at < befores[i].len) {
                assert_int_equal(place, 0);
            } else if (hole) {
                assert_int_equal(place, hole->begin);
                assert_non_null(strchr(" $1", printed.ptr[at]));
            } else {
                assert_int_equal(text[place], printed.ptr[at]);
            }
        }
        struct pg_hole *hole = NULL;
        assert_int_equal(pg_sql_find(&sql, buf_str(&printed), position + 1, &hole), strlen(text));
        assert_null(hole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_colon_is_a_parameter_only_where_sql_has_no_other_use_for_it),
        cmocka_unit_test(a_statement_has_a_first_token_an_end_and_what_stands_behind),
        cmocka_unit_test(every_place_in_what_is_printed_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
