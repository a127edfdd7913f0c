/* SPDX-License-Identifier: Apache-2.0
 *
 * See cell.h.
 */
#include "export/cell.h"

static const char *const names[COLUMN_TYPE_COUNT] = {
    [COLUMN_ANY] = "any",         [COLUMN_TEXT] = "text",     [COLUMN_INTEGER] = "integer",
    [COLUMN_BIGINT] = "bigint",   [COLUMN_NUMBER] = "number", [COLUMN_DECIMAL] = "decimal",
    [COLUMN_BOOLEAN] = "boolean", [COLUMN_DATE] = "date",     [COLUMN_TIMESTAMP] = "timestamp",
    [COLUMN_JSON] = "json",       [COLUMN_BYTES] = "bytes",   [COLUMN_TIME] = "time",
    [COLUMN_ARRAY] = "array",     [COLUMN_OTHER] = "other",
};

const char *column_type_name(enum column_type type)
{
    return names[type];
}

bool column_type_parse(struct str name, enum column_type *out)
{
    for (int type = 0; type < COLUMN_TYPE_COUNT; type++) {
        if (str_equal(name, str_of(names[type]))) {
            *out = (enum column_type)type;
            return true;
        }
    }
    return false;
}
