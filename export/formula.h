/* SPDX-License-Identifier: Apache-2.0
 *
 * What a spreadsheet would run if it read it from csv (OWASP, CSV Injection).
 */
#ifndef EXPORT_FORMULA_H
#define EXPORT_FORMULA_H

#include "base/str.h"

/* Whether the first character after any spaces is one of = + - @ tab CR LF, or a full-width
 * ＝＋－＠. */
bool formula_is_suspected(struct str text);

#endif
