/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of a job's file: what is made is read back, and nothing else is taken for one.
 */
#include "files/key.h"

#include "files/files.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "0191e7a0-5b7c-7d3e-8f00-0123456789ab"

static struct uuid an_id(void)
{
    struct uuid id;
    assert_true(uuid_parse(STR(ID), &id));
    return id;
}

static void a_key_tells_whose_file_it_is(void **state)
{
    (void)state;
    static const int32_t attempts[] = {0, 1, 12, INT32_MAX};
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        const struct file_key of = {an_id(), attempts[i]};
        struct file_key read = {0};
        char key[FILE_KEY_SIZE];
        file_key_make(&of, key);
        assert_true(files_key_is_legal(str_of(key)));
        assert_true(file_key_parse(str_of(key), &read));
        assert_true(uuid_equal(read.job, of.job));
        assert_int_equal(read.attempt, of.attempt);
    }
}

static void no_key_is_made_twice(void **state)
{
    (void)state;
    const struct file_key of = {an_id(), 1};
    char one[FILE_KEY_SIZE];
    char other[FILE_KEY_SIZE];
    file_key_make(&of, one);
    file_key_make(&of, other);
    assert_string_not_equal(one, other); /* by chance: once in 4 billion runs not */
}

static void what_we_did_not_make_is_no_key(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        ".",
        "..",
        "thesis.doc",
        ID,
        ID ".1",
        ID ".1.",
        ID "..0a1b2c3d",
        ID ".1.0a1b2c3",
        ID ".1.0a1b2c3d4",
        ID ".1.0a1b2c3D",
        ID ".1.0a1b2c3d.",
        ID ".1.0a1b.c3d",
        ID ".-1.0a1b2c3d",
        ID ".+1.0a1b2c3d",
        ID ".1a.0a1b2c3d",
        ID ".2147483648.0a1b2c3d",
        ID ".99999999999999999999.0a1b2c3d",
        ID ".00000000001.0a1b2c3d",
        "." ID ".1.0a1b2c3d",
        "0191E7A0-5b7c-7d3e-8f00-0123456789ab.1.0a1b2c3d",
        "0191e7a05b7c7d3e8f000123456789ab.1.0a1b2c3d",
        ID ".1.0a1b2c3d.part-0123456789abcdef",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct file_key read;
        if (file_key_parse(str_of(others[i]), &read))
            fail_msg("\"%s\" was taken for a key", others[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_tells_whose_file_it_is),
        cmocka_unit_test(no_key_is_made_twice),
        cmocka_unit_test(what_we_did_not_make_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
