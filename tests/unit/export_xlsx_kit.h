/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of xlsx share: a package that was written to a sink, opened and taken apart.
 */
#ifndef TESTS_UNIT_EXPORT_XLSX_KIT_H
#define TESTS_UNIT_EXPORT_XLSX_KIT_H

#include "tests/unit/export_writer_kit.h"

#include "export/package.h"

#include <sys/mman.h>
#include <unistd.h>

struct kit_package {
    struct arena arena;
    struct workbook_part *parts;
    size_t count;
};

/* Opens the bytes as a package; every part must be whole. */
static inline void kit_package_open(struct kit_package *package, struct str bytes)
{
    *package = (struct kit_package){0};
    int file = memfd_create("package", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes.ptr, bytes.len), bytes.len);
    struct str path = arena_printf(&package->arena, "/proc/self/fd/%d", file);
    assert_true(package_read(path.ptr, &package->arena, &package->parts, &package->count));
    assert_int_equal(close(file), 0);
}

static inline void kit_package_close(struct kit_package *package)
{
    arena_done(&package->arena);
}

/* The text of a part; it must be there. */
static inline struct str kit_part(const struct kit_package *package, const char *name)
{
    for (size_t i = 0; i < package->count; i++)
        if (str_equal(package->parts[i].name, str_of(name)))
            return package->parts[i].bytes;
    fail_msg("no part %s", name);
    return (struct str){0};
}

static inline bool kit_has_text(struct str text, const char *wanted)
{
    return memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL;
}

static inline void kit_assert_has(struct str text, const char *wanted)
{
    if (!kit_has_text(text, wanted))
        fail_msg("no <%s> in <%.*s>", wanted, STR_ARG(text));
}

/* What is between two marks of a text. */
static inline struct str kit_between(struct str text, const char *after, const char *before)
{
    const char *begin = memmem(text.ptr, text.len, after, strlen(after));
    assert_non_null(begin);
    begin += strlen(after);
    size_t left = (size_t)(text.ptr + text.len - begin);
    const char *end = memmem(begin, left, before, strlen(before));
    assert_non_null(end);
    return (struct str){begin, (size_t)(end - begin)};
}

/* The cells of a row of the first sheet, as XML. */
static inline struct str kit_row(const struct kit_package *package, int number)
{
    char begin[32];
    (void)snprintf(begin, sizeof begin, "<row r=\"%d\">", number);
    return kit_between(kit_part(package, "xl/worksheets/sheet1.xml"), begin, "</row>");
}

#endif
