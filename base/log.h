/* SPDX-License-Identifier: Apache-2.0
 *
 * One line per event on standard error, in logfmt:
 *
 *     time=2026-11-23T14:30:00.123Z level=info event=job.completed job=… rows=20000
 *
 * Libraries never log; edges log once. Never a secret, a token, a filter's value or a row.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_OFF };

/* The least level that is written; LOG_INFO at start. Set once, before threads start. */
void log_set_level(enum log_level least);

/* Writes one line, whole, in one write. `pairs` prints to "key=value key=value"; a value that is
 * not one word goes through log_quote. Thread-safe. */
void log_event(enum log_level level, const char *event, const char *pairs, ...) PRINTF_LIKE(3, 4);

enum { LOG_QUOTED_SIZE = 640 };

/* A text as a logfmt value: in quotes, with quotes, backslashes and control characters escaped, cut
 * if too long. Writes to and returns `out`. */
const char *log_quote(struct str text, char out[LOG_QUOTED_SIZE]);

#endif
