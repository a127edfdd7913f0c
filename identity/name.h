/* SPDX-License-Identifier: Apache-2.0
 *
 * What an owner may be called, whoever says so: a header, a token, a certificate.
 */
#ifndef IDENTITY_NAME_H
#define IDENTITY_NAME_H

#include "base/str.h"

enum { NAME_MAX_BYTES = 128 };

/* 1 to NAME_MAX_BYTES of valid UTF-8, without control characters of any kind: line ends and those
 * that turn the direction of text would make two owners look alike in a log. */
bool name_is_legal(struct str name);

#endif
