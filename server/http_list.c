/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_list.h.
 */
#include "server/http_list.h"

#include "base/utf8.h"

enum { SHOWN_BYTES = 40 }; /* of a word that there is not */

bool http_list_page_size(struct http_call *call, int32_t *out, struct err *err)
{
    struct str text = {0};
    int64_t size = 0;
    if (http_query(call, "pageSize", &text) &&
        (!str_to_int64(text, &size) || size < 1 || size > INT32_MAX))
        return err_set_field(err, "pageSize", "pageSize has to be a number from 1 to 100");
    *out = (int32_t)size;
    return true;
}

struct str http_list_word(struct http_call *call, const char *name)
{
    char *word = arena_copy_text(http_arena(call), str_of(name));
    for (char *at = word; *at; at++)
        *at = str_lower(*at);
    return str_of(word);
}

static bool refuse_word(struct http_call *call, const char *argument, struct str word,
                        const struct http_list_names *names, struct err *err)
{
    char known[ERR_TEXT_SIZE / 2] = "";
    size_t len = 0;
    for (unsigned i = 0; i < names->count && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%.*s", len ? ", " : "",
                                STR_ARG(http_list_word(call, names->name(i))));
    return err_set_field(err, argument, "%s has \"%.*s\"; it takes one or several, with commas: %s",
                         argument, STR_ARG(utf8_cut(word, SHOWN_BYTES)), known);
}

bool http_list_words(struct http_call *call, const char *argument,
                     const struct http_list_names *names, unsigned *out, struct err *err)
{
    struct str rest = {0};
    struct str word;
    unsigned bits = 0;
    bool is_given = http_query(call, argument, &rest) && !str_is_empty(rest);
    while (is_given && str_next(&rest, ',', &word)) {
        unsigned i = 0;
        while (i < names->count && !str_equal(word, http_list_word(call, names->name(i))))
            i++;
        if (i == names->count)
            return refuse_word(call, argument, word, names, err);
        bits |= BIT(i);
    }
    *out = bits;
    return true;
}
