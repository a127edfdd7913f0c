/* SPDX-License-Identifier: Apache-2.0
 *
 * A PostgreSQL database of a test program's own, on the server that ctest's fixture `postgres`
 * started (tests/support/postgres).
 */
#ifndef TESTS_SUPPORT_DATABASE_H
#define TESTS_SUPPORT_DATABASE_H

enum { TEST_IS_SKIPPED = 77 }; /* what such a program's main returns where there is no database */

/* The URL of an empty database, made at the first call and dropped with the server. NULL where no
 * server runs: says so. Valid until the end. */
const char *test_database_url(void);

/* Runs SQL there, several statements if need be; ends the program with the error if it fails. */
void test_database_do(const char *sql);

#endif
