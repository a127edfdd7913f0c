/* SPDX-License-Identifier: Apache-2.0
 *
 * Text in the XML of a spreadsheet: an inline string, which no program takes for a formula, a link
 * or a number.
 */
#ifndef EXPORT_SHEET_TEXT_H
#define EXPORT_SHEET_TEXT_H

#include "export/output.h"

/* What one cell holds, in UTF-16 units (Excel specifications and limits). */
enum { SHEET_TEXT_MAX = 32767 };

/* How many UTF-16 units the text has. */
size_t sheet_text_units(struct str text);

/* How many characters its longest line has. */
size_t sheet_text_width(struct str text);

/* Whether a reader would strip it without xml:space="preserve". */
bool sheet_text_has_outer_space(struct str text);

/* Writes the text, valid UTF-8 without NUL. What XML 1.0 cannot hold becomes `_xHHHH_` (ECMA-376
 * part 1, 22.9.2.19), and so does CR, which an XML reader would turn into LF; an underscore that
 * would read as the beginning of such an escape becomes `_x005F_`. */
void sheet_text_put(struct output *output, struct str text);

#endif
