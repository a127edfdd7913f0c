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
        bool is_letter =
            name.len == 2 && name.ptr[0] == '-' && option->letter && name.ptr[1] == option->letter;
        if (is_letter || str_equal(name, str_of(option->name)))
            return (int)i;
    }
    return OPTIONS_BAD;
}

/* The option is known; gives its value, which is the next argument if none is attached to it. */
static int take(struct options *options, int at, const char *attached, const char **out_value,
                struct err *err)
{
    bool has_value = options->table[at].has_value;
    *out_value = attached;
    if (has_value && !attached && options->at < options->argc)
        *out_value = options->argv[options->at++];
    if (has_value == (*out_value != NULL))
        return at;
    (void)err_set(err, ERR_INVALID, has_value ? "%s needs a value" : "%s takes no value",
                  options->table[at].name);
    return OPTIONS_BAD;
}

/* What follows the letter of an option with a value is the value, else more letters. */
static int next_letter(struct options *options, const char **out_value, struct err *err)
{
    const char name[] = {'-', options->letters[0]};
    const char *rest = options->letters + 1;
    int at = find(options, (struct str){name, sizeof name});
    if (at == OPTIONS_BAD) {
        (void)err_set(err, ERR_INVALID, "unknown option -%s", options->letters);
        return OPTIONS_BAD;
    }
    bool is_value = rest[0] == '=' || (options->table[at].has_value && rest[0]);
    options->letters = is_value ? NULL : rest;
    return take(options, at, is_value ? rest + (rest[0] == '=') : NULL, out_value, err);
}

int options_next(struct options *options, const char **out_value, struct err *err)
{
    if (options->letters && options->letters[0])
        return next_letter(options, out_value, err);
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
    if (text[1] != '-') {
        options->letters = text + 1;
        return next_letter(options, out_value, err);
    }
    struct str value = str_of(text);
    struct str name;
    (void)str_next(&value, '=', &name); /* a text is there: it has a first part */
    int at = find(options, name);
    if (at != OPTIONS_BAD)
        return take(options, at, value.ptr, out_value, err);
    (void)err_set(err, ERR_INVALID, "unknown option %.*s", STR_ARG(name));
    return OPTIONS_BAD;
}

bool options_knows(const struct options *options, const char *argument)
{
    struct str rest = str_of(argument);
    struct str name;
    return str_next(&rest, '=', &name) && find(options, name) != OPTIONS_BAD;
}

const char *options_take_secret(const char *value, struct arena *arena)
{
    const char *copy = arena_copy_text(arena, str_of(value));
    explicit_bzero((char *)value,
                   strlen(value)); /* argv's texts may be written to (C11, 5.1.2.2.1) */
    return copy;
}
