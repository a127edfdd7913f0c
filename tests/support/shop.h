/* SPDX-License-Identifier: Apache-2.0
 *
 * A small world for tests of the worker: a SQLite database of a shop, type files, a file store, all
 * in a directory of their own that goes when the test ends.
 */
#ifndef TESTS_SUPPORT_SHOP_H
#define TESTS_SUPPORT_SHOP_H

#include "worker/runner.h"

struct shop {
    char directory[64];
    struct source *source;
    struct catalog *catalog;
    struct files *files;
    struct runner runner;
};

/* Types: `orders` (owner's; id, item, amount; filter minAmount, state; 1,000 rows of owner "ann"),
 * `endless` (rows without end), `silent` (works without end and never gives a row), `broken` (fails
 * in row 3). Fails the test if anything cannot be made. */
void shop_open(struct shop *shop);
void shop_close(struct shop *shop);

/* How many files the store holds, finished or not. */
size_t shop_count_files(const struct shop *shop);

#endif
