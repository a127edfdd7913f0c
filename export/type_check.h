/* SPDX-License-Identifier: Apache-2.0
 *
 * What every source checks of a type's SQL and of its columns, in the same words, whatever the
 * database says of it. For drivers only (export/source.h).
 */
#ifndef EXPORT_TYPE_CHECK_H
#define EXPORT_TYPE_CHECK_H

#include "export/type.h"

/* What a parameter of a type's SQL stands for. */
enum parameter_kind { PARAMETER_UNKNOWN, PARAMETER_OWNER, PARAMETER_FILTER, PARAMETER_FILTER_END };

/* By its name without the colon; *filter is the index of the filter, if it is one. */
enum parameter_kind parameter_find(const struct export_type *type, struct str name, size_t *filter);

/* Why a parameter with a colon is unknown. Returns false. */
bool parameter_refuse(const struct export_type *type, struct str name, unsigned line,
                      struct err *err);

/* A parameter without a name. Returns false. */
bool parameter_refuse_nameless(const struct export_type *type, unsigned line, struct err *err);

/* Refuses a missing :owner and filters that are not used. `is_used`: one per filter. */
bool type_check_uses(const struct export_type *type, bool has_owner, const bool *is_used,
                     struct err *err) MUST_CHECK;

/* SELECT or WITH comes first in the SQL from `start` on, after blanks and comments. */
bool type_check_start(const struct export_type *type, const char *start,
                      struct err *err) MUST_CHECK;

/* Only blanks and comments stand behind the statement, which ends at `tail`, in the SQL. */
bool type_check_tail(const struct export_type *type, const char *tail, struct err *err) MUST_CHECK;

/* The line of the file at an offset in the SQL. */
unsigned type_line_at(const struct export_type *type, size_t offset);

/* The line where a word stands alone in the SQL; the SQL's first line if it is not to be found. */
unsigned type_line_of(const struct export_type *type, const char *word);

/* What the file notes of a column; NULL if nothing. */
const struct column_note *type_note_of(const struct export_type *type, struct str column);

/* A column with what the file notes of it; `found` is its type where the file tells none. */
struct column type_column(const struct export_type *type, struct str name, enum column_type found);

/* Refuses columns without a name, with one that is not UTF-8 or with the same one, notes on columns
 * that are none, and a type without a default column. */
bool type_check_columns(const struct export_type *type, const struct column *columns, size_t count,
                        struct err *err) MUST_CHECK;

#endif
