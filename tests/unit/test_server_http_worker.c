/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq-worker's door over a pool whose store goes away and comes back: what health says, and
 * what nobody is given.
 */
#include "server/http_worker.h"

#include "tests/http/http_kit.h"
#include "tests/support/shop.h"

enum { WORKERS = 2, PATIENCE_MS = 10000 };

static atomic_bool is_away;
static const struct store_ops *real_ops; /* of the store, when it is there */

static bool claim(struct store *store, const char *worker, struct arena *arena, struct job *out,
                  struct ticket *out_ticket, bool *out_is_found, struct err *err)
{
    if (atomic_load(&is_away))
        return err_set(err, ERR_UNAVAILABLE, "the store is away");
    return real_ops->claim(store, worker, arena, out, out_ticket, out_is_found, err);
}

struct world {
    struct shop shop;
    struct hub *hub;
    struct store *store;
    struct store_ops ops;
    struct identity *identity;
    struct metrics *metrics;
    struct pool *pool;
    struct http_worker door;
    struct http_kit kit;
};

static void open_door(struct world *world)
{
    struct err err = {0};
    struct metrics_options of = {.catalog = world->shop.catalog};
    of.http_routes = http_worker_paths(&of.http_route_count);
    world->metrics = metrics_new(&of);
    const struct metrics_sources sources = {.store = world->store, .pool = world->pool};
    metrics_set_sources(world->metrics, &sources);
    const struct http_worker_options options = {
        .listen = "127.0.0.1:0",
        .identity = world->identity,
        .metrics = world->metrics,
        .pool = world->pool,
    };
    if (!http_worker_open(&options, &world->door, &err))
        fail_msg("%s", err.text);
    world->kit.server = world->door.server;
}

static int begin(void **state)
{
    const struct store_options options = store_options_default();
    const struct identity_options nobody_asks = {
        .methods = STR("none"),
        .jwt = {.owner_claim = STR("sub"), .role_claim = STR("role"), .admin_role = STR("admin")}};
    struct world *world = mem_new(struct world);
    struct err err = {0};
    shop_open(&world->shop);
    assert_true(identity_new(&nobody_asks, &world->identity, &err));
    world->hub = hub_new();
    world->store = store_memory_new(&options, &clock_system, world->hub);
    real_ops = world->store->ops;
    world->ops = *real_ops;
    world->ops.claim = claim;
    world->store->ops = &world->ops;
    const struct pool_options workers = {
        .store = world->store,
        .hub = world->hub,
        .runner = &world->shop.runner,
        .worker_count = WORKERS,
        .heartbeat_ms = 50,
        .name = "test",
    };
    world->pool = pool_start(&workers);
    open_door(world);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    http_worker_close(&world->door, 0);
    pool_free(world->pool);
    metrics_free(world->metrics);
    store_free(world->store);
    hub_free(world->hub);
    identity_free(world->identity);
    shop_close(&world->shop);
    free(world);
    return 0;
}

/* Waits until all workers found it so. */
static void set_away(struct world *world, bool is_to_be)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct pool_use use = {.away = WORKERS + 1};
    size_t want = is_to_be ? WORKERS : 0;
    atomic_store(&is_away, is_to_be);
    while (use.away != want && clock_monotonic_ms() < end_ms) {
        store_wake(world->store);
        (void)nanosleep(&pause, NULL);
        pool_read_use(world->pool, &use);
    }
    assert_int_equal(use.away, want);
}

static void health_says_how_it_stands_and_always_answers(void **state)
{
    struct world *world = *state;
    assert_has(kit_get(&world->kit, "GET /api/health"), "HTTP/1.1 200");
    assert_has(world->kit.answer, "{\"data\":{\"status\":\"ok\",");
    assert_has(world->kit.answer, "\"version\":\"" EXPORTQ_VERSION "\"");
    assert_has(kit_get(&world->kit, "GET /metrics"), "\nexportq_store_up 1\n");
    set_away(world, true);
    assert_has(kit_get(&world->kit, "GET /api/health"), "HTTP/1.1 200");
    assert_has(world->kit.answer, "\"status\":\"degraded\"");
    assert_has(world->kit.answer, "\"store\":{\"reachable\":false}");
    assert_has(kit_get(&world->kit, "GET /metrics"), "\nexportq_store_up 0\n");
    set_away(world, false);
    assert_has(kit_get(&world->kit, "GET /api/health"), "\"status\":\"ok\"");
    atomic_store(&world->door.is_draining, true);
    assert_has(kit_get(&world->kit, "GET /api/health"), "\"status\":\"draining\"");
}

static void what_else_is_asked_is_refused_and_counted(void **state)
{
    struct world *world = *state;
    assert_has(kit_get(&world->kit, "GET /exports"), "HTTP/1.1 404");
    assert_has(kit_get(&world->kit, "POST /metrics"), "HTTP/1.1 405");
    assert_has(world->kit.answer, "X-Content-Type-Options: nosniff");
    assert_has(kit_get(&world->kit, "GET /metrics"), "\nexportq_workers 2\n");
    assert_has(world->kit.answer,
               "http_requests_total{route=\"other\",method=\"GET\",code=\"404\"} 1\n");
}

static void no_other_name_and_no_foreign_page_gets_anything(void **state)
{
    struct world *world = *state;
    static const char *const fields[] = {"Host: example.org",
                                         "Host: localhost\r\nOrigin: https://example.org"};
    static const char *const paths[] = {"/metrics", "/api/health"};
    for (size_t i = 0; i < COUNT_OF(fields) * COUNT_OF(paths); i++) {
        char request[256];
        (void)snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", paths[i % 2],
                       fields[i / 2]);
        assert_has(kit_ask(&world->kit, request), "HTTP/1.1 403");
        assert_has_no(world->kit.answer, EXPORTQ_VERSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(health_says_how_it_stands_and_always_answers, begin, end),
        cmocka_unit_test_setup_teardown(what_else_is_asked_is_refused_and_counted, begin, end),
        cmocka_unit_test_setup_teardown(no_other_name_and_no_foreign_page_gets_anything, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
