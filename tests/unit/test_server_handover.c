/* SPDX-License-Identifier: Apache-2.0
 *
 * How a download ends while the store does not answer, over a store and a file that do as they are
 * told.
 */
#include "server/handover.h"

#include "base/log.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "01890000-0000-7000-8000-00000000abcd"
enum { SIZE = 10, TOKEN_NO = 7, LEASE = 5, PATIENCE_MS = 10000 };

struct world {
    struct store store;
    struct files files;
    struct exports exports;
    struct str token;
    char text[TOKEN_MAX_BYTES];
    pthread_mutex_t mutex; /* for the next four */
    bool is_away;
    unsigned asked; /* to take a lease back */
    unsigned told;  /* and it did */
    struct transfer transfer;
};

static const struct caller anyone = {.is_admin = false};

static bool get(struct store *store, struct uuid id, struct arena *arena, struct job *out,
                struct err *err)
{
    (void)store;
    (void)arena;
    (void)err;
    *out = (struct job){.id = id,
                        .owner = STR("alice"),
                        .state = JOB_COMPLETED,
                        .file = {.key = STR("key"), .size = SIZE}};
    return true;
}

static bool open_download(struct store *store, const struct download_request *request,
                          struct arena *arena, struct job *out, int64_t *out_lease, struct err *err)
{
    *out_lease = LEASE;
    return get(store, request->id, arena, out, err);
}

static bool close_download(struct store *store, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err)
{
    struct world *world = CONTAINER_OF(store, struct world, store);
    (void)id;
    assert_int_equal(lease, LEASE);
    pthread_mutex_lock(&world->mutex);
    bool is_away = world->is_away;
    world->asked++;
    world->told += !is_away;
    world->transfer = *transfer;
    pthread_mutex_unlock(&world->mutex);
    return !is_away || err_set(err, ERR_UNAVAILABLE, "the store is away");
}

static bool open_file(struct files *files, struct str key, struct file_reader **out,
                      struct err *err)
{
    static struct file_reader reader;
    (void)key;
    (void)err;
    reader.ops = files->ops;
    *out = &reader;
    return true;
}

static bool read_file(struct file_reader *reader, int64_t offset, void *out, size_t len,
                      size_t *out_len, struct err *err)
{
    (void)reader;
    (void)err;
    *out_len = len < (size_t)(SIZE - offset) ? len : (size_t)(SIZE - offset);
    memset(out, 'x', *out_len);
    return true;
}

static void close_file(struct file_reader *reader)
{
    (void)reader;
}

static const struct store_ops store_ops = {
    .get = get, .download_open = open_download, .download_close = close_download};
static const struct files_ops files_ops = {
    .open = open_file, .read = read_file, .close = close_file};

static void make_token(struct world *world)
{
    struct token token = {.number = TOKEN_NO, .expires_s = clock_now_ms(&clock_system) / 1000 + 60};
    struct buf text CLEANUP(buf_done);
    assert_true(uuid_parse(STR(ID), &token.job));
    buf_init(&text, TOKEN_MAX_BYTES);
    token_sign(world->exports.keys, &token, &text);
    memcpy(world->text, text.ptr, text.len);
    world->token = (struct str){world->text, text.len};
}

static int begin(void **state)
{
    static const struct limits_options most = {
        .clock = &clock_system, .most = {[LIMIT_OWNER_DOWNLOADS] = 1, [LIMIT_DOWNLOADS] = 1}};
    static struct world world;
    struct err err = {0};
    world = (struct world){.store = {.ops = &store_ops}, .files = {.ops = &files_ops}};
    pthread_mutex_init(&world.mutex, NULL);
    world.exports.store = &world.store;
    world.exports.files = &world.files;
    world.exports.clock = &clock_system;
    world.exports.limits = limits_new(&most);
    world.exports.returns = returns_start(&world.store);
    assert_true(keyring_new(STR(""), &world.exports.keys, &err));
    make_token(&world);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    returns_stop(world->exports.returns);
    returns_free(world->exports.returns);
    limits_free(world->exports.limits);
    keyring_free(world->exports.keys);
    pthread_mutex_destroy(&world->mutex);
    return 0;
}

static void set_away(struct world *world, bool is_away)
{
    pthread_mutex_lock(&world->mutex);
    world->is_away = is_away;
    pthread_mutex_unlock(&world->mutex);
}

static unsigned read_number(struct world *world, const unsigned *number)
{
    pthread_mutex_lock(&world->mutex);
    unsigned value = *number;
    pthread_mutex_unlock(&world->mutex);
    return value;
}

static void await(struct world *world, const unsigned *number, unsigned least)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (read_number(world, number) < least && clock_monotonic_ms() < end_ms)
        thread_sleep_ms(1);
    assert_true(read_number(world, number) >= least);
}

static struct handover *begin_download(struct world *world)
{
    struct handover *handover = NULL;
    struct exports_pass pass;
    struct arena arena CLEANUP(arena_done) = {0};
    struct err err = {0};
    assert_true(exports_check_token(&world->exports, &anyone, world->token, &arena, &pass, &err) &&
                handover_begin(&world->exports, &anyone, &pass, 0, &handover, &err));
    return handover;
}

/* Reads to the end, and is told that it is the end. */
static void read_all(struct handover *handover)
{
    char bytes[2 * SIZE];
    size_t len = 0;
    struct err err = {0};
    assert_true(handover_read(handover, bytes, sizeof bytes, &len, &err));
    assert_int_equal(len, SIZE);
    assert_true(handover_read(handover, bytes, sizeof bytes, &len, &err));
    assert_int_equal(len, 0);
}

static bool has_place(struct world *world)
{
    struct limits_place place = {0};
    struct err err = {0};
    bool has_place = limits_take_download(world->exports.limits, STR("alice"), &place, &err);
    limits_give_back(&place);
    return has_place;
}

static void an_end_that_the_store_could_not_be_told_is_told_when_it_answers(void **state)
{
    struct world *world = *state;
    struct handover *handover = begin_download(world);
    set_away(world, true);
    read_all(handover); /* who has all bytes need not know */
    handover_end(handover, false);
    assert_int_equal(0, read_number(world, &world->told));
    assert_false(has_place(world)); /* which bounds how many wait */
    await(world, &world->asked, 2);
    set_away(world, false);
    await(world, &world->told, 1);
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!has_place(world) && clock_monotonic_ms() < end_ms)
        thread_sleep_ms(1);
    assert_true(has_place(world));
    assert_int_equal(world->transfer.from, 0);
    assert_int_equal(world->transfer.taken, SIZE);
    assert_int_equal(world->transfer.token_no, TOKEN_NO);
}

static void what_is_left_at_the_stop_is_told_once_more(void **state)
{
    struct world *world = *state;
    struct handover *handover = begin_download(world);
    set_away(world, true);
    handover_end(handover, true);
    set_away(world, false);
    returns_stop(world->exports.returns);
    returns_free(world->exports.returns);
    world->exports.returns = NULL;
    assert_int_equal(1, world->told);
    assert_true(has_place(world));
}

static void a_stop_does_not_wait_for_a_store_that_stays_away(void **state)
{
    struct world *world = *state;
    struct handover *handover = begin_download(world);
    set_away(world, true);
    read_all(handover);
    handover_end(handover, false);
    returns_stop(world->exports.returns);
    returns_free(world->exports.returns);
    world->exports.returns = NULL;
    assert_int_equal(0, world->told);
    assert_true(has_place(world));
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_end_that_the_store_could_not_be_told_is_told_when_it_answers, begin, end),
        cmocka_unit_test_setup_teardown(what_is_left_at_the_stop_is_told_once_more, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_does_not_wait_for_a_store_that_stays_away, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
