/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a store: its URL, its directory, its lock, and what an earlier life left.
 */
#include "tests/unit/files_kit.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* Keys as the runner makes them: one of a finished file, one of a file that is being written. */
#define DONE "0191e7a0-5b7c-7d3e-8f00-0123456789ab.1.0a1b2c3d"
#define HALF "0191e7a0-5b7c-7d3e-8f00-0123456789ab.12.00000000"

static void urls_nobody_serves_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct str url;
        const char *says;
    } table[] = {
        {{"", 0}, "file:DIR"},
        {{"/tmp", 4}, "file:DIR"},
        {{"s4://bucket", 11}, "file:DIR"},
        {{"file:", 5}, "needs a directory"},
        {{"file:/tmp/a\0b", 13}, "needs a directory"},
        {{"file://host/dir", 15}, "names a host"},
        {{"file:/dev/null", 14}, "/dev/null"},         /* no directory */
        {{"file:/dev/null/x", 16}, "/dev/null/x"},     /* below none */
        {{"file:/proc/exportq", 18}, "/proc/exportq"}, /* cannot be made */
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        struct files *files = NULL;
        assert_false(files_open_store(
            table[i].url, &(struct files_options){.sharing = FILES_EXCLUSIVE}, &files, &err));
        assert_int_equal(err.code, ERR_INVALID);
        if (!strstr(err.text, table[i].says))
            fail_msg("<%s> does not say <%s>", err.text, table[i].says);
    }
}

static void the_directory_is_made_with_its_parents(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    struct kit_dir below = dir;
    (void)snprintf(below.path, sizeof below.path, "%.100s/a/b", dir.path);
    (void)snprintf(below.url, sizeof below.url, "file://%.100s/a//b/", dir.path);
    struct files *files = kit_open(&below, FILES_EXCLUSIVE);
    struct stat facts;
    assert_int_equal(stat(below.path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    files_close_store(files);
    kit_dir_remove(&below);
    char path[KIT_PATH_SIZE];
    kit_path(&dir, "a", path);
    assert_int_equal(rmdir(path), 0);
    kit_dir_remove(&dir);
}

static bool may_open(const char *url, enum files_sharing sharing, struct err *err)
{
    *err = (struct err){0};
    return files_try_store(str_of(url), &(struct files_options){.sharing = sharing}, err);
}

static void a_directory_is_tried_without_a_change(void **state)
{
    (void)state;
    struct kit_dir dir;
    struct stat facts;
    struct err err;
    char path[KIT_PATH_SIZE];
    char url[KIT_PATH_SIZE + 16];
    kit_dir_make(&dir);
    kit_path(&dir, "a", path);
    (void)snprintf(url, sizeof url, "file:%s/b/", path);
    assert_true(may_open(url, FILES_EXCLUSIVE, &err)); /* it could be made */
    assert_int_equal(stat(path, &facts), -1);
    assert_true(may_open(dir.url, FILES_EXCLUSIVE, &err));
    struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
    assert_true(may_open(dir.url, FILES_EXCLUSIVE, &err)); /* whoever has it */
    files_close_store(files);
    assert_false(may_open("file:", FILES_SHARED, &err));
    assert_false(may_open("s4://bucket", FILES_SHARED, &err));
    assert_false(may_open("file:/dev/null/x", FILES_SHARED, &err));
    assert_false(may_open("file:/proc/x/y", FILES_SHARED, &err)); /* though root has every right */
    assert_non_null(strstr(err.text, "cannot make"));
    assert_false(may_open("file:/proc/self", FILES_SHARED, &err)); /* files of others */
    assert_non_null(strstr(err.text, "files of others"));
    kit_dir_remove(&dir);
}

static bool opens(const struct kit_dir *dir, enum files_sharing sharing, struct err *err)
{
    struct files *files = NULL;
    if (!files_open_store(str_of(dir->url), &(struct files_options){.sharing = sharing}, &files,
                          err))
        return false;
    files_close_store(files);
    return true;
}

/* The same from another process. */
static bool opens_elsewhere(const struct kit_dir *dir, enum files_sharing sharing)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct err err = {0};
        bool is_busy = !opens(dir, sharing, &err) && err.code == ERR_BUSY;
        _exit(is_busy ? 1 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
}

static void an_exclusive_store_has_one_process(void **state)
{
    (void)state;
    static const struct {
        enum files_sharing first;
        enum files_sharing second;
        bool may_open;
    } table[] = {
        {FILES_EXCLUSIVE, FILES_EXCLUSIVE, false},
        {FILES_EXCLUSIVE, FILES_SHARED, false},
        {FILES_SHARED, FILES_EXCLUSIVE, false},
        {FILES_SHARED, FILES_SHARED, true},
    };
    struct kit_dir dir;
    kit_dir_make(&dir);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct files *files = kit_open(&dir, table[i].first);
        assert_int_equal(opens_elsewhere(&dir, table[i].second), table[i].may_open);
        struct err err = {0};
        assert_int_equal(opens(&dir, table[i].second, &err), table[i].may_open);
        if (!table[i].may_open) {
            assert_int_equal(err.code, ERR_BUSY);
            assert_non_null(strstr(err.text, dir.path));
            assert_non_null(strstr(err.text, "EXPORT_STORE_URL"));
        }
        files_close_store(files);
        assert_true(opens_elsewhere(&dir, table[i].second));
    }
    kit_dir_remove(&dir);
}

static void a_killed_process_leaves_no_lock_and_its_files_go(void **state)
{
    (void)state;
    struct kit_dir dir;
    kit_dir_make(&dir);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct err err = {0};
        struct files *files = kit_open(&dir, FILES_EXCLUSIVE);
        struct file_facts facts = {0};
        struct file_writer *writer = NULL;
        bool is_ok = kit_store(files, DONE, "x", 1, &facts, &err) &&
                     files_create(files, STR(HALF), &writer, &err) &&
                     sink_write(file_writer_sink(writer), "x", 1, &err);
        if (is_ok)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(kit_count(&dir, NULL), 2);
    files_close_store(kit_open(&dir, FILES_SHARED));
    assert_int_equal(kit_count(&dir, NULL), 2); /* others may be at work */
    files_close_store(kit_open(&dir, FILES_EXCLUSIVE));
    assert_int_equal(kit_count(&dir, NULL), 0);
    kit_dir_remove(&dir);
}

static void an_exclusive_start_removes_only_names_of_ours(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool stays;
    } table[] = {
        {DONE, false},
        {HALF, false},
        {DONE ".part-0123456789abcdef", false},
        {"report.txt", true},
        {"main.c", true},
        {"notes.part-0123456789abcdef", true},
        {".hidden", true},
        {"a b.csv", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.csv", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.0a1b2c3d", true}, /* which attempt? */
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.1", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.1.", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab..0a1b2c3d", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.x.0a1b2c3d", true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.1.0a1b2c3D", true}, /* not our digits */
        {"0191E7A0-5b7c-7d3e-8f00-0123456789ab.1.0a1b2c3d", true},
        {DONE "4", true},
        {DONE ".csv", true},
        {DONE ".part-0123456789ABCDEF", true},
        {DONE ".part-0123456789abcde", true},
    };
    struct kit_dir dir;
    kit_dir_make(&dir);
    files_close_store(kit_open(&dir, FILES_EXCLUSIVE));
    for (size_t i = 0; i < COUNT_OF(table); i++)
        kit_put(&dir, table[i].name);
    char directory[KIT_PATH_SIZE];
    char link[KIT_PATH_SIZE];
    kit_path(&dir, "directory", directory);
    kit_path(&dir, "link", link);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    files_close_store(kit_open(&dir, FILES_EXCLUSIVE));
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_int_equal(kit_has(&dir, table[i].name), table[i].stays);
    assert_true(kit_has(&dir, "directory"));
    assert_true(kit_has(&dir, "link"));
    struct err err = {0};
    struct file_reader *reader = NULL;
    struct files *files = kit_open(&dir, FILES_SHARED);
    assert_false(files_open(files, STR("link"), &reader, &err)); /* nor is it followed */
    files_close_store(files);
    kit_dir_remove(&dir);
}

/* What is in a directory that is not ours, though it may look so. */
static const struct {
    const char *name;
    const char *text;
} others[] = {
    {"thesis.tex", ""},
    {".hidden", ""},
    {".lock", ""},
    {DONE, "a file of a store that lost its marker"},
    {KIT_MARKER, "the marker of something else\n"},
    {KIT_MARKER, "exportq file store 1\n and more"},
    {KIT_MARKER, "exportq"},
};

static void put_text(const struct kit_dir *dir, const char *name, const char *text)
{
    char path[KIT_PATH_SIZE];
    kit_path(dir, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_not_ours(const struct kit_dir *dir, enum files_sharing sharing)
{
    struct err err = {0};
    assert_false(opens(dir, sharing, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, dir->path));
    assert_non_null(strstr(err.text, "files of others"));
}

static void a_directory_with_files_of_others_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        for (int sharing = FILES_EXCLUSIVE; sharing <= FILES_SHARED; sharing++) {
            struct kit_dir dir;
            kit_dir_make(&dir);
            put_text(&dir, others[i].name, others[i].text);
            assert_not_ours(&dir, (enum files_sharing)sharing);
            assert_true(kit_has(&dir, others[i].name));
            assert_int_equal(kit_has(&dir, KIT_MARKER), strcmp(others[i].name, KIT_MARKER) == 0);
            kit_dir_remove(&dir);
        }
    }
}

/* A crash may leave the marker empty, before anything else is there. */
static void an_empty_marker_makes_no_store_of_a_directory_with_files(void **state)
{
    (void)state;
    for (int sharing = FILES_EXCLUSIVE; sharing <= FILES_SHARED; sharing++) {
        struct kit_dir dir;
        kit_dir_make(&dir);
        kit_put(&dir, KIT_MARKER);
        kit_put(&dir, DONE);
        assert_not_ours(&dir, (enum files_sharing)sharing);
        assert_true(kit_has(&dir, DONE));
        char path[KIT_PATH_SIZE];
        kit_path(&dir, DONE, path);
        assert_int_equal(unlink(path), 0);
        files_close_store(kit_open(&dir, (enum files_sharing)sharing)); /* alone it is filled */
        kit_put(&dir, "report.txt");
        files_close_store(kit_open(&dir, (enum files_sharing)sharing)); /* and ours from then on */
        assert_true(kit_has(&dir, "report.txt"));
        kit_dir_remove(&dir);
    }
}

static void a_shared_start_removes_only_old_parts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int age_s;
        bool stays;
    } table[] = {
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.1.00000000.part-0123456789abcdef", 3700, false},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.2.00000000.part-0123456789abcdef", 3500, true},
        {"0191e7a0-5b7c-7d3e-8f00-0123456789ab.3.00000000.part-0123456789abcdef", -60,
         true}, /* another machine's clock */
        {DONE, 99999, true},
        {"thesis.part-0123456789abcdef", 99999, true},
    };
    struct kit_dir dir;
    kit_dir_make(&dir);
    files_close_store(kit_open(&dir, FILES_SHARED));
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        kit_put(&dir, table[i].name);
        char path[KIT_PATH_SIZE];
        kit_path(&dir, table[i].name, path);
        time_t then = time(NULL) - table[i].age_s;
        struct timespec times[2] = {{.tv_sec = then}, {.tv_sec = then}};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    files_close_store(kit_open(&dir, FILES_SHARED));
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_int_equal(kit_has(&dir, table[i].name), table[i].stays);
    kit_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_nobody_serves_are_refused),
        cmocka_unit_test(the_directory_is_made_with_its_parents),
        cmocka_unit_test(a_directory_is_tried_without_a_change),
        cmocka_unit_test(an_exclusive_store_has_one_process),
        cmocka_unit_test(a_killed_process_leaves_no_lock_and_its_files_go),
        cmocka_unit_test(an_exclusive_start_removes_only_names_of_ours),
        cmocka_unit_test(a_directory_with_files_of_others_is_refused),
        cmocka_unit_test(an_empty_marker_makes_no_store_of_a_directory_with_files),
        cmocka_unit_test(a_shared_start_removes_only_old_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
