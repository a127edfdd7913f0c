/* SPDX-License-Identifier: Apache-2.0
 *
 * Text in a spreadsheet's XML: every character survives, and a literal escape stays literal.
 */
#include "export/sheet_text.h"

#include "tests/unit/export_writer_kit.h"

static void check(struct str text, const char *want)
{
    struct kit_sink sink;
    kit_sink_init(&sink);
    struct output output;
    output_init(&output, &sink.sink);
    sheet_text_put(&output, text);
    output_flush(&output);
    kit_assert_bytes(buf_str(&sink.bytes), str_of(want), want);
    output_done(&output);
    kit_sink_done(&sink);
}

static void text_is_escaped_only_where_a_reader_would_lose_it(void **state)
{
    (void)state;
    static const struct {
        struct value of;
        const char *want;
    } cases[] = {
        {TEXT(""), ""},
        {TEXT("plain text, of more than eight bytes"), "plain text, of more than eight bytes"},
        {TEXT("a<b>&c\"'"), "a&lt;b&gt;&amp;c\"'"},
        {TEXT("=1+1"), "=1+1"},
        {TEXT("a\tb\nc"), "a\tb\nc"},
        {TEXT("a\rb\r\n"), "a_x000D_b_x000D_\n"},
        {TEXT("\1\10\13\14\37"), "_x0001__x0008__x000B__x000C__x001F_"},
        {TEXT("\177"), "\177"},
        {TEXT("\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD"), "_xFFFE__xFFFF_\xEF\xBF\xBD"},
        {TEXT("\xEF\xBC\x9D"), "\xEF\xBC\x9D"},
        {TEXT("_x0041_"), "_x005F_x0041_"},
        {TEXT("_x0041_x0042_"), "_x005F_x0041_x005F_x0042_"},
        {TEXT("__x004a__"), "__x005F_x004a__"},
        {TEXT("_x12345_"), "_x12345_"},
        {TEXT("_X0041_"), "_X0041_"},
        {TEXT("_x004_"), "_x004_"},
        {TEXT("_x004G_"), "_x004G_"},
        {TEXT("_x0041"), "_x0041"},
        {TEXT("_"), "_"},
        {TEXT("snake_case_name"), "snake_case_name"},
        {TEXT("_x0001\1_"), "_x005F_x0001_x0001__"}, /* what comes next begins with `_` */
        {TEXT("_x0041\r"), "_x005F_x0041_x000D_"},
        {TEXT("_x0041\xEF\xBF\xBE"), "_x005F_x0041_xFFFE_"},
        {TEXT("_x0041\xEF\xBF\xBD"), "_x0041\xEF\xBF\xBD"},
        {TEXT("_x0041\n&"), "_x0041\n&amp;"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check(cases[i].of.text, cases[i].want);
}

static void length_is_counted_in_utf_16_units(void **state)
{
    (void)state;
    assert_int_equal(sheet_text_units(STR("")), 0);
    assert_int_equal(sheet_text_units(STR("abc")), 3);
    assert_int_equal(sheet_text_units(STR("äß€")), 3);
    assert_int_equal(sheet_text_units(STR("😀a😀")), 5);
}

static void width_is_counted_in_characters_of_the_longest_line(void **state)
{
    (void)state;
    assert_int_equal(sheet_text_width(STR("")), 0);
    assert_int_equal(sheet_text_width(STR("取引")), 2);
    assert_int_equal(sheet_text_width(STR("a\nlonger\nb")), 6);
}

static void space_at_an_end_is_seen(void **state)
{
    (void)state;
    assert_true(sheet_text_has_outer_space(STR(" x")));
    assert_true(sheet_text_has_outer_space(STR("x\n")));
    assert_true(sheet_text_has_outer_space(STR("\t")));
    assert_false(sheet_text_has_outer_space(STR("x y")));
    assert_false(sheet_text_has_outer_space(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped_only_where_a_reader_would_lose_it),
        cmocka_unit_test(length_is_counted_in_utf_16_units),
        cmocka_unit_test(width_is_counted_in_characters_of_the_longest_line),
        cmocka_unit_test(space_at_an_end_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
