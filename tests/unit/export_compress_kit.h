/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of compressed files share: inputs of all kinds, writing them in pieces, and
 * reading back by the libraries that everybody else uses.
 */
#ifndef TESTS_UNIT_EXPORT_COMPRESS_KIT_H
#define TESTS_UNIT_EXPORT_COMPRESS_KIT_H

#include <zlib.h> /* first: it has a macro OF of its own */
#include <zstd.h>

#undef OF
#include "export/compress.h"
#include "tests/unit/export_writer_kit.h"

enum { KIT_RAW_WINDOW = -15, KIT_GZIP_WINDOW = 31, KIT_PIECE = 64 << 10 };

/* The whole stream inflated; exactly one, with nothing after it. `window` is zlib's. */
static inline void kit_inflate(struct str in, int window, struct buf *out)
{
    z_stream stream = {.next_in = (Bytef *)in.ptr, .avail_in = (uInt)in.len};
    assert_int_equal(inflateInit2(&stream, window), Z_OK);
    int status = Z_OK;
    while (status == Z_OK) {
        stream.next_out = (Bytef *)buf_reserve(out, KIT_PIECE);
        stream.avail_out = KIT_PIECE;
        status = inflate(&stream, Z_NO_FLUSH);
        buf_commit(out, KIT_PIECE - stream.avail_out);
    }
    assert_int_equal(status, Z_STREAM_END); /* checksum and size too */
    assert_int_equal(stream.avail_in, 0);
    inflateEnd(&stream);
}

/* The same for zstd. */
static inline void kit_unzstd(struct str in, struct buf *out)
{
    assert_int_equal(ZSTD_findFrameCompressedSize(in.ptr, in.len), in.len);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer from = {in.ptr, in.len, 0};
    size_t left = 1;
    while (left) {
        ZSTD_outBuffer to = {buf_reserve(out, KIT_PIECE), KIT_PIECE, 0};
        left = ZSTD_decompressStream(context, &to, &from);
        assert_false(ZSTD_isError(left));
        assert_true(left == 0 || to.pos || from.pos < from.size);
        buf_commit(out, to.pos);
    }
    assert_int_equal(from.pos, in.len);
    ZSTD_freeDCtx(context);
}

static inline void kit_decompress(enum compress how, struct str in, struct buf *out)
{
    switch (how) {
    case COMPRESS_NONE:
        buf_add_str(out, in);
        break;
    case COMPRESS_GZIP:
        kit_inflate(in, KIT_GZIP_WINDOW, out);
        break;
    case COMPRESS_ZSTD:
        kit_unzstd(in, out);
        break;
    }
}

/* Bytes that look random, the same in each run. */
static inline uint32_t kit_noise(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 16U; /* the lower bits repeat too soon */
}

/* Inputs that compress well, hardly, and not at all. */
enum kit_matter { KIT_ROWS, KIT_ZEROS, KIT_NOISE, KIT_MATTER_COUNT };

static inline void kit_fill(struct buf *out, enum kit_matter matter, size_t len)
{
    uint32_t noise = 7;
    buf_clear(out);
    while (out->len < len) {
        if (matter == KIT_ROWS)
            buf_printf(out, "%zu,AAPL,long,%u.%02u,\"fomo, then %x\"\n", out->len,
                       kit_noise(&noise) % 50000, kit_noise(&noise) % 100, kit_noise(&noise) % 512);
        else
            buf_add_char(out, (char)(matter == KIT_ZEROS ? 0 : kit_noise(&noise)));
    }
    out->len = len;
}

/* Writes the text in pieces; false when the sink fails, after which it is written to once more. */
static inline bool kit_feed(struct sink *sink, struct str text, size_t piece, struct err *err)
{
    for (size_t at = 0; at < text.len; at += piece) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        if (!sink_write(sink, text.ptr + at, len, err)) {
            *err = (struct err){0};
            return sink_write(sink, "x", 1, err);
        }
    }
    return true;
}

static inline void kit_assert_same(struct str have, struct str want)
{
    assert_int_equal(have.len, want.len);
    assert_true(want.len == 0 || memcmp(have.ptr, want.ptr, want.len) == 0);
}

#endif
