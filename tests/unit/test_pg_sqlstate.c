/* SPDX-License-Identifier: Apache-2.0
 *
 * What an SQLSTATE means: whether to try again, and what may be told of it.
 */
#include "pg/sqlstate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void each_sqlstate_is_worth_another_try_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        enum err_code code;
        bool is_retryable;
    } table[] = {
        {NULL, ERR_SOURCE_UNAVAILABLE, true},
        {"", ERR_SOURCE_UNAVAILABLE, true},
        {"08000", ERR_SOURCE_UNAVAILABLE, true}, /* connection */
        {"08006", ERR_SOURCE_UNAVAILABLE, true},
        {"40001", ERR_SOURCE_CONFLICT, true},    /* serialisation, recovery conflict */
        {"40P01", ERR_SOURCE_CONFLICT, true},    /* deadlock */
        {"55P03", ERR_SOURCE_CONFLICT, true},    /* lock not available */
        {"72000", ERR_SOURCE_CONFLICT, true},    /* snapshot too old */
        {"57P01", ERR_SOURCE_UNAVAILABLE, true}, /* admin shutdown */
        {"57P02", ERR_SOURCE_UNAVAILABLE, true}, /* crash shutdown */
        {"57P03", ERR_SOURCE_UNAVAILABLE, true}, /* cannot connect now */
        {"57014", ERR_SOURCE_UNAVAILABLE, true}, /* query cancelled */
        {"53100", ERR_SOURCE_UNAVAILABLE, true}, /* disk full */
        {"53200", ERR_SOURCE_UNAVAILABLE, true}, /* out of memory */
        {"53300", ERR_SOURCE_UNAVAILABLE, true}, /* too many connections */
        {"58030", ERR_SOURCE_UNAVAILABLE, true}, /* I/O error */
        {"25P03", ERR_SOURCE_UNAVAILABLE, true}, /* idle in transaction */
        {"HV00N", ERR_SOURCE_UNAVAILABLE, true}, /* a foreign server */
        {"XX000", ERR_SOURCE_UNAVAILABLE, true},
        {"42601", ERR_SOURCE_SCHEMA, false}, /* syntax */
        {"42703", ERR_SOURCE_SCHEMA, false}, /* undefined column */
        {"42P01", ERR_SOURCE_SCHEMA, false}, /* undefined table */
        {"3F000", ERR_SOURCE_SCHEMA, false},
        {"0A000", ERR_SOURCE_SCHEMA, false},
        {"25006", ERR_SOURCE_SCHEMA, false}, /* read-only transaction */
        {"54001", ERR_SOURCE_SCHEMA, false}, /* too complex */
        {"42501", ERR_SOURCE_DENIED, false}, /* privilege */
        {"28P01", ERR_SOURCE_DENIED, false}, /* password */
        {"3D000", ERR_SOURCE_DENIED, false}, /* no such database */
        {"22P02", ERR_SOURCE_DATA, false},   /* bad text */
        {"22012", ERR_SOURCE_DATA, false},   /* division by zero */
        {"21000", ERR_SOURCE_DATA, false},
        {"54000", ERR_SOURCE_DATA, false}, /* too large a row */
        {"P0001", ERR_SOURCE_DATA, false}, /* raise */
        {"38001", ERR_SOURCE_DATA, false},
        {"ZZ999", ERR_INTERNAL, true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        enum err_code code = sqlstate_class(table[i].sqlstate);
        if (code != table[i].code)
            fail_msg("%s is %s", table[i].sqlstate, err_code_name(code));
        assert_int_equal(err_code_is_retryable(code), table[i].is_retryable);
        struct err err = {0};
        assert_false(sqlstate_fail(table[i].sqlstate, NULL, &err));
        assert_int_equal(err.code, code);
        assert_true(strlen(err.text) > 10);
    }
}

static void a_message_is_quoted_only_where_it_cannot_hold_a_rows_values(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        bool is_quoted;
    } table[] = {
        {"42703", true},  {"42501", true},  {"3D000", true},  {"25006", true},
        {"0A000", true},  {"22P02", false}, {"23505", false}, {"P0001", false},
        {"57014", false}, {"ZZ999", false}, {"40001", false}, {"XX000", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        assert_false(sqlstate_fail(table[i].sqlstate, "the server's words", &err));
        assert_int_equal(strstr(err.text, "the server's words") != NULL, table[i].is_quoted);
        assert_non_null(strstr(err.text, table[i].sqlstate));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sqlstate_is_worth_another_try_or_not),
        cmocka_unit_test(a_message_is_quoted_only_where_it_cannot_hold_a_rows_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
