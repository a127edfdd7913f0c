/* SPDX-License-Identifier: Apache-2.0
 *
 * See workbook.h. libxlsxwriter writes a small package, all but the rows, into memory; package.c
 * takes it apart.
 */
#include "export/workbook.h"

#include "export/package.h"

#include <assert.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum { PATH_SIZE = 64, SHEET_NAME_MAX = WORKBOOK_SHEET_NAME_SIZE - 1, SUFFIX_SIZE = 24 };

/* libxlsxwriter uses gmtime, which has one result for all threads. */
static pthread_mutex_t gmtime_lock = PTHREAD_MUTEX_INITIALIZER;

static bool no_room(struct err *err)
{
    return err_set(
        err, ERR_STORE_UNAVAILABLE,
        "the xlsx workbook could not be made: its temporary files, some 20 KB in TMPDIR, "
        "or memory for them, had no room; the server's operator should make some");
}

void workbook_sheet_name(struct str name, size_t index, char out[WORKBOOK_SHEET_NAME_SIZE])
{
    char suffix[SUFFIX_SIZE] = "";
    if (index > 0)
        (void)snprintf(suffix, sizeof suffix, " (%zu)", index + 1);
    size_t max = SHEET_NAME_MAX - strlen(suffix);
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < max; i++) {
        char c = name.ptr[i];
        bool is_plain =
            (unsigned char)c >= ' ' && (unsigned char)c < 0x7F && !strchr("[]:*?/\\'", c);
        out[len++] = is_plain ? c : '_';
    }
    if (len == 0)
        out[len++] = '_';
    memcpy(out + len, suffix, strlen(suffix) + 1);
    if (str_equal_nocase(str_of(out), STR("History"))) /* Excel keeps it for itself */
        memcpy(out + len, "_", 2);
}

/* ---- Making ---- */

static void add_styles(lxw_workbook *book, const struct workbook *workbook)
{
    for (int style = STYLE_HEADER; style < STYLE_COUNT; style++) {
        const char *format = workbook->formats[style];
        if (style != STYLE_HEADER && !format[0])
            continue;
        lxw_format *made = workbook_add_format(book);
        if (style == STYLE_HEADER)
            format_set_bold(made);
        else
            format_set_num_format(made, format);
        int index = lxw_format_get_xf_index(made); /* which also puts it into styles.xml */
        assert(index == style);
    }
}

static bool add_sheet(lxw_workbook *book, const struct workbook *workbook, size_t index)
{
    char name[WORKBOOK_SHEET_NAME_SIZE];
    workbook_sheet_name(workbook->name, index, name);
    lxw_worksheet *sheet = workbook_add_worksheet(book, name);
    if (!sheet)
        return false;
    lxw_col_t last_column = (lxw_col_t)(workbook->column_count - 1);
    lxw_row_t last_row = (lxw_row_t)(workbook->sheet_rows[index] - 1);
    worksheet_freeze_panes(sheet, 1, 0);
    bool is_good = worksheet_autofilter(sheet, 0, 0, last_row, last_column) == LXW_NO_ERROR;
    for (lxw_col_t i = 0; index == 0 && i <= last_column; i++) {
        lxw_error error = worksheet_set_column(sheet, i, i, workbook->widths[i], NULL);
        is_good = is_good && error == LXW_NO_ERROR;
    }
    return is_good;
}

/* Writes the package to a path; frees the book in every case. */
static bool make_book(const struct workbook *workbook, const char *path)
{
    lxw_workbook_options options = {.constant_memory = LXW_FALSE};
    lxw_workbook *book = workbook_new_opt(path, &options);
    if (!book)
        return false;
    char title[WORKBOOK_SHEET_NAME_SIZE];
    workbook_sheet_name(workbook->name, 0, title);
    int64_t created = workbook->created_ms / 1000;
    lxw_doc_properties properties = {.title = title, .created = created > 0 ? created : 1};
    bool is_good = workbook_set_properties(book, &properties) == LXW_NO_ERROR;
    add_styles(book, workbook);
    for (size_t i = 0; i < workbook->sheet_count; i++)
        is_good = is_good && add_sheet(book, workbook, i);
    return workbook_close(book) == LXW_NO_ERROR && is_good;
}

/* libxlsxwriter prints numbers as the thread's locale has them; XML wants a point. */
static bool make_book_alone(const struct workbook *workbook, const char *path)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        return false;
    locale_t usual = uselocale(plain);
    (void)pthread_mutex_lock(&gmtime_lock);
    bool is_made = make_book(workbook, path);
    (void)pthread_mutex_unlock(&gmtime_lock);
    (void)uselocale(usual);
    freelocale(plain);
    return is_made;
}

/* ---- Taking apart ---- */

static bool is_sheet(struct str name)
{
    return str_starts_with(name, STR("xl/worksheets/"));
}

static bool read_book(const char *path, struct arena *arena, struct workbook_parts *out)
{
    struct workbook_parts parts = {0};
    struct workbook_part *all = NULL;
    size_t count = 0;
    if (!package_read(path, arena, &all, &count))
        return false;
    parts.parts = arena_alloc_array(arena, count, sizeof *parts.parts);
    for (size_t i = 0; i < count; i++) {
        if (!is_sheet(all[i].name))
            parts.parts[parts.count++] = all[i];
        else if (!parts.sheet.name.len)
            parts.sheet = all[i];
    }
    *out = parts;
    return parts.sheet.name.len > 0;
}

bool workbook_make(const struct workbook *workbook, struct arena *arena, struct workbook_parts *out,
                   struct err *err)
{
    assert(workbook->column_count > 0 && workbook->sheet_count > 0);
    int file = memfd_create("exportq-workbook", MFD_CLOEXEC);
    if (file < 0)
        return no_room(err);
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    bool is_good = make_book_alone(workbook, path) && read_book(path, arena, out);
    (void)close(file);
    return is_good || no_room(err);
}
