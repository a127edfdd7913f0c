/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a type file: what is taken has a title, names that are legal and each but once, and
 * lines that are in the file; the parameters found in its SQL are what is replaced in it, and no
 * more. Then SQLite is asked what it thinks of the SELECT. The input is the file.
 */
#include "base/utf8.h"
#include "export/source.h"
#include "export/source_pg_sql.h"
#include "export/sqlite_script.h"
#include "export/type.h"
#include "export/type_check.h"
#include "tests/fuzz/fuzz_input.h"

#include <unistd.h>

static struct source *source;
static char directory[] = "/tmp/exportq-fuzz-XXXXXX";

static struct str print_path(struct arena *arena, const char *before)
{
    return arena_printf(arena, "%s%s/source.db", before, directory);
}

static void remove_database(void)
{
    struct arena arena = {0};
    source_close(source);
    (void)unlink(print_path(&arena, "").ptr);
    (void)rmdir(directory);
    arena_done(&arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct arena arena = {0};
    struct err err = {0};
    struct sqlite_script *script = NULL;
    const struct str sql = STR("CREATE TABLE t (a INTEGER, b TEXT, c REAL, d BLOB, owner TEXT)");
    bool is_made = mkdtemp(directory) &&
                   sqlite_script_open(print_path(&arena, "").ptr, &script, &err) &&
                   sqlite_script_run(script, sql, &err) && sqlite_script_finish(script, &err);
    sqlite_script_free(script);
    fuzz_require(is_made && source_open(print_path(&arena, "sqlite:"), &source, &err),
                 "there is a database", str_of(err.text));
    arena_done(&arena);
    return atexit(remove_database);
}

/* ---- The header ---- */

static unsigned count_lines(struct str text)
{
    unsigned lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static void check_filters(const struct export_type *type)
{
    for (size_t i = 0; i < type->filter_count; i++) {
        const struct filter *filter = &type->filters[i];
        fuzz_require(export_type_name_is_legal(filter->name), "a filter's name", filter->name);
        fuzz_require(export_type_filter(type, filter->name) == filter, "one filter of a name",
                     filter->name);
        fuzz_require(filter->description.len > 0, "a filter is described", filter->name);
        fuzz_require(filter->line >= 1 && filter->line <= type->sql_line, "its line", filter->name);
        fuzz_require((filter->type == FILTER_ENUM) == (filter->choice_count > 0),
                     "an enum, and only that, has choices", filter->name);
        for (size_t k = 0; k < filter->choice_count; k++) {
            struct str choice = filter->choices[k];
            fuzz_require_equal(choice, str_trim(choice), "a choice has no blanks around it");
            fuzz_require(choice.len > 0, "a choice is no empty text", filter->name);
        }
    }
}

static void check_notes(const struct export_type *type)
{
    for (size_t i = 0; i < type->note_count; i++) {
        const struct column_note *note = &type->notes[i];
        fuzz_require(export_type_name_is_legal(note->name), "a column's name", note->name);
        fuzz_require(type_note_of(type, note->name) == note, "one note on a column", note->name);
        fuzz_require(note->line >= 1 && note->line <= type->sql_line, "its line", note->name);
    }
}

static void check_type(const struct export_type *type, struct str text)
{
    fuzz_require(type->title.len > 0, "a type has a title", text);
    fuzz_require(type->sql.len > 0 && type->sql.ptr[type->sql.len] == '\0', "SQL ends", text);
    fuzz_require(text.len >= type->sql.len &&
                     memcmp(text.ptr + text.len - type->sql.len, type->sql.ptr, type->sql.len) == 0,
                 "the SQL is the end of the file", text);
    struct str header = {text.ptr, text.len - type->sql.len};
    fuzz_require(type->sql_line == count_lines(header), "the SQL's line", type->sql);
    check_filters(type);
    check_notes(type);
}

/* ---- Parameters ---- */

/* What is printed is the SQL but for its holes, and each is found again where it was printed. */
static void check_print(struct pg_sql *sql)
{
    struct buf out CLEANUP(buf_done);
    struct buf back CLEANUP(buf_done);
    buf_init(&out, SIZE_MAX);
    buf_init(&back, SIZE_MAX);
    for (size_t i = 0; i < sql->hole_count; i++)
        sql->holes[i].slot = i * 7;
    const struct str before = STR("EXPLAIN ä ");
    pg_sql_locate(sql, before, &out);
    struct str printed = buf_str(&out);
    size_t at = before.len;
    for (size_t i = 0; i < sql->hole_count; i++) {
        const struct pg_hole *hole = &sql->holes[i];
        buf_add(&back, printed.ptr + at, hole->place - at);
        buf_add(&back, sql->text.ptr + hole->begin, hole->end - hole->begin);
        at = hole->place + hole->width;
        struct str prefix = {printed.ptr, hole->place};
        int position = 1;
        for (size_t k = 0; k < prefix.len; k++)
            position += ((unsigned char)prefix.ptr[k] & 0xC0) != 0x80;
        struct pg_hole *found = NULL;
        size_t offset = pg_sql_find(sql, printed, position, &found);
        fuzz_require(found == hole && offset == hole->begin, "a hole is found again", sql->text);
    }
    buf_add(&back, printed.ptr + at, printed.len - at);
    fuzz_require_equal(buf_str(&back), sql->body, "only holes are replaced");
}

static void check_sql(const struct export_type *type, struct arena *arena)
{
    struct pg_sql sql;
    pg_sql_scan(type->sql, arena, &sql);
    size_t len = type->sql.len;
    fuzz_require(sql.body.ptr == type->sql.ptr && sql.body.len <= len, "a body", type->sql);
    fuzz_require(sql.first <= len && sql.tail <= len && sql.numbered <= len, "places", type->sql);
    fuzz_require(sql.body.len == len || sql.body.ptr[sql.body.len] == ';', "its end", type->sql);
    size_t at = 0;
    for (size_t i = 0; i < sql.hole_count; i++) {
        const struct pg_hole *hole = &sql.holes[i];
        fuzz_require(hole->begin >= at && hole->end <= sql.body.len, "holes in order", type->sql);
        fuzz_require(sql.text.ptr[hole->begin] == ':', "a hole begins with a colon", type->sql);
        struct str name = pg_sql_name(&sql, hole);
        bool is_plain = name.len > EXPORT_TYPE_MAX_NAME || export_type_name_is_legal(name);
        fuzz_require(is_plain, "a parameter's name", name);
        size_t filter = SIZE_MAX;
        enum parameter_kind kind = parameter_find(type, name, &filter);
        bool is_filter = kind == PARAMETER_FILTER || kind == PARAMETER_FILTER_END;
        fuzz_require(!is_filter || filter < type->filter_count, "a filter's parameter", name);
        at = hole->end;
    }
    check_print(&sql);
}

/* ---- SQLite ---- */

static void check_refusal(const struct err *err, struct str text)
{
    struct str told = str_of(err->text);
    fuzz_require(utf8_valid_prefix(told.ptr, told.len) == told.len, "an error is text", told);
    unsigned long line = 0;
    if (err->code != ERR_INVALID)
        return;
    fuzz_require(str_starts_with(told, STR("fuzz.sql:")), "an error names the file", told);
    line = strtoul(told.ptr + STR("fuzz.sql:").len, NULL, 10);
    fuzz_require(line >= 1 && line <= count_lines(text), "an error names a line of it", told);
}

static void check_describe(const struct export_type *type, struct arena *arena, struct str text)
{
    struct err err = {0};
    const struct column *columns = NULL;
    size_t count = 0;
    if (!source_describe(source, type, arena, &columns, &count, &err)) {
        check_refusal(&err, text);
        return;
    }
    fuzz_require(count > 0, "a SELECT has columns", type->sql);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            fuzz_require(!str_equal(columns[i].name, columns[k].name), "one of a name",
                         columns[i].name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct str text = fuzz_rest(&input);
    struct arena arena = {0};
    struct export_type type;
    struct err err = {0};
    if (export_type_parse(STR("fuzz"), text, &arena, &type, &err)) {
        check_type(&type, text);
        check_sql(&type, &arena);
        check_describe(&type, &arena, text);
    } else {
        fuzz_require(err.code == ERR_INVALID, "a mistake is the author's", str_of(err.text));
        check_refusal(&err, text);
    }
    arena_done(&arena);
    return 0;
}
