/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store, for the suites of tests/store.
 */
#include "tests/store/store_kit.h"

const struct store_case store_case = {"memory", store_memory_new, .is_serial = true};

bool store_case_is_here(void)
{
    return true;
}
