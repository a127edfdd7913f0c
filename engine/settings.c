/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h: reading, from the environment and flags into the places that the table says.
 */
#include "engine/settings_table.h"

#include "base/buf.h"

#include <errno.h>
#include <unistd.h>

enum { TEXT_MAX_BYTES = 4096, MINUTE_MS = 60000, FLAG_SIZE = 64 };

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
    return err_set_field(err, setting->name, "%s is \"%.*s\"; it takes %s%s", setting->name,
                         STR_ARG(setting_is_secret(setting) ? STR("(secret)") : text),
                         form_of(setting->kind), setting_may_be_none(setting) ? ", or none" : "");
}

static bool refuse_range(const struct setting *setting, struct str text, struct err *err)
{
    char least[SETTING_NUMBER_SIZE];
    char most[SETTING_NUMBER_SIZE];
    setting_format_number(setting, setting->least, least);
    setting_format_number(setting, setting->most, most);
    if (setting->most == INT64_MAX)
        return refuse(setting, text, err);
    return err_set_field(err, setting->name, "%s is \"%.*s\"; it takes %s to %s", setting->name,
                         STR_ARG(text), least, most);
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
    if (!setting_is_number(setting)) {
        if (text.len > TEXT_MAX_BYTES)
            return refuse(setting, STR("too long"), err);
        *(struct str *)(void *)at = arena_copy_str(arena, text);
        return true;
    }
    int64_t value = 0;
    if (!setting_parse_number(setting, text, &value))
        return refuse(setting, text, err);
    if (value < setting->least || value > setting->most)
        return refuse_range(setting, text, err);
    *(int64_t *)(void *)at = value;
    return true;
}

static const struct setting *find(struct str name)
{
    for (size_t i = 0; i < settings_count; i++)
        if (str_equal(name, str_of(settings_table[i].name)))
            return &settings_table[i];
    return NULL;
}

static bool set_initial(struct arena *arena, struct settings *out, struct err *err)
{
    for (size_t i = 0; i < settings_count; i++)
        if (settings_table[i].initial &&
            !set_value(&settings_table[i], str_of(settings_table[i].initial), arena, out, err))
            return false;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    out->workers = cores > 0 ? cores : 1;
    return true;
}

/* Whether it has the value that it has if nobody says anything. */
static bool is_initial(const struct setting *setting, const struct settings *settings)
{
    const char *at = (const char *)settings + setting->offset;
    int64_t initial = 0;
    if (setting->kind == KIND_SWITCH)
        return *(const bool *)at == (setting->initial[0] == '1');
    if (!setting_is_number(setting))
        return str_equal(*(const struct str *)(const void *)at, str_of(setting->initial));
    return setting_parse_number(setting, str_of(setting->initial), &initial) &&
           *(const int64_t *)(const void *)at == initial;
}

const char *settings_find_changed(const struct settings *settings, struct str beginning)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting->initial && str_starts_with(str_of(setting->name), beginning) &&
            !is_initial(setting, settings))
            return setting->name;
    }
    return NULL;
}

void settings_forget_secrets(struct settings *settings)
{
    for (size_t i = 0; i < settings_count; i++) {
        struct str *text = (struct str *)(void *)((char *)settings + settings_table[i].offset);
        if (settings_table[i].kind == KIND_SECRET && text->len)
            memset((char *)text->ptr, '*', text->len); /* it is a copy in the settings' arena */
    }
}

/* ---- Secrets in files ---- */

#define FILE_ENDING "_FILE"

/* The setting of "DATABASE_URL_FILE": only what is secret can be said by a file. */
static const struct setting *find_secret(struct str name)
{
    const size_t ending = sizeof FILE_ENDING - 1;
    if (name.len <= ending ||
        !str_equal((struct str){name.ptr + name.len - ending, ending}, STR(FILE_ENDING)))
        return NULL;
    const struct setting *setting = find((struct str){name.ptr, name.len - ending});
    return setting && setting_is_secret(setting) ? setting : NULL;
}

static bool is_given(const struct settings_input *input, const char *name)
{
    size_t len = strlen(name);
    for (char *const *each = input->environment; *each; each++)
        if (strncmp(*each, name, len) == 0 && (*each)[len] == '=')
            return true;
    return false;
}

/* Keeps the name of a file that is read anew when it changes. */
static void note_file(const struct setting *setting, const char *name, struct settings *out)
{
    static const struct {
        size_t secret;
        size_t file;
    } kept[] = {
        {offsetof(struct settings, download_secret),
         offsetof(struct settings, download_secret_file)},
        {offsetof(struct settings, webhook_secret), offsetof(struct settings, webhook_secret_file)},
        {offsetof(struct settings, s3_access_key), offsetof(struct settings, s3_access_key_file)},
        {offsetof(struct settings, s3_secret_key), offsetof(struct settings, s3_secret_key_file)},
        {offsetof(struct settings, s3_session_token),
         offsetof(struct settings, s3_session_token_file)},
    };
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (kept[i].secret == setting->offset)
            *(struct str *)(void *)((char *)out + kept[i].file) = str_of(name);
}

static bool set_from_file(const struct settings_input *input, const struct setting *setting,
                          struct str path, struct arena *arena, struct settings *out,
                          struct err *err)
{
    char text[TEXT_MAX_BYTES + 2];
    const char *name = arena_copy_text(arena, path);
    if (is_given(input, setting->name))
        return err_set_field(err, setting->name, "%s and %s" FILE_ENDING " are both set; give one",
                             setting->name, setting->name);
    errno = 0;
    FILE *file = fopen(name, "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    int failure = errno;
    bool is_read = file && !ferror(file);
    if (file)
        (void)fclose(file);
    if (!is_read)
        return err_set_field(err, setting->name,
                             "the file %s of %s" FILE_ENDING " cannot be read: %s", name,
                             setting->name, strerrordesc_np(failure));
    bool is_set = set_value(setting, str_trim((struct str){text, len}), arena, out, err);
    explicit_bzero(text, sizeof text);
    note_file(setting, name, out);
    return is_set;
}

/* A password between "//USER:" and "@", both before the path. */
static bool has_password(struct str url)
{
    const struct str mark = STR("://");
    size_t colon = str_find(url, ':');
    struct str scheme_end = {url.ptr + colon, url.len - colon};
    bool has_authority = str_starts_with(scheme_end, mark);
    size_t begin = has_authority ? colon + mark.len : url.len;
    struct str rest = {url.ptr + begin, url.len - begin};
    struct str authority = {rest.ptr, str_find(rest, '/')};
    size_t at = str_find(authority, '@');
    struct str user = {authority.ptr, at};
    return (at < authority.len && str_find(user, ':') < user.len) ||
           str_contains_nocase(url, STR("password="));
}

/* Whoever may list processes sees the words that one was started with. */
static bool refuse_shown(const struct setting *setting, struct str text, struct err *err)
{
    if (setting->kind != KIND_SECRET && !(setting->kind == KIND_URL && has_password(text)))
        return true;
    return err_set_field(err, setting->name,
                         "%s is a secret, and flags show in the list of processes; give it in the "
                         "environment, or in a file that %s" FILE_ENDING " names",
                         setting->name, setting->name);
}

/* EXPORT_… and the like are ours: an unknown one is a mistake. All else belongs to others, but for
 * the few of AWS_… that the table has. */
static bool is_ours(struct str name)
{
    return str_starts_with(name, STR("EXPORT_")) || str_starts_with(name, STR("ENABLE_EXPORT")) ||
           str_starts_with(name, STR("ENABLE_PERSIST")) || str_equal(name, STR("DATABASE_URL")) ||
           str_equal(name, STR("DATABASE_URL" FILE_ENDING));
}

/* "--workers" of "EXPORT_WORKERS". */
static void write_flag(const char *setting, char out[FLAG_SIZE])
{
    struct str name = str_of(setting);
    size_t skipped = str_starts_with(name, STR("EXPORT_")) ? strlen("EXPORT_") : 0;
    (void)snprintf(out, FLAG_SIZE, "--%s", setting + skipped);
    for (char *c = out; *c; c++)
        *c = *c == '_' ? '-' : str_lower(*c);
}

/* `given` is how it was written. */
static bool refuse_unknown(const struct settings_input *input, const char *where, struct str given,
                           struct str name, struct err *err)
{
    const char *guess = setting_guess(name);
    bool is_flag = strcmp(where, "flags") == 0;
    char flag[FLAG_SIZE] = "";
    if (guess && is_flag) {
        write_flag(guess, flag);
        guess = flag;
    }
    return err_set_field(err, where, "unknown %s %.*s; %s%s%s%s --help lists all",
                         is_flag ? "flag" : "setting in the environment:", STR_ARG(given),
                         guess ? "did you mean " : "", guess ? guess : "", guess ? "? " : "",
                         program_name(input->program));
}

static bool read_environment(const struct settings_input *input, struct arena *arena,
                             struct settings *out, struct err *err)
{
    for (char *const *environment = input->environment; *environment; environment++) {
        struct str value = str_of(*environment);
        struct str name;
        if (!str_next(&value, '=', &name))
            continue;
        const struct setting *setting = find(name);
        const struct setting *secret = setting ? NULL : find_secret(name);
        if (!setting && !secret && !is_ours(name))
            continue;
        if (secret) {
            if (secret->user == DAEMON && input->program != PROGRAM_EXPORTQD)
                continue; /* it may be for a server's eyes only */
            if (!set_from_file(input, secret, value, arena, out, err))
                return false;
            continue;
        }
        if (!setting)
            return refuse_unknown(input, "environment", name, name, err);
        if (!set_value(setting, value, arena, out, err))
            return false;
    }
    return true;
}

/* "EXPORT_LISTEN" of "export-listen". */
static struct str name_of_flag(struct str flag, struct arena *arena)
{
    struct str name = arena_printf(arena, "%.*s", STR_ARG(flag));
    for (size_t i = 0; i < name.len; i++) {
        char *c = (char *)name.ptr + i; /* it is our copy */
        bool is_lower = *c >= 'a' && *c <= 'z';
        *c = *c == '-' ? '_' : is_lower ? str_upper(*c) : '?';
    }
    return name;
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
    else if (program == PROGRAM_EXPORTQD && str_equal(flag, STR("--help-metrics")))
        out->action = ACTION_HELP_METRICS;
    else if (program == PROGRAM_EXPORTQD && str_equal(flag, STR("--load-demo")))
        out->action = ACTION_LOAD_DEMO;
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
        struct str name = name_of_flag((struct str){flag.ptr + 2, flag.len - 2}, arena);
        const struct setting *setting = find(name);
        if (!setting && !str_starts_with(name, STR("EXPORT_"))) { /* "--listen" */
            name = arena_printf(arena, "EXPORT_%.*s", STR_ARG(name));
            setting = find(name);
        }
        if (!setting)
            return refuse_unknown(input, "flags", flag, name, err);
        if (!rest.ptr) {
            if (i + 1 == input->argc)
                return err_set_field(err, "flags", "%.*s needs a value: %s", STR_ARG(flag),
                                     form_of(setting->kind));
            rest = str_of(input->argv[++i]);
        }
        if (!refuse_shown(setting, rest, err) || !set_value(setting, rest, arena, out, err))
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
        settings.retention_ms = settings.is_persistent ? 7 * SETTING_DAY_MS : 15 * MINUTE_MS;
    *out = settings;
    return true;
}
