/* SPDX-License-Identifier: Apache-2.0
 *
 * The one buffer between a writer, or another stage, and its sink. What is added gathers in a block
 * of fixed size that goes to the sink when it is full; text larger than the block streams through
 * it.
 *
 * Adding never fails, so that the code of a row has no error paths: when the sink refuses, the
 * output remembers why, takes no more to the sink and drops what is added. The writer asks after
 * each row (has_failed) and tells at the end of its call (output_check). One thread at a time.
 */
#ifndef EXPORT_OUTPUT_H
#define EXPORT_OUTPUT_H

#include "base/sink.h"
#include "base/str.h"

enum { OUTPUT_SIZE = 128 * 1024, OUTPUT_MAX_RESERVE = 256 };

struct output {
    struct sink *sink;
    char *block;
    size_t len;
    bool has_failed;
    struct err failure;
};

void output_init(struct output *output, struct sink *sink);
void output_done(struct output *output);

/* Hands what has gathered to the sink. */
void output_flush(struct output *output);

/* True if all went well so far; otherwise false, with what the sink said. */
bool output_check(const struct output *output, struct err *err) MUST_CHECK;

/* Adds a text that may be of any length. */
void output_add_long(struct output *output, struct str text);

/* Room for `len` bytes (at most OUTPUT_MAX_RESERVE), to be written there and then counted by
 * output_commit. */
static inline char *output_reserve(struct output *output, size_t len)
{
    if (OUTPUT_SIZE - output->len < len)
        output_flush(output);
    return output->block + output->len;
}

/* All the room that is left in the block, at least a byte, for those who do not know beforehand how
 * much they will write; to be counted by output_commit. */
static inline char *output_room(struct output *output, size_t *out_len)
{
    if (output->len == OUTPUT_SIZE)
        output_flush(output);
    *out_len = OUTPUT_SIZE - output->len;
    return output->block + output->len;
}

static inline void output_commit(struct output *output, size_t len)
{
    output->len += len;
}

static inline void output_add(struct output *output, struct str text)
{
    if (OUTPUT_SIZE - output->len < text.len) {
        output_add_long(output, text);
        return;
    }
    if (text.len)
        memcpy(output->block + output->len, text.ptr, text.len);
    output->len += text.len;
}

static inline void output_add_char(struct output *output, char c)
{
    *output_reserve(output, 1) = c;
    output->len++;
}

#endif
