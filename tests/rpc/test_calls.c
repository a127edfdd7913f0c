/* SPDX-License-Identifier: Apache-2.0
 *
 * Unary calls against the real core: answers, errors, limits, cancelling, deadlines.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "rpc/status.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void free_message(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}

/* Sends bytes as they are; gives the status and, for the caller to free, the text. */
static grpc_status_code call_with_bytes(int port, const char *method, struct str bytes,
                                        const struct probe_call_options *options, struct err *told)
{
    struct probe_client *client = probe_client_new(port);
    struct probe_call call;
    probe_call_begin(client, &call, method, bytes, options);
    grpc_status_code status = probe_call_end(&call);
    if (told)
        rpc_status_unpack((int)status, probe_call_text(&call), probe_call_details(&call), told);
    probe_call_free(&call);
    probe_client_free(client);
    return status;
}

static grpc_status_code echo_status(int port, const Exportqtest__V1__EchoRequest *request,
                                    const struct probe_call_options *options, struct err *told)
{
    struct str bytes = probe_pack(&request->base);
    grpc_status_code status = call_with_bytes(port, PROBE_ECHO, bytes, options, told);
    free((char *)bytes.ptr);
    return status;
}

static void a_unary_call_is_answered(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)"Grüße";
    Exportqtest__V1__EchoResponse *response = NULL;
    assert_int_equal(probe_client_call(client, PROBE_ECHO, &request.base,
                                       &exportqtest__v1__echo_response__descriptor, &response),
                     GRPC_STATUS_OK);
    assert_string_equal(response->text, "Grüße");
    assert_string_equal(response->token, "");
    assert_true(response->time_left_ms == INT64_MAX);
    assert_memory_equal(response->peer, "ipv4:127.0.0.1:", strlen("ipv4:127.0.0.1:"));
    free_message(response);
    probe_client_free(client);
    probe_free(probe);
}

static void a_handler_sees_metadata_and_deadline(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    const struct probe_call_options options = {.token = "Bearer x", .timeout_ms = 60000};
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_ECHO, (struct str){0}, &options);
    Exportqtest__V1__EchoResponse *response =
        probe_call_read(&call, &exportqtest__v1__echo_response__descriptor);
    assert_string_equal(response->token, "Bearer x");
    /* the timeout is rounded up on the wire */
    assert_in_range(response->time_left_ms, 50000, 61000);
    free_message(response);
    assert_int_equal(probe_call_end(&call), GRPC_STATUS_OK);
    probe_call_free(&call);
    probe_client_free(client);
    probe_free(probe);
}

static void an_unknown_method_is_unimplemented(void **state)
{
    (void)state;
    static const char *const methods[] = {
        "/exportqtest.v1.ProbeService/Nothing", "/nowhere.Service/Echo", "/", "//",
        "/exportqtest.v1.ProbeService/Echo/",
    };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct err told;
        assert_int_equal(
            call_with_bytes(rpc_server_port(probe->server), methods[i], STR("x"), NULL, &told),
            GRPC_STATUS_UNIMPLEMENTED);
        assert_non_null(strstr(told.text, methods[i]));
    }
    probe_free(probe);
}

static void bad_bodies_are_invalid_arguments(void **state)
{
    (void)state;
    const struct {
        struct str bytes;
        const char *text;
        const char *field;
    } cases[] = {
        {STR("\xff\xff\xff\xff"), "does not decode", ""},
        {STR("\x0a\x05"
             "abc"),
         "does not decode", ""},                  /* truncated text */
        {STR("\x0a"), "does not decode", ""},     /* a tag, then nothing */
        {STR("\x0b\x0c"), "does not decode", ""}, /* a group */
        {STR("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "does not decode", ""},
        {STR("\x0a\x02\xc3\x28"), "not valid UTF-8", "text"},
        {STR("\x0a\x03"
             "a\0b"),
         "NUL", "text"},
        {STR("\x1a\x04\x0a\x02\xc3\x28"), "not valid UTF-8", "text"}, /* one deeper */
        {STR("\x2a\x01\x80"), "not valid UTF-8", "labels"},
    };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err told;
        assert_int_equal(call_with_bytes(rpc_server_port(probe->server), PROBE_ECHO, cases[i].bytes,
                                         NULL, &told),
                         GRPC_STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(told.text, cases[i].text));
        assert_string_equal(told.field, cases[i].field);
    }
    assert_int_equal(atomic_load(&probe->echoes), 0);
    probe_free(probe);
}

static void an_empty_body_is_the_empty_message_and_none_is_invalid(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    const struct probe_call_options none = {.has_no_body = true};
    int port = rpc_server_port(probe->server);
    assert_int_equal(call_with_bytes(port, PROBE_ECHO, (struct str){0}, NULL, NULL),
                     GRPC_STATUS_OK);
    assert_int_equal(call_with_bytes(port, PROBE_ECHO, (struct str){0}, &none, NULL),
                     GRPC_STATUS_INVALID_ARGUMENT);
    probe_free(probe);
}

static void unknown_fields_are_ignored(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct str bytes = STR("\xfa\x7f\x03xyz\xf8\x7f\x01\x0a\x01q");
    assert_int_equal(call_with_bytes(rpc_server_port(probe->server), PROBE_ECHO, bytes, NULL, NULL),
                     GRPC_STATUS_OK);
    probe_free(probe);
}

/* `depth` messages of which each but the last holds the next, packed from the inside out. */
static struct str nested(size_t depth)
{
    Exportqtest__V1__EchoRequest *all = mem_new_array(depth, sizeof *all);
    for (size_t i = 0; i < depth; i++) {
        exportqtest__v1__echo_request__init(&all[i]);
        all[i].inner = i + 1 < depth ? &all[i + 1] : NULL;
    }
    struct str bytes = probe_pack(&all[0].base);
    free(all);
    return bytes;
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        grpc_status_code status;
    } cases[] = {{64, GRPC_STATUS_OK},
                 {65, GRPC_STATUS_INVALID_ARGUMENT},
                 {2000, GRPC_STATUS_INVALID_ARGUMENT}};
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str bytes = nested(cases[i].depth);
        assert_int_equal(
            call_with_bytes(rpc_server_port(probe->server), PROBE_ECHO, bytes, NULL, NULL),
            cases[i].status);
        free((char *)bytes.ptr);
    }
    probe_free(probe);
}

static void a_message_over_the_limit_is_refused(void **state)
{
    (void)state;
    enum { LIMIT = 100000 };
    struct probe *probe = probe_new((struct rpc_server_options){.max_message_bytes = LIMIT});
    char *text = mem_new_array(LIMIT + 1, 1);
    memset(text, 'x', LIMIT);
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.text = text;
    assert_int_equal(echo_status(rpc_server_port(probe->server), &request, NULL, NULL),
                     GRPC_STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(atomic_load(&probe->echoes), 0);
    text[LIMIT - 100] = '\0';
    assert_int_equal(echo_status(rpc_server_port(probe->server), &request, NULL, NULL),
                     GRPC_STATUS_OK);
    free(text);
    probe_free(probe);
}

static void a_message_that_grows_too_much_when_decoded_is_refused(void **state)
{
    (void)state;
    enum { LIMIT = 65536 };
    struct probe *probe = probe_new((struct rpc_server_options){.max_message_bytes = LIMIT});
    char *bytes = mem_new_array(LIMIT, 1);
    for (size_t i = 0; i < LIMIT; i += 2)
        bytes[i] = 0x2a; /* labels: "" */
    struct str body = {bytes, LIMIT};
    assert_int_equal(call_with_bytes(rpc_server_port(probe->server), PROBE_ECHO, body, NULL, NULL),
                     GRPC_STATUS_INVALID_ARGUMENT);
    free(bytes);
    probe_free(probe);
}

static void metadata_over_the_limit_are_refused(void **state)
{
    (void)state;
    enum { LIMIT = 16 * 1024 };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    char *token = mem_new_array((size_t)2 * LIMIT, 1);
    memset(token, 'x', (size_t)2 * LIMIT - 1);
    const struct probe_call_options options = {.token = token};
    assert_int_equal(call_with_bytes(rpc_server_port(probe->server), PROBE_ECHO, (struct str){0},
                                     &options, NULL),
                     GRPC_STATUS_RESOURCE_EXHAUSTED);
    free(token);
    probe_free(probe);
}

static void errors_arrive_with_status_text_and_details(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (int code = ERR_INVALID + 1; code < ERR_CODE_COUNT; code++) {
        Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
        request.fail_code = code;
        request.text = (char *)"später: 50 % weniger";
        struct err told;
        assert_int_equal(echo_status(rpc_server_port(probe->server), &request, NULL, &told),
                         rpc_status_from_err((enum err_code)code));
        assert_string_equal(told.text, request.text);
        assert_int_equal(told.retry_after_ms, 1500);
        assert_string_equal(told.field, "");
    }
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.fail_code = ERR_INVALID;
    struct err told;
    assert_int_equal(echo_status(rpc_server_port(probe->server), &request, NULL, &told),
                     GRPC_STATUS_INVALID_ARGUMENT);
    assert_int_equal(told.code, ERR_INVALID);
    assert_string_equal(told.field, "filters[1].values");
    assert_string_equal(told.text, "é is no date; write 2025-08-01");
    probe_free(probe);
}

static void a_handler_sees_that_its_deadline_has_passed(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.work_ms = 60000;
    const struct probe_call_options options = {.timeout_ms = 100};
    assert_int_equal(echo_status(rpc_server_port(probe->server), &request, &options, NULL),
                     GRPC_STATUS_DEADLINE_EXCEEDED);
    WAIT_UNTIL(atomic_load(&probe->echoes_given_up) == 1);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_free(probe);
}

static void a_client_may_cancel_before_the_body_is_there(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    const struct probe_call_options options = {.has_no_body = true, .stays_open = true};
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_ECHO, (struct str){0}, &options);
    probe_client_wait(client, &call.sent);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 1);
    probe_call_cancel(&call);
    assert_int_equal(probe_call_end(&call), GRPC_STATUS_CANCELLED);
    probe_call_free(&call);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    assert_int_equal(atomic_load(&probe->echoes), 0);
    probe_client_free(client);
    probe_free(probe);
}

static void a_client_may_cancel_while_the_handler_works(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    request.work_ms = 60000;
    struct str bytes = probe_pack(&request.base);
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_ECHO, bytes, NULL);
    probe_client_wait(client, &call.sent);
    WAIT_UNTIL(atomic_load(&probe->echoes) == 1);
    probe_call_cancel(&call);
    assert_int_equal(probe_call_end(&call), GRPC_STATUS_CANCELLED);
    probe_call_free(&call);
    free((char *)bytes.ptr);
    WAIT_UNTIL(atomic_load(&probe->echoes_given_up) == 1);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(client);
    probe_free(probe);
}

static void cancelling_at_any_moment_leaves_nothing_behind(void **state)
{
    (void)state;
    enum { CALLS = 3000, AT_A_TIME = 50 };
    static struct probe_call calls[AT_A_TIME];
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    for (int round = 0; round < CALLS / AT_A_TIME; round++) {
        for (int i = 0; i < AT_A_TIME; i++) {
            probe_call_begin(client, &calls[i], i % 2 ? PROBE_ECHO : PROBE_COUNT, (struct str){0},
                             NULL);
            if (i % 3 == 0)
                probe_client_wait(client, &calls[i].sent);
            if (i % 5 == 0)
                probe_client_wait(client, &calls[i].started);
            probe_call_cancel(&calls[i]);
        }
        for (int i = 0; i < AT_A_TIME; i++) {
            (void)probe_call_end(&calls[i]);
            probe_call_free(&calls[i]);
        }
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    WAIT_UNTIL(atomic_load(&probe->states) == 0);
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    assert_int_equal(probe_client_call(client, PROBE_ECHO, &request.base, NULL, NULL),
                     GRPC_STATUS_OK);
    probe_client_free(client);
    probe_free(probe);
}

static void the_call_beyond_the_limit_is_refused_with_a_retry_delay(void **state)
{
    (void)state;
    enum { LIMIT = 5 };
    struct probe *probe = probe_new((struct rpc_server_options){.max_calls = LIMIT});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call watches[LIMIT];
    for (int i = 0; i < LIMIT; i++)
        probe_call_begin(client, &watches[i], PROBE_WATCH, (struct str){0}, NULL);
    for (int i = 0; i < LIMIT; i++)
        probe_client_wait(client, &watches[i].sent);
    WAIT_UNTIL(rpc_server_calls(probe->server) == LIMIT);
    struct probe_call refused;
    struct err told;
    probe_call_begin(client, &refused, PROBE_ECHO, (struct str){0}, NULL);
    assert_int_equal(probe_call_end(&refused), GRPC_STATUS_RESOURCE_EXHAUSTED);
    rpc_status_unpack(GRPC_STATUS_RESOURCE_EXHAUSTED, probe_call_text(&refused),
                      probe_call_details(&refused), &told);
    assert_true(told.retry_after_ms > 0);
    assert_null(strstr(told.text, "try again")); /* clients say it of every delay */
    probe_call_free(&refused);
    struct probe_call health; /* a full server is not an ill one */
    probe_call_begin(client, &health, "/grpc.health.v1.Health/Check", (struct str){0}, NULL);
    assert_int_equal(probe_call_end(&health), GRPC_STATUS_OK);
    probe_call_free(&health);
    for (int i = 0; i < LIMIT; i++) {
        probe_call_cancel(&watches[i]);
        (void)probe_call_end(&watches[i]);
        probe_call_free(&watches[i]);
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    assert_int_equal(probe_client_call(client, PROBE_ECHO, &request.base, NULL, NULL),
                     GRPC_STATUS_OK);
    probe_client_free(client);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unary_call_is_answered),
        cmocka_unit_test(a_handler_sees_metadata_and_deadline),
        cmocka_unit_test(an_unknown_method_is_unimplemented),
        cmocka_unit_test(bad_bodies_are_invalid_arguments),
        cmocka_unit_test(an_empty_body_is_the_empty_message_and_none_is_invalid),
        cmocka_unit_test(unknown_fields_are_ignored),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_message_over_the_limit_is_refused),
        cmocka_unit_test(a_message_that_grows_too_much_when_decoded_is_refused),
        cmocka_unit_test(metadata_over_the_limit_are_refused),
        cmocka_unit_test(errors_arrive_with_status_text_and_details),
        cmocka_unit_test(a_handler_sees_that_its_deadline_has_passed),
        cmocka_unit_test(a_client_may_cancel_before_the_body_is_there),
        cmocka_unit_test(a_client_may_cancel_while_the_handler_works),
        cmocka_unit_test(cancelling_at_any_moment_leaves_nothing_behind),
        cmocka_unit_test(the_call_beyond_the_limit_is_refused_with_a_retry_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
