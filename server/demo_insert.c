/* SPDX-License-Identifier: Apache-2.0
 *
 * See demo_insert.h.
 */
#include "server/demo_insert.h"

#include "base/calendar.h"

#include <assert.h>

enum { ROWS_PER_STATEMENT = 200, MAX_STATEMENT_BYTES = 4 * 1024 * 1024 };

void insert_init(struct insert *insert, struct sink *sink, struct err *err)
{
    *insert = (struct insert){.sink = sink, .err = err};
    buf_init(&insert->text, MAX_STATEMENT_BYTES);
}

static void flush(struct insert *insert)
{
    if (insert->row_count) {
        buf_add_text(&insert->text, ");\n");
        assert(buf_is_ok(&insert->text));
        if (!insert->has_failed) {
            insert->has_failed =
                !sink_write(insert->sink, insert->text.ptr, insert->text.len, insert->err);
        }
    }
    insert->row_count = 0;
    buf_clear(&insert->text);
}

void insert_table(struct insert *insert, const char *table)
{
    flush(insert);
    insert->table = table;
}

void insert_row(struct insert *insert)
{
    if (insert->row_count == ROWS_PER_STATEMENT)
        flush(insert);
    if (insert->row_count++) {
        buf_add_text(&insert->text, "),\n(");
    } else {
        buf_printf(&insert->text, "INSERT INTO %s VALUES\n(", insert->table);
    }
    insert->is_row_empty = true;
}

void insert_sql(struct insert *insert, const char *sql)
{
    if (!insert->is_row_empty)
        buf_add_text(&insert->text, ", ");
    insert->is_row_empty = false;
    buf_add_text(&insert->text, sql);
}

void insert_text(struct insert *insert, const char *text)
{
    if (!text) {
        insert_sql(insert, "NULL");
        return;
    }
    insert_sql(insert, "'");
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_char(&insert->text, '\'');
        buf_add_char(&insert->text, *text);
    }
    buf_add_char(&insert->text, '\'');
}

void insert_integer(struct insert *insert, int64_t value)
{
    insert_sql(insert, "");
    buf_printf(&insert->text, "%lld", (long long)value);
}

void insert_decimal(struct insert *insert, int64_t units, int decimals)
{
    assert(units >= 0);
    int64_t scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    insert_integer(insert, units / scale);
    if (decimals)
        buf_printf(&insert->text, ".%0*lld", decimals, (long long)(units % scale));
}

void insert_time(struct insert *insert, int64_t ms)
{
    char text[CALENDAR_TEXT_SIZE];
    if (ms >= 0)
        (void)calendar_format_sql(ms * 1000, text);
    insert_text(insert, ms >= 0 ? text : NULL);
}

bool insert_finish(struct insert *insert)
{
    flush(insert);
    buf_done(&insert->text);
    return !insert->has_failed;
}
