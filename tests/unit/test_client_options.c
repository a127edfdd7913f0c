/* SPDX-License-Identifier: Apache-2.0
 *
 * A command's arguments: every way to write an option, and what is wrong with the others.
 */
#include "client/options.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FORMAT, OUTPUT, WAIT };

static const struct option table[] = {
    [FORMAT] = {"--format", 0, true},
    [OUTPUT] = {"--output", 'o', true},
    [WAIT] = {"--wait", 'w', false},
};

enum { MAX_ARGUMENTS = 4, MAX_RESULTS = 5 };

struct row {
    const char *arguments[MAX_ARGUMENTS];
    int results[MAX_RESULTS]; /* until OPTIONS_END or OPTIONS_BAD */
    const char *values[MAX_RESULTS];
    const char *mistake;
};

static const struct row rows[] = {
    {.results = {OPTIONS_END}},
    {{"trades"}, {OPTIONS_WORD, OPTIONS_END}, {"trades"}, NULL},
    {{"--format", "json"}, {FORMAT, OPTIONS_END}, {"json"}, NULL},
    {{"--format=json"}, {FORMAT, OPTIONS_END}, {"json"}, NULL},
    {{"--format="}, {FORMAT, OPTIONS_END}, {""}, NULL},
    {{"--format=a=b"}, {FORMAT, OPTIONS_END}, {"a=b"}, NULL},
    {{"-o", "-"}, {OUTPUT, OPTIONS_END}, {"-"}, NULL},
    {{"--wait", "x"}, {WAIT, OPTIONS_WORD, OPTIONS_END}, {NULL, "x"}, NULL},
    {{"-w"}, {WAIT, OPTIONS_END}, {NULL}, NULL},
    {{"-ofile"}, {OUTPUT, OPTIONS_END}, {"file"}, NULL},
    {{"-o=file"}, {OUTPUT, OPTIONS_END}, {"file"}, NULL},
    {{"-wofile", "x"}, {WAIT, OUTPUT, OPTIONS_WORD, OPTIONS_END}, {NULL, "file", "x"}, NULL},
    {{"-ww", "-wo", "-"}, {WAIT, WAIT, WAIT, OUTPUT, OPTIONS_END}, {NULL, NULL, NULL, "-"}, NULL},
    {{"-"}, {OPTIONS_WORD, OPTIONS_END}, {"-"}, NULL},
    {{"--", "--wait"}, {OPTIONS_WORD, OPTIONS_END}, {"--wait"}, NULL},
    {{"--format"}, {OPTIONS_BAD}, {NULL}, "--format needs a value"},
    {{"--wait=yes"}, {OPTIONS_BAD}, {NULL}, "--wait takes no value"},
    {{"--formt", "x"}, {OPTIONS_BAD}, {NULL}, "unknown option --formt"},
    {{"-x"}, {OPTIONS_BAD}, {NULL}, "unknown option -x"},
    {{"-wé"}, {WAIT, OPTIONS_BAD}, {NULL}, "unknown option -é"},
    {{"-wo"}, {WAIT, OPTIONS_BAD}, {NULL}, "--output needs a value"},
    {{"-w=yes"}, {OPTIONS_BAD}, {NULL}, "--wait takes no value"},
};

static int count_of(const char *const *arguments)
{
    int count = 0;
    while (count < MAX_ARGUMENTS && arguments[count])
        count++;
    return count;
}

static void check_row(const struct row *row)
{
    struct options options = {.table = table,
                              .count = COUNT_OF(table),
                              .argc = count_of(row->arguments),
                              .argv = (char *const *)(uintptr_t)row->arguments};
    const char *value = NULL;
    struct err err = {0};
    for (size_t i = 0;; i++) {
        int at = options_next(&options, &value, &err);
        assert_int_equal(at, row->results[i]);
        if (at == OPTIONS_END || at == OPTIONS_BAD)
            break;
        if (row->values[i])
            assert_string_equal(value, row->values[i]);
        else
            assert_null(value);
    }
    assert_string_equal(err.text, row->mistake ? row->mistake : "");
}

static void every_way_to_write_an_option_is_read_and_every_mistake_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_row(&rows[i]);
}

static void an_option_is_known_however_it_is_used(void **state)
{
    (void)state;
    struct options options = {.table = table, .count = COUNT_OF(table)};
    assert_true(options_knows(&options, "--format"));
    assert_true(options_knows(&options, "--format=json"));
    assert_true(options_knows(&options, "--wait=wrong"));
    assert_true(options_knows(&options, "-o"));
    assert_false(options_knows(&options, "--formats"));
    assert_false(options_knows(&options, "format"));
    assert_false(options_knows(&options, "1o")); /* a value that ends like an option */
    assert_false(options_knows(&options, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_an_option_is_read_and_every_mistake_named),
        cmocka_unit_test(an_option_is_known_however_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
