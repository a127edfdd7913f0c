/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrays as PostgreSQL prints them, taken apart; and texts that are none.
 */
#include "base/buf.h"
#include "export/array.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Prints tokens: brackets, commas, NULL as ~, elements between bars; ! for a text that is wrong. */
static void print_tokens(struct str text, char delimiter, struct buf *out)
{
    static const char marks[] = {
        [ARRAY_OPEN] = '[', [ARRAY_CLOSE] = ']', [ARRAY_BETWEEN] = ',',
        [ARRAY_NULL] = '~', [ARRAY_WRONG] = '!',
    };
    struct array_reader reader = array_read(text, delimiter);
    for (;;) {
        struct array_element element;
        enum array_token token = array_next(&reader, &element);
        if (token == ARRAY_ELEMENT) {
            struct str piece;
            buf_add_char(out, '|');
            if (!element.has_escapes)
                buf_add_str(out, element.text);
            while (element.has_escapes && array_next_piece(&element.text, &piece))
                buf_add_str(out, piece);
            buf_add_char(out, '|');
        } else if (token != ARRAY_END) {
            buf_add_char(out, marks[token]);
        }
        if (token == ARRAY_END || token == ARRAY_WRONG) {
            assert_int_equal(array_next(&reader, &element), token); /* and stays so */
            return;
        }
    }
}

static const struct {
    const char *text;
    const char *want;
} table[] = {
    {"{}", "[]"},
    {"{1}", "[|1|]"},
    {"{1,NULL,-3}", "[|1|,~,|-3|]"},
    {"{a,b c,ä}", "[|a|,|b c|,|ä|]"},
    {"{\"\"}", "[||]"},
    {"{\"NULL\",null,Null}", "[|NULL|,|null|,|Null|]"},
    {"{\"a,b\",\"{x}\",\" \"}", "[|a,b|,|{x}|,| |]"},
    {"{\"q\\\"q\"}", "[|q\"q|]"},
    {"{\"\\\\\"}", "[|\\|]"},
    {"{\"\\\\\\\\\"}", "[|\\\\|]"},
    {"{\"\\\\\\\"\",x}", "[|\\\"|,|x|]"},
    {"{\"a\\\\b\\\"c\"}", "[|a\\b\"c|]"},
    {"{\"\\\"\\\"\"}", "[|\"\"|]"},
    {"{\"a\nb\tc\"}", "[|a\nb\tc|]"},
    {"{{1,2},{3,4}}", "[[|1|,|2|],[|3|,|4|]]"},
    {"{{{NULL}}}", "[[[~]]]"},
    {"{{{{{{1}}}}}}", "[[[[[[|1|]]]]]]"},
    {"[0:1]={1,2}", "[|1|,|2|]"},
    {"[-2:-1][3:3]={{1},{2}}", "[[|1|],[|2|]]"},
    {"{a;b}", "[|a;b|]"},
    {"{a=b,[0:1]=x}", "[|a=b|,|[0:1]=x|]"},
    {"{=1+1}", "[|=1+1|]"},
    /* none */
    {"", "!"},
    {"1", "!"},
    {"{", "[!"},
    {"}", "!"},
    {"{1", "[|1|!"},
    {"{1,", "[|1|,!"},
    {"{1,}", "[|1|,!"},
    {"{,1}", "[!"},
    {"{1}}", "[|1|]!"},
    {"{1}x", "[|1|]!"},
    {"{1} ", "[|1|]!"},
    {" {1}", "!"},
    {"{\"a}", "[!"},
    {"{\"a\\", "[!"},
    {"{\"a\\\"}", "[!"},
    {"{\"a\"b}", "[|a|!"},
    {"{a\"b\"}", "[!"},
    {"{a\\b}", "[!"},
    {"{a{b}", "[!"},
    {"{{1}", "[[|1|]!"},
    {"{{1}{2}}", "[[|1|]!"},
    {"{{{{{{{1}}}}}}}", "[[[[[[!"},
    {"[0:1]", "!"},
    {"[0:1]=", "!"},
    {"[0:1}={1}", "!"},
    {"[a]={1}", "!"},
    {"[", "!"},
    {"(1,2)", "!"},
};

static void every_text_gives_its_tokens_or_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str text = str_of(table[i].text);
        struct buf got;
        buf_init(&got, SIZE_MAX);
        print_tokens(text, ',', &got);
        if (!str_equal(buf_str(&got), str_of(table[i].want)))
            fail_msg("%s\n have %.*s\n want %s", table[i].text, STR_ARG(buf_str(&got)),
                     table[i].want);
        bool is_wrong = strchr(table[i].want, '!') != NULL;
        assert_int_equal(array_is_whole(text, ','), !is_wrong);
        buf_done(&got);
    }
}

static void a_type_has_its_own_delimiter(void **state)
{
    (void)state;
    struct buf got;
    buf_init(&got, SIZE_MAX);
    print_tokens(STR("{(1,1),(0,0);(2,2),(1,1);NULL}"), ';', &got);
    assert_string_equal(got.ptr, "[|(1,1),(0,0)|,|(2,2),(1,1)|,~]");
    buf_done(&got);
}

/* No byte behind the end is looked at: the text is cut at each place, in memory of just its size.
 */
static void a_text_that_is_cut_anywhere_is_no_array(void **state)
{
    (void)state;
    static const char whole[] = "[0:1][0:1]={{\"a\\\\\",NULL},{\"\\\"\",b}}";
    assert_true(array_is_whole(STR(whole), ','));
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *cut = malloc(len + 1);
        assert_non_null(cut);
        memcpy(cut, whole, len);
        char *exact = realloc(cut, len ? len : 1);
        assert_non_null(exact);
        assert_false(array_is_whole((struct str){exact, len}, ','));
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_gives_its_tokens_or_is_wrong),
        cmocka_unit_test(a_type_has_its_own_delimiter),
        cmocka_unit_test(a_text_that_is_cut_anywhere_is_no_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
