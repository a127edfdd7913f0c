/* SPDX-License-Identifier: Apache-2.0
 *
 * See shop.h.
 */
#include "tests/support/shop.h"

#include "export/sqlite_script.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const char schema[] =
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, owner TEXT, item TEXT, amount REAL, state TEXT);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    "INSERT INTO orders SELECT i, 'ann', 'item ' || i, i / 4.0, "
    "CASE i % 2 WHEN 0 THEN 'OPEN' ELSE 'CLOSED' END FROM n;"
    "INSERT INTO orders VALUES (2000, 'bob', 'not yours', 1, 'OPEN');";

static const struct {
    const char *name;
    const char *text;
} types[] = {
    {"orders.sql", "-- title: Orders\n"
                   "-- filter minAmount number: At least this amount\n"
                   "-- filter state enum(OPEN, CLOSED): State\n"
                   "-- not default: state\n"
                   "SELECT id, item, amount, state FROM orders WHERE owner = :owner\n"
                   "AND (:minAmount IS NULL OR amount >= :minAmount)\n"
                   "AND (:state IS NULL OR state = :state) ORDER BY id\n"},
    {"endless.sql", "-- title: Endless\n-- shared\n"
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)\n"
                    "SELECT i FROM n\n"},
    {"silent.sql", "-- title: Silent\n-- shared\n"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)\n"
                   "SELECT i FROM n WHERE i < 0\n"},
    {"broken.sql", "-- title: Broken\n-- shared\n-- column day date: Day\n"
                   "SELECT column1 AS day FROM "
                   "(VALUES ('2025-01-01'), ('2025-01-02'), ('no day at all'))\n"},
};

static void write_text(const char *directory, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/types/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_database(const char *path)
{
    struct sqlite_script *script = NULL;
    struct err err = {0};
    assert_true(sqlite_script_open(path, &script, &err));
    assert_true(sqlite_script_run(script, str_of(schema), &err));
    assert_true(sqlite_script_finish(script, &err));
    sqlite_script_free(script);
}

void shop_open(struct shop *shop)
{
    *shop = (struct shop){.directory = "/tmp/exportq-shop-XXXXXX"};
    assert_non_null(mkdtemp(shop->directory));
    char path[128];
    char url[160];
    struct err err = {0};
    (void)snprintf(path, sizeof path, "%s/types", shop->directory);
    (void)snprintf(url, sizeof url, "mkdir '%s'", path);
    assert_int_equal(system(url), 0); // NOLINT(cert-env33-c,concurrency-mt-unsafe)
    for (size_t i = 0; i < COUNT_OF(types); i++)
        write_text(shop->directory, types[i].name, types[i].text);
    (void)snprintf(path, sizeof path, "%s/shop.db", shop->directory);
    make_database(path);
    (void)snprintf(url, sizeof url, "sqlite:%s", path);
    assert_true(source_open(str_of(url), &shop->source, &err));
    (void)snprintf(path, sizeof path, "%s/types", shop->directory);
    if (!catalog_load(path, shop->source, &shop->catalog, &err))
        fail_msg("%s", err.text);
    (void)snprintf(url, sizeof url, "file:%s/files", shop->directory);
    assert_true(files_open_store(str_of(url), &(struct files_options){.sharing = FILES_EXCLUSIVE},
                                 &shop->files, &err));
    shop->runner =
        (struct runner){.catalog = shop->catalog, .source = shop->source, .files = shop->files};
}

void shop_close(struct shop *shop)
{
    files_close_store(shop->files);
    catalog_free(shop->catalog);
    source_close(shop->source);
    char command[160];
    (void)snprintf(command, sizeof command, "rm -r '%s'", shop->directory);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c,concurrency-mt-unsafe)
}

size_t shop_count_files(const struct shop *shop)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/files", shop->directory);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    size_t count = 0;
    for (struct dirent *entry = readdir(directory); entry; // NOLINT(concurrency-mt-unsafe)
         entry = readdir(directory))                       // NOLINT(concurrency-mt-unsafe)
        count += entry->d_name[0] != '.';
    (void)closedir(directory);
    return count;
}
