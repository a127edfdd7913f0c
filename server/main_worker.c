/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq-worker: the worker pool of exportqd in a process of its own, on the same database and the
 * same files. The store is its only wire to the servers; its own door is for who watches over it.
 */
#include "base/host.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/manager.h"
#include "server/http_worker.h"
#include "server/security.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, DOOR_GRACE_MS = 500 };

/* All that a worker is made of, in the order it is opened. NULL: not open. */
struct worker {
    struct engine engine;
    struct security security;
    struct metrics *metrics;
    struct http_worker door;
};

static void worker_close(struct worker *worker)
{
    http_worker_close(&worker->door, 0);
    engine_close(&worker->engine);
    metrics_free(worker->metrics);
    security_close(&worker->security);
}

static int fail(const struct err *err, int status)
{
    (void)fprintf(stderr, "exportq-worker: %s\n", err->text);
    return status;
}

static bool check_settings(const struct settings *settings, struct err *err)
{
    if (!settings->has_queue || !settings->is_persistent)
        return err_set_field(err, "ENABLE_PERSIST_EXPORT",
                             "a worker of its own works on a queue in PostgreSQL; leave "
                             "ENABLE_EXPORT_QUEUE and ENABLE_PERSIST_EXPORT at 1, or let exportqd "
                             "do the work (EXPORT_WORKERS)");
    if (settings->workers == 0)
        return err_set_field(err, "EXPORT_WORKERS",
                             "EXPORT_WORKERS is 0, which leaves exportq-worker nothing to do; give "
                             "1 or more");
    return true;
}

static bool open_security(struct worker *worker, struct err *err)
{
    struct engine *engine = &worker->engine;
    return security_open_worker(&engine->settings, &engine->arena, &worker->security, err);
}

static bool has_door(const struct worker *worker)
{
    return !str_equal(worker->engine.settings.worker_listen, STR("off"));
}

/* Before the queue, whose workers tell them. */
static void open_metrics(struct worker *worker)
{
    struct engine *engine = &worker->engine;
    struct metrics_options options = {.catalog = engine->catalog};
    options.http_routes = http_worker_paths(&options.http_route_count);
    worker->metrics = metrics_new(&options);
    engine->job_listener = metrics_job_listener(worker->metrics);
    engine->files_listener = metrics_files_listener(worker->metrics);
}

static bool open_door(struct worker *worker, struct err *err)
{
    const struct engine *engine = &worker->engine;
    const struct metrics_sources sources = {.store = engine->store, .pool = engine->pool};
    const struct http_worker_options options = {
        .listen = engine->settings.worker_listen.ptr,
        .identity = worker->security.identity,
        .certificate = worker->security.certificate,
        .metrics = worker->metrics,
        .pool = engine->pool,
    };
    struct err why = {0};
    metrics_set_sources(worker->metrics, &sources);
    if (http_worker_open(&options, &worker->door, &why))
        return true;
    return err_set(err, why.code,
                   "%s; give the worker another address with EXPORT_WORKER_LISTEN, or none: off",
                   why.text);
}

static int check(struct worker *worker)
{
    struct checkup checkup = {.program = "exportq-worker", .out = stderr};
    struct err err = {0};
    if (has_door(worker)) {
        (void)checkup_tell(&checkup, "the address for metrics, who may call, and TLS",
                           open_security(worker, &err), &err);
        checkup_leave_out(&checkup, "whether its port is free",
                          "a worker of these settings may run");
    }
    engine_check(&worker->engine, &checkup);
    int status = checkup_status(&checkup);
    if (status == EXIT_DONE)
        settings_print(PROGRAM_WORKER, &worker->engine.settings, stdout);
    return status;
}

static void log_ready(const struct worker *worker)
{
    const struct engine *engine = &worker->engine;
    struct str host = host_of(engine->settings.worker_listen);
    if (has_door(worker))
        log_event(LOG_INFO, "worker.http_listening", "address=%.*s:%d tls=%s", STR_ARG(host),
                  http_worker_port(&worker->door), worker->security.certificate ? "on" : "off");
    log_event(LOG_INFO, "worker.ready", "workers=%lld version=%s types=%zu",
              (long long)engine->settings.workers, EXPORTQ_VERSION, catalog_count(engine->catalog));
}

/* The door stays open while jobs end, and tells of them. */
static void drain(struct worker *worker)
{
    atomic_store(&worker->door.is_draining, true);
    engine_drain(&worker->engine, worker->engine.settings.drain_timeout_ms);
    http_worker_close(&worker->door, DOOR_GRACE_MS);
}

static int work(struct worker *worker, const sigset_t *signals)
{
    struct err err = {0};
    if (has_door(worker))
        open_metrics(worker);
    if (!engine_open_queue(&worker->engine, "exportq-worker", &err) ||
        (has_door(worker) && !open_door(worker, &err)))
        return fail(&err, EXIT_FAILED);
    log_ready(worker);
    manager_tell(MANAGER_READY);
    int signal_number = 0;
    (void)sigwait(signals, &signal_number); /* fails only for a set that makes no sense */
    log_event(LOG_INFO, "worker.stopping", "signal=%d", signal_number);
    manager_tell(MANAGER_STOPPING);
    engine_heed_next_signal(signals);
    drain(worker);
    log_event(LOG_INFO, "worker.stopped", "%s", "");
    return EXIT_DONE;
}

static int run(struct worker *worker, const struct settings_input *input, const sigset_t *signals)
{
    struct engine *engine = &worker->engine;
    struct settings *settings = &engine->settings;
    struct err err = {0};
    if (!settings_read(input, &engine->arena, settings, &err))
        return fail(&err, EXIT_USAGE);
    if (settings->action == ACTION_HELP) {
        settings_print_help(input->program, stdout);
        return EXIT_DONE;
    }
    if (settings->action == ACTION_VERSION) {
        (void)printf("exportq-worker %s\n", EXPORTQ_VERSION);
        return EXIT_DONE;
    }
    if (!check_settings(settings, &err))
        return fail(&err, EXIT_USAGE);
    if (settings->action == ACTION_CHECK)
        return check(worker);
    if (!open_security(worker, &err) || !engine_settle(engine, &err))
        return fail(&err, EXIT_USAGE);
    if (!engine_open_source(engine, &err))
        return fail(&err, err.code == ERR_SOURCE_UNAVAILABLE ? EXIT_FAILED : EXIT_USAGE);
    return work(worker, signals);
}

int main(int argc, char **argv)
{
    const struct settings_input input = {PROGRAM_WORKER, argc, argv, environ};
    sigset_t signals;
    engine_prepare_process(&signals);
    struct worker *worker = mem_new(struct worker);
    int status = run(worker, &input, &signals);
    worker_close(worker);
    free(worker);
    return status;
}
