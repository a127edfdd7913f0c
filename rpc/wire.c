/* SPDX-License-Identifier: Apache-2.0
 *
 * See wire.h. Walks the bytes along the descriptor; what the descriptor does not know is stepped
 * over. Groups do not occur in proto3 and count as damage.
 */
#include "rpc/wire.h"

#include "base/utf8.h"

struct wire {
    const uint8_t *ptr;
    size_t len;
};

static bool take(struct wire *wire, uint64_t len, struct wire *out)
{
    if (len > wire->len)
        return false;
    *out = (struct wire){wire->ptr, (size_t)len};
    wire->ptr += len;
    wire->len -= (size_t)len;
    return true;
}

static bool take_varint(struct wire *wire, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 10 && i < wire->len; i++) {
        value |= (uint64_t)(wire->ptr[i] & 0x7f) << (7 * i);
        if (wire->ptr[i] < 0x80) {
            struct wire taken;
            *out = value;
            return take(wire, i + 1, &taken);
        }
    }
    return false;
}

static bool take_value(struct wire *wire, unsigned wire_type, struct wire *out)
{
    uint64_t number = 0;
    *out = (struct wire){0};
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return take_varint(wire, &number);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return take(wire, 8, out);
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return take_varint(wire, &number) && take(wire, number, out);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return take(wire, 4, out);
    default:
        return false;
    }
}

static bool check_text(const char *field, struct wire text, struct err *err)
{
    if (utf8_valid_prefix((const char *)text.ptr, text.len) != text.len)
        return err_set_field(err, field, "%s is not valid UTF-8", field);
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return err_set_field(err, field, "%s holds a NUL character; send text without it", field);
    return true;
}

static bool check_message(const ProtobufCMessageDescriptor *type, struct wire wire, int depth,
                          struct err *err)
{
    if (depth > RPC_WIRE_MAX_DEPTH) {
        return err_set(err, ERR_INVALID, "the request is nested deeper than %d messages",
                       RPC_WIRE_MAX_DEPTH);
    }
    while (wire.len > 0) {
        uint64_t tag = 0;
        struct wire value;
        if (!take_varint(&wire, &tag) || !take_value(&wire, tag & 7, &value))
            return err_set(err, ERR_INVALID, "the request does not decode as %s", type->name);
        if ((tag & 7) != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED || tag >> 3 > UINT32_MAX)
            continue;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_STRING && !check_text(field->name, value, err))
            return false;
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
            !check_message(field->descriptor, value, depth + 1, err))
            return false;
    }
    return true;
}

bool rpc_wire_check(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
                    struct err *err)
{
    return check_message(type, (struct wire){bytes, len}, 1, err);
}
