/* SPDX-License-Identifier: Apache-2.0
 *
 * The names in a client's certificate, from what gRPC keeps of it. Its property
 * "x509_subject_alternative_name" mixes the kinds, so that a DNS name could pass for a URI; these
 * do not.
 */
#include "base/str.h"
#include "rpc/call.h"

#include <grpc/grpc_security.h>

static const char *const properties[] = {
    [RPC_NAME_URI] = "peer_uri",
    [RPC_NAME_EMAIL] = "peer_email",
    [RPC_NAME_DNS] = "peer_dns",
};

static size_t find_names(const grpc_auth_context *context, const char *property, struct str *out,
                         size_t max)
{
    size_t count = 0;
    const grpc_auth_property *found = NULL;
    grpc_auth_property_iterator each = grpc_auth_context_find_properties_by_name(context, property);
    while ((found = grpc_auth_property_iterator_next(&each))) {
        if (count < max)
            out[count] = (struct str){found->value, found->value_length};
        count++;
    }
    return count;
}

size_t rpc_call_certificate_names(const struct rpc_call *call, enum rpc_name_kind kind,
                                  struct str *out, size_t max)
{
    grpc_auth_context *context = grpc_call_auth_context(call->core);
    size_t count = context && grpc_auth_context_peer_is_authenticated(context)
                       ? find_names(context, properties[kind], out, max)
                       : 0;
    grpc_auth_context_release(context); /* the call has a hold on it too */
    return count;
}
