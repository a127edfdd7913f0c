/* SPDX-License-Identifier: Apache-2.0
 *
 * The cells of a sheet's XML, read by expat, which takes well-formed XML 1.0 and nothing else.
 */
#ifndef TESTS_FUZZ_FUZZ_XML_H
#define TESTS_FUZZ_FUZZ_XML_H

#include "base/buf.h"
#include "tests/fuzz/fuzz_input.h"

enum { XML_MAX_CELLS = 64, XML_SHORT = 16 };

struct fuzz_xml_cell {
    char reference[XML_SHORT]; /* "A1" */
    char type[XML_SHORT];      /* "inlineStr", "b" or "" */
    char style[XML_SHORT];
    bool keeps_space;
    struct buf text; /* of <t>, with its `_xHHHH_` taken back, or of <v> */
};

struct fuzz_xml {
    struct fuzz_xml_cell cells[XML_MAX_CELLS];
    size_t count;
    size_t row_count;
    bool is_text; /* within <t> or <v> */
};

/* Reads the XML of a sheet; its rows are numbered from 1 and its cells are within them. */
void fuzz_xml_read(struct fuzz_xml *xml, struct str text);
void fuzz_xml_done(struct fuzz_xml *xml);

#endif
