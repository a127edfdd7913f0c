/* SPDX-License-Identifier: Apache-2.0
 *
 * A download on its way to disk: what stays, what goes, and that two do not meet.
 */
#include "client/part.h"

#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static int enter_directory(void **state)
{
    char *path = mem_dup("/tmp/exportq-part-XXXXXX");
    *state = path;
    return mkdtemp(path) && chdir(path) == 0 ? 0 : -1;
}

static int leave_directory(void **state)
{
    char *path = *state;
    static const char *const names[] = {"file", "file.key.part", "key.part", "elsewhere"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)unlink(names[i]);
    int status = rmdir(path);
    free(path);
    return status;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void open_and_write(struct part *part, const char *text)
{
    struct err err = {0};
    assert_true(part_open(part, "file", "key", &err));
    assert_true(part_write(part, text, strlen(text), &err));
}

static void assert_content(const char *path, const char *expected)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof text - 1), strlen(expected));
    assert_string_equal(text, expected);
    (void)close(fd);
}

static void a_file_has_its_name_only_when_it_is_shown(void **state)
{
    (void)state;
    struct part part;
    struct err err = {0};
    open_and_write(&part, "whole");
    assert_false(is_there("file"));
    assert_true(part_show(&part, "file", &err));
    part_close(&part, true);
    assert_content("file", "whole");
    assert_false(is_there("file.key.part"));
}

static void what_is_kept_is_gone_on_with(void **state)
{
    (void)state;
    struct part part;
    struct err err = {0};
    open_and_write(&part, "first, ");
    part_close(&part, true);
    assert_true(is_there("file.key.part"));
    open_and_write(&part, "second");
    assert_true(part_show(&part, "file", &err));
    part_close(&part, false);
    assert_content("file", "first, second");
}

static void what_is_not_kept_or_is_empty_is_removed(void **state)
{
    (void)state;
    struct part part;
    struct err err = {0};
    open_and_write(&part, "wrong");
    part_close(&part, false);
    assert_false(is_there("file.key.part"));
    open_and_write(&part, "wrong");
    assert_true(part_clear(&part, &err));
    part_close(&part, true);
    assert_false(is_there("file.key.part"));
    part_close(&part, true); /* a second time is fine */
}

static void without_a_name_it_lies_in_this_directory(void **state)
{
    (void)state;
    struct part part;
    struct err err = {0};
    assert_true(part_open(&part, NULL, "key", &err));
    assert_true(is_there("key.part"));
    part_close(&part, true);
}

static void two_downloads_of_one_file_do_not_meet(void **state)
{
    (void)state;
    struct part first;
    struct part second;
    struct err err = {0};
    open_and_write(&first, "mine");
    assert_false(part_open(&second, "file", "key", &err));
    assert_int_equal(err.code, ERR_BUSY);
    part_close(&second, false);
    assert_true(is_there("file.key.part"));
    part_close(&first, false);
}

static void a_link_that_somebody_planted_is_not_followed(void **state)
{
    (void)state;
    struct part part;
    struct err err = {0};
    assert_int_equal(symlink("elsewhere", "file.key.part"), 0);
    assert_false(part_open(&part, "file", "key", &err));
    assert_int_equal(err.code, ERR_STORE_DENIED);
    assert_false(is_there("elsewhere"));
}

static void a_directory_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct part part;
    struct err err = {0};
    assert_false(part_open(&part, "no/such/file", "key", &err));
    assert_non_null(strstr(err.text, "No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_has_its_name_only_when_it_is_shown, enter_directory,
                                        leave_directory),
        cmocka_unit_test_setup_teardown(what_is_kept_is_gone_on_with, enter_directory,
                                        leave_directory),
        cmocka_unit_test_setup_teardown(what_is_not_kept_or_is_empty_is_removed, enter_directory,
                                        leave_directory),
        cmocka_unit_test_setup_teardown(without_a_name_it_lies_in_this_directory, enter_directory,
                                        leave_directory),
        cmocka_unit_test_setup_teardown(two_downloads_of_one_file_do_not_meet, enter_directory,
                                        leave_directory),
        cmocka_unit_test_setup_teardown(a_link_that_somebody_planted_is_not_followed,
                                        enter_directory, leave_directory),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_told, enter_directory,
                                        leave_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
