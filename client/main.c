/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq, the command line: finds the command, reads what is global, connects, runs it.
 */
#include "client/cli.h"

#include "base/host.h"
#include "base/mem.h"
#include "client/screen.h"

#include <errno.h>

enum { CA_MAX_BYTES = 1 << 20 };

struct command {
    const char *name;
    int (*run)(struct cli *cli);
    const char *usage;
    const char *summary;
    const char *more; /* options and examples */
};

static const char create_help[] =
    "  --format F                    csv, json, ndjson or xlsx; by default as FILE is called, else "
    "csv\n"
    "  --filter NAME=V[,V...]        which rows (exportq types TYPE lists filters); again: more "
    "values;\n"
    "                                \\, is a comma in a value; without a value it is refused\n"
    "  --columns A,B                 which columns, in this order\n"
    "  --limit N                     at most N rows\n"
    "  --compress gzip|zstd|none     by default as FILE is called (.gz, .zst), else not\n"
    "  --locale L, --time-zone Z     de-DE, Europe/Berlin: decimal sign, dates and times of csv "
    "and "
    "xlsx\n"
    "  --header names|titles         what the header of csv and xlsx says; by default names\n"
    "  --places N                    digits after the point in csv and xlsx\n"
    "  --delimiter C, --newline lf|crlf, --bom, --null TEXT            for csv; \\t is a tab\n"
    "  --dialect excel, --no-formula-guard                             for csv\n"
    "  --exact-numbers number|string                                   for json\n"
    "  --webhook-url URL             is told of the end (docs/webhooks.md)\n"
    "  --request-id ID               the same id and content twice is one job\n"
    "  -w, --wait                    stay until it has ended, with progress\n"
    "  -o, --output FILE|-           wait, then save the file; - is standard output\n"
    "  -f, --force                   replace FILE\n\n"
    "examples:\n"
    "  exportq create trades --wait -o trades.csv\n"
    "  exportq create trades --filter dateFrom=2025-01-01 --filter tagIds=a,b --format ndjson -o "
    "-\n"
    "  exportq create trades --columns id,symbol,realizedPnl --limit 100\n"
    "  exportq create trades --time-zone Europe/Berlin --header titles -o "
    "trades.xlsx\n"
    "  exportq create trades --locale de-DE -o trades.csv.zst\n";

static const struct command commands[] = {
    {"create", cli_create, "TYPE [OPTION]...", "asks for an export of a type", create_help},
    {"list", cli_list, "[OPTION]...", "your jobs, newest first",
     "  -s, --state STATE    only jobs in it: queued, running, completed, failed, cancelled, "
     "expired;\n"
     "                       may be given again\n"
     "  -t, --type TYPE      only jobs of it\n"
     "  -n, --limit N        at most N jobs; by default 20\n"
     "  --request-id ID      only the job created with it\n"
     "  --all-owners         the jobs of all; for admins\n\n"
     "--json prints one object with all of the jobs; where its nextPageToken is not empty there "
     "are\n"
     "more, and a larger --limit lists them. (audit and deliveries print one object a line.)\n\n"
     "examples:\n  exportq list --state running\n  exportq list --limit 100 --json\n"},
    {"get", cli_get, "ID", "one job", "examples:\n  exportq get ID --json\n"},
    {"watch", cli_watch, "[ID | --all-owners]",
     "changes as they happen; without ID those of all your jobs",
     "  --all-owners         for admins; each line says whose job it is\n\n"
     "examples:\n  exportq watch ID\n  exportq watch --json | jq .job.state\n"},
    {"download", cli_download, "ID [-o FILE|-] [--force]", "the file of a completed job, once",
     "  -o, --output FILE|-       where to; by default the name the server suggests\n"
     "  -f, --force               replace FILE\n"
     "  --download-token TOKEN    instead of ID: a token that exportq token gave\n\n"
     "A transfer that breaks is resumed, also by the next download of the same ID; the file is\n"
     "shown only when its SHA-256 is right.\n\n"
     "examples:\n  exportq download ID -o trades.csv\n"},
    {"cancel", cli_cancel, "ID", "stops a job", "examples:\n  exportq cancel ID\n"},
    {"retry", cli_retry, "ID", "queues a failed or cancelled job again",
     "examples:\n  exportq retry ID\n"},
    {"delete", cli_delete, "ID", "removes a job and its file", "examples:\n  exportq delete ID\n"},
    {"token", cli_token, "ID", "a fresh download token; it ends the older ones",
     "examples:\n  exportq token ID\n"},
    {"types", cli_types, "[TYPE]", "what can be exported",
     "examples:\n  exportq types\n  exportq types trades\n"},
    {"audit", cli_audit, "[OPTION]...", "who did what and when; for admins",
     "  -a, --actor NAME      only what this owner did\n"
     "  --owner NAME          only what was done with the jobs of this owner\n"
     "  -j, --job ID          only what was done with this job\n"
     "  --action A[,A...]     create, cancel, retry, delete, token, download, resume, resend\n"
     "  --since T, --until T  45m, 2h or 7d ago, or a time of UTC: 2026-11-01, "
     "2026-11-01T08:30:00Z\n"
     "  -n, --limit N         at most N entries; by default 100\n\n"
     "The newest come first. OWNER says whose job it was where somebody else acted; (token) is\n"
     "whoever downloaded with nothing but a token. --json prints one entry a line.\n\n"
     "examples:\n  exportq audit --since 2h\n  exportq audit --action download,resume --owner "
     "alice\n"
     "  exportq audit --job ID --json | jq -r '[.time, .action, .actor, .address] | @tsv'\n"},
    {"deliveries", cli_deliveries, "[JOB-ID] [OPTION]...", "who was told of ends by webhooks",
     "  -s, --state STATE    only pending, delivered or given_up ones; may be given again\n"
     "  -n, --limit N        at most N deliveries; 100\n"
     "  --all-owners         for admins\n\n"
     "The newest come first, of all your jobs or of one. LAST is what came of the last attempt. "
     "--json\nprints one delivery a line.\n\n"
     "examples:\n  exportq deliveries --state given_up\n  exportq deliveries JOB-ID --json\n"},
    {"resend", cli_resend, "DELIVERY-ID", "sends a webhook once more, at once",
     "The receiver gets it under the same webhook-id as before.\n\n"
     "examples:\n  exportq resend DELIVERY-ID\n"},
    {"health", cli_health, "", "how the server is doing", "examples:\n  exportq health --json\n"},
};

static const char globals_help[] =
    "global options, before or after the command:\n"
    "  --server HOST:PORT  its gRPC address (EXPORTQ_SERVER); by default 127.0.0.1:50051\n"
    "  --user NAME         whom to act for, at a server without authentication (EXPORTQ_USER)\n"
    "  --token TOKEN       a credential (EXPORTQ_TOKEN is better: no list of processes has it)\n"
    "  --tls               speak TLS, and trust the system's authorities (EXPORTQ_TLS=1)\n"
    "  --tls-ca FILE       speak TLS, and trust these authorities (EXPORTQ_TLS_CA)\n"
    "  --tls-cert FILE, --tls-key FILE\n"
    "                      show this certificate (EXPORTQ_TLS_CERT, EXPORTQ_TLS_KEY)\n"
    "  --json              proto3 JSON; every field is there, also those with default values\n"
    "  --help, --version\n\n"
    "exit status: 0 done, 1 the job failed or was cancelled, or health is degraded, 2 usage, or "
    "no\n"
    "file can be where -o says, 3 the server could not be reached, 4 refused, 130 stopped by ^C\n";

struct globals {
    struct arena *arena; /* of the token */
    const char *server;
    const char *user;
    const char *bearer_token;
    const char *ca_path;
    const char *certificate_path;
    const char *key_path;
    bool is_tls;
    bool is_json;
    bool wants_help;
    bool wants_version;
};

enum {
    GLOBAL_SERVER,
    GLOBAL_USER,
    GLOBAL_TOKEN,
    GLOBAL_TLS,
    GLOBAL_TLS_CA,
    GLOBAL_TLS_CERT,
    GLOBAL_TLS_KEY,
    GLOBAL_JSON,
    GLOBAL_HELP,
    GLOBAL_VERSION
};

static const struct option global_options[] = {
    [GLOBAL_SERVER] = {"--server", 0, true},   [GLOBAL_USER] = {"--user", 0, true},
    [GLOBAL_TOKEN] = {"--token", 0, true},     [GLOBAL_TLS] = {"--tls", 0, false},
    [GLOBAL_TLS_CA] = {"--tls-ca", 0, true},   [GLOBAL_TLS_CERT] = {"--tls-cert", 0, true},
    [GLOBAL_TLS_KEY] = {"--tls-key", 0, true}, [GLOBAL_JSON] = {"--json", 0, false},
    [GLOBAL_HELP] = {"--help", 'h', false},    [GLOBAL_VERSION] = {"--version", 0, false},
};

static void take_global(int at, const char *value, struct globals *out)
{
    switch (at) {
    case GLOBAL_SERVER:
        out->server = value;
        break;
    case GLOBAL_USER:
        out->user = value;
        break;
    case GLOBAL_TOKEN:
        out->bearer_token = options_take_secret(value, out->arena);
        break;
    case GLOBAL_TLS:
        out->is_tls = true;
        break;
    case GLOBAL_TLS_CA:
        out->ca_path = value;
        break;
    case GLOBAL_TLS_CERT:
        out->certificate_path = value;
        break;
    case GLOBAL_TLS_KEY:
        out->key_path = value;
        break;
    case GLOBAL_JSON:
        out->is_json = true;
        break;
    case GLOBAL_HELP:
        out->wants_help = true;
        break;
    default:
        out->wants_version = true;
        break;
    }
}

/* Takes the global options out; *out_argv is what is left, *out_argc long. What is not global is
 * the command's to judge. */
static bool take_globals(int argc, char *const *argv, struct globals *out, int *out_argc,
                         char **out_argv, struct err *err)
{
    struct options options = {.table = global_options,
                              .count = COUNT_OF(global_options),
                              .argc = argc,
                              .argv = argv,
                              .at = 1};
    while (options.at < argc) {
        char *argument = argv[options.at];
        const char *value = NULL;
        if (strcmp(argument, "--") == 0)
            break;
        if (!options_knows(&options, argument)) {
            out_argv[(*out_argc)++] = argument;
            options.at++;
            continue;
        }
        int at = options_next(&options, &value, err);
        if (at == OPTIONS_BAD)
            return false;
        take_global(at, value, out);
    }
    while (options.at < argc) /* words */
        out_argv[(*out_argc)++] = argv[options.at++];
    return true;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe): before any thread starts
    return value && value[0] ? value : NULL;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int print_help(const struct command *command)
{
    if (command) {
        (void)printf("exportq %s%s%s\n    %s\n\n%s\n%s", command->name,
                     command->usage[0] ? " " : "", command->usage, command->summary, command->more,
                     globals_help);
        return CLI_DONE;
    }
    (void)printf("exportq: asks for exports, watches them, takes the file\n\n"
                 "usage: exportq COMMAND ...\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        (void)printf("  %-11s %-24s %s\n", commands[i].name, commands[i].usage,
                     commands[i].summary);
    (void)printf("\nexportq help COMMAND, or exportq COMMAND --help, tells more.\n\n%s\nexamples:\n"
                 "  exportq types\n"
                 "  exportq create trades --filter status=CLOSED --wait -o trades.csv\n"
                 "  exportq watch\n",
                 globals_help);
    return CLI_DONE;
}

/* A whole small file in the arena; NULL after telling why not. */
static const char *read_file(const char *path, struct arena *arena)
{
    errno = 0;
    FILE *file = fopen(path, "re");
    int failure = errno;
    char *text = arena_alloc(arena, CA_MAX_BYTES);
    size_t len = file ? fread(text, 1, CA_MAX_BYTES - 1, file) : 0;
    if (file)
        (void)fclose(file);
    if (len)
        return text;
    (void)cli_usage("", "cannot read %s: %s", path,
                    failure ? strerrordesc_np(failure) : "it is empty");
    return NULL;
}

/* An authority, or a certificate to show, asks for TLS by itself. */
static bool read_tls(const struct globals *globals, struct arena *arena,
                     struct exportq_options *out)
{
    out->is_tls =
        globals->is_tls || globals->ca_path || globals->certificate_path || globals->key_path;
    return (!globals->ca_path || (out->ca_pem = read_file(globals->ca_path, arena))) &&
           (!globals->certificate_path ||
            (out->certificate_pem = read_file(globals->certificate_path, arena))) &&
           (!globals->key_path || (out->key_pem = read_file(globals->key_path, arena)));
}

/* An address that a browser would take leads nowhere here, and gRPC would look it up as a name. */
static int check_server(const char *server)
{
    static const char *const schemes[] = {"http://", "https://", "grpc://", "grpcs://"};
    struct str address = str_of(server ? server : "");
    struct str port = host_port_of(address);
    int64_t number = 0;
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (str_starts_with(address, str_of(schemes[i]))) {
            screen_tell(
                "%s is an %s address; the command line speaks gRPC: --server HOST:PORT "
                "(EXPORTQ_SERVER), by default 127.0.0.1:50051, and --tls where there is TLS",
                server, schemes[i]);
            return CLI_NOT_REACHED;
        }
    if (server && server[0] && !memchr(address.ptr, '/', address.len) && !port.ptr)
        return cli_usage("",
                         "--server is %s, which lacks the port; it takes HOST:PORT, such as "
                         "127.0.0.1:50051",
                         server);
    if (!memchr(address.ptr, '/', address.len) && port.ptr &&
        (!str_to_int64(port, &number) || number < 1 || number > 65535))
        return cli_usage("",
                         "--server is %s, whose port is no number from 1 to 65535; it takes "
                         "HOST:PORT, such as 127.0.0.1:50051",
                         server);
    return CLI_DONE;
}

static int run(struct cli *cli, const struct globals *globals, const struct command *command)
{
    struct exportq_options options = {
        .server = globals->server, .user = globals->user, .bearer_token = globals->bearer_token};
    struct err err = {0};
    if (globals->user &&
        globals->bearer_token) /* one of them would count for nothing, in silence */
        return cli_usage("", "a token says who calls, and a user beside it counts for nothing; "
                             "leave out --user (EXPORTQ_USER) or --token (EXPORTQ_TOKEN)");
    int status = check_server(globals->server);
    if (status != CLI_DONE)
        return status;
    if (!read_tls(globals, &cli->arena, &options))
        return CLI_USAGE;
    if (!exportq_open(&options, &cli->exportq, &err))
        return cli_usage("", "%s", err.text);
    status = command->run(cli);
    exportq_close(cli->exportq);
    return status;
}

static int start(int argc, char **argv, char **rest)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct globals globals = {
        .arena = &arena,
        .server = environment("EXPORTQ_SERVER"),
        .user = environment("EXPORTQ_USER"),
        .bearer_token = environment("EXPORTQ_TOKEN"),
        .ca_path = environment("EXPORTQ_TLS_CA"),
        .certificate_path = environment("EXPORTQ_TLS_CERT"),
        .key_path = environment("EXPORTQ_TLS_KEY"),
    };
    const char *tls = environment("EXPORTQ_TLS");
    globals.is_tls = tls && strcmp(tls, "1") == 0;
    if (tls && !globals.is_tls && strcmp(tls, "0") != 0)
        return cli_usage("", "EXPORTQ_TLS is \"%s\"; it takes 1 or 0", tls);
    struct err err = {0};
    int rest_count = 0;
    if (!take_globals(argc, argv, &globals, &rest_count, rest, &err))
        return cli_usage("", "%s", err.text);
    const char *word = rest_count ? rest[0] : "";
    if (globals.wants_version || strcmp(word, "version") == 0) {
        (void)printf("exportq %s\n", EXPORTQ_VERSION);
        return CLI_DONE;
    }
    if (strcmp(word, "help") == 0)
        return print_help(rest_count > 1 ? find_command(rest[1]) : NULL);
    const struct command *command = find_command(word);
    if (globals.wants_help)
        return print_help(command);
    if (!command)
        return rest_count ? cli_usage("", "there is no command %s", word)
                          : cli_usage("", "a command is needed");
    struct cli cli = {.is_json = globals.is_json, .argc = rest_count - 1, .argv = rest + 1};
    int status = run(&cli, &globals, command);
    arena_done(&cli.arena);
    return status;
}

int main(int argc, char **argv)
{
    char **rest = mem_new_array((size_t)argc + 1, sizeof *rest);
    int status = start(argc, argv, rest);
    free((void *)rest);
    return screen_flush() || status != CLI_DONE ? status : CLI_JOB_FAILED;
}
