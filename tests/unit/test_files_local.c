/* SPDX-License-Identifier: Apache-2.0
 *
 * A file is whole or absent: written, committed, read, replaced, removed.
 */
#include "tests/unit/files_stories.h"

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

struct heard {
    unsigned good[FILES_OPERATION_COUNT];
    unsigned bad[FILES_OPERATION_COUNT];
    double seconds;
};

static void hear(void *target, enum files_operation operation, bool is_ok, double seconds)
{
    struct heard *heard = target;
    (is_ok ? heard->good : heard->bad)[operation]++;
    heard->seconds += seconds;
}

static void each_operation_is_told_with_its_outcome_and_time(void **state)
{
    (void)state;
    static const unsigned one_each[FILES_OPERATION_COUNT] = {1, 1, 1, 1, 1};
    static const unsigned opens_alone[FILES_OPERATION_COUNT] = {[FILES_OPEN] = 1};
    struct kit_dir dir;
    struct file_facts facts;
    struct err err = {0};
    struct heard heard = {.seconds = 0};
    struct file_reader *reader = NULL;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    files_listen(files, (struct files_listener){hear, &heard});
    assert_true(kit_store(files, "key", "text", 4, &facts, &err));
    kit_assert_content(files, "key", STR("text"));
    assert_true(files_remove(files, STR("key"), &err));
    assert_false(files_open(files, STR("key"), &reader, &err));
    assert_memory_equal(heard.good, one_each, sizeof one_each);
    assert_memory_equal(heard.bad, opens_alone, sizeof opens_alone);
    assert_true(heard.seconds > 0 && heard.seconds < 60);
    for (unsigned i = 0; i < FILES_OPERATION_COUNT; i++)
        assert_true(strlen(files_operation_name((enum files_operation)i)) > 0);
    files_close_store(files);
    kit_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORIES_OF_ALL_STORES,
        cmocka_unit_test(a_file_shows_only_when_it_is_committed),
        cmocka_unit_test(a_removed_file_is_read_to_its_end),
        cmocka_unit_test(the_digest_is_what_sha256sum_says),
        cmocka_unit_test(each_operation_is_told_with_its_outcome_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
