/* SPDX-License-Identifier: Apache-2.0
 *
 * All settings, a row each: for settings*.c only. Who reads, prints or explains settings walks it.
 */
#ifndef ENGINE_SETTINGS_TABLE_H
#define ENGINE_SETTINGS_TABLE_H

#include "engine/settings.h"

#define SETTING_DAY_MS INT64_C(86400000)

enum setting_kind {
    KIND_SWITCH,
    KIND_TEXT,
    KIND_URL,
    KIND_SECRET,
    KIND_COUNT,
    KIND_DURATION,
    KIND_BYTES,
};

/* Who heeds a setting. */
enum setting_user { ALL, DAEMON };

struct setting {
    const char *name;
    enum setting_user user;
    enum setting_kind kind;
    size_t offset;       /* of the value in struct settings */
    int64_t least;       /* of a number */
    int64_t most;        /* of a number */
    const char *initial; /* as if it had been given; NULL: see `initial_note` */
    const char *initial_note;
    const char *meaning;
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* A URL may hold a password. */
bool setting_is_secret(const struct setting *setting);

/* The setting that a name is nearly; NULL: none. */
const char *setting_guess(struct str name);

/* ---- Numbers, as people write them ---- */

enum { SETTING_NUMBER_SIZE = 32 };

bool setting_is_number(const struct setting *setting);

/* "none" is 0 for the settings whose `initial` is that. */
bool setting_may_be_none(const struct setting *setting);

bool setting_parse_number(const struct setting *setting, struct str text, int64_t *out) MUST_CHECK;

/* In the largest unit that tells it whole: "90s", "16KB", "none". */
void setting_format_number(const struct setting *setting, int64_t value,
                           char out[SETTING_NUMBER_SIZE]);

#endif
