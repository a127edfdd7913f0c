/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for people, on standard output and standard error. Much of it comes from the server, and a
 * terminal obeys what it is told: control characters but the newline are shown as "?".
 */
#ifndef CLIENT_SCREEN_H
#define CLIENT_SCREEN_H

#include "base/buf.h"

/* Prints a result. */
void screen_print(const char *format, ...) PRINTF_LIKE(1, 2);

/* Prints one line that begins with "exportq: ", to standard error; adds the newline. */
void screen_tell(const char *format, ...) PRINTF_LIKE(1, 2);

/* Appends the text, made harmless. */
void screen_clean(struct buf *out, struct str text);

/* Writes out what was printed; false if some of it could not be, which is told, once. To be asked
 * before the program ends: a full disk must not look like a result. */
bool screen_flush(void);

#endif
