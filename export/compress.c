/* SPDX-License-Identifier: Apache-2.0
 *
 * See compress.h. The gzip half is deflate.h; this is the zstd half. The library gathers its input
 * into blocks of its own, so the sizes of the writes do not matter to it, as long as it never sees
 * the end together with the first input: it would take that for the whole and choose otherwise.
 */
#include "export/compress.h"

#include "base/mem.h"
#include "export/deflate.h"
#include "export/output.h"

#include <assert.h>
#include <zstd.h>

enum { ZSTD_LEVEL = 1, ZSTD_WINDOW_LOG = 21 };

struct compressor {
    struct deflate *deflate; /* gzip; else NULL, and the rest is zstd's */
    struct sink sink;
    struct output out;
    ZSTD_CCtx *zstd;
};

static const struct {
    const char *extension;
    const char *content_type;
} facts[] = {
    [COMPRESS_NONE] = {"", NULL},
    [COMPRESS_GZIP] = {".gz", "application/gzip"},
    [COMPRESS_ZSTD] = {".zst", "application/zstd"},
};

const char *compress_extension(enum compress how)
{
    return facts[how].extension;
}

const char *compress_content_type(enum compress how)
{
    return facts[how].content_type;
}

/* The library fails for want of memory, or because it was called wrongly. */
static size_t require(size_t status)
{
    if (!ZSTD_isError(status))
        return status;
    (void)fprintf(stderr, "exportq: libzstd failed: %s; stopping\n", ZSTD_getErrorName(status));
    abort();
}

/* What is left to be written out. */
static size_t zstd_step(struct compressor *compressor, ZSTD_inBuffer *in, ZSTD_EndDirective end)
{
    size_t room = 0;
    ZSTD_outBuffer out = {.dst = output_room(&compressor->out, &room)};
    out.size = room;
    size_t left = require(ZSTD_compressStream2(compressor->zstd, &out, in, end));
    output_commit(&compressor->out, out.pos);
    return left;
}

static bool zstd_write(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct compressor *compressor = CONTAINER_OF(sink, struct compressor, sink);
    ZSTD_inBuffer in = {bytes, len, 0};
    while (in.pos < in.size && !compressor->out.has_failed)
        zstd_step(compressor, &in, ZSTD_e_continue);
    return output_check(&compressor->out, err);
}

static bool zstd_finish(struct compressor *compressor, struct err *err)
{
    ZSTD_inBuffer none = {NULL, 0, 0};
    while (!compressor->out.has_failed && zstd_step(compressor, &none, ZSTD_e_end)) {
    }
    output_flush(&compressor->out);
    return output_check(&compressor->out, err);
}

static ZSTD_CCtx *zstd_new(void)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    if (!zstd) {
        (void)fprintf(stderr, "exportq: out of memory for libzstd; stopping\n");
        abort();
    }
    require(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
    require(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, ZSTD_WINDOW_LOG));
    require(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1));
    require(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0)); /* seldom known */
    return zstd;
}

struct compressor *compressor_new(enum compress how, struct sink *next)
{
    assert(how == COMPRESS_GZIP || how == COMPRESS_ZSTD);
    struct compressor *compressor = mem_new(struct compressor);
    if (how == COMPRESS_GZIP) {
        compressor->deflate = deflate_new(DEFLATE_GZIP, next);
        return compressor;
    }
    compressor->sink.write = zstd_write;
    output_init(&compressor->out, next);
    compressor->zstd = zstd_new();
    return compressor;
}

struct sink *compressor_sink(struct compressor *compressor)
{
    return compressor->deflate ? deflate_sink(compressor->deflate) : &compressor->sink;
}

bool compressor_finish(struct compressor *compressor, struct err *err)
{
    if (compressor->deflate)
        return deflate_finish(compressor->deflate, err);
    return zstd_finish(compressor, err);
}

void compressor_free(struct compressor *compressor)
{
    if (!compressor)
        return;
    deflate_free(compressor->deflate);
    output_done(&compressor->out);
    ZSTD_freeCCtx(compressor->zstd);
    free(compressor);
}
