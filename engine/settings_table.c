/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings_table.h. A new setting is a row here and a member of struct settings.
 */
#include "engine/settings_table.h"

#define AT(member) offsetof(struct settings, member)

enum { MANY = 1000000000 };
#define DAY_MS  SETTING_DAY_MS
#define YEAR_MS (366 * DAY_MS)

/* clang-format off */
const struct setting settings_table[] = {
    {"ENABLE_EXPORT_QUEUE", DAEMON, KIND_SWITCH, AT(has_queue), 0, 1, "0", "0; 1 with --demo",
     "1 turns the export queue on; off, every export call answers UNIMPLEMENTED"},
    {"ENABLE_PERSIST_EXPORT", DAEMON, KIND_SWITCH, AT(is_persistent), 0, 1, "0", NULL,
     "1 keeps the queue in PostgreSQL (DATABASE_URL); 0 in memory, lost at exit"},
    {"DATABASE_URL", ALL, KIND_URL, AT(database_url), 0, 0, "", "none",
     "PostgreSQL that holds the queue, in a schema of its own: postgres://USER@HOST/DATABASE"},
    {"EXPORT_EVENTS_URL", ALL, KIND_URL, AT(events_url), 0, 0, "", "DATABASE_URL",
     "the same database without a pooler between, where DATABASE_URL leads through one: for LISTEN"},
    {"EXPORT_DATABASE_CONNECTIONS", ALL, KIND_COUNT, AT(database_connections), 2, 1000, "16", NULL,
     "connections to the queue's database at most, besides the one that listens"},
    {"EXPORT_AUTO_MIGRATE", ALL, KIND_SWITCH, AT(has_auto_migrate), 0, 1, "1", NULL,
     "1 brings the queue's schema up to date at start; 0 leaves that to exportqd --migrate"},
    {"EXPORT_SOURCE_URL", ALL, KIND_URL, AT(source_url), 0, 0, "", "DATABASE_URL",
     "what is exported: postgres://…, such as a read replica, or sqlite:PATH"},
    {"EXPORT_TYPES_DIR", ALL, KIND_TEXT, AT(types_dir), 0, 0, "", "the installed ones",
     "directory of the export type files, NAME.sql"},
    {"EXPORT_STORE_URL", ALL, KIND_TEXT, AT(store_url), 0, 0, "", "file: under the state directory",
     "where files go: file:DIR; of one queue alone, for files of no job in it are removed"},
    {"EXPORT_STATE_DIR", ALL, KIND_TEXT, AT(state_dir), 0, 0, "",
     "$STATE_DIRECTORY, or exportq in the user's state directory",
     "where the server keeps what is its own"},
    {"EXPORT_LISTEN", DAEMON, KIND_TEXT, AT(listen), 0, 0, "127.0.0.1:50051", NULL,
     "gRPC address; loopback only, as this version has no authentication; port 0: any free one"},
    {"EXPORT_WORKERS", ALL, KIND_COUNT, AT(workers), 0, 256, NULL, "number of cores",
     "worker threads; 0: none"},
    {"EXPORT_MAX_ACTIVE_PER_USER", DAEMON, KIND_COUNT, AT(max_active_per_user), 1, MANY, "5", NULL,
     "queued and running jobs one owner may have"},
    {"EXPORT_MAX_ATTEMPTS", ALL, KIND_COUNT, AT(max_attempts), 1, 100, "3", NULL,
     "attempts at a job"},
    {"EXPORT_RETRY_BASE_MS", ALL, KIND_COUNT, AT(retry_base_ms), 1, DAY_MS, "500", NULL,
     "retry delay = min(cap, base * 2^attempt), in milliseconds"},
    {"EXPORT_RETRY_CAP_MS", ALL, KIND_COUNT, AT(retry_cap_ms), 1, DAY_MS, "30000", NULL,
     "the longest retry delay, in milliseconds"},
    {"EXPORT_RETRY_JITTER_PERCENT", ALL, KIND_COUNT, AT(retry_jitter_percent), 0, 50, "10", NULL,
     "how far a retry delay is spread"},
    {"EXPORT_LEASE", ALL, KIND_DURATION, AT(lease_ms), 1000, DAY_MS, "30s", NULL,
     "a worker that is silent for so long loses its job, and it runs again elsewhere"},
    {"EXPORT_DOWNLOAD_SECRET", DAEMON, KIND_SECRET, AT(download_secret), 0, 0, "",
     "random per process; required with ENABLE_PERSIST_EXPORT=1",
     "keys that sign download tokens, newest first: id:base64,id:base64 (32 bytes or more each)"},
    {"EXPORT_TOKEN_TTL", DAEMON, KIND_DURATION, AT(token_ttl_ms), 1000, 7 * DAY_MS, "10min", NULL,
     "how long a download token opens its file"},
    {"EXPORT_DOWNLOADS_PER_JOB", DAEMON, KIND_COUNT, AT(downloads_per_job), 0, MANY, "1", NULL,
     "whole downloads a job gives; 0: any number, each behind a fresh token"},
    {"EXPORT_RETENTION", ALL, KIND_DURATION, AT(retention_ms), 1000, YEAR_MS, NULL,
     "15min in memory, 7d persistent",
     "how long files and finished jobs stay"},
    {"EXPORT_MAX_ROWS", ALL, KIND_COUNT, AT(max_rows), 0, INT64_MAX, "0", "none",
     "guard rail: rows of one job"},
    {"EXPORT_MAX_BYTES", ALL, KIND_BYTES, AT(max_bytes), 0, INT64_MAX, "0", "none",
     "guard rail: size of one file, such as 500MB or 2GB"},
    {"EXPORT_JOB_TIMEOUT", ALL, KIND_DURATION, AT(job_timeout_ms), 100, YEAR_MS, "1h", NULL,
     "guard rail: time of one attempt"},
    {"EXPORT_DRAIN_TIMEOUT", ALL, KIND_DURATION, AT(drain_timeout_ms), 0, DAY_MS, "30s", NULL,
     "how long a shutdown waits for running jobs and downloads"},
    {"EXPORT_MAX_MESSAGE_BYTES", DAEMON, KIND_BYTES, AT(max_message_bytes), 1024, 64 * 1024 * 1024, "1MB",
     NULL, "the largest request"},
    {"EXPORT_MAX_CALLS", DAEMON, KIND_COUNT, AT(max_calls), 1, 1000000, "20000", NULL,
     "calls and streams open at once"},
    {"EXPORT_LOG_LEVEL", ALL, KIND_TEXT, AT(log_level), 0, 0, "info", NULL,
     "debug, info, warning, error or off"},
};
/* clang-format on */

const size_t settings_count = COUNT_OF(settings_table);
