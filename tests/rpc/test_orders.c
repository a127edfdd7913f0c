/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime over the stand-in core: events in every order, cancels and stops in every phase. Each
 * story runs with many seeds; a failure prints the seed, and SEED=n runs that one alone. Whatever
 * happens, each call is freed once, each state is freed once, and the core keeps no object.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "rpc/status.h"
#include "tests/rpc/fake_core.h"
#include "tests/rpc/support/probe.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROUNDS = 150, PLENTY = 1000000 };

#define HEALTH_WATCH "/grpc.health.v1.Health/Watch"
#define HEALTH_CHECK "/grpc.health.v1.Health/Check"
#define REFLECTION   "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

static const struct rpc_server_options options = {.pollers = 2, .workers = 3};

/* Runs a story with one seed after the other. */
static void tell_story(void (*story)(struct probe *probe))
{
    const char *only = getenv("SEED"); // NOLINT(concurrency-mt-unsafe)
    int64_t first = 1;
    int64_t rounds = ROUNDS;
    if (only) {
        assert_true(str_to_int64(str_of(only), &first));
        rounds = 1;
    }
    for (int64_t seed = first; seed < first + rounds; seed++) {
        print_message("%sSEED=%lld", seed > first ? "\r" : "", (long long)seed);
        fake_core_seed((uint64_t)seed);
        fake_core_hold(false);
        struct probe *probe = probe_new(options);
        story(probe);
        probe_free(probe);
        assert_int_equal(fake_core_objects(), 0);
    }
    print_message("\n");
}

static struct str some_body(void)
{
    return STR("\x0a\x02hi");
}

static struct fake_call *begin(const char *method)
{
    return fake_call_new(method, STR(""), false);
}

/* Waits until the call is over, and frees it. */
static int end(struct fake_call *call)
{
    WAIT_UNTIL(fake_call_is_over(call));
    int status = fake_call_status(call);
    fake_call_free(call);
    return status;
}

static int status_of(enum err_code code)
{
    return rpc_status_from_err(code);
}

/* Lets events pile up now and then, so that there are orders to choose from. */
static void hold_now_and_then(void)
{
    fake_core_hold(fake_core_draw(3) == 0);
}

/* --- stories --------------------------------------------------------------------------------- */

static void unary_calls(struct probe *probe)
{
    struct fake_call *calls[8];
    (void)probe;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        hold_now_and_then();
        calls[i] = fake_call_new(i % 3 == 2 ? HEALTH_CHECK : PROBE_ECHO, STR(""), false);
    }
    fake_core_hold(false);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        WAIT_UNTIL(fake_call_is_over(calls[i]));
        assert_int_equal(fake_call_messages(calls[i]), 1);
        assert_int_equal(end(calls[i]), 0);
    }
}

static void every_order_of_a_unary_call_frees_it_once(void **state)
{
    (void)state;
    tell_story(unary_calls);
}

static void refusals(struct probe *probe)
{
    (void)probe;
    struct fake_call *unknown = begin("/no.Such/Method");
    struct fake_call *bodiless = fake_call_new(PROBE_ECHO, (struct str){0}, false);
    struct fake_call *damaged = fake_call_new(PROBE_ECHO, STR("\xff"), false);
    assert_int_equal(end(unknown), status_of(ERR_UNIMPLEMENTED));
    assert_int_equal(end(bodiless), status_of(ERR_INVALID));
    assert_int_equal(end(damaged), status_of(ERR_INVALID));
}

static void refused_calls_are_freed(void **state)
{
    (void)state;
    tell_story(refusals);
}

static void cancels(struct probe *probe)
{
    static const char *const methods[] = {PROBE_ECHO, PROBE_COUNT, PROBE_WATCH, HEALTH_WATCH,
                                          REFLECTION};
    struct fake_call *calls[20];
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        hold_now_and_then();
        const char *method = methods[fake_core_draw(COUNT_OF(methods))];
        bool has_body = fake_core_draw(4) > 0;
        calls[i] = fake_call_new(method, has_body ? some_body() : (struct str){0}, true);
        fake_call_take(calls[i], fake_core_draw(3));
        if (fake_core_draw(2))
            fake_call_cancel(calls[i]);
        if (fake_core_draw(4) == 0)
            probe_publish(probe, i);
    }
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        hold_now_and_then();
        fake_call_take(calls[i], fake_core_draw(3));
        fake_call_cancel(calls[i]);
        probe_publish(probe, i + COUNT_OF(calls));
    }
    fake_core_hold(false);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        (void)end(calls[i]);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    assert_int_equal(atomic_load(&probe->states), 0);
}

static void a_call_may_be_cancelled_at_any_moment(void **state)
{
    (void)state;
    tell_story(cancels);
}

static void *publish_many(void *data)
{
    for (uint64_t i = 1; i <= 300; i++)
        probe_publish(data, i);
    return NULL;
}

static void wake_storm(struct probe *probe)
{
    struct fake_call *calls[6];
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        calls[i] = begin(PROBE_WATCH);
        fake_call_take(calls[i], i % 2 ? PLENTY : 3);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, publish_many, probe), 0);
    fake_call_cancel(calls[0]);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    probe_publish(probe, PLENTY);
    WAIT_UNTIL(fake_call_messages(calls[1]) > 0);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        fake_call_cancel(calls[i]);
        (void)end(calls[i]);
    }
    WAIT_UNTIL(probe_watchers(probe) == 0);
}

static void a_storm_of_wakes_loses_no_call_and_no_wake(void **state)
{
    (void)state;
    tell_story(wake_storm);
}

/* The value changes while the handler, having found nothing new, is about to wait. */
static void last_wake(struct probe *probe)
{
    atomic_store(&probe->is_slow, true);
    struct fake_call *call = begin(PROBE_WATCH);
    fake_call_take(call, PLENTY);
    for (uint64_t i = 1; i <= 20; i++) {
        probe_publish(probe, i);
        WAIT_UNTIL(atomic_load(&probe->given) == i);
    }
    fake_call_cancel(call);
    (void)end(call);
    WAIT_UNTIL(probe_watchers(probe) == 0);
}

static void a_wake_during_a_turn_is_not_lost(void **state)
{
    (void)state;
    tell_story(last_wake);
}

static void slow_reader(struct probe *probe)
{
    struct fake_call *call = begin(PROBE_COUNT);
    fake_call_take(call, 5);
    WAIT_UNTIL(fake_call_messages(call) == 5);
    WAIT_UNTIL(atomic_load(&probe->messages) == 6);
    struct fake_call *other = begin(PROBE_ECHO);
    assert_int_equal(end(other), 0);
    assert_int_equal(atomic_load(&probe->messages), 6); /* one in flight */
    fake_call_take(call, 5);
    WAIT_UNTIL(fake_call_messages(call) == 10);
    fake_call_cancel(call); /* while sending */
    (void)end(call);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
}

static void a_slow_reader_has_one_message_in_flight(void **state)
{
    (void)state;
    tell_story(slow_reader);
}

static void lockstep(struct probe *probe)
{
    struct fake_call *call = fake_call_new(REFLECTION, STR("\x3a\x00"), true);
    fake_call_take(call, PLENTY);
    for (unsigned i = 1; i <= 5; i++) {
        WAIT_UNTIL(fake_call_messages(call) == i);
        fake_call_send(call, STR("\x3a\x00"));
    }
    WAIT_UNTIL(fake_call_messages(call) == 6);
    fake_call_close(call);
    assert_int_equal(end(call), 0);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
}

static void a_lockstep_stream_answers_each_request_and_ends_with_them(void **state)
{
    (void)state;
    tell_story(lockstep);
}

static void *stop(void *data)
{
    rpc_server_stop(data, fake_core_draw(20));
    return NULL;
}

static void stop_amid_calls(struct probe *probe)
{
    static const char *const methods[] = {PROBE_ECHO,   PROBE_COUNT, PROBE_WATCH,
                                          HEALTH_WATCH, REFLECTION,  "/no.Such/Method"};
    struct fake_call *calls[24];
    pthread_t threads[2];
    size_t stop_at = fake_core_draw(COUNT_OF(calls));
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        const char *method = methods[fake_core_draw(COUNT_OF(methods))];
        bool has_body = fake_core_draw(3) > 0;
        calls[i] = fake_call_new(method, has_body ? STR("") : (struct str){0}, true);
        fake_call_take(calls[i], fake_core_draw(2) ? 3 : PLENTY);
        if (i % 4 == 0)
            probe_publish(probe, i);
        if (fake_core_draw(5) == 0)
            fake_call_cancel(calls[i]);
        for (size_t t = 0; i == stop_at && t < COUNT_OF(threads); t++)
            assert_int_equal(pthread_create(&threads[t], NULL, stop, probe->server), 0);
    }
    for (size_t t = 0; t < COUNT_OF(threads); t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(rpc_server_calls(probe->server), 0);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        (void)end(calls[i]);
}

static void a_server_stops_in_every_phase_of_its_calls(void **state)
{
    (void)state;
    tell_story(stop_amid_calls);
}

static void stop_with_waiters(struct probe *probe)
{
    struct fake_call *watch = begin(PROBE_WATCH);
    struct fake_call *health = begin(HEALTH_WATCH);
    struct fake_call *silent = fake_call_new(PROBE_ECHO, (struct str){0}, true);
    struct fake_call *idle = fake_call_new(REFLECTION, STR("\x3a\x00"), true);
    fake_call_take(watch, PLENTY);
    fake_call_take(health, PLENTY);
    fake_call_take(idle, PLENTY);
    WAIT_UNTIL(probe_watchers(probe) == 1);
    WAIT_UNTIL(fake_call_messages(health) > 0 && fake_call_messages(idle) == 1);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 4);
    unsigned before = fake_call_messages(health);
    rpc_server_stop(probe->server, PLENTY);
    assert_true(fake_call_messages(health) > before); /* NOT_SERVING came first */
    assert_int_equal(end(watch), status_of(ERR_UNAVAILABLE));
    assert_int_equal(end(health), status_of(ERR_UNAVAILABLE));
    assert_int_equal(end(silent), status_of(ERR_UNAVAILABLE));
    assert_int_equal(end(idle), status_of(ERR_UNAVAILABLE));
}

static void calls_that_wait_need_no_grace(void **state)
{
    (void)state;
    tell_story(stop_with_waiters);
}

static void a_reference_outlives_call_and_server(void **state)
{
    (void)state;
    fake_core_seed(1);
    struct probe *probe = probe_new(options);
    struct fake_call *call = begin(PROBE_WATCH);
    WAIT_UNTIL(probe_watchers(probe) == 1);
    pthread_mutex_lock(&probe->mutex);
    struct rpc_call *kept = rpc_call_ref(probe_first_watcher(probe));
    pthread_mutex_unlock(&probe->mutex);
    fake_call_cancel(call);
    (void)end(call);
    probe_free(probe);
    assert_true(rpc_call_is_cancelled(kept));
    rpc_wake(kept);
    rpc_call_unref(kept);
    assert_int_equal(fake_core_objects(), 0);
}

static void a_start_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    const struct rpc_server_options taken = {.listen = "taken:1"};
    struct rpc_server *server = NULL;
    struct err err = {0};
    assert_true(rpc_server_new(&taken, &server, &err));
    assert_false(rpc_server_start(server, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    rpc_server_free(server);
    assert_int_equal(fake_core_objects(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_a_unary_call_frees_it_once),
        cmocka_unit_test(refused_calls_are_freed),
        cmocka_unit_test(a_call_may_be_cancelled_at_any_moment),
        cmocka_unit_test(a_storm_of_wakes_loses_no_call_and_no_wake),
        cmocka_unit_test(a_wake_during_a_turn_is_not_lost),
        cmocka_unit_test(a_slow_reader_has_one_message_in_flight),
        cmocka_unit_test(a_lockstep_stream_answers_each_request_and_ends_with_them),
        cmocka_unit_test(a_server_stops_in_every_phase_of_its_calls),
        cmocka_unit_test(calls_that_wait_need_no_grace),
        cmocka_unit_test(a_reference_outlives_call_and_server),
        cmocka_unit_test(a_start_that_fails_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
