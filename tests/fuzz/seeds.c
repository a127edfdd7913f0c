/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes what the targets start from: the golden rows of the writers' tests, each as an input.
 *
 *     fuzz_seeds DIR    makes DIR/tables, DIR/values and DIR/numbers
 */
#include "base/buf.h"
#include "tests/unit/export_golden.h"

#include <sys/stat.h>

enum { MAX_SEED = 4096 };

static void add_text(struct buf *seed, struct str text)
{
    buf_add_char(seed, (char)text.len);
    buf_add_str(seed, text);
}

static void add_bits(struct buf *seed, const void *bits)
{
    buf_add(seed, bits, sizeof(uint64_t)); /* of a machine whose lowest byte comes first */
}

static bool has_text(const struct value *value)
{
    return value->text.ptr != NULL;
}

static void add_value(struct buf *seed, const struct value *value)
{
    buf_add_char(seed, (char)value->kind);
    if (has_text(value))
        add_text(seed, value->text);
    else if (value->kind == CELL_DOUBLE)
        add_bits(seed, &value->number);
    else if (value->kind == CELL_BOOLEAN)
        buf_add_char(seed, (char)value->integer);
    else if (value->kind != CELL_NULL)
        add_bits(seed, &value->integer);
}

/* As tests/fuzz/fuzz_table.h reads it: a column of any type, and a row. */
static void make_table(struct buf *seed, const struct golden *golden)
{
    const char columns_less_one = 0;
    const char types[] = {COLUMN_ANY, COLUMN_TEXT, 0};
    buf_add(seed, &columns_less_one, 1);
    buf_add(seed, types, sizeof types);
    add_text(seed, STR("c"));
    add_text(seed, STR("Column"));
    buf_add_char(seed, 1);
    add_value(seed, &golden->value);
}

/* As fuzz_pg_values.c does: a type, the same in the file, and how the value prints. */
static void make_value(struct buf *seed, const struct golden *golden)
{
    static const enum column_type types[] = {
        [CELL_NULL] = COLUMN_TEXT,       [CELL_TEXT] = COLUMN_TEXT,
        [CELL_INTEGER] = COLUMN_BIGINT,  [CELL_DOUBLE] = COLUMN_NUMBER,
        [CELL_DECIMAL] = COLUMN_DECIMAL, [CELL_BOOLEAN] = COLUMN_BOOLEAN,
        [CELL_DATE] = COLUMN_DATE,       [CELL_TIMESTAMP] = COLUMN_TIMESTAMP,
        [CELL_JSON] = COLUMN_JSON,       [CELL_BYTES] = COLUMN_BYTES,
        [CELL_ARRAY] = COLUMN_ARRAY,     [CELL_LITERAL] = COLUMN_OTHER,
    };
    char type = (char)types[golden->value.kind];
    buf_add_char(seed, type);
    buf_add_char(seed, type);
    buf_add_str(seed, has_text(&golden->value) ? golden->value.text : str_of(golden->csv));
}

/* As fuzz_numbers.c does. */
static void make_number(struct buf *seed, const struct golden *golden)
{
    enum { DOUBLE, ROUNDED };
    if (golden->value.kind == CELL_DOUBLE) {
        buf_add_char(seed, DOUBLE);
        add_bits(seed, &golden->value.number);
    } else {
        buf_add_char(seed, ROUNDED);
        buf_add_char(seed, 2);
        buf_add_text(seed, golden->csv);
    }
}

static bool write_seed(const char *directory, const char *kind, size_t index,
                       void (*make)(struct buf *seed, const struct golden *golden))
{
    char path[MAX_SEED];
    struct buf seed CLEANUP(buf_done);
    buf_init(&seed, MAX_SEED);
    make(&seed, &golden_rows[index]);
    (void)snprintf(path, sizeof path, "%s/%s", directory, kind);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/%zu", directory, kind, index);
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    bool is_written = fwrite(seed.ptr, 1, seed.len, file) == seed.len;
    return fclose(file) == 0 && is_written && buf_is_ok(&seed);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: fuzz_seeds DIR\n");
        return 2;
    }
    for (size_t i = 0; i < COUNT_OF(golden_rows); i++) {
        if (!write_seed(argv[1], "tables", i, make_table) ||
            !write_seed(argv[1], "values", i, make_value) ||
            !write_seed(argv[1], "numbers", i, make_number)) {
            perror(argv[1]);
            return 1;
        }
    }
    return 0;
}
