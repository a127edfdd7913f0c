/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON of every kind of field protobuf has, alone, repeated and optional: a message made by hand,
 * since no message of ours has them all.
 */
#include "client/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_BYTES = 4096, FIELD_ID = 7, ELEMENTS = 2 };

/* One field called the_field; the descriptor says what is in it. */
struct carrier {
    ProtobufCMessage base;
    union {
        protobuf_c_boolean has; /* optional */
        uint32_t which;         /* of a oneof */
        size_t count;           /* repeated */
    } quantifier;
    union {
        uint8_t bytes[sizeof(ProtobufCBinaryData)];
        const void *list;
        int64_t aligned;
    } value;
};

static const ProtobufCEnumValue colours[] = {{"NONE", "NONE", 0}, {"RED", "RED", 1}};
static const ProtobufCIntRange colour_ranges[] = {{0, 0}, {0, 2}};
static const ProtobufCEnumDescriptor colour = {
    .magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
    .name = "Colour",
    .n_values = COUNT_OF(colours),
    .values = colours,
    .n_value_ranges = 1,
    .value_ranges = colour_ranges,
};
static const ProtobufCMessageDescriptor empty = {.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC};
static const ProtobufCMessage empty_message = {.descriptor = &empty};

static const int32_t signed_32[] = {INT32_MIN, INT32_MAX};
static const uint32_t unsigned_32[] = {0, UINT32_MAX};
static const int64_t signed_64[] = {INT64_MIN, INT64_MAX};
static const uint64_t unsigned_64[] = {0, UINT64_MAX};
static const float floats[] = {0.5F, INFINITY};
static const double doubles[] = {-0.25, NAN};
static const protobuf_c_boolean booleans[] = {1, 0};
static const int enums[] = {1, 5};
static const char *const texts[] = {"x", ""};
static uint8_t letter[] = {'a'};
static const ProtobufCBinaryData blobs[] = {{sizeof letter, letter}, {0, NULL}};
static const ProtobufCMessage *const messages[] = {&empty_message, &empty_message};

static const struct row {
    ProtobufCType type;
    size_t size;
    const void *elements;
    const char *json[ELEMENTS];
} rows[] = {
    {PROTOBUF_C_TYPE_INT32, sizeof(int32_t), signed_32, {"-2147483648", "2147483647"}},
    {PROTOBUF_C_TYPE_SINT32, sizeof(int32_t), signed_32, {"-2147483648", "2147483647"}},
    {PROTOBUF_C_TYPE_SFIXED32, sizeof(int32_t), signed_32, {"-2147483648", "2147483647"}},
    {PROTOBUF_C_TYPE_UINT32, sizeof(uint32_t), unsigned_32, {"0", "4294967295"}},
    {PROTOBUF_C_TYPE_FIXED32, sizeof(uint32_t), unsigned_32, {"0", "4294967295"}},
    {PROTOBUF_C_TYPE_INT64,
     sizeof(int64_t),
     signed_64,
     {"\"-9223372036854775808\"", "\"9223372036854775807\""}},
    {PROTOBUF_C_TYPE_SINT64,
     sizeof(int64_t),
     signed_64,
     {"\"-9223372036854775808\"", "\"9223372036854775807\""}},
    {PROTOBUF_C_TYPE_SFIXED64,
     sizeof(int64_t),
     signed_64,
     {"\"-9223372036854775808\"", "\"9223372036854775807\""}},
    {PROTOBUF_C_TYPE_UINT64, sizeof(uint64_t), unsigned_64, {"\"0\"", "\"18446744073709551615\""}},
    {PROTOBUF_C_TYPE_FIXED64, sizeof(uint64_t), unsigned_64, {"\"0\"", "\"18446744073709551615\""}},
    {PROTOBUF_C_TYPE_FLOAT, sizeof(float), floats, {"0.5", "\"Infinity\""}},
    {PROTOBUF_C_TYPE_DOUBLE, sizeof(double), doubles, {"-0.25", "\"NaN\""}},
    {PROTOBUF_C_TYPE_BOOL, sizeof(protobuf_c_boolean), booleans, {"true", "false"}},
    {PROTOBUF_C_TYPE_ENUM, sizeof(int), enums, {"\"RED\"", "5"}},
    {PROTOBUF_C_TYPE_STRING, sizeof(char *), texts, {"\"x\"", "\"\""}},
    {PROTOBUF_C_TYPE_BYTES, sizeof(ProtobufCBinaryData), blobs, {"\"YQ==\"", "\"\""}},
    {PROTOBUF_C_TYPE_MESSAGE, sizeof(ProtobufCMessage *), messages, {"{}", "{}"}},
};

static ProtobufCFieldDescriptor field_of(const struct row *row, ProtobufCLabel label)
{
    ProtobufCFieldDescriptor field = {
        .name = "the_field",
        .id = FIELD_ID,
        .label = label,
        .type = row->type,
        .quantifier_offset = offsetof(struct carrier, quantifier),
        .offset = offsetof(struct carrier, value),
    };
    if (row->type == PROTOBUF_C_TYPE_ENUM)
        field.descriptor = &colour;
    if (row->type == PROTOBUF_C_TYPE_MESSAGE)
        field.descriptor = &empty;
    return field;
}

static void assert_json(struct carrier *carrier, const ProtobufCFieldDescriptor *field,
                        const char *expected)
{
    const ProtobufCMessageDescriptor descriptor = {
        .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
        .name = "Carrier",
        .sizeof_message = sizeof *carrier,
        .n_fields = 1,
        .fields = field,
    };
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_BYTES);
    carrier->base.descriptor = &descriptor;
    json_add_message(&text, &carrier->base, JSON_LINE);
    carrier->base.descriptor = NULL;
    assert_string_equal(text.ptr, expected);
}

static void put(struct carrier *carrier, const struct row *row, size_t i)
{
    memcpy(carrier->value.bytes, (const char *)row->elements + i * row->size, row->size);
}

static void a_field_of_every_kind_is_written_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows) * ELEMENTS; i++) {
        const struct row *row = &rows[i / ELEMENTS];
        ProtobufCFieldDescriptor field = field_of(row, PROTOBUF_C_LABEL_NONE);
        struct carrier carrier = {0};
        char expected[128];
        put(&carrier, row, i % ELEMENTS);
        (void)snprintf(expected, sizeof expected, "{\"theField\":%s}", row->json[i % ELEMENTS]);
        assert_json(&carrier, &field, expected);
    }
}

static void a_repeated_field_of_every_kind_is_an_array_of_all_its_elements(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ProtobufCFieldDescriptor field = field_of(&rows[i], PROTOBUF_C_LABEL_REPEATED);
        struct carrier carrier = {.quantifier.count = ELEMENTS, .value.list = rows[i].elements};
        char expected[128];
        (void)snprintf(expected, sizeof expected, "{\"theField\":[%s,%s]}", rows[i].json[0],
                       rows[i].json[1]);
        assert_json(&carrier, &field, expected);
        carrier.quantifier.count = 0;
        assert_json(&carrier, &field, "{\"theField\":[]}");
    }
}

static void an_optional_field_is_there_only_if_it_is_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ProtobufCFieldDescriptor field = field_of(&rows[i], PROTOBUF_C_LABEL_OPTIONAL);
        struct carrier carrier = {0};
        char expected[128];
        assert_json(&carrier, &field, "{}");
        put(&carrier, &rows[i], 0);
        carrier.quantifier.has = 1;
        (void)snprintf(expected, sizeof expected, "{\"theField\":%s}", rows[i].json[0]);
        assert_json(&carrier, &field, expected);
    }
}

static void a_field_of_a_oneof_is_there_only_if_it_is_the_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ProtobufCFieldDescriptor field = field_of(&rows[i], PROTOBUF_C_LABEL_NONE);
        struct carrier carrier = {.quantifier.which = FIELD_ID + 1};
        char expected[128];
        field.flags = PROTOBUF_C_FIELD_FLAG_ONEOF;
        put(&carrier, &rows[i], 0);
        assert_json(&carrier, &field, "{}");
        carrier.quantifier.which = FIELD_ID;
        (void)snprintf(expected, sizeof expected, "{\"theField\":%s}", rows[i].json[0]);
        assert_json(&carrier, &field, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_of_every_kind_is_written_alone),
        cmocka_unit_test(a_repeated_field_of_every_kind_is_an_array_of_all_its_elements),
        cmocka_unit_test(an_optional_field_is_there_only_if_it_is_set),
        cmocka_unit_test(a_field_of_a_oneof_is_there_only_if_it_is_the_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
