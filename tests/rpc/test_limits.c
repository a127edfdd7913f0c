/* SPDX-License-Identifier: Apache-2.0
 *
 * What clients may keep of the server, all together: against the real core.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "rpc/status.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Fields that nobody knows, in two bytes each: decoded, they take some 46 times as much. */
enum { UNKNOWN_FIELDS = 20000, ROOM_FOR_ONE = UNKNOWN_FIELDS * 2 * 64 };

#define LIST_SERVICES "\x3a\x01*"

/* A message that begins so and goes on with unknown fields; free the text's ptr. */
static struct str swelling(struct str begin)
{
    size_t len = begin.len + (size_t)2 * UNKNOWN_FIELDS;
    char *bytes = mem_alloc(len);
    if (begin.len)
        memcpy(bytes, begin.ptr, begin.len);
    for (size_t at = begin.len; at < len; at += 2) {
        bytes[at] = 0x78;
        bytes[at + 1] = 0x01;
    }
    return (struct str){bytes, len};
}

static grpc_status_code end_call(struct probe_call *call, struct err *out)
{
    grpc_status_code status = probe_call_end(call);
    rpc_status_unpack((int)status, probe_call_text(call), probe_call_details(call), out);
    probe_call_free(call);
    return status;
}

static void requests_of_open_streams_share_a_limit_of_memory(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){.max_decoded_bytes = ROOM_FOR_ONE});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct str bytes = swelling((struct str){0});
    struct probe_call held;
    struct probe_call beyond;
    struct err told;
    for (int round = 0; round < 3; round++) { /* what a call took is given back with it */
        probe_call_begin(client, &held, PROBE_WATCH, bytes, NULL);
        probe_client_wait(client, &held.sent);
        WAIT_UNTIL(probe_watchers(probe) == 1);
        const struct probe_call_options patience = {.timeout_ms = 5000};
        probe_call_begin(client, &beyond, PROBE_WATCH, bytes, &patience);
        assert_int_equal(end_call(&beyond, &told), GRPC_STATUS_RESOURCE_EXHAUSTED);
        assert_true(told.retry_after_ms > 0);
        probe_call_begin(client, &beyond, PROBE_ECHO, (struct str){0}, NULL);
        assert_int_equal(end_call(&beyond, &told), GRPC_STATUS_OK); /* a small one has room */
        probe_call_cancel(&held);
        assert_int_equal(end_call(&held, &told), GRPC_STATUS_CANCELLED);
        WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    }
    free((char *)bytes.ptr);
    probe_client_free(client);
    probe_free(probe);
}

static void a_stream_of_requests_takes_memory_for_one_at_a_time(void **state)
{
    (void)state;
    enum { REQUESTS = 10 };
    struct probe *probe = probe_new((struct rpc_server_options){.max_decoded_bytes = ROOM_FOR_ONE});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct str bytes = swelling(STR(LIST_SERVICES));
    const struct probe_call_options options = {.stays_open = true};
    struct probe_call call;
    struct err told;
    probe_call_begin(client, &call, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                     bytes, &options);
    for (int i = 0; i < REQUESTS; i++) {
        probe_call_ask(&call);
        assert_true(probe_call_skip(&call));
        probe_call_send(&call, bytes);
    }
    probe_call_close(&call);
    assert_int_equal(end_call(&call, &told), GRPC_STATUS_OK);
    free((char *)bytes.ptr);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(client);
    probe_free(probe);
}

static void a_call_whose_request_is_late_is_ended(void **state)
{
    (void)state;
    static const char *const methods[] = {
        PROBE_ECHO, PROBE_WATCH, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"};
    const struct probe_call_options silent = {
        .has_no_body = true, .stays_open = true, .timeout_ms = 9000};
    struct probe *probe = probe_new((struct rpc_server_options){.request_timeout_ms = 100});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct probe_call call;
        struct err told;
        probe_call_begin(client, &call, methods[i], (struct str){0}, &silent);
        assert_int_equal(end_call(&call, &told), GRPC_STATUS_DEADLINE_EXCEEDED);
        assert_non_null(strstr(told.text, "request did not come in time"));
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    assert_int_equal(atomic_load(&probe->echoes), 0);
    probe_client_free(client);
    probe_free(probe);
}

static void a_stream_whose_request_came_may_be_silent(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){.request_timeout_ms = 200});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    const struct probe_call_options open = {.stays_open = true};
    struct probe_call talk;
    struct probe_call late;
    struct err told;
    probe_call_begin(client, &talk, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                     STR(LIST_SERVICES), &open);
    probe_call_ask(&talk);
    assert_true(probe_call_skip(&talk));
    const struct probe_call_options silent = {.has_no_body = true, .stays_open = true};
    for (int looks = 0; looks < 2; looks++) { /* each is ended by one look for late ones */
        probe_call_begin(client, &late, PROBE_ECHO, (struct str){0}, &silent);
        assert_int_equal(end_call(&late, &told), GRPC_STATUS_DEADLINE_EXCEEDED);
    }
    probe_call_send(&talk, STR(LIST_SERVICES));
    probe_call_ask(&talk);
    assert_true(probe_call_skip(&talk));
    probe_call_close(&talk);
    assert_int_equal(end_call(&talk, &told), GRPC_STATUS_OK);
    probe_client_free(client);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_open_streams_share_a_limit_of_memory),
        cmocka_unit_test(a_stream_of_requests_takes_memory_for_one_at_a_time),
        cmocka_unit_test(a_call_whose_request_is_late_is_ended),
        cmocka_unit_test(a_stream_whose_request_came_may_be_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
