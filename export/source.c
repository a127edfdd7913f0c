/* SPDX-License-Identifier: Apache-2.0
 *
 * See source.h. Picks the driver by the URL's scheme; from then on the driver's table answers.
 */
#include "export/source.h"

#include "export/source_pg.h"
#include "export/source_sqlite.h"

static const struct {
    const char *scheme;
    bool (*open)(struct str url, struct source **out, struct err *err);
} drivers[] = {
    {"sqlite:", source_sqlite_open},
    {"postgres://", source_pg_open},
    {"postgresql://", source_pg_open},
};

bool source_open(struct str url, struct source **out, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(drivers); i++) {
        if (str_starts_with(url, str_of(drivers[i].scheme)))
            return drivers[i].open(url, out, err);
    }
    /* Not the URL itself: it may hold a password. */
    return err_set(
        err, ERR_INVALID,
        "the source's URL is of no known kind; write postgres://USER@HOST:PORT/DATABASE, "
        "or sqlite:PATH, such as sqlite:/var/lib/journal.sqlite");
}

void source_close(struct source *source)
{
    if (source)
        source->ops->close(source);
}

const char *source_dialect(const struct source *source)
{
    return source->ops->dialect;
}

bool source_describe(struct source *source, const struct export_type *type, struct arena *arena,
                     const struct column **out, size_t *out_count, struct err *err)
{
    return source->ops->describe(source, type, arena, out, out_count, err);
}

bool source_query(struct source *source, const struct source_query *query, struct rows **out,
                  struct err *err)
{
    if (!stop_check(query->stop, err))
        return false;
    return source->ops->query(source, query, out, err);
}

int64_t rows_total(const struct rows *rows, enum rows_total_kind *out_kind)
{
    return rows->ops->total(rows, out_kind);
}

bool rows_next(struct rows *rows, struct batch *batch, struct err *err)
{
    return rows->ops->next(rows, batch, err);
}

void rows_close(struct rows *rows)
{
    if (rows)
        rows->ops->close_rows(rows);
}
