/* SPDX-License-Identifier: Apache-2.0
 *
 * See locale.h. Both questions are asked of the plain locale with its keywords replaced by ours:
 * Latin digits, the Gregorian calendar.
 */
#include "export/locale.h"

#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

enum { ID_SIZE = 160, SYMBOL_SIZE = 8, PATTERN_SIZE = 64 };

/* Whether ICU took all of the text that it was to write into `size` bytes. */
static bool is_whole(UErrorCode status, int32_t len, int32_t size)
{
    return U_SUCCESS(status) && len < size;
}

/* ICU's name of the tag, without keywords: "de_DE". */
static bool read_tag(struct str tag, char out[ID_SIZE])
{
    if (!tag.len || tag.len > LOCALE_MAX_TAG || memchr(tag.ptr, '\0', tag.len))
        return false;
    char text[LOCALE_MAX_TAG + 1] = "";
    memcpy(text, tag.ptr, tag.len);
    char id[ID_SIZE] = "";
    int32_t parsed = 0;
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = uloc_forLanguageTag(text, id, ID_SIZE, &parsed, &status);
    if (!is_whole(status, len, ID_SIZE) || (size_t)parsed != tag.len)
        return false;
    len = uloc_getBaseName(id, out, ID_SIZE, &status);
    return is_whole(status, len, ID_SIZE);
}

static bool is_available(const char *id)
{
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        if (strcmp(uloc_getAvailable(i), id) == 0)
            return true;
    }
    return false;
}

/* Whether a language is written in a script if nothing else is said. */
static bool is_its_script(const char *language, const char *script)
{
    char likely[ID_SIZE] = "";
    char likely_script[ULOC_SCRIPT_CAPACITY] = "";
    UErrorCode status = U_ZERO_ERROR;
    (void)uloc_addLikelySubtags(language, likely, ID_SIZE, &status);
    (void)uloc_getScript(likely, likely_script, ULOC_SCRIPT_CAPACITY, &status);
    return U_SUCCESS(status) && strcmp(likely_script, script) == 0;
}

static bool is_known(const char *id)
{
    if (is_available(id))
        return true;
    char language[ULOC_LANG_CAPACITY] = "";
    char script[ULOC_SCRIPT_CAPACITY] = "";
    UErrorCode status = U_ZERO_ERROR;
    (void)uloc_getLanguage(id, language, ULOC_LANG_CAPACITY, &status);
    (void)uloc_getScript(id, script, ULOC_SCRIPT_CAPACITY, &status);
    if (U_FAILURE(status) || !language[0])
        return false;
    if (!script[0] || is_its_script(language, script))
        return is_available(language);
    char with_script[ULOC_LANG_CAPACITY + ULOC_SCRIPT_CAPACITY] = "";
    (void)snprintf(with_script, sizeof with_script, "%s_%s", language, script);
    return is_available(with_script);
}

/* All locales of CLDR 42 write a point or a comma; of one that does not, a file takes the point. */
static bool find_decimal(const char *id, char *out)
{
    char latin[ID_SIZE + sizeof "@numbers=latn"] = "";
    (void)snprintf(latin, sizeof latin, "%s@numbers=latn", id);
    UErrorCode status = U_ZERO_ERROR;
    UNumberFormat *format = unum_open(UNUM_DECIMAL, NULL, 0, latin, NULL, &status);
    if (U_FAILURE(status))
        return false;
    UChar symbol[SYMBOL_SIZE] = {0};
    int32_t len =
        unum_getSymbol(format, UNUM_DECIMAL_SEPARATOR_SYMBOL, symbol, SYMBOL_SIZE, &status);
    unum_close(format);
    *out = len == 1 && symbol[0] == u',' ? ',' : '.';
    return U_SUCCESS(status);
}

/* Spaces, and marks that say which way to write. */
static bool is_invisible(UChar c)
{
    return c == u' ' || c == 0x00A0 || c == 0x202F || c == 0x200E || c == 0x200F || c == 0x061C;
}

/* "dd. MM. y" as its fields "dMy" and what is between and behind them, "..". False if either is
 * more than `size` leaves room for. */
static bool split_pattern(const UChar *pattern, int32_t len, char fields[4], char between[4])
{
    size_t field_count = 0;
    size_t between_count = 0;
    for (int32_t i = 0; i < len; i++) {
        UChar c = pattern[i];
        if (is_invisible(c) || (i > 0 && c == pattern[i - 1] && c < 0x80 && c >= u'A'))
            continue;
        bool is_field = c == u'y' || c == u'M' || c == u'd';
        if (is_field ? field_count == 3 : between_count == 3)
            return false;
        if (is_field && between_count != field_count)
            return false; /* it begins with something, or two things are between */
        if (is_field) {
            fields[field_count++] = (char)c;
        } else {
            between[between_count++] = c < 0x80 ? (char)c : '?';
        }
    }
    return true;
}

/* The order and separator of a pattern of ICU; false if it is not as plain as that. */
static bool read_pattern(const UChar *pattern, int32_t len, struct locale *out)
{
    static const char *const orders[] = {
        [DATE_YMD] = "yMd", [DATE_DMY] = "dMy", [DATE_MDY] = "Mdy", [DATE_YDM] = "ydM"};
    char fields[4] = "";
    char between[4] = "";
    if (!split_pattern(pattern, len, fields, between))
        return false;
    char separator = between[0];
    if (strlen(between) != 2 || between[1] != separator || !strchr("./-", separator))
        return false;
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (strcmp(fields, orders[i]) == 0) {
            out->order = (enum date_order)i;
            out->date_separator = separator;
            return true;
        }
    }
    return false;
}

static bool find_dates(const char *id, struct locale *out)
{
    char gregorian[ID_SIZE + sizeof "@calendar=gregorian"] = "";
    (void)snprintf(gregorian, sizeof gregorian, "%s@calendar=gregorian", id);
    UErrorCode status = U_ZERO_ERROR;
    UDateTimePatternGenerator *generator = udatpg_open(gregorian, &status);
    if (U_FAILURE(status))
        return false;
    static const UChar skeleton[] = u"yMMdd";
    UChar pattern[PATTERN_SIZE] = {0};
    int32_t len = udatpg_getBestPattern(generator, skeleton, (int32_t)COUNT_OF(skeleton) - 1,
                                        pattern, PATTERN_SIZE, &status);
    udatpg_close(generator);
    if (U_FAILURE(status))
        return false;
    if (!read_pattern(pattern, len, out)) {
        out->order = DATE_YMD;
        out->date_separator = '-';
    }
    return true;
}

bool locale_find(struct str tag, struct locale *out)
{
    char id[ID_SIZE] = "";
    struct locale locale = {0};
    if (!read_tag(tag, id) || !is_known(id) || !find_decimal(id, &locale.decimal) ||
        !find_dates(id, &locale))
        return false;
    *out = locale;
    return true;
}
