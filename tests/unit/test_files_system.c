/* SPDX-License-Identifier: Apache-2.0
 *
 * What the system tells the file store, and what it is told: this program stands in for fsync and
 * readdir.
 */
#include "tests/unit/files_kit.h"
#include "tests/unit/fsync_kit.h"

#include <dlfcn.h>

static bool readdir_fails;

struct dirent *readdir(DIR *names)
{
    if (readdir_fails) {
        errno = EIO;
        return NULL;
    }
    struct dirent *(*real)(DIR * names) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "readdir");
    return real(names);
}

static void new_directories_outlive_a_power_cut(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct kit_dir below = dir;
    (void)snprintf(below.path, sizeof below.path, "%.100s/a/b", dir.path);
    (void)snprintf(below.url, sizeof below.url, "file:%.100s/a/b", dir.path);
    char path[KIT_PATH_SIZE];
    kit_path(&dir, "a", path);
    files_close_store(kit_open(&below, FILES_EXCLUSIVE));
    assert_true(fsync_was_called(dir.path));   /* holds a */
    assert_true(fsync_was_called(path));       /* holds b */
    assert_true(fsync_was_called(below.path)); /* holds the marker */
    kit_dir_remove(&below);
    assert_int_equal(rmdir(path), 0);
    kit_dir_remove(&dir);
}

static void a_directory_that_cannot_be_read_is_not_taken_for_an_empty_or_a_clean_one(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    for (int round = 0; round < 2; round++) { /* one that is no store yet, and one that is */
        struct err err = {0};
        struct files *files = NULL;
        readdir_fails = true;
        assert_false(files_open_store(
            str_of(dir.url), &(struct files_options){.sharing = FILES_EXCLUSIVE}, &files, &err));
        readdir_fails = false;
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, "cannot read"));
        assert_non_null(strstr(err.text, strerrordesc_np(EIO)));
        assert_int_equal(kit_has(&dir, KIT_MARKER), round == 1);
        files_close_store(kit_open(&dir, FILES_EXCLUSIVE));
    }
    kit_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_directories_outlive_a_power_cut),
        cmocka_unit_test(a_directory_that_cannot_be_read_is_not_taken_for_an_empty_or_a_clean_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
