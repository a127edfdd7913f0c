/* SPDX-License-Identifier: Apache-2.0
 *
 * Our own client against our own server.
 */
#include "rpc/client.h"
#include "tests/rpc/support/probe.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
