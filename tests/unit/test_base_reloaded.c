/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are replaced while they are in use.
 */
#include "base/reloaded.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "tests/support/replaced.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000, READERS = 4 };

static char directory[] = "/tmp/test-reloaded-XXXXXX";
static atomic_int failures;
static atomic_int alive;
static atomic_bool is_out_of_luck; /* nothing can be read, whatever the files are */

static const char *path_of(const char *name)
{
    static char paths[2][64];
    static int at;
    char *path = paths[at++ % 2];
    (void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static void put(const char *name, const char *text)
{
    replace_file_by_text(path_of(name), text);
}

/* The texts in one, unless one begins with "bad". */
static bool read_texts(const struct str *texts, void **out, struct err *err)
{
    for (size_t i = 0; i < 2; i++)
        if (is_out_of_luck || str_starts_with(texts[i], STR("bad")))
            return err_set(err, ERR_INVALID, "this text is bad");
    struct buf both;
    buf_init(&both, 100);
    buf_printf(&both, "%s+%s", texts[0].ptr, texts[1].ptr);
    atomic_fetch_add(&alive, 1);
    *out = both.ptr;
    return true;
}

static void free_text(void *value)
{
    atomic_fetch_sub(&alive, 1);
    free(value);
}

static void told(const char *path, const struct err *failure)
{
    assert_non_null(path);
    atomic_fetch_add(&failures, failure ? 1 : 0);
}

static const struct reloaded_kind kind = {read_texts, free_text, told, {"FIRST", "SECOND"}};

static struct reloaded *open_pair(void)
{
    struct reloaded *reloaded = NULL;
    struct err err = {0};
    char *paths[] = {mem_dup(path_of("a")), mem_dup(path_of("b"))};
    assert_true(reloaded_new(&kind, (const char *const *)paths, 2, &reloaded, &err));
    free(paths[0]);
    free(paths[1]);
    return reloaded;
}

static bool is_now(struct reloaded *reloaded, const char *text)
{
    const char *value = reloaded_hold(reloaded, NULL);
    bool is_so = strcmp(value, text) == 0;
    reloaded_release(reloaded);
    return is_so;
}

static void wait_for(struct reloaded *reloaded, const char *text)
{
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (!is_now(reloaded, text)) {
        assert_true(clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
}

static void a_file_that_is_replaced_is_read_anew(void **state)
{
    (void)state;
    put("a", "one");
    put("b", "two");
    struct reloaded *reloaded = open_pair();
    uint64_t before = 0;
    uint64_t after = 0;
    assert_string_equal(reloaded_hold(reloaded, &before), "one+two");
    reloaded_release(reloaded);
    put("b", "six");
    wait_for(reloaded, "one+six");
    assert_string_equal(reloaded_hold(reloaded, &after), "one+six");
    reloaded_release(reloaded);
    assert_true(after != before);
    reloaded_free(reloaded);
    assert_int_equal(alive, 0);
}

static void what_cannot_be_read_leaves_the_value_as_it_was(void **state)
{
    (void)state;
    put("a", "one");
    put("b", "two");
    struct reloaded *reloaded = open_pair();
    int before = failures;
    put("a", "bad");
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (failures == before) {
        assert_true(is_now(reloaded, "one+two") && clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    assert_int_equal(unlink(path_of("a")), 0);
    while (failures == before + 1) {
        assert_true(is_now(reloaded, "one+two") && clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    put("a", "good");
    wait_for(reloaded, "good+two");
    assert_int_equal(failures, before + 2); /* each is told once */
    reloaded_free(reloaded);
    assert_int_equal(alive, 0);
}

static void a_reading_that_fails_for_a_reason_that_passes_is_tried_again(void **state)
{
    (void)state;
    put("a", "one");
    put("b", "two");
    struct reloaded *reloaded = open_pair();
    int before = failures;
    is_out_of_luck = true;
    put("a", "new");
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (failures == before) {
        assert_true(is_now(reloaded, "one+two") && clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    is_out_of_luck = false;
    wait_for(reloaded, "new+two");
    assert_int_equal(failures, before + 1);
    reloaded_free(reloaded);
}

static void a_first_reading_that_fails_names_the_file(void **state)
{
    (void)state;
    struct reloaded *reloaded = NULL;
    struct err err = {0};
    put("a", "one");
    (void)unlink(path_of("b"));
    char *paths[] = {mem_dup(path_of("a")), mem_dup(path_of("b"))};
    assert_false(reloaded_new(&kind, (const char *const *)paths, 2, &reloaded, &err));
    assert_non_null(strstr(err.text, paths[1]));
    assert_true(str_starts_with(str_of(err.text), STR("SECOND: ")));
    assert_string_equal(err.field, "SECOND");
    put("b", "bad");
    assert_false(reloaded_new(&kind, (const char *const *)paths, 2, &reloaded, &err));
    assert_string_equal(err.text, "this text is bad");
    free(paths[0]);
    free(paths[1]);
}

static void *hold_and_release(void *data)
{
    while (!is_now(data, "last+two")) {
    }
    return NULL;
}

static void many_hold_it_while_it_is_replaced(void **state)
{
    (void)state;
    put("a", "one");
    put("b", "two");
    struct reloaded *reloaded = open_pair();
    pthread_t readers[READERS];
    for (size_t i = 0; i < READERS; i++)
        thread_start(&readers[i], hold_and_release, reloaded);
    put("a", "last");
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    reloaded_free(reloaded);
    assert_int_equal(alive, 0);
}

/* Holds on for a moment, so that with the others somebody always holds. */
static void *hold_for_a_moment(void *data)
{
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    for (bool is_last = false; !is_last && clock_monotonic_ms() < end_ms;) {
        is_last = strcmp(reloaded_hold(data, NULL), "last+two") == 0;
        thread_sleep_ms(2);
        reloaded_release(data);
    }
    return NULL;
}

static void it_is_replaced_though_somebody_always_holds_it(void **state)
{
    (void)state;
    put("a", "one");
    put("b", "two");
    struct reloaded *reloaded = open_pair();
    pthread_t readers[READERS];
    int64_t begin_ms = clock_monotonic_ms();
    for (size_t i = 0; i < READERS; i++)
        thread_start(&readers[i], hold_for_a_moment, reloaded);
    put("a", "last");
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_true(clock_monotonic_ms() - begin_ms < WAIT_MS);
    assert_true(is_now(reloaded, "last+two"));
    reloaded_free(reloaded);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path_of("a"));
    (void)unlink(path_of("b"));
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_replaced_is_read_anew),
        cmocka_unit_test(what_cannot_be_read_leaves_the_value_as_it_was),
        cmocka_unit_test(a_reading_that_fails_for_a_reason_that_passes_is_tried_again),
        cmocka_unit_test(a_first_reading_that_fails_names_the_file),
        cmocka_unit_test(many_hold_it_while_it_is_replaced),
        cmocka_unit_test(it_is_replaced_though_somebody_always_holds_it),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
