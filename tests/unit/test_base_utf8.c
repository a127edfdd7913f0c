/* SPDX-License-Identifier: Apache-2.0
 *
 * What is UTF-8, and how much of what is not goes for one U+FFFD.
 */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void ill_formed_text_is_found_where_it_begins(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t valid;
        size_t invalid; /* bytes that one U+FFFD stands for; 0: all is valid */
    } table[] = {
        {"", 0, 0},
        {"plain ascii that is longer than a word", 38, 0},
        {"é€😀", 9, 0},
        {"\xED\x9F\xBF\xEE\x80\x80", 6, 0},     /* around the surrogates */
        {"\xF4\x8F\xBF\xBF\xEF\xBF\xBF", 7, 0}, /* U+10FFFF, U+FFFF */
        {"abc\x80", 3, 1},                      /* a continuation alone */
        {"abcdefgh\xFFxyz", 8, 1},              /* never a byte of UTF-8 */
        {"\xC0\x80", 0, 1},                     /* overlong */
        {"\xC1\xBF", 0, 1},                     //
        {"\xE0\x9F\xBF", 0, 1},                 //
        {"\xF0\x8F\xBF\xBF", 0, 1},             //
        {"\xED\xA0\x80", 0, 1},                 /* a surrogate */
        {"\xF4\x90\x80\x80", 0, 1},             /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 0, 1},             //
        {"\xC3", 0, 1},                         /* cut */
        {"\xE2\x82", 0, 2},                     //
        {"\xF0\x9F\x98", 0, 3},                 //
        {"\xF0\x9F\x98X", 0, 3},                //
        {"\xE2\x82\xE2\x82\xAC", 0, 2},         //
        {"0123456é\xFF", 9, 1},                 //
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        size_t len = strlen(table[i].text);
        size_t valid = utf8_valid_prefix(table[i].text, len);
        assert_int_equal(valid, table[i].valid);
        assert_int_equal(valid == len, table[i].invalid == 0);
        if (valid < len) {
            assert_int_equal(utf8_invalid_length(table[i].text + valid, len - valid),
                             table[i].invalid);
        }
    }
}

static void every_code_point_is_valid_in_its_shortest_form(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= 0x10FFFF; code++) {
        unsigned char text[4];
        size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
        uint32_t rest = code;
        for (size_t i = len; i > 1; i--, rest >>= 6)
            text[i - 1] = (unsigned char)(0x80U | (rest & 0x3FU));
        text[0] = (unsigned char)(leads[len] | rest);
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        assert_int_equal(utf8_valid_prefix((const char *)text, len), is_surrogate ? 0 : len);
        if (len > 1)
            assert_int_equal(utf8_valid_prefix((const char *)text, len - 1), 0);
        size_t first_len = 0;
        if (is_surrogate)
            continue;
        assert_int_equal(utf8_first((const char *)text, &first_len), code);
        assert_int_equal(first_len, len);
    }
}

static void what_is_not_to_be_seen_or_turns_the_order_is_a_control(void **state)
{
    (void)state;
    static const struct {
        uint32_t first;
        uint32_t last;
    } table[] = {{0, 0x1F},        {0x7F, 0x9F},     {0x61C, 0x61C},  {0x200B, 0x200F},
                 {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}};
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        bool is_one = false;
        for (size_t i = 0; i < COUNT_OF(table); i++)
            is_one |= code >= table[i].first && code <= table[i].last;
        assert_int_equal(utf8_is_control(code), is_one);
    }
}

static void a_bad_byte_is_found_at_each_place_of_each_length(void **state)
{
    (void)state;
    enum { LONGEST = 26 }; /* three words and a bit */
    char text[LONGEST + 2];
    for (size_t len = 0; len <= LONGEST; len++) {
        memset(text, 'x', sizeof text);
        text[len] = '\xFF'; /* behind it */
        assert_int_equal(utf8_valid_prefix(text, len), len);
        for (size_t place = 0; place < len; place++) {
            memset(text, 'x', sizeof text);
            text[place] = '\xFF';
            assert_int_equal(utf8_valid_prefix(text, len), place);
            text[place] = '\xC3';
            text[place + 1] = '\xA9';
            bool is_cut = place + 1 == len;
            assert_int_equal(utf8_valid_prefix(text, len), is_cut ? place : len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ill_formed_text_is_found_where_it_begins),
        cmocka_unit_test(every_code_point_is_valid_in_its_shortest_form),
        cmocka_unit_test(what_is_not_to_be_seen_or_turns_the_order_is_a_control),
        cmocka_unit_test(a_bad_byte_is_found_at_each_place_of_each_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
