/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of ends, as EXPORT_WEBHOOK_URLS says it.
 */
#include "base/buf.h"
#include "server/subscribers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define A "https://a.example.org/hook"
#define B "https://b.example.org/hook"

struct world {
    struct arena arena;
    struct subscribers told;
    struct err err;
};

static bool read(struct world *world, const char *text)
{
    return subscribers_read(str_of(text), false, &world->arena, &world->told, &world->err);
}

static void entries_are_urls_of_all_or_of_an_owner(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *told; /* as OWNER>URL, with blanks between */
    } rows[] = {
        {"", ""},
        {"none", ""},
        {A, ">" A},
        {" " A " , " B, ">" A " >" B},
        {"alice=" A, "alice>" A},
        {"alice =" A "," A ",bob=" B, "alice>" A " >" A " bob>" B},
        {"CN=alice=" A, "CN=alice>" A},
        {"alice=" A "?to=" B, "alice>" A "?to=" B},
        {A "?key=x=y", ">" A "?key=x=y"},
        {A "," A ",alice=" A ",alice=" A, ">" A " alice>" A},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world world = {0};
        struct buf told CLEANUP(buf_done);
        buf_init(&told, 4096);
        assert_true(read(&world, rows[i].text));
        for (size_t at = 0; at < world.told.count; at++)
            buf_printf(&told, "%s%.*s>%.*s", at ? " " : "", STR_ARG(world.told.list[at].owner),
                       STR_ARG(world.told.list[at].url));
        assert_true(str_equal(buf_str(&told), str_of(rows[i].told)));
        arena_done(&world.arena);
    }
}

static void what_will_not_do_is_named_by_its_number_and_not_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        {"ftp://SECRET.example.org/",
         "entry 1 of EXPORT_WEBHOOK_URLS: its URL has to begin with https://"},
        {A ",SECRET", "entry 2 of EXPORT_WEBHOOK_URLS"},
        {A ",,", "entry 2"},
        {A ",http://example.org/SECRET", "begin with https://"},
        {"alice=http://example.org/SECRET", "begin with https://"},
        {"alice=https://10.0.0.1/SECRET", "private address"},
        {"alice=https://u:SECRET@example.org/", "a user or a password"},
        {"=https://example.org/SECRET", "an owner that nobody can be"},
        {"a\nb=https://example.org/SECRET", "an owner that nobody can be"},
        {A "?SECRET=" B, "%3A"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world world = {0};
        assert_false(read(&world, rows[i].text));
        assert_string_equal(world.err.field, "EXPORT_WEBHOOK_URLS");
        assert_non_null(strstr(world.err.text, rows[i].said));
        assert_non_null(strstr(world.err.text, "OWNER=https://"));
        assert_null(strstr(world.err.text, "SECRET"));
        arena_done(&world.arena);
    }
}

static void the_list_is_bounded(void **state)
{
    (void)state;
    struct world world = {0};
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 16384);
    for (int i = 0; i < SUBSCRIBERS_MAX; i++)
        buf_printf(&text, "%so%d=%s", i ? "," : "", i, A);
    assert_true(read(&world, text.ptr));
    assert_int_equal(world.told.count, SUBSCRIBERS_MAX);
    buf_printf(&text, ",%s", A);
    assert_false(read(&world, text.ptr));
    assert_non_null(strstr(world.err.text, "more than 64"));
    buf_clear(&text);
    buf_printf(&text, "alice=https://example.org/%02048d", 0);
    assert_false(read(&world, text.ptr));
    assert_non_null(strstr(world.err.text, "2048 bytes"));
    arena_done(&world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_urls_of_all_or_of_an_owner),
        cmocka_unit_test(what_will_not_do_is_named_by_its_number_and_not_shown),
        cmocka_unit_test(the_list_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
