/* SPDX-License-Identifier: Apache-2.0
 *
 * Files in a bucket of a real object store.
 */
#include "tests/unit/files_stories.h"

#include "base/clock.h"
#include "base/mem.h"

#include <sys/wait.h>

#define ID "0191e7a0-5b7c-7d3e-8f00-0123456789ab"

enum { PIECE = 65536, LARGE = (20 << 20) + 4321, MANY = FILES_PORTION + 20 };

static void a_file_shows_only_when_it_is_committed(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    struct err err = {0};
    struct file_writer *writer = NULL;
    assert_true(files_create(files, STR("job-1.csv"), &writer, &err));
    assert_true(sink_write(file_writer_sink(writer), "hello world", 11, &err));
    struct file_reader *reader = NULL;
    assert_false(files_open(files, STR("job-1.csv"), &reader, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    struct file_facts facts = {0};
    assert_true(file_writer_commit(writer, &facts, &err));
    assert_int_equal(facts.size, 11);
    assert_string_equal(facts.sha256,
                        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    kit_assert_content(files, "job-1.csv", STR("hello world"));
    assert_true(kit_has(&dir, "job-1.csv"));
    files_close_store(files);
    kit_dir_remove(&dir);
}

/* How many files, or uploads that were begun, are there; removes them if it should. */
static size_t scan(struct files *files, int64_t min_age_ms, bool removes, size_t *out_portions)
{
    struct files_portion *portion = mem_new(struct files_portion);
    struct files_scan *scan = NULL;
    struct err err = {0};
    size_t count = 0;
    *out_portions = 0;
    assert_true(files_scan_open(files, min_age_ms, &scan, &err));
    do {
        if (!files_scan_next(scan, portion, &err))
            fail_msg("%s", err.text);
        count += portion->count;
        ++*out_portions;
        for (size_t i = 0; removes && i < portion->count; i++)
            for (int again = 0; again < 2; again++)
                if (!files_scan_remove(scan, &portion->found[i], &err))
                    fail_msg("%s", err.text);
    } while (!portion->is_last);
    files_scan_close(scan);
    free(portion);
    return count;
}

static char *random_bytes(size_t len)
{
    char *bytes = mem_alloc(len);
    digest_random(bytes, len);
    return bytes;
}

static void assert_reads(struct file_reader *reader, const char *bytes, int64_t offset, size_t len)
{
    static char piece[PIECE];
    struct err err = {0};
    size_t have = 0;
    if (!file_reader_read(reader, offset, piece, PIECE, &have, &err))
        fail_msg("%s", err.text);
    assert_int_equal(have, len);
    assert_memory_equal(piece, bytes + offset, len);
}

static void a_file_of_several_parts_is_read_forward_and_anywhere(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    char *bytes = random_bytes(LARGE);
    struct err err = {0};
    struct file_facts facts = {0};
    size_t portions = 0;
    if (!kit_store(files, ID ".1.0a1b2c3d", bytes, LARGE, &facts, &err))
        fail_msg("%s", err.text);
    assert_int_equal(facts.size, LARGE);
    struct file_reader *reader = NULL;
    assert_true(files_open(files, STR(ID ".1.0a1b2c3d"), &reader, &err));
    for (int64_t offset = 0; offset < LARGE; offset += PIECE)
        assert_reads(reader, bytes, offset,
                     (size_t)(LARGE - offset < PIECE ? LARGE - offset : PIECE));
    assert_reads(reader, bytes, 12345678, PIECE);
    assert_reads(reader, bytes, 0, PIECE);
    assert_reads(reader, bytes, LARGE - 10, 10);
    assert_reads(reader, bytes, LARGE, 0);
    file_reader_close(reader);
    assert_int_equal(scan(files, -1, true, &portions), 1); /* the file, and no upload beside it */
    assert_false(kit_has(&dir, ID ".1.0a1b2c3d"));
    free(bytes);
    files_close_store(files);
    kit_dir_remove(&dir);
}

/* Exactly one part, one byte more and less. */
static void files_at_the_size_of_a_part_are_whole(void **state)
{
    (void)state;
    enum { PART = 8 << 20 };
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    char *bytes = random_bytes(PART + 1);
    for (size_t len = PART - 1; len <= PART + 1; len++) {
        struct err err = {0};
        struct file_facts facts = {0};
        if (!kit_store(files, "part", bytes, len, &facts, &err))
            fail_msg("%s", err.text);
        kit_assert_content(files, "part", (struct str){bytes, len});
    }
    struct err err = {0};
    assert_true(files_remove(files, STR("part"), &err));
    free(bytes);
    files_close_store(files);
    kit_dir_remove(&dir);
}

/* Begins a file of more than one part and stands still. */
static struct file_writer *begin_large(struct files *files, const char *key)
{
    struct err err = {0};
    struct file_writer *writer = NULL;
    char *bytes = random_bytes(LARGE);
    assert_true(files_create(files, str_of(key), &writer, &err));
    if (!sink_write(file_writer_sink(writer), bytes, LARGE, &err))
        fail_msg("%s", err.text);
    free(bytes);
    return writer;
}

static void an_aborted_upload_leaves_nothing(void **state)
{
    (void)state;
    struct kit_dir dir;
    size_t portions = 0;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    struct file_writer *writer = begin_large(files, ID ".2.0a1b2c3d");
    assert_int_equal(scan(files, -1, false, &portions), 1);
    assert_false(kit_has(&dir, ID ".2.0a1b2c3d"));
    file_writer_abort(writer);
    assert_int_equal(scan(files, -1, false, &portions), 0);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void what_a_killed_process_was_uploading_is_found_and_removed(void **state)
{
    (void)state;
    struct kit_dir dir;
    size_t portions = 0;
    kit_dir_make(&dir);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)begin_large(kit_open(&dir, FILES_SHARED), ID ".3.0a1b2c3d");
        (void)kill(getpid(), SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct files *files = kit_open(&dir, FILES_SHARED);
    assert_int_equal(scan(files, 3600 * 1000, true, &portions), 0); /* it might be at work */
    assert_int_equal(scan(files, -1, true, &portions), 1);
    assert_int_equal(scan(files, -1, true, &portions), 0);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void only_old_files_of_jobs_are_found_and_many_in_portions(void **state)
{
    (void)state;
    struct kit_dir dir;
    size_t portions = 0;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    struct err err = {0};
    struct file_facts facts = {0};
    for (int i = 0; i < MANY; i++) {
        char key[FILES_MAX_KEY + 1];
        (void)snprintf(key, sizeof key, ID ".1.%08x", (unsigned)i);
        assert_true(kit_store(files, key, "x", 1, &facts, &err));
    }
    assert_true(kit_store(files, "job-1.csv", "x", 1, &facts, &err));
    assert_int_equal(scan(files, 3600 * 1000, true, &portions), 0);
    assert_int_equal(scan(files, -1, true, &portions), MANY);
    assert_in_range(portions, 3, 4); /* two pages of objects, one of uploads */
    assert_int_equal(kit_count(&dir, NULL), 1);
    assert_true(files_remove(files, STR("job-1.csv"), &err));
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void a_file_that_is_removed_or_replaced_while_it_is_read_is_told(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    struct err err = {0};
    struct file_facts facts = {0};
    struct file_reader *reader = NULL;
    char byte = 0;
    size_t len = 0;
    assert_true(kit_store(files, "k", "first", 5, &facts, &err));
    assert_true(files_open(files, STR("k"), &reader, &err));
    assert_true(kit_store(files, "k", "other", 5, &facts, &err));
    assert_false(file_reader_read(reader, 0, &byte, 1, &len, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    assert_true(files_remove(files, STR("k"), &err));
    assert_true(files_remove(files, STR("k"), &err)); /* is removed already */
    assert_false(file_reader_read(reader, 0, &byte, 1, &len, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    file_reader_close(reader);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void a_prefix_is_one_queues_alone(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    struct err err = {0};
    struct uuid first;
    struct uuid second;
    assert_true(uuid_parse(STR(ID), &first));
    assert_true(uuid_parse(STR("0191e7a0-5b7c-7d3e-8f00-0123456789ac"), &second));
    for (int again = 0; again < 2; again++)
        if (!files_bind(files, first, &err))
            fail_msg("%s", err.text);
    assert_false(files_bind(files, second, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, "another queue"));
    files_close_store(files);
    kit_dir_remove(&dir);
}

/* The options of the kit with one thing changed. */
static void assert_refused(struct str url, struct files_options options, enum err_code code,
                           const char *says)
{
    struct err err = {0};
    struct files *files = NULL;
    assert_false(files_open_store(url, &options, &files, &err));
    if (err.code != code || !strstr(err.text, says))
        fail_msg("%s: %s", err_code_name(err.code), err.text);
    assert_null(strstr(err.text, "secret-but"));
}

static void who_is_not_let_in_is_told_why(void **state)
{
    (void)state;
    const struct str url = STR("s3://exports/unit-refused");
    struct files_options options = kit_options(FILES_SHARED);
    options.s3.secret_key = STR("not-the-secret-but-as-long");
    assert_refused(url, options, ERR_STORE_DENIED, "AWS_SECRET_ACCESS_KEY");
    options = kit_options(FILES_SHARED);
    options.s3.access_key = STR("nobody");
    assert_refused(url, options, ERR_STORE_DENIED, "AWS_ACCESS_KEY_ID");
    options = kit_options(FILES_SHARED);
    options.s3.region = STR("eu-nowhere-1");
    assert_refused(url, options, ERR_STORE_DENIED, "AWS_REGION");
    assert_refused(STR("s3://no-such-bucket/x"), kit_options(FILES_SHARED), ERR_STORE_DENIED,
                   "does not exist");
    options = kit_options(FILES_SHARED);
    options.sharing = FILES_EXCLUSIVE;
    assert_refused(url, options, ERR_INVALID, "ENABLE_PERSIST_EXPORT");
}

int main(void)
{
    kit_use_bucket();
    const struct CMUnitTest tests[] = {
        STORIES_OF_ALL_STORES,
        cmocka_unit_test(a_file_shows_only_when_it_is_committed),
        cmocka_unit_test(a_file_of_several_parts_is_read_forward_and_anywhere),
        cmocka_unit_test(files_at_the_size_of_a_part_are_whole),
        cmocka_unit_test(an_aborted_upload_leaves_nothing),
        cmocka_unit_test(what_a_killed_process_was_uploading_is_found_and_removed),
        cmocka_unit_test(only_old_files_of_jobs_are_found_and_many_in_portions),
        cmocka_unit_test(a_file_that_is_removed_or_replaced_while_it_is_read_is_told),
        cmocka_unit_test(a_prefix_is_one_queues_alone),
        cmocka_unit_test(who_is_not_let_in_is_told_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
