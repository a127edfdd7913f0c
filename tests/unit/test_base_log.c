/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of the log in both formats, caught from standard error; whatever a value holds, there is
 * one line, of one object, with the keys that were asked for.
 */
#include "base/log.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { CAUGHT_SIZE = 4 * LOG_LINE_MAX, KEPT_STDERR = 100 };

static int caught_fd;
static char caught[CAUGHT_SIZE];

static int catch_stderr(void **state)
{
    (void)state;
    caught_fd = memfd_create("log", MFD_CLOEXEC);
    return dup2(STDERR_FILENO, KEPT_STDERR) < 0 || dup2(caught_fd, STDERR_FILENO) < 0;
}

static int give_stderr_back(void **state)
{
    (void)state;
    log_set_format(LOG_LOGFMT);
    log_set_level(LOG_INFO);
    return dup2(KEPT_STDERR, STDERR_FILENO) < 0 || close(KEPT_STDERR) || close(caught_fd);
}

/* What was written since the last time. */
static const char *written(void)
{
    ssize_t len = pread(caught_fd, caught, sizeof caught - 1, 0);
    assert_true(len >= 0);
    caught[len] = '\0';
    assert_int_equal(ftruncate(caught_fd, 0), 0);
    assert_int_equal(lseek(caught_fd, 0, SEEK_SET), 0);
    return caught;
}

/* A line without its time, which is another each time. */
static const char *line(void)
{
    const char *text = written();
    static const char before[] = "time=2026-11-23T14:30:00.123Z ";
    assert_int_equal(strncmp(text, "time=2", 6), 0);
    assert_int_equal(strchr(text, '\n') - text, strlen(text) - 1);
    return text + strlen(before);
}

static json_t *object(void)
{
    json_error_t error;
    const char *text = written();
    size_t len = strlen(text);
    assert_true(len > 0 && text[len - 1] == '\n');
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    json_t *parsed = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(parsed);
    return parsed;
}

static void pairs_are_words_numbers_and_quoted_texts(void **state)
{
    (void)state;
    log_set_format(LOG_LOGFMT);
    log_event(LOG_INFO, "a.b", "job=%s rows=%lld n=%d u=%u z=%zu", "x-1", (long long)INT64_MIN, -1,
              4000000000U, (size_t)7);
    assert_string_equal(
        line(), "level=info event=a.b job=x-1 rows=-9223372036854775808 n=-1 u=4000000000 z=7\n");
    const char *volatile nothing = NULL; /* the compiler knows better otherwise */
    log_event(LOG_ERROR, "a.b", "address=%.*s:%d queue=%s", 3, "host or more", 80, "in memory");
    assert_string_equal(line(), "level=error event=a.b address=hos:80 queue=\"in memory\"\n");
    log_event(LOG_WARNING, "a.b", "fixed=text a=%s b=%s c=%.*s n=%d", "", nothing, 0, "", 0);
    assert_string_equal(line(), "level=warning event=a.b fixed=text n=0\n");
    log_event(LOG_INFO, "a.b", "%s", "");
    assert_string_equal(line(), "level=info event=a.b\n");
}

static void json_has_the_same_pairs_and_numbers_as_numbers(void **state)
{
    (void)state;
    log_set_format(LOG_JSON);
    log_event(LOG_INFO, "a.b", "job=%s rows=%lld name=%s at=%s:%d none=%s", "x-1", 20000LL, "12",
              "host", 80, "");
    json_t *told = object();
    assert_int_equal(json_object_size(told), 7);
    assert_string_equal(json_string_value(json_object_get(told, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(told, "event")), "a.b");
    assert_string_equal(json_string_value(json_object_get(told, "job")), "x-1");
    assert_int_equal(json_integer_value(json_object_get(told, "rows")), 20000);
    assert_string_equal(json_string_value(json_object_get(told, "name")), "12");
    assert_string_equal(json_string_value(json_object_get(told, "at")), "host:80");
    assert_non_null(json_string_value(json_object_get(told, "time")));
    json_decref(told);
}

static const struct {
    const char *text;
    const char *quoted; /* in both formats */
    const char *read;   /* as a JSON parser gives it back */
} hostile[] = {
    {"a b", "\"a b\"", "a b"},
    {"\" job=forged \"", "\"\\\" job=forged \\\"\"", "\" job=forged \""},
    {"\",\"job\":\"forged", "\"\\\",\\\"job\\\":\\\"forged\"", "\",\"job\":\"forged"},
    {"x\nlevel=error event=forged", "\"x\\u000alevel=error event=forged\"",
     "x\nlevel=error event=forged"},
    {"a=b", "\"a=b\"", "a=b"},
    {"back\\slash\\", "\"back\\\\slash\\\\\"", "back\\slash\\"},
    {"\t\r\v\x1b[31m\x7f", "\"\\u0009\\u000d\\u000b\\u001b[31m\\u007f\"", "\t\r\v\x1b[31m\x7f"},
    {"\xc2\x85\u2028\u2029\u202e\u2066", "\"\\u0085\\u2028\\u2029\\u202e\\u2066\"",
     "\xc2\x85\u2028\u2029\u202e\u2066"},
    {"Zürich 東京 🗻", "\"Zürich 東京 🗻\"", "Zürich 東京 🗻"},
    {"\xff\xfe bad \xc3( \xed\xa0\x80 \xf0\x9f", NULL, NULL},
    {"a\u061cb\u200bc\u2060d\ufeff", "\"a\\u061cb\\u200bc\\u2060d\\ufeff\"",
     "a\u061cb\u200bc\u2060d\ufeff"},
    {"\xc0\xaf", "\"\uFFFD\uFFFD\"", "\uFFFD\uFFFD"},
    {"{}", NULL, "{}"},
    {"null", NULL, "null"},
    {"%s%n", NULL, "%s%n"},
};

static void a_hostile_value_is_one_value_of_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        log_set_format(LOG_LOGFMT);
        log_event(LOG_INFO, "e", "text=%s end=%d", hostile[i].text, 1);
        const char *told = line();
        assert_int_equal(utf8_valid_prefix(told, strlen(told)), strlen(told));
        const char *value = strstr(told, "text=") + strlen("text=");
        if (hostile[i].quoted)
            assert_int_equal(strncmp(value, hostile[i].quoted, strlen(hostile[i].quoted)), 0);
        assert_string_equal(told + strlen(told) - strlen(" end=1\n"), " end=1\n");

        log_set_format(LOG_JSON);
        log_event(LOG_INFO, "e", "text=%s end=%d", hostile[i].text, 1);
        json_t *parsed = object();
        assert_int_equal(json_object_size(parsed), 5);
        assert_int_equal(json_integer_value(json_object_get(parsed, "end")), 1);
        if (hostile[i].read)
            assert_string_equal(json_string_value(json_object_get(parsed, "text")),
                                hostile[i].read);
        json_decref(parsed);
    }
}

/* Each byte there is, and bytes by chance, as a value among others. */
static void any_bytes_leave_json_and_utf8(void **state)
{
    (void)state;
    log_set_format(LOG_JSON);
    unsigned seed = 20250801;
    for (int round = 0; round < 3000; round++) {
        char bytes[16];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1103515245U + 12345U;
            bytes[i] = round < 256 ? (char)round : (char)(seed >> 16U);
            bytes[i] = bytes[i] ? bytes[i] : 'x';
        }
        log_event(LOG_INFO, "e", "a=%.*s b=%d", (int)sizeof bytes, bytes, round);
        json_t *parsed = object();
        assert_int_equal(json_integer_value(json_object_get(parsed, "b")), round);
        json_decref(parsed);
    }
}

static void long_values_are_cut_at_a_character(void **state)
{
    (void)state;
    char *text = mem_alloc(100001);
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', 100000);
        for (size_t i = shift; i + 3 <= 100000; i += 3)
            memcpy(text + i, "東", 3);
        text[100000] = '\0';
        log_set_format(LOG_LOGFMT);
        log_event(LOG_INFO, "e", "a=%s b=%d", text, 1);
        const char *told = line();
        assert_int_equal(utf8_valid_prefix(told, strlen(told)), strlen(told));
        assert_true(strlen(told) < LOG_TEXT_MAX + 100);
        assert_non_null(strstr(told, "東…\" b=1\n"));
    }
    free(text);
}

static void what_has_no_room_is_left_out_and_counted(void **state)
{
    (void)state;
    char text[LOG_TEXT_MAX + 1];
    memset(text, '\n', sizeof text - 1); /* six bytes each once escaped */
    text[sizeof text - 1] = '\0';
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        log_set_format((enum log_format)format);
        log_event(LOG_INFO, "e", "a=%s b=%s c=%s d=%d", text, text, text, 4);
        const char *told = written();
        assert_true(strlen(told) <= LOG_LINE_MAX);
        assert_ptr_equal(strchr(told, '\n'), told + strlen(told) - 1);
        assert_non_null(
            strstr(told, format == LOG_JSON ? "\"d\":4,\"pairs_cut\":2}\n" : " d=4 pairs_cut=2\n"));
    }
}

static void a_line_may_be_made_in_steps(void **state)
{
    (void)state;
    struct log_line made;
    log_set_format(LOG_LOGFMT);
    log_begin(&made, LOG_INFO, "e");
    log_add(&made, "a=%d", 1);
    log_add(&made, "b=%s", "");
    log_add(&made, "c=%s d=%d", "x", 2);
    assert_string_equal(written(), "");
    log_end(&made);
    assert_string_equal(line(), "level=info event=e a=1 c=x d=2\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    static const struct {
        enum log_level least;
        enum log_level level;
        bool is_written;
    } table[] = {
        {LOG_DEBUG, LOG_DEBUG, true},   {LOG_INFO, LOG_DEBUG, false}, {LOG_INFO, LOG_INFO, true},
        {LOG_WARNING, LOG_INFO, false}, {LOG_ERROR, LOG_ERROR, true}, {LOG_OFF, LOG_ERROR, false},
    };
    log_set_format(LOG_LOGFMT);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        log_set_level(table[i].least);
        log_event(table[i].level, "e", "a=%d", 1);
        assert_int_equal(written()[0] != '\0', table[i].is_written);
    }
    log_set_level(LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_words_numbers_and_quoted_texts),
        cmocka_unit_test(json_has_the_same_pairs_and_numbers_as_numbers),
        cmocka_unit_test(a_hostile_value_is_one_value_of_one_line),
        cmocka_unit_test(any_bytes_leave_json_and_utf8),
        cmocka_unit_test(long_values_are_cut_at_a_character),
        cmocka_unit_test(what_has_no_room_is_left_out_and_counted),
        cmocka_unit_test(a_line_may_be_made_in_steps),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
    };
    return cmocka_run_group_tests(tests, catch_stderr, give_stderr_back);
}
