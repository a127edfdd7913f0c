/* SPDX-License-Identifier: Apache-2.0
 *
 * See writer.h. The table of formats, and what all of them have in common.
 */
#include "export/writer.h"

#include <assert.h>

const struct format *const formats[] = {&format_csv, &format_json, &format_ndjson, &format_xlsx};
const size_t format_count = COUNT_OF(formats);

const struct format *format_find(struct str name)
{
    if (str_is_empty(name))
        return formats[0];
    for (size_t i = 0; i < format_count; i++) {
        if (str_equal(name, str_of(formats[i]->name)))
            return formats[i];
    }
    return NULL;
}

struct writer_options writer_options_default(void)
{
    return (struct writer_options){.delimiter = ',',
                                   .has_formula_guard = true,
                                   .places = WRITER_ALL_PLACES,
                                   .sheet_name = STR("export")};
}

bool writer_delimiter_is_legal(char delimiter)
{
    bool is_letter =
        (delimiter >= 'A' && delimiter <= 'Z') || (delimiter >= 'a' && delimiter <= 'z');
    bool is_digit = delimiter >= '0' && delimiter <= '9';
    bool is_ascii = (unsigned char)delimiter < 0x80;
    return is_ascii && !is_letter && !is_digit && !memchr("\"\r\n ", delimiter, sizeof "\"\r\n ");
}

bool writer_null_text_is_legal(struct str null_text, char delimiter)
{
    for (size_t i = 0; i < null_text.len; i++) {
        char c = null_text.ptr[i];
        if ((unsigned char)c < ' ' || c == '"' || c == delimiter)
            return false;
    }
    return null_text.len <= WRITER_MAX_NULL_TEXT && !str_equal(null_text, STR("\\.")) &&
           str_trim(null_text).len == null_text.len;
}

struct writer *writer_new(const struct format *format, const struct writer_options *options,
                          const struct column *const *columns, size_t column_count,
                          struct sink *sink)
{
    assert(column_count > 0);
    assert(writer_delimiter_is_legal(options->delimiter));
    assert(writer_null_text_is_legal(options->null_text, options->delimiter));
    return format->new_writer(options, columns, column_count, sink);
}

static bool tell_failure(const struct writer *writer, struct err *err)
{
    *err = writer->failure;
    return false;
}

/* A failure stays. */
static bool keep_failure(struct writer *writer, bool is_good, const struct err *err)
{
    writer->has_failed = !is_good;
    if (!is_good)
        writer->failure = *err;
    return is_good;
}

bool writer_rows(struct writer *writer, const struct batch *batch, struct err *err)
{
    if (writer->has_failed)
        return tell_failure(writer, err);
    writer->fidelity.text_replaced += batch->text_replaced;
    return keep_failure(writer, writer->ops->rows(writer, batch, err), err);
}

bool writer_finish(struct writer *writer, struct err *err)
{
    if (writer->has_failed)
        return tell_failure(writer, err);
    return keep_failure(writer, writer->ops->finish(writer, err), err);
}

const struct fidelity *writer_fidelity(const struct writer *writer)
{
    return &writer->fidelity;
}

void writer_free(struct writer *writer)
{
    if (writer)
        writer->ops->free(writer);
}
