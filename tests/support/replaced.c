/* SPDX-License-Identifier: Apache-2.0
 *
 * See replaced.h.
 */
#include "tests/support/replaced.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void replace_file(const char *path, const void *bytes, size_t len)
{
    char beside[PATH_MAX];
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(beside, path), 0);
}

void replace_file_by_text(const char *path, const char *text)
{
    replace_file(path, text, strlen(text));
}
