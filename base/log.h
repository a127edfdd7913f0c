/* SPDX-License-Identifier: Apache-2.0
 *
 * One line per event on standard error, in logfmt or as a JSON object, with the same keys:
 *
 *     time=2026-11-23T14:30:00.123Z level=info event=job.completed job=… rows=20000
 *     {"time":"2026-11-23T14:30:00.123Z","level":"info","event":"job.completed","job":"…","rows":20000}
 *
 * Libraries never log; edges log once. Never a secret, a token, a filter's value or a row. The
 * events and their keys are in docs/operating.md.
 *
 * Whatever a value holds, it stays one value of one line: it is quoted where it has to be, control
 * characters and what else could start a line are escaped, what is not UTF-8 becomes U+FFFD. A text
 * is cut at LOG_TEXT_MAX bytes and then ends with "…"; pairs that the line has no room for are left
 * out, and pairs_cut counts them.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

#include <stdarg.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_OFF };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum { LOG_TEXT_MAX = 512, LOG_LINE_MAX = 4096 };

/* The least level that is written, LOG_INFO at start, and how. Set once, before threads start. */
void log_set_level(enum log_level least);
void log_set_format(enum log_format format);

/* Writes one line, whole, in one write. `pairs` is "key=%s key=%d …" with one blank between two
 * pairs; a value is one conversion or more, and the text between them, as in "address=%s:%d". Known
 * are %s %.*s %d %u %zu %lld. A value that is one number is a number in JSON, all others are texts.
 * A pair whose text is empty is left out. Thread-safe. */
void log_event(enum log_level level, const char *event, const char *pairs, ...) PRINTF_LIKE(3, 4);

/* The same in steps, where some pairs are not always there. The line may live on the stack. */
struct log_line {
    char text[LOG_LINE_MAX];
    size_t len;
    unsigned pairs_cut;
    bool is_off; /* its level is not written */
};

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_add(struct log_line *line, const char *pairs, ...) PRINTF_LIKE(2, 3);
void log_add_list(struct log_line *line, const char *pairs, va_list values) PRINTF_LIKE(2, 0);
void log_end(struct log_line *line);

#endif
