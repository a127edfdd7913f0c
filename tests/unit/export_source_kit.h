/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of sources: an SQLite database in a directory of its own, made from a script
 * (export_pg_kit.h has one of PostgreSQL); a type made from a text; and the rows of a query printed
 * so that kinds and values can be compared at once:
 *
 *     null  'text'  42  1.5f  12.50m  true  D2025-08-01  T2025-08-01T00:00:00.000Z  j[1]  \x00 L'x'
 */
#ifndef TESTS_UNIT_EXPORT_SOURCE_KIT_H
#define TESTS_UNIT_EXPORT_SOURCE_KIT_H

#include "base/arena.h"
#include "base/calendar.h"
#include "base/number.h"
#include "export/source.h"
#include "export/sqlite_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { KIT_PATH_SIZE = 64, KIT_MAX_BYTES = 256 * 1024 * 1024, KIT_MAX_COLUMNS = 32 };

struct kit {
    char directory[KIT_PATH_SIZE]; /* empty: none */
    char path[KIT_PATH_SIZE + 16];
    struct source *source;
    struct arena arena;
    struct err err;
};

static inline void kit_must(bool is_good, const struct err *err)
{
    if (!is_good)
        fail_msg("%s: %s", err_code_name(err->code), err->text);
}

/* Another database, beside the kit's own or at any path. */
static inline void kit_make_database(const char *path, const char *sql)
{
    struct err err = {0};
    struct sqlite_script *script = NULL;
    kit_must(sqlite_script_open(path, &script, &err), &err);
    kit_must(sqlite_script_run(script, str_of(sql), &err), &err);
    kit_must(sqlite_script_finish(script, &err), &err);
    sqlite_script_free(script);
}

static inline void kit_open_source(struct kit *kit, const char *path)
{
    char url[KIT_PATH_SIZE * 8];
    (void)snprintf(url, sizeof url, "sqlite:%s", path);
    kit_must(source_open(str_of(url), &kit->source, &kit->err), &kit->err);
}

static inline void kit_open(struct kit *kit, const char *sql)
{
    *kit = (struct kit){.directory = "/tmp/exportq-test-XXXXXX"};
    assert_non_null(mkdtemp(kit->directory));
    (void)snprintf(kit->path, sizeof kit->path, "%s/source.db", kit->directory);
    if (!sql)
        return;
    kit_make_database(kit->path, sql);
    kit_open_source(kit, kit->path);
}

static inline void kit_close(struct kit *kit)
{
    source_close(kit->source);
    arena_done(&kit->arena);
    if (!kit->directory[0])
        return;
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char path[KIT_PATH_SIZE * 2];
        (void)snprintf(path, sizeof path, "%s%s", kit->path, ends[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(kit->directory), 0);
}

/* Reads and describes a type of the name "test"; false with kit->err. */
static inline bool MUST_CHECK kit_try_type(struct kit *kit, const char *text,
                                           struct export_type *out)
{
    return export_type_parse(STR("test"), str_of(text), &kit->arena, out, &kit->err) &&
           source_describe(kit->source, out, &kit->arena, &out->columns, &out->column_count,
                           &kit->err);
}

static inline struct export_type kit_type(struct kit *kit, const char *text)
{
    struct export_type type = {0};
    kit_must(kit_try_type(kit, text, &type), &kit->err);
    return type;
}

/* One filter of a query, as a caller gives it. */
struct kit_filter {
    const char *name;
    const char *values[4];
};

/* A query over all columns; the filters end with one that has no name. NULL: no filters. */
static inline struct source_query kit_query(struct kit *kit, const struct export_type *type,
                                            const struct kit_filter *filters)
{
    struct filter_value *values =
        arena_alloc_array(&kit->arena, type->filter_count, sizeof *values);
    for (; filters && filters->name; filters++) {
        const struct filter *filter = export_type_filter(type, str_of(filters->name));
        assert_non_null(filter);
        struct str texts[COUNT_OF(filters->values)];
        size_t count = 0;
        for (; count < COUNT_OF(texts) && filters->values[count]; count++)
            texts[count] = str_of(filters->values[count]);
        kit_must(filter_parse(filter, "filters[0].values", texts, count, &kit->arena,
                              &values[filter - type->filters], &kit->err),
                 &kit->err);
    }
    size_t *columns = arena_alloc_array(&kit->arena, type->column_count, sizeof *columns);
    for (size_t i = 0; i < type->column_count; i++)
        columns[i] = i;
    return (struct source_query){.type = type,
                                 .owner = STR("local"),
                                 .filters = values,
                                 .columns = columns,
                                 .column_count = type->column_count};
}

static inline void kit_print_cell(struct buf *out, const struct batch *batch,
                                  const struct cell *cell)
{
    char text[CALENDAR_TEXT_SIZE];
    switch (cell->kind) {
    case CELL_NULL:
        buf_add_text(out, "null");
        break;
    case CELL_TEXT:
        buf_printf(out, "'%.*s'", STR_ARG(batch_text(batch, cell)));
        break;
    case CELL_INTEGER:
        buf_printf(out, "%lld", (long long)cell->as.integer);
        break;
    case CELL_DOUBLE:
        (void)number_format_double(cell->as.number, text);
        buf_printf(out, "%sf", text);
        break;
    case CELL_DECIMAL:
        buf_printf(out, "%.*sm", STR_ARG(batch_text(batch, cell)));
        break;
    case CELL_BOOLEAN:
        buf_add_text(out, cell->as.integer ? "true" : "false");
        break;
    case CELL_DATE:
        (void)calendar_format_date(cell->as.integer, text);
        buf_printf(out, "D%s", text);
        break;
    case CELL_TIMESTAMP:
        (void)calendar_format_timestamp(cell->as.integer, text);
        buf_printf(out, "T%s", text);
        break;
    case CELL_JSON:
        buf_printf(out, "j%.*s", STR_ARG(batch_text(batch, cell)));
        break;
    case CELL_BYTES:
        buf_add_str(out, batch_text(batch, cell));
        break;
    case CELL_ARRAY:
        buf_printf(out, "A%.*s", STR_ARG(batch_text(batch, cell)));
        break;
    case CELL_LITERAL:
        buf_printf(out, "L'%.*s'", STR_ARG(batch_text(batch, cell)));
        break;
    }
}

/* Runs a query to its end; prints a row a line, cells with a blank between, to `out` unless it is
 * NULL. False with kit->err. *out_replaced, unless NULL, sums the batches' text_replaced. */
static inline bool MUST_CHECK kit_try_run(struct kit *kit, const struct source_query *query,
                                          struct buf *out, int64_t *out_rows, int64_t *out_replaced)
{
    struct rows *rows = NULL;
    if (!source_query(kit->source, query, &rows, &kit->err))
        return false;
    struct batch batch;
    batch_init(&batch, query->column_count);
    bool is_good = true;
    int64_t count = 0;
    do {
        batch_clear(&batch);
        is_good = rows_next(rows, &batch, &kit->err);
        count += is_good ? (int64_t)batch.row_count : 0;
        if (out_replaced)
            *out_replaced += batch.text_replaced;
        for (size_t i = 0; is_good && out && i < batch.row_count * batch.column_count; i++) {
            kit_print_cell(out, &batch, &batch.cells[i]);
            buf_add_char(out, (i + 1) % batch.column_count ? ' ' : '\n');
        }
    } while (is_good && batch.row_count);
    batch_done(&batch);
    rows_close(rows);
    *out_rows = count;
    return is_good;
}

/* Runs a query and compares its print. */
static inline void kit_check(struct kit *kit, const struct source_query *query, const char *want)
{
    struct buf got CLEANUP(buf_done);
    buf_init(&got, KIT_MAX_BYTES);
    int64_t count = 0;
    kit_must(kit_try_run(kit, query, &got, &count, NULL), &kit->err);
    buf_add_char(&got, '\0');
    assert_string_equal(got.ptr, want);
}

static inline int64_t kit_count(struct kit *kit, const struct source_query *query)
{
    int64_t count = 0;
    kit_must(kit_try_run(kit, query, NULL, &count, NULL), &kit->err);
    return count;
}

#endif
