/* SPDX-License-Identifier: Apache-2.0
 *
 * See package.h. Read with minizip, which libxlsxwriter itself writes with.
 */
#include "export/package.h"

#include <minizip/unzip.h>

enum { MAX_PARTS = 4096, MAX_NAME = 256, MAX_PART_BYTES = 256 << 20 };

static void close_package(unzFile *file)
{
    if (*file)
        (void)unzClose(*file);
}

/* Whether it ends with the end tag of its root, as what was cut off does not. */
static bool is_whole_xml(struct str xml)
{
    xml = str_trim(xml);
    if (!str_starts_with(xml, STR("<?xml ")))
        return false;
    const char *root = memmem(xml.ptr + 1, xml.len - 1, "<", 1);
    if (!root)
        return false;
    root++;
    size_t left = (size_t)(xml.ptr + xml.len - root);
    size_t len = 0;
    while (len < left && root[len] != ' ' && root[len] != '>')
        len++;
    size_t end = len + 3; /* </root> */
    const char *tail = xml.ptr + xml.len - end;
    return end <= left && memcmp(tail, "</", 2) == 0 && memcmp(tail + 2, root, len) == 0 &&
           tail[end - 1] == '>';
}

static bool read_part(unzFile file, struct arena *arena, struct workbook_part *out)
{
    unz_file_info info;
    char name[MAX_NAME];
    if (unzGetCurrentFileInfo(file, &info, name, sizeof name, NULL, 0, NULL, 0) != UNZ_OK ||
        info.uncompressed_size > MAX_PART_BYTES || unzOpenCurrentFile(file) != UNZ_OK)
        return false;
    size_t len = info.uncompressed_size;
    char *bytes = arena_alloc(arena, len + 1);
    bool is_read = unzReadCurrentFile(file, bytes, (unsigned)len) == (int)len;
    bool is_good = unzCloseCurrentFile(file) == UNZ_OK; /* which compares the checksum */
    *out = (struct workbook_part){arena_copy_str(arena, str_of(name)), {bytes, len}};
    return is_read && is_good && is_whole_xml(out->bytes);
}

bool package_read(const char *path, struct arena *arena, struct workbook_part **out,
                  size_t *out_count)
{
    unzFile file CLEANUP(close_package) = unzOpen(path);
    unz_global_info info;
    if (!file || unzGetGlobalInfo(file, &info) != UNZ_OK || info.number_entry > MAX_PARTS)
        return false;
    size_t count = info.number_entry;
    struct workbook_part *parts = arena_alloc_array(arena, count, sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        int moved = i ? unzGoToNextFile(file) : unzGoToFirstFile(file);
        if (moved != UNZ_OK || !read_part(file, arena, &parts[i]))
            return false;
    }
    *out = parts;
    *out_count = count;
    return true;
}
