/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan: what a request may ask for, and what each mistake is told.
 */
#include "tests/support/shop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct shop shop;

static int open_shop(void **state)
{
    (void)state;
    shop_open(&shop);
    return 0;
}

static int close_shop(void **state)
{
    (void)state;
    shop_close(&shop);
    return 0;
}

static const struct str one_value[] = {{"10", 2}};
static const struct str word_value[] = {{"many", 4}};
static const struct job_filter min_amount[] = {{{"minAmount", 9}, one_value, 1}};
static const struct job_filter min_amount_twice[] = {{{"minAmount", 9}, one_value, 1},
                                                     {{"minAmount", 9}, one_value, 1}};
static const struct job_filter no_such_filter[] = {{{"maxAmount", 9}, one_value, 1}};
static const struct job_filter bad_number[] = {{{"minAmount", 9}, word_value, 1}};
static const struct job_filter bad_choice[] = {{{"state", 5}, word_value, 1}};
static const struct str two_columns[] = {{"amount", 6}, {"id", 2}};
static const struct str same_column_twice[] = {{"id", 2}, {"id", 2}};
static const struct str no_such_column[] = {{"id", 2}, {"price", 5}};
static const struct str too_many_columns[] = {
    {"id", 2}, {"id", 2}, {"id", 2}, {"id", 2}, {"id", 2}};

static void a_plan_without_wishes_takes_the_defaults(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct job_spec spec = {.type = STR("orders")};
    struct plan plan;
    struct err err = {0};
    assert_true(plan_make(shop.catalog, &spec, &arena, &plan, &err));
    assert_string_equal(plan.format->name, "csv");
    assert_int_equal(plan.column_count, 3);
    assert_true(str_equal(plan.columns[2]->name, STR("amount")));
    assert_null(plan.filters[0].filter);
    assert_true(plan.presentation.writer.has_formula_guard);
    arena_done(&arena);
}

static void columns_come_in_the_order_asked_for(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct job_spec spec = {.type = STR("orders"),
                            .format = STR("ndjson"),
                            .filters = min_amount,
                            .filter_count = 1,
                            .columns = two_columns,
                            .column_count = 2};
    struct plan plan;
    struct err err = {0};
    assert_true(plan_make(shop.catalog, &spec, &arena, &plan, &err));
    assert_int_equal(plan.column_count, 2);
    assert_int_equal(plan.column_indices[0], 2);
    assert_int_equal(plan.column_indices[1], 0);
    assert_non_null(plan.filters[0].filter);
    assert_null(plan.filters[1].filter);
    arena_done(&arena);
}

static void each_mistake_names_its_field_and_what_would_be_accepted(void **state)
{
    (void)state;
    static const struct {
        struct job_spec spec;
        const char *field;
        const char *said;
    } cases[] = {
        {{.type = {"order", 5}}, "type", "orders"},
        {{.type = {"orders", 6}, .format = {"pdf", 3}}, "format", "csv, json, ndjson"},
        {{.type = {"orders", 6}, .format = {"CSV", 3}}, "format", "csv"},
        {{.type = {"orders", 6}, .filters = no_such_filter, .filter_count = 1},
         "filters[0].name",
         "minAmount, state"},
        {{.type = {"orders", 6}, .filters = min_amount_twice, .filter_count = 2},
         "filters[1].name",
         "twice"},
        {{.type = {"orders", 6}, .filters = bad_number, .filter_count = 1},
         "filters[0].values",
         "many"},
        {{.type = {"orders", 6}, .filters = bad_choice, .filter_count = 1},
         "filters[0].values",
         "OPEN"},
        {{.type = {"orders", 6}, .columns = no_such_column, .column_count = 2},
         "columns[1]",
         "id, item, amount, state"},
        {{.type = {"orders", 6}, .columns = same_column_twice, .column_count = 2},
         "columns[1]",
         "twice"},
        {{.type = {"orders", 6}, .columns = too_many_columns, .column_count = 5},
         "columns",
         "has 4"},
        {{.type = {"orders", 6}, .limit = -1}, "limit", "at least 1"},
        {{.type = {"orders", 6}, .presentation = {.locale = {"xx-YY", 5}}},
         "presentation.locale",
         "BCP 47"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct plan plan;
        struct err err = {0};
        assert_false(plan_make(shop.catalog, &cases[i].spec, &arena, &plan, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.field, cases[i].field);
        if (!strstr(err.text, cases[i].said))
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].said);
        arena_done(&arena);
    }
}

/* As much as is accepted, and a byte more: in a value, in a filter's name, in a column's. */
static void a_job_has_only_so_many_bytes_of_filters_and_columns(void **state)
{
    (void)state;
    static char bytes[PLAN_MAX_SPEC_BYTES + 1];
    memset(bytes, '7', sizeof bytes);
    for (size_t extra = 0; extra <= 1; extra++) {
        struct str long_text = {bytes, PLAN_MAX_SPEC_BYTES - 9 + extra};
        const struct job_filter filters[] = {{STR("minAmount"), &long_text, 1},
                                             {{bytes, PLAN_MAX_SPEC_BYTES + extra}, NULL, 0}};
        const struct str column = {bytes, PLAN_MAX_SPEC_BYTES + extra};
        const struct job_spec specs[] = {
            {.type = STR("orders"), .filters = &filters[0], .filter_count = 1},
            {.type = STR("orders"), .filters = &filters[1], .filter_count = 1},
            {.type = STR("orders"), .columns = &column, .column_count = 1},
        };
        static const char *const fields[] = {"filters", "filters", "columns"};
        for (size_t i = 0; i < COUNT_OF(specs); i++) {
            struct arena arena = {0};
            struct plan plan;
            struct err err = {0};
            assert_false(plan_make(shop.catalog, &specs[i], &arena, &plan, &err));
            assert_int_equal(err.code, ERR_INVALID);
            assert_int_equal(strstr(err.text, "65537 bytes") != NULL, extra);
            if (extra)
                assert_string_equal(err.field, fields[i]);
            arena_done(&arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_without_wishes_takes_the_defaults),
        cmocka_unit_test(columns_come_in_the_order_asked_for),
        cmocka_unit_test(each_mistake_names_its_field_and_what_would_be_accepted),
        cmocka_unit_test(a_job_has_only_so_many_bytes_of_filters_and_columns),
    };
    return cmocka_run_group_tests(tests, open_shop, close_shop);
}
