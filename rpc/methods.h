/* SPDX-License-Identifier: Apache-2.0
 *
 * The methods a server serves, by their path. Built before the start, then only read. Inside rpc/
 * only.
 */
#ifndef RPC_METHODS_H
#define RPC_METHODS_H

#include "base/err.h"
#include "base/str.h"
#include "rpc/schema.h"

#include <protobuf-c/protobuf-c.h>

enum method_kind { METHOD_UNARY, METHOD_STREAM, METHOD_LOCKSTEP };

struct method {
    char *path; /* "/package.Service/Method" */
    enum method_kind kind;
    bool is_quick; /* its handler never blocks */
    ProtobufCService *service;
    unsigned index; /* in the service */
    const ProtobufCMessageDescriptor *input;
    const ProtobufCMessageDescriptor *output;
};

/* A mounted service. */
struct methods_service {
    const char *name; /* in full */
    const struct rpc_schema *schema;
};

/* The zero value is an empty table. */
struct methods {
    struct method *items; /* sorted by path */
    size_t count;
    struct methods_service *services; /* in the order they were added */
    size_t service_count;
};

/* Adds a service's methods; nothing is added on failure. */
bool methods_add(struct methods *methods, ProtobufCService *service,
                 const struct rpc_schema *schema, bool is_quick, struct err *err) MUST_CHECK;

/* The method at a path, or NULL. */
const struct method *methods_find(const struct methods *methods, struct str path);

void methods_done(struct methods *methods);

#endif
