/* SPDX-License-Identifier: Apache-2.0
 *
 * What exportqd can be told, from the environment and from flags of the same names: EXPORT_LISTEN
 * is
 * --export-listen, or --listen for short. One table in settings.c has a row per setting; --help,
 * --check and the reading itself walk it. What is unknown or malformed is an error, never ignored.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"

enum settings_action { ACTION_SERVE, ACTION_CHECK, ACTION_HELP, ACTION_VERSION };

/* Values as settings.c's table says; texts live in the arena. Durations are in milliseconds. */
struct settings {
    enum settings_action action;
    bool is_demo;
    bool has_queue;     /* ENABLE_EXPORT_QUEUE */
    bool is_persistent; /* ENABLE_PERSIST_EXPORT */
    struct str database_url;
    struct str source_url;
    struct str types_dir;
    struct str store_url;
    struct str state_dir;
    struct str listen;
    int64_t workers;
    int64_t max_active_per_user;
    int64_t max_attempts;
    int64_t retry_base_ms;
    int64_t retry_cap_ms;
    int64_t retry_jitter_percent;
    struct str download_secret;
    int64_t token_ttl_ms;
    int64_t downloads_per_job;
    int64_t retention_ms;
    int64_t max_rows;
    int64_t max_bytes;
    int64_t job_timeout_ms;
    int64_t drain_timeout_ms;
    int64_t max_message_bytes;
    int64_t max_calls;
    struct str log_level;
};

/* Reads `environ`-like `environment` and the flags; flags win. ERR_INVALID names the setting, its
 * value and what would be accepted. */
bool settings_read(int argc, char *const *argv, char *const *environment, struct arena *arena,
                   struct settings *out, struct err *err) MUST_CHECK;

/* Prints usage and every setting with its meaning and default. */
void settings_print_help(FILE *out);

/* Prints the effective value of every setting, secrets masked: a shell could read it back. */
void settings_print(const struct settings *settings, FILE *out);

#endif
