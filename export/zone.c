/* SPDX-License-Identifier: Apache-2.0
 *
 * See zone.h. Time is cut into periods of 25 days, and what is kept of a period is its offset, the
 * instant at which that changes, if it does, and the offset from then on. A table of them covers 35
 * years, and who comes later takes the place of who was there. A period in which the offset changes
 * twice (a handful in history) is not kept: ICU is asked each time.
 */
#include "export/zone.h"

#include "base/mem.h"

#include <assert.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

enum { PERIOD_BITS = 41, SLOT_COUNT = 512, NAME_SIZE = 64 };

struct slot {
    int64_t period; /* the instant, in microseconds, without its lower PERIOD_BITS */
    int64_t change_us;
    int32_t before_s;
    int32_t after_s;
};

struct zone {
    UCalendar *calendar;
    struct slot slots[SLOT_COUNT];
    char name[NAME_SIZE];
};

/* The names of three letters that are IANA's; ICU has others, of the first Java. */
static const char *const short_names[] = {"CET", "EET", "EST", "GMT", "HST", "MET", "MST",
                                          "PRC", "ROC", "ROK", "UCT", "UTC", "WET"};

static bool is_iana_name(struct str name)
{
    if (str_starts_with(name, STR("SystemV/")))
        return false;
    if (name.len != 3)
        return true;
    for (size_t i = 0; i < COUNT_OF(short_names); i++) {
        if (str_equal(name, str_of(short_names[i])))
            return true;
    }
    return false;
}

static bool is_ascii(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7F)
            return false;
    }
    return true;
}

/* The name in ICU's characters; false if it is not the name of a zone. */
static bool find_name(struct str name, UChar out[NAME_SIZE])
{
    if (!name.len || name.len >= NAME_SIZE || !is_ascii(name) || !is_iana_name(name))
        return false;
    u_charsToUChars(name.ptr, out, (int32_t)name.len);
    UChar canonical[NAME_SIZE] = {0};
    UBool is_system = false;
    UErrorCode status = U_ZERO_ERROR;
    (void)ucal_getCanonicalTimeZoneID(out, (int32_t)name.len, canonical, NAME_SIZE, &is_system,
                                      &status);
    return U_SUCCESS(status) && is_system && u_strcmp(canonical, u"Etc/Unknown") != 0;
}

bool zone_is_known(struct str name)
{
    UChar wide[NAME_SIZE];
    return find_name(name, wide);
}

/* No period of an int64_t: so an empty slot is never found. */
#define NO_PERIOD INT64_MAX

struct zone *zone_open(struct str name)
{
    UChar wide[NAME_SIZE];
    if (!find_name(name, wide))
        return NULL;
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar = ucal_open(wide, (int32_t)name.len, "en", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status))
        return NULL;
    struct zone *zone = mem_new(struct zone);
    zone->calendar = calendar;
    memcpy(zone->name, name.ptr, name.len);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        zone->slots[i].period = NO_PERIOD;
    return zone;
}

void zone_close(struct zone *zone)
{
    if (!zone)
        return;
    ucal_close(zone->calendar);
    free(zone);
}

struct str zone_name(const struct zone *zone)
{
    return str_of(zone->name);
}

/* ICU counts in milliseconds, and all that changes does so at whole seconds. */
static int64_t ms_of(int64_t us)
{
    return us / 1000 - (us % 1000 < 0);
}

/* ICU's answers about a zone that it has opened cannot fail. */
static int32_t ask_offset(struct zone *zone, int64_t us)
{
    UErrorCode status = U_ZERO_ERROR;
    ucal_setMillis(zone->calendar, (UDate)ms_of(us), &status);
    int32_t offset_ms = ucal_get(zone->calendar, UCAL_ZONE_OFFSET, &status) +
                        ucal_get(zone->calendar, UCAL_DST_OFFSET, &status);
    assert(U_SUCCESS(status));
    return offset_ms / 1000;
}

/* The first change after an instant and before `end_us`; `end_us` if there is none. What ICU calls
 * a transition may change the zone's name alone. */
static int64_t ask_change(struct zone *zone, int64_t us, int64_t end_us)
{
    UErrorCode status = U_ZERO_ERROR;
    UDate change_ms = 0;
    ucal_setMillis(zone->calendar, (UDate)ms_of(us), &status);
    bool is_found = ucal_getTimeZoneTransitionDate(zone->calendar, UCAL_TZ_TRANSITION_NEXT,
                                                   &change_ms, &status);
    assert(U_SUCCESS(status));
    if (!is_found || change_ms > (UDate)ms_of(end_us))
        return end_us;
    return (int64_t)change_ms * 1000;
}

/* Fills the slot of a period, if it has one change at most. */
static void learn_period(struct zone *zone, int64_t period, struct slot *slot)
{
    int64_t begin_us = period * (INT64_C(1) << PERIOD_BITS);
    int64_t end_us = begin_us + ((INT64_C(1) << PERIOD_BITS) - 1); /* its last: no whole second */
    int64_t change_us = ask_change(zone, begin_us, end_us);
    if (change_us < end_us && ask_change(zone, change_us, end_us) < end_us)
        return;
    *slot = (struct slot){.period = period,
                          .change_us = change_us,
                          .before_s = ask_offset(zone, begin_us),
                          .after_s = ask_offset(zone, change_us)};
}

int32_t zone_offset_s(struct zone *zone, int64_t us)
{
    int64_t period = us >> PERIOD_BITS;
    struct slot *slot = &zone->slots[(uint64_t)period % SLOT_COUNT];
    if (slot->period != period) {
        learn_period(zone, period, slot);
        if (slot->period != period)
            return ask_offset(zone, us);
    }
    return us < slot->change_us ? slot->before_s : slot->after_s;
}
