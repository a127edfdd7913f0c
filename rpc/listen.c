/* SPDX-License-Identifier: Apache-2.0
 *
 * See listen.h. Two of gRPC's defaults are turned round: SO_REUSEPORT lets a second server take
 * half of the first one's connections without a word, and compression lets a small request grow
 * without limit before its size is checked (a client that compresses is told UNIMPLEMENTED).
 */
#include "rpc/listen.h"

#include "base/host.h"

#include <errno.h>
#include <grpc/grpc_security.h>

enum { MAX_POLLERS = 64, MAX_WORKERS = 1024, MAX_ARGS = 24, IDENTITY_ONLY = 1 };

/* A connection's share of all calls. */
enum { CALLS_PER_SHARE = 4, LEAST_SHARE = 1100 };

static bool check_unsigned(const char *name, uint64_t value, uint64_t max, struct err *err)
{
    if (value > max) {
        return err_set_field(err, name, "%s is %llu; at most %llu is possible", name,
                             (unsigned long long)value, (unsigned long long)max);
    }
    return true;
}

static bool check_ms(const char *name, int64_t value, struct err *err)
{
    if (value < 0 || value > INT32_MAX) {
        return err_set_field(err, name, "%s is %lld; 0 to %d is possible", name, (long long)value,
                             INT32_MAX);
    }
    return true;
}

static bool check(const struct rpc_server_options *options, struct err *err)
{
    return check_unsigned("pollers", options->pollers, MAX_POLLERS, err) &&
           check_unsigned("workers", options->workers, MAX_WORKERS, err) &&
           check_unsigned("max_calls", options->max_calls, INT32_MAX / 2, err) &&
           check_unsigned("max_streams", options->max_streams, INT32_MAX, err) &&
           check_unsigned("max_connections", options->max_connections, INT32_MAX / 2, err) &&
           check_unsigned("max_message_bytes", options->max_message_bytes, INT32_MAX, err) &&
           check_unsigned("max_metadata_bytes", options->max_metadata_bytes, INT32_MAX, err) &&
           check_ms("keepalive_ms", options->keepalive_ms, err) &&
           check_ms("keepalive_timeout_ms", options->keepalive_timeout_ms, err) &&
           check_ms("min_ping_interval_ms", options->min_ping_interval_ms, err) &&
           check_ms("handshake_timeout_ms", options->handshake_timeout_ms, err) &&
           check_ms("request_timeout_ms", options->request_timeout_ms, err) &&
           check_ms("max_idle_ms", options->max_idle_ms, err) &&
           check_ms("max_connection_age_ms", options->max_connection_age_ms, err) &&
           check_ms("max_connection_age_grace_ms", options->max_connection_age_grace_ms, err) &&
           credentials_check(options, err);
}

static unsigned or_unsigned(unsigned value, unsigned or_else)
{
    return value ? value : or_else;
}

static size_t or_size(size_t value, size_t or_else)
{
    return value ? value : or_else;
}

static int64_t or_ms(int64_t value, int64_t or_else)
{
    return value ? value : or_else;
}

static unsigned share_of(unsigned max_calls)
{
    unsigned share = max_calls / CALLS_PER_SHARE;
    return share > LEAST_SHARE ? share : LEAST_SHARE;
}

bool listen_resolve(const struct rpc_server_options *options, struct rpc_server_options *out,
                    struct err *err)
{
    struct rpc_server_options all = *options;
    if (!check(options, err))
        return false;
    all.listen = options->listen ? options->listen : "127.0.0.1:50051";
    all.pollers = or_unsigned(options->pollers, 2);
    all.workers = or_unsigned(options->workers, 4);
    all.max_calls = or_unsigned(options->max_calls, 12000);
    all.max_streams = or_unsigned(options->max_streams, share_of(all.max_calls));
    all.max_message_bytes = or_size(options->max_message_bytes, (size_t)1024 * 1024);
    all.max_decoded_bytes = or_size(options->max_decoded_bytes, (size_t)256 * 1024 * 1024);
    all.max_metadata_bytes = or_size(options->max_metadata_bytes, (size_t)16 * 1024);
    all.max_memory_bytes = or_size(options->max_memory_bytes, (size_t)512 * 1024 * 1024);
    all.keepalive_ms = or_ms(options->keepalive_ms, 60000);
    all.keepalive_timeout_ms = or_ms(options->keepalive_timeout_ms, 20000);
    all.min_ping_interval_ms = or_ms(options->min_ping_interval_ms, 10000);
    all.handshake_timeout_ms = or_ms(options->handshake_timeout_ms, 20000);
    all.request_timeout_ms = or_ms(options->request_timeout_ms, 20000);
    all.max_idle_ms = or_ms(options->max_idle_ms, 600000);
    *out = all;
    return true;
}

struct arguments {
    grpc_arg items[MAX_ARGS];
    size_t count;
};

static void add(struct arguments *arguments, const char *key, int64_t value)
{
    arguments->items[arguments->count++] =
        (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = (int)value};
}

static void add_if(struct arguments *arguments, const char *key, int64_t value)
{
    if (value)
        add(arguments, key, value);
}

static void add_quota(struct arguments *arguments, grpc_resource_quota *quota)
{
    arguments->items[arguments->count++] =
        (grpc_arg){.type = GRPC_ARG_POINTER,
                   .key = (char *)GRPC_ARG_RESOURCE_QUOTA,
                   .value.pointer = {.p = quota, .vtable = grpc_resource_quota_arg_vtable()}};
}

grpc_server *listen_create(const struct rpc_server_options *options)
{
    struct arguments all = {.count = 0};
    grpc_resource_quota *quota = grpc_resource_quota_create("rpc");
    grpc_resource_quota_resize(quota, options->max_memory_bytes);
    add_quota(&all, quota);
    add(&all, GRPC_ARG_ALLOW_REUSEPORT, 0);
    add(&all, GRPC_ARG_ENABLE_CHANNELZ, 0);
    add(&all, GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, IDENTITY_ONLY);
    add(&all, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int64_t)options->max_message_bytes);
    add(&all, GRPC_ARG_MAX_METADATA_SIZE, (int64_t)options->max_metadata_bytes);
    add(&all, GRPC_ARG_MAX_CONCURRENT_STREAMS, options->max_streams);
    add(&all, GRPC_ARG_KEEPALIVE_TIME_MS, options->keepalive_ms);
    add(&all, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options->keepalive_timeout_ms);
    add(&all, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    add(&all, GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, options->min_ping_interval_ms);
    add(&all, GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, options->handshake_timeout_ms);
    add(&all, GRPC_ARG_MAX_CONNECTION_IDLE_MS, options->max_idle_ms);
    add_if(&all, GRPC_ARG_MAX_CONNECTION_AGE_MS, options->max_connection_age_ms);
    add_if(&all, GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, options->max_connection_age_grace_ms);
    const grpc_channel_args args = {all.count, all.items};
    grpc_server *core = grpc_server_create(&args, NULL);
    grpc_resource_quota_unref(quota);
    return core;
}

/* gRPC says that it cannot listen, and why to its log alone; so somebody asks the system. */
static const char *cause_of(const struct rpc_server_options *options)
{
    int failure = host_try_listen(str_of(options->listen));
    if (failure == EADDRINUSE)
        return "another process listens there";
    if (failure == EADDRNOTAVAIL)
        return "this machine does not have the address";
    if (failure == EACCES)
        return "this user may not; ports below 1024 take a privilege";
    if (failure)
        return strerrordesc_np(failure);
    return credentials_are_tls(options)
               ? "the TLS certificate and key are damaged or do not belong together"
               : "it is no address of this machine";
}

bool listen_bind(grpc_server *core, const struct rpc_server_options *options,
                 struct credentials_feed *feed, int *out_port, struct err *err)
{
    grpc_server_credentials *credentials = credentials_for_server(options, feed);
    int port = grpc_server_add_http2_port(core, options->listen, credentials);
    grpc_server_credentials_release(credentials);
    if (port == 0) {
        return err_set(err, ERR_UNAVAILABLE, "cannot listen on %s: %s", options->listen,
                       cause_of(options));
    }
    *out_port = str_starts_with(str_of(options->listen), STR("unix:")) ? 0 : port;
    return true;
}
