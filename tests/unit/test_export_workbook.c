/* SPDX-License-Identifier: Apache-2.0
 *
 * What libxlsxwriter makes of a workbook, and what is made of its silence where it fails.
 */
#include "export/workbook.h"

#include "tests/unit/export_xlsx_kit.h"

#include <signal.h>
#include <sys/resource.h>

static const char number_formats[STYLE_COUNT][WORKBOOK_FORMAT_SIZE] = {
    [STYLE_INTEGER] = "0",
    [STYLE_DATE] = "yyyy-mm-dd",
    [STYLE_TIMESTAMP] = "yyyy-mm-dd hh:mm:ss",
    [STYLE_TIMESTAMP_MS] = "yyyy-mm-dd hh:mm:ss.000",
    [STYLE_TIME] = "hh:mm:ss",
    [STYLE_TIME_MS] = "hh:mm:ss.000",
    [STYLE_NUMBER] = "0.00",
};

static bool make(size_t sheets, struct arena *arena, struct workbook_parts *out, struct err *err)
{
    static const unsigned widths[] = {10, 20};
    static const int64_t rows[] = {1048576, 7, 1};
    struct workbook workbook = {.name = STR("trades"),
                                .created_ms = INT64_C(1754051696789),
                                .formats = number_formats,
                                .widths = widths,
                                .column_count = 2,
                                .sheet_rows = rows,
                                .sheet_count = sheets};
    return workbook_make(&workbook, arena, out, err);
}

static struct str part(const struct workbook_parts *parts, const char *name)
{
    for (size_t i = 0; i < parts->count; i++)
        if (str_equal(parts->parts[i].name, str_of(name)))
            return parts->parts[i].bytes;
    return (struct str){0};
}

static void the_parts_know_all_sheets_and_hold_none(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct workbook_parts parts;
    struct err err = {0};
    assert_true(make(3, &arena, &parts, &err));
    for (size_t i = 0; i < parts.count; i++)
        assert_false(str_starts_with(parts.parts[i].name, STR("xl/worksheets/")));
    assert_true(str_equal(parts.sheet.name, STR("xl/worksheets/sheet1.xml")));
    kit_assert_has(parts.sheet.bytes, "<sheetData/>");
    struct str book = part(&parts, "xl/workbook.xml");
    kit_assert_has(book, "<sheet name=\"trades (3)\" sheetId=\"3\"");
    kit_assert_has(book, "trades!$A$1:$B$1048576");
    kit_assert_has(book, "'trades (2)'!$A$1:$B$7");
    kit_assert_has(part(&parts, "[Content_Types].xml"), "/xl/worksheets/sheet3.xml");
    kit_assert_has(part(&parts, "docProps/core.xml"), "<dc:title>trades</dc:title>");
    kit_assert_has(part(&parts, "xl/styles.xml"), "<cellXfs count=\"9\">");
    arena_done(&arena);
}

static void the_time_of_making_does_not_show(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct workbook_parts parts;
    struct err err = {0};
    assert_int_equal(setenv("TZ", "Asia/Kolkata", 1), 0);
    assert_true(make(1, &arena, &parts, &err));
    assert_int_equal(unsetenv("TZ"), 0);
    struct str core = part(&parts, "docProps/core.xml");
    kit_assert_has(core, ">2025-08-01T12:34:56Z</dcterms:created>");
    kit_assert_has(core, ">2025-08-01T12:34:56Z</dcterms:modified>");
    arena_done(&arena);
}

static void a_sheets_name_is_legal_whatever_the_type_is_called(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t index;
        const char *want;
    } cases[] = {
        {"trades", 0, "trades"},
        {"trades", 1, "trades (2)"},
        {"a[b]:c*d?e/f\\g", 0, "a_b__c_d_e_f_g"},
        {"'quoted'", 0, "_quoted_"},
        {"history", 0, "history_"},
        {"History", 1, "History (2)"},
        {"", 0, "_"},
        {"a_name_of_more_than_thirty_one_characters", 0, "a_name_of_more_than_thirty_one_"},
        {"a_name_of_more_than_thirty_one_characters", 11, "a_name_of_more_than_thirty (12)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char name[WORKBOOK_SHEET_NAME_SIZE];
        workbook_sheet_name(str_of(cases[i].name), cases[i].index, name);
        assert_string_equal(name, cases[i].want);
    }
}

/* Its temporary files are cut at every length, of which it tells nothing itself. */
static void a_workbook_that_was_cut_is_noticed_wherever_it_was(void **state)
{
    (void)state;
    enum { STEP = 97, ENOUGH = 16000 };
    assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    struct rlimit usual;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    int told = dup(STDERR_FILENO); /* where libxlsxwriter tells of what it notices */
    assert_non_null(freopen("/dev/null", "w", stderr));
    struct arena whole = {0};
    struct workbook_parts wanted;
    struct err err = {0};
    assert_true(make(1, &whole, &wanted, &err));
    bool is_good = true;
    for (rlim_t size = 0; size <= ENOUGH; size += STEP) {
        struct arena arena = {0};
        struct workbook_parts parts = {0};
        struct rlimit limit = {size, usual.rlim_max};
        err = (struct err){0};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        is_good = make(1, &arena, &parts, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
        assert_int_equal(err.code, is_good ? ERR_NONE : ERR_STORE_UNAVAILABLE);
        assert_int_equal(parts.count, is_good ? wanted.count : 0);
        for (size_t i = 0; i < parts.count; i++)
            assert_true(str_equal(parts.parts[i].bytes, wanted.parts[i].bytes));
        arena_done(&arena);
    }
    (void)fflush(stderr);
    assert_true(dup2(told, STDERR_FILENO) >= 0);
    assert_int_equal(close(told), 0);
    assert_true(is_good);
    arena_done(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_know_all_sheets_and_hold_none),
        cmocka_unit_test(the_time_of_making_does_not_show),
        cmocka_unit_test(a_sheets_name_is_legal_whatever_the_type_is_called),
        cmocka_unit_test(a_workbook_that_was_cut_is_noticed_wherever_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
