/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq-worker: the worker pool of exportqd in a process of its own, on the same database and the
 * same files. It has no door; the store is its only wire.
 */
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int fail(const struct err *err, int status)
{
    (void)fprintf(stderr, "exportq-worker: %s\n", err->text);
    return status;
}

static bool check_settings(struct engine *engine, struct err *err)
{
    const struct settings *settings = &engine->settings;
    if (!settings->has_queue || !settings->is_persistent)
        return err_set_field(err, "ENABLE_PERSIST_EXPORT",
                             "a worker of its own works on a queue in PostgreSQL; leave "
                             "ENABLE_EXPORT_QUEUE and ENABLE_PERSIST_EXPORT at 1, or let exportqd "
                             "do the work (EXPORT_WORKERS)");
    if (settings->workers == 0)
        return err_set_field(err, "EXPORT_WORKERS",
                             "EXPORT_WORKERS is 0, which leaves exportq-worker nothing to do; give "
                             "1 or more");
    return engine_settle(engine, err);
}

static int work(struct engine *engine, const sigset_t *signals)
{
    struct err err = {0};
    if (!engine_open_queue(engine, "exportq-worker", &err))
        return fail(&err, EXIT_FAILED);
    log_event(LOG_INFO, "worker.ready", "workers=%lld version=%s types=%zu",
              (long long)engine->settings.workers, EXPORTQ_VERSION, catalog_count(engine->catalog));
    int signal_number = 0;
    (void)sigwait(signals, &signal_number); /* fails only for a set that makes no sense */
    log_event(LOG_INFO, "worker.stopping", "signal=%d", signal_number);
    engine_heed_next_signal(signals);
    engine_drain(engine, engine->settings.drain_timeout_ms);
    log_event(LOG_INFO, "worker.stopped", "%s", "");
    return EXIT_DONE;
}

static int run(struct engine *engine, const struct settings_input *input, const sigset_t *signals)
{
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
    if (!check_settings(engine, &err) || !engine_open_source(engine, &err))
        return fail(&err, EXIT_USAGE);
    if (settings->action == ACTION_SERVE)
        return work(engine, signals);
    if (!engine_check(engine, &err))
        return fail(&err, err.code == ERR_INVALID ? EXIT_USAGE : EXIT_FAILED);
    settings_print(settings, stdout);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    const struct settings_input input = {PROGRAM_WORKER, argc, argv, environ};
    sigset_t signals;
    engine_prepare_process(&signals);
    struct engine *engine = mem_new(struct engine);
    int status = run(engine, &input, &signals);
    engine_close(engine);
    free(engine);
    return status;
}
