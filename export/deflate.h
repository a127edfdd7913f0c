/* SPDX-License-Identifier: Apache-2.0
 *
 * Deflate (RFC 1951) while writing: the one door to ISA-L. A sink over a sink; its output is either
 * one gzip member (RFC 1952) or the bare stream, for those who put their own frame around it.
 *
 *     deflate_new → sink_write(deflate_sink) × n → deflate_finish → deflate_free
 *                        deflate_reset begins the next stream ←┘
 *
 * The bytes depend on the input alone: not on the sizes of the writes, nor on the time, the host or
 * the thread. On x86 they are the same on every CPU that has SSE4.2 (which is why the level is 1:
 * level 3 has other bytes with AVX2 than without); another architecture may compress to other
 * bytes.
 *
 * Memory is constant, some 0.6 MB. An error of the next sink is passed on unchanged, and the next
 * sink is not called again: each later call tells the same error. One thread at a time.
 */
#ifndef EXPORT_DEFLATE_H
#define EXPORT_DEFLATE_H

#include "base/sink.h"

enum deflate_wrap {
    DEFLATE_RAW,
    DEFLATE_GZIP, /* time 0, no name, operating system 255 (unknown) */
};

struct deflate;

/* `next` outlives it. */
struct deflate *deflate_new(enum deflate_wrap wrap, struct sink *next);

/* Where the bytes to be compressed go. */
struct sink *deflate_sink(struct deflate *deflate);

/* Ends the stream and hands all of it to the next sink. */
bool deflate_finish(struct deflate *deflate, struct err *err) MUST_CHECK;

/* Of the input; the sizes count bytes of the stream, with its gzip frame. Final after finish, to be
 * asked before a reset. */
uint32_t deflate_crc32(const struct deflate *deflate);
int64_t deflate_size_in(const struct deflate *deflate);
int64_t deflate_size_out(const struct deflate *deflate);

/* After finish: begins another stream into the same sink. A failure stays. */
void deflate_reset(struct deflate *deflate);

/* At any point; flushes nothing. Accepts NULL. */
void deflate_free(struct deflate *deflate);

#endif
