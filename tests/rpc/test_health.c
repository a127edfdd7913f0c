/* SPDX-License-Identifier: Apache-2.0
 *
 * grpc.health.v1 against the real core.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "grpc/health/v1/health.pb-c.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CHECK        "/grpc.health.v1.Health/Check"
#define WATCH        "/grpc.health.v1.Health/Watch"
#define STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

static struct str request_for(const char *service)
{
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)service;
    return probe_pack(&request.base);
}

/* A serving status, or minus the gRPC status that came instead. */
static int check(struct probe_client *client, const char *service)
{
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)service;
    Grpc__Health__V1__HealthCheckResponse *response = NULL;
    grpc_status_code status =
        probe_client_call(client, CHECK, &request.base,
                          &grpc__health__v1__health_check_response__descriptor, &response);
    if (status != GRPC_STATUS_OK)
        return -(int)status;
    int serving = (int)response->status;
    grpc__health__v1__health_check_response__free_unpacked(response, NULL);
    return serving;
}

static int next_status(struct probe_call *watch)
{
    Grpc__Health__V1__HealthCheckResponse *response =
        probe_call_read(watch, &grpc__health__v1__health_check_response__descriptor);
    assert_non_null(response);
    int status = (int)response->status;
    grpc__health__v1__health_check_response__free_unpacked(response, NULL);
    return status;
}

static void begin_watch(struct probe_client *client, struct probe_call *call, const char *service)
{
    struct str bytes = request_for(service);
    probe_call_begin(client, call, WATCH, bytes, NULL);
    free((char *)bytes.ptr);
}

static void end_cancelled(struct probe_call *call)
{
    probe_call_cancel(call);
    assert_int_equal(probe_call_end(call), GRPC_STATUS_CANCELLED);
    probe_call_free(call);
}

static void check_tells_what_was_set(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    assert_int_equal(check(client, ""), STATUS(SERVING));
    assert_int_equal(check(client, "a.B"), -GRPC_STATUS_NOT_FOUND);
    rpc_health_set(probe->health, "a.B", false);
    assert_int_equal(check(client, "a.B"), STATUS(NOT_SERVING));
    rpc_health_set(probe->health, "a.B", true);
    assert_int_equal(check(client, "a.B"), STATUS(SERVING));
    rpc_health_set(probe->health, "", false);
    assert_int_equal(check(client, ""), STATUS(NOT_SERVING));
    rpc_health_shutdown(probe->health);
    rpc_health_set(probe->health, "a.B", true);
    assert_int_equal(check(client, "a.B"), STATUS(NOT_SERVING));
    probe_client_free(client);
    probe_free(probe);
}

static void watch_tells_the_status_and_each_change(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call watch;
    begin_watch(client, &watch, "");
    assert_int_equal(next_status(&watch), STATUS(SERVING));
    rpc_health_set(probe->health, "", true); /* no change, no message */
    rpc_health_set(probe->health, "other", true);
    rpc_health_set(probe->health, "", false);
    assert_int_equal(next_status(&watch), STATUS(NOT_SERVING));
    rpc_health_set(probe->health, "", true);
    assert_int_equal(next_status(&watch), STATUS(SERVING));
    end_cancelled(&watch);
    probe_client_free(client);
    probe_free(probe);
}

static void watch_of_an_unknown_service_waits_for_it(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call watch;
    begin_watch(client, &watch, "later.Service");
    assert_int_equal(next_status(&watch), STATUS(SERVICE_UNKNOWN));
    rpc_health_set(probe->health, "later.Service", true);
    assert_int_equal(next_status(&watch), STATUS(SERVING));
    end_cancelled(&watch);
    probe_client_free(client);
    probe_free(probe);
}

static void watchers_learn_of_the_stop_before_they_are_cut(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call watch;
    begin_watch(client, &watch, "");
    assert_int_equal(next_status(&watch), STATUS(SERVING));
    rpc_server_stop(probe->server, 10000);
    assert_int_equal(next_status(&watch), STATUS(NOT_SERVING));
    assert_int_equal(probe_call_end(&watch), GRPC_STATUS_UNAVAILABLE);
    probe_call_free(&watch);
    probe_client_free(client);
    probe_free(probe);
}

static void names_have_a_limit(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    char name[1000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(check(client, name), -GRPC_STATUS_INVALID_ARGUMENT);
    struct probe_call watch;
    begin_watch(client, &watch, name);
    assert_int_equal(probe_call_end(&watch), GRPC_STATUS_INVALID_ARGUMENT);
    probe_call_free(&watch);
    probe_client_free(client);
    probe_free(probe);
}

static void health_answers_while_all_workers_are_busy(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){.workers = 1});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.work_ms = 60000;
    struct str bytes = probe_pack(&request.base);
    struct probe_call busy;
    probe_call_begin(client, &busy, PROBE_ECHO, bytes, NULL);
    free((char *)bytes.ptr);
    probe_client_wait(client, &busy.sent);
    WAIT_UNTIL(atomic_load(&probe->echoes) == 1);
    assert_int_equal(check(client, ""), STATUS(SERVING));
    assert_int_equal(atomic_load(&probe->echoes_given_up), 0);
    end_cancelled(&busy);
    probe_client_free(client);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_tells_what_was_set),
        cmocka_unit_test(watch_tells_the_status_and_each_change),
        cmocka_unit_test(watch_of_an_unknown_service_waits_for_it),
        cmocka_unit_test(watchers_learn_of_the_stop_before_they_are_cut),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(health_answers_while_all_workers_are_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
