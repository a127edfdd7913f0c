/* SPDX-License-Identifier: Apache-2.0
 *
 * See json.h. Walks the message by its descriptor and builds a jansson value.
 */
#include "client/json.h"

#include "base/base64.h"
#include "base/number.h"
#include "base/utf8.h"
#include "client/when.h"
#include "google/protobuf/duration.pb-c.h"

#include <jansson.h>

enum { NAME_MAX_BYTES = 256 };

/* Of a double: what a decimal number of so many digits survives, and what any double needs. */
enum { LEAST_DIGITS = 15, MOST_DIGITS = 17 };

static json_t *message_json(const ProtobufCMessage *message);

static json_t *int64_json(long long value)
{
    return json_sprintf("%lld", value);
}

static json_t *uint64_json(unsigned long long value)
{
    return json_sprintf("%llu", value);
}

static json_t *timestamp_json(const Google__Protobuf__Timestamp *time)
{
    char text[CALENDAR_TEXT_SIZE];
    return json_stringn(text, when_format(time, text));
}

static unsigned long long magnitude(int64_t value)
{
    return value < 0 ? -(unsigned long long)value : (unsigned long long)value;
}

/* Seconds and nanoseconds have the same sign. */
static json_t *duration_json(const Google__Protobuf__Duration *duration)
{
    bool is_negative = duration->seconds < 0 || duration->nanos < 0;
    return json_sprintf("%s%llu.%03ds", is_negative ? "-" : "", magnitude(duration->seconds),
                        (int)(magnitude(duration->nanos) / 1000000));
}

static json_t *bytes_json(const ProtobufCBinaryData *bytes)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, bytes->len / 3 * 4 + 4);
    base64_encode(bytes->data, bytes->len, &text);
    return json_stringn(text.len ? text.ptr : "", text.len);
}

/* JSON has no numbers for NaN and the infinities: proto3 JSON writes their names. */
static json_t *double_json(double value)
{
    json_t *number = json_real(value);
    if (number)
        return number;
    char text[NUMBER_TEXT_SIZE];
    return json_stringn(text, number_format_double(value, text));
}

/* Bytes that are not UTF-8 become U+FFFD: from rpc/ none come, but a message may be anybody's. */
static json_t *text_json(const char *text)
{
    struct buf valid CLEANUP(buf_done);
    size_t len = strlen(text);
    buf_init(&valid, SIZE_MAX / 2);
    while (len > 0) {
        size_t good = utf8_valid_prefix(text, len);
        size_t bad = good < len ? utf8_invalid_length(text + good, len - good) : 0;
        buf_add(&valid, text, good);
        if (bad)
            buf_add_str(&valid, STR("\xEF\xBF\xBD"));
        text += good + bad;
        len -= good + bad;
    }
    return json_stringn(valid.len ? valid.ptr : "", valid.len);
}

static json_t *enum_json(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return known ? json_string(known->name) : json_integer(value);
}

static json_t *nested_json(const ProtobufCMessage *message)
{
    if (message->descriptor == &google__protobuf__timestamp__descriptor)
        return timestamp_json((const Google__Protobuf__Timestamp *)(const void *)message);
    if (message->descriptor == &google__protobuf__duration__descriptor)
        return duration_json((const Google__Protobuf__Duration *)(const void *)message);
    return message_json(message);
}

static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return int64_json(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return uint64_json(*(const uint64_t *)at);
    case PROTOBUF_C_TYPE_FLOAT:
        return double_json((double)*(const float *)at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return double_json(*(const double *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_json(field->descriptor, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return text_json(*(const char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_json(at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return nested_json(*(const ProtobufCMessage *const *)at);
    }
    return NULL;
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return sizeof(int32_t);
}

static json_t *repeated_json(const ProtobufCFieldDescriptor *field, const char *message)
{
    json_t *array = json_array();
    size_t count = *(const size_t *)(const void *)(message + field->quantifier_offset);
    const char *elements = *(const char *const *)(const void *)(message + field->offset);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, value_json(field, elements + i * element_size(field)));
    return array;
}

/* Whether a field that is not repeated is there: of a oneof the one that is set; an `optional` one
 * if it says so; a message or a text, if any. */
static bool is_set(const ProtobufCFieldDescriptor *field, const char *message)
{
    bool is_pointer =
        field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)(const void *)(message + field->quantifier_offset) == field->id;
    if (is_pointer)
        return *(const void *const *)(const void *)(message + field->offset) != NULL;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)(const void *)(message + field->quantifier_offset);
    return true;
}

/* "rows_done" as "rowsDone". */
static void camel_name(const char *name, char out[NAME_MAX_BYTES])
{
    size_t len = 0;
    for (; *name && len + 1 < NAME_MAX_BYTES; name++) {
        if (*name != '_')
            out[len++] = *name;
        else if (name[1] >= 'a' && name[1] <= 'z')
            out[len++] = str_upper(*++name);
    }
    out[len] = '\0';
}

static json_t *message_json(const ProtobufCMessage *message)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const char *base = (const char *)message;
        char name[NAME_MAX_BYTES];
        camel_name(field->name, name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            json_object_set_new(object, name, repeated_json(field, base));
        else if (is_set(field, base))
            json_object_set_new(object, name, value_json(field, base + field->offset));
    }
    return object;
}

static int digits_of_number(double value)
{
    for (int digits = LEAST_DIGITS; digits < MOST_DIGITS; digits++) {
        char text[NUMBER_TEXT_SIZE];
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return digits;
    }
    return MOST_DIGITS;
}

/* The fewest digits with which every number of the value reads back as the same: jansson's own 17
 * write 0.1 as 0.10000000000000001. */
static int digits_of(json_t *value)
{
    int most = json_is_real(value) ? digits_of_number(json_real_value(value)) : LEAST_DIGITS;
    size_t index = 0;
    const char *key = NULL;
    json_t *part = NULL;
    json_array_foreach(value, index, part)
    {
        int digits = digits_of(part);
        most = digits > most ? digits : most;
    }
    json_object_foreach(value, key, part)
    {
        int digits = digits_of(part);
        most = digits > most ? digits : most;
    }
    return most;
}

static int add_to_buf(const char *text, size_t len, void *out)
{
    buf_add(out, text, len);
    return 0;
}

void json_add_message(struct buf *out, const ProtobufCMessage *message, enum json_form form)
{
    json_t *value = nested_json(message);
    size_t flags = form == JSON_PRETTY ? JSON_INDENT(2) : JSON_COMPACT;
    flags |= JSON_REAL_PRECISION((size_t)digits_of(value));
    (void)json_dump_callback(value, add_to_buf, out, flags | JSON_ENCODE_ANY);
    json_decref(value);
}
