/* SPDX-License-Identifier: Apache-2.0
 *
 * How numbers look in a file of text: the decimal sign of its locale, and as many digits after the
 * point as were asked for. The digits are those of the exact text, in every locale 0 to 9; NaN and
 * infinities, and what a database calls a decimal and is no number, stay as they are.
 */
#ifndef EXPORT_NUMBER_LOOK_H
#define EXPORT_NUMBER_LOOK_H

#include "base/buf.h"
#include "base/number.h"
#include "export/cell.h"
#include "export/locale.h"
#include "export/writer.h"

struct number_look {
    char decimal;
    int places;        /* or WRITER_ALL_PLACES */
    struct buf number; /* one that is not as the source has it */
};

/* `locale` may be NULL. */
void number_look_init(struct number_look *look, const struct locale *locale, int places);
void number_look_done(struct number_look *look);

/* Whether numbers of that kind in a column of that type are rounded: all in NUMBER and DECIMAL,
 * whole ones not in ANY. */
static inline bool number_look_is_rounded(const struct number_look *look, enum column_type type,
                                          enum cell_kind kind)
{
    return look->places != WRITER_ALL_PLACES && (type == COLUMN_NUMBER || type == COLUMN_DECIMAL ||
                                                 (type == COLUMN_ANY && kind != CELL_INTEGER));
}

/* Puts the look's decimal sign in the place of the point. */
static inline void number_look_replace_point(const struct number_look *look, char *number,
                                             size_t len)
{
    char *point = look->decimal == '.' ? NULL : memchr(number, '.', len);
    if (point)
        *point = look->decimal;
}

/* A double, not rounded. Returns the length. */
static inline size_t number_look_format_double(const struct number_look *look, double number,
                                               char out[NUMBER_TEXT_SIZE])
{
    size_t len = number_format_double(number, out);
    number_look_replace_point(look, out, len);
    return len;
}

/* The text of a decimal; all its digits, or rounded. A view that ends with the next call. */
struct str number_look_decimal(struct number_look *look, struct str text);
struct str number_look_round(struct number_look *look, struct str text);

#endif
