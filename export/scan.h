/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the next byte of a text that a format must treat specially: a control character it chose,
 * or one of two others (a quote and a delimiter, or a backslash). Text is looked at eight bytes at
 * a time, for most of it is plain.
 */
#ifndef EXPORT_SCAN_H
#define EXPORT_SCAN_H

#include "base/str.h"

struct scan {
    uint64_t first; /* a byte, eight times */
    uint64_t second;
    bool is_special[256];
};

/* Looks for `first`, `second` and the characters in `controls` (all below U+0020). */
void scan_init(struct scan *scan, char first, char second, struct str controls);

/* Index of the first special byte, or text.len. */
size_t scan_plain(const struct scan *scan, struct str text);

#endif
