/* SPDX-License-Identifier: Apache-2.0
 *
 * See catalog.h. The types and all they point to live in one arena.
 */
#include "export/catalog.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct catalog {
    struct arena arena;
    struct export_type *types;
    size_t count;
};

static const char suffix[] = ".sql";
enum { SUFFIX_LEN = sizeof suffix - 1 };

/* NAME.sql, and not hidden; also NAME.SQL, which load_type() refuses, lest it be left out in
 * silence. */
static int is_type_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > SUFFIX_LEN &&
           str_equal_nocase(str_of(entry->d_name + len - SUFFIX_LEN), str_of(suffix));
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

/* The whole file, or one byte more than a type file may have. */
static bool read_file(int directory_fd, const char *name, struct buf *out, struct err *err)
{
    int fd CLEANUP(close_fd) = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, ERR_INVALID, "%s: cannot be opened: %s; let this user read it", name,
                       strerrordesc_np(errno));
    return file_fill(fd, out) || errno == EFBIG ||
           err_set(err, ERR_INVALID, "%s: cannot be read: %s", name, strerrordesc_np(errno));
}

static bool load_type(struct catalog *catalog, int directory_fd, const char *file,
                      struct source *source, struct err *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, EXPORT_TYPE_MAX_BYTES + 1);
    if (strcmp(file + strlen(file) - SUFFIX_LEN, suffix) != 0)
        return err_set(err, ERR_INVALID, "%s: a type file ends in %s, in small letters; rename it",
                       file, suffix);
    if (!read_file(directory_fd, file, &text, err))
        return false;
    struct str name = {file, strlen(file) - SUFFIX_LEN};
    struct export_type type;
    if (!export_type_parse(name, buf_str(&text), &catalog->arena, &type, err) ||
        !source_describe(source, &type, &catalog->arena, &type.columns, &type.column_count, err))
        return false;
    catalog->types[catalog->count++] = type;
    return true;
}

/* The type files of a directory. */
struct listing {
    int directory_fd;
    struct dirent **entries;
    size_t count;
};

/* With a listener it goes on after a file that is refused; not without the source. */
static bool load_all(struct catalog *catalog, const struct listing *listing, struct source *source,
                     const struct catalog_listener *listener, struct err *err)
{
    struct err last = {0};
    catalog->types = arena_alloc_array(&catalog->arena, listing->count, sizeof *catalog->types);
    for (size_t i = 0; i < listing->count; i++) {
        struct err refusal = {0};
        if (load_type(catalog, listing->directory_fd, listing->entries[i]->d_name, source,
                      &refusal))
            continue;
        if (last.code)
            listener->refused(listener->target, &last);
        last = refusal;
        if (!listener || last.code != ERR_INVALID)
            break;
    }
    if (last.code)
        *err = last;
    return !last.code;
}

/* `listener` NULL: ends at the first that is refused. */
static bool load(const char *directory, struct source *source,
                 const struct catalog_listener *listener, struct catalog **out, struct err *err)
{
    int fd CLEANUP(close_fd) = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent **entries = NULL;
    int found = fd < 0 ? -1 : scandirat(fd, ".", &entries, is_type_file, compare_names);
    if (found < 0) {
        return err_set_field(err, "EXPORT_TYPES_DIR",
                             "the types directory %s cannot be read: %s; set EXPORT_TYPES_DIR to "
                             "one with the export types, NAME.sql",
                             directory, strerrordesc_np(errno));
    }
    struct catalog *catalog = mem_new(struct catalog);
    const struct listing listing = {fd, entries, (size_t)found};
    bool is_loaded =
        found > 0
            ? load_all(catalog, &listing, source, listener, err)
            : err_set_field(err, "EXPORT_TYPES_DIR",
                            "the types directory %s has no .sql file; an export type is one, which "
                            "docs/type-files.md describes",
                            directory);
    for (int i = 0; i < found; i++)
        free(entries[i]);
    free(entries);
    if (!is_loaded) {
        catalog_free(catalog);
        return false;
    }
    *out = catalog;
    return true;
}

bool catalog_load(const char *directory, struct source *source, struct catalog **out,
                  struct err *err)
{
    return load(directory, source, NULL, out, err);
}

bool catalog_try(const char *directory, struct source *source,
                 const struct catalog_listener *listener, struct err *err)
{
    struct catalog *catalog = NULL;
    bool is_fine = load(directory, source, listener, &catalog, err);
    if (is_fine)
        catalog_free(catalog);
    return is_fine;
}

void catalog_free(struct catalog *catalog)
{
    if (!catalog)
        return;
    arena_done(&catalog->arena);
    free(catalog);
}

size_t catalog_count(const struct catalog *catalog)
{
    return catalog->count;
}

const struct export_type *catalog_at(const struct catalog *catalog, size_t index)
{
    return &catalog->types[index];
}

const struct export_type *catalog_find(const struct catalog *catalog, struct str name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (str_equal(catalog->types[i].name, name))
            return &catalog->types[i];
    }
    return NULL;
}
