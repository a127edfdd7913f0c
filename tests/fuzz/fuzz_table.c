/* SPDX-License-Identifier: Apache-2.0
 *
 * See fuzz_table.h.
 */
#include "tests/fuzz/fuzz_table.h"

#include "base/calendar.h"
#include "base/utf8.h"
#include "export/array.h"
#include "export/json_check.h"

enum { MAX_REPEATED = 140 * 1024, REPEAT_STEP = 64 }; /* more than OUTPUT_SIZE */

/* ---- The file ---- */

static bool keep(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    (void)err;
    buf_add(&CONTAINER_OF(sink, struct fuzz_file, sink)->bytes, bytes, len);
    return true;
}

void fuzz_file_init(struct fuzz_file *file)
{
    *file = (struct fuzz_file){.sink = {keep}};
    buf_init(&file->bytes, TABLE_MAX_FILE);
}

void fuzz_file_done(struct fuzz_file *file)
{
    buf_done(&file->bytes);
}

/* ---- Texts ---- */

static void check_mended(struct str have, struct str text)
{
    bool is_good =
        utf8_valid_prefix(have.ptr, have.len) == have.len && str_find(have, '\0') == have.len;
    fuzz_require(is_good, "text in a batch is UTF-8 without NUL", have);
    bool was_good =
        utf8_valid_prefix(text.ptr, text.len) == text.len && str_find(text, '\0') == text.len;
    if (was_good)
        fuzz_require_equal(have, text, "good text is not mended");
    else
        fuzz_require(memmem(have.ptr, have.len, "\xEF\xBF\xBD", 3), "what was bad is U+FFFD", have);
}

static void set_text(struct batch *batch, struct cell *cell, enum cell_kind kind, struct str text)
{
    fuzz_require(batch_set_text(batch, cell, kind, text), "a text fits a batch", text);
    check_mended(batch_text(batch, cell), text);
}

/* Now and then a text is longer than the blocks of an output, one in a table. */
static void read_text(struct fuzz_table *table, struct batch *batch, struct cell *cell,
                      enum cell_kind kind, struct fuzz_input *input)
{
    enum { REPEATED = 255, MARK = 0xA7 };
    uint8_t len = fuzz_byte(input);
    if (len != REPEATED || fuzz_byte(input) != MARK) {
        set_text(batch, cell, kind, fuzz_take(input, len));
        return;
    }
    size_t times = (size_t)fuzz_byte(input) * REPEAT_STEP + fuzz_byte(input);
    struct str part = fuzz_text(input);
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_REPEATED);
    for (size_t i = 0; i < times && table->repeated + part.len <= MAX_REPEATED; i++) {
        buf_add_str(&text, part);
        table->repeated += part.len;
    }
    set_text(batch, cell, kind, buf_str(&text));
}

/* ---- Cells ---- */

static bool are_elements_json(struct str text, char delimiter)
{
    struct array_reader reader = array_read(text, delimiter);
    struct array_element element;
    enum array_token token;
    while ((token = array_next(&reader, &element)) != ARRAY_END && token != ARRAY_WRONG) {
        if (token != ARRAY_ELEMENT)
            continue;
        struct buf whole CLEANUP(buf_done);
        buf_init(&whole, MAX_REPEATED);
        for (struct str piece; array_next_piece(&element.text, &piece);)
            buf_add_str(&whole, piece);
        if (!json_is_valid(buf_str(&whole)))
            return false;
    }
    return true;
}

/* A text that is not what its kind promises is a text. */
static void check_kind(const struct fuzz_table *table, const struct column *column,
                       struct cell *cell)
{
    struct str text = fuzz_table_text(table, cell);
    if (cell->kind == CELL_JSON && !json_is_valid(text))
        cell->kind = CELL_TEXT;
    if (cell->kind == CELL_ARRAY && column->element == COLUMN_JSON &&
        !are_elements_json(text, column->delimiter))
        cell->kind = CELL_TEXT;
}

static int64_t legal_time(uint64_t bits)
{
    int64_t us = (int64_t)bits;
    if (cell_time_is_legal(us))
        return us;
    return CELL_TIME_BEGIN_US + (int64_t)(bits % (uint64_t)(CELL_TIME_END_US - CELL_TIME_BEGIN_US));
}

static int64_t legal_day(uint64_t bits)
{
    int64_t since = legal_time(bits) - CELL_TIME_BEGIN_US;
    return CELL_TIME_BEGIN_US + since / CALENDAR_DAY_US * CALENDAR_DAY_US;
}

static void read_cell(struct fuzz_table *table, const struct column *column, struct cell *cell,
                      struct fuzz_input *input)
{
    enum cell_kind kind = (enum cell_kind)fuzz_choice(input, CELL_LITERAL + 1);
    *cell = (struct cell){.kind = kind};
    switch (kind) {
    case CELL_NULL:
        break;
    case CELL_INTEGER:
        cell->as.integer = (int64_t)fuzz_bits(input);
        break;
    case CELL_DOUBLE:
        cell->as.number = fuzz_double(input);
        break;
    case CELL_BOOLEAN:
        cell->as.integer = fuzz_is(input);
        break;
    case CELL_DATE:
        cell->as.integer = legal_day(fuzz_bits(input));
        break;
    case CELL_TIMESTAMP:
        cell->as.integer = legal_time(fuzz_bits(input));
        break;
    case CELL_TEXT:
    case CELL_DECIMAL:
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
    case CELL_LITERAL:
        read_text(table, &table->batch, cell, kind, input);
        check_kind(table, column, cell);
        break;
    }
}

/* ---- Tables ---- */

static void read_columns(struct fuzz_table *table, struct fuzz_input *input)
{
    size_t count = 1 + fuzz_choice(input, TABLE_MAX_COLUMNS);
    table->column_count = count;
    batch_init(&table->heads, 2 * count);
    struct cell *heads = batch_add_row(&table->heads);
    for (size_t i = 0; i < count; i++) {
        table->pointers[i] = &table->columns[i];
        table->columns[i] = (struct column){
            .type = (enum column_type)fuzz_choice(input, COLUMN_TYPE_COUNT),
            .element = (enum column_type)fuzz_choice(input, COLUMN_TYPE_COUNT),
            .delimiter = fuzz_is(input) ? ';' : ',',
        };
        read_text(table, &table->heads, &heads[i], CELL_TEXT, input);
        read_text(table, &table->heads, &heads[count + i], CELL_TEXT, input);
    }
    for (size_t i = 0; i < count; i++) {
        table->columns[i].name = batch_text(&table->heads, &heads[i]);
        table->columns[i].title = batch_text(&table->heads, &heads[count + i]);
    }
}

void fuzz_table_read(struct fuzz_table *table, struct fuzz_input *input)
{
    *table = (struct fuzz_table){.options = writer_options_default()};
    read_columns(table, input);
    batch_init(&table->batch, table->column_count);
    size_t rows = fuzz_choice(input, TABLE_MAX_ROWS + 1);
    for (size_t row = 0; row < rows && !batch_is_full(&table->batch); row++) {
        struct cell *cells = batch_add_row(&table->batch);
        for (size_t i = 0; i < table->column_count; i++)
            read_cell(table, &table->columns[i], &cells[i], input);
    }
}

void fuzz_table_done(struct fuzz_table *table)
{
    batch_done(&table->heads);
    batch_done(&table->batch);
}

/* ---- Options ---- */

/* Opened once, as ICU takes its time. */
static struct zone *zone_of(unsigned index)
{
    static const char *const names[] = {"Europe/Berlin",   "America/St_Johns", "Pacific/Apia",
                                        "Africa/Monrovia", "Asia/Kathmandu",   "America/Caracas"};
    static struct zone *zones[COUNT_OF(names)];
    if (index == 0)
        return NULL;
    struct zone **zone = &zones[index % COUNT_OF(names)];
    if (!*zone)
        *zone = zone_open(str_of(names[index % COUNT_OF(names)]));
    return *zone;
}

static void read_locale(struct fuzz_table *table, struct fuzz_input *input)
{
    if (!fuzz_is(input))
        return;
    table->locale = (struct locale){
        .decimal = fuzz_is(input) ? ',' : '.',
        .order = (enum date_order)fuzz_choice(input, DATE_YDM + 1),
        .date_separator = "-./"[fuzz_choice(input, 3)],
    };
    table->options.locale = &table->locale;
}

void fuzz_table_options(struct fuzz_table *table, struct fuzz_input *input)
{
    static const char delimiters[] = ",;\t|.:-+/'_=&\1~";
    struct writer_options *options = &table->options;
    uint8_t flags = fuzz_byte(input);
    options->has_crlf = flags & BIT(0);
    options->has_bom = flags & BIT(1);
    options->has_formula_guard = !(flags & BIT(2));
    options->has_exact_numbers_text = flags & BIT(3);
    options->has_titles = flags & BIT(4);
    options->has_bare_times = flags & BIT(5);
    options->delimiter = delimiters[fuzz_choice(input, sizeof delimiters - 1)];
    options->places = (int)fuzz_choice(input, WRITER_MAX_PLACES + 2) - 1;
    options->zone = zone_of(fuzz_byte(input));
    read_locale(table, input);
    struct str null_text = fuzz_text(input);
    bool is_legal = utf8_valid_prefix(null_text.ptr, null_text.len) == null_text.len &&
                    writer_null_text_is_legal(null_text, options->delimiter);
    options->null_text = is_legal ? null_text : STR("");
    options->sheet_name = STR("fuzz");
}

/* ---- The export ---- */

static void export_rows(const struct fuzz_table *table, const struct format *format,
                        size_t batch_rows, struct fuzz_file *file)
{
    struct err err = {0};
    struct writer *writer =
        writer_new(format, &table->options, table->pointers, table->column_count, &file->sink);
    struct batch part = table->batch; /* a view */
    for (size_t row = 0; row < table->batch.row_count; row += batch_rows) {
        size_t left = table->batch.row_count - row;
        part.cells = table->batch.cells + row * table->column_count;
        part.row_count = left < batch_rows ? left : batch_rows;
        fuzz_require(writer_rows(writer, &part, &err), "rows are written", str_of(err.text));
    }
    fuzz_require(writer_finish(writer, &err), "a file is finished", str_of(err.text));
    writer_free(writer);
}

void fuzz_table_export(const struct fuzz_table *table, const struct format *format,
                       struct fuzz_file *file)
{
    export_rows(table, format, BATCH_ROWS, file);
    struct fuzz_file again;
    fuzz_file_init(&again);
    export_rows(table, format, 1, &again);
    fuzz_require_equal(buf_str(&again.bytes), buf_str(&file->bytes),
                       "the bytes do not depend on how rows are cut into batches");
    fuzz_file_done(&again);
}

/* Days from the first of March of the year 0, in which a leap day comes last. */
int64_t fuzz_day_us(int64_t year, int64_t month, int64_t day)
{
    enum { DAYS_TO_1970 = 719468 };
    int64_t years = month > 2 ? year : year - 1;
    int64_t months = month > 2 ? month - 3 : month + 9;
    years += 400; /* not negative */
    int64_t days = years * 365 + years / 4 - years / 100 + years / 400 - 146097;
    return (days + (153 * months + 2) / 5 + day - 1 - DAYS_TO_1970) * CALENDAR_DAY_US;
}
