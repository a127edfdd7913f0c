/* SPDX-License-Identifier: Apache-2.0
 *
 * From PostgreSQL's types to columns. The types that every database has keep their OIDs for ever
 * (src/include/catalog/pg_type.dat); enums and types of extensions are asked for. The server tells
 * a domain by its base type already. What nobody knows is printed as the database prints it.
 */
#include "export/source_pg.h"

#include "base/buf.h"

#include <assert.h>

enum { ASK_MS = 10000, MAX_LIST_BYTES = 64 * 1024 };

static const struct {
    Oid oid;
    enum column_type type;
} known[] = {
    {16, COLUMN_BOOLEAN},     {17, COLUMN_BYTES},       /* bool, bytea */
    {18, COLUMN_TEXT},        {19, COLUMN_TEXT},        /* "char", name */
    {20, COLUMN_BIGINT},      {21, COLUMN_INTEGER},     /* int8, int2 */
    {23, COLUMN_INTEGER},     {25, COLUMN_TEXT},        /* int4, text */
    {26, COLUMN_BIGINT},      {114, COLUMN_JSON},       /* oid, json */
    {142, COLUMN_TEXT},       {700, COLUMN_NUMBER},     /* xml, float4 */
    {701, COLUMN_NUMBER},     {1042, COLUMN_TEXT},      /* float8, char(n) */
    {1043, COLUMN_TEXT},      {1082, COLUMN_DATE},      /* varchar, date */
    {1114, COLUMN_TIMESTAMP}, {1184, COLUMN_TIMESTAMP}, /* timestamp, timestamptz */
    {1700, COLUMN_DECIMAL},   {3802, COLUMN_JSON},      /* numeric, jsonb */
    {2950, COLUMN_OTHER},     {1186, COLUMN_OTHER},     /* uuid, interval */
    {1083, COLUMN_OTHER},     {1266, COLUMN_OTHER},     /* time, timetz */
};

enum column_type pg_type_known(Oid oid)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].oid == oid)
            return known[i].type;
    return COLUMN_ANY;
}

/* Enums, and types of extensions that are strings (citext). */
static const struct pg_statement find_text_types = {
    NULL,
    "select oid from pg_catalog.pg_type where oid = any ($1::pg_catalog.oid[]) "
    "and (typtype = 'e' or typcategory = 'S')",
    1,
};

static bool has_oid(const PGresult *result, Oid oid)
{
    for (int row = 0; row < PQntuples(result); row++)
        if (strtoul(PQgetvalue(result, row, 0), NULL, 10) == oid)
            return true;
    return false;
}

bool pg_type_find(struct pg *pg, struct pg_column *columns, size_t count, struct err *err)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, MAX_LIST_BYTES);
    buf_add_char(&list, '{');
    for (size_t i = 0; i < count; i++) {
        columns[i].found = pg_type_known(columns[i].oid);
        if (columns[i].found == COLUMN_ANY)
            buf_printf(&list, "%s%u", list.len > 1 ? "," : "", columns[i].oid);
    }
    buf_add_char(&list, '}');
    assert(buf_is_ok(&list)); /* at most 1,664 columns */
    if (list.len == 2)
        return true;
    const char *const values[] = {list.ptr};
    PGresult *result = NULL;
    if (!pg_run(pg, &find_text_types, values, ASK_MS, &result, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (columns[i].found == COLUMN_ANY)
            columns[i].found = has_oid(result, columns[i].oid) ? COLUMN_TEXT : COLUMN_OTHER;
    PQclear(result);
    return true;
}

/* Whatever it is, it can be printed. From text anything may be read, value by value. */
bool pg_type_may_become(enum column_type found, enum column_type noted)
{
    static const unsigned numbers =
        BIT(COLUMN_INTEGER) | BIT(COLUMN_BIGINT) | BIT(COLUMN_NUMBER) | BIT(COLUMN_DECIMAL);
    static const unsigned times = BIT(COLUMN_DATE) | BIT(COLUMN_TIMESTAMP);
    static const unsigned anything = ~0U;
    static const unsigned from[COLUMN_TYPE_COUNT] = {
        [COLUMN_ANY] = anything,
        [COLUMN_TEXT] = anything,
        [COLUMN_INTEGER] = numbers | BIT(COLUMN_TEXT),
        [COLUMN_BIGINT] = numbers | BIT(COLUMN_TEXT),
        [COLUMN_NUMBER] = numbers | BIT(COLUMN_TEXT),
        [COLUMN_DECIMAL] = numbers | BIT(COLUMN_TEXT),
        [COLUMN_BOOLEAN] = BIT(COLUMN_BOOLEAN) | BIT(COLUMN_INTEGER) | BIT(COLUMN_TEXT),
        [COLUMN_DATE] = times | BIT(COLUMN_TEXT),
        [COLUMN_TIMESTAMP] = times | BIT(COLUMN_TEXT),
        [COLUMN_JSON] = BIT(COLUMN_JSON) | BIT(COLUMN_TEXT),
        [COLUMN_BYTES] = BIT(COLUMN_BYTES),
        [COLUMN_OTHER] = anything,
    };
    return (from[noted] & BIT(found)) != 0;
}
