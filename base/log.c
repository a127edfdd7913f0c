/* SPDX-License-Identifier: Apache-2.0
 *
 * See log.h.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/calendar.h"
#include "base/clock.h"

#include <stdarg.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, PAIRS_MAX_BYTES = 3072 };

static enum log_level least_level = LOG_INFO;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning",
    [LOG_ERROR] = "error", [LOG_OFF] = "off",
};

void log_set_level(enum log_level least)
{
    least_level = least;
}

void log_event(enum log_level level, const char *event, const char *pairs, ...)
{
    if (level < least_level || least_level == LOG_OFF)
        return;
    char time[CALENDAR_TEXT_SIZE];
    calendar_format_timestamp(clock_now_ms(&clock_system) * 1000, time);
    char values[PAIRS_MAX_BYTES];
    va_list list;
    va_start(list, pairs);
    (void)vsnprintf(values, sizeof values, pairs, list);
    va_end(list);
    char line[LINE_MAX_BYTES];
    int len = snprintf(line, sizeof line, "time=%s level=%s event=%s%s%s\n", time,
                       level_names[level], event, values[0] ? " " : "", values);
    /* Nobody can be told that the log cannot be written. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)len);
    (void)written;
}

const char *log_quote(struct str text, char out[LOG_QUOTED_SIZE])
{
    size_t at = 0;
    out[at++] = '"';
    for (size_t i = 0; i < text.len && at + 8 < LOG_QUOTED_SIZE; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            out[at++] = '\\';
            out[at++] = (char)c;
        } else if (c < 0x20 || c == 0x7F) {
            at += (size_t)snprintf(out + at, LOG_QUOTED_SIZE - at, "\\x%02x", c);
        } else {
            out[at++] = (char)c;
        }
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}
