/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings_table.h: which setting somebody may have meant, by how many letters are to be added,
 * dropped or changed.
 */
#include "engine/settings_table.h"

enum { NAME_MAX_LETTERS = 48, TYPOS_MAX = 2 };

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance of two names, neither longer than NAME_MAX_LETTERS. */
static size_t distance(struct str a, struct str b)
{
    size_t row[NAME_MAX_LETTERS + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, corner + (a.ptr[i - 1] != b.ptr[j - 1]));
            corner = above;
        }
    }
    return row[b.len];
}

const char *setting_guess(struct str name)
{
    const char *best = NULL;
    size_t least = TYPOS_MAX + 1;
    for (size_t i = 0; i < settings_count && name.len <= NAME_MAX_LETTERS; i++) {
        struct str known = str_of(settings_table[i].name);
        size_t typos = known.len <= NAME_MAX_LETTERS ? distance(name, known) : least;
        if (typos < least) {
            least = typos;
            best = known.ptr;
        }
    }
    return best;
}
