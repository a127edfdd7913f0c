/* SPDX-License-Identifier: Apache-2.0
 *
 * See calendar.h. Years begin in March, so that the leap day is the last. From a day to its date
 * goes the way of Neri and Schneider ("Euclidean affine functions and their application to calendar
 * algorithms", 2022): divisions that are multiplications and shifts, and no branches.
 */
#include "base/calendar.h"

#include "base/number.h"

#include <limits.h>

#define SECOND_US INT64_C(1000000)

enum { DAYS_PER_FOUR_CENTURIES = 146097, DAYS_TO_1970 = 719468 }; /* from March of year 0 */

/* From year 1 on. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    year -= month <= 2;
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    return (int64_t)days - DAYS_TO_1970;
}

struct civil calendar_civil(int64_t us)
{
    uint64_t shifted = (uint64_t)us + (uint64_t)(DAYS_TO_1970 * CALENDAR_DAY_US);
    uint64_t us_of_day = shifted % CALENDAR_DAY_US;
    unsigned quarters = 4 * (unsigned)(shifted / CALENDAR_DAY_US) + 3;
    unsigned century = quarters / DAYS_PER_FOUR_CENTURIES;
    uint64_t of_century = UINT64_C(2939745) * (quarters % DAYS_PER_FOUR_CENTURIES | 3);
    unsigned year = 100 * century + (unsigned)(of_century >> 32);
    unsigned day_of_year = (unsigned)of_century / 2939745 / 4;
    unsigned month = 2141 * day_of_year + 197913;
    bool is_next_year = day_of_year >= 306; /* January and February */
    unsigned second_of_day = (unsigned)(us_of_day / SECOND_US);
    return (struct civil){
        .year = year + is_next_year,
        .month = (month >> 16) - (is_next_year ? 12 : 0),
        .day = (month & 0xFFFF) / 2141 + 1,
        .hour = second_of_day / 3600,
        .minute = second_of_day / 60 % 60,
        .second = second_of_day % 60,
        .us = (unsigned)(us_of_day % SECOND_US),
    };
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

static char *put_year(char *at, unsigned year)
{
    unsigned digits = year % 10000; /* whatever comes, four digits */
    return number_put_pair(number_put_pair(at, digits / 100), digits % 100);
}

static char *put_date(char *at, const struct civil *civil)
{
    at = put_char(put_year(at, civil->year), '-');
    at = put_char(number_put_pair(at, civil->month), '-');
    return number_put_pair(at, civil->day);
}

char *calendar_put_clock(char *at, const struct civil *civil)
{
    at = put_char(number_put_pair(at, civil->hour), ':');
    at = put_char(number_put_pair(at, civil->minute), ':');
    return number_put_pair(at, civil->second);
}

char *calendar_put_fraction(char *at, const struct civil *civil, char decimal)
{
    unsigned ms = civil->us / 1000;
    unsigned us = civil->us % 1000;
    at = number_put_pair(put_char(at, decimal), ms / 10);
    at = put_char(at, (char)('0' + ms % 10));
    if (us == 0)
        return at;
    at = put_char(at, (char)('0' + us / 100));
    return number_put_pair(at, us % 100);
}

static char *put_time(char *at, const struct civil *civil)
{
    return calendar_put_fraction(calendar_put_clock(at, civil), civil, '.');
}

static size_t finish(const char *begin, char *at)
{
    *at = '\0';
    return (size_t)(at - begin);
}

size_t calendar_format_timestamp(int64_t us, char out[CALENDAR_TEXT_SIZE])
{
    struct civil civil = calendar_civil(us);
    char *at = put_char(put_date(out, &civil), 'T');
    return finish(out, put_char(put_time(at, &civil), 'Z'));
}

size_t calendar_format_date(int64_t us, char out[CALENDAR_TEXT_SIZE])
{
    struct civil civil = calendar_civil(us);
    return finish(out, put_date(out, &civil));
}

size_t calendar_format_sql(int64_t us, char out[CALENDAR_TEXT_SIZE])
{
    struct civil civil = calendar_civil(us);
    char *at = put_char(put_date(out, &civil), ' ');
    return finish(out, put_time(at, &civil));
}

size_t calendar_format_compact(int64_t us, char out[CALENDAR_TEXT_SIZE])
{
    struct civil civil = calendar_civil(us);
    char *at = put_year(out, civil.year);
    at = number_put_pair(number_put_pair(at, civil.month), civil.day);
    at = put_char(at, '-');
    return finish(out,
                  number_put_pair(number_put_pair(number_put_pair(at, civil.hour), civil.minute),
                                  civil.second));
}

static void skip(struct str *text, size_t len)
{
    *text = (struct str){text->ptr + len, text->len - len};
}

/* The number of the two digits at `text`; more than 99 if they are none. */
static unsigned two_at(const char *text)
{
    unsigned tens = (unsigned)(text[0] - '0');
    unsigned ones = (unsigned)(text[1] - '0');
    return tens <= 9 && ones <= 9 ? tens * 10 + ones : UINT_MAX;
}

/* Takes two digits off the front. */
static bool take_two(struct str *text, unsigned *out)
{
    if (text->len < 2)
        return false;
    *out = two_at(text->ptr);
    skip(text, 2);
    return *out <= 99;
}

static bool take_char(struct str *text, char c)
{
    if (!text->len || text->ptr[0] != c)
        return false;
    skip(text, 1);
    return true;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool take_date(struct str *text, int64_t *out)
{
    enum { DATE_LEN = 10 }; /* YYYY-MM-DD */
    const char *at = text->ptr;
    if (text->len < DATE_LEN || at[4] != '-' || at[7] != '-')
        return false;
    unsigned century = two_at(at);
    unsigned of_century = two_at(at + 2);
    unsigned month = two_at(at + 5);
    unsigned day = two_at(at + 8);
    if (century > 99 || of_century > 99 || month < 1 || month > 12)
        return false;
    unsigned year = century * 100 + of_century;
    if (year < 1 || day < 1 || day > days_of_month(year, month))
        return false;
    *out = days_from_civil(year, month, day) * CALENDAR_DAY_US;
    skip(text, DATE_LEN);
    return true;
}

/* ".f" to ".fffffffff"; nothing is zero. */
static bool take_fraction(struct str *text, unsigned *us)
{
    *us = 0;
    if (!take_char(text, '.'))
        return true;
    unsigned count = 0;
    for (; text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9'; count++) {
        if (count < 6)
            *us = *us * 10 + (unsigned)(text->ptr[0] - '0');
        *text = (struct str){text->ptr + 1, text->len - 1};
    }
    for (unsigned i = count; i < 6; i++)
        *us *= 10;
    return count >= 1 && count <= 9;
}

static bool take_time(struct str *text, unsigned last_hour, int64_t *out)
{
    enum { TIME_LEN = 5 }; /* HH:MM */
    if (text->len < TIME_LEN || text->ptr[2] != ':')
        return false;
    unsigned hour = two_at(text->ptr);
    unsigned minute = two_at(text->ptr + 3);
    unsigned second = 0;
    unsigned us = 0;
    skip(text, TIME_LEN);
    if (take_char(text, ':') && (!take_two(text, &second) || !take_fraction(text, &us)))
        return false;
    if (hour > last_hour || minute > 59 || second > 60)
        return false;
    *out = ((hour * INT64_C(60) + minute) * 60 + second) * SECOND_US + us;
    return true;
}

/* Z, an offset, or nothing; *out is what to take away to get UTC. */
static bool take_offset(struct str *text, int64_t *out)
{
    *out = 0;
    if (!text->len || take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    int sign = take_char(text, '+') ? 1 : -1;
    if (sign < 0 && !take_char(text, '-'))
        return false;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!take_two(text, &hours))
        return false;
    bool has_colon = take_char(text, ':');
    if ((has_colon || text->len) && !take_two(text, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *out = sign * (hours * INT64_C(60) + minutes) * 60 * SECOND_US;
    return true;
}

bool calendar_parse_date(struct str text, int64_t *out)
{
    int64_t us = 0;
    if (!take_date(&text, &us) || text.len)
        return false;
    *out = us;
    return true;
}

bool calendar_parse_time(struct str text, int64_t *out)
{
    int64_t us = 0;
    if (!take_time(&text, 24, &us) || text.len || us > CALENDAR_DAY_US)
        return false;
    *out = us;
    return true;
}

bool calendar_parse_timestamp(struct str text, int64_t *out)
{
    int64_t date = 0;
    int64_t time = 0;
    int64_t offset = 0;
    if (!take_date(&text, &date) || (!take_char(&text, 'T') && !take_char(&text, ' ')) ||
        !take_time(&text, 23, &time) || !take_offset(&text, &offset) || text.len)
        return false;
    *out = date + time - offset;
    return true;
}
