/* SPDX-License-Identifier: Apache-2.0
 *
 * See subscribers.h.
 */
#include "server/subscribers.h"

#include "identity/name.h"
#include "server/convert.h"
#include "webhook/url.h"

static const char setting[] = "EXPORT_WEBHOOK_URLS";

static bool refuse(size_t number, const char *why, struct err *err)
{
    return err_set_field(err, setting,
                         "entry %zu of %s: %s; it takes https://… (told of all jobs) or "
                         "OWNER=https://… (of this owner's), with commas between, or none",
                         number, setting, why);
}

static bool is_url(struct str text)
{
    return str_starts_with(text, STR("https://")) || str_starts_with(text, STR("http://"));
}

/* Before the first "=" that a URL follows is the owner. */
static struct subscriber split(struct str entry)
{
    for (size_t i = 0; i < entry.len; i++) {
        struct str rest = {entry.ptr + i + 1, entry.len - i - 1};
        if (entry.ptr[i] == '=' && is_url(rest))
            return (struct subscriber){str_trim((struct str){entry.ptr, i}), rest};
    }
    return (struct subscriber){.url = entry};
}

static bool has_scheme(struct str text)
{
    const struct str mark = STR("://");
    for (size_t i = 0; i + mark.len <= text.len; i++)
        if (str_equal((struct str){text.ptr + i, mark.len}, mark))
            return true;
    return false;
}

/* A URL with another in its query looks as one of an owner does. */
static bool check_owner(struct str owner, size_t number, struct err *err)
{
    if (has_scheme(owner))
        return refuse(number,
                      "it has two URLs; write the second, in a query, with %3A for its colon", err);
    return name_is_legal(owner) || refuse(number, "it names an owner that nobody can be", err);
}

static bool check(const struct subscriber *one, bool is_of_owner, size_t number,
                  bool allows_private, struct err *err)
{
    struct err why;
    if (is_of_owner && !check_owner(one->owner, number, err))
        return false;
    if (one->url.len > CONVERT_MAX_URL)
        return refuse(number, "its URL has more than 2048 bytes", err);
    return webhook_check_url(one->url, allows_private, "its URL", &why) ||
           refuse(number, why.text, err);
}

static bool is_known(const struct subscribers *known, const struct subscriber *one)
{
    for (size_t i = 0; i < known->count; i++)
        if (str_equal(known->list[i].owner, one->owner) && str_equal(known->list[i].url, one->url))
            return true;
    return false;
}

bool subscribers_read(struct str text, bool allows_private, struct arena *arena,
                      struct subscribers *out, struct err *err)
{
    struct subscriber *list = arena_alloc_array(arena, SUBSCRIBERS_MAX, sizeof *list);
    struct str entry;
    size_t number = 0;
    *out = (struct subscribers){list, 0};
    if (str_equal(text, STR("none")))
        return true;
    while (!str_is_empty(text) && str_next(&text, ',', &entry)) {
        entry = arena_copy_str(arena, str_trim(entry));
        struct subscriber one = split(entry);
        bool is_of_owner = one.url.len < entry.len;
        if (!check(&one, is_of_owner, ++number, allows_private, err))
            return false;
        if (is_known(out, &one))
            continue;
        if (out->count == SUBSCRIBERS_MAX)
            return err_set_field(err, setting, "%s has more than %d entries", setting,
                                 SUBSCRIBERS_MAX);
        list[out->count++] = one;
    }
    return true;
}
