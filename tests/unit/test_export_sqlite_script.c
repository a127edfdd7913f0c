/* SPDX-License-Identifier: Apache-2.0
 *
 * A database from a script: whole or absent, also after a power cut.
 */
#include "tests/unit/export_source_kit.h"
#include "tests/unit/fsync_kit.h"

#include <sys/stat.h>

static void a_finished_database_keeps_its_name_after_a_power_cut(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_make_database(kit.path, "CREATE TABLE t(a)");
    assert_true(fsync_was_called(kit.directory));
    kit_close(&kit);
}

static void a_database_that_cannot_get_its_name_leaves_nothing(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    char inside[KIT_PATH_SIZE * 2];
    (void)snprintf(inside, sizeof inside, "%s/in-the-way", kit.path);
    assert_int_equal(mkdir(kit.path, 0700), 0); /* a directory, and not an empty one */
    assert_int_equal(mkdir(inside, 0700), 0);
    struct sqlite_script *script = NULL;
    kit_must(sqlite_script_open(kit.path, &script, &kit.err), &kit.err);
    assert_false(sqlite_script_finish(script, &kit.err));
    assert_int_equal(kit.err.code, ERR_STORE_UNAVAILABLE);
    assert_non_null(strstr(kit.err.text, "could not get its name"));
    sqlite_script_free(script);
    assert_int_equal(rmdir(inside), 0);
    assert_int_equal(rmdir(kit.path), 0);
    kit_close(&kit); /* removes the directory, which must be empty */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_database_keeps_its_name_after_a_power_cut),
        cmocka_unit_test(a_database_that_cannot_get_its_name_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
