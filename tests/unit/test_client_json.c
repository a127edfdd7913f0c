/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages as proto3 JSON: the rules that differ from plain JSON, one by one.
 */
#include "client/json.h"

#include "exportqueue/v1/export.pb-c.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_BYTES = 64 * 1024 };

static void assert_json(const ProtobufCMessage *message, const char *expected)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_BYTES);
    json_add_message(&text, message, JSON_LINE);
    assert_true(buf_is_ok(&text));
    assert_string_equal(text.ptr, expected);
}

static void an_empty_message_is_an_empty_object(void **state)
{
    (void)state;
    Exportqueue__V1__DeleteJobResponse message = EXPORTQUEUE__V1__DELETE_JOB_RESPONSE__INIT;
    assert_json(&message.base, "{}");
}

static void names_are_camel_case_and_64_bit_numbers_are_texts(void **state)
{
    (void)state;
    Exportqueue__V1__Progress message = EXPORTQUEUE__V1__PROGRESS__INIT;
    message.phase = EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_WRITING;
    message.rows_done = INT64_MAX;
    message.rows_total = INT64_MIN;
    assert_json(&message.base,
                "{\"phase\":\"PHASE_WRITING\",\"rowsDone\":\"9223372036854775807\","
                "\"rowsTotal\":\"-9223372036854775808\",\"totalKind\":\"TOTAL_KIND_UNSPECIFIED\","
                "\"bytesWritten\":\"0\"}");
}

static void an_enum_value_nobody_knows_is_a_number(void **state)
{
    (void)state;
    Exportqueue__V1__ListJobsRequest message = EXPORTQUEUE__V1__LIST_JOBS_REQUEST__INIT;
    Exportqueue__V1__JobState states[] = {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_FAILED,
                                          (Exportqueue__V1__JobState)77};
    message.states = states;
    message.n_states = COUNT_OF(states);
    assert_json(&message.base,
                "{\"pageSize\":0,\"pageToken\":\"\",\"states\":[\"JOB_STATE_FAILED\","
                "77],\"type\":\"\",\"requestId\":\"\",\"allOwners\":false}");
}

static void of_a_oneof_only_what_is_set_is_written(void **state)
{
    (void)state;
    uint8_t bytes[] = {0xFB, 0xFF, 0x00, 0x01};
    Exportqueue__V1__DownloadResponse message = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__INIT;
    assert_json(&message.base, "{}");
    message.part_case = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_CHUNK;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        static const char *const expected[] = {"", "+w==", "+/8=", "+/8A", "+/8AAQ=="};
        char text[64];
        (void)snprintf(text, sizeof text, "{\"chunk\":\"%s\"}", expected[len]);
        message.chunk = (ProtobufCBinaryData){.data = bytes, .len = len};
        assert_json(&message.base, text);
    }
}

static void times_are_rfc_3339_and_unset_messages_are_left_out(void **state)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
        const char *text;
    } rows[] = {
        {0, 0, "1970-01-01T00:00:00.000Z"},
        {1754051696, 120000000, "2025-08-01T12:34:56.120Z"},
        {1754051696, 1000, "2025-08-01T12:34:56.000001Z"},
        {-1, 500000000, "1969-12-31T23:59:59.500Z"},
        {INT64_MIN, INT32_MIN, "0001-01-01T00:00:00.000Z"},
        {INT64_MAX, INT32_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    (void)state;
    Exportqueue__V1__CreateDownloadTokenResponse message =
        EXPORTQUEUE__V1__CREATE_DOWNLOAD_TOKEN_RESPONSE__INIT;
    assert_json(&message.base, "{\"token\":\"\"}");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[96];
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        time.seconds = rows[i].seconds;
        time.nanos = rows[i].nanos;
        message.expires = &time;
        (void)snprintf(text, sizeof text, "{\"token\":\"\",\"expires\":\"%s\"}", rows[i].text);
        assert_json(&message.base, text);
    }
}

static void durations_are_seconds_with_one_sign(void **state)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
        const char *text;
    } rows[] = {
        {0, 0, "\"0.000s\""},
        {3, 40000000, "\"3.040s\""},
        {0, -500000000, "\"-0.500s\""},
        {-2, -1000000, "\"-2.001s\""},
        {INT64_MIN, 0, "\"-9223372036854775808.000s\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Google__Protobuf__Duration duration = GOOGLE__PROTOBUF__DURATION__INIT;
        duration.seconds = rows[i].seconds;
        duration.nanos = rows[i].nanos;
        assert_json(&duration.base, rows[i].text);
    }
}

static void numbers_are_as_short_as_they_can_be_and_those_that_json_lacks_are_named(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {1.5, "1.5"},
        {2, "2.0"},
        {0.000761, "0.000761"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {NAN, "\"NaN\""},
        {INFINITY, "\"Infinity\""},
        {-INFINITY, "\"-Infinity\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[80];
        Exportqueue__V1__StoreHealth message = EXPORTQUEUE__V1__STORE_HEALTH__INIT;
        message.reachable = true;
        message.latency_ms = rows[i].value;
        (void)snprintf(text, sizeof text, "{\"reachable\":true,\"latencyMs\":%s}", rows[i].text);
        assert_json(&message.base, text);
    }
}

static void texts_are_escaped_and_never_lost(void **state)
{
    (void)state;
    Exportqueue__V1__GetJobRequest message = EXPORTQUEUE__V1__GET_JOB_REQUEST__INIT;
    message.id = (char[]){"Z\xC3\xBCrich \"x\"\n"};
    assert_json(&message.base, "{\"id\":\"Z\xC3\xBCrich \\\"x\\\"\\n\"}");
    message.id = (char[]){"a\xFF"
                          "b\xC3"};
    assert_json(&message.base, "{\"id\":\"a\xEF\xBF\xBD"
                               "b\xEF\xBF\xBD\"}");
}

static void the_pretty_form_has_a_key_a_line(void **state)
{
    (void)state;
    Exportqueue__V1__GetJobRequest message = EXPORTQUEUE__V1__GET_JOB_REQUEST__INIT;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_BYTES);
    json_add_message(&text, &message.base, JSON_PRETTY);
    assert_string_equal(text.ptr, "{\n  \"id\": \"\"\n}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_message_is_an_empty_object),
        cmocka_unit_test(names_are_camel_case_and_64_bit_numbers_are_texts),
        cmocka_unit_test(an_enum_value_nobody_knows_is_a_number),
        cmocka_unit_test(of_a_oneof_only_what_is_set_is_written),
        cmocka_unit_test(times_are_rfc_3339_and_unset_messages_are_left_out),
        cmocka_unit_test(durations_are_seconds_with_one_sign),
        cmocka_unit_test(numbers_are_as_short_as_they_can_be_and_those_that_json_lacks_are_named),
        cmocka_unit_test(texts_are_escaped_and_never_lost),
        cmocka_unit_test(the_pretty_form_has_a_key_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
