/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory of type files: read in the order of their names, whole or refused.
 */
#include "export/catalog.h"

#include "tests/unit/export_source_kit.h"

#include <fcntl.h>
#include <sys/stat.h>

static const char good[] = "-- title: T\n-- shared\nSELECT id FROM t";

struct place {
    struct kit kit;
    char directory[KIT_PATH_SIZE + 16];
};

static void place_open(struct place *place)
{
    kit_open(&place->kit, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
    (void)snprintf(place->directory, sizeof place->directory, "%s/types", place->kit.directory);
    assert_int_equal(mkdir(place->directory, 0700), 0);
}

static void place_file(const struct place *place, const char *name, const char *text)
{
    int directory = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(directory), 0);
}

static void place_close(struct place *place, const char *const *names)
{
    int directory = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (; *names; names++)
        assert_int_equal(unlinkat(directory, *names, 0), 0);
    assert_int_equal(close(directory), 0);
    assert_int_equal(rmdir(place->directory), 0);
    kit_close(&place->kit);
}

static void types_come_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    place_file(&place, "b.sql", good);
    place_file(&place, "a.sql", good);
    place_file(&place, "B.sql", good);
    place_file(&place, ".hidden.sql", "not a type");
    place_file(&place, "README.md", "not a type");
    place_file(&place, "c.sql~", "not a type");
    struct catalog *catalog = NULL;
    kit_must(catalog_load(place.directory, place.kit.source, &catalog, &place.kit.err),
             &place.kit.err);
    assert_int_equal(catalog_count(catalog), 3);
    assert_string_equal(catalog_at(catalog, 0)->name.ptr, "B");
    assert_string_equal(catalog_at(catalog, 1)->name.ptr, "a");
    assert_ptr_equal(catalog_find(catalog, STR("b")), catalog_at(catalog, 2));
    assert_null(catalog_find(catalog, STR("c")));
    assert_int_equal(catalog_at(catalog, 0)->column_count, 1);
    catalog_free(catalog);
    catalog_free(NULL);
    static const char *const names[] = {"a.sql",  "b.sql",     "B.sql", ".hidden.sql",
                                        "c.sql~", "README.md", NULL};
    place_close(&place, names);
}

static void one_bad_type_refuses_the_whole_with_its_line(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    place_file(&place, "a.sql", good);
    place_file(&place, "bad.sql", "-- title: T\n-- shared\nSELECT id,\n oops FROM t");
    place_file(&place, "c d.sql", good);
    struct catalog *catalog = NULL;
    assert_false(catalog_load(place.directory, place.kit.source, &catalog, &place.kit.err));
    assert_int_equal(place.kit.err.code, ERR_INVALID);
    assert_string_equal(place.kit.err.text, "bad.sql:4: no such column: oops");
    static const char *const names[] = {"a.sql", "bad.sql", "c d.sql", NULL};
    place_close(&place, names);
}

static void keep(void *target, struct err *err)
{
    buf_printf(target, "%s|", err->text);
}

static void a_trial_finds_every_file_that_is_refused(void **state)
{
    (void)state;
    struct place place;
    struct buf told CLEANUP(buf_done);
    buf_init(&told, 4096);
    place_open(&place);
    place_file(&place, "a.sql", "-- title: T\n-- shared\nSELECT oops FROM t");
    place_file(&place, "b.sql", good);
    place_file(&place, "c.sql", "-- title: T\n-- shared\nSELECT id FROM nowhere");
    place_file(&place, "d.SQL", good);
    const struct catalog_listener listener = {keep, &told};
    assert_false(catalog_try(place.directory, place.kit.source, &listener, &place.kit.err));
    buf_printf(&told, "%s", place.kit.err.text);
    assert_string_equal(told.ptr, "a.sql:3: no such column: oops|c.sql:3: no such table: nowhere|"
                                  "d.SQL: a type file ends in .sql, in small letters; rename it");
    static const char *const names[] = {"a.sql", "b.sql", "c.sql", "d.SQL", NULL};
    place_close(&place, names);
}

static void an_ending_in_capitals_is_refused_and_not_left_out(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    place_file(&place, "a.sql", good);
    place_file(&place, "b.SQL", good);
    struct catalog *catalog = NULL;
    assert_false(catalog_load(place.directory, place.kit.source, &catalog, &place.kit.err));
    assert_string_equal(place.kit.err.text,
                        "b.SQL: a type file ends in .sql, in small letters; rename it");
    static const char *const names[] = {"a.sql", "b.SQL", NULL};
    place_close(&place, names);
}

static void a_directory_without_types_is_named(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct catalog *catalog = NULL;
    assert_false(catalog_load(place.directory, place.kit.source, &catalog, &place.kit.err));
    assert_int_equal(place.kit.err.code, ERR_INVALID);
    assert_non_null(strstr(place.kit.err.text, place.directory));
    assert_non_null(strstr(place.kit.err.text, "has no .sql file; an export type is one"));
    assert_false(catalog_load("/no/such/place", place.kit.source, &catalog, &place.kit.err));
    assert_non_null(strstr(place.kit.err.text, "/no/such/place"));
    assert_non_null(strstr(place.kit.err.text, "set EXPORT_TYPES_DIR"));
    assert_non_null(strstr(place.kit.err.text, "No such file"));
    static const char *const names[] = {NULL};
    place_close(&place, names);
}

static void a_file_too_large_or_no_file_is_refused(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct buf large;
    buf_init(&large, EXPORT_TYPE_MAX_BYTES * 3);
    buf_add_text(&large, good);
    while (large.len <= EXPORT_TYPE_MAX_BYTES)
        buf_add_text(&large, "        \n");
    place_file(&place, "large.sql", large.ptr);
    struct catalog *catalog = NULL;
    assert_false(catalog_load(place.directory, place.kit.source, &catalog, &place.kit.err));
    assert_string_equal(place.kit.err.text, "large.sql:1: the file is larger than 256 KiB");
    buf_done(&large);

    char path[sizeof place.directory + 8];
    (void)snprintf(path, sizeof path, "%s/dir.sql", place.directory);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(catalog_load(place.directory, place.kit.source, &catalog, &place.kit.err));
    assert_string_equal(place.kit.err.text, "dir.sql: cannot be read: Is a directory");
    assert_int_equal(rmdir(path), 0);
    static const char *const names[] = {"large.sql", NULL};
    place_close(&place, names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_come_in_the_order_of_their_names),
        cmocka_unit_test(one_bad_type_refuses_the_whole_with_its_line),
        cmocka_unit_test(a_trial_finds_every_file_that_is_refused),
        cmocka_unit_test(an_ending_in_capitals_is_refused_and_not_left_out),
        cmocka_unit_test(a_directory_without_types_is_named),
        cmocka_unit_test(a_file_too_large_or_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
