/* SPDX-License-Identifier: Apache-2.0
 *
 * The golden rows: every value that broke another exporter, with the exact bytes it must become in
 * csv, json and xlsx.
 */
#ifndef TESTS_UNIT_EXPORT_GOLDEN_H
#define TESTS_UNIT_EXPORT_GOLDEN_H

#include "tests/unit/export_writer_kit.h"

#include <math.h>

struct golden {
    const char *what;
    struct value value;
    const char *csv;
    const char *json;
    const char *xlsx; /* what follows the cell's reference; empty: no cell */
    int guarded;
    int non_finite;
    int replaced;
    int kept; /* as text */
};

// clang-format off
#define XTEXT(text)     "\" t=\"inlineStr\"><is><t>" text "</t></is></c>"
#define XSPACE(text)    "\" t=\"inlineStr\"><is><t xml:space=\"preserve\">" text "</t></is></c>"
#define XNUMBER(number) "\"><v>" number "</v></c>"
#define XWHOLE(number)  "\" s=\"2\"><v>" number "</v></c>"
#define XDAY(serial)    "\" s=\"3\"><v>" serial "</v></c>"
#define XTIME(serial)   "\" s=\"4\"><v>" serial "</v></c>"
#define XMS(serial)     "\" s=\"5\"><v>" serial "</v></c>"
#define XTRUTH(digit)   "\" t=\"b\"><v>" digit "</v></c>"
// clang-format on

static const struct golden golden_rows[] = {
    /* null and empty */
    {"null is bare", NONE, "", "null", "", 0, 0, 0, 0},
    {"empty text is quoted", TEXT(""), "\"\"", "\"\"", XTEXT(""), 0, 0, 0, 0},
    /* quoting */
    {"plain", TEXT("plain"), "plain", "\"plain\"", XTEXT("plain"), 0, 0, 0, 0},
    {"spaces at the ends are kept", TEXT(" x "), "\" x \"", "\" x \"", XSPACE(" x "), 0, 0, 0, 0},
    {"space at the end", TEXT("x "), "\"x \"", "\"x \"", XSPACE("x "), 0, 0, 0, 0},
    {"one space", TEXT(" "), "\" \"", "\" \"", XSPACE(" "), 0, 0, 0, 0},
    {"delimiter", TEXT("a,b"), "\"a,b\"", "\"a,b\"", XTEXT("a,b"), 0, 0, 0, 0},
    {"another's delimiter", TEXT("a;b"), "a;b", "\"a;b\"", XTEXT("a;b"), 0, 0, 0, 0},
    {"quote", TEXT("q\"q"), "\"q\"\"q\"", "\"q\\\"q\"", XTEXT("q\"q"), 0, 0, 0, 0},
    {"only quotes", TEXT("\"\""), "\"\"\"\"\"\"", "\"\\\"\\\"\"", XTEXT("\"\""), 0, 0, 0, 0},
    {"CR", TEXT("a\rb"), "\"a\rb\"", "\"a\\rb\"", XTEXT("a_x000D_b"), 0, 0, 0, 0},
    {"LF", TEXT("a\nb"), "\"a\nb\"", "\"a\\nb\"", XTEXT("a\nb"), 0, 0, 0, 0},
    {"CRLF", TEXT("a\r\nb"), "\"a\r\nb\"", "\"a\\r\\nb\"", XTEXT("a_x000D_\nb"), 0, 0, 0, 0},
    {"TAB inside", TEXT("a\tb"), "a\tb", "\"a\\tb\"", XTEXT("a\tb"), 0, 0, 0, 0},
    {"quote beyond eight bytes", TEXT("0123456789\"x"), "\"0123456789\"\"x\"",
     "\"0123456789\\\"x\"", XTEXT("0123456789\"x"), 0, 0, 0, 0},
    {"backslash", TEXT("a\\b"), "a\\b", "\"a\\\\b\"", XTEXT("a\\b"), 0, 0, 0, 0},
    {"the end mark of COPY", TEXT("\\."), "\"\\.\"", "\"\\\\.\"", XTEXT("\\."), 0, 0, 0, 0},
    {"no end mark", TEXT("\\.x"), "\\.x", "\"\\\\.x\"", XTEXT("\\.x"), 0, 0, 0, 0},
    /* formula guard */
    {"formula", TEXT("=1+1"), "\"'=1+1\"", "\"=1+1\"", XTEXT("=1+1"), 1, 0, 0, 0},
    {"plus", TEXT("+1"), "\"'+1\"", "\"+1\"", XTEXT("+1"), 1, 0, 0, 0},
    {"minus", TEXT("-1"), "\"'-1\"", "\"-1\"", XTEXT("-1"), 1, 0, 0, 0},
    {"at", TEXT("@a"), "\"'@a\"", "\"@a\"", XTEXT("@a"), 1, 0, 0, 0},
    {"-1.5 as text", TEXT("-1.5"), "\"'-1.5\"", "\"-1.5\"", XTEXT("-1.5"), 1, 0, 0, 0},
    {"-1.5 as number",
     {.kind = CELL_DOUBLE, .number = -1.5},
     "-1.5",
     "-1.5",
     XNUMBER("-1.5"),
     0,
     0,
     0,
     0},
    {"-1.5 as decimal", OF(CELL_DECIMAL, "-1.5"), "-1.5", "-1.5", XNUMBER("-1.5"), 0, 0, 0, 0},
    {"-1 as other", OF(CELL_LITERAL, "-1"), "-1", "\"-1\"", XTEXT("-1"), 0, 0, 0, 0},
    {"formula after spaces", TEXT("  =a"), "\"'  =a\"", "\"  =a\"", XSPACE("  =a"), 1, 0, 0, 0},
    {"formula with a quote", TEXT("=\"a\""), "\"'=\"\"a\"\"\"", "\"=\\\"a\\\"\"", XTEXT("=\"a\""),
     1, 0, 0, 0},
    {"leading TAB", TEXT("\ta"), "\"'\ta\"", "\"\\ta\"", XSPACE("\ta"), 1, 0, 0, 0},
    {"leading CR", TEXT("\ra"), "\"'\ra\"", "\"\\ra\"", XTEXT("_x000D_a"), 1, 0, 0, 0},
    {"leading LF", TEXT("\na"), "\"'\na\"", "\"\\na\"", XSPACE("\na"), 1, 0, 0, 0},
    {"full-width equals", TEXT("＝1"), "\"'＝1\"", "\"＝1\"", XTEXT("＝1"), 1, 0, 0, 0},
    {"full-width plus", TEXT("＋1"), "\"'＋1\"", "\"＋1\"", XTEXT("＋1"), 1, 0, 0, 0},
    {"full-width minus", TEXT("－1"), "\"'－1\"", "\"－1\"", XTEXT("－1"), 1, 0, 0, 0},
    {"full-width at", TEXT("＠1"), "\"'＠1\"", "\"＠1\"", XTEXT("＠1"), 1, 0, 0, 0},
    {"another full-width sign", TEXT("！1"), "！1", "\"！1\"", XTEXT("！1"), 0, 0, 0, 0},
    {"sign inside", TEXT("a=1"), "a=1", "\"a=1\"", XTEXT("a=1"), 0, 0, 0, 0},
    {"negative number in json", OF(CELL_JSON, "-1"), "-1", "-1", XTEXT("-1"), 0, 0, 0, 0},
    /* text that looks like something else stays text */
    {"leading zeros", TEXT("007"), "007", "\"007\"", XTEXT("007"), 0, 0, 0, 0},
    {"long digits", TEXT("12345678901234567"), "12345678901234567", "\"12345678901234567\"",
     XTEXT("12345678901234567"), 0, 0, 0, 0},
    {"1E5", TEXT("1E5"), "1E5", "\"1E5\"", XTEXT("1E5"), 0, 0, 0, 0},
    {"TRUE", TEXT("TRUE"), "TRUE", "\"TRUE\"", XTEXT("TRUE"), 0, 0, 0, 0},
    {"date in text", TEXT("2025-01-01"), "2025-01-01", "\"2025-01-01\"", XTEXT("2025-01-01"), 0, 0,
     0, 0},
    {"excel's escape", TEXT("_x0041_"), "_x0041_", "\"_x0041_\"", XTEXT("_x005F_x0041_"), 0, 0, 0,
     0},
    {"overlapping escapes", TEXT("_x0041_x0042_"), "_x0041_x0042_", "\"_x0041_x0042_\"",
     XTEXT("_x005F_x0041_x005F_x0042_"), 0, 0, 0, 0},
    {"no escape", TEXT("_x12345_"), "_x12345_", "\"_x12345_\"", XTEXT("_x12345_"), 0, 0, 0, 0},
    /* characters */
    {"U+0001", TEXT("a\1b"), "a\1b", "\"a\\u0001b\"", XTEXT("a_x0001_b"), 0, 0, 0, 0},
    {"U+001F", TEXT("a\37b"), "a\37b", "\"a\\u001fb\"", XTEXT("a_x001F_b"), 0, 0, 0, 0},
    {"backspace, form feed", TEXT("\b\f"), "\b\f", "\"\\b\\f\"", XTEXT("_x0008__x000C_"), 0, 0, 0,
     0},
    {"U+007F", TEXT("\177"), "\177", "\"\177\"", XTEXT("\177"), 0, 0, 0, 0},
    {"U+2028", TEXT("\xE2\x80\xA8"), "\xE2\x80\xA8", "\"\xE2\x80\xA8\"", XTEXT("\xE2\x80\xA8"), 0,
     0, 0, 0},
    {"U+FFFE", TEXT("\xEF\xBF\xBE"), "\xEF\xBF\xBE", "\"\xEF\xBF\xBE\"", XTEXT("_xFFFE_"), 0, 0, 0,
     0},
    {"emoji", TEXT("😀"), "😀", "\"😀\"", XTEXT("😀"), 0, 0, 0, 0},
    {"combining mark", TEXT("e\xCC\x81"), "e\xCC\x81", "\"e\xCC\x81\"", XTEXT("e\xCC\x81"), 0, 0, 0,
     0},
    {"right to left", TEXT("שלום"), "שלום", "\"שלום\"", XTEXT("שלום"), 0, 0, 0, 0},
    {"CJK", TEXT("取引"), "取引", "\"取引\"", XTEXT("取引"), 0, 0, 0, 0},
    {"invalid UTF-8", TEXT("a\xFFz"), "a\xEF\xBF\xBDz", "\"a\xEF\xBF\xBDz\"",
     XTEXT("a\xEF\xBF\xBDz"), 0, 0, 1, 0},
    {"NUL in text", TEXT("a\0z"), "a\xEF\xBF\xBDz", "\"a\xEF\xBF\xBDz\"", XTEXT("a\xEF\xBF\xBDz"),
     0, 0, 1, 0},
    /* integers */
    {"zero", {.kind = CELL_INTEGER}, "0", "0", XWHOLE("0"), 0, 0, 0, 0},
    {"2^63-1", WHOLE(INT64_MAX), "9223372036854775807", "9223372036854775807",
     XTEXT("9223372036854775807"), 0, 0, 0, 1},
    {"-2^63", WHOLE(INT64_MIN), "-9223372036854775808", "-9223372036854775808",
     XTEXT("-9223372036854775808"), 0, 0, 0, 1},
    {"beyond 2^53", WHOLE(9007199254740993), "9007199254740993", "9007199254740993",
     XTEXT("9007199254740993"), 0, 0, 0, 1},
    /* doubles */
    {"0.1+0.2", REAL(0.1 + 0.2), "0.30000000000000004", "0.30000000000000004",
     XNUMBER("0.30000000000000004"), 0, 0, 0, 0},
    {"-0", REAL(-0.0), "-0", "-0", XNUMBER("0"), 0, 0, 0, 0},
    {"least double", REAL(5e-324), "5e-324", "5e-324", XNUMBER("5e-324"), 0, 0, 0, 0},
    {"1e308", REAL(1e308), "1e+308", "1e+308", XNUMBER("1e+308"), 0, 0, 0, 0},
    {"a million is not 1e+06", REAL(1e6), "1000000", "1000000", XNUMBER("1000000"), 0, 0, 0, 0},
    {"below 1e15", REAL(999999999999999.0), "999999999999999", "999999999999999",
     XNUMBER("999999999999999"), 0, 0, 0, 0},
    {"17 digits", REAL(1.2345678901234567), "1.2345678901234567", "1.2345678901234567",
     XNUMBER("1.2345678901234567"), 0, 0, 0, 0},
    {"NaN", REAL(NAN), "NaN", "null", "", 0, 1, 0, 0},
    {"infinity", REAL(INFINITY), "Infinity", "null", "", 0, 1, 0, 0},
    {"-infinity", REAL(-INFINITY), "-Infinity", "null", "", 0, 1, 0, 0},
    /* decimals */
    {"scale is kept", OF(CELL_DECIMAL, "1.10"), "1.10", "1.10", XNUMBER("1.1"), 0, 0, 0, 0},
    {"1e400 in digits", OF(CELL_DECIMAL, "100000000000000000000000000000000000000000001"),
     "100000000000000000000000000000000000000000001",
     "100000000000000000000000000000000000000000001",
     XTEXT("100000000000000000000000000000000000000000001"), 0, 0, 0, 1},
    {"exponent", OF(CELL_DECIMAL, "1E+400"), "1E+400", "1E+400", XTEXT("1E+400"), 0, 0, 0, 1},
    {"plus", OF(CELL_DECIMAL, "+5"), "+5", "5", XNUMBER("5"), 0, 0, 0, 0},
    {"no digit before the point", OF(CELL_DECIMAL, "-.5"), "-.5", "-0.5", XNUMBER("-0.5"), 0, 0, 0,
     0},
    {"no digit after the point", OF(CELL_DECIMAL, "5."), "5.", "5", XNUMBER("5"), 0, 0, 0, 0},
    {"leading zeros", OF(CELL_DECIMAL, "007.50e1"), "007.50e1", "7.50e1", XNUMBER("7.5e1"), 0, 0, 0,
     0},
    {"zeros only", OF(CELL_DECIMAL, "00"), "00", "0", XNUMBER("0"), 0, 0, 0, 0},
    {"negative zero", OF(CELL_DECIMAL, "-0.00"), "-0.00", "-0.00", XNUMBER("0"), 0, 0, 0, 0},
    {"no number at all", OF(CELL_DECIMAL, "12e"), "12e", "\"12e\"", XTEXT("12e"), 0, 0, 0, 1},
    {"only a point", OF(CELL_DECIMAL, "."), ".", "\".\"", XTEXT("."), 0, 0, 0, 1},
    {"decimal NaN", OF(CELL_DECIMAL, "NaN"), "NaN", "null", "", 0, 1, 0, 0},
    {"decimal infinity", OF(CELL_DECIMAL, "Infinity"), "Infinity", "null", "", 0, 1, 0, 0},
    {"decimal -infinity", OF(CELL_DECIMAL, "-Infinity"), "-Infinity", "null", "", 0, 1, 0, 0},
    /* booleans, dates, times */
    {"true", TRUTH(1), "true", "true", XTRUTH("1"), 0, 0, 0, 0},
    {"false", TRUTH(0), "false", "false", XTRUTH("0"), 0, 0, 0, 0},
    {"date", DAY(INT64_C(1754006400000000)), "2025-08-01", "\"2025-08-01\"", XDAY("45870"), 0, 0, 0,
     0},
    {"9999-12-31", DAY(INT64_C(253402214400000000)), "9999-12-31", "\"9999-12-31\"",
     XDAY("2958465"), 0, 0, 0, 0},
    {"0001-01-01", DAY(INT64_C(-62135596800000000)), "0001-01-01", "\"0001-01-01\"",
     XTEXT("0001-01-01"), 0, 0, 0, 1},
    {"timestamp", TIME(INT64_C(1754051696000000)), "2025-08-01T12:34:56.000Z",
     "\"2025-08-01T12:34:56.000Z\"", XTIME("45870.524259259259259"), 0, 0, 0, 0},
    {"microseconds", TIME(INT64_C(1754051696000001)), "2025-08-01T12:34:56.000001Z",
     "\"2025-08-01T12:34:56.000001Z\"", XMS("45870.524259259270833"), 0, 0, 0, 0},
    {"milliseconds", TIME(INT64_C(1754051696120000)), "2025-08-01T12:34:56.120Z",
     "\"2025-08-01T12:34:56.120Z\"", XMS("45870.524260648148148"), 0, 0, 0, 0},
    {"before 1970", TIME(-1), "1969-12-31T23:59:59.999999Z", "\"1969-12-31T23:59:59.999999Z\"",
     XMS("25568.999999999988426"), 0, 0, 0, 0},
    {"before 1900", TIME(INT64_C(-2209161600000000)), "1899-12-30T00:00:00.000Z",
     "\"1899-12-30T00:00:00.000Z\"", XTEXT("1899-12-30T00:00:00.000Z"), 0, 0, 0, 1},
    {"first 02:30 of October in Berlin", TIME(INT64_C(1761438600000000)),
     "2025-10-26T00:30:00.000Z", "\"2025-10-26T00:30:00.000Z\"", XTIME("45956.020833333333333"), 0,
     0, 0, 0},
    {"second 02:30", TIME(INT64_C(1761442200000000)), "2025-10-26T01:30:00.000Z",
     "\"2025-10-26T01:30:00.000Z\"", XTIME("45956.0625"), 0, 0, 0, 0},
    {"infinity of a timestamp", OF(CELL_LITERAL, "infinity"), "infinity", "\"infinity\"",
     XTEXT("infinity"), 0, 0, 0, 0},
    {"BC", OF(CELL_LITERAL, "0044-03-15 BC"), "0044-03-15 BC", "\"0044-03-15 BC\"",
     XTEXT("0044-03-15 BC"), 0, 0, 0, 0},
    {"year 10000", OF(CELL_LITERAL, "10000-01-01"), "10000-01-01", "\"10000-01-01\"",
     XTEXT("10000-01-01"), 0, 0, 0, 0},
    {"24:00:00", OF(CELL_LITERAL, "24:00:00"), "24:00:00", "\"24:00:00\"", XTEXT("24:00:00"), 0, 0,
     0, 0},
    /* json, arrays, bytes, ranges */
    {"20 digits in json", OF(CELL_JSON, "{\"n\":12345678901234567890}"),
     "\"{\"\"n\"\":12345678901234567890}\"", "{\"n\":12345678901234567890}",
     XTEXT("{\"n\":12345678901234567890}"), 0, 0, 0, 0},
    {"repeated key", OF(CELL_JSON, "{\"a\":1,\"a\":2}"), "\"{\"\"a\"\":1,\"\"a\"\":2}\"",
     "{\"a\":1,\"a\":2}", XTEXT("{\"a\":1,\"a\":2}"), 0, 0, 0, 0},
    {"json over lines", OF(CELL_JSON, "[1,\r\n 2]\n"), "\"[1,\r\n 2]\n\"", "[1,   2] ",
     XSPACE("[1,_x000D_\n 2]\n"), 0, 0, 0, 0},
    {"json string with an escape", OF(CELL_JSON, "\"a\\nb\""), "\"\"\"a\\nb\"\"\"", "\"a\\nb\"",
     XTEXT("\"a\\nb\""), 0, 0, 0, 0},
    {"json null is no null", OF(CELL_JSON, "null"), "null", "null", XTEXT("null"), 0, 0, 0, 0},
    {"array", OF(CELL_JSON, "[1,null]"), "\"[1,null]\"", "[1,null]", XTEXT("[1,null]"), 0, 0, 0, 0},
    {"array as the database prints it", OF(CELL_LITERAL, "{1,NULL}"), "\"{1,NULL}\"",
     "\"{1,NULL}\"", XTEXT("{1,NULL}"), 0, 0, 0, 0},
    {"array", OF(CELL_ARRAY, "{1,NULL}"), "\"{1,NULL}\"", "[\"1\",null]", XTEXT("{1,NULL}"), 0, 0,
     0, 0},
    {"empty array", OF(CELL_ARRAY, "{}"), "{}", "[]", XTEXT("{}"), 0, 0, 0, 0},
    {"nested array", OF(CELL_ARRAY, "{{a},{\"b \\\" c\"}}"), "\"{{a},{\"\"b \\\"\" c\"\"}}\"",
     "[[\"a\"],[\"b \\\" c\"]]", XTEXT("{{a},{\"b \\\" c\"}}"), 0, 0, 0, 0},
    {"array with bounds", OF(CELL_ARRAY, "[0:1]={=1,2}"), "\"[0:1]={=1,2}\"", "[\"=1\",\"2\"]",
     XTEXT("[0:1]={=1,2}"), 0, 0, 0, 0},
    {"no array at all", OF(CELL_ARRAY, "{1,"), "\"{1,\"", "\"{1,\"", XTEXT("{1,"), 0, 0, 0, 0},
    {"bytea", OF(CELL_BYTES, "\\x00ff"), "\\x00ff", "\"\\\\x00ff\"", XTEXT("\\x00ff"), 0, 0, 0, 0},
    {"range", OF(CELL_LITERAL, "[1,5)"), "\"[1,5)\"", "\"[1,5)\"", XTEXT("[1,5)"), 0, 0, 0, 0},
    {"uuid", OF(CELL_LITERAL, "01890a5d-ac96-774b-bcce-b302099a8057"),
     "01890a5d-ac96-774b-bcce-b302099a8057", "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
     XTEXT("01890a5d-ac96-774b-bcce-b302099a8057"), 0, 0, 0, 0},
};

#endif
