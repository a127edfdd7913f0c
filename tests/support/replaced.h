/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are replaced as secret stores and editors do it: written beside, then moved over.
 */
#ifndef TESTS_SUPPORT_REPLACED_H
#define TESTS_SUPPORT_REPLACED_H

#include "base/defs.h"

/* The test fails if it cannot be done. */
void replace_file(const char *path, const void *bytes, size_t len);
void replace_file_by_text(const char *path, const char *text);

#endif
