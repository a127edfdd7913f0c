/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of every length around what the buffer may hold.
 */
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX = 40000 };

static char byte_at(size_t i)
{
    return (char)(i * 31 + i / 256);
}

/* A file of so many bytes, at its beginning. */
static FILE *file_of(size_t len)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        assert_int_not_equal(fputc(byte_at(i), file), EOF);
    rewind(file);
    return file;
}

static void a_file_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 16383, 16384, 16385, MAX - 1, MAX, MAX + 1, 2 * MAX};
    for (size_t k = 0; k < COUNT_OF(lengths); k++) {
        struct buf text CLEANUP(buf_done);
        FILE *file = file_of(lengths[k]);
        buf_init(&text, MAX);
        errno = 0;
        bool is_read = file_fill(fileno(file), &text);
        assert_int_equal(is_read, lengths[k] <= MAX);
        assert_int_equal(errno, is_read ? 0 : EFBIG);
        assert_int_equal(text.len, is_read ? lengths[k] : MAX);
        for (size_t i = 0; i < text.len; i++)
            assert_int_equal(text.ptr[i], byte_at(i));
        (void)fclose(file);
    }
}

static void it_comes_behind_what_is_there(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    FILE *file = file_of(10);
    buf_init(&text, 12);
    buf_add_text(&text, "ab");
    assert_true(file_fill(fileno(file), &text));
    assert_int_equal(text.len, 12);
    assert_memory_equal(text.ptr, "ab", 2);
    (void)fclose(file);
}

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX);
    assert_false(file_fill(-1, &text));
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole_or_not_at_all),
        cmocka_unit_test(it_comes_behind_what_is_there),
        cmocka_unit_test(what_cannot_be_read_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
