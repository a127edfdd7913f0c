/* SPDX-License-Identifier: Apache-2.0
 *
 * A look at serialised bytes before protobuf-c decodes them, for what protobuf-c 1.4 lets pass:
 * nesting without limit (its decoder recurses), text that is not UTF-8, and text with a NUL in it,
 * which a C string would cut without a word.
 */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

enum { RPC_WIRE_MAX_DEPTH = 64 };

/* False with ERR_INVALID, which names the field where one is to blame. */
bool rpc_wire_check(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
                    struct err *err) MUST_CHECK;

#endif
