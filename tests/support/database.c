/* SPDX-License-Identifier: Apache-2.0
 *
 * See database.h. The server's URL is read from the file that `tests/support/postgres start` wrote.
 */
#include "tests/support/database.h"

#include "base/mem.h"
#include "pg/pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { URL_SIZE = 256, ANSWER_MS = 60000 };

static char url[URL_SIZE];

static void must(bool is_ok, const struct err *err)
{
    if (is_ok)
        return;
    (void)fprintf(stderr, "the test's database: %s: %s\n", err_code_name(err->code), err->text);
    exit(EXIT_FAILURE);
}

static void do_at(const char *at, const char *sql)
{
    const struct pg_options options = {.url = at, .application_name = "exportq/test"};
    struct pg *pg = NULL;
    struct err err = {0};
    must(pg_open(&options, NULL, &pg, &err) && pg_do(pg, sql, ANSWER_MS, &err), &err);
    pg_close(pg);
}

/* The URL up to the database's name; false where no server runs. */
static bool read_server(char *out, size_t size)
{
    const char *path = getenv("EXPORTQ_POSTGRES_URL_FILE");
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file)
        return false;
    bool is_read = fgets(out, (int)size, file) != NULL;
    (void)fclose(file);
    char *slash = is_read ? strrchr(out, '/') : NULL;
    if (slash)
        slash[1] = '\0';
    return slash != NULL;
}

const char *test_database_url(void)
{
    char server[URL_SIZE / 2];
    char sql[URL_SIZE];
    if (url[0])
        return url;
    if (!read_server(server, sizeof server)) {
        (void)printf("skipped: no PostgreSQL runs for the tests; ctest starts one where it is "
                     "installed\n");
        return NULL;
    }
    int pid = (int)getpid(); /* the server is new, so no other program has this number */
    (void)snprintf(url, sizeof url, "%spostgres", server);
    (void)snprintf(sql, sizeof sql, "drop database if exists test_%d", pid);
    do_at(url, sql);
    (void)snprintf(sql, sizeof sql, "create database test_%d", pid);
    do_at(url, sql);
    (void)snprintf(url, sizeof url, "%stest_%d", server, pid);
    return url;
}

void test_database_do(const char *sql)
{
    do_at(test_database_url(), sql);
}
