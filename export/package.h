/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a small xlsx package: the one that libxlsxwriter made for workbook.c.
 */
#ifndef EXPORT_PACKAGE_H
#define EXPORT_PACKAGE_H

#include "export/workbook.h"

/* All parts, in the arena. False if the package or a part of it is not whole: its checksum, and the
 * XML from the declaration to the end tag of its root. */
bool package_read(const char *path, struct arena *arena, struct workbook_part **out,
                  size_t *out_count) MUST_CHECK;

#endif
