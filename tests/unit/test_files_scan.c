/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking for files that nobody has any more: what is found, in which portions, and that it can be
 * removed meanwhile.
 */
#include "tests/unit/files_kit.h"

#define ID       "0191e7a0-5b7c-7d3e-8f00-0123456789ab"
#define DONE     ID ".1.0a1b2c3d"
#define PART     ID ".2.00000000.part-0123456789abcdef"
#define PART_KEY ID ".2.00000000"

enum { AGE_S = 3600, MANY = 2 * FILES_PORTION + 50 };

struct world {
    struct kit_dir dir;
    struct files *files;
    struct files_scan *scan;
    struct files_portion portion;
    struct err err;
};

static int begin(void **state)
{
    static struct world world;
    world = (struct world){0};
    kit_dir_make(&world.dir);
    world.files = kit_open(&world.dir, FILES_SHARED);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    files_scan_close(world->scan);
    files_close_store(world->files);
    kit_dir_remove(&world->dir);
    return 0;
}

static void set_age(const struct world *world, const char *name, int64_t age_s)
{
    char path[KIT_PATH_SIZE];
    kit_path(&world->dir, name, path);
    const struct timespec when = {.tv_sec = time(NULL) - age_s};
    const struct timespec times[] = {when, when};
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void put_aged(const struct world *world, const char *name, int64_t age_s)
{
    kit_put(&world->dir, name);
    set_age(world, name, age_s);
}

static void put_many(const struct world *world)
{
    for (int i = 0; i < MANY; i++) {
        char name[KIT_PATH_SIZE];
        (void)snprintf(name, sizeof name, "%s.1.%08x", ID, (unsigned)i);
        put_aged(world, name, AGE_S + 60);
    }
}

static void open_scan(struct world *world)
{
    if (!files_scan_open(world->files, AGE_S * 1000, &world->scan, &world->err))
        fail_msg("%s", world->err.text);
}

static void scan_on(struct world *world)
{
    if (!files_scan_next(world->scan, &world->portion, &world->err))
        fail_msg("%s", world->err.text);
    assert_in_range(world->portion.count, 0, FILES_PORTION);
}

static void only_old_files_of_jobs_are_found(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *name;
        int64_t age_s;
        const char *key; /* NULL: it is not found */
        int32_t attempt;
    } table[] = {
        {DONE, AGE_S + 60, DONE, 1},
        {PART, AGE_S + 60, PART_KEY, 2},
        {ID ".3.00000000", AGE_S - 60, NULL, 0},
        {ID ".4.00000000.part-0123456789abcdef", AGE_S - 60, NULL, 0},
        {ID ".5.00000000", -60, NULL, 0}, /* from the future */
        {"job-1.csv", AGE_S + 60, NULL, 0},
        {"notes.part-0123456789abcdef", AGE_S + 60, NULL, 0},
        {ID ".6.00000000.csv", AGE_S + 60, NULL, 0},
    };
    bool is_found[COUNT_OF(table)] = {false};
    char path[KIT_PATH_SIZE];
    for (size_t i = 0; i < COUNT_OF(table); i++)
        put_aged(world, table[i].name, table[i].age_s);
    kit_path(&world->dir, ID ".7.00000000", path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    set_age(world, ID ".7.00000000", AGE_S + 60);
    kit_path(&world->dir, ID ".8.00000000", path);
    assert_int_equal(mkdir(path, 0700), 0);
    set_age(world, ID ".8.00000000", AGE_S + 60);
    open_scan(world);
    scan_on(world);
    assert_true(world->portion.is_last);
    assert_int_equal(world->portion.count, 2);
    for (size_t k = 0; k < world->portion.count; k++) {
        const struct file_found *found = &world->portion.found[k];
        for (size_t i = 0; i < COUNT_OF(table); i++) {
            if (!table[i].key || !str_equal(found->key, str_of(table[i].key)))
                continue;
            is_found[i] = true;
            assert_string_equal(found->name, table[i].name);
            assert_int_equal(found->of.attempt, table[i].attempt);
        }
    }
    assert_true(is_found[0] && is_found[1]);
}

static void many_files_come_in_portions(void **state)
{
    struct world *world = *state;
    bool is_found[MANY] = {false};
    size_t portions = 0;
    put_many(world);
    open_scan(world);
    do {
        scan_on(world);
        portions++;
        for (size_t i = 0; i < world->portion.count; i++) {
            const struct str key = world->portion.found[i].key;
            unsigned long number =
                strtoul(key.ptr + key.len - FILE_KEY_RANDOM_LEN, NULL, 16); // NOLINT: ours
            assert_in_range(number, 0, MANY - 1);
            assert_false(is_found[number]);
            is_found[number] = true;
        }
    } while (!world->portion.is_last);
    for (size_t i = 0; i < MANY; i++)
        assert_true(is_found[i]);
    assert_in_range(portions, MANY / FILES_PORTION, MANY / FILES_PORTION + 2);
}

/* Nor do files that do not count make a portion long. */
static void a_portion_may_be_empty_before_the_end(void **state)
{
    struct world *world = *state;
    size_t portions = 0;
    for (int i = 0; i < MANY; i++) {
        char name[KIT_PATH_SIZE];
        (void)snprintf(name, sizeof name, "%s.1.%08x", ID, (unsigned)i);
        kit_put(&world->dir, name);
    }
    open_scan(world);
    do {
        scan_on(world);
        portions++;
        assert_int_equal(world->portion.count, 0);
    } while (!world->portion.is_last);
    assert_true(portions > 2);
}

static void what_is_found_can_be_removed_while_the_scan_goes_on(void **state)
{
    struct world *world = *state;
    put_many(world);
    put_aged(world, PART, AGE_S + 60);
    put_aged(world, "job-1.csv", AGE_S + 60);
    open_scan(world);
    do {
        scan_on(world);
        for (size_t i = 0; i < world->portion.count; i++)
            for (int again = 0; again < 2; again++)
                assert_true(files_scan_remove(world->scan, &world->portion.found[i], &world->err));
    } while (!world->portion.is_last);
    assert_true(kit_has(&world->dir, "job-1.csv"));
    assert_int_equal(kit_count(&world->dir, NULL), 1);
}

static void a_file_that_cannot_be_removed_says_so(void **state)
{
    struct world *world = *state;
    char path[KIT_PATH_SIZE];
    put_aged(world, DONE, AGE_S + 60);
    open_scan(world);
    scan_on(world);
    assert_int_equal(world->portion.count, 1);
    kit_path(&world->dir, DONE, path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* no file any more */
    assert_false(files_scan_remove(world->scan, &world->portion.found[0], &world->err));
    assert_true(world->err.code == ERR_STORE_DENIED || world->err.code == ERR_STORE_UNAVAILABLE);
}

#define SCAN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCAN_TEST(only_old_files_of_jobs_are_found),
        SCAN_TEST(many_files_come_in_portions),
        SCAN_TEST(a_portion_may_be_empty_before_the_end),
        SCAN_TEST(what_is_found_can_be_removed_while_the_scan_goes_on),
        SCAN_TEST(a_file_that_cannot_be_removed_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
