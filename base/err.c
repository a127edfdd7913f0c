/* SPDX-License-Identifier: Apache-2.0
 *
 * See err.h. One table tells what there is to know of each code.
 */
#include "base/err.h"

#include "base/utf8.h"

#include <stdarg.h>

static const struct {
    const char *name;
    bool is_retryable;
} codes[ERR_CODE_COUNT] = {
    [ERR_NONE] = {"NONE", false},
    [ERR_INVALID] = {"INVALID", false},
    [ERR_UNAUTHENTICATED] = {"UNAUTHENTICATED", false},
    [ERR_DENIED] = {"DENIED", false},
    [ERR_NOT_FOUND] = {"NOT_FOUND", false},
    [ERR_LIMIT] = {"LIMIT", false},
    [ERR_NOT_READY] = {"NOT_READY", false},
    [ERR_WRONG_STATE] = {"WRONG_STATE", false},
    [ERR_USED] = {"USED", false},
    [ERR_EXPIRED] = {"EXPIRED", false},
    [ERR_BUSY] = {"BUSY", false},
    [ERR_EXISTS] = {"EXISTS", false},
    [ERR_TOO_LARGE] = {"TOO_LARGE", false},
    [ERR_CANCELLED] = {"CANCELLED", false},
    [ERR_DEADLINE] = {"DEADLINE", false},
    [ERR_UNAVAILABLE] = {"UNAVAILABLE", true},
    [ERR_UNIMPLEMENTED] = {"UNIMPLEMENTED", false},
    [ERR_INTERNAL] = {"INTERNAL", true},
    [ERR_SOURCE_UNAVAILABLE] = {"SOURCE_UNAVAILABLE", true},
    [ERR_SOURCE_CONFLICT] = {"SOURCE_CONFLICT", true},
    [ERR_SOURCE_SCHEMA] = {"SOURCE_SCHEMA", false},
    [ERR_SOURCE_DATA] = {"SOURCE_DATA", false},
    [ERR_SOURCE_DENIED] = {"SOURCE_DENIED", false},
    [ERR_GUARD_RAIL] = {"GUARD_RAIL", false},
    [ERR_FORMAT_LIMIT] = {"FORMAT_LIMIT", false},
    [ERR_STORE_UNAVAILABLE] = {"STORE_UNAVAILABLE", true},
    [ERR_STORE_DENIED] = {"STORE_DENIED", false},
    [ERR_WORKER_LOST] = {"WORKER_LOST", true},
};

/* vsnprintf may cut a text in the middle of a character; give back only whole ones. */
static void cut_to_whole_characters(char *text)
{
    text[utf8_valid_prefix(text, strlen(text))] = '\0';
}

static void set(struct err *err, enum err_code code, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

static void set(struct err *err, enum err_code code, const char *format, va_list values)
{
    struct err told = {.code = code};
    (void)vsnprintf(told.text, sizeof told.text, format, values);
    cut_to_whole_characters(told.text);
    *err = told;
}

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    set(err, code, format, values);
    va_end(values);
    return false;
}

bool err_set_field(struct err *err, const char *field, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    set(err, ERR_INVALID, format, values);
    va_end(values);
    (void)snprintf(err->field, sizeof err->field, "%s", field);
    cut_to_whole_characters(err->field);
    return false;
}

bool err_retry_after(struct err *err, int64_t retry_after_ms)
{
    err->retry_after_ms = retry_after_ms;
    return false;
}

const char *err_code_name(enum err_code code)
{
    return codes[code].name;
}

enum err_code err_code_from_name(const char *name)
{
    for (int code = 0; code < ERR_CODE_COUNT; code++)
        if (strcmp(codes[code].name, name) == 0)
            return (enum err_code)code;
    return ERR_INTERNAL;
}

bool err_code_is_retryable(enum err_code code)
{
    return codes[code].is_retryable;
}
