/* SPDX-License-Identifier: Apache-2.0
 *
 * Download tokens and the text of their keys. What is taken was signed by us, to the letter: signed
 * again, what it says gives the same text, so no token has a second spelling. The input is a text
 * to be taken for a token, changes to one that we signed, or a text of keys.
 */
#include "server/token.h"

#include "tests/fuzz/fuzz_input.h"

static const int64_t now_ms = INT64_C(1790000000000);
static struct keyring *ring;

static void free_ring(void)
{
    keyring_free(ring);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct err err = {0};
    const struct str keys = STR("new:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=,"
                                "old-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    fuzz_require(keyring_new(keys, &ring, &err), "keys", str_of(err.text));
    return atexit(free_ring);
}

static void check(struct keyring *keys, struct str text)
{
    struct buf again CLEANUP(buf_done);
    struct token token;
    struct err err = {0};
    buf_init(&again, TOKEN_MAX_BYTES);
    if (token_verify(keys, text, now_ms, &token, &err)) {
        fuzz_require(token.expires_s * 1000 > now_ms, "it has not expired", text);
        token_sign(keys, &token, &again);
        fuzz_require_equal(text, buf_str(&again), "a token has one spelling");
        return;
    }
    fuzz_require(err.code == ERR_DENIED || err.code == ERR_EXPIRED, "a refusal", str_of(err.text));
}

/* A token of ours with some bytes changed, put in or taken away. */
static void check_changed(struct fuzz_input *input)
{
    struct buf text CLEANUP(buf_done);
    struct buf changed CLEANUP(buf_done);
    struct token token = {.number = (int64_t)fuzz_bits(input),
                          .expires_s = now_ms / 1000 + fuzz_byte(input) - 128};
    memset(token.job.bytes, fuzz_byte(input), sizeof token.job.bytes);
    buf_init(&text, TOKEN_MAX_BYTES);
    buf_init(&changed, (size_t)2 * TOKEN_MAX_BYTES);
    token_sign(ring, &token, &text);
    size_t at = fuzz_byte(input) % (text.len + 1);
    size_t gone = fuzz_byte(input) % 4;
    gone = gone < text.len - at ? gone : text.len - at;
    buf_add(&changed, text.ptr, at);
    buf_add_str(&changed, fuzz_text(input));
    buf_add(&changed, text.ptr + at + gone, text.len - at - gone);
    check(ring, changed.len ? buf_str(&changed) : STR(""));
}

static void check_keys(struct str text)
{
    struct keyring *keys = NULL;
    struct err err = {0};
    struct token token = {.number = 1, .expires_s = now_ms / 1000 + 1};
    struct buf signed_text CLEANUP(buf_done);
    buf_init(&signed_text, TOKEN_MAX_BYTES);
    if (!keyring_new(text, &keys, &err)) {
        fuzz_require(err.code == ERR_INVALID, "a mistake in the setting", str_of(err.text));
        return;
    }
    token_sign(keys, &token, &signed_text);
    fuzz_require(buf_is_ok(&signed_text), "a token fits", text);
    fuzz_require(token_verify(keys, buf_str(&signed_text), now_ms, &token, &err), "it is taken",
                 buf_str(&signed_text));
    keyring_free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    enum { AS_IT_IS, CHANGED, KEYS, WAYS };
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    switch (fuzz_choice(&input, WAYS)) {
    case AS_IT_IS:
        buf_add_str(&text, fuzz_rest(&input));
        check(ring, text.len ? buf_str(&text) : STR(""));
        break;
    case CHANGED:
        check_changed(&input);
        break;
    default:
        buf_add_str(&text, fuzz_rest(&input));
        check_keys(text.len ? buf_str(&text) : STR(""));
    }
    return 0;
}
