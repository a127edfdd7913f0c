/* SPDX-License-Identifier: Apache-2.0
 *
 * See options.h.
 */
#include "client/options.h"

#include "base/str.h"

static int find(const struct options *options, struct str name)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        bool is_letter = name.len == 2 && option->letter && name.ptr[1] == option->letter;
        if (is_letter || str_equal(name, str_of(option->name)))
            return (int)i;
    }
    return OPTIONS_BAD;
}

int options_next(struct options *options, const char **out_value, struct err *err)
{
    if (options->at == options->argc)
        return OPTIONS_END;
    const char *text = options->argv[options->at++];
    *out_value = text;
    if (!options->has_only_words && strcmp(text, "--") == 0) {
        options->has_only_words = true;
        return options_next(options, out_value, err);
    }
    if (options->has_only_words || text[0] != '-' || text[1] == '\0')
        return OPTIONS_WORD;
    struct str value = str_of(text);
    struct str name;
    (void)str_next(&value, '=', &name); /* a text is there: it has a first part */
    int at = find(options, name);
    if (at == OPTIONS_BAD) {
        (void)err_set(err, ERR_INVALID, "unknown option %.*s", STR_ARG(name));
        return OPTIONS_BAD;
    }
    bool has_value = options->table[at].has_value;
    *out_value = value.ptr;
    if (has_value && !value.ptr && options->at < options->argc)
        *out_value = options->argv[options->at++];
    if (has_value == (*out_value != NULL))
        return at;
    (void)err_set(err, ERR_INVALID, has_value ? "%s needs a value" : "%s takes no value",
                  options->table[at].name);
    return OPTIONS_BAD;
}

bool options_knows(const struct options *options, const char *argument)
{
    struct str rest = str_of(argument);
    struct str name;
    return str_next(&rest, '=', &name) && find(options, name) != OPTIONS_BAD;
}
