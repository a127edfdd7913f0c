/* SPDX-License-Identifier: Apache-2.0
 *
 * The golden rows through every format.
 */
#include "tests/unit/export_golden.h"
#include "tests/unit/export_xlsx_kit.h"

/* Each value between two others. */
static void check_golden(const char *format, const struct golden *row, struct str want)
{
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct value values[] = {WHOLE(1), row->value, TRUTH(1)};
    struct fidelity fidelity = kit_check(format, &options, &columns, 3, values, 1, want, row->what);
    bool is_csv = strcmp(format, "csv") == 0;
    assert_int_equal(fidelity.cells_guarded, is_csv ? row->guarded : 0);
    assert_int_equal(fidelity.non_finite, is_csv ? 0 : row->non_finite);
    assert_int_equal(fidelity.text_replaced, row->replaced);
}

static void every_golden_row_has_its_exact_bytes_in_csv(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_rows); i++) {
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "c0,c1,c2\n1,%s,true\n", golden_rows[i].csv);
        check_golden("csv", &golden_rows[i], buf_str(&want));
        buf_done(&want);
    }
}

static void every_golden_row_has_its_exact_bytes_in_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_rows); i++) {
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "[\n{\"c0\":1,\"c1\":%s,\"c2\":true}\n]\n", golden_rows[i].json);
        check_golden("json", &golden_rows[i], buf_str(&want));
        buf_done(&want);
    }
}

static void every_golden_row_has_its_exact_bytes_in_ndjson(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_rows); i++) {
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "{\"c0\":1,\"c1\":%s,\"c2\":true}\n", golden_rows[i].json);
        check_golden("ndjson", &golden_rows[i], buf_str(&want));
        buf_done(&want);
    }
}

static void check_xlsx(const struct golden *row)
{
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    struct value values[] = {WHOLE(1), row->value, TRUTH(1)};
    struct kit_sink sink;
    kit_sink_init(&sink);
    struct fidelity fidelity =
        kit_export("xlsx", &options, &columns, 3, values, 1, BATCH_ROWS, &sink);
    struct kit_package package;
    kit_package_open(&package, buf_str(&sink.bytes));
    struct buf want CLEANUP(buf_done);
    buf_init(&want, KIT_MAX);
    buf_printf(&want, "<c r=\"A2\" s=\"2\"><v>1</v></c>%s%s<c r=\"C2\" t=\"b\"><v>1</v></c>",
               row->xlsx[0] ? "<c r=\"B2" : "", row->xlsx);
    kit_assert_bytes(kit_row(&package, 2), buf_str(&want), row->what);
    kit_package_close(&package);
    kit_sink_done(&sink);
    assert_int_equal(fidelity.cells_guarded, 0);
    assert_int_equal(fidelity.non_finite, row->non_finite);
    assert_int_equal(fidelity.text_replaced, row->replaced);
    assert_int_equal(fidelity.kept_as_text, row->kept);
    assert_int_equal(fidelity.sheets, 1);
}

static void every_golden_row_has_its_exact_cell_in_xlsx(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_rows); i++)
        check_xlsx(&golden_rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_row_has_its_exact_bytes_in_csv),
        cmocka_unit_test(every_golden_row_has_its_exact_bytes_in_json),
        cmocka_unit_test(every_golden_row_has_its_exact_bytes_in_ndjson),
        cmocka_unit_test(every_golden_row_has_its_exact_cell_in_xlsx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
