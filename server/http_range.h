/* SPDX-License-Identifier: Apache-2.0
 *
 * Range and conditions of a download: RFC 9110, 13 and 14.
 */
#ifndef SERVER_HTTP_RANGE_H
#define SERVER_HTTP_RANGE_H

#include "base/str.h"

struct http_range {
    int64_t first;
    int64_t last; /* inclusive */
};

enum http_range_kind {
    RANGE_ALL,   /* none was asked, or what is to be ignored: several, another unit, nonsense */
    RANGE_PART,  /* *out, within the file */
    RANGE_NEVER, /* beyond the file: 416 */
};

/* The value of a Range field for a file of `size` bytes. */
enum http_range_kind http_range_read(struct str field, int64_t size, struct http_range *out);

/* Whether an entity tag is among those of an If-None-Match field, or that is "*". */
bool http_range_has_tag(struct str field, struct str tag);

#endif
