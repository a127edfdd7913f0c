/* SPDX-License-Identifier: Apache-2.0
 *
 * Any protobuf-c message as proto3 JSON (protobuf.dev, "ProtoJSON format"): lowerCamelCase names,
 * 64-bit integers as strings, enums by name, bytes in base64, Timestamp as RFC 3339, Duration in
 * seconds. Fields with their default value are written too, so that scripts find the keys; messages
 * that are not set are left out.
 */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include "base/buf.h"

#include <protobuf-c/protobuf-c.h>

enum json_form { JSON_PRETTY, JSON_LINE };

/* Appends the message's JSON, without a newline at its end. */
void json_add_message(struct buf *out, const ProtobufCMessage *message, enum json_form form);

#endif
