/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes a zip package in one pass: what is added to a member is deflated and handed to the sink at
 * once; its sizes follow behind it in a data descriptor, as APPNOTE.TXT 4.3.9 has it. Nothing is
 * held but a line per member. Times are 1980-01-01, so that the same members are the same bytes.
 *
 *     zip_new → (zip_begin → zip_member × n → zip_end | zip_add) × m → zip_finish → zip_free
 *
 * A package over 4 GiB gets the zip64 records of APPNOTE.TXT 4.3.14, and only such a one: Excel is
 * particular in both directions. A single member is limited to ZIP_MAX_MEMBER. One thread at a
 * time; after a failure only zip_free.
 */
#ifndef EXPORT_ZIP_H
#define EXPORT_ZIP_H

#include "base/sink.h"
#include "base/str.h"

#define ZIP_MAX_MEMBER INT64_C(0xFFFFFFFE)

struct zip;

/* `begin` is where in its file the sink stands; 0 for a new file. */
struct zip *zip_new(struct sink *sink, uint64_t begin);
void zip_free(struct zip *zip);

/* Starts a member; its name is ASCII and is copied. */
bool zip_begin(struct zip *zip, struct str name, struct err *err) MUST_CHECK;

/* Takes the bytes of the member that was begun. */
struct sink *zip_member(struct zip *zip);

/* How many bytes the open member was given so far. */
int64_t zip_member_size(const struct zip *zip);

/* Ends the member. ERR_FORMAT_LIMIT if it is too large. */
bool zip_end(struct zip *zip, struct err *err) MUST_CHECK;

/* A whole member at once. */
bool zip_add(struct zip *zip, struct str name, struct str bytes, struct err *err) MUST_CHECK;

/* Writes the directory, which ends the package. */
bool zip_finish(struct zip *zip, struct err *err) MUST_CHECK;

#endif
