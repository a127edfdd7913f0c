/* SPDX-License-Identifier: Apache-2.0
 *
 * See metrics_table.h.
 */
#include "server/metrics_table.h"

/* Up to the answer of a call, and up to an export of hours. */
static const double short_s[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                 0.25,  0.5,    1,     2.5,  5,     10,   60};
static const double long_s[] = {0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400};

#define COUNTS(unit_, help_, ...) \
    .kind = METRIC_COUNTER, .unit = (unit_), .help = (help_), .labels = {__VA_ARGS__}
#define TELLS(unit_, help_, ...) \
    .kind = METRIC_GAUGE, .unit = (unit_), .help = (help_), .labels = {__VA_ARGS__}
#define MEASURES(bounds_, help_, ...)                                                      \
    .kind = METRIC_HISTOGRAM, .unit = "seconds", .help = (help_), .labels = {__VA_ARGS__}, \
    .bounds = (bounds_), .bound_count = COUNT_OF(bounds_)

/* clang-format off */
const struct metric_family metric_families[METRIC_ID_COUNT] = {
    [METRIC_JOBS] = {"exportq_jobs", TELLS("jobs",
        "Jobs of the whole queue that are queued or running, as of a second ago.", "state")},
    [METRIC_QUEUE_AGE] = {"exportq_queue_age_seconds", TELLS("seconds",
        "How long the job of the queue that waits longest could have been started; 0 where none waits.", NULL)},
    [METRIC_JOBS_CREATED] = {"exportq_jobs_created_total", COUNTS("jobs",
        "Jobs created through this server.", "type", "format"), .has_zeros = true},
    [METRIC_JOBS_FINISHED] = {"exportq_jobs_finished_total", COUNTS("jobs",
        "Jobs that this process brought to their end, by the state they ended in.", "type", "format", "state"),
        .has_zeros = true},
    [METRIC_JOB_WAIT] = {"exportq_job_wait_seconds", MEASURES(long_s,
        "How long a job was due before a worker of this process began an attempt.", "type", "format")},
    [METRIC_JOB_RUN] = {"exportq_job_run_seconds", MEASURES(long_s,
        "How long the attempt ran that completed a job here.", "type", "format")},
    [METRIC_WRITTEN_ROWS] = {"exportq_written_rows_total", COUNTS("rows",
        "Rows in the files that were completed here.", "type", "format"), .has_zeros = true},
    [METRIC_WRITTEN_BYTES] = {"exportq_written_bytes_total", COUNTS("bytes",
        "Size of the files that were completed here, as stored.", "type", "format"), .has_zeros = true},
    [METRIC_JOB_RETRIES] = {"exportq_job_retries_total", COUNTS("attempts",
        "Attempts that failed and were queued again, by error code.", "code"), .has_zeros = true},
    [METRIC_JOB_FAILURES] = {"exportq_job_failures_total", COUNTS("jobs",
        "Jobs that failed for good, by error code.", "code"), .has_zeros = true},
    [METRIC_WORKERS] = {"exportq_workers", TELLS("workers",
        "Workers of this process.", NULL)},
    [METRIC_WORKERS_BUSY] = {"exportq_workers_busy", TELLS("workers",
        "Workers of this process that run a job.", NULL)},
    [METRIC_CONNECTIONS_MAX] = {"exportq_database_connections_max", TELLS("connections",
        "Connections that this process may have to the queue's database; with PostgreSQL only.", NULL)},
    [METRIC_CONNECTIONS_OPEN] = {"exportq_database_connections_open", TELLS("connections",
        "Connections that are open to the queue's database.", NULL)},
    [METRIC_CONNECTIONS_IN_USE] = {"exportq_database_connections_in_use", TELLS("connections",
        "Connections to the queue's database that are in use.", NULL)},
    [METRIC_STORE_UP] = {"exportq_store_up", TELLS("1 or 0",
        "Whether the queue's store answered when it was asked last, a second ago; a worker asks when it is idle.", NULL)},
    [METRIC_STORE_LATENCY] = {"exportq_store_latency_seconds", TELLS("seconds",
        "How long that answer took.", NULL)},
    [METRIC_FILE_STORE_UP] = {"exportq_file_store_up", TELLS("1 or 0",
        "Whether the file store could take a file a second ago.", NULL)},
    [METRIC_FILE_OPERATION] = {"exportq_file_operation_seconds", MEASURES(short_s,
        "How long operations of the file store took, failed ones too.", "operation")},
    [METRIC_FILE_ERRORS] = {"exportq_file_operation_errors_total", COUNTS("operations",
        "Operations of the file store that failed.", "operation"), .has_zeros = true},
    [METRIC_WATCHES_OPEN] = {"exportq_watches_open", TELLS("watches",
        "Watches of jobs that are open, on all doors.", NULL)},
    [METRIC_DOWNLOADS_OPEN] = {"exportq_downloads_open", TELLS("downloads",
        "Downloads that are under way, on all doors.", NULL)},
    [METRIC_DOWNLOADS_FINISHED] = {"exportq_downloads_finished_total", COUNTS("downloads",
        "Downloads that are over: whole, if the end of the file was handed over, else broken.", "result"),
        .has_zeros = true},
    [METRIC_DOWNLOADED_BYTES] = {"exportq_downloaded_bytes_total", COUNTS("bytes",
        "Bytes of files that were handed over; counted when a download is over.", NULL), .has_zeros = true},
    [METRIC_WEBHOOKS] = {"exportq_webhooks_total", COUNTS("attempts",
        "Attempts to send webhooks, by what came of them: delivered, failed (and tried again), or given_up.",
        "outcome"), .has_zeros = true},
    [METRIC_RPC_CALLS] = {"exportq_rpc_calls_total", COUNTS("calls",
        "gRPC calls that ended, by method and status; Check and Watch are those of the health service.",
        "method", "code")},
    [METRIC_RPC_DURATION] = {"exportq_rpc_duration_seconds", MEASURES(short_s,
        "How long gRPC calls lasted; WatchJob and Download last as long as the stream.", "method")},
    [METRIC_RPC_OPEN] = {"exportq_rpc_calls_open", TELLS("calls",
        "gRPC calls and streams that are open.", NULL)},
    [METRIC_HTTP_REQUESTS] = {"exportq_http_requests_total", COUNTS("requests",
        "HTTP requests that were answered, by route, method and status.", "route", "method", "code")},
    [METRIC_HTTP_DURATION] = {"exportq_http_request_duration_seconds", MEASURES(short_s,
        "How long HTTP requests lasted; events and downloads last as long as the stream.", "route")},
    [METRIC_LIMIT] = {"exportq_limit", TELLS("what the setting counts",
        "What a limit is set to; the label is its setting.", "limit")},
    [METRIC_LIMIT_IN_USE] = {"exportq_limit_in_use", TELLS("what the setting counts",
        "How much of a limit is in use, in all or by the owner that has most; 0 where that is not known.", "limit")},
    [METRIC_LIMIT_REFUSALS] = {"exportq_limit_refusals_total", COUNTS("requests",
        "What was refused because of a limit.", "limit")},
    [METRIC_BUILD] = {"exportq_build_info", TELLS("always 1",
        "The version that runs.", "version")},
    [METRIC_RESIDENT_MEMORY] = {"process_resident_memory_bytes", TELLS("bytes",
        "Resident memory size in bytes.", NULL)},
    [METRIC_CPU] = {"process_cpu_seconds_total", COUNTS("seconds",
        "Total user and system CPU time spent in seconds.", NULL)},
    [METRIC_OPEN_FILES] = {"process_open_fds", TELLS("descriptors",
        "Number of open file descriptors.", NULL)},
    [METRIC_MAX_FILES] = {"process_max_fds", TELLS("descriptors",
        "Maximum number of open file descriptors.", NULL)},
    [METRIC_START_TIME] = {"process_start_time_seconds", TELLS("seconds since 1970",
        "Start time of the process since unix epoch in seconds.", NULL)},
};
/* clang-format on */

static const char introduction[] =
    "# Metrics\n\n"
    "`GET /metrics` of a server's HTTP door has these, in Prometheus' text format; that of an\n"
    "`exportq-worker` (`EXPORT_WORKER_LISTEN`) has those with a ✓. This page is what\n"
    "`exportqd --help-metrics` prints.\n\n"
    "- `exportq_jobs` and `exportq_queue_age_seconds` are of the whole queue: servers that share "
    "one "
    "all tell the same,\n  so take `max`, not `sum`. All else is of one server or worker; take "
    "`sum`.\n"
    "- Counters begin at zero with the process. A label says `other` for what this server does not "
    "know, so that no\n  caller can make metrics.\n"
    "- [grafana.json](grafana.json) is a dashboard, [alerts.yml](alerts.yml) are rules for "
    "alerts.\n\n"
    "| name | type | unit | labels | what it tells | worker |\n|---|---|---|---|---|---|\n";

/* Those that metrics_server.c does not add. */
static const enum metric_id of_workers[] = {
    METRIC_JOBS_FINISHED,    METRIC_JOB_WAIT,
    METRIC_JOB_RUN,          METRIC_WRITTEN_ROWS,
    METRIC_WRITTEN_BYTES,    METRIC_JOB_RETRIES,
    METRIC_JOB_FAILURES,     METRIC_WORKERS,
    METRIC_WORKERS_BUSY,     METRIC_CONNECTIONS_MAX,
    METRIC_CONNECTIONS_OPEN, METRIC_CONNECTIONS_IN_USE,
    METRIC_STORE_UP,         METRIC_FILE_OPERATION,
    METRIC_FILE_ERRORS,      METRIC_HTTP_REQUESTS,
    METRIC_HTTP_DURATION,    METRIC_BUILD,
    METRIC_RESIDENT_MEMORY,  METRIC_CPU,
    METRIC_OPEN_FILES,       METRIC_MAX_FILES,
    METRIC_START_TIME,
};

static bool is_of_workers(enum metric_id id)
{
    size_t i = 0;
    while (i < COUNT_OF(of_workers) && of_workers[i] != id)
        i++;
    return i < COUNT_OF(of_workers);
}

void metrics_print_help(FILE *out)
{
    (void)fputs(introduction, out);
    for (size_t i = 0; i < METRIC_ID_COUNT; i++) {
        const struct metric_family *family = &metric_families[i];
        (void)fprintf(out, "| `%s` | %s | %s | ", family->name, metric_kind_name(family->kind),
                      family->unit);
        for (size_t l = 0; l < METRIC_MAX_LABELS && family->labels[l]; l++)
            (void)fprintf(out, "%s`%s`", l ? ", " : "", family->labels[l]);
        (void)fprintf(out, " | %s |%s |\n", family->help,
                      is_of_workers((enum metric_id)i) ? " ✓" : "");
    }
}
