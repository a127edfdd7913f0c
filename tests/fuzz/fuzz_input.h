/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes that libFuzzer makes up, read as what a target needs. An input that is over goes on
 * with zeros, so that each input means something and its front alone means the same.
 *
 * What a target promises it asks with fuzz_require: a promise that is broken is a finding.
 */
#ifndef TESTS_FUZZ_FUZZ_INPUT_H
#define TESTS_FUZZ_FUZZ_INPUT_H

#include "base/str.h"

struct fuzz_input {
    const uint8_t *at;
    const uint8_t *end;
};

/* libFuzzer's entry points. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static inline struct fuzz_input fuzz_input_of(const uint8_t *bytes, size_t len)
{
    return (struct fuzz_input){bytes, bytes + len};
}

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

/* 0 to count - 1, of at most 256. */
static inline unsigned fuzz_choice(struct fuzz_input *input, unsigned count)
{
    return fuzz_byte(input) % count;
}

static inline bool fuzz_is(struct fuzz_input *input)
{
    return fuzz_byte(input) & 1;
}

/* Eight bytes, the lowest first. */
static inline uint64_t fuzz_bits(struct fuzz_input *input)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i += 8)
        bits |= (uint64_t)fuzz_byte(input) << i;
    return bits;
}

static inline double fuzz_double(struct fuzz_input *input)
{
    uint64_t bits = fuzz_bits(input);
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Whether two doubles are the same, the sign of zero included. */
static inline bool fuzz_is_same(double a, double b)
{
    uint64_t bits[2];
    memcpy(&bits[0], &a, sizeof a);
    memcpy(&bits[1], &b, sizeof b);
    return bits[0] == bits[1];
}

/* The next `len` bytes, or as many as there are. */
static inline struct str fuzz_take(struct fuzz_input *input, size_t len)
{
    size_t left = (size_t)(input->end - input->at);
    struct str text = {(const char *)input->at, len < left ? len : left};
    input->at += text.len;
    return text;
}

/* A byte of length, then the text. */
static inline struct str fuzz_text(struct fuzz_input *input)
{
    return fuzz_take(input, fuzz_byte(input));
}

static inline struct str fuzz_rest(struct fuzz_input *input)
{
    return fuzz_take(input, (size_t)(input->end - input->at));
}

static inline void fuzz_found(const char *what, struct str have, struct str want)
{
    (void)fprintf(stderr, "broken promise: %s\n have <%.*s>\n want <%.*s>\n", what, STR_ARG(have),
                  STR_ARG(want));
    abort();
}

static inline void fuzz_require(bool is_kept, const char *what, struct str have)
{
    if (!is_kept)
        fuzz_found(what, have, STR(""));
}

static inline void fuzz_require_equal(struct str have, struct str want, const char *what)
{
    if (!str_equal(have, want))
        fuzz_found(what, have, want);
}

#endif
