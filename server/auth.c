/* SPDX-License-Identifier: Apache-2.0
 *
 * See auth.h.
 */
#include "server/auth.h"

#include "base/host.h"
#include "base/trace.h"

/* gRPC's "ipv4:127.0.0.1:4711", "ipv6:[::1]:4711" (its brackets come as %5B and %5D) or
 * "unix:PATH", without kind and port. */
static struct str address_of(struct str peer)
{
    struct str address = peer;
    struct str kind;
    if (!str_next(&address, ':', &kind) || str_equal(kind, STR("unix")))
        return kind;
    address = host_of(address);
    if (str_starts_with(address, STR("%5B")) && address.len > 6)
        address = (struct str){address.ptr + 3, address.len - 6};
    else if (str_starts_with(address, STR("[")) && address.len > 2)
        address = (struct str){address.ptr + 1, address.len - 2};
    return address;
}

struct str auth_address(struct rpc_call *call)
{
    return address_of(rpc_call_peer(call));
}

struct str auth_trace_parent(struct rpc_call *call)
{
    return trace_parent_of(rpc_call_metadata(call, TRACE_HEADER),
                           rpc_call_metadata_count(call, TRACE_HEADER), rpc_call_arena(call));
}

static struct str trace_state_of_call(struct rpc_call *call)
{
    return trace_state_of(rpc_call_metadata(call, TRACE_STATE_HEADER),
                          rpc_call_metadata_count(call, TRACE_STATE_HEADER), rpc_call_arena(call));
}

/* The names that the client's certificate has, by kind; two of a kind are enough to see that it is
 * not one. */
static struct certificate_names names_of(struct rpc_call *call)
{
    static const enum rpc_name_kind kinds[CERTIFICATE_KINDS] = {
        [CERTIFICATE_URI] = RPC_NAME_URI,
        [CERTIFICATE_EMAIL] = RPC_NAME_EMAIL,
        [CERTIFICATE_DNS] = RPC_NAME_DNS,
    };
    enum { ENOUGH = 2 };
    struct certificate_names out = {.counts = {0}};
    for (size_t i = 0; i < CERTIFICATE_KINDS; i++) {
        struct str *names = arena_alloc_array(rpc_call_arena(call), ENOUGH, sizeof *names);
        out.counts[i] = rpc_call_certificate_names(call, kinds[i], names, ENOUGH);
        out.names[i] = names;
    }
    return out;
}

static struct credentials credentials_of(const struct identity *identity, struct rpc_call *call)
{
    const struct certificate_names none = {.counts = {0}};
    return (struct credentials){
        .user = rpc_call_metadata(call, "x-exportq-user"),
        .user_count = rpc_call_metadata_count(call, "x-exportq-user"),
        .authorization = rpc_call_metadata(call, "authorization"),
        .authorization_count = rpc_call_metadata_count(call, "authorization"),
        .certificate = identity_has_mtls(identity) ? names_of(call) : none,
        .address = auth_address(call),
    };
}

bool auth_caller(const struct identity *identity, struct rpc_call *call, struct caller *out,
                 struct err *err)
{
    const struct credentials credentials = credentials_of(identity, call);
    if (!identity_of(identity, &credentials, rpc_call_arena(call), out, err))
        return false;
    out->trace_parent = auth_trace_parent(call);
    if (!str_is_empty(out->trace_parent))
        out->trace_state = trace_state_of_call(call);
    return true;
}

bool auth_anyone(const struct identity *identity, struct rpc_call *call, struct caller *out,
                 struct err *err)
{
    const struct credentials credentials = credentials_of(identity, call);
    return identity_of_anyone(identity, &credentials, rpc_call_arena(call), out, err);
}
