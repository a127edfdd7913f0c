/* SPDX-License-Identifier: Apache-2.0
 *
 * exportqd: the parts are opened in order, served until a signal comes, drained, and closed in
 * reverse.
 */
#include "base/log.h"
#include "base/mem.h"
#include "export_descriptors.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "server/auth.h"
#include "server/demo_journal.h"
#include "server/janitor.h"
#include "server/paths.h"
#include "server/service.h"
#include "server/settings.h"
#include "worker/pool.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    LEASE_MS = 30000,
    DOORS_GRACE_MS = 500,
    HOST_NAME_SIZE = 40
};

static const char service_name[] = "exportqueue.v1.ExportService";

/* All that a server is made of, in the order it is opened. NULL: not open. */
struct server {
    struct arena arena;
    struct settings settings;
    struct keyring *keys;
    struct hub *hub;
    struct store *store;
    struct files *files;
    struct source *source;
    struct catalog *catalog;
    struct runner runner;
    struct pool *pool;
    struct exports exports;
    struct rpc_schema *schema;
    struct rpc_server *rpc;
    struct rpc_health *health;
    struct rpc_reflection *reflection;
    struct service *service;
    struct janitor *janitor;
};

static void server_close(struct server *server)
{
    janitor_stop(server->janitor);
    rpc_server_free(server->rpc);
    service_free(server->service);
    rpc_reflection_free(server->reflection);
    rpc_health_free(server->health);
    rpc_schema_free(server->schema);
    pool_free(server->pool);
    catalog_free(server->catalog);
    source_close(server->source);
    files_close_store(server->files);
    store_free(server->store);
    hub_free(server->hub);
    keyring_free(server->keys);
    arena_done(&server->arena);
}

static bool set_log_level(struct str name, struct err *err)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning",
        [LOG_ERROR] = "error", [LOG_OFF] = "off",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_equal(name, str_of(names[i]))) {
            log_set_level((enum log_level)i);
            return true;
        }
    return err_set_field(
        err, "EXPORT_LOG_LEVEL",
        "EXPORT_LOG_LEVEL is \"%.*s\"; it takes debug, info, warning, error or off", STR_ARG(name));
}

/* The demo's database is made anew when it is not there. */
static bool open_demo(struct server *server, struct err *err)
{
    struct settings *settings = &server->settings;
    if (!settings->is_demo || !str_is_empty(settings->source_url))
        return true;
    struct str path =
        arena_printf(&server->arena, "%.*s/journal.sqlite", STR_ARG(settings->state_dir));
    if (access(path.ptr, R_OK) != 0 && !demo_journal_write(path.ptr, err))
        return false;
    settings->source_url = arena_printf(&server->arena, "sqlite:%s", path.ptr);
    return true;
}

static bool check_settings(struct server *server, struct err *err)
{
    struct settings *settings = &server->settings;
    if (!set_log_level(settings->log_level, err) || !auth_check_listen(settings->listen, err) ||
        !keyring_new(settings->download_secret, &server->keys, err))
        return false;
    if (settings->is_persistent)
        return err_set_field(err, "ENABLE_PERSIST_EXPORT",
                             "this version keeps its queue in memory only; leave "
                             "ENABLE_PERSIST_EXPORT at 0");
    if (!settings->has_queue)
        return true;
    if (!paths_set_state(settings, &server->arena, err) || !open_demo(server, err))
        return false;
    if (str_is_empty(settings->source_url))
        settings->source_url = settings->database_url;
    if (str_is_empty(settings->source_url))
        return err_set_field(err, "EXPORT_SOURCE_URL",
                             "nothing says what to export; set EXPORT_SOURCE_URL=sqlite:PATH, or "
                             "try exportqd --demo");
    return true;
}

/* What is exported, and as which types. */
static bool open_source(struct server *server, struct err *err)
{
    struct settings *settings = &server->settings;
    if (!settings->has_queue)
        return true;
    return source_open(settings->source_url, &server->source, err) &&
           paths_set_types(settings, source_dialect(server->source), &server->arena, err) &&
           catalog_load(settings->types_dir.ptr, server->source, &server->catalog, err);
}

static void open_store(struct server *server)
{
    const struct settings *settings = &server->settings;
    struct store_options options = store_options_default();
    options.max_active_per_owner = (int32_t)settings->max_active_per_user;
    options.retry = (struct retry_policy){
        .max_attempts = (int32_t)settings->max_attempts,
        .base_ms = settings->retry_base_ms,
        .cap_ms = settings->retry_cap_ms,
        .jitter_percent = (int32_t)settings->retry_jitter_percent,
    };
    options.downloads_per_job = (int32_t)settings->downloads_per_job;
    options.retention_ms = settings->retention_ms;
    options.lease_ms = LEASE_MS;
    server->hub = hub_new();
    server->store = store_memory_new(&options, &clock_system, server->hub);
}

static void start_pool(struct server *server)
{
    char host[HOST_NAME_SIZE] = "";
    (void)gethostname(host, sizeof host - 1); /* only a name for logs */
    struct str name = arena_printf(&server->arena, "%s/%d", host, (int)getpid());
    server->runner = (struct runner){
        .catalog = server->catalog,
        .source = server->source,
        .files = server->files,
        .max_rows = server->settings.max_rows,
        .max_bytes = server->settings.max_bytes,
    };
    struct pool_options options = {
        .store = server->store,
        .hub = server->hub,
        .runner = &server->runner,
        .worker_count = (size_t)server->settings.workers,
        .job_timeout_ms = server->settings.job_timeout_ms,
        .heartbeat_ms = LEASE_MS / 3,
        .name = name.ptr,
    };
    server->pool = pool_start(&options);
}

/* The queue and its workers. */
static bool open_queue(struct server *server, struct err *err)
{
    if (!server->settings.has_queue)
        return true;
    if (!files_open_store(server->settings.store_url, FILES_EXCLUSIVE, &server->files, err))
        return false;
    open_store(server);
    start_pool(server);
    return true;
}

/* The doors. */
static bool open_doors(struct server *server, struct err *err)
{
    server->exports = (struct exports){
        .is_enabled = server->settings.has_queue,
        .clock = &clock_system,
        .store = server->store,
        .hub = server->hub,
        .files = server->files,
        .catalog = server->catalog,
        .keys = server->keys,
        .token_ttl_ms = server->settings.token_ttl_ms,
        .started_ms = clock_monotonic_ms(),
        .is_file_store_ok = true,
    };
    struct rpc_server_options options = {
        .listen = server->settings.listen.ptr,
        .max_calls = (unsigned)server->settings.max_calls,
        .max_message_bytes = (size_t)server->settings.max_message_bytes,
    };
    if (!rpc_schema_new(export_descriptors, export_descriptors_size, &server->schema, err) ||
        !rpc_server_new(&options, &server->rpc, err) ||
        !service_mount(server->rpc, &server->exports, server->schema, &server->service, err) ||
        !rpc_health_new(server->rpc, &server->health, err) ||
        !rpc_reflection_new(server->rpc, &server->reflection, err))
        return false;
    server->janitor = janitor_start(&server->exports, server->health, service_name);
    return rpc_server_start(server->rpc, err);
}

static void log_listening(const struct server *server)
{
    struct str listen = server->settings.listen;
    while (listen.len && listen.ptr[listen.len - 1] != ':')
        listen.len--;
    log_event(LOG_INFO, "server.listening", "address=%.*s%d version=%s queue=%s types=%zu",
              STR_ARG(listen), rpc_server_port(server->rpc), EXPORTQ_VERSION,
              server->settings.has_queue ? "memory" : "off",
              server->catalog ? catalog_count(server->catalog) : 0);
}

/* No new jobs; running ones end; then the doors close, telling who still waits. */
static void drain(struct server *server)
{
    int64_t grace_ms = server->settings.drain_timeout_ms;
    int64_t end_ms = clock_monotonic_ms() + grace_ms;
    atomic_store(&server->exports.is_draining, true);
    size_t given_back = server->pool ? pool_drain(server->pool, grace_ms) : 0;
    struct store_counters counters = {0};
    struct err err = {0};
    bool is_counted = server->store && store_count(server->store, &counters, &err);
    log_event(LOG_INFO, "server.drained", "unfinished=%zu queued=%lld", given_back,
              is_counted ? (long long)counters.queued : 0);
    if (server->hub)
        hub_flush(server->hub); /* the end of the last job reaches its watchers first */
    int64_t left_ms = end_ms - clock_monotonic_ms();
    rpc_server_stop(server->rpc, left_ms > DOORS_GRACE_MS ? left_ms : DOORS_GRACE_MS);
}

static int serve(struct server *server, const sigset_t *signals)
{
    struct err err = {0};
    if (!open_queue(server, &err) || !open_doors(server, &err)) {
        (void)fprintf(stderr, "exportqd: %s\n", err.text);
        return EXIT_FAILED;
    }
    log_listening(server);
    int signal_number = 0;
    (void)sigwait(signals, &signal_number); /* fails only for a set that makes no sense */
    log_event(LOG_INFO, "server.stopping", "signal=%d", signal_number);
    drain(server);
    log_event(LOG_INFO, "server.stopped", "%s", "");
    return EXIT_DONE;
}

static int run(struct server *server, int argc, char **argv, const sigset_t *signals)
{
    struct err err = {0};
    if (!settings_read(argc, argv, environ, &server->arena, &server->settings, &err)) {
        (void)fprintf(stderr, "exportqd: %s\n", err.text);
        return EXIT_USAGE;
    }
    switch (server->settings.action) {
    case ACTION_HELP:
        settings_print_help(stdout);
        return EXIT_DONE;
    case ACTION_VERSION:
        (void)printf("exportqd %s\n", EXPORTQ_VERSION);
        return EXIT_DONE;
    case ACTION_CHECK:
    case ACTION_SERVE:
        break;
    }
    if (!check_settings(server, &err) || !open_source(server, &err)) {
        (void)fprintf(stderr, "exportqd: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (server->settings.action == ACTION_CHECK) {
        settings_print(&server->settings, stdout);
        return EXIT_DONE;
    }
    return serve(server, signals);
}

int main(int argc, char **argv)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals,
                          NULL); /* in all threads to come: main waits for them */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(077);
    struct server *server = mem_new(struct server);
    int status = run(server, argc, argv, &signals);
    server_close(server);
    free(server);
    return status;
}
