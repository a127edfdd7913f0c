/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs can be told, from the environment and from flags of the same names:
 * EXPORT_LISTEN is --export-listen, or --listen for short. One table, settings_table.c, has a row
 * per setting; --help, --check and the reading itself walk it. What is unknown or malformed is an
 * error, never ignored. All programs take all settings, so that one environment serves them all.
 */
#ifndef ENGINE_SETTINGS_H
#define ENGINE_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"

enum settings_action {
    ACTION_SERVE,
    ACTION_CHECK,
    ACTION_MIGRATE,
    ACTION_LOAD_DEMO,
    ACTION_HELP_METRICS,
    ACTION_HELP,
    ACTION_VERSION,
};

enum program { PROGRAM_EXPORTQD, PROGRAM_WORKER };

/* "exportqd", "exportq-worker". */
const char *program_name(enum program program);

/* Values as settings_table.c says; texts live in the arena. Durations are in milliseconds. */
struct settings {
    enum settings_action action;
    bool is_demo;
    bool has_queue;     /* ENABLE_EXPORT_QUEUE */
    bool is_persistent; /* ENABLE_PERSIST_EXPORT */
    struct str database_url;
    struct str events_url; /* empty: database_url */
    int64_t database_connections;
    bool has_auto_migrate;
    struct str source_url;
    struct str types_dir;
    struct str store_url;
    struct str s3_access_key;
    struct str s3_secret_key;
    struct str s3_session_token;
    struct str s3_access_key_file; /* where they were read from; empty: from no file */
    struct str s3_secret_key_file;
    struct str s3_session_token_file;
    struct str s3_region;
    struct str s3_endpoint;
    struct str s3_style;
    struct str s3_ca;
    struct str state_dir;
    struct str listen;
    struct str http_listen; /* empty: by default; "off": no door */
    struct str http_cors_origins;
    struct str worker_listen; /* "off": no door */
    bool allows_plaintext;
    struct str auth;
    struct str jwt_keys;
    struct str jwt_issuer;
    struct str jwt_audience;
    struct str jwt_owner_claim;
    struct str jwt_role_claim;
    struct str jwt_admin_role;
    int64_t jwt_clock_skew_ms;
    struct str api_keys;
    struct str mtls_admins;
    struct str tls_certificate; /* paths; empty: none */
    struct str tls_key;
    struct str tls_client_ca;
    int64_t workers;
    int64_t max_active_per_user;
    int64_t max_created_per_minute;
    int64_t max_tokens_per_minute;
    int64_t max_watches_per_user;
    int64_t max_watches;
    int64_t max_downloads_per_user;
    int64_t max_downloads;
    int64_t max_filters;
    int64_t max_columns;
    int64_t max_values;
    int64_t max_attempts;
    int64_t retry_base_ms;
    int64_t retry_cap_ms;
    int64_t retry_jitter_percent;
    int64_t lease_ms;
    struct str download_secret;
    struct str download_secret_file; /* where it was read from; empty: from the environment */
    int64_t token_ttl_ms;
    int64_t downloads_per_job;
    int64_t retention_ms;
    int64_t max_rows;
    int64_t max_bytes;
    int64_t job_timeout_ms;
    int64_t drain_timeout_ms;
    int64_t max_message_bytes;
    int64_t max_calls;
    int64_t max_connections; /* 0: not said */
    int64_t max_metadata_bytes;
    int64_t handshake_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t request_timeout_ms;
    struct str webhook_urls;
    struct str webhook_secret;
    struct str webhook_secret_file; /* where it was read from; empty: from the environment */
    struct str webhook_ca;          /* a path; empty: the system's authorities */
    bool webhook_allows_private;
    int64_t webhook_retry_base_ms;
    int64_t webhook_timeout_ms;
    struct str log_level;
    struct str log_format;
};

/* What a program was started with. */
struct settings_input {
    enum program program;
    int argc;
    char *const *argv;
    char *const *environment; /* as environ */
};

/* Flags win over the environment. ERR_INVALID names the setting, its value and what would be
 * accepted. */
bool settings_read(const struct settings_input *input, struct arena *arena, struct settings *out,
                   struct err *err) MUST_CHECK;

/* "90d", "10min", as in settings. Not below 0. */
bool settings_parse_duration(struct str text, int64_t *out_ms) MUST_CHECK;

/* The first setting whose name begins so and that has another value than by default; NULL: none. */
const char *settings_find_changed(const struct settings *settings, struct str beginning);

/* Wipes the texts of secrets, once they were used; the settings print as before. */
void settings_forget_secrets(struct settings *settings);

/* Prints usage and every setting that the program heeds, with its meaning and default. */
void settings_print_help(enum program program, FILE *out);

/* Prints the effective value of every setting that the program heeds, as one would write it: a
 * shell, or systemd, could read it back. Secrets are masked, and comments. */
void settings_print(enum program program, const struct settings *settings, FILE *out);

#endif
