/* SPDX-License-Identifier: Apache-2.0
 *
 * xlsx in one pass: the rows' XML (sheet.h) is deflated straight into the package (zip.h); what
 * stands around it is libxlsxwriter's (workbook.h). Nothing is held but one block.
 *
 * That block is also the time to look before writing: what stands before a sheet's rows (column
 * widths, the dimension of a sheet that has ended by then) is made when the block goes out for the
 * first time. A sheet that is longer has no dimension, which is optional, rather than a wrong one.
 */
#include "export/writer.h"

#include "base/mem.h"
#include "export/sheet.h"
#include "export/zip.h"

#include <assert.h>

/* A sheet also ends at so much XML, so that no member comes near the 4 GiB of a zip without zip64.
 */
#define SHEET_MAX_BYTES INT64_C(3500000000)

enum { MIN_WIDTH = 6, PART_NAME_SIZE = 64 };

/* What stands around the rows of a sheet, cut where it differs from sheet to sheet. */
struct frame {
    struct str head;      /* to the dimension */
    struct str selection; /* tells the first sheet from the others: ` tabSelected="1"` */
    struct str views;     /* from the dimension to `selection` */
    struct str rest_of_head;
    struct str tail; /* from the rows to the range of the autofilter */
    struct str rest_of_tail;
};

struct xlsx {
    struct writer writer;
    struct sink sheet_sink; /* where the output goes: into the open sheet, opening it */
    struct output output;
    struct sheet sheet;
    struct zip *zip;
    struct workbook workbook;
    int64_t *sheet_rows;
    unsigned *widths;
    struct arena arena; /* the frame */
    struct frame frame;
    struct workbook_parts parts;
    bool has_final_parts; /* which know all sheets: the file is no longer than a block */
    bool has_frame;
    bool has_begun;
    bool is_sheet_open; /* its member is */
    bool has_sheet_ended;
};

static struct xlsx *xlsx_of(struct writer *writer)
{
    return CONTAINER_OF(writer, struct xlsx, writer);
}

/* ---- The package around the rows ---- */

/* Parts that do not depend on the sheets go first: programs tell an xlsx by its first three. */
static bool is_early(struct str name)
{
    return str_equal(name, STR("_rels/.rels")) || str_equal(name, STR("docProps/core.xml")) ||
           str_equal(name, STR("xl/styles.xml")) || str_starts_with(name, STR("xl/theme/"));
}

static bool add_parts(struct xlsx *xlsx, bool are_early, struct err *err)
{
    const struct workbook_parts *parts = &xlsx->parts;
    for (size_t i = 0; i < parts->count; i++)
        if (is_early(parts->parts[i].name) == are_early &&
            !zip_add(xlsx->zip, parts->parts[i].name, parts->parts[i].bytes, err))
            return false;
    return true;
}

/* Takes the text before `mark` off the front of *rest, and the mark. */
static bool cut(struct str *rest, struct str mark, struct str *out)
{
    const char *found = memmem(rest->ptr, rest->len, mark.ptr, mark.len);
    if (!found)
        return false;
    *out = (struct str){rest->ptr, (size_t)(found - rest->ptr)};
    size_t taken = out->len + mark.len;
    *rest = (struct str){rest->ptr + taken, rest->len - taken};
    return true;
}

static bool cut_frame(struct str xml, struct frame *out, struct err *err)
{
    struct str ignored;
    out->selection = STR(" tabSelected=\"1\"");
    if (cut(&xml, STR("<dimension ref=\""), &out->head) && cut(&xml, STR("\"/>"), &ignored) &&
        cut(&xml, out->selection, &out->views) &&
        cut(&xml, STR("<sheetData/>"), &out->rest_of_head) &&
        cut(&xml, STR("<autoFilter ref=\""), &out->tail) && cut(&xml, STR("\""), &ignored)) {
        out->rest_of_tail = xml;
        return true;
    }
    return err_set(err, ERR_INTERNAL,
                   "libxlsxwriter made a sheet that this version of exportq does not know; please "
                   "report this");
}

static void take_widths(struct xlsx *xlsx)
{
    for (size_t i = 0; i < xlsx->sheet.column_count; i++) {
        unsigned width = xlsx->sheet.columns[i].width + 1;
        xlsx->widths[i] = width < MIN_WIDTH ? MIN_WIDTH : width;
    }
    xlsx->sheet.is_measuring = false;
}

static bool make_frame(struct xlsx *xlsx, struct err *err)
{
    take_widths(xlsx);
    xlsx->has_final_parts = xlsx->has_sheet_ended;
    xlsx->has_frame = workbook_make(&xlsx->workbook, &xlsx->arena, &xlsx->parts, err) &&
                      cut_frame(xlsx->parts.sheet.bytes, &xlsx->frame, err) &&
                      add_parts(xlsx, true, err);
    return xlsx->has_frame;
}

/* ---- Sheets ---- */

static bool write_text(struct xlsx *xlsx, struct str text, struct err *err)
{
    return sink_write(zip_member(xlsx->zip), text.ptr, text.len, err);
}

/* "A1:D7", the rows so far. */
static struct str print_range(const struct xlsx *xlsx, char out[2 * SHEET_REFERENCE_SIZE])
{
    char last[SHEET_REFERENCE_SIZE];
    sheet_reference(&xlsx->sheet.columns[xlsx->sheet.column_count - 1], xlsx->sheet.row, last);
    int len = snprintf(out, 2 * SHEET_REFERENCE_SIZE, "A1:%s", last);
    return (struct str){out, (size_t)len};
}

static bool write_dimension(struct xlsx *xlsx, struct err *err)
{
    char range[2 * SHEET_REFERENCE_SIZE];
    return write_text(xlsx, STR("<dimension ref=\""), err) &&
           write_text(xlsx, print_range(xlsx, range), err) && write_text(xlsx, STR("\"/>"), err);
}

static bool open_sheet(struct xlsx *xlsx, struct err *err)
{
    if (!xlsx->has_frame && !make_frame(xlsx, err))
        return false;
    const struct frame *frame = &xlsx->frame;
    char name[PART_NAME_SIZE];
    size_t number = xlsx->workbook.sheet_count;
    (void)snprintf(name, sizeof name, "xl/worksheets/sheet%zu.xml", number);
    xlsx->is_sheet_open = true;
    return zip_begin(xlsx->zip, str_of(name), err) && write_text(xlsx, frame->head, err) &&
           (!xlsx->has_sheet_ended || write_dimension(xlsx, err)) &&
           write_text(xlsx, frame->views, err) &&
           write_text(xlsx, number == 1 ? frame->selection : STR(""), err) &&
           write_text(xlsx, frame->rest_of_head, err) && write_text(xlsx, STR("<sheetData>"), err);
}

static bool sheet_write(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct xlsx *xlsx = CONTAINER_OF(sink, struct xlsx, sheet_sink);
    return (xlsx->is_sheet_open || open_sheet(xlsx, err)) &&
           sink_write(zip_member(xlsx->zip), bytes, len, err);
}

static void begin_sheet(struct xlsx *xlsx)
{
    size_t index = xlsx->workbook.sheet_count++;
    xlsx->sheet_rows =
        mem_resize_array(xlsx->sheet_rows, xlsx->workbook.sheet_count, sizeof *xlsx->sheet_rows);
    xlsx->sheet_rows[index] = 1; /* the header */
    xlsx->workbook.sheet_rows = xlsx->sheet_rows;
    xlsx->writer.fidelity.sheets = (int32_t)xlsx->workbook.sheet_count;
    xlsx->has_sheet_ended = false;
    xlsx->has_final_parts = false;
    sheet_begin(&xlsx->sheet);
}

static bool end_sheet(struct xlsx *xlsx, struct err *err)
{
    xlsx->has_sheet_ended = true;
    xlsx->sheet_rows[xlsx->workbook.sheet_count - 1] = xlsx->sheet.row;
    output_flush(&xlsx->output);
    char range[2 * SHEET_REFERENCE_SIZE];
    bool is_good = output_check(&xlsx->output, err) && write_text(xlsx, STR("</sheetData>"), err) &&
                   write_text(xlsx, xlsx->frame.tail, err) &&
                   write_text(xlsx, STR("<autoFilter ref=\""), err) &&
                   write_text(xlsx, print_range(xlsx, range), err) &&
                   write_text(xlsx, STR("\""), err) &&
                   write_text(xlsx, xlsx->frame.rest_of_tail, err) && zip_end(xlsx->zip, err);
    xlsx->is_sheet_open = false;
    return is_good;
}

static bool is_sheet_full(const struct xlsx *xlsx)
{
    return xlsx->sheet.row == SHEET_MAX_ROWS ||
           (xlsx->is_sheet_open && zip_member_size(xlsx->zip) > SHEET_MAX_BYTES);
}

/* ---- The writer ---- */

static bool begin(struct xlsx *xlsx, struct err *err)
{
    if (xlsx->has_begun)
        return true;
    if (xlsx->workbook.column_count > SHEET_MAX_COLUMNS)
        return err_set(
            err, ERR_FORMAT_LIMIT,
            "%zu columns are more than the %d of a spreadsheet; choose csv or fewer columns",
            xlsx->workbook.column_count, SHEET_MAX_COLUMNS);
    xlsx->has_begun = true;
    begin_sheet(xlsx);
    return true;
}

static bool xlsx_rows(struct writer *writer, const struct batch *batch, struct err *err)
{
    struct xlsx *xlsx = xlsx_of(writer);
    assert(batch->column_count == xlsx->workbook.column_count);
    if (!begin(xlsx, err))
        return false;
    const struct cell *cells = batch->cells;
    for (size_t row = 0; row < batch->row_count && !xlsx->output.has_failed; row++) {
        if (is_sheet_full(xlsx)) {
            if (!end_sheet(xlsx, err))
                return false;
            begin_sheet(xlsx);
        }
        if (!sheet_row(&xlsx->sheet, batch, cells, err))
            return false;
        cells += batch->column_count;
    }
    return output_check(&xlsx->output, err);
}

static bool xlsx_finish(struct writer *writer, struct err *err)
{
    struct xlsx *xlsx = xlsx_of(writer);
    if (!begin(xlsx, err) || !end_sheet(xlsx, err))
        return false;
    return (xlsx->has_final_parts ||
            workbook_make(&xlsx->workbook, &xlsx->arena, &xlsx->parts, err)) &&
           add_parts(xlsx, false, err) && zip_finish(xlsx->zip, err);
}

static void xlsx_free(struct writer *writer)
{
    struct xlsx *xlsx = xlsx_of(writer);
    zip_free(xlsx->zip);
    sheet_done(&xlsx->sheet);
    output_done(&xlsx->output);
    arena_done(&xlsx->arena);
    free(xlsx->sheet_rows);
    free(xlsx->widths);
    free(xlsx);
}

static const struct writer_ops xlsx_ops = {
    .rows = xlsx_rows,
    .finish = xlsx_finish,
    .free = xlsx_free,
};

static struct writer *xlsx_new(const struct writer_options *options,
                               const struct column *const *columns, size_t column_count,
                               struct sink *sink)
{
    struct xlsx *xlsx = mem_new(struct xlsx);
    xlsx->writer.ops = &xlsx_ops;
    xlsx->sheet_sink.write = sheet_write;
    arena_init(&xlsx->arena);
    output_init(&xlsx->output, &xlsx->sheet_sink);
    sheet_init(&xlsx->sheet, &xlsx->output, &xlsx->writer.fidelity, options);
    if (column_count <= SHEET_MAX_COLUMNS)
        sheet_set_columns(&xlsx->sheet, columns, column_count);
    xlsx->widths = mem_new_array(column_count, sizeof *xlsx->widths);
    xlsx->workbook =
        (struct workbook){.name = options->sheet_name,
                          .created_ms = options->created_ms,
                          .formats = (const char(*)[WORKBOOK_FORMAT_SIZE])xlsx->sheet.formats,
                          .widths = xlsx->widths,
                          .column_count = column_count};
    xlsx->zip = zip_new(sink, 0);
    return &xlsx->writer;
}

const struct format format_xlsx = {
    .name = "xlsx",
    .extension = "xlsx",
    .content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    .new_writer = xlsx_new,
};
