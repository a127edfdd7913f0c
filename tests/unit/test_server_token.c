/* SPDX-License-Identifier: Apache-2.0
 *
 * Download tokens: what we signed is taken back, anything else is refused with one and the same
 * answer.
 */
#include "server/token.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1790000000000);

/* openssl rand -base64 32 | fold, twice. */
static const char two_keys[] = "new:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=,"
                               "old-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
static const char old_key[] = "old-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

static struct keyring *ring_of(const char *text)
{
    struct keyring *ring = NULL;
    struct err err = {0};
    assert_true(keyring_new(str_of(text), &ring, &err));
    return ring;
}

static struct token sample(void)
{
    struct token token = {.number = 7, .expires_s = now_ms / 1000 + 600};
    for (size_t i = 0; i < sizeof token.job.bytes; i++)
        token.job.bytes[i] = (uint8_t)(i * 17);
    return token;
}

static void sign(struct keyring *ring, struct buf *out)
{
    struct token token = sample();
    buf_init(out, TOKEN_MAX_BYTES);
    token_sign(ring, &token, out);
    assert_true(buf_is_ok(out));
}

static void a_token_we_signed_is_taken_back(void **state)
{
    (void)state;
    struct keyring *ring = ring_of("");
    struct buf text;
    sign(ring, &text);
    struct token token = {0};
    struct err err = {0};
    assert_true(token_verify(ring, buf_str(&text), now_ms, &token, &err));
    struct token expected = sample();
    assert_true(uuid_equal(token.job, expected.job));
    assert_int_equal(token.number, expected.number);
    assert_int_equal(token.expires_s, expected.expires_s);
    buf_done(&text);
    keyring_free(ring);
}

static void any_changed_character_makes_it_forged(void **state)
{
    (void)state;
    struct keyring *ring = ring_of(two_keys);
    struct buf text;
    sign(ring, &text);
    for (size_t i = 0; i < text.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct token token = {0};
            struct err err = {0};
            text.ptr[i] = (char)(text.ptr[i] ^ (char)BIT(bit));
            assert_false(token_verify(ring, buf_str(&text), now_ms, &token, &err));
            assert_int_equal(err.code, ERR_DENIED);
            text.ptr[i] = (char)(text.ptr[i] ^ (char)BIT(bit));
        }
    buf_done(&text);
    keyring_free(ring);
}

static void any_cut_or_lengthened_token_is_forged(void **state)
{
    (void)state;
    struct keyring *ring = ring_of("");
    struct buf text;
    sign(ring, &text);
    struct token token = {0};
    struct err err = {0};
    for (size_t len = 0; len < text.len; len++) {
        assert_false(token_verify(ring, (struct str){text.ptr, len}, now_ms, &token, &err));
        assert_int_equal(err.code, ERR_DENIED);
    }
    static const char *const tails[] = {".", "A", "=", " ", ".AAAA"};
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        struct buf longer;
        buf_init(&longer, 4096);
        buf_add_str(&longer, buf_str(&text));
        buf_add_text(&longer, tails[i]);
        assert_false(token_verify(ring, buf_str(&longer), now_ms, &token, &err));
        assert_int_equal(err.code, ERR_DENIED);
        buf_done(&longer);
    }
    buf_done(&text);
    keyring_free(ring);
}

static void only_a_token_of_ours_learns_that_it_is_expired(void **state)
{
    (void)state;
    struct keyring *ring = ring_of("");
    struct buf text;
    sign(ring, &text);
    struct token token = {0};
    struct err err = {0};
    int64_t later_ms = now_ms + 600 * 1000;
    struct token expired = {0};
    struct token forged = {0};
    assert_true(token_verify(ring, buf_str(&text), later_ms - 1, &token, &err));
    assert_false(token_verify(ring, buf_str(&text), later_ms, &expired, &err));
    assert_int_equal(err.code, ERR_EXPIRED);
    assert_memory_equal(&expired, &token, sizeof token);
    text.ptr[text.len - 2] = text.ptr[text.len - 2] == 'A' ? 'B' : 'A';
    assert_false(token_verify(ring, buf_str(&text), later_ms, &forged, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(forged.number, 0);
    buf_done(&text);
    keyring_free(ring);
}

static void keys_rotate_without_refusing_older_tokens(void **state)
{
    (void)state;
    struct keyring *before = ring_of(old_key);
    struct keyring *after = ring_of(two_keys);
    struct buf text;
    struct token token = {0};
    struct err err = {0};
    sign(before, &text);
    assert_true(token_verify(after, buf_str(&text), now_ms, &token, &err));
    buf_done(&text);
    sign(after, &text);
    assert_true(str_starts_with(buf_str(&text), STR("v1.new.")));
    assert_false(token_verify(before, buf_str(&text), now_ms, &token, &err));
    assert_int_equal(err.code, ERR_DENIED);
    buf_done(&text);
    keyring_free(before);
    keyring_free(after);
}

static void two_processes_do_not_share_a_random_key(void **state)
{
    (void)state;
    struct keyring *one = ring_of("");
    struct keyring *other = ring_of("");
    struct buf text;
    struct token token = {0};
    struct err err = {0};
    sign(one, &text);
    assert_false(token_verify(other, buf_str(&text), now_ms, &token, &err));
    buf_done(&text);
    keyring_free(one);
    keyring_free(other);
}

static void bad_keys_are_refused_without_showing_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"justakey", "no id"},
        {":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "an empty id"},
        {"a b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "a space in the id"},
        {"a:c2VjcmV0c2VjcmV0", "too short"},
        {"a:!!!CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "no base64"},
        {"a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8,"
         "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "one id twice"},
        {"a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8,", "an empty pair"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct keyring *ring = NULL;
        struct err err = {0};
        assert_false(keyring_new(str_of(cases[i].text), &ring, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_null(strstr(err.text, "AAEC"));
        assert_null(strstr(err.text, "c2Vjc"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_we_signed_is_taken_back),
        cmocka_unit_test(any_changed_character_makes_it_forged),
        cmocka_unit_test(any_cut_or_lengthened_token_is_forged),
        cmocka_unit_test(only_a_token_of_ours_learns_that_it_is_expired),
        cmocka_unit_test(keys_rotate_without_refusing_older_tokens),
        cmocka_unit_test(two_processes_do_not_share_a_random_key),
        cmocka_unit_test(bad_keys_are_refused_without_showing_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
