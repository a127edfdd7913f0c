/* SPDX-License-Identifier: Apache-2.0
 *
 * The conformance suite: what queue/store.h promises, of every store.
 */
#include "base/mem.h"
#include "tests/store/store_kit.h"

static const struct {
    const char *name;
    const struct store_test *tests;
} suites[] = {
    {"jobs", suite_jobs},
    {"claims", suite_claims},
    {"settling", suite_settling},
    {"time", suite_time},
    {"downloads", suite_downloads},
    {"audit", suite_audit},
    {"outbox", suite_outbox},
    {"deliveries", suite_deliveries},
    {"subscribers", suite_subscribers},
    {"threads", suite_threads},
};

static int run(size_t suite)
{
    const struct store_test *tests = suites[suite].tests;
    size_t count = 0;
    while (tests[count].name)
        count++;
    struct CMUnitTest *units CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *units);
    for (size_t i = 0; i < count; i++)
        units[i] = (struct CMUnitTest){tests[i].name, tests[i].run, world_begin, world_end,
                                       (void *)(uintptr_t)&store_case};
    char name[64];
    (void)snprintf(name, sizeof name, "%s: %s", store_case.name, suites[suite].name);
    return _cmocka_run_group_tests(name, units, count, NULL, NULL);
}

int main(void)
{
    int failed = 0;
    if (!store_case_is_here())
        return STORE_CASE_IS_SKIPPED;
    for (size_t suite = 0; suite < COUNT_OF(suites); suite++)
        failed += run(suite);
    return failed;
}
