/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. A row names the setting, says how its text is read and where the value goes.
 */
#include "engine/settings.h"

#include "base/buf.h"

#include <unistd.h>

enum setting_kind {
    KIND_SWITCH,
    KIND_TEXT,
    KIND_URL,
    KIND_SECRET,
    KIND_COUNT,
    KIND_DURATION,
    KIND_BYTES,
};

/* Who heeds a setting. */
enum setting_user { ALL, DAEMON };

struct setting {
    const char *name;
    enum setting_user user;
    enum setting_kind kind;
    size_t offset;       /* of the value in struct settings */
    int64_t least;       /* of a number */
    int64_t most;        /* of a number */
    const char *initial; /* as if it had been given; NULL: see `initial_note` */
    const char *initial_note;
    const char *meaning;
};

#define AT(member) offsetof(struct settings, member)

enum { NAME_MAX_BYTES = 64, TEXT_MAX_BYTES = 4096, MANY = 1000000000, MINUTE_MS = 60000 };
#define DAY_MS  INT64_C(86400000)
#define YEAR_MS (366 * DAY_MS)

/* clang-format off */
static const struct setting table[] = {
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
     "where files go: file:DIR"},
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

static const struct {
    const char *name;
    int64_t factor;
} duration_units[] = {
    {"ms", 1},      {"s", 1000},     {"min", 60000},     {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {"days", 86400000},
};

static const struct {
    const char *name;
    int64_t factor;
} byte_units[] = {
    {"", 1}, {"B", 1}, {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000},
};

const char *program_name(enum program program)
{
    return program == PROGRAM_WORKER ? "exportq-worker" : "exportqd";
}

static bool is_number(enum setting_kind kind)
{
    return kind == KIND_COUNT || kind == KIND_DURATION || kind == KIND_BYTES;
}

static bool unit_factor(enum setting_kind kind, struct str unit, int64_t *out)
{
    for (size_t i = 0; kind == KIND_DURATION && i < COUNT_OF(duration_units); i++)
        if (str_equal(unit, str_of(duration_units[i].name))) {
            *out = duration_units[i].factor;
            return true;
        }
    for (size_t i = 0; kind == KIND_BYTES && i < COUNT_OF(byte_units); i++)
        if (str_equal(unit, str_of(byte_units[i].name))) {
            *out = byte_units[i].factor;
            return true;
        }
    *out = 1;
    return kind == KIND_COUNT && str_is_empty(unit);
}

static bool parse_number(enum setting_kind kind, struct str text, int64_t *out)
{
    size_t digits = text.len > 1 && text.ptr[0] == '-';
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    struct str unit = str_trim((struct str){text.ptr + digits, text.len - digits});
    int64_t value = 0;
    int64_t factor = 0;
    return str_to_int64((struct str){text.ptr, digits}, &value) &&
           unit_factor(kind, unit, &factor) && !__builtin_mul_overflow(value, factor, out);
}

static const char *form_of(enum setting_kind kind)
{
    switch (kind) {
    case KIND_SWITCH:
        return "0 or 1";
    case KIND_DURATION:
        return "a duration such as 500ms, 30s, 10min, 1h or 7d";
    case KIND_BYTES:
        return "a size such as 64KB, 500MB or 2GB";
    case KIND_COUNT:
        return "a whole number";
    case KIND_TEXT:
    case KIND_URL:
    case KIND_SECRET:
        break;
    }
    return "text of at most 4096 bytes";
}

static bool refuse(const struct setting *setting, struct str text, struct err *err)
{
    bool is_secret = setting->kind == KIND_SECRET || setting->kind == KIND_URL;
    return err_set_field(err, setting->name, "%s is \"%.*s\"; it takes %s", setting->name,
                         STR_ARG(is_secret ? STR("(secret)") : text), form_of(setting->kind));
}

static bool refuse_range(const struct setting *setting, struct str text, struct err *err)
{
    const char *unit = setting->kind == KIND_DURATION ? "ms" : "";
    return err_set_field(err, setting->name, "%s is \"%.*s\"; it takes %lld%s to %lld%s",
                         setting->name, STR_ARG(text), (long long)setting->least, unit,
                         (long long)setting->most, unit);
}

static bool set_value(const struct setting *setting, struct str text, struct arena *arena,
                      struct settings *out, struct err *err)
{
    char *at = (char *)out + setting->offset;
    if (setting->kind == KIND_SWITCH) {
        if (!str_equal(text, STR("0")) && !str_equal(text, STR("1")))
            return refuse(setting, text, err);
        *(bool *)at = text.ptr[0] == '1';
        return true;
    }
    if (!is_number(setting->kind)) {
        if (text.len > TEXT_MAX_BYTES)
            return refuse(setting, STR("too long"), err);
        *(struct str *)(void *)at = arena_copy_str(arena, text);
        return true;
    }
    int64_t value = 0;
    if (!parse_number(setting->kind, text, &value))
        return refuse(setting, text, err);
    if (value < setting->least || value > setting->most)
        return refuse_range(setting, text, err);
    *(int64_t *)(void *)at = value;
    return true;
}

static const struct setting *find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_equal(name, str_of(table[i].name)))
            return &table[i];
    return NULL;
}

static bool set_initial(struct arena *arena, struct settings *out, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (table[i].initial && !set_value(&table[i], str_of(table[i].initial), arena, out, err))
            return false;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    out->workers = cores > 0 ? cores : 1;
    return true;
}

/* EXPORT_… and the like are ours: an unknown one is a mistake. All else belongs to others. */
static bool is_ours(struct str name)
{
    return str_starts_with(name, STR("EXPORT_")) || str_starts_with(name, STR("ENABLE_EXPORT")) ||
           str_starts_with(name, STR("ENABLE_PERSIST")) || str_equal(name, STR("DATABASE_URL"));
}

static bool read_environment(const struct settings_input *input, struct arena *arena,
                             struct settings *out, struct err *err)
{
    for (char *const *environment = input->environment; *environment; environment++) {
        struct str value = str_of(*environment);
        struct str name;
        if (!str_next(&value, '=', &name) || !is_ours(name))
            continue;
        const struct setting *setting = find(name);
        if (!setting)
            return err_set_field(err, "environment",
                                 "unknown setting %.*s in the environment; %s --help lists all",
                                 STR_ARG(name), program_name(input->program));
        if (!set_value(setting, value, arena, out, err))
            return false;
    }
    return true;
}

/* "--export-listen" and "--listen" are EXPORT_LISTEN. */
static const struct setting *find_flag(struct str flag)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, NAME_MAX_BYTES);
    for (size_t i = 0; i < flag.len; i++) {
        char c = flag.ptr[i];
        bool is_lower = c >= 'a' && c <= 'z';
        buf_add_char(&name, c == '-' ? '_' : is_lower ? (char)(c - 'a' + 'A') : '?');
    }
    const struct setting *setting = find(buf_str(&name));
    if (setting)
        return setting;
    struct buf full CLEANUP(buf_done);
    buf_init(&full, NAME_MAX_BYTES);
    buf_add_text(&full, "EXPORT_");
    buf_add_str(&full, buf_str(&name));
    return find(buf_str(&full));
}

/* Flags that are no settings. */
static bool read_action(enum program program, struct str flag, struct settings *out)
{
    if (str_equal(flag, STR("--help")) || str_equal(flag, STR("-h")))
        out->action = ACTION_HELP;
    else if (str_equal(flag, STR("--version")))
        out->action = ACTION_VERSION;
    else if (str_equal(flag, STR("--check")))
        out->action = ACTION_CHECK;
    else if (program == PROGRAM_EXPORTQD && str_equal(flag, STR("--migrate")))
        out->action = ACTION_MIGRATE;
    else if (program == PROGRAM_EXPORTQD && str_equal(flag, STR("--demo")))
        out->is_demo = true;
    else
        return false;
    return true;
}

static bool read_flags(const struct settings_input *input, struct arena *arena,
                       struct settings *out, struct err *err)
{
    const char *program = program_name(input->program);
    for (int i = 1; i < input->argc; i++) {
        struct str rest = str_of(input->argv[i]);
        if (read_action(input->program, rest, out))
            continue;
        struct str flag;
        if (!str_next(&rest, '=', &flag) || !str_starts_with(flag, STR("--")))
            return err_set_field(err, "flags", "\"%s\" is no flag; %s --help lists all",
                                 input->argv[i], program);
        const struct setting *setting = find_flag((struct str){flag.ptr + 2, flag.len - 2});
        if (!setting)
            return err_set_field(err, "flags", "unknown flag %.*s; %s --help lists all",
                                 STR_ARG(flag), program);
        if (!rest.ptr) {
            if (i + 1 == input->argc)
                return err_set_field(err, "flags", "%.*s needs a value: %s", STR_ARG(flag),
                                     form_of(setting->kind));
            rest = str_of(input->argv[++i]);
        }
        if (!set_value(setting, rest, arena, out, err))
            return false;
    }
    return true;
}

/* What depends on the program, unless it is said otherwise. */
static void set_initial_of_program(const struct settings_input *input, struct settings *out)
{
    if (input->program == PROGRAM_WORKER) {
        out->has_queue = true;
        out->is_persistent = true;
    }
    for (int i = 1; i < input->argc; i++)
        if (strcmp(input->argv[i], "--demo") == 0)
            out->has_queue = true;
}

bool settings_read(const struct settings_input *input, struct arena *arena, struct settings *out,
                   struct err *err)
{
    struct settings settings = {.action = ACTION_SERVE};
    if (!set_initial(arena, &settings, err))
        return false;
    set_initial_of_program(input, &settings);
    if (!read_environment(input, arena, &settings, err) ||
        !read_flags(input, arena, &settings, err))
        return false;
    if (settings.retry_cap_ms < settings.retry_base_ms)
        return err_set_field(
            err, "EXPORT_RETRY_CAP_MS",
            "EXPORT_RETRY_CAP_MS is below EXPORT_RETRY_BASE_MS; give at least %lld",
            (long long)settings.retry_base_ms);
    if (settings.retention_ms == 0)
        settings.retention_ms = settings.is_persistent ? 7 * DAY_MS : 15 * MINUTE_MS;
    *out = settings;
    return true;
}

/* ---- Help ---- */

static const char *const usage[] = {
    [PROGRAM_EXPORTQD] =
        "exportqd: builds exports in the background and hands them over once\n\n"
        "usage: exportqd [--demo] [--check] [--migrate] [--SETTING VALUE]…\n\n"
        "  --demo     serves a made-up trading journal; nothing to set up\n"
        "  --check    checks the settings and the export types, prints what is in effect, "
        "and ends\n"
        "  --migrate  brings the queue's schema in DATABASE_URL up to date, and ends\n"
        "  --version  prints the version\n"
        "  --help     prints this\n\n",
    [PROGRAM_WORKER] =
        "exportq-worker: works off the queue of exportqd servers that share a database with it\n\n"
        "usage: exportq-worker [--check] [--SETTING VALUE]…\n\n"
        "  --check    checks the settings and the export types, prints what is in effect, "
        "and ends\n"
        "  --version  prints the version\n"
        "  --help     prints this\n\n"
        "It takes the environment of its servers: DATABASE_URL and EXPORT_STORE_URL must lead to "
        "the\nsame database and the same files. Settings of the doors are read and left alone.\n\n",
};

static const char *const examples[] = {
    [PROGRAM_EXPORTQD] =
        "  exportqd --demo\n"
        "  ENABLE_EXPORT_QUEUE=1 EXPORT_SOURCE_URL=sqlite:shop.db EXPORT_TYPES_DIR=types exportqd\n"
        "  ENABLE_EXPORT_QUEUE=1 ENABLE_PERSIST_EXPORT=1 DATABASE_URL=postgres://app@db/journal "
        "\\\n"
        "      EXPORT_DOWNLOAD_SECRET=k1:$(openssl rand -base64 32) exportqd\n"
        "  exportqd --demo --listen 127.0.0.1:0 --workers 4\n"
        "  exportqd --demo --check\n",
    [PROGRAM_WORKER] =
        "  DATABASE_URL=postgres://app@db/journal EXPORT_STORE_URL=file:/srv/exports \\\n"
        "      exportq-worker --workers 4\n"
        "  exportq-worker --check\n",
};

void settings_print_help(enum program program, FILE *out)
{
    (void)fputs(usage[program], out);
    (void)fputs("Every setting is read from the environment, and from a flag of the same name in "
                "lower case\nwith dashes, which wins; EXPORT_ may be left out: EXPORT_WORKERS is "
                "--export-workers or --workers.\n\n",
                out);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct setting *setting = &table[i];
        const char *initial = setting->initial_note ? setting->initial_note : setting->initial;
        if (setting->user == DAEMON && program != PROGRAM_EXPORTQD)
            continue;
        (void)fprintf(out, "  %s (default: %s)\n      %s\n", setting->name, initial,
                      setting->meaning);
    }
    (void)fprintf(out, "\nexamples:\n%s", examples[program]);
}

/* One that names a host may hold a password anywhere; one like sqlite:PATH holds none. */
static void print_url(struct str url, FILE *out)
{
    size_t colon = str_find(url, ':');
    struct str rest = {url.ptr + colon, url.len - colon};
    if (str_starts_with(rest, STR("://")))
        (void)fprintf(out, "%.*s://********", (int)colon, url.ptr);
    else
        (void)fprintf(out, "%.*s", STR_ARG(url));
}

static void print_value(const struct setting *setting, const struct settings *settings, FILE *out)
{
    const char *at = (const char *)settings + setting->offset;
    switch (setting->kind) {
    case KIND_SWITCH:
        (void)fprintf(out, "%d", *(const bool *)at ? 1 : 0);
        return;
    case KIND_TEXT:
        (void)fprintf(out, "%.*s", STR_ARG(*(const struct str *)(const void *)at));
        return;
    case KIND_URL:
        print_url(*(const struct str *)(const void *)at, out);
        return;
    case KIND_SECRET:
        (void)fputs(str_is_empty(*(const struct str *)(const void *)at) ? "" : "********", out);
        return;
    case KIND_DURATION:
        (void)fprintf(out, "%lldms", (long long)*(const int64_t *)(const void *)at);
        return;
    case KIND_COUNT:
    case KIND_BYTES:
        (void)fprintf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
        return;
    }
}

void settings_print(const struct settings *settings, FILE *out)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        (void)fprintf(out, "%s=", table[i].name);
        print_value(&table[i], settings, out);
        (void)fputc('\n', out);
    }
}
