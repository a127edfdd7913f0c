/* SPDX-License-Identifier: Apache-2.0
 *
 * The client against the real core.
 */
#include "base/mem.h"
#include "rpc/client.h"
#include "tests/rpc/support/probe.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Longer than what the core keeps inside a slice. */
static const char first[] = "Bearer of the first of two quite long tokens";
static const char second[] = "Bearer of the second of two quite long tokens";

static struct rpc_stream *ask(struct rpc_client *client)
{
    const Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    return rpc_stream_open(client, &exportqtest__v1__probe_service__descriptor, "Echo",
                           &request.base);
}

/* Asserts what the server saw as the call's token; ends the call. */
static void assert_token(struct rpc_stream *stream, const char *token)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena);
    ProtobufCMessage *message = NULL;
    struct err err = {0};
    enum { PATIENCE_MS = 10000 };
    assert_int_equal(rpc_stream_next(stream, PATIENCE_MS, &arena, &message, &err),
                     RPC_STREAM_MESSAGE);
    assert_string_equal(((const Exportqtest__V1__EchoResponse *)message)->token, token);
    rpc_stream_close(stream);
}

static void metadata_change_for_the_calls_to_come_only(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    char target[64];
    (void)snprintf(target, sizeof target, "127.0.0.1:%d", rpc_server_port(probe->server));
    const struct rpc_metadata metadata = {"authorization", first};
    const struct rpc_client_options options = {
        .target = target, .metadata = &metadata, .metadata_count = 1};
    struct rpc_client *client = NULL;
    struct err err = {0};
    assert_true(rpc_client_new(&options, &client, &err));
    struct rpc_stream *before = ask(client);
    rpc_client_set_metadata(client, 0, second);
    struct rpc_stream *after = ask(client);
    rpc_client_set_metadata(client, 0, "");
    assert_token(before, first);
    assert_token(after, second);
    assert_token(ask(client), "");
    rpc_client_free(client);
    probe_free(probe);
}

static void a_method_is_asked_for_by_its_whole_name(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct str target = arena_printf(&arena, "127.0.0.1:%d", rpc_server_port(probe->server));
    const struct rpc_client_options options = {.target = target.ptr};
    struct rpc_client *client = NULL;
    struct err err = {0};
    assert_true(rpc_client_new(&options, &client, &err));
    ProtobufCServiceDescriptor service = exportqtest__v1__probe_service__descriptor;
    service.name = arena_printf(&arena, "%0300d.Service", 7).ptr;
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    ProtobufCMessage *response = NULL;
    assert_false(rpc_client_call(client, &service, "Echo", &request.base, &arena, &response, &err));
    assert_int_equal(err.code, ERR_UNIMPLEMENTED);
    assert_non_null(strstr(err.text, "7.Service/Echo"));
    rpc_client_free(client);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_is_asked_for_by_its_whole_name),
        cmocka_unit_test(metadata_change_for_the_calls_to_come_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
