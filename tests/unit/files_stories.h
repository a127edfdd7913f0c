/* SPDX-License-Identifier: Apache-2.0
 *
 * What every file store promises, each promise a test: for the programs of the stores.
 */
#ifndef TESTS_UNIT_FILES_STORIES_H
#define TESTS_UNIT_FILES_STORIES_H

#include "tests/unit/files_kit.h"

static void an_aborted_file_leaves_nothing(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct err err = {0};
    struct file_writer *writer = NULL;
    assert_true(files_create(files, STR("a"), &writer, &err));
    file_writer_abort(writer); /* with nothing written */
    assert_true(files_create(files, STR("a"), &writer, &err));
    assert_true(sink_write(file_writer_sink(writer), "x", 1, &err));
    file_writer_abort(writer);
    file_writer_abort(NULL);
    assert_int_equal(kit_count(&dir, NULL), 0);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct err err = {0};
    struct file_facts facts = {0};
    assert_true(kit_store(files, "empty", "", 0, &facts, &err));
    assert_int_equal(facts.size, 0);
    assert_string_equal(facts.sha256,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    kit_assert_content(files, "empty", STR(""));
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void two_writers_of_one_key_do_not_meet_and_the_last_commit_stays(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct err err = {0};
    struct file_facts facts = {0};
    struct file_writer *first = NULL;
    struct file_writer *second = NULL;
    assert_true(files_create(files, STR("k"), &first, &err));
    assert_true(files_create(files, STR("k"), &second, &err));
    assert_true(sink_write(file_writer_sink(first), "first", 5, &err));
    assert_true(sink_write(file_writer_sink(second), "second", 6, &err));
    assert_true(file_writer_commit(first, &facts, &err));
    kit_assert_content(files, "k", STR("first"));
    assert_true(file_writer_commit(second, &facts, &err));
    kit_assert_content(files, "k", STR("second"));
    assert_int_equal(kit_count(&dir, NULL), 1);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void what_is_no_key_never_becomes_a_path(void **state)
{
    (void)state;
    static const char too_long[] = "1234567890123456789012345678901234567890"
                                   "12345678901234567890123456789012345678901";
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      KIT_MARKER,
                                      "a/b",
                                      "../a",
                                      "a b",
                                      "a_b",
                                      "a\n",
                                      "é",
                                      "/etc",
                                      "a\\b",
                                      "a.part-0123456789abcdef", /* looks like a left-over */
                                      too_long};
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        struct file_writer *writer = NULL;
        struct file_reader *reader = NULL;
        assert_false(files_create(files, str_of(bad[i]), &writer, &err));
        assert_int_equal(err.code, ERR_INTERNAL);
        assert_false(files_open(files, str_of(bad[i]), &reader, &err));
        assert_int_equal(err.code, ERR_INTERNAL);
        assert_false(files_remove(files, str_of(bad[i]), &err));
        assert_int_equal(err.code, ERR_INTERNAL);
    }
    struct err err = {0};
    struct file_facts facts = {0};
    static const char longest[] = "12345678901234567890123456789012345678901234567890"
                                  "123456789012345678901234567890";
    assert_true(kit_store(files, longest, "x", 1, &facts, &err));
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void a_healthy_store_says_so_and_keeps_nothing_of_the_question(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    struct err err = {0};
    assert_true(files_check(files, &err));
    assert_int_equal(kit_count(&dir, NULL), 0);
    files_close_store(files);
    files_close_store(NULL);
    kit_dir_remove(&dir);
}

#define STORIES_OF_ALL_STORES                                                                    \
    cmocka_unit_test(an_aborted_file_leaves_nothing), cmocka_unit_test(an_empty_file_is_a_file), \
        cmocka_unit_test(two_writers_of_one_key_do_not_meet_and_the_last_commit_stays),          \
        cmocka_unit_test(what_is_no_key_never_becomes_a_path),                                   \
        cmocka_unit_test(a_healthy_store_says_so_and_keeps_nothing_of_the_question)

#endif
