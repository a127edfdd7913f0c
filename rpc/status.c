/* SPDX-License-Identifier: Apache-2.0
 *
 * See status.h. The numbers are gRPC's (doc/statuscodes.md); they are fixed for ever, so nothing of
 * gRPC is included here.
 */
#include "rpc/status.h"

#include "google/protobuf/duration.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rpc/memory.h"

#define TYPE_PREFIX "type.googleapis.com/"

enum status {
    STATUS_OK = 0,
    STATUS_CANCELLED = 1,
    STATUS_UNKNOWN = 2,
    STATUS_INVALID_ARGUMENT = 3,
    STATUS_DEADLINE_EXCEEDED = 4,
    STATUS_NOT_FOUND = 5,
    STATUS_ALREADY_EXISTS = 6,
    STATUS_PERMISSION_DENIED = 7,
    STATUS_RESOURCE_EXHAUSTED = 8,
    STATUS_FAILED_PRECONDITION = 9,
    STATUS_ABORTED = 10,
    STATUS_OUT_OF_RANGE = 11,
    STATUS_UNIMPLEMENTED = 12,
    STATUS_INTERNAL = 13,
    STATUS_UNAVAILABLE = 14,
    STATUS_DATA_LOSS = 15,
    STATUS_UNAUTHENTICATED = 16,
    STATUS_COUNT
};

static const enum status statuses[ERR_CODE_COUNT] = {
    [ERR_NONE] = STATUS_OK,
    [ERR_INVALID] = STATUS_INVALID_ARGUMENT,
    [ERR_UNAUTHENTICATED] = STATUS_UNAUTHENTICATED,
    [ERR_DENIED] = STATUS_PERMISSION_DENIED,
    [ERR_NOT_FOUND] = STATUS_NOT_FOUND,
    [ERR_LIMIT] = STATUS_RESOURCE_EXHAUSTED,
    [ERR_NOT_READY] = STATUS_FAILED_PRECONDITION,
    [ERR_WRONG_STATE] = STATUS_FAILED_PRECONDITION,
    [ERR_USED] = STATUS_FAILED_PRECONDITION,
    [ERR_EXPIRED] = STATUS_FAILED_PRECONDITION,
    [ERR_BUSY] = STATUS_ABORTED,
    [ERR_EXISTS] = STATUS_ALREADY_EXISTS,
    [ERR_TOO_LARGE] = STATUS_RESOURCE_EXHAUSTED,
    [ERR_CANCELLED] = STATUS_CANCELLED,
    [ERR_DEADLINE] = STATUS_DEADLINE_EXCEEDED,
    [ERR_UNAVAILABLE] = STATUS_UNAVAILABLE,
    [ERR_UNIMPLEMENTED] = STATUS_UNIMPLEMENTED,
    [ERR_INTERNAL] = STATUS_INTERNAL,
    [ERR_SOURCE_UNAVAILABLE] = STATUS_UNAVAILABLE,
    [ERR_SOURCE_CONFLICT] = STATUS_UNAVAILABLE,
    [ERR_SOURCE_SCHEMA] = STATUS_INTERNAL,
    [ERR_SOURCE_DATA] = STATUS_INTERNAL,
    [ERR_SOURCE_DENIED] = STATUS_INTERNAL,
    [ERR_GUARD_RAIL] = STATUS_RESOURCE_EXHAUSTED,
    [ERR_FORMAT_LIMIT] = STATUS_FAILED_PRECONDITION,
    [ERR_STORE_UNAVAILABLE] = STATUS_UNAVAILABLE,
    [ERR_STORE_DENIED] = STATUS_INTERNAL,
    [ERR_WORKER_LOST] = STATUS_UNAVAILABLE,
};

/* Several of our codes share a status; the way back takes the plainest. */
static const struct {
    const char *name;
    enum err_code code;
} meanings[STATUS_COUNT] = {
    [STATUS_OK] = {"OK", ERR_NONE},
    [STATUS_CANCELLED] = {"CANCELLED", ERR_CANCELLED},
    [STATUS_UNKNOWN] = {"UNKNOWN", ERR_INTERNAL},
    [STATUS_INVALID_ARGUMENT] = {"INVALID_ARGUMENT", ERR_INVALID},
    [STATUS_DEADLINE_EXCEEDED] = {"DEADLINE_EXCEEDED", ERR_DEADLINE},
    [STATUS_NOT_FOUND] = {"NOT_FOUND", ERR_NOT_FOUND},
    [STATUS_ALREADY_EXISTS] = {"ALREADY_EXISTS", ERR_EXISTS},
    [STATUS_PERMISSION_DENIED] = {"PERMISSION_DENIED", ERR_DENIED},
    [STATUS_RESOURCE_EXHAUSTED] = {"RESOURCE_EXHAUSTED", ERR_LIMIT},
    [STATUS_FAILED_PRECONDITION] = {"FAILED_PRECONDITION", ERR_NOT_READY},
    [STATUS_ABORTED] = {"ABORTED", ERR_BUSY},
    [STATUS_OUT_OF_RANGE] = {"OUT_OF_RANGE", ERR_INVALID},
    [STATUS_UNIMPLEMENTED] = {"UNIMPLEMENTED", ERR_UNIMPLEMENTED},
    [STATUS_INTERNAL] = {"INTERNAL", ERR_INTERNAL},
    [STATUS_UNAVAILABLE] = {"UNAVAILABLE", ERR_UNAVAILABLE},
    [STATUS_DATA_LOSS] = {"DATA_LOSS", ERR_INTERNAL},
    [STATUS_UNAUTHENTICATED] = {"UNAUTHENTICATED", ERR_UNAUTHENTICATED},
};

static bool is_known(int status)
{
    return status >= STATUS_OK && status < STATUS_COUNT;
}

int rpc_status_from_err(enum err_code code)
{
    return (int)statuses[code];
}

enum err_code rpc_status_to_err(int status)
{
    return is_known(status) ? meanings[status].code : ERR_INTERNAL;
}

const char *rpc_status_name(int status)
{
    return is_known(status) ? meanings[status].name : "UNKNOWN";
}

static void pack_any(const ProtobufCMessage *message, struct arena *arena,
                     Google__Protobuf__Any *out)
{
    google__protobuf__any__init(out);
    struct str url = arena_printf(arena, TYPE_PREFIX "%s", message->descriptor->name);
    out->type_url = (char *)url.ptr;
    out->value.len = protobuf_c_message_get_packed_size(message);
    out->value.data = arena_alloc(arena, out->value.len);
    protobuf_c_message_pack(message, out->value.data);
}

static void pack_bad_request(const struct err *err, struct arena *arena, Google__Protobuf__Any *out)
{
    Google__Rpc__BadRequest__FieldViolation violation =
        GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
    violation.field = (char *)err->field;
    violation.description = (char *)err->text;
    Google__Rpc__BadRequest__FieldViolation *violations[] = {&violation};
    Google__Rpc__BadRequest bad_request = GOOGLE__RPC__BAD_REQUEST__INIT;
    bad_request.n_field_violations = COUNT_OF(violations);
    bad_request.field_violations = violations;
    pack_any(&bad_request.base, arena, out);
}

static void pack_retry_info(const struct err *err, struct arena *arena, Google__Protobuf__Any *out)
{
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    delay.seconds = err->retry_after_ms / 1000;
    delay.nanos = (int32_t)(err->retry_after_ms % 1000) * 1000000;
    Google__Rpc__RetryInfo retry_info = GOOGLE__RPC__RETRY_INFO__INIT;
    retry_info.retry_delay = &delay;
    pack_any(&retry_info.base, arena, out);
}

struct str rpc_status_pack(const struct err *err, struct arena *arena)
{
    Google__Protobuf__Any any[2];
    Google__Protobuf__Any *details[COUNT_OF(any)];
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.details = details;
    if (err->field[0]) {
        pack_bad_request(err, arena, &any[status.n_details]);
        details[status.n_details] = &any[status.n_details];
        status.n_details++;
    }
    if (err->retry_after_ms > 0) {
        pack_retry_info(err, arena, &any[status.n_details]);
        details[status.n_details] = &any[status.n_details];
        status.n_details++;
    }
    if (status.n_details == 0)
        return (struct str){0};
    status.code = rpc_status_from_err(err->code);
    status.message = (char *)err->text;
    size_t size = google__rpc__status__get_packed_size(&status);
    uint8_t *bytes = arena_alloc(arena, size);
    google__rpc__status__pack(&status, bytes);
    return (struct str){(const char *)bytes, size};
}

static void read_bad_request(const ProtobufCBinaryData *bytes, ProtobufCAllocator *allocator,
                             struct err *out)
{
    const Google__Rpc__BadRequest *bad_request =
        google__rpc__bad_request__unpack(allocator, bytes->len, bytes->data);
    if (bad_request && bad_request->n_field_violations > 0) {
        (void)snprintf(out->field, sizeof out->field, "%s",
                       bad_request->field_violations[0]->field);
    }
}

static void read_retry_info(const ProtobufCBinaryData *bytes, ProtobufCAllocator *allocator,
                            struct err *out)
{
    enum { MAX_SECONDS = 1000000000 };
    const Google__Rpc__RetryInfo *retry_info =
        google__rpc__retry_info__unpack(allocator, bytes->len, bytes->data);
    const Google__Protobuf__Duration *delay = retry_info ? retry_info->retry_delay : NULL;
    if (delay && delay->seconds >= 0 && delay->seconds < MAX_SECONDS && delay->nanos >= 0)
        out->retry_after_ms = delay->seconds * 1000 + delay->nanos / 1000000;
}

void rpc_status_unpack(int status, struct str text, struct str details, struct err *out)
{
    static const struct {
        const char *type_url;
        void (*read)(const ProtobufCBinaryData *, ProtobufCAllocator *, struct err *);
    } readers[] = {
        {TYPE_PREFIX "google.rpc.BadRequest", read_bad_request},
        {TYPE_PREFIX "google.rpc.RetryInfo", read_retry_info},
    };
    err_set(out, rpc_status_to_err(status), "%.*s", STR_ARG(text));
    struct rpc_memory memory;
    rpc_memory_init(&memory, NULL, RPC_MEMORY_DETAILS_MAX);
    const Google__Rpc__Status *told =
        google__rpc__status__unpack(&memory.allocator, details.len, (const uint8_t *)details.ptr);
    for (size_t i = 0; told && i < told->n_details; i++) {
        for (size_t r = 0; r < COUNT_OF(readers); r++) {
            if (strcmp(told->details[i]->type_url, readers[r].type_url) == 0)
                readers[r].read(&told->details[i]->value, &memory.allocator, out);
        }
    }
    rpc_memory_done(&memory);
}
