/* SPDX-License-Identifier: Apache-2.0
 *
 * What an xlsx file is beside its values (those: test_export_writer_golden.c): sheets, header,
 * formats, limits, and the same bytes each time.
 */
#include "tests/unit/export_xlsx_kit.h"

#include "export/locale.h"
#include "export/zone.h"

static const char sheet1[] = "xl/worksheets/sheet1.xml";

struct export
{
    struct kit_sink sink;
    struct kit_package package;
    struct fidelity fidelity;
};

static void export_rows(struct export *export, const struct writer_options *options,
                        const struct kit_columns *columns, size_t column_count,
                        const struct value *values, size_t rows)
{
    kit_sink_init(&export->sink);
    export->fidelity =
        kit_export("xlsx", options, columns, column_count, values, rows, BATCH_ROWS, &export->sink);
    kit_package_open(&export->package, buf_str(&export->sink.bytes));
}

static void export_done(struct export *export)
{
    kit_package_close(&export->package);
    kit_sink_done(&export->sink);
}

static void the_header_is_bold_and_frozen_and_has_a_filter(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    static const struct value values[] = {TEXT("x"), WHOLE(1), TEXT("y"), WHOLE(2)};
    struct export export;
    export_rows(&export, &options, &columns, 2, values, 2);
    struct str sheet = kit_part(&export.package, sheet1);
    kit_assert_has(sheet, "<dimension ref=\"A1:B3\"/>");
    kit_assert_has(sheet, "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" "
                          "state=\"frozen\"/>");
    kit_assert_has(sheet, "</sheetData><autoFilter ref=\"A1:B3\"/>");
    kit_assert_bytes(kit_row(&export.package, 1),
                     STR("<c r=\"A1\" s=\"1\" t=\"inlineStr\"><is><t>c0</t></is></c>"
                         "<c r=\"B1\" s=\"1\" t=\"inlineStr\"><is><t>c1</t></is></c>"),
                     "header");
    struct str styles = kit_part(&export.package, "xl/styles.xml");
    kit_assert_has(styles, "<font><b/>");
    kit_assert_has(kit_part(&export.package, "xl/workbook.xml"), "export!$A$1:$B$3");
    export_done(&export);
}

static void a_file_without_rows_has_its_header(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct export export;
    export_rows(&export, &options, &columns, 3, NULL, 0);
    kit_assert_has(kit_part(&export.package, sheet1), "<dimension ref=\"A1:C1\"/>");
    kit_assert_has(kit_row(&export.package, 1), "<t>c2</t>");
    assert_int_equal(export.fidelity.sheets, 1);
    export_done(&export);
}

static void a_header_has_titles_and_the_zone_of_its_times(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].type = COLUMN_TIMESTAMP;
    columns.columns[0].title = STR("Entry <at>");
    struct writer_options options = writer_options_default();
    struct export export;
    export_rows(&export, &options, &columns, 1, NULL, 0);
    kit_assert_has(kit_row(&export.package, 1), "<t>c0 (UTC)</t>");
    export_done(&export);
    options.has_titles = true;
    options.zone = zone_open(STR("Europe/Berlin"));
    assert_non_null(options.zone);
    export_rows(&export, &options, &columns, 1, NULL, 0);
    kit_assert_has(kit_row(&export.package, 1), "<t>Entry &lt;at&gt; (Europe/Berlin)</t>");
    export_done(&export);
    zone_close(options.zone);
}

/* 00:30Z and 01:30Z of 26 October 2025 are both 02:30 there; 01:30Z of 30 March is 03:30. */
static void a_time_is_that_of_the_zone_across_its_changes(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].type = COLUMN_TIMESTAMP;
    struct writer_options options = writer_options_default();
    options.zone = zone_open(STR("Europe/Berlin"));
    static const struct value values[] = {TIME(INT64_C(1761438600000000)),
                                          TIME(INT64_C(1761442200000000)),
                                          TIME(INT64_C(1743298200000000))};
    struct export export;
    export_rows(&export, &options, &columns, 1, values, 3);
    kit_assert_has(kit_row(&export.package, 2), "<v>45956.104166666666667</v>");
    kit_assert_has(kit_row(&export.package, 3), "<v>45956.104166666666667</v>");
    kit_assert_has(kit_row(&export.package, 4), "<v>45746.145833333333333</v>");
    export_done(&export);
    zone_close(options.zone);
}

static void dates_are_shown_in_the_order_of_the_locale(void **state)
{
    (void)state;
    static const struct {
        struct locale locale;
        const char *format;
    } cases[] = {
        {{'.', DATE_YMD, '-'}, "formatCode=\"yyyy-mm-dd hh:mm:ss.000\""},
        {{',', DATE_DMY, '.'}, "formatCode=\"dd.mm.yyyy hh:mm:ss.000\""},
        {{'.', DATE_MDY, '/'}, "formatCode=\"mm/dd/yyyy hh:mm:ss.000\""},
    };
    struct kit_columns columns;
    kit_columns_init(&columns);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct writer_options options = writer_options_default();
        options.locale = &cases[i].locale;
        struct export export;
        export_rows(&export, &options, &columns, 1, NULL, 0);
        kit_assert_has(kit_part(&export.package, "xl/styles.xml"), cases[i].format);
        export_done(&export);
    }
}

static void places_change_how_a_number_is_shown_and_not_the_number(void **state)
{
    (void)state;
    static const struct {
        int places;
        const char *cell;
        const char *format;
    } cases[] = {
        {WRITER_ALL_PLACES, "<c r=\"A2\"><v>1.23456</v></c>", ""},
        {0, "<c r=\"A2\" s=\"2\"><v>1.23456</v></c>", ""},
        {1, "<c r=\"A2\" s=\"8\"><v>1.23456</v></c>", "formatCode=\"0.0\""},
        {4, "<c r=\"A2\" s=\"8\"><v>1.23456</v></c>", "formatCode=\"0.0000\""},
    };
    struct kit_columns columns;
    kit_columns_init(&columns);
    static const struct value values[] = {REAL(1.23456)};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct writer_options options = writer_options_default();
        options.places = cases[i].places;
        struct export export;
        export_rows(&export, &options, &columns, 1, values, 1);
        kit_assert_has(kit_row(&export.package, 2), cases[i].cell);
        kit_assert_has(kit_part(&export.package, "xl/styles.xml"), cases[i].format);
        export_done(&export);
    }
}

static void a_time_of_day_is_a_part_of_a_day(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].type = COLUMN_TIME;
    struct writer_options options = writer_options_default();
    static const struct value values[] = {
        OF(CELL_LITERAL, "12:00:00"), OF(CELL_LITERAL, "18:45:00.5"), OF(CELL_LITERAL, "24:00:00")};
    struct export export;
    export_rows(&export, &options, &columns, 1, values, 3);
    kit_assert_has(kit_row(&export.package, 2), "s=\"6\"><v>0.5</v>");
    kit_assert_has(kit_row(&export.package, 3), "s=\"7\"><v>0.781255787037037</v>");
    kit_assert_has(kit_row(&export.package, 4), "<t>24:00:00</t>");
    assert_int_equal(export.fidelity.kept_as_text, 1);
    export_done(&export);
}

static void a_date_that_no_spreadsheet_has_stays_text_and_is_counted(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].type = COLUMN_DATE;
    columns.columns[1].type = COLUMN_TEXT;
    struct writer_options options = writer_options_default();
    static const struct value values[] = {OF(CELL_LITERAL, "0044-03-15 BC"), TEXT("0044-03-15 BC")};
    struct export export;
    export_rows(&export, &options, &columns, 2, values, 1);
    kit_assert_has(kit_row(&export.package, 2), "<t>0044-03-15 BC</t>");
    assert_int_equal(export.fidelity.kept_as_text, 1);
    export_done(&export);
}

static void columns_are_as_wide_as_their_widest_value_within_limits(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    char long_text[200];
    memset(long_text, 'x', sizeof long_text);
    const struct value values[] = {{.kind = CELL_TEXT, .text = {long_text, sizeof long_text}},
                                   TEXT("取引取引取引取引"),
                                   TRUTH(1)};
    struct export export;
    export_rows(&export, &options, &columns, 3, values, 1);
    struct str sheet = kit_part(&export.package, sheet1);
    kit_assert_has(sheet, "<col min=\"1\" max=\"1\" width=\"61.7109375\" customWidth=\"1\"/>");
    kit_assert_has(sheet, "<col min=\"2\" max=\"2\" width=\"9.7109375\" customWidth=\"1\"/>");
    kit_assert_has(sheet, "<col min=\"3\" max=\"3\" width=\"6.7109375\" customWidth=\"1\"/>");
    export_done(&export);
}

static void a_decimal_of_hundreds_of_digits_is_written_whole(void **state)
{
    (void)state;
    enum { ZEROS = 300 };
    char text[2 + ZEROS + 1] = "0.";
    memset(text + 2, '0', ZEROS);
    text[2 + ZEROS] = '7';
    const struct value values[] = {{.kind = CELL_DECIMAL, .text = {text, sizeof text}}};
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct export export;
    export_rows(&export, &options, &columns, 1, values, 1);
    struct str number = kit_between(kit_row(&export.package, 2), "<v>", "</v>");
    kit_assert_bytes(number, (struct str){text, sizeof text}, "7e-301");
    export_done(&export);
}

/* ---- Limits ---- */

static bool export_text(struct str text, struct err *err)
{
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct kit_sink sink;
    kit_sink_init(&sink);
    struct writer *writer =
        writer_new(format_find(STR("xlsx")), &options, columns.pointers, 2, &sink.sink);
    struct batch batch;
    batch_init(&batch, 2);
    const struct value values[] = {
        WHOLE(1), TEXT("short"), WHOLE(2), {.kind = CELL_TEXT, .text = text}};
    kit_add_row(&batch, values);
    kit_add_row(&batch, values + 2);
    bool is_good = writer_rows(writer, &batch, err) && writer_finish(writer, err);
    writer_free(writer);
    batch_done(&batch);
    kit_sink_done(&sink);
    return is_good;
}

static void a_cell_holds_32767_utf_16_units_and_not_one_more(void **state)
{
    (void)state;
    enum { MOST = 32767 };
    struct buf text;
    buf_init(&text, KIT_MAX);
    for (int i = 0; i < MOST / 2; i++)
        buf_add_text(&text, "😀"); /* two units each */
    buf_add_text(&text, "x");
    struct err err = {0};
    assert_true(export_text(buf_str(&text), &err));
    buf_add_text(&text, "x");
    assert_false(export_text(buf_str(&text), &err));
    assert_int_equal(err.code, ERR_FORMAT_LIMIT);
    assert_non_null(strstr(err.text, "row 2, column c1"));
    assert_non_null(strstr(err.text, "choose csv"));
    buf_done(&text);
}

/* A file of `count` columns, all with one name, and no rows. */
static bool try_columns(struct kit_sink *sink, size_t count, struct err *err)
{
    struct column column = {.name = STR("a name"), .title = STR("a name")};
    const struct column **columns = mem_new_array(count, sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = &column;
    struct writer_options options = writer_options_default();
    struct writer *writer =
        writer_new(format_find(STR("xlsx")), &options, columns, count, &sink->sink);
    bool is_good = writer_finish(writer, err);
    writer_free(writer);
    free(columns);
    return is_good;
}

static void the_last_of_many_columns_is_as_wide_as_its_name(void **state)
{
    (void)state;
    struct export export;
    struct err err = {0};
    kit_sink_init(&export.sink);
    assert_true(try_columns(&export.sink, 16384, &err));
    kit_package_open(&export.package, buf_str(&export.sink.bytes));
    kit_assert_has(kit_part(&export.package, sheet1),
                   "<col min=\"16384\" max=\"16384\" width=\"10.7109375\"");
    export_done(&export);
}

static void more_columns_than_a_spreadsheet_has_are_refused(void **state)
{
    (void)state;
    struct kit_sink sink;
    struct err err = {0};
    kit_sink_init(&sink);
    assert_false(try_columns(&sink, 16385, &err));
    assert_int_equal(err.code, ERR_FORMAT_LIMIT);
    kit_sink_done(&sink);
}

/* ---- Sheets ---- */

static void export_count(struct kit_sink *sink, int64_t rows, struct fidelity *out)
{
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    options.sheet_name = STR("trades");
    struct err err = {0};
    struct writer *writer =
        writer_new(format_find(STR("xlsx")), &options, columns.pointers, 1, &sink->sink);
    struct batch batch;
    batch_init(&batch, 1);
    for (int64_t row = 0; row < rows;) {
        batch_clear(&batch);
        while (row < rows && !batch_is_full(&batch))
            *batch_add_row(&batch) = (struct cell){.kind = CELL_INTEGER, .as.integer = ++row};
        assert_true(writer_rows(writer, &batch, &err));
    }
    assert_true(writer_finish(writer, &err));
    *out = *writer_fidelity(writer);
    writer_free(writer);
    batch_done(&batch);
}

static void the_row_after_the_last_of_a_sheet_is_the_first_of_the_next(void **state)
{
    (void)state;
    enum { MOST = 1048575 };
    for (int64_t rows = MOST; rows <= MOST + 1; rows++) {
        struct kit_sink sink;
        kit_sink_init(&sink);
        struct fidelity fidelity;
        export_count(&sink, rows, &fidelity);
        assert_int_equal(fidelity.sheets, rows - MOST + 1);
        struct kit_package package;
        kit_package_open(&package, buf_str(&sink.bytes));
        struct str first = kit_part(&package, sheet1);
        kit_assert_has(first, "<c r=\"A1048576\" s=\"2\"><v>1048575</v></c></row></sheetData>"
                              "<autoFilter ref=\"A1:A1048576\"/>");
        assert_false(kit_has_text(first, "<dimension")); /* not known when it was begun */
        struct str book = kit_part(&package, "xl/workbook.xml");
        assert_int_equal(kit_has_text(book, "<sheet name=\"trades (2)\""), rows > MOST);
        if (rows > MOST) {
            struct str second = kit_part(&package, "xl/worksheets/sheet2.xml");
            kit_assert_has(second, "<dimension ref=\"A1:A2\"/>");
            kit_assert_has(second, "<sheetData><row r=\"1\"><c r=\"A1\" s=\"1\"");
            kit_assert_has(second, "<c r=\"A2\" s=\"2\"><v>1048576</v></c></row></sheetData>");
            assert_false(kit_has_text(second, "tabSelected"));
            kit_assert_has(book, "'trades (2)'!$A$1:$A$2");
        }
        kit_package_close(&package);
        kit_sink_done(&sink);
    }
}

/* ---- The same bytes, and failure ---- */

static void the_same_rows_and_time_are_the_same_bytes_in_any_batches(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    options.created_ms = INT64_C(1754051696000);
    struct value *values = mem_new_array(ROWS * 2, sizeof *values);
    for (int64_t i = 0; i < ROWS; i++) {
        values[2 * i] = (struct value)WHOLE(i * 7919);
        values[2 * i + 1] = (struct value)TEXT("some text that is the same in each row");
    }
    struct kit_sink first;
    kit_sink_init(&first);
    (void)kit_export("xlsx", &options, &columns, 2, values, ROWS, BATCH_ROWS, &first);
    for (size_t batch = 1; batch < 300; batch = 3 * batch + 1) {
        struct kit_sink again;
        kit_sink_init(&again);
        (void)kit_export("xlsx", &options, &columns, 2, values, ROWS, batch, &again);
        assert_true(str_equal(buf_str(&first.bytes), buf_str(&again.bytes)));
        kit_sink_done(&again);
    }
    struct kit_package package;
    kit_package_open(&package, buf_str(&first.bytes));
    kit_assert_has(kit_part(&package, "docProps/core.xml"), ">2025-08-01T12:34:56Z<");
    kit_package_close(&package);
    kit_sink_done(&first);
    free(values);
}

static bool try_export(struct kit_sink *sink, const struct value *values, size_t rows,
                       struct err *err)
{
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct writer *writer =
        writer_new(format_find(STR("xlsx")), &options, columns.pointers, 1, &sink->sink);
    struct batch batch;
    batch_init(&batch, 1);
    bool is_good = true;
    for (size_t row = 0; row < rows && is_good;) {
        batch_clear(&batch);
        for (; row < rows && !batch_is_full(&batch); row++)
            kit_add_row(&batch, &values[row]);
        is_good = writer_rows(writer, &batch, err);
    }
    is_good = is_good && writer_finish(writer, err);
    writer_free(writer);
    batch_done(&batch);
    return is_good;
}

static void a_full_store_fails_the_file_wherever_it_happens(void **state)
{
    (void)state;
    enum { ROWS = 40000, STEPS = 40 };
    struct value *values = mem_new_array(ROWS, sizeof *values);
    uint64_t random = 1;
    for (size_t i = 0; i < ROWS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        values[i] = (struct value){.kind = CELL_INTEGER, .integer = (int64_t)(random >> 20)};
    }
    struct kit_sink whole;
    kit_sink_init(&whole);
    struct err err = {0};
    assert_true(try_export(&whole, values, ROWS, &err));
    for (size_t i = 0; i < STEPS; i++) {
        struct kit_sink sink;
        kit_sink_init(&sink);
        sink.fail_at = whole.total * i / STEPS;
        err = (struct err){0};
        assert_false(try_export(&sink, values, ROWS, &err));
        assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
        assert_non_null(strstr(err.text, "full at"));
        kit_sink_done(&sink);
    }
    kit_sink_done(&whole);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_bold_and_frozen_and_has_a_filter),
        cmocka_unit_test(a_file_without_rows_has_its_header),
        cmocka_unit_test(a_header_has_titles_and_the_zone_of_its_times),
        cmocka_unit_test(a_time_is_that_of_the_zone_across_its_changes),
        cmocka_unit_test(dates_are_shown_in_the_order_of_the_locale),
        cmocka_unit_test(places_change_how_a_number_is_shown_and_not_the_number),
        cmocka_unit_test(a_time_of_day_is_a_part_of_a_day),
        cmocka_unit_test(a_date_that_no_spreadsheet_has_stays_text_and_is_counted),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_value_within_limits),
        cmocka_unit_test(a_decimal_of_hundreds_of_digits_is_written_whole),
        cmocka_unit_test(a_cell_holds_32767_utf_16_units_and_not_one_more),
        cmocka_unit_test(the_last_of_many_columns_is_as_wide_as_its_name),
        cmocka_unit_test(more_columns_than_a_spreadsheet_has_are_refused),
        cmocka_unit_test(the_row_after_the_last_of_a_sheet_is_the_first_of_the_next),
        cmocka_unit_test(the_same_rows_and_time_are_the_same_bytes_in_any_batches),
        cmocka_unit_test(a_full_store_fails_the_file_wherever_it_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
