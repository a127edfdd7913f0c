/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file takes from a locale: three facts of CLDR, asked of ICU once per job. CLDR taken whole
 * makes files that no spreadsheet reads back (a minus of U+2212, other digits, years of other
 * calendars, a comma between date and time), so nothing else is taken, and ICU formats nothing.
 */
#ifndef EXPORT_LOCALE_H
#define EXPORT_LOCALE_H

#include "base/str.h"

enum { LOCALE_MAX_TAG = 64 };

enum date_order { DATE_YMD, DATE_DMY, DATE_MDY, DATE_YDM };

struct locale {
    char decimal;          /* '.' or ',': the decimal separator with Latin digits */
    enum date_order order; /* of year, month and day in the Gregorian calendar */
    char date_separator;   /* '-', '.' or '/' */
};

/* The facts of a BCP 47 tag, such as "de-DE", in any case. Dates that are more than three numbers
 * with `.`, `/` or `-` between them become ISO's: Bulgarian's have a "г." behind, Korean's and
 * Hungarian's a point, with which Excel in Korean does not read them; ISO it reads everywhere.
 *
 * A tag is known if ICU has it, or its language written in its script: "de-XX" is German. Of
 * extensions ("-u-nu-thai") only the form is checked. False for what is not known, where ICU would
 * fall back silently, and for a tag that is malformed or longer than LOCALE_MAX_TAG. Thread-safe.
 */
bool locale_find(struct str tag, struct locale *out) MUST_CHECK;

#endif
