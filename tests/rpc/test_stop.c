/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping against the real core.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LONG_MS = 60000, SHORT_MS = 50 };

static void begin_echo(struct probe_client *client, struct probe_call *call, uint32_t work_ms)
{
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.work_ms = work_ms;
    struct str bytes = probe_pack(&request.base);
    probe_call_begin(client, call, PROBE_ECHO, bytes, NULL);
    free((char *)bytes.ptr);
    probe_client_wait(client, &call->sent);
}

static void *stop_with_long_grace(void *data)
{
    rpc_server_stop(data, LONG_MS);
    return NULL;
}

static void *stop_with_short_grace(void *data)
{
    rpc_server_stop(data, SHORT_MS);
    return NULL;
}

static pthread_t begin_stop(struct probe *probe, void *(*stop)(void *))
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop, probe->server), 0);
    return thread;
}

static void an_idle_server_stops_twice(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    assert_int_equal(probe_client_call(client, PROBE_ECHO, &request.base, NULL, NULL),
                     GRPC_STATUS_OK);
    int64_t start_ms = clock_monotonic_ms();
    rpc_server_stop(probe->server, LONG_MS);
    rpc_server_stop(probe->server, LONG_MS);
    assert_true(clock_monotonic_ms() - start_ms < LONG_MS / 10);
    probe_client_free(client);
    probe_free(probe);
}

static void two_threads_may_stop_a_server(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    pthread_t one = begin_stop(probe, stop_with_long_grace);
    pthread_t other = begin_stop(probe, stop_with_short_grace);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    probe_free(probe);
}

static void a_running_call_gets_its_grace(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call call;
    begin_echo(client, &call, 300);
    WAIT_UNTIL(atomic_load(&probe->echoes) == 1);
    pthread_t stop = begin_stop(probe, stop_with_long_grace);
    assert_int_equal(probe_call_end(&call), GRPC_STATUS_OK);
    probe_call_free(&call);
    pthread_join(stop, NULL);
    assert_int_equal(atomic_load(&probe->echoes_given_up), 0);
    probe_client_free(client);
    probe_free(probe);
}

static void a_call_that_outlasts_the_grace_is_cancelled(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call call;
    begin_echo(client, &call, LONG_MS);
    WAIT_UNTIL(atomic_load(&probe->echoes) == 1);
    pthread_t stop = begin_stop(probe, stop_with_short_grace);
    assert_int_not_equal(probe_call_end(&call), GRPC_STATUS_OK);
    probe_call_free(&call);
    pthread_join(stop, NULL);
    assert_int_equal(atomic_load(&probe->echoes_given_up), 1);
    probe_client_free(client);
    probe_free(probe);
}

static void waiting_streams_end_at_once_with_unavailable(void **state)
{
    (void)state;
    enum { WATCHERS = 20 };
    struct probe_call calls[WATCHERS];
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    for (int i = 0; i < WATCHERS; i++)
        probe_call_begin(client, &calls[i], PROBE_WATCH, (struct str){0}, NULL);
    for (int i = 0; i < WATCHERS; i++)
        probe_client_wait(client, &calls[i].sent);
    WAIT_UNTIL(probe_watchers(probe) == WATCHERS);
    int64_t start_ms = clock_monotonic_ms();
    pthread_t stop = begin_stop(probe, stop_with_long_grace);
    for (int i = 0; i < WATCHERS; i++) {
        assert_int_equal(probe_call_end(&calls[i]), GRPC_STATUS_UNAVAILABLE);
        assert_true(str_equal(probe_call_text(&calls[i]), STR("the server is shutting down")));
        probe_call_free(&calls[i]);
    }
    pthread_join(stop, NULL);
    assert_true(clock_monotonic_ms() - start_ms < LONG_MS / 10);
    probe_client_free(client);
    probe_free(probe);
}

static void a_client_that_never_sends_its_request_does_not_hold_the_stop(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    const struct probe_call_options options = {.has_no_body = true, .stays_open = true};
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_ECHO, (struct str){0}, &options);
    probe_client_wait(client, &call.sent);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 1);
    int64_t start_ms = clock_monotonic_ms();
    pthread_t stop = begin_stop(probe, stop_with_long_grace);
    assert_int_equal(probe_call_end(&call), GRPC_STATUS_UNAVAILABLE);
    probe_call_free(&call);
    pthread_join(stop, NULL);
    assert_true(clock_monotonic_ms() - start_ms < LONG_MS / 10);
    probe_client_free(client);
    probe_free(probe);
}

static void a_stalled_stream_does_not_outlast_the_grace(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    Exportqtest__V1__CountRequest request = EXPORTQTEST__V1__COUNT_REQUEST__INIT;
    request.size = 65536;
    struct str bytes = probe_pack(&request.base);
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_COUNT, bytes, NULL);
    free((char *)bytes.ptr);
    probe_client_wait(client, &call.started);
    pthread_t stop = begin_stop(probe, stop_with_short_grace);
    pthread_join(stop, NULL);
    assert_int_not_equal(probe_call_end(&call), GRPC_STATUS_OK);
    probe_call_free(&call);
    probe_client_free(client);
    probe_free(probe);
}

static void an_address_in_use_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    char *address = NULL;
    struct rpc_server *second = NULL;
    struct err err = {0};
    assert_true(asprintf(&address, "127.0.0.1:%d", rpc_server_port(probe->server)) > 0);
    const struct rpc_server_options options = {.listen = address};
    assert_true(rpc_server_new(&options, &second, &err));
    assert_false(rpc_server_start(second, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, address));
    rpc_server_free(second);
    free(address);
    probe_free(probe);
}

static void a_server_that_never_started_can_be_freed(void **state)
{
    (void)state;
    const struct rpc_server_options options = {0};
    struct rpc_server *server = NULL;
    struct err err;
    assert_true(rpc_server_new(&options, &server, &err));
    rpc_server_stop(server, LONG_MS);
    rpc_server_free(server);
    rpc_server_free(NULL);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct rpc_server_options options;
        const char *field;
    } cases[] = {
        {{.pollers = 1000}, "pollers"},
        {{.workers = 100000}, "workers"},
        {{.keepalive_ms = -1}, "keepalive_ms"},
        {{.max_message_bytes = SIZE_MAX}, "max_message_bytes"},
        {{.tls = {.key_pem = "x"}}, "tls.key_pem"},
        {{.tls = {.client_ca_pem = "x"}}, "tls.client_ca_pem"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rpc_server *server = NULL;
        struct err err = {0};
        assert_false(rpc_server_new(&cases[i].options, &server, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.field, cases[i].field);
    }
}

static void a_service_must_fit_its_schema(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    const struct rpc_server_options options = {0};
    struct rpc_server *server = NULL;
    struct rpc_schema *empty = NULL;
    struct err err = {0};
    assert_true(rpc_server_new(&options, &server, &err));
    assert_true(rpc_schema_new("", 0, &empty, &err));
    assert_false(rpc_schema_new("\x0a\x7f", 2, &empty, &err));
    assert_false(rpc_server_add(server, &probe->service.base, empty, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(rpc_server_add(server, &probe->service.base, probe->schema, &err));
    assert_false(rpc_server_add(server, &probe->service.base, probe->schema, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    rpc_server_free(server);
    rpc_schema_free(empty);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_server_stops_twice),
        cmocka_unit_test(two_threads_may_stop_a_server),
        cmocka_unit_test(a_running_call_gets_its_grace),
        cmocka_unit_test(a_call_that_outlasts_the_grace_is_cancelled),
        cmocka_unit_test(waiting_streams_end_at_once_with_unavailable),
        cmocka_unit_test(a_client_that_never_sends_its_request_does_not_hold_the_stop),
        cmocka_unit_test(a_stalled_stream_does_not_outlast_the_grace),
        cmocka_unit_test(an_address_in_use_is_an_error_that_names_it),
        cmocka_unit_test(a_server_that_never_started_can_be_freed),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(a_service_must_fit_its_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
