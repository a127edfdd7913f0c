/* SPDX-License-Identifier: Apache-2.0
 *
 * See presentation.h.
 */
#include "worker/presentation.h"

#include "base/utf8.h"
#include "export/formula.h"
#include "export/locale.h"
#include "export/zone.h"

enum { SHOWN_BYTES = 60 };

static bool take_locale(struct str tag, struct arena *arena, struct writer_options *out,
                        struct err *err)
{
    if (str_is_empty(tag))
        return true;
    struct locale *locale = arena_alloc(arena, sizeof *locale);
    if (!locale_find(tag, locale))
        return err_set_field(err, "presentation.locale",
                             "unknown locale \"%.*s\"; give a BCP 47 tag such as \"de-DE\"",
                             STR_ARG(utf8_cut(tag, SHOWN_BYTES)));
    out->locale = locale;
    if (locale->decimal == ',')
        out->delimiter = ';';
    return true;
}

static bool check_zone(struct str name, struct err *err)
{
    return str_is_empty(name) || zone_is_known(name) ||
           err_set_field(err, "presentation.time_zone",
                         "unknown time zone \"%.*s\"; give a name of the IANA database such as "
                         "\"Europe/Berlin\", or \"UTC\"",
                         STR_ARG(utf8_cut(name, SHOWN_BYTES)));
}

static bool take_delimiter(char delimiter, struct writer_options *out, struct err *err)
{
    if (!delimiter)
        return true;
    out->delimiter = delimiter;
    return writer_delimiter_is_legal(delimiter) ||
           err_set_field(
               err, "presentation.delimiter",
               "the delimiter must be one ASCII character that is no letter, digit, quote, "
               "space or line break; \",\" \";\" \"|\" and a tab are usual");
}

static bool take_null_text(struct str text, struct writer_options *out, struct err *err)
{
    static const char field[] = "presentation.null_text";
    if (text.len > WRITER_MAX_NULL_TEXT)
        return err_set_field(err, field, "the text for null has %zu bytes; at most %d are accepted",
                             text.len, WRITER_MAX_NULL_TEXT);
    if (utf8_valid_prefix(text.ptr, text.len) != text.len ||
        !writer_null_text_is_legal(text, out->delimiter))
        return err_set_field(
            err, field,
            "the text for null must be UTF-8 without the delimiter, quotes, control "
            "characters, and spaces at its ends; \"NULL\" and \"\\N\" are usual");
    if (out->has_formula_guard && formula_is_suspected(text))
        return err_set_field(
            err, field,
            "the text for null begins like a formula (= + - @), which a spreadsheet "
            "may run; choose another, or switch the formula guard off");
    out->null_text = text;
    return true;
}

static bool take_places(const struct job_presentation *asked, struct writer_options *out,
                        struct err *err)
{
    if (!asked->has_places)
        return true;
    out->places = asked->places;
    return (asked->places >= 0 && asked->places <= WRITER_MAX_PLACES) ||
           err_set_field(
               err, "presentation.places",
               "numbers with %d digits after the point are asked for; 0 to %d are accepted",
               asked->places, WRITER_MAX_PLACES);
}

/* The job may have been accepted by a server that is newer than this worker. */
static bool take_compression(enum job_compression asked, struct document_options *out,
                             struct err *err)
{
    switch (asked) {
    case COMPRESSION_NONE:
        out->compression = COMPRESS_NONE;
        return true;
    case COMPRESSION_GZIP:
        out->compression = COMPRESS_GZIP;
        return true;
    case COMPRESSION_ZSTD:
        out->compression = COMPRESS_ZSTD;
        return true;
    }
    return err_set(
        err, ERR_UNIMPLEMENTED,
        "presentation.compression: this worker does not know what is asked for; bring it "
        "up to the server's version");
}

bool presentation_make(const struct job_presentation *asked, const struct format *format,
                       struct arena *arena, struct presentation *out, struct err *err)
{
    bool is_for_excel = asked->dialect == DIALECT_EXCEL;
    struct presentation made = {
        .writer = writer_options_default(),
        .document = {.is_utf16 = is_for_excel && format == &format_csv},
        .time_zone = asked->time_zone,
    };
    struct writer_options *writer = &made.writer;
    writer->has_bom = asked->has_bom && !is_for_excel; /* UTF-16 has its own */
    writer->has_crlf =
        asked->newline == NEWLINE_CRLF || (asked->newline == NEWLINE_UNSAID && is_for_excel);
    writer->has_formula_guard = !asked->is_unguarded;
    writer->has_exact_numbers_text = asked->has_exact_numbers_text;
    writer->has_titles = asked->has_titles;
    writer->has_bare_times = is_for_excel;
    if (!take_compression(asked->compression, &made.document, err) ||
        !take_locale(asked->locale, arena, writer, err) || !check_zone(asked->time_zone, err))
        return false;
    if (is_for_excel)
        writer->delimiter = '\t';
    if (!take_delimiter(asked->delimiter, writer, err) ||
        !take_null_text(asked->null_text, writer, err) || !take_places(asked, writer, err))
        return false;
    *out = made;
    return true;
}
