/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process takes of the machine, as it says itself.
 */
#include "base/process.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEGABYTE = 1024 * 1024, MUCH = 32 * MEGABYTE, MORE_FILES = 20 };

static void memory_that_is_used_shows(void **state)
{
    (void)state;
    struct process_use before;
    struct process_use after;
    process_read_use(&before);
    char *bytes = mem_alloc(MUCH);
    memset(bytes, 1, MUCH);
    process_read_use(&after);
    free(bytes);
    assert_true(before.resident_bytes > MEGABYTE);
    assert_true(after.resident_bytes >= before.resident_bytes + MUCH - MEGABYTE);
}

/* A process whose memory is for no debugger may still count what is its own. */
static void open_files_are_counted_also_without_dumps(void **state)
{
    (void)state;
    struct process_use before;
    struct process_use after;
    int files[MORE_FILES];
    assert_int_equal(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 0);
    process_read_use(&before);
    for (int i = 0; i < MORE_FILES; i++)
        files[i] = dup(STDERR_FILENO);
    process_read_use(&after);
    for (int i = 0; i < MORE_FILES; i++)
        (void)close(files[i]);
    assert_true(before.open_files >= 3);
    assert_int_equal(after.open_files, before.open_files + MORE_FILES);
    assert_true(after.most_files > after.open_files);
}

static void it_started_a_moment_ago_and_has_worked(void **state)
{
    (void)state;
    struct process_use use;
    process_read_use(&use);
    double age_s = (double)time(NULL) - use.started_s;
    assert_true(age_s > -2 && age_s < 600);
    assert_true(use.cpu_seconds > 0 && use.cpu_seconds < 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_used_shows),
        cmocka_unit_test(open_files_are_counted_also_without_dumps),
        cmocka_unit_test(it_started_a_moment_ago_and_has_worked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
