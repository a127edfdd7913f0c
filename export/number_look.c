/* SPDX-License-Identifier: Apache-2.0
 *
 * See number_look.h.
 */
#include "export/number_look.h"

#include "export/decimal.h"
#include "export/decimal_round.h"

enum { MAX_NUMBER = 1 << 30 }; /* longer than any cell and what rounding adds */
_Static_assert((int)MAX_NUMBER > (int)BATCH_MAX_TEXT_BYTES + DECIMAL_ROUND_MAX_ZEROS,
               "a cell fits");

void number_look_init(struct number_look *look, const struct locale *locale, int places)
{
    look->decimal = locale ? locale->decimal : '.';
    look->places = places;
    buf_init(&look->number, MAX_NUMBER);
}

void number_look_done(struct number_look *look)
{
    buf_done(&look->number);
}

struct str number_look_decimal(struct number_look *look, struct str text)
{
    struct decimal decimal;
    if (look->decimal == '.' || !decimal_parse(text, &decimal))
        return text;
    buf_clear(&look->number);
    buf_add_str(&look->number, text);
    number_look_replace_point(look, look->number.ptr, look->number.len);
    return buf_str(&look->number);
}

struct str number_look_round(struct number_look *look, struct str text)
{
    buf_clear(&look->number);
    if (!decimal_round(text, look->places, &look->number))
        return number_look_decimal(look, text);
    number_look_replace_point(look, look->number.ptr, look->number.len);
    return buf_str(&look->number);
}
