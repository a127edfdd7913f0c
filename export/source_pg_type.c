/* SPDX-License-Identifier: Apache-2.0
 *
 * From PostgreSQL's types to columns. The types that every database has keep their OIDs for ever
 * (src/include/catalog/pg_type.dat); enums, types of extensions and their arrays are asked for. The
 * server tells a domain by its base type already. What nobody knows is printed as the database
 * prints it.
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
    {1083, COLUMN_TIME},      {1266, COLUMN_OTHER},     /* time, timetz */
};

/* Their arrays. */
static const struct {
    Oid oid;
    Oid element;
} known_arrays[] = {
    {1000, 16},   {1001, 17},   {1002, 18},   {1003, 19},   {1016, 20},   {1005, 21},
    {1007, 23},   {1009, 25},   {1028, 26},   {199, 114},   {143, 142},   {1021, 700},
    {1022, 701},  {1014, 1042}, {1015, 1043}, {1182, 1082}, {1115, 1114}, {1185, 1184},
    {1231, 1700}, {3807, 3802}, {2951, 2950}, {1187, 1186}, {1183, 1083}, {1270, 1266},
};

/* What is asked of a type that is not known. Of each but one of our own kinds: its element and what
 * stands between two, if it is printed as an array (int2vector is an array and is not); then what
 * either is made of, through domains; and whether that is an enum or a string (citext). */
static const struct pg_statement find_types = {
    NULL,
    "with recursive named(name, type, delimiter) as ("
    "select oid, oid, null::pg_catalog.\"char\" from pg_catalog.pg_type "
    "where oid = any ($1::pg_catalog.oid[]) "
    "union all "
    "select n.name, case t.typtype when 'd' then t.typbasetype else e.oid end, "
    "coalesce(n.delimiter, e.typdelim) "
    "from named n join pg_catalog.pg_type t on t.oid = n.type "
    "left join pg_catalog.pg_type e on e.oid = t.typelem and n.delimiter is null "
    "and t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc "
    "where t.typtype = 'd' or e.oid is not null) "
    "select n.name, n.type, n.delimiter, t.typtype = 'e' or t.typcategory = 'S' "
    "from named n join pg_catalog.pg_type t on t.oid = n.type where t.typtype <> 'd' "
    "order by n.name, n.delimiter is null",
    1,
};

enum { FOUND_NAME, FOUND_TYPE, FOUND_DELIMITER, FOUND_IS_TEXT };

static enum column_type type_of(Oid oid)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].oid == oid)
            return known[i].type;
    return COLUMN_ANY;
}

static void set_array(struct pg_column *column, enum column_type element, char delimiter)
{
    column->found = COLUMN_ARRAY;
    column->element = element;
    column->delimiter = delimiter;
}

/* COLUMN_ANY: not by its OID alone. */
static void find_known(struct pg_column *column)
{
    column->found = type_of(column->oid);
    for (size_t i = 0; i < COUNT_OF(known_arrays); i++)
        if (known_arrays[i].oid == column->oid)
            set_array(column, type_of(known_arrays[i].element), ',');
}

static Oid oid_at(const PGresult *result, int row, int field)
{
    return (Oid)strtoul(PQgetvalue(result, row, field), NULL, 10);
}

/* An array has two rows, the first of which is of its element. */
static void find_asked(struct pg_column *column, const PGresult *result)
{
    int row = 0;
    while (row < PQntuples(result) && oid_at(result, row, FOUND_NAME) != column->oid)
        row++;
    column->found = COLUMN_OTHER;
    if (row == PQntuples(result))
        return;
    enum column_type type = type_of(oid_at(result, row, FOUND_TYPE));
    bool is_text = PQgetvalue(result, row, FOUND_IS_TEXT)[0] == 't';
    if (type == COLUMN_ANY)
        type = is_text ? COLUMN_TEXT : COLUMN_OTHER;
    const char *delimiter = PQgetvalue(result, row, FOUND_DELIMITER);
    if (delimiter[0]) {
        set_array(column, type, delimiter[0]);
    } else {
        column->found = type;
    }
}

bool pg_type_find(struct pg *pg, struct pg_column *columns, size_t count, struct err *err)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, MAX_LIST_BYTES);
    buf_add_char(&list, '{');
    for (size_t i = 0; i < count; i++) {
        find_known(&columns[i]);
        if (columns[i].found == COLUMN_ANY)
            buf_printf(&list, "%s%u", list.len > 1 ? "," : "", columns[i].oid);
    }
    buf_add_char(&list, '}');
    assert(buf_is_ok(&list)); /* at most 1,664 columns */
    if (list.len == 2)
        return true;
    const char *const values[] = {list.ptr};
    PGresult *result = NULL;
    if (!pg_run(pg, &find_types, values, ASK_MS, &result, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (columns[i].found == COLUMN_ANY)
            find_asked(&columns[i], result);
    PQclear(result);
    return true;
}

/* Whatever it is, it can be printed. From text anything may be read, value by value, but arrays. */
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
        [COLUMN_TIME] = BIT(COLUMN_TIME) | BIT(COLUMN_TEXT),
        [COLUMN_ARRAY] = BIT(COLUMN_ARRAY),
        [COLUMN_OTHER] = anything,
    };
    return (from[noted] & BIT(found)) != 0;
}
