/* SPDX-License-Identifier: Apache-2.0
 *
 * What of numbers and times a spreadsheet keeps: 15 significant digits, magnitudes of a double, and
 * days from 1900-03-01 to 9999-12-31. Before the first Excel has a 29 February 1900 that never was,
 * and other programs count differently. Of the last millisecond of 9999, a usual stand-in for
 * "never", a double keeps nothing: it would be the year 10000, which no spreadsheet shows.
 */
#ifndef EXPORT_SHEET_NUMBER_H
#define EXPORT_SHEET_NUMBER_H

#include "base/calendar.h"
#include "base/number.h"
#include "base/str.h"
#include "export/decimal.h"

enum { SHEET_SERIAL_SIZE = NUMBER_TEXT_SIZE };

/* 1899-12-30, from which serial numbers count: a time of day is of that day. */
#define SHEET_DAY_ZERO_US (INT64_C(-25569) * CALENDAR_DAY_US)

/* Whether it has at most 15 digits from the first to the last that is not zero. */
bool sheet_keeps_integer(int64_t value);
bool sheet_keeps_decimal(const struct decimal *value);

/* Whether a day or time (microseconds since 1970, as the clock of the file's zone shows it) is a
 * date of a spreadsheet. */
bool sheet_keeps_time(int64_t local_us);

/* Its serial number: days since 1899-12-30, with fifteen digits of the day, less zeros at the end.
 * Returns the length. */
size_t sheet_format_serial(int64_t local_us, char out[SHEET_SERIAL_SIZE]);

#endif
