/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 4648, section 10, and what is refused.
 */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xFE", "-__-"},
};

static void the_vectors_of_the_rfc_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct buf out;
        buf_init(&out, 100);
        base64url_encode(vectors[i].bytes, strlen(vectors[i].bytes), &out);
        assert_true(str_equal(buf_str(&out), str_of(vectors[i].text)));
        buf_clear(&out);
        assert_true(base64url_decode(str_of(vectors[i].text), &out));
        assert_true(str_equal(buf_str(&out), str_of(vectors[i].bytes)));
        buf_done(&out);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_url;
        bool is_standard;
    } table[] = {
        {"Zm9v", true, true},   {"Zg==", false, true},    {"Zg", true, true},
        {"Zh", false, false},                            /* stray bits */
        {"Zm9", false, false},  {"Zm9vA", false, false}, /* a digit alone */
        {"Zm 9", false, false}, {"Zm9v\n", false, false}, {"-_-_", true, false},
        {"+/+/", false, true},  {"Zm=v", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct buf out;
        buf_init(&out, 100);
        assert_int_equal(base64url_decode(str_of(table[i].text), &out), table[i].is_url);
        buf_clear(&out);
        assert_int_equal(base64_decode(str_of(table[i].text), &out), table[i].is_standard);
        buf_done(&out);
    }
}

static void any_bytes_read_back(void **state)
{
    (void)state;
    uint8_t bytes[64];
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(i * 37 + len * 11);
        struct buf text;
        struct buf back;
        buf_init(&text, 200);
        buf_init(&back, 200);
        base64url_encode(bytes, len, &text);
        assert_true(base64url_decode(buf_str(&text), &back));
        assert_int_equal(back.len, len);
        if (len)
            assert_memory_equal(back.ptr, bytes, len);
        buf_done(&text);
        buf_done(&back);
    }
}

static void a_result_too_large_is_refused(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 2);
    assert_false(base64url_decode(STR("Zm9v"), &out));
    buf_done(&out);
}

static void the_standard_form_is_padded(void **state)
{
    (void)state;
    /* RFC 4648, section 10, and the two digits in which the alphabets differ */
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF", "+/8="},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out;
        buf_init(&out, 64);
        base64_encode(cases[i][0], strlen(cases[i][0]), &out);
        assert_true(str_equal(buf_str(&out), str_of(cases[i][1])));
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_form_is_padded),
        cmocka_unit_test(the_vectors_of_the_rfc_go_both_ways),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(any_bytes_read_back),
        cmocka_unit_test(a_result_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
