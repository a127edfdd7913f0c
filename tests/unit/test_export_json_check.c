/* SPDX-License-Identifier: Apache-2.0
 *
 * What is JSON and what only looks like it.
 */
#include "export/json_check.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void json_is_told_from_what_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_valid;
    } table[] = {
        {"0", true},
        {" null\n", true},
        {"true", true},
        {"false", true},
        {"\"\"", true},
        {"\"a\\n\\u00e4\\\"\\/ ä 😀\"", true},
        {"-0.5e+10", true},
        {"12345678901234567890123", true},
        {"1E5", true},
        {"[]", true},
        {"{}", true},
        {" [ 1 , [ ] , { } , \"x\" ] ", true},
        {"{\"a\":{\"b\":[1,2,{\"c\":null}]},\"a\":2}", true},
        {"[[[[]]],[{}]]", true},
        {"", false},
        {" ", false},
        {"nul", false},
        {"nulll", false},
        {"True", false},
        {"NaN", false},
        {"Infinity", false},
        {"01", false},
        {"+1", false},
        {".5", false},
        {"5.", false},
        {"1e", false},
        {"-", false},
        {"1 2", false},
        {"'a'", false},
        {"\"a", false},
        {"\"a\\", false},
        {"\"\\x\"", false},
        {"\"\\u12g4\"", false},
        {"\"\\u12", false},
        {"\"a\nb\"", false},
        {"[", false},
        {"]", false},
        {"[1", false},
        {"[1,]", false},
        {"[,1]", false},
        {"[1 2]", false},
        {"[1}", false},
        {"{1:2}", false},
        {"{\"a\"}", false},
        {"{\"a\":}", false},
        {"{\"a\":1,}", false},
        {"{\"a\":1]", false},
        {"{\"a\" 1}", false},
        {"[] []", false},
        {"// x\n1", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (json_is_valid(str_of(table[i].text)) != table[i].is_valid)
            fail_msg("%s", table[i].text);
    assert_false(json_is_valid((struct str){"\"a\\\0\"", 5}));
    assert_false(json_is_valid((struct str){0}));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, (size_t)JSON_MAX_DEPTH * 4);
    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        buf_add_char(&text, '[');
    buf_add_char(&text, '1');
    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        buf_add_char(&text, ']');
    assert_true(json_is_valid(buf_str(&text)));
    buf_clear(&text);
    for (int i = 0; i < JSON_MAX_DEPTH + 1; i++)
        buf_add_char(&text, '[');
    buf_add_char(&text, '1');
    for (int i = 0; i < JSON_MAX_DEPTH + 1; i++)
        buf_add_char(&text, ']');
    assert_false(json_is_valid(buf_str(&text)));
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_told_from_what_is_not),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
