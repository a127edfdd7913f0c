/* SPDX-License-Identifier: Apache-2.0
 *
 * See screen.h.
 */
#include "client/screen.h"

#include <errno.h>
#include <stdarg.h>

enum { MAX_BYTES = 1 << 20 };

static bool is_control(unsigned char c)
{
    return (c < ' ' && c != '\n') || c == 0x7F;
}

/* U+0080 to U+009F: terminals obey these too. */
static bool is_late_control(struct str text, size_t at)
{
    return (unsigned char)text.ptr[at] == 0xC2 && at + 1 < text.len &&
           (unsigned char)text.ptr[at + 1] < 0xA0;
}

void screen_clean(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_late_control(text, i)) {
            buf_add_char(out, '?');
            i++;
        } else {
            buf_add_char(out, is_control((unsigned char)text.ptr[i]) ? '?' : text.ptr[i]);
        }
    }
}

/* A line gets its beginning and its end, and has no newline in between. */
static PRINTF_LIKE(3, 0) void print(FILE *file, bool is_line, const char *format, va_list values)
{
    char *text = NULL;
    struct buf clean CLEANUP(buf_done);
    buf_init(&clean, MAX_BYTES);
    int len = vasprintf(&text, format, values);
    if (len < 0)
        abort(); /* out of memory, as in base/mem.h */
    screen_clean(&clean, (struct str){text, (size_t)len});
    for (size_t i = 0; is_line && i < clean.len; i++)
        if (clean.ptr[i] == '\n')
            clean.ptr[i] = ' ';
    (void)fprintf(file, is_line ? "exportq: %.*s\n" : "%.*s", STR_ARG(buf_str(&clean)));
    free(text);
}

void screen_print(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print(stdout, false, format, values);
    va_end(values);
}

void screen_tell(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print(stderr, true, format, values);
    va_end(values);
}

bool screen_flush(void)
{
    int error = fflush(stdout) == 0 ? 0 : errno;
    if (!error && !ferror(stdout))
        return true;
    screen_tell("standard output could not be written%s%s", error ? ": " : "",
                error ? strerrordesc_np(error) : ""); /* an earlier flush kept why to itself */
    clearerr(stdout);
    return false;
}
