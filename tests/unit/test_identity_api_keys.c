/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys: what was made is taken, and nothing else is.
 */
#include "identity/api_keys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1790000000000);

struct world {
    struct api_keys *keys;
    struct arena arena;
    struct str owner;
    bool is_admin;
    struct err err;
};

/* A key, and a line for it. */
static void make(struct api_key *key, struct buf *out_text, struct buf *lines)
{
    buf_init(out_text, API_KEY_MAX_BYTES);
    api_key_make(key, out_text);
    assert_true(buf_is_ok(out_text));
    api_key_write(key, lines);
}

static struct world world_of(const struct buf *lines)
{
    struct world world = {.keys = NULL};
    assert_true(api_keys_read(buf_str(lines), &world.keys, &world.err));
    return world;
}

static bool finds(struct world *world, struct str text)
{
    world->err = (struct err){0};
    return api_keys_find(world->keys, text, now_ms, &world->arena, &world->owner, &world->is_admin,
                         &world->err);
}

static void world_done(struct world *world)
{
    api_keys_free(world->keys);
    arena_done(&world->arena);
}

static void each_key_is_its_owners(void **state)
{
    (void)state;
    enum { MANY = 50 };
    struct buf lines CLEANUP(buf_done);
    struct buf texts[MANY];
    buf_init(&lines, 100000);
    buf_add_text(&lines, "# a remark\n\n");
    for (size_t i = 0; i < MANY; i++) {
        char owner[32];
        (void)snprintf(owner, sizeof owner, "Zoë of %zu", i);
        struct api_key key = {
            .owner = str_of(owner), .is_admin = i % 2, .created_ms = now_ms - 1000};
        make(&key, &texts[i], &lines);
    }
    struct world world = world_of(&lines);
    for (size_t i = 0; i < MANY; i++) {
        char owner[32];
        (void)snprintf(owner, sizeof owner, "Zoë of %zu", i);
        assert_true(finds(&world, buf_str(&texts[i])));
        assert_true(str_equal(world.owner, str_of(owner)));
        assert_int_equal(world.is_admin, i % 2);
        buf_done(&texts[i]);
    }
    world_done(&world);
}

static void any_changed_cut_or_lengthened_key_is_refused_in_the_same_words(void **state)
{
    (void)state;
    struct buf lines CLEANUP(buf_done);
    struct buf text CLEANUP(buf_done);
    struct api_key key = {.owner = STR("alice"), .created_ms = now_ms};
    buf_init(&lines, 10000);
    make(&key, &text, &lines);
    struct world world = world_of(&lines);
    assert_false(finds(&world, STR("")));
    struct err first = world.err;
    assert_int_equal(first.code, ERR_UNAUTHENTICATED);
    for (size_t i = 0; i < text.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.ptr[i] = (char)(text.ptr[i] ^ (char)BIT(bit));
            assert_false(finds(&world, buf_str(&text)));
            assert_string_equal(world.err.text, first.text);
            text.ptr[i] = (char)(text.ptr[i] ^ (char)BIT(bit));
        }
        assert_false(finds(&world, (struct str){text.ptr, i}));
        assert_string_equal(world.err.text, first.text);
    }
    assert_true(finds(&world, buf_str(&text)));
    buf_add_char(&text, 'A');
    assert_false(finds(&world, buf_str(&text)));
    world_done(&world);
}

static void only_a_key_that_holds_is_told_that_it_has_expired(void **state)
{
    (void)state;
    struct buf lines CLEANUP(buf_done);
    struct buf gone CLEANUP(buf_done);
    struct buf good CLEANUP(buf_done);
    struct api_key past = {.owner = STR("a"), .created_ms = 1000, .expires_ms = now_ms};
    struct api_key future = {.owner = STR("b"), .created_ms = 1000, .expires_ms = now_ms + 1};
    buf_init(&lines, 10000);
    make(&past, &gone, &lines);
    make(&future, &good, &lines);
    struct world world = world_of(&lines);
    assert_true(finds(&world, buf_str(&good)));
    assert_false(finds(&world, buf_str(&gone)));
    assert_int_equal(world.err.code, ERR_UNAUTHENTICATED);
    assert_non_null(strstr(world.err.text, "expired"));
    gone.ptr[gone.len - 1] = gone.ptr[gone.len - 1] == 'A' ? 'B' : 'A';
    assert_false(finds(&world, buf_str(&gone)));
    assert_null(strstr(world.err.text, "expired"));
    world_done(&world);
}

static void a_file_shows_no_key(void **state)
{
    (void)state;
    struct buf lines CLEANUP(buf_done);
    struct buf text CLEANUP(buf_done);
    struct api_key key = {.owner = STR("alice"), .created_ms = now_ms};
    buf_init(&lines, 10000);
    make(&key, &text, &lines);
    assert_null(strstr(lines.ptr, text.ptr + sizeof API_KEY_PREFIX + API_KEY_ID_LEN));
    assert_non_null(strstr(lines.ptr, key.id));
}

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WHEN "2026-11-28T08:00:00.000Z"

static void a_damaged_line_is_named(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0123456789ab " HASH " owner " WHEN " -",
        "0123456789ab " HASH " owner " WHEN " - ",
        "0123456789aB " HASH " owner " WHEN " - alice",
        "0123456789a " HASH " owner " WHEN " - alice",
        "0123456789ab " HASH "a owner " WHEN " - alice",
        "0123456789ab x" HASH " owner " WHEN " - alice",
        "0123456789ab " HASH " root " WHEN " - alice",
        "0123456789ab " HASH " owner yesterday - alice",
        "0123456789ab " HASH " owner " WHEN " never alice",
        "0123456789ab " HASH " owner " WHEN " - ali\tce",
        "0123456789ab  " HASH " owner " WHEN " - alice",
        "exq_0123456789ab_secret",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct buf text CLEANUP(buf_done);
        struct api_keys *keys = NULL;
        struct err err = {0};
        buf_init(&text, 10000);
        buf_printf(&text, "# one\n0123456789ac " HASH " admin " WHEN " - bob\n%s\n", lines[i]);
        assert_false(api_keys_read(buf_str(&text), &keys, &err));
        assert_string_equal(err.field, "EXPORT_API_KEYS");
        assert_non_null(strstr(err.text, "line 3"));
        assert_null(strstr(err.text, "secret"));
    }
}

static void an_id_is_there_once(void **state)
{
    (void)state;
    struct api_keys *keys = NULL;
    struct err err = {0};
    const struct str text = STR("0123456789ab " HASH " owner " WHEN " - alice\n"
                                "0123456789ab " HASH " admin " WHEN " - bob\n");
    assert_false(api_keys_read(text, &keys, &err));
    assert_non_null(strstr(err.text, "0123456789ab twice"));
}

static void a_file_without_keys_takes_nobody(void **state)
{
    (void)state;
    struct world world = {.keys = NULL};
    assert_true(api_keys_read(STR("# none yet\n"), &world.keys, &world.err));
    assert_false(
        finds(&world, STR("exq_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_its_owners),
        cmocka_unit_test(any_changed_cut_or_lengthened_key_is_refused_in_the_same_words),
        cmocka_unit_test(only_a_key_that_holds_is_told_that_it_has_expired),
        cmocka_unit_test(a_file_shows_no_key),
        cmocka_unit_test(a_damaged_line_is_named),
        cmocka_unit_test(an_id_is_there_once),
        cmocka_unit_test(a_file_without_keys_takes_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
