/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that is full, read-only, gone or too small: each failure has its class and a sentence, and
 * leaves nothing behind.
 */
#include "tests/unit/files_kit.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

enum { FILE_SIZE = 300 * 1024 };

/* Stores FILE_SIZE bytes, which must fail with `code` and leave nothing. */
static void assert_refused(struct files *files, const struct kit_dir *dir, enum err_code code)
{
    static const char bytes[FILE_SIZE];
    struct err err = {0};
    struct file_facts facts = {0};
    assert_false(kit_store(files, "refused", bytes, sizeof bytes, &facts, &err));
    assert_int_equal(err.code, code);
    assert_null(strstr(err.text, dir->path)); /* the caller reads it */
    assert_true(strlen(err.text) > 0);
    assert_int_equal(kit_count(dir, NULL), 0);
}

static void a_file_larger_than_the_limit_is_refused_at_every_size(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < FILE_SIZE; limit += 9973) {
        struct rlimit now = {.rlim_cur = limit, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
        assert_refused(files, &dir, ERR_STORE_DENIED);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void too_many_open_files_are_told(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct err err = {0};
    struct file_facts facts = {0};
    bool is_stored = kit_store(files, "k", "x", 1, &facts, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(is_stored);
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    assert_non_null(strstr(err.text, "open files"));
    files_close_store(files);
    kit_dir_remove(&dir);
}

/* False, and the test is skipped, where nobody may mount. */
static bool mount_small_disk(const struct kit_dir *dir, size_t size)
{
    char options[64];
    (void)snprintf(options, sizeof options, "size=%zu", size);
    if (mount("exportq", dir->path, "tmpfs", 0, options) == 0)
        return true;
    print_message("cannot mount a small disk here (%s); skipped\n", strerrordesc_np(errno));
    return false;
}

static void a_full_disk_is_told_at_every_size(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    for (size_t size = 16384; size < FILE_SIZE; size += 12288) {
        if (!mount_small_disk(&dir, size)) {
            kit_dir_remove(&dir);
            skip();
        }
        struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
        assert_refused(files, &dir, ERR_STORE_UNAVAILABLE);
        struct err err = {0};
        assert_true(files_check(files, &err)); /* all room is free again */
        files_close_store(files);
        assert_int_equal(umount(dir.path), 0);
    }
    kit_dir_remove(&dir);
}

static void a_sink_that_failed_takes_no_more(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    if (!mount_small_disk(&dir, 65536)) {
        kit_dir_remove(&dir);
        skip();
    }
    static const char bytes[FILE_SIZE];
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    struct err err = {0};
    struct file_writer *writer = NULL;
    assert_true(files_create(files, STR("k"), &writer, &err));
    assert_false(sink_write(file_writer_sink(writer), bytes, sizeof bytes, &err));
    assert_false(files_check(files, &err)); /* full indeed */
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    assert_non_null(strstr(err.text, "full"));
    err = (struct err){0};
    assert_false(sink_write(file_writer_sink(writer), bytes, 0, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    struct file_facts facts = {0};
    assert_false(file_writer_commit(writer, &facts, &err)); /* nor does it become a file */
    assert_int_equal(kit_count(&dir, NULL), 0);
    assert_true(files_check(files, &err));
    files_close_store(files);
    assert_int_equal(umount(dir.path), 0);
    kit_dir_remove(&dir);
}

static void a_read_only_disk_is_refused_at_start(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    if (!mount_small_disk(&dir, 1 << 20)) {
        kit_dir_remove(&dir);
        skip();
    }
    assert_int_equal(mount("exportq", dir.path, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    struct err err = {0};
    struct files *files = NULL;
    assert_false(files_open_store(str_of(dir.url), &(struct files_options){.sharing = FILES_SHARED},
                                  &files, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, dir.path));
    assert_int_equal(umount(dir.path), 0);
    kit_dir_remove(&dir);
}

static void a_directory_we_may_not_write_to_denies(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_SHARED);
    uid_t user = geteuid();
    assert_int_equal(chmod(dir.path, 0500), 0);
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    struct err errs[2] = {{0}};
    struct file_writer *writer = NULL;
    bool is_healthy = files_check(files, &errs[0]);
    bool is_created = files_create(files, STR("k"), &writer, &errs[1]);
    if (user == 0)
        assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(dir.path, 0700), 0);
    assert_false(is_healthy);
    assert_false(is_created);
    assert_int_equal(errs[0].code, ERR_STORE_DENIED);
    assert_int_equal(errs[1].code, ERR_STORE_DENIED);
    files_close_store(files);
    kit_dir_remove(&dir);
}

static void a_directory_that_went_away_is_told(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    kit_dir_remove(&dir);
    struct err err = {0};
    assert_false(files_check(files, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    struct file_writer *writer = NULL;
    assert_false(files_create(files, STR("k"), &writer, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    files_close_store(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_larger_than_the_limit_is_refused_at_every_size),
        cmocka_unit_test(too_many_open_files_are_told),
        cmocka_unit_test(a_full_disk_is_told_at_every_size),
        cmocka_unit_test(a_sink_that_failed_takes_no_more),
        cmocka_unit_test(a_read_only_disk_is_refused_at_start),
        cmocka_unit_test(a_directory_we_may_not_write_to_denies),
        cmocka_unit_test(a_directory_that_went_away_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
