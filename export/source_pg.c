/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows from a PostgreSQL database. Each query borrows a connection from a pool that is as large as
 * it needs to be: as many queries run at a time as there are workers.
 */
#include "export/source_pg.h"

#include "base/mem.h"
#include "pg/pool.h"

#include <pthread.h>

enum { MAX_CONNECTIONS = 1024, TAKE_MS = 5000 };

struct pg_source {
    struct source base;
    struct pg_pool *pool;
    pthread_mutex_t mutex;     /* guards `exports`, not what is in it: that never changes */
    struct pg_export *exports; /* all types that were described, the newest first */
};

static struct pg_source *source_of(struct source *base)
{
    return CONTAINER_OF(base, struct pg_source, base);
}

static struct pg_export *export_new(const struct export_type *type)
{
    struct pg_export *export = mem_new(struct pg_export);
    arena_init(&export->arena);
    export->name = arena_copy_str(&export->arena, type->name);
    export->sql.text = arena_copy_str(&export->arena, type->sql);
    return export;
}

static void export_free(struct pg_export *export)
{
    if (!export)
        return;
    arena_done(&export->arena);
    free(export);
}

static void add_export(struct pg_source *source, struct pg_export *export)
{
    pthread_mutex_lock(&source->mutex);
    export->next = source->exports;
    source->exports = export;
    pthread_mutex_unlock(&source->mutex);
}

/* What describe found of a type; NULL: it was not asked. */
static const struct pg_export *find_export(struct pg_source *source, const struct export_type *type)
{
    pthread_mutex_lock(&source->mutex);
    const struct pg_export *export = source->exports;
    while (export &&
           !(str_equal(export->name, type->name) && str_equal(export->sql.text, type->sql)))
        export = export->next;
    pthread_mutex_unlock(&source->mutex);
    return export;
}

static const struct column *make_columns(const struct export_type *type,
                                         const struct pg_export *export, struct arena *arena)
{
    struct column *columns = arena_alloc_array(arena, export->column_count, sizeof *columns);
    for (size_t i = 0; i < export->column_count; i++) {
        struct str name = arena_copy_str(arena, export->columns[i].name);
        columns[i] = type_column(type, name, export->columns[i].found);
        columns[i].element = export->columns[i].element;
        columns[i].delimiter = export->columns[i].delimiter;
    }
    return columns;
}

static bool describe(struct source *base, const struct export_type *type, struct arena *arena,
                     const struct column **out, size_t *out_count, struct err *err)
{
    struct pg_source *source = source_of(base);
    struct pg *pg = NULL;
    if (!pg_pool_take(source->pool, TAKE_MS, NULL, &pg, err))
        return false;
    struct pg_export *export = export_new(type);
    bool is_good = pg_export_describe(pg, type, export, err);
    pg_pool_give(source->pool, pg);
    if (!is_good) {
        export_free(export);
        return false;
    }
    *out = make_columns(type, export, arena);
    *out_count = export->column_count;
    add_export(source, export);
    return true;
}

static void close_source(struct source *base)
{
    struct pg_source *source = source_of(base);
    while (source->exports) {
        struct pg_export *next = source->exports->next;
        export_free(source->exports);
        source->exports = next;
    }
    pg_pool_free(source->pool);
    pthread_mutex_destroy(&source->mutex);
    free(source);
}

static bool run_query(struct source *base, const struct source_query *query, struct rows **out,
                      struct err *err);

static const struct source_ops ops = {
    .dialect = "postgres",
    .close = close_source,
    .describe = describe,
    .query = run_query,
    .total = pg_rows_total,
    .next = pg_rows_next,
    .close_rows = pg_rows_close,
};

static bool run_query(struct source *base, const struct source_query *query, struct rows **out,
                      struct err *err)
{
    struct pg_source *source = source_of(base);
    const struct pg_export *export = find_export(source, query->type);
    if (!export)
        return err_set(err, ERR_INTERNAL, "type %.*s was not checked against the source",
                       STR_ARG(query->type->name));
    struct pg *pg = NULL;
    if (!pg_pool_take(source->pool, TAKE_MS, query->stop, &pg, err))
        return false;
    if (!pg_rows_open(source->pool, pg, export, query, out, err))
        return false;
    (*out)->ops = &ops;
    return true;
}

static struct pg_source *source_new(const char *url)
{
    struct pg_source *source = mem_new(struct pg_source);
    const struct pg_options options = {
        .url = url, .application_name = "exportq/source", .is_preparing = true};
    source->base.ops = &ops;
    source->pool = pg_pool_new(&options, MAX_CONNECTIONS);
    pthread_mutex_init(&source->mutex, NULL);
    return source;
}

bool source_pg_open(struct str url, struct source **out, struct err *err)
{
    if (str_find(url, '\0') < url.len)
        return err_set(err, ERR_INVALID, "the source's URL holds a NUL");
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    buf_add_str(&text, url);
    struct pg_source *source = source_new(text.ptr);
    struct pg *pg = NULL;
    if (!pg_pool_take(source->pool, TAKE_MS, NULL, &pg, err)) {
        close_source(&source->base);
        return false;
    }
    pg_pool_give(source->pool, pg);
    *out = &source->base;
    return true;
}
