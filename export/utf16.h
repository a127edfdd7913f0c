/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 into UTF-16LE behind a byte order mark, while writing: a sink over a sink. Spreadsheets
 * open such a csv file by double click in every locale; an empty one has the mark too.
 *
 *     utf16_new → sink_write(utf16_sink) × n → utf16_finish → utf16_free
 *
 * What comes in is valid UTF-8, as the text of all cells is, but may be cut anywhere between two
 * writes. Memory is one block. An error of the next sink is passed on unchanged, and the next sink
 * is not called again: each later call tells the same error. One thread at a time.
 */
#ifndef EXPORT_UTF16_H
#define EXPORT_UTF16_H

#include "base/sink.h"

struct utf16;

/* `next` outlives it. */
struct utf16 *utf16_new(struct sink *next);

/* Where the UTF-8 goes. */
struct sink *utf16_sink(struct utf16 *utf16);

/* Hands the rest to the next sink. */
bool utf16_finish(struct utf16 *utf16, struct err *err) MUST_CHECK;

/* At any point; flushes nothing. Accepts NULL. */
void utf16_free(struct utf16 *utf16);

#endif
