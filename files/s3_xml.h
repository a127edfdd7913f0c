/* SPDX-License-Identifier: Apache-2.0
 *
 * What an object store says in XML, taken apart: the one door to expat. Whatever the server sends,
 * nothing grows: texts are cut off at a size, depth is bounded, a DOCTYPE ends the reading.
 */
#ifndef FILES_S3_XML_H
#define FILES_S3_XML_H

#include "base/str.h"

enum { S3_XML_MAX_TEXT = 1024, S3_XML_MAX_DEPTH = 16 };

/* An element that has ended, with the text in it; its parent's name is "" at the root. */
struct s3_xml_element {
    const char *parent;
    const char *name;
    struct str text; /* longer ones are cut at S3_XML_MAX_TEXT */
};

/* Calls `take` for each element, in the order in which they end; blanks before the document do not
 * count. False: not well-formed, or beyond a bound. */
bool s3_xml_read(struct str document,
                 void (*take)(void *target, const struct s3_xml_element *element),
                 void *target) MUST_CHECK;

/* Takes the text of one element: all that is asked of most documents. False if it is not there, is
 * empty or does not fit. */
bool s3_xml_find(struct str document, const char *parent, const char *name, char *out,
                 size_t size) MUST_CHECK;

#endif
