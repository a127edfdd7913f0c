/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli.h. Here: errors and names.
 */
#include "client/cli.h"

#include "client/json.h"
#include "client/screen.h"

#include <stdarg.h>

enum { JSON_MAX_BYTES = 64 * 1024 * 1024 };

static bool is_not_answered(enum err_code code)
{
    return code == ERR_UNAVAILABLE || code == ERR_DEADLINE;
}

/* What to do about a server that cannot be reached. */
static const char *const ways_out[RPC_OBSTACLE_COUNT] = {
    [RPC_OBSTACLE_OTHER] = "is exportqd running? start it with exportqd --demo, or name another "
                           "server with --server HOST:PORT",
    [RPC_OBSTACLE_CLOSED] = "if it wants TLS: --tls-ca FILE, or --tls for the system's "
                            "authorities; else it is full, or no exportqd",
    [RPC_OBSTACLE_HUNG_UP] = "it may want a certificate by an authority of its own that has not "
                             "expired: --tls-cert and --tls-key; else it is full, or no exportqd",
    [RPC_OBSTACLE_NO_TLS] = "leave out --tls, --tls-ca, --tls-cert and --tls-key (EXPORTQ_TLS, "
                            "EXPORTQ_TLS_CA, …), or give it EXPORT_TLS_CERTIFICATE",
    [RPC_OBSTACLE_UNTRUSTED] = "name the authority that issued it with --tls-ca FILE "
                               "(EXPORTQ_TLS_CA); one that has expired is the server's to replace",
    [RPC_OBSTACLE_NAME] = "name the server in --server (EXPORTQ_SERVER) as its certificate does",
    [RPC_OBSTACLE_NO_GRPC] = "is it the browser's door? --server (EXPORTQ_SERVER) takes the gRPC "
                             "address, EXPORT_LISTEN of exportqd; by default 127.0.0.1:50051",
    [RPC_OBSTACLE_NO_HOST] = "check the name in --server HOST:PORT (EXPORTQ_SERVER)",
    [RPC_OBSTACLE_OWN] = "see to --tls-cert, --tls-key and --tls-ca (EXPORTQ_TLS_CERT, "
                         "EXPORTQ_TLS_KEY, EXPORTQ_TLS_CA)",
};

int cli_fail(const struct cli *cli, const struct err *err)
{
    if (err->code == ERR_UNAVAILABLE && !exportq_was_reached(cli->exportq))
        screen_tell("%s; %s", err->text, ways_out[exportq_obstacle(cli->exportq)]);
    else if (err->code == ERR_UNAUTHENTICATED)
        screen_tell(
            "%s; on this command line that is EXPORTQ_TOKEN or --token for a token or an API "
            "key, --tls-cert and --tls-key for a certificate",
            err->text);
    else if (err->retry_after_ms)
        screen_tell("%s; try again in %.1f s", err->text, (double)err->retry_after_ms / 1e3);
    else
        screen_tell("%s", err->text);
    return is_not_answered(err->code) ? CLI_NOT_REACHED : CLI_REFUSED;
}

int cli_misplaced(const struct err *err)
{
    screen_tell("%s", err->text);
    return CLI_USAGE;
}

int cli_usage(const char *command, const char *format, ...)
{
    char *mistake = NULL;
    va_list values;
    va_start(values, format);
    int len = vasprintf(&mistake, format, values);
    va_end(values);
    screen_tell("%s; see exportq %s%s--help", len < 0 ? "out of memory" : mistake, command,
                command[0] ? " " : "");
    if (len >= 0)
        free(mistake);
    return CLI_USAGE;
}

const char *cli_one_id(const struct cli *cli, const char *command)
{
    struct options options = {.argc = cli->argc, .argv = cli->argv};
    const char *id = NULL;
    const char *value = NULL;
    struct err err = {0};
    int at = 0;
    while ((at = options_next(&options, &value, &err)) == OPTIONS_WORD && !id)
        id = value;
    if (id && at == OPTIONS_END)
        return id;
    (void)cli_usage(command, "%s", at == OPTIONS_BAD ? err.text : "one id is needed");
    return NULL;
}

void cli_print_json(const ProtobufCMessage *message, bool is_line)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, JSON_MAX_BYTES);
    json_add_message(&text, message, is_line ? JSON_LINE : JSON_PRETTY);
    (void)printf("%.*s\n", STR_ARG(buf_str(&text)));
    (void)fflush(stdout);
}

/* The name of an enum's value, without what all names of the enum begin with. */
static const char *short_name(const ProtobufCEnumDescriptor *descriptor, int value,
                              const char *prefix)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (!known)
        return "UNKNOWN";
    size_t len = strlen(prefix);
    return strncmp(known->name, prefix, len) == 0 ? known->name + len : known->name;
}

const char *cli_state_name(Exportqueue__V1__JobState state)
{
    return short_name(&exportqueue__v1__job_state__descriptor, (int)state, "JOB_STATE_");
}

const char *cli_phase_name(Exportqueue__V1__Progress__Phase phase)
{
    return short_name(&exportqueue__v1__progress__phase__descriptor, (int)phase, "PHASE_");
}

bool cli_is_final(Exportqueue__V1__JobState state)
{
    return state != EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_QUEUED &&
           state != EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_RUNNING;
}
