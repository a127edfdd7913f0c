/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h: the help, and the values in effect.
 */
#include "engine/settings_table.h"

const char *program_name(enum program program)
{
    return program == PROGRAM_WORKER ? "exportq-worker" : "exportqd";
}

static const char *const usage[] = {
    [PROGRAM_EXPORTQD] =
        "exportqd: builds exports in the background and hands them over once\n\n"
        "usage: exportqd [--demo] [--check | --migrate | --load-demo] [--SETTING VALUE]…\n"
        "       exportqd keys add|list|revoke …    API keys: exportqd keys --help\n\n"
        "  --demo       serves a made-up trading journal; nothing to set up\n"
        "  --check      tries settings, databases, files and export types, prints what is in "
        "effect, ends\n"
        "  --migrate    brings the queue's schema in DATABASE_URL up to date, and ends\n"
        "  --load-demo  puts the made-up journal into the PostgreSQL of EXPORT_SOURCE_URL, and "
        "ends\n"
        "  --version    prints the version\n"
        "  --help       prints this; --help-metrics prints what /metrics tells\n\n",
    [PROGRAM_WORKER] =
        "exportq-worker: works off the queue of exportqd servers that share a database with it\n\n"
        "usage: exportq-worker [--check] [--SETTING VALUE]…\n\n"
        "  --check    tries settings, databases, files and export types, prints what is in effect, "
        "ends\n"
        "  --version  prints the version\n"
        "  --help     prints this\n\n"
        "It takes the environment of its servers: DATABASE_URL and EXPORT_STORE_URL must lead to "
        "the\nsame database and the same files. Settings of their doors are read and left "
        "alone.\n\n",
};

static const char *const examples[] = {
    [PROGRAM_EXPORTQD] =
        "  exportqd --demo\n"
        "  ENABLE_EXPORT_QUEUE=1 EXPORT_SOURCE_URL=sqlite:shop.db EXPORT_TYPES_DIR=types exportqd\n"
        "  ENABLE_EXPORT_QUEUE=1 ENABLE_PERSIST_EXPORT=1 DATABASE_URL=postgres://app@db/journal "
        "\\\n"
        "      EXPORT_DOWNLOAD_SECRET=k1:… exportqd    # made once: openssl rand -base64 32\n"
        "  exportqd --demo --listen 127.0.0.1:0 --workers 4\n"
        "  exportqd --demo --check\n",
    [PROGRAM_WORKER] =
        "  DATABASE_URL=postgres://app@db/journal EXPORT_STORE_URL=file:/srv/exports \\\n"
        "      exportq-worker --workers 4 --worker-listen 127.0.0.1:9464\n"
        "  exportq-worker --check\n",
};

static bool is_heeded(const struct setting *setting, enum program program)
{
    return setting->user == ALL || program == PROGRAM_EXPORTQD;
}

void settings_print_help(enum program program, FILE *out)
{
    (void)fputs(usage[program], out);
    (void)fputs("Every setting is read from the environment, and from a flag of the same name in "
                "lower case\nwith dashes, which wins; EXPORT_ may be left out: EXPORT_WORKERS is "
                "--export-workers or --workers.\nSecrets and the URLs of databases can be in files "
                "instead, which NAME_FILE says, such as\nDATABASE_URL_FILE; in flags others would "
                "see them.\n\n",
                out);
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        const char *initial = setting->initial_note ? setting->initial_note : setting->initial;
        if (!is_heeded(setting, program))
            continue;
        (void)fprintf(out, "  %s (default: %s)\n      %s\n", setting->name, initial,
                      setting->meaning);
    }
    (void)fprintf(out, "\nexamples:\n%s", examples[program]);
}

bool setting_is_secret(const struct setting *setting)
{
    return setting->kind == KIND_SECRET || setting->kind == KIND_URL;
}

/* A secret is masked, and a URL that names a host, for that may hold a password anywhere; one like
 * sqlite:PATH holds none. */
static bool is_masked(const struct setting *setting, struct str text)
{
    struct str rest = {text.ptr + str_find(text, ':'), text.len - str_find(text, ':')};
    if (setting->kind == KIND_URL)
        return str_starts_with(rest, STR("://"));
    return setting->kind == KIND_SECRET && !str_is_empty(text);
}

/* As a shell takes it for one word, and systemd, too; most need nothing. */
static void print_word(struct str text, FILE *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:,@%+=[]";
    size_t len = 0;
    while (len < text.len && text.ptr[len] && strchr(plain, text.ptr[len]))
        len++;
    if (len == text.len) {
        (void)fprintf(out, "%.*s", STR_ARG(text));
        return;
    }
    (void)fputc('\'', out);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\'')
            (void)fputs("'\\''", out);
        else
            (void)fputc(text.ptr[i], out);
    (void)fputc('\'', out);
}

/* What is masked is no value to be read back: it stands in a comment. */
static void print_text(const struct setting *setting, struct str text, FILE *out)
{
    bool is_url = setting->kind == KIND_URL;
    if (!is_masked(setting, text)) {
        (void)fprintf(out, "%s=", setting->name);
        print_word(text, out);
    } else {
        (void)fprintf(out, "# %s=%.*s%s********", setting->name,
                      is_url ? (int)str_find(text, ':') : 0, text.ptr, is_url ? "://" : "");
    }
    (void)fputc('\n', out);
}

void settings_print(enum program program, const struct settings *settings, FILE *out)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        const void *at = (const char *)settings + setting->offset;
        char number[SETTING_NUMBER_SIZE];
        if (!is_heeded(setting, program))
            continue;
        if (setting_is_number(setting)) {
            setting_format_number(setting, *(const int64_t *)at, number);
            (void)fprintf(out, "%s=%s\n", setting->name, number);
        } else if (setting->kind == KIND_SWITCH) {
            (void)fprintf(out, "%s=%d\n", setting->name, *(const bool *)at ? 1 : 0);
        } else {
            print_text(setting, *(const struct str *)at, out);
        }
    }
}
