/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of FIPS 180-4 and RFC 4231.
 */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_digest(const uint8_t digest[SHA256_SIZE], const char *want)
{
    char text[SHA256_HEX_LEN + 1];
    sha256_format(digest, text);
    assert_string_equal(text, want);
}

static const struct {
    const char *text;
    const char *want;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void known_texts_have_their_known_digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        uint8_t digest[SHA256_SIZE];
        struct sha256 *hash = sha256_new();
        sha256_add(hash, vectors[i].text, strlen(vectors[i].text));
        sha256_finish(hash, digest);
        sha256_free(hash);
        assert_digest(digest, vectors[i].want);
    }
}

static void pieces_make_the_same_digest_and_the_hash_begins_anew(void **state)
{
    (void)state;
    struct sha256 *hash = sha256_new();
    uint8_t digest[SHA256_SIZE];
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        for (const char *at = vectors[i].text; *at; at++)
            sha256_add(hash, at, 1);
        sha256_finish(hash, digest);
        assert_digest(digest, vectors[i].want);
    }
    sha256_free(hash);
    sha256_free(NULL);
}

static void hmac_is_that_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *message;
        const char *want;
    } table[] = {
        {"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
         "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    };
    uint8_t digest[SHA256_SIZE];
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        digest_hmac(str_of(table[i].key), str_of(table[i].message), digest);
        assert_digest(digest, table[i].want);
    }
}

static void blocks_are_equal_or_not(void **state)
{
    (void)state;
    assert_true(digest_equal("abc", "abc", 3));
    assert_false(digest_equal("abc", "abd", 3));
    assert_false(digest_equal("xbc", "abc", 3));
    assert_true(digest_equal("x", "y", 0));
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    digest_random(a, sizeof a);
    digest_random(b, sizeof b);
    assert_false(digest_equal(a, b, sizeof a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_digests),
        cmocka_unit_test(pieces_make_the_same_digest_and_the_hash_begins_anew),
        cmocka_unit_test(hmac_is_that_of_the_rfc),
        cmocka_unit_test(blocks_are_equal_or_not),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
