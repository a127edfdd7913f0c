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
    struct sigaction hangup = {.sa_handler = SIG_IGN};
    (void)sigemptyset(out_signals);
    (void)sigaddset(out_signals, SIGTERM);
    (void)sigaddset(out_signals, SIGINT);
    (void)sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) /* as nohup leaves it */
        (void)sigaddset(out_signals, SIGHUP);
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

static bool set_log(const struct settings *settings, struct err *err)
{
    return set_log_level(settings->log_level, err) && set_log_format(settings->log_format, err);
}

static bool settle_source(struct settings *settings, struct err *err)
{
    if (str_is_empty(settings->source_url))
        settings->source_url = settings->database_url;
    return !str_is_empty(settings->source_url) ||
           err_set_field(err, "EXPORT_SOURCE_URL",
                         "nothing says what to export; set EXPORT_SOURCE_URL=sqlite:PATH or "
                         "postgres://USER@HOST/DATABASE%s",
                         settings->is_persistent ? "" : ", or try exportqd --demo");
}

/* Whoever sets one of these means a bucket. (What is called AWS_… may be there for others.) */
static bool check_bucket_settings(const struct settings *settings, struct err *err)
{
    const char *name = settings_find_changed(settings, STR("EXPORT_S3_"));
    if (!name || str_starts_with(settings->store_url, STR("s3:")))
        return true;
    return err_set_field(
        err, name,
        "%s is set and has no effect, for EXPORT_STORE_URL leads to no bucket; set "
        "EXPORT_STORE_URL=s3://BUCKET/PREFIX, or leave %s out",
        name, name);
}

bool engine_settle(struct engine *engine, struct err *err)
{
    struct settings *settings = &engine->settings;
    if (!set_log(settings, err) || !check_persistence(settings, err) ||
        !check_bucket_settings(settings, err))
        return false;
    return !settings->has_queue ||
           (settle_source(settings, err) && paths_set_state(settings, &engine->arena, err));
}

/* Says to the operator which setting an error is about, which file, and what to look at where a
 * database does not let us in. Returns false. */
static bool blame(const char *setting, struct str url, struct err *err)
{
    struct err cause = *err;
    bool is_away = cause.code == ERR_UNAVAILABLE || cause.code == ERR_SOURCE_UNAVAILABLE ||
                   cause.code == ERR_SOURCE_DENIED;
    bool is_file = str_starts_with(url, STR("sqlite:"));
    return err_set(err, cause.code, "%s: %.*s%s%s%s", setting, STR_ARG(is_file ? url : STR("")),
                   is_file ? ": " : "", cause.text,
                   is_away && !is_file ? " (check its host, port, user and database, and that "
                                         "PostgreSQL runs there)"
                                       : "");
}

/* ---- Source ---- */

static bool open_source(struct engine *engine, struct err *err)
{
    const struct settings *settings = &engine->settings;
    bool is_of_queue = str_equal(settings->source_url, settings->database_url);
    return source_open(settings->source_url, &engine->source, err) ||
           blame(is_of_queue ? "DATABASE_URL" : "EXPORT_SOURCE_URL", settings->source_url, err);
}

/* The types that we bring along fit no database but the demo's. With a listener they are only
 * tried. */
static bool load_types(struct engine *engine, const struct catalog_listener *listener,
                       struct err *err)
{
    struct settings *settings = &engine->settings;
    bool is_built_in = str_is_empty(settings->types_dir);
    if (!paths_set_types(settings, source_dialect(engine->source), &engine->arena, err))
        return false;
    const char *directory = settings->types_dir.ptr;
    if (listener ? catalog_try(directory, engine->source, listener, err)
                 : catalog_load(directory, engine->source, &engine->catalog, err))
        return true;
    if (!is_built_in || err->code != ERR_INVALID || err->field[0])
        return false;
    struct err cause = *err;
    return err_set(err, ERR_INVALID,
                   "%s; these are the built-in types, of the demo's journal; set EXPORT_TYPES_DIR "
                   "to a directory with yours (docs/own-table.md)",
                   cause.text);
}

bool engine_open_source(struct engine *engine, struct err *err)
{
    return !engine->settings.has_queue ||
           (open_source(engine, err) && load_types(engine, NULL, err));
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
        return blame("DATABASE_URL", settings->database_url, err);
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

/* ---- --check ---- */

static bool try_queue(const struct engine *engine, struct err *err)
{
    const struct settings *settings = &engine->settings;
    int missing = 0;
    if (!check_persistence(settings, err))
        return false;
    if (!settings->has_auto_migrate)
        return migrate(engine, err); /* only checks */
    return store_pg_migrate(settings->database_url.ptr, true, &missing, err) ||
           blame("DATABASE_URL", settings->database_url, err);
}

static bool try_events(const struct engine *engine, struct err *err)
{
    int missing = 0;
    return store_pg_migrate(engine->settings.events_url.ptr, true, &missing, err) ||
           blame("EXPORT_EVENTS_URL", engine->settings.events_url, err);
}

static bool try_files(struct engine *engine, struct err *err)
{
    struct settings *settings = &engine->settings;
    if (!check_bucket_settings(settings, err) || !paths_set_state(settings, &engine->arena, err))
        return false;
    const struct files_options options = files_options_of(settings);
    return files_try_store(settings->store_url, &options, err);
}

static const char types_name[] = "the export types";

static void tell_type(void *target, struct err *err)
{
    (void)checkup_tell(target, types_name, false, err);
}

static void check_types(struct engine *engine, struct checkup *checkup)
{
    const struct catalog_listener listener = {tell_type, checkup};
    struct err err = {0};
    (void)checkup_tell(checkup, types_name, load_types(engine, &listener, &err), &err);
}

void engine_check(struct engine *engine, struct checkup *checkup)
{
    struct settings *settings = &engine->settings;
    struct err err = {0};
    (void)checkup_tell(checkup, "the log", set_log(settings, &err), &err);
    if (!settings->has_queue) {
        bool is_fine = check_persistence(settings, &err) && check_bucket_settings(settings, &err);
        if (!is_fine)
            (void)checkup_tell(checkup, "the queue", false, &err);
        checkup_leave_out(checkup, "queue, source and files", "ENABLE_EXPORT_QUEUE is 0");
        return;
    }
    if (settings->is_persistent)
        (void)checkup_tell(checkup, "the queue's database", try_queue(engine, &err), &err);
    if (settings->is_persistent && !str_is_empty(settings->events_url))
        (void)checkup_tell(checkup, "the connection for events", try_events(engine, &err), &err);
    if (checkup_tell(checkup, "the source",
                     settle_source(settings, &err) && open_source(engine, &err), &err))
        check_types(engine, checkup);
    else
        checkup_leave_out(checkup, types_name, "they are tried on the source");
    (void)checkup_tell(checkup, "the file store", try_files(engine, &err), &err);
}

/* ---- Opening ---- */

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
