/* SPDX-License-Identifier: Apache-2.0
 *
 * See document.h. The stages are made from the last to the first, and finished from the first to
 * the last, for each hands its rest to the next.
 */
#include "export/document.h"

#include "base/mem.h"
#include "export/utf16.h"

struct document {
    struct compressor *compressor; /* or NULL */
    struct utf16 *utf16;           /* or NULL */
    struct writer *writer;
};

struct document *document_new(const struct format *format, const struct writer_options *look,
                              const struct document_options *options,
                              const struct column *const *columns, size_t column_count,
                              struct sink *sink)
{
    struct document *document = mem_new(struct document);
    if (options->compression != COMPRESS_NONE) {
        document->compressor = compressor_new(options->compression, sink);
        sink = compressor_sink(document->compressor);
    }
    if (options->is_utf16) {
        document->utf16 = utf16_new(sink);
        sink = utf16_sink(document->utf16);
    }
    document->writer = writer_new(format, look, columns, column_count, sink);
    return document;
}

bool document_rows(struct document *document, const struct batch *batch, struct err *err)
{
    return writer_rows(document->writer, batch, err);
}

bool document_finish(struct document *document, struct err *err)
{
    return writer_finish(document->writer, err) &&
           (!document->utf16 || utf16_finish(document->utf16, err)) &&
           (!document->compressor || compressor_finish(document->compressor, err));
}

const struct fidelity *document_fidelity(const struct document *document)
{
    return writer_fidelity(document->writer);
}

void document_free(struct document *document)
{
    if (!document)
        return;
    writer_free(document->writer);
    utf16_free(document->utf16);
    compressor_free(document->compressor);
    free(document);
}

struct str document_content_type(const struct format *format,
                                 const struct document_options *options)
{
    if (options->compression != COMPRESS_NONE)
        return str_of(compress_content_type(options->compression));
    if (options->is_utf16)
        return STR("text/csv; charset=utf-16le; header=present");
    return str_of(format->content_type);
}

struct str document_extension(const struct format *format, const struct document_options *options,
                              struct arena *arena)
{
    return arena_printf(arena, "%s%s", format->extension, compress_extension(options->compression));
}
