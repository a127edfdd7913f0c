/* SPDX-License-Identifier: Apache-2.0
 *
 * The table between errors and statuses, and the details that travel with a status.
 */
#include "rpc/status.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { HIGHEST_STATUS = 16 };

static void errors_map_to_the_statuses_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        const char *status;
    } rows[] = {
        {ERR_NONE, "OK"},
        {ERR_INVALID, "INVALID_ARGUMENT"},
        {ERR_UNAUTHENTICATED, "UNAUTHENTICATED"},
        {ERR_DENIED, "PERMISSION_DENIED"},
        {ERR_NOT_FOUND, "NOT_FOUND"},
        {ERR_LIMIT, "RESOURCE_EXHAUSTED"},
        {ERR_NOT_READY, "FAILED_PRECONDITION"},
        {ERR_WRONG_STATE, "FAILED_PRECONDITION"},
        {ERR_USED, "FAILED_PRECONDITION"},
        {ERR_EXPIRED, "FAILED_PRECONDITION"},
        {ERR_BUSY, "ABORTED"},
        {ERR_EXISTS, "ALREADY_EXISTS"},
        {ERR_TOO_LARGE, "RESOURCE_EXHAUSTED"},
        {ERR_CANCELLED, "CANCELLED"},
        {ERR_DEADLINE, "DEADLINE_EXCEEDED"},
        {ERR_UNAVAILABLE, "UNAVAILABLE"},
        {ERR_UNIMPLEMENTED, "UNIMPLEMENTED"},
        {ERR_INTERNAL, "INTERNAL"},
        {ERR_STORE_UNAVAILABLE, "UNAVAILABLE"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(rpc_status_name(rpc_status_from_err(rows[i].code)), rows[i].status);
    for (int code = ERR_NONE + 1; code < ERR_CODE_COUNT; code++)
        assert_int_not_equal(rpc_status_from_err((enum err_code)code), 0); /* no row forgotten */
}

static void the_way_back_gives_a_code_of_the_same_status(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        int status = rpc_status_from_err((enum err_code)code);
        assert_int_equal(rpc_status_from_err(rpc_status_to_err(status)), status);
    }
    for (int status = 1; status <= HIGHEST_STATUS; status++)
        assert_int_not_equal(rpc_status_to_err(status), ERR_NONE);
    assert_int_equal(rpc_status_to_err(HIGHEST_STATUS + 1), ERR_INTERNAL);
    assert_int_equal(rpc_status_to_err(-1), ERR_INTERNAL);
    assert_string_equal(rpc_status_name(99), "UNKNOWN");
}

static void field_and_delay_survive_the_journey(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err told;
    err_set_field(&told, "filters[1].values", "is no date");
    err_retry_after(&told, 61500);
    struct str details = rpc_status_pack(&told, &arena);
    struct err heard;
    rpc_status_unpack(rpc_status_from_err(told.code), str_of(told.text), details, &heard);
    assert_int_equal(heard.code, ERR_INVALID);
    assert_string_equal(heard.text, "is no date");
    assert_string_equal(heard.field, "filters[1].values");
    assert_int_equal(heard.retry_after_ms, 61500);
    arena_done(&arena);
}

static void an_error_without_more_to_tell_has_no_details(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err told;
    err_set(&told, ERR_NOT_FOUND, "no such job");
    assert_true(str_is_empty(rpc_status_pack(&told, &arena)));
    arena_done(&arena);
}

static void details_that_make_no_sense_are_ignored(void **state)
{
    (void)state;
    const struct str cases[] = {
        STR("\xff\xff\xff"),
        STR("\x1a\x04\x0a\x02xx"), /* a detail of a type nobody knows */
        STR("\x1a\x2d\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x01\xff"),
        STR("\x1a\x2c\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x00"),
        STR("\x1a\x32\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x06\x0a\x04\x08\x01\x10"
            "\x80"),
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err heard;
        rpc_status_unpack(rpc_status_from_err(ERR_BUSY), STR("busy"), cases[i], &heard);
        assert_int_equal(heard.code, ERR_BUSY);
        assert_string_equal(heard.text, "busy");
        assert_string_equal(heard.field, "");
        assert_int_equal(heard.retry_after_ms, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_map_to_the_statuses_of_the_contract),
        cmocka_unit_test(the_way_back_gives_a_code_of_the_same_status),
        cmocka_unit_test(field_and_delay_survive_the_journey),
        cmocka_unit_test(an_error_without_more_to_tell_has_no_details),
        cmocka_unit_test(details_that_make_no_sense_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
