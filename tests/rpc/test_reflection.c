/* SPDX-License-Identifier: Apache-2.0
 *
 * Server reflection, both versions, against the real core: the walk that grpcurl makes.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ASKED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define TOLD(name)  GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

typedef Grpc__Reflection__V1__ServerReflectionRequest request_type;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_type;

struct walk {
    struct probe *probe;
    struct probe_client *client;
    struct probe_call call;
};

static const char *const versions[] = {
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
};

static void setup(struct walk *walk, const char *method, struct str first)
{
    const struct probe_call_options options = {.stays_open = true};
    walk->probe = probe_new((struct rpc_server_options){0});
    walk->client = probe_client_new(rpc_server_port(walk->probe->server));
    probe_call_begin(walk->client, &walk->call, method, first, &options);
}

static void finish(struct walk *walk)
{
    probe_call_close(&walk->call);
    assert_int_equal(probe_call_end(&walk->call), GRPC_STATUS_OK);
    probe_call_free(&walk->call);
    WAIT_UNTIL(rpc_server_calls(walk->probe->server) == 0);
    probe_client_free(walk->client);
    probe_free(walk->probe);
}

static response_type *next(struct walk *walk)
{
    response_type *response =
        probe_call_read(&walk->call, &grpc__reflection__v1__server_reflection_response__descriptor);
    assert_non_null(response);
    return response;
}

static void free_response(response_type *response)
{
    grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
}

static struct str list_services(void)
{
    request_type request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    request.host = (char *)"here";
    request.message_request_case = ASKED(LIST_SERVICES);
    request.list_services = (char *)"*";
    return probe_pack(&request.base);
}

static response_type *ask(struct walk *walk, const request_type *request)
{
    struct str bytes = probe_pack(&request->base);
    probe_call_send(&walk->call, bytes);
    free((char *)bytes.ptr);
    return next(walk);
}

static response_type *ask_symbol(struct walk *walk, const char *symbol)
{
    request_type request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = ASKED(FILE_CONTAINING_SYMBOL);
    request.file_containing_symbol = (char *)symbol;
    return ask(walk, &request);
}

static void begin_walk(struct walk *walk, const char *method)
{
    struct str first = list_services();
    setup(walk, method, first);
    free((char *)first.ptr);
}

static void expect_services(struct walk *walk)
{
    static const char *const names[] = {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "exportqtest.v1.ProbeService",
    };
    response_type *response = next(walk);
    assert_string_equal(response->valid_host, "here");
    assert_string_equal(response->original_request->list_services, "*");
    assert_int_equal(response->message_response_case, TOLD(LIST_SERVICES_RESPONSE));
    assert_int_equal(response->list_services_response->n_service, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(response->list_services_response->service[i]->name, names[i]);
    free_response(response);
}

static void expect_file(struct walk *walk, const char *symbol, const char *file)
{
    response_type *response = ask_symbol(walk, symbol);
    assert_int_equal(response->message_response_case, TOLD(FILE_DESCRIPTOR_RESPONSE));
    const ProtobufCBinaryData *bytes = response->file_descriptor_response->file_descriptor_proto;
    Google__Protobuf__FileDescriptorProto *told =
        google__protobuf__file_descriptor_proto__unpack(NULL, bytes[0].len, bytes[0].data);
    assert_non_null(told);
    assert_string_equal(told->name, file);
    google__protobuf__file_descriptor_proto__free_unpacked(told, NULL);
    free_response(response);
}

static void expect_error(response_type *response, int code)
{
    assert_int_equal(response->message_response_case, TOLD(ERROR_RESPONSE));
    assert_int_equal(response->error_response->error_code, code);
    free_response(response);
}

static void both_versions_tell_services_and_symbols(void **state)
{
    (void)state;
    static const struct {
        const char *symbol;
        const char *file;
    } symbols[] = {
        {"exportqtest.v1.ProbeService", "exportqtest/v1/probe.proto"},
        {"exportqtest.v1.ProbeService.Echo", "exportqtest/v1/probe.proto"},
        {"exportqtest.v1.EchoRequest", "exportqtest/v1/probe.proto"},
        {"exportqtest.v1.EchoRequest.work_ms", "exportqtest/v1/probe.proto"},
        {"grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"},
        {"grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"},
        {"grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"},
        {"grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"},
    };
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        struct walk walk;
        begin_walk(&walk, versions[v]);
        expect_services(&walk);
        for (size_t i = 0; i < COUNT_OF(symbols); i++)
            expect_file(&walk, symbols[i].symbol, symbols[i].file);
        finish(&walk);
    }
}

static void a_file_comes_by_name_with_its_imports(void **state)
{
    (void)state;
    struct walk walk;
    begin_walk(&walk, versions[0]);
    free_response(next(&walk));
    request_type request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = ASKED(FILE_BY_FILENAME);
    request.file_by_filename = (char *)"exportqtest/v1/probe.proto";
    response_type *response = ask(&walk, &request);
    assert_int_equal(response->message_response_case, TOLD(FILE_DESCRIPTOR_RESPONSE));
    /* the file itself, then duration.proto, which it imports */
    assert_int_equal(response->file_descriptor_response->n_file_descriptor_proto, 2);
    free_response(response);
    finish(&walk);
}

static void a_question_without_answer_does_not_end_the_stream(void **state)
{
    (void)state;
    struct walk walk;
    begin_walk(&walk, versions[0]);
    free_response(next(&walk));
    expect_error(ask_symbol(&walk, "no.such.Symbol"), GRPC_STATUS_NOT_FOUND);
    expect_error(ask_symbol(&walk, ""), GRPC_STATUS_NOT_FOUND);

    request_type file = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    file.message_request_case = ASKED(FILE_BY_FILENAME);
    file.file_by_filename = (char *)"../../etc/passwd";
    expect_error(ask(&walk, &file), GRPC_STATUS_NOT_FOUND);

    request_type nothing = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    expect_error(ask(&walk, &nothing), GRPC_STATUS_UNIMPLEMENTED);

    Grpc__Reflection__V1__ExtensionRequest extension =
        GRPC__REFLECTION__V1__EXTENSION_REQUEST__INIT;
    extension.containing_type = (char *)"exportqtest.v1.EchoRequest";
    request_type by_extension = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    by_extension.message_request_case = ASKED(FILE_CONTAINING_EXTENSION);
    by_extension.file_containing_extension = &extension;
    expect_error(ask(&walk, &by_extension), GRPC_STATUS_NOT_FOUND);

    request_type numbers = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    numbers.message_request_case = ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE);
    numbers.all_extension_numbers_of_type = (char *)"no.Message";
    expect_error(ask(&walk, &numbers), GRPC_STATUS_NOT_FOUND);
    numbers.all_extension_numbers_of_type = (char *)"exportqtest.v1.EchoRequest";
    response_type *response = ask(&walk, &numbers);
    assert_int_equal(response->message_response_case, TOLD(ALL_EXTENSION_NUMBERS_RESPONSE));
    assert_int_equal(response->all_extension_numbers_response->n_extension_number, 0);
    free_response(response);
    finish(&walk);
}

static void a_damaged_question_ends_the_stream_with_invalid_argument(void **state)
{
    (void)state;
    struct walk walk;
    begin_walk(&walk, versions[1]);
    free_response(next(&walk));
    probe_call_send(&walk.call, STR("\xff\xff"));
    assert_int_equal(probe_call_end(&walk.call), GRPC_STATUS_INVALID_ARGUMENT);
    probe_call_free(&walk.call);
    probe_client_free(walk.client);
    probe_free(walk.probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions_tell_services_and_symbols),
        cmocka_unit_test(a_file_comes_by_name_with_its_imports),
        cmocka_unit_test(a_question_without_answer_does_not_end_the_stream),
        cmocka_unit_test(a_damaged_question_ends_the_stream_with_invalid_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
