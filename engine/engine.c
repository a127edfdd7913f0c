/* SPDX-License-Identifier: Apache-2.0
 *
 * See engine.h.
 */
#include "engine/engine.h"

#include "base/log.h"
#include "engine/paths.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HOST_NAME_SIZE = 40,
    REPORT_MS = 250,
    PERSISTENT_REPORT_MS = 500, /* each is told to every server */
};

void engine_prepare_process(sigset_t *out_signals)
{
    (void)sigemptyset(out_signals);
    (void)sigaddset(out_signals, SIGTERM);
    (void)sigaddset(out_signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, out_signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of its write */
    (void)umask(077);
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* also where cores go to a program: core(5) */
}

void engine_heed_next_signal(const sigset_t *signals)
{
    (void)pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

/* ---- Settings ---- */

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

static bool set_log_format(struct str name, struct err *err)
{
    bool is_json = str_equal(name, STR("json"));
    if (!is_json && !str_equal(name, STR("logfmt")))
        return err_set_field(err, "EXPORT_LOG_FORMAT",
                             "EXPORT_LOG_FORMAT is \"%.*s\"; it takes logfmt or json",
                             STR_ARG(name));
    log_set_format(is_json ? LOG_JSON : LOG_LOGFMT);
    return true;
}

static bool check_persistence(const struct settings *settings, struct err *err)
{
    if (!settings->is_persistent || !str_is_empty(settings->database_url))
        return true;
    return err_set_field(err, "DATABASE_URL",
                         "ENABLE_PERSIST_EXPORT=1 keeps the queue in PostgreSQL, but nothing says "
                         "in which; set DATABASE_URL=postgres://USER@HOST/DATABASE");
}

bool engine_settle(struct engine *engine, struct err *err)
{
    struct settings *settings = &engine->settings;
    if (!set_log_level(settings->log_level, err) || !set_log_format(settings->log_format, err) ||
        !check_persistence(settings, err))
        return false;
    if (!settings->has_queue)
        return true;
    if (str_is_empty(settings->source_url))
        settings->source_url = settings->database_url;
    if (str_is_empty(settings->source_url))
        return err_set_field(err, "EXPORT_SOURCE_URL",
                             "nothing says what to export; set EXPORT_SOURCE_URL=sqlite:PATH or "
                             "postgres://USER@HOST/DATABASE, or try exportqd --demo");
    return paths_set_state(settings, &engine->arena, err);
}

/* Says which setting an error is about. Returns false. */
static bool blame(const char *setting, struct err *err)
{
    struct err cause = *err;
    return err_set(err, cause.code, "%s: %s", setting, cause.text);
}

/* ---- Source ---- */

bool engine_open_source(struct engine *engine, struct err *err)
{
    struct settings *settings = &engine->settings;
    if (!settings->has_queue)
        return true;
    bool is_of_queue = str_equal(settings->source_url, settings->database_url);
    if (!source_open(settings->source_url, &engine->source, err))
        return blame(is_of_queue ? "DATABASE_URL" : "EXPORT_SOURCE_URL", err);
    return paths_set_types(settings, source_dialect(engine->source), &engine->arena, err) &&
           catalog_load(settings->types_dir.ptr, engine->source, &engine->catalog, err);
}

/* ---- Queue ---- */

/* Brings the queue's schema up to date, in persistent mode, and logs it; with EXPORT_AUTO_MIGRATE=0
 * it only checks. */
static bool migrate(const struct engine *engine, struct err *err)
{
    const struct settings *settings = &engine->settings;
    bool is_check = !settings->has_auto_migrate;
    int steps = 0;
    if (!settings->is_persistent)
        return true;
    if (!store_pg_migrate(settings->database_url.ptr, is_check, &steps, err))
        return blame("DATABASE_URL", err);
    if (steps > 0 && is_check)
        return err_set(err, ERR_INVALID,
                       "the queue's schema in the database is %d step%s behind this version; run "
                       "exportqd --migrate, or leave EXPORT_AUTO_MIGRATE at 1",
                       steps, steps == 1 ? "" : "s");
    if (steps > 0)
        log_event(LOG_INFO, "queue.migrated", "steps=%d", steps);
    return true;
}

static void tell_bucket_keys(const char *path, const struct err *failure)
{
    if (failure)
        log_event(LOG_ERROR, "bucket.keys_reload_failed", "file=%s reason=%s", path, failure->text);
    else
        log_event(LOG_INFO, "bucket.keys_reloaded", "file=%s", path);
}

static struct files_options files_options_of(const struct settings *settings)
{
    return (struct files_options){
        .sharing = settings->is_persistent ? FILES_SHARED : FILES_EXCLUSIVE,
        .s3 = {.access_key = settings->s3_access_key,
               .secret_key = settings->s3_secret_key,
               .session_token = settings->s3_session_token,
               .region = settings->s3_region,
               .endpoint = settings->s3_endpoint,
               .style = settings->s3_style,
               .ca_file = settings->s3_ca,
               .key_files = {settings->s3_access_key_file.ptr, settings->s3_secret_key_file.ptr,
                             settings->s3_session_token_file.ptr},
               .told = tell_bucket_keys},
    };
}

bool engine_check(const struct engine *engine, struct err *err)
{
    const struct settings *settings = &engine->settings;
    const struct files_options files = files_options_of(settings);
    int missing = 0;
    if (!settings->has_queue)
        return true;
    if (!files_check_url(settings->store_url, &files, err))
        return false;
    if (!settings->has_auto_migrate)
        return migrate(engine, err); /* only checks */
    return !settings->is_persistent ||
           store_pg_migrate(settings->database_url.ptr, true, &missing, err);
}

static struct store_options store_options_of(const struct settings *settings)
{
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
    options.lease_ms = settings->lease_ms;
    return options;
}

static bool open_store(struct engine *engine, const char *name, struct err *err)
{
    const struct settings *settings = &engine->settings;
    struct store_options options = store_options_of(settings);
    engine->hub = hub_new();
    if (!settings->is_persistent) {
        engine->store = store_memory_new(&options, &clock_system, engine->hub);
        return true;
    }
    const struct store_pg_options pg = {
        .url = settings->database_url.ptr,
        .events_url = str_is_empty(settings->events_url) ? NULL : settings->events_url.ptr,
        .application_name = name,
        .max_connections = (size_t)settings->database_connections,
    };
    return migrate(engine, err) &&
           store_pg_open(&options, &pg, NULL, engine->hub, &engine->store, err) &&
           files_bind(engine->files, store_id(engine->store), err);
}

static void start_pool(struct engine *engine)
{
    const struct settings *settings = &engine->settings;
    char host[HOST_NAME_SIZE] = "";
    (void)gethostname(host, sizeof host - 1); /* only a name for logs */
    struct str name = arena_printf(&engine->arena, "%s/%d", host, (int)getpid());
    engine->runner = (struct runner){
        .catalog = engine->catalog,
        .source = engine->source,
        .files = engine->files,
        .max_rows = settings->max_rows,
        .max_bytes = settings->max_bytes,
    };
    const struct pool_options options = {
        .store = engine->store,
        .hub = engine->hub,
        .runner = &engine->runner,
        .worker_count = (size_t)settings->workers,
        .job_timeout_ms = settings->job_timeout_ms,
        .heartbeat_ms = settings->lease_ms / 3,
        .report_ms = settings->is_persistent ? PERSISTENT_REPORT_MS : REPORT_MS,
        .name = name.ptr,
        .listener = engine->job_listener,
    };
    engine->pool = pool_start(&options);
}

/* The files, and then nobody needs the secrets any more. */
static bool open_files(struct engine *engine, struct err *err)
{
    struct settings *settings = &engine->settings;
    const struct files_options options = files_options_of(settings);
    bool is_open = !settings->has_queue ||
                   files_open_store(settings->store_url, &options, &engine->files, err);
    settings_forget_secrets(settings);
    return is_open;
}

bool engine_open_queue(struct engine *engine, const char *name, struct err *err)
{
    const struct settings *settings = &engine->settings;
    if (!open_files(engine, err))
        return false;
    if (!settings->has_queue)
        return true;
    files_listen(engine->files, engine->files_listener);
    if (!open_store(engine, name, err))
        return false;
    start_pool(engine);
    struct janitor_options janitor = janitor_options_default();
    janitor.listener = engine->job_listener;
    engine->janitor = janitor_start(engine->store, engine->files, &janitor);
    if (geteuid() == 0 && !settings->is_demo)
        log_event(LOG_WARNING, "process.root", "advice=%s", "run this as a user of its own");
    return true;
}

/* ---- The end ---- */

void engine_drain(struct engine *engine, int64_t grace_ms)
{
    if (!engine->pool)
        return;
    size_t given_back = pool_drain(engine->pool, grace_ms);
    struct store_counters counters = {0};
    struct err err = {0};
    bool is_counted = store_count(engine->store, &counters, &err);
    log_event(LOG_INFO, "queue.drained", "unfinished=%zu queued=%lld", given_back,
              is_counted ? (long long)counters.queued : 0);
    hub_flush(engine->hub); /* the end of the last job reaches its watchers first */
}

void engine_close(struct engine *engine)
{
    janitor_stop(engine->janitor);
    pool_free(engine->pool);
    files_close_store(engine->files);
    store_free(engine->store);
    hub_free(engine->hub);
    catalog_free(engine->catalog);
    source_close(engine->source);
    arena_done(&engine->arena);
}
