/* SPDX-License-Identifier: Apache-2.0
 *
 * What PostgreSQL's own print of a value becomes, where no server has to print it.
 */
#include "export/source_pg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_timestamp_that_no_cell_holds_stays_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cell_kind kind;
    } table[] = {
        {"0001-01-01 00:00:00+00", CELL_TIMESTAMP},
        {"0001-01-01 00:00:00+01", CELL_LITERAL}, /* 1 BC in UTC */
        {"9999-12-31 23:59:59.999999+00", CELL_TIMESTAMP},
        {"9999-12-31 23:59:59-01", CELL_LITERAL},
        {"9999-12-31 23:59:60", CELL_LITERAL},
        {"0044-03-15 00:00:00+00 BC", CELL_LITERAL},
        {"infinity", CELL_DOUBLE},
    };
    struct pg_converter converter = pg_converter_for(COLUMN_TIMESTAMP, COLUMN_TIMESTAMP);
    struct batch batch;
    batch_init(&batch, 1);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cell *cell = batch_add_row(&batch);
        assert_null(converter.convert(str_of(table[i].text), &batch, cell));
        assert_int_equal(cell->kind, table[i].kind);
        if (cell->kind == CELL_LITERAL)
            assert_true(str_equal(batch_text(&batch, cell), str_of(table[i].text)));
    }
    batch_done(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timestamp_that_no_cell_holds_stays_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
