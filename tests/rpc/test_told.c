/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server tells those who log: calls that no handler sees, and gRPC's own log.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <grpc/support/log.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What was told last. */
struct told {
    atomic_uint count;
    enum err_code code;
    char method[128];
    char request[32];
    char peer[64];
};

static void note(char *out, size_t size, struct str text)
{
    (void)snprintf(out, size, "%.*s", STR_ARG(text));
}

static void hear_refusal(void *data, struct rpc_call *call, const struct err *why)
{
    struct told *told = data;
    told->code = why->code;
    note(told->method, sizeof told->method, rpc_call_method(call));
    note(told->request, sizeof told->request, rpc_call_metadata(call, "authorization"));
    note(told->peer, sizeof told->peer, rpc_call_peer(call));
    atomic_fetch_add(&told->count, 1);
}

static grpc_status_code call_once(struct probe_client *client, const char *method, struct str bytes,
                                  const struct probe_call_options *options)
{
    struct probe_call call;
    probe_call_begin(client, &call, method, bytes, options);
    grpc_status_code status = probe_call_end(&call);
    probe_call_free(&call);
    return status;
}

static void a_call_that_no_handler_sees_is_told_once(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *bytes;
        bool has_no_body;
        grpc_status_code status;
        enum err_code code;
    } table[] = {
        {"/exportqtest.v1.ProbeService/Nothing", "", false, GRPC_STATUS_UNIMPLEMENTED,
         ERR_UNIMPLEMENTED},
        {"/no such\nmethod", "", false, GRPC_STATUS_UNIMPLEMENTED, ERR_UNIMPLEMENTED},
        {PROBE_ECHO, "\xff\xff\xff", false, GRPC_STATUS_INVALID_ARGUMENT, ERR_INVALID},
        {PROBE_ECHO, "", true, GRPC_STATUS_INVALID_ARGUMENT, ERR_INVALID},
    };
    struct told told = {.count = 0};
    struct probe *probe =
        probe_new((struct rpc_server_options){.refused = hear_refusal, .told = &told});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct probe_call_options options = {.token = "7",
                                                   .has_no_body = table[i].has_no_body};
        assert_int_equal(call_once(client, table[i].method, str_of(table[i].bytes), &options),
                         table[i].status);
        assert_int_equal(atomic_load(&told.count), i + 1);
        assert_int_equal(told.code, table[i].code);
        assert_string_equal(told.method, table[i].method);
        assert_string_equal(told.request, "7");
        assert_non_null(strstr(told.peer, "127.0.0.1"));
    }
    assert_int_equal(call_once(client, PROBE_ECHO, STR(""), NULL), GRPC_STATUS_OK);
    assert_int_equal(atomic_load(&told.count), COUNT_OF(table));
    probe_client_free(client);
    probe_free(probe);
}

static void a_call_over_the_limit_is_told(void **state)
{
    (void)state;
    struct told told = {.count = 0};
    struct probe *probe = probe_new(
        (struct rpc_server_options){.max_calls = 1, .refused = hear_refusal, .told = &told});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call watch;
    probe_call_begin(client, &watch, PROBE_WATCH, STR(""), NULL);
    WAIT_UNTIL(probe_watchers(probe) == 1);
    assert_int_equal(call_once(client, PROBE_ECHO, STR(""), NULL), GRPC_STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(atomic_load(&told.count), 1);
    assert_int_equal(told.code, ERR_LIMIT);
    probe_call_cancel(&watch);
    assert_int_equal(probe_call_end(&watch), GRPC_STATUS_CANCELLED);
    probe_call_free(&watch);
    probe_client_free(client);
    probe_free(probe);
    assert_int_equal(atomic_load(&told.count), 1); /* a client that goes is refused nothing */
}

/* ---- How calls ended ---- */

struct ended {
    pthread_mutex_t mutex;
    unsigned count;
    char method[128];
    int status;
    double seconds;
};

static void hear_end(void *data, struct str method, int status, double seconds)
{
    struct ended *ended = data;
    pthread_mutex_lock(&ended->mutex);
    ended->count++;
    note(ended->method, sizeof ended->method, method);
    ended->status = status;
    ended->seconds = seconds;
    pthread_mutex_unlock(&ended->mutex);
}

static void expect_end(struct ended *ended, unsigned count, const char *method, int status)
{
    pthread_mutex_lock(&ended->mutex);
    assert_int_equal(ended->count, count);
    assert_string_equal(ended->method, method);
    assert_int_equal(ended->status, status);
    assert_true(ended->seconds >= 0 && ended->seconds < 60);
    pthread_mutex_unlock(&ended->mutex);
}

static void the_end_of_each_call_is_told_once(void **state)
{
    (void)state;
    static const char nothing[] = "/exportqtest.v1.ProbeService/Nothing";
    struct ended ended = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct probe *probe = probe_new((struct rpc_server_options){.ended = hear_end, .told = &ended});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    assert_int_equal(call_once(client, PROBE_ECHO, STR(""), NULL), GRPC_STATUS_OK);
    expect_end(&ended, 1, PROBE_ECHO, GRPC_STATUS_OK);
    assert_int_equal(call_once(client, PROBE_ECHO, STR("\xff"), NULL),
                     GRPC_STATUS_INVALID_ARGUMENT);
    expect_end(&ended, 2, PROBE_ECHO, GRPC_STATUS_INVALID_ARGUMENT);
    assert_int_equal(call_once(client, nothing, STR(""), NULL), GRPC_STATUS_UNIMPLEMENTED);
    expect_end(&ended, 3, "", GRPC_STATUS_UNIMPLEMENTED); /* a caller names no metric */
    probe_client_free(client);
    probe_free(probe);
}

static void a_stream_lasts_until_its_client_goes(void **state)
{
    (void)state;
    enum { OPEN_MS = 30 };
    struct ended ended = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct probe *probe = probe_new((struct rpc_server_options){.ended = hear_end, .told = &ended});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call watch;
    probe_call_begin(client, &watch, PROBE_WATCH, STR(""), NULL);
    WAIT_UNTIL(probe_watchers(probe) == 1);
    int64_t begin_ms = clock_monotonic_ms();
    WAIT_UNTIL(clock_monotonic_ms() >= begin_ms + OPEN_MS);
    expect_end(&ended, 0, "", 0);
    probe_call_cancel(&watch);
    assert_int_equal(probe_call_end(&watch), GRPC_STATUS_CANCELLED);
    probe_call_free(&watch);
    WAIT_UNTIL(probe_watchers(probe) == 0); /* the server, too, knows that the client is gone */
    probe_client_free(client);
    probe_free(probe);
    expect_end(&ended, 1, PROBE_WATCH, GRPC_STATUS_CANCELLED);
    assert_true(ended.seconds >= (OPEN_MS - 1) / 1e3); /* one clock counts whole milliseconds */
}

/* ---- gRPC's log ---- */

struct heard {
    unsigned count;
    bool is_error;
    char place[64];
    char message[64];
};

static void hear(void *data, bool is_error, const char *place, const char *message)
{
    struct heard *heard = data;
    heard->count++;
    heard->is_error = is_error;
    note(heard->place, sizeof heard->place, str_of(place));
    note(heard->message, sizeof heard->message, str_of(message));
}

static void the_log_of_grpc_is_heard_without_what_clients_sent(void **state)
{
    (void)state;
    struct heard heard = {0};
    rpc_listen_to_log(hear, &heard);
    gpr_log_message("src/core/some.cc", 12, GPR_LOG_SEVERITY_ERROR, "it broke");
    assert_int_equal(heard.count, 1);
    assert_true(heard.is_error);
    assert_string_equal(heard.place, "some.cc:12");
    assert_string_equal(heard.message, "it broke");
    gpr_log_message("x.cc", 1, GPR_LOG_SEVERITY_ERROR,
                    "Error parsing metadata: error=bad key=grpc-timeout value=hush");
    assert_string_equal(heard.message, "Error parsing metadata: error=bad key=grpc-timeout");
    rpc_listen_to_log(NULL, NULL);
    gpr_log_message("x.cc", 1, GPR_LOG_SEVERITY_ERROR, "nobody listens");
    assert_int_equal(heard.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_no_handler_sees_is_told_once),
        cmocka_unit_test(a_call_over_the_limit_is_told),
        cmocka_unit_test(the_end_of_each_call_is_told_once),
        cmocka_unit_test(a_stream_lasts_until_its_client_goes),
        cmocka_unit_test(the_log_of_grpc_is_heard_without_what_clients_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
