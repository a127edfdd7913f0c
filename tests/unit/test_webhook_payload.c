/* SPDX-License-Identifier: Apache-2.0
 *
 * What a receiver is told, to the byte.
 */
#include "webhook/payload.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "0199b5a0-0000-7000-8000-000000000001"

static struct delivery delivery_of(enum job_state job_state)
{
    struct delivery delivery = {
        .url = STR("https://example.org/hush"),
        .created_ms = 1754051696789,
        .job = {.spec = {.type = STR("trades"), .format = STR("csv")},
                .owner = STR("al\"ice"),
                .state = job_state,
                .attempt = 2,
                .error = {ERR_SOURCE_DATA, STR("row 7 is no number")},
                .created_ms = 1754051690000,
                .completed_ms = 1754051696789,
                .expires_ms = 1754052596789},
    };
    assert_true(uuid_parse(STR(ID), &delivery.job.id));
    return delivery;
}

static void assert_payload(const struct delivery *delivery, const char *expected)
{
    struct arena arena = {0};
    struct str payload = webhook_payload(delivery, &arena);
    char text[2048];
    (void)snprintf(text, sizeof text, "%.*s", STR_ARG(payload));
    assert_string_equal(text, expected);
    arena_done(&arena);
}

static void a_completed_job_has_its_file_and_no_token(void **state)
{
    (void)state;
    struct delivery delivery = delivery_of(JOB_COMPLETED);
    delivery.job.error = (struct job_error){0};
    delivery.job.request_id = STR("r-1");
    delivery.job.started_ms = 1754051691000;
    delivery.job.file = (struct job_file){.key = STR("hush"),
                                          .name = STR("trades.csv"),
                                          .sha256 = STR("e3b0"),
                                          .size = 1234,
                                          .rows = 7};
    assert_payload(&delivery,
                   "{\"type\":\"export.completed\",\"timestamp\":\"2025-08-01T12:34:56.789Z\","
                   "\"data\":{\"id\":\"" ID "\",\"type\":\"trades\",\"format\":\"csv\","
                   "\"status\":\"completed\",\"owner\":\"al\\\"ice\",\"requestId\":\"r-1\","
                   "\"attempt\":2,\"createdAt\":1754051690000,\"startedAt\":1754051691000,"
                   "\"completedAt\":1754051696789,\"expiresAt\":1754052596789,\"error\":null,"
                   "\"filename\":\"trades.csv\",\"sha256\":\"e3b0\",\"size\":1234,\"rows\":7}}");
}

static void a_failed_job_says_why(void **state)
{
    (void)state;
    struct delivery delivery = delivery_of(JOB_FAILED);
    assert_payload(&delivery,
                   "{\"type\":\"export.failed\",\"timestamp\":\"2025-08-01T12:34:56.789Z\","
                   "\"data\":{\"id\":\"" ID "\",\"type\":\"trades\",\"format\":\"csv\","
                   "\"status\":\"failed\",\"owner\":\"al\\\"ice\",\"requestId\":null,"
                   "\"attempt\":2,\"createdAt\":1754051690000,\"startedAt\":null,"
                   "\"completedAt\":1754051696789,\"expiresAt\":1754052596789,"
                   "\"error\":{\"code\":\"SOURCE_DATA\",\"message\":\"row 7 is no number\"}}}");
}

static void a_cancelled_job_has_no_error_whatever_was_before(void **state)
{
    (void)state;
    struct delivery delivery = delivery_of(JOB_CANCELLED);
    assert_payload(&delivery,
                   "{\"type\":\"export.cancelled\",\"timestamp\":\"2025-08-01T12:34:56.789Z\","
                   "\"data\":{\"id\":\"" ID "\",\"type\":\"trades\",\"format\":\"csv\","
                   "\"status\":\"cancelled\",\"owner\":\"al\\\"ice\",\"requestId\":null,"
                   "\"attempt\":2,\"createdAt\":1754051690000,\"startedAt\":null,"
                   "\"completedAt\":1754051696789,\"expiresAt\":1754052596789,\"error\":null}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completed_job_has_its_file_and_no_token),
        cmocka_unit_test(a_failed_job_says_why),
        cmocka_unit_test(a_cancelled_job_has_no_error_whatever_was_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
