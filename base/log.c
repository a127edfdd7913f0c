/* SPDX-License-Identifier: Apache-2.0
 *
 * See log.h. The format of the pairs is read here and not by printf, so that each value is known by
 * its kind and comes to one place that escapes it. Quoted texts are JSON's in both formats.
 */
#include "base/log.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

enum { END_ROOM = 32, NUMBER_SIZE = 24, ESCAPE_SIZE = 8 };

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_LOGFMT;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning",
    [LOG_ERROR] = "error", [LOG_OFF] = "off",
};

void log_set_level(enum log_level least)
{
    least_level = least;
}

void log_set_format(enum log_format format)
{
    line_format = format;
}

/* ---- Writing a pair ---- */

/* False, and nothing was put, if there is no room. */
static bool put(struct log_line *line, const char *bytes, size_t len)
{
    if (len > sizeof line->text - END_ROOM - line->len)
        return false;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
    return true;
}

static bool put_text(struct log_line *line, const char *text)
{
    return put(line, text, strlen(text));
}

static bool put_character(struct log_line *line, unsigned character, const char *bytes, size_t len)
{
    char escape[ESCAPE_SIZE];
    if (character == '"' || character == '\\')
        (void)snprintf(escape, sizeof escape, "\\%c", (int)character);
    else if (utf8_is_control(character)) /* all are below U+10000 */
        (void)snprintf(escape, sizeof escape, "\\u%04x", character);
    else
        return put(line, bytes, len);
    return put_text(line, escape);
}

static bool put_quoted(struct log_line *line, struct str text)
{
    bool is_ok = put_text(line, "\"");
    size_t valid = 0; /* until there the text is known to be UTF-8 */
    for (size_t at = 0, len = 0; is_ok && at < text.len; at += len) {
        const char *bytes = text.ptr + at;
        if (at == valid)
            valid += utf8_valid_prefix(bytes, text.len - at);
        if (at < valid) {
            unsigned character = utf8_first(bytes, &len);
            is_ok = put_character(line, character, bytes, len);
        } else {
            len = utf8_invalid_length(bytes, text.len - at);
            valid = at + len;
            is_ok = put_text(line, "\uFFFD");
        }
    }
    return is_ok && put_text(line, "\"");
}

/* Whether a text is one word of logfmt as it is. */
static bool is_word(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return text.len > 0;
}

struct value {
    char text[LOG_TEXT_MAX + sizeof "…"];
    size_t len;
    bool is_number;
    bool is_cut;
};

static bool put_pair(struct log_line *line, struct str key, const struct value *value)
{
    bool is_json = line_format == LOG_JSON;
    struct str text = {value->text, value->len};
    const char *before = is_json ? line->len > 1 ? ",\"" : "\"" : line->len ? " " : "";
    if (!put_text(line, before) || !put(line, key.ptr, key.len) ||
        !put_text(line, is_json ? "\":" : "="))
        return false;
    if (value->is_number || (!is_json && is_word(text)))
        return put(line, text.ptr, text.len);
    return put_quoted(line, text);
}

static void add_pair(struct log_line *line, struct str key, const struct value *value)
{
    size_t len = line->len;
    if (value->len == 0 || put_pair(line, key, value))
        return;
    line->len = len;
    line->pairs_cut++;
}

/* ---- Reading the format ---- */

/* Adds to a value what it has room for, and so that it ends with a whole character. */
static void append(struct value *value, const char *text, size_t len)
{
    if (value->is_cut)
        return;
    if (len > LOG_TEXT_MAX - value->len) {
        len = LOG_TEXT_MAX - value->len;
        while (len && ((unsigned char)text[len] & 0xC0U) == 0x80)
            len--;
        value->is_cut = true;
    }
    memcpy(value->text + value->len, text, len);
    value->len += len;
    if (value->is_cut) {
        memcpy(value->text + value->len, "…", strlen("…"));
        value->len += strlen("…");
    }
}

static void append_text(struct value *value, const char *text, size_t most)
{
    if (text)
        append(value, text, strnlen(text, most));
}

/* So that a list of values can be handed on by its address. */
struct values {
    va_list list;
};

static void append_number(struct value *value, struct values *values, const char *kind)
{
    char digits[NUMBER_SIZE];
    if (strcmp(kind, "d") == 0)
        (void)snprintf(digits, sizeof digits, "%d", va_arg(values->list, int));
    else if (strcmp(kind, "u") == 0)
        (void)snprintf(digits, sizeof digits, "%u", va_arg(values->list, unsigned));
    else if (strcmp(kind, "zu") == 0)
        (void)snprintf(digits, sizeof digits, "%zu", va_arg(values->list, size_t));
    else
        (void)snprintf(digits, sizeof digits, "%lld", va_arg(values->list, long long));
    append(value, digits, strlen(digits));
}

/* Takes the conversion at `at`, behind its '%'; gives where it ends. */
static const char *convert(struct value *value, const char *at, struct values *values)
{
    static const char *const numbers[] = {"d", "u", "zu", "lld"};
    if (*at == 's') {
        append_text(value, va_arg(values->list, const char *), LOG_TEXT_MAX + 1);
        return at + 1;
    }
    if (strncmp(at, ".*s", 3) == 0) {
        int len = va_arg(values->list, int);
        append_text(value, va_arg(values->list, const char *), (size_t)len);
        return at + 3;
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (str_starts_with(str_of(at), str_of(numbers[i]))) {
            append_number(value, values, numbers[i]);
            return at + strlen(numbers[i]);
        }
    assert(false); /* a conversion that log.h does not name */
    return at;
}

/* Reads "key=value" up to the next blank; gives where that is. */
static const char *take_pair(struct log_line *line, const char *at, struct values *values)
{
    struct value value = {.len = 0};
    struct str key = {at, strcspn(at, "=% ")};
    at += key.len;
    at += *at == '=';
    unsigned parts = 0;
    unsigned numbers = 0;
    for (; *at && *at != ' '; parts++) {
        size_t literal = strcspn(at, "% ");
        append(&value, at, literal);
        at += literal;
        if (literal || *at != '%')
            continue;
        numbers += at[1] != 's' && at[1] != '.';
        at = convert(&value, at + 1, values);
    }
    value.is_number = parts == 1 && numbers == 1;
    add_pair(line, key, &value);
    return at;
}

void log_add_list(struct log_line *line, const char *pairs, va_list list)
{
    struct values values;
    if (line->is_off)
        return;
    va_copy(values.list, list);
    while (*pairs) {
        pairs = take_pair(line, pairs, &values);
        pairs += *pairs == ' ';
    }
    va_end(values.list);
}

/* ---- A line ---- */

void log_add(struct log_line *line, const char *pairs, ...)
{
    va_list list;
    va_start(list, pairs);
    log_add_list(line, pairs, list);
    va_end(list);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    char time[CALENDAR_TEXT_SIZE];
    line->is_off = level < least_level || least_level == LOG_OFF;
    line->len = 0;
    line->pairs_cut = 0;
    if (line->is_off)
        return;
    if (line_format == LOG_JSON)
        (void)put_text(line, "{");
    calendar_format_timestamp(clock_now_ms(&clock_system) * 1000, time);
    log_add(line, "time=%s level=%s event=%s", time, level_names[level], event);
}

void log_end(struct log_line *line)
{
    if (line->is_off)
        return;
    bool is_json = line_format == LOG_JSON;
    char *end = line->text + line->len;
    char *const last = line->text + sizeof line->text;
    if (line->pairs_cut)
        end += snprintf(end, (size_t)(last - end), is_json ? ",\"pairs_cut\":%u" : " pairs_cut=%u",
                        line->pairs_cut);
    end += snprintf(end, (size_t)(last - end), is_json ? "}\n" : "\n");
    /* Nobody can be told that the log cannot be written. */
    ssize_t written = write(STDERR_FILENO, line->text, (size_t)(end - line->text));
    (void)written;
}

void log_event(enum log_level level, const char *event, const char *pairs, ...)
{
    struct log_line line;
    va_list list;
    log_begin(&line, level, event);
    va_start(list, pairs);
    log_add_list(&line, pairs, list);
    va_end(list);
    log_end(&line);
}
