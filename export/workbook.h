/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of an xlsx package around its rows, made by libxlsxwriter: styles, properties,
 * relations, content types, the list of sheets, and what stands before and behind the rows of a
 * sheet (frozen header, column widths, autofilter). They are some 15 KB and hold no value of any
 * row.
 *
 * libxlsxwriter 1.1.4 tells nothing of a full disk under its temporary files: every part is looked
 * at before it is handed out.
 */
#ifndef EXPORT_WORKBOOK_H
#define EXPORT_WORKBOOK_H

#include "base/arena.h"
#include "base/err.h"

/* One style of all cells that need it; its index in the package is the value here. */
enum workbook_style {
    STYLE_PLAIN,
    STYLE_HEADER,
    STYLE_INTEGER,
    STYLE_DATE,
    STYLE_TIMESTAMP,
    STYLE_TIMESTAMP_MS, /* with thousandths */
    STYLE_TIME,
    STYLE_TIME_MS,
    STYLE_NUMBER,
    STYLE_COUNT
};

enum { WORKBOOK_SHEET_NAME_SIZE = 32, WORKBOOK_FORMAT_SIZE = 40, WORKBOOK_MAX_WIDTH = 60 };

struct workbook {
    struct str name; /* of its first sheet, and its title; made legal as it is used */
    int64_t created_ms;
    const char (*formats)[WORKBOOK_FORMAT_SIZE]; /* number formats of the styles from STYLE_INTEGER
                                                    on, STYLE_COUNT of all; no two are equal */
    const unsigned *widths;                      /* of the columns, in characters */
    size_t column_count;
    const int64_t *sheet_rows; /* of each sheet, with the header */
    size_t sheet_count;
};

struct workbook_part {
    struct str name; /* "xl/styles.xml" */
    struct str bytes;
};

struct workbook_parts {
    struct workbook_part *parts;
    size_t count;
    struct workbook_part sheet; /* the first sheet's, with no rows: `<sheetData/>` */
};

/* Makes all parts but the sheets, in the arena. Fails, as ERR_STORE_UNAVAILABLE, where there is no
 * room for them. Thread-safe. */
bool workbook_make(const struct workbook *workbook, struct arena *arena, struct workbook_parts *out,
                   struct err *err) MUST_CHECK;

/* The name of the sheet with this index: at most 31 characters, none of []:*?/\, no ' at an end,
 * not History; "trades", "trades (2)". */
void workbook_sheet_name(struct str name, size_t index, char out[WORKBOOK_SHEET_NAME_SIZE]);

#endif
