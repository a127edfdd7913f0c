/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a text is JSON. A json column is written into json files as it is, so one damaged value
 * would damage the whole file.
 */
#ifndef EXPORT_JSON_CHECK_H
#define EXPORT_JSON_CHECK_H

#include "base/str.h"

enum { JSON_MAX_DEPTH = 1024 };

/* One JSON value (RFC 8259) with blanks around it, nested at most JSON_MAX_DEPTH deep. The text
 * must be UTF-8. */
bool json_is_valid(struct str text) MUST_CHECK;

#endif
