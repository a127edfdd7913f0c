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
        "usage: exportqd [--demo | --check | --migrate | --load-demo] [--SETTING VALUE]…\n\n"
        "  --demo       serves a made-up trading journal; nothing to set up\n"
        "  --check      checks the settings and the export types, prints what is in effect, ends\n"
        "  --migrate    brings the queue's schema in DATABASE_URL up to date, and ends\n"
        "  --load-demo  puts the made-up journal into the PostgreSQL of EXPORT_SOURCE_URL, and "
        "ends\n"
        "  --version    prints the version\n"
        "  --help       prints this; --help-metrics prints what /metrics tells\n\n",
    [PROGRAM_WORKER] =
        "exportq-worker: works off the queue of exportqd servers that share a database with it\n\n"
        "usage: exportq-worker [--check] [--SETTING VALUE]…\n\n"
        "  --check    checks the settings and the export types, prints what is in effect, "
        "and ends\n"
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
    for (size_t i = 0; i < settings_count; i++) {
        (void)fprintf(out, "%s=", settings_table[i].name);
        print_value(&settings_table[i], settings, out);
        (void)fputc('\n', out);
    }
}
