/* SPDX-License-Identifier: Apache-2.0
 *
 * See sqlstate.h. Whole codes stand before the classes they are exceptions of.
 */
#include "pg/sqlstate.h"

#include "base/str.h"

static const struct {
    const char *prefix; /* a whole SQLSTATE, or its class: the first two characters */
    enum err_code code;
    const char *meaning;
    bool is_quotable; /* the server's message names things of the schema, not values of a row */
} table[] = {
    {"25006", ERR_SOURCE_SCHEMA, "only reading is allowed", true},
    {"25P03", ERR_SOURCE_UNAVAILABLE, "the database ended an idle transaction", false},
    {"40001", ERR_SOURCE_CONFLICT,
     "the database stopped the query over a conflict (on a replica, with replication: "
     "hot_standby_feedback or a longer max_standby_streaming_delay helps)",
     false},
    {"40P01", ERR_SOURCE_CONFLICT, "the database broke a deadlock", false},
    {"42501", ERR_SOURCE_DENIED, "the database does not allow it", true},
    {"53200", ERR_SOURCE_UNAVAILABLE, "the database is out of memory", false},
    {"54000", ERR_SOURCE_DATA, "a value or a row is larger than the database can give", false},
    {"55P03", ERR_SOURCE_CONFLICT, "a lock was not to be had in time", false},
    {"57014", ERR_SOURCE_UNAVAILABLE, "the query was cancelled in the database", false},
    {"08", ERR_SOURCE_UNAVAILABLE, "the connection to the database failed", false},
    {"0A", ERR_SOURCE_SCHEMA, "the database does not do that", true},
    {"21", ERR_SOURCE_DATA, "a subquery gave more than one row", false},
    {"22", ERR_SOURCE_DATA, "a value cannot be computed or converted", false},
    {"28", ERR_SOURCE_DENIED, "the database refuses us", true},
    {"3D", ERR_SOURCE_DENIED, "the database does not exist", true},
    {"3F", ERR_SOURCE_SCHEMA, "the SQL does not fit the database", true},
    {"38", ERR_SOURCE_DATA, "a function of the database failed", false},
    {"39", ERR_SOURCE_DATA, "a function of the database failed", false},
    {"40", ERR_SOURCE_CONFLICT, "the database rolled the transaction back", false},
    {"42", ERR_SOURCE_SCHEMA, "the SQL does not fit the database", true},
    {"53", ERR_SOURCE_UNAVAILABLE, "the database is out of a resource", false},
    {"54", ERR_SOURCE_SCHEMA, "the query is over a limit of the database", true},
    {"55", ERR_SOURCE_CONFLICT, "something needed is in use", false},
    {"57", ERR_SOURCE_UNAVAILABLE, "the database is shutting down or starting up", false},
    {"58", ERR_SOURCE_UNAVAILABLE, "the database's system failed", false},
    {"72", ERR_SOURCE_CONFLICT, "the snapshot became too old", false},
    {"HV", ERR_SOURCE_UNAVAILABLE, "a foreign table's server failed", false},
    {"P0", ERR_SOURCE_DATA, "a function of the database raised an error", false},
    {"XX", ERR_SOURCE_UNAVAILABLE, "the database had an internal error", false},
};

/* The row of the table; COUNT_OF(table) if there is none. */
static size_t find(const char *sqlstate)
{
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_starts_with(str_of(sqlstate), str_of(table[i].prefix)))
            return i;
    return COUNT_OF(table);
}

enum err_code sqlstate_class(const char *sqlstate)
{
    if (!sqlstate || !sqlstate[0])
        return ERR_SOURCE_UNAVAILABLE;
    size_t i = find(sqlstate);
    return i < COUNT_OF(table) ? table[i].code : ERR_INTERNAL;
}

bool sqlstate_fail(const char *sqlstate, const char *message, struct err *err)
{
    if (!sqlstate || !sqlstate[0])
        return err_set(err, ERR_SOURCE_UNAVAILABLE, "the connection to the database broke");
    size_t i = find(sqlstate);
    if (i == COUNT_OF(table))
        return err_set(err, ERR_INTERNAL,
                       "the database gave an error nobody expected (SQLSTATE %s)", sqlstate);
    if (table[i].is_quotable && message && message[0])
        return err_set(err, table[i].code, "%s: %s (SQLSTATE %s)", table[i].meaning, message,
                       sqlstate);
    return err_set(err, table[i].code, "%s (SQLSTATE %s)", table[i].meaning, sqlstate);
}
