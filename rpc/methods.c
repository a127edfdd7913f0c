/* SPDX-License-Identifier: Apache-2.0
 *
 * See methods.h. protobuf-c's descriptors lack the streaming flags; the schema, which reflection
 * needs anyway, has them, and so the two are checked against each other here.
 */
#include "rpc/methods.h"

#include "base/buf.h"
#include "base/mem.h"

enum { MAX_PATH_BYTES = 1024 };

static char *make_path(const char *service, const char *method)
{
    struct buf path;
    buf_init(&path, MAX_PATH_BYTES);
    buf_printf(&path, "/%s/%s", service, method);
    return path.ptr;
}

static bool make_method(ProtobufCService *service, unsigned index, const struct rpc_schema *schema,
                        struct method *out, struct err *err)
{
    const ProtobufCServiceDescriptor *type = service->descriptor;
    const ProtobufCMethodDescriptor *method = &type->methods[index];
    struct rpc_schema_method streams;
    if (!rpc_schema_find_method(schema, type->name, method->name, &streams, err))
        return false;
    if (streams.is_client_streaming && !streams.is_server_streaming) {
        return err_set(err, ERR_UNIMPLEMENTED,
                       "%s.%s takes a stream and gives one message; rpc/ has no handler for that",
                       type->name, method->name);
    }
    *out = (struct method){
        .path = make_path(type->name, method->name),
        .kind = streams.is_client_streaming   ? METHOD_LOCKSTEP
                : streams.is_server_streaming ? METHOD_STREAM
                                              : METHOD_UNARY,
        .service = service,
        .index = index,
        .input = method->input,
        .output = method->output,
    };
    return true;
}

static int compare_methods(const void *a, const void *b)
{
    return strcmp(((const struct method *)a)->path, ((const struct method *)b)->path);
}

static bool is_mounted(const struct methods *methods, const char *service)
{
    for (size_t i = 0; i < methods->service_count; i++) {
        if (strcmp(methods->services[i].name, service) == 0)
            return true;
    }
    return false;
}

bool methods_add(struct methods *methods, ProtobufCService *service,
                 const struct rpc_schema *schema, bool is_quick, struct err *err)
{
    const ProtobufCServiceDescriptor *type = service->descriptor;
    if (!type->name) {
        return err_set(
            err, ERR_INVALID,
            "a service has no name; its bindings were made with optimize_for = CODE_SIZE");
    }
    if (is_mounted(methods, type->name))
        return err_set(err, ERR_EXISTS, "service %s is mounted already", type->name);
    size_t old_count = methods->count;
    methods->items =
        mem_resize_array(methods->items, old_count + type->n_methods, sizeof *methods->items);
    for (unsigned i = 0; i < type->n_methods; i++) {
        struct method *method = &methods->items[methods->count];
        if (!make_method(service, i, schema, method, err)) {
            while (methods->count > old_count)
                free(methods->items[--methods->count].path);
            return false;
        }
        method->is_quick = is_quick;
        methods->count++;
    }
    qsort(methods->items, methods->count, sizeof *methods->items, compare_methods);
    methods->services =
        mem_resize_array(methods->services, methods->service_count + 1, sizeof *methods->services);
    methods->services[methods->service_count++] =
        (struct methods_service){.name = type->name, .schema = schema};
    return true;
}

static int compare_path(const void *path, const void *method)
{
    return str_compare(*(const struct str *)path, str_of(((const struct method *)method)->path));
}

const struct method *methods_find(const struct methods *methods, struct str path)
{
    if (methods->count == 0)
        return NULL;
    return bsearch(&path, methods->items, methods->count, sizeof *methods->items, compare_path);
}

void methods_done(struct methods *methods)
{
    for (size_t i = 0; i < methods->count; i++)
        free(methods->items[i].path);
    free(methods->items);
    free(methods->services);
    *methods = (struct methods){0};
}
