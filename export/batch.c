/* SPDX-License-Identifier: Apache-2.0
 *
 * See batch.h. The cells are taken once; the text grows to what the widest batch needs and stays.
 */
#include "export/batch.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>

/* Cells of a batch, so that two thousand columns do not take 32 MB; and the text memory that is
 * kept from one batch to the next. */
enum { MAX_CELLS = 64 * 1024, KEPT_TEXT_BYTES = 4 * BATCH_TEXT_BYTES };

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

void batch_init(struct batch *batch, size_t column_count)
{
    assert(column_count > 0);
    size_t max_rows = MAX_CELLS / column_count;
    if (max_rows > BATCH_ROWS)
        max_rows = BATCH_ROWS;
    if (max_rows == 0)
        max_rows = 1;
    *batch = (struct batch){.column_count = column_count, .max_rows = max_rows};
    batch->cells = mem_new_array(max_rows * column_count, sizeof *batch->cells);
    buf_init(&batch->text, BATCH_MAX_TEXT_BYTES);
}

void batch_done(struct batch *batch)
{
    free(batch->cells);
    buf_done(&batch->text);
    *batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
    batch->row_count = 0;
    batch->text_replaced = 0;
    if (batch->text.len > KEPT_TEXT_BYTES)
        buf_done(&batch->text);
    buf_clear(&batch->text);
}

bool batch_is_full(const struct batch *batch)
{
    return batch->row_count == batch->max_rows || batch->text.len >= BATCH_TEXT_BYTES;
}

struct cell *batch_add_row(struct batch *batch)
{
    assert(!batch_is_full(batch));
    return &batch->cells[batch->row_count++ * batch->column_count];
}

/* Adds a text without NUL, each of its ill-formed sequences as U+FFFD. */
static void add_valid(struct buf *out, struct str text)
{
    while (text.len) {
        size_t good = utf8_valid_prefix(text.ptr, text.len);
        buf_add(out, text.ptr, good);
        if (good == text.len)
            return;
        size_t bad = utf8_invalid_length(text.ptr + good, text.len - good);
        buf_add(out, replacement, sizeof replacement - 1);
        text = (struct str){text.ptr + good + bad, text.len - good - bad};
    }
}

/* The same with each NUL as U+FFFD. Cut at them first: no byte is looked at twice. */
static void add_mended(struct buf *out, struct str text)
{
    for (struct str part; str_next(&text, '\0', &part);) {
        add_valid(out, part);
        if (text.ptr) /* a NUL was behind it */
            buf_add(out, replacement, sizeof replacement - 1);
    }
}

bool batch_set_text(struct batch *batch, struct cell *cell, enum cell_kind kind, struct str text)
{
    size_t offset = batch->text.len;
    bool is_good =
        utf8_valid_prefix(text.ptr, text.len) == text.len && str_find(text, '\0') == text.len;
    if (is_good) {
        buf_add(&batch->text, text.ptr, text.len);
    } else {
        add_mended(&batch->text, text);
    }
    if (!buf_is_ok(&batch->text))
        return false;
    batch->text_replaced += !is_good;
    *cell = (struct cell){.kind = kind, .len = (uint32_t)(batch->text.len - offset)};
    cell->as.offset = offset;
    return true;
}
