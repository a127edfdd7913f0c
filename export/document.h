/* SPDX-License-Identifier: Apache-2.0
 *
 * One export file, from rows to the bytes that are stored: a writer and the stages behind it, as
 * the job's options ask.
 *
 *     writer → [UTF-16] → [compressor] → sink
 *
 *     document_new → document_rows × n → document_finish → document_free
 *
 * The bytes depend on rows and options alone, not on how the rows are cut into batches. Memory is
 * constant. One thread at a time.
 */
#ifndef EXPORT_DOCUMENT_H
#define EXPORT_DOCUMENT_H

#include "base/arena.h"
#include "export/compress.h"
#include "export/writer.h"

/* What is done with the writer's bytes. The zero value: nothing. */
struct document_options {
    bool is_utf16; /* csv only: UTF-16LE with a byte order mark; the writer adds none of its own */
    enum compress compression;
};

struct document;

/* `format`, the options of the writer and the columns as for writer_new. `sink` outlives it. */
struct document *document_new(const struct format *format, const struct writer_options *look,
                              const struct document_options *options,
                              const struct column *const *columns, size_t column_count,
                              struct sink *sink);

bool document_rows(struct document *document, const struct batch *batch,
                   struct err *err) MUST_CHECK;

/* Ends every stage in its order; all bytes are in the sink then. Not after a failure. */
bool document_finish(struct document *document, struct err *err) MUST_CHECK;

/* The report so far. */
const struct fidelity *document_fidelity(const struct document *document);

/* At any point; flushes nothing. Accepts NULL. */
void document_free(struct document *document);

/* Of the file: a compressed one has the type of its compression. */
struct str document_content_type(const struct format *format,
                                 const struct document_options *options);

/* What follows the last dot of the file's name, or the last but one: "csv", "csv.gz", "xlsx.zst".
 * Lives in the arena. */
struct str document_extension(const struct format *format, const struct document_options *options,
                              struct arena *arena);

#endif
