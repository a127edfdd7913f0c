/* SPDX-License-Identifier: Apache-2.0
 *
 * Three built-in types count money, each with SQL of its own, for a type is one file. They must
 * take it to cents alike, or a day would not be the sum of its trades.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_BYTES = 64 * 1024 };

static const char *const types[] = {"trades", "dailyPnl", "tagPerformance"};

/* From the first to the last line of what is to be the same. */
static const struct {
    const char *from;
    const char *to;
} parts[] = {
    {"-- # Realized PnL is the double", "do not fit an integer.\n"},
    {"(t.\"exitPrice\" - t.\"entryPrice\")", "AS \"pnl\"\n"},
    {"digits AS (\n", "FROM digits\n),\nrounded AS"},
    {"    SELECT *,\n           CASE WHEN \"pnl\" < 0", "AS \"cents\"\n    FROM scaled\n)"},
};

static void read_type(const char *name, struct buf *out)
{
    const char *root = getenv("EXPORTQ_SOURCE_DIR"); // NOLINT(concurrency-mt-unsafe)
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/sql/types/sqlite/%s.sql", root ? root : ".", name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot read %s", path);
    buf_init(out, MAX_BYTES);
    char *room = buf_reserve(out, MAX_BYTES);
    buf_commit(out, fread(room, 1, MAX_BYTES, file));
    assert_int_equal(fclose(file), 0);
}

static struct str part_of(const struct buf *text, size_t part, const char *name)
{
    const char *from = strstr(text->ptr, parts[part].from);
    const char *to = from ? strstr(from, parts[part].to) : NULL;
    if (!to)
        fail_msg("%s.sql has no <%s … %s>", name, parts[part].from, parts[part].to);
    return (struct str){from, (size_t)(to - from) + strlen(parts[part].to)};
}

static void all_three_types_take_money_to_cents_in_the_same_words(void **state)
{
    (void)state;
    struct buf first CLEANUP(buf_done);
    read_type(types[0], &first);
    for (size_t i = 1; i < COUNT_OF(types); i++) {
        struct buf text CLEANUP(buf_done);
        read_type(types[i], &text);
        for (size_t part = 0; part < COUNT_OF(parts); part++) {
            struct str want = part_of(&first, part, types[0]);
            struct str have = part_of(&text, part, types[i]);
            if (!str_equal(want, have))
                fail_msg("%s.sql has\n%.*s\nand %s.sql\n%.*s", types[0], STR_ARG(want), types[i],
                         STR_ARG(have));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_types_take_money_to_cents_in_the_same_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
