/* SPDX-License-Identifier: Apache-2.0
 *
 * See key.h.
 */
#include "files/key.h"

#include "base/digest.h"

#include <assert.h>

static const char digits[] = "0123456789";
static const char hex_digits[] = "0123456789abcdef";
static const char uuid_digits[] = "0123456789abcdef-"; /* uuid_parse reads upper case, too */

void file_key_make(const struct file_key *of, char out[FILE_KEY_SIZE])
{
    char id[UUID_TEXT_LEN + 1];
    uint32_t random = 0;
    assert(of->attempt >= 0);
    uuid_format(of->job, id);
    digest_random(&random, sizeof random);
    (void)snprintf(out, FILE_KEY_SIZE, "%s.%d.%0*x", id, (int)of->attempt, FILE_KEY_RANDOM_LEN,
                   random);
}

static bool is_made_of(struct str text, struct str characters)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr(characters.ptr, text.ptr[i], characters.len))
            return false;
    }
    return true;
}

bool file_key_parse(struct str key, struct file_key *out)
{
    struct str rest = key;
    struct str id;
    struct str attempt;
    int64_t number = 0;
    if (!str_next(&rest, '.', &id) || !str_next(&rest, '.', &attempt) ||
        rest.len != FILE_KEY_RANDOM_LEN || !is_made_of(rest, STR(hex_digits)))
        return false;
    if (!is_made_of(id, STR(uuid_digits)) || !uuid_parse(id, &out->job) ||
        attempt.len > FILE_KEY_ATTEMPT_MAX_LEN || !is_made_of(attempt, STR(digits)) ||
        !str_to_int64(attempt, &number) || number > INT32_MAX)
        return false;
    out->attempt = (int32_t)number;
    return true;
}
