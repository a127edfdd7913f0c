/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-16, held against what iconv makes of the same text, however the text is cut.
 */
#include "tests/unit/export_compress_kit.h"

#include "export/utf16.h"

#include <iconv.h>

enum { BLOCK = 128 << 10 };

/* The order mark and the text in UTF-16LE, by libc. */
static void iconv_text(struct str text, struct buf *out)
{
    buf_clear(out);
    buf_add(out, "\xFF\xFE", 2);
    iconv_t descriptor = iconv_open("UTF-16LE", "UTF-8");
    assert_int_not_equal((intptr_t)descriptor, -1);
    char *in = (char *)text.ptr;
    size_t in_left = text.len;
    size_t room = 2 * text.len;
    size_t out_left = room;
    char *at = buf_reserve(out, room);
    assert_int_equal(iconv(descriptor, &in, &in_left, &at, &out_left), 0);
    buf_commit(out, room - out_left);
    iconv_close(descriptor);
}

static void convert(struct str text, size_t piece, struct kit_sink *out)
{
    struct err err = {0};
    struct utf16 *utf16 = utf16_new(&out->sink);
    assert_true(kit_feed(utf16_sink(utf16), text, piece, &err));
    assert_true(utf16_finish(utf16, &err));
    utf16_free(utf16);
}

static void check(struct str text, size_t piece)
{
    struct buf want;
    buf_init(&want, KIT_MAX);
    iconv_text(text, &want);
    struct kit_sink out;
    kit_sink_init(&out);
    convert(text, piece, &out);
    kit_assert_same(buf_str(&out.bytes), buf_str(&want));
    assert_true(out.largest <= BLOCK);
    kit_sink_done(&out);
    buf_done(&want);
}

static void an_empty_file_has_the_order_mark(void **state)
{
    (void)state;
    struct kit_sink out;
    kit_sink_init(&out);
    convert(STR(""), 1, &out);
    kit_assert_same(buf_str(&out.bytes), STR("\xFF\xFE"));
    kit_sink_done(&out);
}

static void a_text_may_be_cut_at_any_byte(void **state)
{
    (void)state;
    static const struct value texts[] = {
        TEXT("plain"),
        TEXT("a\xF0\x9F\x98\x80z"),                   /* an emoji: a pair */
        TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),     /* the first and the last pair */
        TEXT("\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"), /* around the surrogates; the last single */
        TEXT("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80"),     /* where sequences grow */
        TEXT("\xE6\x97\xA5\xE6\x9C\xAC, \xC3\xBCxe\xCC\x81\r\n\t"),
        TEXT("eight by\xC3\xA9 eight bytes of ascii\xE2\x82\xAC"),
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct str text = texts[i].text;
        for (size_t piece = 1; piece <= text.len; piece++)
            check(text, piece);
        for (size_t cut = 0; cut <= text.len; cut++) {
            struct buf want;
            buf_init(&want, KIT_MAX);
            iconv_text(text, &want);
            struct kit_sink out;
            kit_sink_init(&out);
            struct err err = {0};
            struct utf16 *utf16 = utf16_new(&out.sink);
            assert_true(sink_write(utf16_sink(utf16), text.ptr, cut, &err));
            assert_true(sink_write(utf16_sink(utf16), text.ptr + cut, text.len - cut, &err));
            assert_true(utf16_finish(utf16, &err));
            utf16_free(utf16);
            kit_assert_same(buf_str(&out.bytes), buf_str(&want));
            kit_sink_done(&out);
            buf_done(&want);
        }
    }
}

static void every_character_is_as_iconv_has_it(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, KIT_MAX);
    for (uint32_t code = 1; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        if (code < 0x80) {
            buf_add_char(&text, (char)code);
            continue;
        }
        int len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
        buf_add_char(&text, (char)(first[len] | code >> 6 * (len - 1)));
        for (int i = len - 2; i >= 0; i--)
            buf_add_char(&text, (char)(0x80 | (code >> 6 * i & 0x3F)));
    }
    check(buf_str(&text), SIZE_MAX / 2);
    check(buf_str(&text), 4093);
    check(buf_str(&text), 1);
    buf_done(&text);
}

/* Pairs are then split over two blocks, and runs of ASCII end in the middle of a word. */
static void blocks_end_anywhere(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, KIT_MAX);
    for (size_t shift = 0; shift < 9; shift++) {
        buf_clear(&text);
        for (size_t i = 0; i < shift; i++)
            buf_add_char(&text, 'x');
        while (text.len < BLOCK + 100)
            buf_add_text(&text,
                         shift % 2 ? "\xF0\x9F\x98\x80\xF0\x9F\x98\x80" : "abcdefghijk\xC3\xA9");
        check(buf_str(&text), 1000);
    }
    buf_done(&text);
}

static void a_sink_that_fails_is_told_of_and_left_alone(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, KIT_MAX);
    kit_fill(&text, KIT_ROWS, BLOCK + 5000);
    static const size_t fails[] = {
        0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 10001};
    for (size_t i = 0; i < COUNT_OF(fails); i++) {
        struct kit_sink out;
        kit_sink_init(&out);
        out.fail_at = fails[i]; /* the file has two bytes more than the last */
        struct err err = {0};
        struct utf16 *utf16 = utf16_new(&out.sink);
        assert_false(kit_feed(utf16_sink(utf16), buf_str(&text), 7000, &err) &&
                     utf16_finish(utf16, &err));
        err = (struct err){0};
        assert_false(utf16_finish(utf16, &err));
        assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
        assert_int_equal(out.failures, 1);
        utf16_free(utf16);
        kit_sink_done(&out);
    }
    utf16_free(NULL);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_has_the_order_mark),
        cmocka_unit_test(a_text_may_be_cut_at_any_byte),
        cmocka_unit_test(every_character_is_as_iconv_has_it),
        cmocka_unit_test(blocks_end_anywhere),
        cmocka_unit_test(a_sink_that_fails_is_told_of_and_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
