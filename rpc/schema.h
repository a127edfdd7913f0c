/* SPDX-License-Identifier: Apache-2.0
 *
 * What the .proto files say, from the FileDescriptorSet that the build embeds (protoc
 * --include_imports --descriptor_set_out): which methods stream, and what reflection tells. Made
 * once, read by any thread.
 */
#ifndef RPC_SCHEMA_H
#define RPC_SCHEMA_H

#include "base/err.h"
#include "base/str.h"

struct rpc_schema;

/* Reads a set. The bytes stay the caller's and must outlive the schema. */
bool rpc_schema_new(const void *file_descriptor_set, size_t size, struct rpc_schema **out,
                    struct err *err) MUST_CHECK;

/* NULL is fine. */
void rpc_schema_free(struct rpc_schema *schema);

struct rpc_schema_method {
    bool is_client_streaming;
    bool is_server_streaming;
};

/* A method of a service, which is named in full. ERR_NOT_FOUND if the schema has none. */
bool rpc_schema_find_method(const struct rpc_schema *schema, const char *service,
                            const char *method, struct rpc_schema_method *out,
                            struct err *err) MUST_CHECK;

/* Files go by their index, 0 to rpc_schema_file_count - 1. */
size_t rpc_schema_file_count(const struct rpc_schema *schema);

/* A file by its name; false if there is none. */
bool rpc_schema_find_file(const struct rpc_schema *schema, struct str name, size_t *out);

/* The file that declares a service, method, message, field, enum or enum value, which is named in
 * full without leading dot; false if there is none. */
bool rpc_schema_find_symbol(const struct rpc_schema *schema, struct str symbol, size_t *out);

/* Whether the symbol is a message. */
bool rpc_schema_has_message(const struct rpc_schema *schema, struct str symbol);

/* The file's bytes (a FileDescriptorProto), just as protoc wrote them. */
struct str rpc_schema_file_bytes(const struct rpc_schema *schema, size_t file);

/* Marks the file and all that it imports, directly or not: true in `marks`, which has a place for
 * each file. */
void rpc_schema_mark_imports(const struct rpc_schema *schema, size_t file, bool *marks);

#endif
