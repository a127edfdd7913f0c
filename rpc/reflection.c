/* SPDX-License-Identifier: Apache-2.0
 *
 * See reflection.h. Both versions are the same on the wire, so one handler serves them: the second
 * service is the first with another name in its descriptor. A question that has no answer is no
 * error of the call: it gets an error_response, and the stream goes on. File answers carry all
 * imports, so that a client needs one question per symbol.
 */
#include "rpc/reflection.h"

#include "base/mem.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "rpc/server.h"
#include "rpc/status.h"
#include "rpc_descriptors.h"

#define ASKED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define TOLD(name)  GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

typedef Grpc__Reflection__V1__ServerReflection_Service service_type;
typedef Grpc__Reflection__V1__ServerReflectionRequest request_type;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_type;

enum version { VERSION_1, VERSION_1_ALPHA, VERSION_COUNT };

struct mount {
    service_type service;
    ProtobufCServiceDescriptor type;
    struct rpc_reflection *reflection;
};

struct rpc_reflection {
    struct rpc_schema *schema;
    const struct methods *methods; /* the server's: services and schemas */
    struct mount mounts[VERSION_COUNT];
};

static void tell_error(enum err_code code, const char *text, struct arena *arena,
                       response_type *out)
{
    Grpc__Reflection__V1__ErrorResponse *error = arena_alloc(arena, sizeof *error);
    grpc__reflection__v1__error_response__init(error);
    error->error_code = rpc_status_from_err(code);
    error->error_message = (char *)text;
    out->message_response_case = TOLD(ERROR_RESPONSE);
    out->error_response = error;
}

static void tell_services(const struct methods *methods, struct arena *arena, response_type *out)
{
    Grpc__Reflection__V1__ListServiceResponse *list = arena_alloc(arena, sizeof *list);
    grpc__reflection__v1__list_service_response__init(list);
    list->n_service = methods->service_count;
    list->service =
        arena_alloc_array(arena, list->n_service, sizeof(Grpc__Reflection__V1__ServiceResponse *));
    for (size_t i = 0; i < list->n_service; i++) {
        list->service[i] = arena_alloc(arena, sizeof *list->service[i]);
        grpc__reflection__v1__service_response__init(list->service[i]);
        list->service[i]->name = (char *)methods->services[i].name;
    }
    out->message_response_case = TOLD(LIST_SERVICES_RESPONSE);
    out->list_services_response = list;
}

static void tell_file(const struct rpc_schema *schema, size_t file, struct arena *arena,
                      response_type *out)
{
    Grpc__Reflection__V1__FileDescriptorResponse *files = arena_alloc(arena, sizeof *files);
    grpc__reflection__v1__file_descriptor_response__init(files);
    size_t count = rpc_schema_file_count(schema);
    bool *marks = arena_alloc_array(arena, count, sizeof *marks);
    files->file_descriptor_proto =
        arena_alloc_array(arena, count, sizeof *files->file_descriptor_proto);
    rpc_schema_mark_imports(schema, file, marks);
    for (size_t i = 0; i < count; i++) {
        size_t index = (file + i) % count; /* the file asked for comes first */
        struct str bytes = rpc_schema_file_bytes(schema, index);
        if (marks[index]) {
            files->file_descriptor_proto[files->n_file_descriptor_proto++] =
                (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.ptr};
        }
    }
    out->message_response_case = TOLD(FILE_DESCRIPTOR_RESPONSE);
    out->file_descriptor_response = files;
}

typedef bool (*finder)(const struct rpc_schema *schema, struct str name, size_t *out);

static void find_and_tell(const struct methods *methods, finder find, const char *name,
                          struct arena *arena, response_type *out)
{
    for (size_t i = 0; i < methods->service_count; i++) {
        const struct rpc_schema *schema = methods->services[i].schema;
        size_t file = 0;
        if (find(schema, str_of(name), &file)) {
            tell_file(schema, file, arena, out);
            return;
        }
    }
    struct str text = arena_printf(arena, "%s is not known here", name);
    tell_error(ERR_NOT_FOUND, text.ptr, arena, out);
}

/* proto3 has no extensions but of descriptors, and those are none of a service's business. */
static void tell_extensions(const struct methods *methods, const char *type, struct arena *arena,
                            response_type *out)
{
    bool is_known = false;
    for (size_t i = 0; i < methods->service_count; i++)
        is_known = is_known || rpc_schema_has_message(methods->services[i].schema, str_of(type));
    if (!is_known) {
        tell_error(ERR_NOT_FOUND, "no such message", arena, out);
        return;
    }
    Grpc__Reflection__V1__ExtensionNumberResponse *numbers = arena_alloc(arena, sizeof *numbers);
    grpc__reflection__v1__extension_number_response__init(numbers);
    numbers->base_type_name = (char *)type;
    out->message_response_case = TOLD(ALL_EXTENSION_NUMBERS_RESPONSE);
    out->all_extension_numbers_response = numbers;
}

static void answer(const struct methods *methods, const request_type *request, struct arena *arena,
                   response_type *out)
{
    switch (request->message_request_case) {
    case ASKED(LIST_SERVICES):
        tell_services(methods, arena, out);
        break;
    case ASKED(FILE_BY_FILENAME):
        find_and_tell(methods, rpc_schema_find_file, request->file_by_filename, arena, out);
        break;
    case ASKED(FILE_CONTAINING_SYMBOL):
        find_and_tell(methods, rpc_schema_find_symbol, request->file_containing_symbol, arena, out);
        break;
    case ASKED(FILE_CONTAINING_EXTENSION):
        tell_error(ERR_NOT_FOUND, "there are no extensions", arena, out);
        break;
    case ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE):
        tell_extensions(methods, request->all_extension_numbers_of_type, arena, out);
        break;
    case ASKED(_NOT_SET):
    case _GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__CASE_IS_INT_SIZE:
        tell_error(ERR_UNIMPLEMENTED, "the request asks for nothing this server knows", arena, out);
        break;
    }
}

static void
reflection_server_reflection_info(service_type *self, const request_type *request,
                                  Grpc__Reflection__V1__ServerReflectionResponse_Closure reply,
                                  void *call)
{
    const struct mount *mount = CONTAINER_OF(self, struct mount, service);
    response_type response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    response.valid_host = request->host;
    response.original_request = (request_type *)request;
    answer(mount->reflection->methods, request, rpc_turn_arena(call), &response);
    reply(&response, call);
}

static bool mount_version(struct rpc_reflection *reflection, enum version version,
                          struct rpc_server *server, struct err *err)
{
    static const char *const names[VERSION_COUNT] = {
        [VERSION_1] = "grpc.reflection.v1.ServerReflection",
        [VERSION_1_ALPHA] = "grpc.reflection.v1alpha.ServerReflection",
    };
    struct mount *mount = &reflection->mounts[version];
    mount->reflection = reflection;
    mount->service = (service_type)GRPC__REFLECTION__V1__SERVER_REFLECTION__INIT(reflection_);
    mount->type = *mount->service.base.descriptor;
    mount->type.name = names[version];
    mount->service.base.descriptor = &mount->type;
    return rpc_server_add_quick(server, &mount->service.base, reflection->schema, err);
}

bool rpc_reflection_new(struct rpc_server *server, struct rpc_reflection **out, struct err *err)
{
    struct rpc_reflection *reflection = mem_new(struct rpc_reflection);
    reflection->methods = server_methods(server);
    if (!rpc_schema_new(rpc_descriptors, rpc_descriptors_size, &reflection->schema, err) ||
        !mount_version(reflection, VERSION_1, server, err) ||
        !mount_version(reflection, VERSION_1_ALPHA, server, err)) {
        rpc_reflection_free(reflection);
        return false;
    }
    *out = reflection;
    return true;
}

void rpc_reflection_free(struct rpc_reflection *reflection)
{
    if (!reflection)
        return;
    rpc_schema_free(reflection->schema);
    free(reflection);
}
