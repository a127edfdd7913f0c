/* SPDX-License-Identifier: Apache-2.0
 *
 * Times as people write them.
 */
#include "client/when.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1793620800250); /* 2026-11-02T12:00:00.250Z */

static void a_time_is_an_age_a_date_or_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        const char *expected; /* NULL: refused */
    } rows[] = {
        {"0s", "2026-11-02T12:00:00.250Z"},
        {"90s", "2026-11-02T11:58:30.250Z"},
        {"45m", "2026-11-02T11:15:00.250Z"},
        {"2h", "2026-11-02T10:00:00.250Z"},
        {"7d", "2026-10-26T12:00:00.250Z"},
        {"21000d", "1969-05-05T12:00:00.250Z"},
        {"9223372036854775807d", "0001-01-01T00:00:00.250Z"},
        {"2026-11-01", "2026-11-01T00:00:00.000Z"},
        {"2026-11-01T08:30:00Z", "2026-11-01T08:30:00.000Z"},
        {"2026-11-01 08:30:00.5+02:00", "2026-11-01T06:30:00.500Z"},
        {"1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.250Z"},
        {"", NULL},
        {"h", NULL},
        {"2", NULL},
        {"-2h", NULL},
        {"2w", NULL},
        {"2 h", NULL},
        {"2hh", NULL},
        {"yesterday", NULL},
        {"2026-02-30", NULL},
        {"99999999999999999999d", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        char text[CALENDAR_TEXT_SIZE];
        bool is_ok = when_parse(str_of(rows[i].text), now_ms, &time);
        assert_int_equal(is_ok, rows[i].expected != NULL);
        if (!is_ok)
            continue;
        (void)when_format(&time, text);
        assert_string_equal(text, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_an_age_a_date_or_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
