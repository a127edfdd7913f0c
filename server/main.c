/* SPDX-License-Identifier: Apache-2.0
 *
 * exportqd: the parts are opened in order, served until a signal comes, drained, and closed in
 * reverse.
 */
#include "base/host.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/manager.h"
#include "engine/paths.h"
#include "export_descriptors.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "server/demo_journal.h"
#include "server/failure.h"
#include "server/http_door.h"
#include "server/keys.h"
#include "server/metrics_table.h"
#include "server/pulse.h"
#include "server/security.h"
#include "server/service.h"

#include <unistd.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    DOORS_GRACE_MS = 500,
    GRPC_LATE_S = 12, /* gRPC itself may take 10 s more */
    PATHS_MAX = 64,
    WEBHOOKS_GRACE_MS = 2000, /* to tell of the jobs that ended in the drain */
    GRPC_LINES_PER_SECOND = 10,
    CHECK_DIR_SIZE = 64,
    POLLERS =
        16, /* threads, each of which one bad peer can keep busy for moments: docs/security.md */
    PERSISTENT_HANDLERS = 64, /* threads, each of which may wait for the database */
};

static const char service_name[] = "exportqueue.v1.ExportService";

/* All that a server is made of, in the order it is opened. NULL: not open. */
struct server {
    struct engine engine;
    char check_dir[CHECK_DIR_SIZE]; /* of a demo that is only checked; empty: none */
    struct security security;
    struct webhooks *webhooks;
    struct metrics *metrics;
    struct limits *limits;
    struct returns *returns;
    struct exports exports;
    struct rpc_schema *schema;
    struct rpc_server *rpc;
    struct rpc_health *health;
    struct rpc_reflection *reflection;
    struct service *service;
    struct pulse *pulse;
    struct http_doorway http;
    const char *paths[PATHS_MAX]; /* of http */
    struct log_rate grpc_lines;
};

/* The browser's door, which opens last, was closed by the drain. */
static void server_close(struct server *server)
{
    pulse_stop(server->pulse);
    rpc_server_free(server->rpc);
    rpc_listen_to_log(NULL, NULL);
    service_free(server->service);
    rpc_reflection_free(server->reflection);
    rpc_health_free(server->health);
    rpc_schema_free(server->schema);
    if (server->check_dir[0]) {
        struct str journal = {server->engine.settings.source_url.ptr + strlen("sqlite:"), 0};
        (void)unlink(journal.ptr);
        (void)rmdir(server->check_dir);
    }
    webhooks_stop(server->webhooks, 0);
    returns_stop(server->returns);
    returns_free(server->returns);
    engine_close(&server->engine);
    webhooks_free(server->webhooks);
    metrics_free(server->metrics);
    limits_free(server->limits);
    security_close(&server->security);
}

/* Where the demo's database is; a check leaves nothing behind. */
static bool find_demo_dir(struct server *server, const char **out, struct err *err)
{
    struct settings *settings = &server->engine.settings;
    if (settings->action != ACTION_CHECK) {
        if (!paths_set_state(settings, &server->engine.arena, err))
            return false;
        *out = arena_copy_text(&server->engine.arena, settings->state_dir);
        return true;
    }
    (void)snprintf(server->check_dir, sizeof server->check_dir, "/tmp/exportqd-check-XXXXXX");
    *out = mkdtemp(server->check_dir);
    return *out || err_set(err, ERR_INTERNAL, "cannot make a directory in /tmp to check the demo");
}

/* The demo's database is made anew when it is not there. */
static bool open_demo(struct server *server, struct err *err)
{
    struct settings *settings = &server->engine.settings;
    const char *directory = NULL;
    if (!settings->is_demo || !settings->has_queue || !str_is_empty(settings->source_url))
        return true;
    if (!find_demo_dir(server, &directory, err))
        return false;
    struct str path = arena_printf(&server->engine.arena, "%s/journal.sqlite", directory);
    settings->source_url = arena_printf(&server->engine.arena, "sqlite:%s", path.ptr);
    return access(path.ptr, R_OK) == 0 || demo_journal_write(path.ptr, err);
}

static bool check_settings(struct server *server, struct err *err)
{
    struct engine *engine = &server->engine;
    return webhooks_new(&engine->settings, &server->webhooks, err) &&
           security_open(&engine->settings, &engine->arena, &server->security, err) &&
           security_check_listen(&engine->settings, &server->security, err) &&
           security_check_http_listen(&engine->settings, &server->security, err) &&
           open_demo(server, err) && engine_settle(engine, err);
}

/* How many connections there may be; the default depends on the process. */
static bool settle_connections(struct settings *settings, struct err *err)
{
    struct err why = {0};
    if (!rpc_connections_allow((unsigned)settings->max_connections, &why))
        return err_set(err, why.code, "EXPORT_MAX_CONNECTIONS: %s", why.text);
    settings->max_connections = rpc_connections_most();
    return true;
}

/* All that is opened to serve, as far as it can be tried without serving. */
static int check(struct server *server)
{
    struct engine *engine = &server->engine;
    struct settings *settings = &engine->settings;
    struct security *security = &server->security;
    struct checkup checkup = {.program = "exportqd", .out = stderr};
    struct err e = {0};
    (void)checkup_tell(&checkup, "webhooks", webhooks_new(settings, &server->webhooks, &e), &e);
    (void)checkup_tell(&checkup, "who may call, TLS and the keys of downloads",
                       security_open(settings, &engine->arena, security, &e), &e);
    if (security->certificate)
        (void)checkup_tell(&checkup, "the certificate's dates",
                           certificate_check_dates(security->certificate, &e), &e);
    (void)checkup_tell(&checkup, "the address for gRPC",
                       security_check_listen(settings, security, &e), &e);
    (void)checkup_tell(&checkup, "the address for browsers",
                       security_check_http_listen(settings, security, &e), &e);
    checkup_leave_out(&checkup, "whether the ports are free", "a server of these settings may run");
    (void)checkup_tell(&checkup, "connections", settle_connections(settings, &e), &e);
    if (!settings->is_demo || checkup_tell(&checkup, "the demo", open_demo(server, &e), &e))
        engine_check(engine, &checkup);
    int status = checkup_status(&checkup);
    struct settings shown = *settings;
    if (server->check_dir[0])
        shown.source_url = STR(""); /* each demo makes its own */
    if (status == EXIT_DONE)
        settings_print(PROGRAM_EXPORTQD, &shown, stdout);
    return status;
}

static struct limits *make_limits(const struct settings *settings)
{
    const struct limits_options options = {
        .clock = &clock_system,
        .most =
            {
                [LIMIT_ACTIVE] = settings->max_active_per_user,
                [LIMIT_CREATED] = settings->max_created_per_minute,
                [LIMIT_TOKENS] = settings->max_tokens_per_minute,
                [LIMIT_OWNER_WATCHES] = settings->max_watches_per_user,
                [LIMIT_WATCHES] = settings->max_watches,
                [LIMIT_OWNER_DOWNLOADS] = settings->max_downloads_per_user,
                [LIMIT_DOWNLOADS] = settings->max_downloads,
                [LIMIT_FILTERS] = settings->max_filters,
                [LIMIT_COLUMNS] = settings->max_columns,
                [LIMIT_VALUES] = settings->max_values,
                [LIMIT_CALLS] = settings->max_calls,
                [LIMIT_CONNECTIONS] = settings->max_connections,
                [LIMIT_METADATA] = settings->max_metadata_bytes,
            },
    };
    return limits_new(&options);
}

/* Other than errors only comes what GRPC_VERBOSITY asks for, and that whole. */
static void log_grpc(void *data, bool is_error, const char *place, const char *message)
{
    struct server *server = data;
    unsigned left_out = 0;
    if (!is_error || log_rate_allows(&server->grpc_lines, GRPC_LINES_PER_SECOND,
                                     clock_monotonic_ms(), &left_out))
        log_event(is_error ? LOG_WARNING : LOG_INFO, "grpc.log", "place=%s text=%s left_out=%u",
                  place, message, left_out);
}

/* gRPC's log is heard from then on: before, it tells what our error says better. */
static bool start_rpc(struct server *server, struct err *err)
{
    struct err why = {0};
    if (!rpc_server_start(server->rpc, &why))
        return err_set(err, why.code,
                       why.code == ERR_INVALID ? "EXPORT_MAX_CONNECTIONS: %s"
                                               : "%s; give gRPC another address with EXPORT_LISTEN",
                       why.text);
    rpc_listen_to_log(log_grpc, server);
    return true;
}

static bool open_http(struct server *server, struct err *err)
{
    const struct settings *settings = &server->engine.settings;
    const struct http_door_options options = {
        .listen = settings->http_listen.ptr,
        .cors_origins = settings->http_cors_origins,
        .workers = settings->is_persistent ? PERSISTENT_HANDLERS : 0,
        .max_connections = (unsigned)settings->max_connections,
        .max_body_bytes = (size_t)settings->max_message_bytes,
        .certificate = server->security.certificate,
    };
    struct err why = {0};
    if (str_equal(settings->http_listen, STR("off")) ||
        http_door_open(&options, &server->exports, &server->http, &why))
        return true;
    return err_set(err, why.code,
                   "%s; give the browser another address with EXPORT_HTTP_LISTEN, "
                   "or none: off",
                   why.text);
}

static bool start_webhooks(struct server *server, struct err *err)
{
    struct store *store = server->engine.store;
    return !store || webhooks_start(server->webhooks, store, server->metrics, err);
}

/* Before the queue, whose workers tell them. */
static void open_metrics(struct server *server)
{
    struct engine *engine = &server->engine;
    const struct metrics_options options = {
        .catalog = engine->catalog,
        .http_routes = server->paths,
        .http_route_count = http_door_paths(server->paths, PATHS_MAX),
    };
    server->metrics = metrics_new_server(&options);
    engine->job_listener = metrics_job_listener(server->metrics);
    engine->files_listener = metrics_files_listener(server->metrics);
}

/* The doors. */
static bool open_doors(struct server *server, struct err *err)
{
    const struct engine *engine = &server->engine;
    const struct settings *settings = &engine->settings;
    server->limits = make_limits(settings);
    server->returns = engine->store ? returns_start(engine->store) : NULL;
    server->exports = (struct exports){
        .is_enabled = settings->has_queue,
        .is_persistent = settings->is_persistent,
        .clock = engine->store ? store_clock(engine->store) : &clock_system,
        .store = engine->store,
        .hub = engine->hub,
        .files = engine->files,
        .catalog = engine->catalog,
        .keys = server->security.keys,
        .identity = server->security.identity,
        .limits = server->limits,
        .webhooks = server->webhooks,
        .returns = server->returns,
        .metrics = server->metrics,
        .downloads_per_job = (int32_t)settings->downloads_per_job,
        .token_ttl_ms = settings->token_ttl_ms,
        .started_ms = clock_monotonic_ms(),
        .is_file_store_ok = true,
    };
    struct rpc_server_options options = {
        .listen = settings->listen.ptr,
        .workers = settings->is_persistent ? PERSISTENT_HANDLERS : 0,
        .max_calls = (unsigned)settings->max_calls,
        .max_message_bytes = (size_t)settings->max_message_bytes,
        .pollers = POLLERS,
        .max_connections = (unsigned)settings->max_connections,
        .max_metadata_bytes = (size_t)settings->max_metadata_bytes,
        .handshake_timeout_ms = settings->handshake_timeout_ms,
        .request_timeout_ms = settings->request_timeout_ms,
        .max_idle_ms = settings->idle_timeout_ms,
        .has_optional_client_certificate = !identity_has_mtls_alone(server->security.identity),
        .refused = failure_refused,
        .cut_off = failure_cut_off,
        .ended = metrics_rpc_ended,
        .told = &server->exports,
    };
    if (server->security.certificate)
        options.tls_source = certificate_source(server->security.certificate);
    if (!rpc_schema_new(export_descriptors, export_descriptors_size, &server->schema, err) ||
        !rpc_server_new(&options, &server->rpc, err) ||
        !service_mount(server->rpc, &server->exports, server->schema, &server->service, err) ||
        !rpc_health_new(server->rpc, &server->health, err) ||
        !rpc_reflection_new(server->rpc, &server->reflection, err))
        return false;
    const struct metrics_sources sources = {engine->store, engine->pool, &server->exports};
    metrics_set_sources(server->metrics, &sources);
    server->pulse = pulse_start(&server->exports, server->health, service_name);
    return start_rpc(server, err) && open_http(server, err);
}

static void log_listening(const struct server *server)
{
    const struct settings *settings = &server->engine.settings;
    const char *queue = settings->is_persistent ? "postgres" : "memory";
    struct str host = host_of(settings->listen);
    log_event(LOG_INFO, "server.listening", "address=%.*s:%d tls=%s version=%s queue=%s types=%zu",
              STR_ARG(host), rpc_server_port(server->rpc),
              server->security.certificate ? "on" : "off", EXPORTQ_VERSION,
              settings->has_queue ? queue : "off",
              server->engine.catalog ? catalog_count(server->engine.catalog) : 0);
    if (server->http.server) {
        struct str http = host_of(settings->http_listen);
        log_event(LOG_INFO, "server.http_listening", "address=%.*s:%d tls=%s", STR_ARG(http),
                  http_door_port(&server->http), server->security.certificate ? "on" : "off");
    }
}

static int64_t door_grace(int64_t end_ms)
{
    int64_t left_ms = end_ms - clock_monotonic_ms();
    return left_ms > DOORS_GRACE_MS ? left_ms : DOORS_GRACE_MS;
}

/* No new jobs; running ones end; then the doors close, telling who still waits. False: calls hang,
 * and need all of what would be closed next. */
static bool drain(struct server *server)
{
    int64_t grace_ms = server->engine.settings.drain_timeout_ms;
    int64_t end_ms = clock_monotonic_ms() + grace_ms;
    atomic_store(&server->exports.is_draining, true);
    rpc_health_shutdown(server->health); /* balancers look elsewhere from now on */
    engine_drain(&server->engine, grace_ms);
    webhooks_stop(server->webhooks, WEBHOOKS_GRACE_MS);
    bool is_closed = http_door_close(&server->http, door_grace(end_ms));
    if (!is_closed) /* what hangs there may hang here, too, where it would be waited for */
        (void)alarm((unsigned)(door_grace(end_ms) / 1000) + GRPC_LATE_S);
    rpc_server_stop(server->rpc, door_grace(end_ms));
    return is_closed;
}

static int fail(const struct err *err, int status)
{
    (void)fprintf(stderr, "exportqd: %s\n", err->text);
    return status;
}

static int serve(struct server *server, const sigset_t *signals)
{
    struct err err = {0};
    open_metrics(server);
    if (!engine_open_queue(&server->engine, "exportqd", &err) || !start_webhooks(server, &err) ||
        !open_doors(server, &err))
        return fail(&err, EXIT_FAILED);
    log_listening(server);
    manager_tell(MANAGER_READY);
    int signal_number = 0;
    (void)sigwait(signals, &signal_number); /* fails only for a set that makes no sense */
    log_event(LOG_INFO, "server.stopping", "signal=%d", signal_number);
    manager_tell(MANAGER_STOPPING);
    engine_heed_next_signal(signals);
    bool is_closed = drain(server);
    if (!is_closed)
        returns_stop(server->returns); /* all else is left to those who hang */
    log_event(LOG_INFO, "server.stopped", "%s", "");
    if (!is_closed)
        _exit(EXIT_FAILED);
    return EXIT_DONE;
}

/* Also where the queue is still switched off: so that a rollout can begin with it. */
static int migrate(const struct settings *settings)
{
    struct err err = {0};
    int steps = 0;
    if (str_is_empty(settings->database_url)) {
        (void)err_set(&err, ERR_INVALID,
                      "nothing says which database to migrate; set DATABASE_URL");
        return fail(&err, EXIT_USAGE);
    }
    if (!store_pg_migrate(settings->database_url.ptr, false, &steps, &err))
        return fail(&err, EXIT_FAILED);
    (void)printf(steps ? "the queue's schema is up to date; %d step%s taken\n"
                       : "the queue's schema was up to date\n",
                 steps, steps == 1 ? " was" : "s were");
    return EXIT_DONE;
}

static int load_demo(const struct settings *settings)
{
    struct err err = {0};
    struct str url =
        str_is_empty(settings->source_url) ? settings->database_url : settings->source_url;
    if (!str_starts_with(url, STR("postgres://")) && !str_starts_with(url, STR("postgresql://"))) {
        (void)err_set(&err, ERR_INVALID,
                      "--load-demo needs to know which PostgreSQL to fill; set "
                      "EXPORT_SOURCE_URL=postgres://USER@HOST/DATABASE");
        return fail(&err, EXIT_USAGE);
    }
    if (!demo_journal_load(url.ptr, &err))
        return fail(&err, EXIT_FAILED);
    (void)printf("the demo journal is there; its owners are " DEMO_JOURNAL_OWNERS
                 ", and who gives no name is " DEMO_JOURNAL_OWNER "\n");
    return EXIT_DONE;
}

static int run(struct server *server, const struct settings_input *input, const sigset_t *signals)
{
    struct settings *settings = &server->engine.settings;
    struct err err = {0};
    if (!settings_read(input, &server->engine.arena, settings, &err))
        return fail(&err, EXIT_USAGE);
    switch (settings->action) {
    case ACTION_HELP:
        settings_print_help(input->program, stdout);
        return EXIT_DONE;
    case ACTION_HELP_METRICS:
        metrics_print_help(stdout);
        return EXIT_DONE;
    case ACTION_VERSION:
        (void)printf("exportqd %s\n", EXPORTQ_VERSION);
        return EXIT_DONE;
    case ACTION_MIGRATE:
        engine_heed_next_signal(signals);
        return migrate(settings);
    case ACTION_LOAD_DEMO:
        engine_heed_next_signal(signals);
        return load_demo(settings);
    case ACTION_CHECK:
    case ACTION_SERVE:
        break;
    }
    if (settings->action == ACTION_CHECK)
        return check(server);
    if (!check_settings(server, &err))
        return fail(&err, EXIT_USAGE);
    if (!engine_open_source(&server->engine, &err))
        return fail(&err, err.code == ERR_SOURCE_UNAVAILABLE ? EXIT_FAILED : EXIT_USAGE);
    return serve(server, signals);
}

/* The settings are those of the environment: the words are the command's. */
static int edit_keys(struct server *server, const struct settings_input *input,
                     const sigset_t *signals)
{
    struct settings *settings = &server->engine.settings;
    const struct settings_input environment = {input->program, 1, input->argv, input->environment};
    struct err err = {0};
    engine_heed_next_signal(signals);
    if (!settings_read(&environment, &server->engine.arena, settings, &err) ||
        !paths_set_api_keys(settings, &server->engine.arena, &err))
        return fail(&err, EXIT_USAGE);
    return keys_run(input->argc - 2, input->argv + 2, settings->api_keys.ptr);
}

int main(int argc, char **argv)
{
    const struct settings_input input = {PROGRAM_EXPORTQD, argc, argv, environ};
    sigset_t signals;
    engine_prepare_process(&signals);
    struct server *server = mem_new(struct server);
    int status = keys_are_asked_for(argc, argv) ? edit_keys(server, &input, &signals)
                                                : run(server, &input, &signals);
    server_close(server);
    free(server);
    return status;
}
