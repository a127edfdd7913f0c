/* SPDX-License-Identifier: Apache-2.0
 *
 * --filter NAME=V[,V…]: where a value ends, and where it only seems to.
 */
#include "client/filters.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_FILTERS = 4 };

/* The values with "|" between them. */
static void join(const Exportqueue__V1__Filter *filter, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < filter->n_values; i++)
        buf_printf(out, "%s%s", i ? "|" : "", filter->values[i]);
}

static void commas_part_values_unless_a_backslash_keeps_them(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        size_t count;
        const char *values;
    } rows[] = {
        {"status=OPEN", "status", 1, "OPEN"},
        {"tagIds=a,b,c", "tagIds", 3, "a|b|c"},
        {"note=one\\, two,three", "note", 2, "one, two|three"},
        {"note=back\\slash", "note", 1, "back\\slash"},
        {"note=ends in \\", "note", 1, "ends in \\"},
        {"expr=a=b", "expr", 1, "a=b"},
        {"gaps=,x,", "gaps", 3, "|x|"},
    };
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct buf values CLEANUP(buf_done);
    buf_init(&values, 1024);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct filters filters;
        struct err err = {0};
        filters_init(&filters, &arena, MAX_FILTERS);
        assert_true(filters_add(&filters, &arena, rows[i].text, &err));
        assert_int_equal(filters.count, 1);
        assert_string_equal(filters.list[0]->name, rows[i].name);
        assert_int_equal(filters.list[0]->n_values, rows[i].count);
        join(filters.list[0], &values);
        assert_string_equal(values.len ? values.ptr : "", rows[i].values);
    }
}

static void a_name_given_again_adds_to_its_values(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct buf values CLEANUP(buf_done);
    struct filters filters;
    struct err err = {0};
    buf_init(&values, 1024);
    filters_init(&filters, &arena, MAX_FILTERS);
    assert_true(filters_add(&filters, &arena, "tagIds=a,b", &err));
    assert_true(filters_add(&filters, &arena, "status=OPEN", &err));
    assert_true(filters_add(&filters, &arena, "tagIds=c", &err));
    assert_int_equal(filters.count, 2);
    join(filters.list[0], &values);
    assert_string_equal(values.ptr, "a|b|c");
    join(filters.list[1], &values);
    assert_string_equal(values.ptr, "OPEN");
}

static void a_filter_without_a_name_or_an_equals_sign_is_refused(void **state)
{
    static const char *const texts[] = {"", "status", "=OPEN", "="};
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct filters filters;
        struct err err = {0};
        filters_init(&filters, &arena, MAX_FILTERS);
        assert_false(filters_add(&filters, &arena, texts[i], &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, "NAME=VALUE"));
    }
}

static void a_filter_without_a_value_is_refused_with_a_way_out(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct filters filters;
    struct err err = {0};
    filters_init(&filters, &arena, MAX_FILTERS);
    assert_false(filters_add(&filters, &arena, "tagIds=", &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, "--filter tagIds= has no value; leave the filter out"));
    assert_int_equal(filters.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_part_values_unless_a_backslash_keeps_them),
        cmocka_unit_test(a_name_given_again_adds_to_its_values),
        cmocka_unit_test(a_filter_without_a_name_or_an_equals_sign_is_refused),
        cmocka_unit_test(a_filter_without_a_value_is_refused_with_a_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
