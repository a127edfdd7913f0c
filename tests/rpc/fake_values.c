/* SPDX-License-Identifier: Apache-2.0
 *
 * See fake_values.h. A slice always has a reference count, unless it is empty or static.
 */
#include "tests/rpc/fake_values.h"

#include "base/mem.h"
#include "tests/rpc/fake_core.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <stdatomic.h>

static atomic_int objects;

struct grpc_slice_refcount {
    atomic_int refs;
    uint8_t bytes[];
};

struct grpc_server_credentials {
    int unused;
};

struct buffer {
    grpc_byte_buffer base;
    grpc_slice slice;
};

void fake_count(int change)
{
    atomic_fetch_add(&objects, change);
}

unsigned fake_core_objects(void)
{
    return (unsigned)atomic_load(&objects);
}

/* --- slices ---------------------------------------------------------------------------------- */

static struct grpc_slice_refcount *const not_counted = (struct grpc_slice_refcount *)1;

grpc_slice grpc_empty_slice(void)
{
    return (grpc_slice){0};
}

grpc_slice grpc_slice_malloc(size_t length)
{
    struct grpc_slice_refcount *refcount = mem_alloc(sizeof *refcount + length);
    atomic_init(&refcount->refs, 1);
    fake_count(1);
    grpc_slice slice = {.refcount = refcount};
    slice.data.refcounted.length = length;
    slice.data.refcounted.bytes = refcount->bytes;
    return slice;
}

grpc_slice grpc_slice_ref(grpc_slice s)
{
    if (s.refcount && s.refcount != not_counted)
        atomic_fetch_add(&s.refcount->refs, 1);
    return s;
}

void grpc_slice_unref(grpc_slice s)
{
    if (!s.refcount || s.refcount == not_counted || atomic_fetch_sub(&s.refcount->refs, 1) != 1)
        return;
    free(s.refcount);
    fake_count(-1);
}

grpc_slice grpc_slice_from_copied_buffer(const char *source, size_t len)
{
    grpc_slice slice = grpc_slice_malloc(len);
    if (len > 0)
        memcpy(GRPC_SLICE_START_PTR(slice), source, len);
    return slice;
}

grpc_slice grpc_slice_from_copied_string(const char *source)
{
    return grpc_slice_from_copied_buffer(source, strlen(source));
}

grpc_slice grpc_slice_from_static_string(const char *source)
{
    grpc_slice slice = {.refcount = not_counted};
    slice.data.refcounted.length = strlen(source);
    slice.data.refcounted.bytes = (uint8_t *)source;
    return slice;
}

/* --- byte buffers ---------------------------------------------------------------------------- */

grpc_byte_buffer *grpc_raw_byte_buffer_create(grpc_slice *slices, size_t nslices)
{
    assert(nslices == 1);
    struct buffer *buffer = mem_new(struct buffer);
    buffer->slice = grpc_slice_ref(slices[0]);
    fake_count(1);
    return &buffer->base;
}

grpc_byte_buffer *fake_buffer_new(struct str bytes)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(bytes.ptr, bytes.len);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

void grpc_byte_buffer_destroy(grpc_byte_buffer *bb)
{
    if (!bb)
        return;
    struct buffer *buffer = CONTAINER_OF(bb, struct buffer, base);
    grpc_slice_unref(buffer->slice);
    free(buffer);
    fake_count(-1);
}

int grpc_byte_buffer_reader_init(grpc_byte_buffer_reader *reader, grpc_byte_buffer *buffer)
{
    *reader = (grpc_byte_buffer_reader){.buffer_in = buffer};
    return 1;
}

void grpc_byte_buffer_reader_destroy(grpc_byte_buffer_reader *reader)
{
    (void)reader;
}

grpc_slice grpc_byte_buffer_reader_readall(grpc_byte_buffer_reader *reader)
{
    return grpc_slice_ref(CONTAINER_OF(reader->buffer_in, struct buffer, base)->slice);
}

/* --- the rest -------------------------------------------------------------------------------- */

void grpc_init(void)
{
    fake_count(1);
}

void grpc_shutdown(void)
{
    fake_count(-1);
}

void grpc_metadata_array_init(grpc_metadata_array *array)
{
    *array = (grpc_metadata_array){0};
}

void grpc_metadata_array_destroy(grpc_metadata_array *array)
{
    free(array->metadata);
}

void grpc_call_details_init(grpc_call_details *details)
{
    *details = (grpc_call_details){0};
}

void grpc_call_details_destroy(grpc_call_details *details)
{
    grpc_slice_unref(details->method);
    grpc_slice_unref(details->host);
}

/* gRPC's header declares it without parameters, which is no prototype in C. */
// NOLINTNEXTLINE(readability-redundant-declaration)
grpc_server_credentials *grpc_insecure_server_credentials_create(void);

grpc_server_credentials *grpc_insecure_server_credentials_create(void)
{
    fake_count(1);
    return mem_new(struct grpc_server_credentials);
}

void grpc_server_credentials_release(grpc_server_credentials *creds)
{
    free(creds);
    fake_count(-1);
}

grpc_resource_quota *grpc_resource_quota_create(const char *trace_name)
{
    fake_count(1);
    return (grpc_resource_quota *)mem_dup(trace_name);
}

void grpc_resource_quota_resize(grpc_resource_quota *resource_quota, size_t new_size)
{
    assert(resource_quota && new_size > 0);
}

void grpc_resource_quota_unref(grpc_resource_quota *resource_quota)
{
    free(resource_quota);
    fake_count(-1);
}

const grpc_arg_pointer_vtable *grpc_resource_quota_arg_vtable(void)
{
    static const grpc_arg_pointer_vtable vtable;
    return &vtable;
}

void gpr_set_log_function(gpr_log_func func)
{
    assert(func);
}

void gpr_free(void *ptr)
{
    free(ptr);
}

gpr_timespec gpr_inf_future(gpr_clock_type type)
{
    return (gpr_timespec){.tv_sec = INT64_MAX, .clock_type = type};
}

gpr_timespec gpr_now(gpr_clock_type clock)
{
    return (gpr_timespec){.tv_sec = 1, .clock_type = clock};
}

gpr_timespec gpr_time_sub(gpr_timespec a, gpr_timespec b)
{
    if (a.tv_sec == INT64_MAX)
        return gpr_inf_future(GPR_TIMESPAN);
    return (gpr_timespec){a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec, GPR_TIMESPAN};
}

gpr_timespec gpr_time_add(gpr_timespec a, gpr_timespec b)
{
    return (gpr_timespec){a.tv_sec + b.tv_sec, a.tv_nsec + b.tv_nsec, a.clock_type};
}

gpr_timespec gpr_time_from_millis(int64_t ms, gpr_clock_type clock_type)
{
    return (gpr_timespec){ms / 1000, (int32_t)(ms % 1000) * 1000000, clock_type};
}

int gpr_time_cmp(gpr_timespec a, gpr_timespec b)
{
    if (a.tv_sec != b.tv_sec)
        return a.tv_sec < b.tv_sec ? -1 : 1;
    return (a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec);
}

/* TLS needs the real core. */
grpc_ssl_server_certificate_config *
grpc_ssl_server_certificate_config_create(const char *pem_root_certs,
                                          const grpc_ssl_pem_key_cert_pair *pem_key_cert_pairs,
                                          size_t num_key_cert_pairs)
{
    (void)pem_root_certs;
    (void)pem_key_cert_pairs;
    (void)num_key_cert_pairs;
    abort();
}

grpc_ssl_server_credentials_options *grpc_ssl_server_credentials_create_options_using_config(
    grpc_ssl_client_certificate_request_type client_certificate_request,
    grpc_ssl_server_certificate_config *certificate_config)
{
    (void)client_certificate_request;
    (void)certificate_config;
    abort();
}

grpc_ssl_server_credentials_options *
grpc_ssl_server_credentials_create_options_using_config_fetcher(
    grpc_ssl_client_certificate_request_type client_certificate_request,
    grpc_ssl_server_certificate_config_callback cb, void *user_data)
{
    (void)client_certificate_request;
    (void)cb;
    (void)user_data;
    abort();
}

grpc_server_credentials *
grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_options *options)
{
    (void)options;
    abort();
}
