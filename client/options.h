/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a command's arguments against a table: --name VALUE, --name=VALUE, -o VALUE, -oVALUE,
 * --flag, -f, -fo VALUE, and words. After "--" all are words.
 *
 *     while ((at = options_next(&options, &value, &err)) != OPTIONS_END)
 *         switch (at) { case OPTION_FORMAT: … case OPTIONS_WORD: … case OPTIONS_BAD: … }
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"

struct option {
    const char *name; /* "--format" */
    char letter;      /* 'o' for -o; 0: none */
    bool has_value;
};

struct options {
    const struct option *table;
    size_t count;
    int argc;
    char *const *argv;
    int at;
    const char *letters; /* of "-fo", those not read yet; NULL or empty: none */
    bool has_only_words; /* "--" was seen */
};

enum { OPTIONS_END = -1, OPTIONS_WORD = -2, OPTIONS_BAD = -3 };

/* The index in the table of the next option, OPTIONS_WORD, OPTIONS_END or OPTIONS_BAD (with an
 * error that says what is wrong). *out_value points into argv. */
int options_next(struct options *options, const char **out_value, struct err *err);

/* A copy of an option's value in the arena; the value itself is wiped, for the list of processes
 * shows it. */
const char *options_take_secret(const char *value, struct arena *arena);

/* Whether the argument is an option of the table, well used or not. */
bool options_knows(const struct options *options, const char *argument);

#endif
