/* SPDX-License-Identifier: Apache-2.0
 *
 * What owners may take: by a clock that the test sets, by many names, and from many threads.
 */
#include "server/limits.h"

#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000, THREADS = 8, TURNS = 2000 };

static const struct str alice = {"alice", 5};
static const struct str bob = {"bob", 3};

/* Limits, and the hands of their clock. */
struct world {
    struct clock clock;
    atomic_llong now_ms;
    struct limits *limits;
    struct err err;
};

static int64_t tell_time(const struct clock *clock)
{
    return atomic_load(&CONTAINER_OF(clock, struct world, clock)->now_ms);
}

static void begin_with(struct world *world, struct limits_options options)
{
    *world = (struct world){.clock = {.now_ms = tell_time, .steady_ms = tell_time}};
    atomic_store(&world->now_ms, 1000000);
    options.clock = &world->clock;
    world->limits = limits_new(&options);
}

static void begin(struct world *world)
{
    const struct limits_options options = {
        .most = {[LIMIT_ACTIVE] = 5,
                 [LIMIT_CREATED] = 6,
                 [LIMIT_TOKENS] = 3,
                 [LIMIT_OWNER_WATCHES] = 2,
                 [LIMIT_WATCHES] = 3,
                 [LIMIT_OWNER_DOWNLOADS] = 1,
                 [LIMIT_DOWNLOADS] = 2,
                 [LIMIT_FILTERS] = 64,
                 [LIMIT_COLUMNS] = 2000},
        .max_owners = 10,
    };
    begin_with(world, options);
}

static struct limit_use use_of(const struct world *world, enum limit limit)
{
    struct limit_use uses[LIMIT_COUNT];
    limits_read(world->limits, uses);
    return uses[limit];
}

static bool creates(struct world *world, struct str owner)
{
    world->err = (struct err){0};
    return limits_take_create(world->limits, owner, &world->err);
}

static void create_times(struct world *world, struct str owner, int count)
{
    for (int i = 0; i < count; i++)
        assert_true(creates(world, owner));
}

static void an_owner_creates_its_minutes_number_and_then_one_at_a_time(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    create_times(&world, alice, 6);
    assert_int_equal(use_of(&world, LIMIT_CREATED).in_use, 6);
    assert_false(creates(&world, alice));
    assert_int_equal(world.err.code, ERR_LIMIT);
    assert_int_equal(world.err.retry_after_ms, MINUTE_MS / 6);
    assert_non_null(strstr(world.err.text, "EXPORT_MAX_CREATED_PER_MINUTE"));
    assert_non_null(strstr(world.err.text, "6 exports"));
    create_times(&world, bob, 6);
    atomic_fetch_add(&world.now_ms, MINUTE_MS / 6 - 1);
    assert_false(creates(&world, alice));
    assert_int_equal(world.err.retry_after_ms, 1); /* a refusal does not push it away */
    atomic_fetch_add(&world.now_ms, 1);
    create_times(&world, alice, 1);
    assert_false(creates(&world, alice));
    assert_int_equal(use_of(&world, LIMIT_CREATED).refused, 3);
    atomic_fetch_add(&world.now_ms, 100 * MINUTE_MS); /* no more than a minute's are saved up */
    create_times(&world, alice, 6);
    assert_false(creates(&world, alice));
    limits_free(world.limits);
}

static void every_rate_is_kept(void **state)
{
    (void)state;
    static const int64_t rates[] = {1, 7, 600, 59999, 1000000000};
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        struct world world;
        begin_with(&world, (struct limits_options){.most = {[LIMIT_CREATED] = rates[i]}});
        int64_t count = rates[i] < 100000 ? rates[i] : 100000;
        create_times(&world, alice, (int)count);
        assert_int_equal(use_of(&world, LIMIT_CREATED).in_use, count);
        assert_int_equal(creates(&world, alice), rates[i] > count);
        limits_free(world.limits);
    }
}

static struct str name_of(int number, char text[16])
{
    return (struct str){text, (size_t)snprintf(text, 16, "o%d", number)};
}

static void tokens_are_counted_apart_from_creates(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    create_times(&world, alice, 6);
    for (int i = 0; i < 3; i++)
        assert_true(limits_take_token(world.limits, alice, &world.err));
    assert_false(limits_take_token(world.limits, alice, &world.err));
    assert_int_equal(world.err.code, ERR_LIMIT);
    assert_int_equal(world.err.retry_after_ms, MINUTE_MS / 3);
    assert_non_null(strstr(world.err.text, "3 download tokens"));
    assert_non_null(strstr(world.err.text, "(EXPORT_MAX_TOKENS_PER_MINUTE)"));
    assert_true(limits_take_token(world.limits, bob, &world.err));
    assert_int_equal(use_of(&world, LIMIT_TOKENS).in_use, 3);
    assert_int_equal(use_of(&world, LIMIT_TOKENS).refused, 1);
    assert_int_equal(use_of(&world, LIMIT_CREATED).refused, 0);
    atomic_fetch_add(&world.now_ms, MINUTE_MS / 3);
    assert_true(limits_take_token(world.limits, alice, &world.err));
    assert_false(limits_take_token(world.limits, alice, &world.err));
    create_times(&world, alice, 2);
    assert_false(creates(&world, alice));
    limits_free(world.limits);
}

static void who_is_quiet_in_one_way_is_not_forgotten_for_the_other(void **state)
{
    (void)state;
    struct world world;
    char text[16];
    begin(&world);
    for (int i = 0; i < 3; i++)
        assert_true(limits_take_token(world.limits, alice, &world.err));
    create_times(&world, alice, 1);
    atomic_fetch_add(&world.now_ms, MINUTE_MS / 6); /* its create is back, its tokens are not */
    for (int i = 0; i < 1000; i++)
        (void)!limits_take_token(world.limits, name_of(i, text), &world.err);
    assert_non_null(strstr(world.err.text, "more owners ask for download tokens"));
    assert_false(limits_take_token(world.limits, alice, &world.err));
    assert_non_null(strstr(world.err.text, "you have asked for"));
    limits_free(world.limits);
}

static void without_a_rate_all_creates_pass(void **state)
{
    (void)state;
    struct world world;
    begin_with(&world, (struct limits_options){.most = {[LIMIT_CREATED] = 0}});
    create_times(&world, alice, 10000);
    assert_int_equal(use_of(&world, LIMIT_CREATED).in_use, 0);
    limits_free(world.limits);
}

static void a_flood_of_names_does_not_free_who_is_limited(void **state)
{
    (void)state;
    struct world world;
    char text[16];
    begin(&world);
    create_times(&world, alice, 6);
    int passed = 0;
    for (int i = 0; i < 1000; i++)
        passed += creates(&world, name_of(i, text));
    assert_int_equal(passed, 9 + 6); /* those that are remembered, and those who share */
    assert_non_null(strstr(world.err.text, "more owners"));
    assert_false(creates(&world, alice));
    assert_int_equal(world.err.retry_after_ms, MINUTE_MS / 6);
    atomic_fetch_add(&world.now_ms, MINUTE_MS / 6); /* the nine are quiet again */
    create_times(&world, bob, 6);
    create_times(&world, alice, 1);
    assert_false(creates(&world, alice));
    limits_free(world.limits);
}

static void who_holds_something_is_counted_whatever_names_come(void **state)
{
    (void)state;
    struct world world;
    char text[16];
    struct limits_place places[3];
    begin(&world);
    for (int i = 0; i < 1000; i++)
        (void)creates(&world, name_of(i, text));
    assert_true(limits_take_watch(world.limits, alice, &places[0], &world.err));
    assert_true(limits_take_watch(world.limits, alice, &places[1], &world.err));
    assert_false(limits_take_watch(world.limits, alice, &places[2], &world.err));
    create_times(&world, alice, 6); /* it is remembered, so it does not share */
    assert_false(creates(&world, alice));
    limits_give_back(&places[0]);
    limits_give_back(&places[1]);
    assert_false(creates(&world, alice)); /* nor is it forgotten while its minute lasts */
    limits_free(world.limits);
}

static void watches_are_limited_for_each_and_for_all(void **state)
{
    (void)state;
    struct world world;
    struct limits_place places[4] = {{0}};
    begin(&world);
    assert_true(limits_take_watch(world.limits, alice, &places[0], &world.err));
    assert_true(limits_take_watch(world.limits, alice, &places[1], &world.err));
    assert_false(limits_take_watch(world.limits, alice, &places[2], &world.err));
    assert_int_equal(world.err.code, ERR_LIMIT);
    assert_true(world.err.retry_after_ms > 0);
    assert_non_null(strstr(world.err.text, "2 watches open"));
    assert_non_null(strstr(world.err.text, "(EXPORT_MAX_WATCHES_PER_USER)"));
    assert_true(limits_take_watch(world.limits, bob, &places[2], &world.err));
    assert_false(limits_take_watch(world.limits, bob, &places[3], &world.err));
    assert_non_null(strstr(world.err.text, "(EXPORT_MAX_WATCHES)"));
    assert_int_equal(use_of(&world, LIMIT_OWNER_WATCHES).in_use, 2);
    assert_int_equal(use_of(&world, LIMIT_OWNER_WATCHES).refused, 1);
    assert_int_equal(use_of(&world, LIMIT_WATCHES).in_use, 3);
    assert_int_equal(use_of(&world, LIMIT_WATCHES).refused, 1);
    limits_give_back(&places[0]);
    limits_give_back(&places[0]); /* nothing more */
    assert_int_equal(use_of(&world, LIMIT_WATCHES).in_use, 2);
    assert_true(limits_take_watch(world.limits, bob, &places[0], &world.err));
    for (size_t i = 0; i < 3; i++)
        limits_give_back(&places[i]);
    assert_int_equal(use_of(&world, LIMIT_WATCHES).in_use, 0);
    assert_int_equal(use_of(&world, LIMIT_OWNER_WATCHES).in_use, 0);
    limits_free(world.limits);
}

static void downloads_are_counted_apart_from_watches(void **state)
{
    (void)state;
    struct world world;
    struct limits_place watch = {0};
    struct limits_place places[3] = {{0}};
    begin(&world);
    assert_true(limits_take_watch(world.limits, alice, &watch, &world.err));
    assert_true(limits_take_download(world.limits, alice, &places[0], &world.err));
    assert_false(limits_take_download(world.limits, alice, &places[1], &world.err));
    assert_non_null(strstr(world.err.text, "(EXPORT_MAX_DOWNLOADS_PER_USER)"));
    assert_true(limits_take_download(world.limits, bob, &places[1], &world.err));
    assert_false(limits_take_download(world.limits, STR("carol"), &places[2], &world.err));
    assert_non_null(strstr(world.err.text, "(EXPORT_MAX_DOWNLOADS)"));
    assert_int_equal(use_of(&world, LIMIT_OWNER_DOWNLOADS).in_use, 1);
    assert_int_equal(use_of(&world, LIMIT_DOWNLOADS).in_use, 2);
    limits_give_back(&places[0]);
    limits_give_back(&places[1]);
    limits_give_back(&watch);
    limits_free(world.limits);
}

static void what_is_decided_elsewhere_is_counted(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    limits_count_refusal(world.limits, LIMIT_ACTIVE);
    limits_count_refusal(world.limits, LIMIT_ACTIVE);
    const struct limit_use use = use_of(&world, LIMIT_ACTIVE);
    assert_string_equal(use.name, "EXPORT_MAX_ACTIVE_PER_USER");
    assert_int_equal(use.most, 5);
    assert_int_equal(use.refused, 2);
    assert_int_equal(limits_most(world.limits, LIMIT_COLUMNS), 2000);
    limits_free(world.limits);
}

static void *take_and_give(void *arg)
{
    struct world *world = arg;
    char text[16];
    for (int i = 0; i < TURNS; i++) {
        struct limits_place place = {0};
        struct err err = {0};
        struct limit_use uses[LIMIT_COUNT];
        if (limits_take_watch(world->limits, i % 2 ? alice : name_of(i, text), &place, &err)) {
            limits_read(world->limits, uses);
            if (uses[LIMIT_WATCHES].in_use > 3 || uses[LIMIT_OWNER_WATCHES].in_use > 2)
                return world; /* more than there are */
        }
        (void)!limits_take_create(world->limits, name_of(i, text), &err);
        atomic_fetch_add(&world->now_ms, 1000);
        limits_give_back(&place);
    }
    return NULL;
}

static void threads_never_hold_more_than_there_is_and_nothing_is_lost(void **state)
{
    (void)state;
    struct world world;
    pthread_t threads[THREADS];
    begin(&world);
    for (size_t i = 0; i < THREADS; i++)
        thread_start(&threads[i], take_and_give, &world);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(use_of(&world, LIMIT_WATCHES).in_use, 0);
    assert_int_equal(use_of(&world, LIMIT_OWNER_WATCHES).in_use, 0);
    limits_free(world.limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_creates_its_minutes_number_and_then_one_at_a_time),
        cmocka_unit_test(every_rate_is_kept),
        cmocka_unit_test(tokens_are_counted_apart_from_creates),
        cmocka_unit_test(who_is_quiet_in_one_way_is_not_forgotten_for_the_other),
        cmocka_unit_test(without_a_rate_all_creates_pass),
        cmocka_unit_test(a_flood_of_names_does_not_free_who_is_limited),
        cmocka_unit_test(who_holds_something_is_counted_whatever_names_come),
        cmocka_unit_test(watches_are_limited_for_each_and_for_all),
        cmocka_unit_test(downloads_are_counted_apart_from_watches),
        cmocka_unit_test(what_is_decided_elsewhere_is_counted),
        cmocka_unit_test(threads_never_hold_more_than_there_is_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
