/* SPDX-License-Identifier: Apache-2.0
 *
 * Zones: which names are known, what they are ahead of UTC around their changes, and that what is
 * kept agrees with the C library, which reads the system's own copy of IANA's rules.
 */
#include "base/calendar.h"
#include "export/cell.h"
#include "export/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void close_zone(struct zone **zone)
{
    zone_close(*zone);
}

static void only_names_of_iana_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_known;
    } table[] = {
        {"Europe/Berlin", true},
        {"America/Argentina/ComodRivadavia", true}, /* the longest */
        {"Asia/Calcutta", true},                    /* an older name */
        {"Europe/Kyiv", true},
        {"UTC", true},
        {"GMT", true},
        {"Etc/GMT+3", true},
        {"EST", true},
        {"EST5EDT", true},
        {"MET", true},
        {"Mars/Olympus", false},
        {"Etc/Unknown", false},
        {"europe/berlin", false},
        {"EUROPE/BERLIN", false},
        {"utc", false},
        {"Europe/Berlin ", false},
        {"Europe", false},
        {"Europe/", false},
        {"", false},
        {"Z", false},
        {"+03:00", false},
        {"UTC+3", false},
        {"GMT+3", false}, /* ICU's own; IANA's sign is the other way round */
        {"GMT+03:00", false},
        {"BST", false}, /* ICU takes it for Bangladesh, */
        {"IST", false}, /* India, */
        {"CST", false}, /* Chicago */
        {"SystemV/PST8", false},
        {"Europe/Berl\xC3\xADn", false},
        {"Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str name = str_of(table[i].name);
        CLEANUP(close_zone) struct zone *zone = zone_open(name);
        if (zone_is_known(name) != table[i].is_known || (zone != NULL) != table[i].is_known)
            fail_msg("\"%s\" is %s", table[i].name, table[i].is_known ? "refused" : "known");
        if (zone)
            assert_true(str_equal(zone_name(zone), name));
    }
    assert_false(zone_is_known((struct str){"UTC\0", 4}));
    assert_false(zone_is_known((struct str){"Europe/Berlin\0x", 15}));
    zone_close(NULL);
}

static int64_t instant(const char *text)
{
    int64_t us = 0;
    assert_true(calendar_parse_timestamp(str_of(text), &us));
    return us;
}

static int32_t hms(int hours, int minutes, int seconds)
{
    return (hours * 60 + minutes) * 60 + seconds;
}

static void offsets_change_at_their_microsecond(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *at; /* the first instant after the change */
        int before[3];
        int after[3];
    } table[] = {
        /* own time, before there were zones */
        {"Europe/Berlin", "1893-03-31T23:06:32Z", {0, 53, 28}, {1, 0, 0}},
        {"America/New_York", "1883-11-18T17:00:00Z", {-4, -56, -2}, {-5, 0, 0}},
        {"Africa/Monrovia", "1972-01-07T00:44:30Z", {0, -44, -30}, {0, 0, 0}},
        /* the gap and the overlap */
        {"Europe/Berlin", "2025-03-30T01:00:00Z", {1, 0, 0}, {2, 0, 0}},
        {"Europe/Berlin", "2025-10-26T01:00:00Z", {2, 0, 0}, {1, 0, 0}},
        {"America/New_York", "2025-03-09T07:00:00Z", {-5, 0, 0}, {-4, 0, 0}},
        {"America/New_York", "2025-11-02T06:00:00Z", {-4, 0, 0}, {-5, 0, 0}},
        /* double summer time of 1945 */
        {"Europe/Berlin", "1945-05-24T00:00:00Z", {2, 0, 0}, {3, 0, 0}},
        /* half hours; India's war time */
        {"Australia/Lord_Howe", "2025-04-05T15:00:00Z", {11, 0, 0}, {10, 30, 0}},
        {"Australia/Lord_Howe", "2025-10-04T15:30:00Z", {10, 30, 0}, {11, 0, 0}},
        {"Asia/Kolkata", "1942-08-31T18:30:00Z", {5, 30, 0}, {6, 30, 0}},
        {"Asia/Kolkata", "1945-10-14T17:30:00Z", {6, 30, 0}, {5, 30, 0}},
        /* a day that Samoa left out */
        {"Pacific/Apia", "2011-12-30T10:00:00Z", {-10, 0, 0}, {14, 0, 0}},
        /* by rule, far from now */
        {"Europe/Berlin", "9999-10-31T01:00:00Z", {2, 0, 0}, {1, 0, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int32_t before = hms(table[i].before[0], table[i].before[1], table[i].before[2]);
        int32_t after = hms(table[i].after[0], table[i].after[1], table[i].after[2]);
        int64_t at = instant(table[i].at);
        CLEANUP(close_zone) struct zone *zone = zone_open(str_of(table[i].zone));
        assert_non_null(zone);
        for (int round = 0; round < 2; round++) { /* asked, then remembered */
            assert_int_equal(zone_offset_s(zone, at), after);
            assert_int_equal(zone_offset_s(zone, at - 1), before);
            assert_int_equal(zone_offset_s(zone, at - 1000000), before);
            assert_int_equal(zone_offset_s(zone, at + 1000000), after);
        }
        assert_true(zone_local_us(zone, at) == at + after * INT64_C(1000000));
    }
    assert_true(zone_local_us(NULL, 17) == 17);
}

static void years_1_and_9999_have_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t us;
        int want[3];
    } table[] = {
        {"Europe/Berlin", CELL_TIME_BEGIN_US, {0, 53, 28}},
        {"America/New_York", CELL_TIME_BEGIN_US, {-4, -56, -2}},
        {"Asia/Kolkata", CELL_TIME_BEGIN_US, {5, 53, 28}},
        {"UTC", CELL_TIME_BEGIN_US, {0, 0, 0}},
        {"Europe/Berlin", CELL_TIME_END_US - 1, {1, 0, 0}},
        {"America/New_York", CELL_TIME_END_US - 1, {-5, 0, 0}},
        {"Pacific/Kiritimati", CELL_TIME_END_US - 1, {14, 0, 0}},
        {"Australia/Lord_Howe", CELL_TIME_END_US - 1, {11, 0, 0}},
        {"UTC", CELL_TIME_END_US - 1, {0, 0, 0}},
        /* no cell holds these, but nothing breaks */
        {"Europe/Berlin", INT64_MIN, {0, 53, 28}},
        {"UTC", INT64_MAX, {0, 0, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(close_zone) struct zone *zone = zone_open(str_of(table[i].zone));
        assert_non_null(zone);
        assert_int_equal(zone_offset_s(zone, table[i].us),
                         hms(table[i].want[0], table[i].want[1], table[i].want[2]));
    }
}

/* ---- Beside the C library ---- */

/* Whose rules are older than both copies. Recife and Tunis changed twice within days. */
static const char *const settled[] = {
    "Europe/Berlin",    "Europe/London",       "Europe/Dublin",    "America/New_York",
    "America/St_Johns", "America/Sao_Paulo",   "Asia/Kolkata",     "Asia/Kathmandu",
    "Asia/Shanghai",    "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia",
    "Pacific/Auckland", "Africa/Monrovia",     "Antarctica/Troll", "Etc/GMT+3",
    "America/Recife",   "Africa/Tunis",
};

static int32_t offset_of_libc(int64_t us)
{
    time_t seconds = (time_t)(us / 1000000 - (us % 1000000 < 0));
    struct tm tm;
    assert_non_null(localtime_r(&seconds, &tm));
    return (int32_t)tm.tm_gmtoff;
}

/* False where the system has no rules of the zone: tzdata is not installed. */
static bool set_zone_of_libc(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    if (access(path, R_OK) != 0)
        return false;
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    return true;
}

static void check(struct zone *zone, const char *name, int64_t us)
{
    int32_t have = zone_offset_s(zone, us);
    int32_t want = offset_of_libc(us);
    if (have == want)
        return;
    char text[CALENDAR_TEXT_SIZE];
    (void)calendar_format_timestamp(us, text);
    fail_msg("%s at %s: %d, libc has %d", name, text, have, want);
}

static void every_change_is_where_libc_has_it(void **state)
{
    (void)state;
    const int64_t begin = instant("1840-01-01T00:00:00Z");
    const int64_t end = instant("2101-01-01T00:00:00Z");
    size_t changes = 0;
    for (size_t i = 0; i < COUNT_OF(settled); i++) {
        if (!set_zone_of_libc(settled[i]))
            skip();
        CLEANUP(close_zone) struct zone *zone = zone_open(str_of(settled[i]));
        assert_non_null(zone);
        int32_t offset = offset_of_libc(begin);
        for (int64_t day = begin; day < end; day += CALENDAR_DAY_US) {
            int64_t low = day;
            int64_t high = day + CALENDAR_DAY_US;
            int32_t next = offset_of_libc(high);
            if (next == offset)
                continue;
            while (high - low > 1000000) {
                int64_t middle = low + (high - low) / 2000000 * 1000000;
                if (offset_of_libc(middle) == offset)
                    low = middle;
                else
                    high = middle;
            }
            check(zone, settled[i], high - 1);
            check(zone, settled[i], high);
            changes++;
            offset = next;
        }
    }
    assert_true(changes > 1000);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 20;
}

static void what_is_kept_is_what_libc_says(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    int64_t number = getpid();
    if (given)
        assert_true(str_to_int64(str_of(given), &number));
    print_message("SEED=%lld\n", (long long)number);
    uint64_t seed = (uint64_t)number;
    enum { INSTANTS = 4000 };
    const int64_t from = instant("1850-01-01T00:00:00Z");
    for (size_t i = 0; i < COUNT_OF(settled); i++) {
        if (!set_zone_of_libc(settled[i]))
            skip();
        CLEANUP(close_zone) struct zone *zone = zone_open(str_of(settled[i]));
        assert_non_null(zone);
        for (int n = 0; n < INSTANTS; n++) {
            uint64_t whole = (uint64_t)(CELL_TIME_END_US - CELL_TIME_BEGIN_US);
            uint64_t recent = UINT64_C(300) * 365 * (uint64_t)CALENDAR_DAY_US;
            uint64_t random = next_random(&seed) * UINT64_C(1009);
            int64_t us = n % 2 ? from + (int64_t)(random % recent)
                               : CELL_TIME_BEGIN_US + (int64_t)(random % whole);
            check(zone, settled[i], us);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_names_of_iana_are_known),
        cmocka_unit_test(offsets_change_at_their_microsecond),
        cmocka_unit_test(years_1_and_9999_have_offsets),
        cmocka_unit_test(every_change_is_where_libc_has_it),
        cmocka_unit_test(what_is_kept_is_what_libc_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
