/* SPDX-License-Identifier: Apache-2.0
 *
 * A file compressed while it is written: a sink over a sink. The result is one gzip member or one
 * zstd frame, with a checksum and nothing after it, so that `gunzip` or `zstd -d` gives the file as
 * it would be without compression. The one door to libzstd.
 *
 *     compressor_new → sink_write(compressor_sink) × n → compressor_finish → compressor_free
 *
 * The bytes depend on the input alone, not on the sizes of the writes (for gzip, of which CPU:
 * deflate.h). Memory is constant, 0.6 MB for gzip and some 4 MB for zstd, whose window is 2 MB.
 * An error of the next sink is passed on unchanged, and the next sink is not called again: each
 * later call tells the same error. One thread at a time.
 */
#ifndef EXPORT_COMPRESS_H
#define EXPORT_COMPRESS_H

#include "base/sink.h"

enum compress { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_ZSTD };

/* What a file's name gets at its end: "", ".gz", ".zst". */
const char *compress_extension(enum compress how);

/* "application/gzip", "application/zstd"; NULL for none: the content's own type stays. */
const char *compress_content_type(enum compress how);

struct compressor;

/* Not for COMPRESS_NONE. `next` outlives it. */
struct compressor *compressor_new(enum compress how, struct sink *next);

/* Where the bytes to be compressed go. */
struct sink *compressor_sink(struct compressor *compressor);

/* Ends the member or frame and hands all of it to the next sink. */
bool compressor_finish(struct compressor *compressor, struct err *err) MUST_CHECK;

/* At any point; flushes nothing. Accepts NULL. */
void compressor_free(struct compressor *compressor);

#endif
