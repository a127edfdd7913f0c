/* SPDX-License-Identifier: Apache-2.0
 *
 * A file is whole or absent: written, committed, read, replaced, removed.
 */
#include "tests/unit/files_kit.h"

static void a_file_shows_only_when_it_is_committed(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct err err = {0};
    struct file_writer *writer = NULL;
    assert_true(files_create(files, STR("job-1.csv"), &writer, &err));
    assert_true(sink_write(file_writer_sink(writer), "hello ", 6, &err));
    assert_true(sink_write(file_writer_sink(writer), "world", 5, &err));
    assert_int_equal(file_writer_size(writer), 11);
    assert_false(kit_has(&dir, "job-1.csv"));
    char part[KIT_PATH_SIZE];
    assert_int_equal(kit_count(&dir, part), 1);
    assert_true(str_starts_with(str_of(part), STR("job-1.csv.part-")));
    struct file_reader *reader = NULL;
    assert_false(files_open(files, STR("job-1.csv"), &reader, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);

    struct file_facts facts = {0};
    assert_true(file_writer_commit(writer, &facts, &err));
    assert_int_equal(facts.size, 11);
    assert_string_equal(facts.sha256,
                        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    assert_int_equal(kit_count(&dir, NULL), 1);
    kit_assert_content(files, "job-1.csv", STR("hello world"));
    char path[KIT_PATH_SIZE];
    kit_path(&dir, "job-1.csv", path);
    struct stat stat_of;
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0600);
    files_close_store(files);
    kit_dir_remove(&dir);
}

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

static void a_removed_file_is_read_to_its_end(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct err err = {0};
    struct file_facts facts = {0};
    assert_true(kit_store(files, "k", "0123456789", 10, &facts, &err));
    struct file_reader *reader = NULL;
    assert_true(files_open(files, STR("k"), &reader, &err));
    assert_true(files_remove(files, STR("k"), &err));
    assert_true(files_remove(files, STR("k"), &err)); /* is removed already */
    static const struct {
        int64_t offset;
        size_t len;
        const char *want;
    } ranges[] = {
        {0, 4, "0123"}, {4, 4, "4567"}, {8, 4, "89"}, /* less only at the end */
        {10, 4, ""},    {99, 4, ""},    {0, 16, "0123456789"}, {5, 0, ""},
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        char out[32] = {0};
        size_t len = 77;
        assert_true(file_reader_read(reader, ranges[i].offset, out, ranges[i].len, &len, &err));
        assert_int_equal(len, strlen(ranges[i].want));
        assert_memory_equal(out, ranges[i].want, len);
    }
    file_reader_close(reader);
    file_reader_close(NULL);
    assert_false(files_open(files, STR("k"), &reader, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void the_digest_is_what_sha256sum_says(void **state)
{
    (void)state;
    enum { SIZE = 20 << 20 }; /* more than the store writes back at once */
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    char *bytes = calloc(1, SIZE);
    assert_non_null(bytes);
    digest_random(bytes, SIZE);
    struct err err = {0};
    struct file_facts facts = {0};
    assert_true(kit_store(files, "large", bytes, SIZE, &facts, &err));
    assert_int_equal(facts.size, SIZE);
    char command[KIT_PATH_SIZE * 2];
    (void)snprintf(command, sizeof command, "sha256sum %s/large", dir.path);
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c): a test of our own command
    assert_non_null(pipe);
    char said[SHA256_HEX_LEN + 1] = {0};
    assert_int_equal(fread(said, 1, SHA256_HEX_LEN, pipe), SHA256_HEX_LEN);
    while (fgetc(pipe) != EOF)
        continue;
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(facts.sha256, said);
    kit_assert_content(files, "large", (struct str){bytes, SIZE});
    free(bytes);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_shows_only_when_it_is_committed),
        cmocka_unit_test(an_aborted_file_leaves_nothing),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(two_writers_of_one_key_do_not_meet_and_the_last_commit_stays),
        cmocka_unit_test(a_removed_file_is_read_to_its_end),
        cmocka_unit_test(the_digest_is_what_sha256sum_says),
        cmocka_unit_test(what_is_no_key_never_becomes_a_path),
        cmocka_unit_test(a_healthy_store_says_so_and_keeps_nothing_of_the_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
